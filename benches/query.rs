//! Queries: over the Unicode Character Database, a real knowledge base of some 300,000 facts, and over a generated
//! graph of 100,000 edges.
//!
//! `cargo bench --bench query -- FILTER` runs the rows whose name contains `FILTER`. Before these it prints a summary
//! of ratios, byte counts, and a triangle query against nested loops. The filter `summary` matches no row and so prints
//! only that.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[allow(dead_code, reason = "each bench uses a part")]
#[path = "common/alloc.rs"]
mod alloc;
#[path = "query/characters.rs"]
mod characters;
#[path = "query/graph.rs"]
mod graph;
#[path = "query/summary.rs"]
mod summary;

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use pleach::{Atom, Environment};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn atom(text: &str) -> Atom {
    text.parse().expect("an atom")
}

/// Queries after which an index by argument has been built, if they pay for one.
const QUERIES_UNTIL_INDEX: usize = 10;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    // As a test (`cargo test --benches`), unoptimised, runs each row once at small sizes.
    let whole = std::env::args().any(|argument| argument == "--bench");
    let characters = characters::facts(if whole { char::MAX } else { '\u{500}' });
    let edges = graph::edges(if whole { 100_000 } else { 300 });
    if whole {
        summary::print(&characters, &edges);
    }
    rows(&mut criterion, "characters", &characters, &CHARACTERS);
    rows(&mut criterion, "graph", &edges, &GRAPH);
    conjunctions(
        &mut criterion,
        "characters",
        &characters,
        &[(
            "composed Greek letters with an acute accent",
            &[
                "(combining $mark 230)",
                "(composed $whole $base $mark)",
                "(script $base Greek)",
            ],
        )],
    );
    conjunctions(
        &mut criterion,
        "graph",
        &edges,
        &[
            ("two steps from a node", &["(edge n7 $y)", "(edge $y $z)"]),
            (
                "triangles through a node",
                &["(edge n7 $y)", "(edge $y $z)", "(edge $z n7)"],
            ),
        ],
    );
    criterion.final_summary();
}

const CHARACTERS: [(&str, &str); 5] = [
    ("one answer, by the first argument", "(script U+0041 $s)"),
    ("one answer, first argument free", "(upper $c U+0041)"),
    ("some answers, first argument free", "(script $c Cherokee)"),
    ("many answers, first argument free", "(script $c Latin)"),
    ("no answer, first argument free", "(script $c Klingon)"),
];

const GRAPH: [(&str, &str); 3] = [
    ("edges from a node", "(edge n7 $y)"),
    ("edges to a node", "(edge $x n7)"),
    ("loops", "(edge $x $x)"),
];

/// Times each pattern as a scan of the facts, after queries that build an index if they pay for one, and memoized.
fn rows(criterion: &mut Criterion, world: &str, env: &Environment, patterns: &[(&str, &str)]) {
    let mut group = criterion.benchmark_group(world);
    for (name, pattern) in patterns {
        let pattern = atom(pattern);
        // Queries with a limit don't use indexes.
        group.bench_function(format!("{name}/scan"), |b| {
            b.iter(|| black_box(env.query(&pattern).with_limit(u64::MAX - 1).count()));
        });
        (0..QUERIES_UNTIL_INDEX).for_each(|_| _ = black_box(env.query(&pattern).count()));
        group.bench_function(format!("{name}/asked before"), |b| {
            b.iter(|| black_box(env.query(&pattern).count()));
        });
        group.bench_function(format!("{name}/memoized"), |b| {
            b.iter(|| black_box(env.answers(&pattern).len()))
        });
    }
}

fn conjunctions(criterion: &mut Criterion, world: &str, env: &Environment, all: &[(&str, &[&str])]) {
    let mut group = criterion.benchmark_group(world);
    for (name, patterns) in all {
        let patterns: Vec<Atom> = patterns.iter().map(|pattern| atom(pattern)).collect();
        group.sample_size(10).bench_function(*name, |b| {
            b.iter(|| black_box(env.query_all(&patterns).count()));
        });
    }
}
