//! Sums, intersections and differences with closures, and unions of many maps.

use super::Map;
use super::hashing::Hashing;
use crate::hamt::{self, Merge, Pick};
use crate::reduce::{combine, reduce};
use core::hash::{BuildHasher, Hash};
use core::iter::Sum;
use core::ops::Add;

/// A merge with an empty base, in which a closure decides about each key in both maps.
struct SumOp<'a, S, F> {
    hashing: &'a Hashing<S>,
    decide: F,
}

impl<K, V, S, F> Merge<K, V> for SumOp<'_, S, F>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    F: FnMut(&K, &V, &V) -> V,
{
    type Keys = Hashing<S>;

    const ALIKE_IS_ONE: bool = false;

    fn keys(&self) -> &Hashing<S> {
        self.hashing
    }

    // Equal values of both sides are two changes.
    fn same_value(&self, _: &V, _: &V) -> bool {
        false
    }

    fn resolve(&mut self, key: &K, _: Option<&V>, a: Option<&V>, b: Option<&V>) -> Option<V> {
        match (a, b) {
            (Some(a), Some(b)) => Some((self.decide)(key, a, b)),
            (one, other) => one.or(other).cloned(),
        }
    }
}

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// Returns the entries of both maps, with `f(key, a, b)` for **each** key in both, shared entries included.
    ///
    /// O(m · log n), where m is the length of the smaller map: shared nodes can't be skipped. Keys in both are stored as in
    /// `self`.
    ///
    /// This is the `union_with` of `im` and of Haskell, for operations such as addition, where f(v, v) isn't v. For an
    /// operation with f(v, v) = v, such as a maximum, [`union_with`](Map::union_with) costs less; to sum what two forks
    /// have added, use [`merge_all`](Map::merge_all) with their base.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let stock = Map::from([("apples", 2), ("pears", 5)]);
    /// assert_eq!(stock.sum_with(&stock, |_, a, b| a + b)["pears"], 10);
    /// // A shared entry counts once:
    /// assert_eq!(stock.union_with(&stock, |_, a, b| a + b)["pears"], 5);
    /// ```
    #[must_use]
    pub fn sum_with(&self, other: &Self, f: impl FnMut(&K, &V, &V) -> V) -> Self {
        let mut op = SumOp {
            hashing: &self.hashing,
            decide: f,
        };
        let copy = (!self.hashing.same_as(&other.hashing)).then(|| self.rehashed(other));
        let other = copy.as_ref().unwrap_or(other);
        Self {
            root: hamt::merge(None, self.root.as_ref(), other.root.as_ref(), &mut op),
            hashing: self.hashing.clone(),
        }
    }

    /// Returns the keys in both maps, with values `f(key, a, b)` of any type. O(m · log n), where m is the length of
    /// the smaller map.
    ///
    /// For values of one type and an `f` with f(k, v, v) = v, `a.intersection(&b).union_with(&b.intersection(&a), f)`
    /// skips shared nodes. Keys are stored as in `self`.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (prices, counts) = (Map::from([("apple", 1.5), ("pear", 2.0)]), Map::from([("pear", 3_u32)]));
    /// let lines = prices.intersection_with(&counts, |item, price, count| format!("{count} {item}s: {}", price * f64::from(*count)));
    /// assert_eq!(lines, Map::from([("pear", String::from("3 pears: 6"))]));
    /// ```
    #[must_use]
    pub fn intersection_with<B, C: Clone>(
        &self,
        other: &Map<K, B, S>,
        mut f: impl FnMut(&K, &V, &B) -> C,
    ) -> Map<K, C, S> {
        let mut both = self.new_like();
        if self.len() <= other.len() {
            both.extend(
                self.iter()
                    .filter_map(|(key, a)| Some((key.clone(), f(key, a, other.get(key)?)))),
            );
        } else {
            both.extend(other.iter().filter_map(|(key, b)| {
                let (key, a) = self.get_key_value(key)?;
                Some((key.clone(), f(key, a, b)))
            }));
        }
        both
    }

    /// Returns this map's entries whose keys are not in `other`, and those of keys in both for which `f(key, a, b)` is
    /// a value. O(d · log n), where d is the number of entries that the maps don't share.
    ///
    /// `f` isn't called for all shared entries, so **`f(k, v, v)` must be `None`**. For any other `f`, use
    /// [`merge_all`](Map::merge_all) with an empty base. `im`'s method of this name is
    /// [`symmetric_difference_with`](Map::symmetric_difference_with).
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 5), ("y", 1), ("z", 2)]), Map::from([("x", 3), ("y", 1), ("w", 9)]));
    /// let left = a.difference_with(&b, |_, a, b| (a > b).then(|| a - b));
    /// assert_eq!(left, Map::from([("x", 2), ("z", 2)]));
    /// ```
    #[must_use]
    pub fn difference_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> Option<V>) -> Self {
        self.set_op::<true, false, false>(other, |key, a, b| f(key, a, b).map_or(Pick::Neither, Pick::New))
    }

    /// Returns the entries of both maps whose keys are in only one, and those of keys in both for which `f(key, a, b)`
    /// is a value. O(d · log n), where d is the number of entries that the maps don't share.
    ///
    /// As for [`difference_with`](Map::difference_with), **`f(k, v, v)` must be `None`**.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let (a, b) = (Map::from([("x", 5), ("y", 1)]), Map::from([("x", 3), ("y", 1), ("z", 2)]));
    /// let changed = a.symmetric_difference_with(&b, |_, a, b| (a != b).then_some(*b));
    /// assert_eq!(changed, Map::from([("x", 3), ("z", 2)]));
    /// ```
    #[must_use]
    pub fn symmetric_difference_with(&self, other: &Self, mut f: impl FnMut(&K, &V, &V) -> Option<V>) -> Self {
        self.set_op::<true, true, false>(other, |key, a, b| f(key, a, b).map_or(Pick::Neither, Pick::New))
    }

    /// Returns the [`union`](Map::union) of all maps, from first to last: a key has the value of the first map that has
    /// it. Empty without maps.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let maps = [Map::from([("a", 1)]), Map::from([("a", 2), ("b", 2)]), Map::from([("c", 3)])];
    /// assert_eq!(Map::unions(maps), Map::from([("a", 1), ("b", 2), ("c", 3)]));
    /// ```
    #[must_use]
    pub fn unions(maps: impl IntoIterator<Item = Self>) -> Self
    where
        S: Default,
    {
        reduce(maps, Self::union)
    }

    /// Returns the [`union_with`](Map::union_with) of all maps, from first to last. **`f(k, v, v)` must equal `v`.**
    /// Empty without maps.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let maps = [Map::from([("a", 1)]), Map::from([("a", 3), ("b", 2)]), Map::from([("a", 2)])];
    /// assert_eq!(Map::unions_with(maps, |_, a, b| *a.max(b)), Map::from([("a", 3), ("b", 2)]));
    /// ```
    #[must_use]
    pub fn unions_with(maps: impl IntoIterator<Item = Self>, mut f: impl FnMut(&K, &V, &V) -> V) -> Self
    where
        S: Default,
    {
        reduce(maps, |all, map| all.union_with(map, &mut f))
    }
}

/// Returns the [`union`](Map::union).
impl<K, V, S> Add for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    type Output = Self;

    fn add(self, other: Self) -> Self {
        combine(self, other, Self::union)
    }
}

/// Returns the [`union`](Map::union).
impl<K, V, S> Add for &Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    type Output = Map<K, V, S>;

    fn add(self, other: Self) -> Map<K, V, S> {
        self.union(other)
    }
}

/// Returns the [`unions`](Map::unions) of the maps.
impl<K, V, S> Sum for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
{
    fn sum<I: Iterator<Item = Self>>(maps: I) -> Self {
        Self::unions(maps)
    }
}

/// Returns the [`unions`](Map::unions) of the maps.
impl<'a, K, V, S> Sum<&'a Self> for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone + Default,
{
    fn sum<I: Iterator<Item = &'a Self>>(maps: I) -> Self {
        Self::unions(maps.cloned())
    }
}
