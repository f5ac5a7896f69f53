//! Bulk and parallel operations of maps over their simple forms, by size: `cargo bench --bench bulk`. The thresholds in
//! `map/rayon.rs` and `hamt/zip/parallel.rs` of `crates/pleach-collections/src` were chosen by it, with thresholds off.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[allow(dead_code, reason = "each bench uses a part")]
#[path = "common/timing.rs"]
mod timing;

use pleach::Map;
use rayon::prelude::*;
use std::hint::black_box;
use std::time::Duration;
use timing::{over_best, rounds, seconds};

type Numbers = Map<u64, u64>;

const BUDGET: Duration = Duration::from_millis(300);

fn main() {
    // As a test (`cargo test --benches`), unoptimised, runs each row once at small sizes.
    let most = if std::env::args().any(|argument| argument == "--bench") {
        18
    } else {
        10
    };
    let sizes: Vec<u64> = (10..=most).map(|log| 1 << log).collect();
    println!("entries\tunion\tretain\tcollect\tsum: on Rayon's threads, over one thread");
    for n in &sizes {
        println!("{n}\t{}", parallel(*n).map(show).join("\t"));
    }
    println!("entries\textend an empty map: from the bottom up, over inserts");
    for n in &sizes {
        println!("{n}\t{}", show(extend(*n)));
    }
}

fn show(ratio: f64) -> String {
    format!("{ratio:.2}")
}

fn numbers(from: u64, upto: u64) -> Numbers {
    (from..upto).map(|i| (scattered(i), i)).collect()
}

fn scattered(i: u64) -> u64 {
    i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Returns the time of `first` over that of `second`.
fn ratio(mut first: impl FnMut(), mut second: impl FnMut()) -> f64 {
    let times = rounds(
        &mut [
            Box::new(|| seconds(1, &mut first)),
            Box::new(|| seconds(1, &mut second)),
        ],
        25,
        BUDGET,
    );
    over_best(&times)
}

fn parallel(n: u64) -> [f64; 4] {
    let (a, b) = (numbers(0, n), numbers(n / 2, n + n / 2));
    let entries: Vec<(u64, u64)> = (0..n).map(|i| (scattered(i), i)).collect();
    [
        ratio(
            || drop(black_box(a.par_union_with(&b, |_, a, b| *a.max(b)))),
            || drop(black_box(a.union_with(&b, |_, a, b| *a.max(b)))),
        ),
        ratio(
            || {
                let mut kept = a.clone();
                kept.par_retain(|_, value| value % 2 == 0);
                black_box(kept);
            },
            || {
                let mut kept = a.clone();
                kept.retain(|_, value| *value % 2 == 0);
                black_box(kept);
            },
        ),
        ratio(
            || drop(black_box(entries.par_iter().copied().collect::<Numbers>())),
            || drop(black_box(entries.iter().copied().collect::<Numbers>())),
        ),
        ratio(
            || _ = black_box(a.par_iter().map(|(_, value)| *value).sum::<u64>()),
            || _ = black_box(a.values().sum::<u64>()),
        ),
    ]
}

fn extend(n: u64) -> f64 {
    let entries: Vec<(u64, u64)> = (0..n).map(|i| (scattered(i), i)).collect();
    ratio(
        || {
            let mut map = Numbers::new();
            map.extend(entries.iter().copied());
            black_box(map);
        },
        || {
            let mut map = Numbers::new();
            for (key, value) in &entries {
                map.insert(*key, *value);
            }
            black_box(map);
        },
    )
}
