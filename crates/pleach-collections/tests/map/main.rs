//! Tests of maps, sets and bags against models of the standard library, with hostile hashers and panicking user code.

mod api;
mod coming_from_im;
mod equal_keys;
mod features;
mod frail;
mod hashing;
mod map;
mod nested;
mod panics;
mod subject;
mod traits;
mod trie;
