//! The rows of the byte trie, against `pathmap` and `BTreeMap`, with paths of random edges.

use crate::common::alloc::bytes_kept;
use crate::common::paths::{BTree, Pathmap, Paths, Trie, edges};
use crate::common::report::Report;
use crate::common::timing::{SideBySide, seconds};
use pleach::TrieMap;
use std::hint::black_box;

/// Sizes and their names.
const SIZES: [(u64, &str); 3] = [(10_000, "10K"), (100_000, "100K"), (1_000_000, "1M")];

const PATHMAP: &str = "pathmap";

/// Operations that are timed together.
const BATCH: u64 = 20_000;

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    let mut rows = Rows { report, wanted };
    rows.memory();
    for (n, size) in SIZES {
        rows.at_size(n, size);
    }
    rows.changes();
    rows.interleaved_union();
}

struct Rows<'a> {
    report: &'a mut Report,
    wanted: &'a dyn Fn(&str) -> bool,
}

fn hits<P: Paths>(paths: &P, keys: &[Vec<u8>]) -> f64 {
    seconds(keys.len(), || {
        let found = keys.iter().filter(|key| paths.contains(key)).count();
        black_box(found);
    })
}

fn forks<P: Paths>(paths: &P, keys: &[Vec<u8>]) -> f64 {
    seconds(keys.len(), || {
        for key in keys {
            let mut fork = paths.clone();
            fork.insert(key);
            drop(black_box(fork));
        }
    })
}

/// The time that `make` takes for each of `count` keys; dropping isn't included.
fn making<P>(count: usize, make: impl Fn() -> P) -> f64 {
    let mut made = None;
    seconds(count, || made = Some(black_box(make())))
}

fn dropping<P>(count: usize, make: impl Fn() -> P) -> f64 {
    let made = make();
    seconds(count, || drop(black_box(made)))
}

/// The mean of the bytes that a fork with one insertion takes.
fn fork_bytes<P: Paths>(paths: &P, keys: &[Vec<u8>]) -> f64 {
    let bytes = keys.iter().map(|key| {
        bytes_kept(|| {
            let mut fork = paths.clone();
            fork.insert(key);
            fork
        })
        .0
    });
    bytes.sum::<isize>() as f64 / keys.len() as f64
}

impl Rows<'_> {
    fn memory(&mut self) {
        let (n, names) = (1_000_000, ["trie memory 1M", "trie memory with values 1M"]);
        if !names.iter().any(|name| (self.wanted)(name)) {
            return;
        }
        let keys = edges(n, n, 1);
        let mut row = |name: &str, bytes: isize, len: usize, bound: f64| {
            if (self.wanted)(name) {
                self.report.at_most(name, bytes as f64 / len as f64, "B a key", bound);
            }
        };
        let (bytes, map) = bytes_kept(|| Trie::of(&keys));
        row(names[0], bytes, map.len(), 18.0);
        drop(map);
        let (bytes, map) = bytes_kept(|| {
            let mut map = TrieMap::new();
            keys.iter().for_each(|key| _ = map.insert(key, 1_u64));
            map
        });
        row(names[1], bytes, map.len(), 28.0);
    }

    fn over(&mut self, name: &str, rounds: usize, bound: f64, ours: impl FnMut() -> f64, theirs: impl FnMut() -> f64) {
        let name = format!("trie {name}");
        if (self.wanted)(&name) {
            let times = SideBySide::measure(rounds, ours, theirs);
            self.report.over(&name, &times, PATHMAP, bound);
        }
    }

    fn at_size(&mut self, n: u64, size: &str) {
        let label = |row: &str| format!("{row} {size}");
        let any = [
            "get hit",
            "get miss",
            "get hit over BTreeMap",
            "fork + insert",
            "build sorted",
        ];
        let more = ["insert", "iterate", "drop", "fork bytes"];
        if !any
            .iter()
            .chain(&more)
            .any(|row| (self.wanted)(&format!("trie {}", label(row))))
        {
            return;
        }
        let keys = edges(n, n, 1);
        let (ours, theirs) = (Trie::of(&keys), Pathmap::of(&keys));
        let present: Vec<Vec<u8>> = (0..BATCH)
            .map(|i| keys[(i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % n) as usize].clone())
            .collect();
        let others = edges(n, BATCH, 2);
        let bound = if n == 10_000 { 0.7 } else { 0.4 };
        self.over(
            &label("get hit"),
            21,
            bound,
            || hits(&ours, &present),
            || hits(&theirs, &present),
        );
        self.over(
            &label("get miss"),
            21,
            bound,
            || hits(&ours, &others),
            || hits(&theirs, &others),
        );
        let name = format!("trie {}", label("get hit over BTreeMap"));
        if n == 1_000_000 && (self.wanted)(&name) {
            let tree = BTree::of(&keys);
            let times = SideBySide::measure(21, || hits(&ours, &present), || hits(&tree, &present));
            self.report.over(&name, &times, "BTreeMap", 0.6);
        }
        self.over(
            &label("fork + insert"),
            11,
            0.6,
            || forks(&ours, &others),
            || forks(&theirs, &others),
        );
        let name = format!("trie {}", label("fork bytes"));
        if (self.wanted)(&name) {
            let sample = &others[..200];
            let (ours, theirs) = (fork_bytes(&ours, sample), fork_bytes(&theirs, sample));
            self.report.bytes(&name, ours, PATHMAP, theirs, 0.8);
        }
        let count = keys.len();
        self.over(
            &label("iterate"),
            5,
            0.3,
            || seconds(count, || _ = black_box(ours.sum())),
            || seconds(count, || _ = black_box(theirs.sum())),
        );
        let rounds = if n == 1_000_000 { 3 } else { 7 };
        let sorted = {
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            sorted.dedup();
            sorted
        };
        self.over(
            &label("build sorted"),
            rounds,
            0.7,
            || making(count, || Trie::of_sorted(&sorted)),
            || making(count, || Pathmap::of_sorted(&sorted)),
        );
        self.over(
            &label("insert"),
            rounds,
            0.8,
            || making(count, || Trie::of(&keys)),
            || making(count, || Pathmap::of(&keys)),
        );
        self.over(
            &label("drop"),
            rounds,
            0.5,
            || dropping(count, || Trie::of(&keys)),
            || dropping(count, || Pathmap::of(&keys)),
        );
    }

    /// Difference and three-way merge of two forks with ten new keys each: how they grow, and against `subtract`.
    fn changes(&mut self) {
        fn forked<P: Paths>(n: u64) -> [P; 3] {
            let base = P::of(&edges(n, n, 1));
            let (mut a, mut b) = (base.clone(), base.clone());
            edges(n, 10, 2).iter().for_each(|key| a.insert(key));
            edges(n, 10, 3).iter().for_each(|key| b.insert(key));
            [base, a, b]
        }
        fn calls(mut call: impl FnMut()) -> f64 {
            seconds(100, || (0..100).for_each(|_| call()))
        }
        type Run = fn(&[Trie; 3]);
        let diff: Run = |[_, a, b]| _ = black_box(a.diff(b).count());
        let merge: Run = |[base, a, b]| drop(black_box(a.merge(base, b, |_, _, _, _| None)));
        let rows = [("trie diff of forks", diff), ("trie merge of forks", merge)];
        if !rows
            .iter()
            .any(|(name, _)| (self.wanted)(&format!("{name} 1M over 1K")) || (self.wanted)(&format!("{name} 1M")))
        {
            return;
        }
        let (small, large) = (forked::<Trie>(1_000), forked::<Trie>(1_000_000));
        let [_, x, y] = forked::<Pathmap>(1_000_000);
        for (name, run) in rows {
            let growth = format!("{name} 1M over 1K");
            if (self.wanted)(&growth) {
                let times = SideBySide::measure(21, || calls(|| run(&large)), || calls(|| run(&small)));
                self.report.over(&growth, &times, "1K", 1.5);
            }
            let versus = format!("{name} 1M");
            if (self.wanted)(&versus) {
                let times = SideBySide::measure(
                    11,
                    || calls(|| run(&large)),
                    || calls(|| drop(black_box((x.subtract(&y), y.subtract(&x))))),
                );
                self.report.over(&versus, &times, "subtract both ways", 0.3);
            }
        }
    }

    /// The union of two maps whose keys alternate, over inserting one into the other.
    fn interleaved_union(&mut self) {
        let name = "trie union interleaved 100K";
        if !(self.wanted)(name) {
            return;
        }
        let mut keys = edges(100_000, 200_000, 1);
        keys.sort_unstable();
        keys.dedup();
        let (even, odd): (Vec<_>, Vec<_>) = keys.chunks(2).map(|pair| (&pair[0], &pair[pair.len() - 1])).unzip();
        let of = |keys: &[&Vec<u8>]| -> Trie { keys.iter().map(|key| (key, ())).collect() };
        let (a, b) = (of(&even), of(&odd));
        let ours = || making(1, || a.union(&b));
        let insertions = || {
            making(1, || {
                let mut map = a.clone();
                odd.iter().for_each(|key| _ = map.insert(key, ()));
                map
            })
        };
        let times = SideBySide::measure(11, ours, insertions);
        self.report.over(name, &times, "n inserts", 0.3);
    }
}
