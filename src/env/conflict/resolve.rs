//! Ready-made resolvers for [`union_with`](crate::Environment::union_with) and
//! [`union_with_all`](crate::Environment::union_with_all).
//!
//! [`sum`], and any other that depends on how often a cell was changed, is for the methods named `…_all`: the others show
//! no changes that are equal.

use std::cmp::Ordering;

use super::{Conflict, Resolution, Subject};
use crate::term::{Leaf, Term, View, alpha_eq};

/// Resolves every conflict with the content in the left operand.
pub fn ours<T>(_: &Conflict<T>) -> Resolution<T> {
    Resolution::Ours
}

/// Resolves every conflict with the content in the right operand, as [`union`](crate::Environment::union) does.
pub fn theirs<T>(_: &Conflict<T>) -> Resolution<T> {
    Resolution::Theirs
}

/// Resolves no conflict, so that the merge fails with all of them.
pub fn fail<T>(_: &Conflict<T>) -> Resolution<T> {
    Resolution::Fail
}

/// Resolves with ours + theirs − base, so that the increments and decrements of both sides add up. A cell that neither side
/// inherited counts from 0. Integers give an integer, a float
/// among them a float. Fails if the sum overflows, and for a number in a cell that is [disputed](Conflict::disputed).
///
/// If a side holds no number, it resolves only what both sides agree on, such as a removal on both; see [`or`]. So it never
/// resolves a conflict about a space.
///
/// ```
/// use pleach::env::resolve;
/// # use pleach::{Atom, Environment};
/// let (mut a, mut b) = (Environment::<Atom>::new(), Environment::<Atom>::new());
/// a.bind("count", Atom::from(2));
/// b.bind("count", Atom::from(3));
/// assert_eq!(a.union_with_all(&b, resolve::sum)?.binding("count"), Some(&Atom::from(5)));
/// # Ok::<(), pleach::env::Conflicts>(())
/// ```
pub fn sum<T: Term>(conflict: &Conflict<T>) -> Resolution<T> {
    let Some((ours, theirs)) = numbers(conflict) else {
        return agreed(conflict);
    };
    if conflict.disputed {
        return Resolution::Fail;
    }
    let base = match &conflict.base {
        None => Some(Number::Integer(0)),
        Some(base) => Number::of(base),
    };
    base.and_then(|base| ours.plus_minus(theirs, base))
        .and_then(Number::term)
        .map_or(Resolution::Fail, Resolution::Value)
}

/// Resolves with the greater of two numbers, ours if they are equal. Fails if one is NaN; cells that hold no number are as for
/// [`sum`].
pub fn max<T: Term>(conflict: &Conflict<T>) -> Resolution<T> {
    extremum(conflict, Ordering::Less)
}

/// Resolves with the lesser of two numbers, ours if they are equal. Fails if one is NaN; cells that hold no number are as for
/// [`sum`].
pub fn min<T: Term>(conflict: &Conflict<T>) -> Resolution<T> {
    extremum(conflict, Ordering::Greater)
}

/// Resolves with `first`, and where that fails with `second`.
///
/// ```
/// use pleach::env::resolve;
/// # use pleach::{Atom, Environment};
/// let base = Environment::<Atom>::new();
/// let (mut a, mut b) = (base.clone(), base.clone());
/// a.bind("mode", Atom::symbol("fast"));
/// b.bind("mode", Atom::symbol("safe"));
/// assert!(a.union_with_all(&b, resolve::sum).is_err());
/// let union = a.union_with_all(&b, resolve::or(resolve::sum, resolve::theirs))?;
/// assert_eq!(union.binding("mode"), Some(&Atom::symbol("safe")));
/// # Ok::<(), pleach::env::Conflicts>(())
/// ```
pub fn or<T>(
    mut first: impl FnMut(&Conflict<T>) -> Resolution<T>,
    mut second: impl FnMut(&Conflict<T>) -> Resolution<T>,
) -> impl FnMut(&Conflict<T>) -> Resolution<T> {
    move |conflict| match first(conflict) {
        Resolution::Fail => second(conflict),
        resolution => resolution,
    }
}

/// Resolves what both sides agree on.
fn agreed<T: Term>(conflict: &Conflict<T>) -> Resolution<T> {
    let agree = match (conflict.subject, &conflict.ours, &conflict.theirs) {
        (Subject::Space(_), ..) => false,
        (Subject::Cell(_), None, None) => true,
        (Subject::Cell(_), Some(ours), Some(theirs)) => alpha_eq(ours, theirs),
        (Subject::Cell(_), ..) => false,
    };
    if agree { Resolution::Ours } else { Resolution::Fail }
}

/// Resolves with the content of the side whose number doesn't compare as `losing` with the other.
fn extremum<T: Term>(conflict: &Conflict<T>, losing: Ordering) -> Resolution<T> {
    match numbers(conflict) {
        None => agreed(conflict),
        Some((ours, theirs)) => match ours.compare(theirs) {
            None => Resolution::Fail,
            Some(order) if order == losing => Resolution::Theirs,
            Some(_) => Resolution::Ours,
        },
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(f64),
}

/// The contents of both sides, if they are numbers.
fn numbers<T: Term>(conflict: &Conflict<T>) -> Option<(Number, Number)> {
    Some((
        Number::of(conflict.ours.as_ref()?)?,
        Number::of(conflict.theirs.as_ref()?)?,
    ))
}

impl Number {
    fn of<T: Term>(term: &T) -> Option<Self> {
        match term.view() {
            View::Leaf(Leaf::Integer(value)) => Some(Self::Integer(value)),
            View::Leaf(Leaf::Float(value)) => Some(Self::Float(value)),
            _ => None,
        }
    }

    fn term<T: Term>(self) -> Option<T> {
        T::leaf(match self {
            Self::Integer(value) => Leaf::Integer(value),
            Self::Float(value) => Leaf::Float(value),
        })
    }

    fn float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// `self + plus − minus`; `None` on overflow of integers.
    fn plus_minus(self, plus: Self, minus: Self) -> Option<Self> {
        match (self, plus, minus) {
            (Self::Integer(a), Self::Integer(b), Self::Integer(c)) => {
                let exact = i128::from(a) + i128::from(b) - i128::from(c);
                exact.try_into().ok().map(Self::Integer)
            }
            _ => Some(Self::Float(self.float() + plus.float() - minus.float())),
        }
    }

    /// Exact also between integers and floats.
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => compare_exactly(a, b),
            (Self::Float(a), Self::Integer(b)) => compare_exactly(b, a).map(Ordering::reverse),
        }
    }
}

/// Compares without rounding the integer.
fn compare_exactly(integer: i64, float: f64) -> Option<Ordering> {
    /// 2⁶³, which is above all integers.
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= ABOVE {
        Some(Ordering::Less)
    } else if float < -ABOVE {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        let order = integer.cmp(&(whole as i64));
        Some(order.then_with(|| 0.0.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)))
    }
}
