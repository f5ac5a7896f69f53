//! The part of a trie that a predicate keeps.

use super::Keys;
use super::node::Node;
use super::zip::{Outcome, Whole, Zip, zip};

/// The entries that `keep` keeps, sharing every subtrie of which it keeps all: the same trie, if it keeps everything.
pub(crate) fn retain<K: Clone, V: Clone>(
    root: Option<&Node<K, V>>,
    keys: &impl Keys<K>,
    keep: impl FnMut(&K, &V) -> bool,
) -> Option<Node<K, V>> {
    zip([root], &mut Keeping { keys, keep })
}

pub(super) struct Keeping<'o, Q, F> {
    pub(super) keys: &'o Q,
    pub(super) keep: F,
}

impl<K, Q: Keys<K>, F> Keys<K> for Keeping<'_, Q, F> {
    fn hash(&self, key: &K) -> u64 {
        self.keys.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        self.keys.same(a, b)
    }
}

impl<'a, K: 'a, V: 'a, Q: Keys<K>, F: FnMut(&K, &V) -> bool> Zip<'a, 1, K, V> for Keeping<'_, Q, F> {
    const BUILDS: bool = true;

    fn whole(&mut self, _: [usize; 1]) -> Option<Whole> {
        None
    }

    fn entry(&mut self, [entry]: [Option<&'a (K, V)>; 1]) -> Outcome<V> {
        match entry {
            Some((key, value)) if (self.keep)(key, value) => Outcome::Operands(1),
            _ => Outcome::Nothing,
        }
    }
}
