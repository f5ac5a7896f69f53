use std::sync::Arc;

use super::MemoEntry;
use crate::Evaluator;
use crate::machine::Machine;
use crate::shared::Shared;
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Item, Parser};

/// Returns a machine with a memo table, in an environment with these atoms.
fn machine(program: &str) -> Machine {
    let items: Vec<Item> = Parser::new(program).collect::<Result<_, _>>().unwrap();
    let world: Environment = items.into_iter().map(|item| item.atom).collect();
    let settings = Evaluator::builder().memo(1_000);
    Machine::new(Arc::new(Shared::new(&settings, None, IdSeed::root())), world, 1, 0)
}

fn evaluate(machine: &mut Machine, query: &str) -> String {
    let answers = machine.evaluate(&query.parse().unwrap()).unwrap().atoms();
    answers.iter().map(Atom::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns the memo entries of calls of this function.
fn known<'m>(machine: &'m Machine, function: &str) -> Vec<&'m MemoEntry> {
    let calls = machine.memo.as_ref().unwrap().calls.iter();
    let wanted = Atom::symbol(function);
    calls
        .filter(|(key, _)| key.0.first() == Some(&wanted))
        .map(|(_, known)| known)
        .collect()
}

#[test]
fn writing_facts_invalidates_only_calls_that_read_them() {
    let mut machine =
        machine("(= (double $x) (+ $x $x)) (= (seen) (match &self (fact $x) $x)) (= (sum) (+ (seen) (double 2)))");
    for round in 1..4 {
        evaluate(&mut machine, &format!("(add-atom &self (fact {round}))"));
        assert_eq!(evaluate(&mut machine, "(double 2)"), "4");
        let sums: Vec<String> = (1..=round).map(|fact| (fact + 4).to_string()).collect();
        assert_eq!(evaluate(&mut machine, "(sum)"), sums.join(" "));
        let [double, seen, sum] = ["double", "seen", "sum"].map(|name| {
            let known = known(&machine, name);
            assert_eq!(known.len(), 1, "{name}");
            (known[0].reads, known[0].stamp == machine.epoch)
        });
        // Still the entry of the first state.
        assert_eq!(double, (false, round == 1));
        assert_eq!((seen, sum), ((true, true), (true, true)));
    }
}

#[test]
fn a_new_rule_is_never_missed() {
    let mut machine = machine("(= (f) (g)) (= (g) 1)");
    assert_eq!(evaluate(&mut machine, "(f)"), "1");
    evaluate(&mut machine, "(add-atom &self (= (g) 2))");
    assert_eq!(evaluate(&mut machine, "(f)"), "1 2");
    evaluate(&mut machine, "(remove-atom &self (= (g) 1))");
    assert_eq!(evaluate(&mut machine, "(f)"), "2");
    evaluate(&mut machine, "(add-atom &self (: g (-> Number)))");
    assert_eq!(evaluate(&mut machine, "(get-type (g))"), "Number");
    assert_eq!(evaluate(&mut machine, "(f)"), "2");
}

/// Cached types of a large expression must track the read of a state's type.
#[test]
fn cached_types_track_reads() {
    let large = format!("{}&state{}", "(w ".repeat(20), ")".repeat(20));
    let mut machine = machine(&format!("(: w (-> $t $t)) (= (type) (get-type {large}))"));
    evaluate(&mut machine, "(bind! &state (new-state u))");
    let query =
        format!("(let* (($a (get-type {large})) ($b (type)) ($u (change-state! &state 1)) ($c (type))) ($a $b $c))");
    assert_eq!(
        evaluate(&mut machine, &query),
        "((StateMonad %Undefined%) (StateMonad %Undefined%) (StateMonad Number))"
    );
}

/// Bindings, states, types of states and other spaces aren't definitions: calls that read them must be evaluated again.
#[test]
fn every_read_is_tracked() {
    let mut machine = machine(
        "(= (named) &name) (= (type) (get-type &name)) (= (content) (get-state &state)) (= (there) (switch (evalc (f) &other) ((7 7) ($_ none))))
         (= (all) (collapse (get-atoms &other))) (= (is) (unify &other (= (f) $x) $x none)) (= (deep) (content))
         (= (gone) (remove-atom &other absent)) (= (pattern) (unify 1 &name yes no)) (= (quoted) (car-atom (&name)))",
    );
    evaluate(&mut machine, "(bind! &state (new-state 0))");
    evaluate(&mut machine, "(bind! &other (new-space))");
    let queries = [
        "(named)",
        "(type)",
        "(content)",
        "(there)",
        "(all)",
        "(is)",
        "(deep)",
        "(gone)",
        "(pattern)",
        "(quoted)",
    ];
    let all = |machine: &mut Machine| queries.map(|query| evaluate(machine, query));
    evaluate(&mut machine, "(bind! &name 1)");
    let expected = ["1", "Number", "0", "none", "()", "none", "0", "()", "yes", "1"];
    assert_eq!(all(&mut machine), expected);
    assert_eq!(all(&mut machine), expected);
    evaluate(&mut machine, "(bind! &name \"text\")");
    evaluate(&mut machine, "(change-state! &state 5)");
    evaluate(&mut machine, "(add-atom &other (= (f) 7))");
    let expected = [
        "\"text\"",
        "String",
        "5",
        "7",
        "((= (f) 7))",
        "7",
        "5",
        "()",
        "no",
        "\"text\"",
    ];
    assert_eq!(all(&mut machine), expected);
}

/// A value in normal form is evaluated again after a name in it is bound.
#[test]
fn a_new_name_is_never_missed() {
    let lazily = "(: lz (-> Atom %Undefined%)) (= (lz $x) $x)";
    let query = "(let $v (g &y) (let* (($a (lz $v)) ($u (bind! &y 5)) ($b (lz $v))) (quote $b)))";
    assert_eq!(evaluate(&mut machine(lazily), query), "(quote (g 5))");
    // Large: its normal form is cached, with the read it tracked.
    let large = format!("{}&x{}", "(w ".repeat(20), ")".repeat(20));
    let rules = "(: one (-> Atom %Undefined%)) (= (one $x) $x) (: two (-> Atom %Undefined%)) (= (two $x) $x)
        (: all (-> Atom %Undefined%)) (= (all $q) (let* (($a (one $q)) ($b (two $q)) ($u (bind! &x 5)) ($c (two $q))) $c))";
    let found = evaluate(&mut machine(rules), &format!("(all {large})"));
    assert_eq!(found, large.replace("&x", "5"));
}
