//! Imports between the source files of a crate, parsed from their text.
//!
//! An import is a `use` declaration, or a path in the code, that begins with `crate`, `self`, `super` or a child module. It
//! leads to the file that defines the name: re-exports are followed. A re-export isn't an import, since the root of a folder
//! doesn't depend on the files whose names it exports. Test modules are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of a module within its crate: empty for the root.
pub(crate) type Module = Vec<String>;

/// A module in a file of its own.
struct Source {
    /// The text without comments, strings and test items.
    text: String,
    /// The names in its `use` declarations, and their paths.
    exports: BTreeMap<String, Vec<String>>,
}

/// The modules of a crate that have files of their own.
pub(crate) struct Sources(BTreeMap<Module, Source>);

impl Sources {
    /// Reads the crate with this source folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut sources = BTreeMap::new();
        let mut pending = vec![(Module::new(), root(folder), folder.to_path_buf())];
        while let Some((module, file, children)) = pending.pop() {
            let text = code(&fs::read_to_string(&file).unwrap());
            for child in declared(&text) {
                let file = children.join(&child).with_extension("rs");
                let mut path = module.clone();
                path.push(child.clone());
                pending.push((path, file, children.join(child)));
            }
            let exports = uses(&text)
                .into_iter()
                .flat_map(|declaration| tree(&declaration.tree))
                .map(|(path, name)| (name, path))
                .collect();
            sources.insert(module, Source { text, exports });
        }
        Self(sources)
    }

    /// The modules that each module imports from.
    pub(crate) fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let of = |(module, source): (&Module, &Source)| {
            let declared = uses(&source.text)
                .into_iter()
                .filter(|declaration| !declaration.is_public)
                .flat_map(|declaration| tree(&declaration.tree))
                .map(|(path, _)| path);
            let targets = declared
                .chain(paths(&source.text))
                .filter_map(|path| self.resolve(module, &path, 0))
                .filter(|target| target != module)
                .collect();
            (module.clone(), targets)
        };
        self.0.iter().map(of).collect()
    }

    /// The module of this crate that defines `path` as seen from `module`, if any.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        // A name that a file imports from its own module leads back to the file.
        if depth == 8 {
            return None;
        }
        let mut at = module.clone();
        let mut rest = path;
        let (first, after) = rest.split_first()?;
        match first.as_str() {
            "crate" => (at, rest) = (Module::new(), after),
            "self" => rest = after,
            "super" => {
                while let Some(("super", after)) = rest.split_first().map(|(first, after)| (first.as_str(), after)) {
                    at.pop();
                    rest = after;
                }
            }
            name if self.0.contains_key(&child(&at, name)) => {}
            _ => return None,
        }
        while let Some((name, after)) = rest.split_first() {
            if !self.0.contains_key(&child(&at, name)) {
                break;
            }
            at.push(name.clone());
            rest = after;
        }
        if let Some(name) = rest.first()
            && let Some(path) = self.0[&at].exports.get(name)
            && let Some(target) = self.resolve(&at, path, depth + 1)
        {
            return Some(target);
        }
        Some(at)
    }
}

/// The strongly connected components of more than one module.
pub(crate) fn circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Vec<Module>> {
    let reached = |from: &Module| {
        let mut reached = BTreeSet::new();
        let mut pending: Vec<&Module> = imports[from].iter().collect();
        while let Some(module) = pending.pop() {
            if reached.insert(module.clone()) {
                pending.extend(&imports[module]);
            }
        }
        reached
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> = imports.keys().map(|module| (module, reached(module))).collect();
    let mut circles = BTreeSet::new();
    for (module, others) in &reached {
        let circle: Vec<Module> = others
            .iter()
            .filter(|other| reached[other].contains(*module))
            .cloned()
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn root(folder: &Path) -> PathBuf {
    let main = folder.join("main.rs");
    if main.is_file() { main } else { folder.join("lib.rs") }
}

fn child(module: &Module, name: &str) -> Module {
    let mut child = module.clone();
    child.push(name.to_owned());
    child
}

/// The text without comments, strings and test items.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let bare = line.trim();
        if bare == "#[cfg(test)]" || bare.starts_with("#[cfg(all(test") || bare == "#[cfg(doctest)]" {
            // The item ends at a line with the same indentation.
            let depth = line.len() - line.trim_start().len();
            let is_end = |line: &str| line.len() - line.trim_start().len() == depth;
            for line in lines.by_ref() {
                let ends = line.trim_end().ends_with([';', '}', ',']) && is_end(line);
                if ends {
                    break;
                }
            }
            continue;
        }
        if !bare.starts_with("//") {
            code.push_str(line.split(" // ").next().unwrap());
            code.push('\n');
        }
    }
    code
}

/// The declared modules that have files of their own.
fn declared(text: &str) -> Vec<String> {
    let name = |line: &str| {
        let (before, after) = line.trim().split_once("mod ")?;
        let is_visibility = before.is_empty() || before.starts_with("pub");
        after.strip_suffix(';').filter(|_| is_visibility).map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}

struct Use {
    is_public: bool,
    tree: String,
}

/// The `use` declarations of a file.
fn uses(text: &str) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("use ") {
        let line = before.rsplit('\n').next().unwrap().trim();
        let Some((tree, after)) = after.split_once(';') else {
            break;
        };
        if line.is_empty() || line.starts_with("pub") {
            uses.push(Use {
                is_public: line.starts_with("pub"),
                tree: tree.split_whitespace().collect::<Vec<_>>().join(" "),
            });
            rest = after;
        } else {
            rest = &rest[before.len() + 4..];
        }
    }
    uses
}

/// The paths of a `use` tree, each with the name that it binds.
fn tree(text: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut pending = vec![(Vec::<String>::new(), text.trim().to_owned())];
    while let Some((prefix, text)) = pending.pop() {
        if let Some((head, group)) = text.split_once('{') {
            let mut prefix = prefix;
            prefix.extend(segments(head));
            let group = group.strip_suffix('}').unwrap();
            let mut depth = 0;
            let parts = group.split(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                c == ',' && depth == 0
            });
            for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
                pending.push((prefix.clone(), part.to_owned()));
            }
        } else {
            let (path, name) = text.split_once(" as ").unwrap_or((&text, ""));
            let mut whole = prefix;
            whole.extend(segments(path));
            if whole.len() > 1 && whole.last().is_some_and(|last| last == "self") {
                whole.pop();
            }
            let name = if name.is_empty() {
                whole.last().unwrap().clone()
            } else {
                name.to_owned()
            };
            found.push((whole, name));
        }
    }
    found
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    let names = path.split("::").map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned)
}

/// The paths in the code that begin with `crate`, `self` or `super`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::"] {
        for (at, _) in text.match_indices(start) {
            if text[..at].ends_with(|c: char| is_name(c) || c == ':') {
                continue;
            }
            let end = text[at..]
                .find(|c: char| !is_name(c) && c != ':')
                .map_or(text.len(), |end| at + end);
            found.push(segments(&text[at..end]).collect());
        }
    }
    found
}

#[test]
fn trees_and_paths_are_read() {
    let names = |text: &str| {
        let mut found: Vec<String> = tree(text)
            .iter()
            .map(|(path, name)| format!("{} {name}", path.join("::")))
            .collect();
        found.sort();
        found
    };
    assert_eq!(
        names("super::{a::{self, B}, c::D as E}"),
        ["super::a a", "super::a::B B", "super::c::D E"]
    );
    assert_eq!(paths("let x = crate::a::b(super::c);").len(), 2);
    let text = code("use a;\n#[cfg(test)]\nmod tests {\n    use b;\n}\n// use c;\npub use self::d::{\n    E,\n};\n");
    let found = uses(&text);
    assert_eq!(found.len(), 2);
    assert!(found[1].is_public && found[1].tree == "self::d::{ E, }");
}

#[test]
fn circles_are_found() {
    let module = |name: &str| vec![name.to_owned()];
    let imports = |pairs: &[(&str, &[&str])]| {
        let of = |(from, to): &(&str, &[&str])| (module(from), to.iter().map(|to| module(to)).collect());
        pairs.iter().map(of).collect()
    };
    let found = circles(&imports(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &["a"])]));
    assert_eq!(found, [vec![module("b"), module("c")]]);
}
