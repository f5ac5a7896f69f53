//! A test of whether a store has conditional writes.

use super::object_store::{ObjectStore, ObjectStoreError, Put};
use crate::persist::nonce::nonce;

/// Checks by ten requests that a store keeps the contract of [`ObjectStore`]: that it doesn't ignore the conditions of
/// writes, and that reads and listings see them. Needs permission to write; removes the object that it writes, whose
/// key begins with `probes/`.
///
/// # Errors
/// If the store can't be asked, or doesn't keep the contract.
///
/// # Examples
/// ```
/// use pleach::persist::remote::{MemoryStore, ObjectStore, probe};
///
/// let store = MemoryStore::new();
/// probe(&store)?;
/// assert!(store.list("")?.objects.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn probe(store: &dyn ObjectStore) -> Result<(), ProbeError> {
    let key = format!("probes/{:032x}", u128::from_be_bytes(nonce()));
    let checked = check(store, &key);
    let removed = store.delete(&key);
    checked?;
    Ok(removed?)
}

fn check(store: &dyn ObjectStore, key: &str) -> Result<(), ProbeError> {
    let Put::Written { version: first, .. } = store.put_if_absent(key, b"first")? else {
        return Err(ProbeError::Broken("it refuses to create an object"));
    };
    if store.put_if_absent(key, b"second")? != Put::Refused {
        return Err(ProbeError::Unconditional("overwrites an object that was to be created"));
    }
    let Put::Written { version: second, .. } = store.put_if_unchanged(key, b"second", &first)? else {
        return Err(ProbeError::Broken("it refuses to replace an object"));
    };
    if store.put_if_unchanged(key, b"third", &first)? != Put::Refused {
        return Err(ProbeError::Unconditional("replaces an object that has changed"));
    }
    let is_second = |content: &[u8]| content == b"second";
    if store
        .get(key)?
        .is_none_or(|object| !is_second(&object.content) || object.version != second)
    {
        return Err(ProbeError::Broken("a read doesn't return what was written"));
    }
    let listed = store.list(key)?.objects;
    if !listed
        .iter()
        .map(|object| (&*object.key, &object.version))
        .eq([(key, &second)])
    {
        return Err(ProbeError::Broken("a listing lacks what was written"));
    }
    store.delete(key)?;
    if store.get(key)?.is_some() {
        return Err(ProbeError::Broken("an object is there after its removal"));
    }
    if store.put_if_unchanged(key, b"third", &second)? != Put::Refused {
        return Err(ProbeError::Unconditional("replaces an object that was removed"));
    }
    Ok(())
}

/// An error of [`probe`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The store ignores the conditions of writes, by which changes of other machines would be lost.
    #[error("the store has no conditional writes: it {0}")]
    Unconditional(&'static str),
    /// The store doesn't do what it says.
    #[error("the store doesn't work: {0}")]
    Broken(&'static str),
    /// The store can't be asked.
    #[error(transparent)]
    Store(#[from] ObjectStoreError),
}
