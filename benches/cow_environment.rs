//! Forking, writing, merging and reading environments: ours against the lock-guarded design, one over the maps of `im`
//! and one that is cloned whole, at 10 to 100,000 rules and as many facts; ours also at 1,000,000.
//!
//! `cargo bench --bench cow_environment -- FILTER` runs the rows whose name contains `FILTER`; without one it takes
//! long, mostly for the rivals' copies. `benches/common/` describes the contenders and their limits.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[allow(dead_code, reason = "each bench uses a part")]
mod common;
#[path = "cow_environment/evaluation.rs"]
mod evaluation;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use pleach::{Atom, Environment, Symbol};

use common::worlds::{ImWorld, Locked, Whole, World, assert_sound, call, edge};

const SIZES: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .configure_from_args();
    contender::<Environment>(&mut criterion, &[1_000_000]);
    contender::<Locked>(&mut criterion, &[]);
    contender::<ImWorld>(&mut criterion, &[]);
    contender::<Whole>(&mut criterion, &[]);
    evaluation::rows(&mut criterion);
    criterion.final_summary();
}

fn contender<W: World>(criterion: &mut Criterion, beyond: &[usize]) {
    assert_sound::<W>();
    // As a test (`cargo test --benches`), unoptimised, runs each row once at small sizes.
    let most = if std::env::args().any(|argument| argument == "--bench") {
        usize::MAX
    } else {
        100
    };
    for n in SIZES.iter().chain(beyond).filter(|n| **n <= most) {
        let world = W::of_size(*n);
        forks(criterion, &world, *n);
        unions(criterion, &world, *n);
        fans(criterion, &world, *n);
    }
    reads(criterion, W::of_size(10_000));
    evaluate_in_parallel(criterion, &W::of_size(1_000));
    workload::<W>(criterion);
}

/// Runs one row of a contender.
fn row<W: World>(
    criterion: &mut Criterion,
    name: &str,
    parameter: impl std::fmt::Display,
    bench: impl FnMut(&mut criterion::Bencher<'_>),
) {
    let mut bench = bench;
    let mut group = criterion.benchmark_group(name);
    group.bench_function(BenchmarkId::new(W::NAME, parameter), |bencher| bench(bencher));
    group.finish();
}

/// A fork and its first write. Drops are included, since dropping a deep copy costs as much as making it.
fn forks<W: World>(criterion: &mut Criterion, world: &W, n: usize) {
    row::<W>(criterion, "clone and drop", n, |bencher| {
        bencher.iter(|| drop(black_box(world.fork())))
    });
    row::<W>(criterion, "make_owned", n, |bencher| {
        bencher.iter_batched_ref(|| world.fork(), W::make_owned, BatchSize::PerIteration);
    });
    let mut i = 0;
    row::<W>(criterion, "first write", n, |bencher| {
        bencher.iter_batched_ref(
            || {
                i += 7919;
                (world.fork(), Some(call(i % n)))
            },
            |(fork, lhs)| fork.add_rule(lhs.take().expect("one run a fork"), Atom::from(-1)),
            BatchSize::PerIteration,
        );
    });
    row::<W>(criterion, "fork, write, drop", n, |bencher| {
        bencher.iter(|| {
            let mut fork = world.fork();
            fork.add_rule(call(n / 2), Atom::from(-1));
        });
    });
}

/// Returns a fork of `world` with `changes` new facts; forks with different `of` have different ones.
fn changed<W: World>(world: &W, changes: usize, of: usize) -> W {
    let mut fork = world.fork();
    (0..changes).for_each(|i| fork.add_fact(edge(i * 7919, 10_000_000 + of)));
    fork
}

fn unions<W: World>(criterion: &mut Criterion, world: &W, n: usize) {
    let (same, newer) = (world.fork(), changed(world, 1, 0));
    row::<W>(criterion, "union, neither modified", n, |bencher| {
        bencher.iter(|| black_box(world.union(&same, world)));
    });
    row::<W>(criterion, "union, left modified", n, |bencher| {
        bencher.iter(|| black_box(newer.union(world, world)));
    });
    row::<W>(criterion, "union, right modified", n, |bencher| {
        bencher.iter(|| black_box(world.union(&newer, world)));
    });
    for changes in [1, 10, 100, 1_000] {
        let (left, right) = (changed(world, changes, 1), changed(world, changes, 2));
        row::<W>(
            criterion,
            &format!("union, {changes} + {changes} changes"),
            n,
            |bencher| {
                bencher.iter(|| black_box(left.union(&right, world)));
            },
        );
    }
}

/// Many forks alive at once, each with a few writes.
fn fans<W: World>(criterion: &mut Criterion, world: &W, n: usize) {
    for (forks, writes) in [(10, 10), (100, 1), (1_000, 1)] {
        // Deep copies of larger worlds would fill the memory.
        if forks * n > 100_000 && W::NAME != Environment::NAME && W::NAME != ImWorld::NAME {
            continue;
        }
        row::<W>(criterion, &format!("{forks} clones x {writes} writes"), n, |bencher| {
            bencher.iter(|| {
                let fork = |of| {
                    let mut fork = world.fork();
                    (0..writes).for_each(|i| fork.add_rule(call((of * writes + i) % n), Atom::from(-1)));
                    fork
                };
                (0..forks).map(fork).collect::<Vec<W>>()
            });
        });
    }
}

/// Returns the time that `threads` readers of one live world take for `reads` reads each, with or without a writer.
fn read_time<W: World>(live: &W::Live, known: &[Atom], threads: usize, writer: bool, reads: u64) -> Duration {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        if writer {
            scope.spawn(|| {
                for i in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let fact = edge(i % 100, 10_000_000);
                    W::live_set(live, &fact, true);
                    W::live_set(live, &fact, false);
                }
            });
        }
        let start = Instant::now();
        let readers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    for i in 0..reads as usize {
                        assert!(W::live_contains(live, &known[(thread * 331 + i) % known.len()]));
                    }
                })
            })
            .collect();
        readers.into_iter().for_each(|reader| reader.join().expect("a reader"));
        let time = start.elapsed();
        stop.store(true, Ordering::Relaxed);
        time
    })
}

fn reads<W: World>(criterion: &mut Criterion, world: W) {
    const READS: u64 = 2_000;
    let known: Vec<Atom> = (0..1_000)
        .map(|i| i * 7919 % 10_000)
        .map(|i| edge(i, i * 7 % 10_000))
        .collect();
    let live = world.live();
    for (name, writer) in [("reads", false), ("reads beside a writer", true)] {
        for threads in [1, 2, 4, 8] {
            let mut group = criterion.benchmark_group(name);
            group.throughput(Throughput::Elements(READS * threads as u64));
            group.bench_function(BenchmarkId::new(W::NAME, format!("{threads} threads")), |bencher| {
                bencher.iter_custom(|rounds| read_time::<W>(&live, &known, threads, writer, rounds * READS));
            });
            group.finish();
        }
    }
}

/// An evaluation that forks for each of 64 branches, reads and writes in each, and merges all, on 1, 2, 4 and 8
/// threads. Branches do the same work for all contenders, so that the environment makes the difference.
fn evaluate_in_parallel<W: World>(criterion: &mut Criterion, world: &W) {
    const BRANCHES: usize = 64;
    let heads: Vec<Symbol> = (0..1_000).map(|i| Symbol::new(&format!("rule{i}"))).collect();
    let heads = &heads;
    let branch = |of: usize| {
        let mut fork = world.fork();
        let mut sum = 0;
        for i in 0..200 {
            fork.each_rule(heads[(of * 977 + i * 7919) % heads.len()], 1, |rhs| {
                sum += i64::from(*rhs != Atom::from(0));
            });
        }
        for i in 0..5 {
            fork.add_fact(edge(of * 5 + i, 20_000_000));
        }
        assert!(sum > 0);
        fork
    };
    for threads in [1, 2, 4, 8] {
        row::<W>(
            criterion,
            "parallel evaluation of 64 branches",
            format!("{threads} threads"),
            |bencher| {
                bencher.iter(|| {
                    let merge = |of: std::ops::Range<usize>| {
                        of.map(branch)
                            .reduce(|all, one| all.union(&one, world))
                            .expect("a branch")
                    };
                    let share = BRANCHES / threads;
                    let parts: Vec<W> = thread::scope(|scope| {
                        let parts: Vec<_> = (0..threads)
                            .map(|thread| scope.spawn(move || merge(thread * share..(thread + 1) * share)))
                            .collect();
                        parts.into_iter().map(|part| part.join().expect("a part")).collect()
                    });
                    parts
                        .into_iter()
                        .reduce(|all, part| all.union(&part, world))
                        .expect("a part")
                });
            },
        );
    }
}

/// Create, define 50 rules, clone, define 10 more, read both.
fn workload<W: World>(criterion: &mut Criterion) {
    let heads: Vec<Symbol> = (0..60).map(|i| Symbol::new(&format!("rule{i}"))).collect();
    row::<W>(criterion, "typical workload", "50 + 10 rules", |bencher| {
        bencher.iter(|| {
            let mut world = W::empty();
            (0..50).for_each(|i| world.add_rule(call(i), Atom::from(i as i64)));
            let mut fork = world.fork();
            (50..60).for_each(|i| fork.add_rule(call(i), Atom::from(i as i64)));
            let mut found = 0;
            for head in &heads {
                world.each_rule(*head, 1, |_| found += 1);
                fork.each_rule(*head, 1, |_| found += 1);
            }
            assert_eq!(found, 110);
            (world, fork)
        });
    });
}
