//! Edits of a node.

use super::tags::{insert_tag, remove_tag, tags_upto};
use super::*;
use alloc::vec::Vec;

/// Edits in place if the node is unique, else in a copy. All clones come first, so that a panicking `Clone` changes
/// nothing.
impl<K: Clone, V: Clone> Node<K, V> {
    /// Makes this the only pointer to its node.
    #[inline]
    pub(crate) fn unshare(&mut self) {
        if !self.is_unique() {
            *self = self.copy();
        }
    }

    #[inline(never)]
    fn copy(&self) -> Self {
        match self.shape() {
            Shape::Leaf(len) => {
                let mut leaf = LeafBuilder::new(len);
                leaf.extend(self.tags(), self.entries());
                leaf.finish()
            }
            Shape::Inner(count) => {
                self.children().iter().flatten().for_each(Self::prefetch_count);
                let copy = ManuallyDrop::new(Self::allocate(Shape::Inner(count), self.starts()));
                // SAFETY: the new block has room for a size.
                unsafe { copy.size_ptr().write(self.stored_size()) };
                let mut target = copy.children_ptr();
                for child in self.children() {
                    // SAFETY: the new block has room for as many children as this one has.
                    unsafe {
                        target.write(child.clone());
                        target = target.add(1);
                    }
                }
                ManuallyDrop::into_inner(copy)
            }
        }
    }

    /// Entry `at` of a leaf, if present.
    #[inline]
    pub(crate) fn entry_mut(&mut self, at: usize) -> Option<&mut (K, V)> {
        self.unshare();
        let len = self.len();
        // SAFETY: unique by now, and `at` is less than the number of entries (Shape).
        (at < len).then(|| unsafe { &mut *self.entries_ptr(len).add(at) })
    }

    /// The entries of a leaf, whose values may be written but not their keys.
    pub(crate) fn entries_mut(&mut self) -> &mut [(K, V)] {
        self.unshare();
        let len = self.len();
        // SAFETY: unique by now, with `len` initialised entries (Shape).
        unsafe { core::slice::from_raw_parts_mut(self.entries_ptr(len), len) }
    }

    /// The children of an inner node, in which values may be written: the number of entries must not change.
    pub(crate) fn children_mut(&mut self) -> &mut [Option<Self>] {
        self.unshare();
        let count = self.starts().count_ones() as usize;
        // SAFETY: as for entries.
        unsafe { core::slice::from_raw_parts_mut(self.children_ptr(), count) }
    }

    /// The child of an inner node that serves `slot`; `None` for a leaf. After the child gained or lost an entry,
    /// [`child_grew`](Self::child_grew) or [`child_shrank`](Self::child_shrank) must be called.
    #[inline]
    pub(crate) fn child_mut(&mut self, slot: u32) -> Option<&mut Option<Self>> {
        self.unshare();
        let starts = self.starts();
        if starts == 0 {
            return None;
        }
        // SAFETY: unique by now; for the index, see `child`.
        Some(unsafe { &mut *self.children_ptr().add(Self::child_index(starts, slot)) })
    }

    /// As [`child_mut`](Self::child_mut), for a child that will gain an entry, which is added to the size.
    #[inline]
    pub(crate) fn growing_child(&mut self, slot: u32) -> Option<&mut Option<Self>> {
        if self.is_leaf() {
            return None;
        }
        self.unshare();
        let size = self.stored_size();
        // SAFETY: unique by now, and an inner node; for the index, see `child`.
        unsafe {
            *self.size_ptr() = if size < MAX_STORED_SIZE {
                size + 1
            } else {
                MAX_STORED_SIZE
            };
            Some(&mut *self.children_ptr().add(Self::child_index(self.header().kind, slot)))
        }
    }

    /// As [`child_mut`](Self::child_mut), for a child that will lose an entry, which is subtracted from the size; not
    /// for a node that [exceeds its stored size](Self::exceeds_stored_size).
    #[inline]
    pub(crate) fn shrinking_child(&mut self, slot: u32) -> Option<&mut Option<Self>> {
        if self.is_leaf() {
            return None;
        }
        self.unshare();
        // SAFETY: unique by now, and an inner node; for the index, see `child`.
        unsafe {
            *self.size_ptr() -= 1;
            Some(&mut *self.children_ptr().add(Self::child_index(self.header().kind, slot)))
        }
    }

    /// Adds an entry that a child has gained to the size.
    #[inline]
    pub(crate) fn child_grew(&mut self) {
        if !self.is_leaf() {
            self.unshare();
            let size = self.stored_size();
            // SAFETY: unique by now, and an inner node.
            unsafe {
                *self.size_ptr() = if size < MAX_STORED_SIZE {
                    size + 1
                } else {
                    MAX_STORED_SIZE
                }
            }
        }
    }

    /// Subtracts an entry that a child has lost from the size.
    #[inline]
    pub(crate) fn child_shrank(&mut self) {
        if !self.is_leaf() {
            self.unshare();
            let size = self.stored_size();
            let size = if size < MAX_STORED_SIZE {
                size.saturating_sub(1)
            } else {
                capped(self.large_size())
            };
            // SAFETY: as in `child_grew`.
            unsafe { *self.size_ptr() = size }
        }
    }

    /// The index in a leaf at which to insert an entry of this tag: after those with the same tag.
    #[inline]
    fn insertion_index(&self, tag: u16) -> usize {
        let len = self.len();
        if len == 0 || len > TAGS_PER_BLOCK {
            return self.tags().partition_point(|t| *t <= tag);
        }
        // SAFETY: a leaf has room for at least `TAGS_PER_BLOCK` tags, all initialised (Shape).
        (unsafe { tags_upto(self.tags_ptr(), tag) } & ((1 << len) - 1)).count_ones() as usize
    }

    /// Returns a copy of a leaf with one more entry.
    pub(crate) fn with_entry(&self, tag: u16, entry: (K, V)) -> Self {
        let at = self.insertion_index(tag);
        let (tags, entries) = (self.tags(), self.entries());
        let mut leaf = LeafBuilder::new(entries.len() + 1);
        leaf.extend(&tags[..at], &entries[..at]);
        leaf.push(tag, entry);
        leaf.extend(&tags[at..], &entries[at..]);
        leaf.finish()
    }

    /// Inserts an entry into a leaf, after those with the same tag.
    pub(crate) fn insert_entry(&mut self, tag: u16, entry: (K, V)) {
        if !self.is_leaf() {
            return;
        }
        if !self.is_unique() {
            *self = self.with_entry(tag, entry);
            return;
        }
        let (len, at) = (self.len(), self.insertion_index(tag));
        if len >= TAGS_PER_BLOCK {
            return self.insert_into_many(at, tag, entry);
        }
        // SAFETY: unique. The block gets the layout of a leaf with one entry more, and the entries from `at` on move up
        // by one, within the block; no user code runs until the shape is true again.
        unsafe {
            if grows_at::<K, V>(len) {
                self.reallocate(Shape::Leaf(len), Shape::Leaf(len + 1));
            }
            let target = self.entries_ptr(TAGS_PER_BLOCK).add(at);
            ptr::copy(target, target.add(1), len - at);
            target.write(entry);
            insert_tag(self.tags_ptr(), at, tag);
            self.header_mut().kind += 2;
        }
    }

    /// Inserts an entry into a unique leaf that has or will have more tags than [`TAGS_PER_BLOCK`].
    #[cold]
    fn insert_into_many(&mut self, at: usize, tag: u16, entry: (K, V)) {
        let len = self.len();
        let kind = kind_of_leaf(len + 1);
        // SAFETY: as in `insert_entry`; besides, the entries move to their offset in a leaf with one more.
        unsafe {
            if capacity::<K, V>(len + 1) != capacity::<K, V>(len)
                || entries_offset::<K, V>(len) != entries_offset::<K, V>(len + 1)
            {
                self.reallocate(Shape::Leaf(len), Shape::Leaf(len + 1));
            }
            let (old, new) = (self.entries_ptr(len), self.entries_ptr(len + 1));
            if old != new {
                ptr::copy(old, new, len);
                ptr::write_bytes(self.tags_ptr().add(len), 0, TAGS_PER_BLOCK);
            }
            ptr::copy(new.add(at), new.add(at + 1), len - at);
            new.add(at).write(entry);
            let tags = self.tags_ptr();
            ptr::copy(tags.add(at), tags.add(at + 1), len - at);
            tags.add(at).write(tag);
            self.header_mut().kind = kind;
        }
    }

    /// Returns a copy of a leaf of more than one entry without the one at `at`, and that entry.
    pub(crate) fn without_entry(&self, at: usize) -> Option<(Self, (K, V))> {
        let (tags, entries) = (self.tags(), self.entries());
        if at >= entries.len() || entries.len() < 2 {
            return None;
        }
        let taken = entries[at].clone();
        let mut leaf = LeafBuilder::new(entries.len() - 1);
        leaf.extend(&tags[..at], &entries[..at]);
        leaf.extend(&tags[at + 1..], &entries[at + 1..]);
        Some((leaf.finish(), taken))
    }

    /// Removes entry `at` from a leaf of more than one entry.
    pub(crate) fn remove_entry(&mut self, at: usize) -> Option<(K, V)> {
        let len = self.len();
        if at >= len || len < 2 {
            return None;
        }
        if !self.is_unique() {
            let (leaf, taken) = self.without_entry(at)?;
            *self = leaf;
            return Some(taken);
        }
        if len > TAGS_PER_BLOCK {
            return self.remove_from_many(at);
        }
        // SAFETY: unique, with more than `at` entries. The entries after `at` move down by one, and the block gets the
        // layout of a leaf with one less; no user code runs until the shape is true again.
        unsafe {
            let target = self.entries_ptr(TAGS_PER_BLOCK).add(at);
            let taken = target.read();
            ptr::copy(target.add(1), target, len - at - 1);
            remove_tag(self.tags_ptr(), at);
            self.header_mut().kind -= 2;
            if grows_at::<K, V>(len - 1) {
                self.reallocate(Shape::Leaf(len), Shape::Leaf(len - 1));
            }
            Some(taken)
        }
    }

    /// Removes entry `at`, which is present, from a unique leaf that has more tags than [`TAGS_PER_BLOCK`].
    #[cold]
    fn remove_from_many(&mut self, at: usize) -> Option<(K, V)> {
        let len = self.len();
        // SAFETY: as in `remove_entry`; besides, the entries move to their offset in a leaf with one less.
        unsafe {
            let (old, new) = (self.entries_ptr(len), self.entries_ptr(len - 1));
            let taken = old.add(at).read();
            ptr::copy(old.add(at + 1), old.add(at), len - at - 1);
            let tags = self.tags_ptr();
            ptr::copy(tags.add(at + 1), tags.add(at), len - at - 1);
            if old != new {
                ptr::copy(old, new, len - 1);
            }
            self.header_mut().kind -= 2;
            self.reallocate(Shape::Leaf(len), Shape::Leaf(len - 1));
            Some(taken)
        }
    }

    /// Splits the entries from `at` on off a leaf, as a leaf. Neither may be empty.
    pub(crate) fn split_off(&mut self, at: usize) -> Option<Self> {
        let len = self.len();
        if at == 0 || at >= len {
            return None;
        }
        self.unshare();
        let mut high = LeafBuilder::new(len - at);
        // SAFETY: unique by now. The entries from `at` on move to the new block, those before to their offset in the
        // smaller leaf; no user code runs until the shape is true again.
        unsafe {
            let (old, new) = (self.entries_ptr(len), self.entries_ptr(at));
            ptr::copy_nonoverlapping(old.add(at), high.node.entries_ptr(len - at), len - at);
            ptr::copy_nonoverlapping(self.tags_ptr().add(at), high.node.tags_ptr(), len - at);
            high.done = len - at;
            if old != new {
                ptr::copy(old, new, at);
            }
            self.reallocate(Shape::Leaf(len), Shape::Leaf(at));
            self.header_mut().kind = kind_of_leaf(at);
        }
        Some(high.finish())
    }

    /// Splits the group of `slot` in an inner node there: `slot` and the group's slots after it get `child`, whose
    /// entries were split off the group's child.
    pub(crate) fn insert_child(&mut self, slot: u32, child: Self) {
        self.unshare();
        let starts = self.starts();
        if starts == 0 || starts >> slot & 1 == 1 {
            return;
        }
        let (count, at) = (starts.count_ones() as usize, Self::child_index(starts, slot) + 1);
        // SAFETY: unique by now. The block gets room for another child, those after it move up, and the shape is true
        // again.
        unsafe {
            self.reallocate(Shape::Inner(count), Shape::Inner(count + 1));
            let target = self.children_ptr().add(at);
            ptr::copy(target, target.add(1), count - at);
            target.write(Some(child));
            self.set_starts(starts | 1 << slot);
        }
    }

    /// Joins the group that starts at `slot`, which isn't the first, with the one before it. Returns its child, whose
    /// entries the caller adds to the other group's.
    pub(crate) fn remove_child(&mut self, slot: u32) -> Option<Self> {
        self.unshare();
        let starts = self.starts();
        if slot == 0 || starts >> slot & 1 == 0 {
            return None;
        }
        let (count, at) = (starts.count_ones() as usize, Self::child_index(starts, slot));
        // SAFETY: unique by now. The child is moved out, those after it move down, and the shape is true again.
        unsafe {
            let target = self.children_ptr().add(at);
            let child = target.read();
            ptr::copy(target.add(1), target, count - at - 1);
            self.reallocate(Shape::Inner(count), Shape::Inner(count - 1));
            self.set_starts(starts & !(1 << slot));
            child
        }
    }

    /// Sets the groups, after the children are written.
    ///
    /// # Safety
    /// The node is unique, an inner one, and has as many children as `starts` has bits, bit 0 among them.
    unsafe fn set_starts(&mut self, starts: SlotBitmap) {
        // SAFETY: unique; and a block's address is not 0.
        unsafe {
            self.header_mut().kind = starts;
            self.pointer = NonNull::new_unchecked(self.block()).map_addr(|address| address | pointer_tag(starts));
        }
    }

    /// Appends the entries of another leaf. Both must fit in one, or the process is aborted. Clones nothing if both are
    /// unique.
    pub(crate) fn append(&mut self, mut high: Self) {
        self.unshare();
        high.unshare();
        let (len, more) = (self.len(), high.len());
        if len == 0 || more == 0 || len + more > TAGS_PER_BLOCK {
            crate::abort::abort();
        }
        // SAFETY: both unique by now. This block gets the layout of a leaf of all entries; they are moved there, up to
        // `TAGS_PER_BLOCK`, so that those it has stay where they are, and the other block is freed without them.
        unsafe {
            self.reallocate(Shape::Leaf(len), Shape::Leaf(len + more));
            let mut high = ManuallyDrop::new(high);
            ptr::copy_nonoverlapping(high.entries_ptr(more), self.entries_ptr(len).add(len), more);
            ptr::copy_nonoverlapping(high.tags_ptr(), self.tags_ptr().add(len), more);
            self.header_mut().kind = kind_of_leaf(len + more);
            high.free(Shape::Leaf(more));
        }
    }

    /// Replaces the children in the range `at` by `new` ones, and the groups by `starts`. The result has `more`
    /// entries.
    pub(crate) fn replace_children(
        &mut self,
        at: core::ops::Range<usize>,
        new: Children<K, V>,
        starts: SlotBitmap,
        more: u32,
    ) {
        if self.is_leaf() {
            return;
        }
        let size = self.stored_size();
        let size = if size < MAX_STORED_SIZE {
            size + more
        } else {
            MAX_STORED_SIZE
        };
        self.unshare();
        let old = self.take_children();
        let mut children = Children::new();
        let mut old = old.into_iter();
        children.extend(old.by_ref().take(at.start));
        children.extend(new);
        children.extend(old.skip(at.len()));
        *self = Self::inner_of_size(starts, children, size);
    }

    /// Moves the children out of a unique inner node.
    fn take_children(&mut self) -> Children<K, V> {
        let count = self.children().len();
        let mut children = Children::with_capacity(count);
        for at in 0..count {
            // SAFETY: unique, and `at` is less than the number of children (Shape).
            children.push(unsafe { (*self.children_ptr().add(at)).take() });
        }
        children
    }

    /// Returns the tags and entries of a leaf: moved if it is unique, else cloned.
    pub(crate) fn into_items(self) -> Vec<(u16, (K, V))> {
        let tags: SmallVec<[u16; TAGS_PER_BLOCK]> = self.tags().into();
        let mut parts = NodeIntoIter::of(self);
        tags.into_iter()
            .map_while(|tag| Some((tag, parts.next_entry()?)))
            .collect()
    }
}
