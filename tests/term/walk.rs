//! Walks and rewriting, against recursive models.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::slice;

use allocation_counter::measure;
use pleach::term::walk::{Visitor, for_each, try_for_each, try_for_each_pair, walk};
use pleach::term::{Atom, Rewrite, rewrite};
use pleach_testkit::atoms::{AnyAtom, PlainAtom, replace};
use pleach_testkit::quick_check;

fn atom(text: &str) -> Atom {
    text.parse().unwrap()
}

fn items(atom: &Atom) -> &[Atom] {
    atom.as_expression().unwrap_or_default()
}

/// The atom and its subterms in preorder.
fn preorder<'a>(atom: &'a Atom, list: &mut Vec<&'a Atom>) {
    list.push(atom);
    for item in items(atom) {
        preorder(item, list);
    }
}

/// The pairs of subterms at the same position in both atoms, in preorder.
fn pairs<'a>(a: &'a Atom, b: &'a Atom, list: &mut Vec<(&'a Atom, &'a Atom)>) {
    list.push((a, b));
    for (a, b) in items(a).iter().zip(items(b)) {
        pairs(a, b, list);
    }
}

#[test]
fn subterms_are_visited_in_preorder() {
    fn property(atom: AnyAtom, stop: usize) {
        let mut expected = Vec::new();
        preorder(&atom.0, &mut expected);
        let mut visited = Vec::new();
        for_each(&atom.0, |atom| {
            visited.push(atom);
            items(atom)
        });
        assert_eq!(visited, expected);

        let stop = stop % (expected.len() + 1);
        visited.clear();
        let stopped = try_for_each(&atom.0, |atom| {
            if visited.len() == stop {
                return ControlFlow::Break(atom);
            }
            visited.push(atom);
            ControlFlow::Continue(items(atom))
        });
        assert_eq!(visited, expected[..stop]);
        assert_eq!(stopped.break_value(), expected.get(stop).copied());
    }
    quick_check(5_000).quickcheck(property as fn(_, _));
}

#[test]
fn pairs_are_visited_in_preorder() {
    fn property(a: PlainAtom, b: PlainAtom) {
        let mut expected = Vec::new();
        pairs(&a.0, &b.0, &mut expected);
        let mut visited = Vec::new();
        let ControlFlow::Continue(()) = try_for_each_pair(&a.0, &b.0, |a, b| {
            visited.push((a, b));
            ControlFlow::<Infallible, _>::Continue((items(a), items(b)))
        });
        assert_eq!(visited, expected);
    }
    quick_check(5_000).quickcheck(property as fn(_, _));
}

/// Rebuilds the text of an atom whose leaves are printed as they are at the top level.
#[derive(Default)]
struct Brackets(String);

impl<'a> Visitor<slice::Iter<'a, Atom>> for Brackets {
    /// Number of items so far.
    type Level = usize;
    type Break = Infallible;

    fn enter(
        &mut self,
        item: &'a Atom,
        outer: &mut usize,
    ) -> ControlFlow<Infallible, Option<(slice::Iter<'a, Atom>, usize)>> {
        if *outer > 0 {
            self.0.push(' ');
        }
        *outer += 1;
        ControlFlow::Continue(match item.as_expression() {
            Some(items) => {
                self.0.push('(');
                Some((items.iter(), 0))
            }
            None => {
                self.0.push_str(&item.to_string());
                None
            }
        })
    }

    fn leave(&mut self, _: usize, _: &mut usize) -> ControlFlow<Infallible> {
        self.0.push(')');
        ControlFlow::Continue(())
    }
}

#[test]
fn levels_are_entered_and_left_in_order() {
    fn property(atom: PlainAtom) {
        let mut brackets = Brackets::default();
        assert_eq!(
            walk(slice::from_ref(&atom.0).iter(), 0, &mut brackets),
            ControlFlow::Continue(1)
        );
        assert_eq!(brackets.0, atom.0.to_string());
    }
    quick_check(5_000).quickcheck(property as fn(_));
}

#[test]
fn rewriting_agrees_with_the_recursive_model() {
    fn property(atom: PlainAtom, value: AnyAtom) {
        let is_replaced = |name: &str| name < "x";
        let expected = replace(&atom.0, &|variable| {
            if is_replaced(variable.name().as_str()) {
                value.0.clone()
            } else {
                Atom::Variable(variable)
            }
        });
        let rewritten = rewrite(&atom.0, |atom| match atom {
            Atom::Variable(variable) if is_replaced(variable.name().as_str()) => Rewrite::Replace(value.0.clone()),
            Atom::Expression(items) => Rewrite::Items(items),
            _ => Rewrite::Keep,
        });
        assert_eq!(rewritten, expected);
    }
    quick_check(5_000).quickcheck(property as fn(_, _));
}

/// An expansion is rewritten in place of the visited term, once for each key.
#[test]
fn expansions_are_rewritten_once() {
    let (pair, leaf) = (atom("(pair $leaf $leaf)"), atom("(leaf $x)"));
    let term = atom("(f $pair $pair)");
    let mut visited = 0;
    let rewritten = rewrite(&term, |term| {
        visited += 1;
        match term {
            Atom::Variable(variable) if variable.name() == "pair" => Rewrite::Expand { key: 0, term: &pair },
            Atom::Variable(variable) if variable.name() == "leaf" => Rewrite::Expand { key: 1, term: &leaf },
            Atom::Expression(items) => Rewrite::Items(items),
            _ => Rewrite::Keep,
        }
    });
    assert_eq!(
        rewritten,
        atom("(f (pair (leaf $x) (leaf $x)) (pair (leaf $x) (leaf $x)))")
    );
    // The three expressions, each with its items, once.
    assert_eq!(visited, 4 + 4 + 3);
}

/// Subterms shared in a term that is exponentially large as a tree are rewritten once.
#[test]
fn shared_subterms_are_rewritten_once() {
    let doubled = |leaf: Atom| (0..300).fold(leaf, |atom, _| Atom::expression([atom.clone(), atom]));
    let term = doubled(Atom::variable("x"));
    let rewritten = rewrite(&term, |atom| match atom {
        Atom::Variable(_) => Rewrite::Replace(Atom::from(1)),
        Atom::Expression(items) => Rewrite::Items(items),
        _ => Rewrite::Keep,
    });
    assert_eq!(rewritten, doubled(Atom::from(1)));
}

#[test]
fn walks_of_flat_terms_and_of_lists_allocate_nothing() {
    let flat = atom("(a b (c d (e f)) g)");
    let list = (0_i64..1_000).fold(Atom::symbol("Nil"), |list, n| {
        Atom::expression([Atom::symbol("Cons"), n.into(), list])
    });
    for atom in [&flat, &list] {
        let copy = atom.clone();
        let mut count = 0;
        let info = measure(|| {
            for_each(atom, |atom| {
                count += 1;
                items(atom)
            });
            let ControlFlow::Continue(()) = try_for_each_pair(atom, &copy, |a, b| {
                count += 1;
                ControlFlow::<Infallible, _>::Continue((items(a), items(b)))
            });
        });
        assert_eq!(info.count_total, 0);
        assert!(count > 0);
    }
    let kept = measure(|| {
        let same = rewrite(&flat, |atom| Rewrite::Items(items(atom)));
        assert_eq!(same, flat);
    });
    assert_eq!(kept.count_total, 0);
}
