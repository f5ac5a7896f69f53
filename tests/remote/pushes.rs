//! Many machines that push to one branch: each acknowledged commit is in the final state exactly once.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pleach::persist::remote::{Fault, FaultyStore, MemoryStore, ObjectStore, open_store};
use pleach::persist::{Archive, Remote, RemoteError};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;

use crate::processes::Process;

const BRANCH: &str = "main";

/// Longer than any push takes, so that no test depends on the speed of the machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Repeats a call until no fault meets it.
fn persist<R>(mut call: impl FnMut() -> Result<R, RemoteError>) -> R {
    loop {
        match call() {
            Ok(done) => return done,
            Err(
                RemoteError::Store(_)
                | RemoteError::Probe(_)
                | RemoteError::Corrupt { .. }
                | RemoteError::Tampered(_)
                | RemoteError::Missing(_)
                | RemoteError::Contended(_)
                | RemoteError::Format
                | RemoteError::TimedOut { .. },
            ) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn made(machine: &str, number: u64, half: &str) -> Atom {
    format!("(made {machine} {number} {half})").parse().unwrap()
}

/// Makes commits and pushes each. A commit adds two facts of its own and one that all add, and changes a binding that all
/// change. Goes on after those that the archive has already.
fn push_commits(
    store: impl ObjectStore + Clone + 'static,
    folder: &Path,
    machine: &str,
    commits: u64,
    acknowledge: impl Fn(&str),
) {
    let remote = persist(|| Remote::open(store.clone()));
    let archive = Archive::<Atom>::open(folder).unwrap();
    persist(|| archive.pull(&remote, BRANCH));
    let mut number = 0;
    while number < commits {
        let mut world = archive.checkout(BRANCH).unwrap();
        if !world.contains(&made(machine, number, "first")) {
            world.add_fact(made(machine, number, "first"));
            world.add_fact("(commit)".parse().unwrap());
            world.add_fact(made(machine, number, "second"));
            world.bind("last", Atom::symbol(machine));
            archive.commit(BRANCH, &world, machine).unwrap();
        }
        persist(|| archive.push(&remote, BRANCH, TIMEOUT));
        acknowledge(&format!("{machine}/{number}"));
        number += 1;
    }
}

/// Makes a branch with one commit.
fn begin(store: impl ObjectStore + 'static, folder: &Path) -> (Remote, Archive) {
    let remote = Remote::open(store).unwrap();
    let archive = Archive::open(folder).unwrap();
    let world: Environment = (0..100).map(pleach_testkit::worlds::fact).collect();
    archive.commit(BRANCH, &world, "begin").unwrap();
    archive.push(&remote, BRANCH, TIMEOUT).unwrap();
    (remote, archive)
}

/// Asserts that the branch is whole, has what was acknowledged, and all that it has exactly once. Returns the number of
/// commits.
fn check(remote: &Remote, archive: &Archive, acknowledged: &HashSet<String>) -> u64 {
    let tip = archive.fetch(remote, BRANCH).unwrap();
    let world = archive.checkout(&tip.to_string()).unwrap();
    world.check();
    let mut commits = 0;
    let mut missing = acknowledged.clone();
    for (atom, multiplicity) in world.iter() {
        let Some([head, machine, number, half]) = atom.as_expression() else {
            continue;
        };
        if *head == Atom::symbol("made") {
            assert_eq!(multiplicity, 1, "{atom}");
            if *half == Atom::symbol("first") {
                commits += 1;
                missing.remove(&format!("{machine}/{number}"));
            } else {
                let first = format!("(made {machine} {number} first)").parse().unwrap();
                assert!(world.contains(&first), "half a commit: {atom}");
            }
        }
    }
    assert!(missing.is_empty(), "lost: {missing:?}");
    assert_eq!(world.multiplicity(&"(commit)".parse().unwrap()), commits);
    assert_eq!(world.len(), 100 + 3 * commits);
    commits
}

/// Runs machines as threads with a store in memory, whose requests have faults.
fn threads(machines: u64, commits: u64, one_in: u64) {
    let folder = Folder::fast("pushing-threads");
    let store = MemoryStore::new();
    fs::create_dir_all(&folder.0).unwrap();
    let (remote, archive) = begin(store.clone(), &folder.0.join("first"));
    thread::scope(|scope| {
        for machine in 0..machines {
            let store = std::sync::Arc::new(FaultyStore::random(store.clone(), machine, one_in));
            let folder = folder.0.join(machine.to_string());
            scope.spawn(move || push_commits(store, &folder, &format!("m{machine}"), commits, |_| ()));
        }
    });
    assert_eq!(check(&remote, &archive, &HashSet::new()), machines * commits);
}

#[test]
fn threads_push_to_memory() {
    threads(8, 50, 0);
}

#[test]
fn threads_push_to_memory_with_faults() {
    threads(8, 50, 6);
}

/// Not a test: the process that the tests run. Its arguments are a name, the folder of its archive, a number of commits,
/// that of the requests one of which has a fault, and the URL.
#[test]
fn pushing_process() {
    let Some(argument) = Process::argument() else { return };
    let [machine, folder, commits, one_in, url] = argument.splitn(5, ' ').collect::<Vec<_>>()[..] else {
        panic!("{argument}");
    };
    let seed = machine.bytes().map(u64::from).sum();
    let store = FaultyStore::random(open_store(url).unwrap(), seed, one_in.parse().unwrap());
    let store = std::sync::Arc::new(store);
    push_commits(
        store,
        Path::new(folder),
        machine,
        commits.parse().unwrap(),
        Process::acknowledge,
    );
}

fn start(folder: &Folder, machine: &str, commits: u64, one_in: u64, url: &str) -> Process {
    let folder = folder.0.join(machine);
    let argument = format!("{machine} {} {commits} {one_in} {url}", folder.display());
    Process::start("pushes::pushing_process", &argument)
}

/// Runs machines as processes, which find the store at `through`.
pub(crate) fn processes_push(url: &str, through: &str, machines: u64, commits: u64, one_in: u64) {
    let folder = Folder::fast("pushing-processes");
    fs::create_dir_all(&folder.0).unwrap();
    let (remote, archive) = begin(open_store(url).unwrap(), &folder.0.join("first"));
    let machines: Vec<_> = (0..machines)
        .map(|machine| start(&folder, &format!("m{machine}"), commits, one_in, through))
        .collect();
    let count = machines.len() as u64 * commits;
    let acknowledged: HashSet<_> = machines.into_iter().flat_map(Process::finish).collect();
    assert_eq!(acknowledged.len() as u64, count);
    assert_eq!(check(&remote, &archive, &acknowledged), count);
}

/// Kills a process that pushes, and starts it again with the archive that it left.
pub(crate) fn pushes_survive_kills(url: &str, kills: u64) {
    let folder = Folder::fast("killed-pushes");
    fs::create_dir_all(&folder.0).unwrap();
    let (remote, archive) = begin(open_store(url).unwrap(), &folder.0.join("first"));
    // The time of two commits, by which kills are spread.
    let begun = Instant::now();
    let mut acknowledged: HashSet<_> = start(&folder, "m0", 2, 0, url).finish().into_iter().collect();
    let two = begun.elapsed();
    let mut commits = check(&remote, &archive, &acknowledged);
    for round in 0..kills {
        // Two machines, so that they merge.
        let process = start(&folder, &format!("m{}", round % 2), u64::MAX, 0, url);
        thread::sleep(two.mul_f64((round * 7_919 % 1_000) as f64 / 500.0));
        acknowledged.extend(process.kill());
        let now = check(&remote, &archive, &acknowledged);
        assert!(now >= commits, "round {round}: the branch went back");
        commits = now;
    }
    assert!(commits > kills / 10, "{commits} commits in {kills} rounds");
}

/// A long history is listed, and what is listed may be what a push has left behind, without its parent.
#[test]
fn an_upload_without_its_pruned_parent_hinders_no_fetch() {
    let folder = Folder::fast("left-behind");
    fs::create_dir_all(&folder.0).unwrap();
    let store = MemoryStore::new();
    let (remote, first) = begin(store.clone(), &folder.0.join("first"));
    let commit = |archive: &Archive, number: u64| {
        let mut world = archive.checkout(BRANCH).unwrap();
        world.add_fact(made("m", number, "first"));
        archive.commit(BRANCH, &world, "").unwrap()
    };
    for number in 0..10 {
        commit(&first, number);
    }
    first.push(&remote, BRANCH, TIMEOUT).unwrap();
    let other = Archive::<Atom>::clone_from(&remote, folder.0.join("other")).unwrap();
    let parent = format!("revisions/{}", commit(&other, 10));
    let child = format!("revisions/{}", commit(&other, 11));
    let fails = |key: String| {
        FaultyStore::new(store.clone(), move |request| {
            let is_it = request.operation.starts_with("put") && request.key == key;
            is_it.then_some(Fault::NoEffect)
        })
    };
    let failing = Remote::open(fails("names/branch-main".to_owned())).unwrap();
    other.push(&failing, BRANCH, Duration::ZERO).unwrap_err();
    assert_eq!(first.prune_remote(&remote, Duration::ZERO).unwrap(), 2);
    let failing = Remote::open(fails(parent.clone())).unwrap();
    other.push(&failing, BRANCH, Duration::ZERO).unwrap_err();
    let length = |key| store.get(key).unwrap().unwrap().content.len();
    assert!(length(&parent) == 0 && length(&child) > 0);
    let clone = Archive::<Atom>::clone_from(&remote, folder.0.join("clone")).unwrap();
    assert_eq!(clone.find(BRANCH).unwrap(), first.find(BRANCH).unwrap());
}

#[test]
fn processes_push_to_a_folder() {
    let folder = Folder::fast("remote");
    let url = format!("file:{}", folder.0.display());
    processes_push(&url, &url, 8, 50, 0);
}

#[test]
fn processes_push_to_a_folder_with_faults() {
    let folder = Folder::fast("faulty-remote");
    let url = format!("file:{}", folder.0.display());
    processes_push(&url, &url, 8, 50, 6);
}

#[test]
fn pushes_to_a_folder_survive_kills() {
    let folder = Folder::fast("remote-of-killed");
    pushes_survive_kills(&format!("file:{}", folder.0.display()), 40);
}

#[test]
#[ignore = "takes half a minute: 200 kills"]
fn pushes_to_a_folder_survive_two_hundred_kills() {
    let folder = Folder::fast("remote-of-200-killed");
    pushes_survive_kills(&format!("file:{}", folder.0.display()), 200);
}
