//! The map against `im`, `imbl` and `rpds`, with keys and values `u64`.

use std::hint::black_box;
use std::rc::Rc;

use crate::common::alloc::bytes_kept;
use crate::common::rivals::{Im, Imbl, Key, Ours, Persistent, Rpds};
use crate::common::timing::seconds;
use crate::common::units::Unit;
use crate::{Figure, Turns, warm};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Keys looked up, or inserted, in one turn.
const KEYS: usize = 1_000;

pub(crate) fn figures(up_to: usize) -> Vec<Figure> {
    let mut get = Figure::new("map-get", "Map: look up a key that is there", Unit::Seconds);
    let mut fork = Figure::new(
        "map-fork-insert",
        "Map: fork, insert a key, drop the fork",
        Unit::Seconds,
    );
    let mut union = Figure::new("map-union", "Map: union of two forks, 10 new keys each", Unit::Seconds);
    let mut memory = Figure::new("map-memory", "Map: memory of an entry", Unit::Bytes);
    for n in SIZES.into_iter().filter(|n| *n <= up_to) {
        let mut turns = [Turns::new(), Turns::new(), Turns::new()];
        let mut add = |name, (bytes, contender): (f64, [Box<dyn FnMut() -> f64>; 3])| {
            memory.add(name, n, bytes);
            turns
                .iter_mut()
                .zip(contender)
                .for_each(|(turns, turn)| turns.push((name, turn)));
        };
        add("pleach", contender::<Ours<u64>>(n));
        add("im", contender::<Im<u64>>(n));
        add("imbl", contender::<Imbl<u64>>(n));
        add("rpds", contender::<Rpds<u64>>(n));
        let [gets, forks, unions] = turns;
        get.measure(n, gets);
        fork.measure(n, forks);
        union.measure(n, unions);
    }
    vec![get, fork, union, memory]
}

/// Returns the bytes of an entry and the three timed operations.
fn contender<M: Persistent<u64>>(n: usize) -> (f64, [Box<dyn FnMut() -> f64>; 3]) {
    let insert = |mut map: M, range: std::ops::Range<usize>| {
        range.for_each(|i| map.insert(u64::of(i as u64), i as u64));
        map
    };
    let (bytes, map) = bytes_kept(|| insert(M::empty(), 0..n));
    let map = Rc::new(map);
    let (left, right) = (
        insert((*map).clone(), n..n + 10),
        insert((*map).clone(), n + 10..n + 20),
    );
    let (for_get, for_fork) = (Rc::clone(&map), map);
    let mut at = 0;
    let get = move || {
        at += 7_919;
        let keys: Vec<u64> = (0..KEYS).map(|i| u64::of(((at + i) * 7_919 % n) as u64)).collect();
        seconds(KEYS, || {
            let sum = keys
                .iter()
                .fold(0, |sum, key| sum ^ for_get.get(key).copied().unwrap_or(1));
            black_box(sum);
        })
    };
    let fork = move || {
        seconds(KEYS, || {
            for i in 0..KEYS {
                let mut fork = (*for_fork).clone();
                fork.insert(u64::of((n + i) as u64), 1);
                drop(black_box(fork));
            }
        })
    };
    let union = move || warm(|| seconds(1, || drop(black_box(left.union(&right)))));
    (
        bytes as f64 / n as f64,
        [Box::new(get), Box::new(fork), Box::new(union)],
    )
}
