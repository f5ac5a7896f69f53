//! Maps, compared with `BTreeMap`s.

use super::{HANDLES, Handle, Run};
use arbitrary::Arbitrary;
use pleach::Map;
use pleach::map::{Change, Entry};
use pleach_testkit::hostile::Hostile;
use std::collections::{BTreeMap, BTreeSet};

type Model = BTreeMap<u16, u8>;
type Subject = Map<u16, u8, Hostile>;

/// The result of an operation on several handles goes to the first.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Step {
    Insert(Handle, u16, u8),
    Remove(Handle, u16),
    InsertRun(Handle, Run, u8),
    RemoveRun(Handle, Run),
    Extend(Handle, Run, u8),
    GetMut(Handle, u16, u8),
    GetOrInsert(Handle, u16, u8),
    Entry(Handle, u16, u8),
    Alter(Handle, u16, Option<u8>),
    Fork(Handle, Handle),
    Clear(Handle),
    Retain(Handle, u8),
    IterMut(Handle, u8),
    Union(Handle, Handle),
    UnionWith(Handle, Handle),
    Intersection(Handle, Handle),
    Difference(Handle, Handle),
    SymmetricDifference(Handle, Handle),
    /// Ours, the base and theirs.
    Merge(Handle, Handle, Handle),
    MergeAll(Handle, Handle, Handle),
    /// The same entries, built at once.
    Rebuild(Handle),
    /// The same entries, with a hasher that isn't known to be equal.
    Estrange(Handle),
    Diff(Handle, Handle),
    Check(Handle),
}

fn resolve(base: Option<&u8>, ours: Option<&u8>, theirs: Option<&u8>) -> Option<u8> {
    let part = |value: Option<&u8>, factor: u8| value.map_or(factor, |v| v.wrapping_mul(factor));
    let value = part(base, 3).wrapping_add(part(ours, 5)).wrapping_sub(part(theirs, 7));
    (!value.is_multiple_of(3)).then_some(value)
}

fn merged(ours: &Model, base: &Model, theirs: &Model, alike_is_one: bool) -> Model {
    let keys: BTreeSet<u16> = [ours, base, theirs]
        .into_iter()
        .flat_map(|model| model.keys().copied())
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

struct World {
    hasher: Hostile,
    maps: [Subject; HANDLES],
    models: [Model; HANDLES],
}

pub(crate) fn run(hasher: Hostile, steps: &[Step]) {
    let empty = Subject::with_hasher(hasher);
    let mut world = World {
        hasher,
        maps: std::array::from_fn(|_| empty.clone()),
        models: Default::default(),
    };
    for step in steps {
        world.step(*step);
    }
    (0..HANDLES).for_each(|at| world.check(at));
    world.diff(0, 1);
    world.diff(2, 1);
}

impl World {
    fn check(&self, at: usize) {
        let (map, model) = (&self.maps[at], &self.models[at]);
        map.check().expect("the invariants hold");
        assert_eq!(map.len(), model.len());
        assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
        assert_eq!(map.iter().map(|(k, v)| (*k, *v)).collect::<Model>(), *model);
        assert_eq!(map.clone().into_iter().collect::<Model>(), *model);
    }

    fn diff(&self, old: usize, new: usize) {
        let changes = self.maps[old].diff(&self.maps[new]).map(|change| match change {
            Change::Added { key, new } => (*key, None, Some(*new)),
            Change::Removed { key, old } => (*key, Some(*old), None),
            Change::Changed { key, old, new } => (*key, Some(*old), Some(*new)),
        });
        let mut changes: Vec<_> = changes.collect();
        changes.sort_unstable();
        let (from, to) = (&self.models[old], &self.models[new]);
        let keys: BTreeSet<u16> = from.keys().chain(to.keys()).copied().collect();
        let expected: Vec<_> = keys
            .into_iter()
            .map(|key| (key, from.get(&key).copied(), to.get(&key).copied()))
            .filter(|(_, old, new)| old != new)
            .collect();
        assert_eq!(changes, expected);
        assert_eq!(self.maps[old] == self.maps[new], from == to);
        assert_eq!(
            self.maps[old].is_submap(&self.maps[new]),
            from.iter().all(|(key, value)| to.get(key) == Some(value))
        );
    }

    fn step(&mut self, step: Step) {
        let (maps, models) = (&mut self.maps, &mut self.models);
        match step {
            Step::Insert(a, key, value) => {
                assert_eq!(maps[a.at()].insert(key, value), models[a.at()].insert(key, value));
            }
            Step::Remove(a, key) => assert_eq!(maps[a.at()].remove(&key), models[a.at()].remove(&key)),
            Step::InsertRun(a, run, value) => run
                .keys()
                .for_each(|key| assert_eq!(maps[a.at()].insert(key, value), models[a.at()].insert(key, value))),
            Step::RemoveRun(a, run) => run
                .keys()
                .for_each(|key| assert_eq!(maps[a.at()].remove(&key), models[a.at()].remove(&key))),
            Step::Extend(a, run, value) => {
                maps[a.at()].extend(run.keys().map(|key| (key, value)));
                models[a.at()].extend(run.keys().map(|key| (key, value)));
            }
            Step::GetMut(a, key, value) => {
                let (found, expected) = (maps[a.at()].get_mut(&key), models[a.at()].get_mut(&key));
                assert_eq!(found, expected);
                found.into_iter().chain(expected).for_each(|v| *v = value);
            }
            Step::GetOrInsert(a, key, value) => {
                let found = maps[a.at()].get_or_insert_with(key, || value);
                let expected = models[a.at()].entry(key).or_insert(value);
                assert_eq!(found, expected);
                *found = found.wrapping_add(1);
                *expected = *found;
            }
            Step::Entry(a, key, value) => {
                let before = models[a.at()].get(&key).copied();
                match maps[a.at()].entry(key) {
                    Entry::Occupied(entry) if value.is_multiple_of(2) => assert_eq!(Some(entry.remove()), before),
                    Entry::Occupied(mut entry) => assert_eq!(Some(entry.insert(value)), before),
                    Entry::Vacant(entry) => assert_eq!((*entry.insert(value), None), (value, before)),
                }
                if before.is_some() && value.is_multiple_of(2) {
                    models[a.at()].remove(&key);
                } else {
                    models[a.at()].insert(key, value);
                }
            }
            Step::Alter(a, key, to) => {
                let before = models[a.at()].get(&key).copied();
                maps[a.at()] = maps[a.at()].alter(
                    |value| {
                        assert_eq!(value, before);
                        to
                    },
                    key,
                );
                match to {
                    Some(value) => models[a.at()].insert(key, value),
                    None => models[a.at()].remove(&key),
                };
            }
            Step::Fork(a, b) => {
                maps[a.at()] = maps[b.at()].clone();
                models[a.at()] = models[b.at()].clone();
            }
            Step::Clear(a) => {
                maps[a.at()].clear();
                models[a.at()].clear();
            }
            Step::Retain(a, modulus) => {
                let keep = |key: &u16| !key.is_multiple_of(u16::from(modulus % 8) + 1);
                maps[a.at()].retain(|key, _| keep(key));
                models[a.at()].retain(|key, _| keep(key));
            }
            Step::IterMut(a, more) => {
                maps[a.at()]
                    .iter_mut()
                    .for_each(|(_, value)| *value = value.wrapping_add(more));
                models[a.at()]
                    .iter_mut()
                    .for_each(|(_, value)| *value = value.wrapping_add(more));
            }
            Step::Union(..)
            | Step::UnionWith(..)
            | Step::Intersection(..)
            | Step::Difference(..)
            | Step::SymmetricDifference(..) => self.combine(step),
            Step::Merge(a, b, c) => {
                maps[a.at()] = maps[a.at()].merge(&maps[b.at()], &maps[c.at()], |_, b, o, t| resolve(b, o, t));
                models[a.at()] = merged(&models[a.at()], &models[b.at()], &models[c.at()], true);
            }
            Step::MergeAll(a, b, c) => {
                maps[a.at()] = maps[a.at()].merge_all(&maps[b.at()], &maps[c.at()], |_, b, o, t| resolve(b, o, t));
                models[a.at()] = merged(&models[a.at()], &models[b.at()], &models[c.at()], false);
            }
            Step::Rebuild(a) => {
                let mut rebuilt = maps[a.at()].new_like();
                rebuilt.extend(maps[a.at()].clone());
                assert!(rebuilt == maps[a.at()]);
                maps[a.at()] = rebuilt;
            }
            Step::Estrange(a) => {
                let mut other = Subject::with_hasher(self.hasher);
                other.extend(&maps[a.at()]);
                assert!(other == maps[a.at()]);
                maps[a.at()] = other;
            }
            Step::Diff(a, b) => self.diff(a.at(), b.at()),
            Step::Check(a) => self.check(a.at()),
        }
    }

    fn combine(&mut self, step: Step) {
        let (maps, models) = (&mut self.maps, &mut self.models);
        match step {
            Step::Union(a, b) => {
                maps[a.at()] = maps[a.at()].union(&maps[b.at()]);
                for (key, value) in models[b.at()].clone() {
                    models[a.at()].entry(key).or_insert(value);
                }
            }
            Step::UnionWith(a, b) => {
                maps[a.at()] = maps[a.at()].union_with(&maps[b.at()], |_, x, y| *x.max(y));
                for (key, value) in models[b.at()].clone() {
                    models[a.at()]
                        .entry(key)
                        .and_modify(|v| *v = value.max(*v))
                        .or_insert(value);
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
                let mut other = models[b.at()].clone();
                other.retain(|key, _| !models[a.at()].contains_key(key));
                let of_b = models[b.at()].clone();
                models[a.at()].retain(|key, _| !of_b.contains_key(key));
                models[a.at()].extend(other);
            }
            _ => {}
        }
    }
}
