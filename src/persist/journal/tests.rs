//! What can't be brought about from outside: a disk that refuses any one operation, or all from some moment on.

use super::{Journal, JournalError, SyncPolicy};
use crate::persist::NoCodec;
use crate::persist::disk::faults::{self, Plan};
use crate::persist::tests::Folder;
use crate::{Atom, Environment};

fn open(folder: &Folder, sync: SyncPolicy) -> Result<Journal, JournalError> {
    Journal::open_with(&folder.0, sync, NoCodec).map(|(journal, _)| journal)
}

fn pair(i: i64) -> [Atom; 2] {
    ["left", "right"].map(|side| Atom::expression([Atom::symbol(side), Atom::from(i)]))
}

fn add(journal: &Journal, i: i64) -> Result<(), JournalError> {
    journal.update(|env| env.add_facts_bulk(pair(i)))
}

/// Each pair that was acknowledged is there, and no half of any.
fn assert_sound(world: &Environment, acknowledged: &[i64], plan: Plan) {
    world.check();
    for i in acknowledged {
        assert!(world.contains(&pair(*i)[0]), "{plan:?}: {i} is lost");
    }
    for i in 0..world.len() as i64 + 10 {
        let halves = pair(i).map(|half| world.multiplicity(&half));
        assert!(
            halves == [0, 0] || halves == [1, 1],
            "{plan:?}: {i} is there {halves:?} times"
        );
    }
}

/// Commits, compactions and a restart, whatever fails. Returns the journal at the end, if it could be opened, and what was
/// acknowledged.
fn live(folder: &Folder, sync: SyncPolicy) -> (Option<Journal>, Vec<i64>) {
    let mut acknowledged = Vec::new();
    let mut journal = None;
    for i in 0..10 {
        if i == 5 {
            drop(journal.take());
        }
        if journal.is_none() {
            journal = open(folder, sync).ok();
        }
        if let Some(journal) = &journal {
            if add(journal, i).is_ok() {
                acknowledged.push(i);
            }
            if i % 3 == 2 {
                let _ = journal.compact();
            }
        }
    }
    (journal, acknowledged)
}

/// Of the disk's operations the first, the second and so on fails, alone or with all after it.
#[test]
fn whatever_fails_nothing_that_was_acknowledged_is_lost() {
    let folder = Folder::new("whatever");
    for sync in [SyncPolicy::Always, SyncPolicy::Never] {
        let runs = faults::each(|plan| {
            folder.clear();
            faults::start(plan);
            let (journal, mut acknowledged) = live(&folder, sync);
            let failed;
            if plan.ever {
                // Nor can what is done at the end be done.
                drop(journal);
                failed = faults::stop();
            } else {
                failed = faults::stop();
                // It was one fault: the journal is as good as new, and has all that is in memory.
                let journal = journal.unwrap();
                journal.compact().unwrap();
                add(&journal, 10).unwrap();
                acknowledged.extend(0..=10);
                acknowledged.retain(|i| journal.load().contains(&pair(*i)[0]));
            }
            let journal = open(&folder, sync).unwrap();
            assert_sound(&journal.snapshot(), &acknowledged, plan);
            add(&journal, 11).unwrap();
            let saved = journal.snapshot();
            drop(journal);
            assert_eq!(open(&folder, sync).unwrap().snapshot(), saved, "{plan:?}");
            failed
        });
        assert!(runs > 400, "{runs}");
    }
}

/// A commit of which nothing, a part, or all but the sync can be done, and a disk that stays so for a while.
#[test]
fn a_broken_log_is_left_for_a_new_one() {
    let folder = Folder::new("broken");
    let mut refused = 0;
    faults::each(|plan| {
        folder.clear();
        let journal = open(&folder, SyncPolicy::Always).unwrap();
        add(&journal, 0).unwrap();
        faults::start(plan);
        let first = add(&journal, 1);
        let fails = faults::stop();
        assert_eq!(matches!(first, Err(JournalError::Io(_))), fails, "{plan:?}: {first:?}");
        // A part of a write that was undone does no harm; a write that was not, or a sync that failed, does.
        let second = add(&journal, 2);
        if plan.ever && fails {
            assert!(matches!(second, Err(JournalError::Broken)), "{second:?}");
        }
        if second.is_err() {
            refused += 1;
            assert!(matches!(journal.sync(), Err(JournalError::Broken)));
            // A crash now would leave what was acknowledged.
            let copy = Folder::new("broken-copy");
            std::fs::create_dir_all(&copy.0).unwrap();
            std::fs::copy(folder.0.join("log-0"), copy.0.join("log-0")).unwrap();
            assert_sound(&open(&copy, SyncPolicy::Always).unwrap().snapshot(), &[0], plan);
            journal.compact().unwrap();
        }
        add(&journal, 3).unwrap();
        drop(journal);
        let journal = open(&folder, SyncPolicy::Always).unwrap();
        assert_sound(&journal.snapshot(), &[0, 1, 2, 3], plan);
        fails
    });
    assert!(refused > 5, "{refused}");
}
