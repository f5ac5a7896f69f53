//! Whole evaluations by the reference evaluator, which runs on our environments only.

use criterion::{BenchmarkId, Criterion};
use pleach::{Atom, Environment};
use pleach_metta::Evaluator;

use crate::common::worlds::World;

/// A balanced tree of calls, 1,024 leaves.
const TREE: &str = "(= (tree $n) (if (== $n 0) 1 (+ (tree (- $n 1)) (tree (- $n 1)))))";

/// The same tree, each leaf of which defines a rule.
const WRITES: &str = "(= (grow $n $at) (if (== $n 0)
    (let $done (add-atom &self (= (leaf $at) seen)) 1)
    (+ (grow (- $n 1) (* 2 $at)) (grow (- $n 1) (+ 1 (* 2 $at))))))";

pub(crate) fn rows(criterion: &mut Criterion) {
    let program = format!("{TREE} {WRITES}");
    let world = Evaluator::new()
        .run(Environment::of_size(10_000), &program)
        .expect("a program")
        .environment;
    let fork = world.clone();
    let query = |text: &str| text.parse::<Atom>().expect("an atom");
    let calls = [
        ("evaluation, read-only", query("(tree 10)"), &world),
        ("evaluation, read-only, on a fork", query("(tree 10)"), &fork),
        ("evaluation, 1024 rules defined", query("(grow 10 1)"), &world),
    ];
    for threads in [1, 2, 4, 8] {
        let evaluator = Evaluator::builder().threads(threads).build().expect("an evaluator");
        for (name, call, world) in &calls {
            let mut group = criterion.benchmark_group(*name);
            group.bench_function(
                BenchmarkId::new(Environment::NAME, format!("{threads} threads")),
                |bencher| {
                    bencher.iter(|| {
                        let evaluation = evaluator.evaluate((*world).clone(), call).expect("an evaluation");
                        assert_eq!(evaluation.results, [Atom::from(1_024)]);
                        evaluation
                    });
                },
            );
            group.finish();
        }
    }
}
