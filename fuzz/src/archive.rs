//! Archives: folders with fuzzed files open as valid environments, or are errors that name the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pleach::persist::{Archive, ArchiveError, LoadError, NoCodec, RevisionId};
use pleach::{Atom, Environment};

use super::folder;
use super::forge::{self, ARCHIVE, Fit};
use super::load::save;

/// Greatest number of files: further ones are ignored, so that an input takes milliseconds.
const MOST: usize = 12;

/// Splits the bytes into the files of an archive, each at its magic number. They are opened as they are, with valid
/// checksums, and with all else valid too.
pub fn run(data: &[u8]) {
    let files = split(data);
    folder::with(|folder| {
        open(folder, &files);
        for fit in [Fit::Blocks, Fit::All] {
            open(folder, &forge::archive(&files, fit));
        }
    });
}

fn split(data: &[u8]) -> Vec<Vec<u8>> {
    let mut starts: Vec<usize> = data
        .windows(ARCHIVE.len())
        .enumerate()
        .filter_map(|(at, window)| (at == 0 || window == ARCHIVE).then_some(at))
        .take(MOST + 1)
        .collect();
    if starts.len() <= MOST {
        starts.push(data.len());
    }
    starts.windows(2).map(|ends| data[ends[0]..ends[1]].to_vec()).collect()
}

/// Writes the files: revisions and chunks under their ids, names under the name in them or another. Returns the ids.
fn lay(folder: &Path, files: &[Vec<u8>]) -> Vec<String> {
    let _ = fs::remove_dir_all(folder);
    for part in ["chunks", "revisions", "names"] {
        fs::create_dir_all(folder.join(part)).expect("a folder can be made");
    }
    let mut ids = Vec::new();
    for file in files {
        let path = if forge::is_name(file) {
            let name = forge::name_in(file).filter(|name| {
                let mut bytes = name.bytes();
                !name.is_empty() && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
            let name = name.unwrap_or("other");
            let kind = if name.starts_with('t') { "tag" } else { "branch" };
            folder.join("names").join(format!("{kind}-{name}"))
        } else if forge::is_chunk(file) {
            let id: String = forge::id(file).iter().map(|byte| format!("{byte:02x}")).collect();
            folder.join("chunks").join(id)
        } else {
            let id: String = forge::id(file).iter().map(|byte| format!("{byte:02x}")).collect();
            let path = folder.join("revisions").join(&id);
            if !ids.contains(&id) {
                ids.push(id);
            }
            path
        };
        // The name may be too long for a file.
        let _ = fs::write(path, file);
    }
    ids
}

/// Asserts that an error is one of the archive's content, not of the system.
fn may_fail<R>(result: Result<R, ArchiveError>) -> Option<R> {
    match result {
        Ok(result) => Some(result),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            match error {
                ArchiveError::Load {
                    path,
                    source: LoadError::Corrupt { offset, .. },
                } => {
                    let length = fs::metadata(&path).expect("the file is there").len();
                    assert!(offset <= length, "{offset} of {length} in {}", path.display());
                }
                ArchiveError::Misnamed(_) | ArchiveError::Missing(_) | ArchiveError::MissingChunk(_) => {}
                error => panic!("{error:?}"),
            }
            None
        }
    }
}

fn open(folder: &Path, files: &[Vec<u8>]) {
    let ids = lay(folder, files);
    let open = || Archive::<Atom>::open(folder).expect("the folders are there");
    let archive = open();
    // A branch for each revision with a valid header.
    let mut branches: Vec<(String, &String)> = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let name = format!("r{number}");
        match archive.branch(&name, id) {
            Err(ArchiveError::NameInUse(_)) => {}
            made => {
                if let Some(made) = may_fail(made) {
                    assert_eq!(made.to_string(), *id);
                    branches.push((name, id));
                }
            }
        }
    }
    let found = archive.verify().expect("the folder can be read");
    let is_sound = found.problems.is_empty();
    for problem in found.problems {
        may_fail::<()>(Err(problem));
    }
    for name in [archive.branches(), archive.tags()] {
        for (_, id) in name.expect("the folder can be read") {
            may_fail(id);
        }
    }
    for (name, id) in &branches {
        let history = may_fail(archive.log(name));
        let state = may_fail(archive.checkout(id));
        // Revisions that verify can be read.
        assert!(!is_sound || (history.is_some() && state.is_some()));
        if let Some(history) = history {
            let ids: BTreeSet<RevisionId> = history.iter().map(|revision| revision.id).collect();
            assert_eq!(ids.len(), history.len());
            assert_eq!(history[0].id.to_string(), **id);
        }
        if let Some(state) = state {
            state.check();
            let bytes = save(&state);
            let again = Environment::<Atom>::load_from(&bytes[..], &NoCodec).expect("what was saved can be loaded");
            assert!(again == state);
            assert!(may_fail(open().checkout(name)).as_ref() == Some(&state));
        }
    }
    let last = &branches[branches.len().saturating_sub(3)..];
    for (number, (a, _)) in last.iter().enumerate() {
        for (b, _) in &last[..number] {
            pair(folder, &archive, [a, b], is_sound);
            pair(folder, &archive, [b, a], is_sound);
        }
    }
    if let Some((name, _)) = branches.last()
        && let Some(mut env) = may_fail(archive.checkout(name))
    {
        env.add_fact(Atom::symbol("a fact"));
        let committed = may_fail(archive.commit(name, &env, "more"));
        assert!(!is_sound || committed.is_some() || env == may_fail(archive.checkout(name)).expect("it was there"));
        if let Some(id) = committed {
            assert!(may_fail(open().checkout(&id.to_string())) == Some(env));
        }
    }
    let pruned = may_fail(archive.prune());
    assert!(!is_sound || pruned.is_some());
    let found = archive.verify().expect("the folder can be read");
    assert!(!is_sound || (found.problems.is_empty() && found.unreachable.is_empty()));
}

/// Compares two branches, and merges the second into a copy of the first.
fn pair(folder: &Path, archive: &Archive, [a, b]: [&str; 2], is_sound: bool) {
    let patch = may_fail(archive.diff(a, b));
    assert!(!is_sound || patch.is_some());
    if let Some(patch) = patch
        && let (Some(mut from), Some(to)) = (may_fail(archive.checkout(a)), may_fail(archive.checkout(b)))
    {
        from.apply(&patch);
        from.check();
        assert_eq!(from.len(), to.len());
        let none = from.diff(&to);
        assert!(none.is_empty(), "{none}");
    }
    if may_fail(archive.branch("merged", a)).is_none() {
        return;
    }
    let merged = may_fail(archive.merge("merged", b));
    assert!(!is_sound || merged.is_some());
    // A merge of an ancestor reads no state.
    let state = may_fail(archive.checkout("merged"));
    assert!(!is_sound || state.is_some());
    if let Some(state) = state {
        state.check();
        let again = Archive::<Atom>::open(folder).expect("the folders are there");
        assert!(may_fail(again.checkout("merged")) == Some(state));
    }
    archive.remove_branch("merged").expect("it is there");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_with_a_chunk_opens() {
        let input = forge::tests::files_with_a_chunk();
        let files = forge::archive(&input, Fit::All);
        folder::with(|folder| {
            let ids = lay(folder, &files);
            let archive = Archive::<Atom>::open(folder).expect("the folders are there");
            let state = archive.checkout(&ids[0]).expect("it is valid");
            let expected = ["(p 1)", "(p 3)", "(p 3)", "(= (f $x) $x)"];
            let expected: Environment = expected
                .map(|text| text.parse().expect("an atom"))
                .into_iter()
                .collect();
            assert!(state == expected);
        });
    }
}
