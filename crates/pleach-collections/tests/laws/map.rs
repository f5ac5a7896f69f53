//! Laws of `Map`, `Set` and `Bag` as properties against naive models, under good and hostile hashers.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::map::Change;
use pleach_collections::{Bag, Set};
use pleach_testkit::hostile::Hostile;
use pleach_testkit::quick_check;
use pleach_testkit::small_maps::{Decide, Entries, Model, Resolve, Subject, subject};
use quickcheck::{Arbitrary, Gen};

/// The number of handles in a test, which operations choose from.
const HANDLES: usize = 4;

#[derive(Clone, Debug)]
enum Op {
    Insert(usize, u16, i32),
    Remove(usize, u16),
    Alter(usize, u16, Option<i32>),
    GetMut(usize, u16, i32),
    GetOrInsert(usize, u16, i32),
    Fork(usize, usize),
    Clear(usize),
    /// The result is stored in the first handle, as for the operations below.
    Union(usize, usize),
    UnionMax(usize, usize),
    Intersection(usize, usize),
    Difference(usize, usize),
    SymmetricDifference(usize, usize),
    /// First handle: ours; second: base; third: theirs.
    Merge(usize, usize, usize),
    MergeSum(usize, usize, usize),
    Rebuild(usize),
}

impl Arbitrary for Op {
    fn arbitrary(g: &mut Gen) -> Self {
        let handle = |g: &mut Gen| usize::arbitrary(g) % HANDLES;
        let (a, b, c) = (handle(g), handle(g), handle(g));
        // Few keys, so that operations hit present ones.
        let key = u16::arbitrary(g) % 40;
        let value = i32::arbitrary(g) % 4;
        match u8::arbitrary(g) % 36 {
            0..12 => Op::Insert(a, key, value),
            12..18 => Op::Remove(a, key),
            18 => Op::Alter(a, key, bool::arbitrary(g).then_some(value)),
            19 => Op::GetMut(a, key, value),
            20..22 => Op::GetOrInsert(a, key, value),
            22..26 => Op::Fork(a, b),
            26 => Op::Clear(a),
            27 => Op::Union(a, b),
            28 => Op::UnionMax(a, b),
            29 => Op::Intersection(a, b),
            30 => Op::Difference(a, b),
            31 => Op::SymmetricDifference(a, b),
            32..34 => Op::Merge(a, b, c),
            34 => Op::MergeSum(a, b, c),
            _ => Op::Rebuild(a),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match *self {
            Op::Insert(a, key, value) => Box::new((0..key).rev().take(3).map(move |k| Op::Insert(a, k, value))),
            _ => quickcheck::empty_shrinker(),
        }
    }
}

fn resolve(base: Option<&i32>, ours: Option<&i32>, theirs: Option<&i32>) -> Option<i32> {
    // Asymmetric, and `None` in some cases.
    let value = base.map_or(1, |b| b * 3) + ours.map_or(10, |o| o * 5) - theirs.map_or(20, |t| t * 7);
    (value % 3 != 0).then_some(value)
}

fn sum(base: Option<&i32>, ours: Option<&i32>, theirs: Option<&i32>) -> Option<i32> {
    let value = ours.unwrap_or(&0) + theirs.unwrap_or(&0) - base.unwrap_or(&0);
    (value > 0).then_some(value)
}

const MAXIMUM: Decide = |_, a, b| *a.max(b);
const WRAPPING_SUM: Decide = |_, a, b| a.wrapping_add(*b);
const RESOLVE: Resolve = |_, base, ours, theirs| resolve(base, ours, theirs);
const SUM: Resolve = |_, base, ours, theirs| sum(base, ours, theirs);
const NEITHER: Resolve = |_, _, _, _| None;

fn keys(maps: &[&Model]) -> Vec<u16> {
    let mut keys: Vec<u16> = maps.iter().flat_map(|map| map.keys().copied()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn model_merge(base: &Model, ours: &Model, theirs: &Model, alike_is_one: bool) -> Model {
    let merged = |key: &u16| {
        let (b, o, t) = (base.get(key), ours.get(key), theirs.get(key));
        if b == o {
            t.copied()
        } else if b == t || (alike_is_one && o == t) {
            o.copied()
        } else if alike_is_one {
            resolve(b, o, t)
        } else {
            sum(b, o, t)
        }
    };
    keys(&[base, ours, theirs])
        .into_iter()
        .filter_map(|key| Some((key, merged(&key)?)))
        .collect()
}

fn apply(op: &Op, maps: &mut [Subject; HANDLES], models: &mut [Model; HANDLES]) {
    match *op {
        Op::Insert(a, key, value) => assert_eq!(maps[a].insert(key, value), models[a].insert(key, value)),
        Op::Remove(a, key) => assert_eq!(maps[a].remove(&key), models[a].remove(&key)),
        Op::Alter(a, key, to) => {
            let before = models[a].get(&key).copied();
            maps[a] = maps[a].alter(
                |value| {
                    assert_eq!(value, before);
                    to
                },
                key,
            );
            match to {
                Some(value) => models[a].insert(key, value),
                None => models[a].remove(&key),
            };
        }
        Op::GetMut(a, key, value) => {
            let (found, expected) = (maps[a].get_mut(&key), models[a].get_mut(&key));
            assert_eq!(found, expected);
            if let (Some(found), Some(expected)) = (found, expected) {
                *found = value;
                *expected = value;
            }
        }
        Op::GetOrInsert(a, key, value) => {
            let found = maps[a].get_or_insert_with(key, || value);
            let expected = models[a].entry(key).or_insert(value);
            assert_eq!(found, expected);
            *found += 1;
            *expected += 1;
        }
        Op::Fork(a, b) => {
            maps[a] = maps[b].clone();
            assert!(maps[a].ptr_eq(&maps[b]));
            models[a] = models[b].clone();
        }
        Op::Clear(a) => {
            maps[a].clear();
            models[a].clear();
        }
        Op::Union(a, b) => {
            maps[a] = maps[a].union(&maps[b]);
            for (key, value) in models[b].clone() {
                models[a].entry(key).or_insert(value);
            }
        }
        Op::UnionMax(a, b) => {
            maps[a] = maps[a].union_with(&maps[b], MAXIMUM);
            for (key, value) in models[b].clone() {
                models[a].entry(key).and_modify(|v| *v = value.max(*v)).or_insert(value);
            }
        }
        Op::Intersection(a, b) => {
            maps[a] = maps[a].intersection(&maps[b]);
            let other = models[b].clone();
            models[a].retain(|key, _| other.contains_key(key));
        }
        Op::Difference(a, b) => {
            maps[a] = maps[a].difference(&maps[b]);
            let other = models[b].clone();
            models[a].retain(|key, _| !other.contains_key(key));
        }
        Op::SymmetricDifference(a, b) => {
            maps[a] = maps[a].symmetric_difference(&maps[b]);
            let mut other = models[b].clone();
            other.retain(|key, _| !models[a].contains_key(key));
            let of_b = models[b].clone();
            models[a].retain(|key, _| !of_b.contains_key(key));
            models[a].extend(other);
        }
        Op::Merge(a, b, c) => {
            maps[a] = maps[a].merge(&maps[b], &maps[c], RESOLVE);
            models[a] = model_merge(&models[b], &models[a], &models[c], true);
        }
        Op::MergeSum(a, b, c) => {
            maps[a] = maps[a].merge_all(&maps[b], &maps[c], SUM);
            models[a] = model_merge(&models[b], &models[a], &models[c], false);
        }
        Op::Rebuild(a) => {
            let mut rebuilt = maps[a].new_like();
            rebuilt.extend(maps[a].clone());
            assert!(rebuilt == maps[a]);
            maps[a] = rebuilt;
        }
    }
}

fn assert_same(map: &Subject, model: &Model) {
    map.check().unwrap();
    assert_eq!(map.len(), model.len());
    assert_eq!(map.iter().len(), model.len());
    assert_eq!(map.iter().map(|(k, v)| (*k, *v)).collect::<Model>(), *model);
    assert_eq!(map.clone().into_iter().collect::<Model>(), *model);
    for key in 0..41 {
        assert_eq!(map.get(&key), model.get(&key));
    }
}

/// Asserts that the differences and equality of two maps are those of their models.
fn assert_diff(old: &Subject, new: &Subject, old_model: &Model, new_model: &Model) {
    let mut found: Vec<_> = old
        .diff(new)
        .map(|change| match change {
            Change::Added { key, new } => (*key, None, Some(*new)),
            Change::Removed { key, old } => (*key, Some(*old), None),
            Change::Changed { key, old, new } => (*key, Some(*old), Some(*new)),
        })
        .collect();
    found.sort_unstable();
    let expected: Vec<_> = keys(&[old_model, new_model])
        .into_iter()
        .map(|key| (key, old_model.get(&key).copied(), new_model.get(&key).copied()))
        .filter(|(_, old, new)| old != new)
        .collect();
    assert_eq!(found, expected);
    assert_eq!(old == new, old_model == new_model);
}

/// Operations match the model, leave other handles unchanged, and keep the invariants.
#[test]
fn operations_match_the_model() {
    fn property(hasher: Hostile, ops: Vec<Op>) {
        let empty = Subject::with_hasher(hasher);
        let mut maps: [Subject; HANDLES] = std::array::from_fn(|_| empty.clone());
        let mut models: [Model; HANDLES] = Default::default();
        for op in &ops {
            apply(op, &mut maps, &mut models);
        }
        for (map, model) in maps.iter().zip(&models) {
            assert_same(map, model);
        }
        assert_diff(&maps[0], &maps[1], &models[0], &models[1]);
        assert_diff(&maps[2], &maps[1], &models[2], &models[1]);
    }
    quick_check(10_000).quickcheck(property as fn(Hostile, Vec<Op>));
}

/// Maps whose hashers are not known to be the same are compared and merged key by key.
#[test]
fn different_hashers_give_the_same_answers() {
    fn property(hashers: (Hostile, Hostile, Hostile), a: Entries, b: Entries, c: Entries) {
        let build = |hasher, entries: &[(u16, i32)]| {
            let mut map = Subject::with_hasher(hasher);
            map.extend(entries.iter().map(|(k, v)| (k % 40, v % 4)));
            let model: Model = map.iter().map(|(k, v)| (*k, *v)).collect();
            (map, model)
        };
        let ((a, a_model), (b, b_model), (c, c_model)) =
            (build(hashers.0, &a), build(hashers.1, &b), build(hashers.2, &c));
        assert_diff(&a, &b, &a_model, &b_model);
        let merged = a.merge(&b, &c, RESOLVE);
        assert_same(&merged, &model_merge(&b_model, &a_model, &c_model, true));
        let mut union = a_model.clone();
        b_model.iter().for_each(|(k, v)| _ = union.entry(*k).or_insert(*v));
        assert_same(&a.union(&b), &union);
        let mut rehashed = Subject::with_hasher(hashers.1);
        rehashed.extend(&a);
        assert!(rehashed == a);
    }
    quick_check(3_000).quickcheck(property as fn((Hostile, Hostile, Hostile), Entries, Entries, Entries));
}

/// Operations that change nothing return a map that shares all nodes.
#[test]
fn nothing_new_is_the_same_map() {
    fn property(hasher: Hostile, entries: Entries, other: u16) {
        let map = subject(hasher, &entries);
        assert!(map.union(&map).ptr_eq(&map));
        assert!(map.union(&map.new_like()).ptr_eq(&map));
        assert!(map.intersection(&map).ptr_eq(&map));
        assert!(map.difference(&map).is_empty());
        assert!(map.difference(&map.new_like()).ptr_eq(&map));
        let mut more = map.clone();
        more.insert(other, 5);
        assert!(more.union(&map).ptr_eq(&more));
        assert!(map.merge(&map, &more, NEITHER).ptr_eq(&more));
        assert!(more.merge(&map, &map, NEITHER).ptr_eq(&more));
        let mut less = map.clone();
        if less.remove(&other).is_none() {
            assert!(less.ptr_eq(&map));
            assert!(less.get_mut(&other).is_none());
            assert!(less.ptr_eq(&map));
        }
        assert!(map.intersection(&more).ptr_eq(&map) || map.contains_key(&other));
    }
    quick_check(10_000).quickcheck(property as fn(Hostile, Entries, u16));
}

/// `im`'s map returns the same results.
#[test]
fn im_is_the_oracle() {
    fn property(hasher: Hostile, a: Entries, b: Entries) {
        let a_map = subject(hasher, &a);
        let mut b_map = a_map.new_like();
        b_map.extend(b.iter().copied());
        let ours = (a_map, b_map);
        let oracle: (im::HashMap<u16, i32>, im::HashMap<u16, i32>) = (a.into(), b.into());
        let same = |map: Subject, oracle: im::HashMap<u16, i32>| {
            map.check().unwrap();
            assert_eq!(map.len(), oracle.len());
            assert!(oracle.iter().all(|(k, v)| map.get(k) == Some(v)));
        };
        // Not `union`: im 15.1 keeps the values of whichever map is larger.
        same(
            ours.0.union(&ours.1),
            oracle.0.clone().union_with(oracle.1.clone(), |a, _| a),
        );
        same(
            ours.0.intersection(&ours.1),
            oracle.0.clone().intersection(oracle.1.clone()),
        );
        same(
            ours.0.difference(&ours.1),
            oracle.0.clone().relative_complement(oracle.1.clone()),
        );
        same(
            ours.0.symmetric_difference(&ours.1),
            oracle.0.clone().symmetric_difference(oracle.1.clone()),
        );
        same(
            ours.0.union_with(&ours.1, WRAPPING_SUM),
            oracle.0.union_with(oracle.1, |a, b| a.wrapping_add(b)),
        );
    }
    quick_check(2_000).quickcheck(property as fn(Hostile, Entries, Entries));
}

/// A merge of sets has what either side added, and lacks what either removed.
#[test]
fn sets_match_the_model() {
    fn property(hasher: Hostile, base: Vec<u16>, a: Vec<u16>, b: Vec<u16>) {
        use std::collections::BTreeSet;
        let empty: Set<u16, Hostile> = Set::with_hasher(hasher);
        let set = |items: &[u16]| {
            let mut set = empty.new_like();
            set.extend(items);
            (set, items.iter().copied().collect::<BTreeSet<_>>())
        };
        let same = |set: Set<u16, Hostile>, model: BTreeSet<u16>| {
            set.check().unwrap();
            assert_eq!(set.len(), model.len());
            assert_eq!(set.iter().copied().collect::<BTreeSet<_>>(), model);
        };
        let ((base, base_model), (a, a_model), (b, b_model)) = (set(&base), set(&a), set(&b));
        same(a.union(&b), &a_model | &b_model);
        same(a.intersection(&b), &a_model & &b_model);
        same(a.difference(&b), &a_model - &b_model);
        same(a.symmetric_difference(&b), &a_model ^ &b_model);
        let kept = &(&base_model & &a_model) & &b_model;
        let new = &(&a_model | &b_model) - &base_model;
        same(a.merge(&base, &b), &kept | &new);
        assert!(a.union(&a.intersection(&b)).ptr_eq(&a));
        // Equal, but not the same nodes: the result stores the first operand's items.
        assert_eq!(a.intersection(&b).union(&a), a);
    }
    quick_check(2_000).quickcheck(property as fn(Hostile, Vec<u16>, Vec<u16>, Vec<u16>));
}

/// Counts sum in a merge of bags, and inherited occurrences count once.
#[test]
fn bags_merge_by_the_law_of_union() {
    type Edits = Vec<(u16, u8)>;
    fn property(hasher: Hostile, items: Vec<u16>, a: Edits, b: Edits) {
        let mut base: Bag<u16, Hostile> = Bag::with_hasher(hasher);
        base.extend(items.into_iter().map(|item| item % 16));
        let side = |edits: &[(u16, u8)]| {
            let mut bag = base.clone();
            for (item, times) in edits {
                let (item, times) = (item % 16, u64::from(times % 8));
                if times < 4 {
                    bag.insert(item, times);
                } else {
                    bag.remove(&item, times - 3);
                }
            }
            bag.check().unwrap();
            bag
        };
        let (a, b) = (side(&a), side(&b));
        let merged = a.merge(&base, &b);
        merged.check().unwrap();
        for item in 0..16 {
            let expected = (a.count(&item) + b.count(&item)).saturating_sub(base.count(&item));
            assert_eq!(merged.count(&item), expected);
        }
        assert!(a.merge(&a, &a).ptr_eq(&a));
        assert!(a.merge(&base, &base).ptr_eq(&a));
        assert!(base.merge(&base, &b).ptr_eq(&b));
        assert!(merged == b.merge(&base, &a));
    }
    quick_check(3_000).quickcheck(property as fn(Hostile, Vec<u16>, Edits, Edits));
}
