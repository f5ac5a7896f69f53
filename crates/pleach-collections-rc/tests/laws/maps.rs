//! Hash maps, ordered maps and byte tries against `BTreeMap`.

use pleach_collections::{Map, OrdMap, TrieMap};
use pleach_testkit::quick_check;
use std::collections::BTreeMap;

type Model = BTreeMap<u16, u8>;

/// A map from numbers, of any kind.
trait Subject: Clone + Default {
    fn insert(&mut self, key: u16, value: u8) -> Option<u8>;
    fn remove(&mut self, key: u16) -> Option<u8>;
    fn retain(&mut self, keep: impl Fn(u8) -> bool);
    /// Merges, and takes the larger value, if any, where both sides changed a key.
    fn merge(&self, base: &Self, other: &Self) -> Self;
    /// The entries, after a check of the nodes.
    fn entries(&self) -> Model;
}

macro_rules! of_numbers {
    ($type:ident) => {
        impl Subject for $type<u16, u8> {
            fn insert(&mut self, key: u16, value: u8) -> Option<u8> {
                self.insert(key, value)
            }
            fn remove(&mut self, key: u16) -> Option<u8> {
                self.remove(&key)
            }
            fn retain(&mut self, keep: impl Fn(u8) -> bool) {
                self.retain(|_, value| keep(*value));
            }
            fn merge(&self, base: &Self, other: &Self) -> Self {
                self.merge(base, other, |_, _, ours, theirs| ours.max(theirs).copied())
            }
            fn entries(&self) -> Model {
                self.check().unwrap();
                self.iter().map(|(key, value)| (*key, *value)).collect()
            }
        }
    };
}

of_numbers!(Map);
of_numbers!(OrdMap);

/// The key of a number. Few bytes differ, and most keys have a long prefix in common.
fn bytes(key: u16) -> Vec<u8> {
    format!("{}/{key:b}", "path".repeat(usize::from(key % 3) * 10)).into_bytes()
}

impl Subject for TrieMap<u8> {
    fn insert(&mut self, key: u16, value: u8) -> Option<u8> {
        self.insert(bytes(key), value)
    }
    fn remove(&mut self, key: u16) -> Option<u8> {
        self.remove(bytes(key))
    }
    fn retain(&mut self, keep: impl Fn(u8) -> bool) {
        self.retain(|_, value| keep(*value));
    }
    fn merge(&self, base: &Self, other: &Self) -> Self {
        self.merge(base, other, |_, _, ours, theirs| ours.max(theirs).copied())
    }
    fn entries(&self) -> Model {
        self.check().unwrap();
        let number = |key: &[u8]| {
            let digits = str::from_utf8(key).unwrap().rsplit('/').next().unwrap();
            u16::from_str_radix(digits, 2).unwrap()
        };
        self.iter().map(|(key, value)| (number(&key), *value)).collect()
    }
}

/// Merges models as `Subject::merge` does maps.
fn merged(base: &Model, ours: &Model, theirs: &Model) -> Model {
    let value = |key| {
        let (base, ours, theirs) = (base.get(key), ours.get(key), theirs.get(key));
        match (ours == base, theirs == base) {
            (true, _) => theirs,
            (_, true) => ours,
            _ if ours == theirs => ours,
            _ => ours.max(theirs),
        }
    };
    let keys = ours.keys().chain(theirs.keys());
    keys.filter_map(|key| Some((*key, *value(key)?))).collect()
}

/// Runs steps of (what to do, handle, key, value) on maps and models; all handles are compared after each.
fn history<M: Subject>(steps: &[(u8, u8, u16, u8)]) {
    let mut handles = vec![(M::default(), Model::new())];
    for (what, handle, key, value) in steps {
        let at = usize::from(*handle) % handles.len();
        let (map, model) = &mut handles[at];
        // Keys that often recur.
        let key = *key % 400;
        match what % 8 {
            0..3 => assert_eq!(map.insert(key, *value), model.insert(key, *value)),
            3 => assert_eq!(map.remove(key), model.remove(&key)),
            4 => (key..key + u16::from(*value)).for_each(|key| {
                assert_eq!(map.insert(key, *value), model.insert(key, *value));
            }),
            5 => {
                map.retain(|other| other % 7 != value % 7);
                model.retain(|_, other| *other % 7 != *value % 7);
            }
            6 if handles.len() > 2 => {
                let [(base, of_base), (ours, of_ours), (theirs, of_theirs)] =
                    [at, usize::from(*value), usize::from(key)].map(|at| &handles[at % handles.len()]);
                let merged = (ours.merge(base, theirs), merged(of_base, of_ours, of_theirs));
                handles[at] = merged;
            }
            _ if handles.len() < 6 => {
                let fork = handles[at].clone();
                handles.push(fork);
            }
            _ => drop(handles.swap_remove(at)),
        }
        for (map, model) in &handles {
            assert_eq!(map.entries(), *model);
        }
    }
}

macro_rules! histories {
    ($test:ident, $subject:ty) => {
        #[test]
        fn $test() {
            fn property(steps: Vec<(u8, u8, u16, u8)>) {
                history::<$subject>(&steps);
            }
            quick_check(30).quickcheck(property as fn(Vec<(u8, u8, u16, u8)>));
        }
    };
}

histories!(histories_of_hash_maps_are_those_of_the_model, Map<u16, u8>);
histories!(histories_of_ordered_maps_are_those_of_the_model, OrdMap<u16, u8>);
histories!(histories_of_byte_tries_are_those_of_the_model, TrieMap<u8>);
