//! Reference counts of nodes, which threads may share.

use core::sync::atomic::{AtomicU32, Ordering, fence};

/// The pointer of the standard library that counts as [`Count`] does. A node may be sent to and shared with other threads
/// where a `Shared` of its contents may.
pub(crate) use alloc::sync::Arc as Shared;

/// The number of pointers to a block.
#[repr(transparent)]
pub(crate) struct Count(AtomicU32);

impl Count {
    /// The count of a block with one pointer.
    #[inline]
    pub(crate) const fn one() -> Self {
        Self(AtomicU32::new(1))
    }

    /// Counts another pointer. Aborts the process at 2^31 pointers.
    #[inline]
    pub(crate) fn increment(&self) {
        // Relaxed: the existing pointer keeps the block alive. As in `Arc`, the count must not wrap.
        if self.0.fetch_add(1, Ordering::Relaxed) > u32::MAX / 2 {
            crate::abort::abort();
        }
    }

    /// Gives up a pointer, and returns whether it was the last. Then the effects of all former owners are visible.
    #[inline]
    pub(crate) fn decrement(&self) -> bool {
        // A sole owner doesn't need the atomic write.
        if !self.is_unique() {
            if self.0.fetch_sub(1, Ordering::Release) != 1 {
                return false;
            }
            fence(Ordering::Acquire);
        }
        true
    }

    /// Whether there is one pointer. Then the effects of all former owners are visible.
    #[inline]
    pub(crate) fn is_unique(&self) -> bool {
        // Acquire: synchronises with the `Release` decrement of former owners.
        self.0.load(Ordering::Acquire) == 1
    }
}
