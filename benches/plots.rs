//! Draws what operations cost against the size of what they work on: `cargo bench --bench plots` measures for a few
//! minutes, draws `docs/plots/*.svg`, and writes the figures into `docs/performance.md`. With a number as argument it
//! measures up to that size only, and prints the tables instead.

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

#[global_allocator]
static ALLOCATOR: common::alloc::Counting = common::alloc::Counting;

/// What one plot and one table show.
struct Figure {
    /// The name of the file, without its ending.
    name: &'static str,
    title: &'static str,
    unit: Unit,
    series: Vec<Series>,
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Bytes,
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

    /// Lets contenders take turns, and adds the median time of each.
    fn measure(&mut self, size: usize, contenders: Turns) {
        let (names, mut turns): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
        let times = rounds(&mut turns, 5, Duration::from_millis(400));
        for (name, times) in names.into_iter().zip(times) {
            self.add(name, size, median(times));
        }
    }
}

/// The median of as many runs as take a few milliseconds, and of one at least; after one that is not counted. By then the
/// caches hold what the contender before left out of them, and memory has the pages that a machine short of it took away.
fn warm(mut once: impl FnMut() -> f64) -> f64 {
    once();
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || (times.len() < 101 && start.elapsed() < Duration::from_millis(5)) {
        times.push(once());
    }
    median(times)
}

/// Contenders by name; each run returns the seconds of one operation.
type Turns = Vec<(&'static str, Box<dyn FnMut() -> f64>)>;

impl Unit {
    /// Three digits, with a prefix.
    fn show(self, value: f64) -> String {
        let (prefixes, unit): (&[(f64, &str)], _) = match self {
            Unit::Seconds => (&[(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s")], "s"),
            Unit::Bytes => (&[(1.0, "B"), (1e3, "KB"), (1e6, "MB"), (1e9, "GB")], "B"),
        };
        // Rounded to three digits first, so that 999.9 becomes the next unit's 1.
        let (scale, unit) = prefixes
            .iter()
            .rev()
            .find(|(scale, _)| value >= 0.9995 * scale)
            .or(prefixes.first())
            .map_or((1.0, unit), |prefix| *prefix);
        let scaled = value / scale;
        let decimals = if scaled >= 99.95 {
            0
        } else if scaled >= 9.995 {
            1
        } else {
            2
        };
        format!("{scaled:.decimals$} {unit}")
    }
}

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

/// `1K` for 1,000.
fn show_size(size: usize) -> String {
    match size {
        1_000_000.. => format!("{} M", size / 1_000_000),
        1_000.. => format!("{} K", size / 1_000),
        _ => size.to_string(),
    }
}
