//! `arbitrary::Arbitrary`: collections from a fuzzer's bytes.

use crate::{Bag, Map, OrdMap, OrdSet, Set, TrieMap, Vector};
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};
use core::hash::{BuildHasher, Hash};

impl<'a, K, V, S> Arbitrary<'a> for Map<K, V, S>
where
    K: Arbitrary<'a> + Hash + Eq + Clone,
    V: Arbitrary<'a> + Clone,
    S: BuildHasher + Default,
{
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a, T, S> Arbitrary<'a> for Set<T, S>
where
    T: Arbitrary<'a> + Hash + Eq + Clone,
    S: BuildHasher + Default,
{
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

/// Counts are arbitrary too, so large ones occur.
impl<'a, T, S> Arbitrary<'a> for Bag<T, S>
where
    T: Arbitrary<'a> + Hash + Eq + Clone,
    S: BuildHasher + Default,
{
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let mut bag = Self::default();
        for count in bytes.arbitrary_iter::<(T, u64)>()? {
            let (item, times) = count?;
            bag.insert(item, times);
        }
        Ok(bag)
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a, V: Arbitrary<'a>> Arbitrary<'a> for TrieMap<V> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_iter::<(Vec<u8>, V)>()?.collect()
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_take_rest_iter::<(Vec<u8>, V)>()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a, K: Arbitrary<'a> + Ord + Clone, V: Arbitrary<'a> + Clone> Arbitrary<'a> for OrdMap<K, V> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a, T: Arbitrary<'a> + Ord + Clone> Arbitrary<'a> for OrdSet<T> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<'a, T: Arbitrary<'a> + Clone> Arbitrary<'a> for Vector<T> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> Result<Self> {
        bytes.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}
