//! Times whole programs: the best of several runs, on one and two threads, isolated and sequential, and with memoized
//! calls.
//!
//! `cargo bench --bench eval [-- name …]`

#![allow(clippy::expect_used, reason = "a bench")]

use std::time::{Duration, Instant};

use pleach::Environment;
use pleach_metta::{Evaluator, Policy};

/// A program's rules and the query that is timed.
struct Workload {
    name: &'static str,
    rules: String,
    query: String,
}

fn workloads() -> Vec<Workload> {
    let workload = |name, rules: &str, query: &str| Workload {
        name,
        rules: rules.to_owned(),
        query: query.to_owned(),
    };
    let family: String = (0..200).map(|i| format!("(parent p{} p{})", i / 2, i + 1)).collect();
    vec![
        workload(
            "fib 20",
            "(= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))",
            "(fib 20)",
        ),
        workload(
            "fib 20, typed",
            "(: fib (-> Number Number)) (= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))",
            "(fib 20)",
        ),
        workload(
            "tail loop 100000",
            "(= (loop $n) (if (== $n 0) done (loop (- $n 1))))",
            "(loop 100000)",
        ),
        workload(
            "deep recursion 100000",
            "(= (count $n) (if (== $n 0) 0 (+ 1 (count (- $n 1)))))",
            "(count 100000)",
        ),
        workload(
            "peano 12 * 12",
            "(= (add Z $y) $y) (= (add (S $x) $y) (S (add $x $y)))
             (= (mul Z $y) Z) (= (mul (S $x) $y) (add $y (mul $x $y)))
             (= (nat $n) (if (== $n 0) Z (S (nat (- $n 1)))))",
            "(mul (nat 12) (nat 12))",
        ),
        workload(
            "list 2000: build, reverse, sum",
            "(= (range $a $b) (if (== $a $b) Nil (Cons $a (range (+ $a 1) $b))))
             (= (rev Nil $r) $r) (= (rev (Cons $h $t) $r) (rev $t (Cons $h $r)))
             (= (sum Nil) 0) (= (sum (Cons $h $t)) (+ $h (sum $t)))",
            "(sum (rev (range 0 2000) Nil))",
        ),
        workload(
            "ancestors in a family, 780 answers",
            &((0..39).map(|i| format!("(parent p{i} p{})", i + 1)).collect::<String>()
                + "(= (ancestor $x $y) (match &self (parent $x $y) True))
                   (= (ancestor $x $y) (match &self (parent $x $z) (ancestor $z $y)))"),
            "(collapse (let True (ancestor $a $b) ($a $b)))",
        ),
        workload(
            "queens 6",
            "(= (select ($x . $xs)) ($x $xs))
             (= (range $a $b) (if (== $a $b) () (let $r (range (+ $a 1) $b) (cons-atom $a $r))))
             (= (safe $q $d ()) True)
             (= (place $n $k $qs) (if (== $k 0) $qs
                (let $r (range 0 $n) (let $q (superpose $r)
                  (if (ok $q 1 $qs) (let $next (cons-atom $q $qs) (place $n (- $k 1) $next)) (empty))))))
             (= (ok $q $d $qs) (if (== $qs ()) True
                (let* (($h (car-atom $qs)) ($t (cdr-atom $qs)))
                  (if (or (== $q $h) (or (== $q (+ $h $d)) (== $q (- $h $d)))) False (ok $q (+ $d 1) $t)))))",
            "(collapse (place 6 6 ()))",
        ),
        workload(
            "join: grandparents of 200",
            &family,
            "(collapse (match &self (, (parent $a $b) (parent $b $c)) ($a $c)))",
        ),
        workload(
            "defining 1000 rules",
            "(= (define $n) (if (== $n 0) done
                (let $u (add-atom &self (= (made $n) (+ $n 1))) (define (- $n 1)))))",
            "(let $d (define 1000) (made 500))",
        ),
        workload(
            "typed list 2000: build and consume",
            "(: Nil (List $t)) (: Cons (-> $t (List $t) (List $t)))
             (: range (-> Number (List Number))) (= (range $n) (if (== $n 0) Nil (Cons $n (range (- $n 1)))))
             (: length (-> (List $t) Number)) (= (length Nil) 0) (= (length (Cons $h $t)) (+ 1 (length $t)))",
            "(length (range 2000))",
        ),
        workload(
            "a fact at each of 5000 steps",
            "(= (loop $n $acc) (if (== $n 0) (done)
                (let $u (add-atom &self (x $n)) (loop (- $n 1) (cons $n $acc)))))",
            "(loop 5000 nil)",
        ),
        workload(
            "map-atom over 4 loops of 50000",
            "(= (loop $n) (if (== $n 0) done (loop (- $n 1))))",
            "(map-atom (50000 50000 50000 50000) $x (loop $x))",
        ),
        workload(
            "two loops of 100000 with a variable",
            "(= (loop $n $x) (if (== $n 0) $x (loop (- $n 1) $x)))",
            "(pair (loop 100000 $a) (let $q (loop 100000 $b) $q))",
        ),
        workload(
            "tree of calls, depth 16",
            "(= (tree $n) (if (== $n 0) 1 (+ (tree (- $n 1)) (tree (- $n 1)))))",
            "(tree 16)",
        ),
    ]
}

fn best(evaluator: &Evaluator, workload: &Workload) -> (Duration, usize) {
    let world = match evaluator.run(Environment::new(), &workload.rules) {
        Ok(run) => run.environment,
        Err(error) => return fail(workload, &error),
    };
    let query = match workload.query.parse() {
        Ok(query) => query,
        Err(error) => return fail(workload, &error),
    };
    let mut best = Duration::MAX;
    let mut results = 0;
    let begun = Instant::now();
    for round in 0.. {
        let start = Instant::now();
        match evaluator.evaluate(world.clone(), &query) {
            Ok(evaluation) => results = evaluation.results.len(),
            Err(error) => return fail(workload, &error),
        }
        best = best.min(start.elapsed());
        if round >= 3 && begun.elapsed() > Duration::from_millis(300) {
            break;
        }
    }
    (best, results)
}

fn fail(workload: &Workload, error: &dyn std::fmt::Display) -> (Duration, usize) {
    eprintln!("{}: {error}", workload.name);
    (Duration::ZERO, 0)
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let evaluators = [
        (
            "isolated, 1 thread",
            Evaluator::builder().build().expect("an evaluator"),
        ),
        (
            "isolated, 2 threads",
            Evaluator::builder().threads(2).build().expect("an evaluator"),
        ),
        (
            "sequential",
            Evaluator::builder()
                .policy(Policy::Sequential)
                .build()
                .expect("an evaluator"),
        ),
        (
            "sequential, 2 threads",
            Evaluator::builder()
                .policy(Policy::Sequential)
                .threads(2)
                .build()
                .expect("an evaluator"),
        ),
        (
            "memoized calls",
            Evaluator::builder().memo(100_000).build().expect("an evaluator"),
        ),
    ];
    print!("{:<36}", "");
    evaluators.iter().for_each(|(name, _)| print!("{name:>22}"));
    println!();
    for workload in workloads() {
        if !wanted.is_empty() && !wanted.iter().any(|name| workload.name.contains(name.as_str())) {
            continue;
        }
        print!("{:<36}", workload.name);
        for (_, evaluator) in &evaluators {
            let (time, _) = best(evaluator, &workload);
            print!("{:>19.3} ms", time.as_secs_f64() * 1e3);
        }
        println!();
    }
}
