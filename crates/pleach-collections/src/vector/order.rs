//! Searching and sorting.

use super::Vector;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;

impl<T: PartialEq> Vector<T> {
    /// Returns `true` if an item equals `item`. O(n).
    ///
    /// ```
    /// assert!(pleach_collections::Vector::from([1, 2]).contains(&2));
    /// ```
    pub fn contains(&self, item: &T) -> bool {
        self.chunks().any(|chunk| chunk.contains(item))
    }

    /// Returns the index of the first item that equals `item`. O(n).
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from(["a", "b", "b"]);
    /// assert_eq!((vector.index_of(&"b"), vector.index_of(&"c")), (Some(1), None));
    /// ```
    pub fn index_of(&self, item: &T) -> Option<usize> {
        self.iter().position(|other| other == item)
    }
}

impl<T> Vector<T> {
    /// Returns the index of an item that equals `item` in a sorted vector, or that where it would be inserted. O(log n)
    /// comparisons. If several items are equal, any of them is found.
    ///
    /// # Errors
    /// Returns the index where the item would be inserted, if it is missing.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([10, 20, 30]);
    /// assert_eq!((vector.binary_search(&20), vector.binary_search(&25)), (Ok(1), Err(2)));
    /// ```
    pub fn binary_search(&self, item: &T) -> Result<usize, usize>
    where
        T: Ord,
    {
        self.binary_search_by(|other| other.cmp(item))
    }

    /// Returns the index of an item for which `compare` returns `Equal`, in a vector whose items are sorted by it, or the index
    /// where such an item would be inserted. O(log n) comparisons.
    ///
    /// # Errors
    /// Returns the index where the item would be inserted, if it is missing.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([10, 20, 30]);
    /// assert_eq!(vector.binary_search_by(|item| item.cmp(&30)), Ok(2));
    /// ```
    pub fn binary_search_by(&self, mut compare: impl FnMut(&T) -> Ordering) -> Result<usize, usize> {
        let mut focus = self.focus();
        let (mut start, mut end) = (0, self.len());
        while start < end {
            let middle = usize::midpoint(start, end);
            match focus.get(middle).map_or(Ordering::Greater, &mut compare) {
                Ordering::Less => start = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => end = middle,
            }
        }
        Err(start)
    }

    /// Returns the index of an item whose key is `key`, in a vector that is sorted by keys, or the index where such an item
    /// would be inserted. O(log n) comparisons.
    ///
    /// # Errors
    /// Returns the index where the item would be inserted, if it is missing.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([("a", 1), ("b", 2)]);
    /// assert_eq!(vector.binary_search_by_key(&2, |(_, number)| *number), Ok(1));
    /// ```
    pub fn binary_search_by_key<K: Ord>(&self, key: &K, mut f: impl FnMut(&T) -> K) -> Result<usize, usize> {
        self.binary_search_by(|item| f(item).cmp(key))
    }

    /// Returns the number of items that satisfy `is_before`, which are all before those that don't. O(log n) calls.
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([1, 2, 30, 40]);
    /// assert_eq!(vector.partition_point(|item| *item < 10), 2);
    /// ```
    pub fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        let order = |item: &T| {
            if is_before(item) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        };
        self.binary_search_by(order).unwrap_or_else(|index| index)
    }
}

/// Puts items back into a vector, also if a comparison panics.
struct Restore<'a, T: Clone> {
    vector: &'a mut Vector<T>,
    items: Vec<T>,
}

impl<T: Clone> Drop for Restore<'_, T> {
    fn drop(&mut self) {
        let old = mem::replace(self.vector, mem::take(&mut self.items).into());
        drop(old);
    }
}

impl<T: Clone> Vector<T> {
    /// Sorts the items, and keeps the order of equal ones. O(n log n). Items are moved if no other vector shares nodes, else
    /// cloned. If a comparison panics, the items are in any order.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([3, 1, 2]);
    /// vector.sort();
    /// assert_eq!(vector, [1, 2, 3]);
    /// ```
    pub fn sort(&mut self)
    where
        T: Ord,
    {
        self.sorted(|items| items.sort());
    }

    /// Sorts the items by a comparison, as [`sort`](Vector::sort) does.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([3, 1, 2]);
    /// vector.sort_by(|a, b| b.cmp(a));
    /// assert_eq!(vector, [3, 2, 1]);
    /// ```
    pub fn sort_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering) {
        self.sorted(|items| items.sort_by(compare));
    }

    /// Sorts the items by keys, as [`sort`](Vector::sort) does.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from(["ccc", "a", "bb"]);
    /// vector.sort_by_key(|item| item.len());
    /// assert_eq!(vector, ["a", "bb", "ccc"]);
    /// ```
    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K) {
        self.sorted(|items| items.sort_by_key(key));
    }

    /// Reverses the order of the items. O(n). Items are moved if no other vector shares nodes, else cloned.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1, 2, 3]);
    /// vector.reverse();
    /// assert_eq!(vector, [3, 2, 1]);
    /// ```
    pub fn reverse(&mut self) {
        self.sorted(<[T]>::reverse);
    }

    fn sorted(&mut self, sort: impl FnOnce(&mut [T])) {
        let items = if self.is_unshared() {
            mem::take(self).into_iter().collect()
        } else {
            Vec::from(&*self)
        };
        let mut restore = Restore { vector: self, items };
        sort(&mut restore.items);
    }
}
