//! Laws of the collections: random histories against models of the standard library, and panics at every call.
//!
//! A binary of its own, since it is also compiled with tiny nodes, for AddressSanitizer and for valgrind.

mod map;
mod nested;
mod ord;
mod panics;
mod trie;
mod vector;
