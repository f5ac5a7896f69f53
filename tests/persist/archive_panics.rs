//! A panic in foreign code leaves each name of an archive at the old or the new revision, and the handle usable.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pleach::env::{Resolution, resolve};
use pleach::persist::Archive;

use pleach_testkit::frail::{Frail, Frails, World, frail, save};
use pleach_testkit::fuse::{self, burn};

type Operation = (&'static str, fn(&Archive<Frail>, &World));

#[test]
fn archives() {
    fuse::quiet();
    let memory = std::path::Path::new("/dev/shm");
    let place = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = place.join(format!("pleach-panics-archive-{}", std::process::id()));
    let open = || Archive::<Frail>::open_with(&folder, Frails).unwrap();
    let operations: [Operation; 7] = [
        ("commit", |archive, mine| {
            archive.commit("new", mine, "").unwrap();
        }),
        ("commit again", |archive, _| {
            let mut env = archive.checkout("main").unwrap();
            env.add_fact(frail("(more <3>)"));
            archive.commit("main", &env, "").unwrap();
        }),
        ("commit_with", |archive, mine| {
            let resolve = |_: &_| {
                burn();
                Resolution::Ours
            };
            archive.commit_with("main", mine, "", resolve).unwrap();
        }),
        ("merge_with", |archive, _| {
            let resolve = |_: &_| {
                burn();
                Resolution::Theirs
            };
            archive.merge_with("main", "side", "", resolve).unwrap();
        }),
        ("checkout", |archive, _| drop(archive.checkout("v1").unwrap())),
        ("diff", |archive, _| drop(archive.diff("v1", "main").unwrap())),
        ("verify", |archive, _| {
            assert!(archive.verify().unwrap().problems.is_empty())
        }),
    ];
    let mut panics = 0;
    for (name, operation) in operations {
        for calls in 0.. {
            let _ = std::fs::remove_dir_all(&folder);
            let archive = open();
            let mut env = World::new();
            env.extend(["(p $x)", "(opaque <1>)", "(= (f $n) $n)", "(= (f 0) 1)"].map(frail));
            archive.commit("main", &env, "").unwrap();
            archive.tag("v1", "main").unwrap();
            archive.branch("side", "main").unwrap();
            for branch in ["main", "side"] {
                let mut env = archive.checkout(branch).unwrap();
                env.add_fact(frail(&format!("({branch} <2>)")));
                env.bind("here", frail(branch));
                archive.commit(branch, &env, "").unwrap();
            }
            let mut mine = archive.checkout("v1").unwrap();
            mine.add_facts_bulk([frail("(mine <4>)"), frail("(= (f $n) mine)")]);
            mine.bind("here", frail("mine"));
            let names = ["main", "side", "v1"].map(|name| archive.find(name).unwrap());

            fuse::set(Some(calls));
            let ended = catch_unwind(AssertUnwindSafe(|| operation(&archive, &mine)));
            fuse::set(None);
            let context = format!("{name}, after {calls} calls");
            let found = archive.verify().unwrap();
            assert!(found.problems.is_empty(), "{context}: {:?}", found.problems);
            let half = found.unreachable.iter().any(|path| path.extension().is_some());
            assert!(!half, "{context}: {:?}", found.unreachable);
            if ended.is_ok() {
                break;
            }
            panics += 1;
            // The panic may have come after the branch moved.
            let now = ["main", "side", "v1"].map(|name| archive.find(name).unwrap());
            assert_eq!(now[1..], names[1..], "{context}");
            // The handle stays usable, and agrees with another.
            operation(&archive, &mine);
            let mut env = archive.checkout("main").unwrap();
            env.add_fact(frail("(after 1)"));
            archive.commit_with("main", &env, "", resolve::ours).unwrap();
            let again = open();
            for name in ["main", "side", "v1"] {
                let (ours, theirs) = (archive.checkout(name).unwrap(), again.checkout(name).unwrap());
                ours.check();
                assert!(ours == theirs && ours.diff(&theirs).is_empty(), "{context}: {name}");
                assert_eq!(save(&ours).len(), save(&theirs).len(), "{context}: {name}");
            }
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!("{panics} panics");
    assert!(panics > 500, "{panics}");
}
