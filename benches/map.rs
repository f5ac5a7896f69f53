//! The persistent map against `im`, `imbl` and `rpds`, all with the same hasher, from 1,000 to 1,000,000 entries, with
//! keys `u64` and `(Arc<str>, u32)`.
//!
//! `cargo bench --bench map -- FILTER` runs the rows whose name contains `FILTER`, such as `'union.*u64/pleach'`;
//! without one it takes long.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[allow(dead_code, reason = "each bench uses a part")]
mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use common::rivals::{Im, Imbl, Key, Ours, Persistent, Rpds};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Changes in each of two forks before they are merged.
const CHANGES: u64 = 10;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .configure_from_args();
    keys::<u64>(&mut criterion);
    keys::<(Arc<str>, u32)>(&mut criterion);
    criterion.final_summary();
}

fn keys<K: Key>(criterion: &mut Criterion) {
    // As a test (`cargo test --benches`), unoptimised, runs each row once at the smallest size.
    let sizes = if std::env::args().any(|argument| argument == "--bench") {
        &SIZES[..]
    } else {
        &SIZES[..1]
    };
    for &n in sizes {
        contender::<K, Ours<K>>(criterion, "pleach", n);
        contender::<K, Im<K>>(criterion, "im", n);
        contender::<K, Imbl<K>>(criterion, "imbl", n);
        contender::<K, Rpds<K>>(criterion, "rpds", n);
    }
}

/// Returns keys in a scattered order, the same for all contenders.
fn scattered<K: Key>(from: u64, to: u64) -> Vec<K> {
    let count = (to - from).min(20_000);
    (0..count)
        .map(|i| K::of(from + i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (to - from)))
        .collect()
}

fn built<K: Key, M: Persistent<K>>(keys: impl IntoIterator<Item = u64>) -> M {
    let mut map = M::empty();
    keys.into_iter().for_each(|i| map.insert(K::of(i), i));
    map
}

fn contender<K: Key, M: Persistent<K>>(criterion: &mut Criterion, name: &str, n: u64) {
    let map: M = built(0..n);
    let (hits, misses): (Vec<K>, Vec<K>) = (scattered(0, n), scattered(n, 2 * n));
    let mut row = |what: &str, elements: u64, bench: &mut dyn FnMut(&mut criterion::Bencher<'_>)| {
        let mut group = criterion.benchmark_group(format!("{what} {}", K::NAME));
        group.throughput(Throughput::Elements(elements));
        group.bench_function(BenchmarkId::new(name, n), bench);
        group.finish();
    };

    let count = hits.len() as u64;
    row("get hit", count, &mut |bencher| {
        bencher.iter(|| hits.iter().fold(0, |sum, key| sum ^ map.get(key).copied().unwrap_or(1)));
    });
    row("get miss", count, &mut |bencher| {
        bencher.iter(|| misses.iter().filter(|key| map.get(key).is_some()).count());
    });
    row("fork + insert", count, &mut |bencher| {
        bencher.iter(|| {
            for key in &misses {
                let mut fork = map.clone();
                fork.insert(key.clone(), 1);
                drop(black_box(fork));
            }
        });
    });
    row("iterate", n, &mut |bencher| bencher.iter(|| map.sum()));
    row("build", n, &mut |bencher| {
        bencher.iter_batched(
            || (0..n).map(K::of).collect::<Vec<K>>(),
            |keys| {
                let mut map = M::empty();
                keys.into_iter()
                    .enumerate()
                    .for_each(|(i, key)| map.insert(key, i as u64));
                map
            },
            BatchSize::PerIteration,
        );
    });

    // In place: keys are inserted into and removed from an unshared map.
    let mut own: M = built(0..n);
    row("insert and remove", 2 * count, &mut |bencher| {
        bencher.iter(|| {
            misses.iter().for_each(|key| own.insert(key.clone(), 1));
            misses.iter().for_each(|key| own.remove(key));
        });
    });
    drop(own);
    row("fork + remove", count, &mut |bencher| {
        bencher.iter(|| {
            for key in &hits {
                let mut fork = map.clone();
                fork.remove(key);
                drop(black_box(fork));
            }
        });
    });

    let fork = |of: u64| {
        let mut fork = map.clone();
        (0..CHANGES).for_each(|i| fork.insert(K::of(of * n + i), i));
        fork
    };
    let (left, right) = (fork(2), fork(3));
    row("union 10 + 10", 2 * CHANGES, &mut |bencher| {
        bencher.iter(|| left.union(&right))
    });
    row("merge 10 + 10", 2 * CHANGES, &mut |bencher| {
        bencher.iter(|| left.merge(&map, &right))
    });
    row("diff 10 + 10", 2 * CHANGES, &mut |bencher| {
        bencher.iter(|| left.diff(&right))
    });
    let other: M = built(n..2 * n);
    row("union unrelated", 2 * n, &mut |bencher| {
        bencher.iter(|| map.union(&other))
    });
}
