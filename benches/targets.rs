//! Measures the promises of the project: `cargo bench --bench targets` prints one line for each, tab-separated (name,
//! value, unit, bound, `ok` or `short`), the peak of its own memory, and `N ok, M short`. An argument keeps only the
//! rows whose name contains it.
//!
//! Bounds are ratios to yardsticks, so that `ok` means the same on every processor; the unit says what the yardstick is
//! and, in parentheses, the absolute values.
//!
//! The rows of the byte trie, most of which are ratios to `pathmap`, are left out unless AES instructions are enabled, which that
//! crate needs: `RUSTFLAGS="-C target-feature=+aes"`.

#![allow(clippy::expect_used, missing_docs, reason = "a bench")]

mod common;
#[path = "targets/derive.rs"]
mod derive;
#[path = "targets/env.rs"]
mod env;
#[path = "targets/eval.rs"]
mod eval;
#[path = "targets/map.rs"]
mod map;
#[path = "targets/ord.rs"]
mod ord;
#[path = "targets/persist.rs"]
mod persist;
#[path = "targets/rc.rs"]
mod rc;
#[path = "targets/remote.rs"]
mod remote;
#[cfg(target_feature = "aes")]
#[path = "targets/trie.rs"]
mod trie;
#[path = "targets/vector.rs"]
mod vector;
#[path = "targets/view.rs"]
mod view;
#[path = "targets/yardsticks.rs"]
mod yardsticks;

#[global_allocator]
static ALLOCATOR: common::alloc::Counting = common::alloc::Counting;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(yardsticks::NOTHING) {
        return;
    }
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| only.iter().all(|text| name.contains(text.as_str()));
    let mut report = common::report::Report::new();
    map::rows(&mut report, &wanted);
    ord::rows(&mut report, &wanted);
    vector::rows(&mut report, &wanted);
    rc::rows(&mut report, &wanted);
    #[cfg(target_feature = "aes")]
    trie::rows(&mut report, &wanted);
    env::rows(&mut report, &wanted);
    view::rows(&mut report, &wanted);
    derive::rows(&mut report, &wanted);
    persist::rows(&mut report, &wanted);
    remote::rows(&mut report, &wanted);
    eval::rows(&mut report, &wanted);
    report.finish();
}
