//! Evaluation is deterministic, on generated programs: the same results and environment on any number of threads, with
//! and without a memo table.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use pleach::Environment;
use pleach::env::IdSeed;
use pleach_metta::{EvalError, Evaluator, EvaluatorBuilder, HostFunction, HostResult, Policy, RunError};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

/// A program with siblings of all kinds, which write.
#[derive(Clone, Debug)]
struct Program(String);

/// Generates an expression of at most this depth. Functions `f0` … `f3` exist; `f3` calls none.
fn expression(g: &mut Gen, depth: u32, out: &mut String) {
    let choice = if depth == 0 { 0 } else { u8::arbitrary(g) % 63 };
    let number = u8::arbitrary(g) % 4;
    let parts = |g: &mut Gen, out: &mut String, head: &str, count: usize| {
        let _ = write!(out, "({head}");
        for _ in 0..count {
            out.push(' ');
            expression(g, depth - 1, out);
        }
        out.push(')');
    };
    match choice {
        0 => {
            let _ = write!(out, "{number}");
        }
        1 => {
            let _ = write!(out, "(f{number})");
        }
        2 | 3 => parts(g, out, "pair", 2),
        4 => parts(g, out, "+", 2),
        5 | 6 => {
            out.push_str("(superpose ");
            parts(g, out, "f0", 2);
            out.push(')');
        }
        7 => parts(g, out, "collapse", 1),
        8 => {
            let _ = write!(out, "(let $v{depth} ");
            expression(g, depth - 1, out);
            let _ = write!(out, " (pair $v{depth} ");
            expression(g, depth - 1, out);
            out.push_str("))");
        }
        9 | 10 => {
            let _ = write!(out, "(add-atom &self (fact {number}))");
        }
        11 => {
            let _ = write!(out, "(add-atom &self (= (f{number}) {}))", number + 10);
        }
        12 => {
            let _ = write!(out, "(remove-atom &self (fact {number}))");
        }
        13 => out.push_str("(match &self (fact $x) $x)"),
        14 => {
            let _ = write!(out, "(match &self (fact $x) (add-atom &self (seen $x {number})))");
        }
        15 => {
            let _ = write!(out, "(change-state! &state {number})");
        }
        16 => out.push_str("(let $s (new-space) (let $u (add-atom $s own) (get-atoms $s)))"),
        17 => out.push_str("(get-state &state)"),
        18 => {
            let _ = write!(out, "(get-type (g{number} $free))");
        }
        19 => {
            let _ = write!(out, "(let $r (h $free{depth}) ($free{depth} $r))");
        }
        20 => parts(g, out, "(+ 1 1)", 2),
        21 => parts(g, out, "(f1)", 2),
        22 => parts(g, out, "if (== 1 (f2))", 2),
        23 => {
            let _ = write!(out, "(case (f{number}) ((1 ");
            expression(g, depth - 1, out);
            let _ = write!(out, ") ($c{depth} (pair $c{depth} ");
            expression(g, depth - 1, out);
            out.push_str("))))");
        }
        24 => {
            let _ = write!(out, "(foldl-atom ");
            parts(g, out, "a", 2);
            let _ = write!(out, " {number} $a{depth} $i{depth} (pair $a{depth} $i{depth}))");
        }
        25 => {
            let _ = write!(out, "(let* (($p{depth} ");
            expression(g, depth - 1, out);
            let _ = write!(out, ") ($q{depth} (pair $p{depth} ");
            expression(g, depth - 1, out);
            let _ = write!(out, "))) ");
            parts(g, out, &format!("pair $q{depth}"), 1);
            out.push(')');
        }
        26 => {
            out.push_str("(chain ");
            expression(g, depth - 1, out);
            let _ = write!(out, " $k{depth} ");
            parts(g, out, &format!("pair $k{depth}"), 1);
            out.push(')');
        }
        27 => parts(
            g,
            out,
            &format!("unify (h $free{depth} {number}) (h 1 $other{depth})"),
            2,
        ),
        28 => {
            out.push_str("(switch ");
            expression(g, depth - 1, out);
            out.push_str(" ((1 ");
            expression(g, depth - 1, out);
            let _ = write!(out, ") ($w{depth} ");
            parts(g, out, &format!("pair $w{depth}"), 1);
            out.push_str(")))");
        }
        29 => {
            let _ = write!(out, "(filter-atom (0 (f1) {number}) $y{depth} (< $y{depth} ");
            expression(g, depth - 1, out);
            out.push_str("))");
        }
        30 | 31 => parts(g, out, &format!("bind! &t{}", number % 2), 1),
        32 => {
            let _ = write!(out, "(pair &t0 (pair (bind! &t{} {number}) &t1))", number % 2);
        }
        33 => parts(g, out, "println!", 1),
        34 => {
            out.push_str("(hyperpose ");
            parts(g, out, "f1", 3);
            out.push(')');
        }
        35 => {
            out.push_str("(evalc ");
            expression(g, depth - 1, out);
            out.push_str(if number == 0 { " &self)" } else { " &other)" });
        }
        36 => {
            let _ = write!(out, "(add-atom &other (= (f{number}) {}))", number + 20);
        }
        37 => {
            let _ = write!(out, "(match &other (= (f{number}) $o) $o)");
        }
        38 => parts(g, out, ["inc", "pick", "lazily", "(make 1)"][number as usize % 4], 1),
        39 => out.push_str("(wrong)"),
        40 => parts(g, out, "id", 1),
        41 => parts(g, out, "==", 2),
        42 => parts(g, out, &format!("if $free{depth}"), 2),
        43 => {
            let _ = write!(out, "(let $r ");
            parts(g, out, &format!("if $free{depth}"), 2);
            let _ = write!(out, " ($free{depth} $r))");
        }
        44 => {
            let _ = write!(out, "(f{number} wild)");
        }
        45 => parts(g, out, "assertEqual", 2),
        46 => parts(g, out, "cdr-atom", 2),
        47 => {
            let _ = write!(out, "(let* (($a{depth} ");
            expression(g, depth - 1, out);
            let _ = write!(out, ") ($b{depth} ");
            expression(g, depth - 1, out);
            let _ = write!(out, ")) (pair $b{depth} $a{depth}))");
        }
        48 => {
            out.push_str("(hyperpose ");
            parts(g, out, "f0", 2);
            out.push(')');
        }
        49 => {
            // Arguments that may bind a variable of each other, and one that may not.
            let _ = write!(
                out,
                "(let $r (trio (h $s{depth}) (h $s{number}) (h $t{depth})) ($r $s{depth} $t{depth}))"
            );
        }
        50 => {
            let _ = write!(out, "(superpose ((h $free) (j $free $w{number}) ");
            expression(g, depth - 1, out);
            out.push_str("))");
        }
        51 => {
            let _ = write!(out, "(collapse-bind (pair (h $x{depth}) ");
            expression(g, depth - 1, out);
            out.push_str("))");
        }
        52 => {
            let _ = write!(out, "(length (Cons ");
            expression(g, depth - 1, out);
            let _ = write!(out, " (Cons {number} Nil)))");
        }
        53 => {
            let _ = write!(out, "(unify (f{number}) $u{depth} (pair $u{depth} ");
            expression(g, depth - 1, out);
            out.push_str(") no)");
        }
        54 => {
            let _ = write!(out, "(filter-atom ({number} 1 2) $i{depth} (== $i{depth} ");
            expression(g, depth - 1, out);
            out.push_str("))");
        }
        55 => parts(g, out, "unique", 1),
        56 => parts(
            g,
            out,
            ["union", "intersection", "subtraction", "=alpha"][number as usize % 4],
            2,
        ),
        57 => parts(g, out, "assert", 1),
        58 => parts(g, out, "eval", 1),
        59 => {
            let _ = write!(out, "(eval (h $free{depth}))");
        }
        60 => {
            let _ = write!(
                out,
                "(let $p{depth} (parse (repr (pair $free{depth} {number}))) (pair $p{depth} $free{depth}))"
            );
        }
        _ => {
            let _ = write!(out, "(map-atom ");
            parts(g, out, "a", 2);
            let _ = write!(out, " $m{depth} (pair $m{depth} ");
            expression(g, depth - 1, out);
            out.push_str("))");
        }
    }
}

impl Arbitrary for Program {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut text = String::from(
            "!(bind! &state (new-state 0)) (fact 0) (fact 1) (fact 1) (= (h 1) one) (= (h (s $x)) (two $x))
             !(bind! &other (new-space)) !(bind! &t0 0)
             (: inc (-> Number Number)) (= (inc $x) (+ $x 1)) (= (text) \"text\") (: wrong (-> Number)) (= (wrong) (text))
             (: pick (-> Number Number)) (= (pick $x) (text)) (= (pick $x) $x) (= (pick $x) (superpose (a \"s\")))
             (: lazily (-> Atom Number)) (= (lazily $x) (if True $x 0)) (: make (-> Number (-> Number Number)))
             (= (make $x) inc)
             (= (j $x $x) (same $x)) (= (j (s $x) $y) ($x $y))
             (: Nil (List $t)) (: Cons (-> $t (List $t) (List $t)))
             (: length (-> (List $t) Number)) (= (length Nil) 0) (= (length (Cons $h $t)) (+ 1 (length $t)))\n",
        );
        for rule in [
            "(= ($w wild) (tame $w))",
            "(= (id 1) (mine 1))",
            "(= (+ 1 $x) (more $x))",
        ] {
            if u8::arbitrary(g) % 4 == 0 {
                let _ = writeln!(text, "{rule}");
            }
        }
        for function in 0..4 {
            for _ in 0..u8::arbitrary(g) % 3 {
                let _ = write!(text, "(= (f{function}) ");
                // Each calls only those after it, so all calls end.
                let mut body = String::new();
                expression(g, 2, &mut body);
                for callee in 0..=function {
                    body = body.replace(&format!("(f{callee})"), &callee.to_string());
                    body = body.replace(&format!("(= {callee} "), &format!("(= (made{callee}) "));
                }
                let _ = writeln!(text, "{body})");
            }
        }
        for _ in 0..3 {
            text.push('!');
            expression(g, 3, &mut text);
            text.push('\n');
        }
        text.push_str("!(collapse (match &self (fact $x) $x)) !(get-state &state) !(new-space)\n");
        Program(text)
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let lines: Vec<String> = self.0.lines().map(str::to_owned).collect();
        Box::new((1..lines.len()).map(move |skip| {
            let mut rest = lines.clone();
            rest.remove(skip);
            Program(rest.join("\n"))
        }))
    }
}

fn outcome(program: &str, policy: Policy, threads: usize, fuel: u64) -> Result<(String, Environment), RunError> {
    outcome_of(Evaluator::builder(), program, policy, threads, fuel)
}

fn outcome_of(
    builder: EvaluatorBuilder,
    program: &str,
    policy: Policy,
    threads: usize,
    fuel: u64,
) -> Result<(String, Environment), RunError> {
    let printed = Arc::new(Mutex::new(String::new()));
    let print = Arc::clone(&printed);
    let evaluator = builder
        .policy(policy)
        .threads(threads)
        .spawn_after(0)
        .fuel(fuel)
        .output(move |text| print.lock().unwrap().push_str(text))
        .build()
        .unwrap();
    // Names of spaces and states are the same each time if the environment's seed is.
    let empty = Environment::new();
    let mut environment = empty.clone();
    environment.set_id_seed(IdSeed::root());
    let run = evaluator.run(environment, program)?;
    run.environment.check();
    let printed = printed.lock().unwrap();
    Ok((format!("{:?}{printed}", run.results), run.environment))
}

fn same_on_all_threads(policy: Policy) {
    const TESTS: u64 = 400;

    fn law(program: Program, policy: Policy) -> bool {
        let expected = outcome(&program.0, policy, 1, 20_000);
        [(2, 0), (8, 0), (2, 30), (1, 1_000)]
            .into_iter()
            .all(|(threads, memo)| {
                let found = outcome_of(Evaluator::builder().memo(memo), &program.0, policy, threads, 20_000);
                match (&expected, &found) {
                    (Ok((results, env)), Ok((found, found_env))) => {
                        if results != found {
                            eprintln!("on 1: {results}\non {threads}: {found}");
                        }
                        results == found && env == found_env && env.diff(found_env).is_empty()
                    }
                    (Err(error), Err(found)) => error == found,
                    _ => false,
                }
            })
    }
    let law: fn(Program) -> bool = match policy {
        Policy::Isolated => |program| law(program, Policy::Isolated),
        Policy::Sequential => |program| law(program, Policy::Sequential),
    };
    quick_check(TESTS).quickcheck(law);
}

#[test]
fn isolated_evaluation_does_not_depend_on_threads() {
    same_on_all_threads(Policy::Isolated);
}

#[test]
fn sequential_evaluation_does_not_depend_on_threads() {
    same_on_all_threads(Policy::Sequential);
}

#[test]
fn fuel_does_not_depend_on_threads() {
    fn law(program: Program) -> bool {
        [10, 20, 30, 50, 80, 120, 180, 300, 1000].into_iter().all(|fuel| {
            let alone = outcome(&program.0, Policy::Isolated, 1, fuel);
            alone == outcome(&program.0, Policy::Isolated, 2, fuel)
        })
    }
    quick_check(100).quickcheck(law as fn(Program) -> bool);

    let program = "(= (tree $n) (if (== $n 0) 1 (+ (tree (- $n 1)) (tree (- $n 1))))) !(tree 10)";
    let least = (0..40_000u64)
        .collect::<Vec<_>>()
        .partition_point(|fuel| outcome(program, Policy::Isolated, 1, *fuel).is_err()) as u64;
    for threads in [1, 2, 8] {
        assert!(outcome(program, Policy::Isolated, threads, least).is_ok());
        assert_eq!(
            outcome(program, Policy::Isolated, threads, least - 1).err(),
            Some(RunError::Eval(EvalError::OutOfFuel { limit: least - 1 }))
        );
    }
}

/// Found by fuzzing: nested tasks took a thousand steps each, whatever fuel was left.
#[test]
fn tasks_take_little_more_fuel_than_there_is() {
    let program = "(= (moves $n) (if (== $n 0) 0 (+ (moves (- $n (tick))) (moves (- $n 1))))) !(moves 40)";
    for threads in [1, 2, 8] {
        let ticks = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&ticks);
        let tick = HostFunction::new("(-> Number)", move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            HostResult::Values(vec![1.into()])
        });
        let builder = Evaluator::builder().register("tick", tick.unwrap());
        let error = outcome_of(builder, program, Policy::Isolated, threads, 500).unwrap_err();
        assert_eq!(error, RunError::Eval(EvalError::OutOfFuel { limit: 500 }));
        let ticks = ticks.load(Ordering::Relaxed);
        assert!(ticks < 4_000, "{ticks} on {threads} threads");
    }
}

#[test]
fn endless_recursion_runs_out_of_fuel() {
    for program in [
        "(= (f) (f)) !(f)",
        "(= (f) (+ 1 (f))) !(f)",
        "(= (f) (f)) (= (f) (f)) !(f)",
    ] {
        for threads in [1, 2] {
            assert!(matches!(
                outcome(program, Policy::Isolated, threads, 100_000),
                Err(RunError::Eval(EvalError::OutOfFuel { limit: 100_000 }))
            ));
        }
    }
}

#[test]
fn a_million_levels_need_memory_alone() {
    let program = "(= (count $n) (if (== $n 0) 0 (+ 1 (count (- $n 1))))) !(count 1000000)
        (= (nest $n $x) (if (== $n 0) $x (nest (- $n 1) (s $x))))
        (= (peel (s $x) $n) (peel $x (+ $n 1))) (= (peel z $n) $n)
        !(let $deep (nest 100000 z) (let $u (add-atom &self (deep $deep)) stored))";
    let (results, _) = outcome(program, Policy::Isolated, 1, u64::MAX).unwrap();
    assert!(results.starts_with("[[1000000], [stored]"), "{results}");
}

/// Deep source text is evaluated without overflowing the stack.
#[test]
fn deep_source_is_evaluated() {
    let depth = 100_000;
    let program = format!("!{}1{}", "(+ 1 ".repeat(depth), ")".repeat(depth));
    let (results, _) = outcome(&program, Policy::Isolated, 1, u64::MAX).unwrap();
    assert_eq!(results, format!("[[{}]]", depth + 1));
    let rule = format!("(= (f $x) {}$x{}) !(f 1)", "(+ 1 ".repeat(1000), ")".repeat(1000));
    let (results, _) = outcome(&rule, Policy::Isolated, 1, u64::MAX).unwrap();
    assert_eq!(results, "[[1001]]");
}

/// A fold continues where it is, whatever the number of its results.
#[test]
fn folds_are_linear() {
    let items = "1 ".repeat(20_000);
    let program = format!(
        "(= (add $a $x) (+ $a $x)) (= (pick a) 1)
         !(foldl-atom ({items}) 0 $a $x (add $a $x))
         !(let $k (superpose (1 2)) (foldl-atom ({items}) 0 $a $x (+ $a (superpose (1)))))
         !(foldl-atom ({items}) 0 $a $x (let $r (pick $free) (+ $a $r)))
         !(foldl-atom (1 2 3) 0 $a $x (superpose ((+ $a $x) (- $a $x))))
         !(foldl-atom (1 2) () $a $x (let $r (superpose ($x (s $x))) ($r $a)))"
    );
    let (results, _) = outcome(&program, Policy::Isolated, 1, u64::MAX).unwrap();
    assert_eq!(
        results,
        "[[20000], [20000, 20000], [20000], [6, 0, 2, -4, 4, -2, 0, -6], \
         [(2 (1 ())), ((s 2) (1 ())), (2 ((s 1) ())), ((s 2) ((s 1) ()))]]"
    );
}

/// Found by the laws above.
#[test]
fn programs_that_once_depended_on_threads() {
    let programs = [
        // A name depended on whether a value was known to be evaluated already.
        "!(let $v 2 (pair (superpose (a (f) (pair 1 (+ 1 0)))) (pair $v (new-space))))",
        // An argument was evaluated again for each local binding of the argument before it.
        "(= (f) (let $r (h $free) ($free $r))) (= (h 1) one) (= (h (s $x)) (two $x))
         !(pair (superpose (a (f) (add-atom &self (= (g) 10)))) (let $v (add-atom &self (p)) (pair $v 2)))
         !(collapse (match &self (p) p))",
        // A variable that was only mentioned counted as bound.
        "(fact 0) (fact 1)
         !(superpose (a (pair (let $v (superpose (0 3)) (pair $v (add-atom &self (fact 1))))
                              (match &self (fact $x) (add-atom &self (seen $x))))))
         !(collapse (match &self (seen $x) $x))",
        // A sum that was the head of a tuple was left as it was, if the items after it became tasks.
        "!(data ((+ 1 1) (one) (two))) !((+ 1 1) (one) (two))",
        // A variable that answers of one task had in common was one for each of them.
        "(= (h 1) one) (= (h (s $x)) (two $x)) (= (f0) ((f1) 1 (f2))) (= (f1) (let $r (h $free) ($free $r)))
         !(collapse (map-atom (a (superpose (0 2 1)) (pair 2 3)) $m (pair $m (f0))))",
        // Tasks took fewer steps, for they looked first whether there is anything to evaluate.
        "!(map-atom (a b) $m (pair $m 1))",
        // The arguments of a head that was evaluated were compared with its type here, and not in a task.
        "(: inc (-> Number Number)) (= (inc $x) (+ $x 1)) (= (make) inc) (= (f) (superpose (a \"s\" 1 (b c))))
         !((make) (f)) !((make) ((f) 1))",
    ];
    for program in programs {
        let expected = outcome(program, Policy::Isolated, 1, 10_000).unwrap();
        for threads in [2, 8] {
            let found = outcome(program, Policy::Isolated, threads, 10_000).unwrap();
            assert_eq!(found, expected, "{program}");
            for fuel in 1..100 {
                let alone = outcome(program, Policy::Isolated, 1, fuel);
                assert_eq!(outcome(program, Policy::Isolated, threads, fuel), alone, "{program}");
            }
        }
    }
}
