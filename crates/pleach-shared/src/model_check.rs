//! The protocol under `loom`: every interleaving of a few threads, and every value that a load may return.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --release --lib shared::model_check
//! ```
//! A state is a set of bits behind a `loom` `Arc`, which detects use after drop and leaks. The models look for commits
//! that are lost or counted twice, torn reads, reads that go back in time, and missed wake-ups or completions (which
//! `loom` reports as deadlocks).

use std::task::{Context, Poll, Wake, Waker};

use loom::model::Builder;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;

use crate::outcome::Outcome;
use crate::protocol::{Protocol, State};
use crate::wait::VersionWait;

/// Two copies of the bits: a read that isn't ordered after the write may see neither or only one of them.
#[derive(Clone)]
struct Bits(Arc<[AtomicU32; 2]>);

impl Bits {
    fn new(bits: u32) -> Self {
        // Stored, since every thread sees the value that an atomic is constructed with.
        let both = [AtomicU32::new(0), AtomicU32::new(0)];
        both.iter()
            .for_each(|half| half.store(bits | WRITTEN, Ordering::Relaxed));
        Self(Arc::new(both))
    }

    fn get(&self) -> u32 {
        let [first, second] = [0, 1].map(|at| self.0[at].load(Ordering::Relaxed));
        assert!(first == second && first & WRITTEN != 0, "a torn read");
        first & !WRITTEN
    }
}

const WRITTEN: u32 = 1 << 31;

impl State for Bits {
    fn unite(&self, other: &Self) -> Self {
        match self.get() | other.get() {
            union if union == self.get() => self.clone(),
            union if union == other.get() => other.clone(),
            union => Self::new(union),
        }
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Wakes a thread of the model.
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.notify();
    }
}

fn block_on<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    let bell = std::sync::Arc::new(Bell(Notify::new()));
    let waker = Waker::from(std::sync::Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    loop {
        match poll(&mut context) {
            Poll::Ready(ready) => return ready,
            Poll::Pending => bell.0.wait(),
        }
    }
}

/// Checks every interleaving with at most this number of preemptions; all of them if `None`.
fn check(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(model);
}

fn cell() -> Arc<Protocol<Bits>> {
    Arc::new(Protocol::new(Bits::new(0)))
}

fn spawn<R: 'static>(
    cell: &Arc<Protocol<Bits>>,
    run: impl FnOnce(&Protocol<Bits>) -> R + 'static,
) -> thread::JoinHandle<R> {
    let cell = Arc::clone(cell);
    thread::spawn(move || run(&cell))
}

/// Commits a bit, and checks the result.
fn commit(cell: &Protocol<Bits>, bit: u32) -> u64 {
    let done = cell.commit(&Bits::new(bit));
    assert_eq!(done.state.get() & bit, bit, "the returned state has the commit");
    assert_ne!(done.commit.outcome, Outcome::Unchanged, "the bit was new");
    done.commit.version
}

fn add(cell: &Protocol<Bits>, bit: u32) {
    let Ok(()) = cell.update(|state| Ok::<_, std::convert::Infallible>((Bits::new(state.get() | bit), ())));
}

#[test]
fn two_commits_are_both_published() {
    check(None, || {
        let cell = cell();
        let other = spawn(&cell, |cell| commit(cell, 1));
        let mine = commit(&cell, 2);
        let theirs = other.join().unwrap();
        let current = cell.current();
        assert_eq!(current.state.get(), 3);
        assert_eq!(current.version, mine.max(theirs));
    });
}

#[test]
fn three_commits_are_all_published() {
    check(Some(2), || {
        let cell = cell();
        let others = [1, 2].map(|bit| spawn(&cell, move |cell| commit(cell, bit)));
        let mut versions = vec![commit(&cell, 4)];
        versions.extend(others.map(|other| other.join().unwrap()));
        let current = cell.current();
        assert_eq!(current.state.get(), 7);
        assert_eq!(versions.into_iter().max(), Some(current.version));
    });
}

#[test]
fn updates_and_commits_are_all_published() {
    check(Some(3), || {
        let cell = cell();
        let other = spawn(&cell, |cell| {
            add(cell, 1);
            add(cell, 4);
        });
        commit(&cell, 2);
        other.join().unwrap();
        let current = cell.current();
        assert_eq!(current.state.get(), 7);
        assert!(current.version <= 3);
    });
}

/// A commit that a later write reverted doesn't come back when another thread combines it again.
#[test]
fn a_reverted_commit_stays_reverted() {
    check(Some(2), || {
        let cell = cell();
        let others = [1, 2].map(|bit| spawn(&cell, move |cell| commit(cell, bit)));
        let Ok(undone) = cell.update(|state| {
            let bits = state.get();
            Ok::<_, std::convert::Infallible>((Bits::new(bits & !1), bits & 1))
        });
        others.into_iter().for_each(|other| _ = other.join().unwrap());
        assert_eq!(cell.current().state.get(), 3 & !undone);
    });
}

#[test]
fn one_of_two_conditional_publications_succeeds() {
    check(None, || {
        let cell = cell();
        let expected = cell.current().state.clone();
        let publish = |bit| {
            let expected = expected.clone();
            move |cell: &Protocol<Bits>| cell.publish_if(&expected, &Bits::new(bit)).is_ok()
        };
        let other = spawn(&cell, publish(1));
        let mine = publish(2)(&cell);
        assert!(mine != other.join().unwrap());
        assert_eq!(cell.current().state.get(), if mine { 2 } else { 1 });
    });
}

#[test]
fn a_reader_sees_complete_states_in_order() {
    check(Some(3), || {
        let cell = cell();
        let writers = [1, 2].map(|bit| spawn(&cell, move |cell| drop(cell.commit(&Bits::new(bit)))));
        let mut seen = (0, 0);
        for _ in 0..2 {
            let guard = cell.load();
            let (version, bits) = (guard.version, guard.state.get());
            assert!(version >= seen.0 && bits & seen.1 == seen.1, "a read went back in time");
            seen = (version, bits);
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
}

#[test]
fn a_replaced_state_is_freed_after_its_last_reader() {
    check(None, || {
        let cell = cell();
        let other = spawn(&cell, |cell| drop(cell.publish(&Bits::new(1))));
        let guard = cell.load();
        let bits = guard.state.get();
        drop(cell.publish(&Bits::new(2)));
        assert_eq!(guard.state.get(), bits, "the guard keeps its state");
        drop(guard);
        other.join().unwrap();
    });
}

#[test]
fn a_wait_for_a_version_ends() {
    check(None, || {
        let cell = cell();
        let other = spawn(&cell, |cell| commit(cell, 1));
        let mut waiting = VersionWait::new(&cell);
        let reached = block_on(|context| waiting.poll(1, context));
        assert_eq!((reached.version, reached.state.get()), (1, 1));
        other.join().unwrap();
    });
}

#[test]
fn a_wait_for_the_second_of_two_racing_versions_ends() {
    check(Some(2), || {
        let cell = cell();
        let others = [1, 2].map(|bit| spawn(&cell, move |cell| add(cell, bit)));
        let mut waiting = VersionWait::new(&cell);
        let reached = block_on(|context| waiting.poll(2, context));
        assert_eq!((reached.version, reached.state.get()), (2, 3));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// Follows all versions, as `Subscription::poll_next` does.
fn follow(cell: &Protocol<Bits>, versions: u64) {
    let watcher = cell.watchers.register(4);
    let mut seen = cell.current();
    let missed = seen.version;
    while seen.version < versions {
        let find = |seen: u64| {
            (cell.current().version > seen).then(|| cell.watchers.recent(seen + 1).expect("kept for the subscriber"))
        };
        let next = block_on(|context| {
            if let Some(next) = find(seen.version) {
                return Poll::Ready(next);
            }
            cell.watchers.set_waker(&watcher, context.waker());
            find(seen.version).map_or(Poll::Pending, Poll::Ready)
        });
        assert_eq!(next.version, seen.version + 1);
        assert_eq!(next.state.get() & seen.state.get(), seen.state.get());
        seen = next;
    }
    assert!(missed <= versions);
    cell.watchers.unregister(&watcher);
}

#[test]
fn a_subscriber_sees_each_version_in_order() {
    check(Some(3), || {
        let cell = cell();
        let other = spawn(&cell, |cell| {
            add(cell, 1);
            add(cell, 2);
        });
        follow(&cell, 2);
        other.join().unwrap();
    });
}

#[test]
fn a_subscriber_sees_each_version_of_racing_writers_in_order() {
    check(Some(2), || {
        let cell = cell();
        let others = [1, 2].map(|bit| spawn(&cell, move |cell| add(cell, bit)));
        follow(&cell, 2);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}
