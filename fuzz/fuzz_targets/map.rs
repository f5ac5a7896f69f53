//! Operations on forks of a map, of a set and of a bag, each beside its model of `std`'s.

#![no_main]

mod bags;
mod maps;
mod sets;

#[allow(dead_code, reason = "the tests make hashers by quickcheck")]
#[path = "../../tests/common/hostile.rs"]
mod hostile;

use arbitrary::Arbitrary;
use hostile::Hostile;
use libfuzzer_sys::fuzz_target;

/// Handles of each kind of collection: an operation works on some of them.
const HANDLES: usize = 4;

/// One of the handles.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Handle(u8);

impl Handle {
    fn at(self) -> usize {
        usize::from(self.0) % HANDLES
    }
}

/// So many keys from the first on, a stride apart.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Run {
    first: u16,
    stride: u8,
    count: u8,
}

impl Run {
    fn keys(self) -> impl Iterator<Item = u16> {
        (0..u16::from(self.count)).map(move |i| self.first.wrapping_add(i * u16::from(self.stride)))
    }
}

#[derive(Arbitrary, Debug)]
enum Steps {
    Map(Vec<maps::Step>),
    Set(Vec<sets::Step>),
    Bag(Vec<bags::Step>),
}

fuzz_target!(|input: (u8, Steps)| {
    let hasher = Hostile(input.0 % 6);
    match input.1 {
        Steps::Map(steps) => maps::run(hasher, &steps),
        Steps::Set(steps) => sets::run(hasher, &steps),
        Steps::Bag(steps) => bags::run(hasher, &steps),
    }
});
