//! Which of two equal keys stays: the first, whatever the way in, as in `std`. Of values, the last.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::map::Entry;
use pleach_collections::{Bag, Map, Set};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// Equal to all of its number, wherever it comes from.
#[derive(Clone, Debug)]
struct Key {
    number: u32,
    origin: u32,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

/// Keys from 0 to `numbers`, three times over, each time from somewhere else.
fn keys(numbers: u32) -> Vec<Key> {
    (0..3)
        .flat_map(|origin| (0..numbers).map(move |number| Key { number, origin }))
        .collect()
}

fn entries(numbers: u32) -> Vec<(Key, u32)> {
    keys(numbers).into_iter().map(|key| (key.clone(), key.origin)).collect()
}

/// All keys are from `key`, all values `value`.
fn expect(map: &Map<Key, u32>, len: u32, key: u32, value: u32, way: &str) {
    map.check().unwrap();
    assert_eq!(map.len(), len as usize, "{way}");
    for (found, found_value) in map {
        assert_eq!((found.origin, *found_value), (key, value), "{way}: {found:?}");
    }
}

#[test]
fn the_first_of_equal_keys_stays_with_the_last_value() {
    for n in [1, 5, 12, 13, 100, 1000] {
        let of_std: HashMap<Key, u32> = entries(n).into_iter().collect();
        assert!(of_std.iter().all(|(key, value)| (key.origin, *value) == (0, 2)));
        let expect = |map: &Map<Key, u32>, way| expect(map, n, 0, 2, way);
        expect(&entries(n).into_iter().collect(), "collect");
        expect(&Map::from(entries(n)), "From<Vec>");
        let mut map = Map::new();
        map.extend(entries(n));
        expect(&map, "extend of an empty map");
        let mut map = Map::new();
        for (key, value) in entries(n) {
            map.extend([(key, value)]);
        }
        expect(&map, "extend, one by one");
        let mut map: Map<Key, u32> = entries(n)[..n as usize].iter().cloned().collect();
        map.extend(entries(n).iter().map(|(key, value)| (key, value)));
        expect(&map, "extend by reference");
        let mut map = Map::new();
        for (key, value) in entries(n) {
            map.insert(key, value);
        }
        expect(&map, "insert");
        let map = entries(n)
            .into_iter()
            .fold(Map::new(), |map, (key, value)| map.update(key, value));
        expect(&map, "update");
        let mut map = Map::new();
        for (key, value) in entries(n) {
            *map.entry(key).or_insert(value) = value;
        }
        expect(&map, "or_insert");
        let mut map = Map::new();
        for (key, value) in entries(n) {
            map.entry(key).insert_entry(value);
        }
        expect(&map, "insert_entry");
        let mut map = Map::new();
        for (key, value) in entries(n) {
            match map.entry(key) {
                Entry::Occupied(mut entry) => _ = entry.insert(value),
                Entry::Vacant(entry) => _ = entry.insert(value),
            }
        }
        expect(&map, "entry");
        let mut map = Map::new();
        for (key, value) in entries(n) {
            *map.get_or_insert_with(key, || value) = value;
        }
        expect(&map, "get_or_insert_with");
    }
    let array = [0, 1, 2].map(|origin| (Key { number: 7, origin }, origin));
    expect(&Map::from(array), 1, 0, 2, "From<[_; N]>");
}

#[test]
fn set_operations_keep_the_keys_of_the_first() {
    for n in [1, 5, 13, 100, 1000] {
        let of = |origin: u32, numbers: std::ops::Range<u32>| -> Map<Key, u32> {
            numbers.map(|number| (Key { number, origin }, origin)).collect()
        };
        // Alike, within, and overlapping.
        for (a, b) in [(0..n, 0..n), (0..n / 2, 0..n), (0..n, n / 2..2 * n)] {
            let (a, b) = (of(0, a), of(1, b));
            let first = |key: &Key| u32::from(!a.contains_key(key));
            let union = a.union(&b);
            union.check().unwrap();
            assert!(
                union
                    .iter()
                    .all(|(key, value)| (key.origin, *value) == (first(key), first(key)))
            );
            let union = a.union_with(&b, |_, _, there| *there);
            assert!(
                union
                    .iter()
                    .all(|(key, value)| key.origin == first(key) && *value == u32::from(b.contains_key(key)))
            );
            assert!(a.intersection(&b).keys().all(|key| key.origin == 0));
            assert!(
                a.intersection_with(&b, |_, _, there| *there)
                    .iter()
                    .all(|(key, value)| (key.origin, *value) == (0, 1))
            );
            let (set_a, set_b): (Set<Key>, Set<Key>) = (a.keys().cloned().collect(), b.keys().cloned().collect());
            assert!(set_a.union(&set_b).iter().all(|key| key.origin == first(key)));
            assert!(set_a.intersection(&set_b).iter().all(|key| key.origin == 0));
            let bag = |set: &Set<Key>, times| -> Bag<Key> {
                let mut bag = Bag::new();
                bag.extend(set.iter().map(|key| (key.clone(), times)));
                bag
            };
            for times in 1..=3 {
                let (bag_a, bag_b) = (bag(&set_a, 2), bag(&set_b, times));
                assert!(bag_a.union(&bag_b).items().all(|key| key.origin == first(key)));
                assert!(bag_a.intersection(&bag_b).items().all(|key| key.origin == 0));
            }
            #[cfg(feature = "rayon")]
            {
                assert!(a.par_union(&b).keys().all(|key| key.origin == first(key)));
                assert!(
                    a.par_union_with(&b, |_, _, there| *there)
                        .keys()
                        .all(|key| key.origin == first(key))
                );
                assert!(a.par_intersection(&b).keys().all(|key| key.origin == 0));
            }
        }
    }
}

#[test]
fn sets_and_bags_keep_the_first_of_equal_items_and_replace_replaces() {
    for n in [1, 5, 13, 100, 1000] {
        let set: Set<Key> = keys(n).into_iter().collect();
        assert!(set.iter().all(|key| key.origin == 0));
        assert!(Set::from(keys(n)).iter().all(|key| key.origin == 0));
        let (mut set, mut bag) = (Set::new(), Bag::new());
        set.extend(keys(n));
        bag.extend(keys(n));
        assert!(set.iter().all(|key| key.origin == 0));
        assert!(bag.iter().all(|(key, count)| (key.origin, *count) == (0, 3)));
        bag.extend(keys(n).into_iter().map(|key| (key, 2)));
        bag.set_count(Key { number: 0, origin: 9 }, 9);
        assert!(bag.items().all(|key| key.origin == 0));
        for key in keys(n).into_iter().skip(n as usize) {
            assert!(!set.insert(key.clone()));
            assert_eq!(set.get(&key).unwrap().origin, key.origin - 1);
            assert_eq!(set.replace(key.clone()).unwrap().origin, key.origin - 1);
            assert_eq!(set.get(&key).unwrap().origin, key.origin);
        }
        set.check().unwrap();
    }
}

/// Above and below the threshold from which entries are sorted and built on several threads.
#[test]
#[cfg(feature = "rayon")]
fn parallel_ways_in_keep_the_first_key_at_any_size() {
    use rayon::prelude::*;
    for n in [10, 1000, 60_000] {
        expect(&entries(n).into_par_iter().collect(), n, 0, 2, "collect in parallel");
        let mut map: Map<Key, u32> = entries(n).into_iter().take(n as usize).collect();
        map.par_extend(entries(n).into_par_iter().skip(n as usize));
        expect(&map, n, 0, 2, "par_extend");
        let set: Set<Key> = keys(n).into_par_iter().collect();
        assert!(set.iter().all(|key| key.origin == 0));
    }
}
