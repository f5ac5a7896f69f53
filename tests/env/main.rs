//! Environments: writes, laws against the naive model, queries, unions, fork and join.

mod counters;
mod environment;
#[cfg(feature = "rayon")]
mod fork_join;
mod history;
mod host_adapter;
mod laws;
mod panics;
mod queries;
mod sets;
mod spaces;
mod tagged;
mod union_all;
mod views;
