//! How many versions are alive: law 11, counted.

use super::{LIVE, MADE, VISITED};
use crate::{Atom, Environment, SharedEnvironment};

/// More than are ever left between two sweeps of a history with few living handles.
const FEW: isize = 64;

fn flip(env: &mut Environment, round: i64) {
    if !env.remove_fact(&Atom::from(round % 7)) {
        env.add_fact(Atom::from(round % 7));
    }
}

/// Runs many rounds, and asserts that few versions are alive after each.
fn assert_few(mut round: impl FnMut(i64)) {
    for i in 0..10_000 {
        round(i);
        assert!(LIVE.get() <= FEW, "{} versions are alive after {i} rounds", LIVE.get());
    }
}

#[test]
fn few_versions_are_alive() {
    let mut env = Environment::new();
    assert_few(|i| {
        let fork = env.clone();
        flip(&mut env, i);
        drop(fork);
    });
    assert_few(|i| {
        let mut fork = env.clone();
        flip(&mut fork, i);
        env = env.union(&fork);
    });
    assert_few(|i| {
        let mut fork = env.clone();
        flip(&mut fork, 2 * i);
        flip(&mut env, 2 * i + 1);
        env = env.union(&fork);
    });
    let stays = env.clone();
    assert_few(|i| {
        let mut fork = env.clone();
        flip(&mut fork, 2 * i);
        flip(&mut env, 2 * i + 1);
        env = env.union(&fork);
    });
    drop((env, stays));
    assert_eq!(LIVE.get(), 0, "and none when no handle is");
}

#[test]
fn few_versions_are_alive_under_alternating_writers() {
    let cell = SharedEnvironment::new(Environment::new());
    let mut writers: Vec<_> = (0..4).map(|_| cell.snapshot()).collect();
    assert_few(|i| {
        let writer = &mut writers[i as usize % 4];
        flip(writer, i);
        cell.commit(writer);
    });
}

#[test]
fn a_kept_chain_of_forks_is_kept_and_dropped_without_recursion() {
    let depth = 100_000;
    let mut chain = vec![Environment::<Atom>::new()];
    for i in 0..depth {
        let mut next = chain[i].clone();
        flip(&mut next, i as i64);
        chain.push(next);
    }
    assert_eq!(LIVE.get(), depth as isize + 1);
    let last = chain.pop();
    // Its links hold what the handles held.
    std::thread::Builder::new()
        .stack_size(128 * 1024)
        .spawn(|| drop(chain))
        .unwrap()
        .join()
        .unwrap();
    std::thread::Builder::new()
        .stack_size(128 * 1024)
        .spawn(|| drop(last))
        .unwrap()
        .join()
        .unwrap();
}

/// What a version is marked with is known to all that comes from it, whatever is cut; and marks don't pile up.
#[test]
fn marks_outlive_the_versions_that_they_were_made_on() {
    let mut env: Environment = [Atom::from(0)].into_iter().collect();
    let before = env.clone();
    env.snapshot().mark([[1; 32]]);
    let mut fork = before.clone();
    flip(&mut fork, 1);
    drop((before, fork));
    for i in 0..1_000 {
        let mut forks: Vec<_> = (0..3).map(|_| env.clone()).collect();
        drop(env);
        forks.iter_mut().for_each(|fork| flip(fork, i));
        env = Environment::union_all(&forks);
        let left = env.union(&forks[0]);
        flip(&mut env, i + 1);
        env = env.union(&left);
        assert_eq!(env.snapshot().marks(), [[1; 32]].into());
    }
    for i in 2..250 {
        flip(&mut env, i.into());
        env.snapshot().mark([[i; 32]]);
        flip(&mut env, i64::from(i) + 1);
        assert_eq!(env.snapshot().marks(), [[i; 32]].into());
    }
    let mut other = Environment::new();
    other.snapshot().mark([[0; 32]]);
    flip(&mut other, 0);
    assert_eq!(env.union(&other).snapshot().marks(), [[0; 32], [249; 32]].into());
    env.forget_history();
    assert!(env.snapshot().marks().is_empty());
}

/// How many versions `work` visits to find merge bases, and how many virtual bases it makes.
fn cost(work: impl FnOnce()) -> (usize, usize) {
    let before = (VISITED.get(), MADE.get());
    work();
    (VISITED.get() - before.0, MADE.get() - before.1)
}

/// Two environments that merged each other's old states again and again, without any union that could leave virtual bases.
fn criss_cross_by_hand(rounds: usize) -> [Environment; 2] {
    let mut pair = [Environment::new(), Environment::new()];
    pair[1] = pair[0].clone();
    for round in 0..rounds as i64 {
        let facts = [2 * round, 2 * round + 1].map(Atom::from);
        pair.iter_mut()
            .zip(&facts)
            .for_each(|(env, fact)| env.add_fact(fact.clone()));
        let old = pair.clone();
        for (env, other) in [(0, 1), (1, 0)] {
            pair[env].add_fact(facts[other].clone());
            pair[env].record_merge(&old[other]);
        }
    }
    pair
}

/// One union in a history that no union was made in costs its depth: a virtual base for each round, and a few visits.
#[test]
fn a_criss_cross_costs_its_depth() {
    for rounds in [100, 1_000, 3_000] {
        let [a, b] = criss_cross_by_hand(rounds);
        // The other way round, other ancestors are diffed, so it is as much again.
        for (ours, theirs) in [(&a, &b), (&b, &a)] {
            let (visited, made) = cost(|| assert_eq!(ours.union(theirs).len(), 2 * rounds as u64));
            assert!(
                made <= rounds && visited <= 8 * rounds,
                "{visited} visits, {made} bases at {rounds}"
            );
            // Another one finds all done.
            let (visited, made) = cost(|| assert_eq!(ours.union(theirs).len(), 2 * rounds as u64));
            assert!(
                made == 0 && visited <= 16,
                "{visited} visits, {made} bases at {rounds} again"
            );
        }
    }
}

/// Each round of a criss-cross costs the same, however many there were.
#[test]
fn a_round_of_a_criss_cross_costs_no_more_than_the_first() {
    let (mut a, mut b) = (Environment::new(), Environment::new());
    b.clone_from(&a);
    for round in 0..1_000i64 {
        a.add_fact(Atom::from(2 * round));
        b.add_fact(Atom::from(2 * round + 1));
        b.bind("last", Atom::from(round));
        let (visited, made) = cost(|| (a, b) = (a.union(&b), b.union(&a)));
        assert!(
            made <= 4 && visited <= 64,
            "{visited} visits, {made} bases in round {round}"
        );
    }
    assert_eq!((a.len(), &a), (2_000, &b));
}

/// Virtual bases that are kept hold no version alive.
#[test]
fn few_versions_are_alive_after_a_criss_cross() {
    let mut env = Environment::new();
    assert_few(|i| {
        let mut fork = env.clone();
        for j in 0..3 {
            flip(&mut fork, i + j);
            flip(&mut env, i + 2 * j);
            (env, fork) = (env.union(&fork), fork.union(&env));
        }
        env = env.union(&fork);
    });
    drop(env);
    assert_eq!(LIVE.get(), 0, "and none when no handle is");
}

/// A version whose virtual base is kept is never written in place, though only one handle is left of it.
#[test]
fn a_kept_base_is_never_stale() {
    let base = Environment::new();
    let (mut a, mut b) = (base.clone(), base);
    a.add_fact(Atom::from(1));
    b.add_fact(Atom::from(2));
    let united = |a: &Environment, b: &Environment| {
        let (mut c, mut d) = (a.union(b), b.union(a));
        c.add_fact(Atom::from(3));
        d.add_fact(Atom::from(4));
        c.union(&d).len()
    };
    for more in 0..4 {
        assert_eq!(united(&a, &b), 4 + 2 * more);
        // Both are the only handles to what they hold.
        a.add_fact(Atom::from(5));
        b.add_fact(Atom::from(6));
    }
}
