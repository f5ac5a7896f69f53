//! Panics in user code leave maps, sets and bags valid, and either unchanged or fully changed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::map::Entry;
use pleach_collections::{Bag, Map, Set};
use pleach_testkit::frail_entries::{Key, Number, Value, add, clones, keeps, theirs};
use pleach_testkit::fuse::{self, burn};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A collection under test.
trait Subject: Clone {
    fn contents(&self) -> BTreeMap<u32, u64>;
    /// Returns a copy that shares no nodes.
    fn rebuilt(&self) -> Self;
    fn verify(&self, context: &str);
}

impl Subject for Map<Key, Value> {
    fn contents(&self) -> BTreeMap<u32, u64> {
        self.iter()
            .map(|(key, value)| (*key.number, u64::from(*value.0)))
            .collect()
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
        self.iter().map(|key| (*key.number, 1)).collect()
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
        self.iter().map(|(key, count)| (*key.number, *count)).collect()
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

/// The states that a panic may leave.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    /// The state before or after the operation.
    BeforeOrAfter,
    /// The state before or after for each key, for operations that go key by key.
    EachKey,
}

/// Runs an operation repeatedly, with user code panicking one call later each time, until nothing panics.
fn at_each_call<C: Subject>(name: &str, subjects: &[C], leaves: Leaves, operation: &dyn Fn(&mut C, &[C])) {
    let before: Vec<_> = subjects.iter().map(C::contents).collect();
    let mut changed = subjects[0].clone();
    operation(&mut changed, subjects);
    let after = changed.contents();
    for fuse in 0.. {
        // With shared nodes, and with unshared ones.
        let mut finished = true;
        for own in [false, true] {
            let mut subject = if own {
                subjects[0].rebuilt()
            } else {
                subjects[0].clone()
            };
            fuse::set(Some(fuse));
            let result = catch_unwind(AssertUnwindSafe(|| operation(&mut subject, subjects)));
            fuse::set(None);
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

/// Sizes around those at which a leaf splits and an inner node collapses.
const SIZES: [u32; 8] = [0, 1, 2, 11, 12, 13, 25, 60];

/// An iterator of the user, which panics too.
fn items<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    items.inspect(|_| burn())
}

#[test]
fn panics_leave_maps_valid() {
    use Leaves::{BeforeOrAfter, EachKey};
    fuse::quiet();
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
            at_each_call(name, &maps, BeforeOrAfter, &|map, _| operation(map));
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
            // Dropped first: a panicking drop after the result is built would leak it, rust-lang/rust#47949.
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
        each("retain", &|map| map.retain(keeps));
        type Subject = Map<Key, Value>;
        let combine = |name, operation: &dyn Fn(&mut Subject, &Subject, &Subject)| {
            at_each_call(name, &maps[1..], BeforeOrAfter, &|map, others| {
                operation(map, &others[1], &maps[0])
            });
        };
        combine("union", &|map, other, _| *map = map.union(other));
        combine("union_with", &|map, other, _| *map = map.union_with(other, theirs));
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
        at_each_call("extend", &maps, EachKey, &|map, _| map.extend(added()));
        at_each_call("from_iter", &maps, BeforeOrAfter, &|map, _| *map = added().collect());
        at_each_call("iter_mut", &maps, EachKey, &|map, _| {
            for (_, value) in map.iter_mut() {
                burn();
                *value.0 += 1;
            }
        });
        at_each_call("drain", &[maps[0].clone()], EachKey, &|map, _| {
            map.drain().for_each(drop)
        });
        #[cfg(feature = "rayon")]
        {
            use rayon::prelude::*;
            combine("par_union", &|map, other, _| *map = map.par_union(other));
            combine("par_difference", &|map, other, _| *map = map.par_difference(other));
            each("par_retain", &|map| map.par_retain(keeps));
            at_each_call("par_extend", &maps, EachKey, &|map, _| {
                map.par_extend(added().collect::<Vec<_>>().into_par_iter());
            });
        }
    }
}

/// The operations that come from `im` and `std`.
#[test]
fn new_operations_are_before_or_after_a_panic() {
    fuse::quiet();
    type Operation = fn(&mut Map<Key, Value>);
    let operations: [(&str, Operation); 8] = [
        ("get_disjoint_mut", |map| {
            map.get_disjoint_mut([&Key::new(1), &Key::new(7), &Key::new(900)])
                .into_iter()
                .flatten()
                .for_each(|value| *value.0 = 77);
        }),
        ("extract_if", |map| {
            _ = map.extract_if(|key, _| *key.number == 5).next();
        }),
        ("entry_ref", |map| {
            *map.entry_ref(&Number(1_000)).or_insert(Value::new(1)).0 = 1;
        }),
        ("try_insert", |map| {
            _ = map.try_insert(Key::new(1_001), Value::new(3)).is_ok();
        }),
        ("sum_with", |map| {
            *map = map.sum_with(map, add);
        }),
        ("difference_with", |map| {
            *map = map.difference_with(&map.without(&Key::new(3)), |_, _, _| None);
        }),
        ("intersection_with", |map| {
            *map = map.intersection_with(map, |_, a, b| Value::new(*a.0 * *b.0));
        }),
        ("update_with_key", |map| {
            // Dropped first, as in "alter".
            let add = |_: &Key, a: Value, b: Value| {
                let sum = *a.0 + *b.0;
                drop((a, b));
                Value::new(sum)
            };
            *map = map.update_with_key(Key::new(2), Value::new(9), add);
        }),
    ];
    for n in [0, 3, 12, 13, 200] {
        let base: Map<Key, Value> = (0..n).map(|i| (Key::new(i), Value::new(i))).collect();
        for (name, operation) in operations {
            at_each_call(name, std::slice::from_ref(&base), Leaves::BeforeOrAfter, &|map, _| {
                operation(map)
            });
        }
    }
}

/// A panicking closure, clone or drop leaves every handle valid, and its clones unchanged.
#[test]
fn panics_leave_maps_as_they_were() {
    fuse::quiet();
    let mut map: Map<Key, Value> = Map::new();
    (0..100).for_each(|i| _ = map.insert(Key::new(i), Value::new(i)));
    let assert_whole = |map: &Map<Key, Value>| {
        map.check().unwrap();
        assert_eq!(map.len(), 100);
        assert!(map.iter().all(|(key, value)| key.number == value.0));
    };
    let fails = |fuse: usize, f: &mut dyn FnMut()| {
        fuse::set(Some(fuse));
        assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
        fuse::set(None);
    };
    fails(50, &mut || map.retain(keeps));
    assert_whole(&map);
    fails(usize::MAX, &mut || {
        _ = map.entry(Key::new(1000)).or_insert_with(|| fuse::panic_as_planned())
    });
    assert_whole(&map);
    let mut fork = map.clone();
    fails(77, &mut || _ = fork.iter_mut().count());
    fails(77, &mut || fork.values_mut().for_each(drop));
    fails(77, &mut || _ = fork.drain().count());
    fork.check().unwrap();
    assert_whole(&map);
    let mut fork = map.clone();
    fails(300, &mut || {
        for i in 0..100 {
            *fork.entry(Key::new(i)).or_insert(Value::new(0)).0 = i;
        }
    });
    assert_whole(&fork);
    assert_whole(&map);
}

#[test]
fn panics_leave_sets_as_before_or_after() {
    use Leaves::{BeforeOrAfter, EachKey};
    fuse::quiet();
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
            at_each_call(name, &sets, BeforeOrAfter, &|set, _| operation(set));
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
                *key.number % 3 != 0
            });
        });
        let combine = |name, operation: &dyn Fn(&mut Set<Key>, &Set<Key>)| {
            at_each_call(name, &sets[1..], BeforeOrAfter, &|set, others| {
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
        at_each_call("extend", &sets, EachKey, &|set, _| set.extend(added()));
        at_each_call("from_iter", &sets, BeforeOrAfter, &|set, _| *set = added().collect());
    }
}

#[test]
fn panics_leave_bags_as_before_or_after() {
    use Leaves::{BeforeOrAfter, EachKey};
    fuse::quiet();
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
            at_each_call(name, &bags, BeforeOrAfter, &|bag, _| operation(bag));
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
                *key.number % 3 != 0
            });
        });
        let combine = |name, operation: &dyn Fn(&mut Bag<Key>, &Bag<Key>)| {
            at_each_call(name, &bags[1..], BeforeOrAfter, &|bag, others| {
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
        at_each_call("extend", &bags, EachKey, &|bag, _| bag.extend(added()));
        at_each_call("from_iter", &bags, BeforeOrAfter, &|bag, _| *bag = added().collect());
    }
}

/// The entries that an iterator yielded before it panicked are in the map, whether it was empty or not.
#[test]
fn extend_keeps_what_came_before_a_panic() {
    fuse::quiet();
    for present in [0, 1, 20] {
        for given in [0_u32, 1, 12, 13, 100] {
            let mut map: Map<u32, u32> = (0..present).map(|i| (1000 + i, i)).collect();
            let entries = (0..=given).map(|i| if i < given { (i, i) } else { fuse::panic_as_planned() });
            catch_unwind(AssertUnwindSafe(|| map.extend(entries))).unwrap_err();
            map.check().unwrap();
            assert_eq!(map.len() as u32, present + given);
            let mut set: Set<u32> = (0..present).map(|i| 1000 + i).collect();
            let items = (0..=given).map(|i| if i < given { i } else { fuse::panic_as_planned() });
            catch_unwind(AssertUnwindSafe(|| set.extend(items))).unwrap_err();
            assert_eq!(set.len() as u32, present + given);
        }
    }
}

/// The next call enters a node whose copy panicked.
#[test]
fn iter_mut_yields_all_entries_after_a_panic_was_caught() {
    fuse::quiet();
    for n in [1, 12, 13, 100, 600] {
        let map: Map<Key, Value> = (0..n).map(|i| (Key::new(i), Value::new(i))).collect();
        for fuse in 0..2 * n as usize {
            let mut fork = map.clone();
            let mut entries = fork.iter_mut();
            let (mut found, mut panics) = (0, 0);
            fuse::set(Some(fuse));
            loop {
                assert_eq!(entries.len(), n as usize - found);
                match catch_unwind(AssertUnwindSafe(|| entries.next().map(|(key, _)| *key.number))) {
                    Ok(Some(_)) => found += 1,
                    Ok(None) => break,
                    Err(_) => panics += 1,
                }
            }
            fuse::set(None);
            drop(entries);
            assert_eq!((found, panics), (n as usize, 1), "fuse {fuse}");
            fork.check().unwrap();
            assert_eq!(fork.contents(), map.contents());
        }
    }
}

/// Only the copy of a shared path clones keys: a vacant entry stores the key that it was looked up with.
#[test]
fn entries_do_not_clone_keys() {
    fuse::quiet();
    let mut map: Map<Key, Value> = Map::new();
    let keys: Vec<Key> = (0..1000).map(Key::new).collect();
    let mut keys = keys.into_iter();
    let mut next = || keys.next().unwrap();
    assert_eq!(
        clones(&mut || (0..300).for_each(|i| *map.entry(next()).or_insert(Value::new(i)).0 += 1)),
        0
    );
    assert_eq!(
        clones(&mut || (0..300).for_each(|i| *map.get_or_insert_with(next(), || Value::new(i)).0 += 1)),
        0
    );
    map.check().unwrap();
    assert_eq!(map.len(), 600);
    assert!((0..600).all(|i| *map[&Key::new(i)].0 == i % 300 + 1));
}

/// Dropping recurses to the depth of the trie, which is small.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn large_maps_drop_on_a_small_stack() {
    let build = || {
        let map: Map<u32, u32> = (0..10_000_000).map(|i| (i, i)).collect();
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
