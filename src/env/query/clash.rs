use smallvec::SmallVec;

use crate::term::{Leaf, Term, View};

/// Whether two terms have different leaves, or expressions of different lengths, at a place where neither has a variable.
/// Then they don't unify, whatever the variables stand for. O(size of the smaller), and it stops at the first difference.
pub(super) fn clash<T: Term>(a: &T, b: &T) -> bool {
    let mut pending: SmallVec<[_; 8]> = SmallVec::new();
    let mut items = (std::slice::from_ref(a).iter(), std::slice::from_ref(b).iter());
    loop {
        let (Some(x), Some(y)) = (items.0.next(), items.1.next()) else {
            match pending.pop() {
                Some(rest) => items = rest,
                None => return false,
            }
            continue;
        };
        match (x.view(), y.view()) {
            (View::Leaf(Leaf::Variable { .. }), _) | (_, View::Leaf(Leaf::Variable { .. })) => {}
            (View::Leaf(x), View::Leaf(y)) if x == y => {}
            (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() => {
                if !std::ptr::eq(xs, ys) {
                    let rest = std::mem::replace(&mut items, (xs.iter(), ys.iter()));
                    if rest.0.len() > 0 {
                        pending.push(rest);
                    }
                }
            }
            _ => return true,
        }
    }
}
