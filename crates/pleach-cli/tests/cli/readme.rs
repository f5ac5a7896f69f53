//! The commands in the README can be pasted.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

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
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    fs::create_dir(sandbox.path().join("examples")).unwrap();
    for file in ["tour.metta", "more-roads.metta", "roads.rules"] {
        fs::copy(examples.join(file), sandbox.path().join("examples").join(file)).unwrap();
    }

    let mut ran = 0;
    for line in block.lines().filter(|line| line.starts_with("cargo pleach ")) {
        let words = words(line);
        let arguments = &words[2..];
        if arguments == ["repl"] {
            continue;
        }
        ran += 1;
        if line.contains("until Ctrl-C") {
            let mut child = sandbox.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
            let first = BufReader::new(child.stdout.take().unwrap()).lines().next();
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(first.is_some(), "{line}");
            continue;
        }
        let code = i32::from(line.contains("exits with 1"));
        ended(sandbox.command(arguments).output().unwrap(), code);
    }
    assert!(ran > 10, "{block}");
}
