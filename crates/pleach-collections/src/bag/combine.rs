//! Operations on many bags, sums, order, and removal by a predicate.

use super::Bag;
use crate::map::ExtractIf;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};
use std::iter::Sum;
use std::ops::Add;

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Bag<T, S> {
    /// Returns the [`union`](Bag::union) of all, one after the other; empty if there is no bag.
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
        let all = bags.into_iter().reduce(|all, bag| all.union(&bag));
        all.unwrap_or_default()
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Bag<T, S> {
    /// Whether [`is_subset`](Bag::is_subset) holds and the two differ. Costs what the bags don't share.
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

    /// Adds items as [`extend`](Extend::extend) does, converting them, as `extend` of `im` does.
    ///
    /// ```
    /// let mut names: pleach_collections::Bag<String> = pleach_collections::Bag::new();
    /// names.extend_from(["ann", "bob"]);
    /// assert!(names.contains("ann"));
    /// ```
    pub fn extend_from<T2: Into<T>>(&mut self, items: impl IntoIterator<Item = T2>) {
        self.extend(items.into_iter().map(T2::into));
    }

    /// Returns an iterator that removes the items that `pick` picks, given their counts, wholly, and yields them with their
    /// counts: see [`Map::extract_if`](crate::Map::extract_if), for the costs too.
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a", "a", "b"]);
    /// assert!(bag.extract_if(|_, count| count > 1).eq([("a", 2)]));
    /// assert_eq!(bag.distinct(), 1);
    /// ```
    pub fn extract_if(&mut self, mut pick: impl FnMut(&T, u64) -> bool) -> ExtractIf<'_, T, u64, S> {
        self.counts.extract_if(|item, count| pick(item, *count))
    }
}

/// Compares the bags as sequences of (item, count) sorted by item: see `Ord` of [`Map`](crate::Map), for the costs too.
///
/// ```
/// use pleach_collections::Bag;
///
/// assert!(Bag::from([1, 2]) < Bag::from([1, 3]));
/// assert!(Bag::from([1]) < Bag::from([1, 2]));
/// ```
impl<T: Hash + Ord + Clone, S: BuildHasher> Ord for Bag<T, S> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.counts.cmp(&other.counts)
    }
}

/// As `Ord`.
impl<T: Hash + Ord + Clone, S: BuildHasher> PartialOrd for Bag<T, S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The [`sum`](Bag::sum).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for Bag<T, S> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.sum(&other)
    }
}

/// The [`sum`](Bag::sum).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for &Bag<T, S> {
    type Output = Bag<T, S>;

    fn add(self, other: Self) -> Bag<T, S> {
        self.sum(other)
    }
}

/// The [`sum`](Bag::sum) of all, one after the other; empty if there is none.
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum for Bag<T, S> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.reduce(|all, one| all.sum(&one)).unwrap_or_default()
    }
}

/// The [`sum`](Bag::sum) of all, one after the other; empty if there is none.
impl<'a, T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum<&'a Self> for Bag<T, S> {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.cloned().sum()
    }
}
