//! Linearizability under many threads: every committed change is found exactly once, in the publication whose version
//! the commit returned, and that publication lies between the commit's call and its return. Every read is checked
//! against the state that the order of versions gives for its version.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, set_hook, take_hook};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use pleach::env::Change;
use pleach::{Atom, Environment, Event, Outcome, SharedEnvironment};
use pleach_testkit::Random;

/// Payload of the intended panics.
struct OnPurpose;

/// One write: the fact that it added, the version that it returned, if any, and the versions before and after the call.
struct Write {
    atom: String,
    version: Option<u64>,
    before: u64,
    after: u64,
}

/// One read: the version and the number of facts.
struct Read {
    version: u64,
    facts: usize,
}

fn writer(cell: &SharedEnvironment, id: u64, rounds: u64) -> (Vec<Write>, Vec<Read>) {
    let mut random = Random::new(id + 1);
    let mut mine = cell.snapshot();
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let text = format!("(w {id} {round})");
        let atom: Atom = text.parse().unwrap();
        let before = cell.version();
        let version = match random.below(8) {
            0 => {
                // A panic in a closure, then the same write, which must be the only one.
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    cell.update(|env| {
                        env.add_fact(atom.clone());
                        panic_any(OnPurpose);
                    })
                }));
                assert!(panicked.is_err());
                cell.update(|env| env.add_fact(atom.clone()));
                None
            }
            1 => {
                cell.update(|env| env.add_fact(atom.clone()));
                None
            }
            2 => loop {
                let expected = cell.snapshot();
                let mut new = expected.clone();
                new.add_fact(atom.clone());
                if let Ok(version) = cell.publish_if(&expected, &new) {
                    break Some(version);
                }
            },
            3 => {
                // A fork of its own, the fork of a fork, and one that is dropped unseen.
                let mut fork = mine.clone();
                let mut dropped = fork.clone();
                dropped.add_fact("(never seen)".parse().unwrap());
                fork.add_fact(atom);
                let commit = cell.commit(&mut fork.clone());
                assert_ne!(commit.outcome, Outcome::Unchanged);
                // Once more: it is there already, and must not count twice.
                assert_eq!(cell.commit(&mut fork).outcome, Outcome::Unchanged);
                Some(commit.version)
            }
            _ => {
                mine.add_fact(atom.clone());
                let commit = cell.commit(&mut mine);
                assert_ne!(commit.outcome, Outcome::Unchanged);
                assert_eq!(
                    mine.multiplicity(&atom),
                    1,
                    "the handle goes on from what was published"
                );
                Some(commit.version)
            }
        };
        let after = cell.version();
        writes.push(Write {
            atom: text,
            version,
            before,
            after,
        });
        let guard = cell.load();
        reads.push(Read {
            version: guard.version(),
            facts: guard.fact_count(),
        });
    }
    (writes, reads)
}

/// Reads until the writers are done.
fn reader(cell: &SharedEnvironment, done: &AtomicBool) -> Vec<Read> {
    let mut reads = Vec::new();
    let mut cached = cell.reader();
    let mut latest = 0;
    while !done.load(Ordering::Relaxed) {
        let guard = cell.load();
        assert!(guard.version() >= latest, "a read went back");
        latest = guard.version();
        let facts = guard.fact_count();
        assert_eq!(guard.len(), facts as u64, "each once, and nothing torn");
        reads.push(Read { version: latest, facts });
        assert!(cached.version() >= latest, "the cached reader went back");
        thread::sleep(Duration::from_micros(200));
    }
    reads
}

fn stress(threads: u64, rounds: u64) {
    let cell = SharedEnvironment::new(Environment::<Atom>::new());
    let done = AtomicBool::new(false);
    let total = threads * rounds;
    let start = Barrier::new(threads as usize + 2);
    let mut news = cell.subscribe(total as usize);
    let (writes, mut reads) = thread::scope(|scope| {
        let reads = scope.spawn(|| {
            start.wait();
            reader(&cell, &done)
        });
        let writers: Vec<_> = (0..threads)
            .map(|id| {
                let (cell, start) = (&cell, &start);
                scope.spawn(move || {
                    start.wait();
                    writer(cell, id, rounds)
                })
            })
            .collect();
        start.wait();
        let (mut writes, mut reads_of_writers) = (Vec::new(), Vec::new());
        for writer in writers {
            let (wrote, read) = writer.join().unwrap();
            writes.extend(wrote);
            reads_of_writers.extend(read);
        }
        done.store(true, Ordering::Relaxed);
        reads_of_writers.extend(reads.join().unwrap());
        (writes, reads_of_writers)
    });

    // The order: what each version added.
    let mut added_by: HashMap<String, u64> = HashMap::new();
    let mut facts_at = BTreeMap::from([(0, 0)]);
    while let Some(next) = news.try_next() {
        let Event::Changed(update) = next else {
            panic!("the bound was for all")
        };
        for change in update.patch.iter() {
            let Change::Atom {
                space: None,
                atom,
                from,
                to,
            } = change
            else {
                panic!("{change:?} is not ours")
            };
            assert_eq!((from, to), (&0, &1), "{atom} counts once");
            let again = added_by.insert(atom.to_string(), update.version);
            assert!(again.is_none(), "{atom} came once");
        }
        facts_at.insert(update.version, added_by.len());
    }
    assert_eq!(*facts_at.keys().last().unwrap(), cell.version());
    assert_eq!(facts_at.len() as u64, cell.version() + 1, "no version is missing");

    assert_eq!(writes.len() as u64, total);
    assert_eq!(
        added_by.len() as u64,
        total,
        "nothing is lost, and nothing else is there"
    );
    for write in &writes {
        let version = added_by[&write.atom];
        assert!(
            write.before < version && version <= write.after,
            "{} took effect while it was called",
            write.atom
        );
        assert!(
            write.version.is_none_or(|told| told == version),
            "{} was told the truth",
            write.atom
        );
    }
    reads.push(Read {
        version: cell.version(),
        facts: cell.load().fact_count(),
    });
    for read in &reads {
        assert_eq!(facts_at[&read.version], read.facts, "a read at {}", read.version);
    }
    cell.load().check();
}

/// Suppresses the messages of intended panics.
fn quiet_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |info| {
            if !info.payload().is::<OnPurpose>() {
                report(info);
            }
        }));
    });
}

#[test]
fn two_threads() {
    quiet_panics();
    stress(2, 1000);
}

#[test]
fn eight_threads() {
    quiet_panics();
    stress(8, 250);
}

#[test]
fn sixty_four_threads() {
    quiet_panics();
    stress(64, 30);
}

/// An empty environment whose first reads race: the map below must not create its root then.
#[test]
fn many_threads_read_and_clone_one_fresh_empty_environment() {
    let threads = 8;
    let rounds = 200;
    let cell = SharedEnvironment::<Atom>::default();
    let barrier = Barrier::new(threads);
    let found = AtomicU64::new(0);
    let fact: Atom = "(p 1)".parse().unwrap();
    thread::scope(|scope| {
        for id in 0..threads {
            let (cell, barrier, found, fact) = (&cell, &barrier, &found, &fact);
            scope.spawn(move || {
                for round in 0..rounds {
                    if id == round % threads {
                        // Empty from the start, or empty again.
                        let mut env = Environment::new();
                        if round % 2 == 1 {
                            env.add_fact(fact.clone());
                            env.remove_fact(fact);
                        }
                        cell.publish(&env);
                    }
                    barrier.wait();
                    let mut fork = cell.snapshot();
                    found.fetch_add(cell.load().iter().count() as u64, Ordering::Relaxed);
                    assert!(!fork.contains(fact) && fork.iter().next().is_none());
                    fork.add_fact(fact.clone());
                    assert_eq!(fork.union(&cell.snapshot()).len(), 1);
                    assert_eq!(cell.snapshot().diff(&fork).len(), 1);
                    barrier.wait();
                }
            });
        }
    });
    assert_eq!(found.into_inner(), 0);
}
