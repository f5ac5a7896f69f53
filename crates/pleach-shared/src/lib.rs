//! A cell for persistent values: read without locks, replaced atomically, committed by three-way merge.
//!
//! | type | use |
//! |---|---|
//! | [`Shared`] | the shared value: reads, writes, commits |
//! | [`Merge`] | the values that it can hold; implemented for the collections of `pleach-collections` |
//! | [`Fork`], [`Guard`] | a copy to write and commit; a short read |
//! | [`Commit`], [`Outcome`] | the result of a commit |
//! | [`Subscription`], [`News`] | a receiver of every publication |
//!
//! `pleach::SharedEnvironment` is a cell of this kind for environments, which know their merge base by themselves.

mod follower;
mod merge;
mod outcome;
mod protocol;
mod publication;
mod queue;
mod shared;
mod sync;
mod wait;
mod watchers;

#[cfg(all(test, loom))]
mod model_check;
#[cfg(all(test, not(loom)))]
mod tests;

pub use self::merge::Merge;
pub use self::outcome::{Commit, Outcome};
pub use self::shared::{Fork, Guard, News, Shared, Subscription};

/// The publishing protocol, for the crate `pleach`, whose shared environments find the merge base of a commit in their
/// history. Not part of the public interface.
#[doc(hidden)]
pub mod internal {
    pub use crate::follower::{Follower, Step};
    pub use crate::protocol::{Protocol, State};
    pub use crate::publication::Publication;
    pub use crate::queue::Committed;
    pub use crate::sync::{Cache, Cell, Guard};
    pub use crate::wait::{VersionWait, block_on};
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
