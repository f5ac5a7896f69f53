//! Operations on maps whose closures decide about every key that both have, or about many maps.

use super::Map;
use super::ops::Op;
use crate::hamt::{self, Keys, Merge, Pick};
use std::hash::{BuildHasher, Hash};
use std::iter::Sum;
use std::ops::Add;

/// The merge of two maps with an empty base, whose closure decides about every key that both have.
struct SumOp<'a, S, F>(Op<'a, S, F>);

impl<K: Hash + Eq, S: BuildHasher, F> Keys<K> for SumOp<'_, S, F> {
    fn hash(&self, key: &K) -> u64 {
        self.0.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        a == b
    }
}

impl<K, V, S, F> Merge<K, V> for SumOp<'_, S, F>
where
    K: Hash + Eq,
    V: Clone,
    S: BuildHasher,
    F: FnMut(&K, &V, &V) -> V,
{
    const ALIKE_IS_ONE: bool = false;

    /// The base has no values, and equal values of the two sides are two.
    fn same_value(&self, _: &V, _: &V) -> bool {
        false
    }

    fn resolve(&mut self, key: &K, _: Option<&V>, a: Option<&V>, b: Option<&V>) -> Option<V> {
        match (a, b) {
            (Some(a), Some(b)) => Some((self.0.decide)(key, a, b)),
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
    /// Returns the entries of both; `f` makes one value of the two of **every** key in both, those that the maps share
    /// included.
    ///
    /// This is the `union_with` of `im` and of Haskell, for operations such as addition, where f(v, v) isn't v. Costs
    /// O(m · log n), where m is the number of keys that only the smaller map or both have: what is shared can't be skipped.
    /// For an operation with f(v, v) = v, such as a maximum, [`union_with`](Map::union_with) costs less; to add what two
    /// forks have each added, [`merge_all`](Map::merge_all) has their base.
    ///
    /// Of two equal keys this map's stays. If `f` panics, nothing has changed.
    ///
    /// ```
    /// use pleach_collections::Map;
    ///
    /// let stock = Map::from([("apples", 2), ("pears", 5)]);
    /// assert_eq!(stock.sum_with(&stock, |_, a, b| a + b)["pears"], 10);
    /// // Entries that are shared are taken to be one:
    /// assert_eq!(stock.union_with(&stock, |_, a, b| a + b)["pears"], 5);
    /// ```
    #[must_use]
    pub fn sum_with(&self, other: &Self, f: impl FnMut(&K, &V, &V) -> V) -> Self {
        let mut op = SumOp(Op {
            hashing: &self.hashing,
            decide: f,
        });
        let copy = (!self.hashing.is(&other.hashing)).then(|| self.rehashed(other));
        let other = copy.as_ref().unwrap_or(other);
        Self {
            root: hamt::merge(None, self.root.as_ref(), other.root.as_ref(), &mut op),
            hashing: self.hashing.clone(),
        }
    }

    /// Returns the keys in both, with what `f` makes of the two values: of any type. Asked about every key in both.
    ///
    /// Costs O(m · log n), where m is the length of the smaller map. For values of one type and an `f` with f(k, v, v) = v,
    /// `a.intersection(&b).union_with(&b.intersection(&a), f)` costs what the maps don't share.
    ///
    /// Keys are this map's. If `f` panics, nothing has changed.
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

    /// Returns this map's entries whose keys are not in `other`, and of keys in both what `f` makes of the two values, if
    /// anything.
    ///
    /// `f` is not asked about entries that the maps share, so **`f(k, v, v)` must be `None`**. It may be asked about some of
    /// them, though. For any other `f` there is [`merge_all`](Map::merge_all) with an empty base. `im`'s method of this name
    /// is [`symmetric_difference_with`](Map::symmetric_difference_with).
    ///
    /// Costs O(d · log n), where d is the number of entries that the maps don't share. If `f` panics, nothing has changed.
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

    /// Returns the entries of both whose keys are in only one, and of keys in both what `f` makes of the two values, if
    /// anything.
    ///
    /// As for [`difference_with`](Map::difference_with), **`f(k, v, v)` must be `None`**. Costs as that.
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

    /// Returns the [`union`](Map::union) of all: of several values for one key, that of the first map that has it. Empty if
    /// there is no map.
    ///
    /// Costs the unions one after the other.
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
        let all = maps.into_iter().reduce(|all, map| all.union(&map));
        all.unwrap_or_default()
    }

    /// Returns the [`union_with`](Map::union_with) of all, one after the other. Here too **`f(k, v, v)` must equal `v`**.
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
        let all = maps.into_iter().reduce(|all, map| all.union_with(&map, &mut f));
        all.unwrap_or_default()
    }
}

/// The [`union`](Map::union).
impl<K, V, S> Add for Map<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.union(&other)
    }
}

/// The [`union`](Map::union).
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

/// See [`Map::unions`].
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

/// See [`Map::unions`].
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
