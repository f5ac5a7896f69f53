//! The interface of object stores.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// A store of objects under keys, with conditional writes: what a remote needs of one.
///
/// A key consists of parts separated by `/`; a part has lower-case ASCII letters, digits, `-`, `_`, `.` and `%`, and
/// begins with a letter or digit. Users keep no object beside others in a folder of its name (`a` and `a/b`), since some
/// servers store objects in folders. Calls block. All times are those of the store's clock.
///
/// # Contract
/// - Reads and listings that begin after a write has returned see it.
/// - Of several conditional writes to a key whose conditions can't all hold, exactly one takes effect.
/// - A failed write ([`ObjectStoreError`]) may or may not have taken effect, now or later; [`Put::Refused`] means that
///   it had none, unless the implementation repeated a request of its own accord, which it must not do for a
///   conditional one.
/// - Content is returned whole as it was written, or as an error.
pub trait ObjectStore: Send + Sync {
    /// Returns the object under a key, or `None` if there is none.
    ///
    /// # Errors
    /// If the store can't be asked, or its answer is incomplete. Never taken for "there is none".
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError>;

    /// Writes an object, provided that there is none under the key.
    ///
    /// # Errors
    /// If the store can't be asked: the write may have taken effect.
    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError>;

    /// Replaces the object under a key, provided that it still is the given version.
    ///
    /// # Errors
    /// As [`put_if_absent`](Self::put_if_absent).
    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError>;

    /// Lists the objects whose keys begin with a prefix, in the order of keys. One request for each 1,000 objects.
    ///
    /// # Errors
    /// If the store can't be asked.
    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError>;

    /// Removes the object under a key, if there is one.
    ///
    /// # Errors
    /// If the store can't be asked: the object may be gone.
    fn delete(&self, key: &str) -> Result<(), ObjectStoreError>;
}

/// The outcome of a conditional write that the store answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Put {
    /// The object was written.
    Written {
        /// Its version.
        version: ObjectVersion,
        /// The time of the write.
        time: SystemTime,
    },
    /// The condition didn't hold, and nothing was written.
    Refused,
}

/// An object that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The content.
    pub content: Vec<u8>,
    /// The version that was read.
    pub version: ObjectVersion,
    /// The time of the last write.
    pub modified: SystemTime,
    /// The time of the answer.
    pub now: SystemTime,
}

/// Objects whose keys have a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The objects, in the order of keys.
    pub objects: Vec<Listed>,
    /// The time of the first answer.
    pub now: SystemTime,
}

/// An object of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The whole key.
    pub key: String,
    /// Length of the content in bytes.
    pub size: u64,
    /// The version.
    pub version: ObjectVersion,
    /// The time of the last write.
    pub modified: SystemTime,
}

/// A version of an object, as the store names it (an entity tag). Equal content may have equal versions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectVersion(String);

impl ObjectVersion {
    /// The version of a name that a store gave.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name that the store gave.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error of an [`ObjectStore`].
#[derive(Debug, thiserror::Error)]
#[error("{operation} of the object {key:?} failed")]
pub struct ObjectStoreError {
    /// The name of the method that failed.
    pub operation: &'static str,
    /// The key, or the prefix of a listing.
    pub key: String,
    /// Whether the same request can't succeed later, as without permission. If unknown, `false`.
    pub is_permanent: bool,
    /// The reason.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl ObjectStoreError {
    /// An error of a method of [`ObjectStore`], after which the same request may succeed.
    pub fn new(
        operation: &'static str,
        key: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            operation,
            key: key.into(),
            is_permanent: false,
            source: source.into(),
        }
    }

    /// An error of a method of [`ObjectStore`], after which the same request can't succeed.
    pub fn permanent(
        operation: &'static str,
        key: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            is_permanent: true,
            ..Self::new(operation, key, source)
        }
    }
}

impl<S: ObjectStore + ?Sized> ObjectStore for Arc<S> {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        (**self).get(key)
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        (**self).put_if_absent(key, content)
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        (**self).put_if_unchanged(key, content, version)
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        (**self).list(prefix)
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        (**self).delete(key)
    }
}
