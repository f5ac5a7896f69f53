//! The difference of two tries, which skips shared subtries.

use super::Keys;
use super::node::Node;
use super::zip::{EntryOutcome, RegionOutcome, Zip, zip};
use alloc::vec::Vec;

/// A difference of two tries.
pub(crate) enum Change<'a, K, V> {
    Added(&'a (K, V)),
    Removed(&'a (K, V)),
    Changed(&'a (K, V), &'a (K, V)),
}

/// Returns the differences from `old` to `new`, two tries of one hash function, where `same_value` compares values.
pub(crate) fn diff<'a, K: Clone, V: Clone>(
    old: Option<&'a Node<K, V>>,
    new: Option<&'a Node<K, V>>,
    keys: &impl Keys<K>,
    same_value: impl Fn(&V, &V) -> bool,
) -> Vec<Change<'a, K, V>> {
    let mut op = Comparing {
        keys,
        same_value,
        changes: Vec::new(),
    };
    zip([old, new], &mut op);
    op.changes
}

struct Comparing<'o, 'a, Q, F, K, V> {
    keys: &'o Q,
    same_value: F,
    changes: Vec<Change<'a, K, V>>,
}

impl<'a, K, V, Q: Keys<K>, F: Fn(&V, &V) -> bool> Zip<'a, 2, K, V> for Comparing<'_, 'a, Q, F, K, V> {
    type Keys = Q;

    const BUILDS: bool = false;

    fn keys(&self) -> &Q {
        self.keys
    }

    fn region(&mut self, [old, new]: [usize; 2]) -> Option<RegionOutcome> {
        (old == new).then_some(RegionOutcome::Empty)
    }

    fn entry(&mut self, entries: [Option<&'a (K, V)>; 2]) -> EntryOutcome<V> {
        self.changes.extend(match entries {
            [Some(old), Some(new)] => (!(self.same_value)(&old.1, &new.1)).then_some(Change::Changed(old, new)),
            [Some(old), None] => Some(Change::Removed(old)),
            [None, new] => new.map(Change::Added),
        });
        EntryOutcome::Removed
    }
}
