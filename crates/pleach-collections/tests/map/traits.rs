//! Auto traits, variance, sizes and formatting of the public types.

use pleach_collections::map::{self, Change, Entry, Map};
use pleach_collections::{Bag, Set};
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
    promises::<Map<String, u32>>();
    promises::<Set<String>>();
    promises::<Bag<String>>();
    promises::<map::Iter<'_, String, u32>>();
    promises::<map::IntoIter<String, u32>>();
    promises::<map::Diff<'_, String, u32>>();
    promises::<Change<'_, String, u32>>();
    promises::<map::Violation>();
    fn sent<T: Send + Sync + Unpin>() {}
    sent::<map::IterMut<'_, String, u32>>();
    sent::<Entry<'_, String, u32>>();
    // Nodes are shared between threads, so that `Send` takes entries that are `Send` and `Sync`.
    assert!(is_send!(Map<u32, u32>));
    assert!(!is_send!(Map<Rc<u32>, u32>));
    assert!(!is_send!(Map<u32, Rc<u32>>));
    assert!(!is_send!(Map<u32, std::cell::Cell<u32>>));
}

/// The collections are covariant.
#[test]
fn variance() {
    type Long = &'static str;
    fn map<'a>(map: Map<Long, Long>) -> Map<&'a str, &'a str> {
        map
    }
    fn set<'a>(set: Set<Long>) -> Set<&'a str> {
        set
    }
    fn bag<'a>(bag: Bag<Long>) -> Bag<&'a str> {
        bag
    }
    fn change<'a>(change: Change<'static, Long, Long>) -> Change<'a, &'a str, &'a str> {
        change
    }
    assert!(map(Map::new()).is_empty() && set(Set::new()).is_empty() && bag(Bag::new()).is_empty());
    let added = Change::Added { key: &"a", new: &"b" };
    assert_eq!(change(added), added);
}

#[test]
fn iterators_are_exact_and_fused() {
    fn promises<I: ExactSizeIterator + FusedIterator>(_: I) {}
    let mut map: Map<u32, u32> = Map::from([(1, 2)]);
    promises(map.iter());
    promises(map.keys());
    promises(map.values());
    promises(map.iter_mut());
    promises(map.values_mut());
    promises(map.clone().into_iter());
    promises(map.clone().into_keys());
    promises(map.clone().into_values());
    promises(map.drain());
}

/// Empty collections are constants, and a few words long.
#[test]
fn constants_and_sizes() {
    const EMPTY: Map<u32, u32> = Map::new();
    const NONE: Set<u32> = Set::new();
    const NOTHING: Bag<u32> = Bag::new();
    assert_eq!(EMPTY.len() + NONE.len() + NOTHING.distinct(), 0);
    assert!(size_of::<Option<Map<u32, u32>>>() <= 24);
}

/// Methods that hash and clone nothing have no bounds.
#[test]
fn bounds_are_few() {
    struct Plain;
    let map: Map<Plain, Plain> = Map::default();
    let mut copy = map.clone();
    copy.clear();
    assert!(map.ptr_eq(&copy) && map.iter().next().is_none() && map.keys().len() == 0);
}

#[test]
fn debug_shows_what_is_there() {
    let mut map: Map<u32, u32> = Map::from([(7, 1)]);
    assert_eq!(format!("{map:?} {:?}", map.iter()), "{7: 1} {7: 1}");
    assert_eq!(format!("{:?} {:?}", map.keys(), map.values()), "[7] [1]");
    assert_eq!(format!("{:?}", map.iter_mut()), "IterMut { remaining: 1 }");
    assert_eq!(format!("{:?}", map.clone().into_keys()), "IntoKeys { remaining: 1 }");
    assert_eq!(
        format!("{:?}", map.entry(7)),
        "Entry(OccupiedEntry { key: 7, value: 1 })"
    );
    assert_eq!(format!("{:?}", map.entry(8)), "Entry(VacantEntry(8))");
    assert_eq!(
        format!("{:?} {:?}", Set::from([1_u32]), Bag::from([1_u32, 1])),
        "{1} {1: 2}"
    );
}

#[test]
#[should_panic(expected = "no entry found for key")]
fn index_of_a_missing_key_panics() {
    _ = Map::from([(1_u32, 1_u32)])[&2];
}
