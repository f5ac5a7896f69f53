//! Builders of nodes.

use super::*;

/// A builder of a leaf from its entries in order.
pub(crate) struct LeafBuilder<T, S> {
    /// A block of the shape of `room` entries.
    node: ManuallyDrop<Node<T, S>>,
    room: usize,
    len: usize,
}

impl<T, S> LeafBuilder<T, S> {
    /// Creates a builder of a leaf of at most `room` entries, itself at most [`MAX_LEN`](Node::MAX_LEN).
    #[inline]
    pub(crate) fn new(room: usize) -> Self {
        let room = room.min(Node::<T, S>::MAX_LEN);
        Self {
            node: Node::allocate(Shape::Leaf(room), 0),
            room,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The entries so far.
    pub(crate) fn entries(&self) -> &[T] {
        // SAFETY: `len` entries are initialised.
        unsafe { core::slice::from_raw_parts(self.node.entries_ptr(), self.len) }
    }

    /// Appends an entry. Aborts the process if there is no room.
    #[inline]
    pub(crate) fn push(&mut self, entry: T) {
        if self.len >= self.room {
            crate::abort::abort();
        }
        // SAFETY: the block has room for `room` entries.
        unsafe { self.node.entries_ptr().add(self.len).write(entry) };
        self.len += 1;
    }

    /// Appends clones of entries.
    #[inline]
    pub(crate) fn extend(&mut self, entries: &[T])
    where
        T: Clone,
    {
        if entries.len() > self.room - self.len {
            crate::abort::abort();
        }
        for entry in entries {
            // SAFETY: there is room for all of them.
            unsafe { self.node.entries_ptr().add(self.len).write(entry.clone()) };
            self.len += 1;
        }
    }

    /// Returns the leaf, if it has entries.
    #[inline]
    pub(crate) fn finish(self) -> Option<Node<T, S>> {
        if self.len == 0 {
            return None;
        }
        let mut this = ManuallyDrop::new(self);
        let (room, len) = (this.room, this.len);
        // SAFETY: the block has the shape of `room`, and is moved out once; `len` entries are initialised.
        unsafe {
            this.node.resize_leaf(room, len);
            this.node.set_len(len);
            Some(ManuallyDrop::take(&mut this.node))
        }
    }
}

/// Returns a leaf of clones of entries, if there are any.
pub(crate) fn leaf_of<T: Clone, S>(entries: &[T]) -> Option<Node<T, S>> {
    let mut leaf = LeafBuilder::new(entries.len());
    leaf.extend(entries);
    leaf.finish()
}

/// Returns a leaf of one entry.
pub(crate) fn leaf_of_one<T, S>(entry: T) -> Option<Node<T, S>> {
    let mut leaf = LeafBuilder::new(1);
    leaf.push(entry);
    leaf.finish()
}

/// Drops the entries pushed so far.
impl<T, S> Drop for LeafBuilder<T, S> {
    fn drop(&mut self) {
        /// Frees a block, even if a drop panics.
        struct Free<'a, T, S>(&'a mut Node<T, S>, usize);

        impl<T, S> Drop for Free<'_, T, S> {
            fn drop(&mut self) {
                // SAFETY: unique, with a block of this shape, whose contents were dropped.
                unsafe { self.0.free(Shape::Leaf(self.1)) }
            }
        }

        let entries = ptr::slice_from_raw_parts_mut(self.node.entries_ptr(), self.len);
        let _free = Free(&mut self.node, self.room);
        // SAFETY: `len` entries are initialised, and dropped once.
        unsafe { ptr::drop_in_place(entries) };
    }
}

/// A builder of an inner node from its children in order.
pub(crate) struct InnerBuilder<T, S> {
    /// A block of the shape of `room` children.
    node: ManuallyDrop<Node<T, S>>,
    room: usize,
    len: usize,
    size: usize,
}

impl<T, S> InnerBuilder<T, S> {
    /// Creates a builder of an inner node of exactly `room` children, at this height.
    #[inline]
    pub(crate) fn new(room: usize, height: usize) -> Self {
        if room == 0 || room > Node::<T, S>::MAX_CHILDREN || height == 0 || height > usize::from(u8::MAX) {
            crate::abort::abort();
        }
        Self {
            node: Node::allocate(Shape::Inner(room), height as u8),
            room,
            len: 0,
            size: 0,
        }
    }

    /// Appends a child, with the separator before it, which the first child lacks. Aborts the process if there is no
    /// room.
    #[inline]
    pub(crate) fn push(&mut self, separator: Option<S>, child: Node<T, S>, size: usize) {
        if self.len >= self.room || separator.is_some() != (self.len > 0) {
            crate::abort::abort();
        }
        // SAFETY: the block has room for `room` children.
        unsafe {
            if let Some(separator) = separator {
                self.node.separators_ptr().add(self.len - 1).write(separator);
            }
            self.node.children_ptr(self.room).add(self.len).write(child);
            self.node.sizes_ptr(self.room).add(self.len).write(size);
        }
        self.len += 1;
        self.size += size;
    }

    /// Returns the node. Aborts the process if children are missing.
    #[inline]
    pub(crate) fn finish(self) -> Node<T, S> {
        if self.len != self.room {
            crate::abort::abort();
        }
        let mut this = ManuallyDrop::new(self);
        let (len, size) = (this.len, this.size);
        // SAFETY: the block has all contents of its shape, and is moved out once.
        unsafe {
            this.node.size_ptr().write(size);
            this.node.set_len(len);
            this.node.update_hint(0);
            ManuallyDrop::take(&mut this.node)
        }
    }
}

/// Drops the items pushed so far.
impl<T, S> Drop for InnerBuilder<T, S> {
    fn drop(&mut self) {
        let separators = ptr::slice_from_raw_parts_mut(self.node.separators_ptr(), self.len.saturating_sub(1));
        let children = ptr::slice_from_raw_parts_mut(self.node.children_ptr(self.room), self.len);
        // SAFETY: these items are initialised, and dropped once; the block has the shape of `room`. If a drop panics, the
        // rest leaks.
        unsafe {
            ptr::drop_in_place(separators);
            ptr::drop_in_place(children);
            self.node.free(Shape::Inner(self.room));
        }
    }
}

impl<T, S> Node<T, S> {
    /// Creates an inner node of two children.
    pub(crate) fn pair(left: Self, separator: S, right: Self) -> Self {
        let (left_size, right_size) = (left.size(), right.size());
        let mut node = InnerBuilder::new(2, left.height() + 1);
        node.push(None, left, left_size);
        node.push(Some(separator), right, right_size);
        node.finish()
    }
}
