//! Checks of files that the compiler doesn't read.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files with this extension in these folders, subfolders included.
fn files(folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| top().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|is| is == extension) {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "no file named *.{extension}");
    files
}

fn sources() -> Vec<PathBuf> {
    let mut sources = files(&["src", "tests", "benches", "examples", "crates"], "rs");
    // Unpacked packages of `cargo package`.
    sources.retain(|path| !name(path).contains("target/"));
    sources
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn name(path: &Path) -> String {
    path.strip_prefix(top()).unwrap().display().to_string()
}

/// Whether this file is the root of a crate by cargo's conventions.
fn is_root(path: &Path) -> bool {
    let name = name(path).replace('\\', "/");
    let mut parts: Vec<&str> = name.split('/').collect();
    if parts.starts_with(&["crates"]) {
        parts.drain(..2);
    }
    matches!(
        parts.as_slice(),
        ["src", "lib.rs" | "main.rs"]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

/// The candidate files of the modules declared in `path`.
fn declared(path: &Path, is_root: bool) -> Vec<PathBuf> {
    let beside = path.parent().unwrap();
    let within = if is_root || path.ends_with("mod.rs") {
        beside.to_path_buf()
    } else {
        path.with_extension("")
    };
    let text = read(path);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut declared = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let words: Vec<&str> = line.split([' ', ';']).collect();
        let Some(at) = words.iter().position(|word| *word == "mod") else {
            continue;
        };
        if !line.ends_with(';') || !words[..at].iter().all(|word| word.starts_with("pub")) {
            continue;
        }
        let attribute = index.checked_sub(1).map_or("", |before| lines[before]);
        if let Some(elsewhere) = attribute.strip_prefix("#[path = \"") {
            declared.push(beside.join(elsewhere.trim_end_matches("\"]")));
        }
        declared.push(within.join(words[at + 1]).with_extension("rs"));
        declared.push(within.join(words[at + 1]).join("mod.rs"));
    }
    declared
}

/// The files of the crates with these roots.
fn reached(roots: impl Iterator<Item = PathBuf>) -> BTreeSet<PathBuf> {
    let mut reached: BTreeSet<PathBuf> = roots.collect();
    let mut todo: Vec<PathBuf> = reached.iter().cloned().collect();
    while let Some(path) = todo.pop() {
        for module in declared(&path, is_root(&path)) {
            if module.is_file() && reached.insert(module.clone()) {
                todo.push(module);
            }
        }
    }
    reached
}

#[test]
fn source_files_are_part_of_a_crate() {
    let all = sources();
    let reached = reached(all.iter().filter(|path| is_root(path)).cloned());
    let orphans: Vec<String> = all
        .iter()
        .filter(|path| !reached.contains(*path))
        .map(|path| name(path))
        .collect();
    assert_eq!(orphans, [""; 0], "no `mod` declares these");
}

#[test]
fn test_crates_have_tests() {
    let is_test = |path: &PathBuf| read(path).lines().any(|line| line.trim() == "#[test]");
    let idle: Vec<String> = sources()
        .into_iter()
        .filter(|path| is_root(path) && name(path).contains("tests/"))
        .filter(|root| !reached(std::iter::once(root.clone())).iter().any(is_test))
        .map(|root| name(&root))
        .collect();
    assert_eq!(idle, [""; 0]);
}

/// The documents at the top and in `docs`.
fn documents() -> Vec<PathBuf> {
    let mut documents = files(&["docs"], "md");
    documents.extend(["README.md", "CHANGELOG.md"].map(|name| top().join(name)));
    documents
}

#[test]
fn links_of_documents_lead_to_files() {
    let mut checked = 0;
    for document in documents() {
        let text = read(&document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                let target = document.parent().unwrap().join(file);
                assert!(target.exists(), "{} links to {file}", name(&document));
                checked += 1;
            }
        }
    }
    assert!(checked > 0);
}

/// Whether this text cites a line of a source file, which may move.
fn cites_a_line(text: &str) -> bool {
    ["rs:", "toml:", "sh:", "#L"].iter().any(|mark| {
        text.match_indices(mark).any(|(at, _)| {
            let starts_well = *mark == "#L" || text[..at].ends_with('.');
            starts_well && text[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

#[test]
fn no_documentation_cites_a_line() {
    assert!(cites_a_line("see env.rs:12") && cites_a_line("env.rs#L12"));
    assert!(!cites_a_line("see env.rs: it has 12") && !cites_a_line("orders:12") && !cites_a_line("#Lines"));

    let of_sources = sources().into_iter().flat_map(|path| {
        let comments = |line: &&str| line.trim_start().starts_with("//");
        let text: Vec<String> = read(&path).lines().filter(comments).map(str::to_owned).collect();
        text.into_iter().map(move |line| (name(&path), line))
    });
    let of_documents = documents().into_iter().flat_map(|path| {
        let lines: Vec<String> = read(&path).lines().map(str::to_owned).collect();
        lines.into_iter().map(move |line| (name(&path), line))
    });
    let citing: Vec<(String, String)> = of_sources
        .chain(of_documents)
        .filter(|(_, line)| cites_a_line(line))
        .collect();
    assert!(citing.is_empty(), "{citing:#?}");
}

#[test]
fn the_readme_names_each_feature_and_the_lowest_rust() {
    let readme = read(&top().join("README.md"));
    let manifest = read(&top().join("Cargo.toml"));
    let features = manifest
        .split_once("[features]")
        .unwrap()
        .1
        .split("\n[")
        .next()
        .unwrap();
    let features: BTreeSet<&str> = features
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|feature| *feature != "default")
        .collect();
    let table = readme
        .split_once("## Features")
        .unwrap()
        .1
        .split("\n## ")
        .next()
        .unwrap();
    let named: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|names| names.split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(named, features);
    let rust = concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or later");
    assert!(readme.contains(rust), "the README does not say: {rust}");
}

#[test]
fn collections_for_one_thread_are_the_same_sources() {
    let names = |folder: &str| -> BTreeSet<_> {
        let entries = fs::read_dir(top().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let (shared, own) = ("crates/pleach-collections/src", "crates/pleach-collections-rc/src");
    assert_eq!(names(shared), names(own));
    for entry in names(own) {
        let same = |folder: &str| fs::canonicalize(top().join(folder).join(&entry)).unwrap();
        let is_own = ["count.rs", "lib.rs"].iter().any(|file| entry == *file);
        assert_eq!(same(shared) != same(own), is_own, "{entry:?}");
    }
}
