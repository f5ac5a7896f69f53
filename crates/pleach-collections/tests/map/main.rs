//! Maps, sets and bags beside models of the standard library, with hostile hashers and code that panics.

mod api;
mod features;
mod map;
mod panics;
mod traits;
