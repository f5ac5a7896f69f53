//! `SharedEnvironment`, call by call: the effect of each write if it comes first, loses a race, or fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use pleach::env::{Resolution, resolve};
use pleach::shared::Commit;
use pleach::{Atom, Environment, Event, Outcome, Reader, SharedEnvironment, Subscription};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn world(facts: usize) -> SharedEnvironment {
    SharedEnvironment::new((0..facts).map(|i| atom(&format!("(fact {i})"))).collect())
}

fn add(world: &SharedEnvironment, text: &str) {
    world.update(|env| env.add_fact(atom(text)));
}

/// The version, and the patch as text.
fn changes(news: &Event) -> (u64, String) {
    match news {
        Event::Changed(update) => (update.version, update.patch.to_string()),
        Event::Lagged(lagged) => panic!("lagged {}", lagged.publications),
    }
}

#[test]
fn types_are_send_and_sync() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>(_: &T) {}
    shared::<SharedEnvironment>();
    shared::<Subscription<Arc<SharedEnvironment>>>();
    shared::<Event>();
    let world = world(0);
    sent(&world.reader());
    sent(&world.reached(1));
    sent(&world.subscribe(1).next());
}

#[test]
fn reads_allocate_nothing() {
    let world = world(1000);
    let mut reader = world.reader();
    drop(world.load());
    let fact = atom("(fact 500)");
    assert!(world.load().contains(&fact));
    let reads = measure(|| {
        assert!(world.load().contains(&fact));
        assert!(reader.load().contains(&fact));
        assert_eq!(world.snapshot().len(), 1000);
        assert_eq!((world.version(), reader.version()), (0, 0));
    });
    assert_eq!(reads.count_total, 0);
}

#[test]
fn a_guard_keeps_its_state() {
    let world = world(1);
    let (guard, fork) = (world.load(), world.snapshot());
    let mut reader = Reader::new(&world);
    assert_eq!(reader.load().len(), 1);
    add(&world, "news");
    assert_eq!(
        (guard.len(), guard.version(), guard.fork().len(), fork.len()),
        (1, 0, 1, 1)
    );
    assert_eq!(
        (world.load().len(), reader.load().len(), reader.fork().len()),
        (2, 2, 2)
    );
}

#[test]
fn a_loaded_state_is_never_written_in_place() {
    let world = world(1);
    let mut fork = world.snapshot();
    fork.add_fact(atom("mine"));
    world.commit(&mut fork);
    // The fork is at the published state, and must leave it to write.
    let guard = world.load();
    fork.add_fact(atom("more"));
    assert_eq!((guard.len(), fork.len()), (2, 3));
    let mut fork = world.publish(&fork);
    drop(world.publish(&Environment::new()));
    fork.add_fact(atom("more"));
    assert_eq!((guard.len(), fork.len()), (2, 3));
}

#[test]
fn a_commit_returns_its_outcome_and_version() {
    let world = world(1);
    let commit = |environment: &mut Environment| {
        let Commit { outcome, version, .. } = world.commit(environment);
        (outcome, version)
    };
    let (mut a, mut b, mut idle) = (world.snapshot(), world.snapshot(), world.snapshot());
    a.add_fact(atom("a"));
    b.add_fact(atom("b"));
    idle.make_owned();
    assert_eq!(commit(&mut idle), (Outcome::Unchanged, 0));
    assert_eq!(commit(&mut a), (Outcome::FastForward, 1));
    assert!(a.ptr_eq(&world.snapshot()));
    assert_eq!(commit(&mut b), (Outcome::Merged, 2));
    assert!(b.ptr_eq(&world.snapshot()));
    assert_eq!(commit(&mut b), (Outcome::Unchanged, 2));
    assert_eq!(commit(&mut idle), (Outcome::Unchanged, 2));
    assert_eq!((world.load().len(), idle.len()), (3, 3));
}

#[test]
fn a_commit_can_resolve_conflicts() {
    let world = world(0);
    let (mut a, mut b) = (world.snapshot(), world.snapshot());
    a.bind("x", atom("1"));
    b.bind("x", atom("2"));
    b.add_fact(atom("b"));
    let by = |mut env: Environment, resolution: Resolution| {
        let commit = world.commit_with(&mut env, |conflict| {
            assert_eq!((&conflict.ours, &conflict.theirs), (&Some(atom("1")), &Some(atom("2"))));
            resolution.clone()
        });
        (commit.map(|commit| (commit.outcome, commit.version)), env)
    };
    assert_eq!(
        world.commit_with(&mut a, resolve::fail).map(|commit| commit.outcome),
        Ok(Outcome::FastForward)
    );
    let (refused, same) = by(b.clone(), Resolution::Fail);
    assert_eq!(refused.unwrap_err().0.len(), 1);
    assert!(same.ptr_eq(&b) && world.snapshot().ptr_eq(&a));
    let (commit, env) = by(b.clone(), Resolution::Value(atom("3")));
    assert_eq!(commit, Ok((Outcome::Merged, 2)));
    assert!(env.ptr_eq(&world.snapshot()));
    assert_eq!((env.binding("x"), env.len()), (Some(&atom("3")), 1));
    assert_eq!(by(env, Resolution::Fail).0, Ok((Outcome::Unchanged, 2)));
}

#[test]
fn a_change_committed_twice_counts_once() {
    let world = world(0);
    let mut fork = world.snapshot();
    fork.add_fact(atom("apple"));
    world.commit(&mut fork.clone());
    world.commit(&mut fork.clone());
    add(&world, "pear");
    world.commit(&mut fork.clone());
    fork.add_fact(atom("apple"));
    world.commit(&mut fork);
    world.commit(&mut fork);
    assert_eq!(world.load().multiplicity(&atom("apple")), 2);
    assert_eq!(world.load().len(), 3);
}

#[test]
fn an_update_that_writes_nothing_publishes_nothing() {
    let world = world(1);
    assert_eq!(world.update(|env| env.len()), 1);
    world.update(Environment::make_owned);
    assert!(!world.update(|env| env.remove_fact(&atom("absent"))));
    assert_eq!(world.version(), 0);
    let same = world.snapshot();
    assert!(world.publish(&same).ptr_eq(&same));
    assert_eq!(world.version(), 0);
}

#[test]
fn an_update_can_replace_the_environment() {
    let world = world(3);
    world.update(|env| *env = Environment::from_iter((0..3).map(|i| atom(&format!("(other {i})")))));
    assert!(world.load().contains(&atom("(other 2)")));
    assert_eq!((world.load().len(), world.version()), (3, 1));
}

#[test]
fn an_update_that_loses_a_race_runs_again() {
    let world = world(0);
    let mut runs = 0;
    let len = world.update(|env| {
        runs += 1;
        if runs <= 3 {
            // Another is faster; a write from within a write is no deadlock.
            add(&world, &format!("(rival {runs})"));
        }
        env.add_fact(atom("mine"));
        env.len()
    });
    assert_eq!((runs, len, world.load().len(), world.version()), (4, 4, 4, 4));
}

#[test]
fn an_update_stops_at_its_first_error() {
    let world = world(0);
    let mut runs = 0;
    let result = world.try_update(|env| {
        runs += 1;
        env.add_fact(atom("mine"));
        if runs == 2 {
            return Err("enough");
        }
        add(&world, "rival");
        Ok(())
    });
    assert_eq!((result, runs), (Err("enough"), 2));
    assert_eq!(world.snapshot(), Environment::from_iter([atom("rival")]));
}

#[test]
fn a_panicking_closure_changes_nothing() {
    let world = world(1);
    let before = world.snapshot();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        world.update(|env| {
            env.add_fact(atom("half"));
            assert!(env.is_empty(), "as the test wants");
        });
    }));
    assert!(panicked.is_err());
    assert!(world.snapshot().ptr_eq(&before));
    add(&world, "news");
    assert_eq!((world.load().len(), world.version()), (2, 1));
}

#[test]
fn publishing_if_expected() {
    let world = world(0);
    let expected = world.snapshot();
    let new = Environment::from_iter([atom("new")]);
    add(&world, "rival");
    let current = world.publish_if(&expected, &new).unwrap_err();
    assert!(current.ptr_eq(&world.snapshot()));
    assert_eq!(world.publish_if(&current, &new), Ok(2));
    assert!(world.snapshot().ptr_eq(&new));
}

#[test]
fn waiting_for_a_version() {
    let world = world(0);
    assert!(world.wait_for(0, Duration::ZERO).is_some());
    let start = Instant::now();
    assert!(world.wait_for(1, Duration::from_millis(20)).is_none());
    assert!(start.elapsed() >= Duration::from_millis(20));
    thread::scope(|threads| {
        let waiters = [1, 2, 3].map(|version| {
            let world = &world;
            threads.spawn(move || world.wait_for(version, Duration::MAX).unwrap().len())
        });
        for name in ["a", "b", "c"] {
            thread::sleep(Duration::from_millis(2));
            add(&world, name);
        }
        for (waiter, least) in waiters.into_iter().zip(1..) {
            assert!(waiter.join().unwrap() >= least);
        }
    });
}

/// A waker that counts its calls.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn futures_are_woken_once_and_without_a_runtime() {
    let world = world(0);
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut context = Context::from_waker(&waker);
    let woken = || count.0.load(Ordering::SeqCst);

    let mut news = world.subscribe(8);
    let mut reached = pin!(world.reached(2));
    let mut next = pin!(news.next());
    for _ in 0..3 {
        assert!(reached.as_mut().poll(&mut context).is_pending());
        assert!(next.as_mut().poll(&mut context).is_pending());
    }
    add(&world, "a");
    assert_eq!(woken(), 2);
    assert!(reached.as_mut().poll(&mut context).is_pending());
    match next.as_mut().poll(&mut context) {
        Poll::Ready(first) => assert_eq!(changes(&first), (1, "+1 a\n".to_owned())),
        Poll::Pending => panic!("it is there"),
    }
    add(&world, "b");
    assert_eq!(woken(), 3);
    match reached.as_mut().poll(&mut context) {
        Poll::Ready(env) => assert_eq!(env.len(), 2),
        Poll::Pending => panic!("it is there"),
    }
}

/// A waker that panics.
struct Rude;

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        panic!("as the test wants");
    }
}

#[test]
fn a_panicking_waker_leaves_others_notified() {
    let world = world(0);
    let count = Arc::new(Count::default());
    let (rude, polite) = (Waker::from(Arc::new(Rude)), Waker::from(Arc::clone(&count)));
    let mut first = pin!(world.reached(1));
    let mut second = pin!(world.reached(1));
    assert!(first.as_mut().poll(&mut Context::from_waker(&rude)).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&polite)).is_pending());
    add(&world, "a");
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(world.version(), 1);
}

#[test]
fn a_dropped_future_leaves_no_waker() {
    let world = world(0);
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    {
        let mut reached = pin!(world.reached(1));
        assert!(reached.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1);
    add(&world, "a");
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
}

#[test]
fn a_subscription_receives_each_change_in_order() {
    let world = world(100);
    add(&world, "before");
    let mut news = world.subscribe(16);
    assert_eq!((news.version(), news.environment().len()), (1, 101));
    assert!(news.try_next().is_none());

    add(&world, "(fact 1)");
    world.update(|env| env.remove_fact(&atom("before")));
    let mut fork = world.snapshot();
    fork.add_facts_bulk([atom("x"), atom("y")]);
    world.commit(&mut fork);

    let received: Vec<_> = (0..3).map(|_| changes(&news.try_next().unwrap())).collect();
    let expected = ["+1 (fact 1)\n", "-1 before\n", "+1 x\n+1 y\n"];
    for (at, changes) in expected.into_iter().enumerate() {
        assert_eq!(received[at].0, 2 + at as u64);
        assert_eq!(received[at].1, changes);
    }
    assert!(news.try_next().is_none());
    assert!(news.next_timeout(Duration::from_millis(1)).is_none());
}

#[test]
fn a_slow_subscriber_lags() {
    let world = world(0);
    let (mut slow, mut slower) = (world.subscribe(2), world.subscribe(4));
    (0..5).for_each(|i| add(&world, &format!("(n {i})")));
    for news in [&mut slow, &mut slower] {
        match news.try_next().unwrap() {
            Event::Lagged(lagged) => {
                assert_eq!(
                    (lagged.publications, lagged.version, lagged.environment.len()),
                    (5, 5, 5)
                );
            }
            Event::Changed(update) => panic!("{update:?} is gone"),
        }
        assert!(news.try_next().is_none());
    }
    add(&world, "(n 5)");
    assert_eq!(changes(&slow.try_next().unwrap()), (6, "+1 (n 5)\n".to_owned()));
    // The other one's bound is gone with it.
    drop(slower);
    (6..9).for_each(|i| add(&world, &format!("(n {i})")));
    assert!(matches!(slow.try_next(), Some(Event::Lagged(lagged)) if lagged.publications == 3));
    // One that comes after another left starts afresh.
    drop(slow);
    add(&world, "(n 9)");
    let mut fresh = world.subscribe(0);
    add(&world, "(n 10)");
    assert_eq!(changes(&fresh.try_next().unwrap()), (11, "+1 (n 10)\n".to_owned()));
}

/// Law 11: neither the cell nor an idle subscriber keeps more than its bound.
#[test]
fn publications_beyond_the_bound_are_dropped() {
    let world = world(10);
    let mut idle = world.subscribe(4);
    let mut writers = [world.snapshot(), world.snapshot()];
    let mut round = |i: usize| {
        let fact = atom(&format!("(round {})", i / 2 % 100));
        let writer = &mut writers[i % 2];
        if !writer.remove_fact(&fact) {
            writer.add_fact(fact);
        }
        world.commit(writer);
    };
    (0..500).for_each(&mut round);
    let more = measure(|| (500..10_000).for_each(&mut round));
    assert!(more.bytes_current < 200_000, "{more:?}");
    assert!(matches!(idle.try_next(), Some(Event::Lagged(_))));
}

#[test]
fn a_subscription_can_own_the_cell() {
    let world = Arc::new(world(0));
    let mut news = Subscription::new(Arc::clone(&world), 8);
    let follower = thread::spawn(move || {
        (0..3)
            .map(|_| changes(&news.next_timeout(Duration::MAX).unwrap()).0)
            .sum::<u64>()
    });
    (0..3).for_each(|i| add(&world, &format!("(n {i})")));
    assert_eq!(follower.join().unwrap(), 6);
}

#[test]
fn an_update_that_never_fails_needs_no_unwrap() {
    let world = world(0);
    let Ok(()) = world.try_update(|env| {
        env.add_fact(atom("a"));
        Ok::<_, Infallible>(())
    });
    assert_eq!(world.load().len(), 1);
}

/// No write without effect makes a version.
#[test]
fn writes_without_effect_publish_nothing() {
    use pleach::env::{Change, Patch};
    let mut first = Environment::<Atom>::new();
    first.extend(["(a)", "(= (f) 1)", "(= (f) 2)"].map(atom));
    first.set_multiplicities([(atom("(full)"), u64::MAX)]);
    first.bind("x", Atom::from(1));
    let space = first.new_space();
    let world = SharedEnvironment::new(first);
    let change = |space, text: &str, from, to| Change::Atom {
        space,
        atom: atom(text),
        from,
        to,
    };
    let useless: Patch = [
        change(None, "(a)", 3, 3),
        change(None, "(nothing)", 2, 0),
        change(None, "(full)", 0, 5),
        change(Some(space), "(nothing)", 1, 0),
        Change::SpaceCreated(space),
    ]
    .into_iter()
    .collect();
    let mut other = world.snapshot();
    other.bind("x", Atom::from(2));
    let to_one = other.diff(&world.snapshot());
    let undone: Patch = [change(None, "(b)", 0, 1), change(None, "(b)", 1, 0)]
        .into_iter()
        .collect();
    type Write<'a> = (&'a str, &'a dyn Fn(&mut Environment));
    let writes: [Write<'_>; 10] = [
        ("useless", &|env| env.apply(&useless)),
        ("same cell", &|env| env.apply(&to_one)),
        ("undone patch", &|env| env.apply(&undone)),
        ("full", &|env| env.add_fact(atom("(full)"))),
        ("no copies", &|env| {
            env.add_multiplicities([(atom("(a)"), 0), (atom("(full)"), 7)])
        }),
        ("undone write", &|env| {
            env.add_fact(atom("(b)"));
            env.remove_fact(&atom("(b)"));
        }),
        ("undone write beside a fork that is gone", &|env| {
            env.add_fact(atom("(b)"));
            let fork = env.clone();
            env.add_fact(atom("(c)"));
            env.remove_fact(&atom("(b)"));
            let other = env.clone();
            env.remove_fact(&atom("(c)"));
            drop((fork, other));
        }),
        ("undone binding", &|env| {
            env.bind("x", Atom::from(7));
            env.bind("x", Atom::from(1));
        }),
        ("owned", &|env| env.make_owned()),
        ("index", &|env| env.rebuild_rule_index()),
    ];
    let mut news = world.subscribe(16);
    for (name, write) in writes {
        world.update(|env| write(env));
        let mut mine = world.snapshot();
        write(&mut mine);
        assert_eq!(world.commit(&mut mine).outcome, Outcome::Unchanged, "{name}");
        write(&mut mine);
        let done = world.commit_with(&mut mine, resolve::fail).unwrap();
        assert_eq!(done.outcome, Outcome::Unchanged, "{name}");
        write(&mut mine);
        world.publish(&mine);
        let mut next = world.snapshot();
        write(&mut next);
        assert_eq!(world.publish_if(&world.snapshot(), &next), Ok(0), "{name}");
        assert_eq!(world.version(), 0, "{name}");
        assert!(news.try_next().is_none(), "{name}");
    }
    // Nor where others have published since.
    for (name, write) in writes {
        let (mut mine, mut yours) = (world.snapshot(), world.snapshot());
        write(&mut mine);
        write(&mut yours);
        world.update(|env| env.add_fact(Atom::symbol(name)));
        let version = world.version();
        assert_eq!(world.commit(&mut mine).outcome, Outcome::Unchanged, "{name}");
        let done = world.commit_with(&mut yours, resolve::fail).unwrap();
        assert_eq!((done.outcome, world.version()), (Outcome::Unchanged, version), "{name}");
        assert!(mine.contains(&Atom::symbol(name)));
    }
    // Another order is a change.
    let version = world.version();
    world.update(|env| {
        env.remove_fact(&atom("(= (f) 1)"));
        env.add_fact(atom("(= (f) 1)"));
    });
    assert_eq!(world.version(), version + 1);
}

/// A fork of a state in which a write was reverted still counts the revert.
#[test]
fn an_equal_state_with_descendants_is_published() {
    let world = SharedEnvironment::<Atom>::default();
    let mut mine = world.snapshot();
    mine.add_fact(Atom::symbol("b"));
    let mut between = mine.clone();
    mine.remove_fact(&Atom::symbol("b"));
    world.commit(&mut mine);
    between.add_fact(Atom::symbol("c"));
    world.commit(&mut between);
    assert!(!world.load().contains(&Atom::symbol("b")));
}
