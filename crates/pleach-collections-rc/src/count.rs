//! Reference counts of nodes, which stay on one thread.
//!
//! All other modules are those of `pleach-collections`, whose counts are atomic.

use core::cell::Cell;
use core::panic::RefUnwindSafe;

/// The pointer of the standard library that counts as [`Count`] does. A node may be sent to and shared with other threads
/// where a `Shared` of its contents may: never.
pub(crate) use alloc::rc::Rc as Shared;

/// The number of pointers to a block.
#[repr(transparent)]
pub(crate) struct Count(Cell<u32>);

/// As for `Rc`: no code of users runs while the count is written.
impl RefUnwindSafe for Count {}

impl Count {
    /// The count of a block with one pointer.
    #[inline]
    pub(crate) const fn one() -> Self {
        Self(Cell::new(1))
    }

    /// Counts another pointer. Aborts the process at 2^31 pointers.
    #[inline]
    pub(crate) fn increment(&self) {
        let count = self.0.get();
        // As in `Rc`, the count must not wrap.
        if count > u32::MAX / 2 {
            crate::abort::abort();
        }
        self.0.set(count + 1);
    }

    /// Gives up a pointer, and returns whether it was the last.
    #[inline]
    pub(crate) fn decrement(&self) -> bool {
        let is_last = self.is_unique();
        if !is_last {
            self.0.set(self.0.get() - 1);
        }
        is_last
    }

    /// Whether there is one pointer.
    #[inline]
    pub(crate) fn is_unique(&self) -> bool {
        self.0.get() == 1
    }
}
