//! Terms of a million levels, on a stack of 256 KB.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::thread;

use pleach::term::{Atom, Bindings, Encoder, Parser, Print, alpha_eq, path, rename_apart, unify};

const LEVELS: usize = 1_000_000;

fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// Nests `leaf` in expressions: by turns `(…)`, `(s …)` and `(… s)`.
fn nested(leaf: &Atom, levels: usize) -> Atom {
    let s = Atom::symbol("s");
    (0..levels).fold(leaf.clone(), |inner, level| match level % 3 {
        0 => Atom::expression([inner]),
        1 => Atom::expression([s.clone(), inner]),
        _ => Atom::expression([inner, s.clone()]),
    })
}

/// Atoms of `LEVELS` levels that differ in their leaves only. Building them takes much of the time of these tests.
static ONE: LazyLock<Atom> = LazyLock::new(|| nested(&1.into(), LEVELS));
static TWO: LazyLock<Atom> = LazyLock::new(|| nested(&2.into(), LEVELS));
static VARIABLE: LazyLock<Atom> = LazyLock::new(|| nested(&Atom::variable("0"), LEVELS));

#[test]
fn dropped() {
    on_small_stack(|| {
        let whole = nested(&1.into(), LEVELS);
        // Shared: one reference to the middle, and one to the whole.
        let mut middle = whole.clone();
        for _ in 0..LEVELS / 2 {
            let inner = middle
                .as_expression()
                .unwrap()
                .iter()
                .find(|item| item.as_expression().is_some());
            middle = inner.unwrap().clone();
        }
        let other = whole.clone();
        drop(whole);
        drop(other);
        drop(middle);
    });
}

#[test]
fn dropped_by_two_threads() {
    on_small_stack(|| {
        let ours = nested(&1.into(), LEVELS);
        let theirs = ours.clone();
        let other = thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || drop(theirs))
            .unwrap();
        drop(ours);
        other.join().unwrap();
    });
}

#[test]
fn compared_and_hashed() {
    on_small_stack(|| {
        let (a, b, c) = (&*ONE, nested(&1.into(), LEVELS), &*TWO);
        assert!(*a == b);
        assert!(a != c);
        assert_eq!(a.cmp(&b), Ordering::Equal);
        assert_eq!(a.cmp(c), Ordering::Less);
        let hash = |atom: &Atom| {
            let mut hasher = DefaultHasher::new();
            atom.hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!(hash(a), hash(&b));
        assert_ne!(hash(a), hash(c));
        assert!(alpha_eq(a, &b));
        assert!(!alpha_eq(a, c));
    });
}

#[test]
fn printed_and_parsed() {
    on_small_stack(|| {
        let atom = &*VARIABLE;
        let text = atom.to_string();
        assert_eq!(text.bytes().filter(|byte| *byte == b'(').count(), LEVELS);
        assert!(format!("{atom:?}") == text);
        assert!(Print(atom).to_string() == text);
        assert!(text.parse::<Atom>().unwrap() == *atom);
    });
}

#[test]
fn rejected_by_the_parser() {
    on_small_stack(|| {
        let open = "(".repeat(LEVELS);
        let error = open.parse::<Atom>().unwrap_err();
        assert_eq!((error.line, error.column), (1, LEVELS));
        assert!(format!("{open}{}", ")".repeat(LEVELS + 1)).parse::<Atom>().is_err());
        let nested = format!("{open}{}", ")".repeat(LEVELS));
        let mut limited: Parser<'_> = Parser::new(&nested).max_depth(LEVELS - 1);
        assert!(limited.next().unwrap().is_err());
        assert!(limited.next().is_none());
        assert!(Parser::<Atom>::new(&nested).max_depth(LEVELS).next().unwrap().is_ok());
    });
}

#[test]
fn encoded_and_decoded() {
    on_small_stack(|| {
        let mut encoder = Encoder::new();
        let encoded = encoder.encode(&*VARIABLE);
        assert!(encoded.bytes.len() > LEVELS);
        assert!(path::decode::<Atom>(encoded.bytes).unwrap() == *VARIABLE);
        assert_eq!(path::skip(encoded.bytes), Ok(encoded.bytes.len()));
        // Truncated, so that decoding fails with many open levels.
        assert!(path::decode::<Atom>(&encoded.bytes[..LEVELS]).is_err());
    });
}

#[test]
fn unified_resolved_and_renamed() {
    on_small_stack(|| {
        const LEVELS: usize = crate::deep::LEVELS / 5;
        let (x, y, one) = (Atom::variable("x"), Atom::variable("y"), Atom::from(1));
        let [deep_x, deep_y, deep_one] = [&x, &y, &one].map(|leaf| nested(leaf, LEVELS));
        let mut bindings = Bindings::new();
        assert!(unify(&deep_x, &deep_one, &mut bindings));
        assert!(bindings.resolve(&deep_x) == deep_one);
        assert!(unify(&deep_y, &deep_x, &mut bindings));
        assert!(bindings.resolve(&y) == one);

        // A cycle of that depth, and a value.
        let mut bindings = Bindings::new();
        assert!(!unify(&x, &deep_x, &mut bindings));
        assert!(bindings.is_empty());
        assert!(unify(&x, &deep_y, &mut bindings));
        assert!(!unify(&y, &x, &mut bindings));
        assert!(unify(&y, &one, &mut bindings));
        assert!(bindings.resolve(&x) == deep_one);

        let renamed = rename_apart(&deep_x, &mut 7);
        assert!(alpha_eq(&renamed, &deep_x));
        assert!(renamed != deep_x);
    });
}

/// A chain of 20,000 variables, each bound to a term that holds the next.
#[test]
fn resolved_through_a_chain_of_bindings() {
    on_small_stack(|| {
        let variable = |number: usize| Atom::variable(format!("v{number}").as_str());
        let step = |number: usize| Atom::expression([Atom::symbol("s"), variable(number)]);
        const LENGTH: usize = 20_000;
        let left = Atom::from((0..LENGTH).map(variable).collect::<Vec<_>>());
        let right = Atom::from((0..LENGTH).map(|number| step(number + 1)).collect::<Vec<_>>());
        let mut bindings = Bindings::new();
        assert!(unify(&left, &right, &mut bindings));
        assert_eq!(bindings.len(), LENGTH);
        assert!(!unify(&variable(LENGTH), &step(0), &mut bindings));
        assert_eq!(bindings.len(), LENGTH);
        let mut resolved = bindings.resolve(&variable(0));
        for _ in 0..LENGTH {
            resolved = resolved.as_expression().unwrap()[1].clone();
        }
        assert_eq!(resolved, variable(LENGTH));
    });
}
