//! Implementations of other crates' traits, each behind the feature with the crate's name.

#[cfg(feature = "arbitrary")]
mod arbitrary;
#[cfg(feature = "im")]
mod im;
#[cfg(feature = "imbl")]
mod imbl;
#[cfg(feature = "quickcheck")]
mod quickcheck;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "std")]
mod std;
