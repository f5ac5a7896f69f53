//! Set operations on two tries, and the three-way merge.

use super::Keys;
use super::node::Node;
use super::zip::{Outcome, Whole, Zip, zip};

/// Which of two values of one key a [`Combine`] keeps.
pub(crate) enum Pick<V> {
    A,
    Neither,
    New(V),
}

/// A set operation: what it keeps of each part of two tries.
pub(crate) trait Combine<K, V>: Keys<K> {
    /// Whether keys that are only in `a` stay.
    const ONLY_A: bool;
    /// Whether keys that are only in `b` stay.
    const ONLY_B: bool;
    /// Whether subtries that `a` and `b` share stay, unseen.
    const SHARED: bool;

    /// What stays of a key that both have.
    fn both(&mut self, key: &K, a: &V, b: &V) -> Pick<V>;
}

/// How a merge judges values.
pub(crate) trait Merge<K, V>: Keys<K> {
    /// Whether a change that both sides made alike is one change. If not, [`resolve`](Merge::resolve) is asked about it.
    const ALIKE_IS_ONE: bool;

    /// Whether two values are the same.
    fn same_value(&self, a: &V, b: &V) -> bool;

    /// What becomes of a key that both sides changed: its values in the base, in `a` and in `b`.
    fn resolve(&mut self, key: &K, base: Option<&V>, a: Option<&V>, b: Option<&V>) -> Option<V>;
}

/// Applies a set operation to two tries of one hash function. Shared subtries are not entered; the result is `a` or `b`
/// itself if it has the same entries and the operation says so.
pub(crate) fn combine<K: Clone, V: Clone>(
    a: Option<&Node<K, V>>,
    b: Option<&Node<K, V>>,
    op: &mut impl Combine<K, V>,
) -> Option<Node<K, V>> {
    zip([a, b], &mut Combining(op))
}

/// Merges `a` and `b`, two tries that come from `base`, all of one hash function. Enters only subtries that both changed.
pub(crate) fn merge<K: Clone, V: Clone>(
    base: Option<&Node<K, V>>,
    a: Option<&Node<K, V>>,
    b: Option<&Node<K, V>>,
    op: &mut impl Merge<K, V>,
) -> Option<Node<K, V>> {
    zip([base, a, b], &mut Merging(op))
}

pub(super) struct Combining<'o, O>(pub(super) &'o mut O);

impl<K, O: Keys<K>> Keys<K> for Combining<'_, O> {
    fn hash(&self, key: &K) -> u64 {
        self.0.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        self.0.same(a, b)
    }
}

impl<'a, K: 'a, V: 'a, O: Combine<K, V>> Zip<'a, 2, K, V> for Combining<'_, O> {
    const BUILDS: bool = true;

    #[inline]
    fn whole(&mut self, [a, b]: [usize; 2]) -> Option<Whole> {
        let kept = |keep: bool, i| Some(if keep { Whole::Operand(i) } else { Whole::Nothing });
        match (a, b) {
            (_, 0) => kept(O::ONLY_A, 0),
            (0, _) => kept(O::ONLY_B, 1),
            _ if a == b => kept(O::SHARED, 0),
            _ => None,
        }
    }

    #[inline]
    fn entry(&mut self, entries: [Option<&'a (K, V)>; 2]) -> Outcome<V> {
        let kept = |keep: bool, of| if keep { Outcome::Operands(of) } else { Outcome::Nothing };
        match entries {
            [Some((key, a)), Some((_, b))] => match self.0.both(key, a, b) {
                Pick::A => Outcome::Operands(0b01),
                Pick::Neither => Outcome::Nothing,
                Pick::New(value) => Outcome::New(value),
            },
            [Some(_), None] => kept(O::ONLY_A, 0b01),
            [None, _] => kept(O::ONLY_B, 0b10),
        }
    }
}

struct Merging<'o, O>(&'o mut O);

impl<K, O: Keys<K>> Keys<K> for Merging<'_, O> {
    fn hash(&self, key: &K) -> u64 {
        self.0.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        self.0.same(a, b)
    }
}

impl<'a, K: 'a, V: 'a, O: Merge<K, V>> Zip<'a, 3, K, V> for Merging<'_, O> {
    const BUILDS: bool = true;

    #[inline]
    fn whole(&mut self, [base, a, b]: [usize; 3]) -> Option<Whole> {
        if base == a {
            Some(Whole::Operand(2))
        } else if base == b || (O::ALIKE_IS_ONE && a == b) {
            Some(Whole::Operand(1))
        } else {
            None
        }
    }

    fn entry(&mut self, entries: [Option<&'a (K, V)>; 3]) -> Outcome<V> {
        let [base, a, b] = entries.map(|entry| entry.map(|(_, value)| value));
        let same = |x: Option<&V>, y: Option<&V>| match (x, y) {
            (None, None) => true,
            (Some(x), Some(y)) => self.0.same_value(x, y),
            _ => false,
        };
        let (a_is_base, b_is_base, a_is_b) = (same(base, a), same(base, b), same(a, b));
        // Which operands have what is kept.
        let of_b = 0b100 | usize::from(a_is_b) << 1 | usize::from(b_is_base);
        let of_a = 0b010 | usize::from(a_is_b) << 2 | usize::from(a_is_base);
        let kept = |value: Option<&V>, of| {
            if value.is_some() {
                Outcome::Operands(of)
            } else {
                Outcome::Nothing
            }
        };
        if a_is_base {
            return kept(b, of_b);
        }
        if b_is_base || (O::ALIKE_IS_ONE && a_is_b) {
            return kept(a, of_a);
        }
        match entries
            .into_iter()
            .flatten()
            .next()
            .and_then(|(key, _)| self.0.resolve(key, base, a, b))
        {
            Some(value) => Outcome::New(value),
            None => Outcome::Nothing,
        }
    }
}
