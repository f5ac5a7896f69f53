//! Reading: a guard for a short read, and a caching reader for a loop.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use pleach_shared::internal::{self, Cache, Cell, Publication};

use super::{Published, SharedEnvironment};
use crate::env::{Environment, Snapshot};
use crate::term::{Atom, Term};

/// A state [loaded](SharedEnvironment::load) from a [`SharedEnvironment`] for a short read.
///
/// It derefs to the [`Snapshot`]. If the state was replaced meanwhile and this guard is its last owner, dropping the
/// guard frees the state.
pub struct Guard<T: Term = Atom> {
    pub(super) publication: internal::Guard<Arc<Publication<Published<T>>>>,
}

impl<T: Term> Guard<T> {
    /// Returns the version of the state.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.publication.version
    }

    /// Forks the state: one reference-count increment.
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

/// A reader that caches the state, for one thread's loop of reads.
///
/// Each [`load`](Self::load) only checks that the cached state is still current, by one atomic load that writes to no
/// shared memory.
///
/// `C` is how the reader holds the [`SharedEnvironment`]: a reference, or an `Arc` if the reader must outlive the
/// scope.
///
/// # Limits
/// A reader keeps the state of its last load alive until the next load: drop readers that aren't in use.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use pleach::{Atom, Reader, SharedEnvironment};
///
/// let world = Arc::new(SharedEnvironment::<Atom>::default());
/// let mut reader = Reader::new(Arc::clone(&world));
/// let thread = std::thread::spawn(move || (0..1000).filter(|_| reader.load().contains(&Atom::symbol("apple"))).count());
/// world.update(|env| env.add_fact(Atom::symbol("apple")));
/// assert!(thread.join().unwrap() <= 1000);
/// ```
pub struct Reader<C: Deref<Target = SharedEnvironment<T>>, T: Term = Atom> {
    cache: Cache<CellRef<C>, Arc<Publication<Published<T>>>>,
}

/// The cell of a `SharedEnvironment` that is held by `C`.
struct CellRef<C>(C);

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Deref for CellRef<C> {
    type Target = Cell<Publication<Published<T>>>;

    fn deref(&self) -> &Self::Target {
        &self.0.protocol.cell
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Reader<C, T> {
    /// Creates a reader of `cell`.
    pub fn new(cell: C) -> Self {
        Self {
            cache: Cache::new(CellRef(cell)),
        }
    }

    /// Returns the current state. Wait-free; if nothing was published since the last load, one load and a comparison.
    pub fn load(&mut self) -> &Snapshot<T> {
        &self.cache.load().state.0
    }

    /// Forks the current state: a [`load`](Self::load) and one reference-count increment.
    pub fn fork(&mut self) -> Environment<T> {
        self.cache.load().state.fork()
    }

    /// Returns the version of the current state.
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
