//! Random delays between attempts.

use std::thread;
use std::time::Duration;

use crate::persist::nonce::nonce;

/// Delays whose limits double from a first up to a greatest, each at random, so that those who failed together don't come back
/// together.
pub(in crate::persist) struct Backoff {
    first: Duration,
    limit: Duration,
    greatest: Duration,
}

impl Backoff {
    pub(in crate::persist) fn new(first: Duration, greatest: Duration) -> Self {
        Self {
            first,
            limit: first,
            greatest,
        }
    }

    /// Waits for any part of the limit, but not longer than is left: before another attempt.
    pub(in crate::persist) fn wait(&mut self, left: Duration) {
        self.wait_for(random_byte(), left);
    }

    /// Waits for half of the limit to one and a half, but not longer than is left: before another question.
    pub(in crate::persist) fn wait_around(&mut self, left: Duration) {
        self.wait_for(128 + random_byte(), left);
    }

    /// Waits for so many 256ths of the limit.
    fn wait_for(&mut self, parts: u32, left: Duration) {
        thread::sleep((self.limit / 256).saturating_mul(parts).min(left));
        self.limit = self.limit.saturating_mul(2).min(self.greatest);
    }

    /// Begins again with the first limit.
    pub(in crate::persist) fn reset(&mut self) {
        self.limit = self.first;
    }
}

fn random_byte() -> u32 {
    nonce()[0].into()
}
