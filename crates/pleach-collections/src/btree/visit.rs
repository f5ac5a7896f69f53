//! A visitor of the nodes of a tree, which accounts for memory.

use super::Node;

/// Visits `node` and its descendants, each with whether another tree has it too. `shared` says so of the parent.
pub(crate) fn visit_nodes<'a, T, S>(node: &'a Node<T, S>, shared: bool, visit: &mut impl FnMut(&'a Node<T, S>, bool)) {
    let shared = shared || node.is_shared();
    visit(node, shared);
    for child in node.children() {
        visit_nodes(child, shared, visit);
    }
}
