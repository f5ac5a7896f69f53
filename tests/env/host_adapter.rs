//! A host whose terms are an enum with tagged compounds, strings, floats, booleans and closures.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::sync::Arc;

use pleach::env::Join;
use pleach::persist::NoCodec;
use pleach::term::{Bindings, ContractError, Leaf, Print, Tag, View, check_contract, unify};
use pleach::{Atom, Environment, Term};

thread_local! {
    static CLONES: Cell<usize> = const { Cell::new(0) };
}

/// A closure of the host: its identity is a number.
struct Closure(u64, Box<dyn Fn(i64) -> i64 + Send + Sync>);

/// The host's terms, as it had them before.
enum Value {
    Name(Arc<str>),
    Variable(Arc<str>),
    Wildcard,
    Bool(bool),
    Long(i64),
    Float(f64),
    Text(Arc<str>),
    List(Vec<Value>),
    Conjunction(Vec<Value>),
    Error(String, Arc<Value>),
    Type(Arc<Value>),
    Cons(Arc<[Value; 2]>),
    Nil,
    Closure(Arc<Closure>),
}

// The adapter begins.
impl Term for Value {
    fn view(&self) -> View<'_, Value> {
        View::Leaf(match self {
            Value::Name(name) => Leaf::Symbol(name),
            // A variable is a string; a copy has its id behind the name.
            Value::Variable(text) => match text.rsplit_once('#').map(|(name, id)| (name, id.parse())) {
                Some((name, Ok(id))) => Leaf::Variable { name, id },
                _ => Leaf::Variable { name: text, id: 0 },
            },
            Value::Wildcard => Leaf::Anonymous,
            Value::Bool(true) => Leaf::Symbol("True"),
            Value::Bool(false) => Leaf::Symbol("False"),
            Value::Long(value) => Leaf::Integer(*value),
            Value::Float(value) => Leaf::Float(*value),
            Value::Text(text) => Leaf::String(text),
            Value::Closure(closure) => Leaf::Opaque(closure.0.to_be_bytes().to_vec().into()),
            Value::List(items) => return View::Expression(items),
            Value::Conjunction(items) => return View::Tagged(Tag::new(","), items),
            Value::Error(message, culprit) => {
                let tag = Tag::with_data("Error", Leaf::String(message));
                return View::Tagged(tag, std::slice::from_ref(culprit));
            }
            Value::Type(of) => return View::Tagged(Tag::new("Type"), std::slice::from_ref(of)),
            Value::Cons(pair) => return View::Tagged(Tag::new("cons"), &pair[..]),
            Value::Nil => return View::Tagged(Tag::new("nil"), &[]),
        })
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Value> {
        Some(match leaf {
            Leaf::Symbol("True") => Value::Bool(true),
            Leaf::Symbol("False") => Value::Bool(false),
            Leaf::Symbol(name) => Value::Name(name.into()),
            Leaf::Variable { name, id: 0 } => Value::Variable(name.into()),
            Leaf::Variable { name, id } => Value::Variable(format!("{name}#{id}").into()),
            Leaf::Anonymous => Value::Wildcard,
            Leaf::Integer(value) => Value::Long(value),
            Leaf::Float(value) => Value::Float(value),
            Leaf::String(text) => Value::Text(text.into()),
            Leaf::Grounded(_) | Leaf::Opaque(_) => return None,
        })
    }

    fn expression(items: Vec<Value>) -> Value {
        Value::List(items)
    }

    fn tagged(tag: Tag<'_>, items: Vec<Value>) -> Option<Value> {
        match (tag.name, tag.data) {
            (",", None) => Some(Value::Conjunction(items)),
            ("Error", Some(Leaf::String(message))) => {
                let [culprit] = <[Value; 1]>::try_from(items).ok()?;
                Some(Value::Error(message.into(), culprit.into()))
            }
            ("Type", None) => <[Value; 1]>::try_from(items).ok().map(|[of]| Value::Type(of.into())),
            ("cons", None) => <[Value; 2]>::try_from(items).ok().map(|pair| Value::Cons(pair.into())),
            ("nil", None) if items.is_empty() => Some(Value::Nil),
            _ => None,
        }
    }
}
// The adapter ends.

impl Clone for Value {
    fn clone(&self) -> Value {
        CLONES.set(CLONES.get() + 1);
        match self {
            Value::Name(name) => Value::Name(Arc::clone(name)),
            Value::Variable(name) => Value::Variable(Arc::clone(name)),
            Value::Wildcard => Value::Wildcard,
            Value::Bool(value) => Value::Bool(*value),
            Value::Long(value) => Value::Long(*value),
            Value::Float(value) => Value::Float(*value),
            Value::Text(text) => Value::Text(Arc::clone(text)),
            Value::List(items) => Value::List(items.clone()),
            Value::Conjunction(items) => Value::Conjunction(items.clone()),
            Value::Error(message, culprit) => Value::Error(message.clone(), Arc::clone(culprit)),
            Value::Type(of) => Value::Type(Arc::clone(of)),
            Value::Cons(pair) => Value::Cons(Arc::clone(pair)),
            Value::Nil => Value::Nil,
            Value::Closure(closure) => Value::Closure(Arc::clone(closure)),
        }
    }
}

/// The clones that `f` makes.
fn clones<R>(f: impl FnOnce() -> R) -> usize {
    let before = CLONES.get();
    f();
    CLONES.get() - before
}

fn name(name: &str) -> Value {
    Value::Name(name.into())
}

fn variable(name: &str) -> Value {
    Value::Variable(name.into())
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn error(message: &str, culprit: Value) -> Value {
    Value::Error(message.into(), culprit.into())
}

fn cons(items: impl DoubleEndedIterator<Item = Value>) -> Value {
    items.rfold(Value::Nil, |rest, first| Value::Cons([first, rest].into()))
}

/// One term of each variant.
fn samples() -> Vec<Value> {
    vec![
        name("f"),
        variable("x"),
        Value::Wildcard,
        Value::Bool(true),
        Value::Bool(false),
        Value::Long(-3),
        Value::Float(0.5),
        Value::Text("text".into()),
        list([name("f"), Value::Bool(false), variable("x")]),
        Value::Conjunction(vec![list([name("p"), variable("x")]), list([name("q")])]),
        error("no such file", list([name("open"), Value::Text("a".into())])),
        Value::Type(name("Number").into()),
        cons((1..4).map(Value::Long)),
        Value::Nil,
        Value::Closure(Arc::new(Closure(7, Box::new(|x| x + 1)))),
    ]
}

#[test]
fn a_host_with_tagged_compounds_keeps_the_contract() {
    for sample in samples() {
        assert_eq!(check_contract(&sample), Ok(()), "{}", Print(&sample));
    }
    assert_eq!(check_contract(&Value::List(samples())), Ok(()));
    let source = include_str!("host_adapter.rs");
    let adapter = source.lines().skip_while(|line| *line != "// The adapter begins.");
    let lines = adapter.take_while(|line| *line != "// The adapter ends.").count();
    assert!(lines <= 120, "{lines} lines");
}

#[test]
fn a_host_stores_and_finds_its_terms() {
    let mut env = Environment::new();
    env.add_facts_bulk(samples());
    env.check();
    assert_eq!(env.len(), 15);
    for sample in samples() {
        assert!(env.contains(&sample), "{}", Print(&sample));
        let found: Vec<_> = env.matches(&sample).map(|(atom, _)| Print(&atom).to_string()).collect();
        if !sample.view().items().is_some_and(|items| items.is_empty()) {
            assert!(!found.is_empty(), "{}", Print(&sample));
        }
    }
    let closures = env.matches(&samples()[14]).filter_map(|(atom, _)| match atom {
        Value::Closure(closure) => Some(closure.1(41)),
        _ => None,
    });
    assert_eq!(closures.collect::<Vec<_>>(), [42]);
    // They are saved and loaded, but for closures.
    let mut saved = env.clone();
    saved.remove_all(&samples()[14]);
    saved.add_rule(
        list([name("f"), Value::Wildcard, samples()[10].clone()]),
        Value::Wildcard,
    );
    let mut file = Vec::new();
    saved.save_to(&mut file, &NoCodec).unwrap();
    let loaded = Environment::<Value>::load_from(&file[..], &NoCodec).unwrap();
    assert_eq!(loaded, saved);
    loaded.check();
    let rule = loaded.rules().next().unwrap();
    assert_eq!(
        Print(rule.atom()).to_string(),
        r##"(= (f _ #(Error "no such file" (open "a"))) _)"##
    );
    assert!(Environment::<Atom>::load_from(&file[..], &NoCodec).is_err());
    // Constructors with the same items differ, and so do messages.
    let why = || name("why");
    env.add_facts_bulk([
        Value::Type(why().into()),
        error("a", why()),
        error("b", why()),
        list([name("Type"), why()]),
    ]);
    let query = |pattern: Value| -> Vec<String> {
        let answers = env.query(&pattern).map(|answer| Print(&answer.atom()).to_string());
        answers.collect()
    };
    assert_eq!(
        query(error("b", variable("x"))),
        ["$0", "#(Error \"b\" why)"].map(String::from)
    );
    assert_eq!(query(Value::Type(variable("x").into())).len(), 1 + 2);
    assert_eq!(env.matches(&Value::Type(Value::Wildcard.into())).count(), 2);
}

#[test]
fn anonymous_variables_differ() {
    let mut env = Environment::new();
    env.add_fact(list([name("edge"), Value::Long(1), Value::Long(2)]));
    env.add_fact(list([name("same"), Value::Wildcard, Value::Wildcard]));
    let pattern = |a, b| list([name("edge"), a, b]);
    assert_eq!(env.query(&pattern(Value::Wildcard, Value::Wildcard)).count(), 1);
    assert_eq!(env.query(&pattern(variable("x"), variable("x"))).count(), 0);
    assert!(env.contains(&list([name("same"), variable("x"), variable("y")])));
    assert!(!env.contains(&list([name("same"), variable("x"), variable("x")])));
    assert_eq!(
        env.query(&list([name("same"), Value::Long(1), Value::Long(2)])).count(),
        1
    );

    // Also in rules, whose terms are kept, and in joins.
    env.add_rule(
        list([name("first"), list([variable("x"), Value::Wildcard, Value::Wildcard])]),
        variable("x"),
    );
    let call = list([name("first"), list([Value::Long(1), Value::Long(2), Value::Long(3)])]);
    assert_eq!(env.rules_for(&call).count(), 1);
    let rule = list([name("="), call, variable("result")]);
    let found: Vec<_> = env
        .query(&rule)
        .map(|answer| answer.value(&variable("result")).unwrap())
        .collect();
    assert!(matches!(found[..], [Value::Long(1)]));
    let join = Join::across([
        (&**env, pattern(variable("x"), Value::Wildcard)),
        (&**env, pattern(Value::Wildcard, variable("y"))),
    ]);
    let found: Vec<_> = join
        .map(|answer| Print(&answer.unwrap().resolve(&list([variable("x"), variable("y")]))).to_string())
        .collect();
    assert_eq!(found, ["(1 2)"]);
    let mut bindings = Bindings::new();
    assert!(unify(
        &pattern(Value::Wildcard, Value::Wildcard),
        &pattern(Value::Long(1), Value::Long(2)),
        &mut bindings
    ));
}

#[test]
fn reads_copy_no_term_of_the_host() {
    let deep = |i: i64| {
        list([
            name("deep"),
            Value::Conjunction((0..100).map(Value::Long).collect()),
            Value::Long(i),
        ])
    };
    let mut env = Environment::new();
    env.add_facts_bulk((0..100).map(deep));
    env.add_rules_bulk((0..100).map(|i| (list([name("f"), deep(i)]), deep(i))));
    env.add_type(name("f"), list([name("->"), name("A"), name("B")]));
    let (known, call) = (deep(7), list([name("f"), deep(7)]));
    assert_eq!(clones(|| assert!(env.contains(&known))), 0);
    assert_eq!(clones(|| env.get_rule_count(&call, &known)), 0);
    assert_eq!(
        clones(|| env
            .get_matching_rules("f", 1)
            .for_each(|rule| _ = (rule.lhs(), rule.rhs()))),
        0
    );
    assert_eq!(clones(|| env.rules_for(&call).for_each(|rule| _ = rule.rhs())), 0);
    assert_eq!(clones(|| env.get_type("f")), 0);
    assert_eq!(clones(|| env.heads().count()), 0);
    // Facts are decoded, so no term is copied either. A query copies the pattern, its template and its variables, once.
    assert_eq!(clones(|| env.matches(&known).count()), clones(|| known.clone()) * 3);
    let all = list([name("deep"), variable("x"), variable("y")]);
    let pattern = clones(|| env.query(&all).take(1).count());
    assert!(pattern <= 8, "{pattern}");
    assert_eq!(clones(|| assert_eq!(env.query(&all).count(), 100)), pattern);
}

#[test]
fn broken_contracts_are_reported() {
    /// Numbers, which can't make rules.
    #[derive(Clone, Debug)]
    struct Number(i64);

    impl Term for Number {
        fn view(&self) -> View<'_, Number> {
            View::Leaf(Leaf::Integer(self.0))
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Number> {
            match leaf {
                Leaf::Integer(value) => Some(Number(value)),
                _ => None,
            }
        }

        fn expression(_: Vec<Number>) -> Number {
            Number(0)
        }
    }

    assert_eq!(check_contract(&Number(2)), Err(ContractError::NoSymbols("=".into())));
    let adding = std::panic::catch_unwind(|| Environment::new().add_rule(Number(2), Number(4)));
    let message = *adding.unwrap_err().downcast::<String>().unwrap();
    assert!(
        message.contains("breaks the contract of `Term`: `Term::leaf` builds no symbols"),
        "{message}"
    );

    /// Terms whose compounds forget their tags and whose numbers are rounded.
    #[derive(Clone)]
    enum Half {
        Symbol(Arc<str>),
        Number(i64),
        Pair(Arc<[Half; 2]>),
        List(Vec<Half>),
    }

    impl Term for Half {
        fn view(&self) -> View<'_, Half> {
            match self {
                Half::Symbol(name) => View::Leaf(Leaf::Symbol(name)),
                Half::Number(value) => View::Leaf(Leaf::Integer(*value)),
                Half::Pair(pair) => View::Tagged(Tag::new("pair"), &pair[..]),
                Half::List(items) => View::Expression(items),
            }
        }

        fn leaf(leaf: Leaf<'_>) -> Option<Half> {
            match leaf {
                Leaf::Symbol(name) => Some(Half::Symbol(name.into())),
                Leaf::Integer(value) => Some(Half::Number(value & !1)),
                _ => None,
            }
        }

        fn expression(items: Vec<Half>) -> Half {
            Half::List(items)
        }
    }

    let check = |term: &Half| check_contract(term);
    assert_eq!(check(&Half::Symbol("a".into())), Ok(()));
    assert_eq!(
        check(&Half::List(vec![Half::Number(2), Half::Number(1)])),
        Err(ContractError::Leaf("1".into()))
    );
    let pair = Half::Pair([Half::Number(2), Half::Number(4)].into());
    assert_eq!(check(&pair), Err(ContractError::Tagged("pair".into())));
}
