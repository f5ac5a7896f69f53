//! The traits of `std` for [`TrieMap`].

use super::TrieMap;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Index;

/// O(1): counts one more owner.
impl<V> Clone for TrieMap<V> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
        }
    }
}

impl<V> Default for TrieMap<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// A key as a byte string.
struct Key<'a>(&'a [u8]);

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl<V: fmt::Debug> fmt::Debug for TrieMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, value) in self {
            map.entry(&Key(&key), value);
        }
        map.finish()
    }
}

/// Costs what the maps don't share. What they share is taken to equal itself.
impl<V: PartialEq> PartialEq for TrieMap<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.differences(other).next(V::eq).is_none()
    }
}

impl<V: Eq> Eq for TrieMap<V> {}

/// Compares entry by entry, as for `BTreeMap`: what the maps share at their beginning is skipped.
impl<V: PartialOrd> PartialOrd for TrieMap<V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        compare(self, other, V::partial_cmp)
    }
}

/// Compares entry by entry, as for `BTreeMap`: what the maps share at their beginning is skipped.
impl<V: Ord> Ord for TrieMap<V> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other, |a, b| Some(a.cmp(b))).unwrap_or(Ordering::Equal)
    }
}

/// Compares the maps as the sequences of their entries, by the first difference.
fn compare<V>(a: &TrieMap<V>, b: &TrieMap<V>, cmp: impl Fn(&V, &V) -> Option<Ordering>) -> Option<Ordering> {
    let mut differences = a.differences(b);
    let first = differences.next(|a, b| cmp(a, b) == Some(Ordering::Equal));
    let Some((key, values)) = first else {
        return Some(Ordering::Equal);
    };
    match values {
        (Some(x), Some(y)) => cmp(x, y),
        // The other has a greater key here, or has ended.
        (Some(_), None) if b.rank(key) == b.len() => Some(Ordering::Greater),
        (Some(_), None) => Some(Ordering::Less),
        _ if a.rank(key) == a.len() => Some(Ordering::Less),
        _ => Some(Ordering::Greater),
    }
}

/// O(n).
impl<V: Hash> Hash for TrieMap<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for entry in self {
            entry.hash(state);
        }
    }
}

/// O(k).
///
/// # Panics
///
/// If the key is missing.
impl<K: AsRef<[u8]> + ?Sized, V> Index<&K> for TrieMap<V> {
    type Output = V;

    #[allow(clippy::expect_used, reason = "documented, as for `BTreeMap`")]
    fn index(&self, key: &K) -> &V {
        self.get(key.as_ref()).expect("no entry found for key")
    }
}
