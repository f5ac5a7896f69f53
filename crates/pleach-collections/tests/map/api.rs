//! The methods of `Map`, `Set` and `Bag` against `std`, under good and hostile hashers, on handles that share nodes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::map::{Entry, Map};
use pleach_collections::{Bag, Set};
use pleach_testkit::hostile::Hostile;
use pleach_testkit::quick_check;
use pleach_testkit::small_maps::{Entries, Fits, Model, Subject, edit, retain};
use quickcheck::{Arbitrary, Gen};
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::hash::{BuildHasher, RandomState};

/// The number of handles in a test, which share nodes.
const HANDLES: usize = 3;

/// The number of keys in a test: few, so that operations hit present ones.
const KEYS: u16 = 40;

#[derive(Clone, Copy, Debug)]
struct Op {
    kind: u8,
    handle: usize,
    other: usize,
    key: u16,
    value: i32,
}

impl Arbitrary for Op {
    fn arbitrary(g: &mut Gen) -> Self {
        Self {
            kind: u8::arbitrary(g) % 26,
            handle: usize::arbitrary(g) % HANDLES,
            other: usize::arbitrary(g) % HANDLES,
            key: u16::arbitrary(g) % KEYS,
            value: i32::arbitrary(g) % 10,
        }
    }
}

/// Applies an operation to a map and its model, and compares the results.
fn apply(op: Op, maps: &mut [Subject; HANDLES], models: &mut [Model; HANDLES]) {
    let Op { key, value, .. } = op;
    if op.kind < 3 {
        maps[op.handle] = maps[op.other].clone();
        models[op.handle] = models[op.other].clone();
        return;
    }
    let (map, model) = (&mut maps[op.handle], &mut models[op.handle]);
    match op.kind {
        3..8 => assert_eq!(map.insert(key, value), model.insert(key, value)),
        8 => assert_eq!(map.remove_entry(&key), model.remove_entry(&key)),
        9..15 => entry(op, map.entry(key), model.entry(key)),
        15 => {
            for (k, v) in &mut *map {
                *v += i32::from(*k) + value;
            }
            model.iter_mut().for_each(|(k, v)| *v += i32::from(*k) + value);
        }
        16 => {
            // Some of them, in unspecified order, so the model is copied from the map.
            map.values_mut().take(usize::from(key)).for_each(|v| *v = value);
            *model = map.iter().map(|(k, v)| (*k, *v)).collect();
        }
        17 => {
            retain(map, &mut |k, v| (i32::from(*k) + v) % 3 != value % 3);
            model.retain(|k, v| (i32::from(*k) + *v) % 3 != value % 3);
        }
        18 => {
            let before = map.clone();
            retain(map, &mut |_, _| true);
            assert!(map.ptr_eq(&before));
            retain(map, &mut |k, _| *k != key);
            model.remove(&key);
        }
        19 => {
            assert_eq!(map.len(), map.iter_mut().len());
            let drained: Model = map.drain().collect();
            assert_eq!(drained, std::mem::take(model));
        }
        20 => {
            *map = map.update_with(key, value, |old, new| old * 10 + new);
            model
                .entry(key)
                .and_modify(|old| *old = *old * 10 + value)
                .or_insert(value);
            *map = map.without(&(key + 1));
            model.remove(&(key + 1));
        }
        21 => {
            let f = |old: Option<i32>| (value % 2 == 0).then(|| old.map_or(value, |old| old / 2));
            *map = map.alter(f, key);
            match f(model.get(&key).copied()) {
                Some(value) => model.insert(key, value),
                None => model.remove(&key),
            };
        }
        22 => match (map.extract(&key), model.remove(&key)) {
            (Some((found, rest)), expected) => {
                assert_eq!(Some(found), expected);
                *map = rest;
            }
            (None, expected) => assert_eq!(expected, None),
        },
        23 => {
            if let Some(expected) = model.get_mut(&key) {
                map[&key] += 1;
                *expected += 1;
            }
            assert_eq!(map.get_key_value(&key), model.get_key_value(&key));
        }
        24 => {
            let entries = [(key, value), (key + 1, value), (key, value + 1)];
            map.extend(entries);
            model.extend(entries);
            map.extend(&BTreeMap::from([(key + 2, value)]));
            model.insert(key + 2, value);
        }
        _ => assert_eq!(map.contains_key(&key), model.contains_key(&key)),
    }
}

/// Applies the operations 9 to 14, which are those of entries.
fn entry(op: Op, ours: Entry<'_, u16, i32, Hostile>, theirs: btree_map::Entry<'_, u16, i32>) {
    let Op { key, value, .. } = op;
    assert_eq!(ours.key(), theirs.key());
    match op.kind {
        9 => {
            let (ours, theirs) = (ours.or_insert(value), theirs.or_insert(value));
            assert_eq!(ours, theirs);
            *ours += 1;
            *theirs += 1;
        }
        10 => {
            let (ours, theirs) = (ours.and_modify(|v| *v *= 2), theirs.and_modify(|v| *v *= 2));
            assert_eq!(ours.or_default(), theirs.or_default());
        }
        11 => {
            let make = |key: &u16| i32::from(*key);
            assert_eq!(ours.or_insert_with_key(make), theirs.or_insert_with_key(make));
        }
        12 => {
            let mut ours = ours.insert_entry(value);
            let theirs = theirs.and_modify(|v| *v = value).or_insert(value);
            assert_eq!((ours.key(), ours.get()), (&key, &*theirs));
            *ours.get_mut() += 1;
            *theirs += 1;
            assert_eq!(ours.insert(key.into()), std::mem::replace(theirs, key.into()));
        }
        _ => match (ours, theirs) {
            (Entry::Occupied(ours), btree_map::Entry::Occupied(theirs)) => match value % 3 {
                0 => assert_eq!(ours.remove_entry(), theirs.remove_entry()),
                1 => assert_eq!(ours.remove(), theirs.remove()),
                _ => {
                    *ours.into_mut() += 3;
                    *theirs.into_mut() += 3;
                }
            },
            (Entry::Vacant(ours), btree_map::Entry::Vacant(theirs)) => match value % 3 {
                0 => assert_eq!(ours.into_key(), theirs.into_key()),
                1 => assert_eq!(ours.insert_entry(value).remove(), value),
                _ => assert_eq!(ours.insert(value), theirs.insert(value)),
            },
            _ => panic!("the map and the model disagree about key {key}"),
        },
    }
}

fn assert_same(map: &Subject, model: &Model) {
    map.check().unwrap();
    assert_eq!(map.len(), model.len());
    assert_eq!(Model::from(map.clone()), *model);
    let (mut keys, mut values): (Vec<_>, Vec<_>) = map.iter().map(|(k, v)| (*k, *v)).unzip();
    assert!(map.keys().eq(&keys) && map.values().eq(&values));
    assert!(map.clone().into_keys().eq(keys.iter().copied()));
    assert!(map.clone().into_values().eq(values.iter().copied()));
    keys.sort_unstable();
    values.sort_unstable();
    assert!(keys.iter().eq(model.keys()));
}

/// Operations match the model, and leave maps that share nodes unchanged.
#[test]
fn operations_match_the_model() {
    fn property(hasher: Hostile, ops: Vec<Op>) {
        let empty = Subject::with_hasher(hasher);
        let mut maps: [Subject; HANDLES] = std::array::from_fn(|_| empty.clone());
        let mut models: [Model; HANDLES] = Default::default();
        for op in ops {
            apply(op, &mut maps, &mut models);
        }
        maps.iter()
            .zip(&models)
            .for_each(|(map, model)| assert_same(map, model));
    }
    quick_check(10_000).quickcheck(property as fn(Hostile, Vec<Op>));
}

/// Relations of two maps, which share nodes and a hasher unless they are `apart`.
#[test]
fn relations_match_the_model() {
    fn property(hashers: (Hostile, Hostile), base: Entries, more: Entries, apart: bool) {
        let mut a = Subject::with_hasher(hashers.0);
        edit(&mut a, &base, KEYS);
        let mut b = a.clone();
        if apart {
            b = Subject::with_hasher(hashers.1);
            b.extend(&a);
        }
        edit(&mut b, &more, KEYS);
        let (x, y) = (Model::from(a.clone()), Model::from(b.clone()));
        let submap = |x: &Model, y: &Model, fits: Fits| x.iter().all(|(key, v)| y.get(key).is_some_and(|w| fits(v, w)));
        assert_eq!(a.is_submap(&b), submap(&x, &y, |v, w| v == w));
        assert_eq!(b.is_submap(&a), submap(&y, &x, |v, w| v == w));
        let at_most: Fits = |v, w| v <= w;
        assert_eq!(a.is_submap_by(&b, at_most), submap(&x, &y, at_most));
        assert!(a.intersection(&b).is_submap(&a) && a.is_submap(&a.union(&b)));
        assert_eq!(a.is_disjoint(&b), !x.keys().any(|key| y.contains_key(key)));
        assert!(a.difference(&b).is_disjoint(&b));
        assert!(a.is_submap(&a) && (a.is_empty() || !a.is_disjoint(&a)));
        assert_eq!(a == b, x == y);
        let largest = a.intersection_with(&b, |_, v, w| *v.max(w));
        largest.check().unwrap();
        let expected = x.iter().filter_map(|(key, v)| Some((*key, *v.max(y.get(key)?))));
        assert_eq!(Model::from(largest), expected.collect());
        // Equal maps have equal hashes; unequal ones don't, but for unlikely collisions.
        let state = RandomState::new();
        assert_eq!(state.hash_one(&a) == state.hash_one(&b), x == y);
    }
    quick_check(3_000).quickcheck(property as fn((Hostile, Hostile), Entries, Entries, bool));
}

#[test]
fn sets_match_std() {
    fn property(hashers: (Hostile, Hostile), a: Vec<u16>, b: Vec<u16>, apart: bool) {
        let mut x: Set<u16, Hostile> = Set::with_hasher(hashers.0);
        let mut y = if apart {
            Set::with_hasher(hashers.1)
        } else {
            x.new_like()
        };
        let of = |items: &[u16]| items.iter().map(|item| item % KEYS).collect::<BTreeSet<_>>();
        let (p, q) = (of(&a), of(&b));
        x.extend(&p);
        y.extend(q.iter().copied());
        let same = |set: &Set<u16, Hostile>, model: BTreeSet<u16>| {
            set.check().unwrap();
            assert_eq!(BTreeSet::from(set.clone()), model);
        };
        same(&(&x | &y), &p | &q);
        same(&(&x & &y), &p & &q);
        same(&(&x - &y), &p - &q);
        same(&(&x ^ &y), &p ^ &q);
        assert_eq!(x.is_subset(&y), p.is_subset(&q));
        assert_eq!(x.is_superset(&y), p.is_superset(&q));
        assert_eq!(x.is_disjoint(&y), p.is_disjoint(&q));
        assert_eq!(x == y, p == q);
        assert_eq!(x.diff(&y).count(), (&p ^ &q).len());
        let state = RandomState::new();
        assert_eq!(state.hash_one(&x) == state.hash_one(&y), p == q);
        let (mut z, mut r) = (x.clone(), p.clone());
        z.retain(|item| item % 2 == 0);
        r.retain(|item| item % 2 == 0);
        same(&z, r.clone());
        for item in &q {
            same(&x.update(*item), &p | &BTreeSet::from([*item]));
            same(&x.without(item), &p - &BTreeSet::from([*item]));
            assert_eq!(x.get(item), p.get(item));
            assert_eq!(z.replace(*item), r.replace(*item));
            assert_eq!(z.take(item), r.take(item));
        }
        same(&z, r.clone());
        assert_eq!(z.drain().collect::<BTreeSet<_>>(), r);
        assert!(z.is_empty());
        same(&x, p);
    }
    quick_check(1_000).quickcheck(property as fn((Hostile, Hostile), Vec<u16>, Vec<u16>, bool));
}

#[test]
fn bags_match_counts() {
    fn property(hashers: (Hostile, Hostile), a: Vec<(u16, u8)>, b: Vec<(u16, u8)>, apart: bool) {
        let edit = |bag: &mut Bag<u16, Hostile>, edits: &[(u16, u8)]| {
            for (item, times) in edits {
                match times % 8 {
                    count @ 0..4 => _ = bag.set_count(item % KEYS, count.into()),
                    4 => _ = bag.remove_all(&(item % KEYS)),
                    5 => _ = bag.remove(&(item % KEYS), 2),
                    more => _ = bag.insert(item % KEYS, more.into()),
                }
            }
        };
        let mut x = Bag::with_hasher(hashers.0);
        edit(&mut x, &a);
        let mut y = x.clone();
        if apart {
            y = Bag::with_hasher(hashers.1);
            y.extend(x.clone());
        }
        edit(&mut y, &b);
        let same = |bag: Bag<u16, Hostile>, expected: fn(u64, u64) -> u64| {
            bag.check().unwrap();
            for item in 0..KEYS {
                assert_eq!(bag.count(&item), expected(x.count(&item), y.count(&item)));
            }
        };
        same(x.union(&y), u64::max);
        same(x.intersection(&y), u64::min);
        same(x.sum(&y), |a, b| a + b);
        same(x.difference(&y), u64::saturating_sub);
        let all = |holds: fn(u64, u64) -> bool| (0..KEYS).all(|item| holds(x.count(&item), y.count(&item)));
        assert_eq!(x.is_subset(&y), all(|a, b| a <= b));
        assert_eq!(x.is_disjoint(&y), all(|a, b| a == 0 || b == 0));
        assert_eq!(x == y, all(|a, b| a == b));
        assert_eq!(x.total(), x.iter().map(|(_, count)| u128::from(*count)).sum());
        assert_eq!(x.sum(&y).total(), x.total() + y.total());
        let state = RandomState::new();
        assert_eq!(state.hash_one(&x) == state.hash_one(&y), x == y);
        let mut z = x.clone();
        z.retain(|_, count| count > 2);
        same(z, |a, _| if a > 2 { a } else { 0 });
        assert!(x.items().all(|item| x.contains(item)));
    }
    quick_check(1_000).quickcheck(property as fn((Hostile, Hostile), Vec<(u16, u8)>, Vec<(u16, u8)>, bool));
}

#[test]
fn counts_stop_at_the_largest() {
    let mut bag: Bag<u32> = Bag::new();
    bag.insert(1, u64::MAX);
    assert_eq!(bag.insert(1, 1), u64::MAX);
    assert_eq!(bag.sum(&bag).count(&1), u64::MAX);
    bag.insert(2, 1);
    assert_eq!(bag.total(), u128::from(u64::MAX) + 1);
}

#[test]
fn conversions_go_there_and_back() {
    fn property(entries: Vec<(u16, i32)>) {
        let map = Map::from(entries.clone());
        let sorted = BTreeMap::from(map.clone());
        assert_eq!(sorted, entries.into_iter().collect::<BTreeMap<_, _>>());
        assert_eq!(map, Map::from(&sorted));
        assert_eq!(map, Map::from(sorted));
    }
    quick_check(200).quickcheck(property as fn(Vec<(u16, i32)>));
}
