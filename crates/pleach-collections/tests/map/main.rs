//! Maps, sets and bags beside models of the standard library, with hostile hashers and code that panics.

mod api;
mod coming_from_im;
mod features;
mod hashing;
mod keys;
mod map;
mod nested;
mod panics;
mod traits;
mod trie;
