//! Iterators over a [`Map`] with mutable values.

use super::Map;
use crate::hamt;
use core::fmt;
use core::iter::FusedIterator;

/// A mutable iterator over the entries of a [`Map`], which [`Map::iter_mut`] returns.
pub struct IterMut<'a, K, V>(hamt::IterMut<'a, K, V>);

/// A mutable iterator over the values of a [`Map`], which [`Map::values_mut`] returns.
pub struct ValuesMut<'a, K, V>(IterMut<'a, K, V>);

impl<K: Clone, V: Clone, S> Map<K, V, S> {
    /// Returns an iterator over the entries with mutable values, in the order of [`iter`](Map::iter).
    ///
    /// O(n). Copies each shared node that the iterator enters, whether its values are written or not: to change few
    /// values of a shared map, [`get_mut`](Map::get_mut) copies less.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
    /// for (_, value) in map.iter_mut() {
    ///     *value *= 10;
    /// }
    /// assert_eq!(map, pleach_collections::Map::from([("a", 10), ("b", 20)]));
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut(hamt::IterMut::new(self.root.as_mut()))
    }

    /// Returns an iterator over mutable references to the values. Costs the same as [`iter_mut`](Map::iter_mut).
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
    /// map.values_mut().for_each(|value| *value += 1);
    /// assert_eq!(map.values().sum::<i32>(), 5);
    /// ```
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        ValuesMut(self.iter_mut())
    }
}

impl<'a, K: Clone, V: Clone, S> IntoIterator for &'a mut Map<K, V, S> {
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
        self.0.size_hint()
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
}

impl<K: Clone, V: Clone> ExactSizeIterator for IterMut<'_, K, V> {}
impl<K: Clone, V: Clone> ExactSizeIterator for ValuesMut<'_, K, V> {}
impl<K: Clone, V: Clone> FusedIterator for IterMut<'_, K, V> {}
impl<K: Clone, V: Clone> FusedIterator for ValuesMut<'_, K, V> {}

/// Returns the iterator of an empty map.
impl<K: Clone, V: Clone> Default for IterMut<'_, K, V> {
    fn default() -> Self {
        Self(hamt::IterMut::new(None))
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
        f.debug_struct("IterMut")
            .field("remaining", &self.0.remaining())
            .finish()
    }
}

impl<K, V> fmt::Debug for ValuesMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValuesMut")
            .field("remaining", &self.0.0.remaining())
            .finish()
    }
}
