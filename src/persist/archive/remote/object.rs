//! Immutable objects of a remote, whose keys end with the hash of their content.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::super::chunk::ChunkId;
use super::super::revision::RevisionId;
use super::Remote;
use super::error::RemoteError;
use crate::persist::nonce::nonce;
use crate::persist::remote::Put;
use crate::persist::remote::backoff::Backoff;

/// Number of attempts to read an object.
const MAX_ATTEMPTS: u32 = 5;

/// Upper limit of the delay before the second attempt, doubled for each further one.
const FIRST_DELAY: Duration = Duration::from_millis(10);

/// Length of the random bytes before the content, which make each write another version.
const NONCE: usize = 16;

/// Prefix of the keys of revisions.
pub(super) const REVISIONS: &str = "revisions/";

pub(super) fn revision_key(id: RevisionId) -> String {
    format!("{REVISIONS}{id}")
}

/// Keys of chunks begin with this.
pub(super) const CHUNKS: &str = "chunks/";

pub(super) fn chunk_key(id: ChunkId) -> String {
    format!("{CHUNKS}{id}")
}

/// The content of an object, after its random bytes; `None` if it was emptied.
fn content(object: Vec<u8>) -> Option<Vec<u8>> {
    let mut content = object;
    (content.len() >= NONCE).then(|| {
        content.drain(..NONCE);
        content
    })
}

impl Remote {
    /// Reads an object, and verifies that this is the hash of its content. One request, or up to five if it fails or a
    /// transfer altered the content: a fetch of many objects isn't lost to one fault.
    pub(super) fn get_hashed(&self, key: &str, hash: [u8; 32]) -> Result<Vec<u8>, RemoteError> {
        let mut backoff = Backoff::new(FIRST_DELAY, Duration::MAX);
        for _ in 1..MAX_ATTEMPTS {
            match self.try_get_hashed(key, hash) {
                Err(RemoteError::Missing(key)) => return Err(RemoteError::Missing(key)),
                Err(error) if error.is_temporary() => {}
                done => return done,
            }
            backoff.wait(Duration::MAX);
        }
        self.try_get_hashed(key, hash)
    }

    fn try_get_hashed(&self, key: &str, hash: [u8; 32]) -> Result<Vec<u8>, RemoteError> {
        let missing = || RemoteError::Missing(key.to_owned());
        let object = self.store.get(key)?.ok_or_else(missing)?;
        let content = content(object.content).ok_or_else(missing)?;
        match <[u8; 32]>::from(Sha256::digest(&content)) == hash {
            true => Ok(content),
            false => Err(RemoteError::Tampered(key.to_owned())),
        }
    }

    /// Makes sure that an object with this content, whose hash the key ends with, has a version that is written after this
    /// call began: a pruning process that listed an older one can't empty it. One request; three if it is there already.
    pub(super) fn put_hashed(&self, key: &str, new: &[u8]) -> Result<(), RemoteError> {
        let mut sealed = Vec::with_capacity(NONCE.saturating_add(new.len()));
        sealed.extend(nonce());
        sealed.extend_from_slice(new);
        if let Put::Written { .. } = self.store.put_if_absent(key, &sealed)? {
            return Ok(());
        }
        let found = self.store.get(key)?;
        let found = found.ok_or_else(|| RemoteError::Contended(key.to_owned()))?;
        if content(found.content).is_some_and(|content| content != new) {
            return Err(RemoteError::Tampered(key.to_owned()));
        }
        match self.store.put_if_unchanged(key, &sealed, &found.version)? {
            Put::Written { .. } => Ok(()),
            Put::Refused => Err(RemoteError::Contended(key.to_owned())),
        }
    }
}
