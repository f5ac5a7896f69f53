//! The language, statement by statement.
#![cfg(feature = "eval")]
#![allow(clippy::unwrap_used, clippy::panic)]

use pleach::Environment;
use pleach::eval::{Evaluator, Policy};

/// The results of each `!` of a program, as text, sorted.
fn run(policy: Policy, program: &str) -> Vec<Vec<String>> {
    let evaluator = Evaluator::builder().policy(policy).fuel(10_000_000).build();
    let run = evaluator.run(Environment::new(), program).unwrap();
    run.environment.check();
    run.results
        .iter()
        .map(|results| {
            let mut results: Vec<String> = results.iter().map(ToString::to_string).collect();
            results.sort();
            results
        })
        .collect()
}

#[track_caller]
fn expect(program: &str, expected: &[&[&str]]) {
    for policy in [Policy::Isolated, Policy::Sequential] {
        expect_under(policy, program, expected);
    }
}

#[track_caller]
fn expect_under(policy: Policy, program: &str, expected: &[&[&str]]) {
    let expected: Vec<Vec<String>> = expected
        .iter()
        .map(|results| {
            let mut results: Vec<String> = results.iter().map(ToString::to_string).collect();
            results.sort();
            results
        })
        .collect();
    assert_eq!(run(policy, program), expected, "{policy:?}: {program}");
}

#[test]
fn space_is_a_multiset() {
    expect(
        "(p 1) (p 1)
         !(match &self (p $x) $x)
         !(add-atom &self (p 1))
         !(match &self (p $x) $x)
         !(match &self (, (p $x) (p $y)) ($x $y))
         !(remove-atom &self (p 1))
         !(match &self (p $x) $x)
         !(remove-atom &self (absent))",
        &[
            &["1", "1"],
            &["()"],
            &["1", "1", "1"],
            &["(1 1)"; 9],
            &["()"],
            &["1", "1"],
            &["()"],
        ],
    );
    expect("(= (f) a) (= (f) a) !(f)", &[&["a", "a"]]);
    expect("(= (al $x) (r $x)) (= (al $y) (r $y)) !(al 1)", &[&["(r 1)", "(r 1)"]]);
    expect(
        "(likes $x tea) !(remove-atom &self (likes $y tea)) !(match &self (likes bob $what) $what)",
        &[&["()"], &[]],
    );
}

#[test]
fn every_matching_rule_reduces() {
    expect(
        "(= (g 0) base) (= (g $n) (general $n)) !(g 0)",
        &[&["base", "(general 0)"]],
    );
    expect(
        "!(superpose (1 2 3)) !(collapse (superpose (1 2 3)))",
        &[&["1", "2", "3"], &["(1 2 3)"]],
    );
}

#[test]
fn arguments_are_evaluated_first() {
    expect("!(f (+ 1 1))", &[&["(f 2)"]]);
    expect("(= A B) (= (use $x) (got $x)) !(use A)", &[&["(got A)"]]);
    expect(
        "(: lazy (-> Atom Atom)) (= (lazy $x) (quote $x)) !(lazy (+ 1 1))",
        &[&["(quote (+ 1 1))"]],
    );
    expect("!(quote (+ 1 1))", &[&["(quote (+ 1 1))"]]);
    expect("!(if True (+ 1 1) (empty))", &[&["2"]]);
}

#[test]
fn no_result_kills_the_enclosing_expression() {
    expect("(= (e) (empty)) !(wrap (e))", &[&[]]);
    expect("!(wrap (match &self (nothing $x) $x))", &[&[]]);
    expect("(= (e) Empty) !(wrap (e))", &[&[]]);
}

#[test]
fn error_in_an_argument_is_the_result() {
    expect(
        "!(f (+ 1 \"a\") 2)",
        &[&["(Error (+ 1 \"a\") (BadArgType 2 Number String))"]],
    );
}

#[test]
fn matching_binds_the_callers_variables() {
    expect(
        "(= (f 1) one) (= (f 2) two) !(let $r (f $x) ($x $r))",
        &[&["(1 one)", "(2 two)"]],
    );
    // Occurs check.
    expect("(= (same $x $x) yes) !(same $y (s $y))", &[&["(same $y (s $y))"]]);
}

#[test]
fn writes_are_visible_to_what_follows() {
    expect("!(let $u (add-atom &self (= (dyn2) first)) (dyn2))", &[&["first"]]);
    expect("!(add-atom &self (= (d) 1)) !(d)", &[&["()"], &["1"]]);
    expect(
        "(n z) !(match &self (n $x) (add-atom &self (n (s $x)))) !(match &self (n $x) $x)",
        &[&["()"], &["z", "(s z)"]],
    );
}

#[test]
fn siblings() {
    let program = "!((add-atom &self (= (dyn4) late)) (dyn4)) !(dyn4)";
    expect_under(Policy::Sequential, program, &[&["(() late)"], &["late"]]);
    expect_under(Policy::Isolated, program, &[&["(() (dyn4))"], &["late"]]);
}

#[test]
fn types() {
    expect("(: a A) !(get-type a) !(get-type b)", &[&["A"], &["%Undefined%"]]);
    expect(
        "(: f (-> A B)) (: a A) !(get-type f) !(get-type (f a))",
        &[&["(-> A B)"], &["B"]],
    );
    expect(
        "(: id-n (-> Number Number)) (= (id-n $x) $x) !(id-n \"str\") !(id-n 1)",
        &[&["(Error (id-n \"str\") (BadArgType 1 Number String))"], &["1"]],
    );
    expect(
        "(: id-n (-> Number Number)) !(id-n 1 2)",
        &[&["(Error (id-n 1 2) IncorrectNumberOfArguments)"]],
    );
    expect(
        "(: g (-> Number Number)) (: g (-> String String)) (= (g $x) $x) (: c C) !(g 1) !(g \"a\") !(g c)",
        &[
            &["1"],
            &["\"a\""],
            &[
                "(Error (g c) (BadArgType 1 Number C))",
                "(Error (g c) (BadArgType 1 String C))",
            ],
        ],
    );
    expect("(: mk (-> Atom)) (= (mk) (+ 1 2)) !(mk)", &[&["(+ 1 2)"]]);
}

#[test]
fn numbers() {
    expect(
        "!(== 1 1.0) !(/ 5 2) !(/ 5.0 2) !(% 7 3)",
        &[&["True"], &["2"], &["2.5"], &["1"]],
    );
    expect("(f 1) !(match &self (f 1.0) yes)", &[&[]]);
    expect(
        "!(+ 9223372036854775807 1)",
        &[&["(Error (+ 9223372036854775807 1) Overflow)"]],
    );
}

#[test]
fn assertions() {
    expect(
        "!(assertEqual (+ 1 2) 3) !(assertEqualToResult (superpose (1 2)) (2 1))",
        &[&["()"], &["()"]],
    );
    let run = run(Policy::Isolated, "!(assertEqual (+ 1 2) 4)");
    assert_eq!(
        run[0],
        [r#"(Error (assertEqual (+ 1 2) 4) "\nExpected: [4]\nGot: [3]\nMissed result: 4\nExcessive result: 3")"#]
    );
}

#[test]
fn fib() {
    expect(
        "(= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2))))) !(fib 15)",
        &[&["610"]],
    );
}

#[test]
fn deep_recursion() {
    expect(
        "(= (count $n) (if (== $n 0) 0 (+ 1 (count (- $n 1))))) !(count 100000)
         (= (loop $n) (if (== $n 0) done (loop (- $n 1)))) !(loop 100000)",
        &[&["100000"], &["done"]],
    );
}
