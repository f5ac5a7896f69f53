//! What a map holds in memory.

use super::Map;
use crate::hamt::each_node;

impl<K, V, S> Map<K, V, S> {
    /// Visits each node: its bytes, the entries in it, and whether another map has it too, as of now. O(n).
    ///
    /// Hidden, since it shows that there are nodes: the crate `pleach` accounts for the memory of its indexes with it.
    #[doc(hidden)]
    pub fn each_node<'a>(&'a self, mut visit: impl FnMut(usize, &'a [(K, V)], bool)) {
        if let Some(root) = &self.root {
            each_node(root, false, &mut |node, shared| {
                visit(node.bytes(), node.entries(), shared)
            });
        }
    }
}
