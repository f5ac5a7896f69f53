use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pleach::term::{Atom, Bindings, Leaf, Term, Variable, View, alpha_eq, rename_apart, unify};
use pleach_testkit::quick_check;

use pleach_testkit::atoms::{AnyAtom, Few, PlainAtom, replace, variables};

fn atom(source: &str) -> Atom {
    source.parse().unwrap()
}

/// Robinson's algorithm in its textbook form: recursive, with a substitution that is applied as it grows.
mod textbook {
    use super::*;

    pub(super) type Substitution = BTreeMap<Variable, Atom>;

    pub(super) fn apply(atom: &Atom, substitution: &Substitution) -> Atom {
        replace(atom, &|variable| {
            substitution.get(&variable).cloned().unwrap_or(variable.into())
        })
    }

    pub(super) fn unify(a: &Atom, b: &Atom, substitution: &mut Substitution) -> bool {
        let (a, b) = (apply(a, substitution), apply(b, substitution));
        match (&a, &b) {
            _ if a == b => true,
            (Atom::Variable(x), other) | (other, Atom::Variable(x)) => {
                if variables(other).contains(x) {
                    return false;
                }
                let step = Substitution::from([(*x, other.clone())]);
                substitution.values_mut().for_each(|value| *value = apply(value, &step));
                substitution.insert(*x, other.clone());
                true
            }
            (Atom::Expression(xs), Atom::Expression(ys)) => {
                xs.len() == ys.len() && xs.iter().zip(ys).all(|(x, y)| unify(x, y, substitution))
            }
            _ => false,
        }
    }
}

/// Combines variables and terms in one term, on which substitutions can be compared.
fn together(atoms: &[Atom]) -> Atom {
    let known: BTreeSet<Variable> = atoms.iter().flat_map(variables).collect();
    atoms
        .iter()
        .cloned()
        .chain(known.into_iter().map(Atom::from))
        .collect::<Vec<_>>()
        .into()
}

#[test]
fn plain_atoms_agree_with_the_textbook() {
    fn property(Few(pairs): Few<(PlainAtom, PlainAtom)>) -> bool {
        let mut bindings = Bindings::new();
        let mut substitution = textbook::Substitution::new();
        let all: Vec<Atom> = pairs.iter().flat_map(|(a, b)| [a.0.clone(), b.0.clone()]).collect();
        let all = together(&all);
        pairs.iter().all(|(PlainAtom(a), PlainAtom(b))| {
            let before = bindings.resolve(&all);
            let mut attempt = substitution.clone();
            let expected = textbook::unify(a, b, &mut attempt);
            let unified = unify(a, b, &mut bindings);
            if expected {
                substitution = attempt;
            }
            let after = bindings.resolve(&all);
            unified == expected
                && (unified || after == before)
                && (!unified || bindings.resolve(a) == bindings.resolve(b))
                && alpha_eq(&after, &textbook::apply(&all, &substitution))
                && bindings.len() == substitution.len()
                && bindings.resolve(&after) == after
        })
    }
    quick_check(10_000).quickcheck(property as fn(_) -> _);
}

#[test]
fn any_atoms_agree_with_the_textbook() {
    fn property(a: AnyAtom, b: AnyAtom) -> bool {
        let (AnyAtom(a), AnyAtom(b)) = (a, b);
        // A pattern derived from `a` unifies with it more often than `b` does.
        let pattern = rename_apart(&a, &mut (1 << 55));
        [&b, &pattern, &a].into_iter().all(|other| {
            let mut bindings = Bindings::new();
            let mut substitution = textbook::Substitution::new();
            let all = together(&[a.clone(), other.clone()]);
            unify(&a, other, &mut bindings) == textbook::unify(&a, other, &mut substitution)
                && (bindings.len() != substitution.len()
                    || alpha_eq(&bindings.resolve(&all), &textbook::apply(&all, &substitution)))
        })
    }
    quick_check(3_000).quickcheck(property as fn(_, _) -> _);
}

#[test]
fn the_occurs_check_finds_every_cycle() {
    for (a, b) in [
        ("$x", "(f $x)"),
        ("($x $y)", "((f $y) (f $x))"),
        ("($x $y $z)", "((f $y) (f $z) (f $x))"),
        ("($x $y $x)", "($y (g $x) (g $y))"),
        ("($x (f $x))", "($y $y)"),
    ] {
        let mut bindings = Bindings::new();
        assert!(!unify(&atom(a), &atom(b), &mut bindings), "{a} {b}");
        assert!(bindings.is_empty());
        assert_eq!(bindings.resolve(&atom(a)), atom(a));
    }
    let mut bindings = Bindings::new();
    assert!(unify(&atom("$x"), &atom("$x"), &mut bindings));
    assert!(unify(&atom("($x $y)"), &atom("($y $x)"), &mut bindings));
    assert_eq!(bindings.len(), 1);
    assert!(unify(&atom("$x"), &atom("(f $z)"), &mut bindings));
    assert!(!unify(&atom("$z"), &atom("(f $y)"), &mut bindings));
    assert_eq!(bindings.resolve(&atom("($x $y $z)")), atom("((f $z) (f $z) $z)"));
}

#[test]
fn get_resolves_one_step() {
    let mut bindings = Bindings::new();
    assert!(unify(&atom("($x $y $v)"), &atom("((f $y) 1 $w)"), &mut bindings));
    assert_eq!(bindings.get(&atom("$x")), Some(&atom("(f $y)")));
    assert_eq!(bindings.get(&atom("$y")), Some(&1.into()));
    assert_eq!(bindings.get(&atom("$z")), None);
    assert_eq!(bindings.get(&atom("f")), None);
    // One of two united variables represents both.
    let stands = [bindings.get(&atom("$v")), bindings.get(&atom("$w"))];
    assert!(stands == [Some(&atom("$w")), None] || stands == [None, Some(&atom("$v"))]);
}

#[test]
fn variables_with_different_ids_differ() {
    let mut bindings = Bindings::new();
    assert!(unify(&atom("($x $x#1)"), &atom("(1 2)"), &mut bindings));
    assert!(!unify(&atom("$x"), &atom("$x#1"), &mut bindings));
    assert_eq!(bindings.resolve(&atom("($x $x#1 $x#2)")), atom("(1 2 $x#2)"));
}

fn shares(a: &Atom, b: &Atom) -> bool {
    matches!((a, b), (Atom::Expression(a), Atom::Expression(b)) if a.ptr_eq(b))
}

#[test]
fn unchanged_subterms_are_shared() {
    let mut bindings = Bindings::new();
    let term = atom("(f (g 1 $free) (h $x))");
    assert!(shares(&bindings.resolve(&term), &term));
    assert!(unify(&atom("$x"), &atom("(big (value))"), &mut bindings));
    let resolved = bindings.resolve(&term);
    let (old, new) = (term.as_expression().unwrap(), resolved.as_expression().unwrap());
    assert!(shares(&old[1], &new[1]) && !shares(&old[2], &new[2]));

    let ground = atom("(f (g 1))");
    assert!(shares(&rename_apart(&ground, &mut 1), &ground));
}

#[test]
fn renaming_gives_each_variable_its_own_id() {
    let mut fresh = 3;
    assert_eq!(
        rename_apart(&atom("($x ($y $x) $x#1 1)"), &mut fresh),
        atom("($x#3 ($y#4 $x#3) $x#5 1)")
    );
    assert_eq!(fresh, 6);
    // A variable stays if the term type can't represent its new id.
    let mut fresh = Variable::MAX_ID;
    assert_eq!(
        rename_apart(&atom("($x $y)"), &mut fresh),
        atom("($x#72057594037927935 $y)")
    );
    fn property(AnyAtom(atom): AnyAtom) -> bool {
        let mut fresh = 1 << 40;
        let renamed = rename_apart(&atom, &mut fresh);
        let known: BTreeSet<Variable> = variables(&atom).into_iter().collect();
        alpha_eq(&atom, &renamed) && fresh == (1 << 40) + known.len() as u64
    }
    quick_check(5_000).quickcheck(property as fn(_) -> _);
}

fn variable(name: &str, number: usize) -> Atom {
    Atom::variable(format!("{name}{number}").as_str())
}

fn pair(a: Atom, b: Atom) -> Atom {
    Atom::expression([Atom::symbol("g"), a, b])
}

/// `f(x1, …, xn)` and `f(g(x0, x0), …, g(x(n−1), x(n−1)))`.
fn doubling(name: &str, n: usize) -> (Vec<Atom>, Vec<Atom>) {
    let left = (1..=n).map(|number| variable(name, number)).collect();
    let right = (0..n)
        .map(|number| pair(variable(name, number), variable(name, number)))
        .collect();
    (left, right)
}

/// Problems whose solution is exponential as a tree: each would never end if any step were exponential.
#[test]
fn exponential_solutions_are_cheap() {
    const N: usize = 10_000;
    let mut bindings = Bindings::new();
    let (left, right) = doubling("x", N);
    assert!(unify(
        &Atom::from(left.clone()),
        &Atom::from(right.clone()),
        &mut bindings
    ));
    let x = bindings.resolve(&variable("x", N));
    // Shared: both sides of each pair are the same allocation.
    let mut level = &x;
    for _ in 1..N {
        let items = level.as_expression().unwrap();
        assert!(shares(&items[1], &items[2]));
        level = &items[1];
    }
    assert!(!unify(&variable("x", 0), &variable("x", N), &mut bindings));

    // The same with y, and then x(N) = y(N): both solutions must be compared.
    let (ys, zs) = doubling("y", N);
    let mut bindings = Bindings::new();
    let a = Atom::from([left, ys, vec![variable("x", N)]].concat());
    let b = Atom::from([right, zs, vec![variable("y", N)]].concat());
    assert!(unify(&a, &b, &mut bindings));
    let both = bindings.resolve(&pair(variable("x", N), variable("y", N)));
    let both = both.as_expression().unwrap();
    assert!(shares(&both[1], &both[2]));

    // Written out with sharing, without variables between: two graphs of N nodes, 2^N as trees.
    let graph = |leaf: Atom| (0..N).fold(leaf, |inner, _| pair(inner.clone(), inner));
    let mut bindings = Bindings::new();
    assert!(unify(
        &graph(Atom::variable("x")),
        &graph(Atom::variable("y")),
        &mut bindings
    ));
    assert_eq!(bindings.len(), 1);
    assert!(!unify(&Atom::variable("y"), &graph(Atom::variable("x")), &mut bindings));
    assert!(unify(&Atom::variable("z"), &graph(Atom::variable("x")), &mut bindings));
    assert!(unify(&Atom::variable("x"), &1.into(), &mut bindings));
    let mut level = &bindings.resolve(&Atom::variable("z"));
    while let Some(items) = level.as_expression() {
        level = &items[1];
    }
    assert_eq!(*level, Atom::from(1));
    let mut level = &rename_apart(&graph(Atom::variable("x")), &mut 9);
    while let Some(items) = level.as_expression() {
        level = &items[2];
    }
    assert_eq!(*level, atom("$x#9"));
}

/// A cycle through an expression that two classes share, in a graph large enough for expressions to be tracked by
/// address.
#[test]
fn a_cycle_through_a_shared_expression_is_found() {
    let filler = |inner: Atom| (0..600).fold(inner, |inner, _| pair(inner.clone(), Atom::variable("free")));
    let shared = filler(Atom::variable("v"));
    let left = Atom::from(vec![Atom::variable("r"), Atom::variable("v")]);
    let right = Atom::from(vec![pair(shared.clone(), 1.into()), pair(shared, 2.into())]);
    let mut bindings = Bindings::new();
    assert!(!unify(&left, &right, &mut bindings));
    assert!(bindings.is_empty());
}

#[test]
fn many_bindings_are_reverted() {
    const N: usize = 5_000;
    let names: Vec<Atom> = (0..N).map(|number| variable("v", number)).collect();
    let values: Vec<Atom> = (0..N).map(|number| Atom::from(number as i64)).collect();
    let mut bindings = Bindings::new();
    // Fails at the last of them, with and without earlier bindings: all are reverted.
    for kept in [0, 10, 100] {
        let some = Atom::from(names[..kept].to_vec());
        assert!(unify(&some, &Atom::from(values[..kept].to_vec()), &mut bindings));
        let clashing = Atom::from([&names[..], &[Atom::symbol("a")]].concat());
        let with = Atom::from([&values[..], &[Atom::symbol("b")]].concat());
        assert!(!unify(&clashing, &with, &mut bindings));
        assert_eq!(bindings.len(), kept);
        for (number, name) in names.iter().enumerate() {
            assert_eq!(bindings.get(name).is_some(), number < kept);
        }
    }
    assert!(unify(
        &Atom::from(names.clone()),
        &Atom::from(values.clone()),
        &mut bindings
    ));
    assert!(bindings.resolve(&Atom::from(names)) == Atom::from(values));
    // All in one class, joined pair by pair.
    let mut bindings = Bindings::new();
    for number in 1..N {
        assert!(unify(&variable("w", number - 1), &variable("w", number), &mut bindings));
    }
    assert!(unify(&variable("w", N / 2), &Atom::symbol("a"), &mut bindings));
    assert_eq!(bindings.len(), N);
    assert!((0..N).all(|number| bindings.resolve(&variable("w", number)) == Atom::symbol("a")));
}

thread_local! {
    static VIEWS: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// A term type with deep clones, so that equal terms have different addresses. It panics after a number of views.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Variable(String, u64),
    Symbol(String),
    Node(Vec<Tree>),
}
impl Term for Tree {
    fn view(&self) -> View<'_, Tree> {
        VIEWS.with(|left| {
            assert!(left.get() > 0, "no views left");
            left.set(left.get() - 1);
        });
        match self {
            Tree::Variable(name, id) => View::Leaf(Leaf::Variable { name, id: *id }),
            Tree::Symbol(name) => View::Leaf(Leaf::Symbol(name)),
            Tree::Node(items) => View::Expression(items),
        }
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Tree> {
        match leaf {
            Leaf::Variable { name, id } => Some(Tree::Variable(name.to_owned(), id)),
            Leaf::Symbol(name) => Some(Tree::Symbol(name.to_owned())),
            _ => None,
        }
    }

    fn expression(items: Vec<Tree>) -> Tree {
        Tree::Node(items)
    }
}
fn tree(atom: &Atom) -> Tree {
    match atom.view() {
        View::Leaf(leaf) => Tree::leaf(leaf).unwrap(),
        View::Expression(items) => Tree::Node(items.iter().map(tree).collect()),
        View::Tagged(..) => unreachable!("atoms have no tags"),
    }
}

/// Tracking by address has no effect, but must not be wrong.
#[test]
fn terms_with_deep_clones_unify() {
    fn property(Few(pairs): Few<(PlainAtom, PlainAtom)>, repeat: u8) -> bool {
        // Many copies in one term, so that expressions are tracked by address.
        let mut left = Vec::new();
        let mut right = Vec::new();
        for (PlainAtom(a), PlainAtom(b)) in pairs.iter().take(2) {
            for copy in 0..u64::from(repeat) * 3 {
                left.push(rename_apart(a, &mut (1 + copy % 3 * 100)));
                right.push(rename_apart(b, &mut (1 + copy % 2 * 100)));
            }
        }
        let (left, right) = (Atom::from(left), Atom::from(right));
        let mut atoms = Bindings::new();
        let mut trees = Bindings::new();
        let unified = unify(&left, &right, &mut atoms);
        let (a, b) = (tree(&left), tree(&right));
        unified == unify(&a, &b, &mut trees)
            && atoms.len() == trees.len()
            && (!unified || trees.resolve(&a) == trees.resolve(&b))
    }
    quick_check(200).quickcheck(property as fn(_, _) -> _);
}

/// Terms cloned from the bindings must not be mistaken for earlier ones at the same address.
#[test]
fn addresses_of_dropped_clones_are_not_trusted() {
    const N: usize = 1_000;
    let all = |text: fn(usize) -> String| tree(&atom(&format!("({})", (0..N).map(text).collect::<String>())));
    let mut bindings = Bindings::new();
    assert!(unify(
        &all(|n| format!("$x{n} ")),
        &all(|_| "(s c) ".to_owned()),
        &mut bindings
    ));
    let other = |n| if n + 1 < N { "(s c) " } else { "(s d) " }.to_owned();
    assert!(unify(&all(|n| format!("$y{n} ")), &all(other), &mut bindings));
    assert!(!unify(
        &all(|n| format!("$x{n} ")),
        &all(|n| format!("$y{n} ")),
        &mut bindings
    ));
    assert_eq!(bindings.len(), 2 * N);
}

#[test]
fn a_panic_in_a_term_reverts_the_bindings() {
    let [a, b] = ["($a $b ($c $a) $d)", "((f $b) $e (one $f) (g $c))"].map(|text| tree(&atom(text)));
    let all = tree(&atom("($a $b $c $d $e $f $v5 $v40)"));
    for known in [0, 14, 40] {
        let mut bindings = Bindings::new();
        for number in 0..known {
            assert!(unify(
                &tree(&variable("v", number)),
                &tree(&atom("(s $w)")),
                &mut bindings
            ));
        }
        let before = bindings.resolve(&all);
        let mut panics = 0;
        loop {
            VIEWS.set(panics);
            let result = catch_unwind(AssertUnwindSafe(|| unify(&a, &b, &mut bindings)));
            VIEWS.set(usize::MAX);
            match result {
                Ok(unified) => break assert!(unified),
                Err(_) => panics += 1,
            }
            assert_eq!(bindings.len(), known);
            assert_eq!(bindings.resolve(&all), before);
        }
        assert!(panics > 20);
        assert_eq!(bindings.resolve(&a), bindings.resolve(&b));
    }
}
