//! Queries against a brute-force unifier over all atoms.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

use super::clash::clash;
use super::{Join, JoinAnswer, QueryError};
use crate::Environment;
use crate::term::{Atom, Bindings, Encoder, Grounded, alpha_eq, rename_apart, unify};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn pick(g: &mut Gen, n: usize) -> usize {
    usize::arbitrary(g) % n
}

/// A term with few leaves, so that many match each other; some with long names.
fn term(g: &mut Gen, depth: usize, variables: &[&str]) -> Atom {
    if depth > 0 && pick(g, 5) < 2 {
        let arity = [0, 1, 2, 2, 3, 3][pick(g, 6)];
        return Atom::expression((0..arity).map(|_| term(g, depth - 1, variables)).collect::<Vec<_>>());
    }
    let long = |letter: &str, n: usize| Atom::symbol(letter.repeat(n).as_str());
    match pick(g, 24) {
        0..=6 if !variables.is_empty() => Atom::variable(variables[pick(g, variables.len())]),
        0..=9 => Atom::symbol("a"),
        10..=13 => Atom::symbol("b"),
        14 => Atom::symbol("ab"),
        15 => Atom::symbol("c"),
        16 => Atom::from([0, 1, 255, 256, -1][pick(g, 5)]),
        17 => Atom::from(0.5),
        18 => Atom::string("a"),
        19 => long("l", 70),
        20 => long("m", 190),
        21 => long(["n", "o"][pick(g, 2)], 200),
        22 => Atom::expression((0..65 + pick(g, 2)).map(|_| Atom::symbol("a")).collect::<Vec<_>>()),
        _ => Atom::grounded(Handle(pick(g, 2) as u8)),
    }
}

/// A value that can't be rebuilt from its path.
struct Handle(u8);

impl Grounded for Handle {
    fn type_name(&self) -> &str {
        "Handle"
    }

    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Owned(vec![self.0])
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// An atom as programs have them at top level.
fn top(g: &mut Gen, variables: &[&str]) -> Atom {
    match pick(g, 8) {
        0..=2 => Atom::expression([Atom::symbol("f"), term(g, 2, variables), term(g, 2, variables)]),
        3 => Atom::expression([
            Atom::symbol("f"),
            term(g, 1, variables),
            term(g, 1, variables),
            term(g, 1, variables),
        ]),
        4 => Atom::expression([Atom::symbol(":"), term(g, 1, variables), term(g, 1, variables)]),
        5..=6 => {
            let lhs = Atom::expression([Atom::symbol("f"), term(g, 2, variables), term(g, 1, variables)]);
            let lhs = if bool::arbitrary(g) { lhs } else { term(g, 2, variables) };
            Atom::expression([Atom::symbol("="), lhs, term(g, 2, variables)])
        }
        _ => term(g, 3, variables),
    }
}

/// `atom` with some of its parts replaced by variables.
fn generalise(g: &mut Gen, atom: &Atom, variables: &[&str]) -> Atom {
    match atom.as_expression() {
        _ if pick(g, 6) == 0 => Atom::variable(variables[pick(g, variables.len())]),
        Some(items) => Atom::expression(
            items
                .iter()
                .map(|item| generalise(g, item, variables))
                .collect::<Vec<_>>(),
        ),
        None => atom.clone(),
    }
}

/// A step of a history of environments.
#[derive(Clone, Debug)]
enum Step {
    Add(Atom),
    Again(usize),
    Remove(usize),
    Fork(usize),
    Switch(usize),
    Union(usize),
    Index(usize),
}

/// Heads and positions that may be indexed: most generated atoms have one of these heads.
const INDEXES: [(&[u8], usize); 5] = [
    (b"\xc3\x81f", 2),
    (b"\xc4\x81f", 2),
    (b"\xc4\x81f", 3),
    (b"\xc3\x81=", 2),
    (b"\xc3\x81:", 2),
];

fn index(env: &Environment, which: usize) {
    let (head, position) = INDEXES[which];
    env.arguments.force(&env.facts, head, position);
}

#[derive(Clone, Debug)]
struct Case {
    steps: Vec<Step>,
    patterns: Vec<Atom>,
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut atoms: Vec<Atom> = Vec::new();
        let steps = (0..1 + pick(g, 16))
            .map(|_| match pick(g, 18) {
                16 | 17 => Step::Index(pick(g, INDEXES.len())),
                0 => Step::Again(pick(g, 16)),
                1 | 2 => Step::Remove(pick(g, 16)),
                3 => Step::Fork(pick(g, 4)),
                4 => Step::Switch(pick(g, 4)),
                5 => Step::Union(pick(g, 4)),
                _ => {
                    let atom = match atoms.get(pick(g, 16)) {
                        Some(atom) => generalise(g, atom, &["x", "y"]),
                        None => top(g, &["x", "y"]),
                    };
                    atoms.push(atom.clone());
                    Step::Add(atom)
                }
            })
            .collect();
        let patterns = (0..3)
            .map(|_| match atoms.get(pick(g, 12)) {
                Some(atom) => generalise(g, atom, &["x", "p", "q"]),
                None => top(g, &["x", "p", "q"]),
            })
            .collect();
        Case { steps, patterns }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let case = self.clone();
        let fewer_patterns = (0..case.patterns.len()).map({
            let case = case.clone();
            move |index| {
                let mut case = case.clone();
                case.patterns.remove(index);
                case
            }
        });
        let fewer_steps = (0..case.steps.len()).map(move |index| {
            let mut case = case.clone();
            case.steps.remove(index);
            case
        });
        Box::new(fewer_patterns.chain(fewer_steps))
    }
}

/// The environment after the steps.
fn build(steps: &[Step]) -> Environment {
    let mut worlds = vec![Environment::<Atom>::new()];
    let mut added: Vec<Atom> = Vec::new();
    for step in steps {
        let world = worlds.len() - 1;
        let nth = |index: usize| added.get(index % added.len().max(1)).cloned();
        match step {
            Step::Add(atom) => {
                added.push(atom.clone());
                worlds[world].add_fact(atom.clone());
            }
            Step::Again(index) => worlds[world].extend(nth(*index)),
            Step::Remove(index) => {
                nth(*index).map(|atom| worlds[world].remove_fact(&atom));
            }
            Step::Fork(index) => worlds.push(worlds[index % worlds.len()].clone()),
            Step::Switch(index) => worlds.swap(index % (world + 1), world),
            Step::Union(index) => worlds[world] = worlds[world].union(&worlds[index % worlds.len()]),
            Step::Index(which) => index(&worlds[world], *which),
        }
    }
    worlds.pop().unwrap_or_default()
}

/// The variables of a pattern, and the pattern.
fn shown(pattern: &Atom) -> Atom {
    Atom::expression(
        ["x", "p", "q"]
            .map(Atom::variable)
            .into_iter()
            .chain([pattern.clone()])
            .collect::<Vec<_>>(),
    )
}

/// Compares the answers of an environment with brute force.
fn answers_agree(env: &Environment, pattern: &Atom) {
    let shown = shown(pattern);
    let mut answers = env.query(pattern);
    for (atom, multiplicity) in env.iter() {
        let mut bindings = Bindings::new();
        if unify(pattern, &rename_apart(&atom, &mut 1_000), &mut bindings) {
            let answer = answers.next().unwrap_or_else(|| panic!("{pattern} must match {atom}"));
            assert_eq!(answer.multiplicity(), multiplicity, "of {atom}");
            assert_eq!(answer.atom(), atom, "an answer to {pattern}");
            let variable = Atom::variable("p");
            let value = answer.value(&variable);
            let value = value.unwrap_or_else(|| variable.clone());
            assert_eq!(value, answer.resolve(&variable), "of {pattern} with {atom}");
            let (found, expected) = (answer.resolve(&shown), bindings.resolve(&shown));
            assert!(
                alpha_eq(&found, &expected),
                "{pattern} with {atom}: {found}, not {expected}"
            );
        }
    }
    if let Some(answer) = answers.next() {
        panic!("{pattern} can't have the answer {}", answer.resolve(pattern));
    }
    assert!(answers.next().is_none(), "an iterator at its end stays there");
}

/// Whether an atom is an instance of a pattern, where its own variables are constants.
fn is_instance(pattern: &Atom, atom: &Atom) -> bool {
    let mut values: HashMap<Atom, Atom> = HashMap::new();
    let mut pending = vec![(pattern, atom)];
    while let Some((pattern, atom)) = pending.pop() {
        match (pattern, atom) {
            (Atom::Variable(_), _) if values.entry(pattern.clone()).or_insert_with(|| atom.clone()) == atom => {}
            (Atom::Variable(_), _) => return false,
            (Atom::Expression(patterns), Atom::Expression(items)) if patterns.len() == items.len() => {
                pending.extend(patterns.iter().zip(items));
            }
            _ if pattern != atom => return false,
            _ => {}
        }
    }
    true
}

fn matches_agree(env: &Environment, pattern: &Atom) {
    let expected: Vec<_> = env.iter().filter(|(atom, _)| is_instance(pattern, atom)).collect();
    assert_eq!(env.matches(pattern).collect::<Vec<_>>(), expected, "{pattern}");
}

/// Checks that the rules for a call are those with its head that don't clash, found in either way.
fn rules_agree(env: &Environment, call: &Atom) {
    let order = |rule: crate::env::Rule<'_, Atom>| rule.order();
    let expected: Vec<u64> = env.rules().filter(|rule| !clash(call, rule.lhs())).map(order).collect();
    assert_eq!(env.rules_for(call).map(order).collect::<Vec<_>>(), expected, "{call}");
    let found = env.find_rules(call).into_iter().filter(|rule| !clash(call, rule.lhs()));
    assert_eq!(found.map(order).collect::<Vec<_>>(), expected, "{call}, by the trie");
    for rule in env.rules() {
        let lhs = rename_apart(rule.lhs(), &mut 1_000);
        assert!(
            !unify(call, &lhs, &mut Bindings::new()) || expected.contains(&rule.order()),
            "{call} unifies with {lhs}"
        );
    }
}

#[test]
fn queries_agree_with_brute_force() {
    fn agree(case: Case) {
        let env = build(&case.steps);
        env.check();
        for pattern in &case.patterns {
            answers_agree(&env, pattern);
            matches_agree(&env, pattern);
            assert_eq!(env.count(pattern), env.query(pattern).count(), "{pattern}");
            rules_agree(&env, pattern);
            for part in pattern.as_expression().unwrap_or_default() {
                rules_agree(&env, part);
            }
        }
        (0..INDEXES.len()).for_each(|which| index(&env, which));
        env.check();
        for pattern in &case.patterns {
            answers_agree(&env, pattern);
            matches_agree(&env, pattern);
            assert_eq!(env.count(pattern), env.query(pattern).count(), "{pattern}");
        }
    }
    // Each case has three patterns.
    quick_check(2_000).quickcheck(agree as fn(Case));
}

/// All answers to a pattern, as the pattern with them, in order.
fn answers(env: &Environment, pattern: &str) -> Vec<String> {
    let pattern = atom(pattern);
    env.query(&pattern)
        .map(|answer| answer.resolve(&pattern).to_string())
        .collect()
}

/// All matches of the patterns by nested loops, with their multiplicities.
fn brute_force_join(env: &Environment, patterns: &[Atom]) -> Vec<(Bindings<Atom>, u64)> {
    brute_force(patterns.iter().map(|pattern| (env, pattern)))
}

fn brute_force<'a>(patterns: impl Iterator<Item = (&'a Environment, &'a Atom)>) -> Vec<(Bindings<Atom>, u64)> {
    let mut fresh = 1_000;
    let mut ways = vec![(Bindings::new(), 1)];
    for (env, pattern) in patterns {
        ways = ways
            .iter()
            .flat_map(|(bindings, multiplicity)| {
                env.iter()
                    .map(move |(atom, count)| (bindings, atom, multiplicity * count))
            })
            .filter_map(|(bindings, atom, multiplicity)| {
                let mut bindings = bindings.clone();
                unify(pattern, &rename_apart(&atom, &mut fresh), &mut bindings).then_some((bindings, multiplicity))
            })
            .collect();
    }
    ways
}

/// Answers as the term `whole` with their bindings, in canonical form, sorted.
fn canonical(whole: &Atom, answers: impl IntoIterator<Item = (Bindings<Atom>, u64)>) -> Vec<(Vec<u8>, u64)> {
    let mut encoder = Encoder::new();
    let mut shown: Vec<(Vec<u8>, u64)> = answers
        .into_iter()
        .map(|(bindings, count)| (encoder.encode(&bindings.resolve(whole)).bytes.to_vec(), count))
        .collect();
    shown.sort();
    shown
}

fn of_join(answer: Result<JoinAnswer<Atom>, QueryError>) -> (Bindings<Atom>, u64) {
    let answer = answer.unwrap();
    let multiplicity = answer.multiplicity();
    (answer.into_bindings(), multiplicity)
}

#[test]
fn joins_agree_with_brute_force() {
    fn agree(case: Case) {
        let env = build(&case.steps);
        let whole = shown(&Atom::expression(case.patterns.clone()));
        let expected = canonical(&whole, brute_force_join(&env, &case.patterns));
        let shown = |answer: Result<JoinAnswer<Atom>, QueryError>| {
            let answer = answer.unwrap();
            let variable = Atom::variable("p");
            let value = answer.value(&variable);
            let value = value.unwrap_or_else(|| variable.clone());
            assert_eq!(value, answer.resolve(&variable));
            (answer.resolve(&whole).to_string(), answer.multiplicity())
        };
        let bounded: Vec<_> = env.query_all(&case.patterns).with_limit(1_000_000).map(shown).collect();
        (0..INDEXES.len()).for_each(|which| index(&env, which));
        let indexed: Vec<_> = env.query_all(&case.patterns).map(shown).collect();
        assert_eq!(bounded, indexed, "indexes change nothing, not the order either");
        let found = env.query_all(&case.patterns).map(of_join);
        assert_eq!(canonical(&whole, found), expected);

        // One after another, each starting from the answers of the one before.
        let Some((first, rest)) = case.patterns.split_first() else {
            return;
        };
        let answers = env.query(first).flat_map(|answer| {
            let join = env.query_all(rest).starting_from(answer.bindings());
            let times = answer.multiplicity();
            join.map(of_join)
                .map(move |(bindings, count)| (bindings, count * times))
                .collect::<Vec<_>>()
        });
        assert_eq!(canonical(&whole, answers), expected, "a join after a query");
        if let [second] = rest {
            let answers = env.query(first).flat_map(|start| {
                let query = env.query(second).starting_from(start.bindings());
                let both = |answer: super::Answer<Atom>| {
                    let count = answer.multiplicity() * start.multiplicity();
                    (answer.into_bindings(), count)
                };
                query.map(both).collect::<Vec<_>>()
            });
            assert_eq!(canonical(&whole, answers), expected, "a query after a query");
        }
    }
    quick_check(2_000).quickcheck(agree as fn(Case));
}

#[test]
fn joins_across_spaces_agree_with_brute_force() {
    fn agree(case: Case) {
        let envs = [build(&case.steps), build(&case.steps[..case.steps.len() / 2])];
        let whole = shown(&Atom::expression(case.patterns.clone()));
        let goals = || envs.iter().cycle().zip(&case.patterns);
        let join = Join::across(goals().map(|(env, pattern)| (&***env, pattern.clone())));
        assert_eq!(
            canonical(&whole, join.map(of_join)),
            canonical(&whole, brute_force(goals()))
        );
    }
    quick_check(1_000).quickcheck(agree as fn(Case));
}

/// Values that are known from the start may be opaque: they can't be decoded from a path.
#[test]
fn joins_start_from_opaque_values() {
    let handle = Atom::grounded(Handle(1));
    let open = Atom::expression([Atom::symbol("open"), handle.clone()]);
    let env: Environment = [open, atom("(name a)")].into_iter().collect();
    let start = env.query(&atom("(open $h)")).next().unwrap();
    let mut join = env
        .query_all(&[atom("(open $h)"), atom("(name $n)")])
        .starting_from(start.bindings());
    let answer = join.next().unwrap().unwrap();
    assert_eq!(answer.value(&atom("$h")), Some(handle.clone()));
    assert_eq!(
        answer.resolve(&atom("($n $h)")),
        Atom::expression([Atom::symbol("a"), handle])
    );
    let names = env.query_all(&[atom("(name $n)")]).starting_from(start.bindings());
    assert_eq!(
        names
            .map(|answer| answer.unwrap().value(&atom("$h")).is_some())
            .collect::<Vec<_>>(),
        [true]
    );
}

#[test]
fn limits_are_exact() {
    let env: Environment = ["(p 1)", "(p 2)", "(q 2)", "(q 3)"].map(atom).into_iter().collect();
    let patterns = ["(p $x)", "(q $y)"].map(atom);
    let run = |limit| {
        env.query_all(&patterns)
            .with_limit(limit)
            .collect::<Result<Vec<_>, _>>()
    };
    let enough = (0..).find(|limit| run(*limit).is_ok()).unwrap();
    assert!(enough > 8 && enough < 60, "{enough} steps");
    assert_eq!(run(enough).unwrap().len(), 4);
    assert_eq!(run(enough - 1).unwrap_err(), QueryError::Limit(enough - 1));
    let mut answers = env.query_all(&patterns).with_limit(enough - 1);
    assert!(answers.find(Result::is_err).is_some());
    assert!(answers.next().is_none(), "nothing follows the error");
    assert_eq!(
        env.query_all(&[])
            .map(|answer| answer.unwrap().multiplicity())
            .collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn variables_of_both_sides_are_bound() {
    let env: Environment = ["(same $x $x)", "(pair $x (f $y))", "(pair a b)"]
        .map(atom)
        .into_iter()
        .collect();
    assert_eq!(answers(&env, "(same a $q)"), ["(same a a)"]);
    assert_eq!(answers(&env, "(same $q (f $q))"), [""; 0], "no infinite terms");
    assert_eq!(answers(&env, "(pair $q $q)"), ["(pair (f $1#2) (f $1#2))"]);
    assert_eq!(answers(&env, "(pair $q $r)"), ["(pair $0#1 (f $1#2))", "(pair a b)"]);
}

#[test]
fn answers_share_no_variables() {
    let env: Environment = ["(p (f $x))", "(p (g $x $x))"].map(atom).into_iter().collect();
    let mut query = env.query(&Atom::expression([
        Atom::symbol("p"),
        Atom::from(crate::term::Variable::numbered("x", 4).unwrap()),
    ]));
    assert_eq!(query.fresh(), 5);
    query = query.with_fresh(9).with_fresh(7);
    let template = atom("$x");
    assert_eq!(query.next().map(|answer| answer.resolve(&template)), Some(template));
    assert_eq!(query.fresh(), 10);
    assert_eq!(query.next().map(|answer| answer.bindings().len()), Some(1));
    assert_eq!(query.fresh(), 11);
    assert!(query.next().is_none());
}

/// Queries don't recurse by the depth of terms.
#[test]
fn deep_and_wide_terms() {
    let deep = |inner: Atom| (0..10_000).fold(inner, |inner, _| Atom::expression([Atom::symbol("s"), inner]));
    let wide = |last: Atom| Atom::expression((0..10_000).map(Atom::from).chain([last]).collect::<Vec<_>>());
    let check = move || {
        for make in [&deep as &dyn Fn(Atom) -> Atom, &wide] {
            let mut env: Environment = ["zero", "one", "$x"].map(|text| make(atom(text))).into_iter().collect();
            for text in ["zero", "$q", "two"] {
                answers_agree(&env, &make(atom(text)));
            }
            let patterns = [make(atom("$q")), atom("$q"), make(atom("one"))];
            let answers = brute_force_join(&env, &patterns);
            assert_eq!(env.query_all(&patterns).count(), answers.len());
            assert_eq!(answers.len(), 6);
            for text in ["zero", "one", "$x"] {
                env.add_rule(
                    Atom::expression([Atom::symbol("f"), make(atom(text))]),
                    Atom::symbol(text.trim_start_matches('$')),
                );
            }
            for few in [true, false] {
                let names = |text: &str| {
                    let call = Atom::expression([Atom::symbol("f"), make(atom(text))]);
                    env.rules_for(&call)
                        .map(|rule| rule.rhs().to_string())
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                assert_eq!([names("one"), names("$q")], ["one x", "zero one x"], "few: {few}");
                let others = (0..100).map(|index| (Atom::expression([Atom::symbol("f"), index.into()]), index.into()));
                env.add_rules_bulk(others);
            }
        }
    };
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(check)
        .unwrap()
        .join()
        .unwrap();
}

/// Numbers of variables beyond 127 take two bytes of a path.
#[test]
fn hundreds_of_variables() {
    let item = |index: usize| Atom::variable(format!("v{index}").as_str());
    let many = Atom::expression((0..150).chain([140, 3]).map(item).collect::<Vec<_>>());
    let numbers = |a: i64, b: i64| Atom::expression((0..150).chain([a, b]).map(Atom::from).collect::<Vec<_>>());
    let env: Environment = [many.clone(), numbers(140, 3), numbers(139, 3), numbers(140, 4)]
        .into_iter()
        .collect();
    answers_agree(&env, &many);
    assert_eq!(env.query(&many).count(), 2);
    for (a, b) in [(140, 3), (139, 3), (140, 5)] {
        answers_agree(&env, &numbers(a, b));
    }
}

/// Once, of patterns with hundreds of atoms each, the one with fewer atoms came first, however selective the other was.
#[test]
fn joins_of_large_patterns_begin_with_the_most_selective() {
    let mut env: Environment = (0..3_000).map(|i| atom(&format!("(edge m{i} m{i})"))).collect();
    env.extend((0..2_000).map(|i| atom(&format!("(label l{i} k{i})"))));
    for text in ["(edge n1 hub)", "(edge n2 hub)", "(label a n2)", "(label b n1)"] {
        env.add_fact(atom(text));
    }
    // The answers come in the order of the pattern that is matched first.
    let patterns = ["(label $l $x)", "(edge $x hub)"].map(atom);
    let answers = env
        .query_all(&patterns)
        .map(|answer| answer.unwrap().resolve(&atom("$x")).to_string());
    assert_eq!(answers.collect::<Vec<_>>(), ["n1", "n2"]);
}
