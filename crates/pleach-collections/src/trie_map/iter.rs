//! Iterators over the entries of a [`TrieMap`], in the order of their keys.

use super::TrieMap;
use crate::trie::{LeafIntoIter, Node, Walker};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Bound, RangeBounds};

/// An iterator over the entries of a [`TrieMap`]: see [`TrieMap::iter`].
///
/// Allocates each key. To visit entries without, use a [`Cursor`](super::Cursor) or [`Values`].
pub struct Iter<'a, V> {
    root: Option<&'a Node<V>>,
    /// At the entry that was yielded last from the front; `None` before the first one.
    front: Option<Walker<'a, V>>,
    /// As `front`, from the back.
    back: Option<Walker<'a, V>>,
    /// The indices of the entries that are left.
    left: core::ops::Range<usize>,
}

/// An iterator over a range of the entries of a [`TrieMap`]: see [`TrieMap::range`].
pub type Range<'a, V> = Iter<'a, V>;

/// An iterator over the keys of a [`TrieMap`]: see [`TrieMap::keys`].
pub struct Keys<'a, V>(Iter<'a, V>);

/// An iterator over the values of a [`TrieMap`], in the order of their keys: see [`TrieMap::values`].
pub struct Values<'a, V>(Iter<'a, V>);

impl<V> TrieMap<V> {
    /// Returns an iterator over the entries, in the order of their keys.
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("b", 2), ("a", 1)]);
    /// let entries: Vec<_> = map.iter().collect();
    /// assert_eq!(entries, [(b"a".to_vec(), &1), (b"b".to_vec(), &2)]);
    /// assert_eq!(map.iter().next_back(), Some((b"b".to_vec(), &2)));
    /// ```
    pub fn iter(&self) -> Iter<'_, V> {
        self.slice(0..self.len())
    }

    /// Returns an iterator over the entries whose keys lie in a range, in their order. O(k), and O(k) for the first entry.
    ///
    /// # Panics
    ///
    /// If the range's start is greater than its end, or both are equal and excluded.
    ///
    /// ```
    /// use std::ops::Bound;
    ///
    /// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2), ("c", 3)]);
    /// let from_b: Vec<_> = map.range("b"..).map(|(_, value)| *value).collect();
    /// assert_eq!(from_b, [2, 3]);
    /// let after_a = map.range::<&str>((Bound::Excluded("a"), Bound::Included("b")));
    /// assert_eq!(after_a.count(), 1);
    /// ```
    pub fn range<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>) -> Range<'_, V> {
        let (start, end) = (range.start_bound().map(K::as_ref), range.end_bound().map(K::as_ref));
        match (start, end) {
            (Bound::Excluded(start), Bound::Excluded(end)) if start == end => {
                panic_range("range start and end are equal and excluded in TrieMap")
            }
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end))
                if start > end =>
            {
                panic_range("range start is greater than range end in TrieMap")
            }
            _ => {}
        }
        // The number of keys up to this one, which is included.
        let through = |key: &[u8]| self.rank(key) + usize::from(self.contains_key(key));
        let first = match start {
            Bound::Included(key) => self.rank(key),
            Bound::Excluded(key) => through(key),
            Bound::Unbounded => 0,
        };
        let last = match end {
            Bound::Included(key) => through(key),
            Bound::Excluded(key) => self.rank(key),
            Bound::Unbounded => self.len(),
        };
        self.slice(first..last)
    }

    /// Returns an iterator over the keys, in their order.
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("b", 2), ("a", 1)]);
    /// assert_eq!(map.keys().collect::<Vec<_>>(), [b"a", b"b"]);
    /// ```
    pub fn keys(&self) -> Keys<'_, V> {
        Keys(self.iter())
    }

    /// Returns an iterator over the values, in the order of their keys. Allocates nothing for an entry.
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("b", 2), ("a", 1)]);
    /// assert_eq!(map.values().collect::<Vec<_>>(), [&1, &2]);
    /// ```
    pub fn values(&self) -> Values<'_, V> {
        Values(self.iter())
    }

    /// An iterator over the entries with these indices.
    pub(super) fn slice(&self, indices: core::ops::Range<usize>) -> Iter<'_, V> {
        Iter {
            root: self.root.as_ref(),
            front: None,
            back: None,
            left: indices,
        }
    }
}

/// The panic that `range` documents.
#[cold]
#[allow(clippy::panic, reason = "documented, as for `BTreeMap::range`")]
fn panic_range(message: &str) -> ! {
    panic!("{message}")
}

impl<'a, V> Iter<'a, V> {
    /// Goes to the next entry from the front.
    fn advance(&mut self) -> Option<(&Walker<'a, V>, &'a V)> {
        let index = self.left.next()?;
        let value = match &mut self.front {
            Some(front) => front.forward(false, 0),
            None => self.front.insert(Walker::new(self.root?)).nth(index),
        };
        Some((self.front.as_ref()?, value?))
    }

    /// Goes to the next entry from the back.
    fn retreat(&mut self) -> Option<(&Walker<'a, V>, &'a V)> {
        let index = self.left.next_back()?;
        let value = match &mut self.back {
            Some(back) => back.backward(),
            None => self.back.insert(Walker::new(self.root?)).nth(index),
        };
        Some((self.back.as_ref()?, value?))
    }

    /// Splits off the second half.
    #[cfg(feature = "rayon")]
    pub(super) fn split(&self) -> (Self, Option<Self>) {
        let middle = self.left.start.midpoint(self.left.end);
        let part = |left| Self {
            root: self.root,
            front: None,
            back: None,
            left,
        };
        let worth = self.left.len() > 256;
        if worth {
            (part(self.left.start..middle), Some(part(middle..self.left.end)))
        } else {
            (part(self.left.clone()), None)
        }
    }
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (Vec<u8>, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().map(|(walker, value)| (walker.path().to_vec(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        if n > 0 {
            self.left.start = self.left.start.saturating_add(n).min(self.left.end);
            self.front = None;
        }
        self.next()
    }

    fn count(self) -> usize {
        self.left.len()
    }
}

impl<V> DoubleEndedIterator for Iter<'_, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.retreat().map(|(walker, value)| (walker.path().to_vec(), value))
    }
}

impl<'a, V> Iterator for Keys<'a, V> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.0.next().map(|(key, _)| key)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<V> DoubleEndedIterator for Keys<'_, V> {
    fn next_back(&mut self) -> Option<Vec<u8>> {
        self.0.next_back().map(|(key, _)| key)
    }
}

impl<'a, V> Iterator for Values<'a, V> {
    type Item = &'a V;

    fn next(&mut self) -> Option<&'a V> {
        self.0.advance().map(|(_, value)| value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<V> DoubleEndedIterator for Values<'_, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.retreat().map(|(_, value)| value)
    }
}

/// An iterator over the entries of a [`TrieMap`] by value, in the order of their keys.
///
/// Values move out of nodes that no other map shares, and are cloned from others.
pub struct IntoIter<V> {
    path: Vec<u8>,
    /// The nodes that are left at each level, and the length of the path there.
    stack: Vec<(vec::IntoIter<Node<V>>, usize)>,
    leaf: Option<(LeafIntoIter<V>, usize)>,
    left: usize,
}

impl<V: Clone> IntoIterator for TrieMap<V> {
    type Item = (Vec<u8>, V);
    type IntoIter = IntoIter<V>;

    fn into_iter(self) -> IntoIter<V> {
        let left = self.len();
        let root: Vec<Node<V>> = self.root.into_iter().collect();
        IntoIter {
            path: Vec::new(),
            stack: vec![(root.into_iter(), 0)],
            leaf: None,
            left,
        }
    }
}

impl<V: Clone> Iterator for IntoIter<V> {
    type Item = (Vec<u8>, V);

    fn next(&mut self) -> Option<(Vec<u8>, V)> {
        loop {
            if let Some((leaf, index)) = &mut self.leaf {
                if let Some(value) = leaf.next_value() {
                    let key = [&self.path, leaf.prefix(), leaf.suffix(*index)].concat();
                    *index += 1;
                    self.left -= 1;
                    return Some((key, value));
                }
                self.leaf = None;
            }
            let (nodes, length) = self.stack.last_mut()?;
            self.path.truncate(*length);
            match nodes.next() {
                Some(node) if node.is_leaf() => self.leaf = Some((LeafIntoIter::of(node), 0)),
                Some(node) => {
                    self.path.extend_from_slice(node.prefix());
                    self.stack.push((node.into_children().into_iter(), self.path.len()));
                }
                None => {
                    self.stack.pop();
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, V> IntoIterator for &'a TrieMap<V> {
    type Item = (Vec<u8>, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V> ExactSizeIterator for Iter<'_, V> {}
impl<V> ExactSizeIterator for Keys<'_, V> {}
impl<V> ExactSizeIterator for Values<'_, V> {}
impl<V: Clone> ExactSizeIterator for IntoIter<V> {}
impl<V> FusedIterator for Iter<'_, V> {}
impl<V> FusedIterator for Keys<'_, V> {}
impl<V> FusedIterator for Values<'_, V> {}
impl<V: Clone> FusedIterator for IntoIter<V> {}

impl<V> Clone for Iter<'_, V> {
    fn clone(&self) -> Self {
        Self {
            front: self.front.clone(),
            back: self.back.clone(),
            left: self.left.clone(),
            ..*self
        }
    }
}

impl<V> Clone for Keys<'_, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> Clone for Values<'_, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> Default for Iter<'_, V> {
    fn default() -> Self {
        Self {
            root: None,
            front: None,
            back: None,
            left: 0..0,
        }
    }
}

macro_rules! debug_left {
    ($($type:ty)*) => {$(
        impl<V> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let name = stringify!($type).split('<').next().unwrap_or_default();
                f.debug_struct(name).field("left", &self.size().len()).finish_non_exhaustive()
            }
        }
    )*};
}

impl<V> Iter<'_, V> {
    fn size(&self) -> core::ops::Range<usize> {
        self.left.clone()
    }
}

impl<V> Keys<'_, V> {
    fn size(&self) -> core::ops::Range<usize> {
        self.0.size()
    }
}

impl<V> Values<'_, V> {
    fn size(&self) -> core::ops::Range<usize> {
        self.0.size()
    }
}

impl<V> IntoIter<V> {
    fn size(&self) -> core::ops::Range<usize> {
        0..self.left
    }
}

debug_left!(Iter<'_, V> Keys<'_, V> Values<'_, V> IntoIter<V>);
