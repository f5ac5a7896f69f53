//! Reading: a guard for a short read, and a reader that a thread keeps for a loop.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::protocol::Publication;
use super::sync::{self, Cache, Cell};
use super::{Published, SharedEnvironment};
use crate::env::{Environment, Snapshot};
use crate::term::{Atom, Term};

/// The state that was current when it was [loaded](SharedEnvironment::load), borrowed for a short read.
///
/// It derefs to the [`Snapshot`]. Where it is the last to hold a state that was replaced meanwhile, dropping it frees that
/// state.
pub struct Guard<T: Term = Atom> {
    pub(super) publication: sync::Guard<sync::Arc<Publication<Published<T>>>>,
}

impl<T: Term> Guard<T> {
    /// The version of the state.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.publication.version
    }

    /// A fork of the state: one reference-count increment.
    #[must_use]
    pub fn fork(&self) -> Environment<T> {
        self.publication.state.fork()
    }
}

impl<T: Term> Deref for Guard<T> {
    type Target = Snapshot<T>;

    fn deref(&self) -> &Snapshot<T> {
        &self.publication.state.0
    }
}

impl<T: Term> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&**self).finish()
    }
}

/// One thread's reader, for a loop of reads: it keeps the state, and each [`load`](Self::load) only looks whether that is
/// still current, by one load that writes to no shared memory.
///
/// It holds on to the state of its last load until the next: drop a reader that rests.
///
/// `C` is how it holds the cell: a reference, or an `Arc` where the reader must outlive the scope.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use pleach::{Atom, Reader, SharedEnvironment};
///
/// let world = Arc::new(SharedEnvironment::<Atom>::default());
/// let mut reader = Reader::new(Arc::clone(&world));
/// let thread = std::thread::spawn(move || (0..1000).filter(|_| reader.load().contains(&Atom::symbol("news"))).count());
/// world.update(|env| env.add_fact(Atom::symbol("news")));
/// assert!(thread.join().unwrap() <= 1000);
/// ```
pub struct Reader<C: Deref<Target = SharedEnvironment<T>>, T: Term = Atom> {
    cache: Cache<CellOf<C>, sync::Arc<Publication<Published<T>>>>,
}

/// A cell, and what keeps it alive.
struct CellOf<C>(C);

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Deref for CellOf<C> {
    type Target = Cell<Publication<Published<T>>>;

    fn deref(&self) -> &Self::Target {
        &self.0.protocol.cell
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Reader<C, T> {
    /// A reader of the cell.
    pub fn new(cell: C) -> Self {
        Self {
            cache: Cache::new(CellOf(cell)),
        }
    }

    /// The current state. Wait-free; if nothing was published since the last load, one load and a comparison.
    pub fn load(&mut self) -> &Snapshot<T> {
        &self.cache.load().state.0
    }

    /// A fork of the current state: one more reference-count increment.
    pub fn fork(&mut self) -> Environment<T> {
        self.cache.load().state.fork()
    }

    /// The version of the current state.
    pub fn version(&mut self) -> u64 {
        self.cache.load().version
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> fmt::Debug for Reader<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<T: Term> Published<T> {
    pub(super) fn fork(&self) -> Environment<T> {
        Environment::at(Arc::clone(&self.0))
    }
}
