//! Checks of the source tree: dependencies between crates, imports between modules, and files that no compiler reads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod imports;
mod layers;
mod tidy;
