use std::ops::ControlFlow;

use crate::term::walk::try_for_each_pair;
use crate::term::{Leaf, Term, View};

/// Whether two terms have different leaves, or expressions of different lengths, at a place where neither has a variable.
/// Then they don't unify, whatever the variables stand for. O(size of the smaller), and it stops at the first difference.
pub(super) fn clash<T: Term>(a: &T, b: &T) -> bool {
    let difference = try_for_each_pair(a, b, |a, b| match (a.view(), b.view()) {
        (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() && !std::ptr::eq(xs, ys) => {
            ControlFlow::Continue((xs, ys))
        }
        (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() => ControlFlow::Continue((&[], &[])),
        (View::Leaf(Leaf::Variable { .. }), _) | (_, View::Leaf(Leaf::Variable { .. })) => {
            ControlFlow::Continue((&[], &[]))
        }
        (View::Leaf(x), View::Leaf(y)) if x == y => ControlFlow::Continue((&[], &[])),
        _ => ControlFlow::Break(()),
    });
    difference.is_break()
}
