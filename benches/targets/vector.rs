//! The rows of the vector, against `im`, `imbl` and `rpds`. `std`'s `Vec`, which isn't persistent, has rows of its own, whose
//! bounds say what persistence may cost.

use crate::common::alloc::bytes_kept;
use crate::common::report::Report;
use crate::common::timing::{SideBySide, over_best, rounds, seconds};
use pleach::Vector;
use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

/// Sizes and their names.
const SIZES: [(usize, &str); 4] = [(1_000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M")];

/// Time in which a row may run more rounds than the least number.
const BUDGET: Duration = Duration::from_millis(400);

/// Operations that are timed together.
const BATCH: usize = 20_000;

/// Forks, splits and the like that are timed together.
const FORKS: usize = 1_000;

type Ours = Vector<u64>;
type Im = im::Vector<u64>;
type Imbl = imbl::Vector<u64>;
type Rpds = rpds::VectorSync<u64>;
type Std = Vec<u64>;

/// A sequence of numbers. Operations that a library doesn't have return `None`.
trait Sequence: Clone + 'static {
    fn empty() -> Self;
    fn push(&mut self, item: u64);
    fn get(&self, index: usize) -> u64;
    fn sum(&self) -> u64;
    fn sum_by_next(&self) -> u64;
    fn set(&mut self, index: usize, item: u64);
    fn push_front(&mut self, _item: u64) -> Option<()> {
        None
    }
    fn insert(&mut self, _index: usize, _item: u64) -> Option<()> {
        None
    }
    fn concat(&self, _other: &Self) -> Option<Self> {
        None
    }
    fn split(&self, _index: usize) -> Option<(Self, Self)> {
        None
    }
}

macro_rules! sequence {
    ($type:ident, $new:ident, $push:ident, |$this:ident, $index:ident, $item:ident| $set:expr, $($more:item)*) => {
        impl Sequence for $type {
            fn empty() -> Self {
                Self::$new()
            }
            fn push(&mut self, item: u64) {
                self.$push(item);
            }
            fn get(&self, index: usize) -> u64 {
                self[index]
            }
            fn sum(&self) -> u64 {
                self.iter().fold(0, |sum, item| sum ^ item)
            }
            fn sum_by_next(&self) -> u64 {
                let mut sum = 0_u64;
                for item in self.iter() {
                    sum = sum.rotate_left(1) ^ item;
                }
                sum
            }
            fn set(&mut self, $index: usize, $item: u64) {
                let $this = self;
                $set;
            }
            $($more)*
        }
    };
}

macro_rules! rrb {
    ($type:ident, |$this:ident, $other:ident| $concat:expr, |$split:ident, $at:ident| $halves:expr) => {
        sequence! {
            $type, new, push_back, |this, index, item| this[index] = item,
            fn push_front(&mut self, item: u64) -> Option<()> {
                self.push_front(item);
                Some(())
            }
            fn insert(&mut self, index: usize, item: u64) -> Option<()> {
                self.insert(index, item);
                Some(())
            }
            fn concat(&self, $other: &Self) -> Option<Self> {
                let $this = self;
                Some($concat)
            }
            fn split(&self, $at: usize) -> Option<(Self, Self)> {
                let $split = self;
                Some($halves)
            }
        }
    };
}

rrb!(Ours, |this, other| this.concat(other), |this, at| this.split_at(at));
rrb!(Im, |this, other| this.clone() + other.clone(), |this, at| this
    .clone()
    .split_at(at));
rrb!(Imbl, |this, other| this.clone() + other.clone(), |this, at| this
    .clone()
    .split_at(at));
sequence!(Rpds, new_sync, push_back_mut, |this, index, item| this
    .set_mut(index, item),);
sequence!(Std, new, push, |this, index, item| this[index] = item,);

fn build<V: Sequence>(n: usize) -> V {
    let mut sequence = V::empty();
    (0..n as u64).for_each(|item| sequence.push(item));
    sequence
}

/// Indices in an order that looks random.
fn indices(n: usize, count: usize) -> Vec<usize> {
    let next = |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    let numbers = std::iter::successors(Some(1_u64), next);
    numbers.map(|x| (x >> 33) as usize % n).take(count).collect()
}

/// A sequence with its type erased. What its library doesn't have takes no time.
trait Contender {
    fn run(&self, row: Row, indices: &[usize]) -> Option<f64>;
    fn drop_built(&self);
}

#[derive(Clone, Copy, PartialEq)]
enum Row {
    Push,
    PushFront,
    Get,
    GetInOrder,
    Iterate,
    IterateByNext,
    ForkSet,
    Insert,
    Concat,
    Split,
}

/// With the bounds over the best rival, and over `Vec`.
const ROWS: [(Row, &str, f64, Option<f64>); 10] = [
    (Row::Push, "push", 0.8, Some(12.0)),
    (Row::PushFront, "push front", 1.25, None),
    (Row::Get, "get", 0.8, Some(20.0)),
    (Row::GetInOrder, "get in order", 1.0, None),
    (Row::Iterate, "iterate", 0.8, Some(2.0)),
    (Row::IterateByNext, "iterate by next", 0.8, Some(2.0)),
    (Row::ForkSet, "fork + set", 0.8, None),
    (Row::Insert, "fork + insert", 1.0, None),
    (Row::Concat, "concat", 1.0, None),
    (Row::Split, "split", 1.0, None),
];

struct Built<V> {
    sequence: V,
    n: usize,
    /// Sequences that a build row keeps, so that each turn allocates fresh memory.
    kept: RefCell<Vec<V>>,
}

impl<V: Sequence> Built<V> {
    fn building(&self, make: impl Fn() -> Option<V>) -> Option<f64> {
        let repeats = 10_000_usize.div_ceil(self.n);
        let mut kept = self.kept.borrow_mut();
        drop(make()?);
        let time = seconds(self.n * repeats, || {
            (0..repeats).for_each(|_| kept.extend(black_box(make())));
        });
        if self.n >= 1_000_000 {
            kept.clear();
        }
        Some(time)
    }

    fn forking(&self, indices: &[usize], change: impl Fn(&V, usize) -> Option<()>) -> Option<f64> {
        change(&self.sequence, 0)?;
        let indices = &indices[..FORKS.min(indices.len())];
        Some(seconds(indices.len(), || {
            indices.iter().for_each(|index| _ = change(&self.sequence, *index));
        }))
    }

    fn iterating(&self, sum: impl Fn(&V) -> u64) -> Option<f64> {
        let repeats = 50_000_usize.div_ceil(self.n);
        Some(seconds(self.n * repeats, || {
            (0..repeats).for_each(|_| _ = black_box(sum(black_box(&self.sequence))));
        }))
    }
}

impl<V: Sequence> Contender for Built<V> {
    fn run(&self, row: Row, indices: &[usize]) -> Option<f64> {
        let (sequence, n) = (&self.sequence, self.n);
        match row {
            Row::Push => self.building(|| Some(build(n))),
            Row::PushFront => self.building(|| {
                let mut sequence = V::empty();
                (0..n as u64).try_for_each(|item| sequence.push_front(item))?;
                Some(sequence)
            }),
            Row::Get => Some(seconds(indices.len(), || {
                _ = black_box(indices.iter().fold(0, |sum, index| sum ^ sequence.get(*index)));
            })),
            Row::GetInOrder => Some(seconds(n, || {
                _ = black_box((0..n).fold(0, |sum, index| sum ^ sequence.get(index)));
            })),
            Row::Iterate => self.iterating(V::sum),
            Row::IterateByNext => self.iterating(V::sum_by_next),
            Row::ForkSet => self.forking(indices, |sequence, index| {
                let mut fork = sequence.clone();
                fork.set(index, 1);
                drop(black_box(fork));
                Some(())
            }),
            Row::Insert => self.forking(indices, |sequence, index| {
                let mut fork = sequence.clone();
                fork.insert(index, 1)?;
                drop(black_box(fork));
                Some(())
            }),
            Row::Concat => self.forking(indices, |sequence, _| {
                drop(black_box(sequence.concat(sequence)?));
                Some(())
            }),
            Row::Split => self.forking(indices, |sequence, index| {
                drop(black_box(sequence.split(index)?));
                Some(())
            }),
        }
    }

    fn drop_built(&self) {
        self.kept.take();
    }
}

fn contender<V: Sequence>(n: usize) -> Box<dyn Contender> {
    Box::new(Built::<V> {
        sequence: build(n),
        n,
        kept: RefCell::default(),
    })
}

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    memory(report, wanted);
    for (n, size) in SIZES {
        at_size(report, wanted, n, size);
    }
    changes(report, wanted);
}

fn at_size(report: &mut Report, wanted: &dyn Fn(&str) -> bool, n: usize, size: &str) {
    let name = |row: &str| format!("vector {row} {size}");
    let over_std = |row: &str| format!("vector {row} over Vec {size}");
    if !ROWS
        .iter()
        .any(|(_, row, ..)| wanted(&name(row)) || wanted(&over_std(row)))
    {
        return;
    }
    let indices = indices(n, BATCH);
    let ours = contender::<Ours>(n);
    let rivals = [contender::<Im>(n), contender::<Imbl>(n), contender::<Rpds>(n)];
    let std = contender::<Std>(n);
    for (row, title, bound, bound_over_std) in ROWS {
        if wanted(&name(title)) {
            let mut turns: Vec<Box<dyn FnMut() -> f64 + '_>> =
                vec![Box::new(|| ours.run(row, &indices).unwrap_or(f64::NAN))];
            for rival in &rivals {
                if let Some(_warm) = rival.run(row, &indices) {
                    turns.push(Box::new(|| rival.run(row, &indices).unwrap_or(f64::NAN)));
                }
            }
            let times = rounds(&mut turns, 5, BUDGET);
            report.at_most(&name(title), over_best(&times), "x best", bound);
        }
        if let Some(bound) = bound_over_std
            && wanted(&over_std(title))
        {
            let run = |contender: &dyn Contender| contender.run(row, &indices).unwrap_or(f64::NAN);
            let times = SideBySide::measure(7, || run(&*ours), || run(&*std));
            report.over(&over_std(title), &times, "Vec", bound);
        }
        ours.drop_built();
        rivals.iter().for_each(|rival| rival.drop_built());
        std.drop_built();
    }
}

fn memory(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    type Make = fn(usize) -> Ours;
    let n = 100_000;
    let rows: [(&str, Make); 4] = [
        ("vector memory, pushed 100K", build),
        ("vector memory, pushed at the front 100K", |n| {
            let mut vector = Ours::new();
            (0..n as u64).for_each(|item| vector.push_front(item));
            vector
        }),
        ("vector memory, collected 100K", |n| (0..n as u64).collect()),
        ("vector memory, inserted anywhere 100K", |n| {
            let mut vector = Ours::new();
            let at = indices(n, n);
            at.iter()
                .enumerate()
                .for_each(|(i, at)| vector.insert(at % (i + 1), i as u64));
            vector
        }),
    ];
    for (name, make) in rows {
        if wanted(name) {
            let (bytes, vector) = bytes_kept(|| make(n));
            drop(vector);
            let bound = if name.contains("anywhere") { 13.0 } else { 9.5 };
            report.at_most(name, bytes as f64 / n as f64, "B an item of 8 B", bound);
        }
    }
}

/// Difference and three-way merge of two forks with ten changes each: against iteration over `im`'s, and against a vector of a
/// tenth of the size.
fn changes(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    fn forked<V: Sequence>(n: usize) -> [V; 3] {
        let base: V = build(n);
        let fork = |from: usize| {
            let mut fork = base.clone();
            (0..10).for_each(|i| fork.set(from + i * (n / 10), u64::MAX));
            fork
        };
        let (a, b) = (fork(7), fork(n / 20));
        [base, a, b]
    }
    fn calls(mut call: impl FnMut()) -> f64 {
        seconds(20, || (0..20).for_each(|_| call()))
    }
    type Run = fn(&[Ours; 3]);
    let diff: Run = |[_, a, b]| _ = black_box(a.diff(b));
    let merge: Run = |[base, a, b]| drop(black_box(a.merge(base, b, |_, ours, _| ours.clone())));
    let rows = [("vector diff of forks", diff), ("vector merge of forks", merge)];
    let more = ["over iteration 100K", "100K over 10K"];
    let mut names = rows
        .iter()
        .flat_map(|(name, _)| more.map(|row| format!("{name} {row}")));
    if !names.any(|name| wanted(&name)) {
        return;
    }
    let (small, large) = (forked::<Ours>(10_000), forked::<Ours>(100_000));
    let im = forked::<Im>(100_000);
    for (name, run) in rows {
        let iteration = format!("{name} over iteration 100K");
        if wanted(&iteration) {
            let [base, a, b] = &im;
            let theirs = || {
                seconds(1, || {
                    let mut merged = a.clone();
                    for (i, (old, new)) in base.iter().zip(b).enumerate() {
                        if old != new {
                            merged.set(i, *new);
                        }
                    }
                    drop(black_box(merged));
                })
            };
            let times = SideBySide::measure(11, || calls(|| run(&large)), theirs);
            report.over(&iteration, &times, "iteration of im", 0.2);
        }
        let growth = format!("{name} 100K over 10K");
        if wanted(&growth) {
            let times = SideBySide::measure(21, || calls(|| run(&large)), || calls(|| run(&small)));
            report.over(&growth, &times, "10K", 1.5);
        }
    }
}
