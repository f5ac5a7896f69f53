//! The rows of the ordered map, against `im`, `imbl` and `rpds`. `std`'s `BTreeMap`, which isn't persistent, has rows of
//! its own, whose bounds say what persistence may cost.

use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::timing::{SideBySide, over_best, rounds, seconds};
use pleach::OrdMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

/// Sizes and their names.
const SIZES: [(u64, &str); 4] = [(1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M")];

/// Time in which a row may run more rounds than the least number.
const BUDGET: Duration = Duration::from_millis(400);

/// Operations that are timed together.
const BATCH: u64 = 20_000;

/// The entries of a range scan.
const SCAN: usize = 100;

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    let mut rows = Rows { report, wanted };
    rows.memory();
    for (n, size) in SIZES {
        rows.at_size(n, size);
    }
    rows.changes();
}

type Ours = OrdMap<u64, u64>;
type Im = im::OrdMap<u64, u64>;
type Imbl = imbl::OrdMap<u64, u64>;
type Rpds = rpds::RedBlackTreeMapSync<u64, u64>;
type Std = BTreeMap<u64, u64>;

/// An ordered map from numbers to numbers.
trait Ordered: Clone + 'static {
    fn empty() -> Self;
    fn insert(&mut self, key: u64);
    fn get(&self, key: u64) -> bool;
    fn sum(&self) -> u64;
    /// Visits entries from a key on.
    fn scan(&self, key: u64) -> u64;

    fn of_sorted(keys: &[u64]) -> Self {
        build(keys)
    }
}

macro_rules! ordered {
    ($type:ty, $new:expr, $insert:ident, { $($more:item)* }) => {
        impl Ordered for $type {
            fn empty() -> Self {
                $new
            }
            fn insert(&mut self, key: u64) {
                self.$insert(key, key);
            }
            fn get(&self, key: u64) -> bool {
                self.get(&key).is_some()
            }
            fn sum(&self) -> u64 {
                self.iter().fold(0, |sum, (_, value)| sum ^ value)
            }
            fn scan(&self, key: u64) -> u64 {
                self.range(key..).take(SCAN).fold(0, |sum, (_, value)| sum ^ value)
            }
            $($more)*
        }
    };
}

ordered!(Ours, Self::new(), insert, {
    fn of_sorted(keys: &[u64]) -> Self {
        keys.iter().map(|key| (*key, *key)).collect()
    }
});
ordered!(Im, Self::new(), insert, {
    fn of_sorted(keys: &[u64]) -> Self {
        keys.iter().map(|key| (*key, *key)).collect()
    }
});
ordered!(Imbl, Self::new(), insert, {
    fn of_sorted(keys: &[u64]) -> Self {
        keys.iter().map(|key| (*key, *key)).collect()
    }
});
ordered!(Std, Self::new(), insert, {
    fn of_sorted(keys: &[u64]) -> Self {
        keys.iter().map(|key| (*key, *key)).collect()
    }
});
ordered!(Rpds, Self::new_sync(), insert_mut, {});

fn build<M: Ordered>(keys: &[u64]) -> M {
    let mut map = M::empty();
    keys.iter().for_each(|key| map.insert(*key));
    map
}

/// The key of a number, distinct for each number.
fn key(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The keys of a size, in an order that looks random.
fn keys(n: u64) -> Vec<u64> {
    let mut keys: Vec<u64> = (0..n).map(key).collect();
    let mut state = 1_u64;
    for i in (1..keys.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        keys.swap(i, (state >> 33) as usize % (i + 1));
    }
    keys
}

/// The keys that the rows of one size use.
struct Keys {
    all: Vec<u64>,
    sorted: Vec<u64>,
    present: Vec<u64>,
    missing: Vec<u64>,
}

/// A map with its type erased.
trait Contender {
    fn get(&self, keys: &Keys) -> f64;
    fn scan(&self, keys: &Keys) -> f64;
    fn iterate(&self, keys: &Keys) -> f64;
    fn build(&self, keys: &Keys) -> f64;
    fn build_sorted(&self, keys: &Keys) -> f64;
    fn fork_insert(&self, keys: &Keys) -> f64;
    fn drop_built(&self);
}

struct Built<M> {
    map: M,
    /// Maps that a build row keeps, so that each turn allocates fresh memory.
    kept: RefCell<Vec<M>>,
}

impl<M: Ordered> Built<M> {
    fn making(&self, keys: &[u64], make: impl Fn() -> M) -> f64 {
        let repeats = 10_000_usize.div_ceil(keys.len());
        let mut kept = self.kept.borrow_mut();
        let time = seconds(keys.len() * repeats, || {
            (0..repeats).for_each(|_| kept.push(black_box(make())));
        });
        if keys.len() >= 1_000_000 {
            kept.clear();
        }
        time
    }
}

impl<M: Ordered> Contender for Built<M> {
    fn get(&self, keys: &Keys) -> f64 {
        seconds(keys.present.len(), || {
            _ = black_box(keys.present.iter().filter(|key| self.map.get(**key)).count());
        })
    }

    fn scan(&self, keys: &Keys) -> f64 {
        let keys = &keys.present[..1_000];
        seconds(keys.len(), || {
            _ = black_box(keys.iter().fold(0, |sum, key| sum ^ self.map.scan(*key)));
        })
    }

    fn iterate(&self, keys: &Keys) -> f64 {
        let repeats = 20_000_usize.div_ceil(keys.all.len());
        seconds(keys.all.len() * repeats, || {
            (0..repeats).for_each(|_| _ = black_box(self.map.sum()));
        })
    }

    fn build(&self, keys: &Keys) -> f64 {
        self.making(&keys.all, || build(&keys.all))
    }

    fn build_sorted(&self, keys: &Keys) -> f64 {
        self.making(&keys.all, || M::of_sorted(&keys.sorted))
    }

    fn fork_insert(&self, keys: &Keys) -> f64 {
        let keys = &keys.missing[..2_000];
        seconds(keys.len(), || {
            for key in keys {
                let mut fork = self.map.clone();
                fork.insert(*key);
                drop(black_box(fork));
            }
        })
    }

    fn drop_built(&self) {
        self.kept.take();
    }
}

fn contender<M: Ordered>(keys: &[u64]) -> Box<dyn Contender> {
    Box::new(Built::<M> {
        map: build(keys),
        kept: RefCell::default(),
    })
}

struct Rows<'a> {
    report: &'a mut Report,
    wanted: &'a dyn Fn(&str) -> bool,
}

impl Rows<'_> {
    fn at_size(&mut self, n: u64, size: &str) {
        type Run = fn(&dyn Contender, &Keys) -> f64;
        let rows: [(&str, Run, Option<f64>); 6] = [
            ("get", |map, keys| map.get(keys), Some(1.0)),
            ("range scan", |map, keys| map.scan(keys), Some(1.2)),
            ("iterate", |map, keys| map.iterate(keys), Some(1.0)),
            ("build", |map, keys| map.build(keys), Some(1.5)),
            ("build sorted", |map, keys| map.build_sorted(keys), Some(1.2)),
            ("fork + insert", |map, keys| map.fork_insert(keys), None),
        ];
        let name = |row: &str| format!("ord {row} {size}");
        let over_std = |row: &str| format!("ord {row} over BTreeMap {size}");
        let is_wanted = |row: &str| (self.wanted)(&name(row)) || (self.wanted)(&over_std(row));
        if !rows.iter().any(|(row, ..)| is_wanted(row)) {
            return;
        }
        let all = keys(n);
        let sorted = {
            let mut sorted = all.clone();
            sorted.sort_unstable();
            sorted
        };
        let present = (0..BATCH).map(|i| all[(key(i) % n) as usize]).collect();
        let missing = keys(2 * BATCH).into_iter().map(|key| key ^ 1 << 40).collect();
        let keys = Keys {
            all,
            sorted,
            present,
            missing,
        };
        let ours = contender::<Ours>(&keys.all);
        let rivals = [
            contender::<Im>(&keys.all),
            contender::<Imbl>(&keys.all),
            contender::<Rpds>(&keys.all),
        ];
        let std = contender::<Std>(&keys.all);
        for (row, run, bound_over_std) in rows {
            if (self.wanted)(&name(row)) {
                let mut turns: Vec<Box<dyn FnMut() -> f64 + '_>> = vec![Box::new(|| run(&*ours, &keys))];
                for rival in &rivals {
                    turns.push(Box::new(|| run(&**rival, &keys)));
                }
                let times = rounds(&mut turns, 5, BUDGET);
                self.report.at_most(&name(row), over_best(&times), "x best", 0.8);
            }
            if let Some(bound) = bound_over_std
                && (self.wanted)(&over_std(row))
            {
                let times = SideBySide::measure(7, || run(&*ours, &keys), || run(&*std, &keys));
                self.report.over(&over_std(row), &times, "BTreeMap", bound);
            }
            ours.drop_built();
            rivals.iter().for_each(|rival| rival.drop_built());
            std.drop_built();
        }
    }

    fn memory(&mut self) {
        let n = 100_000;
        let rows: [(&str, fn(&mut Vec<u64>)); 3] = [
            ("ord memory, random insertions 100K", |_| {}),
            ("ord memory, ascending insertions 100K", |keys| keys.sort_unstable()),
            ("ord memory, descending insertions 100K", |keys| {
                keys.sort_unstable();
                keys.reverse();
            }),
        ];
        for (name, arrange) in rows {
            if (self.wanted)(name) {
                let mut keys = keys(n);
                arrange(&mut keys);
                let (bytes, map) = bytes_kept(|| build::<Ours>(&keys));
                drop(map);
                self.report
                    .at_most(name, bytes as f64 / n as f64, "B an entry of 16 B", 20.0);
            }
        }
        let name = "ord memory, random insertions over BTreeMap 100K";
        if (self.wanted)(name) {
            let keys = keys(n);
            let (ours, map) = bytes_kept(|| build::<Ours>(&keys));
            let (std, other) = bytes_kept(|| build::<Std>(&keys));
            drop((map, other));
            self.report.bytes(name, ours as f64, "BTreeMap", std as f64, 0.8);
        }
    }

    /// Difference and three-way merge of two forks with ten new keys each: against iteration, the rivals' own
    /// difference, and a map of a tenth of the size.
    fn changes(&mut self) {
        fn forked<M: Ordered>(n: u64) -> [M; 3] {
            let base: M = build(&keys(n));
            let fork = |from: u64| {
                let mut fork = base.clone();
                (from..from + 10).for_each(|i| fork.insert(key(i)));
                fork
            };
            let (a, b) = (fork(n), fork(n + 10));
            [base, a, b]
        }
        fn by_iteration(old: &Im, new: &Im, change: &mut dyn FnMut(u64, Option<u64>)) {
            for (key, value) in new {
                if old.get(key) != Some(value) {
                    change(*key, Some(*value));
                }
            }
            for key in old.keys() {
                if new.get(key).is_none() {
                    change(*key, None);
                }
            }
        }
        fn calls(mut call: impl FnMut()) -> f64 {
            seconds(20, || (0..20).for_each(|_| call()))
        }
        type Run = fn(&[Ours; 3]);
        let diff: Run = |[_, a, b]| _ = black_box(a.diff(b).count());
        let merge: Run = |[base, a, b]| drop(black_box(a.merge(base, b, |_, _, ours, _| ours.copied())));
        let rows = [("ord diff of forks", diff), ("ord merge of forks", merge)];
        let more = ["over iteration 100K", "over the best rival 100K", "100K over 10K"];
        let mut names = rows
            .iter()
            .flat_map(|(name, _)| more.map(|row| format!("{name} {row}")));
        if !names.any(|name| (self.wanted)(&name)) {
            return;
        }
        // Large enough that the changes are in different leaves.
        let (small, large) = (forked::<Ours>(10_000), forked::<Ours>(100_000));
        let (im, imbl) = (forked::<Im>(100_000), forked::<Imbl>(100_000));
        for (name, run) in rows {
            let iteration = format!("{name} over iteration 100K");
            if (self.wanted)(&iteration) {
                let [base, a, b] = &im;
                let theirs = || {
                    seconds(1, || {
                        if name.contains("merge") {
                            let mut merged = a.clone();
                            by_iteration(base, b, &mut |key, value| match value {
                                Some(value) => _ = merged.insert(key, value),
                                None => _ = merged.remove(&key),
                            });
                            drop(black_box(merged));
                        } else {
                            let mut count = 0;
                            by_iteration(a, b, &mut |_, _| count += 1);
                            black_box(count);
                        }
                    })
                };
                let times = SideBySide::measure(11, || calls(|| run(&large)), theirs);
                self.report.over(&iteration, &times, "iteration of im", 0.002);
            }
            let rival = format!("{name} over the best rival 100K");
            if (self.wanted)(&rival) && name.contains("diff") {
                let mut turns: Vec<Box<dyn FnMut() -> f64 + '_>> = vec![
                    Box::new(|| calls(|| run(&large))),
                    Box::new(|| calls(|| _ = black_box(im[1].diff(&im[2]).count()))),
                    Box::new(|| calls(|| _ = black_box(imbl[1].diff(&imbl[2]).count()))),
                ];
                let times = rounds(&mut turns, 11, BUDGET);
                self.report.at_most(&rival, over_best(&times), "x best", 0.8);
            }
            let growth = format!("{name} 100K over 10K");
            if (self.wanted)(&growth) {
                let times = SideBySide::measure(21, || calls(|| run(&large)), || calls(|| run(&small)));
                self.report.over(&growth, &times, "10K", 1.5);
            }
        }
    }
}
