//! The rows of saving, loading and the journal.

use std::io::Write;

use pleach::persist::{Journal, NoCodec, SyncPolicy};
use pleach::{Atom, Environment};

use super::env::{each, edge, facts};
use crate::common::report::Report;
use crate::common::timing::{median, seconds};

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
    let time = median(
        (0..5)
            .map(|_| {
                bytes.clear();
                seconds(n, || env.save_to(&mut bytes, &NoCodec).expect("a save"))
            })
            .collect(),
    );
    // At least 50 MB/s or 1 µs a fact, whichever is slower: facts of under 50 bytes are allowed the microsecond.
    report.at_most(&format!("{name}, a fact, 1 M"), time * 1e6, "µs", 1.0);
    report.at_most(
        &format!("{name}, size of a fact, 1 M"),
        bytes.len() as f64 / n as f64,
        "B",
        20.0,
    );
}

fn load(report: &mut Report, name: &str) {
    let n = 1_000_000;
    let mut bytes = Vec::new();
    facts(n).save_to(&mut bytes, &NoCodec).expect("a save");
    report.at_most(
        &format!("{name}, a fact, 1 M"),
        time_of_load(&bytes, n) * 1e6,
        "µs",
        2.5,
    );
}

/// A rule is decoded, checked, put among the facts and indexed.
fn load_rules(report: &mut Report, name: &str) {
    let n = 100_000;
    let parse = |text: String| text.parse::<Atom>().expect("an atom");
    let mut world = Environment::<Atom>::new();
    world.add_rules_bulk((0..n).map(|i| {
        (
            parse(format!("(step{} $x {i})", i % 1_000)),
            parse(format!("(combine (step{} $x {i}) (+ $x 1))", i % 999)),
        )
    }));
    let mut bytes = Vec::new();
    world.save_to(&mut bytes, &NoCodec).expect("a save");
    report.at_most(&format!("{name}, 100 K"), time_of_load(&bytes, n) * 1e6, "µs", 2.5);
}

/// In seconds, for each of the `n` that the file holds.
fn time_of_load(bytes: &[u8], n: usize) -> f64 {
    median(
        (0..5)
            .map(|_| {
                let mut loaded = Environment::<Atom>::new();
                seconds(n, || loaded = Environment::load_from(bytes, &NoCodec).expect("a load"))
            })
            .collect(),
    )
}

/// Commits of one fact each, on one thread.
fn journal(report: &mut Report, name: &str) {
    let folder = std::env::temp_dir().join(format!("pleach-bench-{}", std::process::id()));
    // Rounds of so many commits, all into one journal: the time of one, in the median round and in the slowest.
    let commit = |sync, commits: usize| {
        let (journal, _) = Journal::<Atom>::open_with(&folder, sync, NoCodec).expect("a journal");
        let mut next = 0;
        let rounds = (0..11).map(|_| {
            seconds(commits, || {
                for _ in 0..commits {
                    next += 1;
                    let mut fork = journal.snapshot();
                    fork.add_fact(edge(next, next * 7));
                    journal.commit(&mut fork).expect("a commit");
                }
            })
        });
        let rounds: Vec<f64> = rounds.collect();
        let slowest = rounds.iter().copied().fold(0.0, f64::max);
        (median(rounds), slowest)
    };
    let (usual, slowest) = commit(SyncPolicy::Never, 20_000);
    report.at_most(&format!("{name}, no sync"), usual * 1e6, "µs", 20.0);
    report.at_most(
        &format!("{name}, no sync, slowest 20 K of 220 K"),
        slowest * 1e6,
        "µs",
        20.0,
    );
    let (synced, _) = commit(SyncPolicy::Always, 100);
    // What the system takes to append as much to a file and sync it.
    let mut file = std::fs::File::create(folder.join("bare")).expect("a file");
    let bare = each(10, |_| {
        file.write_all(&[0; 64]).expect("a write");
        file.sync_data().expect("a sync");
    });
    let _ = std::fs::remove_dir_all(&folder);
    report.at_most(&format!("{name}, a sync each"), synced / bare, "x a bare sync", 2.0);
}
