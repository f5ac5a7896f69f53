//! Seconds and bytes as people read them.

/// A unit of measurement.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

impl Unit {
    /// Formats a value with three digits and a prefix.
    pub(crate) fn show(self, value: f64) -> String {
        let (prefixes, unit): (&[(f64, &str)], _) = match self {
            Unit::Seconds => (&[(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s")], "s"),
            Unit::Bytes => (&[(1.0, "B"), (1e3, "KB"), (1e6, "MB"), (1e9, "GB")], "B"),
        };
        // Rounded to three digits first, so that 999.9 becomes 1 of the next unit.
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
