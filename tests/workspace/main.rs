//! The workspace is in order: dependencies between crates, imports between modules, and what the compiler never sees.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod imports;
mod layers;
mod tidy;
