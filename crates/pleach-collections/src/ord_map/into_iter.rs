//! Iterators over an [`OrdMap`] by value.

use super::OrdMap;
use crate::btree::{self, Key};
use core::fmt;
use core::iter::FusedIterator;

/// An iterator over the entries of an [`OrdMap`] by value, in the order of their keys, which `into_iter` returns.
///
/// Entries are moved out of nodes that no other map shares, and cloned from others.
pub struct IntoIter<K, V>(btree::IntoIter<(K, V), Key<K>>);

/// An iterator over the keys of an [`OrdMap`] by value, which [`OrdMap::into_keys`] returns.
pub struct IntoKeys<K, V>(IntoIter<K, V>);

/// An iterator over the values of an [`OrdMap`] by value, which [`OrdMap::into_values`] returns.
pub struct IntoValues<K, V>(IntoIter<K, V>);

impl<K: Clone, V: Clone> OrdMap<K, V> {
    /// Converts the map into an iterator over its keys, in their order.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.into_keys().eq(["a", "b"]));
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V> {
        IntoKeys(self.into_iter())
    }

    /// Converts the map into an iterator over its values, in the order of their keys.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.into_values().eq([1, 2]));
    /// ```
    pub fn into_values(self) -> IntoValues<K, V> {
        IntoValues(self.into_iter())
    }
}

impl<K: Clone, V: Clone> IntoIterator for OrdMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter(btree::IntoIter::new(self.root))
    }
}

impl<K: Clone, V: Clone> IntoIter<K, V> {
    /// Splits off the second half, unless there is one leaf only.
    #[cfg(feature = "rayon")]
    pub(super) fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }
}

macro_rules! consuming {
    ($($iter:ident $item:ty, |$entry:pat_param| $part:expr;)*) => {$(
        impl<K: Clone, V: Clone> Iterator for $iter<K, V> {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<$item> {
                self.0.next().map(|$entry| $part)
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.0.len(), Some(self.0.len()))
            }

            /// O(log n), and the drop of the other entries.
            fn last(mut self) -> Option<$item> {
                self.next_back()
            }
        }

        impl<K: Clone, V: Clone> DoubleEndedIterator for $iter<K, V> {
            #[inline]
            fn next_back(&mut self) -> Option<$item> {
                self.0.next_back().map(|$entry| $part)
            }
        }

        impl<K: Clone, V: Clone> ExactSizeIterator for $iter<K, V> {}
        impl<K: Clone, V: Clone> FusedIterator for $iter<K, V> {}

        /// Clones the entries left of up to two leaves, and shares the others, which are then cloned when they are yielded.
        /// O(log n).
        impl<K: Clone, V: Clone> Clone for $iter<K, V> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        /// Returns the iterator of an empty map.
        impl<K: Clone, V: Clone> Default for $iter<K, V> {
            fn default() -> Self {
                Self(Default::default())
            }
        }

        /// Shows the number of remaining entries, since showing them would take a copy.
        impl<K: Clone, V: Clone> fmt::Debug for $iter<K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($iter)).field("remaining", &self.len()).finish()
            }
        }
    )*};
}

consuming! {
    IntoIter (K, V), |entry| entry;
    IntoKeys K, |(key, _)| key;
    IntoValues V, |(_, value)| value;
}
