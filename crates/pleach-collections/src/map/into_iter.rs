//! Iterators that consume a [`Map`].

use super::Map;
use crate::hamt::{self, Node};
use std::fmt;
use std::iter::FusedIterator;

/// Iterates over the entries of a [`Map`] by value: see [`Map::drain`].
///
/// Entries are moved out of what only this map holds, and cloned where another map shares them.
pub struct IntoIter<K, V>(hamt::IntoIter<K, V>);

/// Iterates over the keys of a [`Map`] by value: see [`Map::into_keys`].
pub struct IntoKeys<K, V>(IntoIter<K, V>);

/// Iterates over the values of a [`Map`] by value: see [`Map::into_values`].
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
    /// Empties the map, and iterates over the entries it had. O(1), then O(1) an entry on average.
    ///
    /// Entries are moved out of what only this map holds, and cloned where another map shares them.
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

    /// The keys by value, in the order of [`iter`](Map::iter).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert!(map.into_keys().eq(["a"]));
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V> {
        IntoKeys(self.into_iter())
    }

    /// The values by value, in the order of [`iter`](Map::iter).
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

/// Of an empty map.
impl<K: Clone, V: Clone> Default for IntoIter<K, V> {
    fn default() -> Self {
        Self::new(None)
    }
}

/// Of an empty map.
impl<K: Clone, V: Clone> Default for IntoKeys<K, V> {
    fn default() -> Self {
        Self(IntoIter::default())
    }
}

/// Of an empty map.
impl<K: Clone, V: Clone> Default for IntoValues<K, V> {
    fn default() -> Self {
        Self(IntoIter::default())
    }
}

/// O(log n), and clones the entries of nodes that only this iterator holds and has entered, a leaf at most.
impl<K: Clone, V: Clone> Clone for IntoIter<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// As of [`IntoIter`].
impl<K: Clone, V: Clone> Clone for IntoKeys<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// As of [`IntoIter`].
impl<K: Clone, V: Clone> Clone for IntoValues<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

macro_rules! consuming {
    ($($iter:ident)*) => {$(
        impl<K: Clone, V: Clone> ExactSizeIterator for $iter<K, V> {}

        impl<K: Clone, V: Clone> FusedIterator for $iter<K, V> {}

        /// Says how many entries are left: what they are would take a copy to tell.
        impl<K: Clone, V: Clone> fmt::Debug for $iter<K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($iter)).field("left", &self.len()).finish()
            }
        }
    )*};
}

consuming!(IntoIter IntoKeys IntoValues);
