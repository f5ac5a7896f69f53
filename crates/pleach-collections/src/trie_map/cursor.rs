//! A position that moves by bytes and by entries.

use super::TrieMap;
use crate::trie::{Node, Walker};
use alloc::string::ToString;
use core::fmt;

/// A position in a [`TrieMap`]: a path that some key begins with, or the root.
///
/// A cursor goes down by bytes, up again, and on to the next entry in key order. It starts at its *base* and can't leave what
/// is below. A step allocates nothing, except that the path grows.
///
/// ```
/// use pleach_collections::TrieMap;
///
/// let map = TrieMap::from([("tea/black", 1), ("tea/green", 2), ("water", 3)]);
/// let mut cursor = map.cursor();
/// assert!(cursor.descend(b"tea/"));
/// assert_eq!(cursor.bytes().collect::<Vec<u8>>(), b"bg");
/// assert_eq!(cursor.count(), 2);
/// assert_eq!(cursor.next_entry(), Some(&1));
/// assert_eq!(cursor.path(), b"tea/black");
/// ```
pub struct Cursor<'a, V> {
    /// `None` for an empty map.
    walker: Option<Walker<'a, V>>,
}

impl<V> TrieMap<V> {
    /// Returns a cursor at the root, the empty path. O(1).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("", 0), ("a", 1)]);
    /// let mut cursor = map.cursor();
    /// assert_eq!(cursor.value(), Some(&0));
    /// assert_eq!(cursor.next_entry(), Some(&1));
    /// assert_eq!(cursor.next_entry(), None);
    /// ```
    pub fn cursor(&self) -> Cursor<'_, V> {
        Cursor {
            walker: self.root.as_ref().map(Walker::new),
        }
    }

    /// Returns a cursor whose base is a prefix, or `None` if no key begins with it. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("ab", 1), ("b", 2)]);
    /// let mut cursor = map.cursor_at("a").unwrap();
    /// assert_eq!(cursor.next_entry(), Some(&1));
    /// assert_eq!(cursor.next_entry(), None);
    /// assert!(map.cursor_at("c").is_none());
    /// ```
    pub fn cursor_at(&self, prefix: impl AsRef<[u8]>) -> Option<Cursor<'_, V>> {
        let mut walker = Walker::new(self.root.as_ref()?);
        walker.descend(prefix.as_ref()).then(|| {
            walker.rebase();
            Cursor { walker: Some(walker) }
        })
    }
}

impl<'a, V> Cursor<'a, V> {
    /// Returns the bytes from the root of the map to here. O(1).
    #[inline]
    pub fn path(&self) -> &[u8] {
        self.walker.as_ref().map_or(&[], Walker::path)
    }

    /// Returns the number of bytes of the [path](Self::path) below the base. O(1).
    #[inline]
    pub fn depth(&self) -> usize {
        self.walker.as_ref().map_or(0, Walker::depth)
    }

    /// Returns the value of the key that ends here.
    #[inline]
    pub fn value(&self) -> Option<&'a V> {
        self.walker.as_ref()?.value()
    }

    /// Returns the number of keys that begin with the path. O(1), and a part of one leaf.
    pub fn count(&self) -> usize {
        self.walker.as_ref().map_or(0, Walker::count)
    }

    /// Returns the least byte that continues the path: the first of [`bytes`](Self::bytes), in O(1).
    #[inline]
    pub fn first_byte(&self) -> Option<u8> {
        self.walker.as_ref()?.first_byte()
    }

    /// Returns the bytes that continue the path.
    pub fn bytes(&self) -> Bytes {
        let mut bytes = Bytes::default();
        if let Some(walker) = &self.walker {
            walker.each_byte(|byte| bytes.insert(byte));
        }
        bytes
    }

    /// The keys that begin with the path, as a trie of their own.
    pub(super) fn detach(&self) -> Option<Node<V>>
    where
        V: Clone,
    {
        self.walker.as_ref().map(Walker::detach)
    }

    /// Goes down along `bytes`, or stays here and returns `false` if no key continues with them.
    #[inline]
    pub fn descend(&mut self, bytes: &[u8]) -> bool {
        match &mut self.walker {
            Some(walker) => walker.descend(bytes),
            None => bytes.is_empty(),
        }
    }

    /// Goes down by one byte, or stays here and returns `false` if no key continues with it.
    #[inline]
    pub fn descend_byte(&mut self, byte: u8) -> bool {
        self.descend(&[byte])
    }

    /// Goes up by `count` bytes, at most to the base.
    #[inline]
    pub fn ascend(&mut self, count: usize) {
        if let Some(walker) = &mut self.walker {
            walker.ascend(count);
        }
    }

    /// Goes to the next entry after here, in key order; back to the base if there is none.
    #[inline]
    pub fn next_entry(&mut self) -> Option<&'a V> {
        self.walker.as_mut()?.forward(false, 0)
    }

    /// Goes to the next entry after here, in key order, whose path has the first `depth` bytes below the base in common
    /// with this one; back to these if there is none.
    #[inline]
    pub fn next_entry_below(&mut self, depth: usize) -> Option<&'a V> {
        let walker = self.walker.as_mut()?;
        walker.forward(false, depth.min(walker.depth()))
    }

    /// Goes down to the first path of `count` more bytes (not 0), in key order, or stays here if there is none.
    pub fn first_of_length(&mut self, count: usize) -> bool {
        let Some(walker) = &mut self.walker else {
            return false;
        };
        let floor = walker.depth();
        of_length(walker, false, floor, floor + count)
    }

    /// Goes to the next path of the same length that differs from this one in the last `count` bytes only (at most the
    /// [depth](Self::depth)); up by `count` bytes if there is none.
    pub fn next_of_length(&mut self, count: usize) -> bool {
        let Some(walker) = &mut self.walker else {
            return false;
        };
        let depth = walker.depth();
        of_length(walker, true, depth.saturating_sub(count), depth)
    }
}

/// Goes to the first path of this depth, after here or with `beyond` after all that begins with the path, that agrees with
/// it up to `floor`.
fn of_length<V>(walker: &mut Walker<'_, V>, beyond: bool, floor: usize, depth: usize) -> bool {
    let mut beyond = beyond;
    while walker.forward(beyond, floor).is_some() {
        if let Some(more) = walker.depth().checked_sub(depth) {
            walker.ascend(more);
            return true;
        }
        beyond = false;
    }
    false
}

impl<V> Clone for Cursor<'_, V> {
    fn clone(&self) -> Self {
        Self {
            walker: self.walker.clone(),
        }
    }
}

impl<V> fmt::Debug for Cursor<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().escape_ascii().to_string();
        f.debug_struct("Cursor").field("path", &path).finish_non_exhaustive()
    }
}

/// A set of bytes, which iterates in rising order.
///
/// ```
/// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
/// assert_eq!(map.cursor().bytes().collect::<Vec<_>>(), b"ab");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes([u64; 4]);

impl Bytes {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
    }

    /// Returns whether there is no byte left.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// Returns the bytes of the set that are less than `bound`.
    #[must_use]
    pub fn below(self, bound: u8) -> Self {
        let word = usize::from(bound / 64);
        Self(core::array::from_fn(|index| match index.cmp(&word) {
            core::cmp::Ordering::Less => self.0[index],
            core::cmp::Ordering::Equal => self.0[index] & ((1 << (bound % 64)) - 1),
            core::cmp::Ordering::Greater => 0,
        }))
    }
}

impl Iterator for Bytes {
    type Item = u8;

    /// Takes out the smallest.
    fn next(&mut self) -> Option<u8> {
        let (index, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros();
        *word &= *word - 1;
        Some((index as u32 * 64 + bit) as u8)
    }
}
