//! Whole states in chunks, pushed and fetched.

use std::sync::Arc;
use std::time::Duration;

use pleach::persist::remote::{CountedStore, Fault, FaultyStore, MemoryStore, ObjectStore, Put};
use pleach::persist::{Archive, NoCodec, Remote, RemoteError};
use pleach::{Atom, Environment};
use pleach_testkit::folder::Folder;

const LONG: Duration = Duration::from_secs(60);

fn fact(i: usize) -> Atom {
    format!("(edge n{i} n{})", i * 7919 % 100_000).parse().unwrap()
}

/// A state so large that it is stored in several chunks.
fn large() -> Environment {
    (0..100_000).map(fact).collect()
}

fn open(folder: &Folder, name: &str) -> Archive {
    Archive::open(folder.0.join(name)).unwrap()
}

fn chunks(store: &MemoryStore) -> Vec<String> {
    let objects = store.list("chunks/").unwrap().objects.into_iter();
    let written = objects.filter(|object| object.size > 0);
    written.map(|object| object.key).collect()
}

/// A second whole state shares the chunks of the first, here and on the remote, and a fetch asks for none of them.
#[test]
fn whole_states_share_chunks() {
    let folder = Folder::fast("remote-chunks");
    let memory = MemoryStore::new();
    let store = Arc::new(CountedStore::new(memory.clone()));
    let remote = Remote::open(Arc::clone(&store)).unwrap();
    let (a, b) = (open(&folder, "a"), open(&folder, "b"));
    let mut world = large();
    let mut saved = Vec::new();
    world.save_to(&mut saved, &NoCodec).unwrap();
    a.commit("main", &world, "").unwrap();
    store.reset();
    a.push(&remote, "main", LONG).unwrap();
    let counts = store.reset();
    assert!(
        counts.written as usize <= saved.len() * 11 / 10,
        "{counts:?} {}",
        saved.len()
    );
    let first = chunks(&memory);
    assert!(first.len() > 2 && counts.puts as usize == first.len() + 3, "{counts:?}");
    b.pull(&remote, "main").unwrap();
    assert_eq!(store.reset().requests() as usize, first.len() + 2);
    // So many patches that a whole state comes after them, which holds the changes since the chunks were written.
    for i in 0..100 {
        world.remove_fact(&fact(i * 997));
    }
    for i in 0..350 {
        world.add_fact(fact(200_000 + i));
        a.commit("main", &world, "").unwrap();
    }
    a.push(&remote, "main", LONG).unwrap();
    b.pull(&remote, "main").unwrap();
    assert_eq!(b.checkout("main").unwrap(), world);
    assert!(b.verify().unwrap().problems.is_empty());
    assert_eq!(chunks(&memory), first);
    let revisions = memory.list("revisions/").unwrap().objects;
    let sizes: Vec<_> = revisions
        .iter()
        .map(|object| object.size)
        .filter(|size| *size > 3_000)
        .collect();
    assert_eq!(sizes.len(), 1, "{sizes:?}");
    // Another branch from an unrelated archive has the same chunks by their content.
    let c = open(&folder, "c");
    c.commit("other", &large(), "").unwrap();
    c.push(&remote, "other", LONG).unwrap();
    assert_eq!(chunks(&memory), first);
    let d = Archive::<Atom>::clone_from(&remote, folder.0.join("d")).unwrap();
    assert_eq!(
        (d.checkout("main").unwrap(), d.checkout("other").unwrap()),
        (world, large())
    );
    let found = d.verify().unwrap();
    assert!(found.problems.is_empty() && found.unreachable.is_empty(), "{found:?}");
}

/// A chunk with other content is refused and named, and nothing refers to it.
#[test]
fn an_altered_chunk_is_refused_by_name() {
    let folder = Folder::fast("remote-chunk-altered");
    let memory = MemoryStore::new();
    let remote = Remote::open(memory.clone()).unwrap();
    let a = open(&folder, "a");
    a.commit("main", &large(), "").unwrap();
    a.push(&remote, "main", LONG).unwrap();
    for (number, key) in chunks(&memory).into_iter().enumerate() {
        let object = memory.get(&key).unwrap().unwrap();
        let mut altered = object.content.clone();
        *altered.last_mut().unwrap() ^= 1;
        let Put::Written { version, .. } = memory.put_if_unchanged(&key, &altered, &object.version).unwrap() else {
            panic!("it is that version")
        };
        let b = open(&folder, &format!("b{number}"));
        let refused = b.pull(&remote, "main");
        assert!(
            matches!(&refused, Err(RemoteError::Tampered(found)) if *found == key),
            "{refused:?}"
        );
        assert!(b.branches().unwrap().is_empty() && b.verify().unwrap().revisions == 0);
        let _ = memory.put_if_unchanged(&key, b"", &version).unwrap();
        let missing = b.pull(&remote, "main");
        assert!(
            matches!(&missing, Err(RemoteError::Missing(found)) if *found == key),
            "{missing:?}"
        );
        let version = memory.get(&key).unwrap().unwrap().version;
        let _ = memory.put_if_unchanged(&key, &object.content, &version).unwrap();
        b.pull(&remote, "main").unwrap();
        assert_eq!(b.checkout("main").unwrap(), large());
    }
}

/// Each request of a push of several chunks fails, and is interrupted by a pruning of everything that isn't named.
#[test]
fn no_fault_and_no_pruning_leaves_a_name_without_chunks() {
    let folder = Folder::fast("remote-chunk-faults");
    let a = open(&folder, "a");
    a.commit("main", &large(), "").unwrap();
    let pruner = Arc::new(open(&folder, "pruner"));
    for fault in [
        None,
        Some(Fault::LostAnswer),
        Some(Fault::LateEffect),
        Some(Fault::RefusedAfterEffect),
    ] {
        for at in 1.. {
            let memory = MemoryStore::new();
            let sound = Remote::open(memory.clone()).unwrap();
            let (other, pruner) = (sound.clone(), Arc::clone(&pruner));
            let faulty = Arc::new(FaultyStore::new(memory.clone(), move |request| {
                if fault.is_none() && request.number == at {
                    pruner.prune_remote(&other, Duration::ZERO).unwrap();
                }
                fault.filter(|_| request.number == at)
            }));
            let remote = Remote::open(Arc::clone(&faulty)).unwrap();
            a.push(&remote, "main", LONG).unwrap();
            let b = Archive::<Atom>::clone_from(&sound, folder.0.join("b")).unwrap();
            assert_eq!(b.branches().unwrap().len(), 1);
            assert!(b.verify().unwrap().problems.is_empty(), "{fault:?} {at}");
            drop(b);
            std::fs::remove_dir_all(folder.0.join("b")).unwrap();
            if faulty.requests().0 <= at {
                break;
            }
        }
    }
}

/// The chunks of a branch that was removed are emptied, but for those that others need, and are written again.
#[test]
fn pruning_empties_chunks_that_no_name_needs() {
    let folder = Folder::fast("remote-chunk-prune");
    let memory = MemoryStore::new();
    let remote = Remote::open(memory.clone()).unwrap();
    let a = open(&folder, "a");
    a.commit("main", &large(), "").unwrap();
    a.commit("other", &(300_000..400_000).map(fact).collect(), "").unwrap();
    a.push(&remote, "main", LONG).unwrap();
    let needed = chunks(&memory);
    a.push(&remote, "other", LONG).unwrap();
    let all = chunks(&memory);
    assert!(all.len() >= needed.len() + 2);
    assert_eq!(a.prune_remote(&remote, Duration::ZERO).unwrap(), 0);
    remote.remove_branch("other").unwrap();
    assert_eq!(
        a.prune_remote(&remote, Duration::ZERO).unwrap(),
        all.len() - needed.len() + 1
    );
    assert_eq!(chunks(&memory), needed);
    a.push(&remote, "other", LONG).unwrap();
    assert_eq!(chunks(&memory), all);
}
