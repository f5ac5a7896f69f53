//! Nested vectors of any depth are dropped on a small stack.

#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "fields that are only dropped")]

use pleach_collections::{Map, OrdMap, Vector, vector};
use pleach_testkit::fuse;
use std::panic::{AssertUnwindSafe, catch_unwind};

const DEPTH: u32 = 1_000_000;

fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(f).unwrap();
    thread.join().unwrap();
}

/// A value of an interpreter.
#[derive(Clone)]
enum Value {
    Nothing,
    List(Vector<Value>),
    Table(Map<u32, Value>),
    Sorted(OrdMap<u32, Value>),
}

fn nested(depth: u32) -> Value {
    (0..depth).fold(Value::Nothing, |inner, _| Value::List(vector![inner]))
}

#[test]
fn a_million_nested_vectors_are_dropped_on_a_small_stack() {
    on_a_small_stack(|| drop(nested(DEPTH)));
    // With vectors of several nodes, and a fork that is dropped first.
    on_a_small_stack(|| {
        let wide = (0..20_000_u32).fold(Value::Nothing, |inner, i| {
            let mut vector: Vector<Value> = (0..70).map(|_| Value::Nothing).collect();
            vector.push_front(Value::Nothing);
            vector[i as usize % 71] = inner;
            Value::List(vector)
        });
        drop(wide.clone());
        drop(wide);
    });
    // By iteration, removal and replacement.
    on_a_small_stack(|| {
        let mut vector = vector![nested(DEPTH / 10), nested(DEPTH / 10), nested(DEPTH / 10)];
        vector.remove(1);
        vector[0] = Value::Nothing;
        vector.push_front(nested(DEPTH / 10));
        vector.truncate(2);
        for item in vector {
            drop(item);
        }
    });
}

#[test]
fn a_million_collections_of_all_kinds_are_dropped_on_a_small_stack() {
    on_a_small_stack(|| {
        let value = (0..DEPTH).fold(Value::Nothing, |inner, i| match i % 3 {
            0 => Value::List(vector![inner, Value::Nothing]),
            1 => Value::Table(Map::from([(i, inner)])),
            _ => Value::Sorted(OrdMap::from([(i, inner)])),
        });
        drop(value);
    });
}

/// A panic in a drop propagates as in `std`'s collections, and doesn't affect later drops.
#[test]
fn a_panic_in_a_nested_drop_leaves_nothing_behind() {
    #[derive(Clone)]
    struct Mine(Vector<Mine>, bool);
    impl Drop for Mine {
        fn drop(&mut self) {
            if self.1 && !std::thread::panicking() {
                fuse::panic_as_planned();
            }
        }
    }
    fuse::quiet();
    for depth in [1, 63, 64, 65, 200] {
        let mine = (0..300).fold(Mine(Vector::new(), false), |inner, i| Mine(vector![inner], i == depth));
        catch_unwind(AssertUnwindSafe(|| drop(mine))).unwrap_err();
        on_a_small_stack(|| drop(nested(1000)));
    }
}
