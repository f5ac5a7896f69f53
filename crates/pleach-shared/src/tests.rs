//! Tests of combining, with states whose union blocks or panics.

#![allow(clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::protocol::{Protocol, State};

/// Bits, and a side effect of uniting them.
#[derive(Clone)]
struct Bits(Arc<(u32, Act)>);

enum Act {
    Nothing,
    /// Blocks the first and the second thread that unites it until the gate of that number is open.
    Stop(Arc<Gates>),
    Panic,
}

#[derive(Default)]
struct Gates {
    reached: AtomicUsize,
    open: AtomicUsize,
}

impl Gates {
    fn pass(&self) {
        let gate = self.reached.fetch_add(1, Ordering::SeqCst) + 1;
        if gate <= 2 {
            wait_until(|| self.open.load(Ordering::SeqCst) >= gate);
        }
    }

    fn wait_for(&self, reached: usize) {
        wait_until(|| self.reached.load(Ordering::SeqCst) >= reached);
    }

    fn open(&self, gate: usize) {
        self.open.store(gate, Ordering::SeqCst);
    }
}

impl Bits {
    fn new(bits: u32, act: Act) -> Self {
        Self(Arc::new((bits, act)))
    }
}

impl State for Bits {
    fn unite(&self, other: &Self) -> Self {
        match &other.0.1 {
            Act::Nothing => {}
            Act::Stop(gates) => gates.pass(),
            Act::Panic => panic_any("on purpose"),
        }
        match self.0.0 | other.0.0 {
            union if union == self.0.0 => self.clone(),
            union => Self::new(union, Act::Nothing),
        }
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "timed out");
        thread::sleep(Duration::from_micros(100));
    }
}

/// Runs eight commits at once.
fn race(act: impl Fn(u32) -> Act + Sync) -> (Protocol<Bits>, Vec<thread::Result<(Outcome, u64)>>) {
    let cell = Protocol::new(Bits::new(0, Act::Nothing));
    let start = Barrier::new(8);
    let results = thread::scope(|scope| {
        let (cell, start, act) = (&cell, &start, &act);
        let threads: Vec<_> = (0..8)
            .map(|bit| {
                scope.spawn(move || {
                    let state = Bits::new(1 << bit, act(bit));
                    start.wait();
                    let done = cell.commit(&state);
                    assert_eq!(done.state.0.0 >> bit & 1, 1);
                    (done.commit.outcome, done.commit.version)
                })
            })
            .collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    (cell, results)
}

/// The combiner is preempted while it unites: no thread waits for it forever, and another one publishes its commit.
#[test]
fn a_preempted_combiner_blocks_no_commit() {
    let cell = Protocol::new(Bits::new(0, Act::Nothing));
    let gates = Arc::new(Gates::default());
    let commit = |bits| cell.commit(&Bits::new(bits, Act::Nothing)).commit;
    thread::scope(|scope| {
        let stopped = scope.spawn(|| cell.commit(&Bits::new(1, Act::Stop(Arc::clone(&gates)))).commit);
        // It blocks in its attempt alone, and loses the race; then it queues, combines, and blocks again.
        gates.wait_for(1);
        assert_eq!(commit(2).version, 1);
        gates.open(1);
        gates.wait_for(2);
        let done = commit(4);
        assert_eq!((done.outcome, done.version), (Outcome::Merged, 2));
        assert_eq!(cell.current().state.0.0, 7, "the blocked commit is part of it");
        let Ok(()) = cell.update(|state| {
            let state = Bits::new(state.0.0 | 8, Act::Nothing);
            Ok::<_, std::convert::Infallible>((state, ()))
        });
        let expected = cell.current().state.clone();
        assert!(matches!(
            cell.publish_if(&expected, &Bits::new(31, Act::Nothing)),
            Ok(4)
        ));
        gates.open(2);
        let done = stopped.join().unwrap();
        assert_eq!(
            (done.outcome, done.version),
            (Outcome::Merged, 2),
            "it learns its result"
        );
    });
    assert_eq!((cell.current().state.0.0, cell.current().version), (31, 4));
}

/// Several commits queue behind a preempted combiner: the first whose backoff is exhausted publishes all of them at
/// once.
#[test]
fn queued_commits_are_published_together() {
    let cell = Protocol::new(Bits::new(0, Act::Nothing));
    let gates = Arc::new(Gates::default());
    thread::scope(|scope| {
        let cell = &cell;
        let leader = Bits::new(1, Act::Stop(Arc::clone(&gates)));
        let leader = scope.spawn(move || cell.commit(&leader).commit);
        gates.wait_for(1);
        drop(cell.publish(&Bits::new(256, Act::Nothing)));
        gates.open(1);
        gates.wait_for(2);
        let versions: Vec<u64> = (1..8)
            .map(|bit| scope.spawn(move || cell.commit(&Bits::new(1 << bit, Act::Nothing)).commit.version))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        gates.open(2);
        assert!(
            versions.contains(&leader.join().unwrap().version),
            "it is published with the first of them"
        );
    });
    assert_eq!(cell.current().state.0.0, 511);
}

#[test]
fn racing_commits_are_all_published_and_completed() {
    for _ in 0..200 {
        let (cell, results) = race(|_| Act::Nothing);
        let current = cell.current();
        assert_eq!(current.state.0.0, 255);
        let mut versions: Vec<u64> = results.into_iter().map(|result| result.unwrap().1).collect();
        versions.sort_unstable();
        versions.dedup();
        // Each version brought at least one of them.
        assert_eq!(versions, (1..=current.version).collect::<Vec<_>>());
    }
}

/// A commit whose union panics does so on its own thread, whichever thread combined; the others succeed.
#[test]
fn a_panicking_commit_panics_on_its_own_thread() {
    for _ in 0..50 {
        let (cell, results) = race(|bit| if bit % 4 == 1 { Act::Panic } else { Act::Nothing });
        for (bit, result) in results.iter().enumerate() {
            assert_eq!(result.is_err(), bit % 4 == 1, "{bit}");
        }
        assert_eq!(cell.current().state.0.0, 255 & !0b10_0010);
        assert!(catch_unwind(AssertUnwindSafe(|| cell.commit(&Bits::new(0, Act::Panic)))).is_err());
        assert_eq!(cell.commit(&Bits::new(2, Act::Nothing)).commit.outcome, Outcome::Merged);
    }
}
