//! Replays the fuzz corpus. `fuzz/Cargo.toml` documents fuzzing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../../../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Runs all inputs of a target's corpus.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty());
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        if let Err(panic) = std::panic::catch_unwind(|| run(&bytes)) {
            eprintln!("found by {}", input.display());
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn archive() {
    replay("archive", targets::archive::run);
}

#[test]
fn environment() {
    replay("environment", targets::environment::run);
}

#[test]
fn journal() {
    replay("journal", targets::journal::run);
}

#[test]
fn load() {
    replay("load", targets::load::run);
}

#[test]
fn map() {
    replay("map", targets::map::run);
}

#[test]
fn ord() {
    replay("ord", targets::ord::run);
}

#[test]
fn parser() {
    replay("parser", targets::parser::run);
}

#[test]
fn path() {
    replay("path", targets::path::run);
}

#[test]
fn program() {
    replay("program", targets::program::run);
}

#[test]
fn trie() {
    replay("trie", targets::trie::run);
}

#[test]
fn vector() {
    replay("vector", targets::vector::run);
}
