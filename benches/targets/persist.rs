//! The rows of saving, loading and the journal.

use std::io::Write;

use pleach::persist::{Journal, NoCodec, SyncPolicy};
use pleach::{Atom, Environment};

use super::env::{edge, facts};
use super::yardsticks;
use crate::common::report::Report;
use crate::common::timing::{SideBySide, seconds};

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    type Row = fn(&mut Report, &str);
    let rows: [(&str, Row); 4] = [
        ("env save", save),
        ("env load", load),
        ("env load a rule", load_rules),
        ("env journal commit", journal),
    ];
    for (name, row) in rows {
        if wanted(name) {
            row(report, name);
        }
    }
}

fn save(report: &mut Report, name: &str) {
    let n = 1_000_000;
    let env = facts(n);
    let mut bytes = Vec::with_capacity(32 << 20);
    let ours = || {
        bytes.clear();
        seconds(n, || env.save_to(&mut bytes, &NoCodec).expect("a save"))
    };
    let times = SideBySide::measure(5, ours, yardsticks::tree_write(n));
    report.over(&format!("{name}, a fact, 1 M"), &times, yardsticks::TREE_WRITE, 9.0);
    report.bytes(
        &format!("{name}, size of a fact, 1 M"),
        bytes.len() as f64 / n as f64,
        "its text",
        yardsticks::lines(n).len() as f64 / n as f64,
        0.87,
    );
}

fn load(report: &mut Report, name: &str) {
    let n = 1_000_000;
    let mut bytes = Vec::new();
    facts(n).save_to(&mut bytes, &NoCodec).expect("a save");
    let times = load_times(&bytes, n, yardsticks::lines(YARDSTICK_LINES));
    report.over(&format!("{name}, a fact, 1 M"), &times, yardsticks::LINES_READ, 35.0);
}

/// A rule is decoded, checked, inserted among the facts and indexed.
fn load_rules(report: &mut Report, name: &str) {
    let n = 100_000;
    let sides = |i: usize| {
        [
            format!("(step{} $x {i})", i % 1_000),
            format!("(combine (step{} $x {i}) (+ $x 1))", i % 999),
        ]
    };
    let parse = |text: String| text.parse::<Atom>().expect("an atom");
    let mut world = Environment::<Atom>::new();
    world.add_rules_bulk((0..n).map(|i| {
        let [lhs, rhs] = sides(i).map(parse);
        (lhs, rhs)
    }));
    let mut bytes = Vec::new();
    world.save_to(&mut bytes, &NoCodec).expect("a save");
    drop(world);
    let line = |i| {
        let [lhs, rhs] = sides(i);
        format!("(= {lhs} {rhs})\n")
    };
    let times = load_times(&bytes, n, (0..YARDSTICK_LINES).map(line).collect());
    report.over(&format!("{name}, 100 K"), &times, yardsticks::LINES_READ, 20.0);
}

/// Lines that the yardstick of a load reads, few enough for the second-level cache: a load computes more than it waits for
/// memory.
const YARDSTICK_LINES: usize = 10_000;

/// Loads a file of `n` atoms against reading text, a line an atom.
fn load_times(bytes: &[u8], n: usize, text: String) -> SideBySide {
    let ours = || {
        let mut loaded = Environment::<Atom>::new();
        seconds(n, || loaded = Environment::load_from(bytes, &NoCodec).expect("a load"))
    };
    SideBySide::measure(5, ours, yardsticks::lines_read(text))
}

/// Commits of one fact each, on one thread.
fn journal(report: &mut Report, name: &str) {
    const COMMITS: usize = 20_000;
    let folder = std::env::temp_dir().join(format!("pleach-bench-{}", std::process::id()));
    let open = |sync| Journal::<Atom>::open_with(&folder, sync, NoCodec).expect("a journal").0;
    let commits = |journal: &Journal<Atom>, from: usize, count: usize| {
        seconds(count, || {
            for i in from..from + count {
                let mut fork = journal.snapshot();
                fork.add_fact(edge(i, i * 7));
                journal.commit(&mut fork).expect("a commit");
            }
        })
    };

    let journal = open(SyncPolicy::Never);
    let (mut next, mut slowest) = (0, 0.0_f64);
    let ours = || {
        next += COMMITS;
        let time = commits(&journal, next, COMMITS);
        slowest = slowest.max(time);
        time
    };
    let times = SideBySide::measure(11, ours, yardsticks::append(&folder.join("appended"), COMMITS));
    drop(journal);
    let yardstick = "append of 64 B to a file";
    report.over(&format!("{name}, no sync"), &times, yardstick, 25.0);
    let mut of_slowest = SideBySide::default();
    of_slowest.push(slowest, times.yardstick());
    report.over(
        &format!("{name}, no sync, slowest 20 K of 240 K"),
        &of_slowest,
        yardstick,
        25.0,
    );

    let journal = open(SyncPolicy::Always);
    let mut file = std::fs::File::create(folder.join("synced")).expect("a file");
    let ours = || {
        next += COMMITS;
        commits(&journal, next, 100)
    };
    let bare = || {
        seconds(100, || {
            for _ in 0..100 {
                file.write_all(&[0; 64]).expect("a write");
                file.sync_data().expect("a sync");
            }
        })
    };
    let times = SideBySide::measure(11, ours, bare);
    drop(journal);
    // A folder that stays among the temporary ones is no reason to fail.
    let _ = std::fs::remove_dir_all(&folder);
    report.over(&format!("{name}, a sync each"), &times, "a bare sync", 2.0);
}
