//! Auto traits, variance, sizes and formatting of the public types.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::ord_map::{self, Entry, OrdMap};
use pleach_collections::{OrdSet, ord_set};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Evaluates to whether a type is `Send`: an inherent method takes precedence over a trait's.
macro_rules! is_send {
    ($type:ty) => {{
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "not called if the type is `Send`")]
        trait No {
            fn send(&self) -> bool {
                false
            }
        }
        impl<T> No for Probe<T> {}
        #[allow(dead_code, reason = "not called if the type is not `Send`")]
        impl<T: Send> Probe<T> {
            fn send(&self) -> bool {
                true
            }
        }
        Probe::<$type>(std::marker::PhantomData).send()
    }};
}

#[test]
fn threads_and_unwinding() {
    fn promises<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    promises::<OrdMap<String, u32>>();
    promises::<OrdSet<String>>();
    promises::<ord_map::Iter<'_, String, u32>>();
    promises::<ord_map::IntoIter<String, u32>>();
    promises::<ord_map::Diff<'_, String, u32>>();
    promises::<ord_map::Violation>();
    fn sent<T: Send + Sync + Unpin>() {}
    sent::<ord_map::IterMut<'_, String, u32>>();
    sent::<Entry<'_, String, u32>>();
    sent::<ord_set::Entry<'_, String>>();
    // Nodes are shared between threads, so that `Send` takes entries that are `Send` and `Sync`.
    assert!(is_send!(OrdMap<u32, u32>));
    assert!(!is_send!(OrdMap<Rc<u32>, u32>));
    assert!(!is_send!(OrdMap<u32, Rc<u32>>));
    assert!(!is_send!(OrdMap<u32, std::cell::Cell<u32>>));
}

/// The collections and their iterators are covariant.
#[test]
fn variance() {
    type Long = &'static str;
    fn map<'a>(map: OrdMap<Long, Long>) -> OrdMap<&'a str, &'a str> {
        map
    }
    fn set<'a>(set: OrdSet<Long>) -> OrdSet<&'a str> {
        set
    }
    fn iter<'a>(iter: ord_map::Iter<'a, Long, Long>) -> ord_map::Iter<'a, &'a str, &'a str> {
        iter
    }
    fn into_iter<'a>(iter: ord_map::IntoIter<Long, Long>) -> ord_map::IntoIter<&'a str, &'a str> {
        iter
    }
    let long: OrdMap<Long, Long> = OrdMap::from([("a", "b")]);
    assert_eq!(iter(long.iter()).len() + into_iter(long.clone().into_iter()).len(), 2);
    assert!(map(long).len() == 1 && set(OrdSet::new()).is_empty());
}

#[test]
fn iterators_are_exact_fused_and_double_ended() {
    fn promises<I: ExactSizeIterator + FusedIterator + DoubleEndedIterator + Default>(_: I) {
        assert_eq!(I::default().len(), 0);
    }
    let mut map: OrdMap<u32, u32> = OrdMap::from([(1, 2)]);
    promises(map.iter());
    promises(map.range(1..));
    promises(map.keys());
    promises(map.values());
    promises(map.iter_mut());
    promises(map.range_mut(..2));
    promises(map.values_mut());
    promises(map.clone().into_iter());
    promises(map.clone().into_keys());
    promises(map.into_values());
}

/// Empty collections are constants, and a word long.
#[test]
fn constants_and_sizes() {
    const EMPTY: OrdMap<u32, u32> = OrdMap::new();
    const NONE: OrdSet<u32> = OrdSet::new();
    assert_eq!(EMPTY.len() + NONE.len(), 0);
    assert_eq!(size_of::<OrdMap<u32, u32>>(), size_of::<usize>());
}

/// Methods that compare and clone nothing have no bounds.
#[test]
fn bounds_are_few() {
    struct Plain;
    let map: OrdMap<Plain, Plain> = OrdMap::default();
    let mut copy = map.clone();
    copy.clear();
    assert!(map.ptr_eq(&copy) && map.iter().next().is_none() && map.keys().len() == 0);
    assert!(map.first_key_value().is_none() && map.nth(0).is_none());
}

#[test]
fn debug_and_hash_are_those_of_std() {
    let entries = [(7_u32, 1_u32), (3, 4)];
    let (mut map, model) = (OrdMap::from(entries), BTreeMap::from(entries));
    assert_eq!(format!("{map:?} {:?}", map.iter()), format!("{model:?} {model:?}"));
    assert_eq!(format!("{:?} {:?}", map.keys(), map.values()), "[3, 7] [4, 1]");
    assert_eq!(format!("{:?}", map.iter_mut()), "IterMut { remaining: 2 }");
    assert_eq!(format!("{:?}", map.clone().into_keys()), "IntoKeys { remaining: 2 }");
    assert_eq!(
        format!("{:?}", map.entry(7)),
        "Entry(OccupiedEntry { key: 7, value: 1 })"
    );
    assert_eq!(format!("{:?}", map.entry(8)), "Entry(VacantEntry(8))");
    assert_eq!(format!("{:?}", OrdSet::from([2_u32, 1])), "{1, 2}");
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&map), hasher.hash_one(&model));
}

#[test]
#[should_panic(expected = "no entry found for key")]
fn index_of_a_missing_key_panics() {
    _ = OrdMap::from([(1_u32, 1_u32)])[&2];
}

#[test]
#[should_panic(expected = "range start is greater than range end")]
#[allow(clippy::reversed_empty_ranges, reason = "the test")]
fn inverted_ranges_panic() {
    _ = OrdMap::from([(1_u32, 1_u32)]).range(3..2);
}
