//! A walk over the nodes of a trie, to measure it.

use super::Node;

/// Visits `node` and all below, each with whether another trie leads to it too. `shared` says so of what is above.
pub(crate) fn each_node<'a, K, V>(node: &'a Node<K, V>, shared: bool, visit: &mut impl FnMut(&'a Node<K, V>, bool)) {
    let shared = shared || node.is_shared();
    visit(node, shared);
    for child in node.children().iter().flatten() {
        each_node(child, shared, visit);
    }
}
