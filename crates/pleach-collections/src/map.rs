//! The persistent hash map [`Map`], its iterators and entries.

mod combine;
mod convert;
mod diff;
mod disjoint;
mod edit;
mod entry;
mod entry_ref;
mod extract_if;
mod hashing;
mod into_iter;
mod iter;
mod iter_mut;
mod merge;
mod order;
#[cfg(feature = "rayon")]
mod parallel;
mod random_state;
#[cfg(feature = "rayon")]
pub mod rayon;
mod set_ops;
mod submap;
mod traits;
mod try_insert;
mod update;
mod visit;

pub use crate::hamt::Violation;
pub use diff::{Change, Diff};
pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use entry_ref::{EntryRef, OccupiedEntryRef, VacantEntryRef};
pub use extract_if::ExtractIf;
pub use into_iter::{IntoIter, IntoKeys, IntoValues};
pub use iter::{Iter, Keys, Values};
pub use iter_mut::{IterMut, ValuesMut};
pub use random_state::{FoldHasher, RandomState};
pub use try_insert::OccupiedError;

use crate::hamt::{self, Node};
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;
use hashing::Hashing;

/// A persistent hash map: a clone costs O(1), and a write to a clone copies one path of O(log n) nodes.
///
/// Methods that write do so in place, as those of `std`'s map do, and copy nodes that other clones share; a map without
/// clones copies nothing. A map and its clones share the nodes that neither changed, and
/// [`union_with`](Map::union_with), [`merge`](Map::merge), [`diff`](Map::diff), `==` and similar operations skip shared
/// nodes: their cost depends on the difference, not on the size.
///
/// # When not to use it
/// - A map that is never cloned, compared or merged: `std::collections::HashMap`, with a fast hasher, reads, writes and
///   iterates faster.
/// - Keys in order, ranges of keys, the least key: a `BTreeMap`, or `im::OrdMap`. This map's order is unspecified.
/// - Keys or values that are expensive to clone, such as long `String`s: a write to a shared map clones the entries of a
///   leaf. Wrap them (`Arc<str>`).
/// - One map that several threads write concurrently: a clone sees only its own writes, and clones must be merged.
///   `SharedEnvironment` of the crate `pleach` does so for environments; a concurrent map has no versions.
///
/// # Costs
/// n is the number of entries of the larger map, d that of the entries that two maps don't share.
///
/// | operation | cost |
/// |---|---|
/// | [`new`](Map::new), [`clone`](Clone::clone), [`len`](Map::len), [`ptr_eq`](Map::ptr_eq) | O(1) |
/// | [`get`](Map::get), [`contains_key`](Map::contains_key), `map[&key]` | O(log₁₆ n) |
/// | [`insert`](Map::insert), [`remove`](Map::remove), [`get_mut`](Map::get_mut), [`entry`](Map::entry) | O(log₁₆ n), and copies of the shared nodes on the path: O(16 · log₁₆ n) |
/// | [`update`](Map::update), [`without`](Map::without), [`alter`](Map::alter), [`extract`](Map::extract) | as above, with a copy of the path |
/// | [`iter`](Map::iter), [`keys`](Map::keys), [`values`](Map::values), `into_iter`, [`drain`](Map::drain) | O(n) |
/// | [`iter_mut`](Map::iter_mut), [`values_mut`](Map::values_mut) | O(n), and copies of shared nodes |
/// | [`retain`](Map::retain) | O(n), and copies of the nodes that lose entries |
/// | [`union`](Map::union), [`intersection`](Map::intersection), [`difference`](Map::difference), [`merge`](Map::merge), [`diff`](Map::diff), `==`, [`is_submap`](Map::is_submap) | O(d · log₁₆ n), or O(n) if the [hashers](Map::with_hasher) differ |
/// | `hash` | O(n) |
/// | `drop` | O(1) if another map shares all nodes, else O(n) for unshared ones |
///
/// `docs/coming-from-im.md` lists the counterparts of the methods of `im`, `imbl` and `std`. Two differ silently:
/// [`difference`](Map::difference) isn't `im`'s, and [`union_with`](Map::union_with) isn't for sums, which are
/// [`sum_with`](Map::sum_with).
///
/// A path is at most 17 nodes long. Keys with equal hashes are searched linearly.
///
/// # Panics in user code
/// If `Hash`, `Eq`, `Clone`, `Drop` or a closure panics, the map stays valid and is either unchanged or fully changed;
/// memory may leak. Operations that go key by key (`extend`, [`iter_mut`](Map::iter_mut)) may have changed some keys.
///
/// # Equal keys
/// Of equal but distinguishable keys the map stores the first, as `std`'s does, with the last value: in
/// [`insert`](Map::insert), entries, `collect`, `From`, `extend` and their parallel variants. [`union`](Map::union) and
/// [`intersection`](Map::intersection) keep the keys of `self`.
///
/// # Nested maps
/// With the feature `std`, values that hold maps, nested to any depth, are dropped on a bounded stack, if each map is stored inline in the
/// value (`enum Value { Object(Map<Key, Value>), … }`). Behind a pointer (`Map<Key, Box<Value>>`) each level takes
/// stack space, as in `std`. A map with the default hasher is two words, so it needs no pointer. Beyond 64 nested
/// nodes, the contents of a map may be dropped after the fields that follow the map, before the outermost map's drop
/// ends: `unsafe` code in which a map borrows from a later field must not be nested deeper.
///
/// # Implementation
/// A hash array mapped trie (Bagwell, "Ideal Hash Trees", 2001), with a canonical shape for a set of keys as CHAMP
/// (Steindorfer and Vinju, "Optimizing Hash-Array Mapped Tries for Fast and Lean Immutable JVM Collections", 2015),
/// with leaves of up to 12 entries that split in half like the buckets of extendible hashing (Fagin et al. 1979).
///
/// # Examples
/// ```
/// use pleach_collections::Map;
///
/// let base: Map<&str, u32> = [("a", 1), ("b", 2)].into_iter().collect();
/// let mut fork = base.clone();
/// fork.insert("c", 3);
/// assert_eq!(base.len(), 2);
/// assert_eq!(fork.get("c"), Some(&3));
/// ```
///
/// Fork, write both sides, and merge the changes:
/// ```
/// use pleach_collections::Map;
///
/// let base = Map::from([("ann", 10), ("bob", 20)]);
/// let (mut ours, mut theirs) = (base.clone(), base.clone());
/// ours["ann"] += 1;
/// theirs.remove("bob");
/// theirs.insert("cat", 30);
/// let merged = ours.merge(&base, &theirs, |_, _, ours, _| ours.copied());
/// assert_eq!(merged, Map::from([("ann", 11), ("cat", 30)]));
/// ```
pub struct Map<K, V, S = RandomState> {
    root: Option<Node<K, V>>,
    hashing: Hashing<S>,
}

impl<K, V> Map<K, V> {
    /// Creates an empty map. O(1), without allocation.
    ///
    /// ```
    /// static EMPTY: pleach_collections::Map<&str, u32> = pleach_collections::Map::new();
    /// assert!(EMPTY.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self {
            root: None,
            hashing: Hashing::of_process(),
        }
    }
}

impl<K, V, S> Map<K, V, S> {
    /// Creates an empty map that hashes with `hasher`. O(1).
    ///
    /// Maps are merged and compared by structure if their hashers are clones of one another (as are those of a map, its
    /// clones, and [`new_like`](Map::new_like)) or are zero-sized; otherwise key by key, in O(n).
    ///
    /// ```
    /// use std::hash::RandomState;
    ///
    /// let mut map = pleach_collections::Map::with_hasher(RandomState::new());
    /// map.insert("a", 1);
    /// assert_eq!(map["a"], 1);
    /// ```
    pub fn with_hasher(hasher: S) -> Self {
        Self {
            root: None,
            hashing: Hashing::new(hasher),
        }
    }

    /// Creates an empty map with this map's hasher, so that the two can be merged by structure. O(1).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// let mut other = map.new_like();
    /// other.insert("b", 2);
    /// assert_eq!(map.union(&other).len(), 2);
    /// ```
    pub fn new_like<V2>(&self) -> Map<K, V2, S>
    where
        S: Clone,
    {
        Map {
            root: None,
            hashing: self.hashing.clone(),
        }
    }

    /// Returns the number of entries. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Map::from([("a", 1), ("b", 2)]).len(), 2);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.root.as_ref().map_or(0, Node::size)
    }

    /// Returns `true` if the map has no entries. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Map::<u32, u32>::new().is_empty());
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Returns the hasher. O(1).
    ///
    /// ```
    /// use std::hash::BuildHasher;
    ///
    /// let map: pleach_collections::Map<&str, u32> = pleach_collections::Map::new();
    /// assert_eq!(map.hasher().hash_one("a"), map.clone().hasher().hash_one("a"));
    /// ```
    pub fn hasher(&self) -> &S {
        self.hashing.build()
    }

    /// Returns `true` if both maps share all nodes. Such maps are equal; equal maps need not share nodes. O(1).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
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
    /// let mut map = pleach_collections::Map::from([("a", 1)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.root = None;
    }

    /// Returns an iterator over the entries, in unspecified order. O(n) for all.
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.iter().map(|(_, value)| value).sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.root.as_ref())
    }

    /// Returns an iterator over the keys, in the order of [`iter`](Map::iter).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert!(map.keys().eq(&["a"]));
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    /// Returns an iterator over the values, in the order of [`iter`](Map::iter).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([("a", 1)]);
    /// assert!(map.values().eq(&[1]));
    /// ```
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }
}

impl<K, V, S: BuildHasher> Map<K, V, S> {
    /// Returns the value of `key`. O(log n).
    ///
    /// `key` may be any type that hashes and compares as the key type does: by `Borrow`, as `str` for `String`, or by
    /// [`Equivalent`].
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get("a"), Some(&1));
    /// assert_eq!(map.get("b"), None);
    /// ```
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.find(key).map(|(_, value)| value)
    }

    /// Returns the stored key and the value of `key`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get_key_value("a"), Some((&String::from("a"), &1)));
    /// ```
    #[inline]
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.find(key).map(|(key, value)| (key, value))
    }

    /// Returns `true` if the map has `key`. O(log n).
    ///
    /// ```
    /// let map = pleach_collections::Map::from([(String::from("a"), 1)]);
    /// assert!(map.contains_key("a"));
    /// ```
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.find(key).is_some()
    }

    #[inline]
    fn find<Q>(&self, key: &Q) -> Option<&(K, V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let root = self.root.as_ref()?;
        hamt::find(root, self.hashing.hash(key), |k| key.equivalent(k))
    }

    /// Checks the invariants of the trie, for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// Returns the first violated invariant.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation>
    where
        K: Hash + Eq,
    {
        match &self.root {
            None => Ok(()),
            Some(root) => hamt::check(root, &|key| self.hashing.rehash(key), &|a, b| a == b),
        }
    }
}
