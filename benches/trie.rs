//! The byte trie against `pathmap`, `BTreeMap`, the persistent adaptive radix tree of `rart`, and the persistent ordered maps
//! of `im`, `imbl` and `rpds`, from 10,000 to
//! 1,000,000 paths of random edges.
//!
//! `cargo bench --bench trie -- FILTER` runs the rows whose name contains `FILTER`, such as `'get.*/pleach'`; without one it
//! takes long. A clone of a `BTreeMap` copies all of it, so that one has no forks.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[allow(dead_code, reason = "each bench uses a part")]
mod common;

#[cfg(target_feature = "aes")]
use common::paths::Pathmap;
use common::paths::{BTree, ImOrd, ImblOrd, Paths, Rart, RpdsTree, Trie, edges};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use std::time::Duration;

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .configure_from_args();
    // As a test (`cargo test --benches`), unoptimised, runs each row once at a small size.
    let sizes = if std::env::args().any(|argument| argument == "--bench") {
        &SIZES[..]
    } else {
        &[1_000]
    };
    for &n in sizes {
        contender::<Trie>(&mut criterion, n, true);
        #[cfg(target_feature = "aes")]
        contender::<Pathmap>(&mut criterion, n, true);
        contender::<BTree>(&mut criterion, n, false);
        contender::<ImOrd>(&mut criterion, n, true);
        contender::<ImblOrd>(&mut criterion, n, true);
        contender::<RpdsTree>(&mut criterion, n, true);
        contender::<Rart>(&mut criterion, n, true);
    }
    criterion.final_summary();
}

fn contender<P: Paths>(criterion: &mut Criterion, n: u64, is_persistent: bool) {
    let keys = edges(n, n, 1);
    let set = P::of(&keys);
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let batch = keys.len().min(10_000);
    let (present, others) = (&keys[..batch], edges(n, batch as u64, 2));

    let mut row = |name: &str, count: usize, f: &mut dyn FnMut()| {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new(P::NAME, n), |bencher| bencher.iter(&mut *f));
        group.finish();
    };
    row("get hit", batch, &mut || {
        present.iter().for_each(|key| _ = black_box(set.contains(key)))
    });
    row("get miss", batch, &mut || {
        others.iter().for_each(|key| _ = black_box(set.contains(key)))
    });
    row("iterate", sorted.len(), &mut || _ = black_box(set.sum()));
    row("insert", keys.len(), &mut || drop(black_box(P::of(&keys))));
    row("build sorted", sorted.len(), &mut || {
        drop(black_box(P::of_sorted(&sorted)))
    });
    if is_persistent {
        row("fork + insert + drop", 1_000.min(batch), &mut || {
            for key in &others[..1_000.min(batch)] {
                let mut fork = set.clone();
                fork.insert(key);
                drop(black_box(fork));
            }
        });
    }
    let mut group = criterion.benchmark_group("drop");
    group.bench_function(BenchmarkId::new(P::NAME, n), |bencher| {
        bencher.iter_batched(|| P::of(&keys), drop, BatchSize::PerIteration);
    });
    group.finish();
}
