//! Removal of what no name of a remote refers to.
//!
//! A writer must not find its uploads gone when its name has moved. No clock can ensure that, since any process may stall,
//! so the order of requests does:
//!
//! 1. The pruning process **lists** the objects with their versions.
//! 2. It **rewrites each name** with its target as it was, and counts the epoch. A push that read the name before fails and
//!    begins again, where it uploads anew what it can't see from the target.
//! 3. It fetches what the names referred to at that time, and what that refers to, and **empties** the others, each on
//!    condition that it is still the version that was listed.
//!
//! A push that moves a name has read it after step 2, and has put after that what it can't see from the target that it read.
//! So that has another version than the listed one, because each write has other random bytes: either it was written after it
//! was emptied, or it isn't emptied. What it sees from the target was reachable in step 3, or was pushed by another writer, for
//! whom the same holds. A new name is first reserved, so its creator reads it too.
//!
//! Objects are emptied, not deleted, since no store has a conditional deletion; an emptied one counts as missing and can be
//! written again. The age only saves writers from uploading twice.

use std::collections::HashSet;
use std::time::Duration;

use super::super::Archive;
use super::super::ref_name::RefKind;
use super::super::revision::RevisionId;
use super::error::RemoteError;
use super::name::NameRecord;
use super::object::REVISIONS;
use super::{Remote, parallel};
use crate::persist::remote::{Listed, Put};
use crate::term::Term;

/// Number of attempts to rewrite a name that others move at the same time.
const MAX_ATTEMPTS: usize = 100;

/// # Remotes: maintenance
impl<T: Term> Archive<T> {
    /// Empties the revisions of a remote that no branch or tag refers to, and that were written at least so long ago, by the
    /// clock of the store. Returns their number.
    ///
    /// Writers may push meanwhile, and no name is ever left without its revisions, even if a process stalls for longer than
    /// that. Those that began before the call upload again what they had, so choose an age above the time of a push.
    ///
    /// Fetches what it doesn't have, to know what is needed. One request for each 1,000 objects, two for each name, one for
    /// each emptied object. Emptied objects stay, without content, since stores can't delete on condition: each costs a line
    /// of a listing.
    ///
    /// # Errors
    /// [`RemoteError`], also if anything that a name refers to is missing or corrupt: then nothing was emptied, unless a
    /// request to empty an object failed.
    pub fn prune_remote(&self, remote: &Remote, min_age: Duration) -> Result<usize, RemoteError> {
        let listing = remote.store.list(REVISIONS)?;
        let mut targets = Vec::new();
        for (kind, name) in remote.name_list()? {
            targets.extend(remote.begin_epoch(kind, &name)?);
        }
        self.fetch_revisions(remote, targets.clone(), |_| {})?;
        let needed: HashSet<RevisionId> = self
            .ancestry(targets)?
            .into_iter()
            .map(|revision| revision.id)
            .collect();
        let is_old = |object: &Listed| {
            let age = listing.now.duration_since(object.modified).unwrap_or_default();
            age >= min_age
        };
        let is_unneeded = |object: &Listed| {
            let id = object.key.strip_prefix(REVISIONS).and_then(|id| id.parse().ok());
            id.is_some_and(|id| !needed.contains(&id))
        };
        let objects = listing.objects.into_iter();
        let garbage = objects.filter(|object| object.size > 0 && is_old(object) && is_unneeded(object));
        let mut emptied = 0_usize;
        let empty = |object: Listed| -> Result<Put, RemoteError> {
            Ok(remote.store.put_if_unchanged(&object.key, b"", &object.version)?)
        };
        parallel::for_each(garbage.collect(), empty, |put| {
            emptied = emptied.saturating_add(usize::from(put != Put::Refused));
            Ok(())
        })?;
        Ok(emptied)
    }
}

impl Remote {
    /// Rewrites a name, so that pushes that read it before fail. Returns its target.
    fn begin_epoch(&self, kind: RefKind, name: &str) -> Result<Option<RevisionId>, RemoteError> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(found) = self.name(kind, name)? else {
                return Err(RemoteError::Missing(super::name::key(kind, name)));
            };
            let record = NameRecord {
                epoch: found.record.epoch.saturating_add(1),
                ..found.record
            };
            if self.put_name(kind, name, record, Some(&found.version))?.is_some() {
                return Ok(record.target);
            }
        }
        Err(RemoteError::Contended(name.to_owned()))
    }
}
