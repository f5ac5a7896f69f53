//! Operations on two or three sets, by sharing. Each costs O(d · log n), where d is the number of items that the sets
//! don't share, or O(n) if their hashers differ.

use super::Set;
use crate::map::Diff;
use std::hash::{BuildHasher, Hash};
use std::ops::{BitAnd, BitOr, BitXor, Sub};

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Set<T, S> {
    /// The items of either; of equal ones this set's. Costs what the sets don't share: see [`Map::union`](crate::Map::union).
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

    /// The items of both, as this set stores them. Costs what the sets don't share.
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

    /// The items that are not in `other`. Costs what the sets don't share.
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

    /// The items of only one. Costs what the sets don't share.
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

    /// Three-way merge: this set with the changes that lead from `base` to `other`. Costs the changes: see
    /// [`Map::merge`](crate::Map::merge).
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
        // An item changes by coming or going, so if both sides changed it they changed it alike.
        Self {
            map: self.map.merge(&base.map, &other.map, |_, _, ours, _| ours.copied()),
        }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// The items that come and go from this set to `new`. Costs what the sets don't share: see
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

    /// Whether no item is in both. Costs what the sets don't share.
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert!(Set::from([1]).is_disjoint(&Set::from([2])));
    /// ```
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.map.is_disjoint(&other.map)
    }

    /// Whether all items are in `other`. Costs what the sets don't share.
    ///
    /// ```
    /// use pleach_collections::Set;
    ///
    /// assert!(Set::from([1]).is_subset(&Set::from([1, 2])));
    /// ```
    pub fn is_subset(&self, other: &Self) -> bool {
        self.map.is_submap(&other.map)
    }

    /// Whether all items of `other` are here. Costs what the sets don't share.
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
        #[doc = concat!("See [`Set::", stringify!($set_op), "`].")]
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
