//! Object stores, where archives of several machines meet.

mod counted;
mod faulty;
mod folder;
mod key;
mod memory;
mod object_store;

pub use counted::{CountedStore, Counts};
pub use faulty::{Fault, FaultyStore, Request};
pub use folder::FolderStore;
pub use memory::MemoryStore;
pub use object_store::{Listed, Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};
