//! Watchers of a cell: threads and tasks that wait for a publication, and subscribers with the publications kept for
//! them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::publication::Publication;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, fence, lock};

/// The watchers of a cell.
///
/// Without watchers, a publication costs one fence and one load. Otherwise it takes the lock, under which only pointers
/// are moved: no state is compared, cloned or dropped there, and no user code runs, so a slow watcher never blocks a
/// writer.
pub(crate) struct Watchers<S> {
    count: AtomicUsize,
    registry: Mutex<Registry<S>>,
}

struct Registry<S> {
    /// The latest version that watchers were notified of.
    notified: u64,
    /// The latest publications, with consecutive versions: at most the greatest of `bounds`.
    recent: VecDeque<Arc<Publication<S>>>,
    /// Number of publications that each subscriber asked to keep.
    bounds: Vec<usize>,
    wakers: Vec<(u64, Waker)>,
    next_id: u64,
}

impl<S> Registry<S> {
    fn bound(&self) -> usize {
        self.bounds.iter().copied().max().unwrap_or(0)
    }

    fn evict(&mut self, bound: usize) -> Vec<Arc<Publication<S>>> {
        let excess = self.recent.len().saturating_sub(bound);
        self.recent.drain(..excess).collect()
    }
}

impl<S> Watchers<S> {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            registry: Mutex::new(Registry {
                notified: 0,
                recent: VecDeque::new(),
                bounds: Vec::new(),
                wakers: Vec::new(),
                next_id: 0,
            }),
        }
    }

    /// Notifies all watchers of the publication that is in the cell. Idempotent. It must be called before the
    /// publication is replaced.
    pub(crate) fn notify(&self, publication: &Arc<Publication<S>>) {
        // Pairs with the fence in `register` (store buffering): either this load sees the new watcher, or the watcher's
        // load of the cell, after it registered, sees the publication.
        fence(Ordering::SeqCst);
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut registry = lock(&self.registry);
        if registry.notified >= publication.version {
            return;
        }
        registry.notified = publication.version;
        let wakers = std::mem::take(&mut registry.wakers);
        let mut evicted = Vec::new();
        let bound = registry.bound();
        if bound > 0 {
            if registry
                .recent
                .back()
                .is_some_and(|last| last.version + 1 != publication.version)
            {
                evicted = registry.evict(0);
            }
            registry.recent.push_back(Arc::clone(publication));
            evicted.append(&mut registry.evict(bound));
        }
        drop(registry);
        for (_, waker) in wakers {
            // A panicking waker must not keep the others from being woken.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
        drop(evicted);
    }

    /// Registers a watcher, for which the last `bound` publications are kept. It must load the cell afterwards: it is
    /// notified only of what is published later.
    pub(crate) fn register(&self, bound: usize) -> Watcher {
        let mut registry = lock(&self.registry);
        registry.next_id += 1;
        let watcher = Watcher {
            id: registry.next_id,
            bound,
        };
        if bound > 0 {
            registry.bounds.push(bound);
        }
        drop(registry);
        self.count.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `notify`.
        fence(Ordering::SeqCst);
        watcher
    }

    /// Removes a watcher.
    pub(crate) fn unregister(&self, watcher: &Watcher) {
        let mut registry = lock(&self.registry);
        let waker = registry.position(watcher).map(|at| registry.wakers.swap_remove(at));
        if let Some(at) = registry.bounds.iter().position(|bound| *bound == watcher.bound) {
            registry.bounds.swap_remove(at);
        }
        let bound = registry.bound();
        let evicted = registry.evict(bound);
        drop(registry);
        self.count.fetch_sub(1, Ordering::Relaxed);
        drop((waker, evicted));
    }

    /// Sets the waker that the next notification wakes, once. The watcher must load the cell again afterwards.
    pub(crate) fn set_waker(&self, watcher: &Watcher, waker: &Waker) {
        // Cloned and dropped outside of the lock: that runs the executor's code.
        let mut waker = Some(waker.clone());
        let mut registry = lock(&self.registry);
        match registry.position(watcher) {
            Some(at) => {
                if let Some(waker) = &mut waker {
                    std::mem::swap(&mut registry.wakers[at].1, waker);
                }
            }
            None => registry.wakers.extend(waker.take().map(|waker| (watcher.id, waker))),
        }
        drop(registry);
        drop(waker);
    }

    /// Returns the publication with this version, if it is still kept.
    pub(crate) fn recent(&self, version: u64) -> Option<Arc<Publication<S>>> {
        let registry = lock(&self.registry);
        let first = registry.recent.front()?.version;
        let at = usize::try_from(version.checked_sub(first)?).ok()?;
        registry.recent.get(at).cloned()
    }
}

impl<S> Registry<S> {
    fn position(&self, watcher: &Watcher) -> Option<usize> {
        self.wakers.iter().position(|(id, _)| *id == watcher.id)
    }
}

/// The registration of a watcher.
pub(crate) struct Watcher {
    id: u64,
    bound: usize,
}
