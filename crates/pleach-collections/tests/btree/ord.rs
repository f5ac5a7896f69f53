//! Tests of ordered maps and sets against `BTreeMap` and `BTreeSet`, with panicking user code.

mod api;
mod features;
mod nested;
mod panics;
mod sets;
mod sharing;
mod traits;
