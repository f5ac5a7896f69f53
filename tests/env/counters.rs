//! Cells that hosts count in: merges whose resolver decides about all changes, equal ones too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

#[cfg(feature = "rayon")]
use pleach::env::{Cell, ForkJoinError};
use pleach::env::{Conflict, Resolution, StateId, resolve};
use pleach::{Atom, Environment, SharedEnvironment};
use pleach_testkit::quick_check;

fn count(env: &Environment, counter: StateId) -> i64 {
    match env.state(counter) {
        Some(Atom::Integer(count)) => *count,
        other => panic!("{other:?}"),
    }
}

fn add(env: &mut Environment, counter: StateId, by: i64) {
    let new = count(env, counter) + by;
    env.change_state(counter, Atom::from(new));
}

const HANDLES: usize = 4;

/// Random histories, which criss-cross: each counter is the sum of the increments that its version descends from.
#[test]
fn sums_count_each_increment_once() {
    fn property(steps: Vec<(u8, u8, u8)>) {
        let mut start = Environment::new();
        let counters = [start.new_state(Atom::from(0)), start.new_state(Atom::from(0))];
        // The model of a version: its increments, by number.
        let mut increments = Vec::new();
        let mut handles: Vec<(Environment, BTreeSet<usize>)> = vec![(start, BTreeSet::new()); HANDLES];
        for (kind, which, by) in steps {
            let [a, b] = [which, which / 4].map(|which| usize::from(which) % HANDLES);
            match kind % 5 {
                0 | 1 => {
                    // Few sizes, so that many changes are equal, and that some undo others.
                    let (counter, by) = (usize::from(kind % 2), i64::from(by % 3) - 1);
                    add(&mut handles[a].0, counters[counter], by);
                    handles[a].1.insert(increments.len());
                    increments.push((counter, by));
                }
                2 => handles[a] = handles[b].clone(),
                _ => {
                    let (theirs, their_increments) = handles[b].clone();
                    let (ours, own_increments) = &mut handles[a];
                    *ours = ours.union_with_all(&theirs, resolve::sum).unwrap();
                    own_increments.extend(their_increments);
                }
            }
            for (env, own) in &handles {
                let mut sums = [0, 0];
                own.iter().for_each(|increment| {
                    let (counter, by) = increments[*increment];
                    sums[counter] += by;
                });
                assert_eq!(counters.map(|counter| count(env, counter)), sums);
            }
        }
    }
    quick_check(1_000).quickcheck(property as fn(Vec<(u8, u8, u8)>));
}

/// Two branches that merge each other's former states: the merge bases have equal counts, of different increments.
#[test]
fn equal_counts_of_a_criss_cross_are_not_one() {
    let mut base = Environment::new();
    let counter = base.new_state(Atom::from(0));
    let (mut x, mut y) = (base.clone(), base.clone());
    add(&mut x, counter, 1);
    add(&mut y, counter, 1);
    let mut c = x.union_with_all(&y, resolve::sum).unwrap();
    let d = y.union_with_all(&x, resolve::sum).unwrap();
    assert_eq!(count(&c.union_with_all(&d, resolve::sum).unwrap(), counter), 2);
    add(&mut c, counter, -1);
    assert_eq!(count(&c.union_with_all(&d, resolve::sum).unwrap(), counter), 1);
    assert_eq!(count(&d.union_with_all(&c, resolve::sum).unwrap(), counter), 1);
}

#[test]
fn a_base_that_the_resolver_gives_up_on_is_disputed() {
    let base = Environment::<Atom>::new();
    let (mut x, mut y) = (base.clone(), base.clone());
    x.bind("best", Atom::symbol("tea"));
    y.bind("best", Atom::symbol("coffee"));
    let c = x.union_with(&y, resolve::ours).unwrap();
    let d = y.union_with(&x, resolve::ours).unwrap();
    let conflicts = c.union_with_all(&d, resolve::sum).unwrap_err();
    assert!(conflicts.0[0].disputed && conflicts.0[0].base.is_none());
}

#[cfg(feature = "rayon")]
#[test]
fn branches_that_increment_all_count() {
    let mut start = Environment::new();
    let counter = start.new_state(Atom::from(0));
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut env = start.clone();
        let branches = || env.fork_join_with([1, 1, 1, 1], |fork, by| add(fork, counter, by), resolve::sum);
        pool.install(branches).unwrap();
        assert_eq!(count(&env, counter), 4);
        // Without a resolver, equal changes are one.
        let branches = || env.fork_join([1, 1, 1, 1], |fork, by| add(fork, counter, by));
        pool.install(branches).unwrap();
        assert_eq!(count(&env, counter), 5);
    }
}

#[cfg(feature = "rayon")]
#[test]
fn a_fork_join_whose_resolver_gives_up_changes_nothing() {
    let mut env = Environment::new();
    let counter = env.new_state(Atom::from(0));
    let before = env.clone();
    let result = env.fork_join_with([1, 1, 2], |fork, by| add(fork, counter, by), resolve::fail);
    let Err(ForkJoinError::Conflicts(conflicts)) = result else {
        panic!("{result:?}")
    };
    let [found] = &conflicts.0[..] else {
        panic!("{conflicts}")
    };
    assert_eq!((found.cell(), found.disputed), (Some(Cell::State(counter)), false));
    let contents = [&found.base, &found.ours, &found.theirs];
    assert_eq!(
        contents.map(Clone::clone),
        [0, 1, 1].map(|count| Some(Atom::from(count)))
    );
    assert!(env.ptr_eq(&before));
    let failed = env.try_fork_join_with(
        [1, 2],
        |_, item| if item == 2 { Err("two") } else { Ok(()) },
        resolve::sum,
    );
    assert!(matches!(failed, Err(ForkJoinError::Branch(error)) if error.branch() == 1));
    assert!(env.ptr_eq(&before));
}

#[test]
fn racing_commits_all_count() {
    let mut start = Environment::new();
    let counter = start.new_state(Atom::from(0));
    let world = SharedEnvironment::new(start);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..50 {
                    let mut mine = world.snapshot();
                    add(&mut mine, counter, 1);
                    world.commit_with_all(&mut mine, resolve::sum).unwrap();
                }
            });
        }
    });
    assert_eq!(count(&world.snapshot(), counter), 200);
    // Writes that undo one another publish nothing.
    let version = world.version();
    let mut mine = world.snapshot();
    add(&mut mine, counter, 1);
    add(&mut mine, counter, -1);
    world.update(|env| add(env, counter, 1));
    world.commit_with_all(&mut mine, resolve::sum).unwrap();
    assert_eq!((world.version(), count(&mine, counter)), (version + 1, 201));
}

#[test]
fn resolvers_of_numbers() {
    let term = |text: &str| (text != "-").then(|| text.parse::<Atom>().unwrap());
    let conflict = |[base, ours, theirs]: [&str; 3]| {
        let mut env = Environment::<Atom>::new();
        if let Some(base) = term(base) {
            env.bind("x", base);
        }
        let (mut a, mut b) = (env.clone(), env.clone());
        a.bind("x", term(ours).unwrap());
        b.bind("x", term(theirs).unwrap());
        (a, b)
    };
    type Rule = fn(&Conflict) -> Resolution;
    let [sum, max, min]: [Rule; 3] = [resolve::sum, resolve::max, resolve::min];
    let cases: [(Rule, [&str; 3], &str); 14] = [
        (sum, ["5", "6", "6"], "7"),
        (sum, ["-", "2", "3"], "5"),
        (sum, ["1", "0.5", "2"], "1.5"),
        (
            sum,
            ["9223372036854775806", "9223372036854775807", "9223372036854775807"],
            "fails",
        ),
        (sum, ["-9223372036854775808", "9223372036854775807", "-1"], "fails"),
        (
            sum,
            ["9223372036854775807", "9223372036854775806", "9223372036854775806"],
            "9223372036854775805",
        ),
        (sum, ["a", "1", "2"], "fails"),
        (sum, ["1", "(2)", "2"], "fails"),
        (max, ["1", "2", "3"], "3"),
        (max, ["1", "9007199254740993", "9007199254740992.0"], "9007199254740993"),
        (
            min,
            ["1", "9007199254740993", "9007199254740992.0"],
            "9007199254740992.0",
        ),
        (min, ["1", "-2", "-1.5"], "-2"),
        (min, ["1", "-2", "-2.5"], "-2.5"),
        (max, ["1", "\"2\"", "3"], "fails"),
    ];
    for (rule, terms, expected) in cases {
        let (a, b) = conflict(terms);
        let union = a.union_with_all(&b, rule);
        match term(expected).filter(|_| expected != "fails") {
            Some(content) => assert_eq!(union.unwrap().binding("x"), Some(&content), "{terms:?}"),
            None => assert_eq!(union.unwrap_err().0.len(), 1, "{terms:?}"),
        }
    }
}

#[test]
fn removals_by_both_sides_are_listed() {
    let atom = |text: &str| text.parse::<Atom>().unwrap();
    let mut base = Environment::<Atom>::new();
    let space = base.new_space();
    for fact in ["(= (p) 1)", "(q)", "(r)", "(r)"] {
        base.add_fact(atom(fact));
        base.space_mut(space).unwrap().add_fact(atom(fact));
    }
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    for env in [&mut ours, &mut theirs] {
        env.remove_fact(&atom("(r)"));
        env.space_mut(space).unwrap().remove_fact(&atom("(= (p) 1)"));
    }
    ours.remove_fact(&atom("(q)"));
    theirs.remove_fact(&atom("(r)"));
    theirs.space_mut(space).unwrap().add_fact(atom("(= (p) 2)"));
    let found = ours.removals_by_both(&theirs);
    let listed: Vec<_> = found
        .iter()
        .map(|removal| {
            (
                removal.space,
                removal.atom.to_string(),
                removal.base,
                removal.ours,
                removal.theirs,
            )
        })
        .collect();
    let expected = [
        (None, "(r)".to_owned(), 2, 1, 0),
        (Some(space), "(= (p) 1)".to_owned(), 1, 0, 0),
    ];
    assert_eq!(listed, expected);
    // Nothing of an ancestor, and nothing if both did the same.
    assert!(ours.removals_by_both(&base).is_empty() && base.removals_by_both(&ours).is_empty());
    let (mut a, mut b) = (base.clone(), base.clone());
    for env in [&mut a, &mut b] {
        env.remove_fact(&atom("(q)"));
    }
    assert!(a.removals_by_both(&b).is_empty());
    // Unrelated environments have no merge base.
    assert!(ours.removals_by_both(&Environment::new()).is_empty());
}

/// A resolver that decides for a side gives the merge bases no content, or the side that holds it would count as unchanged.
#[test]
fn sides_are_sides_in_a_criss_cross() {
    let base = Environment::<Atom>::new();
    let (mut x, mut y) = (base.clone(), base.clone());
    x.bind("best", Atom::from(3));
    y.bind("best", Atom::from(4));
    let best = |env: Environment| env.binding("best").cloned();
    for rule in [resolve::ours as fn(&Conflict) -> Resolution, resolve::theirs] {
        let c = x.union_with_all(&y, rule).unwrap();
        let d = y.union_with_all(&x, rule).unwrap();
        for (ours, theirs) in [(&c, &d), (&d, &c)] {
            let (left, right) = (ours.binding("best").cloned(), theirs.binding("best").cloned());
            assert_eq!(best(ours.union_with_all(theirs, resolve::ours).unwrap()), left);
            assert_eq!(best(ours.union_with_all(theirs, resolve::theirs).unwrap()), right);
            assert!(ours.union_with_all(theirs, resolve::fail).unwrap_err().0[0].disputed);
            let sum = resolve::or(resolve::sum, resolve::ours);
            assert!(best(ours.union_with_all(theirs, sum).unwrap()).is_some());
        }
    }
}

#[test]
fn sums_leave_what_both_agree_on() {
    let mut base = Environment::<Atom>::new();
    let space = base.new_space();
    base.bind("mode", Atom::symbol("slow"));
    base.bind("gone", Atom::from(1));
    let (mut a, mut b) = (base.clone(), base.clone());
    for env in [&mut a, &mut b] {
        env.bind("mode", Atom::symbol("fast"));
        env.unbind("gone");
    }
    let union = a.union_with_all(&b, resolve::sum).unwrap();
    assert_eq!(
        (union.binding("mode"), union.binding("gone")),
        (Some(&Atom::symbol("fast")), None)
    );
    b.bind("mode", Atom::symbol("safe"));
    assert_eq!(a.union_with_all(&b, resolve::sum).unwrap_err().0.len(), 1);
    // Nor does a sum know which space to keep.
    b.bind("mode", Atom::symbol("fast"));
    a.remove_space(space);
    b.space_mut(space).unwrap().add_fact(Atom::from(1));
    for rule in [resolve::sum, resolve::max, resolve::min] {
        assert_eq!(a.union_with_all(&b, rule).unwrap_err().0.len(), 1);
    }
}
