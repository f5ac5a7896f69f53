//! Whether all files of an archive are what they should be, and the removal of those that nobody needs.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::name::Kind;
use super::store::is_remnant;
use super::{Archive, ArchiveError, Revision, RevisionId};
use crate::persist::{Flaw, LoadError};
use crate::term::Term;

/// What [`Archive::verify`] found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// How many revisions are sound.
    pub revisions: usize,
    /// How many branches and tags are sound.
    pub names: usize,
    /// What is wrong, file by file.
    pub problems: Vec<ArchiveError>,
    /// Files that no name leads to: revisions of names that were removed, what a crash left, and strangers.
    pub leftovers: Vec<PathBuf>,
}

/// # Care
impl<T: Term> Archive<T> {
    /// Reads every file and says what is wrong, and where. What it finds sound can be checked out. O(n) for all that
    /// is on disk; memory for one revision at a time.
    ///
    /// A commit that another process is just making is seen as a leftover.
    ///
    /// # Errors
    /// If the folder itself can't be read. What is wrong with files in it is [reported](Verification::problems).
    pub fn verify(&self) -> Result<Verification, ArchiveError> {
        let mut names = self.store.list()?.names;
        loop {
            let found = self.verify_once()?;
            // A name that was removed while this looked may have taken its revisions with it.
            let now = self.store.list()?.names;
            if found.problems.is_empty() || now == names {
                return Ok(found);
            }
            names = now;
        }
    }

    fn verify_once(&self) -> Result<Verification, ArchiveError> {
        let mut found = Verification::default();
        // Names are read first: what they stand for was written before them.
        let mut named = Vec::new();
        for (kind, name) in self.store.list()?.names {
            match self.store.named(kind, &name) {
                Ok(Some(id)) => named.push(id),
                Ok(None) => {}
                Err(problem) => found.problems.push(problem),
            }
        }
        let listing = self.store.list()?;
        found.leftovers = listing.others;
        let mut sound: HashMap<RevisionId, Revision> = HashMap::new();
        let mut listed: HashSet<RevisionId> = HashSet::new();
        for id in listing.revisions {
            match self.store.get::<T>(id, &*self.codec) {
                Ok((revision, _)) => drop(sound.insert(id, revision)),
                // It was pruned: whoever needs it will miss it.
                Err(ArchiveError::Missing(_)) => continue,
                Err(problem) => found.problems.push(problem),
            }
            listed.insert(id);
        }
        for revision in sound.values() {
            let parents = revision.parents.iter().map(|parent| sound.get(parent));
            let parents: Option<Vec<_>> = parents.collect();
            let Some(parents) = parents else { continue };
            let generation = parents.into_iter().map(|parent| parent.head.next_generation()).max();
            if generation.unwrap_or(0) != revision.head.generation {
                let path = self.store.path(revision.id);
                let error = LoadError::at(12, Flaw::Order);
                found.problems.push(ArchiveError::Load { path, error });
            }
        }
        (found.revisions, found.names) = (sound.len(), named.len());
        let mut missing = HashSet::new();
        let mut reached = HashSet::new();
        let mut pending = named;
        while let Some(id) = pending.pop() {
            if !listed.contains(&id) {
                missing.insert(id);
            } else if reached.insert(id)
                && let Some(revision) = sound.get(&id)
            {
                pending.extend(&revision.parents);
            }
        }
        let mut missing: Vec<_> = missing.into_iter().collect();
        missing.sort_unstable();
        found.problems.extend(missing.into_iter().map(ArchiveError::Missing));
        // What a damaged revision comes from is not known, so it may be needed.
        if found.problems.is_empty() {
            let unreached = listed.difference(&reached).map(|id| self.store.path(*id));
            found.leftovers.extend(unreached);
        }
        found.leftovers.sort_unstable();
        Ok(found)
    }

    /// Removes revisions that no branch and no tag leads to, and what crashes left. Returns how many files. Files of
    /// strangers stay, and those that another process is just writing. O(r) for r revisions.
    ///
    /// # Errors
    /// [`ArchiveError`]; nothing is removed then unless the files themselves refuse.
    pub fn prune(&self) -> Result<usize, ArchiveError> {
        let _turn = self.turn()?;
        let mut named = Vec::new();
        for kind in [Kind::Branch, Kind::Tag] {
            for id in self.store.all_names(kind)?.into_values() {
                named.push(id?);
            }
        }
        let needed: HashSet<_> = self.ancestry(named)?.into_iter().map(|revision| revision.id).collect();
        let listing = self.store.list()?;
        let useless = listing.revisions.iter().filter(|id| !needed.contains(id));
        let files: Vec<_> = useless.map(|id| self.store.path(*id)).collect();
        let remnants: Vec<_> = listing.others.into_iter().filter(|path| is_remnant(path)).collect();
        let removed = self.store.remove(&files)?;
        Ok(removed.saturating_add(self.store.remove_left(&remnants)?))
    }
}
