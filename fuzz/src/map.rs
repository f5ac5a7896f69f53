//! Operations on forks of a map, a set and a bag, each compared with a model of `std`.

mod bags;
mod maps;
mod sets;

use arbitrary::{Arbitrary, Unstructured};

use pleach_testkit::hostile::Hostile;

/// Handles of each kind of collection, on which the operations work.
const HANDLES: usize = 4;

/// One of the handles.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Handle(u8);

impl Handle {
    fn at(self) -> usize {
        usize::from(self.0) % HANDLES
    }
}

/// A number of keys from the first on, a stride apart.
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

/// Interprets the bytes as operations.
pub fn run(data: &[u8]) {
    let Ok((way, steps)) = <(u8, Steps)>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let hasher = Hostile(way % 6);
    match steps {
        Steps::Map(steps) => maps::run(hasher, &steps),
        Steps::Set(steps) => sets::run(hasher, &steps),
        Steps::Bag(steps) => bags::run(hasher, &steps),
    }
}
