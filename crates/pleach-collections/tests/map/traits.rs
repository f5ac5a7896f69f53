//! What types promise at compile time.

use pleach_collections::map::{self, Change, Entry, Map};
use pleach_collections::{Bag, Set};
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

/// Whether a type is `Send`: an inherent method is preferred over a trait's.
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
    // A node is shared by counting: what is not both `Send` and `Sync` does not make it so.
    assert!(is_send!(Map<u32, u32>));
    assert!(!is_send!(Map<Rc<u32>, u32>));
    assert!(!is_send!(Map<u32, Rc<u32>>));
    assert!(!is_send!(Map<u32, std::cell::Cell<u32>>));
}

/// A longer life may take the place of a shorter one.
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
    let mut map = Map::from([(1, 2)]);
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

/// Made at compile time, and a few words long: they nest well.
#[test]
fn constants_and_sizes() {
    const EMPTY: Map<u32, u32> = Map::new();
    const NONE: Set<u32> = Set::new();
    const NOTHING: Bag<u32> = Bag::new();
    assert_eq!(EMPTY.len() + NONE.len() + NOTHING.distinct(), 0);
    assert!(size_of::<Option<Map<u32, u32>>>() <= 24);
}

/// Nothing is asked of keys and values but where it is needed.
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
    let mut map = Map::from([("a", 1)]);
    assert_eq!(format!("{map:?} {:?}", map.iter()), r#"{"a": 1} {"a": 1}"#);
    assert_eq!(format!("{:?} {:?}", map.keys(), map.values()), r#"["a"] [1]"#);
    assert_eq!(format!("{:?}", map.iter_mut()), "IterMut { left: 1 }");
    assert_eq!(format!("{:?}", map.clone().into_keys()), "IntoKeys { left: 1 }");
    assert_eq!(
        format!("{:?}", map.entry("a")),
        r#"Entry(OccupiedEntry { key: "a", value: 1 })"#
    );
    assert_eq!(format!("{:?}", map.entry("b")), r#"Entry(VacantEntry("b"))"#);
    assert_eq!(format!("{:?} {:?}", Set::from([1]), Bag::from([1, 1])), "{1} {1: 2}");
}

#[test]
#[should_panic(expected = "the key is in the map")]
fn index_of_a_missing_key_panics() {
    _ = Map::from([("a", 1)])["b"];
}
