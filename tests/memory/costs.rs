//! Costs of operations in allocations: laws 2, 3, 5, 11 and 16.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use allocation_counter::{AllocationInfo, measure};
use pleach::derive::Program;
use pleach::view::{Literal, View};
use pleach::{Atom, Environment, SharedEnvironment};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

/// An environment with `n` rules of different heads and `n` facts.
fn world(n: usize) -> Environment {
    let mut env = Environment::new();
    env.add_rules_bulk((0..n).map(|i| (atom(&format!("(rule{i} $x)")), atom(&format!("(body{i} $x)")))));
    env.add_facts_bulk((0..n).map(|i| atom(&format!("(edge n{i} n{})", i / 2))));
    env
}

/// Compares the allocations of `cost` in environments of two sizes.
fn at_both_sizes(cost: impl Fn(&Environment) -> AllocationInfo) -> (AllocationInfo, AllocationInfo) {
    (cost(&world(1_000)), cost(&world(100_000)))
}

fn assert_flat(what: &str, (small, large): (AllocationInfo, AllocationInfo)) {
    // Tries a hundred times as large are at most twice as deep.
    assert!(
        large.count_total <= 2 * small.count_total,
        "{what}: {small:?} at 1 K, {large:?} at 100 K"
    );
    assert!(
        large.bytes_total <= 3 * small.bytes_total,
        "{what}: {small:?} at 1 K, {large:?} at 100 K"
    );
}

/// Law 2.
#[test]
fn a_fork_allocates_nothing() {
    for n in [0, 10, 10_000] {
        let env = world(n);
        let fork = measure(|| drop(std::hint::black_box(env.clone())));
        assert_eq!(fork.count_total, 0, "at {n}");
    }
}

#[test]
fn make_owned_copies_a_small_struct() {
    assert_flat(
        "make_owned",
        at_both_sizes(|env| {
            let mut fork = env.clone();
            measure(|| fork.make_owned())
        }),
    );
}

/// Law 3.
#[test]
fn the_first_write_after_a_fork_copies_a_path() {
    let (lhs, rhs, fact) = (atom("(rule500 special)"), atom("done"), atom("(edge n500 n7)"));
    assert_flat(
        "add_rule",
        at_both_sizes(|env| {
            let mut fork = env.clone();
            let (lhs, rhs) = (lhs.clone(), rhs.clone());
            measure(|| fork.add_rule(lhs, rhs))
        }),
    );
    assert_flat(
        "add_fact",
        at_both_sizes(|env| {
            let mut fork = env.clone();
            let fact = fact.clone();
            measure(|| fork.add_fact(fact))
        }),
    );
    assert_flat(
        "remove_fact",
        at_both_sizes(|env| {
            let mut fork = env.clone();
            measure(|| assert!(fork.remove_fact(&atom("(edge n500 n250)"))))
        }),
    );
}

/// Law 5.
#[test]
fn a_union_costs_the_change() {
    assert_flat(
        "union",
        at_both_sizes(|env| {
            let (mut a, mut b) = (env.clone(), env.clone());
            for i in 0..10 {
                a.add_fact(atom(&format!("(edge n{i} a)")));
                b.add_fact(atom(&format!("(edge n{i} b)")));
            }
            measure(|| drop(a.union(&b)))
        }),
    );
}

/// Law 16: a negated pattern that holds for all answers or for none, and still does.
#[test]
fn a_negation_that_decides_for_all_answers_costs_the_change() {
    let cost = |env: &Environment| {
        let mut env = env.clone();
        env.add_fact(atom("(closed today)"));
        let literals = [Literal::new(atom("(edge $x $y)")), Literal::not(atom("(closed $day)"))];
        let mut view = View::new(&env, literals, atom("$x")).unwrap();
        env.add_fact(atom("(closed tomorrow)"));
        let cost = measure(|| assert!(view.advance(&env).is_empty()));
        env.remove_fact(&atom("(closed today)"));
        env.remove_fact(&atom("(closed tomorrow)"));
        assert_eq!(view.advance(&env).count(), env.fact_count() - env.rule_count());
        cost
    };
    assert_flat("negation", at_both_sizes(cost));
}

/// Law 16: whichever of three relations changes, also in a fork that was made before the view and its indexes.
#[test]
fn an_advance_of_a_view_costs_the_change() {
    for changed in ["(member u7 g7)", "(grants g7 r7)", "(owns o7 r7)", "(frozen u7)"] {
        let cost = |n: usize| {
            let relations = [("member", "u", "g"), ("grants", "g", "r"), ("owns", "o", "r")];
            let facts = relations.iter().flat_map(|(head, from, to)| {
                let fact = move |i| atom(&format!("({head} {from}{i} {to}{i})"));
                (0..n).map(fact)
            });
            let mut env: Environment = facts.collect();
            env.add_fact(atom("(frozen u0)"));
            let mut sibling = env.clone();
            let [member, grants, owns, frozen] =
                ["(member $u $g)", "(grants $g $r)", "(owns $o $r)", "(frozen $u)"].map(atom);
            let literals = [member, grants, owns]
                .map(Literal::new)
                .into_iter()
                .chain([Literal::not(frozen)]);
            let view = View::new(&env, literals, atom("(serves $o $u)")).unwrap();
            assert_eq!(view.count(), n - 1);
            assert_eq!(
                measure(|| drop(view.clone())).count_total,
                0,
                "a fork allocates nothing"
            );
            if !sibling.remove_fact(&atom(changed)) {
                sibling.add_fact(atom(changed));
            }
            let mut fork = view.clone();
            let cost = measure(|| assert_eq!(fork.advance(&sibling).multiplicity(&atom("(serves o7 u7)")), -1));
            assert_eq!(fork.count(), n - 2);
            cost
        };
        let (small, large) = (cost(300), cost(10_000));
        // A join that doesn't begin with what is selective visits all facts of a relation.
        assert!(small.count_total < 300, "{changed}: {small:?}");
        assert_flat(changed, (small, large));
    }
}

/// Law 16: an edge more or less, between many short paths.
#[test]
fn an_advance_of_a_closure_costs_the_change() {
    let program: Program = "(=> (, (edge $x $y)) (path $x $y)) (=> (, (path $x $y) (edge $y $z)) (path $x $z))"
        .parse()
        .unwrap();
    let cost = |n: usize| {
        let edges = [("a", "b"), ("b", "c")].into_iter();
        let edges = edges.flat_map(|(from, to)| (0..n).map(move |i| atom(&format!("(edge {from}{i} {to}{i})"))));
        let mut env: Environment = edges.collect();
        let mut derived = program.derive(&env).unwrap();
        assert_eq!(derived.derived_count(), 3 * n);
        // Pays for the index of paths by their ends.
        for _ in 0..100 {
            env.add_fact(atom("(edge c0 d0)"));
            derived.advance(&env).unwrap();
            env.remove_fact(&atom("(edge c0 d0)"));
            derived.advance(&env).unwrap();
        }
        assert_eq!(
            measure(|| drop(derived.clone())).count_total,
            0,
            "a fork allocates nothing"
        );
        let (mut longer, mut shorter) = (env.clone(), env.clone());
        longer.add_fact(atom("(edge c7 d7)"));
        shorter.remove_fact(&atom("(edge a7 b7)"));
        let advance = |state: &Environment, paths: usize| {
            let mut fork = derived.clone();
            let cost = measure(|| fork.advance(state).unwrap());
            assert_eq!(fork.derived_count(), paths);
            cost
        };
        [advance(&longer, 3 * n + 3), advance(&shorter, 3 * n - 2)]
    };
    let (small, large) = (cost(100), cost(5_000));
    for (what, (small, large)) in ["added", "removed"].into_iter().zip(small.into_iter().zip(large)) {
        assert!(small.count_total < 1_000, "{what}: {small:?}");
        // The memory that a fork keeps of its own.
        assert!(large.bytes_current <= 5 * 1024, "{what}: {large:?}");
        assert_flat(what, (small, large));
    }
}

/// An advance whose changes visit many steps gives up soon, though they concern few facts.
#[test]
fn an_advance_costs_at_most_a_multiple_of_deriving_from_nothing() {
    let program: Program = "(=> (, (node $x) (not (blocked $y))) (free $x))".parse().unwrap();
    let env: Environment = (0..10_000).map(|i| atom(&format!("(node n{i})"))).collect();
    let mut derived = None;
    let nothing = measure(|| derived = program.derive(&env).ok());
    let mut derived = derived.unwrap();
    assert_eq!(derived.derived_count(), 10_000);
    let mut blocked = env.clone();
    blocked.extend((0..100).map(|i| atom(&format!("(blocked n{i})"))));
    let advance = measure(|| derived.advance(&blocked).unwrap());
    assert_eq!(derived.derived_count(), 0);
    assert!(
        advance.bytes_total <= 4 * nothing.bytes_total,
        "{advance:?} to advance, {nothing:?} from nothing"
    );
}

/// A rule that begins with a ground argument costs the facts that it matches, not their relation.
#[test]
fn a_closure_from_nothing_costs_what_ground_arguments_match() {
    let cost = |n: usize| {
        let env: Environment = (0..n).map(|i| atom(&format!("(edge n{} m{i})", i / 3))).collect();
        let program: Program = "(=> (, (edge n7 $x) (not (closed n7))) (near $x))".parse().unwrap();
        measure(|| assert_eq!(program.derive(&env).unwrap().derived_count(), 3))
    };
    assert_flat("derive", (cost(100), cost(10_000)));
}

/// Many rules load a relation once, and rank the values of what they derive only.
#[test]
fn a_closure_from_nothing_costs_a_relation_once() {
    let env: Environment = (0..10_000)
        .map(|i| atom(&format!("(member u{i} g{})", i % 5_000)))
        .collect();
    let cost = |rules: usize| {
        let rules = (0..rules).map(|i| atom(&format!("(=> (, (member $u g7)) (can $u r{i}))")));
        let program = Program::new(rules).unwrap();
        let facts = 2 * program.rules().len();
        measure(|| assert_eq!(program.derive(&env).unwrap().derived_count(), facts))
    };
    let (few, many) = (cost(2), cost(200));
    let each = (many.bytes_total - few.bytes_total) / 198;
    // The facts that each rule adds to the closure.
    assert!(each < few.bytes_total / 20, "{few:?} of 2 rules, {many:?} of 200");
}

#[test]
fn a_union_with_an_ancestor_allocates_nothing() {
    let env = world(1_000);
    let mut fork = env.clone();
    fork.add_fact(atom("(new)"));
    assert_eq!(measure(|| drop(env.union(&env))).count_total, 0);
    assert_eq!(measure(|| drop(env.union(&fork))).count_total, 0);
    assert_eq!(measure(|| drop(fork.union(&env))).count_total, 0);
}

/// Reads allocate nothing after the first one on a thread.
#[test]
fn reads_allocate_nothing() {
    let mut env = world(1_000);
    env.add_type(atom("rule1"), atom("(-> Number Number)"));
    let fact = atom("(edge n500 n250)");
    assert!(env.contains(&fact));
    let reads = measure(|| {
        assert_eq!(env.multiplicity(&fact), 1);
        assert_eq!(env.get_matching_rules("rule500", 1).count(), 1);
        assert!(env.get_type("rule1").is_some());
        assert_eq!((env.rule_count(), env.fact_count(), env.len()), (1_000, 2_001, 2_001));
    });
    assert_eq!(reads.count_total, 0);
}

/// Law 11: runs `round` repeatedly, and asserts that the memory in use doesn't grow.
fn assert_bounded(what: &str, mut round: impl FnMut(usize)) {
    (0..100).for_each(&mut round);
    let rounds = if cfg!(debug_assertions) { 10_000 } else { 1_000_000 };
    let more = measure(|| (100..rounds).for_each(&mut round));
    assert!(
        more.bytes_current < 100_000,
        "{what}: {} bytes more after {rounds} rounds",
        more.bytes_current
    );
}

/// A fact that repeats every hundred rounds, so that the environment itself doesn't grow.
fn fact(round: usize) -> Atom {
    atom(&format!("(round {})", round % 100))
}

fn flip(env: &mut Environment, round: usize) {
    if !env.remove_fact(&fact(round)) {
        env.add_fact(fact(round));
    }
}

#[test]
fn history_is_bounded_when_the_original_writes_and_the_fork_is_dropped() {
    let mut env = world(10);
    assert_bounded("write the original", |round| {
        let fork = env.clone();
        flip(&mut env, round);
        drop(fork);
    });
}

#[test]
fn history_is_bounded_when_the_fork_is_merged_back() {
    let mut env = world(10);
    assert_bounded("union back", |round| {
        let mut fork = env.clone();
        flip(&mut fork, round);
        env = env.union(&fork);
    });
}

#[test]
fn history_is_bounded_when_both_write_and_are_merged() {
    let mut env = world(10);
    assert_bounded("both write", |round| {
        let mut fork = env.clone();
        flip(&mut fork, 2 * round);
        flip(&mut env, 2 * round + 1);
        env = env.union(&fork);
    });
}

#[test]
fn history_is_bounded_under_two_alternating_writers() {
    let cell = SharedEnvironment::new(world(10));
    let mut writers = [cell.snapshot(), cell.snapshot()];
    assert_bounded("alternating writers", |round| {
        let writer = &mut writers[round % 2];
        flip(writer, round);
        cell.commit(writer);
    });
}

#[test]
fn history_is_bounded_beside_a_watch_and_a_view() {
    let cell = SharedEnvironment::new(world(10));
    let patterns = ["(round $n)", "(edge $x $y)"].map(atom);
    let mut watch = cell.watch(4, patterns, atom("($n $x)")).unwrap();
    let mut view = watch.view().clone();
    assert_bounded("a watch and a view", |round| {
        cell.update(|env| flip(env, round));
        let change = watch.try_next().unwrap();
        assert_eq!(view.advance(&cell.snapshot()), change.difference);
    });
}

#[test]
fn history_is_bounded_beside_a_fork_that_stays() {
    let mut env = world(10);
    let stays = env.clone();
    assert_bounded("a fork that stays", |round| {
        let mut fork = env.clone();
        flip(&mut fork, 2 * round);
        flip(&mut env, 2 * round + 1);
        env = env.union(&fork);
    });
    assert!(stays.union(&env).ptr_eq(&env));
}

/// Two forks write, derive and merge each other, and every few rounds the program is replaced by another one.
#[test]
fn history_is_bounded_beside_carried_closures() {
    let rules = "(=> (, (edge $x $y)) (path $x $y))";
    let mut program: Program = rules.parse().unwrap();
    let mut env = world(10);
    let stays = env.clone();
    assert_bounded("carried closures", |round| {
        if round % 4 == 0 {
            program = rules.parse().unwrap();
        }
        let mut fork = env.clone();
        flip(&mut fork, 2 * round);
        program.derive(&env).unwrap();
        flip(&mut env, 2 * round + 1);
        program.derive(&fork).unwrap();
        env = env.union(&fork);
    });
    assert!(stays.union(&env).ptr_eq(&env));
}
