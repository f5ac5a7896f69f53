//! Journals with corrupt, truncated, missing or forged files: no loss of an acknowledged commit goes unnoticed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pleach::persist::{Flaw, Journal, JournalError, LoadError, NoCodec, Recovery, SyncPolicy};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;

const POLICIES: [SyncPolicy; 3] = [
    SyncPolicy::Always,
    SyncPolicy::Every(Duration::from_secs(1)),
    SyncPolicy::Never,
];

fn open(folder: &Path, sync: SyncPolicy) -> Result<(Journal, Recovery), JournalError> {
    Journal::open_with(folder, sync, NoCodec)
}

fn fact(i: i64) -> Atom {
    Atom::expression([Atom::symbol("fact"), Atom::from(i)])
}

fn add(journal: &Journal, i: i64) {
    journal.update(|env| env.add_fact(fact(i))).unwrap();
}

/// Commits these facts. Returns the end of the record of each.
fn fill(folder: &Path, sync: SyncPolicy, facts: std::ops::Range<i64>) -> Vec<usize> {
    let (journal, _) = open(folder, sync).unwrap();
    let mut ends = vec![journal.log_length() as usize];
    for i in facts {
        add(&journal, i);
        ends.push(journal.log_length() as usize);
    }
    ends
}

/// Asserts that opening the journal is an error at this offset, with any policy, and that nothing is truncated.
#[track_caller]
fn assert_refused(folder: &Path, log: &[u8], at: usize) {
    let path = folder.join("log-0");
    fs::write(&path, log).unwrap();
    for sync in POLICIES {
        match open(folder, sync) {
            Err(JournalError::Load {
                path: found,
                source: LoadError::Corrupt { offset, .. },
            }) => assert_eq!((found, offset), (path.clone(), at as u64)),
            other => panic!("{:?}", other.map(|(_, recovery)| recovery)),
        }
        assert!(Journal::<Atom>::read(folder, &NoCodec).is_err());
        assert!(fs::read(&path).unwrap() == log, "it was cut");
    }
}

#[test]
fn any_number_of_corrupt_records_is_an_error() {
    let folder = Folder::fast("several");
    let ends = fill(&folder.0, SyncPolicy::Always, 0..100);
    let whole = fs::read(folder.0.join("log-0")).unwrap();
    for records in [1, 2, 3, 10, 48] {
        let mut log = whole.clone();
        log[ends[50]..ends[50 + records]].fill(0);
        assert_refused(&folder.0, &log, ends[50]);
    }
    // All but the last.
    let mut log = whole.clone();
    log[ends[50]..ends[99]].fill(0xff);
    assert_refused(&folder.0, &log, ends[50]);
    // A bit of each of two adjacent records.
    let mut log = whole.clone();
    log[ends[50] + 3] ^= 1;
    log[ends[51] + 3] ^= 1;
    assert_refused(&folder.0, &log, ends[50]);
    // Deleted and duplicated records.
    let log = [&whole[..ends[50]], &whole[ends[52]..]].concat();
    assert_refused(&folder.0, &log, ends[50]);
    let log = [&whole[..ends[50]], &whole[ends[49]..]].concat();
    assert_refused(&folder.0, &log, ends[50]);
    let log = [&whole[..ends[50]], &[0; 7], &whole[ends[50]..]].concat();
    assert_refused(&folder.0, &log, ends[50]);
}

/// Also for records of several blocks.
#[test]
fn a_corrupt_large_record_is_an_error_and_a_torn_one_is_truncated() {
    let folder = Folder::fast("large");
    let mut ends = fill(&folder.0, SyncPolicy::Always, 0..3);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    let large = Atom::symbol(&*"large ".repeat(1 << 20));
    journal.update(|env| env.add_fact(large.clone())).unwrap();
    ends.push(journal.log_length() as usize);
    add(&journal, 3);
    ends.push(journal.log_length() as usize);
    let saved = journal.snapshot();
    drop(journal);
    assert!(ends[4] - ends[3] > 6 << 20);
    let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!((journal.snapshot() == saved, recovery.torn), (true, 0));
    drop(journal);

    let whole = fs::read(folder.0.join("log-0")).unwrap();
    for at in [
        ends[3],
        ends[3] + 9,
        ends[3] + (1 << 20),
        ends[3] + (3 << 20),
        ends[4] - 1,
    ] {
        let mut log = whole.clone();
        log[at] ^= 4;
        let path = folder.0.join("log-0");
        fs::write(&path, &log).unwrap();
        assert_refused(&folder.0, &log, ends[3]);
        // Without a record after it, it can't be told from a torn one.
        log.truncate(ends[4]);
        fs::write(&path, &log).unwrap();
        let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
        assert_eq!(recovery.torn as usize, ends[4] - ends[3]);
        assert_eq!(journal.load().len(), 3);
    }
    for length in [ends[3] + 1, ends[3] + (1 << 20) + 20, ends[3] + (2 << 20), ends[4] - 1] {
        fs::write(folder.0.join("log-0"), &whole[..length]).unwrap();
        let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
        assert_eq!((recovery.torn as usize, journal.load().len()), (length - ends[3], 3));
        drop(journal);
        assert_eq!(fs::metadata(folder.0.join("log-0")).unwrap().len() as usize, ends[3]);
    }
}

/// Where records aren't synced one by one, a crash can lose one and keep a later one, which isn't corruption. Records
/// that were synced, also by opening the journal, are as safe as with `Always`.
#[test]
fn a_hole_in_unsynced_records_is_truncated_and_one_in_synced_records_is_an_error() {
    let folder = Folder::fast("hole");
    let ends = fill(&folder.0, SyncPolicy::Never, 0..10);
    let whole = fs::read(folder.0.join("log-0")).unwrap();
    let mut log = whole.clone();
    log[ends[5]..ends[6]].fill(0);
    fs::write(folder.0.join("log-0"), &log).unwrap();
    let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!((journal.load().len(), recovery.torn as usize), (5, ends[10] - ends[5]));
    drop(journal);

    fs::write(folder.0.join("log-0"), &whole).unwrap();
    fill(&folder.0, SyncPolicy::Never, 10..11);
    let longer = fs::read(folder.0.join("log-0")).unwrap();
    assert_eq!(longer[..whole.len()], whole);
    let mut log = longer.clone();
    log[ends[5]..ends[10]].fill(0);
    assert_refused(&folder.0, &log, ends[5]);
}

/// A log whose successor has records, because the snapshot could not be written.
fn two_logs(folder: &Path) -> Vec<usize> {
    let ends = fill(folder, SyncPolicy::Always, 0..10);
    let (journal, _) = open(folder, SyncPolicy::Always).unwrap();
    fs::create_dir(folder.join("snapshot-1")).unwrap();
    assert!(matches!(journal.compact(), Err(JournalError::Io(_))));
    fs::remove_dir(folder.join("snapshot-1")).unwrap();
    (10..20).for_each(|i| add(&journal, i));
    drop(journal);
    let (journal, recovery) = open(folder, SyncPolicy::Always).unwrap();
    assert_eq!((journal.load().len(), recovery.records, recovery.torn), (20, 20, 0));
    ends
}

#[test]
fn a_log_that_another_follows_must_be_sealed() {
    let folder = Folder::fast("followed");
    let ends = two_logs(&folder.0);
    let path = folder.0.join("log-0");
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > ends[10]);
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        match open(&folder.0, SyncPolicy::Never) {
            Err(JournalError::Truncated(found)) => assert_eq!(found, path),
            Err(JournalError::Load { path: found, .. }) => assert!(length < ends[0] && found == path),
            other => panic!("{length}: {:?}", other.map(|(_, recovery)| recovery)),
        }
        assert_eq!(fs::metadata(&path).unwrap().len() as usize, length);
    }
    fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    assert!(matches!(
        open(&folder.0, SyncPolicy::Never),
        Err(JournalError::Load {
            source: LoadError::Corrupt {
                flaw: Flaw::Trailing,
                ..
            },
            ..
        })
    ));
    fs::write(&path, &whole).unwrap();
    // The next log is missing, or is another.
    let next = folder.0.join("log-1");
    let bytes = fs::read(&next).unwrap();
    fs::remove_file(&next).unwrap();
    assert!(matches!(open(&folder.0, SyncPolicy::Never), Err(JournalError::Truncated(found)) if found == next));
    fs::write(&next, &whole).unwrap();
    assert!(matches!(
        open(&folder.0, SyncPolicy::Never),
        Err(JournalError::Load { .. })
    ));
    fs::write(&next, &bytes).unwrap();
    assert_eq!(open(&folder.0, SyncPolicy::Never).unwrap().0.load().len(), 20);
}

/// The process stopped after creating the new log, before sealing the old one.
#[test]
fn a_new_log_without_effect_is_ignored() {
    let folder = Folder::fast("begun");
    let ends = two_logs(&folder.0);
    let [old, new] = ["log-0", "log-1"].map(|name| folder.0.join(name));
    let (whole, begun) = (fs::read(&old).unwrap(), fs::read(&new).unwrap());
    fs::write(&new, &begun[..ends[0]]).unwrap();
    fs::write(&old, &whole[..ends[10]]).unwrap();
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!(journal.load().len(), 10);
    add(&journal, 10);
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!(journal.load().len(), 11);
    journal.compact().unwrap();
    drop(journal);
    assert_eq!(folder.names(), ["lock", "log-1", "snapshot-1"]);
    // But it states the length of the old one.
    let folder = Folder::fast("begun-short");
    let ends = two_logs(&folder.0);
    let [old, new] = ["log-0", "log-1"].map(|name| folder.0.join(name));
    let (whole, begun) = (fs::read(&old).unwrap(), fs::read(&new).unwrap());
    fs::write(&new, &begun[..ends[0]]).unwrap();
    fs::write(&old, &whole[..ends[9]]).unwrap();
    assert!(matches!(open(&folder.0, SyncPolicy::Never), Err(JournalError::Truncated(found)) if found == old));
}

#[test]
fn a_missing_log_after_a_snapshot_is_an_error() {
    let folder = Folder::fast("lost");
    fill(&folder.0, SyncPolicy::Always, 0..10);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.compact().unwrap();
    add(&journal, 10);
    drop(journal);
    let log = folder.0.join("log-1");
    let bytes = fs::read(&log).unwrap();
    fs::remove_file(&log).unwrap();
    assert!(matches!(open(&folder.0, SyncPolicy::Never), Err(JournalError::Truncated(found)) if found == log));
    fs::write(&log, b"").unwrap();
    assert!(matches!(
        open(&folder.0, SyncPolicy::Never),
        Err(JournalError::Load { .. })
    ));
    fs::write(&log, bytes).unwrap();
    // An empty snapshot counts as missing.
    fs::write(folder.0.join("snapshot-1"), b"").unwrap();
    assert!(matches!(
        open(&folder.0, SyncPolicy::Never),
        Err(JournalError::Truncated(_))
    ));

    let folder = Folder::fast("emptied");
    fill(&folder.0, SyncPolicy::Always, 0..10);
    fs::write(folder.0.join("log-0"), b"").unwrap();
    assert!(matches!(
        open(&folder.0, SyncPolicy::Never),
        Err(JournalError::Load { .. })
    ));
}

/// With the salt, one can forge a tail in which a near-record begins at each byte. It is an error, in linear time.
#[test]
fn a_forged_tail_is_searched_in_linear_time() {
    let folder = Folder::fast("forged");
    let ends = fill(&folder.0, SyncPolicy::Always, 0..3);
    let log = folder.0.join("log-0");
    let whole = fs::read(&log).unwrap();
    let salt = u64::from_le_bytes(whole[25..33].try_into().unwrap());
    let tag = salt.wrapping_add(5).to_le_bytes();
    let start = Instant::now();
    for (unit, refused) in [
        (&[&[17][..], &(1u32 << 19).to_le_bytes()].concat(), false),
        (&[&[17][..], &(1u32 << 19).to_le_bytes(), &tag, &[0]].concat(), true),
        (&vec![0], false),
    ] {
        let mut forged = whole.clone();
        while forged.len() < 8 << 20 {
            forged.extend(unit);
        }
        fs::write(&log, &forged).unwrap();
        let opened = open(&folder.0, SyncPolicy::Always);
        assert_eq!(opened.is_err(), refused);
        if let Ok((_, recovery)) = opened {
            assert_eq!(recovery.torn as usize, forged.len() - ends[3]);
        }
    }
    // It took minutes when each near-record was hashed.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// User data in a torn record may look like records, even of this log.
#[test]
fn user_data_is_never_taken_for_a_record() {
    let folder = Folder::fast("inside");
    let ends = fill(&folder.0, SyncPolicy::Always, 0..3);
    let bytes = fs::read(folder.0.join("log-0")).unwrap();
    // Another journal with a fact that holds the bytes of this log, as far as they are text.
    let other = Folder::fast("outside");
    fill(&other.0, SyncPolicy::Always, 0..1);
    let log = other.0.join("log-0");
    let mut torn = fs::read(&log).unwrap();
    let length = torn.len();
    torn.extend([17, 0, 0, 1, 0]);
    torn.extend(&bytes[ends[0]..]);
    fs::write(&log, &torn).unwrap();
    let (journal, recovery) = open(&other.0, SyncPolicy::Always).unwrap();
    assert_eq!((journal.load().len(), recovery.torn as usize), (1, torn.len() - length));
}

#[test]
fn other_files_are_ignored() {
    for name in [
        "log-20261127",
        "log-5",
        "log-00",
        "log-+0",
        "snapshot-5",
        "snapshot-+5",
        "snapshot-007",
        "snapshot-18446744073709551615",
        "snapshot-18446744073709551616",
        "snapshot-1.bak",
        "notes",
    ] {
        let folder = Folder::fast("strangers");
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join(name), b"mine").unwrap();
        assert!(!Journal::<Atom>::is_in(&folder.0).unwrap());
        fill(&folder.0, SyncPolicy::Always, 0..2);
        let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
        assert_eq!((recovery.records, recovery.torn), (2, 0), "{name}");
        journal.compact().unwrap();
        journal.compact().unwrap();
        drop(journal);
        assert!(Journal::<Atom>::is_in(&folder.0).unwrap());
        assert_eq!(fs::read(folder.0.join(name)).unwrap(), b"mine", "{name}");
    }
}

#[test]
fn a_copy_without_the_lock_file_is_a_journal() {
    let folder = Folder::fast("copied");
    fill(&folder.0, SyncPolicy::Always, 0..3);
    fs::remove_file(folder.0.join("lock")).unwrap();
    assert!(Journal::<Atom>::is_in(&folder.0).unwrap());
    let (found, recovery): (Environment, _) = Journal::read(&folder.0, &NoCodec).unwrap();
    assert_eq!((found.len(), recovery.records), (3, 3));
    assert_eq!(folder.names(), ["log-0"]);
    // An empty folder isn't.
    fs::remove_file(folder.0.join("log-0")).unwrap();
    assert!(!Journal::<Atom>::is_in(&folder.0).unwrap());
    assert!(matches!(
        Journal::<Atom>::read(&folder.0, &NoCodec),
        Err(JournalError::Truncated(_))
    ));
}

#[cfg(unix)]
#[test]
fn a_removed_lock_admits_no_second_writer() {
    for replace in [false, true] {
        let folder = Folder::fast("removed");
        let lock = folder.0.join("lock");
        let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
        (0..3).for_each(|i| add(&journal, i));
        fs::remove_file(&lock).unwrap();
        if replace {
            fs::write(&lock, "").unwrap();
        }
        assert!(matches!(open(&folder.0, SyncPolicy::Always), Err(JournalError::Locked)));
        // The first writer notices, and stays stopped.
        for _ in 0..2 {
            let added = journal.update(|env| env.add_fact(fact(3)));
            assert!(
                matches!(&added, Err(JournalError::LockLost(path)) if *path == lock),
                "{added:?}"
            );
            assert!(matches!(journal.compact(), Err(JournalError::LockLost(_))));
        }
        drop(journal);
        assert_eq!(folder.names(), ["lock", "log-0"]);
        let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
        assert_eq!((journal.load().len(), recovery.records), (3, 3));
    }
}

/// Two writers open a journal repeatedly while its lock is removed.
#[cfg(unix)]
#[test]
fn no_commit_is_lost_while_the_lock_is_removed() {
    let folder = Folder::fast("vandal");
    let acknowledged = Mutex::new(Vec::new());
    let (lost, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (folder, acknowledged, lost) = (&folder.0, &acknowledged, &lost);
                scope.spawn(move || {
                    for round in 0..60 {
                        let Ok((journal, _)) = open(folder, SyncPolicy::Never) else {
                            thread::sleep(Duration::from_millis(1));
                            continue;
                        };
                        for i in 0..10 {
                            let number = (writer * 1_000 + round) * 10 + i;
                            match journal.update(|env| env.add_fact(fact(number))) {
                                Ok(()) => acknowledged.lock().unwrap().push(number),
                                Err(JournalError::LockLost(_)) => {
                                    lost.store(true, Ordering::Relaxed);
                                    break;
                                }
                                Err(error) => panic!("{error}"),
                            }
                            if i == 5 {
                                let _ = journal.compact();
                            }
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = fs::remove_file(folder.0.join("lock"));
                thread::sleep(Duration::from_micros(300));
            }
        });
        let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(|ended| ended.unwrap());
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    let world = journal.load();
    let missing = acknowledged.iter().filter(|i| !world.contains(&fact(**i))).count();
    assert_eq!(missing, 0, "of {} acknowledged commits", acknowledged.len());
    assert!(!acknowledged.is_empty() && lost.into_inner());
}

/// Reads take no lock, and report no corruption during a write.
#[test]
fn reads_do_not_hinder_a_writer() {
    let folder = Folder::fast("readers");
    fill(&folder.0, SyncPolicy::Never, 0..1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut reads, mut last) = (0, 0);
                    while !done.load(Ordering::Relaxed) {
                        let (found, _) = Journal::<Atom>::read(&folder.0, &NoCodec).unwrap();
                        assert!(found.len() >= last, "{} after {last}", found.len());
                        last = found.len();
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let service = scope.spawn(|| {
            for round in 1..100 {
                let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
                for i in 0..5 {
                    add(&journal, round * 5 + i);
                }
                journal.compact().unwrap();
                add(&journal, round * 5 - 10_000);
            }
        });
        let served = service.join();
        done.store(true, Ordering::Relaxed);
        let reads: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        served.unwrap();
        assert!(reads > 0);
    });
}

#[test]
fn an_open_journal_can_be_read() {
    let folder = Folder::fast("beside-open");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    (0..3).for_each(|i| add(&journal, i));
    let (found, recovery) = Journal::<Atom>::read(&folder.0, &NoCodec).unwrap();
    assert_eq!((found, recovery.records), (journal.snapshot(), 3));
    add(&journal, 3);
}

/// Each file is replaced by that of another journal, and by an older one.
#[test]
fn a_file_of_another_journal_or_an_older_one_is_an_error() {
    // Equal numbers of commits, so that all lengths are equal.
    let [folder, other] = ["swapped", "swapped-other"].map(Folder::fast);
    let mut older = Vec::new();
    for folder in [&folder, &other] {
        let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
        for i in 0..3 {
            add(&journal, i);
            journal.compact().unwrap();
            if i == 1 && older.is_empty() {
                older = ["snapshot-2", "log-2"]
                    .map(|name| fs::read(folder.0.join(name)).unwrap())
                    .into();
            }
        }
        add(&journal, 3);
    }
    let read = |folder: &Folder| ["snapshot-3", "log-3"].map(|name| fs::read(folder.0.join(name)).unwrap());
    let (own, others) = (read(&folder), read(&other));
    let snapshot = folder.0.join("snapshot-3");
    let refused = |swapped: [&[u8]; 2]| {
        for (name, bytes) in ["snapshot-3", "log-3"].iter().zip(swapped) {
            fs::write(folder.0.join(name), bytes).unwrap();
        }
        let opened = open(&folder.0, SyncPolicy::Always).map(|(_, recovery)| recovery);
        let read = Journal::<Atom>::read(&folder.0, &NoCodec).map(|(_, recovery)| recovery);
        for result in [opened, read] {
            match result {
                Err(JournalError::Load {
                    path,
                    source: LoadError::Corrupt { flaw, .. },
                }) => assert!(
                    path == snapshot && matches!(flaw, Flaw::Foreign | Flaw::Order),
                    "{flaw:?}"
                ),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(fs::read(folder.0.join("log-3")).unwrap(), swapped[1]);
    };
    refused([&others[0], &own[1]]);
    refused([&own[0], &others[1]]);
    refused([&older[0], &own[1]]);
    fs::write(&snapshot, &own[0]).unwrap();
    fs::write(folder.0.join("log-3"), &own[1]).unwrap();
    assert_eq!(open(&folder.0, SyncPolicy::Always).unwrap().0.load().len(), 4);
}

/// A log and its successor, of two journals with the same commits.
#[test]
fn a_log_that_continues_another_log_is_an_error() {
    let [folder, other] = ["follows", "follows-other"].map(Folder::fast);
    for folder in [&folder, &other] {
        two_logs(&folder.0);
    }
    for name in ["log-0", "log-1"] {
        let path = folder.0.join(name);
        let own = fs::read(&path).unwrap();
        fs::write(&path, fs::read(other.0.join(name)).unwrap()).unwrap();
        match open(&folder.0, SyncPolicy::Always) {
            Err(JournalError::Load {
                path,
                source: LoadError::Corrupt {
                    flaw: Flaw::Foreign, ..
                },
            }) => assert_eq!(path, folder.0.join("log-1")),
            other => panic!("{:?}", other.map(|(_, recovery)| recovery)),
        }
        fs::write(&path, own).unwrap();
    }
    assert_eq!(open(&folder.0, SyncPolicy::Always).unwrap().0.load().len(), 20);
}

/// The error names the version.
#[test]
fn files_of_earlier_versions_are_an_error() {
    let folder = Folder::fast("earlier-versions");
    fill(&folder.0, SyncPolicy::Always, 0..1);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.compact().unwrap();
    let saved = journal.snapshot();
    drop(journal);
    let refused = |name: &str, version: u32| match open(&folder.0, SyncPolicy::Always) {
        Err(JournalError::Load {
            path,
            source: LoadError::Corrupt { flaw, .. },
        }) => assert!(
            path == folder.0.join(name) && flaw == Flaw::Version(version),
            "{flaw:?}"
        ),
        other => panic!("{:?}", other.map(|(_, recovery)| recovery)),
    };
    let log = folder.0.join("log-1");
    let mut bytes = fs::read(&log).unwrap();
    for version in [1, 2] {
        bytes[8] = version;
        fs::write(&log, &bytes).unwrap();
        refused("log-1", version.into());
    }
    // A snapshot of version 1 was a saved environment.
    saved.save(folder.0.join("snapshot-1")).unwrap();
    refused("snapshot-1", 1);
}
