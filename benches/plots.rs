//! Plots the cost of operations by size: `cargo bench --bench plots` measures for a few minutes, draws
//! `docs/plots/*.svg` and writes the figures into `docs/performance.md`. With a number as argument it measures up to
//! that size only, and prints the tables instead.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

#[path = "plots/chart.rs"]
mod chart;
#[allow(dead_code, reason = "each bench uses a part")]
mod common;
#[path = "plots/env.rs"]
mod env;
#[path = "plots/map.rs"]
mod map;
#[path = "plots/page.rs"]
mod page;

use std::path::Path;
use std::time::{Duration, Instant};

use common::timing::{median, rounds};
use common::units::Unit;

#[global_allocator]
static ALLOCATOR: common::alloc::Counting = common::alloc::Counting;

/// The data of one plot and one table.
struct Figure {
    /// The name of the file, without its extension.
    name: &'static str,
    title: &'static str,
    unit: Unit,
    series: Vec<Series>,
}

/// A contender's values by size.
struct Series {
    contender: &'static str,
    points: Vec<(usize, f64)>,
}

impl Figure {
    fn new(name: &'static str, title: &'static str, unit: Unit) -> Self {
        let series = Vec::new();
        Self {
            name,
            title,
            unit,
            series,
        }
    }

    fn add(&mut self, contender: &'static str, size: usize, value: f64) {
        match self.series.iter_mut().find(|series| series.contender == contender) {
            Some(series) => series.points.push((size, value)),
            None => self.series.push(Series {
                contender,
                points: vec![(size, value)],
            }),
        }
    }

    /// Times contenders in turns and adds the median of each.
    fn measure(&mut self, size: usize, contenders: Turns) {
        let (names, mut turns): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
        let times = rounds(&mut turns, 5, Duration::from_millis(400));
        for (name, times) in names.into_iter().zip(times) {
            self.add(name, size, median(times));
        }
    }
}

/// Returns the median of the runs that fit into a few milliseconds, at least of one, after a warm-up run: it brings
/// back cache lines that the contender before evicted, and pages that a machine short of memory reclaimed.
fn warm(mut once: impl FnMut() -> f64) -> f64 {
    once();
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || (times.len() < 101 && start.elapsed() < Duration::from_millis(5)) {
        times.push(once());
    }
    median(times)
}

/// Contenders by name; each call returns the seconds of one operation.
type Turns = Vec<(&'static str, Box<dyn FnMut() -> f64>)>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // As a test (`cargo test --benches`) it only has to compile.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let up_to: Option<usize> = arguments.iter().find_map(|argument| argument.parse().ok());
    let mut figures = map::figures(up_to.unwrap_or(usize::MAX));
    figures.extend(env::figures(up_to.unwrap_or(usize::MAX)));
    if up_to.is_some() {
        println!("{}", page::tables(&figures));
        return;
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for figure in &figures {
        chart::draw(figure, &docs.join("plots").join(figure.name).with_extension("svg"));
    }
    page::write(&figures, &docs.join("performance.md"));
}

/// Formats 1,000 as `1 K`.
fn show_size(size: usize) -> String {
    match size {
        1_000_000.. => format!("{} M", size / 1_000_000),
        1_000.. => format!("{} K", size / 1_000),
        _ => size.to_string(),
    }
}
