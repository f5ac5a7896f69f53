//! The contents of a node by value.

use super::*;

/// An iterator over the entries of a leaf: moved if it was unique, else cloned.
pub(crate) struct LeafIntoIter<T, S> {
    node: ManuallyDrop<Node<T, S>>,
    owned: bool,
    /// The entries that are left.
    start: usize,
    end: usize,
}

impl<T, S> LeafIntoIter<T, S> {
    /// Creates an iterator over the entries of a leaf.
    pub(crate) fn of(mut node: Node<T, S>) -> Self {
        let (owned, end) = (node.is_unique(), node.entries().len());
        Self {
            node: ManuallyDrop::new(node),
            owned: owned && end > 0,
            start: 0,
            end,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// The entries that are left.
    fn rest(&mut self) -> *mut [T] {
        self.entries(self.start, self.end)
    }

    /// The entries from `start` to `end`, which are left.
    fn entries(&mut self, start: usize, end: usize) -> *mut [T] {
        // SAFETY: in the block (Shape).
        let first = unsafe { self.node.entries_ptr().add(start) };
        ptr::slice_from_raw_parts_mut(first, end - start)
    }

    /// Drops the next entries, of which at least `count` are left.
    pub(crate) fn skip(&mut self, count: usize) {
        assert!(count <= self.len(), "entries are left");
        let skipped = self.entries(self.start, self.start + count);
        self.start += count;
        if self.owned {
            // SAFETY: `start` has passed these entries of an owned block, which are dropped once.
            unsafe { ptr::drop_in_place(skipped) }
        }
    }

    /// Drops the last entries, of which at least `count` are left.
    pub(crate) fn skip_back(&mut self, count: usize) {
        assert!(count <= self.len(), "entries are left");
        let skipped = self.entries(self.end - count, self.end);
        self.end -= count;
        if self.owned {
            // SAFETY: `end` has passed these entries of an owned block, which are dropped once.
            unsafe { ptr::drop_in_place(skipped) }
        }
    }
}

impl<T: Clone, S> LeafIntoIter<T, S> {
    /// The entry at an index, moved out or cloned.
    #[inline]
    fn get(&self, index: usize) -> T {
        let entry = &self.node.entries()[index];
        if self.owned {
            // SAFETY: each entry of an owned block is moved out once, when `start` or `end` passes it.
            unsafe { ptr::read(entry) }
        } else {
            entry.clone()
        }
    }

    /// Returns an iterator over the same entries, if any are left.
    pub(crate) fn fork(&self) -> Option<Self> {
        if !self.owned {
            return Some(Self {
                node: self.node.clone(),
                owned: false,
                start: self.start,
                end: self.end,
            });
        }
        let mut leaf = LeafBuilder::new(self.len());
        leaf.extend(&self.node.entries()[self.start..self.end]);
        leaf.finish().map(Self::of)
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.start == self.end {
            return None;
        }
        let entry = self.get(self.start);
        self.start += 1;
        Some(entry)
    }

    #[inline]
    pub(crate) fn next_back(&mut self) -> Option<T> {
        if self.start == self.end {
            return None;
        }
        let entry = self.get(self.end - 1);
        self.end -= 1;
        Some(entry)
    }
}

impl<T, S> Drop for LeafIntoIter<T, S> {
    fn drop(&mut self) {
        /// Frees a block, even if a drop panics.
        struct Free<T, S>(ManuallyDrop<Node<T, S>>);

        impl<T, S> Drop for Free<T, S> {
            fn drop(&mut self) {
                let shape = self.0.shape();
                // SAFETY: owned, and the contents are dropped or moved out.
                unsafe { self.0.free(shape) }
            }
        }

        // SAFETY: the remaining entries of an owned node are dropped once, and its block freed; a shared one loses an
        // owner.
        unsafe {
            if !self.owned {
                return ManuallyDrop::drop(&mut self.node);
            }
            let rest = self.rest();
            let _free = Free(ptr::read(&self.node));
            ptr::drop_in_place(rest);
        }
    }
}
