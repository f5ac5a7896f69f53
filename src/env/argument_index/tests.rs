//! When permuted indexes are built, kept and dropped. The tests of queries check their results.

use super::{MAX_INDEXES, MIN_FACTS};
use crate::{Atom, Environment};

fn edge(from: usize, to: usize) -> Atom {
    fact("edge", from, to)
}

fn fact(head: &str, from: usize, to: usize) -> Atom {
    Atom::expression([Atom::symbol(head), Atom::from(from as i64), Atom::from(to as i64)])
}

fn world(n: usize) -> Environment {
    (0..n).map(|i| edge(i, i * 7 % n)).collect()
}

/// Queries the edges to a node.
fn sources(env: &Environment, to: usize) -> Vec<String> {
    sources_of(env, "edge", to)
}

fn sources_of(env: &Environment, head: &str, to: usize) -> Vec<String> {
    let pattern = Atom::expression([Atom::symbol(head), Atom::variable("x"), Atom::from(to as i64)]);
    let answers = env.query(&pattern);
    answers.map(|answer| answer.resolve(&pattern).to_string()).collect()
}

fn indexes(env: &Environment) -> usize {
    env.arguments.iter().count()
}

#[test]
fn an_index_is_built_once_scans_have_cost_as_much() {
    let env = world(1_000);
    let mut asked = 0;
    while indexes(&env) == 0 {
        assert_eq!(sources(&env, asked), [edge(asked * 143 % 1_000, asked).to_string()]);
        asked += 1;
    }
    assert!((2..=10).contains(&asked), "built by query {asked}");
    env.check();
    for to in 0..100 {
        assert_eq!(sources(&env, to), [edge(to * 143 % 1_000, to).to_string()]);
    }
    assert_eq!(sources(&env, 1_000), [""; 0]);
    assert_eq!(indexes(&env), 1);
}

#[test]
fn no_index_is_built_for_prefix_queries_or_few_facts() {
    let env = world(MIN_FACTS - 1);
    let large = world(1_000);
    for i in 0..1_000 {
        sources(&env, i % MIN_FACTS);
        let pattern = Atom::expression([Atom::symbol("edge"), Atom::from(i as i64), Atom::variable("y")]);
        assert_eq!(large.query(&pattern).count(), 1);
        // The first of many answers.
        assert!(large.query(&"(edge $x $y)".parse().unwrap()).next().is_some());
    }
    assert_eq!((indexes(&env), indexes(&large)), (0, 0));
}

#[test]
fn forks_and_unions_maintain_indexes() {
    let mut base = world(1_000);
    (0..10).for_each(|to| drop(sources(&base, to)));
    assert_eq!(indexes(&base), 1);
    // A few, merged one by one, and many, added at once.
    for many in [10, 2_000] {
        let (mut left, mut right) = (base.clone(), base.clone());
        left.add_facts_bulk((0..many).map(|i| edge(i + 10_000, 3)));
        left.remove_fact(&edge(429, 3));
        right.add_facts_bulk((0..many).map(|i| edge(i + 20_000, 3)));
        right.add_facts_bulk((0..10).map(|i| edge(i + 10_000, 3)));
        right.add_fact("(edge $any 3)".parse().unwrap());
        for env in [&left, &right, &left.union(&right), &right.union(&left)] {
            assert_eq!(indexes(env), 1);
            env.check();
        }
        assert_eq!(sources(&left.union(&right), 3).len(), 2 * many + 1);
        assert_eq!(sources(&base, 3).len(), 1);
        assert_eq!(sources(&left.union(&right), 4).len(), 1);
    }
    base.rebuild_rule_index();
    assert_eq!(sources(&base, 3).len(), 1);
}

#[test]
fn writes_drop_unread_indexes() {
    let mut env = world(200);
    (0..20).for_each(|to| drop(sources(&env, to)));
    assert_eq!(indexes(&env), 1);
    for i in 0..10_000 {
        env.add_fact(edge(i, 1));
        env.remove_fact(&edge(i, 1));
        if i % 50 == 0 {
            sources(&env, 2);
        }
    }
    assert_eq!(indexes(&env), 1, "it is read");
    for i in 1_000..1_200 {
        env.add_fact(edge(i, 1));
        env.remove_fact(&edge(i, 1));
    }
    assert_eq!(indexes(&env), 0);
    env.check();
}

#[test]
fn the_number_of_indexes_is_bounded() {
    let heads: Vec<String> = (0..2 * MAX_INDEXES).map(|i| format!("edge{i}")).collect();
    let mut env = Environment::new();
    for head in &heads {
        env.add_facts_bulk((0..200).map(|i| fact(head, i, i)));
    }
    for to in 0..100 {
        for head in &heads {
            assert_eq!(sources_of(&env, head, to), [fact(head, to, to).to_string()]);
        }
    }
    assert_eq!(indexes(&env), MAX_INDEXES);
    env.check();

    // All positions of one head.
    let wide = |i: i64| {
        Atom::expression(
            [Atom::symbol("wide")]
                .into_iter()
                .chain((0..8).map(|_| Atom::from(i)))
                .collect::<Vec<_>>(),
        )
    };
    let env: Environment = (0..200).map(wide).collect();
    for i in 0..1_000 {
        let mut items = wide(i % 200).as_expression().unwrap().to_vec();
        for (position, item) in items.iter_mut().enumerate().skip(1) {
            if position as i64 != 2 + i / 200 {
                *item = Atom::variable(format!("x{position}").as_str());
            }
        }
        assert_eq!(env.query(&Atom::expression(items)).count(), 1);
    }
    assert_eq!(indexes(&env), 2, "as many entries as twice the facts");
}

#[test]
fn threads_that_build_at_once_agree() {
    let env = world(2_000);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for to in 0..40 {
                    assert_eq!(sources(&env, to).len(), 1);
                }
            });
        }
    });
    assert_eq!(indexes(&env), 1);
    env.check();
}

/// Once, keys of more than 128 bytes were cut.
#[test]
fn long_arguments_are_found() {
    let long = "s".repeat(150);
    let mut env = world(200);
    for text in [
        format!("(edge {long} 5)"),
        format!("(edge 7 {long})"),
        format!("(edge {} 5)", "t".repeat(100)),
    ] {
        env.add_fact(text.parse().unwrap());
    }
    let cold = [sources(&env, 5), sources(&env, 6)];
    (0..20).for_each(|to| drop(sources(&env, to)));
    assert_eq!(indexes(&env), 1);
    assert_eq!([sources(&env, 5), sources(&env, 6)], cold);
    assert_eq!(cold[0].len(), 3);
    env.check();
}

/// Once, an index held a long argument once for each fact that has it.
#[test]
fn an_index_does_not_repeat_long_arguments() {
    let fact = |text: usize, item: usize| {
        let long = format!("{text}").repeat(3_000);
        Atom::expression([Atom::symbol("in"), Atom::symbol(&*long), Atom::from(item as i64)])
    };
    let env: Environment = (0..1_000).map(|i| fact(i % 4, i)).collect();
    env.arguments.force(&env.facts, b"\xc3\x82in", 2);
    assert_eq!(indexes(&env), 1);
    env.check();
    let memory = env.memory();
    assert!(memory.arguments.own < 3 * memory.facts.own, "{memory:?}");
    assert_eq!(sources_of(&env, "in", 7), [fact(3, 7).to_string()]);
}
