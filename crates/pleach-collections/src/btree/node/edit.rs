//! Edits of a node.
//!
//! All clones come first, when a node is made unique. Editing a unique node only moves entries, so it runs no user code.

use super::*;

/// A unique node, which may be edited.
///
/// The sizes of inner nodes are the caller's to keep true: no `unsafe` code relies on them.
pub(crate) struct Unique<'a, T, S>(&'a mut Node<T, S>);

impl<T, S> Node<T, S> {
    /// Returns the node for editing, if this is the only pointer to it.
    #[inline]
    pub(crate) fn unique(&mut self) -> Option<Unique<'_, T, S>> {
        if self.is_unique() { Some(Unique(self)) } else { None }
    }

    /// Changes the block from the shape of `from` entries, or a roomy one, to that of `to`, and keeps the entries that
    /// both have room for.
    ///
    /// # Safety
    /// The node is a unique leaf. The caller makes `len` true before user code runs.
    #[inline]
    pub(super) unsafe fn resize_leaf(&mut self, from: usize, to: usize) {
        let from = if self.is_roomy() { Self::MAX_LEN } else { from };
        // SAFETY: the caller's promise.
        unsafe {
            if capacity::<T>(from) != capacity::<T>(to) {
                self.reallocate(Shape::Leaf(from), Shape::Leaf(to));
            }
            self.header_mut().hint = 0;
        }
    }

    /// Gives a leaf of `len` entries room for a full one's.
    ///
    /// # Safety
    /// The node is a unique leaf of a tree without keys.
    #[inline]
    unsafe fn make_roomy(&mut self, len: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            self.resize_leaf(len, Self::MAX_LEN);
            self.header_mut().hint = ROOMY;
        }
    }

    /// Makes the hint of an inner node satisfy invariant 8. The children up to `known` have the sizes that they had.
    ///
    /// # Safety
    /// The node is a unique inner node.
    #[inline]
    pub(super) unsafe fn update_hint(&mut self, known: usize) {
        if is_keyless::<S>() {
            let hint = self.hint(known);
            // SAFETY: the caller's promise.
            unsafe { self.header_mut().hint = hint };
        }
    }

    /// # Safety
    /// As for [`resize_leaf`](Self::resize_leaf).
    #[inline(never)]
    unsafe fn reallocate(&mut self, from: Shape, to: Shape) {
        let (old, new) = (Self::layout(from), Self::layout(to));
        // SAFETY: allocated with the layout `old`; the new size is not 0, and was checked by `layout`.
        let block = unsafe { realloc(self.block().cast(), old, new.size()) };
        let Some(block) = NonNull::new(block.cast::<Header>()) else {
            handle_alloc_error(new)
        };
        let tag = self.pointer.addr().get() & INNER;
        self.pointer = block.map_addr(|address| address | tag);
    }

    /// Moves the contents to a block of the shape of `to` children, if that is another shape. Items that it has no room
    /// for are forgotten.
    ///
    /// # Safety
    /// The node is a unique inner node of `from` children. The caller makes `len` true before user code runs.
    #[inline]
    unsafe fn resize_inner(&mut self, from: usize, to: usize) {
        if capacity_of_inner(from) == capacity_of_inner(to) {
            return;
        }
        let mut new = Self::allocate(Shape::Inner(to), self.header().height);
        let count = from.min(to);
        // SAFETY: both blocks have room for as many items. The old block is freed with its shape, and its contents have
        // moved.
        unsafe {
            new.size_ptr().write(*self.size_ptr());
            ptr::copy_nonoverlapping(self.separators_ptr(), new.separators_ptr(), count.saturating_sub(1));
            ptr::copy_nonoverlapping(self.children_ptr(from), new.children_ptr(to), count);
            ptr::copy_nonoverlapping(self.sizes_ptr(from), new.sizes_ptr(to), count);
            new.set_len(count);
            new.header_mut().hint = self.header().hint;
            self.free(Shape::Inner(from));
        }
        self.pointer = new.pointer;
    }
}

impl<T: Clone, S: Clone> Node<T, S> {
    /// Makes this the only pointer to its node, by a copy if it is shared.
    #[inline]
    pub(crate) fn make_unique(&mut self) -> Unique<'_, T, S> {
        if !self.is_unique() {
            let copy = self.copy();
            // Old owners may be gone by now. If the drop of an entry panics, the copy is in place.
            drop(core::mem::replace(self, copy));
        }
        Unique(self)
    }

    #[inline(never)]
    fn copy(&self) -> Self {
        if self.is_leaf() {
            let mut leaf = LeafBuilder::new(self.len());
            leaf.extend(self.entries());
            return leaf.finish().unwrap_or_else(|| crate::abort::abort());
        }
        self.slice(0, self.len())
    }

    /// Returns an inner node of this inner node's children from `start` to `end`, at least one.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        let (children, sizes) = (&self.children()[start..end], &self.sizes()[start..end]);
        children.iter().for_each(Self::prefetch);
        let mut node = InnerBuilder::new(children.len(), self.height());
        let separators = &self.separators()[start..];
        for (i, child) in children.iter().enumerate() {
            let separator = (i > 0).then(|| separators[i - 1].clone());
            node.push(separator, child.clone(), sizes[i]);
        }
        node.finish()
    }

    /// Returns this leaf with an entry inserted.
    pub(crate) fn with_entry(&self, at: usize, entry: T) -> Self {
        let (before, after) = self.entries().split_at(at);
        let mut leaf = LeafBuilder::new(self.len() + 1);
        leaf.extend(before);
        leaf.push(entry);
        leaf.extend(after);
        leaf.finish().unwrap_or_else(|| crate::abort::abort())
    }
}

impl<'a, T, S> Unique<'a, T, S> {
    /// The node.
    #[inline]
    pub(crate) fn node(&self) -> &Node<T, S> {
        self.0
    }

    /// The entries of a leaf; none of an inner node.
    #[inline]
    pub(crate) fn into_entries(self) -> &'a mut [T] {
        let node = self.0;
        let len = if node.is_leaf() { node.len() } else { 0 };
        // SAFETY: unique, with `len` initialised entries (Shape).
        unsafe { core::slice::from_raw_parts_mut(node.entries_ptr(), len) }
    }

    /// The children of an inner node; none of a leaf.
    #[inline]
    pub(crate) fn into_children(self) -> &'a mut [Node<T, S>] {
        let node = self.0;
        if node.is_leaf() {
            return &mut [];
        }
        let len = node.len();
        // SAFETY: unique, with `len` initialised children (Shape).
        unsafe { core::slice::from_raw_parts_mut(node.children_ptr(len), len) }
    }

    #[inline]
    pub(crate) fn reborrow(&mut self) -> Unique<'_, T, S> {
        Unique(self.0)
    }

    #[inline]
    pub(crate) fn child(&mut self, index: usize) -> &mut Node<T, S> {
        &mut self.reborrow().into_children()[index]
    }

    /// Sets the size of a child, and with it the node's.
    #[inline]
    pub(crate) fn set_size(&mut self, index: usize, size: usize) {
        let len = self.0.len();
        assert!(!self.0.is_leaf() && index < len, "there is a child");
        // SAFETY: unique, with this child (Shape).
        unsafe {
            let old = core::mem::replace(&mut *self.0.sizes_ptr(len).add(index), size);
            let sum = &mut *self.0.size_ptr();
            *sum = sum.wrapping_sub(old).wrapping_add(size);
            self.0.update_hint(index.saturating_sub(1));
        }
    }

    /// Inserts an entry into a leaf that isn't full.
    #[inline]
    pub(crate) fn insert_entry(&mut self, at: usize, entry: T) {
        let len = self.0.len();
        assert!(
            self.0.is_leaf() && at <= len && len < Node::<T, S>::MAX_LEN,
            "there is room for an entry"
        );
        // SAFETY: a unique leaf, which has room for one more entry after the call.
        unsafe {
            self.0.resize_leaf(len, len + 1);
            let place = self.0.entries_ptr().add(at);
            ptr::copy(place, place.add(1), len - at);
            place.write(entry);
            self.0.set_len(len + 1);
        }
    }

    /// Inserts an entry into a leaf that isn't full, and is probably given more. Amortised O(1) but for the entries after
    /// it.
    #[inline]
    pub(crate) fn grow(&mut self, at: usize, entry: T) {
        let len = self.0.len();
        assert!(
            is_keyless::<S>() && self.0.is_leaf() && at <= len && len < Node::<T, S>::MAX_LEN,
            "there is room for an entry"
        );
        // SAFETY: a unique leaf, which has room for one more entry once it is roomy or resized, or if its capacity isn't
        // reached.
        unsafe {
            if !self.0.is_roomy() && capacity::<T>(len) == len {
                if len >= Node::<T, S>::ROOMY_FROM {
                    self.0.make_roomy(len);
                } else {
                    self.0.resize_leaf(len, len + 1);
                }
            }
            let place = self.0.entries_ptr().add(at);
            ptr::copy(place, place.add(1), len - at);
            place.write(entry);
            self.0.set_len(len + 1);
        }
    }

    /// Removes an entry of a leaf that probably loses or is given more. A leaf without entries must be dropped.
    #[inline]
    pub(crate) fn shrink(&mut self, at: usize) -> T {
        let len = self.0.len();
        if is_keyless::<S>() && self.0.is_leaf() && capacity::<T>(len) >= Node::<T, S>::MAX_LEN {
            // SAFETY: a unique leaf, which has this room.
            unsafe { self.0.header_mut().hint = ROOMY };
        }
        if !self.0.is_roomy() {
            return self.remove_entry(at);
        }
        assert!(at < len, "there is such an entry");
        // SAFETY: a unique leaf, of which this entry is moved out once, and which stays roomy.
        unsafe {
            let place = self.0.entries_ptr().add(at);
            let entry = ptr::read(place);
            ptr::copy(place.add(1), place, len - at - 1);
            self.0.set_len(len - 1);
            entry
        }
    }

    /// Removes an entry of a leaf. A leaf without entries must be dropped.
    #[inline]
    pub(crate) fn remove_entry(&mut self, at: usize) -> T {
        let len = self.0.len();
        assert!(self.0.is_leaf() && at < len, "there is such an entry");
        // SAFETY: a unique leaf, of which this entry is moved out once.
        unsafe {
            let place = self.0.entries_ptr().add(at);
            let entry = ptr::read(place);
            ptr::copy(place.add(1), place, len - at - 1);
            self.0.resize_leaf(len, len - 1);
            self.0.set_len(len - 1);
            entry
        }
    }

    /// Splits a leaf: returns one of the entries from `at` on.
    pub(crate) fn split_entries(&mut self, at: usize) -> Node<T, S> {
        let len = self.0.len();
        assert!(self.0.is_leaf() && at <= len, "there are entries to split off");
        let count = len - at;
        let mut right = Node::allocate(Shape::Leaf(count), 0);
        // SAFETY: the new block has room for the entries, which move there; the old one is resized to those left.
        unsafe {
            ptr::copy_nonoverlapping(self.0.entries_ptr().add(at), right.entries_ptr(), count);
            right.set_len(count);
            self.0.resize_leaf(len, at);
            self.0.set_len(at);
        }
        ManuallyDrop::into_inner(right)
    }

    /// Inserts a child into an inner node that isn't full. `separator` is between it and its neighbour: the left one,
    /// if there is one.
    #[inline]
    pub(crate) fn insert_child(&mut self, at: usize, separator: S, child: Node<T, S>) {
        let (len, size) = (self.0.len(), child.size());
        assert!(
            !self.0.is_leaf() && at <= len && len < Node::<T, S>::MAX_CHILDREN,
            "there is room for a child"
        );
        let between = at.saturating_sub(1);
        // SAFETY: a unique inner node, which has room for one more child after the call.
        unsafe {
            self.0.resize_inner(len, len + 1);
            let separators = self.0.separators_ptr().add(between);
            ptr::copy(separators, separators.add(1), len - 1 - between);
            separators.write(separator);
            let children = self.0.children_ptr(len + 1).add(at);
            ptr::copy(children, children.add(1), len - at);
            children.write(child);
            let sizes = self.0.sizes_ptr(len + 1).add(at);
            ptr::copy(sizes, sizes.add(1), len - at);
            sizes.write(size);
            self.0.set_len(len + 1);
            let sum = &mut *self.0.size_ptr();
            *sum = sum.wrapping_add(size);
            self.0.update_hint(at.saturating_sub(1));
        }
    }

    /// Removes a child other than the first of an inner node, and returns the separator before it and the child.
    pub(crate) fn remove_child(&mut self, at: usize) -> (S, Node<T, S>) {
        let len = self.0.len();
        assert!(!self.0.is_leaf() && 0 < at && at < len, "there is such a child");
        // SAFETY: a unique inner node, of which these items are moved out once.
        unsafe {
            let separators = self.0.separators_ptr().add(at - 1);
            let separator = ptr::read(separators);
            ptr::copy(separators.add(1), separators, len - 1 - at);
            let children = self.0.children_ptr(len).add(at);
            let child = ptr::read(children);
            ptr::copy(children.add(1), children, len - at - 1);
            let sizes = self.0.sizes_ptr(len).add(at);
            let size = *sizes;
            ptr::copy(sizes.add(1), sizes, len - at - 1);
            let sum = &mut *self.0.size_ptr();
            *sum = sum.wrapping_sub(size);
            self.0.resize_inner(len, len - 1);
            self.0.set_len(len - 1);
            self.0.update_hint(at - 1);
            (separator, child)
        }
    }

    /// Splits an inner node: returns one of the children from `at` on, and the separator before it.
    pub(crate) fn split_children(&mut self, at: usize) -> (S, Node<T, S>) {
        let len = self.0.len();
        assert!(
            !self.0.is_leaf() && 0 < at && at < len,
            "there are children to split off"
        );
        let count = len - at;
        let right_size: usize = self.0.sizes()[at..].iter().sum();
        let mut right = Node::allocate(Shape::Inner(count), self.0.header().height);
        // SAFETY: the new block has room for the items, which move there; the old one is resized to those left.
        unsafe {
            let separator = ptr::read(self.0.separators_ptr().add(at - 1));
            ptr::copy_nonoverlapping(self.0.separators_ptr().add(at), right.separators_ptr(), count - 1);
            ptr::copy_nonoverlapping(self.0.children_ptr(len).add(at), right.children_ptr(count), count);
            ptr::copy_nonoverlapping(self.0.sizes_ptr(len).add(at), right.sizes_ptr(count), count);
            right.size_ptr().write(right_size);
            right.set_len(count);
            right.update_hint(0);
            let sum = &mut *self.0.size_ptr();
            *sum = sum.wrapping_sub(right_size);
            self.0.resize_inner(len, at);
            self.0.set_len(at);
            self.0.update_hint(at);
            (separator, ManuallyDrop::into_inner(right))
        }
    }

    /// Moves the contents of `right`, a unique node of the same height, to the end of this node. A separator between
    /// inner nodes is needed, and one between leaves returned. The two must fit in one node.
    pub(crate) fn append(&mut self, separator: S, mut right: Node<T, S>) -> Option<S> {
        let (len, more) = (self.0.len(), right.len());
        assert!(
            right.is_unique() && self.0.header().height == right.header().height && len + more <= self.0.max_len(),
            "the nodes fit in one"
        );
        let mut right = ManuallyDrop::new(right);
        // SAFETY: both are unique and of one kind, and the contents of `right` move once, before its block is freed.
        unsafe {
            if self.0.is_leaf() {
                self.0.resize_leaf(len, len + more);
                ptr::copy_nonoverlapping(right.entries_ptr(), self.0.entries_ptr().add(len), more);
                self.0.set_len(len + more);
                let shape = right.shape();
                right.free(shape);
                return Some(separator);
            }
            self.0.resize_inner(len, len + more);
            self.0.separators_ptr().add(len - 1).write(separator);
            ptr::copy_nonoverlapping(right.separators_ptr(), self.0.separators_ptr().add(len), more - 1);
            let all = len + more;
            ptr::copy_nonoverlapping(right.children_ptr(more), self.0.children_ptr(all).add(len), more);
            ptr::copy_nonoverlapping(right.sizes_ptr(more), self.0.sizes_ptr(all).add(len), more);
            let sum = &mut *self.0.size_ptr();
            *sum = sum.wrapping_add(*right.size_ptr());
            self.0.set_len(all);
            self.0.update_hint(len - 1);
            right.free(Shape::Inner(more));
        }
        None
    }

    /// Replaces an inner node of one child by that child.
    pub(crate) fn collapse(self) {
        let len = self.0.len();
        assert!(!self.0.is_leaf() && len == 1, "there is one child");
        // SAFETY: a unique inner node of one child, which moves out before the block is freed.
        unsafe {
            let child = ptr::read(self.0.children_ptr(1));
            self.0.free(Shape::Inner(1));
            ptr::write(self.0, child);
        }
    }
}
