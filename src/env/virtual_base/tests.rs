//! Numbers of live versions (law 11), of visited versions and of virtual bases.

use super::MADE;
use crate::history::{LIVE, VISITED};
use crate::{Atom, Environment, SharedEnvironment};

/// An upper bound of the versions between two sweeps of a history with few live handles.
const FEW: isize = 64;

fn flip(env: &mut Environment, round: i64) {
    if !env.remove_fact(&Atom::from(round % 7)) {
        env.add_fact(Atom::from(round % 7));
    }
}

/// Runs many rounds, and asserts that few versions are alive after each of them.
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
fn a_chain_of_live_forks_is_kept_and_dropped_without_recursion() {
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

/// Descendants of a marked version have its marks after links are cut, and marks don't accumulate.
#[test]
fn marks_outlive_their_versions() {
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

/// The number of versions that `work` visits to find merge bases, and of virtual bases that it makes.
fn cost(work: impl FnOnce()) -> (usize, usize) {
    let before = (VISITED.get(), MADE.get());
    work();
    (VISITED.get() - before.0, MADE.get() - before.1)
}

/// Two environments that merged each other's earlier states repeatedly by hand, so that no virtual base was made.
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

/// The first union of such a history costs its depth: a virtual base and a few visits for each round.
#[test]
fn a_criss_cross_costs_its_depth() {
    for rounds in [100, 1_000, 3_000] {
        let [a, b] = criss_cross_by_hand(rounds);
        // In the other direction, other ancestors are diffed, so it costs the same again.
        for (ours, theirs) in [(&a, &b), (&b, &a)] {
            let (visited, made) = cost(|| assert_eq!(ours.union(theirs).len(), 2 * rounds as u64));
            assert!(
                made <= rounds && visited <= 8 * rounds,
                "{visited} visits, {made} bases at {rounds}"
            );
            // A repeated union uses the memoized bases.
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
fn each_round_of_a_criss_cross_costs_the_same() {
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

/// Memoized virtual bases keep no version alive.
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

/// A version with a memoized virtual base isn't written in place, even if it has one handle only.
#[test]
fn memoized_bases_are_never_stale() {
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
        // Both are the only handles to their states.
        a.add_fact(Atom::from(5));
        b.add_fact(Atom::from(6));
    }
}
