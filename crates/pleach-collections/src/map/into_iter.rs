//! Iterators over a [`Map`] by value.

use super::Map;
use crate::hamt::{self, Node};
use core::fmt;
use core::iter::FusedIterator;

/// An iterator over the entries of a [`Map`] by value, which `into_iter` and [`Map::drain`] return.
///
/// Entries are moved out of nodes that no other map shares, and cloned from others.
pub struct IntoIter<K, V>(hamt::IntoIter<K, V>);

/// An iterator over the keys of a [`Map`] by value, which [`Map::into_keys`] returns.
pub struct IntoKeys<K, V>(IntoIter<K, V>);

/// An iterator over the values of a [`Map`] by value, which [`Map::into_values`] returns.
pub struct IntoValues<K, V>(IntoIter<K, V>);

impl<K: Clone, V: Clone> IntoIter<K, V> {
    fn new(root: Option<Node<K, V>>) -> Self {
        Self(hamt::IntoIter::new(root))
    }
}

impl<K, V> IntoKeys<K, V> {
    pub(crate) fn of(entries: IntoIter<K, V>) -> Self {
        Self(entries)
    }
}

impl<K: Clone, V: Clone, S> Map<K, V, S> {
    /// Removes all entries and returns an iterator over them. O(1), and O(n) for all entries.
    ///
    /// Entries are moved out of nodes that no other map shares, and cloned from others.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([(1, "one"), (2, "two")]);
    /// let mut entries: Vec<_> = map.drain().collect();
    /// entries.sort_unstable();
    /// assert_eq!(entries, [(1, "one"), (2, "two")]);
    /// assert!(map.is_empty());
    /// ```
    pub fn drain(&mut self) -> IntoIter<K, V> {
        IntoIter::new(self.root.take())
    }

    /// Converts the map into an iterator over its keys, in the order of [`iter`](Map::iter).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert!(map.into_keys().eq(["a"]));
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V> {
        IntoKeys(self.into_iter())
    }

    /// Converts the map into an iterator over its values, in the order of [`iter`](Map::iter).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert_eq!(map.into_values().sum::<i32>(), 1);
    /// ```
    pub fn into_values(self) -> IntoValues<K, V> {
        IntoValues(self.into_iter())
    }
}

impl<K: Clone, V: Clone, S> IntoIterator for Map<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter::new(self.root)
    }
}

impl<K: Clone, V: Clone> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    #[inline]
    fn next(&mut self) -> Option<(K, V)> {
        self.0.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K: Clone, V: Clone> Iterator for IntoKeys<K, V> {
    type Item = K;

    #[inline]
    fn next(&mut self) -> Option<K> {
        self.0.next().map(|(key, _)| key)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K: Clone, V: Clone> Iterator for IntoValues<K, V> {
    type Item = V;

    #[inline]
    fn next(&mut self) -> Option<V> {
        self.0.next().map(|(_, value)| value)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// Returns the iterator of an empty map.
impl<K: Clone, V: Clone> Default for IntoIter<K, V> {
    fn default() -> Self {
        Self::new(None)
    }
}

/// Returns the iterator of an empty map.
impl<K: Clone, V: Clone> Default for IntoKeys<K, V> {
    fn default() -> Self {
        Self(IntoIter::default())
    }
}

/// Returns the iterator of an empty map.
impl<K: Clone, V: Clone> Default for IntoValues<K, V> {
    fn default() -> Self {
        Self(IntoIter::default())
    }
}

/// O(log n). Clones the remaining entries of the current leaf if no map shares it.
impl<K: Clone, V: Clone> Clone for IntoIter<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Costs the same as that of [`IntoIter`].
impl<K: Clone, V: Clone> Clone for IntoKeys<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Costs the same as that of [`IntoIter`].
impl<K: Clone, V: Clone> Clone for IntoValues<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

macro_rules! consuming {
    ($($iter:ident)*) => {$(
        impl<K: Clone, V: Clone> ExactSizeIterator for $iter<K, V> {}

        impl<K: Clone, V: Clone> FusedIterator for $iter<K, V> {}

        /// Shows the number of remaining entries, since showing them would take a copy.
        impl<K: Clone, V: Clone> fmt::Debug for $iter<K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($iter)).field("remaining", &self.len()).finish()
            }
        }
    )*};
}

consuming!(IntoIter IntoKeys IntoValues);
