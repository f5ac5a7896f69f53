//! The persistent hash bag [`Bag`]: items with multiplicities.

mod ops;
mod traits;

use crate::map::{ExtractIf, IntoIter, Iter, Keys, Map, RandomState, Violation};
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;

/// A persistent bag (multiset): a [`Map`] from item to count, with the same costs and limits.
///
/// In the costs below, n is the number of distinct items of the larger bag, d that of the items that two bags don't
/// share.
///
/// ```
/// use pleach_collections::Bag;
///
/// let mut bag = Bag::new();
/// bag.insert("a", 2);
/// assert_eq!(bag.remove("a", 1), 1);
/// assert_eq!(bag.count("a"), 1);
/// ```
pub struct Bag<T, S = RandomState> {
    /// No count is 0.
    counts: Map<T, u64, S>,
}

impl<T> Bag<T> {
    /// Creates an empty bag. O(1), without allocation.
    ///
    /// ```
    /// static EMPTY: pleach_collections::Bag<u32> = pleach_collections::Bag::new();
    /// assert!(EMPTY.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { counts: Map::new() }
    }
}

impl<T, S> Bag<T, S> {
    /// Creates an empty bag that hashes with `hasher`: see [`Map::with_hasher`]. O(1).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::with_hasher(std::hash::RandomState::new());
    /// assert_eq!(bag.insert("a", 2), 2);
    /// ```
    pub fn with_hasher(hasher: S) -> Self {
        Self {
            counts: Map::with_hasher(hasher),
        }
    }

    /// Creates an empty bag with this bag's hasher, so that the two can be merged by structure. O(1).
    ///
    /// ```
    /// let bag = pleach_collections::Bag::from(["a"]);
    /// assert!(bag.new_like().is_empty());
    /// ```
    pub fn new_like(&self) -> Self
    where
        S: Clone,
    {
        Self {
            counts: self.counts.new_like(),
        }
    }

    /// Returns the hasher. O(1).
    ///
    /// ```
    /// use std::hash::BuildHasher;
    ///
    /// let bag = pleach_collections::Bag::from(["a"]);
    /// assert_eq!(bag.hasher().hash_one("a"), bag.clone().hasher().hash_one("a"));
    /// ```
    pub fn hasher(&self) -> &S {
        self.counts.hasher()
    }

    /// Returns the number of distinct items. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Bag::from(["a", "a", "b"]).distinct(), 2);
    /// ```
    pub fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// Returns the sum of all counts. O(n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Bag::from(["a", "a", "b"]).total(), 3);
    /// ```
    pub fn total(&self) -> u128 {
        self.counts.values().map(|count| u128::from(*count)).sum()
    }

    /// Returns `true` if the bag has no items. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Bag::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Returns `true` if both bags share all nodes: see [`Map::ptr_eq`]. O(1).
    ///
    /// ```
    /// let bag = pleach_collections::Bag::from(["a"]);
    /// assert!(bag.ptr_eq(&bag.clone()));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.counts.ptr_eq(&other.counts)
    }

    /// Removes all items. O(1) if another bag shares them, else O(n).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a"]);
    /// bag.clear();
    /// assert!(bag.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// Returns an iterator over the distinct items and their counts, in unspecified order. O(n) for all.
    ///
    /// ```
    /// assert!(pleach_collections::Bag::from(["a", "a"]).iter().eq([(&"a", &2)]));
    /// ```
    pub fn iter(&self) -> Iter<'_, T, u64> {
        self.counts.iter()
    }

    /// Returns an iterator over the distinct items, in the order of [`iter`](Bag::iter).
    ///
    /// ```
    /// assert!(pleach_collections::Bag::from(["a", "a"]).items().eq(&["a"]));
    /// ```
    pub fn items(&self) -> Keys<'_, T, u64> {
        self.counts.keys()
    }

    /// Removes all items and returns an iterator over them and their counts: see [`Map::drain`].
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a", "a"]);
    /// assert!(bag.drain().eq([("a", 2)]));
    /// assert!(bag.is_empty());
    /// ```
    pub fn drain(&mut self) -> IntoIter<T, u64>
    where
        T: Clone,
    {
        self.counts.drain()
    }
}

impl<T, S: BuildHasher> Bag<T, S> {
    /// Returns the count of an item, which is 0 if it is missing. O(log n).
    ///
    /// ```
    /// let bag = pleach_collections::Bag::from(["a", "a"]);
    /// assert_eq!((bag.count("a"), bag.count("b")), (2, 0));
    /// ```
    pub fn count<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> u64 {
        self.counts.get(item).copied().unwrap_or(0)
    }

    /// Returns `true` if the bag has the item. O(log n).
    ///
    /// ```
    /// assert!(pleach_collections::Bag::from(["a"]).contains("a"));
    /// ```
    pub fn contains<Q: Hash + Equivalent<T> + ?Sized>(&self, item: &Q) -> bool {
        self.counts.contains_key(item)
    }

    /// Checks the invariants of the trie, and that no count is 0: for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// Returns the first violated invariant.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation>
    where
        T: Hash + Eq,
    {
        self.counts.check()?;
        if self.counts.values().all(|count| *count > 0) {
            Ok(())
        } else {
            Err(Violation {
                invariant: 0,
                level: 0,
                statement: "no count of a bag is 0",
            })
        }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Bag<T, S> {
    /// Inserts an item `times` times, and returns its new count, which saturates at `u64::MAX`. O(log n).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::new();
    /// assert_eq!(bag.insert("a", 2), 2);
    /// assert_eq!(bag.insert("a", 1), 3);
    /// ```
    pub fn insert(&mut self, item: T, times: u64) -> u64 {
        if times == 0 {
            return self.count(&item);
        }
        let mut count = times;
        self.counts.insert_or_change(item, times, |present| {
            *present = present.saturating_add(times);
            count = *present;
        });
        count
    }

    /// Removes an item up to `times` times, and returns the number removed. O(log n).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a", "a", "a"]);
    /// assert_eq!(bag.remove("a", 2), 2);
    /// assert_eq!(bag.remove("a", 2), 1);
    /// assert_eq!(bag.remove("a", 2), 0);
    /// ```
    pub fn remove<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q, times: u64) -> u64 {
        let present = self.count(item);
        if times == 0 || present == 0 {
            return 0;
        }
        if present <= times {
            self.counts.remove(item);
            return present;
        }
        if let Some(count) = self.counts.get_mut(item) {
            *count -= times;
        }
        times
    }

    /// Removes all occurrences of an item, and returns their number. O(log n).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a", "a"]);
    /// assert_eq!(bag.remove_all("a"), 2);
    /// assert!(bag.is_empty());
    /// ```
    pub fn remove_all<Q: Hash + Equivalent<T> + ?Sized>(&mut self, item: &Q) -> u64 {
        self.counts.remove(item).unwrap_or(0)
    }

    /// Sets the count of an item, and returns the old one. O(log n).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a"]);
    /// assert_eq!(bag.set_count("a", 5), 1);
    /// assert_eq!(bag.set_count("a", 0), 5);
    /// assert!(bag.is_empty());
    /// ```
    pub fn set_count(&mut self, item: T, count: u64) -> u64 {
        let before = if count == 0 {
            self.counts.remove(&item)
        } else {
            self.counts.insert(item, count)
        };
        before.unwrap_or(0)
    }

    /// Retains the items that satisfy `keep` given their counts: see [`Map::retain`]. O(n).
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a", "a", "b"]);
    /// bag.retain(|_, count| count > 1);
    /// assert_eq!(bag, pleach_collections::Bag::from(["a", "a"]));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T, u64) -> bool) {
        self.counts.retain(|item, count| keep(item, *count));
    }

    /// Returns an iterator that removes and yields the items that satisfy `pick`, with their counts: see
    /// [`Map::extract_if`], for costs too.
    ///
    /// ```
    /// let mut bag = pleach_collections::Bag::from(["a", "a", "b"]);
    /// assert!(bag.extract_if(|_, count| count > 1).eq([("a", 2)]));
    /// assert_eq!(bag.distinct(), 1);
    /// ```
    pub fn extract_if(&mut self, mut pick: impl FnMut(&T, u64) -> bool) -> ExtractIf<'_, T, u64, S> {
        self.counts.extract_if(|item, count| pick(item, *count))
    }

    /// Inserts items as [`extend`](Extend::extend) does, converted, as `extend` of `im` does.
    ///
    /// ```
    /// let mut names: pleach_collections::Bag<String> = pleach_collections::Bag::new();
    /// names.extend_from(["ann", "bob"]);
    /// assert!(names.contains("ann"));
    /// ```
    pub fn extend_from<T2: Into<T>>(&mut self, items: impl IntoIterator<Item = T2>) {
        self.extend(items.into_iter().map(T2::into));
    }
}

impl<'a, T, S> IntoIterator for &'a Bag<T, S> {
    type Item = (&'a T, &'a u64);
    type IntoIter = Iter<'a, T, u64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Clone, S> IntoIterator for Bag<T, S> {
    type Item = (T, u64);
    type IntoIter = IntoIter<T, u64>;

    fn into_iter(self) -> IntoIter<T, u64> {
        self.counts.into_iter()
    }
}
