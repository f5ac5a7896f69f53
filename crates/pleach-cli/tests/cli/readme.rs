//! The commands of the README run as they stand there, one after the other.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use super::place::{Place, ended};

/// The words of a command, without its comment.
fn words(line: &str) -> Vec<&str> {
    let line = line.split(" #").next().unwrap();
    let quoted = |(index, part): (usize, &'static str)| -> Vec<&'static str> {
        match index % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        }
    };
    let line: &'static str = line.to_owned().leak();
    line.split('\'').enumerate().flat_map(quoted).collect()
}

#[test]
fn commands_run_as_they_stand() {
    let readme = include_str!("../../../../README.md");
    let section = readme.split_once("### On the command line").unwrap().1;
    let block = section.split("```").nth(1).unwrap();
    let place = Place::new("readme");
    let tour = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/tour.metta");
    fs::create_dir(place.path().join("examples")).unwrap();
    fs::copy(tour, place.path().join("examples/tour.metta")).unwrap();

    let mut ran = 0;
    for line in block.lines().filter(|line| line.starts_with("cargo pleach ")) {
        let words = words(line);
        let arguments = &words[2..];
        if arguments == ["repl"] {
            continue;
        }
        let code = i32::from(line.contains("exits with 1"));
        ended(place.command(arguments).output().unwrap(), code);
        ran += 1;
    }
    assert!(ran > 10, "{block}");
}
