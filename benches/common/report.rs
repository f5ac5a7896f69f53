//! One line a row: name, value, unit, bound, `ok` or `short`, separated by tabs.

use std::time::Instant;

use super::memory::peak_resident;
use super::timing::SideBySide;
use super::units::Unit;

/// Prints rows as they come, and counts them.
pub(crate) struct Report {
    ok: usize,
    short: usize,
    begun: Instant,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            ok: 0,
            short: 0,
            begun: Instant::now(),
        }
    }

    /// Reports a measured value that should not exceed `bound`.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, unit: &str, bound: f64) {
        self.row(name, value, unit, "<=", bound, value <= bound);
    }

    /// Reports a measured value that should not be below `bound`.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, unit: &str, bound: f64) {
        self.row(name, value, unit, ">=", bound, value >= bound);
    }

    /// Reports a time as a multiple of its yardstick's; the unit has both times.
    pub(crate) fn over(&mut self, name: &str, times: &SideBySide, yardstick: &str, bound: f64) {
        let unit = unit(yardstick, times.ours(), times.yardstick(), Unit::Seconds);
        self.at_most(name, times.ratio(), &unit, bound);
    }

    /// Reports how a time grows from a small size to a large one, as a multiple of how its yardstick grows.
    pub(crate) fn growth(&mut self, name: &str, small: &SideBySide, large: &SideBySide, yardstick: &str, bound: f64) {
        let unit = format!(
            "x growth of {yardstick} ({} x / {} x)",
            digits(large.ours() / small.ours()),
            digits(large.yardstick() / small.yardstick()),
        );
        self.at_most(name, large.ratio() / small.ratio(), &unit, bound);
    }

    /// Reports how reads scale, as a multiple of how the yardstick's do, which should not be below `bound`.
    pub(crate) fn scaling(&mut self, name: &str, scaling: &SideBySide, yardstick: &str, bound: f64) {
        let unit = format!(
            "x that of {yardstick} ({} x / {} x)",
            digits(scaling.ours()),
            digits(scaling.yardstick())
        );
        self.at_least(name, scaling.ratio(), &unit, bound);
    }

    /// Reports bytes as a multiple of those of plain data.
    pub(crate) fn bytes(&mut self, name: &str, bytes: f64, yardstick: &str, plain: f64, bound: f64) {
        let unit = unit(yardstick, bytes, plain, Unit::Bytes);
        self.at_most(name, bytes / plain, &unit, bound);
    }

    fn row(&mut self, name: &str, value: f64, unit: &str, relation: &str, bound: f64, holds: bool) {
        *(if holds { &mut self.ok } else { &mut self.short }) += 1;
        let verdict = if holds { "ok" } else { "short" };
        println!(
            "{name}\t{}\t{unit}\t{relation} {}\t{verdict}",
            digits(value),
            digits(bound)
        );
    }

    /// Prints what the run took, and the last line.
    pub(crate) fn finish(self) {
        let seconds = self.begun.elapsed().as_secs();
        match peak_resident() {
            Some(peak) => println!("peak memory {}, {seconds} s", Unit::Bytes.show(peak)),
            None => println!("{seconds} s"),
        }
        println!("{} ok, {} short", self.ok, self.short);
    }
}

fn unit(yardstick: &str, ours: f64, theirs: f64, unit: Unit) -> String {
    format!("x {yardstick} ({} / {})", unit.show(ours), unit.show(theirs))
}

/// Three significant digits.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (2 - value.abs().log10().floor() as i32).max(0) as usize;
    format!("{value:.decimals$}")
}
