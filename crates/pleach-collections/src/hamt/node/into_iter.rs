//! The contents of a node by value.

use super::*;

/// An iterator over the entries or children of a node: moved if it was unique, else cloned.
pub(crate) struct NodeIntoIter<K, V> {
    node: ManuallyDrop<Node<K, V>>,
    owned: bool,
    /// The number of entries or children yielded.
    taken: usize,
}

impl<K, V> NodeIntoIter<K, V> {
    pub(crate) fn of(mut node: Node<K, V>) -> Self {
        let owned = node.is_unique();
        Self {
            node: ManuallyDrop::new(node),
            owned,
            taken: 0,
        }
    }

    /// The next entry of a leaf.
    #[inline]
    pub(crate) fn next_entry(&mut self) -> Option<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let entry = self.node.entries().get(self.taken)?;
        let entry = if self.owned {
            // SAFETY: each entry of an owned block is moved out once.
            unsafe { ptr::read(entry) }
        } else {
            entry.clone()
        };
        self.taken += 1;
        Some(entry)
    }

    /// The next child of an inner node.
    #[inline]
    pub(crate) fn next_child(&mut self) -> Option<Node<K, V>> {
        loop {
            let child = self.node.children().get(self.taken)?;
            self.taken += 1;
            let child = if self.owned {
                // SAFETY: each child of an owned block is moved out once.
                unsafe { ptr::read(child) }
            } else {
                child.clone()
            };
            if child.is_some() {
                return child;
            }
        }
    }
}

impl<K: Clone, V: Clone> NodeIntoIter<K, V> {
    /// Returns an iterator over copies of what remains, or `None` if nothing does. Entries of an owned node are cloned,
    /// since this iterator will move them out.
    pub(crate) fn rest(&self) -> Option<Self> {
        if !self.owned {
            return Some(Self {
                node: self.node.clone(),
                owned: false,
                taken: self.taken,
            });
        }
        if !self.node.is_leaf() {
            let children: Children<K, V> = self.node.children()[self.taken..].iter().cloned().collect();
            // Any groups will do: only the children are used.
            let starts = SlotBitmap::MAX.checked_shr(SlotBitmap::BITS.saturating_sub(children.len() as u32));
            return starts.map(|starts| Self::of(Node::inner(starts, children)));
        }
        let (tags, entries) = (&self.node.tags()[self.taken..], &self.node.entries()[self.taken..]);
        if entries.is_empty() {
            return None;
        }
        let mut leaf = LeafBuilder::new(entries.len());
        leaf.extend(tags, entries);
        Some(Self::of(leaf.finish()))
    }
}

impl<K, V> Drop for NodeIntoIter<K, V> {
    fn drop(&mut self) {
        let (shape, taken) = (self.node.shape(), self.taken);
        // SAFETY: the remaining contents of an owned node are dropped once, and its block freed; a shared one loses an
        // owner.
        unsafe {
            if !self.owned {
                return ManuallyDrop::drop(&mut self.node);
            }
            match shape {
                Shape::Leaf(len) => {
                    let left = self.node.entries_ptr(len).add(taken);
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(left, len - taken));
                }
                Shape::Inner(count) => {
                    let left = self.node.children_ptr().add(taken);
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(left, count - taken));
                }
            }
            self.node.free(shape);
        }
    }
}
