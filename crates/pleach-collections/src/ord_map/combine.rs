//! Set operations on two maps, and unions of many.

use super::{Node, OrdMap};
use crate::btree::{Builder, Key, Pair, Zip};
use crate::reduce::{combine, reduce};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::iter::{Peekable, Sum};
use core::ops::Add;

/// The value that an operation keeps of a key in both maps.
pub(super) enum Pick<V> {
    A,
    Neither,
    New(V),
}

/// A change of one key.
pub(super) struct Edit<'a, K, V> {
    pub(super) key: &'a K,
    pub(super) new: New<'a, V>,
}

/// The new state of a key.
pub(super) enum New<'a, V> {
    Missing,
    /// A clone of the value, and the key of the edit in place of a stored one.
    Entry(&'a V),
    /// The value, and the key of the edit in place of a stored one.
    OwnedEntry(V),
    Clone(&'a V),
    Value(V),
}

/// The ratio of sizes at which one map is searched for the keys of the other, and at which edits are applied one by one:
/// a search or an edit costs as much as a walk over as many entries.
const MIN_RATIO: usize = 16;

/// The ratio of entries to runs of edits at which most leaves are unchanged.
const MIN_RATIO_OF_RUNS: usize = 64;

/// Whether one map is so much smaller that its keys are searched in the other.
pub(super) fn is_small<K, V, W>(map: &OrdMap<K, V>, other: &OrdMap<K, W>) -> bool {
    map.len() <= other.len() / MIN_RATIO
}

impl<K: Ord, V> OrdMap<K, V> {
    /// Returns a walk over the entries of both maps that aren't in shared subtrees.
    pub(super) fn zip<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Pair<'a, (K, V)>> {
        let mut zip = Zip::new(self.root.as_ref(), other.root.as_ref());
        core::iter::from_fn(move || zip.next(|a, b| a.0.cmp(&b.0)))
    }
}

/// A tree to which edits are applied in order.
struct Rebuilt<'a, K, V> {
    builder: Builder<(K, V), Key<K>>,
    edits: Peekable<vec::IntoIter<Edit<'a, K, V>>>,
}

impl<K: Ord + Clone, V: Clone> Rebuilt<'_, K, V> {
    /// Whether the next edit is of a key less than `end`, if that is a key.
    fn has_edit(&mut self, end: Option<&K>) -> bool {
        let next = self.edits.peek();
        next.is_some_and(|edit| end.is_none_or(|end| edit.key < end))
    }

    /// Appends a subtree of keys less than `end`, edited.
    fn push_node(&mut self, node: &Node<K, V>, end: Option<&K>) {
        if !self.has_edit(end) {
            self.builder.push_node(node);
        } else if node.is_leaf() {
            self.push_entries(node.entries(), end);
        } else {
            let ends = node.separators().iter().map(|separator| Some(&separator.0));
            for (child, end) in node.children().iter().zip(ends.chain([end])) {
                self.push_node(child, end);
            }
        }
    }

    /// Appends entries of keys less than `end`, edited.
    fn push_entries(&mut self, entries: &[(K, V)], end: Option<&K>) {
        let builder = &mut self.builder;
        let mut entries = entries.iter().peekable();
        while let Some(Edit { key, new }) = self.edits.next_if(|edit| end.is_none_or(|end| edit.key < end)) {
            while let Some(entry) = entries.next_if(|entry| entry.0 < *key) {
                builder.push(entry.clone());
            }
            let stored = entries.next_if(|entry| entry.0 == *key).map(|(stored, _)| stored);
            let (key, value) = match new {
                New::Missing => continue,
                New::Entry(value) => (key, value.clone()),
                New::OwnedEntry(value) => (key, value),
                New::Clone(value) => (stored.unwrap_or(key), value.clone()),
                New::Value(value) => (stored.unwrap_or(key), value),
            };
            builder.push((key.clone(), value));
        }
        builder.extend(entries.cloned());
    }
}

impl<K: Ord + Clone, V: Clone> OrdMap<K, V> {
    /// Returns this map with edits of rising keys. O(m · log n) for m edits.
    pub(super) fn edited(&self, edits: Vec<Edit<'_, K, V>>) -> Self {
        if edits.len() > self.len() / MIN_RATIO {
            return self.rebuilt(edits);
        }
        let mut map = self.clone();
        for Edit { key, new } in edits {
            match new {
                New::Missing => drop(map.remove_entry(key)),
                New::Entry(value) => drop(map.replace_entry(key.clone(), value.clone())),
                New::OwnedEntry(value) => drop(map.replace_entry(key.clone(), value)),
                New::Clone(value) => drop(map.insert(key.clone(), value.clone())),
                New::Value(value) => drop(map.insert(key.clone(), value)),
            }
        }
        map
    }

    /// Applies edits in one pass, which shares the subtrees that no edit falls into.
    fn rebuilt(&self, edits: Vec<Edit<'_, K, V>>) -> Self {
        let mut rebuilt = Rebuilt {
            builder: Builder::new(),
            edits: edits.into_iter().peekable(),
        };
        match &self.root {
            Some(root) => rebuilt.push_node(root, None),
            None => rebuilt.push_entries(&[], None),
        }
        let root = rebuilt.builder.finish();
        Self { root }
    }

    /// Applies a set operation that keeps or drops entries only in `self`, only in `other`, and shared ones, as its
    /// parameters say, and in which `decide` decides about other keys in both.
    fn set_op<const A: bool, const B: bool, const SHARED: bool>(
        &self,
        other: &Self,
        mut decide: impl FnMut(&K, &V, &V) -> Pick<V>,
    ) -> Self {
        if self.ptr_eq(other) {
            return if SHARED { self.clone() } else { Self::new() };
        }
        if let Some(order) = self.order(other) {
            return match (A, B) {
                (true, true) => self.joined(other, order),
                (true, false) => self.clone(),
                (false, true) => other.clone(),
                (false, false) => Self::new(),
            };
        }
        if is_small(other, self) {
            return self.with_small::<A, B>(other, decide);
        }
        if is_small(self, other) {
            return self.in_large::<A, B>(other, decide);
        }
        if SHARED {
            let edits = self.zip(other).filter_map(|pair| {
                let (key, new) = match pair {
                    Pair::Left((key, _)) if !A => (key, New::Missing),
                    Pair::Right((key, value)) if B => (key, New::Clone(value)),
                    Pair::Both((key, a), (_, b)) => match decide(key, a, b) {
                        Pick::A => return None,
                        Pick::Neither => (key, New::Missing),
                        Pick::New(value) => (key, New::Value(value)),
                    },
                    _ => return None,
                };
                Some(Edit { key, new })
            });
            return self.edited(edits.collect());
        }
        if A && !B {
            return self.without_shared(other, decide);
        }
        let mut builder = Builder::new();
        for pair in self.zip(other) {
            match pair {
                Pair::Left(entry) if A => builder.push(entry.clone()),
                Pair::Right(entry) if B => builder.push(entry.clone()),
                Pair::Both(entry, (_, b)) => match decide(&entry.0, &entry.1, b) {
                    Pick::A => builder.push(entry.clone()),
                    Pick::Neither => {}
                    Pick::New(value) => builder.push((entry.0.clone(), value)),
                },
                _ => {}
            }
        }
        Self { root: builder.finish() }
    }

    /// The set operation that keeps entries only in `self`, and drops shared ones.
    fn without_shared(&self, other: &Self, mut decide: impl FnMut(&K, &V, &V) -> Pick<V>) -> Self {
        let mut zip = Zip::new(self.root.as_ref(), other.root.as_ref());
        // While nothing is shared and there are few edits, they may be edits of this map, most leaves of which are kept.
        let max_runs = self.len() / MIN_RATIO_OF_RUNS;
        let (mut kept, mut edits, mut runs, mut end_of_run) = (Vec::new(), Vec::new(), 0, None);
        while runs <= max_runs && !zip.skipped() {
            let Some(pair) = zip.next(|a, b| a.0.cmp(&b.0)) else {
                if zip.skipped() {
                    break;
                }
                return self.edited(edits);
            };
            let (entry, new) = match pair {
                Pair::Left(entry) => {
                    kept.push(entry);
                    continue;
                }
                Pair::Right(_) => continue,
                Pair::Both(entry, (_, b)) => match decide(&entry.0, &entry.1, b) {
                    Pick::A => {
                        kept.push(entry);
                        continue;
                    }
                    Pick::Neither => (entry, New::Missing),
                    Pick::New(value) => (entry, New::Value(value)),
                },
            };
            runs += usize::from(end_of_run != Some(kept.len()));
            end_of_run = Some(kept.len());
            edits.push(Edit { key: &entry.0, new });
        }
        let mut builder = Builder::new();
        let mut kept = kept.into_iter().peekable();
        for Edit { key, new } in edits {
            while let Some(entry) = kept.next_if(|entry| entry.0 < *key) {
                builder.push(entry.clone());
            }
            if let New::Value(value) = new {
                builder.push((key.clone(), value));
            }
        }
        builder.extend(kept.cloned());
        while let Some(pair) = zip.next(|a, b| a.0.cmp(&b.0)) {
            match pair {
                Pair::Left(entry) => builder.push(entry.clone()),
                Pair::Right(_) => {}
                Pair::Both(entry, (_, b)) => match decide(&entry.0, &entry.1, b) {
                    Pick::A => builder.push(entry.clone()),
                    Pick::Neither => {}
                    Pick::New(value) => builder.push((entry.0.clone(), value)),
                },
            }
        }
        Self { root: builder.finish() }
    }

    /// A set operation with a much smaller map.
    fn with_small<const A: bool, const B: bool>(
        &self,
        small: &Self,
        mut decide: impl FnMut(&K, &V, &V) -> Pick<V>,
    ) -> Self {
        let mut edits = Vec::new();
        let mut builder = Builder::new();
        for (key, b) in small {
            let Some((stored, a)) = self.get_key_value(key) else {
                if A && B {
                    let new = New::Clone(b);
                    edits.push(Edit { key, new });
                } else if B {
                    builder.push((key.clone(), b.clone()));
                }
                continue;
            };
            let new = match decide(stored, a, b) {
                Pick::A if A => continue,
                Pick::A => New::Clone(a),
                Pick::Neither => New::Missing,
                Pick::New(value) => New::Value(value),
            };
            match new {
                new if A => edits.push(Edit { key: stored, new }),
                New::Missing => {}
                New::Entry(value) | New::Clone(value) => builder.push((stored.clone(), value.clone())),
                New::OwnedEntry(value) | New::Value(value) => builder.push((stored.clone(), value)),
            }
        }
        if A {
            self.edited(edits)
        } else {
            Self { root: builder.finish() }
        }
    }

    /// A set operation with a much larger map.
    fn in_large<const A: bool, const B: bool>(
        &self,
        large: &Self,
        mut decide: impl FnMut(&K, &V, &V) -> Pick<V>,
    ) -> Self {
        let mut edits = Vec::new();
        for (key, a) in self {
            let new = match (large.get(key), B) {
                (None, true) if A => New::Clone(a),
                (None, false) if !A => New::Missing,
                (None, _) => continue,
                (Some(b), _) => match decide(key, a, b) {
                    Pick::A if B => New::Entry(a),
                    Pick::A => continue,
                    Pick::Neither => New::Missing,
                    // The key of `self` is stored in place of that of `large`.
                    Pick::New(value) => New::OwnedEntry(value),
                },
            };
            edits.push(Edit { key, new });
        }
        if B { large.edited(edits) } else { self.edited(edits) }
    }

    /// Returns the entries of both maps, and those of `self` for keys in both. O(d · log n), where d is the number of
    /// entries in nodes that the maps don't share; O(log n) if all keys of one are less than those of the other.
    ///
    /// If `other` adds nothing, the result shares all nodes of `self`: see [`ptr_eq`](OrdMap::ptr_eq).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let base: OrdMap<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    /// let union = base.update(1000, 1).union(&base.update(1001, 2));
    /// assert_eq!(union.len(), 1002);
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.set_op::<true, true, true>(other, |_, _, _| Pick::A)
    }

    /// Returns the entries of both maps, with the values `f(key, a, b)` for keys in both. Costs the same as
    /// [`union`](OrdMap::union).
    ///
    /// `f` isn't called for all shared entries, so **`f(k, v, v)` must equal `v`**. For an operation without that
    /// property, such as a sum, use [`sum_with`](OrdMap::sum_with).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("x", 1), ("y", 5)]), OrdMap::from([("x", 3)]));
    /// assert_eq!(a.union_with(&b, |_, a, b| *a.max(b)), OrdMap::from([("x", 3), ("y", 5)]));
    /// ```
    #[must_use]
    pub fn union_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> V) -> Self {
        self.set_op::<true, true, true>(other, |key, a, b| Pick::New(f(key, a, b)))
    }

    /// Returns this map's entries whose keys are in `other`. Costs the same as [`union`](OrdMap::union).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("x", 1), ("y", 5)]), OrdMap::from([("x", 3)]));
    /// assert_eq!(a.intersection(&b), OrdMap::from([("x", 1)]));
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.set_op::<false, false, true>(other, |_, _, _| Pick::A)
    }

    /// Returns this map's entries whose keys are not in `other`. Costs the same as [`union`](OrdMap::union).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("x", 1), ("y", 5)]), OrdMap::from([("x", 3)]));
    /// assert_eq!(a.difference(&b), OrdMap::from([("y", 5)]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.set_op::<true, false, false>(other, |_, _, _| Pick::Neither)
    }

    /// Returns the entries whose keys are in only one of the maps. Costs the same as [`union`](OrdMap::union).
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("x", 1), ("y", 5)]), OrdMap::from([("x", 3), ("z", 7)]));
    /// assert_eq!(a.symmetric_difference(&b), OrdMap::from([("y", 5), ("z", 7)]));
    /// ```
    #[must_use]
    pub fn symmetric_difference(&self, other: &Self) -> Self {
        self.set_op::<true, true, false>(other, |_, _, _| Pick::Neither)
    }

    /// Returns this map's entries whose keys are not in `other`, and those of keys in both for which `f(key, a, b)` is
    /// a value. Costs the same as [`union`](OrdMap::union).
    ///
    /// `f` isn't called for all shared entries, so **`f(k, v, v)` must be `None`**. For any other `f`, use
    /// [`merge_all`](OrdMap::merge_all) with an empty base.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("x", 5), ("y", 1), ("z", 2)]), OrdMap::from([("x", 3), ("y", 1), ("w", 9)]));
    /// let left = a.difference_with(&b, |_, a, b| (a > b).then(|| a - b));
    /// assert_eq!(left, OrdMap::from([("x", 2), ("z", 2)]));
    /// ```
    #[must_use]
    pub fn difference_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> Option<V>) -> Self {
        self.set_op::<true, false, false>(other, |key, a, b| f(key, a, b).map_or(Pick::Neither, Pick::New))
    }

    /// Returns the entries of both maps whose keys are in only one, and those of keys in both for which `f(key, a, b)`
    /// is a value. Costs the same as [`union`](OrdMap::union).
    ///
    /// As for [`difference_with`](OrdMap::difference_with), **`f(k, v, v)` must be `None`**.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (a, b) = (OrdMap::from([("x", 5), ("y", 1)]), OrdMap::from([("x", 3), ("y", 1), ("z", 2)]));
    /// let changed = a.symmetric_difference_with(&b, |_, a, b| (a != b).then_some(*b));
    /// assert_eq!(changed, OrdMap::from([("x", 3), ("z", 2)]));
    /// ```
    #[must_use]
    pub fn symmetric_difference_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> Option<V>) -> Self {
        self.set_op::<true, true, false>(other, |key, a, b| f(key, a, b).map_or(Pick::Neither, Pick::New))
    }

    /// Returns the entries of both maps, with `f(key, a, b)` for **each** key in both, shared entries included.
    ///
    /// O(n), or O(m · log n) if one map has only m entries: shared nodes can't be skipped. Keys in both are stored as in
    /// `self`.
    ///
    /// This is the `union_with` of `im`, for operations such as addition, where f(v, v) isn't v. For an operation with
    /// f(v, v) = v, such as a maximum, [`union_with`](OrdMap::union_with) costs less; to sum what two forks have added,
    /// use [`merge_all`](OrdMap::merge_all) with their base.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let stock = OrdMap::from([("apples", 2), ("pears", 5)]);
    /// assert_eq!(stock.sum_with(&stock, |_, a, b| a + b)["pears"], 10);
    /// // A shared entry counts once:
    /// assert_eq!(stock.union_with(&stock, |_, a, b| a + b)["pears"], 5);
    /// ```
    #[must_use]
    pub fn sum_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> V) -> Self {
        if let Some(order) = self.order(other) {
            return self.joined(other, order);
        }
        let mut decide = |key: &K, a: &V, b: &V| Pick::New(f(key, a, b));
        if is_small(other, self) {
            return self.with_small::<true, true>(other, &mut decide);
        }
        if is_small(self, other) {
            return self.in_large::<true, true>(other, &mut decide);
        }
        let mut builder = Builder::new();
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some((x, a)), Some((y, b))) = (ours.peek(), theirs.peek()) {
            let order = x.cmp(y);
            builder.push(match order {
                Ordering::Less => ((*x).clone(), (*a).clone()),
                Ordering::Equal => ((*x).clone(), f(x, a, b)),
                Ordering::Greater => ((*y).clone(), (*b).clone()),
            });
            if order.is_le() {
                ours.next();
            }
            if order.is_ge() {
                theirs.next();
            }
        }
        builder.extend(ours.chain(theirs).map(|(key, value)| (key.clone(), value.clone())));
        Self { root: builder.finish() }
    }

    /// Returns the [`union`](OrdMap::union) of all maps, from first to last: a key has the value of the first map that
    /// has it. Empty without maps.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let maps = [OrdMap::from([("a", 1)]), OrdMap::from([("a", 2), ("b", 2)]), OrdMap::from([("c", 3)])];
    /// assert_eq!(OrdMap::unions(maps), OrdMap::from([("a", 1), ("b", 2), ("c", 3)]));
    /// ```
    #[must_use]
    pub fn unions(maps: impl IntoIterator<Item = Self>) -> Self {
        reduce(maps, Self::union)
    }

    /// Returns the [`union_with`](OrdMap::union_with) of all maps, from first to last. **`f(k, v, v)` must equal `v`.**
    /// Empty without maps.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let maps = [OrdMap::from([("a", 1)]), OrdMap::from([("a", 3), ("b", 2)]), OrdMap::from([("a", 2)])];
    /// assert_eq!(OrdMap::unions_with(maps, |_, a, b| *a.max(b)), OrdMap::from([("a", 3), ("b", 2)]));
    /// ```
    #[must_use]
    pub fn unions_with(maps: impl IntoIterator<Item = Self>, mut f: impl FnMut(&K, &V, &V) -> V) -> Self {
        reduce(maps, |all, map| all.union_with(map, &mut f))
    }

    /// Returns the keys in both maps, with values `f(key, a, b)` of any type. O(m · log n), where m is the length of
    /// the smaller map. Keys are stored as in `self`.
    ///
    /// ```
    /// use pleach_collections::OrdMap;
    ///
    /// let (prices, counts) = (OrdMap::from([("apple", 1.5), ("pear", 2.0)]), OrdMap::from([("pear", 3_u32)]));
    /// let lines = prices.intersection_with(&counts, |item, price, count| format!("{count} {item}s: {}", price * f64::from(*count)));
    /// assert_eq!(lines, OrdMap::from([("pear", String::from("3 pears: 6"))]));
    /// ```
    #[must_use]
    pub fn intersection_with<B, C: Clone>(
        &self,
        other: &OrdMap<K, B>,
        mut f: impl FnMut(&K, &V, &B) -> C,
    ) -> OrdMap<K, C> {
        let mut builder = Builder::new();
        if self.order(other).is_some() {
            return OrdMap::new();
        }
        if self.len() <= other.len() {
            let both = self.iter().filter_map(|(key, a)| Some((key, a, other.get(key)?)));
            builder.extend(both.map(|(key, a, b)| (key.clone(), f(key, a, b))));
        } else {
            let both = other.iter().filter_map(|(key, b)| {
                let (key, a) = self.get_key_value(key)?;
                Some((key, a, b))
            });
            builder.extend(both.map(|(key, a, b)| (key.clone(), f(key, a, b))));
        }
        OrdMap { root: builder.finish() }
    }
}

/// Returns the [`union`](OrdMap::union).
impl<K: Ord + Clone, V: Clone> Add for OrdMap<K, V> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        combine(self, other, Self::union)
    }
}

/// Returns the [`union`](OrdMap::union).
impl<K: Ord + Clone, V: Clone> Add for &OrdMap<K, V> {
    type Output = OrdMap<K, V>;

    fn add(self, other: Self) -> OrdMap<K, V> {
        self.union(other)
    }
}

/// Returns the [`unions`](OrdMap::unions) of the maps.
impl<K: Ord + Clone, V: Clone> Sum for OrdMap<K, V> {
    fn sum<I: Iterator<Item = Self>>(maps: I) -> Self {
        Self::unions(maps)
    }
}

/// Returns the [`unions`](OrdMap::unions) of the maps.
impl<'a, K: Ord + Clone, V: Clone> Sum<&'a Self> for OrdMap<K, V> {
    fn sum<I: Iterator<Item = &'a Self>>(maps: I) -> Self {
        Self::unions(maps.cloned())
    }
}
