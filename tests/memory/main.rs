//! Allocations and bytes, counted by an allocator of this binary.

mod accounting;
mod costs;
