//! The environment of `n` rules and `n` facts against the designs in `benches/common`.

use std::hint::black_box;
use std::rc::Rc;

use pleach::{Atom, Environment};

use crate::common::alloc::bytes_kept;
use crate::common::timing::seconds;
use crate::common::units::Unit;
use crate::common::worlds::{ImWorld, Locked, Whole, World, assert_sound, call, edge};
use crate::{Figure, Turns, warm};

const SIZES: [usize; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// The largest size at which rivals are measured.
const RIVALS_UP_TO: usize = 100_000;

pub(crate) fn figures(up_to: usize) -> Vec<Figure> {
    let mut clone = Figure::new("env-clone", "Environment: clone and drop", Unit::Seconds);
    let mut write = Figure::new("env-first-write", "Environment: clone and define a rule", Unit::Seconds);
    let mut union = Figure::new(
        "env-union",
        "Environment: union of two forks, 10 new facts each",
        Unit::Seconds,
    );
    let mut memory = Figure::new("env-memory", "Environment: memory of a rule and a fact", Unit::Bytes);
    let mut fork = Figure::new(
        "env-fork-memory",
        "Environment: memory of a fork with one new rule",
        Unit::Bytes,
    );
    for n in SIZES.into_iter().filter(|n| *n <= up_to) {
        let mut turns = [Turns::new(), Turns::new(), Turns::new()];
        let mut add = |name, contender: Contender| {
            memory.add(name, n, contender.bytes);
            fork.add(name, n, contender.fork_bytes);
            turns
                .iter_mut()
                .zip(contender.turns)
                .for_each(|(turns, turn)| turns.push((name, turn)));
        };
        add(Environment::NAME, contender::<Environment>(n));
        if n <= RIVALS_UP_TO {
            add(Locked::NAME, contender::<Locked>(n));
            add(ImWorld::NAME, contender::<ImWorld>(n));
            add(Whole::NAME, contender::<Whole>(n));
        }
        let [clones, writes, unions] = turns;
        clone.measure(n, clones);
        write.measure(n, writes);
        union.measure(n, unions);
    }
    vec![clone, write, union, memory, fork]
}

struct Contender {
    /// Bytes of a rule and a fact together.
    bytes: f64,
    fork_bytes: f64,
    turns: [Box<dyn FnMut() -> f64>; 3],
}

fn contender<W: World>(n: usize) -> Contender {
    assert_sound::<W>();
    // Symbols are interned for the life of the process: the first contender must not pay for all.
    (0..n).for_each(|i| drop((call(i), edge(i, i))));
    let (bytes, world) = bytes_kept(|| W::of_size(n));
    let (fork_bytes, fork) = bytes_kept(|| {
        let mut fork = world.fork();
        fork.add_rule(call(n / 2), Atom::from(-1));
        fork
    });
    drop(fork);

    let changed = |of: usize| {
        let mut fork = world.fork();
        (0..10).for_each(|i| fork.add_fact(edge(i * 7_919, 10_000_000 + of)));
        fork
    };
    let (left, right) = (changed(1), changed(2));
    let world = Rc::new(world);
    let (for_clone, for_write, base) = (Rc::clone(&world), Rc::clone(&world), world);
    let clone = move || {
        let count = if n <= 1_000 || W::NAME != Whole::NAME { 100 } else { 1 };
        seconds(count, || (0..count).for_each(|_| drop(black_box(for_clone.fork()))))
    };
    let mut at = 0;
    let mut write = move || {
        at += 7_919;
        let lhs = call(at % n);
        let mut kept = None;
        let time = seconds(1, || {
            let mut fork = for_write.fork();
            fork.add_rule(lhs, Atom::from(-1));
            kept = Some(fork);
        });
        drop(kept);
        time
    };
    let union = move || {
        let mut kept = None;
        let time = seconds(1, || kept = Some(left.union(&right, &base)));
        drop(kept);
        time
    };
    Contender {
        bytes: bytes as f64 / n as f64,
        fork_bytes: fork_bytes as f64,
        turns: [
            Box::new(move || warm(&clone)),
            Box::new(move || warm(&mut write)),
            Box::new(move || warm(&union)),
        ],
    }
}
