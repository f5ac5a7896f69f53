//! One line a row: name, value, unit, bound, `ok` or `short`, separated by tabs.

/// Prints rows as they come, and counts them.
#[derive(Default)]
pub(crate) struct Report {
    ok: usize,
    short: usize,
}

impl Report {
    /// A measured value that should not exceed `bound`.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, unit: &str, bound: f64) {
        self.row(name, value, unit, "<=", bound, value <= bound);
    }

    /// A measured value that should not be below `bound`.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, unit: &str, bound: f64) {
        self.row(name, value, unit, ">=", bound, value >= bound);
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

    /// The last line.
    pub(crate) fn finish(self) {
        println!("{} ok, {} short", self.ok, self.short);
    }
}

/// Three significant digits.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (2 - value.abs().log10().floor() as i32).max(0) as usize;
    format!("{value:.decimals$}")
}
