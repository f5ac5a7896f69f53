//! A fast test that two terms don't unify.

use std::ops::ControlFlow;

use crate::term::walk::try_for_each_pair;
use crate::term::{Term, View};

/// Whether two terms clash, so that they don't unify: at some position, neither has a variable and their leaves or the
/// lengths of their expressions differ. O(size of the smaller) at most. (Martelli and Montanari, "An Efficient Unification
/// Algorithm", 1982, call it a clash of function symbols.)
pub(super) fn clash<T: Term>(a: &T, b: &T) -> bool {
    let difference = try_for_each_pair(a, b, |a, b| match (a.view(), b.view()) {
        (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() && !std::ptr::eq(xs, ys) => {
            ControlFlow::Continue((xs, ys))
        }
        (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() => ControlFlow::Continue((&[], &[])),
        (View::Leaf(leaf), _) | (_, View::Leaf(leaf)) if leaf.is_variable() => ControlFlow::Continue((&[], &[])),
        (x @ View::Tagged(..), y @ View::Tagged(..)) => match x.same_compound(y) {
            Some(items) => ControlFlow::Continue(items),
            None => ControlFlow::Break(()),
        },
        (View::Leaf(x), View::Leaf(y)) if x == y => ControlFlow::Continue((&[], &[])),
        _ => ControlFlow::Break(()),
    });
    difference.is_break()
}
