//! Closures that are advanced to other states, and handed on by them.

use std::sync::Barrier;
use std::thread;

use pleach::derive::{Derived, Program};
use pleach::{Atom, Environment};

use super::{atom, program};

/// The number of facts of a state, from each of which another one is derived.
const FACTS: i64 = 2_000;

fn numbers() -> (Program, Environment) {
    let fact = |number| Atom::expression([Atom::symbol("p"), Atom::from(number)]);
    (program("(=> (, (p $x)) (q $x))"), (0..FACTS).map(fact).collect())
}

/// Whether one of two closures was advanced from the other: facts derived from nothing are in new nodes.
fn is_advanced(from: &Derived, to: &Derived) -> bool {
    let shared = to.sharing(from).facts as i64;
    let unclear = FACTS * 11 / 10..FACTS * 18 / 10;
    assert!(!unclear.contains(&shared), "{shared} are shared");
    shared >= unclear.end
}

#[test]
fn writes_forks_patches_and_unions_hand_closures_on() {
    let (program, mut state) = numbers();
    let before = state.clone();
    let first = program.derive(&state).unwrap();
    state.add_fact(atom("(p new)"));
    assert!(is_advanced(&first, &program.derive(&state).unwrap()));
    let mut fork = state.clone();
    fork.remove_fact(&atom("(p 7)"));
    assert!(is_advanced(&first, &program.derive(&fork).unwrap()));
    let mut patched = before.clone();
    patched.apply(&before.diff(&fork));
    assert!(is_advanced(&first, &program.derive(&patched).unwrap()));
    state.add_fact(atom("(p newer)"));
    assert!(is_advanced(&first, &program.derive(&state.union(&fork)).unwrap()));
    // Another program of the same rules begins from nothing.
    let other = self::program("(=> (, (p $x)) (q $x))");
    assert!(!is_advanced(&first, &other.derive(&state).unwrap()));
}

/// The state is written while a reader derives: no fork of the older snapshot is made after that.
#[test]
fn a_closure_that_is_late_reaches_later_states() {
    let (program, mut state) = numbers();
    let mut derived: Option<Derived> = None;
    for i in 0..20 {
        let snapshot = state.clone();
        state.add_fact(Atom::expression([Atom::symbol("p"), Atom::from(FACTS + i)]));
        let next = program.derive(&snapshot).unwrap();
        assert!(derived.is_none_or(|derived| is_advanced(&derived, &next)));
        derived = Some(next);
    }
}

#[test]
fn racing_readers_leave_room_for_other_programs() {
    const READERS: usize = 16;
    let (program, state) = numbers();
    let barrier = Barrier::new(READERS);
    thread::scope(|threads| {
        for _ in 0..READERS {
            threads.spawn(|| {
                barrier.wait();
                program.derive(&state).unwrap()
            });
        }
    });
    let others: Vec<Program> = (0..15).map(|_| numbers().0).collect();
    for other in [&program].into_iter().chain(&others) {
        let first = other.derive(&state).unwrap();
        assert!(is_advanced(&first, &other.derive(&state).unwrap()));
    }
}

#[test]
fn unions_hand_on_the_closures_of_both_operands() {
    let (program, right) = numbers();
    let other = numbers().0;
    let derived = program.derive(&right).unwrap();
    let mut left: Environment = [atom("(p left)")].into_iter().collect();
    other.derive(&left).unwrap();
    left.add_fact(atom("(p lefter)"));
    let united = left.union(&right);
    assert!(is_advanced(&derived, &program.derive(&united).unwrap()));
    let third: Environment = [atom("(p third)")].into_iter().collect();
    let united = Environment::union_all([&left, &third, &right]);
    assert!(is_advanced(&derived, &program.derive(&united).unwrap()));
}

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
