//! An ordered persistent map from byte strings to values.

mod convert;
mod cursor;
mod diff;
mod entry;
mod iter;
mod iter_mut;
mod merge;
mod ops;
mod prefix;
#[cfg(feature = "rayon")]
mod rayon;
mod traits;

pub use cursor::{Bytes, Cursor};
pub use diff::{Change, Diff};
pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use iter::{IntoIter, Iter, Keys, Range, Values};
pub use iter_mut::{IterMut, ValuesMut};
pub use prefix::Prefix;
#[cfg(feature = "rayon")]
pub use rayon::{IntoParIter, ParIter};

use crate::Set;
use crate::address::BuildAddressHasher;
use crate::map::Violation;
use crate::trie::{self, Builder, Never, Node, Walker};
use alloc::vec::Vec;

/// The number of nodes that set operations, differences and merges of this thread have entered so far; 0 without debug
/// assertions.
#[doc(hidden)]
pub fn nodes_entered() -> usize {
    trie::nodes_entered()
}

/// An ordered persistent map from byte strings to values.
///
/// Keys have any length and any bytes; one may be a prefix of another. Entries are ordered by the bytes of their keys. A
/// clone is one reference-count increment; the first write to a clone copies one path of the trie.
///
/// # Costs
///
/// With n entries, and keys of k bytes:
///
/// | operation | cost |
/// |---|---|
/// | `clone` | O(1) |
/// | `get`, `insert`, `remove`, `entry` | O(k) |
/// | `len`, `prefix(p).len()`, `count_prefix` | O(1), O(k), O(k) |
/// | `rank`, `nth`, a step of an iterator or a [`Cursor`] | O(k) |
/// | `diff`, `==` | what is not shared |
/// | `merge` | what both sides have changed, and the paths to what one side has |
/// | `union` and its kin | where the keys of both maps lie close together; nodes that they share, or that one has alone, are reused |
/// | `retain` | O(n), and the paths to what goes |
/// | [`from_sorted`](TrieMap::from_sorted), `collect` | O(n), O(n log n) |
///
/// An entry takes its bytes after the part that it shares with its neighbours, 3 more, and its value: less than 18
/// bytes an entry for 100,000 paths of 16 to 20 bytes without values (test `paths_take_few_bytes`). Insertions into maps of
/// up to 131,072 entries leave room for later ones, about an eighth.
///
/// # Limits
///
/// The process aborts if 2^31 maps share a node, as for `Arc`. Values are stored with the keys in leaves of up to 160 entries,
/// which an insertion copies: box values of more than a few words. Iterators allocate each key that they yield; a [`Cursor`]
/// doesn't.
///
/// With the feature `std`, values that hold maps, nested to any depth, are dropped on a bounded stack, under the conditions of
/// [`Map`](crate::Map#nested-maps). If the drop of a value panics, all others are dropped nevertheless; a second
/// panic aborts.
///
/// ```
/// use pleach_collections::TrieMap;
///
/// let mut stock = TrieMap::new();
/// stock.insert("fruit/apple", 3);
/// stock.insert("fruit/pear", 5);
/// stock.insert("vegetable/leek", 2);
/// let before = stock.clone();
/// stock.remove("fruit/pear");
///
/// assert_eq!(stock.get("fruit/apple"), Some(&3));
/// assert_eq!(before.count_prefix("fruit/"), 2);
/// assert_eq!(stock.count_prefix("fruit/"), 1);
/// assert_eq!(before.diff(&stock).count(), 1);
/// ```
///
/// The data structure is a burst trie (Heinz, Zobel and Williams, 2002) whose leaves split and join by the bytes that they
/// hold and nothing else. So one set of keys has one shape, which makes comparison by shared nodes effective.
pub struct TrieMap<V> {
    root: Option<Node<V>>,
}

impl<V> TrieMap<V> {
    /// Creates an empty map. Allocates nothing.
    ///
    /// ```
    /// let map: pleach_collections::TrieMap<u32> = pleach_collections::TrieMap::new();
    /// assert!(map.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { root: None }
    }

    /// Returns the number of entries. O(1).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.root.as_ref().map_or(0, Node::size)
    }

    /// Returns whether the map has no entry. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::TrieMap::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Returns the value of a key. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1)]);
    /// assert_eq!(map.get("a"), Some(&1));
    /// assert_eq!(map.get("ab"), None);
    /// ```
    #[inline]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&V> {
        trie::get(self.root.as_ref()?, key.as_ref())
    }

    /// Returns whether the map has a key. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1)]);
    /// assert!(map.contains_key(b"a"));
    /// ```
    #[inline]
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.get(key).is_some()
    }

    /// Returns the number of keys that are less than `key`. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2), ("c", 3)]);
    /// assert_eq!(map.rank("b"), 1);
    /// assert_eq!(map.rank("bb"), 2);
    /// ```
    pub fn rank(&self, key: impl AsRef<[u8]>) -> usize {
        self.root.as_ref().map_or(0, |root| trie::rank(root, key.as_ref()))
    }

    /// Returns the entry that has `index` entries before it. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.nth(1), Some((b"b".to_vec(), &2)));
    /// assert_eq!(map.nth(2), None);
    /// ```
    pub fn nth(&self, index: usize) -> Option<(Vec<u8>, &V)> {
        let mut walker = Walker::new(self.root.as_ref()?);
        let value = walker.nth(index)?;
        Some((walker.into_path(), value))
    }

    /// Returns the first entry. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("b", 2), ("a", 1)]);
    /// assert_eq!(map.first_key_value(), Some((b"a".to_vec(), &1)));
    /// ```
    pub fn first_key_value(&self) -> Option<(Vec<u8>, &V)> {
        self.nth(0)
    }

    /// Returns the last entry. O(k).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("b", 2), ("a", 1)]);
    /// assert_eq!(map.last_key_value(), Some((b"b".to_vec(), &2)));
    /// ```
    pub fn last_key_value(&self) -> Option<(Vec<u8>, &V)> {
        self.nth(self.len().checked_sub(1)?)
    }

    /// Returns the longest key that `key` begins with, as a part of it, and its value. O(k).
    ///
    /// ```
    /// let routes = pleach_collections::TrieMap::from([("/", 1), ("/api", 2)]);
    /// assert_eq!(routes.longest_prefix_of("/api/users"), Some((&b"/api"[..], &2)));
    /// assert_eq!(routes.longest_prefix_of("/about"), Some((&b"/"[..], &1)));
    /// assert_eq!(routes.longest_prefix_of("about"), None);
    /// ```
    pub fn longest_prefix_of<'k>(&self, key: &'k (impl AsRef<[u8]> + ?Sized)) -> Option<(&'k [u8], &V)> {
        let key = key.as_ref();
        let (length, value) = trie::longest_prefix(self.root.as_ref()?, key)?;
        Some((&key[..length], value))
    }

    /// Returns whether both maps are one in memory, so that they are equal. `false` says nothing. O(1).
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1)]);
    /// assert!(map.ptr_eq(&map.clone()));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(a), Some(b)) => a.ptr_eq(b),
            _ => false,
        }
    }

    /// Removes all entries. O(1) if other maps share them, else O(n).
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.root = None;
    }

    /// Tests the invariants of the trie, which its source numbers. O(n).
    ///
    /// # Errors
    ///
    /// The first one that does not hold: then this crate has a bug.
    ///
    /// ```
    /// let map = pleach_collections::TrieMap::from([("a", 1)]);
    /// assert_eq!(map.check(), Ok(()));
    /// ```
    pub fn check(&self) -> Result<(), Violation> {
        self.root.as_ref().map_or(Ok(()), trie::check)
    }

    /// Visits each node and says the bytes of its block, the values in it, and whether this map shares it with another,
    /// directly or above. A prefix that lies outside of its node is visited too, after it.
    #[doc(hidden)]
    pub fn visit_nodes<'a>(&'a self, mut visit: impl FnMut(usize, &'a [V], bool)) {
        let mut stack: Vec<(&Node<V>, bool)> = self.root.iter().map(|root| (root, false)).collect();
        while let Some((node, shared)) = stack.pop() {
            let shared = shared || node.is_shared();
            if node.is_leaf() {
                visit(node.bytes(), node.values(), shared);
            } else {
                visit(node.bytes(), &[], shared);
                stack.extend(node.children().iter().map(|child| (child, shared)));
            }
            if let Some((bytes, is_held_elsewhere)) = node.bytes_outside() {
                visit(bytes, &[], shared || is_held_elsewhere);
            }
        }
    }

    /// Returns the number of nodes that both maps hold, without those below another such node, and the number of entries
    /// below these. O(n) for both.
    #[doc(hidden)]
    pub fn shared_with(&self, other: &Self) -> (usize, usize) {
        let mut theirs = Set::<_, BuildAddressHasher>::default();
        let mut stack: Vec<&Node<V>> = other.root.iter().collect();
        while let Some(node) = stack.pop() {
            theirs.insert(node.address());
            if !node.is_leaf() {
                stack.extend(node.children());
            }
        }
        let (mut nodes, mut entries) = (0, 0);
        stack.extend(&self.root);
        while let Some(node) = stack.pop() {
            if theirs.contains(&node.address()) {
                nodes += 1;
                entries += node.size();
            } else if !node.is_leaf() {
                stack.extend(node.children());
            }
        }
        (nodes, entries)
    }
}

impl<V: Clone> TrieMap<V> {
    /// Returns the value of a key, for writing. O(k). Copies the path to it if other maps share it; nothing if the key is
    /// missing.
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1)]);
    /// *map.get_mut("a").unwrap() += 1;
    /// assert_eq!(map.get("a"), Some(&2));
    /// ```
    pub fn get_mut(&mut self, key: impl AsRef<[u8]>) -> Option<&mut V> {
        trie::get_mut(self.root.as_mut()?, key.as_ref())
    }

    /// Inserts an entry, and returns the value that the key had. O(k). Copies the path to it if other maps share it.
    ///
    /// If the clone of a value panics, the map is as it was.
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::new();
    /// assert_eq!(map.insert("a", 1), None);
    /// assert_eq!(map.insert("a", 2), Some(1));
    /// ```
    pub fn insert(&mut self, key: impl AsRef<[u8]>, value: V) -> Option<V> {
        trie::insert(&mut self.root, key.as_ref(), value)
    }

    /// Removes an entry, and returns its value. O(k). Copies nothing if the key is missing.
    ///
    /// If the clone of a value panics, the map is as it was.
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1)]);
    /// assert_eq!(map.remove("a"), Some(1));
    /// assert_eq!(map.remove("a"), None);
    /// ```
    pub fn remove(&mut self, key: impl AsRef<[u8]>) -> Option<V> {
        trie::remove(&mut self.root, key.as_ref())
    }

    /// Removes and returns the first entry. O(k).
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.pop_first(), Some((b"a".to_vec(), 1)));
    /// ```
    pub fn pop_first(&mut self) -> Option<(Vec<u8>, V)> {
        let (key, _) = self.first_key_value()?;
        self.remove(&key).map(|value| (key, value))
    }

    /// Removes and returns the last entry. O(k).
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.pop_last(), Some((b"b".to_vec(), 2)));
    /// ```
    pub fn pop_last(&mut self) -> Option<(Vec<u8>, V)> {
        let (key, _) = self.last_key_value()?;
        self.remove(&key).map(|value| (key, value))
    }

    /// Keeps the entries that `keep` picks. O(n), and a path for each entry that goes.
    ///
    /// If `keep` panics, the map is as it was.
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// map.retain(|_, value| value % 2 == 0);
    /// assert_eq!(map, pleach_collections::TrieMap::from([("b", 2)]));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &V) -> bool) {
        let mut gone = Builder::<(), Never>::new();
        let mut cursor = self.cursor();
        let mut entry = cursor.value().or_else(|| cursor.next_entry());
        while let Some(value) = entry {
            if !keep(cursor.path(), value) {
                gone.push_in_order(cursor.path(), ());
            }
            entry = cursor.next_entry();
        }
        drop(cursor);
        if gone.len() > 0 {
            *self = self.without(&TrieMap { root: gone.finish() });
        }
    }
}
