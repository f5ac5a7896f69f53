//! The rows of the map, against `im`, `imbl` and `rpds`.

use super::yardsticks::{self, batch};
use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::rivals::{Im, Imbl, Key, Ours, Persistent, Rpds};
use crate::common::timing::{SideBySide, median, over_best, rounds, seconds};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Sizes and their names.
const SIZES: [(u64, &str); 4] = [(1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M")];

/// Time in which a row may run more rounds than the least number.
const BUDGET: Duration = Duration::from_millis(400);

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    let mut rows = Rows { report, wanted };
    rows.clone_of_map();
    for (n, size) in SIZES {
        rows.at_size::<u64>(n, size);
        rows.at_size::<(Arc<str>, u32)>(n, size);
    }
    rows.bulk_build();
    rows.changes();
    rows.more_changes();
    rows.parallel_union();
    rows.memory();
}

struct Rows<'a> {
    report: &'a mut Report,
    wanted: &'a dyn Fn(&str) -> bool,
}

/// A map with its type erased.
trait Contender<K> {
    /// Builds a map `repeats` times and returns the seconds of one insertion; dropping the maps isn't included.
    fn build(&self, keys: &[K], repeats: usize) -> f64;
    fn drop_built(&self);
    fn get(&self, keys: &[K]) -> u64;
    fn fork_insert(&self, keys: &[K]);
    fn iterate(&self) -> u64;
    fn union(&self);
    fn fork_bytes(&self, key: K) -> isize;
}

struct MapPair<M> {
    map: M,
    /// A map of the same size with other keys.
    other: M,
    /// Maps that the build row keeps, so that each turn allocates fresh memory.
    built: RefCell<Vec<M>>,
}

/// From this size on, the build row keeps no maps: those of all rounds would take gigabytes.
const TOO_LARGE_TO_KEEP: usize = 1_000_000;

fn build<K: Key, M: Persistent<K>>(keys: &[K]) -> M {
    let mut map = M::empty();
    for (i, key) in keys.iter().enumerate() {
        map.insert(key.clone(), i as u64);
    }
    map
}

impl<K: Key, M: Persistent<K>> Contender<K> for MapPair<M> {
    fn build(&self, keys: &[K], repeats: usize) -> f64 {
        let mut built = self.built.borrow_mut();
        let time = seconds(keys.len() * repeats, || {
            (0..repeats).for_each(|_| built.push(black_box(build(keys))))
        });
        if keys.len() >= TOO_LARGE_TO_KEEP {
            built.clear();
        }
        time
    }

    fn drop_built(&self) {
        self.built.take();
    }

    fn get(&self, keys: &[K]) -> u64 {
        keys.iter()
            .fold(0, |sum, key| sum ^ self.map.get(key).copied().unwrap_or(1))
    }

    fn fork_insert(&self, keys: &[K]) {
        for key in keys {
            let mut fork = self.map.clone();
            fork.insert(key.clone(), 1);
            drop(black_box(fork));
        }
    }

    fn iterate(&self) -> u64 {
        self.map.sum()
    }

    fn union(&self) {
        drop(black_box(self.map.union(&self.other)));
    }

    fn fork_bytes(&self, key: K) -> isize {
        bytes_kept(|| {
            let mut fork = self.map.clone();
            fork.insert(key, 1);
            fork
        })
        .0
    }
}

fn contenders<K: Key>(keys: &[K], others: &[K]) -> Vec<Box<dyn Contender<K>>> {
    fn pair<K: Key, M: Persistent<K>>(keys: &[K], others: &[K]) -> Box<dyn Contender<K>> {
        Box::new(MapPair::<M> {
            map: build(keys),
            other: build(others),
            built: RefCell::default(),
        })
    }
    vec![
        pair::<K, Ours<K>>(keys, others),
        pair::<K, Im<K>>(keys, others),
        pair::<K, Imbl<K>>(keys, others),
        pair::<K, Rpds<K>>(keys, others),
    ]
}

/// Returns a map and two forks of it, each with `changes` keys of its own.
fn forks_apart<K: Key, M: Persistent<K>>(n: u64, changes: u64) -> [M; 3] {
    let base: M = build(&(0..n).map(K::of).collect::<Vec<K>>());
    let fork = |from: u64| {
        let mut fork = base.clone();
        (from..from + changes).for_each(|i| fork.insert(K::of(i), i));
        fork
    };
    let (a, b) = (fork(n), fork(n + changes));
    [base, a, b]
}

/// A map and two forks of it, with their type erased.
trait Forked {
    fn union(&self) -> f64;
    fn merge(&self) -> f64;
    fn remove(&self, keys: &[u64]) -> f64;
    fn fork_update(&self, keys: &[u64]) -> f64;
    fn drop_alone(&self, keys: &[u64]) -> f64;
}

impl<M: Persistent<u64>> Forked for [M; 3] {
    fn union(&self) -> f64 {
        let [_, a, b] = self;
        seconds(1, || drop(black_box(a.union(b))))
    }

    fn merge(&self) -> f64 {
        let [base, a, b] = self;
        seconds(1, || drop(black_box(a.merge(base, b))))
    }

    fn remove(&self, keys: &[u64]) -> f64 {
        let mut map: M = build(keys);
        let time = seconds(keys.len(), || keys.iter().for_each(|key| map.remove(key)));
        drop(black_box(map));
        time
    }

    fn fork_update(&self, keys: &[u64]) -> f64 {
        seconds(keys.len(), || {
            for key in keys {
                let mut fork = self[0].clone();
                fork.insert(*key, 1);
                drop(black_box(fork));
            }
        })
    }

    fn drop_alone(&self, keys: &[u64]) -> f64 {
        let map: M = build(keys);
        seconds(keys.len(), || drop(black_box(map)))
    }
}

/// Shuffles items, in the same way each time.
fn shuffled<T>(mut items: Vec<T>) -> Vec<T> {
    let mut state = 1_u64;
    for i in (1..items.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(i, (state >> 33) as usize % (i + 1));
    }
    items
}

impl Rows<'_> {
    /// Reports our time over the best rival's for one row.
    fn versus<C: ?Sized>(&mut self, row: &str, bound: f64, contenders: &[Box<C>], run: impl Fn(&C) -> f64) {
        let name = format!("map {row}");
        if !(self.wanted)(&name) {
            return;
        }
        let run = &run;
        let mut turns: Vec<Box<dyn FnMut() -> f64 + '_>> = Vec::new();
        for contender in contenders {
            turns.push(Box::new(move || run(contender.as_ref())));
        }
        let times = rounds(&mut turns, 5, BUDGET);
        if std::env::var_os("TARGETS_VERBOSE").is_some() {
            let ns: Vec<String> = times
                .iter()
                .map(|t| format!("{:.1}", median(t.clone()) * 1e9))
                .collect();
            eprintln!(
                "{name}: pleach, im, imbl, rpds: {} ns, {} rounds",
                ns.join(", "),
                times[0].len()
            );
        }
        self.report.at_most(&name, over_best(&times), "x best", bound);
    }

    fn at_size<K: Key>(&mut self, n: u64, size: &str) {
        let label = |row: &str| format!("{row} {} {size}", K::NAME);
        let any = [
            "get hit",
            "get miss",
            "build",
            "fork + insert",
            "iterate",
            "union unrelated",
            "fork bytes",
        ];
        if !any.iter().any(|row| (self.wanted)(&format!("map {}", label(row)))) {
            return;
        }
        let keys: Vec<K> = (0..n).map(K::of).collect();
        let others: Vec<K> = (n..2 * n).map(K::of).collect();
        let contenders = contenders(&keys, &others);
        // Equal to the keys of the maps, but with strings of their own.
        let hits = shuffled((0..n).map(K::of).collect());
        let misses: Vec<K> = shuffled((2 * n..3 * n).map(K::of).collect());

        let at = std::cell::Cell::new(0);
        let batch = hits.len().min(50_000);
        let gets = |keys: &Vec<K>, contender: &dyn Contender<K>| {
            // Each call looks up other keys, unless the map is small.
            let from = at.get() % (keys.len() - batch + 1);
            at.set(at.get() + 7_919);
            let keys = &keys[from..from + batch];
            let repeats = 20_000_usize.div_ceil(batch);
            seconds(batch * repeats, || {
                (0..repeats).for_each(|_| _ = black_box(contender.get(keys)))
            })
        };
        self.versus(&label("get hit"), 1.0, &contenders, |c| gets(&hits, c));
        self.versus(&label("get miss"), 1.0, &contenders, |c| gets(&misses, c));

        let repeats = 10_000_usize.div_ceil(keys.len());
        let shuffled_keys = shuffled(keys.clone());
        self.versus(&label("build"), 1.0, &contenders, |c| c.build(&shuffled_keys, repeats));
        contenders.iter().for_each(|contender| contender.drop_built());
        let bound = if n < 10_000 { 0.7 } else { 0.55 };
        let news = &misses[..misses.len().min(2_000)];
        self.versus(&label("fork + insert"), bound, &contenders, |c| {
            seconds(news.len(), || c.fork_insert(news))
        });
        self.versus(&label("iterate"), 0.5, &contenders, |c| {
            seconds(keys.len() * repeats, || {
                (0..repeats).for_each(|_| _ = black_box(c.iterate()))
            })
        });
        self.versus(&label("union unrelated"), 0.5, &contenders, |c| {
            seconds(2 * keys.len(), || c.union())
        });

        let name = format!("map {}", label("fork bytes"));
        if (self.wanted)(&name) {
            // A mean, since it depends on where the key lands.
            let bytes = |c: &dyn Contender<K>| news[..100].iter().map(|key| c.fork_bytes(key.clone())).sum::<isize>();
            let all: Vec<f64> = contenders.iter().map(|c| bytes(c.as_ref()) as f64 / 100.0).collect();
            let best = all[1..].iter().copied().fold(f64::INFINITY, f64::min);
            self.report.at_most(&name, all[0] / best, "x best", 0.6);
        }
    }

    fn clone_of_map(&mut self) {
        let name = "map clone";
        if !(self.wanted)(name) {
            return;
        }
        let map: Ours<u64> = build(&(0..100_000).map(u64::of).collect::<Vec<_>>());
        let ours = batch(10_000, |_| drop(black_box(map.clone())));
        let times = SideBySide::measure(31, ours, yardsticks::arc_clone());
        self.report.over(name, &times, yardsticks::ARC_CLONE, 1.3);
    }

    /// Collecting a million entries over inserting them one by one.
    fn bulk_build(&mut self) {
        let name = "map bulk build u64 1M";
        if !(self.wanted)(name) {
            return;
        }
        let keys = shuffled((0..1_000_000).map(u64::of).collect());
        // Kept, as in the build row.
        let built = RefCell::new(Vec::new());
        let time = |build: &dyn Fn() -> Ours<u64>| seconds(keys.len(), || built.borrow_mut().push(black_box(build())));
        let bulk = || time(&|| keys.iter().map(|key| (*key, 1)).collect());
        let one_by_one = || time(&|| build(&keys));
        let times = SideBySide::measure(5, bulk, one_by_one);
        self.report.over(name, &times, "n inserts", 0.6);
    }

    /// Union, merge and diff of two forks with ten new keys each.
    fn changes(&mut self) {
        type Run<M> = fn(&[M; 3]) -> f64;
        struct Row<K> {
            name: &'static str,
            best: f64,
            growth: f64,
            ours: Run<Ours<K>>,
            im: Run<Im<K>>,
            imbl: Run<Imbl<K>>,
            rpds: Run<Rpds<K>>,
        }
        fn forks<K: Key, M: Persistent<K>>(n: u64) -> [M; 3] {
            forks_apart(n, 10)
        }
        /// Times a hundred calls together if one takes microseconds.
        fn calls(f: impl Fn()) -> f64 {
            let one = (0..3).map(|_| seconds(1, &f)).fold(f64::INFINITY, f64::min);
            if one > 1e-3 {
                one
            } else {
                seconds(100, || (0..100).for_each(|_| f()))
            }
        }
        fn union<K: Key, M: Persistent<K>>([_, a, b]: &[M; 3]) -> f64 {
            calls(|| drop(black_box(a.union(b))))
        }
        fn merge<K: Key, M: Persistent<K>>([base, a, b]: &[M; 3]) -> f64 {
            calls(|| drop(black_box(a.merge(base, b))))
        }
        fn diff<K: Key, M: Persistent<K>>([_, a, b]: &[M; 3]) -> f64 {
            calls(|| _ = black_box(a.diff(b)))
        }
        type K = u64;
        let rows = [
            Row {
                name: "union",
                best: 1.0 / 2000.0,
                growth: 1.28,
                ours: union,
                im: union,
                imbl: union,
                rpds: union,
            },
            Row {
                name: "merge",
                best: 1.0 / 9000.0,
                growth: 0.24,
                ours: merge,
                im: merge,
                imbl: merge,
                rpds: merge,
            },
            Row {
                name: "diff",
                best: 1.0 / 3000.0,
                growth: f64::INFINITY,
                ours: diff,
                im: diff,
                imbl: diff,
                rpds: diff,
            },
        ];
        let rows = rows
            .into_iter()
            .filter(|row| (self.wanted)(&format!("map {} of forks u64", row.name)));
        let rows: Vec<Row<K>> = rows.collect();
        if rows.is_empty() {
            return;
        }
        let ours: Vec<[Ours<K>; 3]> = [1_000, 100_000, 1_000_000].map(forks::<K, Ours<K>>).into();
        let (im, imbl, rpds) = (
            forks::<K, Im<K>>(100_000),
            forks::<K, Imbl<K>>(100_000),
            forks::<K, Rpds<K>>(100_000),
        );
        for row in &rows {
            let mut turns: Vec<Box<dyn FnMut() -> f64 + '_>> = vec![
                Box::new(|| (row.ours)(&ours[1])),
                Box::new(|| (row.im)(&im)),
                Box::new(|| (row.imbl)(&imbl)),
                Box::new(|| (row.rpds)(&rpds)),
            ];
            let times = rounds(&mut turns, 5, BUDGET);
            if std::env::var_os("TARGETS_VERBOSE").is_some() {
                let us: Vec<String> = times
                    .iter()
                    .map(|t| format!("{:.2}", median(t.clone()) * 1e6))
                    .collect();
                eprintln!("{}: pleach, im, imbl, rpds: {} µs", row.name, us.join(", "));
            }
            self.report.at_most(
                &format!("map {} of forks u64 100K", row.name),
                over_best(&times),
                "x best",
                row.best,
            );
            if row.growth.is_finite() {
                let times = |map: &[Ours<K>; 3], n| {
                    SideBySide::measure(31, || (row.ours)(map), yardsticks::fork_insert(n, 100))
                };
                self.report.growth(
                    &format!("map {} of forks u64 1M over 1K", row.name),
                    &times(&ours[0], 1_000),
                    &times(&ours[2], 1_000_000),
                    yardsticks::FORK_INSERT,
                    row.growth,
                );
            }
        }
    }

    /// Union and merge of two forks that each changed one entry in a hundred, and operations that are measured at one
    /// size.
    fn more_changes(&mut self) {
        const N: u64 = 100_000;
        let rows: [(&str, f64); 5] = [
            ("union 1 % + 1 %", 1.0 / 8.0),
            ("merge 1 % + 1 %", 1.0 / 20.0),
            ("remove", 1.0),
            ("fork + update", 0.55),
            ("drop", 1.0),
        ];
        if !rows
            .iter()
            .any(|(row, _)| (self.wanted)(&format!("map {row} u64 100K")))
        {
            return;
        }
        fn forked<M: Persistent<u64>>() -> Box<dyn Forked> {
            Box::new(forks_apart::<u64, M>(N, N / 100))
        }
        let contenders = [
            forked::<Ours<u64>>(),
            forked::<Im<u64>>(),
            forked::<Imbl<u64>>(),
            forked::<Rpds<u64>>(),
        ];
        let keys = shuffled((0..N).map(u64::of).collect());
        for (i, (row, bound)) in rows.into_iter().enumerate() {
            self.versus(&format!("{row} u64 100K"), bound, &contenders, |c| match i {
                0 => c.union(),
                1 => c.merge(),
                2 => c.remove(&keys),
                3 => c.fork_update(&keys[..2_000]),
                _ => c.drop_alone(&keys),
            });
        }
    }

    /// Union of unrelated maps on Rayon's threads over one thread.
    fn parallel_union(&mut self) {
        let name = "map union unrelated u64 1M in parallel";
        if !(self.wanted)(name) {
            return;
        }
        const N: u64 = 1_000_000;
        let [a, b] = [0, N].map(|from| (from..from + N).map(|i| (u64::of(i), i)).collect::<Ours<u64>>());
        let parallel = || seconds(1, || drop(black_box(a.par_union(&b))));
        let alone = || seconds(1, || drop(black_box(a.union(&b))));
        let times = SideBySide::measure(5, parallel, alone);
        self.report.over(name, &times, "one thread", 0.65);
    }

    fn memory(&mut self) {
        for (n, size) in SIZES {
            let name = format!("map memory u64 {size}");
            if (self.wanted)(&name) {
                let keys: Vec<u64> = (0..n).map(u64::of).collect();
                let (bytes, map) = bytes_kept(|| build::<u64, Ours<u64>>(&keys));
                drop(map);
                let entry = size_of::<(u64, u64)>() as f64;
                self.report
                    .bytes(&name, bytes as f64 / n as f64, "a key and a value", entry, 1.75);
            }
        }
    }
}
