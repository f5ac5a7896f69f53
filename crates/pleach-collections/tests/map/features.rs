//! The traits of other crates, each behind its feature.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(any(
    feature = "arbitrary",
    feature = "im",
    feature = "imbl",
    feature = "quickcheck",
    feature = "rayon",
    feature = "serde",
    feature = "std"
))]

#[cfg(feature = "std")]
mod std {
    use ::std::collections::{HashMap, HashSet};
    use pleach_collections::{Map, Set};
    use pleach_testkit::quick_check;

    #[test]
    fn hash_tables_become_maps_and_sets_and_back() {
        fn property(entries: Vec<(u16, i32)>) {
            let map = Map::from(entries.clone());
            let table: HashMap<u16, i32> = entries.into_iter().collect();
            assert_eq!(map, Map::from(&table));
            assert_eq!(map, Map::from(table.clone()));
            let keys: HashSet<u16> = table.keys().copied().collect();
            assert_eq!(HashMap::from(map), table);
            let set = Set::from(&keys);
            assert_eq!(set, Set::from(keys.clone()));
            assert_eq!(HashSet::from(set), keys);
        }
        quick_check(200).quickcheck(property as fn(Vec<(u16, i32)>));
    }
}

#[cfg(feature = "arbitrary")]
mod arbitrary {
    use arbitrary::{Arbitrary, Unstructured};
    use pleach_collections::{Bag, Map, Set, TrieMap};

    #[test]
    fn bytes_become_collections() {
        let bytes: Vec<u8> = std::iter::successors(Some(1_u64), |x| {
            Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
        })
        .map(|x| (x >> 56) as u8)
        .take(60_000)
        .collect();
        let mut source = Unstructured::new(&bytes);
        let mut lens = [0; 4];
        for _ in 0..100 {
            let map = Map::<u16, i32>::arbitrary(&mut source).unwrap();
            let set = Set::<u16>::arbitrary(&mut source).unwrap();
            let bag = Bag::<u16>::arbitrary(&mut source).unwrap();
            let trie = TrieMap::<u8>::arbitrary(&mut source).unwrap();
            map.check().unwrap();
            set.check().unwrap();
            bag.check().unwrap();
            trie.check().unwrap();
            let found = [map.len(), set.len(), bag.distinct(), trie.len()];
            lens.iter_mut().zip(found).for_each(|(sum, len)| *sum += len);
        }
        assert!(lens.iter().all(|len| *len > 50), "{lens:?}");
        let rest = Map::<u16, i32>::arbitrary_take_rest(Unstructured::new(&[1; 98])).unwrap();
        assert_eq!(rest, Map::from([(0x0101, 0x0101_0101)]));
        assert!(
            Map::<u16, i32>::arbitrary(&mut Unstructured::new(&[]))
                .unwrap()
                .is_empty()
        );
    }
}

#[cfg(feature = "im")]
mod im {
    use pleach_collections::{Map, Set};
    use pleach_testkit::quick_check;

    #[test]
    fn there_and_back() {
        fn property(entries: Vec<(u16, i32)>) {
            let map: Map<u16, i32> = entries.iter().copied().collect();
            let im: im::HashMap<u16, i32> = entries.iter().copied().collect();
            assert_eq!(Map::from(&im), map);
            assert_eq!(im::HashMap::from(&map), im);
            assert_eq!(im::HashMap::from(map.clone()), im);
            assert_eq!(Map::from(im), map);
            let set: Set<u16> = entries.iter().map(|(key, _)| *key).collect();
            let im: im::HashSet<u16> = entries.iter().map(|(key, _)| *key).collect();
            assert_eq!(Set::from(&im), set);
            assert_eq!(im::HashSet::from(&set), im);
            assert_eq!(im::HashSet::from(set.clone()), im);
            assert_eq!(Set::from(im), set);
        }
        quick_check(300).quickcheck(property as fn(Vec<(u16, i32)>));
    }
}

#[cfg(feature = "imbl")]
mod imbl {
    use pleach_collections::{Map, Set};
    use pleach_testkit::quick_check;

    #[test]
    fn there_and_back() {
        fn property(entries: Vec<(u16, i32)>) {
            let map: Map<u16, i32> = entries.iter().copied().collect();
            let imbl: imbl::HashMap<u16, i32> = entries.iter().copied().collect();
            assert_eq!(Map::from(&imbl), map);
            assert_eq!(imbl::HashMap::from(&map), imbl);
            assert_eq!(imbl::HashMap::from(map.clone()), imbl);
            assert_eq!(Map::from(imbl), map);
            let set: Set<u16> = entries.iter().map(|(key, _)| *key).collect();
            let imbl: imbl::HashSet<u16> = entries.iter().map(|(key, _)| *key).collect();
            assert_eq!(Set::from(&imbl), set);
            assert_eq!(imbl::HashSet::from(&set), imbl);
            assert_eq!(imbl::HashSet::from(set.clone()), imbl);
            assert_eq!(Set::from(imbl), set);
        }
        quick_check(300).quickcheck(property as fn(Vec<(u16, i32)>));
    }
}

#[cfg(feature = "quickcheck")]
mod quickcheck_collections {
    use pleach_collections::{Bag, Map, Set, TrieMap};
    use pleach_testkit::quick_check;
    use quickcheck::{Arbitrary, Gen};

    #[test]
    fn they_are_valid_and_shrink() {
        fn property(map: Map<u16, i32>, set: Set<u16>, bag: Bag<u16>) {
            map.check().unwrap();
            set.check().unwrap();
            bag.check().unwrap();
            for smaller in map.shrink().take(20) {
                smaller.check().unwrap();
                assert_ne!(smaller, map);
            }
        }
        quick_check(200).quickcheck(property as fn(Map<u16, i32>, Set<u16>, Bag<u16>));
        // Shrinking ends at the empty bag.
        let mut bag = Bag::<u16>::arbitrary(&mut Gen::new(50));
        while let Some(smaller) = bag.shrink().next() {
            bag = smaller;
        }
        assert!(bag.is_empty());
    }

    #[test]
    fn trie_maps_are_valid_and_shrink() {
        let map = TrieMap::<u8>::arbitrary(&mut Gen::new(50));
        map.check().unwrap();
        map.shrink().take(20).for_each(|smaller| smaller.check().unwrap());
    }
}

#[cfg(feature = "serde")]
mod serde {
    use pleach_collections::{Bag, Map, Set, TrieMap};
    use pleach_testkit::quick_check;
    use serde_json::{from_str, to_string};

    #[test]
    fn what_is_written_is_read() {
        fn property(entries: Vec<(u16, i32)>) {
            let map: Map<u16, i32> = entries.iter().copied().collect();
            let set: Set<u16> = entries.iter().map(|(key, _)| *key).collect();
            let bag: Bag<u16> = entries.iter().map(|(key, _)| key % 8).collect();
            assert_eq!(from_str::<Map<u16, i32>>(&to_string(&map).unwrap()).unwrap(), map);
            assert_eq!(from_str::<Set<u16>>(&to_string(&set).unwrap()).unwrap(), set);
            assert_eq!(from_str::<Bag<u16>>(&to_string(&bag).unwrap()).unwrap(), bag);
        }
        quick_check(300).quickcheck(property as fn(Vec<(u16, i32)>));
    }

    #[test]
    fn the_form_is_that_of_std() {
        assert_eq!(to_string(&Map::from([(1_u16, 1)])).unwrap(), r#"{"1":1}"#);
        assert_eq!(to_string(&Set::from([1_u16])).unwrap(), r#"[1]"#);
        assert_eq!(to_string(&Bag::from([1_u16, 1])).unwrap(), r#"{"1":2}"#);
        assert_eq!(from_str::<Map<u16, i32>>(r#"{"1":2,"1":3}"#).unwrap()[&1], 3);
        assert_eq!(
            from_str::<Bag<u16>>(r#"{"1":2,"1":3,"2":0}"#).unwrap(),
            Bag::from([1; 5])
        );
        assert!(from_str::<Map<u16, i32>>("[1]").is_err());
        assert!(from_str::<Set<u16>>("{}").is_err());
        assert!(from_str::<Bag<u16>>(r#"{"1":-2}"#).is_err());
        let error = from_str::<Set<u16>>("7").unwrap_err().to_string();
        assert!(error.contains("a sequence of the items of a set"), "{error}");
    }

    #[test]
    fn a_trie_map_is_a_sequence_of_pairs() {
        let map = TrieMap::from([(&b"a"[..], 1), (&[0, 255], 2), (b"", 3)]);
        let json = to_string(&map).unwrap();
        assert_eq!(json, "[[[],3],[[0,255],2],[[97],1]]");
        assert_eq!(from_str::<TrieMap<i32>>(&json).unwrap(), map);
    }
}

#[cfg(feature = "rayon")]
mod parallel {
    use pleach_collections::{Map, Set, TrieMap};
    use pleach_testkit::hostile::Hostile;
    use pleach_testkit::quick_check;
    use rayon::prelude::*;
    use std::collections::BTreeMap;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    type Subject = Map<u32, u32, Hostile>;

    type Keep = fn(&u32, &u32) -> bool;

    const ALL: Keep = |_, _| true;
    const SUM_DIVIDES_BY_3: Keep = |key, value| (key + value) % 3 == 0;

    /// Asserts that parallel operations return what sequential ones do.
    fn agree(hasher: Hostile, of_a: &[(u32, u32)], of_b: &[(u32, u32)], shared: bool) {
        let mut a = Subject::with_hasher(hasher);
        a.extend(of_a.iter().copied());
        let mut b = if shared { a.clone() } else { a.new_like() };
        b.extend(of_b.iter().copied());
        let same = |x: &Subject, y: &Subject| {
            x.check().unwrap();
            assert_eq!(BTreeMap::from(x.clone()), BTreeMap::from(y.clone()));
        };
        same(&a.par_union(&b), &a.union(&b));
        same(
            &a.par_union_with(&b, |_, x, y| *x.max(y)),
            &a.union_with(&b, |_, x, y| *x.max(y)),
        );
        same(&a.par_intersection(&b), &a.intersection(&b));
        same(&a.par_difference(&b), &a.difference(&b));
        assert!(a.par_union(&a).ptr_eq(&a) && a.par_union(&a.new_like()).ptr_eq(&a));
        let (mut x, mut y) = (a.clone(), a.clone());
        x.par_retain(SUM_DIVIDES_BY_3);
        y.retain(SUM_DIVIDES_BY_3);
        same(&x, &y);
        let mut x = a.clone();
        x.par_retain(ALL);
        assert!(x.ptr_eq(&a));

        let sorted: BTreeMap<u32, u32> = a.par_iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!(sorted, BTreeMap::from(a.clone()));
        assert_eq!(a.clone().into_par_iter().collect::<BTreeMap<_, _>>(), sorted);
        let mut x = a.clone();
        x.par_iter_mut()
            .for_each(|(key, value)| *value = value.wrapping_add(*key));
        x.check().unwrap();
        assert!(x.iter().all(|(key, value)| *value == sorted[key].wrapping_add(*key)));
        assert_eq!(sorted, BTreeMap::from(a.clone()));
        // Unshared entries are moved.
        assert_eq!(x.into_par_iter().count(), sorted.len());

        let (mut x, mut y) = (a.clone(), a.clone());
        x.par_extend(of_b.par_iter().copied());
        y.extend(of_b.iter().copied());
        same(&x, &y);
        let mut x = a.new_like();
        x.par_extend(&a);
        same(&x, &a);
    }

    #[test]
    fn several_threads_agree_with_one() {
        fn property(hasher: Hostile, a: Vec<(u32, u32)>, b: Vec<(u32, u32)>, shared: bool) {
            let few = |entries: Vec<(u32, u32)>| {
                entries
                    .into_iter()
                    .map(|(k, v)| (k % 200, v % 1000))
                    .collect::<Vec<_>>()
            };
            agree(hasher, &few(a), &few(b), shared);
        }
        type Entries = Vec<(u32, u32)>;
        quick_check(500).quickcheck(property as fn(Hostile, Entries, Entries, bool));
    }

    /// Large enough to be split among threads.
    #[test]
    fn large_maps_too() {
        let entries = |from: u32, to: u32| {
            (from..to)
                .map(|i| (i.wrapping_mul(7919) % 300_000, i))
                .collect::<Vec<_>>()
        };
        for way in [3, 4, 5] {
            // Way 3 has at most two hashes, so that leaves are large: few keys.
            let n = if way == 3 { 600 } else { 70_000 };
            let (a, b) = (entries(0, n), entries(n / 2, n * 2));
            agree(Hostile(way), &a, &b, false);
            agree(Hostile(way), &a, &b[..10], true);
        }
    }

    #[test]
    fn the_last_of_equal_keys_stays() {
        let entries: Vec<(u32, u32)> = (0..200_000).map(|i| (i % 1000, i)).collect();
        let map: Map<u32, u32> = entries.into_par_iter().collect();
        assert!((0..1000).all(|key| map[&key] == 199_000 + key));
    }

    #[test]
    fn sets_in_parallel() {
        let set: Set<u32> = (0..20_000_u32).into_par_iter().map(|i| i % 15_000).collect();
        set.check().unwrap();
        assert_eq!(set.len(), 15_000);
        assert_eq!(
            set.par_iter().map(|item| u64::from(*item)).sum::<u64>(),
            (0..15_000).sum::<u64>()
        );
        let mut more = set.clone();
        more.par_extend(15_000..16_000_u32);
        assert_eq!(more.into_par_iter().max(), Some(15_999));
    }

    #[test]
    fn different_hashers_are_no_obstacle() {
        let (mut a, mut b) = (Subject::with_hasher(Hostile(4)), Subject::with_hasher(Hostile(5)));
        a.extend((0..5000).map(|i| (i, 0)));
        b.extend((2500..7500).map(|i| (i, 1)));
        let union = a.par_union(&b);
        union.check().unwrap();
        assert_eq!((union.len(), union[&2500], union[&7499]), (7500, 0, 1));
    }

    /// A closure that panics on any thread leaves the map unchanged.
    #[test]
    fn panics_change_nothing() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let keep: Keep = |key, _| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            assert!(*key != 100_000, "not this one");
            false
        };
        let mut map = Subject::with_hasher(Hostile(5));
        map.extend((0..140_000).map(|i| (i, i)));
        let result = catch_unwind(AssertUnwindSafe(|| map.par_retain(keep)));
        assert!(result.is_err() && ASKED.load(Ordering::Relaxed) > 0);
        map.check().unwrap();
        assert_eq!(map.len(), 140_000);
    }

    #[test]
    fn trie_maps_in_parallel() {
        let key = |i: u32| i.wrapping_mul(2_654_435_769).to_be_bytes();
        let map: TrieMap<u32> = (0..5_000_u32).into_par_iter().map(|i| (key(i % 4_000), i)).collect();
        assert_eq!(map, (0..5_000_u32).map(|i| (key(i % 4_000), i)).collect());
        let mut entries: Vec<_> = map.par_iter().map(|(key, value)| (key, *value)).collect();
        entries.sort();
        assert!(map.clone().into_iter().eq(entries.clone()));
        assert_eq!(map.clone().into_par_iter().count(), map.len());
        let mut extended = TrieMap::new();
        extended.par_extend(entries);
        assert_eq!(extended, map);
    }
}
