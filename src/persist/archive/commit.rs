//! Commits and merges.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::chunk::Layout;
use super::error::{ArchiveError, ArchiveMergeError};
use super::history::child;
use super::ref_name::{self, RefKind};
use super::revision::{Header, MAX_GENERATION, Note, Revision, RevisionId, Stored};
use super::store::{Content, NewContent, Store};
use super::{Archive, States};
use crate::env::{
    Change, Conflict, Conflicts, Environment, Patch, Resolution, Snapshot, SpaceKind, is_definition, resolve,
};
use crate::persist::block::FILE_HEADER;
use crate::persist::disk::{self, File, FileKind};
use crate::persist::error::{Flaw, LoadError};
use crate::persist::patch;
use crate::term::Term;
use crate::term::path::with_encoder;

/// Least weight of a patch: the space that a short file takes on most disks. Less in unit tests, so that short files
/// hold patches.
const MIN_PATCH_WEIGHT: u64 = if cfg!(test) { 64 } else { 4096 };

/// Number of patches after which the next revision is a whole state, however large that is: a reader opens a file for
/// each. Most of a large state is in chunks, which the next one refers to.
const MAX_PATCHES: u64 = 4096;

/// A commit that isn't written yet.
struct Pending<'a, T: Term> {
    branch: &'a str,
    /// Revision that the branch is at, if it exists.
    tip: Option<RevisionId>,
    state: &'a Arc<Snapshot<T>>,
    /// Latest revisions of this archive that the state is or descends from.
    origins: Vec<RevisionId>,
    note: Note,
}

/// Relation of a state to the tip of the branch that it is committed to.
#[derive(PartialEq)]
enum Relation {
    /// The commit undoes nothing unknown to it: the state descends from the tip, or is unrelated to it.
    UpToDate,
    /// The state and the tip have diverged from a common revision.
    Diverged,
    /// The same, and their versions in memory have a common ancestor that is as late or later.
    DivergedInMemory,
    /// They are unrelated, and the branch has moved since it was read here.
    Moved,
}

/// # Writing
/// Changes are durable when these methods return.
impl<T: Term> Archive<T> {
    /// Commits an environment to a branch, and returns the new revision, or the tip if nothing has changed. Creates the
    /// branch if it is missing.
    ///
    /// The parents of the revision are the tip of the branch and the revisions from which the environment descends:
    /// those that it, and the environments it was [united](Environment::union) with, were checked out from or committed
    /// as.
    ///
    /// O(d · log n) for d changes, if the environment descends from the state that this handle last checked out from or
    /// committed to the branch; else O(n).
    ///
    /// # Errors
    /// [`ArchiveError::Outdated`], if the commit would undo changes unknown to the environment: it descends from an
    /// ancestor of the tip, in the archive or in memory, not from the tip itself; or the branch has moved since it was
    /// read here. Then
    /// - [`commit_with`](Self::commit_with) merges the two;
    /// - or commit it to a branch of its own, and [`merge`](Self::merge) that later.
    ///
    /// An environment that is unrelated to the branch replaces its content. So, to reset a branch to an earlier state,
    /// commit that state after [`forget_history`](Environment::forget_history).
    pub fn commit(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: impl Into<Note>,
    ) -> Result<RevisionId, ArchiveError> {
        // Dropped after the guard: dropping terms runs foreign code.
        let states;
        let _guard = self.lock_for_write()?;
        states = self.states().clone();
        let pending = self.pending(branch, environment, note.into())?;
        if self.relation(&pending, &states)? != Relation::UpToDate {
            return Err(ArchiveError::Outdated(branch.to_owned()));
        }
        self.put_next(pending, &states)
    }

    /// Commits an environment to a branch like [`commit`](Self::commit), but merges it where that would fail with
    /// [`ArchiveError::Outdated`].
    ///
    /// The environment becomes a revision of its own, which is merged into the branch as by
    /// [`merge_with`](Self::merge_with), under the same lock. The environment itself isn't changed. Costs as `commit`,
    /// or as `merge_with` if it merges.
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
    /// archive.commit_with("main", &mine, "", resolve::fail)?;
    /// assert_eq!(archive.checkout("main")?.len(), 2);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If `resolve` gives up on a conflict, and nothing is written; or an [`ArchiveError`], which is `Outdated` only if
    /// the two have no common ancestor and the branch has moved since it was read here.
    pub fn commit_with(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: impl Into<Note>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, ArchiveMergeError<T>> {
        self.commit_union(branch, environment, note.into(), |ours, theirs| {
            ours.union_with(theirs, resolve)
        })
    }

    /// Commits as [`commit_with`](Self::commit_with) does, but `resolve` decides about each cell that both sides changed, to
    /// equal contents too, as in [`union_with_all`](Environment::union_with_all).
    ///
    /// # Errors
    /// As of [`commit_with`](Self::commit_with).
    pub fn commit_with_all(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: impl Into<Note>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, ArchiveMergeError<T>> {
        self.commit_union(branch, environment, note.into(), |ours, theirs| {
            ours.union_with_all(theirs, resolve)
        })
    }

    fn commit_union(
        &self,
        branch: &str,
        environment: &Environment<T>,
        note: Note,
        unite: impl FnOnce(&Environment<T>, &Environment<T>) -> Result<Environment<T>, Conflicts<T>>,
    ) -> Result<RevisionId, ArchiveMergeError<T>> {
        // Dropped after the guard: dropping terms runs foreign code.
        let states;
        let _guard = self.lock_for_write()?;
        states = self.states().clone();
        let pending = self.pending(branch, environment, note)?;
        let relation = self.relation(&pending, &states)?;
        let Some(tip) = pending.tip.filter(|_| relation != Relation::UpToDate) else {
            return Ok(self.put_next(pending, &states)?);
        };
        let state = pending.state;
        let (ours, theirs) = match (relation, states.get(branch)) {
            (Relation::DivergedInMemory, Some((seen, before))) if *seen == tip => {
                (Arc::clone(before), Arc::clone(state))
            }
            (Relation::DivergedInMemory, Some((_, before))) => {
                let ours = self.descend(before, self.state(tip, &states)?, tip)?;
                (ours, Arc::clone(state))
            }
            (Relation::Diverged, _) => {
                let ids: Vec<_> = [tip].into_iter().chain(pending.origins.iter().copied()).collect();
                let related = self.all_related(&ids, &states)?;
                let (ours, bases) = related.split_first().ok_or(ArchiveError::Missing(tip))?;
                (Arc::clone(ours), child(bases, Environment::at(Arc::clone(state))))
            }
            _ => return Err(ArchiveError::Outdated(branch.to_owned()).into()),
        };
        let merged = unite(&Environment::at(Arc::clone(&ours)), &Environment::at(theirs))?;
        let merged = merged.into_snapshot();
        // The environment becomes a revision too, so that its descendants are related to the merge.
        let time = pending.note.time;
        let own = self.put_after(pending.origins, state, pending.note, &states)?;
        state.mark(state.marks().into_iter().chain([own.0]));
        let id = if self.is_ancestor(own, tip)? {
            tip
        } else {
            let message = String::new();
            self.put(vec![tip, own], Some(&ours), &merged, Note { message, time })?
        };
        self.advance(branch, tip, id, merged, &states)?;
        self.mark_as(state, own)?;
        Ok(id)
    }

    /// Merges `from` into the branch `into` like [`merge_with`](Self::merge_with), without a note. Where both sides
    /// changed a state or a binding differently, or one removed a space that the other changed, `from` wins.
    ///
    /// # Errors
    /// [`ArchiveError`], also if `into` is no branch.
    pub fn merge(&self, into: &str, from: &str) -> Result<RevisionId, ArchiveError> {
        self.merge_with(into, from, Note::default(), resolve::theirs)
            .map_err(|error| match error {
                ArchiveMergeError::Archive(error) => error,
                ArchiveMergeError::Conflicts(_) => unreachable!("this resolver always decides"),
            })
    }

    /// Merges the revision `from` into the branch `into`: commits the [union](Environment::union) of both states with
    /// both revisions as parents.
    ///
    /// Atoms that both inherited count once, however often the two were merged before. A definition that only `from`
    /// has moved keeps its place in `into`. If one revision descends from the other, the branch moves to the later one
    /// (fast-forward).
    ///
    /// O(n) for the last revision that is on every path from the two to their ancestors, and the changes since.
    ///
    /// # Errors
    /// If `resolve` gives up on a conflict, and nothing is written; or an [`ArchiveError`], also if `into` is no
    /// branch.
    pub fn merge_with(
        &self,
        into: &str,
        from: &str,
        note: impl Into<Note>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, ArchiveMergeError<T>> {
        self.merge_union(into, from, note.into(), |ours, theirs| ours.union_with(theirs, resolve))
    }

    /// Merges as [`merge_with`](Self::merge_with) does, but `resolve` decides about each cell that both sides changed, to
    /// equal contents too, as in [`union_with_all`](Environment::union_with_all).
    ///
    /// # Errors
    /// As of [`merge_with`](Self::merge_with).
    pub fn merge_with_all(
        &self,
        into: &str,
        from: &str,
        note: impl Into<Note>,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<RevisionId, ArchiveMergeError<T>> {
        self.merge_union(into, from, note.into(), |ours, theirs| {
            ours.union_with_all(theirs, resolve)
        })
    }

    fn merge_union(
        &self,
        into: &str,
        from: &str,
        note: Note,
        unite: impl FnOnce(&Environment<T>, &Environment<T>) -> Result<Environment<T>, Conflicts<T>>,
    ) -> Result<RevisionId, ArchiveMergeError<T>> {
        ref_name::check(into)?;
        // Dropped after the guard: dropping terms runs foreign code.
        let states;
        let _guard = self.lock_for_write()?;
        states = self.states().clone();
        let from = self.find(from)?;
        let tip = self.store.target(RefKind::Branch, into)?;
        let tip = tip.ok_or_else(|| RefKind::Branch.missing(into))?;
        let (id, state) = if self.is_ancestor(from, tip)? {
            self.store.sync_names().map_err(ArchiveError::from)?;
            return Ok(tip);
        } else if self.is_ancestor(tip, from)? {
            (from, self.state(from, &states)?)
        } else {
            let [ours, theirs] = self.related([tip, from], &states)?;
            let merged = unite(&Environment::at(Arc::clone(&ours)), &Environment::at(theirs))?;
            let merged = merged.into_snapshot();
            (self.put(vec![tip, from], Some(&ours), &merged, note)?, merged)
        };
        self.advance(into, tip, id, state, &states)?;
        Ok(id)
    }
}

impl<T: Term> Archive<T> {
    fn pending<'a>(
        &self,
        branch: &'a str,
        environment: &'a Environment<T>,
        note: Note,
    ) -> Result<Pending<'a, T>, ArchiveError> {
        ref_name::check(branch)?;
        self.check_free(RefKind::Tag, branch)?;
        let state = environment.snapshot();
        Ok(Pending {
            branch,
            tip: self.store.target(RefKind::Branch, branch)?,
            state,
            origins: self.without_ancestors(self.origins(state)?)?,
            note,
        })
    }

    fn relation(&self, pending: &Pending<'_, T>, states: &States<T>) -> Result<Relation, ArchiveError> {
        let Some(tip) = pending.tip else {
            return Ok(Relation::UpToDate);
        };
        for origin in &pending.origins {
            if self.is_ancestor(tip, *origin)? {
                return Ok(Relation::UpToDate);
            }
        }
        let mut related = Vec::new();
        for origin in &pending.origins {
            if self.have_common_ancestor(tip, *origin)? {
                related.push(*origin);
            }
        }
        let Some((seen, before)) = states.get(pending.branch) else {
            return Ok(if related.is_empty() {
                Relation::UpToDate
            } else {
                Relation::Diverged
            });
        };
        let is_known = *seen == tip || self.is_ancestor(*seen, tip)?;
        Ok(if !related.is_empty() {
            // They may have diverged from a state that isn't a revision: then the common version in memory is later.
            let is_nearer = is_known && self.are_all_ancestors(&related, &before.merge_bases(pending.state))?;
            if is_nearer {
                Relation::DivergedInMemory
            } else {
                Relation::Diverged
            }
        } else if *seen == tip && !before.is_ahead_of(pending.state) {
            Relation::UpToDate
        } else if is_known && !before.merge_bases(pending.state).is_empty() {
            Relation::DivergedInMemory
        } else {
            Relation::Moved
        })
    }

    /// Whether each of these revisions is an ancestor of one of these versions.
    fn are_all_ancestors(&self, ids: &[RevisionId], versions: &[Arc<Snapshot<T>>]) -> Result<bool, ArchiveError> {
        let mut origins = Vec::new();
        for version in versions {
            origins.extend(self.origins(version)?);
        }
        'ids: for id in ids {
            for origin in &origins {
                if self.is_ancestor(*id, *origin)? {
                    continue 'ids;
                }
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes the next revision of the branch, and moves the branch to it.
    fn put_next(&self, pending: Pending<'_, T>, states: &States<T>) -> Result<RevisionId, ArchiveError> {
        let Pending {
            branch,
            tip,
            state,
            origins,
            note,
        } = pending;
        let parents = self.without_ancestors(tip.into_iter().chain(origins).collect())?;
        let id = match (&parents[..], states.get(branch)) {
            ([first, ..], Some((seen, before))) if first == seen => self.put(parents, Some(before), state, note)?,
            _ => self.put_after(parents, state, note, states)?,
        };
        // Writing the name may take effect despite an error: marked, the state is up to date when the commit is
        // retried.
        state.mark(state.marks().into_iter().chain([id.0]));
        self.set_branch(branch, tip, id)?;
        self.mark_as(state, id)?;
        self.cache(branch, id, Arc::clone(state));
        Ok(id)
    }

    /// Like [`put`](Self::put), but looks up the state of the first parent.
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

    /// Moves a branch from `tip` to a revision, durably. Writes nothing if it is there already.
    fn set_branch(&self, branch: &str, tip: Option<RevisionId>, id: RevisionId) -> Result<(), ArchiveError> {
        if tip == Some(id) {
            // Its writer may have failed, or been killed, before it was durable.
            return Ok(self.store.sync_names()?);
        }
        self.store.set_name(RefKind::Branch, branch, id)
    }

    /// Moves a branch to a descendant of its tip.
    fn advance(
        &self,
        branch: &str,
        tip: RevisionId,
        id: RevisionId,
        state: Arc<Snapshot<T>>,
        states: &States<T>,
    ) -> Result<(), ArchiveError> {
        self.set_branch(branch, Some(tip), id)?;
        // Forks of the old state must stay related to the new one.
        let state = match states.get(branch) {
            Some((seen, old)) if *seen == tip => self.descend(old, state, id)?,
            _ => {
                self.mark_as(&state, id)?;
                state
            }
        };
        self.cache(branch, id, state);
        Ok(())
    }

    /// Writes a revision with these parents, of which the first has the state `before`; returns the only parent if
    /// nothing has changed since.
    fn put(
        &self,
        parents: Vec<RevisionId>,
        before: Option<&Arc<Snapshot<T>>>,
        state: &Arc<Snapshot<T>>,
        note: Note,
    ) -> Result<RevisionId, ArchiveError> {
        let patch = before.map(|before| before.patch_to(state));
        if let (Some(patch), [only]) = (&patch, &parents[..])
            && patch.is_empty()
        {
            return Ok(*only);
        }
        let mut generation = 0;
        let mut first_chain = None;
        for parent in &parents {
            let header = self.store.revision(*parent)?.header;
            if header.next_generation() > MAX_GENERATION {
                let source = LoadError::at(FILE_HEADER, Flaw::Order);
                let path = self.store.path(*parent);
                return Err(ArchiveError::Load { path, source });
            }
            generation = generation.max(header.next_generation());
            first_chain.get_or_insert(match header.stored {
                Stored::Whole { file, chunks } => (0, u64::saturating_add(file, chunks)),
                Stored::Patch { chain, whole } => (chain, whole),
            });
        }
        let mut bytes = Vec::new();
        if let (Some(patch), Some((chain, whole))) = (&patch, first_chain)
            // A change takes at least 4 bytes.
            && patch.len() as u64 <= whole / 4
        {
            patch::write(&mut bytes, patch, &*self.codec)?;
            let weight = MIN_PATCH_WEIGHT.max(whole / MAX_PATCHES).max(bytes.len() as u64);
            let chain = u64::saturating_add(chain, weight);
            if chain <= whole {
                let stored = Stored::Patch { chain, whole };
                let revision = Revision::new(parents, note, state.len(), Header { generation, stored });
                return self.store.put(&revision, NewContent::Patch(&bytes), &*self.codec);
            }
        }
        let base = match (parents.first(), patch) {
            (Some(first), Some(patch)) => self.base(*first, patch)?,
            _ => Layout::default(),
        };
        let layout = base.next(state, &mut |id, content| self.store.put_chunk(id, content))?;
        if !layout.chunks.is_empty() {
            self.store.sync_chunks()?;
        }
        let stored = Stored::Whole {
            file: 0,
            chunks: layout.length(),
        };
        let revision = Revision::new(parents, note, state.len(), Header { generation, stored });
        self.store
            .put(&revision, NewContent::Whole(state, &layout), &*self.codec)
    }

    /// Returns the layout of the last whole state up to a revision, with the changes since, of which `patch` is the last.
    fn base(&self, first: RevisionId, patch: Patch<T>) -> Result<Layout, ArchiveError> {
        let (mut at, mut patches) = (first, vec![patch]);
        let mut layout = loop {
            let revision = self.store.revision(at)?;
            if let Stored::Whole { .. } = revision.header.stored {
                break self.store.layout::<T>(at)?;
            }
            match (self.store.get(at, &*self.codec)?.1, revision.parents.first()) {
                (Content::Patch(patch), Some(parent)) => {
                    patches.push(patch);
                    at = *parent;
                }
                _ => return Err(ArchiveError::Misnamed(self.store.path(at))),
            }
        };
        if layout.chunks.is_empty() {
            return Ok(layout);
        }
        for change in patches.iter().flatten() {
            if let Change::Atom { space, atom, to, .. } = change {
                let key = with_encoder(|encoder| {
                    let encoded = encoder.encode(atom);
                    let is_plain = !encoded.opaque && !is_definition::<T>(encoded.bytes, SpaceKind::of(*space));
                    is_plain.then(|| encoded.bytes.to_owned())
                });
                layout
                    .changes
                    .entry(*space)
                    .or_default()
                    .extend(key.map(|key| (key, *to)));
            }
        }
        Ok(layout)
    }
}

impl<T: Term> Archive<T> {
    /// Checks that a commit to a branch of the archive in a folder can be written, as far as can be known without
    /// lasting changes: that the name is valid and not that of a tag, and that the folders are writable. If there is no
    /// archive, checks that one can be created. O(f) for f files in a folder without an archive.
    ///
    /// # Errors
    /// The error of [`open`](Self::open) or [`commit`](Self::commit) that would occur now.
    pub fn probe(folder: impl AsRef<Path>, branch: &str) -> Result<(), ArchiveError> {
        ref_name::check(branch)?;
        let folder = folder.as_ref();
        if Self::is_in(folder)? {
            let archive = Archive::<T>::open(folder)?;
            File::open_lock(&archive.store.folder.join("lock"))?;
            archive.check_free(RefKind::Tag, branch)?;
            archive.store.target(RefKind::Branch, branch)?;
            return Ok(archive.store.probe()?);
        }
        match disk::status(folder)?.map(|found| found.kind) {
            Some(FileKind::Folder) => {
                Store::check_entries(folder, disk::entries(folder)?)?;
                Ok(Store::probe_new(folder)?)
            }
            Some(_) => Err(io::Error::from(io::ErrorKind::NotADirectory).into()),
            None => {
                // It would be created with its missing ancestors.
                let folder = disk::absolute(folder)?;
                for ancestor in folder.ancestors().skip(1) {
                    match disk::status(ancestor)?.map(|found| found.kind) {
                        None => {}
                        Some(FileKind::Folder) => return Ok(Store::probe_new(ancestor)?),
                        Some(_) => return Err(io::Error::from(io::ErrorKind::NotADirectory).into()),
                    }
                }
                Err(io::Error::from(io::ErrorKind::NotFound).into())
            }
        }
    }
}
