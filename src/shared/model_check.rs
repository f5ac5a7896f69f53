//! The protocol under `loom`: every interleaving of a few threads, and every value a load may see.
//!
//! ```text
//! RUSTFLAGS="--cfg loom -C target-feature=+aes,+sse2,+popcnt" cargo test --release --lib shared::model_check
//! ```
//! A state here is a set of bits behind a `loom` `Arc`, which finds what is read after it was dropped, and what leaks.
//! What is looked for: a commit that is lost or counted twice, a state that is torn or older than one seen before, a
//! waker or a commit's owner that is never told (`loom` reports the deadlock), and use after drop.

use std::task::{Context, Poll, Wake, Waker};

use loom::model::Builder;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;

use super::outcome::Outcome;
use super::protocol::{Protocol, State};
use super::wait::Waiting;

/// Bits, twice: a read that is not ordered after the write would see none, or only one of the two.
#[derive(Clone)]
struct Bits(Arc<[AtomicU32; 2]>);

impl Bits {
    fn new(bits: u32) -> Self {
        // Stored, for what an atomic is made with is seen by all.
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

    fn is(&self, other: &Self) -> bool {
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

/// Checks every interleaving in which threads are switched at most so often against their will; all of them, if `None`.
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

/// Commits a bit; what is told of it must hold.
fn commit(cell: &Protocol<Bits>, bit: u32) -> u64 {
    let done = cell.commit(&Bits::new(bit));
    assert_eq!(
        done.state.get() & bit,
        bit,
        "the handle goes on from what has its commit"
    );
    assert_ne!(done.commit.outcome, Outcome::Unchanged, "the bit was new");
    done.commit.version
}

fn add(cell: &Protocol<Bits>, bit: u32) {
    let Ok(()) = cell.update(|state| Ok::<_, std::convert::Infallible>((Bits::new(state.get() | bit), ())));
}

#[test]
fn two_commits_are_both_there() {
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
fn three_commits_are_all_there() {
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
fn updates_and_commits_are_all_there() {
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

/// What a later write undid does not come back with a thread that unites a commit anew.
#[test]
fn a_commit_that_is_undone_stays_undone() {
    check(Some(2), || {
        let cell = cell();
        let others = [1, 2].map(|bit| spawn(&cell, move |cell| commit(cell, bit)));
        let Ok(undone) = cell.update(|state| {
            let bits = state.get();
            Ok::<_, std::convert::Infallible>((Bits::new(bits & !1), bits & 1))
        });
        others.into_iter().for_each(|other| drop(other.join().unwrap()));
        assert_eq!(cell.current().state.get(), 3 & !undone);
    });
}

#[test]
fn of_two_that_expect_the_same_one_publishes() {
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
fn a_reader_sees_whole_states_that_only_grow() {
    check(Some(3), || {
        let cell = cell();
        let writers = [1, 2].map(|bit| spawn(&cell, move |cell| drop(cell.commit(&Bits::new(bit)))));
        let mut seen = (0, 0);
        for _ in 0..2 {
            let guard = cell.load();
            let (version, bits) = (guard.version, guard.state.get());
            assert!(version >= seen.0 && bits & seen.1 == seen.1, "a read went back");
            seen = (version, bits);
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
}

#[test]
fn a_state_is_freed_when_it_is_replaced_and_nobody_reads_it() {
    check(None, || {
        let cell = cell();
        let other = spawn(&cell, |cell| drop(cell.publish(&Bits::new(1))));
        let guard = cell.load();
        let bits = guard.state.get();
        drop(cell.publish(&Bits::new(2)));
        assert_eq!(guard.state.get(), bits, "what a guard holds stays");
        drop(guard);
        other.join().unwrap();
    });
}

#[test]
fn one_who_waits_for_a_version_is_woken() {
    check(None, || {
        let cell = cell();
        let other = spawn(&cell, |cell| commit(cell, 1));
        let mut waiting = Waiting::new(&cell);
        let reached = block_on(|context| waiting.poll(1, context));
        assert_eq!((reached.version, reached.state.get()), (1, 1));
        other.join().unwrap();
    });
}

#[test]
fn one_who_waits_for_the_second_of_two_racing_versions_is_woken() {
    check(Some(2), || {
        let cell = cell();
        let others = [1, 2].map(|bit| spawn(&cell, move |cell| add(cell, bit)));
        let mut waiting = Waiting::new(&cell);
        let reached = block_on(|context| waiting.poll(2, context));
        assert_eq!((reached.version, reached.state.get()), (2, 3));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// What `Subscription::poll_next` does.
fn follow(cell: &Protocol<Bits>, versions: u64) {
    let seat = cell.audience.join(4);
    let mut seen = cell.current();
    let missed = seen.version;
    while seen.version < versions {
        let find = |seen: u64| {
            (cell.current().version > seen).then(|| cell.audience.recent(seen + 1).expect("kept for the subscriber"))
        };
        let next = block_on(|context| {
            if let Some(next) = find(seen.version) {
                return Poll::Ready(next);
            }
            cell.audience.wake_up(&seat, context.waker());
            find(seen.version).map_or(Poll::Pending, Poll::Ready)
        });
        assert_eq!(next.version, seen.version + 1);
        assert_eq!(next.state.get() & seen.state.get(), seen.state.get());
        seen = next;
    }
    assert!(missed <= versions);
    cell.audience.leave(&seat);
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
