//! Models, generators and hostile types for the tests, benches and fuzz targets of pleach.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

#[cfg(feature = "environment")]
pub mod atoms;
mod cases;
pub mod folder;
#[cfg(feature = "environment")]
pub mod frail;
pub mod frail_entries;
pub mod fuse;
pub mod hostile;
#[cfg(feature = "environment")]
pub mod model;
mod random;
pub mod small_maps;
#[cfg(feature = "environment")]
pub mod worlds;

pub use cases::{cases, quick_check};
pub use random::Random;
