//! Operations on forks of an ordered map, each compared with `BTreeMap`.

use arbitrary::{Arbitrary, Unstructured};
use pleach::OrdMap;
use pleach::map::Change;
use std::collections::{BTreeMap, BTreeSet};

type Model = BTreeMap<u16, u32>;

/// Handles on which the operations work.
const HANDLES: usize = 4;

/// One of the handles.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Handle(u8);

impl Handle {
    fn at(self) -> usize {
        usize::from(self.0) % HANDLES
    }
}

/// Keys at regular distances, in either direction.
#[derive(Arbitrary, Clone, Debug)]
struct Run {
    start: u16,
    stride: u8,
    count: u8,
    descending: bool,
}

impl Run {
    fn keys(&self) -> impl Iterator<Item = u16> {
        let count = u16::from(self.count);
        (0..count).map(move |i| {
            let index = if self.descending { count - 1 - i } else { i };
            self.start.wrapping_add(index.wrapping_mul(u16::from(self.stride)))
        })
    }
}

/// The result of an operation on several handles goes to the first.
#[derive(Arbitrary, Clone, Debug)]
enum Step {
    Insert(Handle, u16, u32),
    Remove(Handle, u16),
    InsertRun(Handle, Run, u32),
    RemoveRun(Handle, Run),
    RemoveAt(Handle, u16),
    Pop(Handle, u8),
    Add(Handle, u16, u32),
    Fork(Handle, Handle),
    Collect(Handle, Run, u32),
    Retain(Handle, u8),
    RangeMut(Handle, u16, u16),
    Split(Handle, Handle, u16),
    Cut(Handle, u16, u16),
    Append(Handle, Handle),
    Union(Handle, Handle),
    UnionWith(Handle, Handle),
    Sum(Handle, Handle),
    Intersection(Handle, Handle),
    Difference(Handle, Handle),
    SymmetricDifference(Handle, Handle),
    /// Ours, the base and theirs.
    Merge(Handle, Handle, Handle, bool),
    Ask(Handle, u16, u16),
    Drain(Handle, Vec<bool>),
    Diff(Handle, Handle),
    Check(Handle),
}

/// Interprets the bytes as operations.
pub fn run(data: &[u8]) {
    let mut world = World::default();
    // Not as a `Vec`, of which every other byte string has one step or none.
    let mut data = Unstructured::new(data);
    while !data.is_empty()
        && let Ok(step) = Step::arbitrary(&mut data)
    {
        world.step(&step);
    }
    (0..HANDLES).for_each(|at| world.check(at));
    world.diff(0, 1);
    world.diff(2, 1);
}

fn resolve(base: Option<&u32>, ours: Option<&u32>, theirs: Option<&u32>) -> Option<u32> {
    let part = |value: Option<&u32>, factor: u32| value.map_or(factor, |v| v.wrapping_mul(factor));
    let value = part(base, 3).wrapping_add(part(ours, 5)).wrapping_sub(part(theirs, 7));
    (!value.is_multiple_of(3)).then_some(value)
}

fn merged(ours: &Model, base: &Model, theirs: &Model, alike_is_one: bool) -> Model {
    let keys: BTreeSet<&u16> = [ours, base, theirs].into_iter().flat_map(Model::keys).collect();
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
    keys.into_iter().filter_map(|key| Some((*key, value(key)?))).collect()
}

#[derive(Default)]
struct World {
    maps: [OrdMap<u16, u32>; HANDLES],
    models: [Model; HANDLES],
}

impl World {
    /// Checks the invariants and the entries.
    fn check(&self, at: usize) {
        let (map, model) = (&self.maps[at], &self.models[at]);
        map.check().expect("the invariants hold");
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model));
        assert!(map.iter().rev().eq(model.iter().rev()));
    }

    fn diff(&self, old: usize, new: usize) {
        let changes = self.maps[old].diff(&self.maps[new]).map(|change| match change {
            Change::Added { key, new } => (*key, None, Some(*new)),
            Change::Removed { key, old } => (*key, Some(*old), None),
            Change::Changed { key, old, new } => (*key, Some(*old), Some(*new)),
        });
        let (from, to) = (&self.models[old], &self.models[new]);
        let keys: BTreeSet<&u16> = from.keys().chain(to.keys()).collect();
        let all = keys
            .into_iter()
            .map(|key| (*key, from.get(key).copied(), to.get(key).copied()));
        assert!(changes.eq(all.filter(|(_, old, new)| old != new)));
        assert_eq!(self.maps[old].cmp(&self.maps[new]), from.cmp(to));
        assert_eq!(self.maps[old] == self.maps[new], from == to);
    }

    fn step(&mut self, step: &Step) {
        let (maps, models) = (&mut self.maps, &mut self.models);
        match step {
            Step::Insert(a, key, value) => {
                assert_eq!(maps[a.at()].insert(*key, *value), models[a.at()].insert(*key, *value));
            }
            Step::Remove(a, key) => assert_eq!(maps[a.at()].remove(key), models[a.at()].remove(key)),
            Step::InsertRun(a, run, value) => run.keys().for_each(|key| {
                assert_eq!(maps[a.at()].insert(key, *value), models[a.at()].insert(key, *value));
            }),
            Step::RemoveRun(a, run) => run.keys().for_each(|key| {
                assert_eq!(maps[a.at()].remove(&key), models[a.at()].remove(&key));
            }),
            Step::RemoveAt(a, index) => {
                let key = models[a.at()].keys().nth(usize::from(*index)).copied();
                let expected = key.and_then(|key| models[a.at()].remove_entry(&key));
                assert_eq!(maps[a.at()].remove_at(usize::from(*index)), expected);
            }
            Step::Pop(a, count) => (0..*count).for_each(|_| {
                assert_eq!(maps[a.at()].pop_first(), models[a.at()].pop_first());
                assert_eq!(maps[a.at()].pop_last(), models[a.at()].pop_last());
            }),
            Step::Add(a, key, value) => {
                let found = maps[a.at()].entry(*key).or_insert(7);
                *found = found.wrapping_add(*value);
                let expected = models[a.at()].entry(*key).or_insert(7);
                *expected = expected.wrapping_add(*value);
            }
            Step::Fork(a, b) => {
                maps[a.at()] = maps[b.at()].clone();
                models[a.at()] = models[b.at()].clone();
            }
            Step::Collect(a, run, value) => {
                maps[a.at()] = run.keys().map(|key| (key, *value)).collect();
                models[a.at()] = run.keys().map(|key| (key, *value)).collect();
            }
            Step::Retain(a, modulus) => {
                let keep = |key: &u16| !key.is_multiple_of(u16::from(modulus % 8) + 1);
                maps[a.at()].retain(|key, _| keep(key));
                models[a.at()].retain(|key, _| keep(key));
            }
            Step::RangeMut(a, x, y) => {
                let range = *x.min(y)..*x.max(y);
                maps[a.at()].range_mut(range.clone()).for_each(|(_, value)| *value ^= 1);
                models[a.at()].range_mut(range).for_each(|(_, value)| *value ^= 1);
            }
            Step::Split(a, b, key) => {
                let rest = maps[a.at()].split_off(key);
                maps[b.at()] = rest;
                let rest = models[a.at()].split_off(key);
                models[b.at()] = rest;
            }
            Step::Cut(a, skip, take) => {
                let (skip, take) = (usize::from(*skip), usize::from(*take));
                maps[a.at()] = maps[a.at()].skip(skip).take(take);
                let kept = models[a.at()].iter().skip(skip).take(take);
                models[a.at()] = kept.map(|(key, value)| (*key, *value)).collect();
            }
            Step::Append(a, b) => {
                let mut other = maps[b.at()].clone();
                maps[a.at()].append(&mut other);
                let mut other = models[b.at()].clone();
                models[a.at()].append(&mut other);
            }
            Step::Union(a, b) => {
                maps[a.at()] = maps[a.at()].union(&maps[b.at()]);
                for (key, value) in models[b.at()].clone() {
                    models[a.at()].entry(key).or_insert(value);
                }
            }
            Step::UnionWith(a, b) => {
                maps[a.at()] = maps[a.at()].union_with(&maps[b.at()], |_, x, y| *x.max(y));
                for (key, value) in models[b.at()].clone() {
                    let entry = models[a.at()].entry(key).or_insert(value);
                    *entry = value.max(*entry);
                }
            }
            Step::Sum(a, b) => {
                maps[a.at()] = maps[a.at()].sum_with(&maps[b.at()], |_, x, y| x.wrapping_add(*y));
                for (key, value) in models[b.at()].clone() {
                    let entry = models[a.at()].entry(key);
                    entry.and_modify(|sum| *sum = sum.wrapping_add(value)).or_insert(value);
                }
            }
            Step::Intersection(a, b) => {
                maps[a.at()] = maps[a.at()].intersection(&maps[b.at()]);
                let other = models[b.at()].clone();
                models[a.at()].retain(|key, _| other.contains_key(key));
            }
            Step::Difference(a, b) => {
                maps[a.at()] = maps[a.at()].difference(&maps[b.at()]);
                let other = models[b.at()].clone();
                models[a.at()].retain(|key, _| !other.contains_key(key));
            }
            Step::SymmetricDifference(a, b) => {
                maps[a.at()] = maps[a.at()].symmetric_difference(&maps[b.at()]);
                let (ours, mut other) = (models[a.at()].clone(), models[b.at()].clone());
                models[a.at()].retain(|key, _| !other.contains_key(key));
                other.retain(|key, _| !ours.contains_key(key));
                models[a.at()].extend(other);
            }
            Step::Merge(a, b, c, alike_is_one) => {
                let (ours, base, theirs) = (&maps[a.at()], &maps[b.at()], &maps[c.at()]);
                maps[a.at()] = if *alike_is_one {
                    ours.merge(base, theirs, |_, b, o, t| resolve(b, o, t))
                } else {
                    ours.merge_all(base, theirs, |_, b, o, t| resolve(b, o, t))
                };
                models[a.at()] = merged(&models[a.at()], &models[b.at()], &models[c.at()], *alike_is_one);
            }
            Step::Ask(a, key, other) => {
                let (map, model) = (&maps[a.at()], &models[a.at()]);
                assert_eq!(map.get(key), model.get(key));
                assert_eq!(map.rank(key), model.range(..key).count());
                assert_eq!(map.nth(map.rank(key)), model.range(key..).next());
                assert_eq!(map.get_prev(key), model.range(..=key).next_back());
                let range = *key.min(other)..=*key.max(other);
                assert_eq!(map.range(range.clone()).len(), model.range(range.clone()).count());
                assert!(map.range(range.clone()).rev().eq(model.range(range).rev()));
            }
            Step::Drain(a, ends) => {
                let mut entries = std::mem::take(&mut maps[a.at()]).into_iter();
                let mut expected = std::mem::take(&mut models[a.at()]).into_iter();
                for from_back in ends {
                    if *from_back {
                        assert_eq!(entries.next_back(), expected.next_back());
                    } else {
                        assert_eq!(entries.next(), expected.next());
                    }
                }
                maps[a.at()] = entries.collect();
                models[a.at()] = expected.collect();
            }
            Step::Diff(a, b) => self.diff(a.at(), b.at()),
            Step::Check(a) => self.check(a.at()),
        }
    }
}
