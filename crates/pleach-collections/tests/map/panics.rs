//! Code of the user that panics leaves maps, sets and bags valid, and what they were or what the operation makes of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::map::Entry;
use pleach_collections::{Bag, Map, Set};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many calls of the user's code go well before one panics.
    static FUSE: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Keys cloned.
    static CLONES: Cell<usize> = const { Cell::new(0) };
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
        CLONES.set(CLONES.get() + 1);
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

/// A value whose clone and drop panic too.
#[derive(Debug)]
struct Value(Box<u32>);

impl Value {
    fn new(number: u32) -> Self {
        Self(Box::new(number))
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        burn();
        Self(self.0.clone())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            burn();
        }
    }
}

/// What the operations work on.
trait Subject: Clone {
    fn contents(&self) -> BTreeMap<u32, u64>;
    /// The same with nodes of its own.
    fn rebuilt(&self) -> Self;
    fn verify(&self, context: &str);
}

impl Subject for Map<Key, Value> {
    fn contents(&self) -> BTreeMap<u32, u64> {
        self.iter().map(|(key, value)| (*key.0, u64::from(*value.0))).collect()
    }

    fn rebuilt(&self) -> Self {
        self.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn verify(&self, context: &str) {
        self.check()
            .unwrap_or_else(|violation| panic!("{context}: {violation:?}"));
    }
}

impl Subject for Set<Key> {
    fn contents(&self) -> BTreeMap<u32, u64> {
        self.iter().map(|key| (*key.0, 1)).collect()
    }

    fn rebuilt(&self) -> Self {
        self.iter().cloned().collect()
    }

    fn verify(&self, context: &str) {
        self.check()
            .unwrap_or_else(|violation| panic!("{context}: {violation:?}"));
    }
}

impl Subject for Bag<Key> {
    fn contents(&self) -> BTreeMap<u32, u64> {
        self.iter().map(|(key, count)| (*key.0, *count)).collect()
    }

    fn rebuilt(&self) -> Self {
        let mut bag = Self::new();
        bag.extend(self.iter().map(|(key, count)| (key.clone(), *count)));
        bag
    }

    fn verify(&self, context: &str) {
        self.check()
            .unwrap_or_else(|violation| panic!("{context}: {violation:?}"));
    }
}

/// What a panic may leave.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    /// What was there before, or what the operation makes of it.
    BeforeOrAfter,
    /// For each key one or the other: operations that go from key to key.
    EachKey,
}

/// Runs an operation again and again, the user's code panicking one call later each time, until none panics.
fn at_each_call<C: Subject>(name: &str, subjects: &[C], leaves: Leaves, operation: impl Fn(&mut C, &[C])) {
    let before: Vec<_> = subjects.iter().map(C::contents).collect();
    let mut changed = subjects[0].clone();
    operation(&mut changed, subjects);
    let after = changed.contents();
    for fuse in 0.. {
        // Once with nodes that others share, and once with nodes of its own.
        let mut finished = true;
        for own in [false, true] {
            let mut subject = if own {
                subjects[0].rebuilt()
            } else {
                subjects[0].clone()
            };
            FUSE.set(fuse);
            let result = catch_unwind(AssertUnwindSafe(|| operation(&mut subject, subjects)));
            FUSE.set(usize::MAX);
            finished &= result.is_ok();
            let context = format!("{name} of {}, fuse {fuse}, own {own}", before[0].len());
            subject.verify(&context);
            let found = subject.contents();
            if leaves == Leaves::EachKey && result.is_err() {
                let keys = before[0].keys().chain(after.keys()).chain(found.keys());
                for key in keys {
                    let of = |contents: &BTreeMap<u32, u64>| contents.get(key).copied();
                    assert!([of(&before[0]), of(&after)].contains(&of(&found)), "{context}: {key}");
                }
            } else {
                assert!(
                    found == after || (result.is_err() && found == before[0]),
                    "{context}: {found:?}"
                );
            }
            for (subject, before) in subjects.iter().zip(&before) {
                subject.verify(&context);
                assert_eq!(subject.contents(), *before, "{context}");
            }
        }
        if finished {
            return;
        }
    }
}

fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        if info.payload().downcast_ref::<&str>() != Some(&"as planned") {
            eprintln!("{info}");
        }
    }));
}

/// Around the sizes where a leaf splits, and an inner node becomes a leaf again.
const SIZES: [u32; 8] = [0, 1, 2, 11, 12, 13, 25, 60];

/// A user's iterator, which panics too.
fn items<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    items.inspect(|_| burn())
}

#[test]
fn panics_leave_maps_valid() {
    use Leaves::{BeforeOrAfter, EachKey};
    quiet();
    for n in SIZES.into_iter().chain([600]) {
        let base: Map<Key, Value> = (0..n).map(|i| (Key::new(i), Value::new(i))).collect();
        let (mut a, mut b) = (base.clone(), base.clone());
        for i in 0..5 {
            a.insert(Key::new(1000 + i), Value::new(1));
            b.insert(Key::new(1003 + i), Value::new(2));
            b.remove(&Key::new(i));
        }
        let maps = [base, a, b];
        let new = || (Key::new(5000), Value::new(1));
        let last = n.saturating_sub(1);
        let each = |name, operation: &dyn Fn(&mut Map<Key, Value>)| {
            at_each_call(name, &maps, BeforeOrAfter, |map, _| operation(map));
        };
        each("insert", &|map| _ = map.insert(new().0, new().1));
        each("insert again", &|map| _ = map.insert(Key::new(0), Value::new(1)));
        each("remove first", &|map| _ = map.remove(&Key::new(0)));
        each("remove last", &|map| _ = map.remove_entry(&Key::new(last)));
        each("remove nothing", &|map| _ = map.remove(&Key::new(5000)));
        each("get_or_insert_with", &|map| {
            _ = map.get_or_insert_with(new().0, || new().1)
        });
        each("get_or_insert_with again", &|map| {
            *map.get_or_insert_with(Key::new(last), || new().1).0 = 7
        });
        each("get_mut", &|map| {
            if let Some(value) = map.get_mut(&Key::new(last)) {
                *value.0 = 9;
            }
        });
        each("entry or_insert", &|map| _ = map.entry(new().0).or_insert(new().1));
        each("entry or_insert_with_key", &|map| {
            map.entry(new().0).or_insert_with_key(|_| {
                burn();
                new().1
            });
        });
        each("entry and_modify", &|map| {
            _ = map.entry(Key::new(last)).and_modify(|value| *value.0 = 8);
        });
        each("entry insert_entry", &|map| {
            _ = map.entry(new().0).insert_entry(new().1)
        });
        each("entry remove", &|map| {
            if let Entry::Occupied(entry) = map.entry(Key::new(last)) {
                entry.remove();
            }
        });
        each("entry insert", &|map| {
            if let Entry::Occupied(mut entry) = map.entry(Key::new(last)) {
                entry.insert(Value::new(3));
            }
        });
        each("update", &|map| *map = map.update(new().0, new().1));
        each("alter", &|map| {
            // Dropped first: a drop that panics after the result was made would leak it, rust-lang/rust#47949.
            let change = |old: Option<Value>| {
                drop(old);
                Some(new().1)
            };
            *map = map.alter(change, Key::new(0));
        });
        each("without", &|map| *map = map.without(&Key::new(0)));
        each("clear", &|map| map.clear());
        if n > 60 {
            continue;
        }
        each("retain", &|map| {
            map.retain(|key, _| {
                burn();
                *key.0 % 3 != 0
            });
        });
        type Subject = Map<Key, Value>;
        let combine = |name, operation: &dyn Fn(&mut Subject, &Subject, &Subject)| {
            at_each_call(name, &maps[1..], BeforeOrAfter, |map, others| {
                operation(map, &others[1], &maps[0])
            });
        };
        combine("union", &|map, other, _| *map = map.union(other));
        combine("union_with", &|map, other, _| {
            *map = map.union_with(other, |_, _, there| {
                burn();
                there.clone()
            });
        });
        combine("intersection", &|map, other, _| *map = map.intersection(other));
        combine("difference", &|map, other, _| *map = map.difference(other));
        combine("symmetric_difference", &|map, other, _| {
            *map = map.symmetric_difference(other)
        });
        combine("merge", &|map, other, base| {
            *map = map.merge(base, other, |_, _, a, _| {
                burn();
                a.cloned()
            });
        });
        combine("diff", &|map, other, _| _ = map.diff(other).count());
        combine("extend by a map", &|map, other, _| *map = map.union(&other.rebuilt()));
        let added = || items((n / 2..n + 9).map(|i| (Key::new(i), Value::new(i + 1))));
        at_each_call("extend", &maps, EachKey, |map, _| map.extend(added()));
        at_each_call("from_iter", &maps, BeforeOrAfter, |map, _| *map = added().collect());
        at_each_call("iter_mut", &maps, EachKey, |map, _| {
            for (_, value) in map.iter_mut() {
                burn();
                *value.0 += 1;
            }
        });
        at_each_call("drain", &[maps[0].clone()], EachKey, |map, _| {
            map.drain().for_each(drop)
        });
        #[cfg(feature = "rayon")]
        {
            use rayon::prelude::*;
            combine("par_union", &|map, other, _| *map = map.par_union(other));
            combine("par_difference", &|map, other, _| *map = map.par_difference(other));
            each("par_retain", &|map| {
                map.par_retain(|key, _| {
                    burn();
                    *key.0 % 3 != 0
                });
            });
            at_each_call("par_extend", &maps, EachKey, |map, _| {
                map.par_extend(added().collect::<Vec<_>>().into_par_iter());
            });
        }
    }
}

#[test]
fn panics_leave_sets_as_before_or_after() {
    use Leaves::{BeforeOrAfter, EachKey};
    quiet();
    for n in SIZES {
        let base: Set<Key> = (0..n).map(Key::new).collect();
        let (mut a, mut b) = (base.clone(), base.clone());
        for i in 0..5 {
            a.insert(Key::new(1000 + i));
            b.insert(Key::new(1003 + i));
            b.remove(&Key::new(i));
        }
        let sets = [base, a, b];
        let last = n.saturating_sub(1);
        let each = |name, operation: &dyn Fn(&mut Set<Key>)| {
            at_each_call(name, &sets, BeforeOrAfter, |set, _| operation(set));
        };
        each("insert", &|set| _ = set.insert(Key::new(5000)));
        each("insert again", &|set| _ = set.insert(Key::new(last)));
        each("replace", &|set| _ = set.replace(Key::new(last)));
        each("replace nothing", &|set| _ = set.replace(Key::new(5000)));
        each("remove", &|set| _ = set.remove(&Key::new(last)));
        each("take", &|set| _ = set.take(&Key::new(0)));
        each("update", &|set| *set = set.update(Key::new(5000)));
        each("without", &|set| *set = set.without(&Key::new(0)));
        each("retain", &|set| {
            set.retain(|key| {
                burn();
                *key.0 % 3 != 0
            });
        });
        let combine = |name, operation: &dyn Fn(&mut Set<Key>, &Set<Key>)| {
            at_each_call(name, &sets[1..], BeforeOrAfter, |set, others| {
                operation(set, &others[1])
            });
        };
        combine("union", &|set, other| *set = set.union(other));
        combine("intersection", &|set, other| *set = set.intersection(other));
        combine("difference", &|set, other| *set = set.difference(other));
        combine("symmetric_difference", &|set, other| {
            *set = set.symmetric_difference(other)
        });
        combine("merge", &|set, other| *set = set.merge(&sets[0], other));
        combine("questions", &|set, other| {
            _ = (set.is_subset(other), set.is_disjoint(other), set == other)
        });
        let added = || items((n / 2..n + 9).map(Key::new));
        at_each_call("extend", &sets, EachKey, |set, _| set.extend(added()));
        at_each_call("from_iter", &sets, BeforeOrAfter, |set, _| *set = added().collect());
    }
}

#[test]
fn panics_leave_bags_as_before_or_after() {
    use Leaves::{BeforeOrAfter, EachKey};
    quiet();
    for n in SIZES {
        let bag = |counts: &[(u32, u64)]| -> Bag<Key> {
            let mut bag = Bag::new();
            bag.extend(counts.iter().map(|(item, count)| (Key::new(*item), *count)));
            bag
        };
        let base = bag(&(0..n).map(|i| (i, 2)).collect::<Vec<_>>());
        let (mut a, mut b) = (base.clone(), base.clone());
        for i in 0..5 {
            a.insert(Key::new(1000 + i), 1);
            b.insert(Key::new(1003 + i), 2);
            b.remove(&Key::new(i), 1);
        }
        let bags = [base, a, b];
        let last = n.saturating_sub(1);
        let each = |name, operation: &dyn Fn(&mut Bag<Key>)| {
            at_each_call(name, &bags, BeforeOrAfter, |bag, _| operation(bag));
        };
        each("insert", &|bag| _ = bag.insert(Key::new(5000), 3));
        each("insert again", &|bag| _ = bag.insert(Key::new(last), 3));
        each("remove one", &|bag| _ = bag.remove(&Key::new(last), 1));
        each("remove both", &|bag| _ = bag.remove(&Key::new(last), 2));
        each("remove_all", &|bag| _ = bag.remove_all(&Key::new(0)));
        each("set_count", &|bag| _ = bag.set_count(Key::new(5000), 4));
        each("set_count again", &|bag| _ = bag.set_count(Key::new(last), 4));
        each("set_count to 0", &|bag| _ = bag.set_count(Key::new(last), 0));
        each("retain", &|bag| {
            bag.retain(|key, _| {
                burn();
                *key.0 % 3 != 0
            });
        });
        let combine = |name, operation: &dyn Fn(&mut Bag<Key>, &Bag<Key>)| {
            at_each_call(name, &bags[1..], BeforeOrAfter, |bag, others| {
                operation(bag, &others[1])
            });
        };
        combine("union", &|bag, other| *bag = bag.union(other));
        combine("intersection", &|bag, other| *bag = bag.intersection(other));
        combine("difference", &|bag, other| *bag = bag.difference(other));
        combine("sum", &|bag, other| *bag = bag.sum(other));
        combine("merge", &|bag, other| *bag = bag.merge(&bags[0], other));
        combine("questions", &|bag, other| {
            _ = (bag.is_subset(other), bag.is_disjoint(other), bag == other)
        });
        let added = || items((n / 2..n + 9).map(Key::new));
        at_each_call("extend", &bags, EachKey, |bag, _| bag.extend(added()));
        at_each_call("from_iter", &bags, BeforeOrAfter, |bag, _| *bag = added().collect());
    }
}

/// What an iterator gave before it panicked stays, in a map that was empty as in another.
#[test]
fn extend_keeps_what_came_before_a_panic() {
    quiet();
    for present in [0, 1, 20] {
        for given in [0_u32, 1, 12, 13, 100] {
            let mut map: Map<u32, u32> = (0..present).map(|i| (1000 + i, i)).collect();
            let entries = (0..=given).map(|i| if i < given { (i, i) } else { panic!("as planned") });
            catch_unwind(AssertUnwindSafe(|| map.extend(entries))).unwrap_err();
            map.check().unwrap();
            assert_eq!(map.len() as u32, present + given);
            let mut set: Set<u32> = (0..present).map(|i| 1000 + i).collect();
            let items = (0..=given).map(|i| if i < given { i } else { panic!("as planned") });
            catch_unwind(AssertUnwindSafe(|| set.extend(items))).unwrap_err();
            assert_eq!(set.len() as u32, present + given);
        }
    }
}

/// A node whose copy panics is entered by the next call.
#[test]
fn iter_mut_yields_all_entries_after_a_panic_was_caught() {
    quiet();
    for n in [1, 12, 13, 100, 600] {
        let map: Map<Key, Value> = (0..n).map(|i| (Key::new(i), Value::new(i))).collect();
        for fuse in 0..2 * n as usize {
            let mut fork = map.clone();
            let mut entries = fork.iter_mut();
            let (mut found, mut panics) = (0, 0);
            FUSE.set(fuse);
            loop {
                assert_eq!(entries.len(), n as usize - found);
                match catch_unwind(AssertUnwindSafe(|| entries.next().map(|(key, _)| *key.0))) {
                    Ok(Some(_)) => found += 1,
                    Ok(None) => break,
                    Err(_) => panics += 1,
                }
            }
            FUSE.set(usize::MAX);
            drop(entries);
            assert_eq!((found, panics), (n as usize, 1), "fuse {fuse}");
            fork.check().unwrap();
            assert_eq!(fork.contents(), map.contents());
        }
    }
}

/// Only a copy of a shared path clones keys; a place that is filled takes the key that it was asked for with.
#[test]
fn entries_do_not_clone_keys() {
    quiet();
    let mut map: Map<Key, u32> = Map::new();
    let keys: Vec<Key> = (0..1000).map(Key::new).collect();
    let clones = |f: &mut dyn FnMut()| {
        CLONES.set(0);
        f();
        CLONES.get()
    };
    let mut keys = keys.into_iter();
    let mut next = || keys.next().unwrap();
    assert_eq!(
        clones(&mut || (0..300).for_each(|i| *map.entry(next()).or_insert(i) += 1)),
        0
    );
    assert_eq!(
        clones(&mut || (0..300).for_each(|i| *map.get_or_insert_with(next(), || i) += 1)),
        0
    );
    map.check().unwrap();
    assert_eq!(map.len(), 600);
    assert!((0..600).all(|i| map[&Key::new(i)] == i % 300 + 1));
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
