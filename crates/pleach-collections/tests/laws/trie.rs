//! [`TrieMap`] against `BTreeMap`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::TrieMap;
use pleach_collections::trie_map::{Change, Cursor, Diff, Entry, IntoIter, Iter, IterMut, Prefix, Values};
use pleach_testkit::frail_entries::Value;
use pleach_testkit::fuse;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

type Model = BTreeMap<Vec<u8>, u32>;

/// xorshift64.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.below(2);
        random
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % bound as u64) as usize
    }
}

/// Kinds of keys: few bytes, any bytes, paths, prefixes of one another, and long common prefixes.
const STYLES: usize = 5;

fn key(random: &mut Random, style: usize) -> Vec<u8> {
    match style {
        0 => (0..random.below(6)).map(|_| random.below(3) as u8 * 100).collect(),
        1 => (0..random.below(4)).map(|_| random.below(256) as u8).collect(),
        2 => format!("(edge n{} n{})", random.below(50), random.below(50)).into_bytes(),
        3 => vec![7; random.below(40)],
        _ => {
            let mut key = vec![b'x'; 60];
            key.extend((0..random.below(4)).map(|_| random.below(4) as u8));
            if random.below(5) == 0 {
                key.truncate(random.below(60));
            }
            key
        }
    }
}

/// The nodes of a map in a fixed order: of an inner node the bytes of its block, of a leaf, which may have room for more, the
/// number of its keys.
fn nodes(map: &TrieMap<u32>) -> Vec<(usize, usize)> {
    let mut nodes = Vec::new();
    map.visit_nodes(|bytes, values, _| nodes.push((if values.is_empty() { bytes } else { 0 }, values.len())));
    nodes
}

#[track_caller]
fn assert_same(map: &TrieMap<u32>, model: &Model) {
    map.check().unwrap();
    assert_eq!(map.len(), model.len());
    assert!(map.iter().eq(model.iter().map(|(key, value)| (key.clone(), value))));
    assert!(
        map.iter()
            .rev()
            .eq(model.iter().rev().map(|(key, value)| (key.clone(), value)))
    );
    let built = TrieMap::from_sorted(model.iter().map(|(key, value)| (key, *value))).unwrap();
    assert_eq!(nodes(map), nodes(&built), "the shape follows from the keys");
    assert!(*map == built && map.diff(&built).next().is_none());
}

/// One question of each kind.
fn ask(map: &TrieMap<u32>, model: &Model, random: &mut Random, key: &[u8]) {
    assert_eq!(map.get(key), model.get(key));
    assert_eq!(map.rank(key), model.range(..key.to_vec()).count());
    let longest = (0..=key.len())
        .rev()
        .find_map(|length| Some((&key[..length], model.get(&key[..length])?)));
    assert_eq!(map.longest_prefix_of(key), longest);
    let index = random.below(model.len() + 1);
    assert_eq!(
        map.nth(index),
        model.iter().nth(index).map(|(key, value)| (key.clone(), value))
    );
    assert_eq!(
        map.first_key_value(),
        model.iter().next().map(|(key, value)| (key.clone(), value))
    );
    assert_eq!(
        map.last_key_value(),
        model.iter().next_back().map(|(key, value)| (key.clone(), value))
    );

    // From this key to the other.
    let mut other = key.to_vec();
    other.extend([0, 1]);
    let bounds = [
        Bound::Included(key.to_vec()),
        Bound::Excluded(key.to_vec()),
        Bound::Unbounded,
    ];
    let ends = [Bound::Included(other.clone()), Bound::Excluded(other), Bound::Unbounded];
    let range = (bounds[random.below(3)].clone(), ends[random.below(3)].clone());
    let expected: Vec<_> = model
        .range(range.clone())
        .map(|(key, value)| (key.clone(), value))
        .collect();
    assert_eq!(map.range(range.clone()).collect::<Vec<_>>(), expected);
    assert!(map.range(range).rev().eq(expected.into_iter().rev()));

    // Below this key.
    let below: Model = model
        .iter()
        .filter(|(other, _)| other.starts_with(key))
        .map(|(key, value)| (key.clone(), *value))
        .collect();
    let prefix = map.prefix(key);
    assert_eq!((prefix.len(), map.count_prefix(key)), (below.len(), below.len()));
    assert!(prefix.iter().eq(below.iter().map(|(key, value)| (key.clone(), value))));
    assert_same(&prefix.to_map(), &below);
    let mut cursor = map.cursor();
    assert_eq!(cursor.descend(key), !below.is_empty() || key.is_empty());
    if below.is_empty() {
        assert_eq!(cursor.path(), b"");
        return;
    }
    assert_eq!(
        (cursor.path(), cursor.value(), cursor.count()),
        (key, model.get(key), below.len())
    );
    let mut bytes: Vec<u8> = below.keys().filter_map(|other| other.get(key.len()).copied()).collect();
    bytes.dedup();
    assert_eq!(cursor.first_byte(), bytes.clone().into_iter().next());
    assert!(cursor.bytes().eq(bytes));
    let mut inside = cursor.clone();
    for (other, value) in below.iter().filter(|(other, _)| other.len() > key.len()) {
        assert_eq!(inside.next_entry_below(key.len()), Some(value));
        assert_eq!((inside.path(), inside.value()), (&other[..], Some(value)));
    }
    assert_eq!((inside.next_entry_below(key.len()), inside.path()), (None, key));
    // From there, as at first.
    let next = below.iter().find(|(other, _)| other.len() > key.len());
    assert_eq!(inside.next_entry_below(key.len()), next.map(|(_, value)| value));
    if let Some(mut based) = map.cursor_at(key) {
        for _ in 0..2 {
            let rest = below.iter().filter(|(other, _)| other.len() > key.len());
            assert!(
                rest.map(|(_, value)| value)
                    .eq(std::iter::from_fn(|| based.next_entry()))
            );
            assert_eq!(based.path(), key);
        }
    }

    // Paths of one length below this key, each once.
    let count = 1 + random.below(3);
    let mut paths: Vec<&[u8]> = below
        .keys()
        .filter_map(|other| other.get(..key.len() + count))
        .collect();
    paths.dedup();
    let mut found = cursor.first_of_length(count);
    for path in paths {
        assert!(found);
        assert_eq!(cursor.path(), path);
        found = cursor.next_of_length(count);
    }
    assert!(!found);
    assert_eq!(cursor.path(), key);
}

fn changes(old: &Model, new: &Model) -> Vec<Change<Vec<u8>, u32>> {
    let mut changes = Vec::new();
    for (key, old) in old {
        match new.get(key) {
            None => changes.push(Change::Removed {
                key: key.clone(),
                old: *old,
            }),
            Some(new) if new != old => changes.push(Change::Changed {
                key: key.clone(),
                old: *old,
                new: *new,
            }),
            Some(_) => {}
        }
    }
    let added = new.iter().filter(|(key, _)| !old.contains_key(*key));
    changes.extend(added.map(|(key, new)| Change::Added {
        key: key.clone(),
        new: *new,
    }));
    changes.sort_by(|a, b| a.key().cmp(b.key()));
    changes
}

/// Set operations, difference and merge of two maps and an ancestor.
fn combine([(a, x), (b, y), (base, z)]: [&(TrieMap<u32>, Model); 3]) {
    let owned = |change: Change<Vec<u8>, &u32>| match change {
        Change::Added { key, new } => Change::Added { key, new: *new },
        Change::Removed { key, old } => Change::Removed { key, old: *old },
        Change::Changed { key, old, new } => Change::Changed {
            key,
            old: *old,
            new: *new,
        },
    };
    assert_eq!(a.diff(b).map(owned).collect::<Vec<_>>(), changes(x, y));
    assert_eq!(a == b, x == y);
    assert_eq!(a.cmp(b), x.cmp(y));

    let of = |keep: &dyn Fn(&Vec<u8>) -> Option<u32>| -> Model {
        let keys = x.keys().chain(y.keys()).chain(z.keys());
        keys.filter_map(|key| Some((key.clone(), keep(key)?))).collect()
    };
    assert_same(&a.union(b), &of(&|key| x.get(key).or(y.get(key)).copied()));
    let larger = of(&|key| x.get(key).max(y.get(key)).copied());
    assert_same(&a.union_with(b, |_, a, b| *a.max(b)), &larger);
    let sums = of(&|key| match (x.get(key), y.get(key)) {
        (Some(a), Some(b)) => Some(a.wrapping_add(*b)),
        (a, b) => a.or(b).copied(),
    });
    assert_same(&a.sum_with(b, |_, a, b| a.wrapping_add(*b)), &sums);
    assert_same(
        &a.intersection(b),
        &of(&|key| x.get(key).filter(|_| y.contains_key(key)).copied()),
    );
    assert_same(
        &a.difference(b),
        &of(&|key| x.get(key).filter(|_| !y.contains_key(key)).copied()),
    );
    let one = of(&|key| match (x.get(key), y.get(key)) {
        (Some(value), None) | (None, Some(value)) => Some(*value),
        _ => None,
    });
    assert_same(&a.symmetric_difference(b), &one);

    // The resolver sees all three values, and sums those of both sides.
    let sum = |a: Option<&u32>, b: Option<&u32>| {
        Some(a.copied().unwrap_or(0) + b.copied().unwrap_or(0)).filter(|sum| sum % 3 > 0)
    };
    let merged = |alike_is_one: bool| {
        of(&|key| {
            let (base, here, there) = (z.get(key), x.get(key), y.get(key));
            match (base == here, base == there) {
                (_, true) => here.copied(),
                (true, _) => there.copied(),
                _ if alike_is_one && here == there => here.copied(),
                _ => sum(here, there),
            }
        })
    };
    let asked = |key: &[u8], base: Option<&u32>, here: Option<&u32>, there: Option<&u32>| {
        assert_eq!((base, here, there), (z.get(key), x.get(key), y.get(key)));
        sum(here, there)
    };
    assert_same(&a.merge(base, b, asked), &merged(true));
    assert_same(&a.merge_all(base, b, asked), &merged(false));
}

fn history(seed: u64) {
    let mut random = Random::new(seed);
    let mixed = random.below(STYLES + 1);
    let mut worlds = vec![(TrieMap::new(), Model::new())];
    let steps = 10 + random.below(120);
    for step in 0..steps {
        let style = if mixed == STYLES { random.below(STYLES) } else { mixed };
        let at = random.below(worlds.len());
        let key = key(&mut random, style);
        match random.below(13) {
            0 if worlds.len() < 4 => worlds.push(worlds[at].clone()),
            0..=6 => {
                let ((map, model), value) = (&mut worlds[at], random.below(5) as u32);
                assert_eq!(map.insert(&key, value), model.insert(key, value));
            }
            7..=9 => {
                let (map, model) = &mut worlds[at];
                let present = model.keys().nth(random.below(model.len() + 1)).cloned();
                let key = present.filter(|_| random.below(2) == 0).unwrap_or(key);
                assert_eq!(map.remove(&key), model.remove(&key));
            }
            10 => {
                let (map, model) = &mut worlds[at];
                match random.below(4) {
                    0 => {
                        *map.entry(&*key).or_insert(1) += 1;
                        *model.entry(key).or_insert(1) += 1;
                    }
                    1 => {
                        map.values_mut().for_each(|value| *value += 1);
                        model.values_mut().for_each(|value| *value += 1);
                    }
                    2 => {
                        map.retain(|key, value| key.len() % 3 > 0 || value % 2 > 0);
                        model.retain(|key, value| key.len() % 3 > 0 || *value % 2 > 0);
                    }
                    _ => {
                        let add = |value: &mut u32, key: &[u8]| *value += u32::from(key.len().is_multiple_of(2));
                        map.iter_mut().for_each(|(key, value)| add(value, &key));
                        model.iter_mut().for_each(|(key, value)| add(value, key));
                    }
                }
            }
            11 => ask(&worlds[at].0, &worlds[at].1, &mut random, &key),
            _ => {
                let pick = |random: &mut Random| random.below(worlds.len());
                let [a, b, c] = [(); 3].map(|()| &worlds[pick(&mut random)]);
                combine([a, b, c]);
            }
        }
        if step % 16 == 0 {
            assert_same(&worlds[at].0, &worlds[at].1);
        }
    }
    for (map, model) in &worlds {
        assert_same(map, model);
        assert!(map.clone().into_iter().eq(model.clone()));
    }
    // Values move out of nodes of one owner.
    let (map, model) = worlds.swap_remove(0);
    drop(worlds);
    assert!(map.into_iter().eq(model));
}

#[test]
fn histories_agree_with_a_btree_map() {
    (0..pleach_testkit::cases(300)).for_each(history);
}

#[test]
fn values_that_iterators_write_are_those_of_the_model() {
    let mut random = Random::new(1);
    for style in 0..STYLES {
        let mut model: Model = (0..200).map(|i| (key(&mut random, style), i)).collect();
        let mut map: TrieMap<u32> = model.clone().into();
        let before = map.clone();
        map.values_mut().for_each(|value| *value += 1);
        model.values_mut().for_each(|value| *value += 1);
        assert_same(&map, &model);
        for ((key, value), (other, expected)) in map.iter_mut().zip(&mut model) {
            assert_eq!(key, *other);
            *value *= 2;
            *expected *= 2;
        }
        assert_same(&map, &model);
        map.retain(|key, value| key.len() % 2 > 0 || value % 3 > 0);
        model.retain(|key, value| key.len() % 2 > 0 || *value % 3 > 0);
        assert_same(&map, &model);
        assert!(before.len() >= map.len() && before.check().is_ok());
    }
}

#[test]
fn small_maps_are_combined_with_far_larger_ones() {
    let mut random = Random::new(2);
    for style in [1, 2] {
        for _ in 0..5 {
            let mut world = |count: usize| {
                let model: Model = (0..count).map(|i| (key(&mut random, style), i as u32 % 4)).collect();
                (TrieMap::from(model.clone()), model)
            };
            let (large, small, base) = (world(1_500), world(20), world(10));
            combine([&large, &small, &base]);
            combine([&small, &large, &base]);
        }
    }
}

#[test]
fn any_byte_continues_a_key() {
    let mut map = TrieMap::new();
    let mut model = Model::new();
    for a in 0..=255 {
        for b in [0, 1, 127, 128, 254, 255] {
            map.insert([a, b], u32::from(a));
            model.insert(vec![a, b], u32::from(a));
        }
        map.insert([a], 7);
        model.insert(vec![a], 7);
    }
    map.insert([], 9);
    model.insert(vec![], 9);
    assert_same(&map, &model);
    assert!(map.cursor().bytes().eq(0..=255));
    for key in model.keys().cloned().collect::<Vec<_>>() {
        assert_eq!(map.remove(&key), model.remove(&key));
    }
    assert!(map.is_empty() && map.check().is_ok());
}

#[test]
fn long_keys_are_kept_whole() {
    let long = vec![b'k'; 1 << 20];
    let mut map = TrieMap::from([(long.clone(), 1), (long[1..].to_vec(), 2)]);
    let mut other = long.clone();
    other[1 << 19] = b'j';
    map.insert(&other, 3);
    map.insert([&long[..], b"more"].concat(), 4);
    map.check().unwrap();
    assert_eq!(
        (map.get(&long), map.get(&long[1..]), map.get(&other)),
        (Some(&1), Some(&2), Some(&3))
    );
    assert_eq!(
        map.longest_prefix_of(&[&long[..], b"mor"].concat()),
        Some((&long[..], &1))
    );
    let fork = map.clone();
    assert_eq!(map.remove(&long), Some(1));
    assert_eq!(fork.diff(&map).count(), 1);
    map.check().unwrap();
    // Each key is a prefix of the next.
    let keys = |from: usize| (from..20).step_by(2).map(|i| (&long[..i << 15], i as u32));
    let (even, odd) = (TrieMap::from_iter(keys(0)), TrieMap::from_iter(keys(1)));
    let all = TrieMap::from_iter(keys(0).chain(keys(1)));
    assert_eq!(nodes(&even.union(&odd)), nodes(&all));
    assert_eq!(even.union(&odd), all);
    assert_eq!(all.difference(&odd), even);
    assert_eq!(all.intersection(&odd), odd);
    assert_eq!(
        even.merge(&map, &odd, |_, _, a, b| a.or(b).copied()),
        even.union(&odd).difference(&map)
    );
}

#[test]
fn a_long_common_prefix_is_held_once() {
    let mut key = vec![b'p'; 100_000];
    let start = key.len();
    let mut map = TrieMap::new();
    let keys = if cfg!(debug_assertions) { 2_000_u32 } else { 1_000_000 };
    for number in 0..keys {
        key.truncate(start);
        key.extend_from_slice(number.wrapping_mul(0x9E37_79B9).to_be_bytes().as_slice());
        map.insert(&key, number);
    }
    map.check().unwrap();
    assert_eq!(map.len(), keys as usize);
    let mut bytes = 0;
    map.visit_nodes(|block, _, _| bytes += block);
    assert!(bytes < 100 * keys as usize, "{bytes}");
    assert_eq!(map.get(&key), Some(&(keys - 1)));
    // Walks and builders don't hold the prefix for each key.
    let keys = if cfg!(debug_assertions) { 2_000_u32 } else { 100_000 };
    let build = |from: u32| {
        let mut key = vec![b'p'; 100_000];
        TrieMap::from_sorted((from..2 * keys).step_by(2).map(|number| {
            key.truncate(100_000);
            key.extend_from_slice(&number.to_be_bytes());
            (key.clone(), number)
        }))
        .unwrap()
    };
    let (mut even, mut odd) = (build(0), build(1));
    even.insert("o", 1);
    odd.insert("q", 2);
    for result in [
        even.union(&odd),
        even.symmetric_difference(&odd),
        even.merge(&TrieMap::new(), &odd, |_, _, _, _| None),
    ] {
        assert_eq!(result.len(), 2 * keys as usize + 2);
        assert_eq!(result.check(), Ok(()));
        let mut bytes = 0;
        result.visit_nodes(|block, _, _| bytes += block);
        assert!(bytes < 120 * result.len(), "{bytes}");
        assert_eq!(even.diff(&result).count(), keys as usize + 1);
        assert_eq!(result.difference(&odd), even);
    }
}

#[test]
fn deep_tries_need_little_stack() {
    let work = || {
        // Each key is a prefix of the next, so the trie is as deep as they are many.
        let key = vec![3_u8; 3_000];
        let mut map = TrieMap::new();
        for length in 0..key.len() {
            map.insert(&key[..length], length as u32);
        }
        map.check().unwrap();
        assert_eq!(map.iter().count(), key.len());
        assert!(format!("{map:?}").len() > key.len());
        let mut fork = map.clone();
        for length in (0..key.len()).step_by(2) {
            fork.remove(&key[..length]);
        }
        assert_eq!(map.diff(&fork).count(), key.len() / 2);
        assert_eq!(fork.union(&map), map);
        assert_eq!(map.merge(&map, &fork, |_, _, _, _| None), fork);
        assert_eq!(map.clone().into_iter().count(), key.len());
        drop(fork);
        drop(map);
    };
    std::thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

/// A value whose drop panics doesn't keep others from being dropped.
#[test]
fn a_panic_in_a_drop_leaks_nothing() {
    struct Mine(#[allow(dead_code, reason = "dropped only")] Rc<()>, bool);
    impl Drop for Mine {
        fn drop(&mut self) {
            if self.1 {
                fuse::panic_as_planned();
            }
        }
    }
    fuse::quiet();
    let count = Rc::new(());
    for (n, bad) in [(1, 0), (2, 1), (300, 0), (300, 150), (300, 299)] {
        let mine = |i| (format!("k{}/{i}", i % 7), Mine(count.clone(), i == bad));
        let map: TrieMap<Mine> = TrieMap::from_sorted(BTreeMap::from_iter((0..n).map(mine))).unwrap();
        assert_eq!(Rc::strong_count(&count), n + 1);
        catch_unwind(AssertUnwindSafe(|| drop(map))).unwrap_err();
        assert_eq!(Rc::strong_count(&count), 1, "{bad} of {n}");
    }
    // Deeper than drops nest.
    let inner = TrieMap::from_sorted([("bad", Mine(count.clone(), true)), ("good", Mine(count.clone(), false))]);
    enum Deep {
        End(#[allow(dead_code, reason = "dropped only")] TrieMap<Mine>),
        Level(
            #[allow(dead_code, reason = "dropped only")] [TrieMap<Deep>; 2],
            #[allow(dead_code, reason = "dropped only")] Rc<()>,
        ),
    }
    let deep = (0..300).fold(Deep::End(inner.unwrap()), |inner, _| {
        let leaf = Deep::Level([TrieMap::new(), TrieMap::new()], count.clone());
        let of = |value| TrieMap::from_sorted([("", value)]).unwrap();
        Deep::Level([of(inner), of(leaf)], count.clone())
    });
    assert_eq!(Rc::strong_count(&count), 603);
    catch_unwind(AssertUnwindSafe(|| drop(deep))).unwrap_err();
    assert_eq!(Rc::strong_count(&count), 1);
}

/// A difference compares the values of a key once.
#[test]
fn a_difference_compares_two_values_once() {
    thread_local!(static COMPARED: Cell<usize> = const { Cell::new(0) });
    #[derive(Clone)]
    struct Counted(u32);
    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            COMPARED.set(COMPARED.get() + 1);
            self.0 == other.0
        }
    }
    let map = |step: usize| -> TrieMap<Counted> {
        let value = |i: usize| Counted(if i.is_multiple_of(step) { 1 } else { 0 });
        (0..500).map(|i| (format!("k{i}"), value(i))).collect()
    };
    for step in [1, 3, 50, 1_000] {
        let (a, b) = (map(1_000), map(step));
        COMPARED.set(0);
        let changed = a.diff(&b).count();
        assert_eq!(changed, 500_usize.div_ceil(step) - 1);
        assert_eq!(COMPARED.get(), 500);
    }
}

/// The number of nodes that `f` enters in walks; 0 without debug assertions, which count them.
fn entered<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = pleach_collections::trie_map::nodes_entered();
    let result = f();
    (result, pleach_collections::trie_map::nodes_entered() - before)
}

/// The number of nodes that only this map has.
fn own_nodes<V>(map: &TrieMap<V>) -> usize {
    let mut own = 0;
    map.visit_nodes(|_, _, shared| own += usize::from(!shared));
    own
}

#[test]
fn what_is_shared_is_not_visited() {
    let count = 1_000_000_u32;
    let path = |i: u32| format!("(edge n{} n{})", i, i.wrapping_mul(2_654_435_769) % count);
    let mut keys: Vec<(String, u32)> = (0..count).map(|i| (path(i), i)).collect();
    keys.sort_unstable();
    let base = TrieMap::from_sorted(keys).unwrap();
    let (mut a, mut b) = (base.clone(), base.clone());
    for i in 0..10 {
        a.insert(path(count + i * 7_919), 1);
        b.remove(path(i * 9_973));
    }
    let mut diff = a.diff(&b);
    assert_eq!(diff.by_ref().count(), 20);
    assert!(diff.entered() < 1_000, "{}", diff.entered());
    type Operation<'a> = Box<dyn Fn() -> TrieMap<u32> + 'a>;
    let operations: [(&str, usize, Operation<'_>); 6] = [
        ("merge", base.len(), Box::new(|| a.merge(&base, &b, |_, _, _, _| None))),
        ("union", base.len() + 10, Box::new(|| a.union(&b))),
        (
            "union_with",
            base.len() + 10,
            Box::new(|| a.union_with(&b, |_, x, _| *x)),
        ),
        ("intersection", base.len() - 10, Box::new(|| a.intersection(&b))),
        ("difference", 20, Box::new(|| a.difference(&b))),
        ("symmetric difference", 20, Box::new(|| a.symmetric_difference(&b))),
    ];
    for (name, len, operation) in operations {
        let (result, entered) = entered(operation);
        assert_eq!(result.len(), len, "{name}");
        let own = own_nodes(&result);
        assert!(entered < 1_000 && own < 1_000, "{name}: {entered} entered, {own} made");
    }
}

#[test]
fn nodes_of_one_map_alone_become_part_of_a_union() {
    let of = |prefix: char| -> TrieMap<u32> { (0..20_000).map(|i| (format!("{prefix}{}", i * 7_919), i)).collect() };
    let (a, b) = (of('a'), of('b'));
    for (map, len) in [
        (a.union(&b), 40_000),
        (a.symmetric_difference(&b), 40_000),
        (a.merge(&TrieMap::new(), &b, |_, _, _, _| None), 40_000),
        (a.difference(&b), 20_000),
    ] {
        map.check().unwrap();
        assert_eq!(map.len(), len);
        assert!(own_nodes(&map) <= 3, "{}", own_nodes(&map));
    }
    // A result that equals a node of an operand is that node.
    let part: TrieMap<u32> = (&a).into_iter().step_by(3).map(|(key, value)| (key, *value)).collect();
    let whole: TrieMap<u32> = (&a).into_iter().map(|(key, value)| (key, *value)).collect();
    assert!(a.union(&part).ptr_eq(&a));
    assert!(a.intersection(&whole).ptr_eq(&a));
    assert!(a.merge(&part, &whole, |_, _, a, _| a.copied()).ptr_eq(&a));
    assert!(a.difference(&b).ptr_eq(&a));
    let mut retained = a.clone();
    retained.retain(|_, _| true);
    assert!(retained.ptr_eq(&a));
}

#[test]
fn paths_take_few_bytes() {
    let count = 100_000_u32;
    let path = |i: u32| format!("(edge n{} n{})", i, i.wrapping_mul(2_654_435_769) % count);
    let map: TrieMap<()> = (0..count).map(|i| (path(i), ())).collect();
    let mut bytes = 0;
    map.visit_nodes(|block, _, _| bytes += block);
    // Tiny leaves have more nodes.
    let bound = if cfg!(pleach_tiny_nodes) { 80 } else { 18 };
    assert!(bytes < bound * map.len(), "{} bytes an entry", bytes / map.len());
}

/// A leaf gets no room that no entry can use, as with values that fill it.
#[test]
fn large_values_get_no_room() {
    let bytes = |map: &TrieMap<[u8; 240]>| {
        let mut bytes = 0;
        map.visit_nodes(|block, _, _| bytes += block);
        bytes
    };
    let entries = || (0..1_000_u32).map(|i| (i.wrapping_mul(2_654_435_769).to_be_bytes(), [7; 240]));
    let mut map = TrieMap::new();
    entries().for_each(|(key, value)| _ = map.insert(key, value));
    map.check().unwrap();
    assert_eq!(bytes(&map), bytes(&entries().collect()));
    for (key, value) in entries() {
        assert_eq!(map.insert(key, [8; 240]), Some(value));
    }
    map.check().unwrap();
    assert!(map.values().all(|value| *value == [8; 240]));
}

#[test]
fn a_panic_leaves_a_trie_as_before_or_after() {
    fuse::quiet();
    let path = |i: u32| format!("k{}/{}", i % 7, i);
    let value = Value::new;
    let contents = |map: &TrieMap<Value>| map.iter().map(|(key, value)| (key, *value.0)).collect::<Model>();
    type Operation<'a> = (&'a str, &'a dyn Fn(&mut TrieMap<Value>));
    for n in [0, 1, 2, 5, 20, 60, 120] {
        let base: TrieMap<Value> = (0..n).map(|i| (path(i), value(i))).collect();
        let mut other = base.clone();
        other.remove(path(1));
        other.insert(path(1_000), value(1));
        other.insert(path(3), value(77));
        // Of the same keys and others, in nodes of its own.
        let apart: TrieMap<Value> = (n / 2..2 * n + 3).map(|i| (path(i), value(i))).collect();
        let operations: [Operation<'_>; 19] = [
            ("insert", &|map| drop(map.insert("k3/new", value(1)))),
            ("insert a prefix", &|map| drop(map.insert("k3", value(1)))),
            ("insert again", &|map| drop(map.insert(path(0), value(9)))),
            ("remove", &|map| drop(map.remove(path(0)))),
            ("remove last", &|map| drop(map.remove(path(n.saturating_sub(1))))),
            ("get_mut", &|map| {
                if let Some(value) = map.get_mut(path(2)) {
                    *value.0 = 5;
                }
            }),
            ("entry", &|map| {
                map.entry("k3/entry").or_insert(value(1));
            }),
            ("retain", &|map| map.retain(|_, value| *value.0 % 3 > 0)),
            ("union", &|map| *map = map.union(&other)),
            ("merge", &|map| *map = map.merge(&base, &other, |_, _, _, b| b.cloned())),
            ("difference", &|map| *map = map.difference(&other)),
            ("union of maps apart", &|map| *map = map.union(&apart)),
            ("union_with", &|map| *map = map.union_with(&apart, |_, a, _| a.clone())),
            ("intersection", &|map| *map = map.intersection(&apart)),
            ("difference of maps apart", &|map| *map = map.difference(&apart)),
            ("symmetric difference", &|map| *map = map.symmetric_difference(&apart)),
            ("merge of maps apart", &|map| {
                *map = map.merge(&other, &apart, |_, _, a, b| a.or(b).cloned());
            }),
            ("merge_all", &|map| {
                *map = map.merge_all(&base, &apart, |_, _, _, b| b.cloned())
            }),
            ("detach", &|map| *map = map.prefix("k3").to_map()),
        ];
        for (name, operation) in operations {
            let mut after = base.clone();
            operation(&mut after);
            let (before, after) = (contents(&base), contents(&after));
            for fuse in 0.. {
                let mut finished = true;
                for own in [false, true] {
                    // With nodes that others share, and with nodes of its own.
                    let mut map = base.clone();
                    if own {
                        map = contents(&base).into_iter().map(|(key, i)| (key, value(i))).collect();
                    }
                    fuse::set(Some(fuse));
                    let result = catch_unwind(AssertUnwindSafe(|| operation(&mut map)));
                    fuse::set(None);
                    finished &= result.is_ok();
                    let context = format!("{name} of {n}, fuse {fuse}, own {own}");
                    map.check().unwrap_or_else(|violation| panic!("{context}: {violation}"));
                    let found = contents(&map);
                    assert!(found == after || (result.is_err() && found == before), "{context}");
                    assert_eq!(contents(&base), before, "{context}");
                    drop(map);
                }
                if finished {
                    break;
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "range start is greater than range end")]
fn a_range_from_a_greater_key_panics() {
    let _ = TrieMap::from([("a", 1)]).range("b".."a");
}

#[test]
fn maps_are_send_and_sync_and_covariant() {
    fn shared<T: Send + Sync + std::panic::UnwindSafe + Unpin>() {}
    shared::<TrieMap<u32>>();
    shared::<Cursor<'_, u32>>();
    shared::<Iter<'_, u32>>();
    shared::<Values<'_, u32>>();
    shared::<Prefix<'_, u32>>();
    shared::<Diff<'_, u32>>();
    fn sent<T: Send + Sync>() {}
    sent::<IterMut<'_, u32>>();
    sent::<IntoIter<u32>>();
    sent::<Entry<'_, u32>>();
    fn shorter<'a>(map: TrieMap<&'static str>) -> TrieMap<&'a str> {
        map
    }
    fn shorter_cursor<'a>(cursor: Cursor<'static, &'static str>) -> Cursor<'a, &'a str> {
        cursor
    }
    fn shorter_iter<'a>(iter: Iter<'static, &'static str>) -> Iter<'a, &'a str> {
        iter
    }
    fn shorter_into_iter<'a>(iter: IntoIter<&'static str>) -> IntoIter<&'a str> {
        iter
    }
    fn shorter_diff<'a>(diff: Diff<'static, &'static str>) -> Diff<'a, &'static str> {
        diff
    }
    let _ = shorter_diff as fn(_) -> _;
    let _ = (
        shorter_cursor as fn(_) -> _,
        shorter_iter as fn(_) -> _,
        shorter_into_iter as fn(_) -> _,
    );
    assert_eq!(shorter(TrieMap::from([("a", "b")])).len(), 1);
}

#[test]
fn two_threads_write_forks_of_one_map() {
    let base: TrieMap<u32> = (0..5_000_u32).map(|i| (i.to_be_bytes(), i)).collect();
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let mut fork = base.clone();
            scope.spawn(move || {
                for i in (0..5_000).filter(|i| i % 4 == thread) {
                    assert_eq!(fork.remove(i.to_be_bytes()), Some(i));
                }
                fork.check().unwrap();
                assert_eq!(fork.len(), 3_750);
            });
        }
    });
    assert_eq!(base.len(), 5_000);
}
