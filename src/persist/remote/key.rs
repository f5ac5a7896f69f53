//! The keys of objects.

use super::object_store::ObjectStoreError;

/// A key that isn't allowed.
#[derive(Debug, thiserror::Error)]
#[error("the key isn't allowed: see `ObjectStore`")]
struct InvalidKey;

/// # Errors
/// If the key isn't one that [`ObjectStore`](super::ObjectStore) describes.
pub(super) fn check(operation: &'static str, key: &str) -> Result<(), ObjectStoreError> {
    error_unless(is_key(key), operation, key)
}

pub(super) fn is_key(key: &str) -> bool {
    key.split('/').all(is_part)
}

/// # Errors
/// If no key begins with this prefix.
pub(super) fn check_prefix(prefix: &str) -> Result<(), ObjectStoreError> {
    let (folders, last) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    let is_valid = (!prefix.contains('/') || is_key(folders)) && (last.is_empty() || is_part(last));
    error_unless(is_valid, "list", prefix)
}

fn error_unless(is_valid: bool, operation: &'static str, key: &str) -> Result<(), ObjectStoreError> {
    match is_valid {
        true => Ok(()),
        false => Err(ObjectStoreError::permanent(operation, key, InvalidKey)),
    }
}

/// Whether a key can have this part. Such a part is a name on every file system, and none that leads elsewhere.
pub(super) fn is_part(part: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'%');
    part.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) && part.bytes().all(is_allowed)
}
