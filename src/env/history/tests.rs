//! How many versions are alive: law 11, counted.

use super::LIVE;
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
