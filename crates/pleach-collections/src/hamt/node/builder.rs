//! Builders of nodes.

use super::*;

/// A builder of an inner node from its children in order.
///
/// Excess children are dropped; missing ones abort the process in [`finish`](Self::finish).
pub(crate) struct InnerBuilder<K, V> {
    node: ManuallyDrop<Node<K, V>>,
    len: usize,
    done: usize,
}

impl<K, V> InnerBuilder<K, V> {
    /// A builder of a node with the groups `starts`, which must have that of slot 0, or the process is aborted.
    #[inline]
    pub(super) fn new(starts: SlotBitmap, size: u32) -> Self {
        if starts & 1 == 0 {
            crate::abort::abort();
        }
        let len = starts.count_ones() as usize;
        let node = ManuallyDrop::new(Node::allocate(Shape::Inner(len), starts));
        // SAFETY: the new block has room for a size.
        unsafe { node.size_ptr().write(size) };
        Self { node, len, done: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, child: Option<Node<K, V>>) {
        if self.done < self.len {
            // SAFETY: the block has room for `len` children.
            unsafe { self.node.children_ptr().add(self.done).write(child) };
            self.done += 1;
        }
    }

    #[inline]
    pub(super) fn finish(self) -> Node<K, V> {
        if self.done != self.len {
            crate::abort::abort();
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the block has all contents of its shape, and is moved out once.
        unsafe { ManuallyDrop::take(&mut this.node) }
    }
}

/// Drops the children pushed so far.
impl<K, V> Drop for InnerBuilder<K, V> {
    fn drop(&mut self) {
        // SAFETY: `done` children are initialised, and the block has the layout of `len`.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.node.children_ptr(), self.done));
            self.node.free(Shape::Inner(self.len));
        }
    }
}

/// A builder of a leaf from entries in the order of their tags.
///
/// Excess entries are dropped; missing ones abort the process in [`finish`](Self::finish).
pub(crate) struct LeafBuilder<K, V> {
    pub(super) node: ManuallyDrop<Node<K, V>>,
    /// The node's tags and entries.
    tags: *mut u16,
    entries: *mut (K, V),
    len: usize,
    pub(super) done: usize,
}

impl<K, V> LeafBuilder<K, V> {
    /// A builder of a leaf of `len` entries, at least one.
    #[inline]
    pub(crate) fn new(len: usize) -> Self {
        let node = ManuallyDrop::new(Node::allocate(Shape::Leaf(len), kind_of_leaf(len)));
        // Searches read all tags of the block, so the excess ones are initialised too.
        let tags = if len <= TAGS_PER_BLOCK {
            TAGS_PER_BLOCK
        } else {
            len.next_multiple_of(TAGS_PER_BLOCK)
        };
        // SAFETY: the block has room for these tags.
        unsafe { ptr::write_bytes(node.tags_ptr(), 0, tags) };
        Self {
            tags: node.tags_ptr(),
            entries: node.entries_ptr(len),
            node,
            len,
            done: 0,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, tag: u16, entry: (K, V)) {
        if self.done < self.len {
            // SAFETY: the block has room for `len` tags and entries.
            unsafe {
                self.tags.add(self.done).write(tag);
                self.entries.add(self.done).write(entry);
            }
            self.done += 1;
        }
    }

    #[inline]
    pub(super) fn extend(&mut self, tags: &[u16], entries: &[(K, V)])
    where
        K: Clone,
        V: Clone,
    {
        let count = tags.len().min(entries.len()).min(self.len - self.done);
        // SAFETY: the block has room for `count` more tags and entries. Each entry is counted once written, since a
        // clone may panic.
        unsafe {
            ptr::copy_nonoverlapping(tags.as_ptr(), self.tags.add(self.done), count);
            let mut to = self.entries.add(self.done);
            for entry in &entries[..count] {
                to.write(entry.clone());
                to = to.add(1);
                self.done += 1;
            }
        }
    }

    #[inline]
    pub(crate) fn finish(self) -> Node<K, V> {
        if self.done != self.len || self.len == 0 {
            crate::abort::abort();
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the block has all contents of its shape, and is moved out once.
        unsafe { ManuallyDrop::take(&mut this.node) }
    }
}

/// Drops the entries pushed so far, as after a panic in `Clone`.
impl<K, V> Drop for LeafBuilder<K, V> {
    fn drop(&mut self) {
        // SAFETY: `done` entries are initialised, and the block has the layout of a leaf of `len`.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries, self.done));
            self.node.free(Shape::Leaf(self.len));
        }
    }
}
