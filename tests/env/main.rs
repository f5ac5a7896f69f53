//! Environments: writes, laws against the naive model, queries, unions, fork and join.

mod counters;
mod environment;
#[cfg(feature = "rayon")]
mod fork_join;
mod history;
mod laws;
mod panics;
mod queries;
mod spaces;
mod union_all;
