//! States that are kept under names, with all that led to them.

mod error;
mod history;
mod name;
mod revision;
mod store;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::error::ArchiveError;
use self::name::Kind;
use self::revision::{Head, Stored};
pub use self::revision::{Note, Revision, RevisionId, RevisionIdError};
use self::store::Store;
pub use self::verify::Verification;
use super::{Codec, NoCodec, record};
use crate::env::{Conflict, Conflicts, Environment, Patch, Resolution, Snapshot, resolve};
use crate::term::{Atom, Term};

/// What a file takes on most disks, however short it is: so a patch weighs as much.
const LEAST_WEIGHT: u64 = 4096;

/// Named states of an environment in a folder, with the history that led to them.
///
/// A commit makes a **revision**: a state, the revisions that it comes from, and a [`Note`]. A **branch** is a name
/// that moves on with each commit to it, a **tag** one that stays. Revisions are never changed; what two have in
/// common is stored once: a revision is a patch against its first parent, or a whole state as soon as the patches
/// since the last whole one outweigh it. So a small commit takes little, and a checkout reads no more than twice what
/// a whole state takes.
///
/// # Promises
/// - A checkout gives what was committed: the same atoms equally often, spaces, states and bindings, definitions in
///   the same order.
/// - After a crash at any moment, each name stands for the old or for the new revision, whole. A commit is on the disk
///   when it returns.
/// - A commit takes nothing back that it doesn't know of: see [`commit`](Self::commit).
/// - A revision's id is the SHA-256 of its file, ids of its parents included: who has the id of a state has its whole
///   history, unchanged.
/// - Several processes can have one archive open. Writers take turns; readers wait for nobody.
///
/// # Limits
/// - Definition numbers start anew, in the same order; a definition that stays keeps the names of its variables.
/// - Two checkouts are unrelated in memory unless one archive handle gave both for the same branch: to unite two
///   branches, [`merge`](Self::merge) them.
/// - For each branch that was checked out or committed to, the archive keeps the last state in memory, which shares
///   what it can with those that you hold.
///
/// # Examples
/// ```
/// use pleach::persist::Archive;
/// use pleach::Atom;
///
/// # let folder = std::env::temp_dir().join(format!("pleach-doc-archive-{}", std::process::id()));
/// let archive = Archive::<Atom>::open(&folder)?;
/// let mut world = pleach::Environment::new();
/// world.add_fact("(apple)".parse()?);
/// archive.commit("main", &world, "an apple")?;
/// archive.tag("first", "main")?;
///
/// archive.branch("pears", "main")?;
/// let mut other = archive.checkout("pears")?;
/// other.add_fact("(pear)".parse()?);
/// archive.commit("pears", &other, "a pear")?;
///
/// world.add_fact("(apple)".parse()?);
/// archive.commit("main", &world, "another")?;
/// archive.merge("main", "pears")?;
///
/// let merged = archive.checkout("main")?;
/// assert_eq!(merged.multiplicity(&"(apple)".parse()?), 2);
/// assert!(merged.contains(&"(pear)".parse()?));
/// assert_eq!(archive.diff("first", "main")?.to_string(), "+1 (pear)\n+1 (apple)\n");
/// let messages: Vec<_> = archive.log("pears")?.into_iter().map(|revision| revision.note.message).collect();
/// assert_eq!(messages, ["a pear", "an apple"]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Archive<T: Term = Atom> {
    store: Store,
    codec: Box<dyn Codec<T> + Send + Sync>,
    /// Locked by whoever writes.
    lock: File,
    states: Mutex<States<T>>,
}

/// For each branch what it held when it was read or written here last.
type States<T> = BTreeMap<String, (RevisionId, Arc<Snapshot<T>>)>;

/// Whoever writes, until this is dropped.
struct Turn<'a>(&'a File);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// # Opening
impl<T: Term> Archive<T> {
    /// Opens the archive in this folder, which is made if there is none. O(1).
    ///
    /// # Errors
    /// If the files refuse.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        Self::open_with(folder, NoCodec)
    }

    /// As [`open`](Self::open), with a codec for opaque values.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        codec: impl Codec<T> + Send + Sync + 'static,
    ) -> Result<Self, ArchiveError> {
        let folder = folder.as_ref();
        let store = Store::open(folder)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))?;
        Ok(Self {
            store,
            codec: Box::new(codec),
            lock,
            states: Mutex::new(States::new()),
        })
    }

    /// Does this folder hold an archive? O(1).
    pub fn is_in(folder: impl AsRef<Path>) -> bool {
        let folder = folder.as_ref();
        folder.join("revisions").is_dir() && folder.join("names").is_dir()
    }

    /// Nothing that can panic, but for the code of terms, runs between two changes of the states: they are sound.
    fn states(&self) -> MutexGuard<'_, States<T>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes while no other thread and no other process does.
    fn write<R>(&self, write: impl FnOnce(&mut States<T>) -> Result<R, ArchiveError>) -> Result<R, ArchiveError> {
        let mut states = self.states();
        self.lock.lock()?;
        let _turn = Turn(&self.lock);
        write(&mut states)
    }
}

/// # Reading
/// Wherever a revision is asked for, the name of a branch or of a tag will do, an id, or how one begins (at least 4
/// digits).
impl<T: Term> Archive<T> {
    /// The id of the revision. O(1), O(r) for r revisions if it is given by the beginning of its id.
    ///
    /// # Errors
    /// [`ArchiveError::Unknown`], [`ArchiveError::Ambiguous`]; or if files are damaged.
    pub fn find(&self, revision: &str) -> Result<RevisionId, ArchiveError> {
        if name::check(revision).is_ok() {
            for kind in [Kind::Branch, Kind::Tag] {
                if let Some(id) = self.store.named(kind, revision)? {
                    return Ok(id);
                }
            }
        }
        let unknown = || ArchiveError::Unknown(revision.chars().take(200).collect());
        if revision.len() < 4 || !revision.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(unknown());
        }
        let mut found = self.store.list()?.revisions;
        found.retain(|id| id.to_string().starts_with(revision));
        match found[..] {
            [] => Err(unknown()),
            [id] => Ok(id),
            _ => Err(ArchiveError::Ambiguous(revision.to_owned())),
        }
    }

    /// What a revision holds. O(n), less if a state in memory leads there.
    ///
    /// # Errors
    /// [`ArchiveError`]. All that is read is checked.
    pub fn checkout(&self, revision: &str) -> Result<Environment<T>, ArchiveError> {
        let id = self.find(revision)?;
        // Nobody waits while files are read.
        let states = self.states().clone();
        let known = states.get(revision);
        if let Some((before, state)) = known
            && *before == id
        {
            return Ok(Environment::at(Arc::clone(state)));
        }
        let mut state = self.state(id, &states)?;
        if name::check(revision).is_ok() && self.store.named(Kind::Branch, revision)?.is_some() {
            // What was seen of the branch before is where this comes from in memory, too, if it is so on disk.
            if let Some((before, old)) = known
                && self.store.revision(*before).is_ok()
                && self.leads_to(*before, id)?
            {
                state = after(old, state);
            }
            let mut states = self.states();
            if states.get(revision).map(|(id, _)| id) == known.map(|(id, _)| id) {
                states.insert(revision.to_owned(), (id, Arc::clone(&state)));
            }
        }
        Ok(Environment::at(state))
    }

    /// All branches, and the revisions that they are at. O(b).
    ///
    /// # Errors
    /// If files are damaged.
    pub fn branches(&self) -> Result<BTreeMap<String, RevisionId>, ArchiveError> {
        self.store.all_names(Kind::Branch)
    }

    /// All tags, and the revisions that they stand for. O(t).
    ///
    /// # Errors
    /// If files are damaged.
    pub fn tags(&self) -> Result<BTreeMap<String, RevisionId>, ArchiveError> {
        self.store.all_names(Kind::Tag)
    }

    /// All revisions that this one comes from, and itself; each before those that it comes from. O(r) for r revisions.
    ///
    /// # Errors
    /// If files are damaged.
    pub fn log(&self, revision: &str) -> Result<Vec<Revision>, ArchiveError> {
        self.ancestry([self.find(revision)?])
    }

    /// What leads from one revision to another: applied to the first it gives the second, definitions in their order,
    /// but for named spaces that the second doesn't have, which are emptied. O(n) for the last revision that both come
    /// from, and what happened since.
    ///
    /// # Errors
    /// If files are damaged.
    pub fn diff(&self, from: &str, to: &str) -> Result<Patch<T>, ArchiveError> {
        let ids = [self.find(from)?, self.find(to)?];
        let [from, to] = self.related(ids, &self.states().clone())?;
        let patch = from.patch_to(&to);
        Ok(patch.unwrap_or_else(|| Environment::at(from).diff(&Environment::at(to))))
    }
}

/// # Writing
/// All have reached the disk when they return.
impl<T: Term> Archive<T> {
    /// Makes this the state of a branch, which is made if there is none, and says why, if there is something to say.
    /// O(d · log n) for d changes, if the environment comes from what this archive checked out or committed; else
    /// O(n). If nothing has changed, there is no new revision.
    ///
    /// # Errors
    /// [`ArchiveError::Outdated`] if the environment would undo what it never knew: it comes from an earlier state of
    /// the branch, or another process has moved the branch since it was read here. The way out is to commit
    /// `archive.checkout(branch)?.union(&environment)`. An environment that is unrelated to the branch replaces what
    /// it holds.
    pub fn commit(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: impl Into<Note>,
    ) -> Result<RevisionId, ArchiveError> {
        let note = note.into();
        self.write(|states| {
            name::check(branch)?;
            let tip = self.store.named(Kind::Branch, branch)?;
            self.must_be_free(Kind::Tag, branch)?;
            let state = environment.snapshot();
            if let Some((seen, before)) = states.get(branch)
                && tip.is_some()
                && (tip != Some(*seen) || before.is_ahead_of(state))
            {
                return Err(ArchiveError::Outdated(branch.to_owned()));
            }
            let id = match tip {
                None => self.put(Vec::new(), None, state, note)?,
                Some(tip) => {
                    let before = match states.get(branch) {
                        Some((_, before)) => Arc::clone(before),
                        None => self.state(tip, states)?,
                    };
                    self.put(vec![tip], Some(&before), state, note)?
                }
            };
            self.store.set_name(Kind::Branch, branch, id)?;
            states.insert(branch.to_owned(), (id, Arc::clone(state)));
            Ok(id)
        })
    }

    /// As [`merge_with`](Self::merge_with), with no note; and where both sides changed a state or a binding
    /// differently, it is as
    /// `from` has it.
    ///
    /// # Errors
    /// As [`merge_with`](Self::merge_with).
    pub fn merge(&self, into: &str, from: &str) -> Result<RevisionId, ArchiveError> {
        match self.merge_with(into, from, Note::default(), resolve::theirs)? {
            Ok(id) => Ok(id),
            Err(_) => unreachable!("this resolver always decides"),
        }
    }

    /// Commits to the branch `into` the [union](Environment::union) of what it holds and what `from` does, with both
    /// as parents. What both inherited counts once, however often the two were merged before; a definition that only
    /// `from` has given another place keeps the one it has in `into`. If one of them comes from the other, no
    /// revision is made: the branch is at the later one then.
    ///
    /// O(n) for the last revision that all ways from the two lead through, and what happened since.
    ///
    /// # Errors
    /// [`ArchiveError`], if `into` is no branch too. Within: all conflicts that `resolve` gave up on; nothing is
    /// written then.
    pub fn merge_with(
        &self,
        into: &str,
        from: &str,
        note: impl Into<Note>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Result<RevisionId, Conflicts<T>>, ArchiveError> {
        let note = note.into();
        let from = self.find(from)?;
        self.write(|states| {
            name::check(into)?;
            let tip = self.store.named(Kind::Branch, into)?;
            let tip = tip.ok_or_else(|| ArchiveError::Unknown(into.to_owned()))?;
            let (id, state) = if self.leads_to(from, tip)? {
                return Ok(Ok(tip));
            } else if self.leads_to(tip, from)? {
                (from, self.state(from, states)?)
            } else {
                let [ours, theirs] = self.related([tip, from], states)?;
                let merged = Environment::at(Arc::clone(&ours)).union_with(&Environment::at(theirs), resolve);
                let merged = match merged {
                    Ok(merged) => merged.into_snapshot(),
                    Err(conflicts) => return Ok(Err(conflicts)),
                };
                (self.put(vec![tip, from], Some(&ours), &merged, note)?, merged)
            };
            self.store.set_name(Kind::Branch, into, id)?;
            // Who has a fork of the old state can unite it with the new one.
            let state = match states.get(into) {
                Some((seen, old)) if *seen == tip => after(old, state),
                _ => state,
            };
            states.insert(into.to_owned(), (id, state));
            Ok(Ok(id))
        })
    }

    /// Makes a branch that is at this revision. O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], if the name is taken or none too.
    pub fn branch(&self, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        self.name(Kind::Branch, name, revision)
    }

    /// Makes a tag that stands for this revision. O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], if the name is taken or none too.
    pub fn tag(&self, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        self.name(Kind::Tag, name, revision)
    }

    /// Removes the branch or the tag of this name. Revisions that no other name leads to stay until
    /// [`prune`](Self::prune). O(1).
    ///
    /// # Errors
    /// [`ArchiveError`], if there is none too.
    pub fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.write(|states| {
            name::check(name)?;
            for kind in [Kind::Branch, Kind::Tag] {
                if self.store.named(kind, name)?.is_some() {
                    states.remove(name);
                    return self.store.remove_name(kind, name);
                }
            }
            Err(ArchiveError::Unknown(name.to_owned()))
        })
    }

    fn name(&self, kind: Kind, name: &str, revision: &str) -> Result<RevisionId, ArchiveError> {
        let id = self.find(revision)?;
        self.write(|states| {
            name::check(name)?;
            self.must_be_free(Kind::Branch, name)?;
            self.must_be_free(Kind::Tag, name)?;
            // That it is there.
            self.store.revision(id)?;
            self.store.set_name(kind, name, id)?;
            // What is known of the other branch is known of this one.
            let known = states.values().find(|(known, _)| *known == id).cloned();
            if let (Kind::Branch, Some(known)) = (kind, known) {
                states.insert(name.to_owned(), known);
            }
            Ok(id)
        })
    }

    fn must_be_free(&self, kind: Kind, name: &str) -> Result<(), ArchiveError> {
        match self.store.named(kind, name)? {
            None => Ok(()),
            Some(_) => Err(ArchiveError::Taken(name.to_owned())),
        }
    }

    /// Writes a revision that comes from these, of which the first holds `before`; or none, if nothing has changed.
    fn put(
        &self,
        parents: Vec<RevisionId>,
        before: Option<&Arc<Snapshot<T>>>,
        state: &Arc<Snapshot<T>>,
        note: Note,
    ) -> Result<RevisionId, ArchiveError> {
        let patch = before.and_then(|before| before.patch_to(state));
        if let (Some(patch), [only]) = (&patch, &parents[..])
            && patch.is_empty()
        {
            return Ok(*only);
        }
        let mut generation = 0;
        let mut behind_first = None;
        for parent in &parents {
            let head = self.store.revision(*parent)?.head;
            generation = generation.max(head.generation + 1);
            behind_first.get_or_insert(match head.stored {
                Stored::Whole(length) => (0, length),
                Stored::Patch { behind, whole } => (behind, whole),
            });
        }
        let mut bytes = Vec::new();
        let mut stored = Stored::Whole(0);
        if let (Some(patch), Some((behind, whole))) = (patch, behind_first)
            // A change takes 4 bytes at least.
            && patch.len() as u64 <= whole / 4
        {
            record::write(&mut bytes, &patch, &*self.codec)?;
            let behind = behind.saturating_add(LEAST_WEIGHT.max(bytes.len() as u64));
            if behind <= whole {
                stored = Stored::Patch { behind, whole };
            }
        }
        let revision = Revision {
            id: RevisionId([0; 32]),
            parents,
            note,
            atoms: state.len(),
            head: Head { generation, stored },
        };
        let patch = matches!(stored, Stored::Patch { .. }).then_some(&bytes[..]);
        self.store.put(&revision, patch, state, &*self.codec)
    }
}

/// The state `new`, as one that comes from `old` in memory too: unless `old` has a space that `new` lacks.
fn after<T: Term>(old: &Arc<Snapshot<T>>, new: Arc<Snapshot<T>>) -> Arc<Snapshot<T>> {
    match old.patch_to(&new) {
        Some(patch) => {
            let mut environment = Environment::at(Arc::clone(old));
            environment.apply(&patch);
            environment.into_snapshot()
        }
        None => new,
    }
}

impl<T: Term> fmt::Debug for Archive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("folder", &self.store.0)
            .finish_non_exhaustive()
    }
}
