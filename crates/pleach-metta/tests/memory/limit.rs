//! The limit of memory, against the bytes that were requested from the allocator.
#![allow(clippy::unwrap_used)]

use allocation_counter::measure;
use pleach::Environment;
use pleach_metta::{EvalError, Evaluator, RunError};

const GROUND: &str = "(= (g 1) one) (= (g 2) two)";
const OPEN: &str = "(= (g (1 $x)) ($x one)) (= (g (2 $x)) (two $x))";

/// Calls of `g` with a variable each.
fn variables(count: usize) -> String {
    (0..count).map(|n| format!(" (g $x{n})")).collect()
}

/// A product is made a portion at a time, and holds no more than that and its results.
#[test]
fn finished_parts_of_a_product_are_not_counted() {
    let factors = " (superpose (a b))".repeat(16);
    let names: String = (0..16).map(|n| format!(" $x{n}")).collect();
    for program in [
        format!("(= (f{names}) (empty)) !(f{factors})"),
        format!("(= (f{names}) ok) !(collapse (f{factors}))"),
    ] {
        let peak = measure(|| {
            Evaluator::new().run(Environment::new(), &program).unwrap();
        });
        let limit = peak.bytes_max as usize * 5 / 4;
        let evaluator = Evaluator::builder().memory(limit).build().unwrap();
        let run = evaluator.run(Environment::new(), &program);
        assert!(
            run.is_ok(),
            "{program:.40}: {limit} bytes are enough, {:?}",
            run.map(|_| ())
        );
    }
}

/// An evaluation ends near its limit, however fast it grows.
#[test]
fn an_evaluation_ends_near_its_limit() {
    let points: String = (0..100).map(|n| format!("(p {n})")).collect();
    let programs = [
        "(= (grow $n) (superpose ((grow (+ $n 1)) (grow (+ $n 2))))) !(grow 0)".to_owned(),
        "(= (grow $n) (let $x (superpose (1 2 3)) (pair $x (grow (+ $n 1))))) !(grow 0)".to_owned(),
        "(= (grow $n) (+ 1 (grow (+ $n 1)))) !(grow 0)".to_owned(),
        "(= (grow $l) (grow (cons 1 $l))) !(grow nil)".to_owned(),
        "(= (grow $l) (grow (cons-atom 1 $l))) !(grow ())".to_owned(),
        "(= (grow $l) (grow (cons-atom (index-atom $l 0) $l))) !(grow (1))".to_owned(),
        "(= (grow $n) (cons $n (grow (+ $n 1)))) !(grow 0)".to_owned(),
        format!("{points} !(collapse (match &self (, (p $a) (p $b) (p $c) (p $d)) ($a $b $c $d)))"),
        // Products whose factors bind nothing, and bind a variable each.
        format!("!(f{})", " (superpose (a b))".repeat(40)),
        format!("{GROUND} !(f{})", variables(30)),
        format!("{OPEN} !(f{})", variables(30)),
    ];
    // Names are for the process, and take memory once.
    Evaluator::new().run(Environment::new(), &points).unwrap();
    for program in programs {
        for limit in [10_000_000, 50_000_000] {
            let evaluator = Evaluator::builder().memory(limit).build().unwrap();
            let peak = measure(|| {
                let error = evaluator.run(Environment::new(), &program).unwrap_err();
                assert_eq!(error, RunError::Eval(EvalError::OutOfMemory { limit }));
            });
            let peak = peak.bytes_max as usize;
            // A stack that doubles is there twice for a moment, which counts most in a small limit.
            let most = if limit < 50_000_000 {
                limit / 5 * 7
            } else {
                limit / 4 * 5
            };
            assert!(
                (limit / 4 * 3..most).contains(&peak),
                "{program:.100}: {peak} bytes, where {limit} are allowed"
            );
        }
    }
}
