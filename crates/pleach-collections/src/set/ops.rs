//! Operations on sets.

use super::Set;
use crate::map::Diff;
use crate::reduce::{combine, reduce};
use core::hash::{BuildHasher, Hash};
use core::iter::Sum;
use core::ops::{Add, BitAnd, BitOr, BitXor, Mul, Sub};

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Set<T, S> {
    /// Returns the items of either set. O(d · log n): see [`Map::union`](crate::Map::union). Items in both are stored
    /// as in `self`.
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert_eq!(Set::from([1, 2]).union(&Set::from([2, 3])), Set::from([1, 2, 3]));
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            map: self.map.union(&other.map),
        }
    }

    /// Returns the items of both sets. O(d · log n). Items are stored as in `self`.
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert_eq!(Set::from([1, 2]).intersection(&Set::from([2, 3])), Set::from([2]));
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            map: self.map.intersection(&other.map),
        }
    }

    /// Returns the items of this set that are not in `other`. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert_eq!(Set::from([1, 2]).difference(&Set::from([2, 3])), Set::from([1]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            map: self.map.difference(&other.map),
        }
    }

    /// Returns the items of only one of the sets. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert_eq!(Set::from([1, 2]).symmetric_difference(&Set::from([2, 3])), Set::from([1, 3]));
    /// ```
    #[must_use]
    pub fn symmetric_difference(&self, other: &Self) -> Self {
        Self {
            map: self.map.symmetric_difference(&other.map),
        }
    }

    /// Merges the changes from `base` to `self` and from `base` to `other`. O(c · log n), where c is the number of
    /// changes: see [`Map::merge`](crate::Map::merge).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// let base = Set::from([1, 2]);
    /// let (ours, theirs) = (base.update(3), base.without(&1));
    /// assert_eq!(ours.merge(&base, &theirs), Set::from([2, 3]));
    /// ```
    #[must_use]
    pub fn merge(&self, base: &Self, other: &Self) -> Self {
        // An item is added or removed, so two changes of one item are equal.
        Self {
            map: self.map.merge(&base.map, &other.map, |_, _, ours, _| ours.copied()),
        }
    }

    /// Returns the [`union`](Set::union) of all sets. Empty without sets.
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert_eq!(Set::unions([Set::from([1]), Set::from([1, 2])]), Set::from([1, 2]));
    /// ```
    #[must_use]
    pub fn unions(sets: impl IntoIterator<Item = Self>) -> Self
    where
        S: Default,
    {
        reduce(sets, Self::union)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Returns an iterator over the items added and removed from this set to `new`. O(d · log n): see
    /// [`Map::diff`](crate::Map::diff).
    ///
    /// ```
    /// use pleach_collections::Set;
    /// use pleach_collections::map::Change;
    ///
    /// let old = Set::from([1, 2]);
    /// let new = old.without(&1);
    /// assert!(old.diff(&new).eq([Change::Removed { key: &1, old: &() }]));
    /// ```
    pub fn diff<'a>(&'a self, new: &'a Self) -> Diff<'a, T, ()> {
        self.map.diff(&new.map)
    }

    /// Returns `true` if no item is in both sets. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert!(Set::from([1]).is_disjoint(&Set::from([2])));
    /// ```
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.map.is_disjoint(&other.map)
    }

    /// Returns `true` if all items are in `other`. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert!(Set::from([1]).is_subset(&Set::from([1, 2])));
    /// ```
    pub fn is_subset(&self, other: &Self) -> bool {
        self.map.is_submap(&other.map)
    }

    /// Returns `true` if [`is_subset`](Set::is_subset) holds and the sets differ. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert!(Set::from([1]).is_proper_subset(&Set::from([1, 2])));
    /// assert!(!Set::from([1]).is_proper_subset(&Set::from([1])));
    /// ```
    pub fn is_proper_subset(&self, other: &Self) -> bool {
        self.is_subset(other) && self.len() < other.len()
    }

    /// Returns `true` if all items of `other` are in this set. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert!(Set::from([1, 2]).is_superset(&Set::from([1])));
    /// ```
    pub fn is_superset(&self, other: &Self) -> bool {
        other.is_subset(self)
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident $set_op:ident;)*) => {$(
        #[doc = concat!("Returns the [`", stringify!($set_op), "`](Set::", stringify!($set_op), ").")]
        impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> $operator for &Set<T, S> {
            type Output = Set<T, S>;

            fn $method(self, other: Self) -> Set<T, S> {
                self.$set_op(other)
            }
        }
    )*};
}

operators! {
    BitOr bitor union;
    BitAnd bitand intersection;
    Sub sub difference;
    BitXor bitxor symmetric_difference;
}

/// Returns the [`union`](Set::union).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for Set<T, S> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        combine(self, other, Self::union)
    }
}

/// Returns the [`union`](Set::union).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for &Set<T, S> {
    type Output = Set<T, S>;

    fn add(self, other: Self) -> Set<T, S> {
        self.union(other)
    }
}

/// Returns the [`intersection`](Set::intersection).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Mul for Set<T, S> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        combine(self, other, Self::intersection)
    }
}

/// Returns the [`intersection`](Set::intersection).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Mul for &Set<T, S> {
    type Output = Set<T, S>;

    fn mul(self, other: Self) -> Set<T, S> {
        self.intersection(other)
    }
}

/// Returns the [`union`](Set::union) of all sets.
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum for Set<T, S> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        reduce(all, Self::union)
    }
}

/// Returns the [`union`](Set::union) of all sets.
impl<'a, T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum<&'a Self> for Set<T, S> {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.cloned().sum()
    }
}
