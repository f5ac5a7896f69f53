//! Three-way merge.

use super::TrieMap;
use super::edits::Edits;
use crate::trie::Differences;
use std::cmp::Ordering;

impl<V: Clone + PartialEq> TrieMap<V> {
    /// Returns this map with the changes that lead from `base` to `other`: a three-way merge.
    ///
    /// A key that only one side changed (inserted, removed, or gave another value) is as that side has it; one that both
    /// changed alike is as both have it. Of other keys, `resolve` gets the values in the base, here and in `other`, and
    /// returns the value that the key will have, if any. It is asked in the order of the keys.
    ///
    /// Costs O(c · k), where c is the number of changes of both sides. No ancestry is needed for correctness, only for speed.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let base = TrieMap::from([("kept", 1), ("lost", 1), ("both", 1)]);
    /// let (mut ours, mut theirs) = (base.clone(), base.clone());
    /// ours.insert("both", 2);
    /// theirs.remove("lost");
    /// theirs.insert("both", 3);
    /// let merged = ours.merge(&base, &theirs, |_, _, a, b| a.max(b).copied());
    /// assert_eq!(merged, TrieMap::from([("kept", 1), ("both", 3)]));
    /// ```
    #[must_use]
    pub fn merge(
        &self,
        base: &Self,
        other: &Self,
        resolve: impl FnMut(&[u8], Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        self.merge_by(base, other, true, resolve)
    }

    /// As [`merge`](Self::merge), but `resolve` is asked about every key that both sides changed, those changed alike included:
    /// two additions of one are an addition of two.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let base = TrieMap::from([("a", 1)]);
    /// let (ours, theirs) = (TrieMap::from([("a", 3)]), TrieMap::from([("a", 3)]));
    /// let sum = |_: &_, base: Option<&i32>, a: Option<&i32>, b: Option<&i32>| Some(a? + b? - base?);
    /// assert_eq!(ours.merge_all(&base, &theirs, sum).get("a"), Some(&5));
    /// assert_eq!(ours.merge(&base, &theirs, sum).get("a"), Some(&3));
    /// ```
    #[must_use]
    pub fn merge_all(
        &self,
        base: &Self,
        other: &Self,
        resolve: impl FnMut(&[u8], Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        self.merge_by(base, other, false, resolve)
    }

    fn merge_by(
        &self,
        base: &Self,
        other: &Self,
        alike_is_one: bool,
        mut resolve: impl FnMut(&[u8], Option<&V>, Option<&V>, Option<&V>) -> Option<V>,
    ) -> Self {
        if alike_is_one && self.ptr_eq(other) {
            return self.clone();
        }
        let mut ours = Changes::new(base.differences(self));
        let mut theirs = Changes::new(base.differences(other));
        let mut edits = Edits::new();
        ours.advance();
        theirs.advance();
        while let Some((before, new)) = theirs.values {
            // What only this side changed stands as it is.
            while ours.values.is_some() && ours.key < theirs.key {
                ours.advance();
            }
            match ours.values {
                Some((_, here)) if ours.key.cmp(&theirs.key) == Ordering::Equal => {
                    if !alike_is_one || here != new {
                        edits.set(&theirs.key, resolve(&theirs.key, before, here, new));
                    }
                    ours.advance();
                }
                _ => edits.set(&theirs.key, new.cloned()),
            }
            theirs.advance();
        }
        let mut merged = self.clone();
        merged.apply(edits);
        merged
    }
}

/// The changes of one side, with the next one looked at.
struct Changes<'a, V> {
    differences: Differences<'a, V>,
    key: Vec<u8>,
    /// The value before and after.
    values: Option<(Option<&'a V>, Option<&'a V>)>,
}

impl<'a, V: PartialEq> Changes<'a, V> {
    fn new(differences: Differences<'a, V>) -> Self {
        Self {
            differences,
            key: Vec::new(),
            values: None,
        }
    }

    fn advance(&mut self) {
        self.values = self.differences.next(V::eq).map(|(key, values)| {
            self.key.clear();
            self.key.extend_from_slice(key);
            values
        });
    }
}
