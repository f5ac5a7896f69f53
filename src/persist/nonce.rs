//! Random identities.

use std::hash::{BuildHasher, RandomState};

/// Returns 16 random bytes: not secret, but different from all others.
pub(super) fn nonce() -> [u8; 16] {
    let random = RandomState::new();
    let halves = [0, 1].map(|half| u128::from(random.hash_one(half)));
    (halves[0] << 64 | halves[1]).to_le_bytes()
}
