//! Archives under fault injection.

use super::{Archive, ArchiveError, RefKind, RevisionId};
use crate::env::resolve;
use crate::persist::disk::faults::{self, Plan};
use crate::persist::tests::{Folder, with_sources};
use crate::{Atom, Environment};

fn pair(i: i64) -> [Atom; 2] {
    ["left", "right"].map(|side| Atom::expression([Atom::symbol(side), Atom::from(i)]))
}

/// A state so large that it is stored in chunks, and all commits of a test as patches.
fn base() -> Environment {
    (-40..0).flat_map(pair).collect()
}

/// An archive with one revision, to copy.
struct Template(Folder);

impl Template {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        Archive::open(&folder.0).unwrap().commit("main", &base(), "").unwrap();
        Self(folder)
    }

    fn copy(&self, folder: &Folder) {
        folder.clear();
        for part in ["chunks", "revisions", "names"] {
            std::fs::create_dir_all(folder.0.join(part)).unwrap();
            for entry in std::fs::read_dir(self.0.0.join(part)).unwrap() {
                let path = entry.unwrap().path();
                std::fs::copy(&path, folder.0.join(part).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
}

/// Commits, names, merges, prunes and restarts, and ignores errors. Returns the revisions acknowledged for `main`.
fn live(folder: &Folder) -> Vec<RevisionId> {
    let mut acknowledged = Vec::new();
    let mut env = Environment::new();
    let mut archive = None;
    for i in 0..5 {
        if i == 2 {
            archive = None;
        }
        if archive.is_none() {
            archive = Archive::open(&folder.0).ok();
        }
        let Some(archive) = &archive else { continue };
        if env.is_empty() {
            let Ok(found) = archive.checkout("main") else { continue };
            env = found;
        }
        env.add_facts_bulk(pair(i));
        // A commit that took effect despite an error is merged.
        acknowledged.extend(archive.commit_with("main", &env, "", resolve::fail));
        match i {
            0 => drop((archive.branch("side", "main"), archive.tag("tag", "main"))),
            1 => {
                if let Ok(mut side) = archive.checkout("side") {
                    side.add_facts_bulk(pair(100));
                    let _ = archive.commit("side", &side, "");
                }
            }
            3 => acknowledged.extend(archive.merge("main", "side")),
            4 => drop((archive.remove_tag("tag"), archive.prune())),
            _ => {}
        }
    }
    acknowledged
}

/// Asserts that acknowledged revisions are in the history of the branch, no commit is partial, and no file is corrupt.
fn assert_sound(folder: &Folder, acknowledged: &[RevisionId], plan: Plan) {
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    let found = archive.verify().unwrap();
    assert!(found.problems.is_empty(), "{plan:?}: {:?}", found.problems);
    let world = archive.checkout("main").unwrap();
    world.check();
    let log: Vec<_> = archive
        .log("main")
        .unwrap()
        .into_iter()
        .map(|revision| revision.id)
        .collect();
    for id in acknowledged {
        assert!(log.contains(id), "{plan:?}: {id} is lost");
    }
    assert!(world.len() >= base().len(), "{plan:?}");
    for i in (-5..5).chain([100]) {
        let halves = pair(i).map(|half| world.multiplicity(&half));
        assert!(
            halves == [0, 0] || halves == [1, 1],
            "{plan:?}: {i} is present {halves:?} times"
        );
    }
    // Files left behind don't hinder writers, and can be removed.
    archive.prune().unwrap();
    assert!(archive.verify().unwrap().unreachable.is_empty());
    let mut next = world;
    next.add_facts_bulk(pair(200));
    let id = archive.commit("main", &next, "").unwrap();
    assert_eq!(Archive::<Atom>::open(&folder.0).unwrap().find("main").unwrap(), id);
}

/// Each operation fails, alone or with all later ones.
#[test]
fn no_fault_loses_an_acknowledged_revision() {
    let folder = Folder::new("archive-whatever");
    let template = Template::new("archive-whatever-begun");
    let runs = faults::each(|plan| {
        template.copy(&folder);
        faults::start(plan);
        let acknowledged = live(&folder);
        let failed = faults::stop();
        assert!(failed || acknowledged.len() == 6, "{acknowledged:?}");
        assert_sound(&folder, &acknowledged, plan);
        failed
    });
    assert!(runs > 1_000, "{runs}");
}

#[test]
fn a_commit_that_fails_anywhere_leaves_the_old_or_the_new() {
    let folder = Folder::new("archive-commit");
    let template = Template::new("archive-commit-begun");
    let (mut kept, mut moved) = (0, 0);
    faults::each(|plan| {
        template.copy(&folder);
        let archive = Archive::open(&folder.0).unwrap();
        let mut env = archive.checkout("main").unwrap();
        let before = archive.find("main").unwrap();
        env.add_facts_bulk(pair(1));
        faults::start(plan);
        let committed = archive.commit("main", &env, "");
        let failed = faults::stop();
        match committed {
            // Not every fault matters: that of creating an existing folder doesn't.
            Ok(_) => {}
            Err(ArchiveError::Io(_)) => assert!(failed, "{plan:?}"),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        let now = archive.find("main").unwrap();
        kept += usize::from(now == before);
        moved += usize::from(failed && now != before);
        // A retry succeeds.
        archive.commit_with("main", &env, "", resolve::fail).unwrap();
        assert_eq!(archive.checkout("main").unwrap(), env, "{plan:?}");
        assert_eq!(
            Archive::open(&folder.0).unwrap().checkout("main").unwrap(),
            env,
            "{plan:?}"
        );
        assert!(archive.verify().unwrap().problems.is_empty());
        failed
    });
    assert!(kept > 40 && moved > 1, "{kept} kept, {moved} moved");
}

/// Where folders can't be locked and the file `lock` is removed, two threads of one handle can each hold a lock.
/// Neither may write under the lock of the other.
#[cfg(unix)]
#[test]
fn a_thread_never_writes_under_the_lock_of_another() {
    let folder = Folder::new("archive-two-locks");
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    archive.commit("main", &base(), "").unwrap();
    let (done, ever) = (false, false);
    // The last operation is the lock of the folder.
    let guard = (0..20).rev().find_map(|after| {
        faults::start_as(Plan { after, done, ever }, std::io::ErrorKind::Unsupported);
        let guard = archive.lock_for_write().unwrap();
        faults::stop().then_some(guard)
    });
    assert!(guard.is_some());
    std::fs::remove_file(folder.0.join("lock")).unwrap();
    let other = std::thread::scope(|threads| threads.spawn(|| archive.lock_for_write().map(drop)).join().unwrap());
    assert!(matches!(other, Err(ArchiveError::LockLost(_))), "{other:?}");
    let written = archive.store.set_name(RefKind::Branch, "main", RevisionId([0; 32]));
    assert!(matches!(written, Err(ArchiveError::LockLost(_))), "{written:?}");
    drop(guard);
    archive.commit("main", &archive.checkout("main").unwrap(), "").unwrap();
}

#[test]
fn a_checkout_that_fails_anywhere_is_an_error() {
    let folder = Folder::new("archive-unreadable");
    let mut env = base();
    let archive = Archive::open(&folder.0).unwrap();
    archive.commit("main", &env, "").unwrap();
    env.add_facts_bulk(pair(1));
    archive.commit("main", &env, "").unwrap();
    let runs = faults::each(|plan| {
        let archive = Archive::<Atom>::open(&folder.0).unwrap();
        faults::start(plan);
        let found = archive.checkout("main");
        let failed = faults::stop();
        match found {
            Ok(found) => assert!(found == env && !failed, "{plan:?}"),
            Err(ArchiveError::Io(error)) => assert!(with_sources(&error).ends_with(": as planned")),
            Err(error) => panic!("{plan:?}: {error}"),
        }
        assert_eq!(archive.checkout("main").unwrap(), env);
        failed
    });
    assert!(runs > 20, "{runs}");
}

/// A deterministic sequence of numbers.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33).checked_rem(bound).unwrap_or(0)
    }
}

fn fact(i: u64) -> Atom {
    Atom::expression([
        Atom::symbol("fact"),
        Atom::symbol(&*format!("name{i}")),
        Atom::from(i as i64),
    ])
}

/// Commits of random changes, small and large, to the facts of three spaces. Each state equals the committed one when it is
/// read by a new handle, and whole states share chunks.
#[test]
fn whole_states_in_chunks_equal_what_was_committed() {
    let mut shared = 0;
    for seed in 0..12 {
        let mut random = numbers(seed);
        let folder = Folder::new("archive-chunks");
        let archive = Archive::<Atom>::open(&folder.0).unwrap();
        let mut world: Environment = (0..600).map(fact).collect();
        let spaces = [world.new_space(), world.new_data_space()];
        world.add_fact("(= (f $x) $x)".parse().unwrap());
        let mut committed = Vec::new();
        for _ in 0..25 {
            let many = if random(4) == 0 { 150 } else { 4 };
            let range = [20, 2_000][random(2) as usize];
            for _ in 0..random(many) + 1 {
                let change = [(fact(random(range)), random(4))];
                match spaces.get(random(4) as usize) {
                    None => world.set_multiplicities(change),
                    Some(id) => world.space_mut(*id).unwrap().set_multiplicities(change),
                }
            }
            let id = archive.commit("main", &world, "").unwrap();
            committed.push((id, world.clone()));
        }
        for (id, world) in &committed {
            let found = Archive::open(&folder.0).unwrap().checkout(&id.to_string()).unwrap();
            assert_eq!(found, *world, "{seed}");
            found.check();
        }
        let found = archive.verify().unwrap();
        assert!(
            found.problems.is_empty() && found.unreachable.is_empty(),
            "{seed}: {found:?}"
        );
        let used = committed
            .iter()
            .flat_map(|(id, _)| archive.store.chunks_of(*id).unwrap());
        shared += used.count() - archive.store.list().unwrap().chunks.len();
        // Chunks go with the last revision that refers to them.
        archive.remove_branch("main").unwrap();
        archive.prune().unwrap();
        assert!(archive.store.list().unwrap().chunks.is_empty());
    }
    assert!(shared > 60, "{shared}");
}

/// A few changes leave all chunks as they are; changes of a quarter of a chunk replace it, and no other.
#[test]
fn only_changed_chunks_are_written() {
    let folder = Folder::new("archive-few");
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    let mut world: Environment = (0..1_000).map(fact).collect();
    let whole = |world: &Environment| {
        let layout = match archive.find("main") {
            Ok(id) => {
                let before = archive.checkout("main").unwrap();
                let mut layout = archive.store.layout::<Atom>(id).unwrap();
                for change in &before.diff(world) {
                    let crate::env::Change::Atom { atom, .. } = change else {
                        continue;
                    };
                    let key = crate::term::Encoder::new().encode(atom).bytes.to_vec();
                    layout.changes.entry(None).or_default().insert(key, 0);
                }
                layout
            }
            Err(_) => super::chunk::Layout::default(),
        };
        let mut written = 0;
        let next = layout.next(world.snapshot(), &mut |_, _| {
            written += 1;
            Ok(())
        });
        (next.unwrap(), written)
    };
    let (first, written) = whole(&world);
    assert!(written == first.chunks.len() && written > 10, "{written}");
    archive.commit("main", &world, "").unwrap();
    world.remove_fact(&fact(500));
    world.add_fact(fact(2_000));
    let (second, written) = whole(&world);
    assert_eq!((written, second.changes[&None].len()), (0, 2));
    assert_eq!(second.length(), first.length());
    for i in 500..520 {
        world.remove_fact(&fact(i));
    }
    let (third, written) = whole(&world);
    let ids: Vec<_> = first.chunks.iter().map(|chunk| chunk.id).collect();
    let kept = third.chunks.iter().filter(|chunk| ids.contains(&chunk.id)).count();
    assert!(
        written <= 4 && kept + 5 >= ids.len(),
        "{written} written, {kept} of {} kept",
        ids.len()
    );
}

/// A chunk that was altered or lost is named, whichever revision is read.
#[test]
fn an_altered_chunk_is_named() {
    let folder = Folder::new("archive-altered");
    let archive = Archive::<Atom>::open(&folder.0).unwrap();
    archive.commit("main", &(0..200).map(fact).collect(), "").unwrap();
    let chunks = archive.store.list().unwrap().chunks;
    assert!(chunks.len() > 2);
    for id in chunks {
        let path = archive.store.chunk_path(id);
        let content = std::fs::read(&path).unwrap();
        let altered = [&content[..content.len() - 1], &[0]].concat();
        for wrong in [&altered[..], &content[1..], &[&content[..], &[0]].concat(), b""] {
            std::fs::write(&path, wrong).unwrap();
            let archive = Archive::<Atom>::open(&folder.0).unwrap();
            assert!(matches!(archive.checkout("main"), Err(ArchiveError::Misnamed(found)) if found == path));
            assert!(
                matches!(&archive.verify().unwrap().problems[..], [ArchiveError::Misnamed(found)] if *found == path)
            );
        }
        std::fs::remove_file(&path).unwrap();
        let archive = Archive::<Atom>::open(&folder.0).unwrap();
        assert!(matches!(archive.checkout("main"), Err(ArchiveError::MissingChunk(found)) if found == path));
        assert!(
            matches!(&archive.verify().unwrap().problems[..], [ArchiveError::MissingChunk(found)] if *found == path)
        );
        std::fs::write(&path, &content).unwrap();
    }
    assert!(archive.verify().unwrap().problems.is_empty());
}
