//! Queries: terms built, costs and limits; suggestions and types.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use pleach::env::{Answer, EditDistance, QueryError};
use pleach::term::{Leaf, Print, View, parser};
use pleach::{Atom, Environment, Term};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

thread_local! {
    static BUILT: Cell<usize> = const { Cell::new(0) };
}

/// A term type that counts the terms built on this thread.
#[derive(Clone)]
struct Counted(Inner);

#[derive(Clone)]
enum Inner {
    Leaf(Atom),
    Items(std::sync::Arc<[Counted]>),
}

impl Term for Counted {
    fn view(&self) -> View<'_, Self> {
        match &self.0 {
            Inner::Items(items) => View::Expression(items),
            Inner::Leaf(atom) => match atom.view() {
                View::Leaf(leaf) => View::Leaf(leaf),
                View::Expression(_) | View::Tagged(..) => unreachable!(),
            },
        }
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Self> {
        BUILT.set(BUILT.get() + 1);
        Some(Self(Inner::Leaf(Atom::leaf(leaf)?)))
    }

    fn expression(items: Vec<Self>) -> Self {
        BUILT.set(BUILT.get() + 1);
        Self(Inner::Items(items.into()))
    }
}

fn counted(text: &str) -> Counted {
    parser::parse_one(text).unwrap()
}

/// The number of terms built by `f`.
fn built<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = BUILT.get();
    let result = f();
    (BUILT.get() - before, result)
}

/// With and without an index, answers build what they are asked for: nothing, the bindings, or the atom around the ground
/// subterms of the pattern.
#[test]
fn answers_build_what_they_are_asked_for() {
    let mut env = Environment::new();
    env.add_facts_bulk((0..1_000).map(|i| counted(&format!("(edge a{i} (b {}))", i % 500))));
    // Each with the numbers of its answers and of the terms in their bindings and atoms.
    let patterns = [
        ("(edge $x (b 7))", 2, 2, 4),
        ("(edge $x (b 1000))", 0, 0, 0),
        ("(edge a7 (b 7))", 1, 0, 0),
        ("(edge a7 $y)", 1, 3, 4),
        ("(edge $x (c $x))", 0, 0, 0),
    ];
    for _ in 0..20 {
        for (pattern, answers, in_bindings, in_atoms) in patterns {
            let pattern = counted(pattern);
            let query = || env.query(&pattern);
            assert_eq!(built(|| query().count()), (0, answers), "{}", Print(&pattern));
            let bindings = || query().map(Answer::into_bindings).count();
            assert_eq!(built(bindings), (in_bindings, answers), "{}", Print(&pattern));
            let atoms = || query().map(|answer| answer.atom()).collect::<Vec<_>>().len();
            assert_eq!(built(atoms), (in_atoms, answers), "{}", Print(&pattern));
            assert_eq!(
                built(|| env.matches(&pattern).count()),
                (in_atoms, answers),
                "{}",
                Print(&pattern)
            );
        }
    }
    let memory = env.memory();
    assert!(memory.arguments.own > 1_000, "an index was built: {memory:?}");

    let patterns = ["(edge $x $y)", "(edge $z $y)", "(edge $y $x)"].map(counted);
    assert_eq!(built(|| env.query_all(&patterns).count()), (0, 0));
    let patterns = ["(edge $x (b 7))", "(edge a7 $y)"].map(counted);
    let values = || {
        env.query_all(&patterns)
            .map(|answer| answer.unwrap().value(&counted("$x")))
    };
    assert_eq!(
        built(|| values().count()).0,
        2 * 2,
        "a variable and its value for each answer"
    );
}

/// Answers are computed lazily.
#[test]
fn the_first_answer_costs_no_more_if_many_follow() {
    let steps = |n: i64| {
        let env: Environment = (0..n)
            .map(|i| Atom::expression([Atom::symbol("p"), i.into(), i.into()]))
            .collect();
        let first = |pattern: &str, limit| {
            let first = env.query(&atom(pattern)).with_limit(limit).next();
            first.is_some_and(|answer| answer.is_ok())
        };
        let least = |pattern: &str| (0..).find(|limit| first(pattern, *limit)).unwrap();
        let patterns = ["(p $x $x)", "(p 5 $y)", "$all"].map(least);
        let both = ["(p $x $y)", "(p $y $z)"].map(atom);
        let joined = |limit| {
            env.query_all(&both)
                .with_limit(limit)
                .next()
                .is_some_and(|answer| answer.is_ok())
        };
        (patterns, (0..).find(|limit| joined(*limit)).unwrap())
    };
    let (small, large) = (steps(1_000), steps(200_000));
    assert!(small.0.iter().all(|steps| *steps < 40), "{small:?}");
    assert!(large.0.iter().all(|steps| *steps < 40) && large.1 < 100, "{large:?}");
}

#[test]
fn limits_end_a_query_with_an_error_once() {
    let env: Environment = (0..100).map(Atom::from).collect();
    let mut query = env.query(&atom("$x")).with_limit(50);
    let answers = query.by_ref().take_while(Result::is_ok).count();
    assert!((40..=50).contains(&answers), "{answers}");
    assert!(query.next().is_none() && query.next().is_none());
    assert_eq!(env.query(&atom("$x")).with_limit(u64::MAX).count(), 100);
    assert_eq!(
        env.query(&atom("7")).with_limit(0).next().unwrap().unwrap_err(),
        QueryError::Limit(0)
    );

    // A Cartesian product of a million answers.
    let product = env.query_all(&["$x", "$y", "$z"].map(atom)).with_limit(1_000);
    assert_eq!(product.last().unwrap().unwrap_err(), QueryError::Limit(1_000));
}

#[test]
fn a_stopped_query_ends_with_an_error_once() {
    let pair = |i: i64| Atom::expression([Atom::symbol("p"), i.into(), (i + 1).into()]);
    let env: Environment = (0..5_000).map(pair).collect();
    let stop = AtomicBool::new(true);
    let mut scan = env.query(&atom("(p $x $x)")).with_limit(u64::MAX).with_stop(&stop);
    assert_eq!(scan.next().unwrap().unwrap_err(), QueryError::Stopped);
    assert!(scan.next().is_none());
    let circles = ["(p $x $y)", "(p $y $x)"].map(atom);
    let mut join = env.query_all(&circles).with_stop(&stop);
    assert_eq!(join.next().unwrap().unwrap_err(), QueryError::Stopped);
    assert!(join.next().is_none());
    stop.store(false, Ordering::Relaxed);
    assert_eq!(env.query_all(&circles).with_stop(&stop).count(), 0);
}

/// Whether a query reaches its limit doesn't depend on the indexes.
#[test]
fn limits_dont_depend_on_earlier_queries() {
    let fresh = || -> Environment {
        (0..1_000)
            .map(|i| atom(&format!("(edge {i} {})", i * 7 % 1_000)))
            .collect()
    };
    let (asked, new) = (fresh(), fresh());
    let pattern = atom("(edge $x 7)");
    (0..20).for_each(|_| assert_eq!(asked.query(&pattern).count(), 1));
    assert!(asked.memory().arguments.own > 0);
    for limit in [100, 1_000, 2_000, 10_000] {
        let [asked, new] = [&asked, &new].map(|env| {
            let answers = env.query(&pattern).with_limit(limit);
            let both = [atom("(edge $y 8)"), pattern.clone()];
            let joined = env.query_all(&both).with_limit(limit);
            (
                answers
                    .map(|answer| answer.map(|answer| answer.multiplicity()))
                    .collect::<Vec<_>>(),
                joined
                    .map(|answer| answer.map(|answer| answer.multiplicity()))
                    .collect::<Vec<_>>(),
            )
        });
        assert_eq!(asked, new);
    }
}

#[test]
fn templates_are_checked() {
    let env = Environment::<Atom>::new();
    let message = |name: &str| format!("the variable {name} of the template is in no pattern");
    let query = env.query(&atom("(f $x (g $y))"));
    assert_eq!(query.check_template(&atom("(a (b $y) $x $x)")), Ok(()));
    let unbound = query.check_template(&atom("(a (b $u) $v)")).unwrap_err();
    assert_eq!((&*unbound.name, unbound.to_string()), ("u", message("u")));
    let join = env.query_all(&[atom("(f $x)"), atom("(g $y)")]);
    assert_eq!(join.check_template(&atom("($x $y)")), Ok(()));
    let unbound = join.check_template(&atom("($x $z)")).unwrap_err();
    assert_eq!((&*unbound.name, unbound.to_string()), ("z", message("z")));
}

#[test]
fn suggestions_come_from_all_kinds_of_names() {
    let mut env = Environment::<Atom>::new();
    env.add_rule(atom("(parent-of $x)"), atom("(deep (inner granite))"));
    env.add_type(atom("mother"), atom("Person"));
    env.add_facts_bulk(["(likes tom tim)", "lonely", "(long)"].map(atom));
    env.bind("workspace", atom("1"));
    let suggest = |name: &str| env.suggest(name, 10).join(" ");
    assert_eq!(suggest("parent-fo"), "parent-of");
    assert_eq!(suggest("mohter"), "mother");
    assert_eq!(suggest("person"), "Person");
    assert_eq!(suggest("lieks"), "likes");
    assert_eq!(suggest("lonly"), "lonely");
    assert_eq!(suggest("lonnly"), "lonely", "two changes in six characters, not three");
    assert_eq!(suggest("workspcae"), "workspace");
    assert_eq!(suggest("granit"), "granite");
    assert_eq!(suggest("tam"), "tim tom");
    assert_eq!(suggest("tom"), "tim", "not itself");
    assert_eq!(suggest("xyzzy"), "");
    assert_eq!(
        (suggest(""), suggest("x")),
        (String::new(), String::new()),
        "nothing would be left of these"
    );
    assert_eq!(env.suggest("tam", 1), ["tim"]);

    // From this environment only, not from forks.
    let mut fork = env.clone();
    fork.add_fact(atom("(zzyzx 1)"));
    fork.remove_fact(&atom("lonely"));
    assert_eq!(env.suggest("zzyzy", 1), [""; 0]);
    assert_eq!(fork.suggest("zzyzy", 1), ["zzyzx"]);
    assert_eq!(fork.suggest("lonly", 1), [""; 0]);
}

/// All heads are candidates, whatever the number of facts before them.
#[test]
fn suggestions_include_the_last_head() {
    let mut env: Environment = (0..60_000)
        .map(|i| Atom::expression([Atom::symbol("a"), i.into()]))
        .collect();
    env.add_fact(atom("(zebra crossing)"));
    env.add_fact(atom("(größe 1 2 3)"));
    assert_eq!(env.suggest("zbera", 3), ["zebra"]);
    assert_eq!(env.suggest("grösse", 3), ["größe"]);
    assert_eq!(
        env.suggest("crosing", 3),
        [""; 0],
        "it is in an atom after the first 50,000"
    );
}

/// The heads near a name are those that a scan of all heads finds.
#[test]
fn heads_near_a_name_agree_with_a_scan() {
    #[derive(Clone, Debug)]
    struct Name(String);

    impl Arbitrary for Name {
        /// Few characters, of one to four bytes, so that names are near each other.
        fn arbitrary(g: &mut Gen) -> Self {
            let length = match u8::arbitrary(g) % 16 {
                0 => 70 + usize::arbitrary(g) % 40,
                _ => usize::arbitrary(g) % 7,
            };
            let character = |g: &mut Gen| *g.choose(&['a', 'b', 'ß', '→', '🦀']).unwrap();
            Self((0..length).map(|_| character(g)).collect())
        }
    }

    fn property(heads: Vec<(Name, u8)>, name: Name, max: u8) {
        let mut env = Environment::<Atom>::new();
        for (Name(head), arity) in &heads {
            let arguments = match arity % 8 {
                7 => 63 + usize::from(*arity),
                few => usize::from(few),
            };
            let head = Atom::symbol(head.as_str());
            let call = std::iter::once(head.clone()).chain((0..arguments).map(|i| Atom::from(i as i64)));
            let call = if arguments == 0 {
                head
            } else {
                Atom::expression(call.collect::<Vec<_>>())
            };
            env.add_rule(call, Atom::from(i64::from(*arity)));
        }
        let max = usize::from(max % 4);
        let distance = EditDistance::new(&name.0, max);
        let mut expected: Vec<(usize, &str)> = env
            .heads()
            .filter_map(|(head, _)| Some((distance.to(head.symbol.as_str())?, head.symbol.as_str())))
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let near = env.suggest_heads(&name.0, max);
        let found: Vec<_> = near.iter().map(|(head, distance)| (*distance, head.as_str())).collect();
        assert_eq!(found, expected);
    }
    quick_check(3_000).quickcheck(property as fn(_, _, _));
}

/// Facts, annotations and equations of other lengths have no head.
#[test]
fn only_rules_have_heads() {
    let mut env = Environment::<Atom>::new();
    env.add_facts_bulk(
        [
            "(fact 1)",
            "(: typed Type)",
            "(= one)",
            "(= one two three)",
            "(= (() x) 1)",
            "(= $x 1)",
        ]
        .map(atom),
    );
    assert_eq!(env.heads().count(), 0);
    for name in ["fact", "typed", "one", ""] {
        assert_eq!(env.suggest_heads(name, 3), []);
    }
    env.add_facts_bulk(["(= (f 1) 1)", "(= (f 2) 2)", "(= (f 1 2) 3)", "(= f 4)", "(= f 4)"].map(atom));
    let mut heads: Vec<_> = env.heads().map(|(head, rules)| (head.arity, rules)).collect();
    heads.sort_unstable();
    assert_eq!(heads, [(0, 1), (1, 2), (2, 1)]);
    let near = env.suggest_heads("g", usize::MAX);
    assert_eq!(
        near.iter().map(|(name, by)| (name.as_str(), *by)).collect::<Vec<_>>(),
        [("f", 1)]
    );
    assert_eq!(env.suggest_heads(&"f".repeat(101), usize::MAX), []);
}

#[test]
fn types_of_expressions() {
    let mut env = Environment::<Atom>::new();
    for (name, of_type) in [
        ("zero", "Nat"),
        ("S", "(-> Nat Nat)"),
        ("true", "Bool"),
        ("show", "(-> Bool String)"),
        ("show", "(-> Nat Text)"),
        ("show", "(-> Nat Text)"),
        ("pair", "(-> $a $b (Pair $a $b))"),
        ("same", "(-> $a $a Bool)"),
        ("nil", "(List $t)"),
        ("cons", "(-> $t (List $t) (List $t))"),
        ("quote", "(-> Atom Quoted)"),
        ("name", "(-> Symbol String)"),
        ("call", "(-> Expression %Undefined% Done)"),
        ("both", "Nat"),
        ("both", "Bool"),
        ("f", "Fun"),
    ] {
        env.add_type(atom(name), atom(of_type));
    }
    let types = |text: &str| {
        let types = env.types_of(&atom(text));
        types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(types("zero"), "Nat");
    assert_eq!(types("both"), "Nat Bool", "all, in order");
    assert_eq!(types("(S (S zero))"), "Nat");
    assert_eq!(types("(S true)"), "", "ill-typed");
    assert_eq!(types("(S (S true))"), "", "within");
    assert_eq!(types("(S zero zero)"), "");
    assert_eq!(types("(S unknown)"), "Nat");
    assert_eq!(types("(S $x)"), "Nat");
    assert_eq!(types("(S 7)"), "Nat", "nothing is known of values");
    assert_eq!(types("(show zero)"), "Text");
    assert_eq!(types("(show both)"), "String Text", "each once");
    assert_eq!(types("(pair zero (pair true zero))"), "(Pair Nat (Pair Bool Nat))");
    assert_eq!(types("(same zero zero)"), "Bool");
    assert_eq!(types("(same zero true)"), "");
    assert_eq!(types("(cons zero nil)"), "(List Nat)");
    assert_eq!(types("(cons true (cons zero nil))"), "", "a list of one type");
    assert_eq!(types("(cons nil (cons nil nil))").split(' ').next(), Some("(List"));
    assert_eq!(types("(quote (S true))"), "Quoted", "any atom");
    assert_eq!(types("(name zero)"), "String");
    assert_eq!(types("(name (S zero))"), "");
    assert_eq!(types("(call (g) true)"), "Done");
    assert_eq!(types("(call zero true)"), "");
    assert_eq!(types("(f zero)"), "", "no function");
    assert_eq!(types("((f) zero)"), "");
    assert_eq!(types("$x"), "");
    assert_eq!(types("()"), "");

    let deep = (0..100_000).fold(atom("zero"), |inner, _| Atom::expression([atom("S"), inner]));
    assert_eq!(env.types_of(&deep), [atom("Nat")]);
}
