//! The persistent ordered set [`OrdSet`], its iterators and entries.

mod entry;
mod extract_if;
mod ops;
#[cfg(feature = "rayon")]
mod rayon;
mod traits;

pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use extract_if::ExtractIf;

use crate::ord_map::{IntoKeys, Keys, OrdMap, Violation};
use core::ops::RangeBounds;
use equivalent::Comparable;

/// A persistent ordered set: an [`OrdMap`] without values, with the same costs and limits.
///
/// In the costs below, n is the number of items of the larger set, d that of the items in nodes that two sets don't share.
///
/// `&a | &b`, `&a & &b`, `&a - &b` and `&a ^ &b` are [`union`](OrdSet::union), [`intersection`](OrdSet::intersection),
/// [`difference`](OrdSet::difference) and [`symmetric_difference`](OrdSet::symmetric_difference). Unlike `std`'s, they
/// return sets, not iterators: the result shares nodes with its operands, so it costs less than the iteration.
///
/// ```
/// use pleach_collections::OrdSet;
///
/// let base: OrdSet<u32> = (0..10).collect();
/// let mut fork = base.clone();
/// assert!(fork.insert(10));
/// assert!(!base.contains(&10));
/// assert_eq!(&fork - &base, OrdSet::from([10]));
/// assert!(fork.range(8..).eq(&[8, 9, 10]));
/// ```
pub struct OrdSet<T> {
    map: OrdMap<T, ()>,
}

impl<T> OrdSet<T> {
    /// Creates an empty set. O(1), without allocation.
    ///
    /// ```
    /// static EMPTY: pleach_collections::OrdSet<u32> = pleach_collections::OrdSet::new();
    /// assert!(EMPTY.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { map: OrdMap::new() }
    }

    /// Returns the number of items. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([1, 2, 2]).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Returns `true` if the set has no items. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::OrdSet::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Returns `true` if both sets share all nodes: see [`OrdMap::ptr_eq`]. O(1).
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([1]);
    /// assert!(set.ptr_eq(&set.clone()));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.map.ptr_eq(&other.map)
    }

    /// Removes all items. O(1) if another set shares them, else O(n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([1]);
    /// set.clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// Returns an iterator over the items, in their order. O(n) for all.
    ///
    /// ```
    /// assert!(pleach_collections::OrdSet::from([2, 1]).iter().eq(&[1, 2]));
    /// ```
    pub fn iter(&self) -> Keys<'_, T, ()> {
        self.map.keys()
    }

    /// Returns the first item. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([2, 1]).first(), Some(&1));
    /// ```
    pub fn first(&self) -> Option<&T> {
        self.map.first_key_value().map(|(item, ())| item)
    }

    /// Returns the last item. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([2, 1]).last(), Some(&2));
    /// ```
    pub fn last(&self) -> Option<&T> {
        self.map.last_key_value().map(|(item, ())| item)
    }

    /// Returns the item at an index; `None` if the index isn't less than the length. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([30, 10, 20]).nth(1), Some(&20));
    /// ```
    pub fn nth(&self, index: usize) -> Option<&T> {
        self.map.nth(index).map(|(item, ())| item)
    }

    /// Returns an iterator over the items in a range: see [`OrdMap::range`]. O(log n).
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or if both are equal and excluded.
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([10, 20, 30]);
    /// assert!(set.range(15..).eq(&[20, 30]));
    /// ```
    pub fn range<Q, R>(&self, range: R) -> Keys<'_, T, ()>
    where
        Q: Comparable<T> + Ord + ?Sized,
        R: RangeBounds<Q>,
    {
        Keys::of(self.map.range(range))
    }

    /// Returns `true` if the set has the item. O(log n).
    ///
    /// ```
    /// assert!(pleach_collections::OrdSet::from([String::from("a")]).contains("a"));
    /// ```
    pub fn contains<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> bool {
        self.map.contains_key(item)
    }

    /// Returns the stored item that equals `item`. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([String::from("a")]);
    /// assert_eq!(set.get("a"), Some(&String::from("a")));
    /// ```
    pub fn get<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> Option<&T> {
        self.map.get_key_value(item).map(|(item, ())| item)
    }

    /// Returns `item`, or the greatest item less than it. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([10, 20]);
    /// assert_eq!((set.get_prev(&15), set.get_prev(&20), set.get_prev(&5)), (Some(&10), Some(&20), None));
    /// ```
    pub fn get_prev<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> Option<&T> {
        self.map.get_prev(item).map(|(item, ())| item)
    }

    /// Returns `item`, or the least item greater than it. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([10, 20]);
    /// assert_eq!((set.get_next(&15), set.get_next(&10), set.get_next(&25)), (Some(&20), Some(&10), None));
    /// ```
    pub fn get_next<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> Option<&T> {
        self.map.get_next(item).map(|(item, ())| item)
    }

    /// Returns the number of items that are less than `item`, which the set need not have. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([10, 20, 30]).rank(&25), 2);
    /// ```
    pub fn rank<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> usize {
        self.map.rank(item)
    }

    /// Checks the invariants of the tree: for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// Returns the first violated invariant.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation>
    where
        T: Ord,
    {
        self.map.check()
    }
}

impl<T: Clone> OrdSet<T> {
    /// Removes an item, and returns `true` if it was present. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([1]);
    /// assert!(set.remove(&1));
    /// assert!(!set.remove(&1));
    /// ```
    pub fn remove<Q: Comparable<T> + ?Sized>(&mut self, item: &Q) -> bool {
        self.map.remove(item).is_some()
    }

    /// Removes and returns the stored item that equals `item`, as `std` does. O(log n). `take` of `im`
    /// is [`first_n`](OrdSet::first_n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([String::from("a")]);
    /// assert_eq!(set.take("a"), Some(String::from("a")));
    /// ```
    pub fn take<Q: Comparable<T> + ?Sized>(&mut self, item: &Q) -> Option<T> {
        self.map.remove_entry(item).map(|(item, ())| item)
    }

    /// Removes and returns the item at an index; `None` if the index isn't less than the length. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([1, 2]);
    /// assert_eq!((set.remove_at(1), set.remove_at(1)), (Some(2), None));
    /// ```
    pub fn remove_at(&mut self, index: usize) -> Option<T> {
        self.map.remove_at(index).map(|(item, ())| item)
    }

    /// Removes and returns the first item. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([2, 1]).pop_first(), Some(1));
    /// ```
    pub fn pop_first(&mut self) -> Option<T> {
        self.map.pop_first().map(|(item, ())| item)
    }

    /// Removes and returns the last item. O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdSet::from([2, 1]).pop_last(), Some(2));
    /// ```
    pub fn pop_last(&mut self) -> Option<T> {
        self.map.pop_last().map(|(item, ())| item)
    }

    /// Retains the items that satisfy `keep`: see [`OrdMap::retain`]. O(n).
    ///
    /// ```
    /// let mut set: pleach_collections::OrdSet<u32> = (0..6).collect();
    /// set.retain(|item| item % 2 == 0);
    /// assert!(set.iter().eq(&[0, 2, 4]));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|item, ()| keep(item));
    }

    /// Removes and returns the items not less than `item`: see [`OrdMap::split_off`]. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([1, 2, 3]);
    /// assert!(set.split_off(&2).iter().eq(&[2, 3]));
    /// assert_eq!(set.len(), 1);
    /// ```
    #[must_use = "to drop the items, `first_n` is enough"]
    pub fn split_off<Q: Comparable<T> + ?Sized>(&mut self, item: &Q) -> Self {
        Self {
            map: self.map.split_off(item),
        }
    }

    /// Returns the items less than `item`, and those greater. O(log n).
    ///
    /// ```
    /// let (less, greater) = pleach_collections::OrdSet::from([1, 2, 3]).split(&2);
    /// assert!(less.iter().eq(&[1]) && greater.iter().eq(&[3]));
    /// ```
    #[must_use]
    pub fn split<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> (Self, Self) {
        let (less, greater) = self.map.split(item);
        (Self { map: less }, Self { map: greater })
    }

    /// Returns the items less than `item`, whether the set has `item`, and the items greater. O(log n).
    ///
    /// ```
    /// let (less, is_there, greater) = pleach_collections::OrdSet::from([1, 2, 3]).split_member(&2);
    /// assert_eq!((less.len(), is_there, greater.len()), (1, true, 1));
    /// ```
    #[must_use]
    pub fn split_member<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> (Self, bool, Self) {
        let (less, found, greater) = self.map.split_lookup(item);
        (Self { map: less }, found.is_some(), Self { map: greater })
    }

    /// Returns the first `count` items, or all, as `take` of `im`. O(log n).
    ///
    /// ```
    /// assert!(pleach_collections::OrdSet::from([1, 2, 3]).first_n(2).iter().eq(&[1, 2]));
    /// ```
    #[must_use]
    pub fn first_n(&self, count: usize) -> Self {
        Self {
            map: self.map.take(count),
        }
    }

    /// Returns the items without the first `count`. O(log n).
    ///
    /// ```
    /// assert!(pleach_collections::OrdSet::from([1, 2, 3]).skip(2).iter().eq(&[3]));
    /// ```
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        Self {
            map: self.map.skip(count),
        }
    }

    /// Returns this set without an item: the same set, if the item is missing. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([1, 2]);
    /// assert_eq!(set.without(&1), pleach_collections::OrdSet::from([2]));
    /// assert!(set.without(&3).ptr_eq(&set));
    /// ```
    #[must_use]
    pub fn without<Q: Comparable<T> + ?Sized>(&self, item: &Q) -> Self {
        Self {
            map: self.map.without(item),
        }
    }
}

impl<T: Ord + Clone> OrdSet<T> {
    /// Inserts an item, and returns `true` if it was missing. An equal item that is present stays. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::new();
    /// assert!(set.insert(1));
    /// assert!(!set.insert(1));
    /// ```
    pub fn insert(&mut self, item: T) -> bool {
        self.map.insert(item, ()).is_none()
    }

    /// Inserts an item, replacing and returning an equal one. O(log n).
    ///
    /// ```
    /// let mut set = pleach_collections::OrdSet::from([1]);
    /// assert_eq!(set.replace(1), Some(1));
    /// assert_eq!(set.replace(2), None);
    /// ```
    pub fn replace(&mut self, item: T) -> Option<T> {
        self.map.replace_entry(item, ()).map(|(item, ())| item)
    }

    /// Returns this set with an item: the same set, if the item is present. O(log n).
    ///
    /// ```
    /// let set = pleach_collections::OrdSet::from([1]);
    /// assert_eq!(set.update(2), pleach_collections::OrdSet::from([1, 2]));
    /// assert!(set.update(1).ptr_eq(&set));
    /// ```
    #[must_use]
    pub fn update(&self, item: T) -> Self {
        let mut copy = self.clone();
        if !self.contains(&item) {
            copy.insert(item);
        }
        copy
    }

    /// Returns the items of both sets, all items of `other` being greater than those of this set. O(log n).
    ///
    /// # Panics
    /// Panics if the last item of this set isn't less than the first item of `other`.
    ///
    /// ```
    /// use pleach_collections::OrdSet;
    ///
    /// assert!(OrdSet::from([1, 2]).concat(&OrdSet::from([3])).iter().eq(&[1, 2, 3]));
    /// ```
    #[must_use]
    pub fn concat(&self, other: &Self) -> Self {
        Self {
            map: self.map.concat(&other.map),
        }
    }

    /// Moves all items of `other` into this set: see [`OrdMap::append`].
    ///
    /// ```
    /// use pleach_collections::OrdSet;
    ///
    /// let (mut set, mut other) = (OrdSet::from([1, 2]), OrdSet::from([2, 3]));
    /// set.append(&mut other);
    /// assert!(set.iter().eq(&[1, 2, 3]) && other.is_empty());
    /// ```
    pub fn append(&mut self, other: &mut Self) {
        self.map.append(&mut other.map);
    }

    /// Inserts items as [`extend`](Extend::extend) does, converted, as `extend` of `im` does.
    ///
    /// ```
    /// let mut names: pleach_collections::OrdSet<String> = pleach_collections::OrdSet::new();
    /// names.extend_from(["ann", "bob"]);
    /// assert!(names.contains("ann"));
    /// ```
    pub fn extend_from<T2: Into<T>>(&mut self, items: impl IntoIterator<Item = T2>) {
        self.extend(items.into_iter().map(T2::into));
    }
}

impl<T: Clone> IntoIterator for OrdSet<T> {
    type Item = T;
    type IntoIter = IntoKeys<T, ()>;

    fn into_iter(self) -> IntoKeys<T, ()> {
        self.map.into_keys()
    }
}

impl<'a, T> IntoIterator for &'a OrdSet<T> {
    type Item = &'a T;
    type IntoIter = Keys<'a, T, ()>;

    fn into_iter(self) -> Keys<'a, T, ()> {
        self.iter()
    }
}
