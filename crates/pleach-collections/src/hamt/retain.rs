//! The entries of a trie that satisfy a predicate.

use super::Keys;
use super::node::Node;
use super::zip::{EntryOutcome, RegionOutcome, Zip, zip};

/// Returns the entries that satisfy `keep`, sharing every subtrie whose entries all do.
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

impl<'a, K: 'a, V: 'a, Q: Keys<K>, F: FnMut(&K, &V) -> bool> Zip<'a, 1, K, V> for Keeping<'_, Q, F> {
    type Keys = Q;

    const BUILDS: bool = true;

    fn keys(&self) -> &Q {
        self.keys
    }

    fn region(&mut self, _: [usize; 1]) -> Option<RegionOutcome> {
        None
    }

    fn entry(&mut self, [entry]: [Option<&'a (K, V)>; 1]) -> EntryOutcome<V> {
        match entry {
            Some((key, value)) if (self.keep)(key, value) => EntryOutcome::Operands(1),
            _ => EntryOutcome::Removed,
        }
    }
}
