//! Mutable access to several values at once.

use super::Map;
use crate::hamt;
use core::hash::{BuildHasher, Hash};
use equivalent::Equivalent;

impl<K, V, S> Map<K, V, S>
where
    K: Hash + Clone,
    V: Clone,
    S: BuildHasher,
{
    /// Returns mutable references to the values of several keys. O(N · (N + log n)); copies the shared nodes on the
    /// paths to keys that are present.
    ///
    /// # Panics
    /// Panics if two of the keys are equal and present. The map is then unchanged.
    ///
    /// ```
    /// let mut map = pleach_collections::Map::from([("ann", 10), ("bob", 20)]);
    /// if let [Some(ann), Some(bob), None] = map.get_disjoint_mut(["ann", "bob", "cat"]) {
    ///     std::mem::swap(ann, bob);
    /// }
    /// assert_eq!(map, pleach_collections::Map::from([("ann", 20), ("bob", 10)]));
    /// ```
    #[allow(clippy::panic, reason = "the contract, as in std")]
    pub fn get_disjoint_mut<Q, const N: usize>(&mut self, keys: [&Q; N]) -> [Option<&mut V>; N]
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hashes = keys.map(|key| self.hashing.hash(key));
        let Some(root) = self.root.as_mut() else {
            return [const { None }; N];
        };
        match hamt::find_disjoint_mut(root, hashes, |i, key| keys[i].equivalent(key)) {
            Some(entries) => entries.map(|entry| entry.map(|(_, value)| value)),
            None => panic!("duplicate keys found"),
        }
    }
}
