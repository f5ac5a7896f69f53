//! Equality of two tries of one hash function.

use super::node::Node;

/// Whether both tries hold the same entries. Skips shared subtries, which are taken to equal themselves.
pub(crate) fn eq<K, V>(
    a: &Node<K, V>,
    b: &Node<K, V>,
    same_key: &impl Fn(&K, &K) -> bool,
    same_value: &impl Fn(&V, &V) -> bool,
) -> bool {
    if a.ptr_eq(b) {
        return true;
    }
    if a.size() != b.size() || a.starts() != b.starts() || a.tags() != b.tags() {
        return false;
    }
    let leaves = a.entries().iter().enumerate().all(|(i, (key, value))| {
        let same = |entry: &(K, V)| same_key(key, &entry.0);
        // Usually at the same index, but entries of one tag are in any order.
        let other = if same(&b.entries()[i]) {
            Some(&b.entries()[i])
        } else {
            b.entry(a.tags()[i], |k| same_key(key, k))
        };
        other.is_some_and(|(_, other)| same_value(value, other))
    });
    leaves
        && a.children().iter().zip(b.children()).all(|pair| match pair {
            (None, None) => true,
            (Some(x), Some(y)) => eq(x, y, same_key, same_value),
            _ => false,
        })
}
