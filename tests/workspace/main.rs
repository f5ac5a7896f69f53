//! The workspace is in order: dependencies between crates, imports between modules, and what the compiler never sees.

mod imports;
mod layers;
mod tidy;
