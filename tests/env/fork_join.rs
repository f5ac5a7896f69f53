//! Fork–join: deterministic on any number of threads, and without effect if a branch fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use pleach::env::{BranchError, IdSeed};
use pleach::{Atom, Environment};
use pleach_testkit::quick_check;
use rayon::ThreadPoolBuilder;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn on<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
        .install(run)
}

/// The observable content of an environment.
fn shown(env: &Environment) -> (Vec<String>, Vec<String>) {
    let rules = env
        .rules()
        .map(|rule| format!("{} × {}", rule.atom(), rule.multiplicity()));
    (
        env.iter().map(|(atom, count)| format!("{atom} × {count}")).collect(),
        rules.collect(),
    )
}

/// A tree of branches, each of which writes common facts and facts of its own.
fn tree(env: &mut Environment, path: &str, depth: usize) -> Vec<String> {
    env.add_rule(atom("(f $x)"), atom(&format!("(from {path})")));
    env.add_fact(atom("(visited)"));
    let state = env.new_state(atom(path));
    let mut results = vec![format!("{path} {state}")];
    if depth > 0 {
        let below = env
            .fork_join(vec!["a", "b", "c"], |fork, name| {
                tree(fork, &format!("{path}{name}"), depth - 1)
            })
            .unwrap();
        results.extend(below.into_iter().flatten());
    }
    env.remove_fact(&atom("(visited)"));
    results
}

#[test]
fn results_are_the_same_on_any_number_of_threads() {
    let base = Environment::from_iter([atom("(visited)")]);
    let run = |threads| {
        on(threads, || {
            let mut env = base.clone();
            env.set_id_seed(IdSeed::root());
            let results = tree(&mut env, "r", 4);
            env.check();
            (results, shown(&env))
        })
    };
    let one = run(1);
    assert_eq!(one.0.len(), 121);
    assert_eq!(one.1.1.len(), 121);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn the_result_is_the_union_of_the_forks_in_order() {
    fn property(written: Vec<Vec<(bool, u8)>>) {
        let base = Environment::from_iter((0..4).map(|n| atom(&format!("(= (f) {n})"))));
        let write = |env: &mut Environment, items: &[(bool, u8)]| {
            for (add, n) in items {
                let rule = atom(&format!("(= (f) {})", n % 8));
                if *add {
                    env.add_fact(rule);
                } else {
                    env.remove_fact(&rule);
                }
            }
        };
        let expected = written.iter().fold(base.clone(), |united, items| {
            let mut fork = base.clone();
            write(&mut fork, items);
            united.union(&fork)
        });
        for owned in [false, true] {
            let mut env = base.clone();
            if owned {
                env.make_owned();
            }
            env.fork_join(&written, |fork, items| write(fork, items)).unwrap();
            assert_eq!(shown(&env), shown(&expected));
            assert!(env.union(&base).ptr_eq(&env));
            env.check();
        }
    }
    quick_check(100).quickcheck(property as fn(Vec<Vec<(bool, u8)>>));
}

#[test]
fn the_first_failing_branch_is_reported_and_nothing_changes() {
    for threads in [1, 2, 8] {
        on(threads, || {
            let mut env = Environment::from_iter([atom("(old)")]);
            let before = env.clone();
            for _ in 0..20 {
                let failed = env.try_fork_join(0..200, |fork, n| {
                    fork.add_fact(atom(&format!("(new {n})")));
                    fork.remove_fact(&atom("(old)"));
                    match n {
                        70 | 150 => Err(n),
                        90 => panic!("as the test wants"),
                        _ => Ok(()),
                    }
                });
                assert!(
                    matches!(failed, Err(BranchError::Failed { branch: 70, error: 70 })),
                    "{failed:?}"
                );
                let panicked = env.fork_join(vec![0, 1, 2], |fork, n| {
                    fork.add_fact(atom("(new)"));
                    assert_eq!(n, 0, "as the test wants");
                });
                let Err(BranchError::Panicked { branch: 1, payload }) = panicked else {
                    panic!("{panicked:?}");
                };
                assert!(catch_unwind(AssertUnwindSafe(|| resume_unwind(payload))).is_err());
                assert!(env.ptr_eq(&before));
            }
            env.fork_join(vec![()], |fork, ()| fork.add_fact(atom("(new)")))
                .unwrap();
            assert_eq!((env.len(), before.len()), (2, 1));
        });
    }
}

#[test]
fn a_fork_join_without_branches_changes_nothing() {
    let before = Environment::from_iter([atom("(old)")]);
    let mut env = before.clone();
    assert_eq!(env.fork_join(Vec::<u8>::new(), |_, n| n).unwrap(), [0_u8; 0]);
    assert_eq!(env.fork_join(vec![1, 2], |fork, n| n + fork.len()).unwrap(), [2, 3]);
    assert_eq!(env.fork_scope(|_| 7).unwrap(), 7);
    assert!(env.ptr_eq(&before) && !env.is_modified());
}

#[test]
fn a_scope_merges_branches_in_the_order_of_spawn() {
    for threads in [1, 2, 8] {
        on(threads, || {
            let mut env = Environment::<Atom>::new();
            let ran = AtomicUsize::new(0);
            let mut seen = [0; 40];
            let spawned = env
                .fork_scope(|scope| {
                    for (n, seen) in seen.iter_mut().enumerate() {
                        let ran = &ran;
                        scope.spawn(move |fork| {
                            fork.add_rule(atom("(f)"), atom(&n.to_string()));
                            *seen = fork.len();
                            ran.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                    ran.load(Ordering::Relaxed)
                })
                .unwrap();
            assert!(spawned <= 40);
            assert_eq!((ran.into_inner(), seen), (40, [1; 40]));
            let order: Vec<_> = env.rules().map(|rule| rule.rhs().to_string()).collect();
            assert_eq!(order, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
        });
    }
}

#[test]
fn a_panic_in_a_branch_or_body_changes_nothing() {
    let mut env = Environment::<Atom>::new();
    let failed = env.fork_scope(|scope| {
        scope.spawn(|fork| fork.add_fact(atom("a")));
        scope.spawn(|_| panic!("as the test wants"));
        scope.spawn(|fork| fork.add_fact(atom("c")));
    });
    assert_eq!(failed.unwrap_err().branch(), 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        env.fork_scope(|scope| {
            scope.spawn(|fork| fork.add_fact(atom("a")));
            panic!("as the test wants");
        })
    }));
    assert!(panicked.is_err());
    assert!(env.is_empty());
    env.fork_scope(|scope| scope.spawn(|fork| fork.add_fact(atom("a"))))
        .unwrap();
    assert_eq!(env.len(), 1);
}

/// Law 11: forks that a branch keeps stay related to the result, and others aren't retained.
#[test]
fn kept_forks_stay_related_and_others_are_dropped() {
    let mut env = Environment::from_iter([atom("(old)")]);
    let kept = env
        .fork_join((0..100).collect::<Vec<_>>(), |fork, n| {
            fork.add_fact(atom(&format!("(first {n})")));
            let kept = (n == 50).then(|| fork.clone());
            fork.add_fact(atom(&format!("(second {n})")));
            kept
        })
        .unwrap();
    assert_eq!(env.len(), 201);
    for mut kept in kept.into_iter().flatten() {
        assert!(env.union(&kept).ptr_eq(&env));
        kept.add_fact(atom("(third)"));
        assert_eq!(env.union(&kept).len(), 202);
    }
    let round = |env: &mut Environment, n: usize| {
        env.fork_join(vec![0, 1, 2], |fork, k| {
            let fact = atom(&format!("(round {})", (3 * n + k) % 10));
            if !fork.remove_fact(&fact) {
                fork.add_fact(fact);
            }
        })
        .unwrap();
    };
    on(1, || {
        (0..100).for_each(|n| round(&mut env, n));
        let more = allocation_counter::measure(|| (100..3000).for_each(|n| round(&mut env, n)));
        assert!(more.bytes_current < 100_000, "{more:?}");
    });
}
