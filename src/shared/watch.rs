//! Those who wait for publications: the wakers of all, and for subscribers the publications they may not have seen yet.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::protocol::Publication;
use super::sync::{Arc, AtomicUsize, Mutex, Ordering, fence, lock};

/// The audience of a cell.
///
/// A writer that finds none pays one fence and one load. Else it takes the lock, behind which only pointers are moved:
/// no state is compared, copied or dropped there, and no code of a user runs, so nobody holds up a writer by being slow.
pub(super) struct Audience<S> {
    size: AtomicUsize,
    room: Mutex<Room<S>>,
}

struct Room<S> {
    /// The latest version that was announced here.
    announced: u64,
    /// The latest publications, their versions without a gap, no more than the most that a subscriber asked for.
    recent: VecDeque<Arc<Publication<S>>>,
    /// How many publications each subscriber asked for.
    bounds: Vec<usize>,
    wakers: Vec<(u64, Waker)>,
    next_id: u64,
}

impl<S> Room<S> {
    fn bound(&self) -> usize {
        self.bounds.iter().copied().max().unwrap_or(0)
    }

    fn evict(&mut self, bound: usize) -> Vec<Arc<Publication<S>>> {
        let excess = self.recent.len().saturating_sub(bound);
        self.recent.drain(..excess).collect()
    }
}

impl<S> Audience<S> {
    pub(super) fn new() -> Self {
        Self {
            size: AtomicUsize::new(0),
            room: Mutex::new(Room {
                announced: 0,
                recent: VecDeque::new(),
                bounds: Vec::new(),
                wakers: Vec::new(),
                next_id: 0,
            }),
        }
    }

    /// Tells everybody of a publication that is in the cell. Telling twice changes nothing; each must be told of before
    /// the next is in the cell.
    pub(super) fn announce(&self, publication: &Arc<Publication<S>>) {
        // Between the publication and this load, as `join` has one between its count and its look at the cell: either we
        // see the newcomer here, or it sees the publication there (store buffering, which needs both fences).
        fence(Ordering::SeqCst);
        if self.size.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut room = lock(&self.room);
        if room.announced >= publication.version {
            return;
        }
        room.announced = publication.version;
        let wakers = std::mem::take(&mut room.wakers);
        let mut evicted = Vec::new();
        let bound = room.bound();
        if bound > 0 {
            if room
                .recent
                .back()
                .is_some_and(|last| last.version + 1 != publication.version)
            {
                evicted = room.evict(0);
            }
            room.recent.push_back(Arc::clone(publication));
            evicted.append(&mut room.evict(bound));
        }
        drop(room);
        for (_, waker) in wakers {
            // A waker that panics is its executor's fault, and must not take the news from the others.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
        drop(evicted);
    }

    /// Joins the audience until the seat is dropped. A subscriber asks to be kept the last `bound` publications, another
    /// asks for none. Look at the cell after joining: what is published later is announced to the seat.
    pub(super) fn join(&self, bound: usize) -> Seat {
        let mut room = lock(&self.room);
        room.next_id += 1;
        let seat = Seat {
            id: room.next_id,
            bound,
        };
        if bound > 0 {
            room.bounds.push(bound);
        }
        drop(room);
        self.size.fetch_add(1, Ordering::Relaxed);
        // See `announce`.
        fence(Ordering::SeqCst);
        seat
    }

    pub(super) fn leave(&self, seat: &Seat) {
        let mut room = lock(&self.room);
        let waker = room.position(seat).map(|at| room.wakers.swap_remove(at));
        if let Some(at) = room.bounds.iter().position(|bound| *bound == seat.bound) {
            room.bounds.swap_remove(at);
        }
        let bound = room.bound();
        let evicted = room.evict(bound);
        drop(room);
        self.size.fetch_sub(1, Ordering::Relaxed);
        drop((waker, evicted));
    }

    /// Has `waker` woken once, at the next announcement. Look at the cell again after this.
    pub(super) fn wake_up(&self, seat: &Seat, waker: &Waker) {
        // Cloned and dropped outside of the lock, for it is an executor's code.
        let mut waker = Some(waker.clone());
        let mut room = lock(&self.room);
        match room.position(seat) {
            Some(at) => {
                if let Some(waker) = &mut waker {
                    std::mem::swap(&mut room.wakers[at].1, waker);
                }
            }
            None => room.wakers.extend(waker.take().map(|waker| (seat.id, waker))),
        }
        drop(room);
        drop(waker);
    }

    /// The publication with this version, if it is still kept.
    pub(super) fn recent(&self, version: u64) -> Option<Arc<Publication<S>>> {
        let room = lock(&self.room);
        let first = room.recent.front()?.version;
        let at = usize::try_from(version.checked_sub(first)?).ok()?;
        room.recent.get(at).cloned()
    }
}

impl<S> Room<S> {
    fn position(&self, seat: &Seat) -> Option<usize> {
        self.wakers.iter().position(|(id, _)| *id == seat.id)
    }
}

/// A place in an audience.
pub(super) struct Seat {
    id: u64,
    bound: usize,
}
