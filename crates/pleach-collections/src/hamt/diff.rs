//! The difference of two tries, entry by entry, without entering what they share.

use super::Keys;
use super::node::Node;
use super::zip::{Outcome, Whole, Zip, zip};

/// One difference.
pub(crate) enum Change<'a, K, V> {
    Added(&'a (K, V)),
    Removed(&'a (K, V)),
    Changed(&'a (K, V), &'a (K, V)),
}

/// The differences of two tries of one hash function, from `old` to `new`. `same_value` says which values count as equal.
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

impl<K, V, Q: Keys<K>, F> Keys<K> for Comparing<'_, '_, Q, F, K, V> {
    fn hash(&self, key: &K) -> u64 {
        self.keys.hash(key)
    }

    fn same(&self, a: &K, b: &K) -> bool {
        self.keys.same(a, b)
    }
}

impl<'a, K, V, Q: Keys<K>, F: Fn(&V, &V) -> bool> Zip<'a, 2, K, V> for Comparing<'_, 'a, Q, F, K, V> {
    const BUILDS: bool = false;

    fn whole(&mut self, [old, new]: [usize; 2]) -> Option<Whole> {
        (old == new).then_some(Whole::Nothing)
    }

    fn entry(&mut self, entries: [Option<&'a (K, V)>; 2]) -> Outcome<V> {
        self.changes.extend(match entries {
            [Some(old), Some(new)] => (!(self.same_value)(&old.1, &new.1)).then_some(Change::Changed(old, new)),
            [Some(old), None] => Some(Change::Removed(old)),
            [None, new] => new.map(Change::Added),
        });
        Outcome::Nothing
    }
}
