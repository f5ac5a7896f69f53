//! Memory of evaluations, counted by allocators of this binary.

mod limit;
mod linear;
