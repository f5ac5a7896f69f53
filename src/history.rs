//! History as a graph, wherever its nodes are kept: generations, ancestors, merge bases.
//!
//! [`Dag`] has the walks, and knows nothing of what a node holds. [`Version`] is a node in memory; a revision of an archive
//! is one on disk.

mod dag;
mod version;

pub(crate) use self::dag::{Dag, Links, Walk};
#[cfg(test)]
pub(crate) use self::version::LIVE;
pub(crate) use self::version::{
    Mark, Marks, MergeBase, Version, Versioned, first_parent, last_written, latest_common, marks, memoize, memoized,
    merge_base,
};

#[cfg(test)]
thread_local! {
    /// The number of nodes that this thread has visited to find merge bases.
    pub(crate) static VISITED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
