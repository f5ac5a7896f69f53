//! Object stores, where archives of several machines meet.

mod object_store;

pub use object_store::{Listed, Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};
