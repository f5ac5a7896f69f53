//! Shared maps, sets and bags: no commit is lost or counts twice, and old values are freed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pleach::shared::{Fork, Outcome, Shared};
use pleach::{Bag, Map, OrdMap, OrdSet, Set, TrieMap, Vector};
use pleach_testkit::quick_check;

/// Counts of a bag add up, so a commit that was merged twice would show.
#[test]
fn racing_commits_count_once() {
    let votes = Shared::new(Bag::new());
    thread::scope(|threads| {
        for thread in 0..8 {
            let votes = &votes;
            threads.spawn(move || {
                let mut mine = votes.fork();
                for round in 0..200 {
                    mine.insert("all", 1);
                    mine.insert(["a", "b", "c"][(thread + round) % 3], 1);
                    votes.commit(&mut mine);
                    if round % 50 == 0 {
                        votes.update(|votes| votes.insert("updates", 1));
                    }
                }
            });
        }
    });
    let votes = votes.snapshot();
    assert_eq!((votes.count("all"), votes.count("updates")), (1_600, 32));
    assert_eq!(["a", "b", "c"].map(|name| votes.count(name)).iter().sum::<u64>(), 1_600);
}

const HANDLES: usize = 3;

/// Commits, updates and publications equal those of a map that is copied whole.
#[test]
fn commits_are_three_way_merges() {
    type Model = BTreeMap<u8, u8>;
    fn merge(ours: &Model, base: &Model, theirs: &Model) -> Model {
        let mut merged = ours.clone();
        for key in base.keys().chain(theirs.keys()) {
            if base.get(key) != theirs.get(key) {
                match theirs.get(key) {
                    Some(value) => drop(merged.insert(*key, *value)),
                    None => drop(merged.remove(key)),
                }
            }
        }
        merged
    }
    fn property(steps: Vec<(u8, u8, u8)>) {
        let shared = Shared::new(Map::new());
        let mut current = Model::new();
        let begin = |_| -> (Fork<Map<u8, u8>>, Model, Model) { (shared.fork(), Model::new(), Model::new()) };
        let mut forks: Vec<_> = (0..HANDLES).map(begin).collect();
        for (kind, key, value) in steps {
            let (fork, base, model) = &mut forks[usize::from(kind) % HANDLES];
            let key = key % 16;
            match kind / 3 % 8 {
                0..3 => {
                    fork.insert(key, value);
                    model.insert(key, value);
                }
                3 => {
                    fork.remove(&key);
                    model.remove(&key);
                }
                4 => {
                    shared.update(|map| map.insert(key, value));
                    current.insert(key, value);
                }
                kind => {
                    let version = shared.version();
                    let expected = merge(&current, base, model);
                    let commit = if kind == 5 {
                        let theirs = |a: &Map<_, _>, base: &Map<_, _>, b: &Map<u8, u8>| {
                            Ok::<_, ()>(a.merge(base, b, |_, _, _, theirs| theirs.copied()))
                        };
                        shared.commit_with(fork, theirs).unwrap()
                    } else {
                        shared.commit(fork)
                    };
                    match commit.outcome {
                        Outcome::Unchanged => assert!(commit.version == version && expected == current),
                        _ => assert_eq!(commit.version, version + 1),
                    }
                    current = expected;
                    (*base, *model) = (current.clone(), current.clone());
                }
            }
            assert!(
                shared
                    .load()
                    .iter()
                    .map(|(key, value)| (*key, *value))
                    .collect::<Model>()
                    == current
            );
            for (fork, base, model) in &forks {
                let plain = |map: &Map<u8, u8>| map.iter().map(|(key, value)| (*key, *value)).collect::<Model>();
                assert_eq!((&plain(fork), &plain(fork.base())), (model, base));
            }
        }
    }
    quick_check(1_000).quickcheck(property as fn(Vec<(u8, u8, u8)>));
}

#[test]
fn all_collections_are_committed() {
    macro_rules! both_are_there {
        ($empty:expr, |$fork:ident, $number:ident| $write:expr) => {{
            let shared = Shared::new($empty);
            let mut forks = [shared.fork(), shared.fork()];
            for (fork, number) in forks.iter_mut().zip([1u8, 2]) {
                let ($fork, $number) = (&mut **fork, number);
                $write;
                shared.commit(fork);
            }
            assert_eq!(shared.load().iter().count(), 2);
        }};
    }
    both_are_there!(Map::<u8, u8>::new(), |map, number| map.insert(number, number));
    both_are_there!(Set::<u8>::new(), |set, number| set.insert(number));
    both_are_there!(Bag::<u8>::new(), |bag, number| bag.insert(number, 1));
    both_are_there!(OrdMap::<u8, u8>::new(), |map, number| map.insert(number, number));
    both_are_there!(OrdSet::<u8>::new(), |set, number| set.insert(number));
    both_are_there!(Vector::<u8>::new(), |items, number| items.push_back(number));
    both_are_there!(TrieMap::<u8>::new(), |map, number| map.insert([number], number));
}

#[test]
fn a_commit_whose_merge_fails_changes_nothing() {
    let shared = Shared::new(Map::from([("a", 1)]));
    let mut mine = shared.fork();
    mine.insert("b", 2);
    shared.update(|map| map.insert("c", 3));
    assert_eq!(shared.commit_with(&mut mine, |_, _, _| Err("no")), Err("no"));
    assert_eq!((shared.version(), mine.len(), mine.base().len()), (1, 2, 1));
    assert_eq!(
        shared.try_update(|map| {
            map.clear();
            Err::<(), _>("no")
        }),
        Err("no")
    );
    assert_eq!(shared.commit(&mut mine).outcome, Outcome::Merged);
    assert_eq!((mine.len(), shared.load().len()), (3, 3));
}

/// A value whose comparison panics on request.
#[derive(Clone)]
struct Delicate(Arc<AtomicBool>);

impl PartialEq for Delicate {
    fn eq(&self, _: &Self) -> bool {
        assert!(!self.0.load(Ordering::Relaxed), "as planned");
        false
    }
}

#[test]
fn a_panic_in_a_merge_changes_nothing() {
    let panics = Arc::new(AtomicBool::new(false));
    let shared = Shared::new(Map::from([("a", Delicate(Arc::clone(&panics)))]));
    let mut mine = shared.fork();
    mine.insert("a", Delicate(Arc::clone(&panics)));
    shared.update(|map| map.insert("a", Delicate(Arc::clone(&panics))));
    panics.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| shared.commit(&mut mine))).is_err());
    assert_eq!(shared.version(), 1);
    panics.store(false, Ordering::Relaxed);
    assert_eq!(shared.commit(&mut mine).version, 2);
}

#[test]
fn subscribers_see_each_publication_and_old_values_are_freed() {
    let shared = Arc::new(Shared::new(Map::new()));
    let mut news = shared.subscribe(2);
    let first = Arc::new(());
    shared.update(|map| map.insert(0, Arc::clone(&first)));
    let mut mine = shared.fork();
    mine.remove(&0);
    shared.commit(&mut mine);
    let seen: Vec<_> = std::iter::from_fn(|| news.try_next()).collect();
    let sizes: Vec<_> = seen
        .iter()
        .map(|news| (news.version, news.before.len(), news.value.len(), news.lagged))
        .collect();
    assert_eq!(sizes, [(1, 0, 1, 0), (2, 1, 0, 0)]);
    drop(seen);
    for i in 0..5 {
        shared.update(|map| map.insert(i, Arc::new(())));
    }
    assert_eq!(
        Arc::strong_count(&first),
        1,
        "neither the cell nor the fork keeps the old value"
    );
    let behind = news.try_next().unwrap();
    assert_eq!((behind.version, behind.lagged, behind.value.len()), (7, 4, 5));
    let waiter = thread::spawn({
        let shared = Arc::clone(&shared);
        move || shared.wait_for(8, Duration::MAX).unwrap().len()
    });
    assert_eq!(shared.publish(Map::new()).len(), 5);
    assert_eq!(waiter.join().unwrap(), 0);
    assert!(shared.wait_for(9, Duration::ZERO).is_none());
    assert_eq!(news.next_timeout(Duration::MAX).unwrap().version, 8);
}
