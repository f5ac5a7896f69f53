//! The commands in the README can be pasted.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use super::sandbox::{Sandbox, ended};

/// Splits a command into words, without its comment.
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
fn the_commands_of_the_readme_run_in_order() {
    let readme = include_str!("../../../../README.md");
    let section = readme.split_once("### On the command line").unwrap().1;
    let block = section.split("```").nth(1).unwrap();
    let sandbox = Sandbox::new("readme");
    let tour = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/tour.metta");
    fs::create_dir(sandbox.path().join("examples")).unwrap();
    fs::copy(tour, sandbox.path().join("examples/tour.metta")).unwrap();

    let mut ran = 0;
    for line in block.lines().filter(|line| line.starts_with("cargo pleach ")) {
        let words = words(line);
        let arguments = &words[2..];
        if arguments == ["repl"] {
            continue;
        }
        let code = i32::from(line.contains("exits with 1"));
        ended(sandbox.command(arguments).output().unwrap(), code);
        ran += 1;
    }
    assert!(ran > 10, "{block}");
}
