//! The traits of other crates.

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

use pleach_collections::{OrdMap, OrdSet};

#[cfg(any(feature = "im", feature = "imbl", feature = "serde", feature = "std"))]
fn sample() -> (OrdMap<u16, i32>, OrdSet<u16>) {
    let map: OrdMap<u16, i32> = (0..500).map(|i| (i * 31 % 997, i32::from(i))).collect();
    let set = map.keys().copied().collect();
    (map, set)
}

#[cfg(feature = "std")]
#[test]
fn hash_tables_become_maps_and_sets_and_back() {
    use std::collections::{HashMap, HashSet};
    let (map, set) = sample();
    let table: HashMap<u16, i32> = HashMap::from(map.clone());
    assert_eq!(table.len(), 500);
    assert_eq!(map, OrdMap::from(&table));
    assert_eq!(map, OrdMap::from(table));
    let items: HashSet<u16> = HashSet::from(set.clone());
    assert_eq!(items.len(), 500);
    assert_eq!(set, OrdSet::from(&items));
    assert_eq!(set, OrdSet::from(items));
}

#[cfg(feature = "arbitrary")]
#[test]
fn bytes_become_collections() {
    use arbitrary::{Arbitrary, Unstructured};
    let next = |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    let bytes: Vec<u8> = std::iter::successors(Some(1_u64), next)
        .map(|x| (x >> 56) as u8)
        .take(60_000)
        .collect();
    let mut source = Unstructured::new(&bytes);
    let mut lens = [0; 2];
    for _ in 0..100 {
        let map = OrdMap::<u16, i32>::arbitrary(&mut source).unwrap();
        let set = OrdSet::<u16>::arbitrary(&mut source).unwrap();
        map.check().unwrap();
        set.check().unwrap();
        lens = [lens[0] + map.len(), lens[1] + set.len()];
    }
    assert!(lens.iter().all(|len| *len > 20), "{lens:?}");
}

#[cfg(feature = "im")]
#[test]
fn to_im_and_back() {
    let (map, set) = sample();
    let (theirs, their_set): (im::OrdMap<u16, i32>, im::OrdSet<u16>) = ((&map).into(), (&set).into());
    assert!(theirs.iter().eq(&map) && their_set.iter().eq(&set));
    assert_eq!(
        (OrdMap::from(&theirs), OrdSet::from(&their_set)),
        (map.clone(), set.clone())
    );
    assert_eq!((OrdMap::from(theirs), OrdSet::from(their_set)), (map, set));
}

#[cfg(feature = "imbl")]
#[test]
fn to_imbl_and_back() {
    let (map, set) = sample();
    let (theirs, their_set): (imbl::OrdMap<u16, i32>, imbl::OrdSet<u16>) = ((&map).into(), (&set).into());
    assert!(theirs.iter().eq(&map) && their_set.iter().eq(&set));
    assert_eq!(
        (OrdMap::from(&theirs), OrdSet::from(&their_set)),
        (map.clone(), set.clone())
    );
    assert_eq!((OrdMap::from(theirs), OrdSet::from(their_set)), (map, set));
}

#[cfg(feature = "quickcheck")]
#[test]
fn collections_are_generated_and_shrunk() {
    use quickcheck::{Arbitrary, Gen};
    let mut g = Gen::new(30);
    let map = std::iter::repeat_with(|| OrdMap::<u16, i32>::arbitrary(&mut g))
        .find(|map| map.len() > 3)
        .unwrap();
    assert!(map.shrink().any(|smaller| smaller.len() < map.len()));
    let set: OrdSet<u16> = map.keys().copied().collect();
    assert!(set.shrink().any(|smaller| smaller.len() < set.len()));
}

#[cfg(feature = "serde")]
#[test]
fn json_round_trips() {
    let (map, set) = sample();
    let (text, set_text) = (
        serde_json::to_string(&map).unwrap(),
        serde_json::to_string(&set).unwrap(),
    );
    assert!(text.starts_with("{\"0\":0,\"1\":") && set_text.starts_with("[0,1,"));
    assert_eq!(serde_json::from_str::<OrdMap<u16, i32>>(&text).unwrap(), map);
    assert_eq!(serde_json::from_str::<OrdSet<u16>>(&set_text).unwrap(), set);
    assert_eq!(
        serde_json::from_str::<OrdMap<u16, i32>>("{\"1\":1,\"1\":2}").unwrap()[&1],
        2
    );
    assert!(serde_json::from_str::<OrdMap<u16, i32>>("[1]").is_err());
    assert!(serde_json::from_str::<OrdSet<u16>>("{}").is_err());
}

/// Sorted input is compared once an entry, not searched for.
#[cfg(feature = "serde")]
#[test]
fn sorted_input_is_deserialized_in_linear_time() {
    use serde_core::{Deserialize, Deserializer};
    use std::cell::Cell;
    use std::cmp::Ordering;
    thread_local!(static COMPARISONS: Cell<usize> = const { Cell::new(0) });
    #[derive(Clone, PartialEq, Eq)]
    struct Counted(u32);
    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0.cmp(&other.0)
        }
    }
    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            u32::deserialize(deserializer).map(Counted)
        }
    }
    let set: OrdSet<u32> = (0..1000).collect();
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<OrdSet<Counted>>(&text).unwrap().len(), 1000);
    let map: OrdMap<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    let text = serde_json::to_string(&map).unwrap();
    assert_eq!(serde_json::from_str::<OrdMap<Counted, u32>>(&text).unwrap().len(), 1000);
    assert!(COMPARISONS.get() <= 2 * 1000, "{}", COMPARISONS.get());
}

/// Small maps are split too, since a task for an entry may be long.
#[cfg(feature = "rayon")]
#[test]
fn eight_entries_are_split() {
    use rayon::prelude::*;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build().unwrap();
    let mut map: OrdMap<u32, u32> = (0..8).map(|i| (i, i)).collect();
    let tasks = |mut parts: Vec<Vec<u32>>| {
        parts.retain(|part| !part.is_empty());
        assert_eq!(parts.concat(), (0..8).collect::<Vec<_>>());
        parts.len()
    };
    let push = |mut part: Vec<u32>, key: u32| {
        part.push(key);
        part
    };
    pool.install(|| {
        let parts = map.par_iter().map(|(key, _)| *key).fold(Vec::new, push).collect();
        assert_eq!(tasks(parts), 8);
        let parts = map.par_iter_mut().map(|(key, _)| *key).fold(Vec::new, push).collect();
        assert_eq!(tasks(parts), 8);
        // By value, at leaves.
        let large: OrdMap<String, u32> = (0..64).map(|i| (format!("{i:02}"), i)).collect();
        let parts = large.into_par_iter().map(|(_, value)| value).fold(Vec::new, push);
        let parts: Vec<_> = parts
            .collect::<Vec<_>>()
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        assert!(parts.len() >= 4, "{parts:?}");
        assert_eq!(parts.concat(), (0..64).collect::<Vec<_>>());
    });
}

#[cfg(feature = "rayon")]
#[test]
fn par_extend_keeps_stored_keys() {
    use rayon::prelude::*;
    use std::cmp::Ordering;
    #[derive(Clone, Copy)]
    struct Id(u32, u32);
    impl PartialEq for Id {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Id {}
    impl PartialOrd for Id {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Id {
        fn cmp(&self, other: &Self) -> Ordering {
            self.0.cmp(&other.0)
        }
    }
    for (stored, new) in [(3, 300), (300, 3), (100, 100)] {
        let mut map: OrdMap<Id, u32> = (0..stored).map(|i| (Id(i, 1), 1)).collect();
        map.par_extend((0..new).into_par_iter().map(|i| (Id(i, 2), 2)));
        let (key, value) = map.first_key_value().unwrap();
        assert_eq!((key.1, *value), (1, 2), "{stored} {new}");
    }
}

#[cfg(feature = "rayon")]
#[test]
fn parallel_iterators_visit_all_entries_in_order() {
    use rayon::prelude::*;
    for n in [0, 1, 100, 20_000_u32] {
        let map: OrdMap<u32, u32> = (0..n).into_par_iter().map(|i| (i, i)).collect();
        map.check().unwrap();
        let shuffled: OrdMap<u32, u32> = (0..n)
            .into_par_iter()
            .map(|i| (i.wrapping_mul(7919) % n.max(1), 1))
            .collect();
        shuffled.check().unwrap();
        assert!(
            map.par_iter()
                .map(|(key, _)| *key)
                .collect::<Vec<_>>()
                .iter()
                .eq(map.keys())
        );
        let mut fork = map.clone();
        fork.par_iter_mut().for_each(|(key, value)| *value += key);
        fork.check().unwrap();
        assert!(fork.iter().all(|(key, value)| 2 * key == *value) && map.iter().all(|(key, value)| key == value));
        fork.par_extend((n / 2..n + 10).into_par_iter().map(|i| (i, 0)));
        fork.check().unwrap();
        assert_eq!(fork.len() as u32, n + 10);
        let set: OrdSet<u32> = map.clone().into_par_iter().map(|(key, _)| key).collect();
        assert_eq!(set.par_iter().count() as u32, n);
        assert_eq!(set.into_par_iter().collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
    }
}
