//! Archives under fault injection.

use super::{Archive, ArchiveError, RefKind, RevisionId};
use crate::env::resolve;
use crate::persist::disk::faults::{self, Plan};
use crate::persist::tests::{Folder, with_sources};
use crate::{Atom, Environment};

fn pair(i: i64) -> [Atom; 2] {
    ["left", "right"].map(|side| Atom::expression([Atom::symbol(side), Atom::from(i)]))
}

/// A state so large that all commits of a test are stored as patches.
fn base() -> Environment {
    (-20..0).flat_map(pair).collect()
}

/// An archive with one revision, to copy.
struct Template(Folder);

impl Template {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        Archive::open(&folder.0).unwrap().commit("main", &base(), "").unwrap();
        Self(folder)
    }

    fn copy(&self, folder: &Folder) {
        folder.clear();
        for part in ["revisions", "names"] {
            std::fs::create_dir_all(folder.0.join(part)).unwrap();
            for entry in std::fs::read_dir(self.0.0.join(part)).unwrap() {
                let path = entry.unwrap().path();
                std::fs::copy(&path, folder.0.join(part).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
}

/// Commits, names, merges, prunes and restarts, and ignores errors. Returns the revisions acknowledged for `main`.
fn live(folder: &Folder) -> Vec<RevisionId> {
    let mut acknowledged = Vec::new();
    let mut env = Environment::new();
    let mut archive = None;
    for i in 0..5 {
        if i == 2 {
            archive = None;
        }
        if archive.is_none() {
            archive = Archive::open(&folder.0).ok();
        }
        let Some(archive) = &archive else { continue };
        if env.is_empty() {
            let Ok(found) = archive.checkout("main") else { continue };
            env = found;
        }
        env.add_facts_bulk(pair(i));
        // A commit that took effect despite an error is merged.
        acknowledged.extend(archive.commit_with("main", &env, "", resolve::fail));
        match i {
            0 => drop((archive.branch("side", "main"), archive.tag("tag", "main"))),
            1 => {
                if let Ok(mut side) = archive.checkout("side") {
                    side.add_facts_bulk(pair(100));
                    let _ = archive.commit("side", &side, "");
                }
            }
            3 => acknowledged.extend(archive.merge("main", "side")),
            4 => drop((archive.remove_tag("tag"), archive.prune())),
            _ => {}
        }
    }
    acknowledged
}

/// Asserts that acknowledged revisions are in the history of the branch, no commit is partial, and no file is corrupt.
fn assert_sound(folder: &Folder, acknowledged: &[RevisionId], plan: Plan) {
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    let found = archive.verify().unwrap();
    assert!(found.problems.is_empty(), "{plan:?}: {:?}", found.problems);
    let world = archive.checkout("main").unwrap();
    world.check();
    let log: Vec<_> = archive
        .log("main")
        .unwrap()
        .into_iter()
        .map(|revision| revision.id)
        .collect();
    for id in acknowledged {
        assert!(log.contains(id), "{plan:?}: {id} is lost");
    }
    assert!(world.len() >= base().len(), "{plan:?}");
    for i in (-5..5).chain([100]) {
        let halves = pair(i).map(|half| world.multiplicity(&half));
        assert!(
            halves == [0, 0] || halves == [1, 1],
            "{plan:?}: {i} is present {halves:?} times"
        );
    }
    // Files left behind don't hinder writers, and can be removed.
    archive.prune().unwrap();
    assert!(archive.verify().unwrap().unreachable.is_empty());
    let mut next = world;
    next.add_facts_bulk(pair(200));
    let id = archive.commit("main", &next, "").unwrap();
    assert_eq!(Archive::<Atom>::open(&folder.0).unwrap().find("main").unwrap(), id);
}

/// Each operation fails, alone or with all later ones.
#[test]
fn no_fault_loses_an_acknowledged_revision() {
    let folder = Folder::new("archive-whatever");
    let template = Template::new("archive-whatever-begun");
    let runs = faults::each(|plan| {
        template.copy(&folder);
        faults::start(plan);
        let acknowledged = live(&folder);
        let failed = faults::stop();
        assert!(failed || acknowledged.len() == 6, "{acknowledged:?}");
        assert_sound(&folder, &acknowledged, plan);
        failed
    });
    assert!(runs > 1_000, "{runs}");
}

#[test]
fn a_commit_that_fails_anywhere_leaves_the_old_or_the_new() {
    let folder = Folder::new("archive-commit");
    let template = Template::new("archive-commit-begun");
    let (mut kept, mut moved) = (0, 0);
    faults::each(|plan| {
        template.copy(&folder);
        let archive = Archive::open(&folder.0).unwrap();
        let mut env = archive.checkout("main").unwrap();
        let before = archive.find("main").unwrap();
        env.add_facts_bulk(pair(1));
        faults::start(plan);
        let committed = archive.commit("main", &env, "");
        let failed = faults::stop();
        match committed {
            // Not every fault matters: that of creating an existing folder doesn't.
            Ok(_) => {}
            Err(ArchiveError::Io(_)) => assert!(failed, "{plan:?}"),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        let now = archive.find("main").unwrap();
        kept += usize::from(now == before);
        moved += usize::from(failed && now != before);
        // A retry succeeds.
        archive.commit_with("main", &env, "", resolve::fail).unwrap();
        assert_eq!(archive.checkout("main").unwrap(), env, "{plan:?}");
        assert_eq!(
            Archive::open(&folder.0).unwrap().checkout("main").unwrap(),
            env,
            "{plan:?}"
        );
        assert!(archive.verify().unwrap().problems.is_empty());
        failed
    });
    assert!(kept > 40 && moved > 1, "{kept} kept, {moved} moved");
}

/// Where folders can't be locked and the file `lock` is removed, two threads of one handle can each hold a lock.
/// Neither may write under the lock of the other.
#[cfg(unix)]
#[test]
fn a_thread_never_writes_under_the_lock_of_another() {
    let folder = Folder::new("archive-two-locks");
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    archive.commit("main", &base(), "").unwrap();
    let (done, ever) = (false, false);
    // The last operation is the lock of the folder.
    let guard = (0..20).rev().find_map(|after| {
        faults::start_as(Plan { after, done, ever }, std::io::ErrorKind::Unsupported);
        let guard = archive.lock_for_write().unwrap();
        faults::stop().then_some(guard)
    });
    assert!(guard.is_some());
    std::fs::remove_file(folder.0.join("lock")).unwrap();
    let other = std::thread::scope(|threads| threads.spawn(|| archive.lock_for_write().map(drop)).join().unwrap());
    assert!(matches!(other, Err(ArchiveError::LockLost(_))), "{other:?}");
    let written = archive.store.set_name(RefKind::Branch, "main", RevisionId([0; 32]));
    assert!(matches!(written, Err(ArchiveError::LockLost(_))), "{written:?}");
    drop(guard);
    archive.commit("main", &archive.checkout("main").unwrap(), "").unwrap();
}

#[test]
fn a_checkout_that_fails_anywhere_is_an_error() {
    let folder = Folder::new("archive-unreadable");
    let mut env = base();
    let archive = Archive::open(&folder.0).unwrap();
    archive.commit("main", &env, "").unwrap();
    env.add_facts_bulk(pair(1));
    archive.commit("main", &env, "").unwrap();
    let runs = faults::each(|plan| {
        let archive = Archive::<Atom>::open(&folder.0).unwrap();
        faults::start(plan);
        let found = archive.checkout("main");
        let failed = faults::stop();
        match found {
            Ok(found) => assert!(found == env && !failed, "{plan:?}"),
            Err(ArchiveError::Io(error)) => assert!(with_sources(&error).ends_with(": as planned")),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        assert_eq!(archive.checkout("main").unwrap(), env);
        failed
    });
    assert!(runs > 20, "{runs}");
}
