use crate::Evaluator;
use pleach::Environment;
use pleach::term::{Item, Parser, parser};

/// Checks a program and formats the problems, each with the source text of its part.
fn problems(program: &str) -> Vec<String> {
    let items: Vec<Item> = Parser::new(program).collect::<Result<_, _>>().unwrap();
    let problems = Evaluator::new().check(&Environment::new(), &items);
    let show = |problem: &super::Problem| {
        let span = parser::spans(program, &items[problem.item])[problem.part].clone();
        let level = if problem.kind.is_error() { "error" } else { "warning" };
        let meant = problem
            .kind
            .suggestion()
            .map(|name| format!("; {name}?"))
            .unwrap_or_default();
        format!("{level} at {}: {}{meant}", &program[span], problem.kind)
    };
    problems.iter().map(show).collect()
}

#[track_caller]
fn assert_problems(program: &str, expected: &[&str]) {
    assert_eq!(problems(program), expected, "{program}");
}

const FACT: &str = "(: fact (-> Number Number)) (= (fact $n) (if (< $n 2) 1 (* $n (fact (- $n 1)))))\n";

#[test]
fn correct_programs_have_no_problems() {
    for program in [
        "",
        "(a fact) !(match &self (a $x) $x)",
        "!(fact-like data) (fact-like data)",
        "!((curry + 1) 2) (= ((curry $f $x) $y) ($f $x $y))",
        "(= (len Nil) 0) (= (len (Cons $h $t)) (+ 1 (len $t))) !(len (Cons 1 (Cons 2 Nil)))",
        "!(quote (+ 1 \"a\")) !(let (+ 1 \"a\") (noeval (+ 1 \"a\")) x) !(case 1 (((+ 1 \"a\") x)))",
        "!(add-atom &self (= (later $x) (+ $x 1))) !(later 1)",
        "!(bind! &kb (new-space)) !(add-atom &kb (p 1)) !(match &kb (p $x) $x)",
        "(: my-if (-> Bool Atom Atom $t)) !(my-if True (+ 1 \"a\") no)",
        "(: f (-> Number Atom)) (= (f $x) \"text\") (: g (-> $a $a)) !(g 1) !(g \"a\")",
        "(: p (-> Number Number)) (= (p $x) (Error (p $x) negative)) (= (p 0) (empty)) (= (p 1) Empty)",
        "!(superpose ((+ 1 2) \"a\" (match &self (p) x)))",
        "!(result (+ 1 2)) !(collapse (superpose (1 2)))",
        "(: S (-> Nat Nat)) (: Z Nat) (: plus (-> Nat Nat Nat)) (= (plus Z $y) $y) \
         (= (plus (S $x) $y) (S (plus $x $y))) !(plus (S Z) (S Z))",
    ] {
        assert_problems(program, &[]);
    }
}

#[test]
fn rules_for_forms_are_found() {
    assert_problems(
        "(= (if maybe $a $b) $a) (= (id $x) (mine $x)) !(add-atom &self (= (let 1 $x $y) $y)) (if maybe a b)",
        &[
            "warning at (if maybe $a $b): `if` is a form of the language, so this rule never applies",
            "warning at (let 1 $x $y): `let` is a form of the language, so this rule never applies",
        ],
    );
}

#[test]
fn rules_for_built_in_functions_are_found() {
    assert_problems(
        "(= (+ (v $x) (v $y)) (v (+ $x $y))) (= (car-atom (v $x)) $x) (= (<= $x $y) (not (> $x $y)))",
        &[
            "warning at (+ (v $x) (v $y)): `+` is built in, so this rule never applies",
            "warning at (<= $x $y): `<=` is built in, so this rule never applies",
        ],
    );
}

#[test]
fn misspelled_names_are_found() {
    assert_problems(
        &format!("{FACT}!(+ 1 (fcat 3)) !(macth &self (p) x) !(case 1 ((1 (facct 2))))"),
        &[
            "warning at fcat: `fcat` is undefined, so this is irreducible; fact?",
            "warning at macth: `macth` is undefined, so this is irreducible; match?",
            "warning at facct: `facct` is undefined, so this is irreducible; fact?",
        ],
    );
    // Data with a name similar to a function's.
    assert_problems(&format!("{FACT}(fcat 1) !(+ 1 (fcat 3))"), &[]);
    assert_problems(&format!("{FACT}(= (is (fcat $x)) yes) !(is (fcat 3))"), &[]);
    // A wildcard rule could reduce any call.
    assert_problems(&format!("{FACT}(= ($f nothing) $f) !(fcat 3)"), &[]);
}

#[test]
fn undefined_names_at_the_top_are_found_unless_they_are_labels() {
    assert_problems(
        "!(unheard-of 1)",
        &["warning at unheard-of: `unheard-of` is undefined, so this is irreducible"],
    );
    assert_problems("!(total (+ 1 2))", &[]);
    assert_problems("!(pair 1) !(pair 2)", &[]);
}

#[test]
fn definitions_of_the_environment_count() {
    let world = Evaluator::new()
        .run(
            Environment::new(),
            "(= (double $x) (+ $x $x)) (= (halve (duoble $x)) $x) (doubel 1) (: h (-> String A))",
        )
        .unwrap()
        .environment;
    let check = |program: &str| {
        let items: Vec<Item> = Parser::new(program).collect::<Result<_, _>>().unwrap();
        Evaluator::new().check(&world, &items).len()
    };
    assert_eq!(check("!(doulbe 1) !(double 1 2) !(h 1)"), 3);
    assert_eq!(check("!(duoble 1) !(doubel 2) !(double 3) !(h \"1\")"), 0);
}

#[test]
fn unbound_names_are_found() {
    assert_problems(
        "!(bind! &facts (new-space)) !(match &fatcs (p) x) !(add-atom &other x)",
        &[
            "warning at &fatcs: `&fatcs` is not bound to anything; &facts?",
            "warning at &other: `&other` is not bound to anything",
        ],
    );
}

#[test]
fn calls_that_no_rule_accepts_are_found() {
    assert_problems(
        "(= (f $x) 1) (= (f $x $y $z) 2) !(f 1 2)",
        &["warning at (f 1 2): the rules of `f` take 1 or 3 arguments, but it is given 2"],
    );
    assert_problems("(= (f $x) 1) (f a b) !(f 1 2)", &[]);
}

#[test]
fn ill_typed_calls_are_found_where_they_are_evaluated() {
    assert_problems(
        &format!("{FACT}!(let $x (fact \"3\") (if True (+ $x (fact 1 2)) (quote (fact \"4\"))))"),
        &[
            "error at \"3\": `fact` expects Number as argument 1, but this is String",
            "error at (fact 1 2): `fact` takes 1 argument, but is given 2",
        ],
    );
    assert_problems(
        "(: Nil (List $t)) (: Cons (-> $t (List $t) (List $t))) !(Cons 1 (Cons \"a\" Nil))",
        &["error at (Cons \"a\" Nil): `Cons` expects (List Number) as argument 2, but this is (List String)"],
    );
    assert_problems(
        "(: h (-> Number A)) (: h (-> String A)) (: c C) !(h 1) !(h \"a\") !(h c)",
        &["error at c: `h` expects Number as argument 1, but this is C"],
    );
    assert_problems(
        "!(if 1 2 3) !(let $x 1) !(nop 1 2)",
        &[
            "error at 1: `if` expects Bool as argument 1, but this is Number",
            "error at (let $x 1): `let` takes 3 arguments, but is given 2",
            "error at (nop 1 2): `nop` takes 0 or 1 arguments, but is given 2",
        ],
    );
}

#[test]
fn rules_are_checked_against_the_type_of_their_left_side() {
    assert_problems(
        "(: name (-> Number String)) (= (name $n) (+ $n 1)) (= (name 7) (+ $n \"a\"))",
        &[
            "warning at (+ $n 1): `(name $n)` is declared to be String, but this is Number",
            "error at \"a\": `+` expects Number as argument 2, but this is String",
        ],
    );
    // Variables have the declared types of their positions, in patterns too.
    assert_problems(
        "(: S (-> Nat Nat)) (: shout (-> String String)) (: f (-> Nat Nat)) (= (f (S $n)) (shout $n))",
        &["error at $n: `shout` expects String as argument 1, but this is Nat"],
    );
    assert_problems(
        "(: f (-> Number Bool)) (= (f \"one\") True)",
        &["error at \"one\": `f` expects Number as argument 1, but this is String"],
    );
}

#[test]
fn deep_programs_are_checked() {
    let deep = 200_000;
    let program = format!("!{}1{}", "(+ 1 ".repeat(deep), ")".repeat(deep));
    assert_problems(&program, &[]);
    let program = format!("!{}\"a\"{}", "(abs-math ".repeat(deep), ")".repeat(deep));
    assert_eq!(problems(&program).len(), 1);
}
