//! Iterators over an [`OrdMap`] by reference.

use super::OrdMap;
use crate::btree::{self, Key};
use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Bound, RangeBounds};
use equivalent::Comparable;

/// An iterator over the entries of an [`OrdMap`], in the order of their keys, which [`OrdMap::iter`] returns.
pub struct Iter<'a, K, V>(btree::Iter<'a, (K, V), Key<K>>);

/// An iterator over a range of the entries of an [`OrdMap`], which [`OrdMap::range`] returns.
pub type Range<'a, K, V> = Iter<'a, K, V>;

/// An iterator over the keys of an [`OrdMap`], which [`OrdMap::keys`] returns.
pub struct Keys<'a, K, V>(Iter<'a, K, V>);

/// An iterator over the values of an [`OrdMap`], in the order of their keys, which [`OrdMap::values`] returns.
pub struct Values<'a, K, V>(Iter<'a, K, V>);

impl<K, V> OrdMap<K, V> {
    /// Returns an iterator over the entries, in the order of their keys. O(n) for all.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.iter().eq([(&"a", &1), (&"b", &2)]));
    /// assert_eq!(map.iter().next_back(), Some((&"b", &2)));
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(btree::Iter::all(self.root.as_ref()))
    }

    /// Returns an iterator over the keys, in their order.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.keys().eq(&["a", "b"]));
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    /// Returns an iterator over the values, in the order of their keys.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.values().eq(&[1, 2]));
    /// ```
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }

    /// Returns an iterator over the entries whose keys are in a range. O(log n), and O(1) amortised an entry; its length
    /// is known.
    ///
    /// # Panics
    /// Panics if the range's start is greater than its end, or if both are equal and excluded.
    ///
    /// ```
    /// use std::ops::Bound;
    ///
    /// let map = pleach_collections::OrdMap::from([(10, "a"), (20, "b"), (30, "c")]);
    /// assert!(map.range(15..=30).map(|(key, _)| *key).eq([20, 30]));
    /// assert_eq!(map.range(15..).len(), 2);
    /// let after = map.range((Bound::Excluded(20), Bound::Unbounded)).next();
    /// assert_eq!(after, Some((&30, &"c")));
    /// ```
    pub fn range<Q, R>(&self, range: R) -> Range<'_, K, V>
    where
        Q: Comparable<K> + Ord + ?Sized,
        R: RangeBounds<Q>,
    {
        Iter(btree::Iter::new(self.root.as_ref(), self.indices(&range)))
    }

    /// Returns the indices of the entries in a range.
    ///
    /// # Panics
    /// As [`range`](OrdMap::range).
    #[allow(clippy::panic, reason = "the contract, as in std")]
    pub(super) fn indices<Q: Comparable<K> + Ord + ?Sized>(
        &self,
        range: &impl RangeBounds<Q>,
    ) -> core::ops::Range<usize> {
        match (range.start_bound(), range.end_bound()) {
            (Bound::Excluded(start), Bound::Excluded(end)) if start == end => {
                panic!("range start and end are equal and excluded in OrdMap")
            }
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end))
                if start > end =>
            {
                panic!("range start is greater than range end in OrdMap")
            }
            _ => {}
        }
        // The number of keys up to this one, which is included.
        let through = |key: &Q| self.position(key).map_or_else(|index| index, |index| index + 1);
        let start = match range.start_bound() {
            Bound::Included(key) => self.rank(key),
            Bound::Excluded(key) => through(key),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(key) => through(key),
            Bound::Excluded(key) => self.rank(key),
            Bound::Unbounded => self.len(),
        };
        start..end
    }
}

impl<'a, K, V> Iter<'a, K, V> {
    /// Splits off the second half, if there is one.
    #[cfg(feature = "rayon")]
    pub(super) fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }

    /// O(log n).
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.0.skip(n);
        self.next()
    }

    fn count(self) -> usize {
        self.0.len()
    }

    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }

    fn min(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next()
    }

    fn max(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next_back()
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut f: F) -> B {
        self.0.fold(init, |acc, (key, value)| f(acc, (key, value)))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }

    /// O(log n).
    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        self.0.skip_back(n);
        self.next_back()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

/// Returns the iterator of an empty map.
impl<K, V> Default for Iter<'_, K, V> {
    fn default() -> Self {
        Self(btree::Iter::all(None))
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}
impl<K, V> FusedIterator for Iter<'_, K, V> {}

/// Implements iterators over a part of each entry.
macro_rules! projection {
    ($iter:ident, $item:ident, $part:tt, $($methods:item)*) => {
        impl<'a, K, V> Iterator for $iter<'a, K, V> {
            type Item = &'a $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map(|entry| entry.$part)
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }

            /// O(log n).
            fn nth(&mut self, n: usize) -> Option<Self::Item> {
                self.0.nth(n).map(|entry| entry.$part)
            }

            fn count(self) -> usize {
                self.0.len()
            }

            fn last(mut self) -> Option<Self::Item> {
                self.next_back()
            }

            #[inline]
            fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut f: F) -> B {
                self.0.fold(init, |acc, entry| f(acc, entry.$part))
            }

            $($methods)*
        }

        impl<K, V> DoubleEndedIterator for $iter<'_, K, V> {
            #[inline]
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back().map(|entry| entry.$part)
            }

            /// O(log n).
            fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
                self.0.nth_back(n).map(|entry| entry.$part)
            }
        }

        impl<K, V> ExactSizeIterator for $iter<'_, K, V> {}
        impl<K, V> FusedIterator for $iter<'_, K, V> {}

        impl<K, V> Clone for $iter<'_, K, V> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        /// Returns the iterator of an empty map.
        impl<K, V> Default for $iter<'_, K, V> {
            fn default() -> Self {
                Self(Iter::default())
            }
        }
    };
}

projection! {
    Keys, K, 0,

    /// O(log n).
    fn min(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next()
    }

    /// O(log n).
    fn max(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next_back()
    }
}

projection!(Values, V, 1,);

impl<K: fmt::Debug, V> fmt::Debug for Keys<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<K, V: fmt::Debug> fmt::Debug for Values<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, K, V> Keys<'a, K, V> {
    /// The keys of these entries.
    pub(crate) fn of(entries: Iter<'a, K, V>) -> Self {
        Self(entries)
    }
}

impl<'a, K, V> IntoIterator for &'a OrdMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}
