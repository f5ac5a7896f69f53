//! The rows of the ordered map, against `im`, `imbl` and `rpds`. `std`'s `BTreeMap`, which isn't persistent, has rows of
//! its own, whose bounds say what persistence may cost.

use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::rivals::Key;
use crate::common::timing::{SideBySide, over_best, rounds, seconds};
use pleach::OrdMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Sizes and their names.
const SIZES: [(u64, &str); 4] = [(1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M")];

/// Time in which a row may run more rounds than the least number.
const BUDGET: Duration = Duration::from_millis(400);

/// Operations that are timed together.
const BATCH: usize = 20_000;

/// The entries of a range scan.
const SCAN: usize = 100;

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    let mut rows = Rows { report, wanted };
    rows.memory();
    for (n, size) in SIZES {
        rows.at_size::<u64>(n, size);
        if n < 1_000_000 {
            rows.at_size::<(Arc<str>, u32)>(n, size);
        }
    }
    rows.changes();
}

type Ours<K> = OrdMap<K, u64>;
type Im<K> = im::OrdMap<K, u64>;
type Imbl<K> = imbl::OrdMap<K, u64>;
type Rpds<K> = rpds::RedBlackTreeMapSync<K, u64>;
type Std<K> = BTreeMap<K, u64>;

/// An ordered map to numbers.
trait Ordered<K>: Clone + 'static {
    fn empty() -> Self;
    fn insert(&mut self, key: K);
    fn get(&self, key: &K) -> bool;
    fn sum(&self) -> u64;
    /// Visits entries from a key on.
    fn scan(&self, key: &K) -> u64;
    fn of_sorted(keys: &[K]) -> Self;
}

macro_rules! ordered {
    ($type:ident, $new:ident, $insert:ident, $of_sorted:expr) => {
        impl<K: Key + Ord> Ordered<K> for $type<K> {
            fn empty() -> Self {
                Self::$new()
            }
            fn insert(&mut self, key: K) {
                self.$insert(key, 1);
            }
            fn get(&self, key: &K) -> bool {
                self.get(key).is_some()
            }
            fn sum(&self) -> u64 {
                self.iter().fold(0, |sum, (_, value)| sum ^ value)
            }
            fn scan(&self, key: &K) -> u64 {
                self.range(key.clone()..)
                    .take(SCAN)
                    .fold(0, |sum, (_, value)| sum ^ value)
            }
            fn of_sorted(keys: &[K]) -> Self {
                let of_sorted: fn(&[K]) -> Self = $of_sorted;
                of_sorted(keys)
            }
        }
    };
}

ordered!(Ours, new, insert, collect);
ordered!(Im, new, insert, collect);
ordered!(Imbl, new, insert, collect);
ordered!(Std, new, insert, collect);
ordered!(Rpds, new_sync, insert_mut, build);

fn collect<K: Clone, M: FromIterator<(K, u64)>>(keys: &[K]) -> M {
    keys.iter().map(|key| (key.clone(), 1)).collect()
}

fn build<K: Key, M: Ordered<K>>(keys: &[K]) -> M {
    let mut map = M::empty();
    keys.iter().for_each(|key| map.insert(key.clone()));
    map
}

/// The keys of a size, in an order that looks random.
fn keys<K: Key>(n: u64) -> Vec<K> {
    let mut keys: Vec<K> = (0..n).map(K::of).collect();
    let mut state = 1_u64;
    for i in (1..keys.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        keys.swap(i, (state >> 33) as usize % (i + 1));
    }
    keys
}

/// The keys that the rows of one size use.
struct Keys<K> {
    all: Vec<K>,
    sorted: Vec<K>,
    /// Equal to keys of the maps, but with strings of their own.
    present: Vec<K>,
    missing: Vec<K>,
}

/// A map with its type erased.
trait Contender<K> {
    fn get(&self, keys: &Keys<K>) -> f64;
    fn scan(&self, keys: &Keys<K>) -> f64;
    fn iterate(&self, keys: &Keys<K>) -> f64;
    fn build(&self, keys: &Keys<K>) -> f64;
    fn build_sorted(&self, keys: &Keys<K>) -> f64;
    fn fork_insert(&self, keys: &Keys<K>) -> f64;
    fn drop_built(&self);
}

struct Built<M> {
    map: M,
    /// Maps that a build row keeps, so that each turn allocates fresh memory.
    kept: RefCell<Vec<M>>,
}

impl<M: Clone> Built<M> {
    fn making<K>(&self, keys: &[K], make: impl Fn() -> M) -> f64 {
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

impl<K: Key, M: Ordered<K>> Contender<K> for Built<M> {
    fn get(&self, keys: &Keys<K>) -> f64 {
        seconds(keys.present.len(), || {
            _ = black_box(keys.present.iter().filter(|key| self.map.get(key)).count());
        })
    }

    fn scan(&self, keys: &Keys<K>) -> f64 {
        let keys = &keys.present[..keys.present.len().min(1_000)];
        seconds(keys.len(), || {
            _ = black_box(keys.iter().fold(0, |sum, key| sum ^ self.map.scan(key)));
        })
    }

    fn iterate(&self, keys: &Keys<K>) -> f64 {
        let repeats = 20_000_usize.div_ceil(keys.all.len());
        seconds(keys.all.len() * repeats, || {
            (0..repeats).for_each(|_| _ = black_box(self.map.sum()));
        })
    }

    fn build(&self, keys: &Keys<K>) -> f64 {
        self.making(&keys.all, || build(&keys.all))
    }

    fn build_sorted(&self, keys: &Keys<K>) -> f64 {
        self.making(&keys.all, || M::of_sorted(&keys.sorted))
    }

    fn fork_insert(&self, keys: &Keys<K>) -> f64 {
        let keys = &keys.missing;
        seconds(keys.len(), || {
            for key in keys {
                let mut fork = self.map.clone();
                fork.insert(key.clone());
                drop(black_box(fork));
            }
        })
    }

    fn drop_built(&self) {
        self.kept.take();
    }
}

fn contender<K: Key, M: Ordered<K>>(keys: &[K]) -> Box<dyn Contender<K>> {
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
    fn at_size<K: Key + Ord>(&mut self, n: u64, size: &str) {
        type Run<K> = fn(&dyn Contender<K>, &Keys<K>) -> f64;
        // With the bounds over `BTreeMap`.
        let rows: [(&str, Run<K>, Option<f64>); 6] = [
            ("get", |map, keys| map.get(keys), Some(1.0)),
            ("range scan", |map, keys| map.scan(keys), Some(1.2)),
            ("iterate", |map, keys| map.iterate(keys), Some(1.0)),
            ("build", |map, keys| map.build(keys), Some(1.5)),
            ("build sorted", |map, keys| map.build_sorted(keys), Some(1.2)),
            ("fork + insert", |map, keys| map.fork_insert(keys), None),
        ];
        // Of strings, all contenders wait for the same memory.
        let bound = if std::mem::needs_drop::<K>() { 1.0 } else { 0.8 };
        let name = |row: &str| format!("ord {row} {} {size}", K::NAME);
        let over_std = |row: &str| format!("ord {row} over BTreeMap {} {size}", K::NAME);
        let is_wanted = |row: &str| (self.wanted)(&name(row)) || (self.wanted)(&over_std(row));
        if !rows.iter().any(|(row, ..)| is_wanted(row)) {
            return;
        }
        let all: Vec<K> = keys(n);
        let sorted = {
            let mut sorted = all.clone();
            sorted.sort_unstable();
            sorted
        };
        let mut present: Vec<K> = keys(n);
        present.truncate(BATCH);
        let keys = Keys {
            all,
            sorted,
            present,
            missing: (2 * n..2 * n + 2_000).map(K::of).collect(),
        };
        let ours = contender::<K, Ours<K>>(&keys.all);
        let rivals = [
            contender::<K, Im<K>>(&keys.all),
            contender::<K, Imbl<K>>(&keys.all),
            contender::<K, Rpds<K>>(&keys.all),
        ];
        let std = contender::<K, Std<K>>(&keys.all);
        for (row, run, bound_over_std) in rows {
            if (self.wanted)(&name(row)) {
                let mut turns: Vec<Box<dyn FnMut() -> f64 + '_>> = vec![Box::new(|| run(&*ours, &keys))];
                for rival in &rivals {
                    turns.push(Box::new(|| run(&**rival, &keys)));
                }
                let times = rounds(&mut turns, 5, BUDGET);
                self.report.at_most(&name(row), over_best(&times), "x best", bound);
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
        type Arrange = fn(&mut Vec<u64>);
        let n = 100_000;
        let rows: [(&str, Arrange); 3] = [
            ("ord memory, random insertions 100K", |_| {}),
            ("ord memory, ascending insertions 100K", |keys| keys.sort_unstable()),
            ("ord memory, descending insertions 100K", |keys| {
                keys.sort_unstable();
                keys.reverse();
            }),
        ];
        for (name, arrange) in rows {
            if (self.wanted)(name) {
                let mut keys = keys::<u64>(n);
                arrange(&mut keys);
                let (bytes, map) = bytes_kept(|| build::<u64, Ours<u64>>(&keys));
                drop(map);
                self.report
                    .at_most(name, bytes as f64 / n as f64, "B an entry of 16 B", 20.0);
            }
        }
        let name = "ord memory, random insertions over BTreeMap 100K";
        if (self.wanted)(name) {
            let keys = keys::<u64>(n);
            let (ours, map) = bytes_kept(|| build::<u64, Ours<u64>>(&keys));
            let (std, other) = bytes_kept(|| build::<u64, Std<u64>>(&keys));
            drop((map, other));
            self.report.bytes(name, ours as f64, "BTreeMap", std as f64, 0.8);
        }
    }

    /// Difference and three-way merge of two forks with ten new keys each: against iteration, the rivals' own
    /// difference, and a map of a tenth of the size.
    fn changes(&mut self) {
        fn forked<M: Ordered<u64>>(n: u64) -> [M; 3] {
            let base: M = build(&keys::<u64>(n));
            let fork = |from: u64| {
                let mut fork = base.clone();
                (from..from + 10).for_each(|i| fork.insert(u64::of(i)));
                fork
            };
            let (a, b) = (fork(n), fork(n + 10));
            [base, a, b]
        }
        fn by_iteration(old: &Im<u64>, new: &Im<u64>, change: &mut dyn FnMut(u64, Option<u64>)) {
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
        type Run = fn(&[Ours<u64>; 3]);
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
        let (small, large) = (forked::<Ours<u64>>(10_000), forked::<Ours<u64>>(100_000));
        let (im, imbl) = (forked::<Im<u64>>(100_000), forked::<Imbl<u64>>(100_000));
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
