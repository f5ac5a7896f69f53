//! Saves and loads under fault injection, and rules for the sources.

use std::path::{Path, PathBuf};

use super::disk::faults;
use super::{LoadError, SaveError};
use crate::{Atom, Environment};

fn world(facts: i64) -> Environment {
    (0..facts)
        .map(|i| Atom::expression([Atom::symbol("fact"), Atom::from(i)]))
        .collect()
}

/// A temporary folder for a test, in memory where possible, removed when dropped.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = Self(place.join(format!("pleach-{name}-{}", std::process::id())));
        folder.clear();
        folder
    }

    pub(super) fn clear(&self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The message of an error, and those of its sources.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    let messages: Vec<String> = sources.map(ToString::to_string).collect();
    messages.join(": ")
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Any operation fails, before or after it takes effect, alone or with all later ones.
#[test]
fn a_save_that_fails_anywhere_leaves_the_old_file_or_the_new() {
    let folder = Folder::new("replace");
    let path = folder.0.join("world");
    let (old, new) = (world(5), world(50));
    let (mut kept, mut replaced) = (0, 0);
    let runs = faults::each(|plan| {
        folder.clear();
        std::fs::create_dir_all(&folder.0).unwrap();
        old.save(&path).unwrap();
        faults::start(plan);
        let saved = new.save(&path);
        let failed = faults::stop();
        assert_eq!(saved.is_err(), failed, "{plan:?}: {saved:?}");
        assert!(matches!(saved, Ok(()) | Err(SaveError::Io(_))));
        let found = Environment::load(&path).unwrap();
        if saved.is_ok() {
            assert_eq!(found, new);
        } else if found == old {
            kept += 1;
        } else {
            assert_eq!(found, new, "{plan:?}");
            replaced += 1;
        }
        let left = std::fs::read_dir(&folder.0).unwrap().count() - 1;
        // Excused if removals fail too, or if the creation, the fourth operation, takes effect despite its error.
        let excused = plan.ever || (plan.done && plan.after == 3);
        assert!(left == 0 || excused, "{plan:?}: {left} temporary files are left");
        // A temporary file left behind doesn't hinder the next save.
        new.save(&path).unwrap();
        assert_eq!(Environment::load(&path).unwrap(), new);
        failed
    });
    // After the rename, the folder is opened and synced.
    assert!(
        runs > 80 && kept > 60 && replaced > 4,
        "{runs}: {kept} kept, {replaced} replaced"
    );
}

#[test]
fn a_load_that_fails_anywhere_is_an_error() {
    let folder = Folder::new("unreadable");
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("world");
    let world = world(50);
    world.save(&path).unwrap();
    let runs = faults::each(|plan| {
        faults::start(plan);
        let loaded = Environment::<Atom>::load(&path);
        let failed = faults::stop();
        match loaded {
            Ok(loaded) => assert!(loaded == world && !failed, "{plan:?}"),
            Err(LoadError::Io(error)) => assert_eq!(error.to_string(), "as planned"),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        failed
    });
    assert!(runs > 8, "{runs}");
}

/// Each created folder is synced in its parent, and so is an existing one, whose creator may have been stopped.
#[cfg(feature = "journal")]
#[test]
fn folders_are_created_durably() {
    let folder = Folder::new("made");
    let inside = folder.0.join("a").join("b");
    let before = faults::syncs();
    super::folder::create(&inside).unwrap();
    assert_eq!(faults::syncs() - before, if cfg!(unix) { 3 } else { 0 });
    super::folder::create(&inside).unwrap();
    assert_eq!(faults::syncs() - before, if cfg!(unix) { 4 } else { 0 });
    std::fs::write(folder.0.join("file"), "").unwrap();
    assert!(super::folder::create(&folder.0.join("file")).is_err());
    faults::each(|plan| {
        folder.clear();
        faults::start(plan);
        let made = super::folder::create(&inside);
        let failed = faults::stop();
        assert!(made.is_err() == failed || inside.is_dir(), "{plan:?}");
        super::folder::create(&inside).unwrap();
        failed
    });
}

/// Fault injection covers calls through `disk` only.
#[test]
fn only_the_disk_layer_calls_the_file_system() {
    const CALLS: [&str; 14] = [
        "std::fs",
        "fs::",
        "OpenOptions",
        "read_dir(",
        ".exists()",
        ".try_exists()",
        ".is_file()",
        ".is_dir()",
        ".is_symlink()",
        ".metadata()",
        ".symlink_metadata()",
        ".canonicalize()",
        ".read_link()",
        "current_dir()",
    ];
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![top.join("persist")], vec![top.join("persist.rs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    let excepted = [
        "persist/disk.rs",
        "persist/disk/recorder.rs",
        "power_loss.rs",
        "tests.rs",
    ];
    let is_excepted = |path: &PathBuf| excepted.iter().any(|name| path.ends_with(name));
    files.retain(|path| !is_excepted(path));
    assert!(files.len() > 20);
    let mut found = Vec::new();
    for path in files {
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let is_code = !line.trim_start().starts_with("//");
            if is_code && CALLS.iter().any(|call| line.contains(call)) {
                found.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
