//! Archives that meet in a remote, against what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use pleach::env::resolve;
use pleach::persist::remote::{CountedStore, Fault, FaultyStore, MemoryStore, ObjectStore, Put};
use pleach::persist::{Archive, ArchiveError, Remote, RemoteError, RemoteMergeError, RemoteWatch};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;
use pleach_testkit::quick_check;

/// Longer than any push of these tests takes.
const LONG: Duration = Duration::from_secs(60);

/// An archive in a folder of its own.
struct Machine {
    archive: Arc<Archive<Atom>>,
    folder: Folder,
}

impl Machine {
    fn new(name: &str) -> Self {
        let folder = Folder::fast(name);
        let archive = Arc::new(Archive::open(&folder.0).unwrap());
        Self { archive, folder }
    }

    fn cloned(name: &str, remote: &Remote) -> Self {
        let folder = Folder::fast(name);
        let archive = Arc::new(Archive::clone_from(remote, &folder.0).unwrap());
        Self { archive, folder }
    }

    /// Adds a fact to a branch, which it may create.
    fn commit(&self, branch: &str, fact: &str) {
        let mut state = match self.archive.checkout(branch) {
            Ok(state) => state,
            Err(ArchiveError::Unknown(_)) => Environment::new(),
            Err(error) => panic!("{error}"),
        };
        state.add_fact(fact.parse().unwrap());
        self.archive.commit(branch, &state, fact).unwrap();
    }

    fn push(&self, remote: &Remote) {
        self.archive.push(remote, "main", LONG).unwrap();
    }

    fn facts(&self, branch: &str) -> BTreeMap<String, u64> {
        let state = self.archive.checkout(branch).unwrap();
        state.iter().map(|(fact, count)| (fact.to_string(), count)).collect()
    }
}

/// The facts of a branch of the remote, as a new archive reads them.
fn remote_facts(remote: &Remote, branch: &str) -> BTreeMap<String, u64> {
    let machine = Machine::cloned("remote-reader", remote);
    assert!(machine.archive.verify().unwrap().problems.is_empty());
    machine.facts(branch)
}

fn once<S: ToString>(facts: impl IntoIterator<Item = S>) -> BTreeMap<String, u64> {
    facts.into_iter().map(|fact| (fact.to_string(), 1)).collect()
}

#[test]
fn what_is_pushed_is_pulled() {
    let store = Arc::new(CountedStore::new(MemoryStore::new()));
    let remote = Remote::open(Arc::clone(&store)).unwrap();
    let a = Machine::new("remote-a");
    a.commit("main", "(tea)");
    a.push(&remote);
    let b = Machine::cloned("remote-b", &remote);
    assert_eq!(b.facts("main"), once(["(tea)"]));

    // A small commit: the name, one revision, the name.
    b.commit("main", "(coffee)");
    store.reset();
    b.push(&remote);
    let counts = store.reset();
    assert_eq!((counts.requests(), counts.gets, counts.puts), (3, 1, 2));
    assert!(counts.read + counts.written < 1024, "{counts:?}");
    // The name and one revision.
    let id = a.archive.fetch(&remote, "main").unwrap();
    assert_eq!(store.reset().requests(), 2);
    assert_eq!(id, b.archive.find("main").unwrap());
    assert_eq!(a.facts("main"), once(["(tea)"]));
    assert_eq!(a.archive.pull(&remote, "main").unwrap(), id);
    assert_eq!(store.reset().requests(), 1);
    assert_eq!(a.facts("main"), once(["(tea)", "(coffee)"]));
    // Nothing to do.
    a.push(&remote);
    assert_eq!(store.reset().requests(), 1);

    // Both sides have new commits.
    a.commit("main", "(milk)");
    b.commit("main", "(sugar)");
    a.push(&remote);
    b.push(&remote);
    let all = once(["(tea)", "(coffee)", "(milk)", "(sugar)"]);
    assert_eq!((b.facts("main"), remote_facts(&remote, "main")), (all.clone(), all));
    assert_eq!(remote.branches().unwrap().keys().collect::<Vec<_>>(), ["main"]);
}

#[test]
fn a_long_history_is_listed_and_not_read_one_by_one() {
    let store = Arc::new(CountedStore::new(MemoryStore::new()));
    let remote = Remote::open(Arc::clone(&store)).unwrap();
    let a = Machine::new("remote-long");
    let facts: Vec<String> = (0..50).map(|number| format!("(n {number})")).collect();
    for fact in &facts {
        a.commit("main", fact);
    }
    a.push(&remote);
    store.reset();
    let mut last = Default::default();
    let folder = Folder::fast("remote-long-clone");
    let b = Archive::<Atom>::clone_with(&remote, &folder.0, pleach::persist::NoCodec, |progress| {
        last = progress;
    });
    assert_eq!((last.objects, last.needed), (50, 50));
    let counts = store.reset();
    assert_eq!((counts.gets, counts.lists), (51, 2));
    assert_eq!(b.unwrap().log("main").unwrap().len(), 50);
}

#[test]
fn names_are_created_once_and_removed() {
    let remote = Remote::open(MemoryStore::new()).unwrap();
    let a = Machine::new("remote-names");
    a.commit("main", "(tea)");
    a.archive.tag("first", "main").unwrap();
    a.archive.push(&remote, "first", LONG).unwrap();
    a.archive.push(&remote, "first", LONG).unwrap();
    assert!(remote.branches().unwrap().is_empty());
    let b = Machine::cloned("remote-names-b", &remote);
    assert_eq!(b.archive.tags().unwrap().len(), 1);

    let c = Machine::new("remote-names-c");
    c.commit("first", "(milk)");
    assert!(matches!(c.archive.push(&remote, "first", LONG), Err(RemoteError::NameInUse(name)) if name == "first"));
    c.archive.tag("second", "first").unwrap();
    c.archive.remove_branch("first").unwrap();
    c.archive.tag("first", "second").unwrap();
    assert!(matches!(
        c.archive.push(&remote, "first", LONG),
        Err(RemoteError::NameInUse(_))
    ));
    assert!(matches!(
        c.archive.pull(&remote, "first"),
        Err(RemoteError::NameInUse(_))
    ));

    remote.remove_tag("first").unwrap();
    assert!(matches!(remote.remove_tag("first"), Err(RemoteError::Unknown(_))));
    assert!(matches!(remote.remove_branch("main"), Err(RemoteError::Unknown(_))));
    assert!(matches!(
        c.archive.fetch(&remote, "first"),
        Err(RemoteError::Unknown(_))
    ));
    c.archive.push(&remote, "first", LONG).unwrap();
    a.archive.sync(&remote, LONG).unwrap_err();
    a.archive.remove_tag("first").unwrap();
    a.archive.sync(&remote, LONG).unwrap();
    assert_eq!(remote.branches().unwrap().len(), 1);
    assert_eq!(a.archive.tags().unwrap().len(), 1);
    assert!(matches!(
        a.archive.push(&remote, "none", LONG),
        Err(RemoteError::Archive(ArchiveError::NoBranch(_)))
    ));
}

#[test]
fn conflicts_are_for_the_resolver() {
    let remote = Remote::open(MemoryStore::new()).unwrap();
    let (a, b) = (Machine::new("remote-conflict"), Machine::new("remote-conflict-b"));
    let commit = |machine: &Machine, value: &str| {
        let mut state = machine.archive.checkout("main").unwrap();
        state.bind("x", value.parse().unwrap());
        machine.archive.commit("main", &state, "").unwrap();
    };
    a.archive.commit("main", &Environment::new(), "").unwrap();
    a.push(&remote);
    b.archive.pull(&remote, "main").unwrap();
    commit(&a, "1");
    commit(&b, "2");
    a.push(&remote);
    let error = b.archive.push_with(&remote, "main", LONG, resolve::fail);
    assert!(matches!(error, Err(RemoteMergeError::Conflicts(_))));
    b.archive.push_with(&remote, "main", LONG, resolve::ours).unwrap();
    a.archive.pull(&remote, "main").unwrap();
    assert_eq!(
        a.archive.checkout("main").unwrap().binding("x"),
        Some(&"2".parse().unwrap())
    );
}

#[test]
fn pushers_at_once_lose_nothing() {
    const PUSHERS: usize = 8;
    const COMMITS: usize = 12;
    let store = Arc::new(CountedStore::new(MemoryStore::new()));
    let remote = Remote::open(Arc::clone(&store)).unwrap();
    thread::scope(|threads| {
        for pusher in 0..PUSHERS {
            let remote = remote.clone();
            threads.spawn(move || {
                let machine = Machine::new(&format!("remote-pusher-{pusher}"));
                for number in 0..COMMITS {
                    machine.commit("main", &format!("(fact {pusher} {number})"));
                    machine.push(&remote);
                }
            });
        }
    });
    let facts = (0..PUSHERS * COMMITS).map(|n| format!("(fact {} {})", n / COMMITS, n % COMMITS));
    assert_eq!(remote_facts(&remote, "main"), once(facts));
}

/// Every fault at every request of a push, of one commit to a branch that others have moved.
#[test]
fn a_fault_at_any_request_neither_loses_nor_repeats_a_commit() {
    let faults = [
        Fault::NoEffect,
        Fault::LostAnswer,
        Fault::LateEffect,
        Fault::RefusedAfterEffect,
        Fault::Truncated,
        Fault::Altered,
    ];
    for fault in faults {
        for at in 0..12 {
            let memory = MemoryStore::new();
            let sound = Remote::open(memory.clone()).unwrap();
            let (a, b) = (Machine::new("remote-fault-a"), Machine::new("remote-fault-b"));
            a.commit("main", "(tea)");
            a.push(&sound);
            b.archive.pull(&sound, "main").unwrap();
            a.commit("main", "(milk)");
            a.push(&sound);
            b.commit("main", "(sugar)");
            let store = FaultyStore::new(memory, move |request| (request.number == at + 1).then_some(fault));
            let remote = Remote::open(store).unwrap();
            b.push(&remote);
            assert_eq!(
                remote_facts(&sound, "main"),
                once(["(tea)", "(milk)", "(sugar)"]),
                "{fault:?} {at}"
            );
            a.commit("main", "(honey)");
            a.push(&remote);
            let all = once(["(tea)", "(milk)", "(sugar)", "(honey)"]);
            assert_eq!(remote_facts(&sound, "main"), all, "{fault:?} {at}");
        }
    }
}

/// Law 15: random histories of several archives over a store with faults.
fn acknowledged_commits_are_there_once(seed: u64) -> bool {
    let mut random = seed | 1;
    let mut below = move |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 20) as usize % bound
    };
    let memory = MemoryStore::new();
    let sound = Remote::open(memory.clone()).unwrap();
    let machines: Vec<Machine> = (0..3)
        .map(|number| Machine::new(&format!("remote-law-{number}")))
        .collect();
    let (mut acknowledged, mut committed) = (Vec::new(), vec![Vec::new(); 3]);
    for step in 0..24 {
        let store = FaultyStore::random(memory.clone(), seed.wrapping_add(step), 3);
        let at = below(3);
        let machine = &machines[at];
        match below(6) {
            0..=2 => {
                let fact = format!("(fact {at} {step})");
                machine.commit("main", &fact);
                committed[at].push(fact);
            }
            3 | 4 if !committed[at].is_empty() => {
                // Opening it can fail, too.
                let Ok(remote) = Remote::open(store) else { continue };
                if machine.archive.push(&remote, "main", Duration::from_millis(60)).is_ok() {
                    acknowledged.append(&mut committed[at]);
                }
            }
            5 => {
                let _ = Remote::open(store).map(|remote| machine.archive.pull(&remote, "main"));
                let _ = machine.archive.prune_remote(&sound, Duration::ZERO).unwrap();
            }
            _ => {}
        }
        if let Some(target) = sound.branches().unwrap().get("main") {
            let facts = remote_facts(&sound, "main");
            assert!(
                acknowledged.iter().all(|fact| facts.get(fact) == Some(&1)),
                "{target}: {facts:?}"
            );
            assert!(facts.values().all(|count| *count == 1), "{facts:?}");
        } else {
            assert!(acknowledged.is_empty());
        }
    }
    for (machine, committed) in machines.iter().zip(committed) {
        if machine.archive.find("main").is_ok() {
            machine.push(&sound);
        }
        acknowledged.extend(committed);
    }
    if !acknowledged.is_empty() {
        assert_eq!(remote_facts(&sound, "main"), once(acknowledged));
    }
    true
}

#[test]
fn acknowledged_commits_are_in_every_later_state_once() {
    quick_check(30).quickcheck(acknowledged_commits_are_there_once as fn(u64) -> bool);
}

/// A store that performs an action before a request of this number.
fn interrupted(store: MemoryStore, at: u64, action: impl Fn() + Send + Sync + 'static) -> FaultyStore<MemoryStore> {
    let is_done = AtomicBool::new(false);
    FaultyStore::new(store, move |request| {
        if request.number == at && !is_done.swap(true, Ordering::Relaxed) {
            action();
        }
        None
    })
}

/// A remote with a pushed commit, a machine with one that isn't, and garbage: a branch that was removed.
fn remote_with_garbage() -> (MemoryStore, Remote, Arc<Machine>) {
    let memory = MemoryStore::new();
    let remote = Remote::open(memory.clone()).unwrap();
    let a = Machine::new("remote-garbage");
    a.commit("main", "(tea)");
    a.push(&remote);
    a.commit("other", "(garbage)");
    a.archive.push(&remote, "other", LONG).unwrap();
    remote.remove_branch("other").unwrap();
    a.commit("main", "(milk)");
    (memory, remote, Arc::new(a))
}

fn sizes(store: &MemoryStore) -> Vec<u64> {
    let listing = store.list("revisions/").unwrap();
    listing.objects.iter().map(|object| object.size).collect()
}

#[test]
fn pruning_empties_what_no_name_needs() {
    let now = Arc::new(AtomicU64::new(1_000));
    let clock = Arc::clone(&now);
    let memory =
        MemoryStore::with_clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    let remote = Remote::open(memory.clone()).unwrap();
    let a = Machine::new("remote-prune");
    a.commit("main", "(tea)");
    a.archive.branch("other", "main").unwrap();
    a.commit("other", "(garbage)");
    a.archive.push(&remote, "other", LONG).unwrap();
    a.push(&remote);
    let hour = Duration::from_secs(3600);
    assert_eq!(a.archive.prune_remote(&remote, Duration::ZERO).unwrap(), 0);
    remote.remove_branch("other").unwrap();
    assert_eq!(a.archive.prune_remote(&remote, hour).unwrap(), 0);
    now.fetch_add(3600, Ordering::Relaxed);
    assert_eq!(a.archive.prune_remote(&remote, hour).unwrap(), 1);
    assert_eq!(a.archive.prune_remote(&remote, hour).unwrap(), 0);
    assert_eq!(sizes(&memory).iter().filter(|size| **size == 0).count(), 1);
    assert_eq!(remote_facts(&remote, "main"), once(["(tea)"]));
    // It is written again.
    a.archive.push(&remote, "other", LONG).unwrap();
    assert_eq!(remote_facts(&remote, "other"), once(["(tea)", "(garbage)"]));
    assert!(!sizes(&memory).contains(&0));
}

/// A push is interrupted before each of its requests by a pruning of everything that isn't named, of any age.
#[test]
fn a_pruning_during_a_push_leaves_no_name_without_revisions() {
    for at in 1..14 {
        // One that the branch was at, and one whose revision is garbage that is used again.
        for branch in ["main", "other"] {
            let (memory, sound, machine) = remote_with_garbage();
            let other = Machine::cloned("remote-pruner", &sound);
            let store = interrupted(memory, at, move || {
                other.archive.prune_remote(&sound, Duration::ZERO).unwrap();
            });
            let remote = Remote::open(store).unwrap();
            machine.archive.push(&remote, branch, LONG).unwrap();
            let found = remote_facts(&remote, branch);
            assert_eq!(found, machine.facts(branch), "{branch}, request {at}");
        }
    }
}

/// A pruning is interrupted before each of its requests by a push.
#[test]
fn a_push_during_a_pruning_leaves_no_name_without_revisions() {
    for at in 1..14 {
        for branch in ["main", "other"] {
            let (memory, sound, machine) = remote_with_garbage();
            let pushed = Arc::clone(&machine);
            let store = interrupted(memory, at, move || {
                pushed.archive.push(&sound, branch, LONG).unwrap();
            });
            let remote = Remote::open(store).unwrap();
            let pruner = Machine::new("remote-pruner");
            pruner.archive.prune_remote(&remote, Duration::ZERO).unwrap();
            machine.archive.push(&remote, branch, LONG).unwrap();
            let found = remote_facts(&remote, branch);
            assert_eq!(found, machine.facts(branch), "{branch}, request {at}");
        }
    }
}

/// A push and a pruning, and each request of one between any two of the other: both run on threads that take turns.
#[test]
fn no_schedule_of_a_push_and_a_pruning_leaves_a_name_without_revisions() {
    for schedule in 0..1_u32 << 9 {
        let (memory, sound, machine) = remote_with_garbage();
        // Bit by bit, whose request is next; at the end, both run free.
        let turns = Arc::new(Mutex::new((0..9).map(|bit| schedule >> bit & 1).collect::<Vec<u32>>()));
        let (push, prune) = (Arc::clone(&machine), Machine::new("remote-scheduled"));
        let store = |me: u32| {
            let turns = Arc::clone(&turns);
            FaultyStore::new(memory.clone(), move |request| {
                // The first one opens the remote.
                if request.number == 0 {
                    return None;
                }
                loop {
                    let mut turns = turns.lock().unwrap();
                    match turns.last() {
                        Some(next) if *next != me => drop(turns),
                        _ => {
                            turns.pop();
                            break;
                        }
                    }
                    thread::sleep(Duration::from_micros(20));
                }
                None
            })
        };
        let (first, second) = (Remote::open(store(0)).unwrap(), Remote::open(store(1)).unwrap());
        // A thread that ends, or panics, doesn't take its turns.
        let end = || turns.lock().unwrap().clear();
        thread::scope(|threads| {
            threads.spawn(|| {
                let pushed = push.archive.push(&first, "other", LONG);
                end();
                pushed.unwrap();
            });
            threads.spawn(|| {
                let pruned = prune.archive.prune_remote(&second, Duration::ZERO);
                end();
                pruned.unwrap();
            });
        });
        assert_eq!(
            remote_facts(&sound, "other"),
            machine.facts("other"),
            "schedule {schedule:b}"
        );
        assert_eq!(remote_facts(&sound, "main"), once(["(tea)"]), "schedule {schedule:b}");
    }
}

#[test]
fn a_tampered_object_is_refused_by_name() {
    let memory = MemoryStore::new();
    let remote = Remote::open(memory.clone()).unwrap();
    let a = Machine::new("remote-tampered");
    a.commit("main", "(tea)");
    a.push(&remote);
    for prefix in ["revisions/", "names/"] {
        let object = memory.list(prefix).unwrap().objects.remove(0);
        let content = memory.get(&object.key).unwrap().unwrap().content;
        let b = Machine::new("remote-tampered-b");
        let mut version = object.version;
        for at in (0..content.len()).step_by(7).chain([content.len() - 1]) {
            let mut altered = content.clone();
            altered[at] ^= 1;
            let Put::Written { version: next, .. } = memory.put_if_unchanged(&object.key, &altered, &version).unwrap()
            else {
                panic!("it is that version")
            };
            version = next;
            match b.archive.fetch(&remote, "main") {
                Err(RemoteError::Tampered(key) | RemoteError::Corrupt { key, .. }) => assert_eq!(key, object.key),
                // The random bytes before the content.
                Ok(_) if prefix == "revisions/" && at < 16 => break,
                other => panic!("byte {at} of {}: {other:?}", object.key),
            }
        }
        let _ = memory.put_if_unchanged(&object.key, &content, &version).unwrap();
    }
    let b = Machine::cloned("remote-tampered-c", &remote);
    assert_eq!(b.facts("main"), once(["(tea)"]));
}

#[test]
fn a_missing_object_is_named_and_nothing_is_stored() {
    let memory = MemoryStore::new();
    let remote = Remote::open(memory.clone()).unwrap();
    let a = Machine::new("remote-missing");
    for number in 0..10 {
        a.commit("main", &format!("(n {number})"));
    }
    a.push(&remote);
    let first = a.archive.log("main").unwrap().pop().unwrap().id;
    memory.delete(&format!("revisions/{first}")).unwrap();
    let b = Machine::new("remote-missing-b");
    let error = b.archive.fetch(&remote, "main").unwrap_err();
    assert!(
        matches!(&error, RemoteError::Missing(key) if *key == format!("revisions/{first}")),
        "{error}"
    );
    assert!(b.folder.names().iter().all(|name| !name.contains("revisions/")));
    let error = b.archive.prune_remote(&remote, Duration::ZERO).unwrap_err();
    assert!(matches!(error, RemoteError::Missing(_)));
}

#[test]
fn a_store_of_something_else_is_refused() {
    let memory = MemoryStore::new();
    let _ = memory.put_if_absent("format", b"pleach remote 2\n").unwrap();
    assert!(matches!(Remote::open(memory), Err(RemoteError::Format)));
}

#[test]
fn a_watcher_is_told_each_change() {
    let remote = Remote::open(MemoryStore::new()).unwrap();
    let (a, b) = (Machine::new("remote-watched"), Machine::new("remote-watcher"));
    let interval = Duration::from_micros(100)..=Duration::from_millis(2);
    let mut watch = RemoteWatch::new(&*b.archive, &remote, "main", interval).unwrap();
    assert!(watch.try_next().unwrap().is_none() && watch.environment().is_empty());
    a.commit("main", "(tea)");
    a.push(&remote);
    let update = watch.next_timeout(LONG).unwrap().unwrap();
    assert_eq!(
        (update.patch.to_string(), update.environment.len()),
        ("+1 (tea)\n".to_owned(), 1)
    );
    assert!(watch.next_timeout(Duration::from_millis(3)).unwrap().is_none());
    a.commit("main", "(milk)");
    a.commit("main", "(sugar)");
    a.push(&remote);
    let update = watch.next_timeout(LONG).unwrap().unwrap();
    assert_eq!(update.patch.to_string(), "+1 (milk)\n+1 (sugar)\n");
    assert_eq!(watch.environment(), a.archive.checkout("main").unwrap());
    remote.remove_branch("main").unwrap();
    assert!(watch.try_next().unwrap().is_none());
    assert_eq!(b.archive.branches().unwrap().len(), 0);
    // A branch of another origin; once with the last revision in the watcher's archive, and once without.
    for (prunes, fact, patch) in [
        (false, "(coffee)", "-1 (milk)\n-1 (sugar)\n-1 (tea)\n+1 (coffee)\n"),
        (true, "(cocoa)", "-1 (coffee)\n+1 (cocoa)\n"),
    ] {
        if prunes {
            b.archive.prune().unwrap();
        }
        let c = Machine::new("remote-watched-anew");
        c.commit("main", fact);
        c.push(&remote);
        let update = watch.next_timeout(LONG).unwrap().unwrap();
        let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&update.patch.to_string()), sorted(patch));
        assert_eq!(watch.environment(), c.archive.checkout("main").unwrap());
        remote.remove_branch("main").unwrap();
    }
}
