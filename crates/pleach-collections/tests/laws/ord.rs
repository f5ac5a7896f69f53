//! Laws of `OrdMap` as properties of random histories of forks, against `BTreeMap`.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::OrdMap;
use pleach_collections::ord_map::Change;
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

pub(crate) type Model = BTreeMap<u16, i32>;
pub(crate) type Subject = OrdMap<u16, i32>;

/// The number of handles in a test, which operations choose from.
const HANDLES: usize = 4;

/// Keys at regular distances: enough for trees of several levels.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: u16,
    stride: u16,
    count: u16,
    descending: bool,
}

impl Run {
    fn arbitrary(g: &mut Gen) -> Self {
        Self {
            start: u16::arbitrary(g) % 3000,
            stride: [1, 2, 7, 601][usize::arbitrary(g) % 4],
            count: [3, 40, 150, 400][usize::arbitrary(g) % 4],
            descending: bool::arbitrary(g),
        }
    }

    fn keys(self) -> impl Iterator<Item = u16> {
        let at = move |i: u16| if self.descending { self.count - 1 - i } else { i };
        (0..self.count).map(move |i| self.start.wrapping_add(self.stride.wrapping_mul(at(i))) % 3000)
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(usize, u16, i32),
    Remove(usize, u16),
    InsertRun(usize, Run, i32),
    RemoveRun(usize, Run),
    RemoveAt(usize, u16),
    PopBoth(usize, u16),
    Entry(usize, u16, i32),
    GetMut(usize, u16, i32),
    Fork(usize, usize),
    Clear(usize),
    Collect(usize, Run),
    Retain(usize, i32),
    RetainRange(usize, u16, u16),
    ExtractIf(usize, i32),
    IterMut(usize),
    RangeMut(usize, u16, u16),
    SplitOff(usize, usize, u16),
    Split(usize, usize, u16),
    Cut(usize, u16, u16),
    Append(usize, usize),
    /// The result is stored in the first handle, as for the operations below.
    Union(usize, usize),
    UnionMax(usize, usize),
    Intersection(usize, usize),
    Difference(usize, usize),
    SymmetricDifference(usize, usize),
    DifferenceWith(usize, usize),
    Sum(usize, usize),
    IntersectionWith(usize, usize),
    /// First handle: ours; second: base; third: theirs.
    Merge(usize, usize, usize),
    MergeAll(usize, usize, usize),
    /// Builds the map anew, without sharing.
    Rebuild(usize),
}

impl Arbitrary for Op {
    fn arbitrary(g: &mut Gen) -> Self {
        let handle = |g: &mut Gen| usize::arbitrary(g) % HANDLES;
        let (a, b, c) = (handle(g), handle(g), handle(g));
        let (key, other) = (u16::arbitrary(g) % 3000, u16::arbitrary(g) % 3000);
        let value = i32::arbitrary(g) % 4;
        match u8::arbitrary(g) % 50 {
            0..4 => Op::Insert(a, key, value),
            4..7 => Op::Remove(a, key),
            7..14 => Op::InsertRun(a, Run::arbitrary(g), value),
            14..18 => Op::RemoveRun(a, Run::arbitrary(g)),
            18 => Op::RemoveAt(a, key),
            19 => Op::PopBoth(a, key % 90),
            20 => Op::Entry(a, key, value),
            21 => Op::GetMut(a, key, value),
            22..27 => Op::Fork(a, b),
            27 => Op::Clear(a),
            28 => Op::Collect(a, Run::arbitrary(g)),
            29 => Op::Retain(a, value),
            30 => Op::RetainRange(a, key, other),
            31 => Op::ExtractIf(a, value),
            32 => Op::IterMut(a),
            33 => Op::RangeMut(a, key, other),
            34 => Op::SplitOff(a, b, key),
            35 => Op::Split(a, b, key),
            36 => Op::Cut(a, key % 1000, other % 1000),
            37 => Op::Append(a, b),
            38 => Op::Union(a, b),
            39 => Op::UnionMax(a, b),
            40 => Op::Intersection(a, b),
            41 => Op::Difference(a, b),
            42 => Op::SymmetricDifference(a, b),
            43 => Op::DifferenceWith(a, b),
            44 => Op::Sum(a, b),
            45 => Op::IntersectionWith(a, b),
            46 | 47 => Op::Merge(a, b, c),
            48 => Op::MergeAll(a, b, c),
            _ => Op::Rebuild(a),
        }
    }
}

fn resolve(base: Option<&i32>, ours: Option<&i32>, theirs: Option<&i32>) -> Option<i32> {
    // Asymmetric, and `None` in some cases.
    let part = |value: Option<&i32>, none: i32, factor: i32| value.map_or(none, |v| v.wrapping_mul(factor));
    let value = part(base, 1, 3)
        .wrapping_add(part(ours, 10, 5))
        .wrapping_sub(part(theirs, 20, 7));
    (value % 3 != 0).then_some(value)
}

/// The merge, key by key.
fn merged(ours: &Model, base: &Model, theirs: &Model, alike_is_one: bool) -> Model {
    let keys: BTreeSet<u16> = [ours, base, theirs]
        .into_iter()
        .flat_map(Model::keys)
        .copied()
        .collect();
    let value = |key: &u16| {
        let (b, o, t) = (base.get(key), ours.get(key), theirs.get(key));
        if b == o {
            t.copied()
        } else if b == t || (alike_is_one && o == t) {
            o.copied()
        } else {
            resolve(b, o, t)
        }
    };
    keys.into_iter().filter_map(|key| Some((key, value(&key)?))).collect()
}

/// Checks a map against its model.
#[track_caller]
fn assert_same(map: &Subject, model: &Model) {
    map.check().unwrap();
    assert_eq!(map.len(), model.len());
    assert!(map.iter().eq(model), "{map:?} is not {model:?}");
}

#[derive(Default)]
struct World {
    maps: [Subject; HANDLES],
    models: [Model; HANDLES],
}

impl World {
    fn apply(&mut self, op: &Op) {
        let at = |map: &Subject, index: u16| usize::from(index) % (map.len() + 1);
        match *op {
            Op::Insert(a, key, value) => {
                assert_eq!(self.maps[a].insert(key, value), self.models[a].insert(key, value));
            }
            Op::Remove(a, key) => assert_eq!(self.maps[a].remove(&key), self.models[a].remove(&key)),
            Op::InsertRun(a, run, value) => run.keys().for_each(|key| {
                assert_eq!(self.maps[a].insert(key, value), self.models[a].insert(key, value));
            }),
            Op::RemoveRun(a, run) => run.keys().for_each(|key| {
                assert_eq!(self.maps[a].remove_entry(&key), self.models[a].remove_entry(&key));
            }),
            Op::RemoveAt(a, index) => {
                let index = at(&self.maps[a], index);
                let key = self.models[a].keys().nth(index).copied();
                let entry = key.and_then(|key| self.models[a].remove_entry(&key));
                assert_eq!(self.maps[a].remove_at(index), entry);
            }
            Op::PopBoth(a, count) => (0..count).for_each(|_| {
                assert_eq!(self.maps[a].pop_first(), self.models[a].pop_first());
                assert_eq!(self.maps[a].pop_last(), self.models[a].pop_last());
            }),
            Op::Entry(a, key, value) => {
                let new = self.maps[a].entry(key).or_insert(value);
                *new = new.wrapping_add(1);
                let new = self.models[a].entry(key).or_insert(value);
                *new = new.wrapping_add(1);
            }
            Op::GetMut(a, key, value) => {
                let (ours, theirs) = (self.maps[a].get_mut(&key), self.models[a].get_mut(&key));
                assert_eq!(ours, theirs);
                ours.into_iter().chain(theirs).for_each(|v| *v = value);
            }
            Op::Fork(a, b) => self.store(a, self.maps[b].clone(), self.models[b].clone()),
            Op::Clear(a) => self.store(a, Subject::new(), Model::new()),
            Op::Collect(a, run) => {
                let entries = || run.keys().enumerate().map(|(i, key)| (key, i as i32 % 5));
                self.store(a, entries().collect(), entries().collect());
            }
            Op::Retain(a, value) => {
                self.maps[a].retain(|_, v| *v != value);
                self.models[a].retain(|_, v| *v != value);
            }
            Op::RetainRange(a, from, to) => {
                self.maps[a].retain(|key, _| (from..to).contains(key));
                self.models[a].retain(|key, _| (from..to).contains(key));
            }
            Op::ExtractIf(a, value) => {
                let extracted: Vec<_> = self.maps[a].extract_if(.., |_, v| *v == value).take(50).collect();
                let expected: Vec<_> = self.models[a]
                    .iter()
                    .filter(|entry| *entry.1 == value)
                    .take(50)
                    .collect();
                assert!(extracted.iter().map(|(key, value)| (key, value)).eq(expected));
                extracted.iter().for_each(|(key, _)| _ = self.models[a].remove(key));
            }
            Op::IterMut(a) => {
                self.maps[a]
                    .iter_mut()
                    .for_each(|(key, v)| *v = v.wrapping_add(i32::from(*key % 3)));
                self.models[a]
                    .iter_mut()
                    .for_each(|(key, v)| *v = v.wrapping_add(i32::from(*key % 3)));
            }
            Op::RangeMut(a, x, y) => {
                let range = x.min(y)..=x.max(y);
                let mut values = self.maps[a].range_mut(range.clone());
                let mut expected = self.models[a].range_mut(range);
                // From both ends.
                for turn in 0.. {
                    let (ours, theirs) = if turn % 3 == 0 {
                        (values.next_back(), expected.next_back())
                    } else {
                        (values.next(), expected.next())
                    };
                    assert_eq!(ours, theirs);
                    let (Some(ours), Some(theirs)) = (ours, theirs) else {
                        break;
                    };
                    *ours.1 = ours.1.wrapping_add(1);
                    *theirs.1 = theirs.1.wrapping_add(1);
                }
            }
            Op::SplitOff(a, b, key) => {
                let (rest, expected) = (self.maps[a].split_off(&key), self.models[a].split_off(&key));
                self.check(a);
                self.store(b, rest, expected);
            }
            Op::Split(a, b, key) => {
                let (less, value, greater) = self.maps[a].split_lookup(&key);
                assert_eq!(value.as_ref(), self.models[a].get(&key));
                let mut expected = self.models[a].clone();
                let mut rest = expected.split_off(&key);
                rest.remove(&key);
                self.store(a, less, expected);
                self.store(b, greater, rest);
            }
            Op::Cut(a, skip, take) => {
                let (skip, take) = (usize::from(skip), usize::from(take));
                let expected = self.models[a].iter().skip(skip).take(take);
                let expected = expected.map(|(key, value)| (*key, *value)).collect();
                self.store(a, self.maps[a].skip(skip).take(take), expected);
            }
            Op::Append(a, b) if a != b => {
                let [ours, theirs] = self.maps.get_disjoint_mut([a, b]).unwrap();
                ours.append(theirs);
                let [ours, theirs] = self.models.get_disjoint_mut([a, b]).unwrap();
                ours.append(theirs);
                self.check(b);
            }
            Op::Append(..) => {}
            Op::Union(a, b) => {
                let map = self.maps[a].union(&self.maps[b]);
                let mut expected = self.models[b].clone();
                expected.extend(&self.models[a]);
                self.store(a, map, expected);
            }
            Op::UnionMax(a, b) => {
                let map = self.maps[a].union_with(&self.maps[b], |_, a, b| *a.max(b));
                let mut expected = self.models[b].clone();
                for (key, value) in &self.models[a] {
                    let old = expected.entry(*key).or_insert(*value);
                    *old = *value.max(old);
                }
                self.store(a, map, expected);
            }
            Op::Intersection(a, b) => {
                let map = self.maps[a].intersection(&self.maps[b]);
                let mut expected = self.models[a].clone();
                expected.retain(|key, _| self.models[b].contains_key(key));
                self.store(a, map, expected);
            }
            Op::Difference(a, b) => {
                let map = self.maps[a].difference(&self.maps[b]);
                let mut expected = self.models[a].clone();
                expected.retain(|key, _| !self.models[b].contains_key(key));
                self.store(a, map, expected);
            }
            Op::SymmetricDifference(a, b) => {
                let map = self.maps[a].symmetric_difference(&self.maps[b]);
                let (x, y) = (&self.models[a], &self.models[b]);
                let only_x = x.iter().filter(|(key, _)| !y.contains_key(key));
                let only_y = y.iter().filter(|(key, _)| !x.contains_key(key));
                let expected = only_x.chain(only_y).map(|(key, value)| (*key, *value)).collect();
                self.store(a, map, expected);
            }
            Op::DifferenceWith(a, b) => {
                let decide = |a: &i32, b: &i32| (a > b).then(|| a.wrapping_sub(*b));
                let map = self.maps[a].difference_with(&self.maps[b], |_, a, b| decide(a, b));
                let both = self.maps[a].symmetric_difference_with(&self.maps[b], |_, a, b| decide(a, b));
                let expected: Model = self.models[a]
                    .iter()
                    .filter_map(|(key, x)| match self.models[b].get(key) {
                        None => Some((*key, *x)),
                        Some(y) => Some((*key, decide(x, y)?)),
                    })
                    .collect();
                let mut all = self.models[b].clone();
                all.retain(|key, _| !self.models[a].contains_key(key));
                all.extend(&expected);
                assert_same(&both, &all);
                self.store(a, map, expected);
            }
            Op::Sum(a, b) => {
                let map = self.maps[a].sum_with(&self.maps[b], |_, a, b| a.wrapping_mul(3).wrapping_add(*b));
                let mut expected = self.models[b].clone();
                for (key, x) in &self.models[a] {
                    expected
                        .entry(*key)
                        .and_modify(|y| *y = x.wrapping_mul(3).wrapping_add(*y))
                        .or_insert(*x);
                }
                self.store(a, map, expected);
            }
            Op::IntersectionWith(a, b) => {
                let map = self.maps[a].intersection_with(&self.maps[b], |_, a, b| a.wrapping_sub(*b));
                let both = self.models[a]
                    .iter()
                    .filter_map(|(key, a)| Some((*key, a.wrapping_sub(*self.models[b].get(key)?))));
                let expected = both.collect();
                self.store(a, map, expected);
            }
            Op::Merge(a, base, b) => {
                let map = self.maps[a].merge(&self.maps[base], &self.maps[b], |_, base, a, b| resolve(base, a, b));
                let expected = merged(&self.models[a], &self.models[base], &self.models[b], true);
                self.store(a, map, expected);
            }
            Op::MergeAll(a, base, b) => {
                let map = self.maps[a].merge_all(&self.maps[base], &self.maps[b], |_, base, a, b| resolve(base, a, b));
                let expected = merged(&self.models[a], &self.models[base], &self.models[b], false);
                self.store(a, map, expected);
            }
            Op::Rebuild(a) => self.maps[a] = self.maps[a].iter().map(|(key, value)| (*key, *value)).collect(),
        }
        if let Op::Insert(a, ..) | Op::Remove(a, _) | Op::InsertRun(a, ..) | Op::RemoveRun(a, _) | Op::Rebuild(a) = *op
        {
            self.check(a);
        }
    }

    fn store(&mut self, a: usize, map: Subject, model: Model) {
        (self.maps[a], self.models[a]) = (map, model);
        self.check(a);
    }

    fn check(&self, a: usize) {
        assert_same(&self.maps[a], &self.models[a]);
    }

    /// Asks two maps all that doesn't change them.
    fn ask(&self, a: usize, b: usize, key: u16, other: u16) {
        let (map, model) = (&self.maps[a], &self.models[a]);
        assert_eq!(map.get(&key), model.get(&key));
        assert_eq!(map.rank(&key), model.range(..key).count());
        assert_eq!(map.nth(map.rank(&key)), model.range(key..).next());
        assert_eq!(map.get_next(&key), model.range(key..).next());
        assert_eq!(map.get_prev(&key), model.range(..=key).next_back());
        assert_eq!(map.first_key_value(), model.first_key_value());
        assert_eq!(map.last_key_value(), model.last_key_value());
        let ends = (Bound::Excluded(key.min(other)), Bound::Included(key.max(other)));
        let (range, expected) = (map.range(ends), model.range(ends));
        assert_eq!(range.len(), expected.clone().count());
        assert!(range.clone().eq(expected.clone()) && range.clone().rev().eq(expected.clone().rev()));
        let steps = usize::from(key % 70);
        assert!(range.clone().step_by(steps + 1).eq(expected.clone().step_by(steps + 1)));
        assert_eq!(range.clone().nth_back(steps), expected.clone().nth_back(steps));
        let (mut range, mut expected) = (range, expected);
        for turn in 0.. {
            let turns = [turn % 3 == 0, turn % 7 == 0];
            let (ours, theirs) = if turns.contains(&true) {
                (range.next_back(), expected.next_back())
            } else {
                (range.next(), expected.next())
            };
            assert_eq!(ours, theirs);
            if ours.is_none() {
                break;
            }
        }
        let mut owned = map.clone().into_iter();
        let mut expected = model.clone().into_iter();
        assert_eq!(owned.next_back(), expected.next_back());
        assert!(owned.by_ref().take(steps).eq(expected.by_ref().take(steps)));
        assert_eq!(owned.len(), expected.len());
        assert!(owned.rev().eq(expected.rev()));

        let (new, new_model) = (&self.maps[b], &self.models[b]);
        assert_eq!(map == new, model == new_model);
        assert_eq!(map.cmp(new), model.cmp(new_model));
        let is_in = model.iter().all(|(key, value)| new_model.get(key) == Some(value));
        assert_eq!(map.is_submap(new), is_in);
        assert_eq!(
            map.is_disjoint(new),
            model.keys().all(|key| !new_model.contains_key(key))
        );
        let mut patched = model.clone();
        let mut last = None;
        for change in map.diff(new) {
            let key = match change {
                Change::Added { key, new } => {
                    assert_eq!(patched.insert(*key, *new), None);
                    key
                }
                Change::Removed { key, old } => {
                    assert_eq!(patched.remove(key), Some(*old));
                    key
                }
                Change::Changed { key, old, new } => {
                    assert_ne!(old, new);
                    assert_eq!(patched.insert(*key, *new), Some(*old));
                    key
                }
            };
            assert!(last < Some(*key), "keys rise");
            last = Some(*key);
        }
        assert_eq!(&patched, new_model);
    }
}

#[test]
fn histories_of_forks_are_those_of_the_model() {
    fn property(ops: Vec<(Op, u16, u16)>) {
        let mut world = World::default();
        for (op, key, other) in ops {
            world.apply(&op);
            world.ask(
                usize::from(key) % HANDLES,
                usize::from(other) % HANDLES,
                key % 3000,
                other % 3000,
            );
        }
        (0..HANDLES).for_each(|a| world.check(a));
    }
    quick_check(300).quickcheck(property as fn(Vec<(Op, u16, u16)>));
}
