//! `quickcheck::Arbitrary`: random collections and their shrinking.

use crate::{Bag, Map, OrdMap, OrdSet, Set, TrieMap, Vector};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use quickcheck::{Arbitrary, Gen};

impl<K, V, S> Arbitrary for Map<K, V, S>
where
    K: Arbitrary + Hash + Eq,
    V: Arbitrary,
    S: BuildHasher + Default + Clone + 'static,
{
    fn arbitrary(g: &mut Gen) -> Self {
        Vec::<(K, V)>::arbitrary(g).into_iter().collect()
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let entries: Vec<(K, V)> = self.clone().into_iter().collect();
        Box::new(entries.shrink().map(|entries| entries.into_iter().collect()))
    }
}

impl<T, S> Arbitrary for Set<T, S>
where
    T: Arbitrary + Hash + Eq,
    S: BuildHasher + Default + Clone + 'static,
{
    fn arbitrary(g: &mut Gen) -> Self {
        Vec::<T>::arbitrary(g).into_iter().collect()
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let items: Vec<T> = self.clone().into_iter().collect();
        Box::new(items.shrink().map(|items| items.into_iter().collect()))
    }
}

/// Counts are arbitrary too, so large ones occur.
impl<T, S> Arbitrary for Bag<T, S>
where
    T: Arbitrary + Hash + Eq,
    S: BuildHasher + Default + Clone + 'static,
{
    fn arbitrary(g: &mut Gen) -> Self {
        of_counts(Vec::arbitrary(g))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let counts: Vec<(T, u64)> = self.clone().into_iter().collect();
        Box::new(counts.shrink().map(of_counts))
    }
}

fn of_counts<T: Hash + Eq + Clone, S: BuildHasher + Default>(counts: Vec<(T, u64)>) -> Bag<T, S> {
    let mut bag = Bag::default();
    for (item, times) in counts {
        bag.insert(item, times);
    }
    bag
}

impl<V: Arbitrary> Arbitrary for TrieMap<V> {
    fn arbitrary(g: &mut Gen) -> Self {
        Vec::<(Vec<u8>, V)>::arbitrary(g).into_iter().collect()
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let entries: Vec<(Vec<u8>, V)> = self.clone().into_iter().collect();
        Box::new(entries.shrink().map(|entries| entries.into_iter().collect()))
    }
}

impl<K: Arbitrary + Ord, V: Arbitrary> Arbitrary for OrdMap<K, V> {
    fn arbitrary(g: &mut Gen) -> Self {
        Vec::<(K, V)>::arbitrary(g).into_iter().collect()
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let entries: Vec<(K, V)> = self.clone().into_iter().collect();
        Box::new(entries.shrink().map(|entries| entries.into_iter().collect()))
    }
}

impl<T: Arbitrary + Ord> Arbitrary for OrdSet<T> {
    fn arbitrary(g: &mut Gen) -> Self {
        Vec::<T>::arbitrary(g).into_iter().collect()
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let items: Vec<T> = self.clone().into_iter().collect();
        Box::new(items.shrink().map(|items| items.into_iter().collect()))
    }
}

impl<T: Arbitrary> Arbitrary for Vector<T> {
    fn arbitrary(g: &mut Gen) -> Self {
        Vec::<T>::arbitrary(g).into()
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(Vec::from(self).shrink().map(Self::from))
    }
}
