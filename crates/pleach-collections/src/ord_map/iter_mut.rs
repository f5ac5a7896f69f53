//! Iterators over an [`OrdMap`] with mutable values.

use super::OrdMap;
use crate::btree::{self, Key};
use core::fmt;
use core::iter::FusedIterator;
use core::ops::RangeBounds;
use equivalent::Comparable;

/// A mutable iterator over the entries of an [`OrdMap`], which [`OrdMap::iter_mut`] returns.
pub struct IterMut<'a, K, V>(btree::IterMut<'a, (K, V), Key<K>>);

/// A mutable iterator over a range of the entries of an [`OrdMap`], which [`OrdMap::range_mut`] returns.
pub type RangeMut<'a, K, V> = IterMut<'a, K, V>;

/// A mutable iterator over the values of an [`OrdMap`], which [`OrdMap::values_mut`] returns.
pub struct ValuesMut<'a, K, V>(IterMut<'a, K, V>);

impl<K: Clone, V: Clone> OrdMap<K, V> {
    /// Returns an iterator over the entries with mutable values, in the order of the keys.
    ///
    /// O(n). Copies each shared node that the iterator enters, whether its values are written or not: to change few
    /// values of a shared map, [`get_mut`](OrdMap::get_mut) copies less.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
    /// for (_, value) in map.iter_mut() {
    ///     *value *= 10;
    /// }
    /// assert_eq!(map, pleach_collections::OrdMap::from([("a", 10), ("b", 20)]));
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut(btree::IterMut::all(self.root.as_mut()))
    }

    /// Returns an iterator over mutable references to the values. Costs the same as [`iter_mut`](OrdMap::iter_mut).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1), ("b", 2)]);
    /// map.values_mut().for_each(|value| *value += 1);
    /// assert!(map.values().eq(&[2, 3]));
    /// ```
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        ValuesMut(self.iter_mut())
    }

    /// Returns an iterator over the entries whose keys are in a range, with mutable values. O(log n), and O(1) amortised an
    /// entry, with copies of shared nodes.
    ///
    /// # Panics
    /// Panics as [`range`](OrdMap::range) does.
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([(10, 1), (20, 2), (30, 3)]);
    /// map.range_mut(15..).for_each(|(_, value)| *value = 0);
    /// assert!(map.values().eq(&[1, 0, 0]));
    /// ```
    pub fn range_mut<Q, R>(&mut self, range: R) -> RangeMut<'_, K, V>
    where
        Q: Comparable<K> + Ord + ?Sized,
        R: RangeBounds<Q>,
    {
        let indices = self.indices(&range);
        IterMut(btree::IterMut::new(self.root.as_mut(), indices))
    }
}

impl<K: Clone, V: Clone> IterMut<'_, K, V> {
    /// Splits off the second half, if there is one.
    #[cfg(feature = "rayon")]
    pub(super) fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }
}

impl<'a, K: Clone, V: Clone> IntoIterator for &'a mut OrdMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

impl<'a, K: Clone, V: Clone> Iterator for IterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&*key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }

    /// O(log n), with copies of the shared nodes on the path.
    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }
}

impl<K: Clone, V: Clone> DoubleEndedIterator for IterMut<'_, K, V> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (&*key, value))
    }
}

impl<'a, K: Clone, V: Clone> Iterator for ValuesMut<'a, K, V> {
    type Item = &'a mut V;

    #[inline]
    fn next(&mut self) -> Option<&'a mut V> {
        self.0.next().map(|(_, value)| value)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    /// O(log n), with copies of the shared nodes on the path.
    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }
}

impl<K: Clone, V: Clone> DoubleEndedIterator for ValuesMut<'_, K, V> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(_, value)| value)
    }
}

impl<K: Clone, V: Clone> ExactSizeIterator for IterMut<'_, K, V> {}
impl<K: Clone, V: Clone> ExactSizeIterator for ValuesMut<'_, K, V> {}
impl<K: Clone, V: Clone> FusedIterator for IterMut<'_, K, V> {}
impl<K: Clone, V: Clone> FusedIterator for ValuesMut<'_, K, V> {}

/// Returns the iterator of an empty map.
impl<K: Clone, V: Clone> Default for IterMut<'_, K, V> {
    fn default() -> Self {
        Self(btree::IterMut::all(None))
    }
}

/// Returns the iterator of an empty map.
impl<K: Clone, V: Clone> Default for ValuesMut<'_, K, V> {
    fn default() -> Self {
        Self(IterMut::default())
    }
}

impl<K, V> fmt::Debug for IterMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").field("remaining", &self.0.len()).finish()
    }
}

impl<K, V> fmt::Debug for ValuesMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValuesMut").field("remaining", &self.0.0.len()).finish()
    }
}
