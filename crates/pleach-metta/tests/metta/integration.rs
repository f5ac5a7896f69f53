//! The layers together: environments evaluated, read, forked, written and merged on many threads at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use pleach::{Atom, Environment, SharedEnvironment};
use pleach_metta::Evaluator;
use pleach_testkit::quick_check;
use rayon::prelude::*;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn evaluate(env: &Environment, text: &str) -> Vec<String> {
    let evaluation = Evaluator::new().evaluate(env.clone(), &atom(text)).unwrap();
    evaluation.results.iter().map(Atom::to_string).collect()
}

fn shown(env: &Environment) -> BTreeMap<String, u64> {
    env.iter().map(|(atom, count)| (atom.to_string(), count)).collect()
}

/// Nested siblings define rules and call them, under a common head and under heads of their own.
#[test]
fn parallel_evaluation_with_dynamic_rules() {
    let program = "
        (= (define $name $value) (let () (add-atom &self (= ($name) $value)) ($name)))
        (= (both $left $right) ($left $right))
        !(both (define f 1) (both (define g 2) (define f 3)))
        !(both (both (define f 4) (define h 5)) (f))
        !(f)
        !(g)";
    let run = |threads| {
        // Every sibling is worth a task.
        let evaluator = Evaluator::builder().threads(threads).spawn_after(0).build().unwrap();
        let run = evaluator.run(Environment::new(), program).unwrap();
        let results: Vec<Vec<String>> = run
            .results
            .iter()
            .map(|results| results.iter().map(Atom::to_string).collect())
            .collect();
        (results, shown(&run.environment))
    };
    let alone = run(1);
    // A sibling sees its own definition, not those beside it; what comes after sees all, in order.
    assert_eq!(alone.0[0], ["(1 (2 3))"]);
    assert_eq!(alone.0[2], ["1", "3", "4"]);
    assert_eq!(alone.0[3], ["2"]);
    for threads in [2, 8] {
        assert_eq!(run(threads), alone, "{threads} threads");
    }
}

/// Rayon tasks evaluate forks of a shared environment while others publish definitions: each sees one whole state.
#[test]
fn rules_are_defined_during_rayon_evaluation() {
    const DEFINITIONS: i64 = 200;
    let world = SharedEnvironment::new(Environment::new());
    let (defined, seen) = rayon::join(
        || {
            for i in 0..DEFINITIONS {
                // Both or neither are there.
                world.update(|env| {
                    env.add_rules_bulk([(atom("(left)"), Atom::from(i)), (atom("(right)"), Atom::from(i))]);
                });
            }
        },
        || {
            (0..100)
                .into_par_iter()
                .map(|_| {
                    let fork = world.snapshot();
                    let (left, right) = (evaluate(&fork, "(left)"), evaluate(&fork, "(right)"));
                    let expected = match fork.rule_count() / 2 {
                        0 => (vec!["(left)".to_owned()], vec!["(right)".to_owned()]),
                        n => {
                            let all: Vec<String> = (0..n).map(|i| i.to_string()).collect();
                            (all.clone(), all)
                        }
                    };
                    assert_eq!((left, right), expected);
                    fork.rule_count()
                })
                .collect::<Vec<_>>()
        },
    );
    let () = defined;
    assert!(seen.iter().all(|count| count % 2 == 0));
    assert_eq!(world.load().rule_count(), 2 * DEFINITIONS as usize);
}

/// Stage one defines in parallel, stage two evaluates the union, stage three its union with a later fork.
#[test]
fn union_in_the_evaluation_pipeline() {
    let mut base = Environment::new();
    base.add_rule(atom("(sum)"), atom("0"));
    let forks: Vec<Environment> = (1..=8)
        .into_par_iter()
        .map(|i| {
            let call = atom(&format!("(add-atom &self (= (sum) {i}))"));
            Evaluator::new().evaluate(base.clone(), &call).unwrap().environment
        })
        .collect();
    let united = Environment::union_all(&forks);
    // The inherited rule counts once, the others come in the order of the forks.
    assert_eq!(
        evaluate(&united, "(sum)"),
        ["0", "1", "2", "3", "4", "5", "6", "7", "8"]
    );

    let mut late = forks[3].clone();
    late.add_rule(atom("(sum)"), atom("late"));
    let all = united.union(&late);
    all.check();
    assert_eq!(evaluate(&all, "(sum)").last().unwrap(), "late");
    assert_eq!(all.rule_count(), 10);
    assert_eq!(all.len(), 10, "what stage one defined is not counted again");
}

/// One environment, read by reference from all threads.
#[test]
fn concurrent_reads() {
    let mut env: Environment = (0..1_000)
        .map(|i| atom(&format!("(edge n{i} n{})", i * 7 % 1_000)))
        .collect();
    env.add_rules_bulk((0..100).map(|i| (atom(&format!("(f{i} $x)")), Atom::from(i))));
    env.add_type(atom("n1"), atom("Node"));
    let reads = |thread: usize| {
        for i in (thread..1_000).step_by(3) {
            assert!(env.contains(&atom(&format!("(edge n{i} n{})", i * 7 % 1_000))));
            assert_eq!(env.query(&atom(&format!("(edge n{i} $to)"))).count(), 1);
            assert_eq!(env.get_matching_rules(&format!("f{}", i % 100), 1).count(), 1);
            assert_eq!(env.get_type("n1"), Some(&atom("Node")));
            assert_eq!((env.fact_count(), env.rule_count()), (1_101, 100));
        }
    };
    std::thread::scope(|threads| {
        for thread in 0..8 {
            threads.spawn(move || reads(thread));
        }
    });
}

/// Law 1 across threads: each fork has the facts of the base and its own writes, and the base none of them.
#[test]
fn parallel_writes_are_isolated() {
    fn property(inherited: Vec<u8>, written: Vec<Vec<(bool, u8)>>) -> bool {
        let base: Environment = inherited.iter().map(|&i| Atom::from(i64::from(i))).collect();
        let before = shown(&base);
        let stop = AtomicBool::new(false);
        let (_, correct) = rayon::join(
            // The base is forked and written all the while, too.
            || {
                while !stop.load(Ordering::Relaxed) {
                    base.clone().add_fact(atom("beside"));
                }
            },
            || {
                let correct = written.par_iter().all(|writes| {
                    let (mut fork, mut model) = (base.clone(), before.clone());
                    for &(add, what) in writes {
                        let fact = Atom::from(i64::from(what));
                        let count = model.entry(fact.to_string()).or_default();
                        if add {
                            fork.add_fact(fact);
                            *count += 1;
                        } else {
                            assert_eq!(fork.remove_fact(&fact), *count > 0);
                            *count = count.saturating_sub(1);
                        }
                    }
                    model.retain(|_, count| *count > 0);
                    shown(&fork) == model
                });
                stop.store(true, Ordering::Relaxed);
                correct
            },
        );
        correct && shown(&base) == before
    }
    quick_check(100).quickcheck(property as fn(Vec<u8>, Vec<Vec<(bool, u8)>>) -> bool);
}
