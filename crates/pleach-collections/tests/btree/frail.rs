//! Keys, values and items whose methods panic at a chosen call.

use pleach_testkit::fuse::burn;
use std::cell::Cell;
use std::cmp::Ordering;

thread_local! {
    /// The number of instances cloned on this thread.
    static CLONES: Cell<usize> = const { Cell::new(0) };
    /// The number of comparisons by `==` on this thread.
    static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    /// The number of instances alive on this thread.
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// Returns how many instances `f` clones.
pub(crate) fn clones(f: &mut dyn FnMut()) -> usize {
    CLONES.set(0);
    f();
    CLONES.get()
}

/// Returns how many instances `f` compares by `==`.
pub(crate) fn comparisons(f: &mut dyn FnMut()) -> usize {
    COMPARISONS.set(0);
    f();
    COMPARISONS.get()
}

/// Returns how many instances are alive on this thread.
pub(crate) fn alive() -> isize {
    ALIVE.get()
}

/// A number on the heap, with an origin that `==` and `cmp` ignore. All its methods panic.
#[derive(Debug)]
pub(crate) struct Frail {
    pub(crate) number: Box<u32>,
    pub(crate) origin: u32,
}

impl Frail {
    pub(crate) fn new(number: u32) -> Self {
        Self::from_origin(number, 0)
    }

    pub(crate) fn from_origin(number: u32, origin: u32) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        let number = Box::new(number);
        Self { number, origin }
    }
}

impl Clone for Frail {
    fn clone(&self) -> Self {
        CLONES.set(CLONES.get() + 1);
        burn();
        Self::from_origin(*self.number, self.origin)
    }
}

impl PartialEq for Frail {
    fn eq(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        burn();
        self.number == other.number
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
        self.number.cmp(&other.number)
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

// Functions in place of closures, since operations are compiled once more for each closure.

/// Returns the sum of two values.
pub(crate) fn add(_: &Frail, a: &Frail, b: &Frail) -> Frail {
    burn();
    Frail::new(a.number.wrapping_add(*b.number))
}

/// Returns the second of two values.
pub(crate) fn theirs(_: &Frail, _: &Frail, there: &Frail) -> Frail {
    burn();
    there.clone()
}

/// Resolves a conflict.
pub(crate) fn ours(_: &Frail, _: Option<&Frail>, ours: Option<&Frail>, _: Option<&Frail>) -> Option<Frail> {
    burn();
    ours.cloned()
}

/// Whether an entry is retained.
pub(crate) fn keeps(key: &Frail, _: &Frail) -> bool {
    burn();
    !key.number.is_multiple_of(3)
}
