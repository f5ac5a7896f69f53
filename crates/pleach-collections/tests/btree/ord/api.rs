//! Methods that the model test doesn't call.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::frail::{Frail, clones};
use equivalent::{Comparable, Equivalent};
use pleach_collections::ord_map::Entry;
use pleach_collections::{OrdMap, OrdSet, ord_map, ord_set};
use pleach_testkit::fuse;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

#[test]
fn conversions() {
    let model: BTreeMap<u32, u32> = (0..100).map(|i| (i * 3, i)).collect();
    let map = OrdMap::from(model.clone());
    assert_eq!(map, OrdMap::from(&model));
    assert_eq!(BTreeMap::from(map.clone()), model);
    assert_eq!(
        map,
        OrdMap::from(model.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>())
    );
    assert_eq!(pleach_collections::Map::from(map.clone()).len(), 100);
    assert_eq!(pleach_collections::Set::from(OrdSet::from([1, 2])).len(), 2);
    assert_eq!(
        (map.iter().min(), map.iter().max()),
        (Some((&0, &0)), Some((&297, &99)))
    );
    assert_eq!(map, OrdMap::from(pleach_collections::Map::from(&model)));
    let set: BTreeSet<u32> = model.keys().copied().collect();
    assert_eq!(BTreeSet::from(OrdSet::from(&set)), set);
    let mut words = ord_set! { "b", "a" };
    words.extend(&["c"]);
    assert!(words.iter().eq(&["a", "b", "c"]));
    let mut map = ord_map! { 1 => 2 };
    map.extend(&ord_map! { 3 => 4 });
    assert_eq!(map, ord_map! { 3 => 4, 1 => 2 });
}

/// Of equal keys the first is stored, with the last value.
#[test]
fn equal_keys() {
    let origins =
        |map: &OrdMap<Frail, u32>| -> Vec<_> { map.iter().map(|(key, value)| (key.origin, *value)).collect() };
    let entries = || [(2, 1), (1, 2), (2, 3), (1, 4), (2, 5)].into_iter();
    let keyed = || entries().map(|(number, value)| (Frail::from_origin(number, value), value));
    let expected = [(2, 4), (1, 5)];
    assert_eq!(origins(&keyed().collect()), expected);
    let mut map = OrdMap::new();
    map.extend(keyed());
    assert_eq!(origins(&map), expected);
    let mut map = OrdMap::new();
    keyed().for_each(|(key, value)| _ = map.insert(key, value));
    assert_eq!(origins(&map), expected);
    let fork: OrdMap<Frail, u32> = (0..3).map(|number| (Frail::from_origin(number, 9), 9)).collect();
    assert_eq!(origins(&map.union(&fork)), [(9, 9), (2, 4), (1, 5)]);
    assert_eq!(origins(&map.intersection(&fork)), expected);
    assert_eq!(origins(&fork.union_with(&map, |_, _, b| *b)), [(9, 9), (9, 4), (9, 5)]);
    let large: OrdMap<Frail, u32> = (0..300).map(|number| (Frail::from_origin(number, 7), 7)).collect();
    assert_eq!(origins(&map.union(&large))[..3], [(7, 7), (2, 4), (1, 5)]);
    assert_eq!(origins(&large.union(&map))[..3], [(7, 7); 3]);
    assert_eq!(origins(&map.intersection(&large)), expected);
    assert_eq!(origins(&large.intersection(&map)), [(7, 7); 2]);
    let mut set: OrdSet<Frail> = OrdSet::from([Frail::from_origin(1, 1)]);
    assert!(!set.insert(Frail::from_origin(1, 2)));
    assert_eq!(set.replace(Frail::from_origin(1, 3)).unwrap().origin, 1);
    assert_eq!(set.first().unwrap().origin, 3);
}

/// Operations on two maps store the key of the first, whichever is much smaller.
#[test]
fn keys_of_the_first_map_are_stored() {
    let of = |n: u32, origin: u32| -> OrdMap<Frail, u32> {
        (0..n)
            .map(|number| (Frail::from_origin(number, origin), origin))
            .collect()
    };
    let origin = |map: &OrdMap<Frail, u32>| map.keys().next().unwrap().origin;
    for (first, second) in [(3, 300), (300, 3), (100, 100), (1, 17), (2, 34)] {
        let (a, b) = (of(first, 1), of(second, 2));
        let all = [
            a.union(&b),
            a.union_with(&b, |_, a, b| a + b),
            a.sum_with(&b, |_, a, b| a + b),
            a.symmetric_difference_with(&b, |_, a, b| Some(a + b)),
            a.difference_with(&b, |_, a, b| Some(a + b)),
            a.intersection(&b),
            a.intersection_with(&b, |_, a, b| a + b),
            OrdMap::unions([a.clone(), b.clone()]),
            OrdMap::unions_with([a.clone(), b.clone()], |_, a, b| a + b),
        ];
        for (i, map) in all.iter().enumerate() {
            map.check().unwrap();
            assert_eq!(origin(map), 1, "operation {i} of {first} and {second}");
        }
        let (mut map, mut other) = (a.clone(), b.clone());
        map.append(&mut other);
        assert_eq!(
            (origin(&map), map.values().next()),
            (1, Some(&2)),
            "{first} and {second}"
        );
        let mut map = a.clone();
        map.extend(b.clone());
        assert_eq!(
            (origin(&map), map.values().next()),
            (1, Some(&2)),
            "{first} and {second}"
        );
    }
}

/// The ends of sorted iterators are found without comparing keys, and without copying other leaves.
#[test]
fn ends_cost_a_path() {
    let map: OrdMap<Frail, Frail> = (0..1000).map(|i| (Frail::new(i), Frail::new(i))).collect();
    let set: OrdSet<Frail> = map.keys().cloned().collect();
    let number = |key: Option<&Frail>| key.map(|key| *key.number);
    fuse::set(Some(0));
    assert_eq!(
        (number(map.keys().min()), number(map.keys().max())),
        (Some(0), Some(999))
    );
    assert_eq!(
        (number(set.iter().min()), number(set.iter().max())),
        (Some(0), Some(999))
    );
    fuse::set(None);
    let mut fork = map.clone();
    let leaf_and_separators = 2 * 16 + 100;
    let count = clones(&mut || assert_eq!(number(fork.iter_mut().last().map(|(key, _)| key)), Some(999)));
    assert!(count <= leaf_and_separators, "{count}");
    let mut fork = map.clone();
    let count = clones(&mut || assert_eq!(number(fork.values_mut().last().map(|value| &*value)), Some(999)));
    assert!(count <= leaf_and_separators, "{count}");
    let count = clones(&mut || {
        assert_eq!(
            number(map.clone().into_iter().last().map(|entry| entry.1).as_ref()),
            Some(999)
        )
    });
    assert!(count <= leaf_and_separators, "{count}");
    let count = clones(&mut || assert_eq!(number(map.clone().into_keys().last().as_ref()), Some(999)));
    assert!(count <= leaf_and_separators, "{count}");
    let count = clones(&mut || assert_eq!(number(map.clone().into_values().last().as_ref()), Some(999)));
    assert!(count <= leaf_and_separators, "{count}");
}

#[test]
fn consuming_iterators_are_cloned() {
    for (n, front, back) in [
        (0, 0, 0),
        (5, 1, 1),
        (500, 0, 0),
        (500, 10, 3),
        (500, 300, 190),
        (500, 499, 0),
        (500, 250, 250),
    ] {
        let map: OrdMap<Frail, u32> = (0..n).map(|i| (Frail::new(i), i)).collect();
        for shared in [true, false] {
            let keep = shared.then(|| map.clone());
            let copy: OrdMap<Frail, u32> = map.iter().map(|(key, value)| (key.clone(), *value)).collect();
            let mut entries = keep.clone().unwrap_or(copy).into_iter();
            (0..front).for_each(|_| _ = entries.next());
            (0..back).for_each(|_| _ = entries.next_back());
            let fork = entries.clone();
            assert_eq!(fork.len(), entries.len());
            assert!(fork.clone().rev().map(|(_, value)| value).eq((front..n - back).rev()));
            assert!(entries.map(|(_, value)| value).eq(front..n - back));
            assert!(fork.map(|(key, _)| *key.number).eq(front..n - back));
        }
    }
    let map = OrdMap::from([(1, "a"), (2, "b")]);
    assert!(map.clone().into_keys().clone().eq([1, 2]) && map.into_values().clone().eq(["a", "b"]));
}

#[test]
fn entries_are_extracted_from_a_range() {
    let mut map: OrdMap<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    let mut model: BTreeMap<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    let picks = |key: &u32| key.is_multiple_of(3);
    let extracted: Vec<_> = map.extract_if(100..=500, |key, _| picks(key)).collect();
    assert!(extracted.iter().map(|(key, _)| *key).eq((102..=498).step_by(3)));
    model.retain(|key, _| !((100..=500).contains(key) && picks(key)));
    assert!(map.iter().eq(&model));
    let mut set: OrdSet<u32> = model.into_keys().collect();
    assert!(set.extract_if(..10, |item| item % 2 == 1).eq([1, 3, 5, 7, 9]));
    assert_eq!(
        set.extract_if((Bound::Excluded(998), Bound::Unbounded), |_| true)
            .next(),
        Some(999)
    );
}

#[test]
fn concatenation_shares_both() {
    let map: OrdMap<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    let (low, high) = (map.take(400), map.skip(400));
    assert_eq!(low.concat(&high), map);
    assert_eq!(
        (low.concat(&OrdMap::new()), OrdMap::new().concat(&low)),
        (low.clone(), low.clone())
    );
    assert_eq!(low.union(&high), high.union(&low));
}

#[test]
#[should_panic = "OrdMap::concat"]
fn concatenation_in_the_wrong_order_panics() {
    _ = OrdMap::from([(2, ())]).concat(&OrdMap::from([(1, ())]));
}

/// Keys can be searched by types that compare as they do.
#[test]
fn comparable_keys() {
    struct Upper(&'static str);
    impl Equivalent<String> for Upper {
        fn equivalent(&self, key: &String) -> bool {
            self.0.to_lowercase() == *key
        }
    }
    impl Comparable<String> for Upper {
        fn compare(&self, key: &String) -> Ordering {
            self.0.to_lowercase().cmp(key)
        }
    }
    let mut map: OrdMap<String, u32> = OrdMap::new();
    map.extend_from([("b", 2_u32), ("a", 1), ("c", 3)]);
    assert_eq!((map.get(&Upper("B")), map.rank(&Upper("C"))), (Some(&2), 2));
    assert_eq!(map.range::<str, _>((Bound::Included("b"), Bound::Unbounded)).count(), 2);
    *map.get_mut("b").unwrap() += 1;
    assert_eq!(map.remove(&Upper("B")), Some(3));
    assert_eq!(map["a"], 1);
}

#[test]
fn entries() {
    let mut map: OrdMap<u32, u32> = (0..200).map(|i| (i, i)).collect();
    let fork = map.clone();
    for key in 0..300 {
        match map.entry(key) {
            Entry::Occupied(mut entry) => {
                assert_eq!((*entry.key(), *entry.get()), (key, key));
                assert_eq!(entry.insert(1), key);
                if key % 2 == 0 {
                    assert_eq!(entry.remove_entry(), (key, 1));
                }
            }
            Entry::Vacant(entry) => *entry.insert(key) += 1,
        }
    }
    map.check().unwrap();
    assert!(
        map.iter().eq((1..200)
            .step_by(2)
            .map(|i| (i, 1))
            .chain((200..300).map(|i| (i, i + 1)))
            .collect::<BTreeMap<_, _>>()
            .iter())
    );
    assert!(fork.iter().all(|(key, value)| key == value) && fork.len() == 200);
    assert!(map.try_insert(1, 1).is_err() && map.try_insert(2, 7).is_ok());
    assert_eq!(*map.get_or_insert_with(3000, || 4), 4);
    assert_eq!(*map.first_entry().unwrap().get_mut(), 1);
    assert_eq!(map.last_entry().unwrap().remove(), 4);
}

/// An order that isn't one is answered with any result, not with undefined behaviour or an endless loop.
#[test]
fn inconsistent_orders_are_safe() {
    #[derive(Clone, Debug)]
    struct Liar(u32);
    thread_local!(static TURN: std::cell::Cell<u32> = const { std::cell::Cell::new(1) });
    impl PartialEq for Liar {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }
    impl Eq for Liar {}
    impl PartialOrd for Liar {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Liar {
        fn cmp(&self, other: &Self) -> Ordering {
            TURN.set(TURN.get().wrapping_mul(1_103_515_245).wrapping_add(12_345));
            match TURN.get() >> 16 & 7 {
                0 => Ordering::Less,
                1 => Ordering::Greater,
                2 => Ordering::Equal,
                _ => self.0.cmp(&other.0),
            }
        }
    }
    let mut maps = [OrdMap::new(), OrdMap::new()];
    for i in 0..3000_u32 {
        let key = Liar(i * 7919 % 1000);
        maps[0].insert(key.clone(), i);
        maps[0].remove(&Liar(i * 31 % 1000));
        *maps[0].entry(key).or_insert(1) += 1;
        if i % 100 == 0 {
            let copy = maps[0].clone();
            let other = std::mem::replace(&mut maps[1], copy);
            maps[0] = maps[0].union(&other).merge(&other, &maps[1], |_, _, a, _| a.copied());
            _ = (
                maps[0].diff(&other).count(),
                maps[0] == other,
                maps[0].get_prev(&Liar(5)),
            );
            maps[0].append(&mut other.split(&Liar(500)).1);
            assert_eq!(maps[0].iter().count(), maps[0].len());
            maps[0] = maps[0].take(600);
        }
    }
}

#[test]
fn entries_of_any_size_and_alignment() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct Aligned(u8);
    fn fill<K: Ord + Copy, V: Clone + PartialEq>(key: fn(u32) -> K, value: fn(u32) -> V) {
        let mut map = OrdMap::new();
        let mut model = BTreeMap::new();
        for i in 0..600 {
            let i = i * 7919 % 600;
            map.insert(key(i), value(i));
            model.insert(key(i), value(i));
        }
        let fork = map.clone();
        for i in 0..300 {
            assert!(map.remove(&key(i)) == model.remove(&key(i)));
        }
        map.check().unwrap();
        assert!(map.iter().eq(&model));
        assert!(map.union(&fork) == fork && fork.into_iter().count() >= model.len());
    }
    fill(|_| (), |_| ());
    fill(|i| i as u8, |i| [u64::from(i); 40]);
    fill(|i| i, |i| Aligned(i as u8));
    fill(|i| u128::from(i) << 70, |_| ());
    fill(|i| [i as u8; 3], |i| i as u8);
}
