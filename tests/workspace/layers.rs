//! The direction of dependencies between crates, between modules of a crate, and between files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::imports::{Module, Sources, circles};

/// The table of layers in `docs/design.md`: each crate with its modules in order.
fn documented() -> Vec<(String, Vec<String>)> {
    let design = include_str!("../../docs/design.md");
    let table = design.split_once("## Layers").unwrap().1.split("\n## ").next().unwrap();
    let names = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (names(cells[1]).remove(0), names(cells[2]))
    })
    .collect()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The packages of the workspace, by name.
fn packages() -> BTreeMap<String, Value> {
    let packages = metadata()["packages"].as_array().unwrap().clone();
    packages
        .into_iter()
        .map(|package| (package["name"].as_str().unwrap().to_owned(), package))
        .collect()
}

fn sources_of(package: &Value) -> PathBuf {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().join("src")
}

#[test]
fn crates_depend_on_earlier_crates_only() {
    let packages = packages();
    let documented = documented();
    for (index, (name, _)) in documented.iter().enumerate() {
        let above: Vec<&str> = documented[..index].iter().map(|(name, _)| name.as_str()).collect();
        for dependency in packages[name]["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            let is_for_tests = dependency["kind"] == "dev";
            if packages.contains_key(on) && !is_for_tests {
                assert!(above.contains(&on), "{name} depends on {on}");
            }
        }
    }
    let others: Vec<&String> = packages
        .keys()
        .filter(|name| documented.iter().all(|(documented, _)| documented != *name))
        .collect();
    assert_eq!(
        others,
        ["pleach-benches", "pleach-testkit"],
        "not in the table of layers"
    );
}

#[test]
fn modules_import_from_earlier_modules_only() {
    let packages = packages();
    for (name, layers) in documented() {
        let imports = Sources::read(&sources_of(&packages[&name])).imports();
        let mut top: Vec<&String> = imports.keys().filter_map(|module| module.first()).collect();
        top.dedup();
        let mut listed: Vec<&String> = layers.iter().collect();
        listed.sort();
        assert_eq!(
            top, listed,
            "the modules of {name}, and those that docs/design.md lists"
        );
        let rank = |module: &Module| {
            module
                .first()
                .and_then(|top| layers.iter().position(|layer| layer == top))
        };
        for (module, targets) in &imports {
            for target in targets {
                // The root of the crate declares all of them.
                if let (Some(from), Some(to)) = (rank(module), rank(target)) {
                    assert!(
                        to <= from,
                        "{name}: {} imports {}",
                        module.join("::"),
                        target.join("::")
                    );
                }
            }
        }
    }
}

#[test]
fn import_circles_are_within_one_concept() {
    let packages = packages();
    let mut bad = Vec::new();
    for (name, _) in documented() {
        for circle in circles(&Sources::read(&sources_of(&packages[&name])).imports()) {
            let folder = circle[0].first();
            let is_one = circle.iter().all(|module| module.first() == folder);
            if circle.len() > MAX_CIRCLE || !is_one {
                let files: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
                bad.push(format!("{name}: {}", files.join(", ")));
            }
        }
    }
    assert!(bad.is_empty(), "files that import each other:\n{}", bad.join("\n"));
}

/// The maximum number of files of one concept that may import each other.
const MAX_CIRCLE: usize = 3;
