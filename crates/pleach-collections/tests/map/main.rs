//! Tests of the interface of maps, sets and bags, with hostile hashers and panicking user code.

mod api;
mod coming_from_im;
mod equal_keys;
mod features;
mod hashing;
mod nested;
mod traits;
