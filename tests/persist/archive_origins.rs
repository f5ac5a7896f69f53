//! Ancestry of commits: no commit undoes changes unknown to it, and nothing counts twice, by any name and handle and to
//! any branch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pleach::env::resolve;
use pleach::persist::{Archive, ArchiveError, ArchiveMergeError, RevisionId};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;
use pleach_testkit::quick_check;
use pleach_testkit::worlds::{fact, large};
use quickcheck::{Arbitrary, Gen};

fn open(folder: &Folder) -> Archive {
    Archive::open(&folder.0).unwrap()
}

/// A fact that the initial worlds lack.
fn new(i: i64) -> Atom {
    fact(10_000 + i)
}

fn with(mut env: Environment, i: i64) -> Environment {
    env.add_fact(new(i));
    env
}

#[track_caller]
fn assert_outdated<R: std::fmt::Debug>(found: Result<R, ArchiveError>) {
    assert!(matches!(found, Err(ArchiveError::Outdated(_))), "{found:?}");
}

/// Number of revisions, reachable or not.
fn revisions(folder: &Folder) -> usize {
    fs::read_dir(folder.0.join("revisions")).unwrap().count()
}

/// Three revisions: 1, tagged `v1`; its child 2, at `main`; and its child 3, at `side`.
fn three(folder: &Folder) -> (Archive, RevisionId) {
    let archive = open(folder);
    let first = archive.commit("main", &with(large(300), 1), "1").unwrap();
    archive.tag("v1", "main").unwrap();
    archive.branch("side", "main").unwrap();
    let env = with(archive.checkout("main").unwrap(), 2);
    archive.commit("main", &env, "2").unwrap();
    let env = with(archive.checkout("side").unwrap(), 3);
    archive.commit("side", &env, "3").unwrap();
    (archive, first)
}

#[test]
fn a_commit_from_an_earlier_revision_is_outdated_by_whatever_name_it_was_checked_out() {
    let folder = Folder::fast("earlier");
    let (archive, first) = three(&folder);
    for archive in [archive, open(&folder)] {
        for name in ["v1", "side", &first.to_string(), &first.to_string()[..10]] {
            let mut env = with(archive.checkout(name).unwrap(), 4);
            assert_outdated(archive.commit("main", &env, ""));
            // Also after forks, writes and unions, which prune the history in memory.
            for i in 0..200 {
                let fork = with(env.clone(), 5 + i);
                env = env.union(&fork);
            }
            assert_outdated(archive.commit("main", &env, ""));
            // Another handle, like that of another process, knows only the environment.
            assert_outdated(open(&folder).commit("main", &env, ""));
            let many: Vec<_> = (0..20).map(|i| with(env.clone(), 1_000 + i)).collect();
            drop(env);
            assert_outdated(archive.commit("main", &Environment::union_all(&many), ""));
        }
    }
    assert!(open(&folder).checkout("main").unwrap().contains(&new(2)));
}

/// A committed environment and its forks, including earlier ones, descend from the revision.
#[test]
fn a_committed_environment_descends_from_its_revision() {
    let folder = Folder::fast("committed");
    let archive = open(&folder);
    let env = with(large(300), 1);
    let before = with(env.clone(), 2);
    archive.commit("main", &env, "").unwrap();
    let after = with(env.clone(), 3);
    drop(env);
    // An unrelated world replaces it.
    archive.commit("main", &large(299), "").unwrap();
    for env in [&before, &after] {
        assert_outdated(archive.commit("main", env, ""));
        assert_outdated(open(&folder).commit("main", env, ""));
    }
    let other = Folder::fast("committed-other");
    // In an unrelated archive it has no parents.
    open(&other).commit("main", &after, "").unwrap();
    assert_eq!(open(&other).log("main").unwrap().len(), 1);
}

#[test]
fn descendants_of_the_tip_are_up_to_date() {
    let folder = Folder::fast("later");
    let (archive, _) = three(&folder);
    // The tip itself, checked out by another handle.
    let env = with(open(&folder).checkout("main").unwrap(), 4);
    let fourth = archive.commit("main", &env, "4").unwrap();
    // A branch that is ahead.
    archive.branch("ahead", "main").unwrap();
    let env = with(open(&folder).checkout("ahead").unwrap(), 5);
    let fifth = archive.commit("ahead", &env, "5").unwrap();
    assert_eq!(
        archive.commit("main", &archive.checkout("ahead").unwrap(), "").unwrap(),
        fifth
    );
    assert_eq!(archive.log("main").unwrap()[0].parents, [fourth]);
    assert!(archive.verify().unwrap().problems.is_empty());
}

#[test]
fn a_state_without_history_resets_a_branch() {
    let folder = Folder::fast("back");
    let (archive, _) = three(&folder);
    let mut old = archive.checkout("v1").unwrap();
    assert_outdated(archive.commit("main", &old, "back"));
    old.forget_history();
    archive.commit("main", &old, "back").unwrap();
    assert_eq!(open(&folder).checkout("main").unwrap(), old);
    assert_eq!(archive.log("main").unwrap().len(), 3);
}

/// The first revision of a new branch has the parents of its state, so an outdated commit can go to a new branch and be
/// merged.
#[test]
fn a_new_branch_has_the_ancestry_of_its_state() {
    for reopen in [false, true] {
        let folder = Folder::fast("elsewhere");
        let (mut archive, first) = three(&folder);
        let env = with(archive.checkout("v1").unwrap(), 4);
        if reopen {
            archive = open(&folder);
        }
        let other = archive.commit("other", &env, "4").unwrap();
        assert_eq!(archive.log("other").unwrap()[0].parents, [first]);
        // The same state on another branch is the same revision.
        assert_eq!(archive.commit("another", &env, "").unwrap(), other);
        archive.merge("main", "other").unwrap();
        let main = open(&folder).checkout("main").unwrap();
        assert_eq!(main.len(), large(300).len() + 3);
        assert!([1, 2, 4].iter().all(|i| main.multiplicity(&new(*i)) == 1));
    }
}

#[test]
fn commit_with_merges_outdated_environments() {
    for reopen in [false, true] {
        let folder = Folder::fast("merging");
        let (mut archive, first) = three(&folder);
        let tip = archive.find("main").unwrap();
        let mut env = with(archive.checkout("v1").unwrap(), 4);
        env.remove_fact(&new(1));
        if reopen {
            archive = open(&folder);
        }
        let id = archive.commit_with("main", &env, "4", resolve::fail).unwrap();
        let log = archive.log("main").unwrap();
        assert_eq!(log[0].id, id);
        let own = log.iter().find(|revision| revision.note.message == "4").unwrap();
        assert_eq!(
            (&log[0].parents[..], &own.parents[..]),
            (&[tip, own.id][..], &[first][..])
        );
        let found = archive.checkout("main").unwrap();
        assert_eq!(found, open(&folder).checkout("main").unwrap());
        assert_eq!([1, 2, 4].map(|i| found.multiplicity(&new(i))), [0, 1, 1]);
        // A retry, without changes.
        assert_eq!(archive.commit_with("main", &env, "", resolve::fail).unwrap(), id);
        // A descendant of the merged environment: each change counts once.
        let env = with(env, 5);
        archive.commit_with("main", &env, "5", resolve::fail).unwrap();
        let found = open(&folder).checkout("main").unwrap();
        assert_eq!([1, 2, 4, 5].map(|i| found.multiplicity(&new(i))), [0, 1, 1, 1]);
        // An up-to-date environment, and one for a new branch.
        let env = with(archive.checkout("main").unwrap(), 6);
        let tip = archive.find("main").unwrap();
        archive.commit_with("main", &env, "6", resolve::fail).unwrap();
        assert_eq!(archive.log("main").unwrap()[0].parents, [tip]);
        archive.commit_with("new", &large(3), "", resolve::fail).unwrap();
        assert!(archive.verify().unwrap().problems.is_empty());
    }
}

/// Siblings of a committed version that descend from no revision: they are related in memory only.
#[test]
fn commit_with_merges_siblings_in_memory() {
    let folder = Folder::fast("siblings");
    let (ours, theirs) = (open(&folder), open(&folder));
    let base = large(300);
    ours.commit("main", &with(base.clone(), 1), "").unwrap();
    assert_outdated(ours.commit("main", &with(base.clone(), 2), ""));
    ours.commit_with("main", &with(base.clone(), 2), "", resolve::fail)
        .unwrap();
    // Another handle has moved the branch too.
    let env = with(theirs.checkout("main").unwrap(), 3);
    theirs.commit("main", &env, "").unwrap();
    ours.commit_with("main", &with(base.clone(), 4), "", resolve::fail)
        .unwrap();
    let found = open(&folder).checkout("main").unwrap();
    assert_eq!(found.len(), base.len() + 4);
    assert!((1..5).all(|i| found.multiplicity(&new(i)) == 1));
    // An uncommitted common ancestor counts once, and descendants stay related.
    let uncommitted = with(ours.checkout("main").unwrap(), 5);
    ours.commit("main", &with(uncommitted.clone(), 6), "").unwrap();
    let mine = with(uncommitted, 7);
    for (archive, env) in [(&ours, mine.clone()), (&theirs, with(mine, 8))] {
        archive.commit_with("main", &env, "", resolve::fail).unwrap();
    }
    let found = open(&folder).checkout("main").unwrap();
    assert!((1..9).all(|i| found.multiplicity(&new(i)) == 1));
    assert_eq!(found.len(), base.len() + 8);
    // An unrelated environment can't be merged into a branch that another handle has moved.
    let env = with(theirs.checkout("main").unwrap(), 9);
    theirs.commit("main", &env, "").unwrap();
    let merged = ours.commit_with("main", &large(3), "", resolve::fail);
    assert!(
        matches!(merged, Err(ArchiveMergeError::Archive(ArchiveError::Outdated(_)))),
        "{merged:?}"
    );
}

#[test]
fn conflicts_of_a_commit_write_nothing() {
    let folder = Folder::fast("commit-conflicts");
    let (archive, _) = three(&folder);
    let mut mine = archive.checkout("v1").unwrap();
    mine.bind("x", Atom::from(1));
    let mut theirs = archive.checkout("main").unwrap();
    theirs.bind("x", Atom::from(2));
    let tip = archive.commit("main", &theirs, "").unwrap();
    let before = revisions(&folder);
    let Err(ArchiveMergeError::Conflicts(conflicts)) = archive.commit_with("main", &mine, "", resolve::fail) else {
        panic!("no conflict");
    };
    assert_eq!((conflicts.0.len(), revisions(&folder)), (1, before));
    assert_eq!(archive.find("main").unwrap(), tip);
    archive.commit_with("main", &mine, "", resolve::ours).unwrap();
    assert_eq!(archive.checkout("main").unwrap().binding("x"), Some(&Atom::from(2)));
}

#[test]
fn two_commits_of_equal_content_are_two_revisions() {
    let folder = Folder::fast("same");
    let archive = open(&folder);
    archive.commit("main", &large(300), "").unwrap();
    archive.branch("side", "main").unwrap();
    let mut union = Environment::new();
    let mut ids = Vec::new();
    for branch in ["main", "side"] {
        let env = with(archive.checkout(branch).unwrap(), -1);
        ids.push(archive.commit(branch, &env, "the same").unwrap());
        union = if branch == "main" { env } else { union.union(&env) };
    }
    assert_ne!(ids[0], ids[1]);
    archive.merge("main", "side").unwrap();
    assert_eq!(union.multiplicity(&new(-1)), 2);
    assert_eq!(open(&folder).checkout("main").unwrap().multiplicity(&new(-1)), 2);
}

/// A union in memory becomes a merge in the archive.
#[test]
fn a_union_of_two_branches_has_both_as_parents() {
    for by_hand in [false, true] {
        let folder = Folder::fast("both");
        let archive = open(&folder);
        let base = large(300);
        archive.commit("main", &base, "").unwrap();
        let (ours, theirs) = (with(base.clone(), 1), with(base.clone(), 2));
        archive.commit("main", &ours, "").unwrap();
        archive.commit("side", &theirs, "").unwrap();
        let both = if by_hand {
            let mut both = ours.clone();
            both.apply(&base.diff(&theirs));
            both.record_merge(&theirs);
            both
        } else {
            ours.union(&theirs)
        };
        let tips = ["main", "side"].map(|name| archive.find(name).unwrap());
        let id = archive.commit("main", &both, "").unwrap();
        assert_eq!(archive.log("main").unwrap()[0].parents, tips);
        // The branches are merged.
        assert_eq!(archive.merge("main", "side").unwrap(), id);
        assert_eq!(archive.merge("side", "main").unwrap(), id);
    }
}

#[derive(Clone)]
struct World {
    env: Environment,
    /// The checkout from which it descends, unless it was united with another.
    family: usize,
    is_revision: bool,
}

/// One step of several handles on one archive. Numbers select among what exists.
#[derive(Clone, Debug)]
enum Step {
    /// Checks out a branch or a tag, through one of the handles.
    Checkout(usize, usize),
    /// Writes a world: a fork, if it is a revision.
    Write(usize),
    /// Unites two worlds that are forks of one revision, and drops them.
    Unite(usize, usize),
    /// Commits a world to a branch, through one of the handles; merging or not.
    Commit(usize, usize, usize, bool),
    Merge(usize, usize, usize),
    Tag(usize),
    Reopen(usize),
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut number = || usize::arbitrary(g);
        let [a, b, c] = [number(), number(), number()];
        match u8::arbitrary(g) % 16 {
            0..=2 => Self::Checkout(a, b),
            3..=6 => Self::Write(a),
            7 => Self::Unite(a, b),
            8..=12 => Self::Commit(a, b, c, bool::arbitrary(g)),
            13 => Self::Merge(a, b, c),
            14 => Self::Tag(a),
            _ => Self::Reopen(a),
        }
    }
}

/// No commit or merge loses a fact or counts it twice, for any mixture of worlds, names and handles: all worlds descend
/// from one revision, none removes anything, and all common ancestors are revisions.
#[test]
fn no_commit_loses_or_duplicates_a_fact() {
    fn property(steps: Vec<Step>) {
        let folder = Folder::fast("mixed");
        let branches = ["a", "b", "c"];
        let mut handles: Vec<Archive> = (0..3).map(|_| open(&folder)).collect();
        handles[0].commit("a", &large(100), "").unwrap();
        for name in &branches[1..] {
            handles[0].branch(name, "a").unwrap();
        }
        let mut names: Vec<String> = branches.map(str::to_owned).into();
        let mut worlds = vec![World {
            env: handles[0].checkout("a").unwrap(),
            family: 0,
            is_revision: true,
        }];
        let mut fresh = 1_000;
        let mut facts: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        let (mut refused, mut merged) = (0, 0);
        for (number, step) in (1..).zip(steps) {
            match step {
                Step::Checkout(handle, name) => {
                    let name = &names[name % names.len()];
                    let env = handles[handle % 3].checkout(name).unwrap();
                    worlds.push(World {
                        env,
                        family: number,
                        is_revision: true,
                    });
                }
                Step::Write(world) => {
                    let at = world % worlds.len();
                    let mut world = worlds[at].clone();
                    world.env = with(world.env, fresh);
                    fresh += 1;
                    if mem::replace(&mut world.is_revision, false) {
                        worlds.push(world);
                    } else {
                        worlds[at] = world;
                    }
                }
                Step::Unite(a, b) => {
                    let [a, b] = [a, b].map(|world| world % worlds.len());
                    if a != b && worlds[a].family == worlds[b].family {
                        let (a, b) = (worlds.swap_remove(a.max(b)), worlds.swap_remove(a.min(b)));
                        worlds.push(World {
                            env: a.env.union(&b.env),
                            is_revision: false,
                            ..a
                        });
                    }
                }
                Step::Commit(handle, world, branch, merges) => {
                    let (archive, branch) = (&handles[handle % 3], branches[branch % 3]);
                    let at = world % worlds.len();
                    let world = &worlds[at].env.clone();
                    if merges {
                        archive.commit_with(branch, world, "", resolve::fail).unwrap();
                        merged += 1;
                    } else if let Err(error) = archive.commit(branch, world, "") {
                        assert!(matches!(error, ArchiveError::Outdated(_)), "{error}");
                        refused += 1;
                        continue;
                    }
                    worlds[at].is_revision = true;
                    let found = open(&folder).checkout(branch).unwrap();
                    let own = (1_000..fresh).filter(|i| world.contains(&new(*i)));
                    let mut expected: Vec<_> = facts.get(branch).into_iter().flatten().copied().chain(own).collect();
                    expected.sort_unstable();
                    expected.dedup();
                    let there: Vec<_> = (1_000..fresh).filter(|i| found.contains(&new(*i))).collect();
                    assert_eq!(there, expected);
                    facts.insert(branch, there);
                }
                Step::Merge(handle, into, from) => {
                    let [into, from] = [into, from].map(|branch| branches[branch % 3]);
                    handles[handle % 3].merge(into, from).unwrap();
                    let mut both: Vec<_> = [into, from]
                        .iter()
                        .filter_map(|name| facts.get(name))
                        .flatten()
                        .copied()
                        .collect();
                    both.sort_unstable();
                    both.dedup();
                    facts.insert(into, both);
                }
                Step::Tag(branch) => {
                    let name = format!("t{number}");
                    handles[0].tag(&name, branches[branch % 3]).unwrap();
                    names.push(name);
                }
                Step::Reopen(handle) => handles[handle % 3] = open(&folder),
            }
            for branch in branches {
                let found = open(&folder).checkout(branch).unwrap();
                let expected = facts.get(branch).map_or(&[][..], Vec::as_slice);
                let there: Vec<_> = (1_000..fresh).filter(|i| found.multiplicity(&new(*i)) > 0).collect();
                assert_eq!(there, expected, "{branch}, {refused} were refused, {merged} merged");
                assert_eq!(
                    found.len(),
                    large(100).len() + there.len() as u64,
                    "{branch}: each once"
                );
            }
        }
        assert!(open(&folder).verify().unwrap().problems.is_empty());
    }
    quick_check(75).rng(Gen::new(40)).quickcheck(property as fn(Vec<Step>));
}

/// Reads proceed while another process holds the lock and a commit of this handle waits for it.
#[test]
fn readers_never_wait() {
    let folder = Folder::fast("readers");
    let (archive, _) = three(&folder);
    let env = with(archive.checkout("main").unwrap(), 4);
    // As another writing process does.
    let lock = fs::OpenOptions::new().write(true).open(folder.0.join("lock")).unwrap();
    lock.lock().unwrap();
    let (read, has_read) = mpsc::channel();
    let waits = AtomicBool::new(false);
    thread::scope(|scope| {
        let committed = scope.spawn(|| {
            waits.store(true, Ordering::Relaxed);
            archive.commit("main", &env, "4").unwrap()
        });
        while !waits.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        // Long enough for the commit to reach the lock.
        thread::sleep(Duration::from_millis(100));
        let archive = &archive;
        scope.spawn(move || {
            assert_eq!(archive.checkout("main").unwrap().len(), large(300).len() + 2);
            archive.checkout("v1").unwrap();
            archive.diff("v1", "main").unwrap();
            archive.log("main").unwrap();
            archive.branches().unwrap();
            archive.verify().unwrap();
            read.send(()).unwrap();
        });
        let before = has_read.recv_timeout(Duration::from_secs(20));
        let committing = !committed.is_finished();
        lock.unlock().unwrap();
        assert!(before.is_ok() && committing);
        assert_eq!(committed.join().unwrap(), archive.find("main").unwrap());
    });
}

/// No corruption is reported while writers add and remove names and revisions.
#[test]
fn verify_reports_no_corruption_beside_writers() {
    let folder = Folder::fast("verify");
    open(&folder).commit("main", &large(50), "").unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let archive = open(&folder);
            let mut env = archive.checkout("main").unwrap();
            for i in 0..400 {
                env.add_fact(new(i));
                archive.commit("main", &env, "").unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            let archive = open(&folder);
            while !done.load(Ordering::Relaxed) {
                archive.commit("gone", &large(40), "").unwrap();
                archive.remove_branch("gone").unwrap();
                archive.prune().unwrap();
            }
        });
        let archive = open(&folder);
        let mut runs = 0;
        while !done.load(Ordering::Relaxed) {
            let found = archive.verify().unwrap();
            assert!(found.problems.is_empty(), "run {runs}: {:?}", found.problems);
            runs += 1;
        }
        assert!(runs > 0);
    });
}

/// An archive is created in an empty folder, and completed where its creation was interrupted.
#[test]
fn an_archive_is_created_only_without_other_files() {
    let folder = Folder::fast("strangers");
    fs::create_dir_all(folder.0.join("revisions")).unwrap();
    fs::write(folder.0.join("lock"), "").unwrap();
    drop(open(&folder));
    let other = Folder::fast("strangers-other");
    fs::create_dir_all(&other.0).unwrap();
    fs::write(other.0.join("log-0"), "of a journal").unwrap();
    assert!(matches!(Archive::<Atom>::open(&other.0), Err(ArchiveError::NotAnArchive(path)) if path == other.0));
    assert_eq!(other.names(), ["log-0"]);
}
