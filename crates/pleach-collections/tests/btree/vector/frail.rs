//! Items whose methods panic at a chosen call.

use pleach_testkit::fuse::burn;
use std::cell::Cell;
use std::cmp::Ordering;

thread_local! {
    /// The number of items cloned on this thread.
    static CLONES: Cell<usize> = const { Cell::new(0) };
    /// The number of items compared on this thread.
    static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    /// The number of items alive on this thread.
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// Returns how many items `f` clones.
pub(crate) fn clones(f: &mut dyn FnMut()) -> usize {
    CLONES.set(0);
    f();
    CLONES.get()
}

/// Returns how many items `f` compares.
pub(crate) fn comparisons(f: &mut dyn FnMut()) -> usize {
    COMPARISONS.set(0);
    f();
    COMPARISONS.get()
}

/// Returns how many items are alive on this thread.
pub(crate) fn alive() -> isize {
    ALIVE.get()
}

/// A number on the heap. All its methods panic.
#[derive(Debug)]
pub(crate) struct Frail(pub(crate) Box<u32>);

impl Frail {
    pub(crate) fn new(number: u32) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self(Box::new(number))
    }
}

impl Clone for Frail {
    fn clone(&self) -> Self {
        CLONES.set(CLONES.get() + 1);
        burn();
        Self::new(*self.0)
    }
}

impl PartialEq for Frail {
    fn eq(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        burn();
        self.0 == other.0
    }
}

impl Eq for Frail {}

impl PartialOrd for Frail {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Frail {
    fn cmp(&self, other: &Self) -> Ordering {
        burn();
        self.0.cmp(&other.0)
    }
}

impl Drop for Frail {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        if !std::thread::panicking() {
            burn();
        }
    }
}
