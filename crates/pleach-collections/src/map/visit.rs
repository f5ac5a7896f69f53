//! A visitor of a map's nodes, for accounting of memory.

use super::Map;
use crate::hamt::visit_nodes;

impl<K, V, S> Map<K, V, S> {
    /// Visits each node: its size in bytes, its entries, and whether another map shares it at the moment. O(n).
    ///
    /// Hidden, since it exposes the structure: the crate `pleach` accounts for the memory of its indexes with it.
    #[doc(hidden)]
    pub fn visit_nodes<'a>(&'a self, mut visit: impl FnMut(usize, &'a [(K, V)], bool)) {
        if let Some(root) = &self.root {
            visit_nodes(root, false, &mut |node, shared| {
                visit(node.bytes(), node.entries(), shared)
            });
        }
    }
}
