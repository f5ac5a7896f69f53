//! Shared environments, as a user of the crate sees them, and under many threads.

mod api;
mod stress;
