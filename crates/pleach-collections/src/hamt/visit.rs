//! A visitor of the nodes of a trie, which accounts for memory.

use super::Node;

/// Visits `node` and its descendants, each with whether another trie has it too. `shared` says so of the parent.
pub(crate) fn visit_nodes<'a, K, V>(node: &'a Node<K, V>, shared: bool, visit: &mut impl FnMut(&'a Node<K, V>, bool)) {
    let shared = shared || node.is_shared();
    visit(node, shared);
    for child in node.children().iter().flatten() {
        visit_nodes(child, shared, visit);
    }
}
