//! Nested collections of any depth are dropped on a small stack.

#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(dead_code, reason = "fields that are only dropped")]

use pleach_collections::{Map, OrdMap, OrdSet};
use pleach_testkit::fuse;
use std::cell::Cell;
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

const DEPTH: u32 = 1_000_000;

fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(f).unwrap();
    thread.join().unwrap();
}

/// A value of an interpreter.
#[derive(Clone)]
enum Value {
    Nothing,
    Object(OrdMap<u32, Value>),
}

fn nested(depth: u32) -> Value {
    (0..depth).fold(Value::Nothing, |inner, i| Value::Object(OrdMap::from([(i, inner)])))
}

#[test]
fn a_million_nested_maps_are_dropped_on_a_small_stack() {
    on_a_small_stack(|| drop(nested(DEPTH)));
    // With maps of several nodes, and a fork that is dropped first.
    on_a_small_stack(|| {
        let wide = (0..20_000_u32).fold(Value::Nothing, |inner, i| {
            let mut map: OrdMap<u32, Value> = (0..30).map(|i| (i, Value::Nothing)).collect();
            map.insert(i % 40, inner);
            Value::Object(map)
        });
        drop(wide.clone());
        drop(wide);
    });
    // By iteration, removal and replacement.
    on_a_small_stack(|| {
        let mut map = OrdMap::from([(1, nested(DEPTH)), (2, nested(DEPTH))]);
        map.remove(&1);
        map.insert(2, Value::Nothing);
        map.insert(3, nested(DEPTH));
        for entry in map {
            drop(entry);
        }
    });
}

/// A recursive set, ordered by its depth.
#[derive(Clone)]
enum Item {
    Nothing,
    Set(u32, OrdSet<Item>),
}

impl Item {
    fn depth(&self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Set(depth, _) => *depth,
        }
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.depth() == other.depth()
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        self.depth().cmp(&other.depth())
    }
}

#[test]
fn a_million_nested_sets_are_dropped_on_a_small_stack() {
    on_a_small_stack(|| {
        let item = (1..=DEPTH).fold(Item::Nothing, |inner, depth| Item::Set(depth, OrdSet::from([inner])));
        drop(item);
    });
}

/// A value that nests hash maps and ordered ones.
#[derive(Clone)]
enum Mixed {
    Nothing,
    Hash(Map<u32, Mixed>),
    Ordered(OrdMap<u32, Mixed>),
}

#[test]
fn a_million_maps_of_both_kinds_are_dropped_on_a_small_stack() {
    on_a_small_stack(|| {
        let value = (0..DEPTH).fold(Mixed::Nothing, |inner, i| match i % 3 {
            0 => Mixed::Hash(Map::from([(i, inner)])),
            _ => Mixed::Ordered(OrdMap::from([(i, inner), (i + 1, Mixed::Nothing)])),
        });
        drop(value);
    });
}

thread_local! {
    static DROPPED: Cell<u32> = const { Cell::new(0) };
}

/// A value whose drop creates and drops a map that borrows from its frame.
#[derive(Clone)]
struct Busy(Rc<u32>, OrdMap<u32, Busy>);

#[derive(Clone)]
struct Reader<'a>(&'a String);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0, "still here");
        DROPPED.set(DROPPED.get() + 1);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let text = String::from("still here");
        let map: OrdMap<u32, Reader<'_>> = (0..20).map(|i| (i, Reader(&text))).collect();
        let before = DROPPED.get();
        drop(map);
        assert_eq!(DROPPED.get() - before, 20);
    }
}

/// A map that is created in a user's `Drop` is dropped in it at any depth, since it may borrow from its frame.
#[test]
fn maps_that_borrow_from_a_drop_are_dropped_in_it() {
    let last = Rc::new(0);
    let busy = (0..1000).fold(Busy(last.clone(), OrdMap::new()), |inner, i| {
        Busy(last.clone(), OrdMap::from([(i, inner)]))
    });
    DROPPED.set(0);
    drop(busy);
    assert_eq!(DROPPED.get(), 20 * 1001);
    assert_eq!(Rc::strong_count(&last), 1);
}

/// Maps behind an `Arc` are dropped once each.
#[test]
fn maps_behind_pointers_are_dropped_once_each() {
    #[derive(Clone)]
    struct Shared(OrdMap<u32, Arc<Shared>>, Arc<()>);
    let last = Arc::new(());
    let shared = (0..500).fold(Shared(OrdMap::new(), last.clone()), |inner, i| {
        Shared(OrdMap::from([(i, Arc::new(inner))]), last.clone())
    });
    assert_eq!(Arc::strong_count(&last), 502);
    drop(shared);
    assert_eq!(Arc::strong_count(&last), 1);
}

/// A panic in a drop propagates as in `std`'s collections, and doesn't affect later drops.
#[test]
fn a_panic_in_a_nested_drop_leaves_nothing_behind() {
    #[derive(Clone)]
    struct Mine(OrdMap<u32, Mine>, bool);
    impl Drop for Mine {
        fn drop(&mut self) {
            if self.1 && !std::thread::panicking() {
                fuse::panic_as_planned();
            }
        }
    }
    for depth in [1, 10, 63, 64, 65, 66, 200] {
        let mine = (0..300).fold(Mine(OrdMap::new(), false), |inner, i| {
            Mine(OrdMap::from([(i, inner)]), i == depth)
        });
        catch_unwind(AssertUnwindSafe(|| drop(mine))).unwrap_err();
        on_a_small_stack(|| drop(nested(1000)));
        drop(nested(100_000));
    }
}
