//! Control of evaluations: interrupts, limits, traces, results one by one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Parser};
use pleach_metta::{
    BuildError, EvalError, Evaluator, EvaluatorBuilder, HostFunction, HostResult, Interrupt, Policy, RunError,
};

fn world(program: &str) -> Environment {
    Evaluator::new().run(Environment::new(), program).unwrap().environment
}

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

#[test]
fn an_interrupt_stops_all_tasks_and_says_where() {
    let programs = [
        // In the main task, in a form, in siblings that run beside each other, in a query.
        ("(= (again $n) (again (+ $n 1)))", "(again 0)", "(again "),
        ("(= (again $n) (let $m (+ $n 1) (again $m)))", "(again 0)", ""),
        (
            "(= (tree $n) (+ (tree (+ $n 1)) (tree (+ $n 1)))) (= (wide) (superpose ((tree 0) (tree 1) (tree 2))))",
            "(wide)",
            "(tree ",
        ),
        (
            "(= (all) (match &self (, $a $b $c $d $e $f $g $h) 1)) (p 1) (p 2) (p 3) (p 4) (p 5) (p 6)",
            "(all)",
            "",
        ),
    ];
    for threads in [1, 2] {
        for (rules, query, at_least) in programs {
            let interrupt = Interrupt::new();
            let evaluator = Evaluator::builder()
                .threads(threads)
                .spawn_after(0)
                .interrupt(interrupt.clone())
                .build()
                .unwrap();
            let world = world(rules);
            let (rest, raised) = thread::scope(|scope| {
                let raised = scope.spawn(|| {
                    thread::sleep(Duration::from_millis(30));
                    interrupt.raise();
                    Instant::now()
                });
                let result = evaluator.evaluate(world.clone(), &atom(query));
                (result, raised.join().unwrap())
            });
            let late = raised.elapsed();
            let Err(EvalError::Interrupted { at }) = rest else {
                panic!("{query}: {rest:?}")
            };
            assert!(at.to_string().starts_with(at_least), "{query}: {at}");
            assert!(late < Duration::from_secs(2), "{query}: {late:?}");
            // It stays raised until it is cleared.
            assert!(evaluator.evaluate(world.clone(), &atom(query)).is_err());
            interrupt.clear();
            assert_eq!(
                evaluator.evaluate(world, &atom("(+ 1 2)")).unwrap().results,
                [Atom::from(3)]
            );
        }
    }
}

/// A search without answers polls the interrupt too.
#[test]
fn an_interrupt_stops_a_join_without_answers() {
    let mut world = Environment::new();
    let edge = |from: i64, to: i64| Atom::expression([Atom::symbol("edge"), from.into(), to.into()]);
    world.add_facts_bulk((0..300).flat_map(|to| (0..to).map(move |from| edge(from, to))));
    let triangles = atom("(match &self (, (edge $x $y) (edge $y $z) (edge $z $x)) ($x $y $z))");
    let interrupt = Interrupt::new();
    let evaluator = Evaluator::builder().interrupt(interrupt.clone()).build().unwrap();
    let (result, raised) = thread::scope(|scope| {
        let raised = scope.spawn(|| {
            thread::sleep(Duration::from_millis(30));
            interrupt.raise();
            Instant::now()
        });
        (evaluator.evaluate(world, &triangles), raised.join().unwrap())
    });
    let late = raised.elapsed();
    assert!(
        matches!(result, Err(EvalError::Interrupted { .. })),
        "four million candidates"
    );
    assert!(late < Duration::from_secs(1), "{late:?}");
}

#[test]
fn memory_is_limited() {
    let limit = 4_000_000;
    let endless = [
        "(= (f $n) (+ 1 (f (+ $n 1)))) !(f 0)",
        // A term that grows in constant stack.
        "(= (f $x) (f (s $x))) !(f z)",
        // Results that are gathered.
        "(= (f $n) $n) (= (f $n) (f (+ $n 1))) !(collapse (f 0))",
        "(= (f $n) (f (add-atom &self (made $n)))) (= (f $n) (let $u (add-atom &self (made $n)) (f (+ $n 1)))) !(f 0)",
        "(= (f) (f)) (= (f) (f)) !(f)",
    ];
    for program in endless {
        for threads in [1, 2] {
            let evaluator = Evaluator::builder()
                .memory(limit)
                .threads(threads)
                .fuel(50_000_000)
                .build()
                .unwrap();
            assert_eq!(
                evaluator.run(Environment::new(), program).unwrap_err(),
                RunError::Eval(EvalError::OutOfMemory { limit }),
                "{program}"
            );
        }
    }
    // Shared values count once, and those no longer held do not count.
    let frugal = [
        "(= (f $n $x) (if (== $n 0) done (f (- $n 1) ($x $x)))) !(f 10000 z)",
        "(= (f $n) (if (== $n 0) done (let $u (g 100) (f (- $n 1))))) (= (g $n) (if (== $n 0) Nil (Cons $n (g (- $n 1)))))
         !(f 3000)",
    ];
    for program in frugal {
        let evaluator = Evaluator::builder().memory(limit).build().unwrap();
        let run = evaluator.run(Environment::new(), program).unwrap();
        assert_eq!(run.results, [[atom("done")]], "{program}");
    }
}

/// Found by a law of evaluation: all combinations of results were made before one was counted.
#[test]
fn combinations_of_results_are_limited() {
    let thousand = format!("(superpose ({}))", "a ".repeat(1000));
    let program = format!("!(pair {thousand} {thousand} {thousand} {thousand} {thousand})");
    for threads in [1, 2] {
        let limited = Evaluator::builder().threads(threads).spawn_after(0);
        let run = limited
            .clone()
            .fuel(100_000)
            .build()
            .unwrap()
            .run(Environment::new(), &program);
        assert_eq!(
            run.unwrap_err(),
            RunError::Eval(EvalError::OutOfFuel { limit: 100_000 })
        );
        let run = limited
            .memory(16 << 20)
            .build()
            .unwrap()
            .run(Environment::new(), &program);
        let limit = 16 << 20;
        assert_eq!(run.unwrap_err(), RunError::Eval(EvalError::OutOfMemory { limit }));
    }
}

fn traced(builder: EvaluatorBuilder, program: &str) -> (Vec<String>, Vec<Vec<Atom>>) {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&steps);
    let evaluator = builder
        .trace(move |step| {
            let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
            let line = format!("{} {} => {}", step.depth, step.before, after.join(" | "));
            to.lock().unwrap().push(line);
        })
        .build()
        .unwrap();
    let results = evaluator.run(Environment::new(), program).unwrap().results;
    (
        Arc::try_unwrap(steps).map_or_else(
            |steps| steps.lock().unwrap().clone(),
            |steps| steps.into_inner().unwrap(),
        ),
        results,
    )
}

#[test]
fn a_trace_shows_each_reduction_once_in_order() {
    let program = "(= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))
        (= (coin) head) (= (coin) tail)
        !(fib 2) !(pair (coin) (+ 1 2)) !(let $x (coin) (got $x)) !(let* (($a 1) ($b (+ $a 1))) (+ $a $b))
        !(match &self (= (coin) $c) $c) !(case (+ 1 1) ((2 two) ($_ other))) !(nothing here) !(empty)";
    let expected = [
        "0 (fib 2) => (if (< 2 2) 2 (+ (fib (- 2 1)) (fib (- 2 2))))",
        "1 (< 2 2) => False",
        "0 (if (< 2 2) 2 (+ (fib (- 2 1)) (fib (- 2 2)))) => (+ (fib (- 2 1)) (fib (- 2 2)))",
        "2 (- 2 1) => 1",
        "1 (fib 1) => (if (< 1 2) 1 (+ (fib (- 1 1)) (fib (- 1 2))))",
        "2 (< 1 2) => True",
        "1 (if (< 1 2) 1 (+ (fib (- 1 1)) (fib (- 1 2)))) => 1",
        "2 (- 2 2) => 0",
        "1 (fib 0) => (if (< 0 2) 0 (+ (fib (- 0 1)) (fib (- 0 2))))",
        "2 (< 0 2) => True",
        "1 (if (< 0 2) 0 (+ (fib (- 0 1)) (fib (- 0 2)))) => 0",
        "0 (+ 1 0) => 1",
        "1 (coin) => head | tail",
        "1 (+ 1 2) => 3",
        "1 (coin) => head | tail",
        "0 (let $x (coin) (got $x)) => (got head) | (got tail)",
        "1 (+ 1 1) => 2",
        "0 (let* ((1 1) ($b (+ 1 1))) (+ 1 $b)) => (+ 1 2)",
        "0 (+ 1 2) => 3",
        "0 (match &self (= (coin) $c) $c) => head | tail",
        "1 (+ 1 1) => 2",
    ];
    let (steps, results) = traced(Evaluator::builder(), program);
    for (index, expected) in expected.iter().enumerate() {
        assert_eq!(&steps[index], expected, "step {index}");
    }
    assert_eq!(
        results,
        Evaluator::new().run(Environment::new(), program).unwrap().results
    );
    // The limits hold.
    let limited = Evaluator::builder().fuel(3).trace(|_| {}).build().unwrap();
    assert_eq!(
        limited.run(Environment::new(), program).unwrap_err(),
        RunError::Eval(EvalError::OutOfFuel { limit: 3 })
    );
    // Any number of threads, either policy: the same.
    assert_eq!(traced(Evaluator::builder().threads(2).spawn_after(0), program).0, steps);
    assert_eq!(
        traced(Evaluator::builder().policy(Policy::Sequential), program).0,
        steps
    );
}

/// Programs with several results, whose environments show how they were evaluated.
const MANY: [(&str, &str); 8] = [
    ("", "(superpose (1 (+ 1 1) (superpose (3 4)) 5))"),
    ("(= (f) 1) (= (f) (g)) (= (f) 4) (= (g) 2) (= (g) 3)", "(f)"),
    ("(= (f) a) (= (f) b)", "(pair (f) (f))"),
    (
        "(= (f) (add-atom &self (one))) (= (f) (add-atom &self (two)))",
        "(superpose ((f) x (f)))",
    ),
    (
        "(= (h 1) one) (= (h 2) two)",
        "(let $r (h $x) (superpose (($x $r) ($r $x))))",
    ),
    (
        "(p 1) (p 2) (p 3)",
        "(match &self (p $x) (superpose ($x (+ $x 10) (new-space))))",
    ),
    ("", "(empty)"),
    (
        "(= (f) (collapse (superpose (1 2))))",
        "(superpose ((f) (f) (let $x (superpose (5 6)) (g $x))))",
    ),
];

#[test]
fn results_one_by_one_are_those_of_evaluate() {
    for (rules, query) in MANY {
        for (policy, threads) in [(Policy::Isolated, 1), (Policy::Isolated, 2), (Policy::Sequential, 1)] {
            let evaluator = Evaluator::builder()
                .policy(policy)
                .threads(threads)
                .spawn_after(0)
                .build()
                .unwrap();
            let world = world(rules);
            let seed = IdSeed::root().child(7);
            let whole = evaluator.evaluate_seeded(world.clone(), &atom(query), seed).unwrap();
            for take in 0..=whole.results.len() + 1 {
                let mut results = evaluator.results_seeded(world.clone(), &atom(query), seed);
                let mut found: Vec<Atom> = results.by_ref().take(take).map(Result::unwrap).collect();
                let rest = results.finish().unwrap();
                found.extend(rest.results);
                assert_eq!(found, whole.results, "{query}, {policy:?}, {threads}");
                assert_eq!(rest.environment, whole.environment, "{query}, {policy:?}, {threads}");
                assert!(rest.environment.diff(&whole.environment).is_empty());
                assert_eq!(rest.counts, whole.counts);
            }
        }
    }
}

#[test]
fn results_come_before_the_rest_is_evaluated() {
    // Nothing of the second branch is evaluated before it is asked for.
    let printed = Arc::new(Mutex::new(String::new()));
    let to = Arc::clone(&printed);
    let evaluator = Evaluator::builder()
        .output(move |text| to.lock().unwrap().push_str(text))
        .build()
        .unwrap();
    let mut results = evaluator.results(Environment::new(), &atom("(superpose (1 (println! two) 3))"));
    assert_eq!(results.next(), Some(Ok(1.into())));
    assert_eq!(*printed.lock().unwrap(), "");
    assert_eq!(results.next(), Some(Ok(atom("()"))));
    assert_eq!(*printed.lock().unwrap(), "two\n");

    // An endless stream, nested in branches and in forms that pass results on.
    let world = world("(= (from $n) $n) (= (from $n) (from (+ $n 1))) (= (evens) (let $x (from 0) (twice $x)))");
    let numbers = evaluator.results(world.clone(), &atom("(superpose (start (from 1)))"));
    let first: Vec<Atom> = numbers.take(1000).map(Result::unwrap).collect();
    assert_eq!(first[0], atom("start"));
    assert_eq!(first[999], 999.into());

    // An error comes last, once, and again when the rest is asked for.
    let limited = Evaluator::builder().fuel(5_000).build().unwrap();
    let mut numbers = limited.results(world, &atom("(from 1)"));
    let found: Vec<_> = numbers.by_ref().collect();
    let error = EvalError::OutOfFuel { limit: 5_000 };
    assert!(found.len() > 100 && found[..found.len() - 1].iter().all(Result::is_ok));
    assert_eq!(found.last(), Some(&Err(error.clone())));
    assert_eq!(numbers.next(), None);
    assert_eq!(numbers.finish().unwrap_err(), error);
}

/// A join has too many answers to find all, but yields the first ones.
#[test]
fn the_first_answers_of_a_join_come_before_the_others_are_found() {
    let mut world = Environment::new();
    world.add_facts_bulk((0..2_000).map(|n| Atom::expression([Atom::symbol("n"), n.into()])));
    let query = atom("(match &self (, (n $x) (n $y) (n $z)) ($x $y $z))");
    // More steps than the first answers take, and fewer than all.
    for threads in [1, 2] {
        let evaluator = Evaluator::builder().threads(threads).fuel(1_000_000).build().unwrap();
        let first: Vec<_> = evaluator.results(world.clone(), &query).take(20_000).collect();
        assert!(first.iter().all(Result::is_ok));
        assert_eq!(first[19_999], Ok(atom("(0 9 1999)")));
    }
}

/// Later portions of a query see the state that it began with, not the writes of earlier answers.
#[test]
fn a_query_that_is_found_in_parts_sees_one_state() {
    let facts: String = (0..3_000).map(|n| format!("(n {n})")).collect();
    let query = "!(let $all (collapse (match &self (n $x) (let $u (add-atom &self (n (s $x))) $x))) (size-atom $all))
        !(let $all (collapse (match &self (n (s $x)) $x)) (size-atom $all))
        !(let $all (collapse (match &self (n $x) $x)) (size-atom $all))";
    let program = format!("{facts}{query}");
    let outcome = |policy: Policy, threads: usize| {
        let evaluator = Evaluator::builder()
            .policy(policy)
            .threads(threads)
            .spawn_after(20)
            .build()
            .unwrap();
        format!("{:?}", evaluator.run(Environment::new(), &program).unwrap().results)
    };
    let expected = outcome(Policy::Isolated, 1);
    assert!(expected.starts_with("[[3000], [3000], [6000]"), "{expected}");
    assert_eq!(outcome(Policy::Isolated, 2), expected);
    assert_eq!(outcome(Policy::Sequential, 1), expected);
}

#[test]
fn tail_calls_in_return_run_in_constant_stack() {
    let program = "(= (loop $n) (function (if (== $n 0) (return done) (return (loop (- $n 1))))))
        (= (pick) a) (= (pick) b) (= (bad $n) (function (return (fail $n)))) (= (fail $n) (Error here why))
        !(loop 100000) !(function (return (pick))) !(function (return (empty))) !(bad 1)
        !(function (return (+ 1 2))) !(function (return (f (+ 1 2)))) !(function (pick))";
    for threads in [1, 2] {
        let evaluator = Evaluator::builder().memory(1_000_000).threads(threads).build().unwrap();
        let run = evaluator.run(Environment::new(), program).unwrap();
        assert_eq!(
            format!("{:?}", run.results),
            "[[done], [a, b], [], [(Error here why)], [3], [(f 3)], \
             [(Error (function (pick)) NoReturn), (Error (function (pick)) NoReturn)]]"
        );
    }
}

#[test]
fn a_program_is_run_item_by_item() {
    let evaluator = Evaluator::builder().fuel(1_000).build().unwrap();
    let source = "(= (f) 1) !(f) (= (f) 2) !(f) (= (loop) (loop)) !(loop) !(f)";
    let mut program = evaluator.program(Environment::new(), Parser::new(source));
    let first = program.next().unwrap().unwrap();
    assert_eq!((&source[first.item.span], first.results), ("(f)", vec![1.into()]));
    assert_eq!(program.environment().rule_count(), 1);
    assert_eq!(program.next().unwrap().unwrap().results, [1.into(), 2.into()]);
    assert!(matches!(
        program.next(),
        Some(Err(RunError::Eval(EvalError::OutOfFuel { .. })))
    ));
    let failed = program.failed_item().unwrap();
    assert_eq!(&source[failed.span.clone()], "(loop)");
    // Results before it are not lost; nothing comes after it.
    assert!(program.next().is_none());
    assert_eq!(program.into_environment().rule_count(), 3);

    let mut program = evaluator.program(Environment::new(), Parser::new("(a) !(+ 1 2) (b) )"));
    assert!(program.next().unwrap().is_ok());
    assert!(matches!(program.next(), Some(Err(RunError::Parse(_)))));
    assert!(program.failed_item().is_none() && program.next().is_none());
    assert_eq!(program.environment().fact_count(), 2);
}

#[test]
fn memoized_calls_cost_the_fuel_of_the_first() {
    let program = "(= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2))))) !(fib 12)";
    let enough = |memo: usize, threads: usize, fuel: u64| {
        let evaluator = Evaluator::builder()
            .memo(memo)
            .threads(threads)
            .spawn_after(0)
            .fuel(fuel);
        evaluator.build().unwrap().run(Environment::new(), program).is_ok()
    };
    let fuels: Vec<u64> = (0..10_000).collect();
    let least = fuels.partition_point(|fuel| !enough(0, 1, *fuel)) as u64;
    for (memo, threads) in [(1_000, 1), (5, 1), (1_000, 2)] {
        assert!(
            enough(memo, threads, least) && !enough(memo, threads, least - 1),
            "{memo} {threads}"
        );
    }
}

#[test]
fn memoized_loops_run_in_constant_stack() {
    let evaluator = Evaluator::builder().memo(100).memory(1_000_000).build().unwrap();
    let program = "(= (loop $n) (if (== $n 0) done (loop (- $n 1)))) !(loop 100000)";
    let run = evaluator.run(Environment::new(), program).unwrap();
    assert_eq!(run.results, [[atom("done")]]);
}

/// A loop pushes the check of its result type once.
#[test]
fn a_loop_of_a_declared_type_runs_in_constant_stack() {
    let loops = [
        "(: f (-> Number Number)) (= (f $n) (if (== $n 0) (text) (f (- $n 1))))",
        "(: f (-> Number Number)) (= (f $n) (go $n)) (= (go $n) (if (== $n 0) (text) (f (- $n 1))))",
        "(: f (-> Number Number)) (= (f $n) (go $n)) (: go (-> Number Number)) (= (go $n) (next $n))
         (= (next $n) (if (== $n 0) (text) (f (- $n 1))))",
    ];
    for memo in [0, 100] {
        let evaluator = Evaluator::builder().memo(memo).memory(1_000_000).build().unwrap();
        for rules in loops {
            let program = format!("{rules} (= (text) \"text\") !(f 100000)");
            let run = evaluator.run(Environment::new(), &program).unwrap();
            assert_eq!(
                run.results[0],
                [atom("(Error \"text\" (BadType Number String))")],
                "{rules}"
            );
        }
    }
}

/// Results of a declared type come one by one too, and those of another type are errors.
#[test]
fn results_of_a_declared_type_come_one_by_one() {
    let world = world(
        "(: from (-> Number Number)) (= (from $n) $n) (= (from $n) (next $n))
         (= (next 2) two) (= (next 3) \"three\") (= (next $n) (from (+ $n 1)))",
    );
    for threads in [1, 2] {
        let evaluator = Evaluator::builder().threads(threads).build().unwrap();
        let found: Vec<Atom> = evaluator
            .results(world.clone(), &atom("(from 1)"))
            .take(6)
            .map(Result::unwrap)
            .collect();
        let expected = ["1", "2", "two", "3", "(Error \"three\" (BadType Number String))", "4"];
        assert_eq!(found, expected.map(atom));
    }
}

/// A call of `arguments` arguments with two results each: 2ⁿ results.
fn product(arguments: usize) -> String {
    format!("!(f{})", " (superpose (a b))".repeat(arguments))
}

#[test]
fn a_product_of_results_is_not_held_whole() {
    for threads in [1, 2, 8] {
        let evaluator = Evaluator::builder()
            .threads(threads)
            .memory(20_000_000)
            .build()
            .unwrap();
        let found = evaluator.run(Environment::new(), &product(40));
        let limit = EvalError::OutOfMemory { limit: 20_000_000 };
        assert_eq!(found.unwrap_err(), RunError::Eval(limit), "{threads} threads");
        let evaluator = Evaluator::builder().threads(threads).fuel(10_000).build().unwrap();
        let found = evaluator.run(Environment::new(), &product(40));
        let limit = EvalError::OutOfFuel { limit: 10_000 };
        assert_eq!(found.unwrap_err(), RunError::Eval(limit), "{threads} threads");
        let run = Evaluator::builder()
            .threads(threads)
            .build()
            .unwrap()
            .run(Environment::new(), &product(11));
        let results = &run.unwrap().results[0];
        assert_eq!(results.len(), 2048);
        assert_eq!(results[0].to_string(), "(f a a a a a a a a a a a)");
        assert_eq!(results[1].to_string(), "(f a a a a a a a a a a b)");
    }
    // The first of them are there at once.
    let call = product(40)[1..].parse().unwrap();
    let mut results = Evaluator::new().results(Environment::new(), &call);
    assert_eq!(results.next().unwrap().unwrap().as_expression().unwrap().len(), 41);
}

#[test]
fn an_interrupt_ends_a_product_of_results() {
    let bound = "(= (g 1) one) (= (g 2) two) !(f".to_owned() + &" (g $x) (superpose (a b))".repeat(20) + ")";
    for (program, threads) in [product(40), bound]
        .iter()
        .flat_map(|program| [1, 2, 8].map(|n| (program, n)))
    {
        let interrupt = Interrupt::new();
        let evaluator = Evaluator::builder()
            .threads(threads)
            .interrupt(interrupt.clone())
            .build()
            .unwrap();
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            interrupt.raise();
        });
        let stopped = evaluator.run(Environment::new(), program);
        assert!(
            matches!(stopped, Err(RunError::Eval(EvalError::Interrupted { .. }))),
            "{threads} threads"
        );
        stopper.join().unwrap();
    }
}

#[test]
fn a_fact_of_huge_multiplicity_can_be_stopped() {
    let mut world = Environment::new();
    world.set_multiplicities([(atom("(p 1)"), u64::MAX), (atom("(= (f) 1)"), u64::MAX)]);
    for ask in [
        "(get-atoms &self)",
        "(match &self (p $x) $x)",
        "(collapse (get-atoms &self))",
        "(f)",
    ] {
        let few = Evaluator::builder().memory(20_000_000).build().unwrap();
        let limit = EvalError::OutOfMemory { limit: 20_000_000 };
        assert_eq!(few.evaluate(world.clone(), &atom(ask)).unwrap_err(), limit, "{ask}");
        let interrupt = Interrupt::new();
        interrupt.raise();
        let stopped = Evaluator::builder()
            .interrupt(interrupt)
            .build()
            .unwrap()
            .evaluate(world.clone(), &atom(ask));
        assert!(matches!(stopped, Err(EvalError::Interrupted { .. })), "{ask}");
    }
}

#[test]
fn a_host_function_cannot_have_the_name_of_a_built_in() {
    for (name, is_refused) in [("+", true), ("if", true), ("quote", true), ("plus", false)] {
        let function = HostFunction::new("(-> Number Number Number)", |_| HostResult::NotReducible).unwrap();
        match Evaluator::builder().register(name, function).build() {
            Ok(_) => assert!(!is_refused, "{name}"),
            Err(BuildError::BuiltinName { name: refused }) => assert!(is_refused && refused.as_str() == name, "{name}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn too_many_threads_are_an_error() {
    for threads in [1_025, 100_000, usize::MAX] {
        let refused = Evaluator::builder().threads(threads).build();
        assert!(matches!(refused, Err(BuildError::TooManyThreads { threads: asked }) if asked == threads));
    }
    // 0 is the caller's thread alone.
    let evaluator = Evaluator::builder().threads(0).build().unwrap();
    let found = evaluator.evaluate(Environment::new(), &"(+ 1 2)".parse().unwrap());
    assert_eq!(found.unwrap().results, [Atom::from(3)]);
}

/// A call that looks at n items takes as many steps.
#[test]
fn fuel_bounds_calls_with_long_lists() {
    let run = |items: usize, call: &str, calls: usize| {
        let list: String = (0..items).map(|n| format!(" {n}")).collect();
        let facts: String = (0..items).map(|n| format!("(p {n})")).collect();
        let program = format!(
            "{facts} (= (repeat $l $n) (if (== $n 0) done (let $x {call} (repeat $l (- $n 1)))))
             !(repeat ({list}) {calls})"
        );
        let evaluator = Evaluator::builder().fuel(100_000).build().unwrap();
        evaluator.run(Environment::new(), &program).map(|_| ())
    };
    let linear = [
        "(unique-atom $l)",
        "(subtraction-atom $l $l)",
        "(max-atom $l)",
        "(repr $l)",
        "(collapse (get-atoms &self))",
    ];
    for call in linear {
        assert!(run(20, call, 200).is_ok(), "{call}");
        let error = RunError::Eval(EvalError::OutOfFuel { limit: 100_000 });
        assert_eq!(run(2_000, call, 200), Err(error), "{call}");
    }
    for call in [
        "(cdr-atom $l)",
        "(cons-atom 1 $l)",
        "(size-atom $l)",
        "(index-atom $l 7)",
        "(== $l ())",
    ] {
        assert!(run(2_000, call, 200).is_ok(), "{call}");
    }
}
