//! Operations on bags.

use super::Bag;
use crate::hamt::Pick;
use crate::map::Diff;
use crate::reduce::{combine, reduce};
use core::cmp::Ordering;
use core::hash::{BuildHasher, Hash};
use core::iter::Sum;
use core::ops::Add;

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Bag<T, S> {
    /// Merges the changes from `base` to `self` and from `base` to `other`: the count of an item is
    /// max(0, self + other − base), saturating at `u64::MAX`. So counts sum, and inherited occurrences count once.
    ///
    /// O(c · log n), where c is the number of items whose count differs from the base's.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// let mut base = Bag::new();
    /// base.insert("inherited", 1);
    /// let (mut ours, mut theirs) = (base.clone(), base.clone());
    /// ours.insert("new", 1);
    /// theirs.insert("new", 1);
    /// let merged = ours.merge(&base, &theirs);
    /// assert_eq!((merged.count("inherited"), merged.count("new")), (1, 2));
    /// ```
    #[must_use]
    pub fn merge(&self, base: &Self, other: &Self) -> Self {
        let sum = |_: &T, base: Option<&u64>, ours: Option<&u64>, theirs: Option<&u64>| {
            let [base, ours, theirs] = [base, ours, theirs].map(|count| u128::from(count.copied().unwrap_or(0)));
            let count = (ours + theirs).saturating_sub(base);
            (count > 0).then(|| u64::try_from(count).unwrap_or(u64::MAX))
        };
        Self {
            counts: self.counts.merge_all(&base.counts, &other.counts, sum),
        }
    }

    /// Returns the items of both bags with the sums of their counts, saturating at `u64::MAX`. O(n): shared items count
    /// twice, so they can't be skipped.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "b"]).sum(&Bag::from(["a"])), Bag::from(["a", "a", "b"]));
    /// ```
    #[must_use]
    pub fn sum(&self, other: &Self) -> Self {
        self.merge(&self.new_like(), other)
    }

    /// Returns the items of either bag with the larger of their counts. O(d · log n). Items in both are stored as in
    /// `self`.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "b"]).union(&Bag::from(["a", "a"])), Bag::from(["a", "a", "b"]));
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            counts: self
                .counts
                .set_op::<true, true, true>(&other.counts, |_, a, b| match a.cmp(b) {
                    Ordering::Less => Pick::New(*b),
                    Ordering::Equal | Ordering::Greater => Pick::A,
                }),
        }
    }

    /// Returns the items of both bags with the smaller of their counts. O(d · log n). Items are stored as in `self`.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "b"]).intersection(&Bag::from(["a", "a"])), Bag::from(["a"]));
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            counts: self
                .counts
                .set_op::<false, false, true>(&other.counts, |_, a, b| match a.cmp(b) {
                    Ordering::Less | Ordering::Equal => Pick::A,
                    Ordering::Greater => Pick::New(*b),
                }),
        }
    }

    /// Returns this bag with the items of `other` removed as often as they are in `other`. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "a", "b"]).difference(&Bag::from(["a", "b"])), Bag::from(["a"]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            counts: self
                .counts
                .set_op::<true, false, false>(&other.counts, |_, a, b| match a.checked_sub(*b) {
                    None | Some(0) => Pick::Neither,
                    Some(left) => Pick::New(left),
                }),
        }
    }

    /// Returns the [`union`](Bag::union) of all bags. Empty without bags.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::unions([Bag::from([1]), Bag::from([1, 2])]), Bag::from([1, 2]));
    /// ```
    #[must_use]
    pub fn unions(bags: impl IntoIterator<Item = Self>) -> Self
    where
        S: Default,
    {
        reduce(bags, Self::union)
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Bag<T, S> {
    /// Returns an iterator over the items whose counts change from this bag to `new`. O(d · log n): see
    /// [`Map::diff`](crate::Map::diff).
    ///
    /// ```
    /// use pleach_collections::Bag;
    /// use pleach_collections::map::Change;
    ///
    /// let (old, new) = (Bag::from(["a"]), Bag::from(["a", "a"]));
    /// assert!(old.diff(&new).eq([Change::Changed { key: &"a", old: &1, new: &2 }]));
    /// ```
    pub fn diff<'a>(&'a self, new: &'a Self) -> Diff<'a, T, u64> {
        self.counts.diff(&new.counts)
    }

    /// Returns `true` if `other` has each item of this bag at least as often. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert!(Bag::from(["a"]).is_subset(&Bag::from(["a", "a"])));
    /// assert!(!Bag::from(["a", "a"]).is_subset(&Bag::from(["a"])));
    /// ```
    pub fn is_subset(&self, other: &Self) -> bool {
        self.counts.is_submap_by(&other.counts, |a, b| a <= b)
    }

    /// Returns `true` if [`is_subset`](Bag::is_subset) holds and the bags differ. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert!(Bag::from([1]).is_proper_subset(&Bag::from([1, 2])));
    /// assert!(!Bag::from([1]).is_proper_subset(&Bag::from([1])));
    /// ```
    pub fn is_proper_subset(&self, other: &Self) -> bool {
        self.is_subset(other) && self != other
    }

    /// Returns `true` if no item is in both bags. O(d · log n).
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert!(Bag::from(["a"]).is_disjoint(&Bag::from(["b"])));
    /// ```
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.counts.is_disjoint(&other.counts)
    }
}

/// Returns the [`sum`](Bag::sum).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for Bag<T, S> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        combine(self, other, Self::sum)
    }
}

/// Returns the [`sum`](Bag::sum).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for &Bag<T, S> {
    type Output = Bag<T, S>;

    fn add(self, other: Self) -> Bag<T, S> {
        self.sum(other)
    }
}

/// Returns the [`sum`](Bag::sum) of all bags.
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum for Bag<T, S> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        reduce(all, Self::sum)
    }
}

/// Returns the [`sum`](Bag::sum) of all bags.
impl<'a, T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum<&'a Self> for Bag<T, S> {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.cloned().sum()
    }
}
