//! Object stores, where archives of several machines meet.

pub(super) mod backoff;
mod counted;
mod faulty;
mod folder;
mod key;
mod memory;
mod object_store;
mod percent;
mod probe;
#[cfg(feature = "s3")]
mod s3;
mod url;

pub use counted::{CountedStore, Counts};
pub use faulty::{Fault, FaultyStore, Request};
pub use folder::FolderStore;
pub use memory::MemoryStore;
pub use object_store::{Listed, Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};
pub use probe::{ProbeError, probe};
#[cfg(feature = "s3")]
pub use s3::{S3Error, S3Store, S3UrlError};
pub use url::{OpenStoreError, is_store_url, open_store};
