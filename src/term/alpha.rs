//! Equality up to the names of variables.

use std::ops::ControlFlow;

use super::small_map::Numbering;
use super::walk::try_for_each_pair;
use super::{Leaf, Term, View};

/// Returns whether two terms differ at most in the names of their variables (*alpha-equivalence*): a one-to-one
/// renaming makes them equal.
///
/// Their [path encodings](super::path) are equal exactly then; this makes no encoding.
///
/// Cost: O(size), up to the first difference.
///
/// ```
/// use pleach::term::{Atom, alpha_eq};
///
/// let [a, b, c]: [Atom; 3] = ["(f $x $y $x)", "(f $y $z $y)", "(f $x $y $z)"].map(|text| text.parse().unwrap());
/// assert!(alpha_eq(&a, &b));
/// assert!(!alpha_eq(&a, &c));
/// ```
pub fn alpha_eq<T: Term>(a: &T, b: &T) -> bool {
    let (mut left, mut right) = (Numbering::new(), Numbering::new());
    let difference = try_for_each_pair(a, b, |a, b| {
        let equal = match (a.view(), b.view()) {
            (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() => {
                let same = std::ptr::eq(xs, ys) && a.known_ground();
                return ControlFlow::Continue(if same { (&[], &[]) } else { (xs, ys) });
            }
            (x @ View::Tagged(..), y @ View::Tagged(..)) => match x.same_compound(y) {
                Some(items) => return ControlFlow::Continue(items),
                None => false,
            },
            (View::Leaf(Leaf::Variable { name: x, id: i }), View::Leaf(Leaf::Variable { name: y, id: j })) => {
                left.number(x, i) == right.number(y, j)
            }
            (View::Leaf(Leaf::Anonymous), View::Leaf(Leaf::Anonymous)) => left.anonymous() == right.anonymous(),
            (View::Leaf(Leaf::Anonymous), View::Leaf(Leaf::Variable { name: y, id: j })) => {
                (left.anonymous(), true) == right.number(y, j)
            }
            (View::Leaf(Leaf::Variable { name: x, id: i }), View::Leaf(Leaf::Anonymous)) => {
                left.number(x, i) == (right.anonymous(), true)
            }
            (View::Leaf(x), View::Leaf(y)) => x == y,
            _ => false,
        };
        if equal {
            ControlFlow::Continue((&[], &[]))
        } else {
            ControlFlow::Break(())
        }
    });
    difference.is_continue()
}
