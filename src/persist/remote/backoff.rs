//! Random delays between attempts.

use std::thread;
use std::time::Duration;

use crate::persist::nonce::nonce;

/// Delays whose upper limits double up to a greatest. Each is any part of its limit, so that those who failed together don't
/// come back together.
pub(in crate::persist) struct Backoff {
    limit: Duration,
    greatest: Duration,
}

impl Backoff {
    pub(in crate::persist) fn new(first: Duration, greatest: Duration) -> Self {
        Self { limit: first, greatest }
    }

    /// Waits, but not longer than is left.
    pub(in crate::persist) fn wait(&mut self, left: Duration) {
        let part = f64::from(nonce()[0]) / 255.0;
        thread::sleep(self.limit.mul_f64(part).min(left));
        self.limit = self.limit.saturating_mul(2).min(self.greatest);
    }
}
