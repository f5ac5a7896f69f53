//! Terms: atoms, the parser and printer, paths and unification, as a user of the crate sees them.

// Helpers may panic as tests may; the lints allow it only in functions marked `#[test]`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod atom;
mod deep;
mod parser;
mod path;
mod symbol;
mod unify;
