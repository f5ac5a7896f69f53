//! Set operations.
//!
//! Each walks through both maps side by side and builds the result on the way. Nodes that both maps share, or that lie
//! between keys of the other map, become part of the result as they are: only leaves that have keys of both are made anew.
//! A few keys are inserted or removed one by one, which costs less for each.

use super::TrieMap;
use crate::trie::{Builder, Entry, Node, zip};

/// The lack of a third map.
const NO_MAP: Option<&Node<()>> = None;

/// The largest number of keys that are edited one by one. An edit costs a fifth of a path of the walk.
const FEW: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 32 };

/// The largest number of entries that are compared to find out whether few differ.
const FEW_ENTRIES: usize = 32 * FEW;

/// How [`combine`](TrieMap::combine) treats nodes that both maps share.
#[derive(Clone, Copy, PartialEq)]
enum Shared {
    /// They are part of the result.
    Kept,
    /// They are not.
    Omitted,
    /// Their entries are combined as others.
    Combined,
}

impl<V: Clone> TrieMap<V> {
    /// This map with the entries that only `other` has, if they are found to be few.
    fn with_few(&self, other: &Self) -> Option<Self> {
        let mut map = self.clone();
        let mut differences = self.differences(other);
        let mut added = 0;
        for _ in 0..FEW_ENTRIES {
            match differences.next(|_, _| false) {
                None => return Some(map),
                Some((key, (None, Some(value)))) if added < FEW => {
                    map.insert(key, value.clone());
                    added += 1;
                }
                Some((_, (None, Some(_)))) => break,
                Some(_) => {}
            }
        }
        None
    }

    /// Combines two maps. The result has the keys that only one has. For keys that both have, `both` gives the builder the
    /// result's entry, if any.
    fn combine<'a>(
        &'a self,
        other: &'a Self,
        shared: Shared,
        mut both: impl FnMut(&mut Builder<'a, V>, &[u8], Entry<'a, V>, &'a V),
    ) -> Self {
        let mut builder = Builder::<V>::new();
        zip(
            &mut builder,
            (self.root.as_ref(), other.root.as_ref(), NO_MAP),
            |builder, prefix, found| {
                match found {
                    (Some(here), Some(there), _) => {
                        let skipped = shared != Shared::Combined && here.ptr_eq(there);
                        if skipped && shared == Shared::Kept {
                            builder.push_node(prefix, here);
                        }
                        return skipped;
                    }
                    (Some(here), None, _) => builder.push_node(prefix, here),
                    (None, Some(there), _) => builder.push_node(prefix, there),
                    _ => {}
                }
                true
            },
            |builder, length, (here, there, _)| {
                let offered = [there, here].into_iter().flatten();
                offered.for_each(|node| builder.offer(length, node));
            },
            |builder, key, found| match found {
                (Some(here), Some(there), _) => both(builder, key, here, there.value()),
                (Some(here), None, _) => builder.push_entry(key, here.leaf, here.index),
                (None, Some(there), _) => builder.push_entry(key, there.leaf, there.index),
                _ => {}
            },
        );
        Self { root: builder.finish() }
    }

    /// The entries of this map whose keys the other has, or lacks.
    fn restrict<W>(&self, other: &TrieMap<W>, to_other: bool) -> Self {
        let mut builder = Builder::<V>::new();
        zip(
            &mut builder,
            (self.root.as_ref(), other.root.as_ref(), NO_MAP),
            |builder, prefix, found| {
                match found {
                    (Some(here), Some(there), _) => {
                        let same = here.is_same(there);
                        if same && to_other {
                            builder.push_node(prefix, here);
                        }
                        return same;
                    }
                    (Some(here), None, _) if !to_other => builder.push_node(prefix, here),
                    _ => {}
                }
                true
            },
            |builder, length, (here, ..)| here.into_iter().for_each(|node| builder.offer(length, node)),
            |builder, key, (here, there, _)| {
                if let Some(here) = here
                    && there.is_some() == to_other
                {
                    builder.push_entry(key, here.leaf, here.index);
                }
            },
        );
        Self { root: builder.finish() }
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
        if let Some(union) = self.with_few(other) {
            return union;
        }
        if self.len() <= FEW {
            let mut union = other.clone();
            for (key, value) in self {
                union.insert(key, value.clone());
            }
            return union;
        }
        self.combine(other, Shared::Kept, |builder, key, here, _| {
            builder.push_entry(key, here.leaf, here.index);
        })
    }

    /// Returns the entries of both maps; of a key that both have, what `f` makes of the key and both values.
    ///
    /// `f(k, v, v)` must be `v`: it is not asked about what the maps share. For an operation such as addition, use
    /// [`sum_with`](TrieMap::sum_with); to add up what both have added to a common ancestor,
    /// [`merge_all`](TrieMap::merge_all).
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let (a, b) = (TrieMap::from([("a", 1), ("b", 2)]), TrieMap::from([("b", 3)]));
    /// assert_eq!(a.union_with(&b, |_, a, b| *a.max(b)), TrieMap::from([("a", 1), ("b", 3)]));
    /// ```
    #[must_use]
    pub fn union_with(&self, other: &Self, mut f: impl FnMut(&[u8], &V, &V) -> V) -> Self {
        self.combine(other, Shared::Kept, |builder, key, here, there| {
            builder.push_in_order(key, f(key, here.value(), there));
        })
    }

    /// Returns the entries of both maps, with `f(key, a, b)` for **each** key in both, shared entries included.
    ///
    /// Nodes that only one map has, or that lie between keys of the other, become part of the result; shared nodes can't be
    /// skipped. As [`Map::sum_with`](crate::Map::sum_with), for operations where f(v, v) isn't v.
    ///
    /// ```
    /// use pleach_collections::TrieMap;
    ///
    /// let stock = TrieMap::from([("apples", 2), ("pears", 5)]);
    /// assert_eq!(stock.sum_with(&stock, |_, a, b| a + b).get("pears"), Some(&10));
    /// // A shared entry counts once:
    /// assert_eq!(stock.union_with(&stock, |_, a, b| a + b).get("pears"), Some(&5));
    /// ```
    #[must_use]
    pub fn sum_with(&self, other: &Self, mut f: impl FnMut(&[u8], &V, &V) -> V) -> Self {
        self.combine(other, Shared::Combined, |builder, key, here, there| {
            builder.push_in_order(key, f(key, here.value(), there));
        })
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
        self.restrict(other, true)
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
        self.without(other)
    }

    /// As [`difference`](Self::difference), of a map with any values.
    pub(super) fn without<W>(&self, other: &TrieMap<W>) -> Self {
        if other.len() <= FEW {
            let mut rest = self.clone();
            for key in other.keys() {
                rest.remove(key);
            }
            return rest;
        }
        self.restrict(other, false)
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
        self.combine(other, Shared::Omitted, |_, _, _, _| {})
    }
}
