//! Law 16 for a shared environment: a watch receives the changes of the answers in order, or combined, and loses none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use pleach::shared::{AnswersChanged, Watch};
use pleach::view::{Answers, Literal, View};
use pleach::{Atom, SharedEnvironment, Subscription};
use pleach_testkit::quick_check;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

/// The answers `(a b)` of numbers for which `(left a)` and `(right b)` are facts, and not `(not a)`.
fn literals() -> [Literal; 3] {
    let [left, right, not] = ["(left $a)", "(right $b)", "(not $a)"].map(atom);
    [Literal::new(left), Literal::new(right), Literal::not(not)]
}

fn watch(world: &SharedEnvironment, bound: usize) -> Watch<&SharedEnvironment> {
    world.watch(bound, literals(), atom("($a $b)")).unwrap()
}

fn asked(world: &SharedEnvironment) -> Answers {
    View::new(&world.snapshot(), literals(), atom("($a $b)"))
        .unwrap()
        .answers()
}

fn add(world: &SharedEnvironment, text: &str) {
    world.update(|env| env.add_fact(atom(text)));
}

#[test]
fn watches_are_sent_and_their_variables_checked() {
    fn sent<T: Send>(_: &T) {}
    fn shared<T: Send + Sync>() {}
    shared::<AnswersChanged>();
    shared::<View>();
    let world = SharedEnvironment::default();
    sent(&watch(&world, 1));
    sent(&watch(&world, 1).next());
    let unbound = world.watch(1, literals(), atom("$c")).unwrap_err();
    assert_eq!(&*unbound.name, "c");
}

/// Of each publication by itself, or of several at once if more than the bound were missed.
#[test]
fn a_slow_watch_receives_one_difference() {
    let world = SharedEnvironment::default();
    add(&world, "(left 0)");
    let (mut prompt, mut slow) = (watch(&world, 1), watch(&world, 2));
    assert!(prompt.try_next().is_none());
    let texts = ["(right 1)", "(other 1)", "(right 2)", "(not 0)", "(left 3)"];
    let mut received = Vec::new();
    for text in texts {
        add(&world, text);
        while let Some(change) = prompt.try_next() {
            assert_eq!(change.publications, 1);
            received.push((change.version, change.difference.to_string()));
        }
    }
    let expected = [
        (2, "+1 (0 1)\n"),
        (4, "+1 (0 2)\n"),
        (5, "-1 (0 1)\n-1 (0 2)\n"),
        (6, "+1 (3 1)\n+1 (3 2)\n"),
    ];
    assert_eq!(received, expected.map(|(version, text)| (version, text.to_owned())));
    let missed = slow.try_next().unwrap();
    assert_eq!((missed.version, missed.publications), (6, 5));
    assert_eq!(missed.difference.to_string(), "+1 (3 1)\n+1 (3 2)\n");
    assert!(slow.try_next().is_none());
    assert_eq!((slow.version(), slow.view().answers()), (6, asked(&world)));
}

#[test]
fn the_sum_of_all_differences_is_the_answers() {
    fn property(writes: Vec<(u8, u8, bool)>, bound: u8) {
        let world = SharedEnvironment::default();
        let mut watch = watch(&world, usize::from(bound % 4));
        let mut sum = Answers::new();
        let mut version = 0;
        let mut receive = |watch: &mut Watch<&SharedEnvironment>| {
            while let Some(change) = watch.try_next() {
                assert!(change.version > version && !change.difference.is_empty());
                assert!(change.publications >= 1);
                version = change.version;
                sum.add_all(&change.difference);
                assert_eq!(sum, watch.view().answers());
            }
            assert_eq!(sum, asked(&world));
        };
        for (kind, number, receives) in writes {
            let head = ["left", "right", "not"][usize::from(kind) % 3];
            let fact = atom(&format!("({head} {})", number % 4));
            world.update(|env| match kind / 3 % 3 {
                0 => drop(env.remove_fact(&fact)),
                _ => env.add_fact(fact.clone()),
            });
            if receives {
                receive(&mut watch);
            }
        }
        receive(&mut watch);
    }
    quick_check(300).quickcheck(property as fn(_, _));
}

/// Writers on several threads, a watch that owns the cell on another one.
#[test]
fn a_watch_beside_writers_loses_nothing() {
    let world = Arc::new(SharedEnvironment::default());
    let view = View::new(&world.snapshot(), literals(), atom("($a $b)")).unwrap();
    add(&world, "(right last)");
    let mut watch = Subscription::new(Arc::clone(&world), 4).watch(view);
    thread::scope(|threads| {
        for writer in 0..3 {
            let world = &world;
            threads.spawn(move || {
                for i in 0..100 {
                    let mut fork = world.snapshot();
                    fork.add_fact(atom(&format!("(left ({writer} {i}))")));
                    world.commit(&mut fork);
                }
            });
        }
        let mut sum = Answers::new();
        let mut version = watch.version();
        while sum.count() < 300 {
            let change = watch.next_timeout(Duration::MAX).unwrap();
            assert!(change.version > version && change.version >= version + change.publications);
            version = change.version;
            sum.add_all(&change.difference);
            assert!(sum.iter().all(|(_, multiplicity)| multiplicity == 1));
        }
    });
    assert!(watch.try_next().is_none());
    assert_eq!(watch.view().answers(), asked(&world));
}

#[test]
fn a_publication_without_answers_wakes_nobody_for_good() {
    let world = SharedEnvironment::default();
    let mut watch = watch(&world, 4);
    let mut context = Context::from_waker(Waker::noop());
    add(&world, "(left 1)");
    assert!(pin!(watch.next()).poll(&mut context).is_pending());
    assert_eq!(watch.version(), 1);
    add(&world, "(right 1)");
    assert!(matches!(pin!(watch.next()).poll(&mut context), Poll::Ready(change) if change.version == 2));
    assert!(watch.next_timeout(Duration::from_millis(1)).is_none());
}
