//! Models, generators and hostile types that the tests, benches and fuzz targets of pleach share.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

#[cfg(feature = "environment")]
pub mod atoms;
pub mod folder;
#[cfg(feature = "environment")]
pub mod frail;
pub mod hostile;
#[cfg(feature = "environment")]
pub mod model;
#[cfg(feature = "environment")]
pub mod worlds;
