//! Set operations.
//!
//! Each finds what the maps don't share, and edits one of them, so that the result shares what is left. A map that is far
//! smaller than the other can't share most of it, and is gone through key by key.

use super::TrieMap;
use super::edits::Edits;

/// How many times larger one map must be for the other to be gone through key by key.
const FAR_LARGER: usize = 16;

impl<V: Clone> TrieMap<V> {
    /// Whether `other` is so small that it is best gone through key by key.
    fn dwarfs(&self, other: &Self) -> bool {
        other.len() < self.len() / FAR_LARGER
    }

    /// Calls `visit` with each entry.
    fn each<'a>(&'a self, mut visit: impl FnMut(&[u8], &'a V)) {
        let mut cursor = self.cursor();
        let mut entry = cursor.value().or_else(|| cursor.next_entry());
        while let Some(value) = entry {
            visit(cursor.path(), value);
            entry = cursor.next_entry();
        }
    }

    fn edited(&self, edits: Edits<V>) -> Self {
        let mut map = self.clone();
        map.apply(edits);
        map
    }

    /// Returns the entries of both maps; of a key that both have, this map's value.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let union = TrieMap::from([("a", 1), ("b", 2)]).union(&TrieMap::from([("b", 3), ("c", 4)]));
    /// assert_eq!(union, TrieMap::from([("a", 1), ("b", 2), ("c", 4)]));
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.dwarfs(self) {
            let mut edits = Edits::new();
            self.each(|key, value| edits.insert(key, value.clone()));
            return other.edited(edits);
        }
        self.union_by(other, |_, _, _| None)
    }

    /// Returns the entries of both maps; of a key that both have, what `f` makes of the key and both values.
    ///
    /// `f(k, v, v)` must be `v`: it is not asked about what the maps share. To add up what both have added to a common
    /// ancestor, use [`merge_all`](TrieMap::merge_all).
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let (a, b) = (TrieMap::from([("a", 1), ("b", 2)]), TrieMap::from([("b", 3)]));
    /// assert_eq!(a.union_with(&b, |_, a, b| *a.max(b)), TrieMap::from([("a", 1), ("b", 3)]));
    /// ```
    #[must_use]
    pub fn union_with(&self, other: &Self, mut f: impl FnMut(&[u8], &V, &V) -> V) -> Self {
        if other.dwarfs(self) {
            let mut edits = Edits::new();
            self.each(|key, here| {
                let value = other.get(key).map_or_else(|| here.clone(), |there| f(key, here, there));
                edits.insert(key, value);
            });
            return other.edited(edits);
        }
        self.union_by(other, |key, here, there| Some(f(key, here, there)))
    }

    /// This map with the entries that only `other` has, and with the values that `f` makes of those that both have.
    fn union_by(&self, other: &Self, mut f: impl FnMut(&[u8], &V, &V) -> Option<V>) -> Self {
        let mut edits = Edits::new();
        let mut add = |key: &[u8], here: Option<&V>, there: Option<&V>| match (here, there) {
            (Some(here), Some(there)) => {
                if let Some(value) = f(key, here, there) {
                    edits.insert(key, value);
                }
            }
            (None, Some(there)) => edits.insert(key, there.clone()),
            (_, None) => {}
        };
        if self.dwarfs(other) {
            other.each(|key, there| add(key, self.get(key), Some(there)));
        } else {
            let mut differences = self.differences(other);
            while let Some((key, (here, there))) = differences.next(|_, _| false) {
                add(key, here, there);
            }
        }
        self.edited(edits)
    }

    /// Returns the entries of this map whose keys `other` has too.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let both = TrieMap::from([("a", 1), ("b", 2)]).intersection(&TrieMap::from([("b", 3)]));
    /// assert_eq!(both, TrieMap::from([("b", 2)]));
    /// ```
    #[must_use]
    pub fn intersection<W: Clone>(&self, other: &TrieMap<W>) -> Self {
        let mut edits = Edits::new();
        if other.len() < self.len() / FAR_LARGER {
            other.each(|key, _| {
                if let Some(value) = self.get(key) {
                    edits.insert(key, value.clone());
                }
            });
            return edits.into_map();
        }
        self.each(|key, _| {
            if !other.contains_key(key) {
                edits.remove(key);
            }
        });
        self.edited(edits)
    }

    /// Returns the entries of this map whose keys `other` lacks. (For those that only one of both has, see
    /// [`symmetric_difference`](TrieMap::symmetric_difference).)
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let rest = TrieMap::from([("a", 1), ("b", 2)]).difference(&TrieMap::from([("b", 3)]));
    /// assert_eq!(rest, TrieMap::from([("a", 1)]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut edits = Edits::new();
        if self.dwarfs(other) {
            other.each(|key, _| {
                if self.contains_key(key) {
                    edits.remove(key);
                }
            });
            return self.edited(edits);
        }
        if other.dwarfs(self) {
            self.each(|key, value| {
                if !other.contains_key(key) {
                    edits.insert(key, value.clone());
                }
            });
            return edits.into_map();
        }
        let mut differences = self.differences(other);
        while let Some((key, values)) = differences.next(|_, _| true) {
            if let (Some(value), None) = values {
                edits.insert(key, value.clone());
            }
        }
        edits.into_map()
    }

    /// Returns the entries whose keys only one of both maps has.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let one = TrieMap::from([("a", 1), ("b", 2)]).symmetric_difference(&TrieMap::from([("b", 3), ("c", 4)]));
    /// assert_eq!(one, TrieMap::from([("a", 1), ("c", 4)]));
    /// ```
    #[must_use]
    pub fn symmetric_difference(&self, other: &Self) -> Self {
        let (large, small) = if self.dwarfs(other) {
            (self, other)
        } else {
            (other, self)
        };
        let mut edits = Edits::new();
        if large.dwarfs(small) {
            small.each(|key, value| {
                let there = large.contains_key(key);
                edits.set(key, (!there).then(|| value.clone()));
            });
            return large.edited(edits);
        }
        let mut differences = self.differences(other);
        while let Some((key, values)) = differences.next(|_, _| true) {
            if let (Some(value), None) | (None, Some(value)) = values {
                edits.insert(key, value.clone());
            }
        }
        edits.into_map()
    }
}
