//! What can't be brought about from outside: a disk that refuses any one operation, or all from some moment on.

use super::{Archive, ArchiveError, Kind, RevisionId};
use crate::env::resolve;
use crate::persist::disk::faults::{self, Plan};
use crate::persist::tests::Folder;
use crate::{Atom, Environment};

fn pair(i: i64) -> [Atom; 2] {
    ["left", "right"].map(|side| Atom::expression([Atom::symbol(side), Atom::from(i)]))
}

/// So many pairs that all commits of a test are patches.
fn base() -> Environment {
    (-20..0).flat_map(pair).collect()
}

/// An archive with one revision, to be copied into place.
struct Begun(Folder);

impl Begun {
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

/// Commits, names, merges and a restart, whatever fails. Returns the revisions that were acknowledged for `main`.
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
        // What was reported as failed, and done, is merged.
        if let Ok(committed) = archive.commit_with("main", &env, "", resolve::fail) {
            acknowledged.extend(committed);
        }
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

/// What was acknowledged is in the history of the branch, no half of anything is there, and no file is damaged.
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
            "{plan:?}: {i} is there {halves:?} times"
        );
    }
    // What is left behind is in nobody's way, and goes.
    archive.prune().unwrap();
    assert!(archive.verify().unwrap().leftovers.is_empty());
    let mut next = world;
    next.add_facts_bulk(pair(200));
    let id = archive.commit("main", &next, "").unwrap();
    assert_eq!(Archive::<Atom>::open(&folder.0).unwrap().find("main").unwrap(), id);
}

/// Of the disk's operations the first, the second and so on fails, alone or with all after it.
#[test]
fn whatever_fails_no_acknowledged_revision_is_lost() {
    let folder = Folder::new("archive-whatever");
    let begun = Begun::new("archive-whatever-begun");
    let runs = faults::each(|plan| {
        begun.copy(&folder);
        faults::start(plan);
        let acknowledged = live(&folder);
        let failed = faults::stop();
        assert!(failed || acknowledged.len() == 6, "{acknowledged:?}");
        assert_sound(&folder, &acknowledged, plan);
        failed
    });
    assert!(runs > 1_000, "{runs}");
}

/// A commit that fails leaves the branch at the old revision or at the new one, and nothing but that revision.
#[test]
fn a_commit_that_fails_anywhere_leaves_the_old_or_the_new() {
    let folder = Folder::new("archive-commit");
    let begun = Begun::new("archive-commit-begun");
    let (mut kept, mut moved) = (0, 0);
    faults::each(|plan| {
        begun.copy(&folder);
        let archive = Archive::open(&folder.0).unwrap();
        let mut env = archive.checkout("main").unwrap();
        let before = archive.find("main").unwrap();
        env.add_facts_bulk(pair(1));
        faults::start(plan);
        let committed = archive.commit("main", &env, "");
        let failed = faults::stop();
        match committed {
            // A folder that is there need not be made, and what is not there can't be opened anyway.
            Ok(_) => {}
            Err(ArchiveError::Io(_)) => assert!(failed, "{plan:?}"),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        let now = archive.find("main").unwrap();
        kept += usize::from(now == before);
        moved += usize::from(failed && now != before);
        // It can be done now, by whatever way.
        archive.commit_with("main", &env, "", resolve::fail).unwrap().unwrap();
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

/// Where folders can't be locked and the file `lock` is removed, two threads of one handle can have a lock each: neither takes
/// that of the other for its own.
#[cfg(unix)]
#[test]
fn of_two_threads_with_a_lock_each_none_writes_under_the_lock_of_the_other() {
    let folder = Folder::new("archive-two-locks");
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    archive.commit("main", &base(), "").unwrap();
    let (done, ever) = (false, false);
    // What fails first, with more and more operations that fail, is that the folder is locked: that comes last.
    let turn = (0..20).rev().find_map(|after| {
        faults::start_as(Plan { after, done, ever }, std::io::ErrorKind::Unsupported);
        let turn = archive.turn().unwrap();
        faults::stop().then_some(turn)
    });
    assert!(turn.is_some());
    std::fs::remove_file(folder.0.join("lock")).unwrap();
    let other = std::thread::scope(|threads| threads.spawn(|| archive.turn().map(drop)).join().unwrap());
    assert!(matches!(other, Err(ArchiveError::LockLost(_))), "{other:?}");
    let written = archive.store.set_name(Kind::Branch, "main", RevisionId([0; 32]));
    assert!(matches!(written, Err(ArchiveError::LockLost(_))), "{written:?}");
    drop(turn);
    archive.commit("main", &archive.checkout("main").unwrap(), "").unwrap();
}

/// What can't be read is an error, and changes nothing.
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
            Err(ArchiveError::Io(error)) => assert!(error.to_string().ends_with(": as planned")),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        assert_eq!(archive.checkout("main").unwrap(), env);
        failed
    });
    assert!(runs > 20, "{runs}");
}
