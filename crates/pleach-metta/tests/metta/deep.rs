//! Programs with atoms fifty thousand levels deep, on a stack of 256 KB.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::thread;

use pleach::term::Parser;
use pleach::{Atom, Environment};
use pleach_metta::{EvalError, Evaluator, RunError};

const LEVELS: usize = 50_000;

fn nested(leaf: Atom) -> Atom {
    let s = Atom::symbol("s");
    (0..LEVELS).fold(leaf, |inner, _| Atom::expression([s.clone(), inner]))
}

/// Programs on deep atoms, each with the beginning of its result. `$a` is `(s (s … z))`, and so is `$b`, built
/// separately; `$v` has a variable in place of `z`.
const PROGRAMS: [(&str, &str); 33] = [
    ("(== $a $b)", "True"),
    ("(== $a $v)", "False"),
    ("(== $a \"a\")", "False"),
    ("(+ 1 $a)", "(+ 1 (s (s "),
    ("(f $a)", "(f (s (s "),
    ("(eval $a)", "(eval (s (s "),
    ("(evalc $v &self)", "(evalc (s (s "),
    ("(quote $v)", "(quote (s (s "),
    ("(chain $v $x $x)", "(s (s "),
    ("(println! $v)", "()"),
    ("(trace! $v ok)", "ok"),
    ("(let (s (s $x)) $v $x)", "(s (s "),
    ("(let $x $a (let $y $x ($x $y)))", "((s (s "),
    ("(unify $a $b ok no)", "ok"),
    ("(unify $v $a ok no)", "ok"),
    ("(case $a (((s (s z)) no) ($x ok)))", "ok"),
    ("(switch $v (((s $x) ok)))", "ok"),
    ("(if-equal $a $b ok no)", "ok"),
    ("(assertEqual $a $b)", "()"),
    ("(assertEqual $a $v)", "(Error (assertEqual (s (s "),
    ("(assertEqualToResult $a ((s z)))", "(Error (assertEqualToResult (s (s "),
    ("(unique-atom ($a $b $v))", "((s (s "),
    ("(intersection-atom ($v) ($v))", "((s (s "),
    ("(map-atom ($a $v) $x (f $x))", "((f (s (s "),
    ("(collapse (superpose ($a $v)))", "((s (s "),
    ("(get-state (new-state $v))", "(s (s "),
    ("(get-type $a)", "%Undefined%"),
    ("(get-type (typed $v))", "Done"),
    ("(get-metatype $v)", "Expression"),
    ("(let $u (add-atom &self $v) (match &self (s $x) ok))", "ok"),
    ("(let $u (add-atom &self $v) (remove-atom &self $v))", "()"),
    ("(let $u (add-atom &self (= (g $v) $v)) (g $a))", "(s (s "),
    (
        "(let $s (new-space) (let $u (add-atom $s $v) (get-atoms $s)))",
        "(s (s ",
    ),
];

#[test]
fn deep_atoms_overflow_no_stack() {
    let test = || {
        let mut environment = Environment::new();
        environment.add_fact("(: typed (-> $t Done))".parse().unwrap());
        environment.bind("&a", nested(Atom::symbol("z")));
        environment.bind("&b", nested(Atom::symbol("z")));
        environment.bind("&v", nested(Atom::variable("free")));
        let mut wrong = Vec::new();
        for threads in [1, 2] {
            let evaluator = Evaluator::builder()
                .threads(threads)
                .spawn_after(0)
                .memo(10)
                .output(|_| {})
                .build()
                .unwrap();
            for (program, start) in PROGRAMS {
                let run = evaluator
                    .run(
                        environment.clone(),
                        &format!("!(let* (($a &a) ($b &b) ($v &v)) {program})"),
                    )
                    .unwrap();
                let found = run.results[0].first().map(Atom::to_string).unwrap_or_default();
                if !found.starts_with(start) {
                    wrong.push(format!("{program}: {}", &found[..found.len().min(80)]));
                }
            }
        }
        assert_eq!(wrong, [""; 0]);
    };
    thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// Deep source text, in each position of a program.
#[test]
fn deep_source_overflows_no_stack() {
    let test = || {
        let (open, close) = ("(s ".repeat(LEVELS), ")".repeat(LEVELS));
        let evaluator = Evaluator::builder().fuel(10_000_000).memory(1 << 30).build().unwrap();
        for (start, end) in [
            ("", ""),
            ("!", ""),
            ("(= (f) ", ")"),
            ("(= ", " 1)"),
            ("(: f ", ")"),
            ("(: ", " T)"),
            ("!(let ", " a b)"),
        ] {
            let program = format!("{start}{open}z{close}{end} (= (g $x) $x) !(g 1)");
            let items: Vec<_> = Parser::new(&program).map(Result::unwrap).collect();
            drop(evaluator.check(&Environment::new(), &items));
            let run = evaluator.run(Environment::new(), &program).unwrap();
            assert_eq!(run.results.last(), Some(&vec![Atom::from(1)]), "{start}");
        }
    };
    thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// The argument of a declared constructor is checked once at each level, not down to the bottom.
#[test]
fn building_a_typed_term_is_linear() {
    let evaluator = Evaluator::builder().fuel(10_000_000).build().unwrap();
    let types = "(: Nat Type) (: z Nat) (: s (-> Nat Nat)) (: bad Other)";
    let nest = "(= (nest $n $x) (if (== $n 0) $x (nest (- $n 1) (s $x))))";
    let program = format!("{types} {nest} !(let $deep (nest 30000 z) (get-type $deep)) !(nest 2 bad)");
    let run = evaluator.run(Environment::new(), &program).unwrap();
    assert_eq!(run.results[0], [Atom::symbol("Nat")]);
    assert!(run.results[1][0].to_string().starts_with("(Error "));
}

/// Found by fuzzing: the argument grows without bound, and each step inferred its type down to the bottom.
#[test]
fn the_type_of_a_growing_argument_is_found_once() {
    let program = "(= (moves $n) (if (== $n 0) 0 (+ 1 (+ (moves (- $n 1)) (moves (- x 1)))))) !(moves 10)";
    let run = Evaluator::builder()
        .fuel(50_000)
        .build()
        .unwrap()
        .run(Environment::new(), program);
    assert_eq!(run.unwrap_err(), RunError::Eval(EvalError::OutOfFuel { limit: 50_000 }));
}

/// Found by fuzzing: each level shares the one before several times, so a term small in memory is a huge tree. A step
/// costs its size in memory.
#[test]
fn shared_subterms_are_visited_once() {
    for growth in [
        "(if (unknown $x 0) $x (+ 1 (unknown 3 $x)))",
        "(pair $x $x)",
        "(let (a $y) (a $x) (pair $y $y))",
        "(case $x ((none 1) ($y (unknown $y $y $y))))",
    ] {
        for start in ["27", "(a 1)", "$free", "(a $free)"] {
            if growth.starts_with("(if") && start.contains('$') {
                // Evaluating a part makes a copy of it, up to some thousand items, so here much is not shared.
                continue;
            }
            let program = format!("(= (grow $n $x) (if (== $n 0) done (grow (- $n 1) {growth}))) !(grow 60 {start})");
            let evaluator = Evaluator::builder().fuel(100_000).memory(16 << 20).build().unwrap();
            let run = evaluator.run(Environment::new(), &program).unwrap();
            assert_eq!(run.results, [[Atom::symbol("done")]], "{program}");
        }
    }
}

/// Special forms find their parts at any depth within an expression.
#[test]
fn special_forms_work_at_any_depth() {
    let forms = [
        "(let* (($a 1) ($b (+ $a 1))) (+ $a $b))",
        "(case (+ 1 1) ((1 no) (2 3)))",
        "(case (superpose ()) ((1 no) (Empty 3)))",
        "(switch 2 ((1 no) ($x (+ 1 $x))))",
        "(let ($a (b $c)) (1 (b 2)) (+ $a $c))",
        "(foldl-atom (1 2) 0 $a $x (+ $a $x))",
        "(if (> 2 1) (let* () 3) no)",
    ];
    for form in forms {
        for depth in 55..75 {
            let program = format!("!{}{form}{}", "(+ 1 ".repeat(depth), ")".repeat(depth));
            let run = Evaluator::default().run(Environment::new(), &program).unwrap();
            assert_eq!(run.results, [[Atom::from(3 + depth as i64)]], "{form} within {depth}");
        }
        // After more parts than are compiled.
        for items in [4080, 4090, 5000] {
            let program = format!("!(collapse (let $big (1{}) {form}))", " (a)".repeat(items));
            let run = Evaluator::default().run(Environment::new(), &program).unwrap();
            let three = Atom::expression([Atom::from(3)]);
            assert_eq!(run.results, [[three]], "{form} after {items}");
        }
    }
}

/// Cached types of large expressions are invalidated as computed types of small ones are.
#[test]
fn types_that_change_are_seen() {
    let found = |levels: usize| {
        let term = format!("{}z{}", "(s ".repeat(levels), ")".repeat(levels));
        let program = format!(
            "(: z Nat) (: s (-> Nat Nat)) !(get-type {term}) !(add-atom &self (: s (-> Nat Other))) !(get-type {term})
             !(remove-atom &self (: s (-> Nat Nat))) !(get-type {term}) !(add-atom &self (: s (-> $t (L $t))))
             !(get-type (s {term})) !(let $u (remove-atom &self (: s (-> Nat Other))) (f (get-type {term})))
             !(evalc (get-type {term}) (new-space)) !(get-type {term})"
        );
        let run = Evaluator::new().run(Environment::new(), &program).unwrap();
        let heads = |atom: &Atom| atom.to_string().chars().take(10).collect::<String>();
        let found: Vec<Vec<String>> = run
            .results
            .iter()
            .map(|results| results.iter().map(heads).collect())
            .collect();
        found
    };
    let small = found(8);
    assert_eq!(small[0], ["Nat"]);
    assert_eq!(small[2], ["Nat", "Other"]);
    assert_eq!(found(40), small);
}
