//! The persistent ordered map [`OrdMap`], its iterators and entries.

mod combine;
mod convert;
mod diff;
mod edit;
mod entry;
mod extract_if;
mod into_iter;
mod iter;
mod iter_mut;
mod merge;
mod part;
#[cfg(feature = "rayon")]
pub mod rayon;
mod submap;
mod traits;
mod try_insert;
mod update;

pub use crate::btree::Violation;
pub use crate::map::Change;
pub use diff::Diff;
pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use extract_if::ExtractIf;
pub use into_iter::{IntoIter, IntoKeys, IntoValues};
pub use iter::{Iter, Keys, Range, Values};
pub use iter_mut::{IterMut, RangeMut, ValuesMut};
pub use try_insert::OccupiedError;

use crate::btree::{self, Key};
use equivalent::Comparable;

/// A node of a map's tree.
type Node<K, V> = btree::Node<(K, V), Key<K>>;

/// A persistent ordered map: a clone costs O(1), and a write to a clone copies one path of O(log n) nodes.
///
/// It has the interface of `BTreeMap`. Methods that write do so in place and copy nodes that other clones share; a map
/// without clones copies nothing. [`diff`](OrdMap::diff), [`merge`](OrdMap::merge), [`union`](OrdMap::union), `==` and
/// similar operations skip the subtrees that two maps share, so their cost depends on the difference if one map
/// descends from the other or both from a third. Entries are also found by [index](OrdMap::nth), and maps are
/// [split](OrdMap::split) and [joined](OrdMap::append) in O(log n).
///
/// # When not to use it
/// - A map that is never cloned, compared or merged: `std::collections::BTreeMap` removes faster, and inserts faster into
///   maps of about a thousand entries.
/// - Keys whose order doesn't matter: [`Map`](crate::Map) reads and writes faster, and its structure is a function of its
///   keys, so that it also skips equal parts of maps with different histories.
/// - Keys that are byte strings with long common prefixes: [`TrieMap`](crate::TrieMap) stores each prefix once.
/// - Keys or values that are expensive to clone: a write to a shared map clones the entries of a leaf. Wrap them
///   (`Arc<str>`).
///
/// # Costs
/// n is the number of entries of the larger map, d that of the entries in nodes that two maps don't share.
///
/// | operation | cost |
/// |---|---|
/// | [`new`](OrdMap::new), [`clone`](Clone::clone), [`len`](OrdMap::len), [`ptr_eq`](OrdMap::ptr_eq) | O(1) |
/// | [`get`](OrdMap::get), [`range`](OrdMap::range), [`rank`](OrdMap::rank), [`nth`](OrdMap::nth), [`first_key_value`](OrdMap::first_key_value), [`get_next`](OrdMap::get_next) | O(log n) |
/// | [`insert`](OrdMap::insert), [`remove`](OrdMap::remove), [`get_mut`](OrdMap::get_mut), [`entry`](OrdMap::entry), [`pop_first`](OrdMap::pop_first) | O(log n), with copies of the shared nodes on the path |
/// | [`update`](OrdMap::update), [`without`](OrdMap::without), [`alter`](OrdMap::alter) | as above, with a copy of the path |
/// | [`split`](OrdMap::split), [`split_off`](OrdMap::split_off), [`take`](OrdMap::take), [`skip`](OrdMap::skip) | O(log n), with copies of a few nodes |
/// | [`concat`](OrdMap::concat), and [`append`](OrdMap::append) and [`union`](OrdMap::union) of maps whose keys don't interleave | O(log n) |
/// | [`iter`](OrdMap::iter), [`keys`](OrdMap::keys), [`values`](OrdMap::values), `into_iter` | O(n) |
/// | [`iter_mut`](OrdMap::iter_mut), [`values_mut`](OrdMap::values_mut) | O(n), with copies of shared nodes |
/// | [`retain`](OrdMap::retain) | O(n), with copies of the nodes that lose entries |
/// | [`union`](OrdMap::union), [`intersection`](OrdMap::intersection), [`difference`](OrdMap::difference), [`merge`](OrdMap::merge), [`diff`](OrdMap::diff), `==`, [`is_submap`](OrdMap::is_submap) | O(d · log n) |
/// | `collect`, `from`, deserialization | O(n) comparisons if the keys rise, else O(n log n); O(log n) more for each leaf |
/// | `hash` | O(n) |
/// | `drop` | O(1) if another map shares all nodes, else O(n) for unshared ones |
///
/// The shape of the tree depends on the order of insertions and removals. So two maps with equal entries but unrelated
/// histories share nothing and are compared in O(n): results never depend on sharing, only costs do.
///
/// `docs/coming-from-im.md` lists the counterparts of the methods of `im`, `imbl` and `std`, and what differs:
/// [`difference`](OrdMap::difference) isn't `im`'s, and [`union_with`](OrdMap::union_with) isn't for sums, which are
/// [`sum_with`](OrdMap::sum_with).
///
/// # Clones of keys
/// A write clones the entries of shared nodes on its path. Inner nodes hold clones of some keys as separators, also
/// without sharing: about one key in 11 if entries need a drop, else one in 40 of keys and values of 8 bytes. Values are
/// cloned for sharing only, and by [`split`](OrdMap::split), [`split_off`](OrdMap::split_off), [`take`](OrdMap::take),
/// [`skip`](OrdMap::skip), [`concat`](OrdMap::concat), and [`append`](OrdMap::append) of keys that don't interleave, which
/// clone a leaf or two; and by an [`append`](OrdMap::append) to a much smaller map, which clones the entries of that map.
///
/// # Panics in user code
/// If `Ord`, `Clone`, `Drop` or a closure panics, the map stays valid and is either unchanged or fully changed; memory
/// may leak. Operations that go key by key (`extend`, [`iter_mut`](OrdMap::iter_mut), and [`append`](OrdMap::append) and
/// [`retain`](OrdMap::retain) of unshared maps) may have changed some keys.
///
/// # Equal keys
/// Of equal but distinguishable keys the map stores the first, with the last value, as [`Map`](crate::Map) does.
///
/// # Nested maps
/// With the feature `std`, values that hold maps, nested to any depth, are dropped on a bounded stack, under the conditions of
/// [`Map`](crate::Map#nested-maps).
///
/// # Implementation
/// A B+ tree (Comer, "The Ubiquitous B-Tree", 1979) with subtree sizes, whose nodes are copied when they are shared.
///
/// # Examples
/// ```
/// use pleach_collections::OrdMap;
///
/// let base: OrdMap<u32, &str> = [(3, "c"), (1, "a"), (2, "b")].into();
/// let mut fork = base.clone();
/// fork.insert(4, "d");
/// assert_eq!(base.len(), 3);
/// assert!(fork.range(2..).map(|(_, value)| *value).eq(["b", "c", "d"]));
/// ```
///
/// Fork, write both sides, and merge the changes:
/// ```
/// use pleach_collections::OrdMap;
///
/// let base = OrdMap::from([("ann", 10), ("bob", 20)]);
/// let (mut ours, mut theirs) = (base.clone(), base.clone());
/// ours["ann"] += 1;
/// theirs.remove("bob");
/// theirs.insert("cat", 30);
/// let merged = ours.merge(&base, &theirs, |_, _, ours, _| ours.copied());
/// assert_eq!(merged, OrdMap::from([("ann", 11), ("cat", 30)]));
/// ```
pub struct OrdMap<K, V> {
    root: Option<Node<K, V>>,
}

impl<K, V> OrdMap<K, V> {
    /// Creates an empty map. O(1), without allocation.
    ///
    /// ```
    /// static EMPTY: pleach_collections::OrdMap<&str, u32> = pleach_collections::OrdMap::new();
    /// assert!(EMPTY.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self { root: None }
    }

    /// Returns the number of entries. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::OrdMap::from([("a", 1), ("b", 2)]).len(), 2);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.root.as_ref().map_or(0, Node::size)
    }

    /// Returns `true` if the map has no entries. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::OrdMap::<u32, u32>::new().is_empty());
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Returns `true` if both maps share all nodes. Such maps are equal; equal maps need not share nodes. O(1).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("a", 1)]);
    /// assert!(map.ptr_eq(&map.clone()));
    /// assert!(!map.ptr_eq(&map.update("b", 2)));
    /// ```
    #[inline]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(a), Some(b)) => a.ptr_eq(b),
            _ => false,
        }
    }

    /// Removes all entries. O(1) if another map shares them, else O(n).
    ///
    /// ```
    /// let mut map = pleach_collections::OrdMap::from([("a", 1)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&mut self) {
        drop(self.root.take());
    }

    /// Returns the first entry. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(2, "b"), (1, "a")]);
    /// assert_eq!(map.first_key_value(), Some((&1, &"a")));
    /// ```
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        btree::first(self.root.as_ref()?).map(|(key, value)| (key, value))
    }

    /// Returns the last entry. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(2, "b"), (1, "a")]);
    /// assert_eq!(map.last_key_value(), Some((&2, &"b")));
    /// ```
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        btree::last(self.root.as_ref()?).map(|(key, value)| (key, value))
    }

    /// Returns the entry at an index in the order of the keys; `None` if the index isn't less than the length. O(log n). [`rank`](OrdMap::rank) is
    /// the inverse.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([("a", 1), ("b", 2), ("c", 3)]);
    /// assert_eq!(map.nth(map.len() / 2), Some((&"b", &2)));
    /// assert_eq!(map.nth(3), None);
    /// ```
    pub fn nth(&self, index: usize) -> Option<(&K, &V)> {
        btree::nth(self.root.as_ref()?, index).map(|(key, value)| (key, value))
    }
}

/// Searches. `key` may be any type that compares as the key type does: by `Borrow`, as `str` for `String`, or by
/// [`Comparable`].
impl<K, V> OrdMap<K, V> {
    /// Returns the value of `key`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get("a"), Some(&1));
    /// assert_eq!(map.get("b"), None);
    /// ```
    #[inline]
    pub fn get<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        btree::find(self.root.as_ref()?, key).map(|(_, value)| value)
    }

    /// Returns the stored key and the value of `key`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get_key_value("a"), Some((&String::from("a"), &1)));
    /// ```
    #[inline]
    pub fn get_key_value<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> Option<(&K, &V)> {
        btree::find(self.root.as_ref()?, key).map(|(key, value)| (key, value))
    }

    /// Returns `true` if the map has `key`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(String::from("a"), 1)]);
    /// assert!(map.contains_key("a"));
    /// ```
    #[inline]
    pub fn contains_key<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> bool {
        self.get_key_value(key).is_some()
    }

    /// Returns the number of keys that are less than `key`, which the map need not have. O(log n).
    /// [`nth`](OrdMap::nth) is the inverse.
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(10, "a"), (20, "b"), (30, "c")]);
    /// assert_eq!((map.rank(&20), map.rank(&25), map.rank(&99)), (1, 2, 3));
    /// ```
    pub fn rank<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> usize {
        self.position(key).unwrap_or_else(|index| index)
    }

    /// Returns the index of `key`, or that where it would be inserted.
    fn position<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> Result<usize, usize> {
        match &self.root {
            Some(root) => btree::rank(root, key),
            None => Err(0),
        }
    }

    /// Returns the entry of `key`, or of the greatest key less than it. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(10, "a"), (20, "b")]);
    /// assert_eq!(map.get_prev(&15), Some((&10, &"a")));
    /// assert_eq!(map.get_prev(&20), Some((&20, &"b")));
    /// assert_eq!(map.get_prev(&5), None);
    /// ```
    pub fn get_prev<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> Option<(&K, &V)> {
        self.nth(self.index_of_prev(key)?)
    }

    /// Returns the entry of `key`, or of the least key greater than it. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::OrdMap::from([(10, "a"), (20, "b")]);
    /// assert_eq!(map.get_next(&15), Some((&20, &"b")));
    /// assert_eq!(map.get_next(&10), Some((&10, &"a")));
    /// assert_eq!(map.get_next(&25), None);
    /// ```
    pub fn get_next<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> Option<(&K, &V)> {
        self.nth(self.rank(key))
    }

    fn index_of_prev<Q: Comparable<K> + ?Sized>(&self, key: &Q) -> Option<usize> {
        match self.position(key) {
            Ok(index) => Some(index),
            Err(index) => index.checked_sub(1),
        }
    }

    /// Checks the invariants of the tree, for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// Returns the first violated invariant.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation>
    where
        K: Ord,
    {
        match &self.root {
            None => Ok(()),
            Some(root) => btree::check(root, &|a, b| a.0 < b.0, &|before, separator, after| {
                separator.0 > before.0 && separator.0 <= after.0
            }),
        }
    }

    /// Visits each node: its size in bytes, its entries, and whether another map shares it at the moment. O(n).
    #[doc(hidden)]
    pub fn visit_nodes<'a>(&'a self, mut visit: impl FnMut(usize, &'a [(K, V)], bool)) {
        if let Some(root) = &self.root {
            btree::visit_nodes(root, false, &mut |node, shared| {
                visit(node.bytes(), node.entries(), shared)
            });
        }
    }
}
