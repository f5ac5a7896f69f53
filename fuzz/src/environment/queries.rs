//! Queries, compared with a scan of all atoms, and views, compared with their queries asked anew.

use std::collections::HashMap;

use pleach::Atom;
use pleach::env::{Answer, JoinAnswer};
use pleach::term::{Bindings, path, rename_apart, unify};
use pleach::view::{Literal, View};

use super::Pair;
use pleach_testkit::atoms::variables;
use pleach_testkit::model::{Canonical, canonical};

/// Greatest number of facts for a join, since the scan is quadratic.
const FEW: usize = 40;
/// Greatest number of facts for a view: enough for an index.
const MANY: usize = 100;

type Found = (Canonical, u64);

fn facts(pair: &Pair) -> Vec<(Atom, u64)> {
    let decoded = |(path, count): (&Canonical, u64)| (path::decode(path).expect("a path"), count);
    pair.own().into_iter().map(decoded).collect()
}

/// Whether a fact is an instance of a pattern, where its own variables are constants.
fn is_instance(pattern: &Atom, fact: &Atom) -> bool {
    let mut values: HashMap<&Atom, &Atom> = HashMap::new();
    let mut pending = vec![(pattern, fact)];
    while let Some((pattern, fact)) = pending.pop() {
        match (pattern, fact) {
            (Atom::Variable(_), _) if *values.entry(pattern).or_insert(fact) == fact => {}
            (Atom::Expression(patterns), Atom::Expression(items)) if patterns.len() == items.len() => {
                pending.extend(patterns.iter().zip(items));
            }
            _ if pattern == fact && !matches!(pattern, Atom::Variable(_)) => {}
            _ => return false,
        }
    }
    true
}

/// One pattern, as a query and as a rule's left side.
pub(super) fn check(pair: &Pair, pattern: &Atom) {
    let found = |answer: &Answer<Atom>| (canonical(&answer.resolve(pattern)), answer.multiplicity());
    let facts = facts(pair);
    let expected: Vec<Found> = facts
        .iter()
        .filter_map(|(fact, count)| {
            let mut bindings = Bindings::new();
            let fact = rename_apart(fact, &mut 1000);
            unify(pattern, &fact, &mut bindings).then(|| (canonical(&bindings.resolve(pattern)), *count))
        })
        .collect();
    let instances = facts.iter().filter(|(fact, _)| is_instance(pattern, fact));
    let instances: Vec<Found> = instances.map(|(fact, count)| (canonical(fact), *count)).collect();
    let matches = pair
        .real
        .matches(pattern)
        .map(|(fact, count)| (canonical(&fact), count));
    assert_eq!(matches.collect::<Vec<_>>(), instances);
    // Three times, so that an index is built.
    for _ in 0..3 {
        assert_eq!(
            pair.real
                .query(pattern)
                .map(|answer| found(&answer))
                .collect::<Vec<_>>(),
            expected
        );
    }
    assert_eq!(
        pair.real.answers(pattern).iter().map(found).collect::<Vec<_>>(),
        expected
    );

    let mut rules = pair.real.rules_for(pattern).map(|rule| canonical(rule.atom()));
    for rule in &pair.model.0.definitions {
        let items = rule.as_expression().expect("a definition");
        let lhs = rename_apart(&items[1], &mut 1000);
        if items[0] == Atom::symbol("=") && unify(pattern, &lhs, &mut Bindings::new()) {
            let rule = canonical(rule);
            assert!(rules.any(|found| found == rule), "rules that match come in their order");
        }
    }
}

/// A join of two patterns.
pub(super) fn check_all(pair: &Pair, patterns: &[Atom; 2]) {
    let facts = facts(pair);
    if facts.len() > FEW {
        return;
    }
    let whole = Atom::expression(patterns.clone());
    let mut expected: Vec<Found> = Vec::new();
    for (first, count) in &facts {
        let mut bindings = Bindings::new();
        if !unify(&patterns[0], &rename_apart(first, &mut 1000), &mut bindings) {
            continue;
        }
        for (second, times) in &facts {
            let mut bindings = bindings.clone();
            if unify(&patterns[1], &rename_apart(second, &mut 2000), &mut bindings) {
                expected.push((canonical(&bindings.resolve(&whole)), count.saturating_mul(*times)));
            }
        }
    }
    let found = |answer: JoinAnswer<Atom>| (canonical(&answer.resolve(&whole)), answer.multiplicity());
    let answers = pair
        .real
        .query_all(patterns)
        .map(|answer| found(answer.expect("there is no limit")));
    let mut answers: Vec<Found> = answers.collect();
    answers.sort();
    expected.sort();
    assert_eq!(answers, expected);
}

/// A view of two patterns without a match of a third, advanced from one environment to another.
pub(super) fn check_view(from: &Pair, to: &Pair, patterns: [Atom; 3]) {
    let (from, to) = (&from.real, &to.real);
    if [from, to].iter().any(|env| env.fact_count() > MANY) {
        return;
    }
    let template = patterns[..2].iter().flat_map(variables).map(Atom::Variable);
    let template = Atom::expression(template.collect::<Vec<_>>());
    let [first, second, negated] = patterns;
    let literals = [Literal::new(first), Literal::new(second), Literal::not(negated)];
    let view = |env| View::new(env, literals.clone(), template.clone()).expect("its variables are in the patterns");
    let mut advanced = view(from);
    let before = advanced.answers();
    let difference = advanced.advance(to);
    let anew = view(to).answers();
    assert_eq!(advanced.answers(), anew);
    assert_eq!(before.diff(&anew), difference);
}
