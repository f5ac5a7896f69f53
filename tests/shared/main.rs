//! Shared environments: the public interface, and many threads.

mod api;
mod stress;
mod value;
mod watch;
