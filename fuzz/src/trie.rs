//! Operations on forks of a byte trie, each compared with `BTreeMap`.

use arbitrary::{Arbitrary, Unstructured};
use pleach::TrieMap;
use pleach::trie_map::Change;
use std::collections::{BTreeMap, BTreeSet};

type Model = BTreeMap<Vec<u8>, u32>;

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

/// A key: a run of one byte, so that keys have long common prefixes, then any bytes.
#[derive(Arbitrary, Clone, Debug)]
struct Key {
    run: u8,
    length: u8,
    rest: [u8; 4],
}

impl Key {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![b'x'; usize::from(self.run) % 80];
        bytes.extend_from_slice(&self.rest[..usize::from(self.length) % 5]);
        bytes
    }
}

/// Keys that begin alike: two bytes more each.
#[derive(Arbitrary, Clone, Debug)]
struct Run {
    start: Key,
    first: u16,
    stride: u8,
    count: u8,
}

impl Run {
    fn keys(&self) -> impl Iterator<Item = Vec<u8>> {
        let start = self.start.bytes();
        (0..u16::from(self.count)).map(move |i| {
            let number = self.first.wrapping_add(i.wrapping_mul(u16::from(self.stride)));
            [&start[..], &number.to_be_bytes()].concat()
        })
    }
}

/// A move of a cursor.
#[derive(Arbitrary, Clone, Debug)]
enum Move {
    Descend(Vec<u8>),
    Ascend(u8),
    Next,
    NextBelow(u8),
    FirstOfLength(u8),
    NextOfLength(u8),
}

/// The result of an operation on several handles goes to the first.
#[derive(Arbitrary, Clone, Debug)]
enum Step {
    Insert(Handle, Key, u32),
    Remove(Handle, Key),
    InsertRun(Handle, Run, u32),
    RemoveRun(Handle, Run),
    Add(Handle, Key, u32),
    Fork(Handle, Handle),
    Retain(Handle, u8),
    IterMut(Handle),
    Union(Handle, Handle),
    UnionWith(Handle, Handle),
    Intersection(Handle, Handle),
    Difference(Handle, Handle),
    SymmetricDifference(Handle, Handle),
    /// Ours, the base and theirs.
    Merge(Handle, Handle, Handle, bool),
    Detach(Handle, Handle, Key),
    Ask(Handle, Key),
    Range(Handle, Key, Key),
    Diff(Handle, Handle),
    Walk(Handle, Key, Vec<Move>),
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
    let keys: BTreeSet<&Vec<u8>> = [ours, base, theirs].into_iter().flat_map(Model::keys).collect();
    let value = |key: &Vec<u8>| {
        let (b, o, t) = (base.get(key), ours.get(key), theirs.get(key));
        if b == o {
            t.copied()
        } else if b == t || (alike_is_one && o == t) {
            o.copied()
        } else {
            resolve(b, o, t)
        }
    };
    keys.into_iter()
        .filter_map(|key| Some((key.clone(), value(key)?)))
        .collect()
}

#[derive(Default)]
struct World {
    maps: [TrieMap<u32>; HANDLES],
    models: [Model; HANDLES],
}

impl World {
    /// Checks the invariants, the entries, and that the shape is that of a map that is built at once.
    fn check(&self, at: usize) {
        let (map, model) = (&self.maps[at], &self.models[at]);
        map.check().expect("the invariants hold");
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter().map(|(key, value)| (key.clone(), value))));
        assert!(
            map.iter()
                .rev()
                .eq(model.iter().rev().map(|(key, value)| (key.clone(), value)))
        );
        let built = TrieMap::from_sorted(model.iter().map(|(key, value)| (key, *value))).expect("sorted");
        let (blocks, of_built) = (blocks(map), blocks(&built));
        assert_eq!(blocks.len(), of_built.len());
        for ((bytes, values), (least, of_built)) in blocks.into_iter().zip(of_built) {
            assert_eq!(values, of_built);
            assert!(bytes >= least, "a block may have room for more");
        }
        assert!(*map == built);
    }

    fn diff(&self, old: usize, new: usize) {
        let changes: Vec<_> = self.maps[old]
            .diff(&self.maps[new])
            .map(|change| match change {
                Change::Added { key, new } => (key, None, Some(*new)),
                Change::Removed { key, old } => (key, Some(*old), None),
                Change::Changed { key, old, new } => (key, Some(*old), Some(*new)),
            })
            .collect();
        let (from, to) = (&self.models[old], &self.models[new]);
        let keys: BTreeSet<&Vec<u8>> = from.keys().chain(to.keys()).collect();
        let expected: Vec<_> = keys
            .into_iter()
            .map(|key| (key.clone(), from.get(key).copied(), to.get(key).copied()))
            .filter(|(_, old, new)| old != new)
            .collect();
        assert_eq!(changes, expected);
        assert_eq!(self.maps[old].cmp(&self.maps[new]), from.cmp(to));
    }

    fn step(&mut self, step: &Step) {
        let (maps, models) = (&mut self.maps, &mut self.models);
        match step {
            Step::Insert(a, key, value) => {
                let key = key.bytes();
                assert_eq!(maps[a.at()].insert(&key, *value), models[a.at()].insert(key, *value));
            }
            Step::Remove(a, key) => {
                let key = key.bytes();
                assert_eq!(maps[a.at()].remove(&key), models[a.at()].remove(&key));
            }
            Step::InsertRun(a, run, value) => {
                for key in run.keys() {
                    assert_eq!(maps[a.at()].insert(&key, *value), models[a.at()].insert(key, *value));
                }
            }
            Step::RemoveRun(a, run) => {
                for key in run.keys() {
                    assert_eq!(maps[a.at()].remove(&key), models[a.at()].remove(&key));
                }
            }
            Step::Add(a, key, value) => {
                let key = key.bytes();
                let found = maps[a.at()].entry(&*key).or_insert(7);
                *found = found.wrapping_add(*value);
                let expected = models[a.at()].entry(key).or_insert(7);
                *expected = expected.wrapping_add(*value);
            }
            Step::Fork(a, b) => {
                maps[a.at()] = maps[b.at()].clone();
                models[a.at()] = models[b.at()].clone();
            }
            Step::Retain(a, modulus) => {
                let keep = |key: &[u8]| {
                    let sum: u32 = key.iter().map(|byte| u32::from(*byte)).sum();
                    !sum.is_multiple_of(u32::from(modulus % 8) + 1)
                };
                maps[a.at()].retain(|key, _| keep(key));
                models[a.at()].retain(|key, _| keep(key));
            }
            Step::IterMut(a) => {
                maps[a.at()].values_mut().for_each(|value| *value ^= 1);
                models[a.at()].values_mut().for_each(|value| *value ^= 1);
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
            Step::Detach(a, b, key) => {
                let key = key.bytes();
                maps[a.at()] = maps[b.at()].prefix(&key).to_map();
                models[a.at()] = models[b.at()].clone();
                models[a.at()].retain(|other, _| other.starts_with(&key));
            }
            Step::Ask(a, key) => ask(&maps[a.at()], &models[a.at()], &key.bytes()),
            Step::Range(a, x, y) => {
                let (x, y) = (x.bytes(), y.bytes());
                let range = x.clone().min(y.clone())..x.max(y);
                let expected = models[a.at()].range(range.clone());
                assert!(
                    maps[a.at()]
                        .range(range)
                        .eq(expected.map(|(key, value)| (key.clone(), value)))
                );
            }
            Step::Diff(a, b) => self.diff(a.at(), b.at()),
            Step::Walk(a, base, moves) => walk(&maps[a.at()], &models[a.at()], &base.bytes(), moves),
            Step::Check(a) => self.check(a.at()),
        }
    }
}

/// The blocks of a map's nodes, in a fixed order.
fn blocks(map: &TrieMap<u32>) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    map.visit_nodes(|bytes, values, _| blocks.push((bytes, values.len())));
    blocks
}

fn ask(map: &TrieMap<u32>, model: &Model, key: &[u8]) {
    assert_eq!(map.get(key), model.get(key));
    let before = model.keys().filter(|other| other.as_slice() < key).count();
    assert_eq!(map.rank(key), before);
    assert_eq!(
        map.nth(before),
        model.iter().nth(before).map(|(key, value)| (key.clone(), value))
    );
    let longest = (0..=key.len())
        .rev()
        .find_map(|length| Some((&key[..length], model.get(&key[..length])?)));
    assert_eq!(map.longest_prefix_of(key), longest);
    let below = model.keys().filter(|other| other.starts_with(key)).count();
    assert_eq!((map.count_prefix(key), map.prefix(key).len()), (below, below));
}

/// Moves a cursor, and a path beside it.
fn walk(map: &TrieMap<u32>, model: &Model, base: &[u8], moves: &[Move]) {
    let Some(mut cursor) = map.cursor_at(base) else {
        assert!(!model.keys().any(|key| key.starts_with(base)));
        return;
    };
    let mut path = base.to_vec();
    let next = |path: &[u8], floor: usize| {
        let after = model.keys().find(|key| key.as_slice() > path);
        after.filter(|key| key.starts_with(&path[..floor])).cloned()
    };
    for step in moves {
        match step {
            Move::Descend(bytes) => {
                let down = [&path[..], bytes].concat();
                let there = model.keys().any(|key| key.starts_with(&down));
                assert_eq!(cursor.descend(bytes), there);
                if there {
                    path = down;
                }
            }
            Move::Ascend(count) => {
                cursor.ascend((*count).into());
                path.truncate(path.len().saturating_sub((*count).into()).max(base.len()));
            }
            Move::Next | Move::NextBelow(_) => {
                let depth = match step {
                    Move::NextBelow(depth) => usize::from(*depth).min(path.len() - base.len()),
                    _ => 0,
                };
                let found = match step {
                    Move::NextBelow(depth) => cursor.next_entry_below((*depth).into()),
                    _ => cursor.next_entry(),
                };
                let expected = next(&path, base.len() + depth);
                assert_eq!(found, expected.as_ref().and_then(|key| model.get(key)));
                match expected {
                    Some(key) => path = key,
                    None => path.truncate(base.len() + depth),
                }
            }
            Move::FirstOfLength(count) => {
                let length = path.len() + 1 + usize::from(count % 8);
                let first = model
                    .keys()
                    .find(|key| key.len() >= length && key.starts_with(&path))
                    .map(|key| key[..length].to_vec());
                assert_eq!(cursor.first_of_length(length - path.len()), first.is_some());
                path = first.unwrap_or(path);
            }
            Move::NextOfLength(count) => {
                let floor = path.len().saturating_sub((*count).into()).max(base.len());
                let length = path.len();
                let later = model
                    .keys()
                    .filter(|key| key.len() >= length && key.starts_with(&path[..floor]))
                    .map(|key| key[..length].to_vec())
                    .find(|key| *key > path);
                assert_eq!(cursor.next_of_length(path.len() - floor), later.is_some());
                match later {
                    Some(key) => path = key,
                    None => path.truncate(floor),
                }
            }
        }
        let below = model.keys().filter(|key| key.starts_with(&path)).count();
        assert_eq!(
            (cursor.path(), cursor.value(), cursor.count()),
            (&path[..], model.get(&path), below)
        );
    }
}
