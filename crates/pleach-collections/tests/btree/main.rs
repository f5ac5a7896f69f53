//! Tests of the B+ trees, ordered maps, ordered sets and vectors, with panicking user code.

mod frail;
mod ord;
mod vector;
