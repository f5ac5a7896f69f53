//! The rows of archives that meet in a remote: requests and bytes are counted, not timed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pleach::persist::remote::{CountedStore, Fault, FaultyStore, MemoryStore};
use pleach::persist::{Archive, NoCodec, Remote};
use pleach::{Atom, Environment};

use super::env::{edge, facts};
use crate::common::report::Report;

const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) fn rows(report: &mut Report, wanted: &dyn Fn(&str) -> bool) {
    type Row = fn(&mut Report, &str);
    let rows: [(&str, Row); 4] = [
        ("remote small commit", small_commit),
        ("remote clone", clone),
        ("remote two whole states", two_wholes),
        ("remote 8 pushers", pushers),
    ];
    for (name, row) in rows {
        if wanted(name) {
            row(report, name);
        }
    }
}

/// Folders of archives, removed at the end.
struct Folders(PathBuf);

impl Folders {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("pleach-bench-remote-{}", std::process::id())))
    }

    fn archive(&self, name: &str) -> Archive {
        Archive::open(self.0.join(name)).expect("an archive")
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

type Store = Arc<CountedStore<MemoryStore>>;

fn remote() -> (Store, Remote) {
    let store = Arc::new(CountedStore::new(MemoryStore::new()));
    let remote = Remote::open(Arc::clone(&store)).expect("a remote");
    store.reset();
    (store, remote)
}

/// Adds a fact to the branch of an archive.
fn commit(archive: &Archive, fact: Atom) {
    let mut world = archive.checkout("main").expect("a branch");
    world.add_fact(fact);
    archive.commit("main", &world, "").expect("a commit");
}

/// A push of one fact to a branch of 100 K, and a fetch of it.
fn small_commit(report: &mut Report, name: &str) {
    let folders = Folders::new();
    let (store, remote) = remote();
    let (ours, theirs) = (folders.archive("ours"), folders.archive("theirs"));
    ours.commit("main", &facts(100_000), "").expect("a commit");
    ours.push(&remote, "main", PATIENCE).expect("a push");
    theirs.pull(&remote, "main").expect("a pull");
    let (mut push, mut bytes, mut fetch) = (0, 0, 0);
    for i in 0..50 {
        commit(&ours, edge(i, 1_000_000));
        store.reset();
        ours.push(&remote, "main", PATIENCE).expect("a push");
        let counts = store.reset();
        push = push.max(counts.requests());
        bytes = bytes.max(counts.written + counts.read);
        theirs.fetch(&remote, "main").expect("a fetch");
        fetch = fetch.max(store.reset().requests());
    }
    report.at_most(&format!("{name}, push"), push as f64, "requests at most", 3.0);
    report.at_most(&format!("{name}, push, size"), bytes as f64, "bytes at most", 4_096.0);
    report.at_most(&format!("{name}, fetch"), fetch as f64, "requests at most", 3.0);
}

fn saved_length(env: &Environment) -> f64 {
    let mut bytes = Vec::new();
    env.save_to(&mut bytes, &NoCodec).expect("a save");
    bytes.len() as f64
}

/// A clone of a branch of 1 M facts.
fn clone(report: &mut Report, name: &str) {
    let folders = Folders::new();
    let (store, remote) = remote();
    let world = facts(1_000_000);
    let ours = folders.archive("ours");
    ours.commit("main", &world, "").expect("a commit");
    ours.push(&remote, "main", PATIENCE).expect("a push");
    store.reset();
    let theirs = Archive::<Atom>::clone_from(&remote, folders.0.join("theirs")).expect("a clone");
    let counts = store.reset();
    assert_eq!(
        theirs.checkout("main").expect("a branch").fact_count(),
        world.fact_count()
    );
    report.at_most(&format!("{name}, 1 M"), counts.requests() as f64, "requests", 40.0);
    let saved = saved_length(&world);
    report.bytes(
        &format!("{name}, size, 1 M"),
        counts.read as f64,
        "a saved file",
        saved,
        1.2,
    );
}

/// Number of bytes of all files in these folders of an archive.
fn size(folder: &Path) -> u64 {
    let parts = ["chunks", "revisions"].map(|part| fs::read_dir(folder.join(part)).expect("a folder"));
    let files = parts.into_iter().flatten();
    files
        .map(|file| file.and_then(|file| file.metadata()).expect("a file").len())
        .sum()
}

/// Two whole states of 1 M facts that differ in 100 random ones, on disk and on the remote. They have no history in common, so
/// that neither is a patch.
fn two_wholes(report: &mut Report, name: &str) {
    let folders = Folders::new();
    let (store, remote) = remote();
    let n = 1_000_000;
    let world = facts(n);
    let ours = folders.archive("ours");
    ours.commit("main", &world, "").expect("a commit");
    ours.push(&remote, "main", PATIENCE).expect("a push");
    let (one, sent) = (size(&folders.0.join("ours")), store.reset().written);
    // A whole state is due once the patches outweigh the last one.
    let (mut now, mut patches, mut whole) = (one, 0, 0);
    let mut next = world;
    for i in 0.. {
        if i < 50 {
            let at = i * 104_729 % n;
            next.remove_fact(&edge(at, at * 7 % n));
            next.add_fact(edge(at, n + i));
        } else {
            // Added and removed in turn, so that the difference stays.
            let fact = edge(n, n);
            if i % 2 == 0 {
                next.add_fact(fact);
            } else {
                next.remove_fact(&fact);
            }
        }
        ours.commit("main", &next, "").expect("a commit");
        let after = size(&folders.0.join("ours"));
        if after - now > 2_000 {
            whole = after - now;
            break;
        }
        (now, patches) = (after, patches + 1);
    }
    let more = 100.0 * whole as f64 / one as f64;
    report.at_most(&format!("{name}, more on disk, 1 M"), more, "% of one", 2.0);
    report.at_most(
        &format!("{name}, patches before the second"),
        f64::from(patches),
        "patches",
        4_096.0,
    );
    store.reset();
    ours.push(&remote, "main", PATIENCE).expect("a push");
    let more = 100.0 * (store.reset().written as f64 - (now - one) as f64) / sent as f64;
    report.at_most(&format!("{name}, more on the remote, 1 M"), more, "% of one", 2.0);
}

/// The time that a request of [`pushers`] takes.
const LATENCY: Duration = Duration::from_millis(2);

/// Eight machines push a commit each, 12 times, all at once, to a store that takes a while for each request.
fn pushers(report: &mut Report, name: &str) {
    const PUSHERS: usize = 8;
    const COMMITS: usize = 12;
    let folders = Folders::new();
    let tried = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&tried);
    let store = FaultyStore::new(MemoryStore::new(), move |request| {
        if request.operation == "put_if_unchanged" && request.key.starts_with("names/") {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Some(Fault::Slow(LATENCY))
    });
    let remote = Remote::open(store).expect("a remote");
    let seed = folders.archive("seed");
    seed.commit("main", &facts(1_000), "").expect("a commit");
    seed.push(&remote, "main", PATIENCE).expect("a push");
    let archives: Vec<_> = (0..PUSHERS).map(|id| folders.archive(&format!("pusher{id}"))).collect();
    for archive in &archives {
        archive.pull(&remote, "main").expect("a pull");
    }
    tried.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    thread::scope(|threads| {
        for (id, archive) in archives.iter().enumerate() {
            let remote = &remote;
            threads.spawn(move || {
                for i in 0..COMMITS {
                    commit(archive, edge(1_000_000 + id, i));
                    archive.push(remote, "main", PATIENCE).expect("a push");
                }
            });
        }
    });
    let pushes = (PUSHERS * COMMITS) as f64;
    let unit = format!("for each push (in {:.1} s)", begun.elapsed().as_secs_f64());
    let tried = tried.load(Ordering::Relaxed) as f64 / pushes;
    report.at_most(&format!("{name}, name updates tried"), tried, &unit, 2.5);
}
