//! Tests of vectors against `Vec`, with panicking user code.

mod api;
mod changes;
mod features;
mod nested;
mod panics;
mod traits;
