//! A model of `arc-swap` for `loom`, no stronger than its documentation: loads acquire, swaps acquire and release, and
//! there is no other ordering.

use std::ops::Deref;
use std::sync::Mutex;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// The result of a load: here always a full reference, where `arc-swap` may use a debt.
pub type Guard<A> = A;

/// An index, which `loom` tracks, into a table, which it doesn't: so the table adds no ordering.
pub struct Cell<T> {
    current: AtomicUsize,
    table: Mutex<Vec<Arc<T>>>,
}

impl<T> Cell<T> {
    pub fn new(value: Arc<T>) -> Self {
        Self {
            current: AtomicUsize::new(0),
            table: Mutex::new(vec![value]),
        }
    }

    pub fn from_pointee(value: T) -> Self {
        Self::new(Arc::new(value))
    }

    pub fn load(&self) -> Guard<Arc<T>> {
        let at = self.current.load(Ordering::Acquire);
        Arc::clone(&self.table()[at])
    }

    pub fn load_full(&self) -> Arc<T> {
        self.load()
    }

    pub fn compare_and_swap(&self, current: &Arc<T>, new: Arc<T>) -> Guard<Arc<T>> {
        let (from, to) = {
            let mut table = self.table();
            let from = table.iter().position(|value| Arc::ptr_eq(value, current));
            table.push(new);
            (
                from.expect("the current value was loaded from this cell"),
                table.len() - 1,
            )
        };
        match self
            .current
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(at) | Err(at) => Arc::clone(&self.table()[at]),
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Vec<Arc<T>>> {
        self.table.lock().expect("no thread panics with the table locked")
    }
}

/// A reader that caches the value it has loaded.
pub struct Cache<C, A> {
    cell: C,
    kept: A,
}

impl<C: Deref<Target = Cell<T>>, T> Cache<C, Arc<T>> {
    pub fn new(cell: C) -> Self {
        let kept = cell.load_full();
        Self { cell, kept }
    }

    pub fn load(&mut self) -> &Arc<T> {
        self.kept = self.cell.load_full();
        &self.kept
    }
}
