//! The figures as tables, between two markers of `docs/performance.md`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use crate::{Figure, show_size};

const BEGIN: &str = "<!-- written by `cargo bench --bench plots` -->";
const END: &str = "<!-- end of what `cargo bench --bench plots` writes -->";

pub(crate) fn tables(figures: &[Figure]) -> String {
    let mut text = format!("Measured by `cargo bench --bench plots` on {}.\n", machine());
    for figure in figures {
        let sizes: BTreeSet<usize> = figure
            .series
            .iter()
            .flat_map(|s| s.points.iter().map(|p| p.0))
            .collect();
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut head = vec!["n".to_owned()];
        head.extend(figure.series.iter().map(|series| series.contender.to_owned()));
        write!(
            text,
            "\n### {}\n\n![{}](plots/{}.svg)\n\n",
            figure.title, figure.title, figure.name
        )
        .expect("writing to a string");
        text += &row(head);
        text += &row(std::iter::once("---:".to_owned())
            .chain(figure.series.iter().map(|_| "---:".to_owned()))
            .collect());
        for size in sizes {
            let mut cells = vec![show_size(size)];
            cells.extend(figure.series.iter().map(|series| {
                let point = series.points.iter().find(|point| point.0 == size);
                point.map_or("–".to_owned(), |(_, value)| figure.unit.show(*value))
            }));
            text += &row(cells);
        }
    }
    text
}

/// Replaces the tables of the page.
pub(crate) fn write(figures: &[Figure], page: &Path) {
    let old = std::fs::read_to_string(page).expect("docs/performance.md");
    let (before, rest) = old.split_once(BEGIN).expect("the first marker");
    let (_, after) = rest.split_once(END).expect("the second marker");
    let new = format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables(figures));
    std::fs::write(page, new).expect("docs/performance.md");
}

/// Describes this machine: processor, cores and operating system.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, model)| model);
    format!("{} ({cores} cores, {})", model.trim(), std::env::consts::OS)
}
