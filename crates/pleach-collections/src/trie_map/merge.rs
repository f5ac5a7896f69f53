//! Three-way merge.

use super::TrieMap;
use crate::trie::{Builder, Entry, Node, zip};

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
        // Whether two tries have the same node, or both none.
        fn same<V>(a: Option<&Node<V>>, b: Option<&Node<V>>) -> bool {
            match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => a.ptr_eq(b),
                _ => false,
            }
        }
        let mut builder = Builder::<V>::new();
        zip(
            &mut builder,
            (base.root.as_ref(), self.root.as_ref(), other.root.as_ref()),
            |builder, prefix, (before, here, there)| {
                // A leaf that has a range of bytes lacks other keys that begin with its prefix, which another node may have.
                let mut nodes = [before, here, there].into_iter().flatten();
                let known = nodes.clone().all(|node| !node.is_leaf() || !node.prefix().is_empty()) || {
                    let first = nodes.next();
                    nodes.all(|node| same(Some(node), first))
                };
                let new = if !known {
                    return false;
                } else if same(before, there) || (alike_is_one && same(here, there)) {
                    here
                } else if same(before, here) {
                    there
                } else {
                    return false;
                };
                if let Some(node) = new {
                    builder.push_node(prefix, node);
                }
                true
            },
            |builder, length, (_, here, there)| {
                let offered = [there, here].into_iter().flatten();
                offered.for_each(|node| builder.offer(length, node));
            },
            |builder, key, (before, here, there)| {
                let [old, a, b] = [&before, &here, &there].map(|entry| entry.as_ref().map(Entry::value));
                let new = if old == b || (alike_is_one && a == b) {
                    here
                } else if old == a {
                    there
                } else {
                    if let Some(value) = resolve(key, old, a, b) {
                        builder.push_in_order(key, value);
                    }
                    return;
                };
                if let Some(entry) = new {
                    builder.push_entry(key, entry.leaf, entry.index);
                }
            },
        );
        Self { root: builder.finish() }
    }
}
