//! Every program of `tests/programs` prints what the file beside it says, under both policies, on one, two and eight
//! threads, whether calls are remembered or not, and leaves the same environment.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use pleach::Environment;
use pleach::env::IdSeed;
use pleach_metta::{Evaluator, Policy};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");

fn programs() -> Vec<PathBuf> {
    let mut programs: Vec<PathBuf> = fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "metta"))
        .collect();
    programs.sort();
    programs
}

/// What the program prints, and the environment it leaves, evaluated in a fork of `empty` with that room for remembered
/// calls.
fn output(program: &Path, policy: Policy, threads: usize, memo: usize, empty: &Environment) -> (String, Environment) {
    let evaluator = Evaluator::builder()
        .policy(policy)
        .threads(threads)
        .memo(memo)
        .worthwhile(if threads == 8 { 0 } else { 50 })
        .fuel(10_000_000)
        .folder(FOLDER)
        .output(|_| {})
        .build()
        .unwrap();
    // Names of spaces and states are the same each time if the environment's seed is.
    let mut environment = empty.clone();
    environment.set_id_seed(IdSeed::root());
    let run = evaluator
        .run(environment, &fs::read_to_string(program).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    run.environment.check();
    let lines = run.results.iter().map(|results| {
        let results: Vec<String> = results.iter().map(ToString::to_string).collect();
        format!("[{}]\n", results.join(", "))
    });
    (lines.collect(), run.environment)
}

#[test]
fn programs_print_what_is_expected() {
    let mut failures = Vec::new();
    for program in programs() {
        let isolated = program.with_extension("expected");
        let sequential = program.with_extension("sequential.expected");
        for policy in [Policy::Isolated, Policy::Sequential] {
            let file = if policy == Policy::Sequential && sequential.exists() {
                &sequential
            } else {
                &isolated
            };
            let expected = fs::read_to_string(file).unwrap();
            let (found, _) = output(&program, policy, 1, 0, &Environment::new());
            if found != expected {
                let name = program.file_stem().unwrap().display();
                failures.push(format!("{name}, {policy:?}\nexpected\n{expected}found\n{found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn programs_are_the_same_on_any_number_of_threads() {
    for program in programs() {
        for policy in [Policy::Isolated, Policy::Sequential] {
            let empty = Environment::new();
            let (expected, world) = output(&program, policy, 1, 0, &empty);
            for (threads, memo) in [(2, 0), (8, 0), (1, 1_000), (2, 20)] {
                let (found, found_world) = output(&program, policy, threads, memo, &empty);
                let what = format!("{} on {threads} threads, {memo} calls remembered", program.display());
                assert_eq!(found, expected, "{what}");
                assert_eq!(found_world, world, "{what}");
                assert!(world.diff(&found_world).is_empty(), "{what}");
            }
        }
    }
}
