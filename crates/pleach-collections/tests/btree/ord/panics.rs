//! Panics in user code leave maps and sets valid, and either unchanged or fully changed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::frail::{Frail, add, alive, clones, keeps, ours, theirs};
use pleach_collections::ord_map::Entry;
use pleach_collections::{OrdMap, OrdSet};
use pleach_testkit::fuse::{self, burn};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Subject = OrdMap<Frail, Frail>;
type Contents = Vec<(u32, u32)>;

fn contents(map: &Subject) -> Contents {
    map.iter().map(|(key, value)| (*key.number, *value.number)).collect()
}

/// Returns a copy of the same shape that shares no nodes.
fn unshared(map: &Subject) -> Subject {
    let mut copy = map.clone();
    copy.iter_mut().for_each(|_| {});
    copy
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
fn at_each_call(name: &str, subjects: &[Subject], leaves: Leaves, operation: &dyn Fn(&mut Subject, &[Subject])) {
    let before: Vec<_> = subjects.iter().map(contents).collect();
    let mut changed = subjects[0].clone();
    operation(&mut changed, subjects);
    let after = contents(&changed);
    drop(changed);
    for fuse in 0.. {
        // With shared nodes, and with unshared ones.
        let mut finished = true;
        for own in [false, true] {
            let mut subject = if own {
                unshared(&subjects[0])
            } else {
                subjects[0].clone()
            };
            fuse::set(Some(fuse));
            let result = catch_unwind(AssertUnwindSafe(|| operation(&mut subject, subjects)));
            fuse::set(None);
            finished &= result.is_ok();
            let context = format!("{name} of {}, fuse {fuse}, own {own}", before[0].len());
            subject
                .check()
                .unwrap_or_else(|violation| panic!("{context}: {violation:?}"));
            let found = contents(&subject);
            assert_eq!(found.len(), subject.len(), "{context}");
            if leaves == Leaves::EachKey && result.is_err() {
                let all = [&before[0], &after, &found]
                    .map(|c| c.iter().copied().collect::<std::collections::BTreeMap<_, _>>());
                for key in all.iter().flat_map(|contents| contents.keys()) {
                    let [before, after, found] = [0, 1, 2].map(|i| all[i].get(key));
                    assert!([before, after].contains(&found), "{context}: {key}");
                }
            } else {
                assert!(
                    found == after || (result.is_err() && found == before[0]),
                    "{context}: {found:?}"
                );
            }
            for (subject, before) in subjects.iter().zip(&before) {
                subject
                    .check()
                    .unwrap_or_else(|violation| panic!("{context}: {violation:?}"));
                assert_eq!(contents(subject), *before, "{context}");
            }
        }
        if finished {
            return;
        }
    }
}

/// Lengths of leaves of 16 entries, or of 4 with tiny nodes, and of trees of a few leaves that insertions split.
const SIZES: [u32; 14] = [0, 1, 5, 6, 7, 8, 16, 17, 18, 19, 20, 65, 128, 300];

fn frail(numbers: impl Iterator<Item = u32>) -> impl Iterator<Item = (Frail, Frail)> {
    numbers.map(|i| (Frail::new(i), Frail::new(i)))
}

#[test]
fn panics_leave_maps_valid() {
    use Leaves::{BeforeOrAfter, EachKey};
    fuse::quiet();
    for n in SIZES {
        // Even keys.
        let mut base = Subject::new();
        frail((0..n).map(|i| 2 * i)).for_each(|(key, value)| _ = base.insert(key, value));
        let (mut a, mut b) = (base.clone(), base.clone());
        for i in 0..4 {
            a.insert(Frail::new(101 + 2 * i), Frail::new(1));
            b.insert(Frail::new(105 + 2 * i), Frail::new(2));
            b.remove(&Frail::new(2 * i));
            b.remove(&Frail::new(2 * i + n));
        }
        let maps = [base, a, b];
        let middle = n;
        let last = (2 * n).saturating_sub(2);
        let each = |name, operation: &dyn Fn(&mut Subject)| {
            at_each_call(name, &maps, BeforeOrAfter, &|map, _| operation(map));
        };
        each("insert", &|map| _ = map.insert(Frail::new(middle | 1), Frail::new(1)));
        each("insert last", &|map| _ = map.insert(Frail::new(5000), Frail::new(1)));
        each("insert again", &|map| _ = map.insert(Frail::new(0), Frail::new(1)));
        each("remove first", &|map| _ = map.remove(&Frail::new(0)));
        each("remove last", &|map| _ = map.remove_entry(&Frail::new(last)));
        each("remove nothing", &|map| _ = map.remove(&Frail::new(5001)));
        each("pop_first", &|map| _ = map.pop_first());
        each("pop_last", &|map| _ = map.pop_last());
        each("get_mut", &|map| {
            if let Some(value) = map.get_mut(&Frail::new(last)) {
                *value.number = 9;
            }
        });
        each("entry or_insert_with_key", &|map| {
            map.entry(Frail::new(middle | 1)).or_insert_with_key(|_| {
                burn();
                Frail::new(7)
            });
        });
        each("entry and_modify", &|map| {
            _ = map.entry(Frail::new(last)).and_modify(|value| *value.number = 8);
        });
        each("entry remove", &|map| {
            if let Entry::Occupied(entry) = map.entry(Frail::new(last)) {
                entry.remove();
            }
        });
        each("update", &|map| {
            *map = map.update(Frail::new(middle | 1), Frail::new(1))
        });
        each("without", &|map| *map = map.without(&Frail::new(0)));
        each("clear", &|map| map.clear());
        each("split_off", &|map| drop(map.split_off(&Frail::new(middle))));
        each("split_off shared", &|map| {
            *map = map.clone().split_off(&Frail::new(middle | 1))
        });
        each("cut", &|map| *map = map.skip(3).take(n as usize));
        if n > 130 {
            continue;
        }
        at_each_call("retain", &maps, EachKey, &|map, _| map.retain(keeps));
        each("extract_if", &|map| {
            _ = map.extract_if(.., |key, _| *key.number == 6).next();
        });
        each("range_mut", &|map| {
            if let Some((_, value)) = map.range_mut(Frail::new(middle)..).next_back() {
                *value.number = 3;
            }
        });
        let combine = |name, operation: &dyn Fn(&mut Subject, &Subject, &Subject)| {
            at_each_call(name, &maps[1..], BeforeOrAfter, &|map, others| {
                operation(map, &others[1], &maps[0])
            });
        };
        combine("union", &|map, other, _| *map = map.union(other));
        combine("union_with", &|map, other, _| *map = map.union_with(other, theirs));
        combine("sum_with", &|map, other, _| *map = map.sum_with(other, add));
        combine("intersection", &|map, other, _| *map = map.intersection(other));
        combine("difference", &|map, other, _| *map = map.difference(other));
        combine("symmetric_difference", &|map, other, _| {
            *map = map.symmetric_difference(other)
        });
        combine("merge", &|map, other, base| *map = map.merge(base, other, ours));
        combine("diff", &|map, other, _| _ = map.diff(other).count());
        combine("append", &|map, other, _| map.append(&mut other.clone()));
        at_each_call("append unshared", &maps[1..], EachKey, &|map, others| {
            map.append(&mut unshared(&others[1]))
        });
        at_each_call(
            "append to few",
            &[maps[1].take(2), maps[2].clone()],
            EachKey,
            &|map, others| map.append(&mut unshared(&others[1])),
        );
        combine("append after", &|map, other, _| {
            map.append(&mut other.split(&Frail::new(400)).1)
        });
        let added = || frail(n / 2..n + 9).inspect(|_| burn());
        at_each_call("extend", &maps, EachKey, &|map, _| map.extend(added()));
        at_each_call("from_iter", &maps, BeforeOrAfter, &|map, _| *map = added().collect());
        at_each_call("iter_mut", &maps, EachKey, &|map, _| {
            for (_, value) in map.iter_mut() {
                burn();
                *value.number += 1;
            }
        });
        at_each_call("into_iter", &[maps[0].clone()], EachKey, &|map, _| {
            std::mem::take(map).into_iter().for_each(drop);
        });
    }
}

/// A panic after the root's children were merged doesn't leave a root of one child, nor do two panics.
#[test]
fn panics_in_removals_leave_no_root_of_one_child() {
    fuse::quiet();
    for n in [5, 6, 7, 8, 17, 18, 19, 20] {
        for pattern in [0b0, 0b1, 0b0110, 0b0001, 0b1110] {
            let mut map = Subject::new();
            frail(0..n).for_each(|(key, value)| _ = map.insert(key, value));
            for i in 0..n {
                let last = map.len() as u32 - 1;
                let key = map.nth((last * (pattern >> (i % 4) & 1)) as usize).unwrap().0.clone();
                at_each_call("remove", &[map.clone()], Leaves::BeforeOrAfter, &|map, _| {
                    _ = map.remove(&key)
                });
                for (first, second) in (0..12).flat_map(|first| [0, 1, 2, 3, 5, 8].map(|second| (first, second))) {
                    let mut map = unshared(&map);
                    for fuse in [first, second] {
                        fuse::set(Some(fuse));
                        _ = catch_unwind(AssertUnwindSafe(|| drop(map.remove(&key))));
                        fuse::set(None);
                        map.check().unwrap();
                    }
                }
                map.remove(&key);
            }
        }
    }
}

/// A panic in the drop of a separator loses no entries, however the iterator is continued.
#[test]
fn into_iter_yields_all_entries_after_a_panic_was_caught() {
    fuse::quiet();
    for n in [20, 65, 600] {
        let map: Subject = frail(0..n).collect();
        for (fuse, own) in (0..60).flat_map(|fuse| [(fuse, true), (fuse, false)]) {
            let mut entries = if own { unshared(&map) } else { map.clone() }.into_iter();
            let mut found = Vec::new();
            fuse::set(Some(fuse));
            loop {
                assert_eq!(entries.len(), n as usize - found.len());
                let next = || match (found.len() / 3) % 2 {
                    0 => entries.next(),
                    _ => entries.next_back(),
                };
                match catch_unwind(AssertUnwindSafe(next)) {
                    Ok(Some(entry)) => found.push(entry),
                    Ok(None) => break,
                    Err(_) => {}
                }
            }
            fuse::set(None);
            let mut found: Vec<_> = found.iter().map(|(key, _)| *key.number).collect();
            found.sort_unstable();
            assert!(found.into_iter().eq(0..n), "{n}, fuse {fuse}, own {own}");
        }
    }
}

/// Nothing leaks without a panic, and nothing is dropped twice.
#[test]
fn all_entries_are_dropped_once() {
    let before = alive();
    {
        let base: Subject = frail(0..2000).collect();
        let mut map = base.clone();
        frail(500..2500).for_each(|(key, value)| _ = map.insert(key, value));
        (0..900).for_each(|i| _ = map.remove(&Frail::new(i * 2)));
        let mut parts = map.clone();
        let mut rest = parts.split_off(&Frail::new(1200));
        rest.retain(keeps);
        parts.append(&mut rest);
        let mut entries = map.union(&parts).into_iter();
        (0..300).for_each(|_| _ = (entries.next(), entries.next_back()));
        let owned: Subject = frail(0..1000).collect();
        let mut entries = owned.into_iter();
        (0..200).for_each(|_| _ = (entries.next(), entries.next_back()));
    }
    assert_eq!(alive(), before);
}

#[test]
fn panics_leave_sets_as_before_or_after() {
    fuse::quiet();
    let contents =
        |set: &OrdSet<Frail>| -> Vec<(u32, u32)> { set.iter().map(|item| (*item.number, item.origin)).collect() };
    type Operation = fn(&mut OrdSet<Frail>);
    let operations: [Operation; 6] = [
        |set| _ = set.insert(Frail::new(11)),
        |set| _ = set.replace(Frail::from_origin(10, 1)),
        |set| _ = set.replace(Frail::new(13)),
        |set| _ = set.remove(&Frail::new(40)),
        |set| _ = set.take(&Frail::new(0)),
        |set| *set = set.union(&set.without(&Frail::new(2)).update(Frail::new(77))),
    ];
    for n in [0, 1, 64, 130] {
        let base: OrdSet<Frail> = (0..n).map(|i| Frail::new(2 * i)).collect();
        for operation in operations {
            let mut after = base.clone();
            operation(&mut after);
            for fuse in 0.. {
                let mut set = base.clone();
                fuse::set(Some(fuse));
                let result = catch_unwind(AssertUnwindSafe(|| operation(&mut set)));
                fuse::set(None);
                set.check().unwrap();
                let found = contents(&set);
                assert!(found == contents(&after) || (result.is_err() && found == contents(&base)));
                if result.is_ok() {
                    break;
                }
            }
        }
    }
}

/// The entries that an iterator yielded before it panicked are in the map, whether it was empty or not.
#[test]
fn extend_keeps_what_came_before_a_panic() {
    fuse::quiet();
    for present in [0, 1, 20] {
        for given in [0_u32, 1, 64, 100] {
            let mut map: OrdMap<u32, u32> = (0..present).map(|i| (1000 + i, i)).collect();
            let entries = (0..=given).map(|i| if i < given { (i, i) } else { fuse::panic_as_planned() });
            catch_unwind(AssertUnwindSafe(|| map.extend(entries))).unwrap_err();
            map.check().unwrap();
            assert_eq!(map.len() as u32, present + given);
        }
    }
}

/// The next call enters a node whose copy panicked.
#[test]
fn iter_mut_yields_all_entries_after_a_panic_was_caught() {
    fuse::quiet();
    for n in [1, 64, 65, 600] {
        let map: Subject = frail(0..n).collect();
        for fuse in (0..2 * n as usize).step_by(7) {
            let mut fork = map.clone();
            let mut entries = fork.iter_mut();
            let (mut found, mut panics) = (0, 0);
            fuse::set(Some(fuse));
            loop {
                assert_eq!(entries.len(), n as usize - found);
                let next = || match found % 2 {
                    0 => entries.next().is_some(),
                    _ => entries.next_back().is_some(),
                };
                match catch_unwind(AssertUnwindSafe(next)) {
                    Ok(true) => found += 1,
                    Ok(false) => break,
                    Err(_) => panics += 1,
                }
            }
            fuse::set(None);
            assert_eq!((found, panics), (n as usize, 1), "fuse {fuse}");
            fork.check().unwrap();
            assert_eq!(contents(&fork), contents(&map));
        }
    }
}

/// A map that shares nothing clones only keys for separators.
#[test]
fn an_owner_clones_only_separators() {
    let mut map = Subject::new();
    let entries: Vec<_> = frail((0..1000).map(|i| i * 7919 % 1000)).collect();
    let mut entries = Some(entries);
    let count = clones(&mut || {
        entries
            .take()
            .into_iter()
            .flatten()
            .for_each(|(key, value)| _ = map.insert(key, value))
    });
    assert!(count <= 1000 / 2, "{count}");
    let count = clones(&mut || (0..1000).for_each(|i| *map.get_mut(&Frail::new(i)).unwrap().number += 1));
    assert_eq!(count, 0);
    let count = clones(&mut || map.iter_mut().for_each(|(_, value)| *value.number += 1));
    assert_eq!(count, 0);
    let count = clones(&mut || (0..900).for_each(|i| _ = map.remove(&Frail::new(i))));
    assert!(count <= 1000 / 2, "{count}");
    let mut other: Subject = frail((901..2000).filter(|i| i % 2 == 0)).collect();
    frail((901..2000).filter(|i| i % 2 == 1)).for_each(|(key, value)| _ = map.insert(key, value));
    let count = clones(&mut || map.append(&mut other));
    assert!(count <= 1000 / 2, "{count}");
    let mut few: Subject = frail([905, 5000].into_iter()).collect();
    let count = clones(&mut || few.append(&mut map));
    assert!(count <= 4 + 10, "{count}");
    let count = clones(&mut || few.retain(|key, _| *key.number % 3 != 0));
    assert!(count <= 400 / 2, "{count}");
    few.check().unwrap();
    assert!(other.is_empty() && map.is_empty() && few.len() > 700);
    let count = clones(&mut || _ = std::mem::take(&mut few).into_iter().count());
    assert_eq!(count, 0);
}
