//! Closures that are advanced to other states, and handed on by them.

use pleach::{Atom, Environment};

use super::{atom, program};

/// Rules are definitions in one kind of space and plain facts in the other one.
#[test]
fn a_closure_advances_across_kinds_of_spaces() {
    let program = program("(=> (, (p $x)) (q $x)) (=> (, (alias $a $b)) (= $a $b))");
    let empty = Environment::<Atom>::new();
    let mut data = Environment::<Atom>::new();
    let id = data.new_data_space();
    let mut rules = Environment::<Atom>::new();
    for fact in ["(= (f) 1)", "(alias (g) 2)", "(: a b)", "(p 1)"].map(atom) {
        data.space_mut(id).unwrap().add_fact(fact.clone());
        rules.add_fact(fact);
    }
    let data = data.space(id).unwrap();

    let mut derived = program.derive(&empty).unwrap();
    for (state, rules) in [(data, 0), (&rules, 2), (&empty, 0), (data, 0), (&empty, 0)] {
        derived.advance(state).unwrap();
        derived.check();
        assert!(derived.is_of(state));
        assert_eq!(derived.rule_count(), rules);
        assert_eq!(derived.matching_rules("f", 0).count(), rules / 2);
        assert_eq!(derived.types("a").count(), rules / 2);
        assert_eq!(derived.contains(&atom("(q 1)")), !state.is_empty());
    }
}
