//! Environments: writes, laws against the naive model, queries, views, derived facts, unions, fork and join.

mod counters;
mod derive;
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
