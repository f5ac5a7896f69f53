//! Tagged compounds and anonymous variables in queries, joins and unification.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use pleach::persist::NoCodec;
use pleach::term::{
    Bindings, ContractError, Encoder, Leaf, Print, Tag, View, check_contract, name_anonymous,
    parser::{self, ParseErrorKind},
    rename_apart, unify,
};
use pleach::view as standing;
use pleach::{Atom, Environment, Term};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

#[derive(Clone, Debug)]
enum Tiny {
    Name(Arc<str>),
    Integer(i64),
    Variable(Arc<str>, u64),
    Any,
    Pair(Arc<[Tiny; 2]>),
    Labeled(i64, Arc<Tiny>),
    Value(u8, Vec<Tiny>),
    List(Vec<Tiny>),
}

use Tiny::{Any, Integer, Labeled, List, Name, Pair, Variable};

impl Term for Tiny {
    fn view(&self) -> View<'_, Tiny> {
        View::Leaf(match self {
            Name(name) => Leaf::Symbol(name),
            Integer(value) => Leaf::Integer(*value),
            Variable(name, id) => Leaf::Variable { name, id: *id },
            Any => Leaf::Anonymous,
            Pair(items) => return View::Tagged(Tag::new("pair"), &items[..]),
            Labeled(label, item) => {
                let tag = Tag::with_data("label", Leaf::Integer(*label));
                return View::Tagged(tag, std::slice::from_ref(item));
            }
            Tiny::Value(value, items) => {
                let tag = Tag::with_data("value", Leaf::Grounded(vec![*value].into()));
                return View::Tagged(tag, items);
            }
            List(items) => return View::Expression(items),
        })
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Tiny> {
        Some(match leaf {
            Leaf::Symbol(name) => Name(name.into()),
            Leaf::Integer(value) => Integer(value),
            Leaf::Variable { name, id } => Variable(name.into(), id),
            Leaf::Anonymous => Any,
            _ => return None,
        })
    }

    fn expression(items: Vec<Tiny>) -> Tiny {
        List(items)
    }

    fn tagged(tag: Tag<'_>, items: Vec<Tiny>) -> Option<Tiny> {
        match (tag.name, tag.data) {
            ("pair", None) => Some(Pair(Arc::new(items.try_into().ok()?))),
            ("label", Some(Leaf::Integer(label))) => {
                let [item] = <[Tiny; 1]>::try_from(items).ok()?;
                Some(Labeled(label, item.into()))
            }
            ("value", Some(Leaf::Grounded(bytes))) => Some(Tiny::Value(*bytes.first()?, items)),
            _ => None,
        }
    }
}

fn name(name: &str) -> Tiny {
    Name(name.into())
}

fn variable(name: &str) -> Tiny {
    Variable(name.into(), 0)
}

fn list<const N: usize>(items: [Tiny; N]) -> Tiny {
    List(items.into())
}

fn edge(a: Tiny, b: Tiny) -> Tiny {
    list([name("edge"), a, b])
}

fn text(term: &Tiny) -> String {
    Print(term).to_string()
}

#[test]
fn cached_answers_tell_anonymous_variables_apart() {
    let mut env = Environment::new();
    env.add_fact(edge(Integer(1), Integer(2)));
    let values = |pattern| {
        let answers = env.answers(&pattern);
        answers
            .iter()
            .map(|answer| answer.value(&variable("y")).map(|value| text(&value)))
            .collect::<Vec<_>>()
    };
    assert_eq!(values(edge(Any, variable("y"))), [Some("2".into())]);
    assert_eq!(values(edge(variable("y"), Any)), [Some("1".into())]);
    assert_eq!(values(edge(Any, Any)), [None]);
}

#[test]
fn starting_bindings_capture_no_anonymous_variable() {
    let mut env = Environment::new();
    env.add_facts_bulk([edge(Integer(1), Integer(2)), edge(Integer(2), Integer(3))]);
    let first = env.query(&edge(Any, Integer(2))).next().unwrap();
    let pattern = edge(Any, variable("y"));
    let start = || first.bindings().clone();
    assert_eq!(env.query(&pattern).starting_from(&start()).count(), 2);
    assert_eq!(
        env.query_all(std::slice::from_ref(&pattern))
            .starting_from(&start())
            .count(),
        2
    );
    // Nor do variables of the caller's.
    let template = list([Variable("_".into(), 1), variable("y")]);
    let answer = env.query(&pattern).with_fresh(2).next().unwrap();
    assert_eq!(text(&answer.resolve(&template)), "($_#1 2)");
    let answer = env.query_all(&[pattern]).with_fresh(2).next().unwrap().unwrap();
    assert_eq!(text(&answer.resolve(&template)), "($_#1 2)");
}

#[test]
fn a_second_start_replaces_the_first() {
    let mut env = Environment::new();
    env.add_facts_bulk([edge(Integer(1), Integer(2)), edge(Integer(2), Integer(3))]);
    let starts: Vec<_> = env
        .query(&edge(variable("x"), Any))
        .map(|answer| answer.into_bindings())
        .collect();
    let pattern = edge(variable("x"), variable("y"));
    let query = env.query(&pattern).starting_from(&starts[0]).starting_from(&starts[1]);
    assert_eq!(
        query.map(|answer| text(&answer.resolve(&pattern))).collect::<Vec<_>>(),
        ["(edge 2 3)"]
    );
}

#[test]
fn anonymous_variables_represent_no_others() {
    for flipped in [false, true] {
        let (mut a, mut b) = (list([name("p"), variable("y")]), list([name("p"), Any]));
        if flipped {
            (a, b) = (b, a);
        }
        let mut bindings = Bindings::new();
        assert!(unify(&a, &b, &mut bindings));
        assert!(bindings.is_empty());
        let pair = list([variable("y"), variable("y")]);
        assert_eq!(text(&bindings.resolve(&pair)), "($y $y)");
        // Also of a bound one.
        assert!(unify(&variable("y"), &Integer(1), &mut bindings));
        assert!(unify(&a, &b, &mut bindings));
        assert_eq!(text(&bindings.resolve(&pair)), "(1 1)");
    }
}

#[test]
fn languages_without_numbered_anonymous_variables_are_reported() {
    #[derive(Clone, Debug)]
    enum Odd {
        Any,
        List(Vec<Odd>),
    }

    impl Term for Odd {
        fn view(&self) -> View<'_, Odd> {
            match self {
                Odd::Any => View::Leaf(Leaf::Anonymous),
                Odd::List(items) => View::Expression(items),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Odd> {
            matches!(leaf, Leaf::Anonymous).then_some(Odd::Any)
        }

        fn expression(items: Vec<Odd>) -> Odd {
            Odd::List(items)
        }
    }

    let query = std::panic::catch_unwind(|| Environment::new().query(&Odd::Any).count());
    let message = *query.unwrap_err().downcast::<String>().unwrap();
    let expected =
        "the term type breaks the contract of `Term`: `Term::leaf` doesn't build the variable `_` with an id";
    assert_eq!(message, expected);
    assert!(matches!(check_contract(&Odd::Any), Err(ContractError::Variable(_))));
    // That there are no symbols is reported last.
    assert_eq!(
        check_contract(&Odd::List(vec![])),
        Err(ContractError::NoSymbols("=".into()))
    );
}

#[test]
fn anonymous_variables_are_saved_apart_from_all_named_ones() {
    let mut env = Environment::new();
    env.add_rule(
        list([name("f"), Variable("_".into(), u64::MAX), Any, variable("")]),
        Any,
    );
    let mut file = Vec::new();
    env.save_to(&mut file, &NoCodec).unwrap();
    let loaded = Environment::<Tiny>::load_from(&file[..], &NoCodec).unwrap();
    let rule = loaded.rules().next().unwrap();
    assert_eq!(text(rule.atom()), "(= (f $_#18446744073709551615 _ $\"\") _)");
}

/// Terms that are exponentially larger as trees than in memory.
#[test]
fn shared_compounds_are_visited_once() {
    let tower = |bottom: Tiny| (0..40).fold(bottom, |term, _| Pair(Arc::new([term.clone(), term])));
    let (a, b) = (tower(variable("x")), tower(variable("y")));
    let mut bindings = Bindings::new();
    assert!(unify(&a, &b, &mut bindings));
    assert_eq!(bindings.len(), 1);
    assert!(!unify(&a, &tower(Labeled(1, variable("x").into())), &mut bindings));
    bindings.resolve(&a);
    rename_apart(&a, &mut 5);
    name_anonymous(&a, &mut 5);
    // Compounds with the same items and other tags differ.
    let shared = Arc::new(tower(variable("x")));
    let labels = |n: i64| List((0..300).map(|i| Labeled(i % n, Arc::clone(&shared))).collect());
    assert!(unify(&labels(2), &labels(2), &mut Bindings::new()));
    assert!(!unify(&labels(2), &labels(3), &mut Bindings::new()));
}

#[test]
fn known_ground_terms_are_checked_in_one_walk() {
    #[derive(Clone)]
    struct Ground(Atom, Vec<Ground>);

    impl Term for Ground {
        fn view(&self) -> View<'_, Ground> {
            match self.0.view() {
                View::Leaf(leaf) => View::Leaf(leaf),
                _ => View::Expression(&self.1),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Ground> {
            Some(Ground(Atom::leaf(leaf)?, Vec::new()))
        }

        fn expression(items: Vec<Ground>) -> Ground {
            Ground(Atom::expression(Vec::<Atom>::new()), items)
        }

        fn known_ground(&self) -> bool {
            self.0.as_expression().is_some()
        }
    }

    let leaf = |leaf| Ground::leaf(leaf).unwrap();
    let name = Leaf::Variable { name: "x", id: 0 };
    assert_eq!(check_contract(&leaf(name.clone())), Ok(()));
    let below = Ground::expression(vec![leaf(Leaf::Integer(1)), Ground::expression(vec![leaf(name)])]);
    assert_eq!(check_contract(&below), Err(ContractError::KnownGround("$x".into())));
}

#[test]
fn tagged_compounds_are_printed_and_not_read() {
    let value = Tiny::Value(0xab, vec![name("a")]);
    assert_eq!(text(&value), "#(value #<ab> a)");
    for source in ["#(value a)", "(f #(pair 1 2))"] {
        let error = parser::parse_one::<Tiny>(source).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::TaggedCompound, "{source}");
    }
    assert_eq!(
        text(&parser::parse_one::<Tiny>("(# (a) a#(b))").unwrap()),
        "(# (a) a# (b))"
    );
}

/// A term of few leaves, so that many match each other.
fn term(g: &mut Gen, depth: usize, variables: &[&str]) -> Tiny {
    let mut pick = |n: usize| usize::arbitrary(g) % n;
    let kind = pick(if depth > 0 { 12 } else { 8 });
    match kind {
        0 | 1 if !variables.is_empty() => variable(variables[pick(variables.len())]),
        2 | 3 => Any,
        0..=5 => name(["a", "b"][pick(2)]),
        6 | 7 => Integer(pick(2) as i64),
        8 | 9 => Pair(Arc::new([0; 2].map(|_| term(g, depth - 1, variables)))),
        10 => Labeled(pick(2) as i64, Arc::new(term(g, depth - 1, variables))),
        _ => {
            let count = pick(3);
            List((0..count).map(|_| term(g, depth - 1, variables)).collect())
        }
    }
}

#[derive(Clone, Debug)]
struct Case {
    facts: Vec<Tiny>,
    rules: Vec<[Tiny; 2]>,
    patterns: [Tiny; 2],
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        let fact = |g: &mut Gen| Pair(Arc::new([0; 2].map(|_| term(g, 1, &["p", "q"]))));
        let pattern = |g: &mut Gen| match u8::arbitrary(g) % 8 {
            0 => list([name("="), term(g, 1, &["x"]), term(g, 0, &["y"])]),
            1 => term(g, 1, &["x", "y"]),
            _ => Pair(Arc::new([0; 2].map(|_| term(g, 1, &["x", "y"])))),
        };
        Self {
            facts: (0..10).map(|_| fact(g)).collect(),
            rules: (0..2).map(|_| [0; 2].map(|_| term(g, 1, &["p"]))).collect(),
            patterns: [0; 2].map(|_| pattern(g)),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let case = self.clone();
        Box::new((0..self.facts.len()).map(move |at| {
            let mut less = case.clone();
            less.facts.remove(at);
            less
        }))
    }
}

/// The same term without tags and anonymous variables.
fn plain(term: &Tiny, next: &mut u64) -> Atom {
    let mut compound = |head: &str, items: &[Tiny]| {
        let head = std::iter::once(Atom::symbol(head));
        Atom::expression(
            head.chain(items.iter().map(|item| plain(item, next)))
                .collect::<Vec<_>>(),
        )
    };
    match term {
        List(items) => compound("list", items),
        Pair(items) => compound("pair", &items[..]),
        Labeled(label, item) => compound(&format!("label {label}"), std::slice::from_ref(item)),
        Tiny::Value(value, items) => compound(&format!("value {value}"), items),
        Any => {
            *next += 1;
            Atom::leaf(Leaf::Variable { name: "any", id: *next }).unwrap()
        }
        Variable(name, id) => Atom::leaf(Leaf::Variable { name, id: *id }).unwrap(),
        Name(name) => Atom::symbol(&**name),
        Integer(value) => Atom::from(*value),
    }
}

/// The bindings of `$x` and `$y`, up to the names of variables, and a multiplicity.
type Found = (Vec<u8>, u64);

fn found(term: &Tiny, multiplicity: u64) -> Found {
    (
        Encoder::new().encode(&plain(term, &mut 1_000_000)).bytes.to_vec(),
        multiplicity,
    )
}

fn sorted(found: impl Iterator<Item = Found>) -> Vec<Found> {
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found
}

/// Queries, joins, chains of queries and cached answers, against unification of every atom without tags.
#[test]
fn queries_of_tagged_and_anonymous_terms_find_all_answers() {
    fn law(case: Case) {
        let Case { facts, rules, patterns } = case;
        let mut env = Environment::new();
        facts.into_iter().for_each(|fact| env.add_fact(fact));
        rules.into_iter().for_each(|[lhs, rhs]| env.add_rule(lhs, rhs));
        env.check();
        let template = list(["x", "y"].map(variable));
        let mut next = 0;
        let plain_template = plain(&template, &mut next);
        let plain_patterns = [0, 1].map(|at| plain(&patterns[at], &mut next));
        let mut fresh = 2_000_000;
        let atoms: Vec<_> = env
            .iter()
            .map(|(atom, count)| (plain(&atom, &mut next), count))
            .collect();
        let mut extend = |pattern: &Atom, found: &[(Bindings<Atom>, u64)]| {
            let mut extended = Vec::new();
            for (start, multiplicity) in found {
                for (atom, count) in &atoms {
                    let mut bindings = start.clone();
                    if unify(pattern, &rename_apart(atom, &mut fresh), &mut bindings) {
                        extended.push((bindings, multiplicity * count));
                    }
                }
            }
            extended
        };
        let results = |found: &[(Bindings<Atom>, u64)]| {
            sorted(found.iter().map(|(bindings, count)| {
                let resolved = bindings.resolve(&plain_template);
                (Encoder::new().encode(&resolved).bytes.to_vec(), *count)
            }))
        };
        let one = extend(&plain_patterns[0], &[(Bindings::new(), 1)]);
        let both = extend(&plain_patterns[1], &one);

        for _ in 0..2 {
            for pattern in &patterns {
                let fresh = env.query(pattern).map(|answer| text(&answer.resolve(&template)));
                let cached = env.answers(pattern);
                let cached = cached.iter().map(|answer| text(&answer.resolve(&template)));
                assert!(fresh.eq(cached), "cached answers are those of the query");
            }
        }
        let answers: Vec<_> = env.query(&patterns[0]).collect();
        let expected = results(&one);
        let resolved = answers
            .iter()
            .map(|answer| found(&answer.resolve(&template), answer.multiplicity()));
        assert_eq!(sorted(resolved), expected, "a query of {}", text(&patterns[0]));
        assert_eq!(env.count(&patterns[0]), expected.len());

        let expected = results(&both);
        let join = env.query_all(&patterns).map(Result::unwrap);
        let joined = join.map(|answer| found(&answer.resolve(&template), answer.multiplicity()));
        assert_eq!(sorted(joined), expected, "a join");
        // A variable of the template may be in neither pattern.
        if let Ok(view) = standing::View::new(&env, patterns.clone(), template.clone()) {
            let mut sums = BTreeMap::new();
            for (answer, count) in &expected {
                *sums.entry(answer.clone()).or_default() += *count;
            }
            let kept = view.iter().map(|(answer, count)| found(&answer, count as u64));
            assert_eq!(sorted(kept), sums.into_iter().collect::<Vec<_>>(), "a view");
            let from_nothing = standing::answers_between(&Environment::new(), &env, patterns.clone(), template.clone());
            assert_eq!(from_nothing.unwrap(), view.answers());
        }
        let mut chained = Vec::new();
        for first in &answers {
            let other = answers[0].bindings();
            let query = env
                .query(&patterns[1])
                .starting_from(other)
                .starting_from(first.bindings());
            chained.extend(query.map(|answer| {
                let count = answer.multiplicity() * first.multiplicity();
                found(&answer.resolve(&template), count)
            }));
        }
        assert_eq!(sorted(chained.into_iter()), expected, "a chain of queries");
        let chained = answers.iter().flat_map(|first| {
            let join = env.query_all(&patterns[1..]).starting_from(first.bindings());
            join.map(|answer| {
                let answer = answer.unwrap();
                found(&answer.resolve(&template), answer.multiplicity() * first.multiplicity())
            })
        });
        assert_eq!(sorted(chained), expected, "a chain of joins");
    }
    quick_check(500).quickcheck(law as fn(Case));
}
