//! Linear costs: an evaluation keeps what it knows of its values, so the work of programs that go through data grows as the
//! data does. Counted are steps, allocations and their bytes, not time.
#![allow(clippy::unwrap_used, clippy::panic)]

use allocation_counter::measure;
use pleach::Environment;
use pleach_metta::Evaluator;

/// The steps, the allocations and the allocated bytes of a program's last expression.
fn work(rules: &str, query: &str) -> [u64; 3] {
    let world = Evaluator::new().run(Environment::new(), rules).unwrap().environment;
    let query = query.parse().unwrap();
    let enough = |fuel: u64| {
        let evaluator = Evaluator::builder().fuel(fuel).build().unwrap();
        evaluator.evaluate(world.clone(), &query).is_ok()
    };
    // The steps are known to a hundredth: most tries are ended by their limit, early.
    let (mut least, mut most) = (0, 100);
    while !enough(most) {
        (least, most) = (most, 2 * most);
    }
    while most - least > most / 100 {
        let middle = least + (most - least) / 2;
        *(if enough(middle) { &mut most } else { &mut least }) = middle;
    }
    let evaluator = Evaluator::new();
    let allocated = measure(|| drop(evaluator.evaluate(world.clone(), &query).unwrap()));
    [most, allocated.count_total, allocated.bytes_total]
}

/// Four times as much data takes four times the work, or nearly so.
fn is_linear(rules: &str, query: &dyn Fn(usize) -> String) {
    let (work, more) = (work(rules, &query(300)), work(rules, &query(1200)));
    for (what, (work, more)) in ["steps", "allocations", "bytes"]
        .into_iter()
        .zip(work.into_iter().zip(more))
    {
        assert!(more < 5 * work, "{}: {work} {what}, then {more}", query(0));
    }
}

#[test]
fn typed_data_is_not_evaluated_again_when_destructured() {
    let list = "(: Nil (List $t)) (: Cons (-> $t (List $t) (List $t)))
        (: range (-> Number (List Number))) (= (range $n) (if (== $n 0) Nil (Cons $n (range (- $n 1)))))
        (: length (-> (List $t) Number)) (= (length Nil) 0) (= (length (Cons $h $t)) (+ 1 (length $t)))
        (: up (-> Number (List Number) (List Number)))
        (= (up $n $l) (if (== $n 0) $l (up (- $n 1) (Cons $n $l))))
        (: each (-> (-> $a $b) (List $a) (List $b)))
        (= (each $f Nil) Nil) (= (each $f (Cons $h $t)) (Cons ($f $h) (each $f $t)))
        (: double (-> Number Number)) (= (double $n) (* 2 $n))";
    is_linear(list, &|n| format!("(length (range {n}))"));
    is_linear(list, &|n| format!("(length (up {n} Nil))"));
    is_linear(list, &|n| format!("(length (each double (range {n})))"));
    let peano = "(: Nat Type) (: Z Nat) (: S (-> Nat Nat))
        (: nat (-> Number Nat)) (= (nat $n) (if (== $n 0) Z (S (nat (- $n 1)))))
        (: plus (-> Nat Nat Nat)) (= (plus Z $y) $y) (= (plus (S $x) $y) (S (plus $x $y)))
        (: number (-> Nat Number)) (= (number Z) 0) (= (number (S $x)) (+ 1 (number $x)))";
    is_linear(peano, &|n| format!("(number (plus (nat {n}) (nat {n})))"));
}

#[test]
fn facts_states_and_names_preserve_normal_forms() {
    let rules =
        "(= (loop $n $acc) (if (== $n 0) (done) (let $u (add-atom &self (x $n)) (loop (- $n 1) (cons $n $acc)))))
        (= (tick $n $acc) (if (== $n 0) (done) (let $u (change-state! &s $n) (tick (- $n 1) (cons $n $acc)))))
        (= (make $n $acc) (if (== $n 0) (done) (let $u (new-space) (make (- $n 1) (cons $n $acc)))))
        (= (drop $n $acc) (if (== $n 0) (done) (let $u (remove-atom &self (y $n)) (drop (- $n 1) (cons $n $acc)))))
        (= (rules $n $acc)
           (if (== $n 0) (done) (let $u (add-atom &other (= (f $n) $n)) (rules (- $n 1) (cons $n $acc)))))
        (: Nil (List $t)) (: Cons (-> $t (List $t) (List $t)))
        (= (typed $n $acc) (if (== $n 0) (done) (let $u (add-atom &self (x $n)) (typed (- $n 1) (Cons $n $acc)))))
        !(bind! &s (new-state 0)) !(bind! &other (new-space))";
    for head in ["loop", "tick", "make", "drop", "rules"] {
        is_linear(rules, &|n| format!("({head} {n} nil)"));
    }
    is_linear(rules, &|n| format!("(typed {n} Nil)"));
}

#[test]
fn forms_and_built_ins_preserve_normal_forms() {
    let items = |n: usize| "1 ".repeat(n);
    is_linear("", &|n| {
        format!("(foldl-atom ({}) nil $acc $x (cons $x $acc))", items(n))
    });
    is_linear(
        "(= (loop $n $acc) (if (== $n 0) (done) (loop (- $n 1) (cons $n (id $acc)))))
         (= (last $n $acc) (if (== $n 0) (done) (last (- $n 1) (index-atom (0 (cons $n $acc)) 1))))",
        &|n| format!("((loop {n} nil) (last {n} nil))"),
    );
    is_linear(
        "(= (loop $n $acc) (if (== $n 0) (done) (loop (- $n 1) (function (return (cons $n $acc))))))",
        &|n| format!("(loop {n} nil)"),
    );
}

/// A value in a state, or from a built-in that returns it as it is, is looked at once.
#[test]
fn large_values_are_checked_once() {
    let rules = "(= (push $n) (if (== $n 0) (done)
            (let $l (cons $n (get-state &s)) (let $u (change-state! &s $l) (push (- $n 1))))))
        (= (spread $n $l) (if (== $n 0) (done) (let $m (superpose ((cons $n $l))) (spread (- $n 1) $m))))
        (= (gather $n $l) (if (== $n 0) (done) (gather (- $n 1) (collapse (id (cons $n $l))))))
        !(bind! &s (new-state nil))";
    for query in ["(push", "(spread", "(gather"] {
        is_linear(rules, &|n| {
            format!("{query} {n}{})", if query == "(push" { "" } else { " nil" })
        });
    }
}

#[test]
fn types_are_inferred_only_where_they_matter() {
    // A value that is compared with a unit may be of any type.
    let rules = "(= (sum $l) (if (== $l ()) 0 (let* (($h (car-atom $l)) ($t (cdr-atom $l))) (+ $h (sum $t)))))";
    is_linear(rules, &|n| format!("(sum ({}))", "1 ".repeat(n)));
    let rules = "(= (walk $l) (if (== $l nil) 0 (let ($c $h $t) $l (+ 1 (walk $t)))))
        (= (make $n) (if (== $n 0) nil (cons 1 (make (- $n 1)))))";
    is_linear(rules, &|n| format!("(walk (make {n}))"));
}

#[test]
fn expressions_are_built_and_taken_apart_as_lists() {
    let rules = "(= (numbers $n $l) (if (== $n 0) $l (numbers (- $n 1) (cons-atom $n $l))))
        (= (pairs $n $l) (if (== $n 0) $l (pairs (- $n 1) (cons-atom (of $n (inner $n)) $l))))
        (= (names $n $l) (if (== $n 0) $l (names (- $n 1) (cons-atom name $l))))
        (= (open $n $l) (if (== $n 0) $l (open (- $n 1) (cons-atom ($x $n) $l))))
        (= (count $l $n) (if (== $l ()) $n (count (cdr-atom $l) (+ $n 1))))
        (= (sum $l $n) (if (== $l ()) $n (sum (cdr-atom $l) (+ $n (car-atom $l)))))
        (= (parts $l) (if (== $l ()) 0 (let ($h $t) (decons-atom $l) (+ 1 (parts $t)))))
        (= (copy $l $m) (if (== $l ()) $m (let ($h $t) (decons-atom $l) (copy $t (cons-atom $h $m)))))
        (: typed (-> Expression Number Number))
        (= (typed $l $n) (if (== $l ()) $n (let $t (cdr-atom $l) (typed $t (+ $n 1)))))";
    for list in ["numbers", "pairs", "names", "open"] {
        for take in [
            "(count $l 0)",
            "(parts $l)",
            "(parts (copy $l ()))",
            "(typed $l 0)",
            "(chained $l 0)",
        ] {
            is_linear(rules, &|n| format!("(let $l ({list} {n} ()) {take})"));
        }
    }
    is_linear(rules, &|n| format!("(let $l (numbers {n} ()) (sum $l 0))"));
}
