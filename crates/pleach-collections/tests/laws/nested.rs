//! Nested byte tries.
// They recurse without the standard library.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::TrieMap;

/// A value of an interpreter.
#[derive(Clone)]
enum Nested {
    Nothing,
    Object(#[allow(dead_code, reason = "dropped only")] TrieMap<Nested>),
}

fn nested(depth: u32) -> Nested {
    (0..depth).fold(Nested::Nothing, |inner, i| {
        Nested::Object(TrieMap::from([(i.to_be_bytes(), inner)]))
    })
}

fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(f);
    thread.unwrap().join().unwrap();
}

#[test]
fn a_million_nested_tries_are_dropped_on_a_small_stack() {
    const DEPTH: u32 = 1_000_000;
    on_a_small_stack(|| drop(nested(DEPTH)));
    // With tries of several nodes, and a fork that is dropped first.
    on_a_small_stack(|| {
        let wide = (0..20_000_u32).fold(Nested::Nothing, |inner, i| {
            let mut map: TrieMap<Nested> = (0..90_u32).map(|i| (i.to_string(), Nested::Nothing)).collect();
            map.insert((i % 100).to_string(), inner);
            Nested::Object(map)
        });
        drop(wide.clone());
        drop(wide);
    });
    // By iteration, removal and replacement.
    on_a_small_stack(|| {
        let mut map = TrieMap::from([("a", nested(DEPTH / 10)), ("b", nested(DEPTH / 10))]);
        map.remove("a");
        map.insert("b", Nested::Nothing);
        map.insert("c", nested(DEPTH / 10));
        map.into_iter().for_each(drop);
    });
}
