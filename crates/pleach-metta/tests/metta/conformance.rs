//! Compares the results of each program below `tests/conformance` with those that the reference implementation printed.
//!
//! `NAME.reference`, written by `record.py`, has a line for each `!` of `NAME.metta`. The lists are equal if they are as
//! multisets, up to the names of variables. `differences` has the lists that aren't equal, by the reason: a difference that
//! isn't listed, and a listed one that has gone, fail the test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Parser, alpha_eq};
use pleach_metta::{Evaluator, Policy};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance");

/// The programs, by name: `TOPIC/NAME`.
fn programs() -> BTreeSet<String> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let topics = entries(Path::new(FOLDER)).filter(|path| path.metadata().unwrap().is_dir());
    let files = topics.flat_map(|topic| entries(&topic).collect::<Vec<_>>());
    let programs = files.filter(|path| path.extension().is_some_and(|extension| extension == "metta"));
    programs
        .map(|path| {
            path.with_extension("")
                .strip_prefix(FOLDER)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn read(name: &str, extension: &str) -> String {
    let path = PathBuf::from(format!("{FOLDER}/{name}.{extension}"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The results of each `!`. The program goes on after an evaluation that fails, whose result is `(raised MESSAGE)`.
fn results(source: &str) -> Vec<Vec<Atom>> {
    // The reference lets siblings share one space.
    let evaluator = Evaluator::builder()
        .module_folders([FOLDER])
        .policy(Policy::Sequential)
        .fuel(20_000)
        .output(|_| {})
        .build()
        .unwrap();
    let mut environment = Environment::new();
    let mut lists = Vec::new();
    for (index, item) in (0..).zip(Parser::new(source)) {
        environment.set_id_seed(IdSeed::root().child(index));
        let mut program = evaluator.program(environment.clone(), [item]);
        lists.extend(program.by_ref().map(|evaluated| match evaluated {
            Ok(evaluated) => evaluated.results,
            Err(error) => vec![Atom::expression([
                Atom::symbol("raised"),
                Atom::string(error.to_string()),
            ])],
        }));
        environment = program.into_environment();
    }
    lists
}

/// Returns whether the lists are equal as multisets, up to the names of variables in each item.
fn equal(found: &[Atom], mut expected: Vec<Atom>) -> bool {
    // Values such as states are compared by what is printed.
    let found = found
        .iter()
        .map(|atom| atom.to_string().parse().unwrap_or_else(|_| atom.clone()));
    found.len() == expected.len()
        && found.into_iter().all(|atom: Atom| {
            let at = expected.iter().position(|other| alpha_eq(&atom, other));
            at.map(|at| expected.swap_remove(at)).is_some()
        })
}

/// The listed differences: after a line `; REASON`, a line `TOPIC/NAME NUMBER` for each `!`, counted from one.
fn listed() -> BTreeSet<String> {
    let text = fs::read_to_string(format!("{FOLDER}/differences")).unwrap();
    let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
    assert!(
        lines.peek().is_none_or(|line| line.starts_with("; ")),
        "a difference without a reason"
    );
    let listed: Vec<_> = lines.filter(|line| !line.starts_with(';')).map(str::to_owned).collect();
    let set: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "a difference is listed twice");
    set
}

#[test]
fn the_guide_names_each_built_in_and_the_figures() {
    let guide = include_str!("../../../../docs/metta.md");
    let section = guide.split("## What differs on purpose").next().unwrap();
    let named: BTreeSet<&str> = section.split('`').skip(1).step_by(2).collect();
    let unnamed: Vec<_> = pleach_metta::builtins().filter(|name| !named.contains(name)).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
    let (programs, lists) = (programs().len(), results_recorded());
    let figures = format!("{} of {lists} result lists are equal", lists - listed().len());
    assert!(guide.contains(&figures), "{figures}");
    assert!(guide.contains(&format!("has {programs} programs")), "{programs}");
}

/// The number of result lists that the reference printed.
fn results_recorded() -> usize {
    let lines = programs()
        .into_iter()
        .map(|name| read(&name, "reference").lines().count());
    lines.sum()
}

#[test]
fn results_equal_those_of_the_reference() {
    let listed = listed();
    let (mut lists, mut differences, mut unlisted) = (0, BTreeSet::new(), String::new());
    for name in programs() {
        let found = results(&read(&name, "metta"));
        let recorded = read(&name, "reference");
        assert_eq!(found.len(), recorded.lines().count(), "{name}: record it again");
        for (number, (found, recorded)) in (1..).zip(found.iter().zip(recorded.lines())) {
            lists += 1;
            let expected: Atom = recorded
                .parse()
                .unwrap_or_else(|error| panic!("{name} {number}: {error}"));
            let Atom::Expression(expected) = expected else {
                panic!("{name} {number}: not a list")
            };
            let key = format!("{name} {number}");
            if !equal(found, expected.to_vec()) {
                if !listed.contains(&key) {
                    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
                    unlisted += &format!("{key}\n  found     ({})\n  reference {recorded}\n", found.join(" "));
                }
                differences.insert(key);
            }
        }
    }
    let agree = lists - differences.len();
    let part = 100.0 * agree as f64 / lists as f64;
    println!("{agree} of {lists} lists agree with the reference: {part:.1} %");
    assert!(part >= 95.0, "{agree} of {lists} lists agree with the reference");
    assert!(unlisted.is_empty(), "differences that are not listed:\n{unlisted}");
    let gone: Vec<_> = listed.difference(&differences).collect();
    assert!(gone.is_empty(), "listed differences that have gone: {gone:#?}");
}
