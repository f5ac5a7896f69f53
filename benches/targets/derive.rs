//! The rows of derived facts.

use std::collections::BTreeSet;
use std::time::Instant;

use pleach::derive::{Derived, Program};
use pleach::{Atom, Environment};

use crate::common::report::Report;
use crate::common::timing::{SideBySide, median};

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    for (name, row) in ROWS {
        if wanted(name) {
            row(report, name);
        }
    }
}

type Row = fn(&mut Report, &str);

const ROWS: [(&str, Row); 2] = [
    ("derive transitive closure of 100 K edges", closure),
    ("derive one edge of 100 K", changes),
];

const LAYERS: usize = 10;
const WIDTH: usize = 10_000;

ascent::ascent! {
    /// The same program for `ascent`.
    struct Paths;
    relation edge(u32, u32);
    relation path(u32, u32);
    path(x, y) <-- edge(x, y);
    path(x, z) <-- path(x, y), edge(y, z);
}

fn paths() -> Program {
    let rules = "(=> (, (edge $x $y)) (path $x $y)) (=> (, (path $x $y) (edge $y $z)) (path $x $z))";
    rules.parse().expect("a program")
}

/// 100,000 random edges, each from one of ten layers of 10,000 nodes to the next: 680,081 paths.
fn edges() -> Vec<(u32, u32)> {
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut below = |bound: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u32 as usize % bound
    };
    let mut edges = BTreeSet::new();
    while edges.len() < 100_000 {
        let layer = below(LAYERS - 1);
        let from = layer * WIDTH + below(WIDTH);
        let to = (layer + 1) * WIDTH + below(WIDTH);
        edges.insert((from as u32, to as u32));
    }
    edges.into_iter().collect()
}

fn world() -> Environment {
    let edges = edges().into_iter();
    edges.map(|(from, to)| edge(from as usize, to as usize)).collect()
}

/// The fact of an edge between two numbered nodes, as `ascent` has it.
fn edge(from: usize, to: usize) -> Atom {
    Atom::expression([Atom::symbol("edge"), Atom::from(from as i64), Atom::from(to as i64)])
}

/// The seconds of deriving from nothing.
fn from_nothing(world: &Environment) -> (f64, Derived) {
    // Another program, of which the world has no closure.
    let program = paths();
    let fork = world.clone();
    let start = Instant::now();
    let derived = program.derive(&fork).expect("a closure");
    (start.elapsed().as_secs_f64(), derived)
}

fn closure(report: &mut Report, name: &str) {
    let (edges, world) = (edges(), world());
    let times = SideBySide::measure(
        9,
        || {
            let (time, derived) = from_nothing(&world);
            assert_eq!(derived.derived_count(), 680_081);
            time
        },
        || {
            let mut program = Paths {
                edge: edges.clone(),
                ..Paths::default()
            };
            let start = Instant::now();
            program.run();
            let time = start.elapsed().as_secs_f64();
            assert_eq!(program.path.len(), 680_081);
            time
        },
    );
    report.over(name, &times, "ascent 0.8", 2.0);
}

/// An edge from the first layer to the last is one path more or less.
fn changes(report: &mut Report, name: &str) {
    let mut world = world();
    let nothing = median((0..5).map(|_| from_nothing(&world).0).collect());
    let mut derived = from_nothing(&world).1;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for run in 0..600 {
        let new = edge(run * 13 % WIDTH, (LAYERS - 1) * WIDTH + run * 7 % WIDTH);
        let mut advance = |world: &Environment| {
            let before = derived.derived_count();
            let start = Instant::now();
            derived.advance(world).expect("a closure");
            let time = start.elapsed().as_secs_f64();
            assert!(derived.derived_count().abs_diff(before) <= 1);
            time
        };
        world.add_fact(new.clone());
        added.push(advance(&world));
        world.remove_fact(&new);
        removed.push(advance(&world));
    }
    // The first ones pay for the index of paths by their ends.
    for (change, times) in [("added", added), ("removed", removed)] {
        let time = median(times[200..].to_vec());
        let unit = format!("x from nothing ({:.1} µs / {:.0} ms)", time * 1e6, nothing * 1e3);
        report.at_most(&format!("{name}, {change}"), time / nothing, &unit, 0.001);
    }
}
