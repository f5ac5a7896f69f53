//! Corrupt archives and killed writers: valid revisions load, and everything else is reported.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use pleach::persist::{Archive, ArchiveError, ArchiveMergeError, Flaw, LoadError};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;
use pleach_testkit::worlds::{bytes, fact, large, sample};
use sha2::{Digest, Sha256};

fn open(folder: &Folder) -> Archive {
    Archive::open(&folder.0).unwrap()
}

/// An archive with a whole revision, patches, a merge, and names.
fn eventful(folder: &Folder, facts: i64) -> Archive {
    let archive = open(folder);
    let mut env: Environment = (0..facts).map(fact).collect();
    env.add_rule("(f $x)".parse().unwrap(), "(g $x)".parse().unwrap());
    archive.commit("main", &env, "first").unwrap();
    archive.branch("side", "main").unwrap();
    let mut side = env.clone();
    side.add_fact("(= (side $x) $x)".parse().unwrap());
    archive.commit("side", &side, "second").unwrap();
    env.add_fact(fact(-1));
    env.bind("here", Atom::symbol("there"));
    archive.commit("main", &env, "third").unwrap();
    archive.merge("main", "side").unwrap();
    archive.tag("v1", "side").unwrap();
    archive
}

fn files(folder: &Folder) -> Vec<PathBuf> {
    let folders = ["chunks", "revisions", "names"].map(|name| fs::read_dir(folder.0.join(name)).unwrap());
    let mut files: Vec<_> = folders
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Asserts that only the corrupt file is reported, that readers of it get an error, and that none gets another
/// environment.
fn assert_damaged(folder: &Folder, path: &Path, whole: &BTreeMap<&str, Environment>, what: &str) {
    // A new handle, without cached states.
    let archive = open(folder);
    let found = archive.verify().unwrap();
    let is_of_it = |problem: &ArchiveError| match problem {
        ArchiveError::Load {
            path: found,
            source: LoadError::Corrupt { offset, .. },
        } => found == path && *offset <= fs::metadata(path).unwrap().len(),
        ArchiveError::Misnamed(found) => found == path,
        _ => false,
    };
    assert!(
        found.problems.len() == 1 && is_of_it(&found.problems[0]),
        "{what}: {:?}",
        found.problems
    );
    for (name, env) in whole {
        match archive.checkout(name) {
            Ok(checked_out) => assert_eq!(checked_out, *env, "{what}"),
            Err(error) => {
                assert!(is_of_it(&error), "{what}: {error:?}");
            }
        }
    }
}

#[test]
fn corruption_is_reported_and_never_loaded() {
    for (facts, every) in [(2, 1), (700, 397)] {
        let folder = Folder::fast("damage");
        let archive = eventful(&folder, facts);
        let whole: BTreeMap<_, _> = ["main", "side", "v1"]
            .map(|name| (name, archive.checkout(name).unwrap()))
            .into();
        for path in files(&folder) {
            let content = fs::read(&path).unwrap();
            let step = if content.len() > 5_000 { every } else { every.min(7) };
            for at in (0..content.len()).step_by(step) {
                fs::write(&path, &content[..at]).unwrap();
                assert_damaged(&folder, &path, &whole, &format!("{} cut at {at}", path.display()));
                let mut flipped = content.clone();
                flipped[at] ^= 1 << (at % 8);
                fs::write(&path, &flipped).unwrap();
                assert_damaged(&folder, &path, &whole, &format!("{} flipped at {at}", path.display()));
            }
            let mut longer = content.clone();
            longer.push(0);
            fs::write(&path, &longer).unwrap();
            assert_damaged(&folder, &path, &whole, "longer");
            fs::write(&path, &content).unwrap();
        }
        let found = archive.verify().unwrap();
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!((found.revisions, found.names), (4, 3));
    }
}

#[test]
fn missing_and_swapped_files_are_reported() {
    let folder = Folder::fast("lost");
    let archive = eventful(&folder, 1_000);
    let log = archive.log("main").unwrap();
    let file = |index: usize| folder.0.join("revisions").join(log[index].id.to_string());
    let [first, last] = [file(3), file(0)];
    // Swapped.
    fs::rename(&first, folder.0.join("aside")).unwrap();
    fs::copy(&last, &first).unwrap();
    let refused = open(&folder).checkout("v1").map(|env| env.len());
    assert!(matches!(refused, Err(ArchiveError::Misnamed(_))), "{refused:?}");
    assert!(!archive.verify().unwrap().problems.is_empty());
    assert!(archive.prune().is_err());
    // Missing.
    fs::remove_file(&first).unwrap();
    assert!(matches!(open(&folder).checkout("v1"), Err(ArchiveError::Missing(id)) if id == log[3].id));
    let found = archive.verify().unwrap();
    assert!(
        matches!(found.problems[..], [ArchiveError::Missing(id)] if id == log[3].id),
        "{found:?}"
    );
    assert!(archive.prune().is_err());
    fs::rename(folder.0.join("aside"), &first).unwrap();
    assert!(archive.verify().unwrap().problems.is_empty());
    // A name in the place of another.
    let names = folder.0.join("names");
    fs::copy(names.join("branch-side"), names.join("branch-main")).unwrap();
    assert!(matches!(archive.checkout("main"), Err(ArchiveError::Misnamed(_))));
    // Another kind of file.
    fs::write(names.join("branch-main"), bytes(&sample())).unwrap();
    let refused = archive.checkout("main");
    let Err(ArchiveError::Load {
        source: LoadError::Corrupt {
            offset: 0,
            flaw: Flaw::Magic,
        },
        ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
}

/// A crash between the writes of the revision and the name leaves the branch at the old revision.
#[test]
fn a_revision_without_a_name_is_unreachable() {
    let folder = Folder::fast("between");
    let archive = open(&folder);
    let mut env = large(1_000);
    let before = archive.commit("main", &env, "").unwrap();
    let kept = env.clone();
    let name = folder.0.join("names/branch-main");
    let old = fs::read(&name).unwrap();
    env.add_fact(fact(-1));
    let lost = archive.commit("main", &env, "").unwrap();
    fs::write(&name, old).unwrap();
    fs::write(folder.0.join("revisions/.revision.77-0.tmp"), "half").unwrap();
    fs::write(folder.0.join("names/.branch-main.77-0.tmp"), "half").unwrap();
    fs::write(folder.0.join("names/stranger"), "not ours").unwrap();

    let archive = open(&folder);
    assert_eq!(archive.checkout("main").unwrap(), kept);
    assert_eq!(archive.find("main").unwrap(), before);
    let found = archive.verify().unwrap();
    assert!(found.problems.is_empty());
    assert_eq!((found.revisions, found.unreachable.len()), (2, 4), "{found:?}");
    assert!(
        found
            .unreachable
            .contains(&folder.0.join("revisions").join(lost.to_string()))
    );
    assert_eq!(archive.prune().unwrap(), 3);
    assert_eq!(archive.verify().unwrap().unreachable, [folder.0.join("names/stranger")]);
    // A retry creates another revision.
    let mut env = archive.checkout("main").unwrap();
    env.add_fact(fact(-1));
    assert_ne!(archive.commit("main", &env, "").unwrap(), lost);
}

const CHILD: &str = "PLEACH_ARCHIVE_CHILD";

/// Not a test: the process that the kill tests run.
#[test]
fn child_of_the_kill_test() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let archive = Archive::<Atom>::open(folder).unwrap();
    let mut env = match archive.find("main") {
        Ok(_) => archive.checkout("main").unwrap(),
        Err(_) => large(300),
    };
    for i in 0.. {
        let number = env.len() as i64 + i;
        env.add_facts_bulk([fact(100_000 + number), fact(-100_000 - number)]);
        let id = archive.commit("main", &env, "").unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {id}").unwrap();
        out.flush().unwrap();
    }
}

/// Kills a committing process `rounds` times. Returns the number of acknowledged commits.
fn kill_writers(rounds: u64) -> usize {
    let folder = Folder::new("kill");
    let mut acknowledged = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "archive_faults::child_of_the_kill_test",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, &folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            let lines = lines.lines().map_while(Result::ok);
            // A truncated line acknowledges nothing.
            let ids = lines.filter_map(|line| line.rsplit_once("acknowledged ")?.1.parse().ok());
            ids.collect::<Vec<pleach::persist::RevisionId>>()
        });
        thread::sleep(Duration::from_micros(30_000 + round * 7_919_003 % 90_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let ids = reader.join().unwrap();

        let archive = open(&folder);
        assert!(archive.verify().unwrap().problems.is_empty());
        let Some(last) = ids.last() else { continue };
        let log = archive.log("main").unwrap();
        let place = log.iter().position(|revision| revision.id == *last);
        // One more commit may have succeeded without being acknowledged.
        assert!(place.is_some_and(|place| place <= 1), "round {round}: {place:?}");
        let world = archive.checkout("main").unwrap();
        world.check();
        assert_eq!(world.len(), log[0].atoms);
        assert_eq!(world.len() % 2, large(300).len() % 2, "half a commit");
        acknowledged += ids.len();
    }
    acknowledged
}

#[test]
fn acknowledged_commits_survive_a_kill() {
    assert!(kill_writers(12) > 0);
}

#[test]
#[ignore = "takes two minutes: 500 kills"]
fn five_hundred_killed_writers() {
    assert!(kill_writers(500) > 500);
}

// ---- forged files ----------------------------------------------------------------------------------------------------

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_block(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    let start = out.len();
    out.push(kind);
    out.extend((content.len() as u32).to_le_bytes());
    out.extend(content);
    let checksum = xxhash_rust::xxh3::xxh3_64_with_seed(&out[start..], 0);
    out.extend(checksum.to_le_bytes());
}

/// Writes a whole revision with this parent and generation, by docs/format.md, and a branch `forged` at it.
fn forge(folder: &Folder, parent: pleach::persist::RevisionId, generation: u64, state: &Environment) {
    let raw = |id: String| -> Vec<u8> {
        let digits = (0..32).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap());
        digits.collect()
    };
    let magic = b"\x89pleaar\n\x03\0\0\0";
    let mut content = vec![1];
    content.extend(raw(parent.to_string()));
    put_number(&mut content, generation);
    // A whole state without chunks.
    content.extend([0, 0]);
    put_number(&mut content, state.len());
    content.extend([0, 0]);
    content.extend([7; 16]);
    let mut file = magic.to_vec();
    put_block(&mut file, 32, &content);
    file.extend(bytes(state));
    let id: [u8; 32] = Sha256::digest(&file).into();
    let name: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(folder.0.join("revisions").join(name), file).unwrap();
    let mut content = vec![6];
    content.extend(b"forged");
    content.extend(id);
    let mut file = magic.to_vec();
    put_block(&mut file, 33, &content);
    fs::write(folder.0.join("names/branch-forged"), file).unwrap();
}

/// The greatest generations are rejected or continued, without overflow.
#[test]
fn forged_generations_do_not_overflow() {
    for generation in [0, 1, 2, u64::MAX - 2, u64::MAX - 1, u64::MAX] {
        let folder = Folder::fast("generations");
        let archive = open(&folder);
        let env = large(300);
        let first = archive.commit("main", &env, "").unwrap();
        let mut forged = env.clone();
        forged.add_fact(fact(-1));
        forge(&folder, first, generation, &forged);
        let archive = open(&folder);
        let problems = archive.verify().unwrap().problems.len();
        assert_eq!(problems, usize::from(generation != 1), "{generation}");
        let Ok(mut next) = archive.checkout("forged") else {
            assert!(generation == 0 || generation == u64::MAX, "{generation}");
            continue;
        };
        assert_eq!(next, forged);
        next.add_fact(fact(-2));
        // A commit succeeds and can be read, or fails.
        match archive.commit("forged", &next, "") {
            Ok(_) => assert_eq!(open(&folder).checkout("forged").unwrap(), next, "{generation}"),
            Err(ArchiveError::Load { .. }) => assert_eq!(open(&folder).checkout("forged").unwrap(), forged),
            Err(error) => panic!("{generation}: {error}"),
        }
        assert_eq!(open(&folder).checkout("main").unwrap(), env);
    }
}

/// Two handles commit to one branch while the lock is removed repeatedly.
#[cfg(unix)]
#[test]
fn no_commit_is_lost_while_the_lock_is_removed() {
    let folder = Folder::fast("archive-vandal");
    open(&folder).commit("main", &Environment::new(), "").unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let folder = &folder;
                scope.spawn(move || {
                    let archive = open(folder);
                    let mut acknowledged = Vec::new();
                    for i in 0..60 {
                        let mut env = archive.checkout("main").unwrap();
                        env.add_fact(fact(writer * 1_000 + i));
                        match archive.commit_with("main", &env, "", pleach::env::resolve::fail) {
                            Ok(id) => acknowledged.push(id),
                            Err(ArchiveMergeError::Archive(ArchiveError::LockLost(_))) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let _ = fs::remove_file(folder.0.join("lock"));
                thread::sleep(Duration::from_micros(300));
            }
        });
        let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        ended.into_iter().flat_map(|ended| ended.unwrap()).collect::<Vec<_>>()
    });
    let archive = open(&folder);
    let log: Vec<_> = archive
        .log("main")
        .unwrap()
        .into_iter()
        .map(|revision| revision.id)
        .collect();
    let missing = acknowledged.iter().filter(|id| !log.contains(id)).count();
    assert_eq!(missing, 0, "of {} acknowledged commits", acknowledged.len());
    assert!(!acknowledged.is_empty());
}

/// A writer whose lock is removed during a write publishes nothing.
#[cfg(unix)]
#[test]
fn a_writer_that_has_lost_its_lock_stops() {
    let folder = Folder::fast("archive-lost");
    let archive = open(&folder);
    let mut env: Environment = [fact(0)].into_iter().collect();
    env.bind("here", Atom::from(0));
    archive.commit("main", &env, "").unwrap();
    let (mut mine, mut yours) = (archive.checkout("main").unwrap(), archive.checkout("main").unwrap());
    mine.bind("here", Atom::from(1));
    yours.bind("here", Atom::from(2));
    let before = archive.commit("main", &yours, "").unwrap();
    let lock = folder.0.join("lock");
    let committed = archive.commit_with("main", &mine, "", |conflict| {
        fs::remove_file(&lock).unwrap();
        pleach::env::resolve::ours(conflict)
    });
    assert!(matches!(committed, Err(ArchiveMergeError::Archive(ArchiveError::LockLost(path))) if path == lock));
    assert_eq!(archive.find("main").unwrap(), before);
    // The next write takes a new lock.
    archive
        .commit_with("main", &mine, "", pleach::env::resolve::ours)
        .unwrap();
}

/// A resolver that writes the archive would deadlock, through this handle or another.
#[test]
fn a_write_inside_a_write_is_refused() {
    let folder = Folder::fast("archive-inside");
    let archive = open(&folder);
    let mut env = Environment::new();
    env.bind("here", Atom::from(0));
    archive.commit("main", &env, "").unwrap();
    let (mut mine, mut yours) = (archive.checkout("main").unwrap(), archive.checkout("main").unwrap());
    mine.bind("here", Atom::from(1));
    yours.bind("here", Atom::from(2));
    archive.commit("main", &yours, "").unwrap();
    let mut refused = 0;
    let committed = archive.commit_with("main", &mine, "", |conflict| {
        for archive in [&archive, &open(&folder)] {
            refused += usize::from(matches!(archive.tag("inside", "main"), Err(ArchiveError::Reentrant)));
        }
        pleach::env::resolve::ours(conflict)
    });
    committed.unwrap();
    assert_eq!(refused, 2);
    archive.tag("outside", "main").unwrap();
}

/// A dangling link isn't taken for a missing branch.
#[cfg(unix)]
#[test]
fn a_name_that_is_a_dangling_link_is_not_absent() {
    let folder = Folder::fast("archive-link");
    let archive = open(&folder);
    archive.commit("main", &Environment::new(), "").unwrap();
    let name = folder.0.join("names").join("branch-main");
    let away = folder.0.join("away");
    fs::rename(&name, &away).unwrap();
    std::os::unix::fs::symlink(folder.0.join("elsewhere"), &name).unwrap();
    for archive in [&archive, &open(&folder)] {
        let committed = archive.commit("main", &[fact(0)].into_iter().collect(), "");
        assert!(matches!(committed, Err(ArchiveError::Io(error)) if error.to_string().contains("branch-main")));
    }
    assert!(fs::symlink_metadata(&name).unwrap().is_symlink());
}
