//! Measures what the project promises: `cargo bench --bench targets` prints one line for each promise, tab-separated
//! (name, value, unit, bound, `ok` or `short`), then `N ok, M short`. An argument keeps only the rows that contain it.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

mod common;
#[path = "targets/env.rs"]
mod env;
#[path = "targets/eval.rs"]
mod eval;
#[path = "targets/map.rs"]
mod map;
#[path = "targets/persist.rs"]
mod persist;

#[global_allocator]
static ALLOCATOR: common::alloc::Counting = common::alloc::Counting;

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| only.iter().all(|part| name.contains(part.as_str()));
    let mut report = common::report::Report::default();
    map::rows(&mut report, &wanted);
    env::rows(&mut report, &wanted);
    persist::rows(&mut report, &wanted);
    eval::rows(&mut report, &wanted);
    report.finish();
}
