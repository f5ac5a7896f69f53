//! Law 16, standing answers are answers: over random histories, against naive models.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use pleach::env::{Space, SpaceId};
use pleach::term::{Bindings, rename_apart, unify};
use pleach::view::{Aggregate, Answers, Literal, View, answers_between};
use pleach::{Atom, Environment};
use pleach_testkit::model::{Canonical, canonical};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

/// The number of histories of the main property.
const CASES: u64 = 20_000;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

/// Facts of two relations over few names, some with variables, and a rule.
static FACTS: LazyLock<Vec<Atom>> = LazyLock::new(|| {
    [
        "(e a b)",
        "(e b c)",
        "(e c a)",
        "(e a a)",
        "(e b b)",
        "(e a (s b))",
        "(e $x b)",
        "(e $x $x)",
        "(e (s $x) $y)",
        "(p a)",
        "(p b)",
        "(p c)",
        "(p (s b))",
        "(p $x)",
        "(= (p $x) $x)",
        "$any",
    ]
    .map(atom)
    .into()
});

static PATTERNS: LazyLock<Vec<Atom>> = LazyLock::new(|| {
    [
        "(e $x $y)",
        "(e $y $z)",
        "(e $z $x)",
        "(e $x $x)",
        "(e $x a)",
        "(e $u $y)",
        "(e $x (s $y))",
        "(p $x)",
        "(p $y)",
        "(p (s $y))",
        "(p a)",
        "($r $x)",
        "(= $x $y)",
        "$w",
    ]
    .map(atom)
    .into()
});

/// A literal, by its pattern and space.
#[derive(Clone, Debug)]
struct AnyLiteral {
    space: usize,
    pattern: usize,
    is_negated: bool,
}

/// The variables that a template can have.
const NAMES: [&str; 6] = ["x", "y", "z", "u", "r", "w"];

#[derive(Clone, Debug)]
struct AnyQuery(Vec<AnyLiteral>);

impl Arbitrary for AnyQuery {
    fn arbitrary(g: &mut Gen) -> Self {
        let literal = |g: &mut Gen, is_negated| AnyLiteral {
            // Mostly one space, so that literals concern the same facts.
            space: *g.choose(&[0, 0, 0, 1, 2]).unwrap(),
            pattern: usize::arbitrary(g) % PATTERNS.len(),
            is_negated,
        };
        let (positive, negated) = (usize::arbitrary(g) % 4, *g.choose(&[0, 0, 1, 1, 2]).unwrap());
        let mut literals: Vec<_> = (0..positive).map(|_| literal(g, false)).collect();
        literals.extend((0..negated).map(|_| literal(g, true)));
        Self(literals)
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let literals = self.0.clone();
        Box::new((0..literals.len()).map(move |skip| {
            let mut fewer = literals.clone();
            fewer.remove(skip);
            Self(fewer)
        }))
    }
}

impl AnyQuery {
    fn literals(&self, spaces: [SpaceId; 2]) -> Vec<Literal> {
        let literals = self.0.iter().map(|literal| {
            let pattern = PATTERNS[literal.pattern].clone();
            let made = match literal.is_negated {
                true => Literal::not(pattern),
                false => Literal::new(pattern),
            };
            match literal.space {
                0 => made,
                named => made.in_space(spaces[named - 1]),
            }
        });
        literals.collect()
    }

    /// All variables of the literals that aren't negated.
    fn template(&self) -> Atom {
        let text = |literal: &AnyLiteral| PATTERNS[literal.pattern].to_string();
        let positive: String = self.0.iter().filter(|literal| !literal.is_negated).map(text).collect();
        let is_in = |name: &&&str| positive.contains(&format!("${name}"));
        Atom::expression(
            NAMES
                .iter()
                .filter(is_in)
                .map(|name| Atom::variable(*name))
                .collect::<Vec<_>>(),
        )
    }
}

/// The answers by nested loops over all facts, with their multiplicities.
type Naive = BTreeMap<Canonical, i128>;

fn naive(env: &Environment, spaces: [SpaceId; 2], query: &AnyQuery, template: &Atom) -> Naive {
    let facts = |space: usize| -> Vec<(Atom, u64)> {
        let space: Option<&Space> = match space {
            0 => Some(env),
            named => env.space(spaces[named - 1]),
        };
        space.map(|space| space.iter().collect()).unwrap_or_default()
    };
    let facts = [0, 1, 2].map(facts);
    let mut fresh = 1_000;
    let mut found = vec![(Bindings::new(), 1)];
    for literal in query.0.iter().filter(|literal| !literal.is_negated) {
        let mut next = Vec::new();
        for (bindings, count) in &found {
            for (fact, multiplicity) in &facts[literal.space] {
                let mut bindings = bindings.clone();
                if unify(
                    &PATTERNS[literal.pattern],
                    &rename_apart(fact, &mut fresh),
                    &mut bindings,
                ) {
                    next.push((bindings, count * i128::from(*multiplicity)));
                }
            }
        }
        found = next;
    }
    let mut answers = Naive::new();
    for (bindings, count) in found {
        let is_match = |literal: &AnyLiteral| {
            let instance = bindings.resolve(&PATTERNS[literal.pattern]);
            let mut fresh = fresh;
            facts[literal.space]
                .iter()
                .any(|(fact, _)| unify(&instance, &rename_apart(fact, &mut fresh), &mut Bindings::new()))
        };
        if !query.0.iter().any(|literal| literal.is_negated && is_match(literal)) {
            *answers.entry(canonical(&bindings.resolve(template))).or_default() += count;
        }
    }
    answers
}

fn difference(before: &Naive, after: &Naive) -> Naive {
    let mut difference = after.clone();
    for (answer, count) in before {
        *difference.entry(answer.clone()).or_default() -= count;
    }
    difference.retain(|_, count| *count != 0);
    difference
}

fn by_path(answers: &Answers) -> Naive {
    answers
        .iter()
        .map(|(answer, count)| (canonical(&answer), count))
        .collect()
}

const HANDLES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Add(usize, usize, usize),
    Remove(usize, usize, usize),
    Set(usize, usize, usize, u64),
    RemoveSpace(usize, usize),
    Fork(usize, usize),
    Union(usize, usize),
    /// Applies the patch between two handles to a third.
    Patch(usize, usize, usize),
    /// Compares the answers of two handles, and advances the view from wherever it is to the second.
    Compare(usize, usize),
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let fact = |g: &mut Gen| usize::arbitrary(g) % FACTS.len();
        let handle = |g: &mut Gen| usize::arbitrary(g) % HANDLES;
        let space = |g: &mut Gen| *g.choose(&[0, 0, 0, 1, 2]).unwrap();
        match u8::arbitrary(g) % 32 {
            0..=10 => Self::Add(handle(g), space(g), fact(g)),
            11..=14 => Self::Remove(handle(g), space(g), fact(g)),
            15..=18 => Self::Set(handle(g), space(g), fact(g), u64::arbitrary(g) % 4),
            19 => Self::RemoveSpace(handle(g), usize::arbitrary(g) % 2),
            20..=22 => Self::Fork(handle(g), handle(g)),
            23..=24 => Self::Union(handle(g), handle(g)),
            25..=26 => Self::Patch(handle(g), handle(g), handle(g)),
            _ => Self::Compare(handle(g), handle(g)),
        }
    }
}

#[derive(Clone, Debug)]
struct History(Vec<Step>);

impl Arbitrary for History {
    fn arbitrary(g: &mut Gen) -> Self {
        let length = usize::arbitrary(g) % 20;
        Self((0..length).map(|_| Step::arbitrary(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let steps = self.0.clone();
        Box::new((0..steps.len()).map(move |skip| {
            let mut fewer = steps.clone();
            fewer.remove(skip);
            Self(fewer)
        }))
    }
}

/// Handles to forks of an environment with two named spaces.
struct Worlds {
    handles: [Environment; HANDLES],
    spaces: [SpaceId; 2],
}

impl Worlds {
    fn new() -> Self {
        let mut env = Environment::new();
        let spaces = [env.new_space(), env.new_data_space()];
        env.add_facts_bulk(FACTS.iter().take(4).cloned());
        Self {
            handles: std::array::from_fn(|_| env.clone()),
            spaces,
        }
    }

    /// Takes a write. `Compare` isn't one.
    fn take(&mut self, step: &Step) {
        let handles = &mut self.handles;
        let id = |space: usize| self.spaces[space - 1];
        let set = |env: &mut Environment, space: usize, fact: &usize, count: &dyn Fn(u64) -> u64| {
            let fact = FACTS[*fact].clone();
            match space {
                0 => {
                    let count = count(env.multiplicity(&fact));
                    env.set_multiplicities([(fact, count)]);
                }
                named => {
                    let count = env.space(id(named)).map(|space| count(space.multiplicity(&fact)));
                    if let (Some(mut space), Some(count)) = (env.space_mut(id(named)), count) {
                        space.set_multiplicities([(fact, count)]);
                    }
                }
            }
        };
        match step {
            Step::Add(handle, space, fact) => set(&mut handles[*handle], *space, fact, &|count| count + 1),
            Step::Remove(handle, space, fact) => {
                set(&mut handles[*handle], *space, fact, &|count| count.saturating_sub(1))
            }
            Step::Set(handle, space, fact, count) => set(&mut handles[*handle], *space, fact, &|_| *count),
            Step::RemoveSpace(handle, space) => drop(handles[*handle].remove_space(id(*space + 1))),
            Step::Fork(from, to) => handles[*to] = handles[*from].clone(),
            Step::Union(left, right) => handles[*left] = handles[*left].union(&handles[*right]),
            Step::Patch(from, to, onto) => {
                let patch = handles[*from].diff(&handles[*to]);
                handles[*onto].apply(&patch);
            }
            Step::Compare(..) => {}
        }
    }
}

/// The answers of any state follow from those of any other and their difference, and a view advanced to it has them.
#[test]
fn views_and_differences_are_those_of_a_query_asked_anew() {
    fn property(history: History, query: AnyQuery) {
        let mut worlds = Worlds::new();
        let (literals, template) = (query.literals(worlds.spaces), query.template());
        let mut view = View::new(&worlds.handles[0], literals.clone(), template.clone()).unwrap();
        let mut viewed = naive(&worlds.handles[0], worlds.spaces, &query, &template);
        assert_eq!(by_path(&view), viewed);
        for step in history.0.iter().chain([&Step::Compare(0, 1)]) {
            worlds.take(step);
            let Step::Compare(from, to) = step else { continue };
            let [before, after] = [from, to].map(|handle| &worlds.handles[*handle]);
            let [old, new] = [before, after].map(|env| naive(env, worlds.spaces, &query, &template));
            let found = answers_between(before, after, literals.clone(), template.clone()).unwrap();
            assert_eq!(by_path(&found), difference(&old, &new), "{before:?} {after:?}");

            let fork = view.clone();
            let changed = view.advance(after);
            assert_eq!(by_path(&view), new);
            assert_eq!(by_path(&changed), difference(&viewed, &new));
            assert!(by_path(&fork) == viewed && fork.diff(&view) == changed);
            viewed = new;
        }
    }
    quick_check(CASES).quickcheck(property as fn(_, _));
}

/// The answers of a query of an equal environment without indexes.
fn asked(env: &Environment, patterns: &[Atom], template: &Atom) -> Naive {
    let mut fresh = Environment::new();
    fresh.set_multiplicities(env.iter());
    let mut answers = Naive::new();
    for answer in fresh.query_all(patterns) {
        let answer = answer.unwrap();
        *answers.entry(canonical(&answer.resolve(template))).or_default() += i128::from(answer.multiplicity());
    }
    answers
}

/// With enough facts for indexes, which a state takes over from another one, also if it was made before they were.
#[test]
fn indexes_are_taken_over_with_the_changes() {
    fn property(writes: Vec<(u8, u8, u8)>, compared: Vec<(u8, u8)>) {
        let edge = |from: u8, to: u8| {
            let name = |n: u8| match n % 12 {
                11 => Atom::variable("v"),
                n => Atom::symbol(&*format!("n{n}")),
            };
            Atom::expression([Atom::symbol("e"), name(from), name(to)])
        };
        let base: Environment = (0..100).map(|i| edge(i % 11, i / 9 % 11)).collect();
        let mut handles: [Environment; 3] = std::array::from_fn(|_| base.clone());
        for (handle, from, to) in writes.iter().take(30) {
            let env = &mut handles[usize::from(handle % 3)];
            if handle % 2 == 0 {
                env.add_fact(edge(*from, *to));
            } else {
                env.remove_fact(&edge(*from, *to));
            }
        }
        let patterns = ["(e $x $y)", "(e $z $y)", "(e $z n3)"].map(atom);
        let template = atom("($x $y $z)");
        for (from, to) in compared.iter().take(1).chain([&(0, 1)]) {
            let [before, after] = [from, to].map(|handle| &handles[usize::from(handle % 3)]);
            let found = answers_between(before, after, patterns.clone(), template.clone()).unwrap();
            let [old, new] = [before, after].map(|env| asked(env, &patterns, &template));
            assert_eq!(by_path(&found), difference(&old, &new));
            before.check();
            after.check();
        }
        let has_index = |env: &Environment| env.memory().arguments.total() > 0;
        assert!(has_index(&handles[0]) && has_index(&handles[1]) || handles[0] == handles[1]);
    }
    quick_check(40).quickcheck(property as fn(_, _));
}

#[test]
fn variables_of_the_template_are_in_a_literal() {
    let env = Environment::<Atom>::new();
    let literals = [Literal::new(atom("(p $x)")), Literal::not(atom("(q $y)"))];
    let difference = |template| answers_between(&env, &env, literals.clone(), atom(template));
    assert!(difference("(a $x $x)").unwrap().is_empty());
    for (template, name) in [("($x $z)", "z"), ("$y", "y")] {
        assert_eq!(&*difference(template).unwrap_err().name, name);
    }
}

/// Products of multiplicities that exceed 64 bits, and sums that exceed them.
#[test]
fn multiplicities_are_exact_up_to_127_bits() {
    let patterns = ["(p $x)", "(q $y)"].map(atom);
    let mut env = Environment::new();
    let empty = env.clone();
    env.set_multiplicities([(atom("(p 1)"), u64::MAX / 2), (atom("(q 1)"), u64::MAX)]);
    let whole = i128::from(u64::MAX / 2) * i128::from(u64::MAX);
    let between =
        |from: &Environment, to: &Environment| answers_between(from, to, patterns.clone(), atom("($x $y)")).unwrap();
    assert_eq!(between(&empty, &env).multiplicity(&atom("(1 1)")), whole);
    assert_eq!(between(&env, &empty).multiplicity(&atom("(1 1)")), -whole);
    let before = env.clone();
    env.remove_fact(&atom("(p 1)"));
    assert_eq!(
        between(&before, &env).multiplicity(&atom("(1 1)")),
        -i128::from(u64::MAX)
    );
}

/// Numbers by group: integers, floats, and terms that aren't numbers.
#[test]
fn aggregates_are_those_of_the_answers() {
    const VALUES: [&str; 12] = [
        "1",
        "-3",
        "7",
        "1.0",
        "2.5",
        "-0.5",
        "9007199254740993",
        "9007199254740992.0",
        "+nan.0",
        "-inf.0",
        "x",
        "$v",
    ];
    /// Compares numbers of both kinds by their values.
    fn is_less(a: &Atom, b: &Atom) -> bool {
        match (a, b) {
            (Atom::Integer(a), Atom::Integer(b)) => a < b,
            (Atom::Float(a), Atom::Float(b)) => a.get().total_cmp(&b.get()).is_lt(),
            (Atom::Integer(a), Atom::Float(b)) => {
                b.get().is_nan() || b.get() == f64::INFINITY || b.get() > -1e18 && (*a as i128) < b.get().ceil() as i128
            }
            (Atom::Float(a), Atom::Integer(b)) => {
                !a.get().is_nan() && (a.get() == f64::NEG_INFINITY || (a.get().floor() as i128) < i128::from(*b))
            }
            _ => panic!("{a} {b}"),
        }
    }
    fn expected(env: &Environment, aggregate: Aggregate) -> Naive {
        let mut groups: BTreeMap<Canonical, Vec<(Atom, i128)>> = BTreeMap::new();
        for (fact, multiplicity) in env.iter() {
            let [_, group, value] = fact.as_expression().unwrap() else {
                panic!()
            };
            let group = canonical(group);
            groups
                .entry(group)
                .or_default()
                .push((value.clone(), multiplicity.into()));
        }
        let rows = groups.into_iter().filter_map(|(group, values)| {
            let numbers = || {
                values
                    .iter()
                    .filter(|(value, _)| matches!(value, Atom::Integer(_) | Atom::Float(_)))
            };
            let extreme = |is_better: &dyn Fn(&Atom, &Atom) -> bool| {
                // An integer, of a float that is equal to it.
                let integers = numbers().filter(|(value, _)| matches!(value, Atom::Integer(_)));
                let floats = numbers().filter(|(value, _)| matches!(value, Atom::Float(_)));
                let all = integers.chain(floats).map(|(value, _)| value.clone());
                all.reduce(|best, value| if is_better(&value, &best) { value } else { best })
            };
            let value = match aggregate {
                Aggregate::Count => Some(Atom::from(values.iter().map(|(_, count)| *count as i64).sum::<i64>())),
                Aggregate::Min => extreme(&is_less),
                Aggregate::Max => extreme(&|value, best| is_less(best, value)),
                _ => {
                    let integers = numbers().map(|(value, count)| match value {
                        Atom::Integer(value) => i128::from(*value) * count,
                        _ => 0,
                    });
                    let integers = integers.sum::<i128>();
                    // In the order of paths, as `Environment::iter` has them.
                    let floats = numbers().filter_map(|(value, count)| match value {
                        Atom::Float(value) => Some(value.get() * *count as f64),
                        _ => None,
                    });
                    match floats.reduce(|sum, value| sum + value) {
                        Some(floats) => Some(Atom::from(floats + integers as f64)),
                        None => numbers().next().map(|_| Atom::from(integers as i64)),
                    }
                }
            }?;
            let group: Atom = pleach::term::path::decode(&group).unwrap();
            Some((canonical(&Atom::expression([Atom::symbol("row"), group, value])), 1))
        });
        rows.collect()
    }
    fn property(writes: Vec<(u8, u8, u8, bool)>) {
        let mut env = Environment::new();
        let forked = env.clone();
        let all = [Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max];
        let pattern = atom("(n $g $v)");
        let view = |aggregate| View::grouped(&env, [pattern.clone()], atom("(row $g $v)"), aggregate, "v").unwrap();
        let mut views = all.map(view);
        for (group, value, count, is_compared) in writes.into_iter().take(40) {
            let group = ["a", "(b $z)", "$z"][usize::from(group) % 3];
            let value = VALUES[usize::from(value) % VALUES.len()];
            env.set_multiplicities([(atom(&format!("(n {group} {value})")), u64::from(count % 3))]);
            if is_compared {
                for (view, aggregate) in views.iter_mut().zip(all) {
                    let before = by_path(view);
                    let changed = view.advance(&env);
                    let after = expected(&env, aggregate);
                    assert_eq!(by_path(view), after, "{aggregate:?}");
                    assert_eq!(by_path(&changed), difference(&before, &after), "{aggregate:?}");
                }
            }
        }
        for view in &mut views {
            view.advance(&forked);
            assert!(view.is_empty());
        }
    }
    quick_check(300).quickcheck(property as fn(_));
}

/// Nothing recurses on the native stack.
#[test]
fn answers_can_be_deep() {
    let deep = (0..100_000).fold(atom("$end"), |inner, _| Atom::expression([atom("s"), inner]));
    let fact = |head: &str| Atom::expression([atom(head), deep.clone()]);
    let mut env = Environment::new();
    let literals = [
        Literal::new(atom("(p $x)")),
        Literal::new(atom("(q $x)")),
        Literal::not(atom("(r $x)")),
    ];
    let mut view = View::new(&env, literals, atom("(both $x)")).unwrap();
    env.extend(["p", "q"].map(fact));
    assert_eq!(view.advance(&env).multiplicity(&fact("both")), 1);
    env.add_fact(fact("r"));
    assert_eq!(view.advance(&env).multiplicity(&fact("both")), -1);
    assert!(view.is_empty());
}
