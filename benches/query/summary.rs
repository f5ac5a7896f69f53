//! Ratios, byte counts, and queries against nested loops, which criterion's rows can't show.

use std::hint::black_box;
use std::time::Instant;

use pleach::term::{Bindings, unify};
use pleach::{Atom, Environment};

use crate::alloc::bytes_kept;
use crate::{atom, graph};

/// Returns the median time of `runs` runs, in microseconds.
fn time<R>(runs: usize, mut f: impl FnMut() -> R) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            black_box(f());
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn line(what: &str, value: f64, unit: &str) {
    println!("{what:<70} {value:>12.2} {unit}");
}

pub(crate) fn print(characters: &Environment, edges: &Environment) {
    println!(
        "{} facts of characters, {} edges",
        characters.fact_count(),
        edges.fact_count()
    );
    memoized(characters, edges);
    index();
    suggestions();
    triangles(edges);
}

/// Repeated queries, by `answers` (memoized) and by `query`, side by side.
fn memoized(characters: &Environment, edges: &Environment) {
    for (what, env, pattern) in [
        ("a fact", edges, "(edge n7 n2)"),
        ("1 answer, by prefix", characters, "(script U+0041 $s)"),
        ("no answer, by prefix", characters, "(script X $s)"),
        ("edges from a node", edges, "(edge n7 $y)"),
        ("edges to a node, indexed", edges, "(edge $x n7)"),
        ("many answers, indexed", characters, "(script $c Latin)"),
        ("a scan without answers, not indexed", edges, "(edge $x $x)"),
    ] {
        let pattern = atom(pattern);
        (0..10).for_each(|_| _ = black_box(env.query(&pattern).count()));
        let runs = 100;
        let repeat = |f: &dyn Fn() -> usize| time(15, || (0..runs).for_each(|_| _ = black_box(f()))) / runs as f64;
        let answers = env.query(&pattern).count();
        let all = repeat(&|| env.query(&pattern).collect::<Vec<_>>().len());
        let known = repeat(&|| env.answers(&pattern).len());
        line(&format!("asked: {what}, {answers} answers"), all, "µs");
        line("  memoized", known, "µs");
        line("  ratio", all / known, "x");
        // After a write, `answers` computes and memoizes anew.
        let mut env = env.clone();
        let fresh = time(99, || {
            env.add_fact(Atom::symbol("tick"));
            env.answers(&pattern).len()
        });
        let plain = time(99, || {
            env.add_fact(Atom::symbol("tick"));
            env.query(&pattern).collect::<Vec<_>>().len()
        });
        line("  after a write each time: memoized over not", fresh / plain, "x");
    }
}

/// The cost of an index by argument.
fn index() {
    let world = || -> Environment { (0..100_000).map(|i| graph::edge(i, i * 7 % 100_000)).collect() };
    let (bytes, plain) = bytes_kept(world);
    let pattern = atom("(edge $x n7)");
    let scan = time(5, || plain.query(&pattern).with_limit(u64::MAX - 1).count());
    let (index_bytes, build) = bytes_kept(|| {
        // The slowest of the first queries builds it.
        (0..10)
            .map(|_| time(1, || plain.query(&pattern).count()))
            .fold(0.0, f64::max)
    });
    let indexed = time(999, || plain.query(&pattern).count());
    line("(edge $x n7) of 100 K, scan", scan, "µs");
    line("  through the index", indexed, "µs");
    line("  the query that builds it", build, "µs");
    line("  bytes of a fact", bytes as f64 / 1e5, "B");
    line("  bytes more by the index, a fact", index_bytes as f64 / 1e5, "B");
    let unindexed = world();
    let write = |env: &Environment| {
        let mut owner = env.clone();
        owner.make_owned();
        let mut next = 0;
        let adds = time(999, || {
            next += 1;
            owner.add_fact(graph::edge(next * 37 % 100_000, next));
        });
        let forks = time(999, || {
            next += 1;
            let mut fork = env.clone();
            fork.add_fact(graph::edge(next * 37 % 100_000, next));
            fork
        });
        (adds, forks)
    };
    let ((plain_add, plain_fork), (add, fork)) = (write(&unindexed), write(&plain));
    line("  add_fact, without index", plain_add, "µs");
    line("  add_fact, with one", add, "µs");
    line("  first write after a fork, without", plain_fork, "µs");
    line("  first write after a fork, with", fork, "µs");
}

fn suggestions() {
    for n in [1_000, 1_000_000] {
        let env: Environment = (0..n)
            .map(|i| Atom::expression([Atom::symbol(&*format!("name{i:06}"))]))
            .collect();
        line(
            &format!("suggest among {n} names"),
            time(5, || env.suggest("nmae000500", 3)),
            "µs",
        );
    }
}

/// All triangles, by a conjunction and by three nested loops over all atoms; the latter's time is extrapolated from
/// that of one loop.
fn triangles(edges: &Environment) {
    let patterns = ["(edge $x $y)", "(edge $y $z)", "(edge $z $x)"].map(atom);
    let start = Instant::now();
    let found = edges.query_all(&patterns).count();
    let join = start.elapsed().as_secs_f64() * 1e6;
    line(
        &format!("all {found} ways round a triangle, as a conjunction"),
        join / 1e3,
        "ms",
    );

    let pairs = graph::pairs(edges.fact_count());
    let nodes = pairs.iter().map(|(x, y)| x.max(y) + 1).max().unwrap_or(0);
    let (mut from, mut to) = (vec![0u64; nodes], vec![0u64; nodes]);
    for (x, y) in &pairs {
        from[*x] += 1;
        to[*y] += 1;
    }
    let by_edges: u64 = pairs.iter().map(|(_, y)| from[*y]).sum();
    let by_fewest: u64 = pairs.iter().map(|(x, y)| from[*y].min(to[*x])).sum();

    // One loop for each edge, which finds the second, and one for each path of two edges, which finds the third.
    let atoms: Vec<Atom> = edges.iter().map(|(atom, _)| atom).collect();
    let mut bindings = Bindings::new();
    unify(&patterns[0], &atoms[0], &mut bindings);
    let one = time(5, || {
        atoms
            .iter()
            .filter(|atom| unify(&patterns[1], atom, &mut bindings.clone()))
            .count()
    });
    let nested = one * (pairs.len() as u64 + by_edges) as f64;
    line("  as nested loops over all atoms", nested / 1e3, "ms");
    line("  ratio", nested / join, "x");
    line(
        "  paths of two edges, all of which the conjunction visits",
        by_edges as f64,
        "",
    );
    line("  paths that leapfrog triejoin would visit", by_fewest as f64, "");
}
