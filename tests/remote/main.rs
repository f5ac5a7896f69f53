//! Object stores and the archives of several machines that meet in them.

mod contract;
mod stores;
