//! Laws of the collections: random histories of forks against models of the standard library.
//!
//! A binary of its own, since it is also compiled with tiny nodes, for AddressSanitizer.

#![allow(clippy::unwrap_used, reason = "tests")]

// The name by which the shared test calls the collections.
extern crate pleach_collections_rc as pleach_collections;

mod maps;
mod traits;
#[path = "../../../pleach-collections/tests/laws/vector.rs"]
mod vector;
