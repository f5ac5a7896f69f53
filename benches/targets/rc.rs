//! The rows of the collections for one thread, against those with atomic counts: a fork, one write and the drop of the fork.

use crate::common::report::Report;
use crate::common::timing::{SideBySide, seconds};
use pleach_collections_rc as rc;
use std::hint::black_box;

/// Sizes and their names.
const SIZES: [(u64, &str); 2] = [(1_000, "1K"), (100_000, "100K")];

const ROUNDS: usize = 101;

/// Forks that are timed together: less than a time slice of the system.
const FORKS: u64 = 1_000;

/// The bound of all rows.
const BOUND: f64 = 0.8;

/// Returns the time of one fork of `collection` that `write` changes at an index below `n`.
fn forks<C: Clone>(collection: &C, n: u64, write: impl Fn(&mut C, u64)) -> f64 {
    seconds(FORKS as usize, || {
        for i in 0..FORKS {
            let mut fork = collection.clone();
            // A prime, so that neighbours in time are far apart.
            write(&mut fork, i * 7_919 % n);
            drop(black_box(fork));
        }
    })
}

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    macro_rules! row {
        ($what:literal, $size:expr, $n:expr, $entries:expr, $ours:ty, $yardstick:ty, $write:expr) => {
            let name = format!("rc {}, {} over pleach-collections", $what, $size);
            if wanted(&name) {
                let ours: $ours = $entries.collect();
                let yardstick: $yardstick = $entries.collect();
                let times = SideBySide::measure(
                    ROUNDS,
                    || forks(&ours, $n, $write),
                    || forks(&yardstick, $n, $write),
                );
                report.over(&name, &times, "atomic counts", BOUND);
            }
        };
    }
    for (n, size) in SIZES {
        let entries = || (0..n).map(|key| (key, key));
        row!("map fork + insert + drop", size, n, entries(), rc::Map<u64, u64>, pleach::Map<u64, u64>, |fork, i| _ = fork.insert(n + i, 1));
        row!("ordered map fork + insert + drop", size, n, entries(), rc::OrdMap<u64, u64>, pleach::OrdMap<u64, u64>, |fork, i| _ = fork.insert(i, 1));
        row!(
            "vector fork + set + drop",
            size,
            n,
            0..n,
            rc::Vector<u64>,
            pleach::Vector<u64>,
            |fork, i| fork[i as usize] = 1
        );
    }
}
