//! Of equal keys the first is stored, with the last value, by all operations, as in `std`.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::map::Entry;
use pleach_collections::{Bag, Map, Set};
use pleach_testkit::frail_entries::{Key, Value, add, theirs};
use std::collections::HashMap;

/// Returns the keys `0..numbers` three times, with a different origin each time.
fn keys(numbers: u32) -> Vec<Key> {
    (0..3)
        .flat_map(|origin| (0..numbers).map(move |number| Key::from_origin(number, origin)))
        .collect()
}

/// Returns [`keys`] with their origins as values.
fn entries(numbers: u32) -> Vec<(Key, Value)> {
    let entry = |key: Key| (key.clone(), Value::new(key.origin));
    keys(numbers).into_iter().map(entry).collect()
}

/// Asserts that all keys have the origin `key`, and all values are `value`.
fn expect(map: &Map<Key, Value>, len: u32, key: u32, value: u32, way: &str) {
    map.check().unwrap();
    assert_eq!(map.len(), len as usize, "{way}");
    for (found, found_value) in map {
        assert_eq!((found.origin, *found_value.0), (key, value), "{way}: {found:?}");
    }
}

#[test]
fn the_first_of_equal_keys_stays_with_the_last_value() {
    for n in [1, 5, 12, 13, 100, 1000] {
        let of_std: HashMap<Key, Value> = entries(n).into_iter().collect();
        assert!(of_std.iter().all(|(key, value)| (key.origin, *value.0) == (0, 2)));
        let expect = |map: &Map<Key, Value>, way| expect(map, n, 0, 2, way);
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
        let mut map: Map<Key, Value> = entries(n)[..n as usize].iter().cloned().collect();
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
            map.entry(key).or_insert(value.clone()).clone_from(&value);
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
            map.get_or_insert_with(key, || value.clone()).clone_from(&value);
        }
        expect(&map, "get_or_insert_with");
    }
    let array = [0, 1, 2].map(|origin| (Key::from_origin(7, origin), Value::new(origin)));
    expect(&Map::from(array), 1, 0, 2, "From<[_; N]>");
}

#[test]
fn set_operations_keep_the_keys_of_the_first() {
    for n in [1, 5, 13, 100, 1000] {
        let of = |origin: u32, numbers: std::ops::Range<u32>| -> Map<Key, Value> {
            numbers
                .map(|number| (Key::from_origin(number, origin), Value::new(origin)))
                .collect()
        };
        // Equal, nested and overlapping.
        for (a, b) in [(0..n, 0..n), (0..n / 2, 0..n), (0..n, n / 2..2 * n)] {
            let (a, b) = (of(0, a), of(1, b));
            let first = |key: &Key| u32::from(!a.contains_key(key));
            let union = a.union(&b);
            union.check().unwrap();
            assert!(
                union
                    .iter()
                    .all(|(key, value)| (key.origin, *value.0) == (first(key), first(key)))
            );
            let union = a.union_with(&b, theirs);
            assert!(
                union
                    .iter()
                    .all(|(key, value)| key.origin == first(key) && *value.0 == u32::from(b.contains_key(key)))
            );
            assert!(a.intersection(&b).keys().all(|key| key.origin == 0));
            assert!(
                a.intersection_with(&b, theirs)
                    .iter()
                    .all(|(key, value)| (key.origin, *value.0) == (0, 1))
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
                assert!(a.par_union_with(&b, theirs).keys().all(|key| key.origin == first(key)));
                assert!(a.par_intersection(&b).keys().all(|key| key.origin == 0));
            }
        }
    }
}

/// The same for the operations that come from `im`.
#[test]
fn new_operations_keep_the_keys_of_the_first() {
    let of = |origin: u32| -> Map<Key, Value> {
        (0..50)
            .map(|number| (Key::from_origin(number, origin), Value::new(number)))
            .collect()
    };
    let (a, b) = (of(0), of(1));
    let all_of_a = |map: &Map<Key, Value>| map.len() == 50 && map.keys().all(|key| key.origin == 0);
    assert!(all_of_a(&a.sum_with(&b, add)));
    assert!(all_of_a(&a.intersection_with(&b, add)));
    let updated = b.keys().fold(a.clone(), |all, key| {
        all.update_with_key(key.clone(), Value::new(1), |_, a, b| Value::new(*a.0 + *b.0))
    });
    assert!(all_of_a(&updated));
    assert!(all_of_a(&Map::unions([a.clone(), b.clone()])));
    let (few, many) = (a.clone(), b.update(Key::from_origin(100, 1), Value::new(0)));
    assert!(all_of_a(&few.intersection_with(&many, theirs)));
    assert!(many.intersection_with(&few, theirs).keys().all(|key| key.origin == 1));
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
        bag.set_count(Key::from_origin(0, 9), 9);
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

/// Below and above the number of entries that are inserted in parallel.
#[test]
#[cfg(feature = "rayon")]
fn parallel_ways_in_keep_the_first_key_at_any_size() {
    use rayon::prelude::*;
    for n in [10, 1000, 60_000] {
        expect(&entries(n).into_par_iter().collect(), n, 0, 2, "collect in parallel");
        let mut map: Map<Key, Value> = entries(n).into_iter().take(n as usize).collect();
        map.par_extend(entries(n).into_par_iter().skip(n as usize));
        expect(&map, n, 0, 2, "par_extend");
        let set: Set<Key> = keys(n).into_par_iter().collect();
        assert!(set.iter().all(|key| key.origin == 0));
    }
}
