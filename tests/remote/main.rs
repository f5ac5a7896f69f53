//! Object stores and the archives of several machines that meet in them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the functions of the contract are called by tests"
)]

mod archives;
mod chunks;
mod contract;
mod processes;
#[cfg(feature = "s3")]
mod protocol;
#[cfg(feature = "s3")]
mod proxy;
mod pushes;
#[cfg(feature = "s3")]
mod servers;
mod stores;
