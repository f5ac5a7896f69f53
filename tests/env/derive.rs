//! Derived facts against a naive fixpoint.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod carried;
mod naive;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::thread;

use pleach::derive::{Derived, LimitExceeded, Program, ProgramError};
use pleach::term::Grounded;
use pleach::{Atom, Environment, SharedEnvironment};
use pleach_testkit::{Random, quick_check};

use self::naive::{canonical, closure, is_step, random_fact, random_program};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn program(text: &str) -> Program {
    text.parse().unwrap()
}

fn world(facts: &str) -> Environment {
    let mut world = Environment::new();
    world.extend(facts.split(',').map(|fact| atom(fact.trim())));
    world
}

fn error(text: &str) -> ProgramError {
    text.parse::<Program>().err().unwrap()
}

/// The maximum number of derived facts: facts with variables can make closures infinite.
const LIMIT: usize = 40;

/// Checks the closure of a state against the naive one, multiplicities included.
fn check(program: &Program, world: &Environment) {
    let derived = program.derive(world);
    let rules: Vec<Atom> = program.rules().cloned().collect();
    let Some(wanted) = closure(&rules, world, LIMIT) else {
        assert_eq!(
            derived.err(),
            Some(LimitExceeded(LIMIT)),
            "the closure of {world:?} by {rules:?}"
        );
        return;
    };
    let derived = derived.unwrap();
    let found: BTreeMap<String, u64> = derived.iter().map(|(fact, count)| (canonical(&fact), count)).collect();
    assert_eq!(found, wanted, "the closure of {world:?} by {rules:?}");
    assert_eq!(derived.derived_count(), derived.derived_facts().count());
    for fact in derived.derived_facts().take(4) {
        check_explanation(&derived, &rules, world, &fact);
    }
    derived.check();
}

/// Checks that each reason of an explanation is a step of a rule from earlier ones, or a fact of the state.
fn check_explanation(derived: &Derived, rules: &[Atom], world: &Environment, fact: &Atom) {
    let why = derived.explain(fact).unwrap();
    let reasons = why.reasons();
    assert_eq!(&reasons.last().unwrap().fact, fact);
    for (index, reason) in reasons.iter().enumerate() {
        let Some(derivation) = &reason.derivation else {
            assert!(world.contains(&reason.fact));
            continue;
        };
        assert!(!world.contains(&reason.fact) && reason.premises.iter().all(|premise| *premise < index));
        let premises: Vec<Atom> = reason
            .premises
            .iter()
            .map(|premise| reasons[*premise].fact.clone())
            .collect();
        assert_eq!(premises, derivation.premises);
        assert!(derived.explain_all(&reason.fact).contains(derivation));
        assert!(is_step(&rules[derivation.rule], &premises, &reason.fact), "{reason:?}");
        assert!(
            derivation
                .absent
                .iter()
                .all(|absent| derived.query(absent).next().is_none())
        );
    }
}

fn closure_is_the_fixpoint(seed: u64) -> bool {
    let mut random = Random::new(seed);
    let program = random_program(&mut random, LIMIT);
    let mut world = Environment::new();
    for _ in 0..random.below(16) {
        world.add_fact(random_fact(&mut random));
    }
    check(&program, &world);
    true
}

fn closures_follow_histories(seed: u64) -> bool {
    let mut random = Random::new(seed);
    let program = random_program(&mut random, LIMIT);
    let mut worlds = vec![Environment::new()];
    let Ok(mut moving) = program.derive(&worlds[0]) else {
        // Infinite even without facts.
        return true;
    };
    for _ in 0..12 {
        let at = random.below(worlds.len());
        match random.below(8) {
            0..=2 => worlds[at].add_fact(random_fact(&mut random)),
            3..=4 => {
                let count = worlds[at].fact_count();
                if count > 0 {
                    let (fact, _) = worlds[at].iter().nth(random.below(count)).unwrap();
                    worlds[at].remove_fact(&fact);
                }
            }
            5 => {
                let fork = worlds[at].clone();
                worlds.push(fork);
            }
            6 => {
                let united = worlds[at].union(&worlds[random.below(worlds.len())]);
                worlds.push(united);
            }
            _ => worlds[at].extend((0..4).map(|_| random_fact(&mut random))),
        }
        // Not always, so that some closures have several changes to catch up with.
        if random.below(3) > 0 {
            check(&program, &worlds[at]);
        }
        // From anywhere to anywhere.
        let before = moving.clone();
        match moving.advance(&worlds[at]) {
            Ok(()) => {
                assert!(moving.is_of(&worlds[at]));
                assert_eq!(*moving, *program.derive(&worlds[at]).unwrap());
            }
            Err(error) => {
                assert_eq!(*moving, *before);
                assert_eq!(program.derive(&worlds[at]).err(), Some(error));
            }
        }
        worlds.truncate(5);
    }
    true
}

#[test]
fn closures_equal_the_naive_fixpoint() {
    quick_check(2_000).quickcheck(closure_is_the_fixpoint as fn(u64) -> bool);
}

#[test]
fn advanced_closures_equal_those_from_nothing() {
    quick_check(1_000).quickcheck(closures_follow_histories as fn(u64) -> bool);
}

#[test]
fn errors_name_the_rule_and_the_place() {
    let malformed = ["(f a)", "(=> (p) (q))", "(=> (, (p)))", "x", "(=> , (q))"];
    for text in malformed {
        let text = format!("(=> (, (p)) (q)) {text}");
        assert_eq!(error(&text), ProgramError::Malformed { rule: 1 }, "{text}");
    }
    let unbound = [
        ("(=> (, (p $x)) (q $y))", "y"),
        ("(=> (, (p $x) (not (q $z))) (r $z))", "z"),
        ("(=> (,) (q $x))", "x"),
    ];
    for (text, name) in unbound {
        let name = name.into();
        assert_eq!(error(text), ProgramError::UnboundVariable { rule: 0, name }, "{text}");
    }
    let circles = [
        "(=> (, (p $x) (not (q $x))) (q $x))",
        "(=> (, (p $x) (not (r $x))) (q $x)) (=> (, (q $x)) (r $x))",
        "(=> (, (p $x $f) (not ($f $x))) (q $x))",
    ];
    for text in circles {
        assert_eq!(
            error(text),
            ProgramError::NotStratified { rule: 0, pattern: 1 },
            "{text}"
        );
    }
    // Unification, not a name, decides which heads a negation depends on.
    program("(=> (, (p $x) (not (q a $x))) (q b $x))");
    assert!(matches!(error("(=> (, (p)) (q"), ProgramError::Parse(_)));
}

#[test]
fn a_limit_follows_from_the_state() {
    let endless = program("(=> (, (n $x)) (n (s $x)))").with_limit(50);
    assert_eq!(endless.derive(&world("(n 0)")).err(), Some(LimitExceeded(50)));

    let pairs = program("(=> (, (p $x) (p $y)) (q $x $y))");
    let mut state = world("(p 1), (p 2)");
    assert_eq!(pairs.clone().with_limit(4).derive(&state).unwrap().derived_count(), 4);
    state.add_fact(atom("(p 3)"));
    assert_eq!(pairs.clone().with_limit(8).derive(&state).err(), Some(LimitExceeded(8)));
    assert_eq!(pairs.clone().with_limit(9).derive(&state).unwrap().derived_count(), 9);
    // It's derived now, but still more than the limit.
    assert_eq!(pairs.with_limit(8).derive(&state).err(), Some(LimitExceeded(8)));
}

#[test]
fn facts_with_variables_match_by_unification() {
    let program = program("(=> (, (owns $who $what) (not (stolen $what))) (may-sell $who $what))");
    let state = world("(owns ann $anything), (owns bob bike), (stolen car)");
    let derived = program.derive(&state).unwrap();
    // A stolen car is one of anything.
    assert!(!derived.contains(&atom("(may-sell ann $x)")));
    assert!(derived.contains(&atom("(may-sell bob bike)")));
    let mut state = state.clone();
    state.remove_fact(&atom("(stolen car)"));
    assert!(program.derive(&state).unwrap().contains(&atom("(may-sell ann $x)")));
}

#[test]
fn deep_recursion_needs_no_native_stack() {
    let program = program("(=> (, (start $x)) (reached $x)) (=> (, (reached $x) (next $x $y)) (reached $y))");
    let mut state = Environment::new();
    state.add_fact(atom("(start 0)"));
    let number = |number: i64| Atom::from(number);
    state.add_facts_bulk((0..20_000).map(|i| Atom::expression([Atom::symbol("next"), number(i), number(i + 1)])));
    assert_eq!(program.derive(&state).unwrap().derived_count(), 20_001);
    state.remove_fact(&atom("(next 10000 10001)"));
    assert_eq!(program.derive(&state).unwrap().derived_count(), 10_001);
    state.add_fact(atom("(next 10000 10001)"));
    assert_eq!(program.derive(&state).unwrap().derived_count(), 20_001);
}

#[test]
fn programs_change_nothing_else() {
    let program = program("(=> (, (p $x)) (q $x))");
    let mut state = world("(p 1), (p 2)");
    let plain = state.clone();
    program.derive(&state).unwrap();
    assert_eq!(state.len(), 2);
    assert_eq!(state, plain);
    assert!(plain.diff(&state).is_empty());
    state.add_fact(atom("(p 3)"));
    let mut other = plain.clone();
    other.add_fact(atom("(q 1)"));
    let united = state.union(&other);
    assert_eq!(united.len(), 4);
    let derived = program.derive(&united).unwrap();
    assert_eq!((derived.len(), derived.multiplicity(&atom("(q 1)"))), (6, 1));
    assert_eq!(program.derive(&plain).unwrap().derived_count(), 2);
}

#[test]
fn closures_are_part_of_the_snapshot() {
    let program = program("(=> (, (p $x)) (q $x))");
    let mut state = world("(p 1)");
    let first = program.derive(&state).unwrap();
    // The same trie of facts: nothing was derived again.
    assert!(program.derive(&state.clone()).unwrap().sharing(&first).facts == 2);
    assert!(first.is_of(&state));
    state.add_fact(atom("(p 2)"));
    assert!(!first.is_of(&state));
    // Another program of the same rules is another one.
    let other = self::program("(=> (, (p $x)) (q $x))");
    assert_eq!(*other.derive(&state).unwrap(), *program.derive(&state).unwrap());
}

/// A value that can't be decoded from its path.
struct Handle(u8);

impl Grounded for Handle {
    fn type_name(&self) -> &str {
        "Handle"
    }

    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(std::slice::from_ref(&self.0))
    }

    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "handle {}", self.0)
    }
}

#[test]
fn derived_facts_can_be_definitions_and_have_opaque_values() {
    let program = program("(=> (, (alias $a $b)) (= $a $b)) (=> (, (open $h)) (seen $h))");
    let handle = |name: &str, number: u8| Atom::expression([Atom::symbol(name), Atom::grounded(Handle(number))]);
    let mut state = world("(alias (f 1) 2), (alias g 3)");
    state.extend([handle("open", 1), handle("open", 2)]);
    let mut derived = program.derive(&state).unwrap();
    derived.check();
    assert_eq!(derived.rule_count(), 2);
    assert_eq!(derived.matching_rules("f", 1).count(), 1);
    assert!(derived.contains(&handle("seen", 2)));
    assert_eq!(derived.explain(&handle("seen", 1)).unwrap().reasons().len(), 2);

    let before = state.clone();
    state.remove_fact(&atom("(alias (f 1) 2)"));
    state.remove_fact(&handle("open", 2));
    // The state's own rule, which isn't derived.
    state.add_rule(atom("g"), atom("3"));
    state.add_rule(atom("g"), atom("4"));
    derived.advance(&state).unwrap();
    derived.check();
    assert_eq!((derived.rule_count(), derived.matching_rules("f", 1).count()), (2, 0));
    assert!(derived.contains(&handle("seen", 1)) && !derived.contains(&handle("seen", 2)));
    derived.advance(&before).unwrap();
    derived.check();
    assert_eq!(*derived, *program.derive(&before).unwrap());
}

/// A component over tables between others by unification: what one stores, the next one reads.
#[test]
fn components_of_both_kinds_are_evaluated_in_order() {
    let program = program(
        "(=> (, (edge $x $y)) (path $x $y))
         (=> (, (path $x $y) (edge $y $z)) (path $x $z))
         (=> (, ($relation $x $x)) (loops $relation $x))
         (=> (, (loops path $x) (not (safe $x))) (warn (loop $x)))
         (=> (, (warn (loop $x)) (owner $x $who)) (tell $who $x))",
    );
    let state = world("(edge a b), (edge b a), (edge b c), (safe a), (owner b ann), (owner a bob)");
    let derived = program.derive(&state).unwrap();
    let found: Vec<String> = derived
        .query(&atom("(tell $who $x)"))
        .map(|answer| answer.atom().to_string())
        .collect();
    assert_eq!(found, ["(tell ann b)"]);
}

/// Parts of a relation, by ground arguments, are loaded before and after other components derive facts of it.
#[test]
fn parts_of_a_relation_have_the_facts_derived_before() {
    let program = program(
        "(=> (, (edge n7 (f $x)) (not (edge n7 closed))) (near $x))
         (=> (, (near $x)) (edge n7 (g $x)))
         (=> (, (edge n7 (g $x))) (far $x))
         (=> (, (far $x) (edge n7 (f $x)) (not (edge n7 (h $x)))) (end $x))",
    );
    let state = world("(edge n7 (f a)), (edge n7 (f b)), (edge n7 (h b)), (edge n8 (f c))");
    let derived = program.derive(&state).unwrap();
    let found: Vec<String> = derived.derived_facts().map(|fact| fact.to_string()).collect();
    assert_eq!(
        found,
        [
            "(end a)",
            "(far a)",
            "(far b)",
            "(near a)",
            "(near b)",
            "(edge n7 (g a))",
            "(edge n7 (g b))"
        ]
    );
    // A fact with a variable may match a ground argument.
    let state = world("(edge $any (f a)), (edge n8 (f c))");
    assert!(program.derive(&state).unwrap().contains(&atom("(near a)")));
}

/// Readers derive the closures of whatever state they load, while a writer appends to a chain: k edges have k(k + 1)/2 paths.
#[test]
fn closures_are_derived_beside_a_writer() {
    const EDGES: usize = 60;
    let program = program("(=> (, (edge $x $y)) (path $x $y)) (=> (, (path $x $y) (edge $y $z)) (path $x $z))");
    let shared = SharedEnvironment::<Atom>::default();
    let check = |state: &Environment| {
        let (edges, derived) = (state.fact_count(), program.derive(state).unwrap());
        assert_eq!(derived.derived_count(), edges * (edges + 1) / 2);
        edges
    };
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| while check(&shared.snapshot()) < EDGES {});
        }
        for i in 0..EDGES {
            shared.update(|state| state.add_fact(atom(&format!("(edge {i} {})", i + 1))));
        }
    });
    assert_eq!(check(&shared.snapshot()), EDGES);
}
