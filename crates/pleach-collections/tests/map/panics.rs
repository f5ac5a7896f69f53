//! Code of the user that panics leaves maps valid, and what they were or what the operation makes of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::Map;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many calls of the user's code go well before one panics.
    static FUSE: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn burn() {
    let left = FUSE.get();
    if left == 0 {
        FUSE.set(usize::MAX);
        panic!("as planned");
    }
    FUSE.set(left - 1);
}

#[derive(Debug)]
struct Key(Box<u32>);

impl Key {
    fn new(number: u32) -> Self {
        Self(Box::new(number))
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        burn();
        Self(self.0.clone())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        self.0.hash(state);
    }
}

type Subject = Map<Key, Box<u32>>;

fn contents(map: &Subject) -> BTreeMap<u32, u32> {
    map.iter().map(|(key, value)| (*key.0, **value)).collect()
}

fn map_of(keys: std::ops::Range<u32>) -> Subject {
    keys.map(|i| (Key::new(i), Box::new(i))).collect()
}

/// Runs an operation again and again, its code panicking one call later each time, until none panics.
fn at_each_call(maps: &[Subject], operation: impl Fn(&mut Subject, &[Subject])) {
    let before: Vec<_> = maps.iter().map(contents).collect();
    let mut changed = maps[0].clone();
    operation(&mut changed, maps);
    let after = contents(&changed);
    for fuse in 0.. {
        // Once with nodes that others share, and once with nodes of its own.
        let mut finished = true;
        for own in [false, true] {
            let mut map = if own {
                maps[0].iter().map(|(k, v)| (k.clone(), v.clone())).collect()
            } else {
                maps[0].clone()
            };
            FUSE.set(fuse);
            let result = catch_unwind(AssertUnwindSafe(|| operation(&mut map, maps)));
            FUSE.set(usize::MAX);
            finished &= result.is_ok();
            map.check().unwrap();
            let found = contents(&map);
            assert!(
                found == after || (result.is_err() && found == before[0]),
                "fuse {fuse}, own {own}"
            );
            for (map, before) in maps.iter().zip(&before) {
                map.check().unwrap();
                assert_eq!(contents(map), *before);
            }
        }
        if finished {
            return;
        }
    }
}

#[test]
fn panics_leave_maps_valid() {
    std::panic::set_hook(Box::new(|info| {
        if info.payload().downcast_ref::<&str>() != Some(&"as planned") {
            eprintln!("{info}");
        }
    }));
    // Around the sizes where a leaf splits, and an inner node becomes a leaf again.
    for n in [0, 1, 2, 3, 11, 12, 13, 14, 25, 100, 600] {
        let base = map_of(0..n);
        let (mut a, mut b) = (base.clone(), base.clone());
        for i in 0..5 {
            a.insert(Key::new(1000 + i), Box::new(1));
            b.insert(Key::new(1003 + i), Box::new(2));
            b.remove(&Key::new(i));
        }
        let maps = [base, a, b];
        at_each_call(&maps, |map, _| _ = map.insert(Key::new(5000), Box::new(1)));
        at_each_call(&maps, |map, _| _ = map.insert(Key::new(0), Box::new(1)));
        at_each_call(&maps, |map, _| _ = map.remove(&Key::new(0)));
        at_each_call(&maps, |map, _| _ = map.remove(&Key::new(n.saturating_sub(1))));
        at_each_call(&maps, |map, _| _ = map.remove(&Key::new(5000)));
        at_each_call(&maps, |map, _| {
            **map.get_or_insert_with(Key::new(5000), || Box::new(1)) = 1
        });
        if n <= 100 {
            at_each_call(&maps[1..], |map, maps| *map = map.union(&maps[1]));
            at_each_call(&maps, |map, maps| {
                *map = maps[1].merge(map, &maps[2], |_, _, a, _| a.cloned())
            });
            at_each_call(&maps[1..], |map, maps| *map = map.difference(&maps[1]));
        }
    }
}

/// Dropping recurses as deep as the trie, which is not deep.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn large_maps_drop_on_a_small_stack() {
    let build = || {
        let map: Map<u64, u64> = (0..10_000_000).map(|i| (i, i)).collect();
        assert_eq!(map.len(), 10_000_000);
        let mut versions = vec![map];
        for i in 0..100_000 {
            let next = versions[versions.len() - 1].update(10_000_000 + i, i);
            versions.push(next);
        }
        drop(versions);
    };
    std::thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(build)
        .unwrap()
        .join()
        .unwrap();
}
