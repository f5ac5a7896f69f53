//! Set operations on two tries, and the three-way merge.

use super::Keys;
use super::node::Node;
use super::zip::{EntryOutcome, RegionOutcome, Zip, zip};

/// The value that a [`Combine`] keeps of a key in both tries.
pub(crate) enum Pick<V> {
    A,
    Neither,
    New(V),
}

/// A set operation on tries `a` and `b`.
pub(crate) trait Combine<K, V> {
    /// How to hash and compare keys.
    type Keys: Keys<K>;

    /// Whether the result has the keys that are only in `a`.
    const ONLY_A: bool;
    /// Whether the result has the keys that are only in `b`.
    const ONLY_B: bool;
    /// Whether the result has the subtries that `a` and `b` share, which are skipped.
    const SHARED: bool;

    fn keys(&self) -> &Self::Keys;

    /// Decides about a key in both.
    fn both(&mut self, key: &K, a: &V, b: &V) -> Pick<V>;
}

/// A three-way merge's comparison and resolution of values.
pub(crate) trait Merge<K, V> {
    /// How to hash and compare keys.
    type Keys: Keys<K>;

    /// Whether equal changes of both sides are one change. If not, they are [resolved](Merge::resolve).
    const ALIKE_IS_ONE: bool;

    fn keys(&self) -> &Self::Keys;

    /// Whether two values are equal.
    fn same_value(&self, a: &V, b: &V) -> bool;

    /// Resolves a key that both sides changed, given its values in the base, in `a` and in `b`.
    fn resolve(&mut self, key: &K, base: Option<&V>, a: Option<&V>, b: Option<&V>) -> Option<V>;
}

/// Applies a set operation to two tries of one hash function. Skips shared subtries, and returns `a` or `b` itself
/// where the operation keeps all of its entries.
pub(crate) fn combine<K: Clone, V: Clone>(
    a: Option<&Node<K, V>>,
    b: Option<&Node<K, V>>,
    op: &mut impl Combine<K, V>,
) -> Option<Node<K, V>> {
    zip([a, b], &mut Combining(op))
}

/// Merges the changes from `base` to `a` and from `base` to `b`, all of one hash function. Enters only subtries that
/// both sides changed.
pub(crate) fn merge<K: Clone, V: Clone>(
    base: Option<&Node<K, V>>,
    a: Option<&Node<K, V>>,
    b: Option<&Node<K, V>>,
    op: &mut impl Merge<K, V>,
) -> Option<Node<K, V>> {
    zip([base, a, b], &mut Merging(op))
}

pub(super) struct Combining<'o, O>(pub(super) &'o mut O);

impl<'a, K: 'a, V: 'a, O: Combine<K, V>> Zip<'a, 2, K, V> for Combining<'_, O> {
    type Keys = O::Keys;

    const BUILDS: bool = true;

    fn keys(&self) -> &O::Keys {
        self.0.keys()
    }

    #[inline]
    fn region(&mut self, [a, b]: [usize; 2]) -> Option<RegionOutcome> {
        let kept = |keep: bool, i| {
            Some(if keep {
                RegionOutcome::Operand(i)
            } else {
                RegionOutcome::Empty
            })
        };
        match (a, b) {
            (_, 0) => kept(O::ONLY_A, 0),
            (0, _) => kept(O::ONLY_B, 1),
            _ if a == b => kept(O::SHARED, 0),
            _ => None,
        }
    }

    #[inline]
    fn entry(&mut self, entries: [Option<&'a (K, V)>; 2]) -> EntryOutcome<V> {
        let kept = |keep: bool, of| {
            if keep {
                EntryOutcome::Operands(of)
            } else {
                EntryOutcome::Removed
            }
        };
        match entries {
            [Some((key, a)), Some((_, b))] => match self.0.both(key, a, b) {
                Pick::A => EntryOutcome::Operands(0b01),
                Pick::Neither => EntryOutcome::Removed,
                Pick::New(value) => EntryOutcome::New(value),
            },
            [Some(_), None] => kept(O::ONLY_A, 0b01),
            [None, _] => kept(O::ONLY_B, 0b10),
        }
    }
}

struct Merging<'o, O>(&'o mut O);

impl<'a, K: 'a, V: 'a, O: Merge<K, V>> Zip<'a, 3, K, V> for Merging<'_, O> {
    type Keys = O::Keys;

    const BUILDS: bool = true;

    fn keys(&self) -> &O::Keys {
        self.0.keys()
    }

    #[inline]
    fn region(&mut self, [base, a, b]: [usize; 3]) -> Option<RegionOutcome> {
        if base == a {
            Some(RegionOutcome::Operand(2))
        } else if base == b || (O::ALIKE_IS_ONE && a == b) {
            Some(RegionOutcome::Operand(1))
        } else {
            None
        }
    }

    fn entry(&mut self, entries: [Option<&'a (K, V)>; 3]) -> EntryOutcome<V> {
        let [base, a, b] = entries.map(|entry| entry.map(|(_, value)| value));
        let same = |x: Option<&V>, y: Option<&V>| match (x, y) {
            (None, None) => true,
            (Some(x), Some(y)) => self.0.same_value(x, y),
            _ => false,
        };
        let (a_is_base, b_is_base, a_is_b) = (same(base, a), same(base, b), same(a, b));
        // The operands that have the kept value, as bitmaps.
        let of_b = 0b100 | usize::from(a_is_b) << 1 | usize::from(b_is_base);
        let of_a = 0b010 | usize::from(a_is_b) << 2 | usize::from(a_is_base);
        let kept = |value: Option<&V>, of| {
            if value.is_some() {
                EntryOutcome::Operands(of)
            } else {
                EntryOutcome::Removed
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
            Some(value) => EntryOutcome::New(value),
            None => EntryOutcome::Removed,
        }
    }
}
