//! Journals: acknowledged commits survive a crash, and none is partial.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pleach::persist::{Journal, JournalError, NoCodec, Recovery, SyncPolicy};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;
use pleach_testkit::quick_check;
use pleach_testkit::worlds::{Made, Write, assert_same, sample};
use quickcheck::Gen;

fn open(folder: &Path, sync: SyncPolicy) -> Result<(Journal, Recovery), JournalError> {
    Journal::open_with(folder, sync, NoCodec)
}

fn pair(i: i64, part: &str) -> Atom {
    Atom::expression([Atom::symbol("pair"), Atom::from(i), Atom::symbol(part)])
}

/// Random commits, some of forks that are merged or united with the journal's state on either side, with compactions
/// and restarts in between.
#[test]
fn commits_round_trip() {
    fn property(commits: Vec<(u8, Vec<Write>)>, compact_at: usize) {
        let folder = Folder::fast("random");
        let mut made = Made::default();
        let mut kept: Vec<Environment> = Vec::new();
        let (mut journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
        for (number, (way, writes)) in commits.iter().enumerate() {
            let write = |env: &mut Environment, made: &mut Made| writes.iter().for_each(|write| write.apply(env, made));
            let mut fork = match way % 5 {
                0 | 1 => {
                    let before = made.clone();
                    journal
                        .update(|env| {
                            made = before.clone();
                            write(env, &mut made);
                        })
                        .unwrap();
                    journal.snapshot()
                }
                2 | 3 => {
                    let mut fork = journal.snapshot();
                    journal
                        .update(|env| env.add_rule(Atom::from(number as i64), Atom::symbol("r")))
                        .unwrap();
                    write(&mut fork, &mut made);
                    fork
                }
                // A fork that wasn't committed when it was written.
                _ => {
                    let mut fork = kept.pop().unwrap_or_default();
                    write(&mut fork, &mut made);
                    fork
                }
            };
            match way / 5 % 4 {
                0 => kept.insert(0, fork),
                1 => drop(journal.commit(&mut fork).unwrap()),
                2 => drop(journal.commit(&mut fork.union(&journal.snapshot())).unwrap()),
                _ => drop(journal.commit(&mut journal.snapshot().union(&fork)).unwrap()),
            }
            if number == compact_at % 8 {
                journal.compact().unwrap();
            }
            if number % 4 == 3 {
                let saved = journal.snapshot();
                drop(journal);
                let opened = open(&folder.0, SyncPolicy::Never).unwrap();
                assert_eq!(opened.1.torn, 0);
                journal = opened.0;
                assert_same(&saved, &journal.snapshot(), &made);
            }
        }
        let saved = journal.snapshot();
        drop(journal);
        let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
        assert_same(&saved, &journal.snapshot(), &made);
    }
    quick_check(2_000)
        .rng(Gen::new(10))
        .quickcheck(property as fn(Vec<(u8, Vec<Write>)>, usize));
}

#[test]
fn a_state_that_became_the_right_side_of_a_union_keeps_its_new_order() {
    let folder = Folder::new("right");
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    let add = |rule: &str| journal.update(|env| env.add_fact(rule.parse().unwrap())).unwrap();
    add("(= (f $x) old)");
    let mut fork = journal.snapshot();
    fork.add_fact("(= (f 6) six)".parse().unwrap());
    add("(= (f $x) zero)");
    add("(= (f $x) three)");
    journal.commit(&mut fork.union(&journal.snapshot())).unwrap();
    let order = |env: &Environment| env.rules().map(|rule| rule.rhs().to_string()).collect::<Vec<_>>();
    assert_eq!(order(&journal.snapshot()), ["old", "six", "zero", "three"]);
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    assert_eq!(order(&journal.snapshot()), ["old", "six", "zero", "three"]);
}

#[test]
fn a_definition_that_was_removed_and_added_again_keeps_its_new_place() {
    let folder = Folder::new("order");
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    let rule = |name: &str| (Atom::symbol(name), Atom::from(1));
    journal
        .update(|env| env.add_rules_bulk(["a", "b", "c"].map(rule)))
        .unwrap();
    journal
        .update(|env| {
            let (lhs, rhs) = rule("a");
            env.remove_rule(lhs.clone(), rhs.clone());
            env.add_rule(lhs, rhs);
            env.add_rule(Atom::symbol("d"), Atom::from(1));
        })
        .unwrap();
    let order = |env: &Environment| env.rules().map(|rule| rule.lhs().to_string()).collect::<Vec<_>>();
    assert_eq!(order(&journal.snapshot()), ["b", "c", "a", "d"]);
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    assert_eq!(order(&journal.snapshot()), ["b", "c", "a", "d"]);
}

#[test]
fn a_definition_of_a_named_space_keeps_its_new_place_too() {
    let folder = Folder::new("order-inside");
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    let rules = ["(= a 1)", "(= b 1)", "(= c 1)"].map(|rule| rule.parse::<Atom>().unwrap());
    let id = journal
        .update(|env| {
            let id = env.new_space();
            env.space_mut(id).unwrap().add_facts_bulk(rules.clone());
            id
        })
        .unwrap();
    journal
        .update(|env| {
            let mut space = env.space_mut(id).unwrap();
            space.remove_fact(&rules[0]);
            space.add_fact(rules[0].clone());
        })
        .unwrap();
    let order = |env: &Environment| {
        let rules = env.space(id).unwrap().rules();
        rules.map(|rule| rule.lhs().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order(&journal.snapshot()), ["b", "c", "a"]);
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    assert_eq!(order(&journal.snapshot()), ["b", "c", "a"]);
}

#[test]
fn removed_states_and_bindings_stay_removed() {
    let folder = Folder::new("undone");
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("first"))).unwrap();
    let before = journal.snapshot();
    let id = journal
        .update(|env| {
            env.bind("name", Atom::symbol("bound"));
            env.new_state(Atom::from(1))
        })
        .unwrap();
    let undo = before.diff(&journal.snapshot()).inverse();
    journal.update(|env| env.apply(&undo)).unwrap();
    assert_eq!((journal.load().state(id), journal.load().binding("name")), (None, None));
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    assert_eq!((journal.load().state(id), journal.load().binding("name")), (None, None));
    assert_eq!(journal.snapshot(), before);
}

#[test]
fn a_replaced_state_round_trips() {
    let folder = Folder::new("replaced");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("old"))).unwrap();
    journal.update(|env| *env = sample()).unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("new"))).unwrap();
    let saved = journal.snapshot();
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_same(&saved, &journal.snapshot(), &Made::default());
    assert!(!journal.load().contains(&Atom::symbol("old")));
}

/// A log of a few commits, truncated or changed at each byte.
#[test]
fn a_torn_log_is_truncated_and_a_corrupt_one_is_an_error() {
    let folder = Folder::fast("torn");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    let mut states = vec![journal.snapshot()];
    let mut ends = vec![journal.log_length()];
    for i in 0..5 {
        journal
            .update(|env| env.add_facts_bulk([pair(i, "left"), pair(i, "right")]))
            .unwrap();
        states.push(journal.snapshot());
        ends.push(journal.log_length());
    }
    drop(journal);
    let log = folder.0.join("log-0");
    let whole = fs::read(&log).unwrap();
    assert_eq!(*ends.last().unwrap(), whole.len() as u64);

    // A log is renamed once its header is complete.
    for length in 0..ends[0] as usize {
        fs::write(&log, &whole[..length]).unwrap();
        assert!(matches!(
            open(&folder.0, SyncPolicy::Never),
            Err(JournalError::Load { .. })
        ));
    }
    for length in ends[0] as usize..=whole.len() {
        fs::write(&log, &whole[..length]).unwrap();
        let (journal, recovery) = open(&folder.0, SyncPolicy::Never).unwrap();
        let records = ends
            .iter()
            .filter(|end| **end <= length as u64)
            .count()
            .saturating_sub(1);
        let kept = ends[records];
        assert_eq!(
            (recovery.records, recovery.torn),
            (records as u64, length as u64 - kept)
        );
        assert_eq!(journal.snapshot(), states[records]);
        // The log continues from there.
        journal.update(|env| env.add_fact(Atom::symbol("later"))).unwrap();
        drop(journal);
        let (journal, recovery) = open(&folder.0, SyncPolicy::Never).unwrap();
        assert_eq!((recovery.records, recovery.torn), (records as u64 + 1, 0));
        assert_eq!(journal.load().len(), states[records].len() + 1);
    }

    for at in 0..whole.len() {
        for change in [0x01, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= change;
            fs::write(&log, &damaged).unwrap();
            match open(&folder.0, SyncPolicy::Always) {
                // Only the last record can be taken for a torn one.
                Ok((journal, recovery)) => {
                    assert!(at as u64 >= ends[4], "byte {at}: {recovery:?}");
                    assert_eq!(journal.snapshot(), states[4]);
                    assert_eq!(recovery.torn, ends[5] - ends[4]);
                }
                Err(JournalError::Load { .. }) => assert!((at as u64) < ends[4], "byte {at}"),
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
}

#[test]
fn a_journal_is_opened_once() {
    let folder = Folder::new("locked");
    let (journal, _) = open(&folder.0, SyncPolicy::Every(Duration::from_millis(1))).unwrap();
    assert!(matches!(open(&folder.0, SyncPolicy::Never), Err(JournalError::Locked)));
    drop(journal);
    open(&folder.0, SyncPolicy::Never).unwrap();
}

#[test]
fn a_missing_log_is_an_error() {
    let folder = Folder::new("missing");
    let (journal, _) = open(&folder.0, SyncPolicy::Never).unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("a"))).unwrap();
    journal.compact().unwrap();
    drop(journal);
    assert_eq!(folder.names(), ["lock", "log-1", "snapshot-1"]);
    fs::remove_file(folder.0.join("snapshot-1")).unwrap();
    assert!(matches!(
        open(&folder.0, SyncPolicy::Never),
        Err(JournalError::Truncated(_))
    ));
}

struct Handle;

impl pleach::term::Grounded for Handle {
    fn type_name(&self) -> &str {
        "Handle"
    }
    fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::Borrowed(b"")
    }
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("handle")
    }
}

#[test]
fn a_change_that_cannot_be_encoded_can_be_undone() {
    let folder = Folder::new("opaque");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("before"))).unwrap();
    let length = journal.log_length();
    for name in ["a", "b"] {
        let refused = journal.update(|env| env.extend([Atom::symbol(name), Atom::grounded(Handle)]));
        assert!(matches!(refused, Err(JournalError::Save(_))), "{refused:?}");
        assert_eq!(journal.log_length(), length);
    }
    journal
        .update(|env| env.set_multiplicities([(Atom::grounded(Handle), 0)]))
        .unwrap();
    let saved = journal.snapshot();
    drop(journal);
    let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!((recovery.records, recovery.torn, journal.load().len()), (2, 0, 3));
    assert_eq!(saved, journal.snapshot());
}

/// If a new log can't be written, the old one stays in use.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_not_stop_the_old_log() {
    let folder = Folder::new("full");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("a"))).unwrap();
    // The temporary file of the new log.
    std::os::unix::fs::symlink("/dev/full", folder.0.join(".log-1.tmp")).unwrap();
    match journal.compact() {
        Err(JournalError::Io(error)) => assert_eq!(error.kind(), std::io::ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
    journal.update(|env| env.add_fact(Atom::symbol("b"))).unwrap();
    journal.compact().unwrap();
    journal.update(|env| env.add_fact(Atom::symbol("c"))).unwrap();
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!(journal.load().len(), 3);
}

/// Threads commit, by forks and closures, during compactions.
#[test]
fn compaction_runs_beside_writers() {
    const THREADS: i64 = 8;
    const COMMITS: i64 = 30;
    let folder = Folder::new("beside");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let journal = &journal;
                scope.spawn(move || {
                    for i in 0..COMMITS {
                        let fact = pair(thread * COMMITS + i, "once");
                        if i % 2 == 0 {
                            let mut fork = journal.snapshot();
                            fork.add_fact(fact);
                            journal.commit(&mut fork).unwrap();
                        } else {
                            journal.update(|env| env.add_fact(fact.clone())).unwrap();
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                journal.compact().unwrap();
                thread::sleep(Duration::from_millis(2));
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    drop(journal);
    let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!(recovery.torn, 0);
    let world = journal.load();
    assert_eq!(
        (world.len(), world.fact_count()),
        ((THREADS * COMMITS) as u64, (THREADS * COMMITS) as usize)
    );
}

/// Folder of the child process of the kill tests. If unset, that test does nothing.
const CHILD: &str = "PLEACH_JOURNAL_CHILD";

/// Not a test: the process that the kill tests run.
#[test]
fn child_of_the_kill_test() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let sync = if folder.ends_with("synced") {
        SyncPolicy::Always
    } else {
        SyncPolicy::Never
    };
    let (journal, _) = open(Path::new(&folder), sync).unwrap();
    let start = journal.load().fact_count() as i64;
    thread::scope(|scope| {
        for thread in 0..3 {
            let journal = &journal;
            scope.spawn(move || {
                for i in 0.. {
                    let i = (start + i) * 3 + thread;
                    let mut fork = journal.snapshot();
                    fork.add_facts_bulk([pair(i, "left"), pair(i, "right")]);
                    journal.commit(&mut fork).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "acknowledged {i}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
        scope.spawn(|| {
            loop {
                thread::sleep(Duration::from_millis(5));
                journal.compact().unwrap();
            }
        });
    });
}

/// Kills a writing process `rounds` times, and checks what it left. Returns the number of acknowledged commits, which
/// is small on a busy machine.
fn kill(rounds: u64, name: &str) -> usize {
    let folder = Folder::new("kill");
    let place = folder.0.join(name);
    let mut acknowledged = Vec::new();
    let mut random = 88_172_645_463_325_252u64;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "journal::child_of_the_kill_test",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, &place)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            let (mut line, mut read) = (String::new(), Vec::new());
            while lines.read_line(&mut line).unwrap_or(0) > 0 {
                // A truncated line acknowledges nothing.
                if let Some(number) = line
                    .strip_suffix('\n')
                    .and_then(|line| line.rsplit_once("acknowledged "))
                {
                    read.push(number.1.parse::<i64>().unwrap());
                }
                line.clear();
            }
            read
        });
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        thread::sleep(Duration::from_millis(10) + Duration::from_micros(random % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());

        let (journal, _) = open(&place, SyncPolicy::Never).unwrap();
        let world = journal.load();
        world.check();
        for i in &acknowledged {
            assert_eq!(world.multiplicity(&pair(*i, "left")), 1, "round {round}: {i} is lost");
        }
        for (atom, count) in world.iter() {
            let items = atom.as_expression().unwrap();
            let other = if items[2] == Atom::symbol("left") {
                "right"
            } else {
                "left"
            };
            let other = Atom::expression([items[0].clone(), items[1].clone(), Atom::symbol(other)]);
            assert_eq!(
                (count, world.multiplicity(&other)),
                (1, 1),
                "round {round}: half of {atom}"
            );
        }
    }
    acknowledged.len()
}

#[test]
fn acknowledged_commits_survive_a_kill() {
    assert!(kill(8, "synced") + kill(12, "unsynced") > 0);
}

#[test]
#[ignore = "takes minutes: 500 kills"]
fn acknowledged_commits_survive_500_kills() {
    let acknowledged: usize = (0..25).map(|_| kill(10, "synced") + kill(10, "unsynced")).sum();
    assert!(acknowledged > 500, "{acknowledged}");
}

#[test]
fn a_commit_without_changes_writes_no_record() {
    let folder = Folder::new("journal-nothing");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.update(|env| env.add_fact(pair(1, "a"))).unwrap();
    let length = journal.log_length();
    journal
        .update(|env| env.set_multiplicities([(pair(2, "b"), 0)]))
        .unwrap();
    journal
        .update(|env| {
            env.add_fact(pair(2, "b"));
            env.remove_fact(&pair(2, "b"));
        })
        .unwrap();
    // Another version of equal content: it is published, since it may be a merge base, but not logged.
    journal.update(Environment::forget_history).unwrap();
    assert_eq!(journal.log_length(), length);
    journal.update(|env| env.add_fact(pair(3, "c"))).unwrap();
    let held = journal.snapshot();
    drop(journal);
    let (journal, recovery) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert_eq!((journal.snapshot(), recovery.records), (held, 2));
}

/// An empty space has no content that could differ, but it exists.
#[test]
fn an_empty_space_that_replaces_another_is_logged() {
    let folder = Folder::new("journal-empty-space");
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    journal.update(Environment::new_space).unwrap();
    let mut other = Environment::new();
    let space = other.new_space();
    assert!(journal.load().space(space).is_none());
    journal.world().publish(&other);
    journal.sync().unwrap();
    drop(journal);
    let (journal, _) = open(&folder.0, SyncPolicy::Always).unwrap();
    assert!(journal.load().space(space).is_some());
    assert_eq!(journal.snapshot(), other);
}
