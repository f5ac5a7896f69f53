//! Terms: atoms, the parser and printer, paths, walks and unification, by their public interface.

// Helpers may panic as tests may; the lints allow it only in functions marked `#[test]`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod atom;
mod deep;
mod list;
mod parser;
mod path;
mod symbol;
mod unify;
mod walk;
