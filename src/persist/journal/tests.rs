//! Journals under fault injection, and reentrant writes.

use std::borrow::Cow;
use std::fmt;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::{Journal, JournalError, SyncPolicy};
use crate::persist::disk::faults::{self, Plan};
use crate::persist::tests::{Folder, with_sources};
use crate::persist::{Codec, NoCodec};
use crate::term::Grounded;
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

/// Asserts that each acknowledged pair is present, and none is partial.
fn assert_sound(world: &Environment, acknowledged: &[i64], plan: Plan) {
    world.check();
    for i in acknowledged {
        assert!(world.contains(&pair(*i)[0]), "{plan:?}: {i} is lost");
    }
    for i in 0..world.len() as i64 + 10 {
        let halves = pair(i).map(|half| world.multiplicity(&half));
        assert!(
            halves == [0, 0] || halves == [1, 1],
            "{plan:?}: {i} is present {halves:?} times"
        );
    }
}

/// Commits, compacts and restarts, and ignores errors. Returns the journal at the end, if it could be opened, and the
/// acknowledged commits.
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

/// Each operation fails, alone or with all later ones.
#[test]
fn no_fault_loses_an_acknowledged_commit() {
    let folder = Folder::new("whatever");
    for sync in [SyncPolicy::Always, SyncPolicy::Never] {
        let runs = faults::each(|plan| {
            folder.clear();
            faults::start(plan);
            let (journal, mut acknowledged) = live(&folder, sync);
            let failed;
            if plan.ever {
                // The operations of the drop fail too.
                drop(journal);
                failed = faults::stop();
            } else {
                failed = faults::stop();
                // After a single fault, a compaction restores the journal, with all that is in memory.
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

/// Each operation of a commit fails, alone or with all later ones.
#[test]
fn a_broken_log_is_replaced_by_a_compaction() {
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
        // A partial write that was undone doesn't break the log; one that wasn't, or a failed sync, does.
        let second = add(&journal, 2);
        // The first operation checks the lock, before any write.
        if plan.ever && fails && plan.after > 0 {
            assert!(matches!(second, Err(JournalError::Broken)), "{second:?}");
        }
        if second.is_err() {
            refused += 1;
            assert!(matches!(journal.sync(), Err(JournalError::Broken)));
            // A crash now preserves the acknowledged commits.
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

/// A value whose codec blocks or panics on request.
struct Slow;

impl Grounded for Slow {
    fn type_name(&self) -> &str {
        "Slow"
    }
    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"")
    }
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("slow")
    }
}

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    moved: Condvar,
    panics: AtomicBool,
}

struct Gated(Arc<Gate>);

impl Codec<Atom> for Gated {
    fn encode(&self, _: &Atom) -> Option<Vec<u8>> {
        assert!(!self.0.panics.load(Ordering::Relaxed), "as planned");
        drop(
            self.0
                .moved
                .wait_while(self.0.open.lock().unwrap(), |open| !*open)
                .unwrap(),
        );
        Some(Vec::new())
    }
    fn decode(&self, _: &[u8]) -> Option<Atom> {
        Some(Atom::grounded(Slow))
    }
}

/// Fifteen commits that arrive while a record is written share the next record and its sync.
#[test]
fn commits_share_a_sync() {
    let folder = Folder::new("share");
    let gate = Arc::new(Gate::default());
    let (journal, _) = Journal::<Atom>::open_with(&folder.0, SyncPolicy::Always, Gated(Arc::clone(&gate))).unwrap();
    let commit = |fact: Atom| {
        let mut fork = journal.snapshot();
        fork.add_fact(fact);
        journal.commit(&mut fork).unwrap();
        faults::syncs()
    };
    let syncs: usize = thread::scope(|scope| {
        let commit = &commit;
        let first = scope.spawn(move || commit(Atom::grounded(Slow)));
        // Once it is published, it is being written or about to be.
        wait_for_facts(&journal, 1);
        let others: Vec<_> = (0..15).map(|i| scope.spawn(move || commit(Atom::from(i)))).collect();
        // Not for version 16: racing commits can be published together, as one version.
        wait_for_facts(&journal, 16);
        *gate.open.lock().unwrap() = true;
        gate.moved.notify_all();
        let all = std::iter::once(first).chain(others);
        all.map(|thread| thread.join().unwrap()).sum()
    });
    assert!((1..=2).contains(&syncs), "{syncs} syncs for 16 commits");
    drop(journal);
    let (journal, recovery) = Journal::open_with(&folder.0, SyncPolicy::Always, Gated(gate)).unwrap();
    assert_eq!((journal.load().len(), recovery.records), (16, syncs as u64));
}

/// Waits until `count` facts are published.
fn wait_for_facts(journal: &Journal, count: u64) {
    let start = Instant::now();
    while journal.load().len() < count {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{count} facts are never published"
        );
        thread::yield_now();
    }
}

/// Waits until the log is synced.
fn wait_for_sync<T: crate::Term>(journal: &Journal<T>) {
    let start = Instant::now();
    while journal.inner.lock_log().unwrap().current.log.is_dirty() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is synced");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn records_are_synced_in_time() {
    let folder = Folder::new("every");
    let journal = open(&folder, SyncPolicy::Every(Duration::from_millis(200))).unwrap();
    let mut left = 0;
    for i in 0..6 {
        let before = faults::syncs();
        add(&journal, i).unwrap();
        // The background thread syncs what the commit didn't.
        left += usize::from(faults::syncs() == before);
        wait_for_sync(&journal);
        let guard = journal.inner.lock_log().unwrap();
        assert_eq!(guard.current.log.state.len(), 2 * (i as u64 + 1));
    }
    assert!(left > 0);
    drop(journal);
    // Without delay.
    let journal = open(&folder, SyncPolicy::Every(Duration::ZERO)).unwrap();
    let before = faults::syncs();
    add(&journal, 6).unwrap();
    assert_eq!(faults::syncs(), before + 1);
}

#[test]
fn later_syncs_survive_a_panic_of_the_codec() {
    let folder = Folder::new("keeper");
    let gate = Arc::new(Gate::default());
    *gate.open.lock().unwrap() = true;
    let sync = SyncPolicy::Every(Duration::from_millis(50));
    let (journal, _) = Journal::<Atom>::open_with(&folder.0, sync, Gated(Arc::clone(&gate))).unwrap();
    add(&journal, 0).unwrap();
    gate.panics.store(true, Ordering::Relaxed);
    journal.world().update(|env| env.add_fact(Atom::grounded(Slow)));
    wait_for_sync(&journal);
    assert!(catch_unwind(AssertUnwindSafe(|| add(&journal, 1))).is_err());
    thread::sleep(Duration::from_millis(100));
    gate.panics.store(false, Ordering::Relaxed);
    for i in 2..5 {
        add(&journal, i).unwrap();
        wait_for_sync(&journal);
    }
    let saved = journal.snapshot();
    drop(journal);
    let journal = Journal::<Atom>::open_with(&folder.0, sync, Gated(gate)).unwrap().0;
    assert_eq!(journal.snapshot(), saved);
}

/// Records that another process left unsynced must be durable before any commit is acknowledged.
#[test]
fn opening_syncs_unsynced_records() {
    let folder = Folder::new("left");
    let journal = open(&folder, SyncPolicy::Never).unwrap();
    (0..10).for_each(|i| add(&journal, i).unwrap());
    let copy = Folder::new("left-copy");
    std::fs::create_dir_all(&copy.0).unwrap();
    std::fs::copy(folder.0.join("log-0"), copy.0.join("log-0")).unwrap();
    let before = faults::syncs();
    let opened = open(&copy, SyncPolicy::Always).unwrap();
    // The folder in its parent, the log, and the log's name.
    assert_eq!(faults::syncs() - before, if cfg!(unix) { 3 } else { 1 });
    assert_eq!(opened.load().len(), 20);
    // A commit without effect has nothing to sync then.
    opened.commit(&mut opened.snapshot()).unwrap();
    opened.sync().unwrap();
    assert!(!opened.inner.lock_log().unwrap().current.log.is_dirty());
}

/// A folder with a journal of eight commits, and its state.
fn eight_commits(name: &str) -> (Folder, Environment) {
    let folder = Folder::new(name);
    let journal = open(&folder, SyncPolicy::Always).unwrap();
    (0..8).for_each(|i| add(&journal, i).unwrap());
    let saved = journal.snapshot();
    (folder, saved)
}

/// Each call of the file system fails while a journal is opened, including metadata and listings.
#[test]
fn a_failed_open_destroys_nothing() {
    let (folder, saved) = eight_commits("open-fails");
    let mut runs = 0;
    for kind in [ErrorKind::Other, ErrorKind::PermissionDenied, ErrorKind::OutOfMemory] {
        runs += faults::each(|plan| {
            faults::start_as(plan, kind);
            let opened = open(&folder, SyncPolicy::Always);
            let failed = faults::stop();
            match &opened {
                Ok(journal) => assert_eq!(journal.snapshot(), saved, "{plan:?}, {kind}"),
                Err(JournalError::Io(error)) => {
                    assert_eq!(error.kind(), kind);
                    // The folder itself is synced in its parent.
                    let path = folder.0.parent().unwrap().display().to_string();
                    assert!(error.to_string().contains(&path), "{plan:?}: {error} names no path");
                }
                Err(error) => panic!("{plan:?}, {kind}: {error}"),
            }
            drop(opened);
            let journal = open(&folder, SyncPolicy::Always).unwrap();
            assert_eq!(journal.snapshot(), saved, "{plan:?}, {kind}");
            failed
        });
    }
    assert!(runs > 200, "{runs}");
}

#[test]
fn a_read_that_fails_anywhere_is_an_error() {
    let (folder, saved) = eight_commits("read-fails");
    let runs = faults::each(|plan| {
        faults::start(plan);
        let read = Journal::<Atom>::read(&folder.0, &NoCodec);
        let failed = faults::stop();
        match read {
            Ok((found, recovery)) => assert!(found == saved && recovery.torn == 0, "{plan:?}"),
            Err(JournalError::Io(error)) => assert!(with_sources(&error).ends_with(": as planned")),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        failed
    });
    assert!(runs > 40, "{runs}");
}

/// A dangling link isn't taken for a missing log.
#[cfg(unix)]
#[test]
fn a_log_that_is_a_dangling_link_is_not_replaced() {
    let (folder, saved) = eight_commits("link");
    let (log, away) = (folder.0.join("log-0"), folder.0.join("away"));
    std::fs::rename(&log, &away).unwrap();
    std::os::unix::fs::symlink("elsewhere", &log).unwrap();
    for _ in 0..2 {
        match open(&folder, SyncPolicy::Always) {
            Err(JournalError::Io(error)) => assert!(error.to_string().contains("log-0"), "{error}"),
            other => panic!("{:?}", other.map(|journal| journal.snapshot())),
        }
        assert!(Journal::<Atom>::read(&folder.0, &NoCodec).is_err());
    }
    assert!(std::fs::symlink_metadata(&log).unwrap().is_symlink());
    std::fs::rename(&away, folder.0.join("elsewhere")).unwrap();
    assert_eq!(open(&folder, SyncPolicy::Always).unwrap().snapshot(), saved);
}

/// Writes to the journal that is running it.
#[derive(Default)]
struct Inside {
    journal: OnceLock<Weak<Journal>>,
    ran: AtomicBool,
    results: Mutex<Vec<Result<(), JournalError>>>,
}

impl Inside {
    fn write(&self) {
        if let Some(journal) = self.journal.get().and_then(Weak::upgrade)
            && !self.ran.swap(true, Ordering::Relaxed)
        {
            let results = [add(&journal, 7), journal.sync(), journal.compact()];
            assert!(journal.log_length() > 0);
            self.results.lock().unwrap().extend(results);
        }
    }
}

struct Encodes(Arc<Inside>);

impl Codec<Atom> for Encodes {
    fn encode(&self, _: &Atom) -> Option<Vec<u8>> {
        self.0.write();
        Some(Vec::new())
    }
    fn decode(&self, _: &[u8]) -> Option<Atom> {
        Some(Atom::grounded(Slow))
    }
}

/// Fails if `test` deadlocks.
fn assert_terminates(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = std::sync::mpsc::channel();
    let test = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    if ended.recv_timeout(Duration::from_secs(60)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        panic!("a deadlock");
    }
    test.join().unwrap();
}

fn open_inside(folder: &Folder, inside: &Arc<Inside>) -> Arc<Journal> {
    let codec = Encodes(Arc::clone(inside));
    let (journal, _) = Journal::<Atom>::open_with(&folder.0, SyncPolicy::Always, codec).unwrap();
    let journal = Arc::new(journal);
    assert!(inside.journal.set(Arc::downgrade(&journal)).is_ok());
    journal
}

/// A commit, a sync and a compaction inside a commit fail, and the commit succeeds.
#[test]
fn a_codec_that_commits_does_not_deadlock() {
    assert_terminates(|| {
        let folder = Folder::new("inside-commit");
        let inside = Arc::new(Inside::default());
        let journal = open_inside(&folder, &inside);
        journal.update(|env| env.add_fact(Atom::grounded(Slow))).unwrap();
        let results = std::mem::take(&mut *inside.results.lock().unwrap());
        assert_eq!(results.len(), 3);
        for result in results {
            assert!(matches!(result, Err(JournalError::Reentrant)), "{result:?}");
        }
        // The change published inside is logged with the next commit.
        add(&journal, 8).unwrap();
        let saved = journal.snapshot();
        drop(journal);
        let (opened, _) = Journal::<Atom>::open_with(&folder.0, SyncPolicy::Always, Encodes(Arc::default())).unwrap();
        assert!(opened.snapshot() == saved && saved.contains(&pair(7)[0]));
    });
}

/// While a snapshot is written, commits succeed and another compaction fails.
#[test]
fn a_codec_that_commits_during_a_compaction_does_not_deadlock() {
    assert_terminates(|| {
        let folder = Folder::new("inside-compact");
        let inside = Arc::new(Inside::default());
        let journal = open_inside(&folder, &inside);
        inside.ran.store(true, Ordering::Relaxed);
        journal.update(|env| env.add_fact(Atom::grounded(Slow))).unwrap();
        inside.ran.store(false, Ordering::Relaxed);
        journal.compact().unwrap();
        let results = std::mem::take(&mut *inside.results.lock().unwrap());
        assert!(
            matches!(results[..], [Ok(()), Ok(()), Err(JournalError::Reentrant)]),
            "{results:?}"
        );
        let saved = journal.snapshot();
        drop(journal);
        let (opened, _) = Journal::<Atom>::open_with(&folder.0, SyncPolicy::Always, Encodes(Arc::default())).unwrap();
        assert_eq!(opened.snapshot(), saved);
    });
}

struct Dropped(Arc<Inside>);

impl Grounded for Dropped {
    fn type_name(&self) -> &str {
        "Dropped"
    }
    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"")
    }
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped")
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.write();
    }
}

/// The log holds the last reference to a term until the removal of the term is logged.
#[test]
fn a_term_that_commits_when_dropped_does_not_deadlock() {
    assert_terminates(|| {
        let folder = Folder::new("inside-drop");
        let (inside, idle) = (Arc::new(Inside::default()), Arc::new(Inside::default()));
        let journal = open_inside(&folder, &idle);
        idle.ran.store(true, Ordering::Relaxed);
        assert!(inside.journal.set(Arc::downgrade(&journal)).is_ok());
        let term = Atom::grounded(Dropped(Arc::clone(&inside)));
        journal.update(|env| env.add_fact(term.clone())).unwrap();
        drop(term);
        // The state is replaced by an unrelated one, and the log isn't written.
        for i in 10..12 {
            journal.world().publish(&pair(i).into_iter().collect());
        }
        assert!(inside.results.lock().unwrap().is_empty());
        journal.sync().unwrap();
        let results = std::mem::take(&mut *inside.results.lock().unwrap());
        assert!(matches!(results[..], [Ok(()), Ok(()), Ok(())]), "{results:?}");
        assert!(journal.load().contains(&pair(7)[0]));
    });
}
