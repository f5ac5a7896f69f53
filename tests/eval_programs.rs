//! Every program of `tests/programs` prints what the file beside it says, under both policies, on one, two and eight
//! threads.
#![cfg(feature = "eval")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use pleach::Environment;
use pleach::eval::{Evaluator, Policy};

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

fn output(program: &Path, policy: Policy, threads: usize) -> (String, Environment) {
    let evaluator = Evaluator::builder()
        .policy(policy)
        .threads(threads)
        .worthwhile(if threads == 8 { 0 } else { 50 })
        .fuel(10_000_000)
        .folder(FOLDER)
        .output(|_| {})
        .build();
    let run = evaluator
        .run(Environment::new(), &fs::read_to_string(program).unwrap())
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
            let (found, _) = output(&program, policy, 1);
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
            let (expected, _) = output(&program, policy, 1);
            for threads in [2, 8] {
                let (found, _) = output(&program, policy, threads);
                assert_eq!(found, expected, "{} on {threads} threads", program.display());
            }
        }
    }
}
