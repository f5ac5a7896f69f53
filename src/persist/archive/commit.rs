//! Commits and merges.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::name::{self, Kind};
use super::revision::{Head, LAST_GENERATION, Stored};
use super::store::Store;
use super::{Archive, ArchiveError, Note, Revision, RevisionId, States};
use crate::env::{Conflict, Conflicts, Environment, Resolution, Snapshot, resolve};
use crate::persist::disk::{self, File};
use crate::persist::{Flaw, LoadError, record};
use crate::term::Term;

/// What a file takes on most disks, however short it is: so a patch weighs as much. Less in our own tests, so that few bytes
/// make patches.
const LEAST_WEIGHT: u64 = if cfg!(test) { 64 } else { 4096 };

/// A commit that is to be made.
struct Pending<'a, T: Term> {
    branch: &'a str,
    /// What the branch is at, if it is there.
    tip: Option<RevisionId>,
    state: &'a Arc<Snapshot<T>>,
    /// The revisions of this archive that the state comes from, but for those that others among them come from.
    origins: Vec<RevisionId>,
    note: Note,
}

/// What a state that is to be committed has to do with what the branch is at.
#[derive(PartialEq)]
enum Standing {
    /// It takes nothing back that it doesn't know of.
    Current,
    /// It comes from a revision that the branch does, and not from what that has become.
    Kin,
    /// As much, or more, is in common to the versions in memory of it and of what the branch holds.
    KinInMemory,
    /// Neither, and the branch has moved since it was read here.
    Moved,
}

/// # Writing
/// All have reached the disk when they return.
impl<T: Term> Archive<T> {
    /// Makes this the state of a branch, and says why, if there is something to say. O(d · log n) for d changes, if the
    /// environment comes from what this handle checked out or committed to the branch last; else O(n). If nothing has
    /// changed, there is no new revision.
    ///
    /// The new revision comes from the one that the branch is at, and from those that the environment does: those that it
    /// and what it was [united](Environment::union) with were checked out from or committed as. If there is no such
    /// branch, it is made, and the revision comes from the latter alone.
    ///
    /// # Errors
    /// [`ArchiveError::Outdated`] if the environment would undo what it never knew: it comes from a revision that has to do
    /// with the one that the branch is at, or is in memory akin to it, and does not come from that one; or the branch has
    /// moved since it was read here. The ways out:
    /// - [`commit_with`](Self::commit_with), which merges the two;
    /// - to commit it to a branch of its own, and [`merge`](Self::merge) that later.
    ///
    /// An environment that has nothing to do with the branch replaces what it holds, as one does whose history was
    /// [forgotten](Environment::forget_history): so a branch is set back to an earlier state.
    pub fn commit(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: impl Into<Note>,
    ) -> Result<RevisionId, ArchiveError> {
        // Dropped when the turn is over: terms are the user's.
        let states;
        let _turn = self.turn()?;
        states = self.states().clone();
        let pending = self.pending(branch, environment, note.into())?;
        if self.standing(&pending, &states)? != Standing::Current {
            return Err(ArchiveError::Outdated(branch.to_owned()));
        }
        self.put_next(pending, &states)
    }

    /// As [`commit`](Self::commit); but where that would say [`ArchiveError::Outdated`], the environment becomes a revision
    /// beside the branch, and is merged into it, as by [`merge_with`](Self::merge_with), under the same lock. The
    /// environment itself stays as it is.
    ///
    /// ```
    /// # use pleach::persist::Archive;
    /// # use pleach::{Atom, Environment, env::resolve};
    /// # let folder = std::env::temp_dir().join(format!("pleach-doc-commit-{}", std::process::id()));
    /// let archive = Archive::<Atom>::open(&folder)?;
    /// archive.commit("main", &Environment::new(), "")?;
    /// let (mut mine, mut yours) = (archive.checkout("main")?, archive.checkout("main")?);
    /// mine.add_fact("(tea)".parse()?);
    /// yours.add_fact("(coffee)".parse()?);
    /// archive.commit("main", &yours, "")?;
    /// assert!(archive.commit("main", &mine, "").is_err());
    /// archive.commit_with("main", &mine, "", resolve::fail)??;
    /// assert_eq!(archive.checkout("main")?.len(), 2);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ArchiveError`]; `Outdated` only if the two have nothing in common, and the branch has moved since it was read here.
    /// Within: all conflicts that `resolve` gave up on; nothing is written then.
    pub fn commit_with(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: impl Into<Note>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Result<RevisionId, Conflicts<T>>, ArchiveError> {
        // Dropped when the turn is over: terms are the user's.
        let states;
        let _turn = self.turn()?;
        states = self.states().clone();
        let pending = self.pending(branch, environment, note.into())?;
        let standing = self.standing(&pending, &states)?;
        let Some(tip) = pending.tip.filter(|_| standing != Standing::Current) else {
            return self.put_next(pending, &states).map(Ok);
        };
        let state = pending.state;
        let (ours, theirs) = match (standing, states.get(branch)) {
            (Standing::KinInMemory, Some((seen, before))) if *seen == tip => (Arc::clone(before), Arc::clone(state)),
            (Standing::KinInMemory, Some((_, before))) => {
                let ours = self.after(before, self.state(tip, &states)?, tip)?;
                (ours, Arc::clone(state))
            }
            (Standing::Kin, _) => {
                let ids: Vec<_> = [tip].into_iter().chain(pending.origins.iter().copied()).collect();
                let related = self.all_related(&ids, &states)?;
                let (ours, bases) = related.split_first().ok_or(ArchiveError::Missing(tip))?;
                (Arc::clone(ours), child(bases, Environment::at(Arc::clone(state))))
            }
            _ => return Err(ArchiveError::Outdated(branch.to_owned())),
        };
        let merged = Environment::at(Arc::clone(&ours)).union_with(&Environment::at(theirs), resolve);
        let merged = match merged {
            Ok(merged) => merged.into_snapshot(),
            Err(conflicts) => return Ok(Err(conflicts)),
        };
        // It is a revision too: so all who know it, and go on from it, know what was merged.
        let time = pending.note.time;
        let own = self.put_after(pending.origins, state, pending.note, &states)?;
        state.mark(state.marks().into_iter().chain([own.0]));
        let id = if self.leads_to(own, tip)? {
            tip
        } else {
            let message = String::new();
            self.put(vec![tip, own], Some(&ours), &merged, Note { message, time })?
        };
        self.move_to(branch, tip, id, merged, &states)?;
        self.keep(state, own)?;
        Ok(Ok(id))
    }

    /// As [`merge_with`](Self::merge_with), with no note; and where both sides changed a state or a binding
    /// differently, it is as `from` has it.
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
        name::check(into)?;
        // Dropped when the turn is over: terms are the user's.
        let states;
        let _turn = self.turn()?;
        states = self.states().clone();
        let from = self.find(from)?;
        let tip = self.store.named(Kind::Branch, into)?;
        let tip = tip.ok_or_else(|| Kind::Branch.missing(into))?;
        let (id, state) = if self.leads_to(from, tip)? {
            self.store.sync_names()?;
            return Ok(Ok(tip));
        } else if self.leads_to(tip, from)? {
            (from, self.state(from, &states)?)
        } else {
            let [ours, theirs] = self.related([tip, from], &states)?;
            let merged = Environment::at(Arc::clone(&ours)).union_with(&Environment::at(theirs), resolve);
            let merged = match merged {
                Ok(merged) => merged.into_snapshot(),
                Err(conflicts) => return Ok(Err(conflicts)),
            };
            (self.put(vec![tip, from], Some(&ours), &merged, note.into())?, merged)
        };
        self.move_to(into, tip, id, state, &states)?;
        Ok(Ok(id))
    }
}

impl<T: Term> Archive<T> {
    fn pending<'a>(
        &self,
        branch: &'a str,
        environment: &'a Environment<T>,
        note: Note,
    ) -> Result<Pending<'a, T>, ArchiveError> {
        name::check(branch)?;
        self.must_be_free(Kind::Tag, branch)?;
        let state = environment.snapshot();
        Ok(Pending {
            branch,
            tip: self.store.named(Kind::Branch, branch)?,
            state,
            origins: self.latest(self.origins(state)?)?,
            note,
        })
    }

    fn standing(&self, pending: &Pending<'_, T>, states: &States<T>) -> Result<Standing, ArchiveError> {
        let Some(tip) = pending.tip else {
            return Ok(Standing::Current);
        };
        for origin in &pending.origins {
            if self.leads_to(tip, *origin)? {
                return Ok(Standing::Current);
            }
        }
        let mut kin = Vec::new();
        for origin in &pending.origins {
            if self.are_akin(tip, *origin)? {
                kin.push(*origin);
            }
        }
        let Some((seen, before)) = states.get(pending.branch) else {
            return Ok(if kin.is_empty() {
                Standing::Current
            } else {
                Standing::Kin
            });
        };
        let is_known = *seen == tip || self.leads_to(*seen, tip)?;
        Ok(if !kin.is_empty() {
            // Both may have gone on from a state that is no revision: memory knows better then.
            let is_nearer = is_known && self.all_lead_to(&kin, &before.common(pending.state))?;
            if is_nearer {
                Standing::KinInMemory
            } else {
                Standing::Kin
            }
        } else if *seen == tip && !before.is_ahead_of(pending.state) {
            Standing::Current
        } else if is_known && !before.common(pending.state).is_empty() {
            Standing::KinInMemory
        } else {
            Standing::Moved
        })
    }

    /// Does one of these versions come from each of these revisions?
    fn all_lead_to(&self, ids: &[RevisionId], versions: &[Arc<Snapshot<T>>]) -> Result<bool, ArchiveError> {
        let mut origins = Vec::new();
        for version in versions {
            origins.extend(self.origins(version)?);
        }
        'ids: for id in ids {
            for origin in &origins {
                if self.leads_to(*id, *origin)? {
                    continue 'ids;
                }
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes the state the next one of the branch.
    fn put_next(&self, pending: Pending<'_, T>, states: &States<T>) -> Result<RevisionId, ArchiveError> {
        let Pending {
            branch,
            tip,
            state,
            origins,
            note,
        } = pending;
        let parents = self.latest(tip.into_iter().chain(origins).collect())?;
        let id = match (&parents[..], states.get(branch)) {
            ([first, ..], Some((seen, before))) if first == seen => self.put(parents, Some(before), state, note)?,
            _ => self.put_after(parents, state, note, states)?,
        };
        // If the name fails, it may be there all the same: who tries again must not be taken for another.
        state.mark(state.marks().into_iter().chain([id.0]));
        self.set_branch(branch, tip, id)?;
        self.keep(state, id)?;
        self.remember(branch, id, Arc::clone(state));
        Ok(id)
    }

    /// As [`put`](Self::put), of which the first parent is to be found.
    fn put_after(
        &self,
        parents: Vec<RevisionId>,
        state: &Arc<Snapshot<T>>,
        note: Note,
        states: &States<T>,
    ) -> Result<RevisionId, ArchiveError> {
        let before = match parents.first() {
            Some(first) => Some(self.state(*first, states)?),
            None => None,
        };
        self.put(parents, before.as_ref(), state, note)
    }

    /// Has a branch that was at `tip` be at a revision, on the disk too. Nothing is written if it is there already.
    fn set_branch(&self, branch: &str, tip: Option<RevisionId>, id: RevisionId) -> Result<(), ArchiveError> {
        if tip == Some(id) {
            // Whoever wrote it may have failed, or been killed, before it lasted.
            return Ok(self.store.sync_names()?);
        }
        self.store.set_name(Kind::Branch, branch, id)
    }

    /// Moves a branch on to a revision that comes from what it is at.
    fn move_to(
        &self,
        branch: &str,
        tip: RevisionId,
        id: RevisionId,
        state: Arc<Snapshot<T>>,
        states: &States<T>,
    ) -> Result<(), ArchiveError> {
        self.set_branch(branch, Some(tip), id)?;
        // Who has a fork of the old state can unite it with the new one.
        let state = match states.get(branch) {
            Some((seen, old)) if *seen == tip => self.after(old, state, id)?,
            _ => {
                self.keep(&state, id)?;
                state
            }
        };
        self.remember(branch, id, state);
        Ok(())
    }

    /// Writes a revision that comes from these, of which the first holds `before`; or none, if nothing has changed since
    /// the only one.
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
            if head.next_generation() > LAST_GENERATION {
                let error = LoadError::at(12, Flaw::Order);
                let path = self.store.path(*parent);
                return Err(ArchiveError::Load { path, error });
            }
            generation = generation.max(head.next_generation());
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
            let behind = u64::saturating_add(behind, LEAST_WEIGHT.max(bytes.len() as u64));
            if behind <= whole {
                stored = Stored::Patch { behind, whole };
            }
        }
        let head = Head { generation, stored };
        let revision = Revision::new(parents, note, state.len(), head);
        let patch = matches!(stored, Stored::Patch { .. }).then_some(&bytes[..]);
        self.store.put(&revision, patch, state, &*self.codec)
    }
}

impl<T: Term> Archive<T> {
    /// Checks that a commit to a branch of the archive in this folder can be written, as far as can be told and without
    /// making anything that stays: that the name can be a branch's and is no tag's, and that the folders may be written.
    /// If there is no archive, that one can be made. O(f) for f files in a folder that holds none.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and [`commit`](Self::commit) that would come now.
    pub fn probe(folder: impl AsRef<Path>, branch: &str) -> Result<(), ArchiveError> {
        name::check(branch)?;
        let folder = folder.as_ref();
        if Self::is_in(folder)? {
            let archive = Archive::<T>::open(folder)?;
            File::open_lock(&archive.store.folder.join("lock"))?;
            archive.must_be_free(Kind::Tag, branch)?;
            archive.store.named(Kind::Branch, branch)?;
            return Ok(archive.store.probe()?);
        }
        match disk::status(folder)?.map(|found| found.kind) {
            Some(disk::Kind::Folder) => {
                Store::must_be_ours(folder, disk::entries(folder)?)?;
                Ok(Store::probe_new(folder)?)
            }
            Some(_) => Err(io::Error::from(io::ErrorKind::NotADirectory).into()),
            None => {
                // It will be made, and those above.
                let folder = disk::absolute(folder)?;
                for above in folder.ancestors().skip(1) {
                    match disk::status(above)?.map(|found| found.kind) {
                        None => {}
                        Some(disk::Kind::Folder) => return Ok(Store::probe_new(above)?),
                        Some(_) => return Err(io::Error::from(io::ErrorKind::NotADirectory).into()),
                    }
                }
                Err(io::Error::from(io::ErrorKind::NotFound).into())
            }
        }
    }
}

/// What an environment holds, as a version that comes from these in memory, and shares with the first of them what it can.
pub(super) fn child<T: Term>(parents: &[Arc<Snapshot<T>>], environment: Environment<T>) -> Arc<Snapshot<T>> {
    let patch = parents
        .first()
        .and_then(|first| Some((first, first.patch_to(environment.snapshot())?)));
    let environment = match patch {
        Some((first, patch)) => {
            let mut child = Environment::at(Arc::clone(first));
            child.apply(&patch);
            child
        }
        None => environment,
    };
    let parents: Vec<_> = parents.iter().collect();
    Arc::new(environment.snapshot().as_child_of(&parents))
}
