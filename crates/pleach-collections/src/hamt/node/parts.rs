//! Nodes taken apart, and leaves put together.

use super::*;

/// A node taken apart from the front: moved out if it had no other owner, else cloned.
pub(crate) struct Parts<K, V> {
    node: ManuallyDrop<Node<K, V>>,
    owned: bool,
    /// How many entries or children are taken.
    taken: usize,
}

impl<K, V> Parts<K, V> {
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
            // SAFETY: each entry of an owned block is taken once.
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
                // SAFETY: each child of an owned block is taken once.
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

impl<K: Clone, V: Clone> Parts<K, V> {
    /// What is not yet taken, once more; `None` if that is nothing. Entries of a node with no other owner are cloned, for they
    /// will be moved out of this one.
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
            // A group for each, whichever: only the children are looked at.
            let starts = Bits::MAX.checked_shr(Bits::BITS.saturating_sub(children.len() as u32));
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

impl<K, V> Drop for Parts<K, V> {
    fn drop(&mut self) {
        let (shape, taken) = (self.node.shape(), self.taken);
        // SAFETY: of an owned node what was not taken is dropped, once, and the block freed; another is given up whole.
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

/// Makes an inner node of children that come in order.
///
/// Children past the number of groups are dropped; if some are missing at the end, the process ends.
pub(crate) struct InnerBuilder<K, V> {
    node: ManuallyDrop<Node<K, V>>,
    len: usize,
    done: usize,
}

impl<K, V> InnerBuilder<K, V> {
    /// For a node whose groups have these `starts`, that of slot 0 among them; or the process ends.
    #[inline]
    pub(super) fn new(starts: Bits, size: u32) -> Self {
        if starts & 1 == 0 {
            std::process::abort();
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
            // SAFETY: the block has room for another child.
            unsafe { self.node.children_ptr().add(self.done).write(child) };
            self.done += 1;
        }
    }

    #[inline]
    pub(super) fn finish(self) -> Node<K, V> {
        if self.done != self.len {
            std::process::abort();
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the block holds all of its shape, and is taken out once.
        unsafe { ManuallyDrop::take(&mut this.node) }
    }
}

/// A builder given up: drops what has come.
impl<K, V> Drop for InnerBuilder<K, V> {
    fn drop(&mut self) {
        // SAFETY: so many children are initialised, and the block has the layout of `len`.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.node.children_ptr(), self.done));
            self.node.free(Shape::Inner(self.len));
        }
    }
}

/// Makes a leaf of entries that come in the order of their tags.
///
/// Entries past the number announced are dropped; if some are missing at the end, the process ends.
pub(crate) struct LeafBuilder<K, V> {
    pub(super) node: ManuallyDrop<Node<K, V>>,
    /// Where the node's tags and entries go.
    tags: *mut u16,
    entries: *mut (K, V),
    len: usize,
    pub(super) done: usize,
}

impl<K, V> LeafBuilder<K, V> {
    /// For a leaf of so many entries, at least one.
    #[inline]
    pub(crate) fn new(len: usize) -> Self {
        let node = ManuallyDrop::new(Node::allocate(Shape::Leaf(len), kind_of_leaf(len)));
        // All tags are read at once, those of no entry too.
        let tags = if len <= TAGS { TAGS } else { len.next_multiple_of(TAGS) };
        // SAFETY: the block has room for so many tags.
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
            // SAFETY: the block has room for another tag and entry.
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
        // SAFETY: the block has room for so many more tags and entries. What has come is counted one by one, for a clone may
        // panic.
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
            std::process::abort();
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the block holds all of its shape, and is taken out once.
        unsafe { ManuallyDrop::take(&mut this.node) }
    }
}

/// A builder given up, as by a panic in `Clone`: drops what has come.
impl<K, V> Drop for LeafBuilder<K, V> {
    fn drop(&mut self) {
        // SAFETY: so many entries are initialised, and the block has the layout of a leaf of `len`.
        unsafe {
            ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.entries, self.done));
            self.node.free(Shape::Leaf(self.len));
        }
    }
}
