//! Equality up to the names of variables.

use smallvec::SmallVec;

use super::small_map::Numbering;
use super::{Leaf, Term, View};

/// Whether two terms differ at most in the names of their variables (*alpha-equivalence*): a one-to-one renaming makes
/// them equal.
///
/// Their [path encodings](super::path) are equal exactly then; this makes no encoding. Cost: O(size), and it stops at
/// the first difference.
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
    let mut pending: SmallVec<[_; 16]> = SmallVec::new();
    pending.push((std::slice::from_ref(a).iter(), std::slice::from_ref(b).iter()));
    while let Some((xs, ys)) = pending.last_mut() {
        let (Some(x), Some(y)) = (xs.next(), ys.next()) else {
            pending.pop();
            continue;
        };
        match (x.view(), y.view()) {
            (View::Expression(xs), View::Expression(ys)) => {
                if xs.len() != ys.len() {
                    return false;
                }
                let same = std::ptr::eq(xs, ys) && x.known_ground();
                if !same && !xs.is_empty() {
                    pending.push((xs.iter(), ys.iter()));
                }
            }
            (View::Leaf(Leaf::Variable { name: a, id: i }), View::Leaf(Leaf::Variable { name: b, id: j })) => {
                if left.number(a, i) != right.number(b, j) {
                    return false;
                }
            }
            (View::Leaf(x), View::Leaf(y)) if x == y => {}
            _ => return false,
        }
    }
    true
}
