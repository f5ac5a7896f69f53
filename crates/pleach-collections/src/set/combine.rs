//! Operations on many sets, sums, order, and removal by a predicate.

use super::Set;
use crate::map::{self, RandomState};
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};
use std::iter::Sum;
use std::ops::{Add, Mul};

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Set<T, S> {
    /// Returns the [`union`](Set::union) of all, one after the other; empty if there is no set.
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
        let all = sets.into_iter().reduce(|all, set| all.union(&set));
        all.unwrap_or_default()
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Whether [`is_subset`](Set::is_subset) holds and the two differ. Costs what the sets don't share.
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

    /// Adds items as [`extend`](Extend::extend) does, converting them, as `extend` of `im` does.
    ///
    /// ```
    /// let mut names: pleach_collections::Set<String> = pleach_collections::Set::new();
    /// names.extend_from(["ann", "bob"]);
    /// assert!(names.contains("ann"));
    /// ```
    pub fn extend_from<T2: Into<T>>(&mut self, items: impl IntoIterator<Item = T2>) {
        self.extend(items.into_iter().map(T2::into));
    }

    /// Returns an iterator that removes the items that `pick` picks, and yields them: see
    /// [`Map::extract_if`](crate::Map::extract_if), for the costs too.
    ///
    /// ```
    /// let mut set: pleach_collections::Set<u32> = (0..10).collect();
    /// assert_eq!(set.extract_if(|item| item % 2 == 0).count(), 5);
    /// assert_eq!(set.len(), 5);
    /// ```
    pub fn extract_if(&mut self, mut pick: impl FnMut(&T) -> bool) -> ExtractIf<'_, T, S> {
        ExtractIf(self.map.extract_if(|item, ()| pick(item)))
    }
}

/// Removes and returns items of a [`Set`]: see [`Set::extract_if`].
#[derive(Debug)]
#[must_use = "items stay in the set until the iterator comes to them"]
pub struct ExtractIf<'a, T, S = RandomState>(map::ExtractIf<'a, T, (), S>);

impl<T: Hash + Eq + Clone, S: BuildHasher> Iterator for ExtractIf<'_, T, S> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next().map(|(item, ())| item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// Compares the sets as sequences of items sorted by item: see `Ord` of [`Map`](crate::Map), for the costs too.
///
/// ```
/// use pleach_collections::Set;
///
/// assert!(Set::from([1, 2]) < Set::from([1, 3]));
/// assert!(Set::from([1]) < Set::from([1, 2]));
/// ```
impl<T: Hash + Ord + Clone, S: BuildHasher> Ord for Set<T, S> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.map.cmp(&other.map)
    }
}

/// As `Ord`.
impl<T: Hash + Ord + Clone, S: BuildHasher> PartialOrd for Set<T, S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The [`union`](Set::union).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for Set<T, S> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.union(&other)
    }
}

/// The [`union`](Set::union).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Add for &Set<T, S> {
    type Output = Set<T, S>;

    fn add(self, other: Self) -> Set<T, S> {
        self.union(other)
    }
}

/// The [`intersection`](Set::intersection).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Mul for Set<T, S> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.intersection(&other)
    }
}

/// The [`intersection`](Set::intersection).
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Mul for &Set<T, S> {
    type Output = Set<T, S>;

    fn mul(self, other: Self) -> Set<T, S> {
        self.intersection(other)
    }
}

/// The [`union`](Set::union) of all, one after the other; empty if there is none.
impl<T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum for Set<T, S> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.reduce(|all, one| all.union(&one)).unwrap_or_default()
    }
}

/// The [`union`](Set::union) of all, one after the other; empty if there is none.
impl<'a, T: Hash + Eq + Clone, S: BuildHasher + Clone + Default> Sum<&'a Self> for Set<T, S> {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.cloned().sum()
    }
}
