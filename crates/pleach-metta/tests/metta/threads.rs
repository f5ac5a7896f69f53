//! Siblings are evaluated on several threads, whatever they are, however many there are, and whether or not variables
//! occur in them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pleach::Environment;
use pleach::term::Atom;
use pleach_metta::{EvalError, Evaluator, EvaluatorBuilder, HostFunction, HostResult, Interrupt, Policy, RunError};
use pleach_testkit::folder::Folder;

/// Loops of more steps than it takes to spawn siblings.
const RULES: &str = "(= (work $n) (work $n 20000)) (= (work $n $i) (if (== $i 0) (meet $n) (work $n (- $i 1))))
    (= (open $x) (open $x 20000)) (= (open $x $i) (if (== $i 0) (met $x (meet 0)) (open $x (- $i 1))))
    (= (pick $x a) (work $x)) (= (pick $x b) (work $x)) (= (pick $x c) (work $x))
    (n 1) (n 2) (n 3)\n";

/// An evaluator with a function that returns its argument once two threads have called it.
fn meeting(builder: EvaluatorBuilder) -> Evaluator {
    let seen = Arc::new((Mutex::new(HashSet::new()), Condvar::new()));
    let meet = HostFunction::new("(-> %Undefined% %Undefined%)", move |arguments| {
        let (threads, changed) = &*seen;
        let mut threads = threads.lock().unwrap();
        threads.insert(thread::current().id());
        changed.notify_all();
        let (threads, _) = changed
            .wait_timeout_while(threads, Duration::from_secs(60), |threads| threads.len() < 2)
            .unwrap();
        match threads.len() {
            0 | 1 => HostResult::Error("nobody came".parse().unwrap()),
            _ => HostResult::Values(arguments.to_vec()),
        }
    });
    builder.register("meet", meet.unwrap()).build().unwrap()
}

fn run_on_two(query: &str) -> String {
    let evaluator = meeting(Evaluator::builder().threads(2));
    let run = evaluator.run(Environment::new(), &format!("{RULES}!{query}")).unwrap();
    format!("{:?}", run.results[0])
}

#[test]
fn two_siblings_are_evaluated_on_two_threads() {
    assert_eq!(run_on_two("(pair (work 1) (work 2))"), "[(pair 1 2)]");
    assert_eq!(run_on_two("(superpose ((work 1) (work 2)))"), "[1, 2]");
    assert_eq!(run_on_two("(+ (work 1) (work 2))"), "[3]");
    assert_eq!(run_on_two("(hyperpose ((meet 1) (meet 2)))"), "[1, 2]");
}

#[test]
fn siblings_after_an_expensive_one_are_evaluated_on_two_threads() {
    assert_eq!(
        run_on_two("(tuple of (cheap) (work 1) (cheap) (work 2))"),
        "[(tuple of (cheap) 1 (cheap) 2)]"
    );
    assert_eq!(run_on_two("(map-atom (1 2 3 4) $x (work $x))"), "[(1 2 3 4)]");
    assert_eq!(
        run_on_two("(filter-atom (1 2 3 4) $x (== 0 (% (work $x) 2)))"),
        "[(2 4)]"
    );
    assert_eq!(run_on_two("(let $x (superpose (1 2)) (work $x))"), "[1, 2]");
    assert_eq!(run_on_two("(match &self (n $x) (work $x))"), "[1, 2, 3]");
    assert_eq!(run_on_two("(case (superpose (1 2)) (($x (work $x))))"), "[1, 2]");
    // With several rows already.
    assert_eq!(
        run_on_two("(pair (superpose (a b)) (work 1) (work 2))"),
        "[(pair a 1 2), (pair b 1 2)]"
    );
    // Below what has nothing to share, and beside what has but is cheap.
    assert_eq!(
        run_on_two("(f (if (== (g 1) 2) never (h (pair (cheap) (pair (work 1) (work 2))))))"),
        "[(f (if (== (g 1) 2) never (h (pair (cheap) (pair 1 2)))))]"
            .replace("(f (if (== (g 1) 2) never ", "(f ")
            .replace(")))))]", "))))]")
    );
}

#[test]
fn pairs_and_variables_of_a_branch_are_evaluated_on_two_threads() {
    assert_eq!(
        run_on_two("(let* (($x (superpose (1 2))) ($y (work $x))) ($y $x))"),
        "[(1 1), (2 2)]"
    );
    assert_eq!(
        run_on_two("(hyperpose ((let $q (work 1) (got $q)) (let $q (work 2) (got $q))))"),
        "[(got 1), (got 2)]"
    );
    assert_eq!(
        run_on_two("(pair (let $q (work 1) (got $q)) (match &self (n $x) (work $x)))"),
        "[(pair (got 1) 1), (pair (got 1) 2), (pair (got 1) 3)]"
    );
    assert_eq!(
        run_on_two("(pair (map-atom (1 2) $x (work $x)) (map-atom (3 4) $y (work $y)))"),
        "[(pair (1 2) (3 4))]"
    );
}

#[test]
fn siblings_with_free_variables_are_evaluated_on_two_threads() {
    // Branches may bind the same variable, each differently.
    assert_eq!(run_on_two("(let $r (pick 7 $x) ($x $r))"), "[(a 7), (b 7), (c 7)]");
    assert_eq!(
        run_on_two("(superpose ((open $a) (open $a) (open $b)))"),
        "[(met $a 0), (met $a 0), (met $b 0)]"
    );
    // Arguments with different variables.
    assert_eq!(
        run_on_two("(let $r (pair (pick 1 $x) (pick 2 $y)) ($x $y $r))"),
        "[(a a (pair 1 2)), (a b (pair 1 2)), (a c (pair 1 2)), (b a (pair 1 2)), (b b (pair 1 2)), \
         (b c (pair 1 2)), (c a (pair 1 2)), (c b (pair 1 2)), (c c (pair 1 2))]"
    );
}

/// An argument that depends on bindings of an earlier one waits for it.
#[test]
fn arguments_that_share_a_variable_are_evaluated_in_order() {
    let program =
        "(= (h 1) one) (= (h (s $x)) (two $x)) (= (k 1) uno) (= (k (s (s $x))) (dos $x)) (= (j $x $x) (same $x))
        !(let $r (pair (h $x) (k $x)) ($x $r)) !(let $r (trio (h $x) (k $y) (j $x $y)) ($x $y $r))
        !(collapse-bind (pair (h $x) (k $y))) !(collapse-bind (superpose ((h $x) (k $x) (j $x $y))))
        !(let ($a $b) ((h $x) (k $y)) (superpose ((j $x $y) ($a $b $x $y))))
        !(let* (($r (superpose ((h $x) (k $y)))) ($q (j $x $y))) ($x $y $r $q))
        !(map-atom ($x (s $y) $z) $m (pair (h $m) (j $m $x)))
        !(pair (let $q (h $x) ($q $x)) (let $q (k $z) ($q $z)))";
    let outcome = |threads: usize, fuel: u64| {
        let builder = Evaluator::builder().threads(threads).spawn_after(0).fuel(fuel);
        let run = builder.build().unwrap().run(Environment::new(), program);
        run.map(|run| format!("{:?}", run.results))
    };
    let expected = outcome(1, 10_000).unwrap();
    for _ in 0..20 {
        for threads in [2, 3, 8] {
            assert_eq!(outcome(threads, 10_000).unwrap(), expected);
        }
    }
    for fuel in 1..200 {
        assert_eq!(outcome(2, fuel), outcome(1, fuel));
    }
}

/// A failing evaluation ends on all threads and leaves no task behind.
#[test]
fn a_failure_ends_all_threads() {
    let endless = "(= (endless $n) (endless (+ $n 1)))
        (= (fail $n) (if (== $n 0) (import! &self malformed) (fail (- $n 1))))";
    let folder = Folder::new("malformed-import");
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("malformed.metta"), "(f").unwrap();
    for query in [
        "(pair (fail 20000) (endless 0))",
        "(superpose ((fail 20000) (endless 0) (endless 1)))",
    ] {
        let evaluator = Evaluator::builder()
            .threads(2)
            .module_folders([&folder.0])
            .build()
            .unwrap();
        let error = evaluator
            .run(Environment::new(), &format!("{endless} !{query}"))
            .unwrap_err();
        assert!(matches!(error, RunError::Eval(EvalError::Import { .. })), "{error}");
    }
    // Results that nobody asks for.
    let evaluator = Evaluator::builder().threads(2).build().unwrap();
    let world = evaluator.run(Environment::new(), endless).unwrap().environment;
    let query = "(hyperpose (first (endless 0) (endless 1)))".parse().unwrap();
    let mut results = evaluator.results(world.clone(), &query);
    assert_eq!(results.next(), Some(Ok("first".parse().unwrap())));
    drop(results);
    let interrupt = Interrupt::new();
    let interrupted = Evaluator::builder()
        .threads(2)
        .interrupt(interrupt.clone())
        .build()
        .unwrap();
    thread::scope(|scope| {
        let run = scope.spawn(|| interrupted.evaluate(world, &"(pair (endless 0) (endless 1))".parse().unwrap()));
        thread::sleep(Duration::from_millis(50));
        interrupt.raise();
        assert!(matches!(run.join().unwrap(), Err(EvalError::Interrupted { .. })));
    });
}

#[test]
fn a_sequential_evaluation_stays_on_its_thread() {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let to = Arc::clone(&seen);
    let here = HostFunction::new("(-> %Undefined% %Undefined%)", move |arguments| {
        to.lock().unwrap().insert(thread::current().id());
        HostResult::Values(arguments.to_vec())
    });
    let builder = Evaluator::builder()
        .threads(2)
        .policy(Policy::Sequential)
        .spawn_after(0);
    let evaluator = builder.register("meet", here.unwrap()).build().unwrap();
    let program = format!("{RULES}!(hyperpose ((work 1) (work 2) (work 3)))");
    evaluator.run(Environment::new(), &program).unwrap();
    assert_eq!(*seen.lock().unwrap(), HashSet::from([thread::current().id()]));
}

/// Found by the laws of `laws.rs`: the error of one task ended another, which reported an interrupt.
#[test]
fn the_error_of_a_task_is_that_of_the_evaluation() {
    let program = "(= (tree $n) (if (== $n 0) (loop 1000) (pair (tree (- $n 1)) (tree (- $n 1)))))
        (= (loop $n) (if (== $n 0) 0 (loop (- $n 1)))) !(tree 7)";
    for threads in [2, 3, 8] {
        let evaluator = Evaluator::builder()
            .threads(threads)
            .spawn_after(0)
            .fuel(20_000)
            .build()
            .unwrap();
        for _ in 0..50 {
            let error = evaluator.run(Environment::new(), program).unwrap_err();
            assert_eq!(error, RunError::Eval(EvalError::OutOfFuel { limit: 20_000 }));
        }
    }
}

/// The same for a panic, which is resumed once the evaluation has ended.
#[test]
fn a_panic_in_a_task_is_not_taken_for_an_interruption() {
    let program = "(= (loop $n) (if (== $n 0) 0 (loop (- $n 1)))) (= (other) (if (== 0 (begin)) (loop 3000000) 0))
        !(pair (loop 3000000) (hyperpose ((boom) (other))))";
    for streamed in [false, true] {
        let (tell, told) = mpsc::channel();
        let (tell, told) = (Mutex::new(tell), Mutex::new(told));
        let begin = HostFunction::new("(-> Number)", move |_| {
            tell.lock().unwrap().send(()).unwrap();
            HostResult::Values(vec![0.into()])
        });
        let boom = HostFunction::new("(-> Number)", move |_| {
            told.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap();
            panic!("boom");
        });
        let builder = Evaluator::builder().threads(3).spawn_after(0);
        let builder = builder
            .register("begin", begin.unwrap())
            .register("boom", boom.unwrap());
        let evaluator = builder.build().unwrap();
        let rules = evaluator
            .run(Environment::new(), program.split('!').next().unwrap())
            .unwrap();
        let query: Atom = program.split('!').nth(1).unwrap().parse().unwrap();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            if streamed {
                evaluator
                    .results(rules.environment, &query)
                    .next()
                    .map(|result| result.map(|_| ()))
            } else {
                Some(evaluator.evaluate(rules.environment, &query).map(|_| ()))
            }
        }));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"boom"), "{streamed}");
    }
}

/// Pending siblings are determined by the rules they will be evaluated by, not by those that the current sibling has
/// written.
#[test]
fn spawning_does_not_depend_on_writes_of_siblings() {
    let program = "(= (loop $n) (if (== $n 0) 0 (loop (- $n 1))))
        !(trio (let $u (add-atom &self (= (+ 1 2) three)) (loop 50000)) (+ 1 2) (loop 50000))";
    for threads in [1, 2, 3] {
        let run = Evaluator::builder()
            .threads(threads)
            .build()
            .unwrap()
            .run(Environment::new(), program);
        assert_eq!(format!("{:?}", run.unwrap().results), "[[(trio 0 3 0)]]");
    }
}
