//! A panic in foreign code publishes a change completely or not at all, and the journal stays usable.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pleach::persist::{Journal, SyncPolicy};

use pleach_testkit::frail::{Frail, Frails, World, frail, load, save};
use pleach_testkit::fuse::{self, burn};

type Operation = (&'static str, fn(&Journal<Frail>));

#[test]
fn journals() {
    fuse::quiet();
    let memory = std::path::Path::new("/dev/shm");
    let place = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let folder = place.join(format!("pleach-panics-{}", std::process::id()));
    let open = || {
        Journal::<Frail>::open_with(&folder, SyncPolicy::Never, Frails)
            .unwrap()
            .0
    };
    let operations: [Operation; 6] = [
        ("update", |journal| {
            journal
                .update(|env| {
                    env.add_fact(frail("(p $x)"));
                    burn();
                    env.add_fact(frail("(opaque <2>)"));
                })
                .unwrap();
        }),
        ("try_update", |journal| {
            let done = journal.try_update(|env| (env.add_rule(frail("(f $x)"), frail("1")), Ok::<(), ()>(())).1);
            done.unwrap();
        }),
        ("commit", |journal| {
            let mut fork = journal.snapshot();
            fork.add_facts_bulk([frail("(c 1)"), frail("(= (c $x) $x)")]);
            journal.commit(&mut fork).unwrap();
        }),
        ("commit_with", |journal| {
            let mut fork = journal.snapshot();
            fork.bind("here", frail("(c $y)"));
            let resolve = |_: &_| pleach::env::Resolution::Ours;
            journal.commit_with(&mut fork, resolve).unwrap();
        }),
        ("compact", |journal| journal.compact().unwrap()),
        ("sync", |journal| journal.sync().unwrap()),
    ];
    let mut panics = 0;
    for (name, operation) in operations {
        for calls in 0.. {
            let _ = std::fs::remove_dir_all(&folder);
            let journal = open();
            journal
                .update(|env| env.extend([frail("(before $x)"), frail("(opaque <1>)")]))
                .unwrap();
            // Published, and not logged yet.
            journal.world().update(|env| env.add_fact(frail("(unlogged $x)")));
            let before = save(&journal.snapshot());
            fuse::set(Some(calls));
            let ended = catch_unwind(AssertUnwindSafe(|| operation(&journal)));
            fuse::set(None);
            let after = save(&journal.snapshot());
            journal.load().check();
            if ended.is_err() {
                panics += 1;
                // If the panic came while it was logged, it is published and not acknowledged.
                let mut done: World = load(&before);
                let other = Journal::<Frail>::open_with(folder.join("other"), SyncPolicy::Never, Frails)
                    .unwrap()
                    .0;
                other.world().publish(&done);
                operation(&other);
                done = other.snapshot();
                assert!(after == before || after == save(&done), "{name}, after {calls} calls");
            }
            // Later commits log all published changes.
            journal.update(|env| env.add_fact(frail("(after 1)"))).unwrap();
            let last = save(&journal.snapshot());
            drop(journal);
            assert!(save(&open().snapshot()) == last, "{name}, after {calls} calls");
            // Replaying a log may panic too.
            if ended.is_ok() {
                for calls in 0.. {
                    fuse::set(Some(calls));
                    let opened = catch_unwind(|| drop(open()));
                    fuse::set(None);
                    assert!(save(&open().snapshot()) == last, "opened after {calls} calls");
                    if opened.is_ok() {
                        break;
                    }
                    panics += 1;
                }
                break;
            }
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!("{panics} panics");
    assert!(panics > 200, "{panics}");
}
