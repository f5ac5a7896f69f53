//! Persistent environments that interpreters fork, write and merge.

pub mod term;
