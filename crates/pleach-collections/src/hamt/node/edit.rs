//! Changes to a node.

use super::tags::{insert_tag, remove_tag, tags_upto};
use super::*;

/// Edits, in place if the node has no other owner, else in a copy. Whatever they clone they clone first, so a panicking
/// `Clone` changes nothing.
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
                let mut place = copy.children_ptr();
                for child in self.children() {
                    // SAFETY: the new block has room for as many children as this one has.
                    unsafe {
                        place.write(child.clone());
                        place = place.add(1);
                    }
                }
                ManuallyDrop::into_inner(copy)
            }
        }
    }

    /// Entry `at` of a leaf, if it has so many.
    #[inline]
    pub(crate) fn entry_mut(&mut self, at: usize) -> Option<&mut (K, V)> {
        self.unshare();
        let len = self.len();
        // SAFETY: unique by now, and `at` is less than the number of entries (Shape).
        (at < len).then(|| unsafe { &mut *self.entries_ptr(len).add(at) })
    }

    /// The entries of a leaf, for writing values: keys must stay.
    pub(crate) fn entries_mut(&mut self) -> &mut [(K, V)] {
        self.unshare();
        let len = self.len();
        // SAFETY: unique by now, and a block has as many entries as it says (Shape).
        unsafe { std::slice::from_raw_parts_mut(self.entries_ptr(len), len) }
    }

    /// The children of an inner node, for writing values: the number of entries below must stay.
    pub(crate) fn children_mut(&mut self) -> &mut [Option<Self>] {
        self.unshare();
        let count = self.starts().count_ones() as usize;
        // SAFETY: as for entries.
        unsafe { std::slice::from_raw_parts_mut(self.children_ptr(), count) }
    }

    /// The child of an inner node that serves `slot`, or of a leaf nothing. If the child gains or loses an entry, this
    /// node must be told.
    #[inline]
    pub(crate) fn child_mut(&mut self, slot: u32) -> Option<&mut Option<Self>> {
        self.unshare();
        let starts = self.starts();
        if starts == 0 {
            return None;
        }
        // SAFETY: unique by now; for the place, see `child`.
        Some(unsafe { &mut *self.children_ptr().add(Self::place(starts, slot)) })
    }

    /// As [`child_mut`](Self::child_mut), for a child that will gain an entry, which is counted.
    #[inline]
    pub(crate) fn growing_child(&mut self, slot: u32) -> Option<&mut Option<Self>> {
        if self.is_leaf() {
            return None;
        }
        self.unshare();
        let size = self.stored_size();
        // SAFETY: unique by now, and no leaf; for the place, see `child`.
        unsafe {
            *self.size_ptr() = if size < SIZE_CAP { size + 1 } else { SIZE_CAP };
            Some(&mut *self.children_ptr().add(Self::place(self.header().kind, slot)))
        }
    }

    /// As [`child_mut`](Self::child_mut), for a child that will lose an entry, which is counted; not in a node that is
    /// [vast](Self::is_vast).
    #[inline]
    pub(crate) fn shrinking_child(&mut self, slot: u32) -> Option<&mut Option<Self>> {
        if self.is_leaf() {
            return None;
        }
        self.unshare();
        // SAFETY: unique by now, and no leaf; for the place, see `child`.
        unsafe {
            *self.size_ptr() -= 1;
            Some(&mut *self.children_ptr().add(Self::place(self.header().kind, slot)))
        }
    }

    /// Counts an entry more, one that a child has gained.
    #[inline]
    pub(crate) fn child_grew(&mut self) {
        if !self.is_leaf() {
            self.unshare();
            let size = self.stored_size();
            // SAFETY: unique by now, and no leaf.
            unsafe { *self.size_ptr() = if size < SIZE_CAP { size + 1 } else { SIZE_CAP } }
        }
    }

    /// Counts an entry less, one that a child has lost.
    #[inline]
    pub(crate) fn child_shrank(&mut self) {
        if !self.is_leaf() {
            self.unshare();
            let size = self.stored_size();
            let size = if size < SIZE_CAP {
                size.saturating_sub(1)
            } else {
                capped(self.large_size())
            };
            // SAFETY: as in `child_grew`.
            unsafe { *self.size_ptr() = size }
        }
    }

    /// Where in a leaf an entry of this tag belongs: behind the others.
    #[inline]
    fn place_of_tag(&self, tag: u16) -> usize {
        let len = self.len();
        if len == 0 || len > TAGS {
            return self.tags().partition_point(|t| *t <= tag);
        }
        // SAFETY: there are at least `TAGS` tags in a leaf (Shape).
        (unsafe { tags_upto(self.tags_ptr(), tag) } & ((1 << len) - 1)).count_ones() as usize
    }

    /// A leaf's entries, and one more.
    pub(crate) fn with_entry(&self, tag: u16, entry: (K, V)) -> Self {
        let at = self.place_of_tag(tag);
        let (tags, entries) = (self.tags(), self.entries());
        let mut leaf = LeafBuilder::new(entries.len() + 1);
        leaf.extend(&tags[..at], &entries[..at]);
        leaf.push(tag, entry);
        leaf.extend(&tags[at..], &entries[at..]);
        leaf.finish()
    }

    /// Adds an entry to a leaf, behind those of its tag.
    pub(crate) fn insert_entry(&mut self, tag: u16, entry: (K, V)) {
        if !self.is_leaf() {
            return;
        }
        if !self.is_unique() {
            *self = self.with_entry(tag, entry);
            return;
        }
        let (len, at) = (self.len(), self.place_of_tag(tag));
        if len >= TAGS {
            return self.insert_into_many(at, tag, entry);
        }
        // SAFETY: unique. The block gets the layout of a leaf with one entry more, and what is behind `at` moves up by one, for
        // which there is room; no user code runs till the shape is true again.
        unsafe {
            if grows_at::<K, V>(len) {
                self.reallocate(Shape::Leaf(len), Shape::Leaf(len + 1));
            }
            let place = self.entries_ptr(TAGS).add(at);
            ptr::copy(place, place.add(1), len - at);
            place.write(entry);
            insert_tag(self.tags_ptr(), at, tag);
            self.header_mut().kind += 2;
        }
    }

    /// Adds an entry to a unique leaf that has tags beyond the first block, or will have.
    #[cold]
    fn insert_into_many(&mut self, at: usize, tag: u16, entry: (K, V)) {
        let len = self.len();
        let kind = kind_of_leaf(len + 1);
        // SAFETY: as in `insert_entry`; besides, the entries go where a leaf with one more has them.
        unsafe {
            if room::<K, V>(len + 1) != room::<K, V>(len) || entries_at::<K, V>(len) != entries_at::<K, V>(len + 1) {
                self.reallocate(Shape::Leaf(len), Shape::Leaf(len + 1));
            }
            let (old, new) = (self.entries_ptr(len), self.entries_ptr(len + 1));
            if old != new {
                ptr::copy(old, new, len);
                ptr::write_bytes(self.tags_ptr().add(len), 0, TAGS);
            }
            ptr::copy(new.add(at), new.add(at + 1), len - at);
            new.add(at).write(entry);
            let tags = self.tags_ptr();
            ptr::copy(tags.add(at), tags.add(at + 1), len - at);
            tags.add(at).write(tag);
            self.header_mut().kind = kind;
        }
    }

    /// A leaf's entries without that at `at`, and that one; of more than one entry.
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

    /// Takes entry `at` out of a leaf of more than one entry.
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
        if len > TAGS {
            return self.remove_from_many(at);
        }
        // SAFETY: unique, with more than `at` entries. What is behind `at` moves down by one, and the block gets the layout of a
        // leaf with one less; no user code runs till the shape is true again.
        unsafe {
            let place = self.entries_ptr(TAGS).add(at);
            let taken = place.read();
            ptr::copy(place.add(1), place, len - at - 1);
            remove_tag(self.tags_ptr(), at);
            self.header_mut().kind -= 2;
            if grows_at::<K, V>(len - 1) {
                self.reallocate(Shape::Leaf(len), Shape::Leaf(len - 1));
            }
            Some(taken)
        }
    }

    /// Takes entry `at`, which is there, out of a unique leaf that has tags beyond the first block.
    #[cold]
    fn remove_from_many(&mut self, at: usize) -> Option<(K, V)> {
        let len = self.len();
        // SAFETY: as in `remove_entry`; besides, the entries go where a leaf with one less has them.
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

    /// Takes the entries from place `at` on out of a leaf, as a leaf. Both must have some.
    pub(crate) fn split_off(&mut self, at: usize) -> Option<Self> {
        let len = self.len();
        if at == 0 || at >= len {
            return None;
        }
        self.unshare();
        let mut high = LeafBuilder::new(len - at);
        // SAFETY: unique by now. The entries from `at` on move to the new block, those before to where a smaller leaf has
        // them; no user code runs till the shape is true again.
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

    /// Splits the group of an inner node that `slot` is in: what serves `slot` and those behind, in that group, will be
    /// `child`, whose entries the group's child has lost.
    pub(crate) fn insert_child(&mut self, slot: u32, child: Self) {
        self.unshare();
        let starts = self.starts();
        if starts == 0 || starts >> slot & 1 == 1 {
            return;
        }
        let (count, at) = (starts.count_ones() as usize, Self::place(starts, slot) + 1);
        // SAFETY: unique by now. The block gets room for another child, those behind move up, and the shape is true again.
        unsafe {
            self.reallocate(Shape::Inner(count), Shape::Inner(count + 1));
            let place = self.children_ptr().add(at);
            ptr::copy(place, place.add(1), count - at);
            place.write(Some(child));
            self.set_starts(starts | 1 << slot);
        }
    }

    /// Gives the slots of the group that starts at `slot`, and is not the first, to the group before. Takes out its child,
    /// whose entries that group must get.
    pub(crate) fn remove_child(&mut self, slot: u32) -> Option<Self> {
        self.unshare();
        let starts = self.starts();
        if slot == 0 || starts >> slot & 1 == 0 {
            return None;
        }
        let (count, at) = (starts.count_ones() as usize, Self::place(starts, slot));
        // SAFETY: unique by now. The child is taken out, those behind move down, and the shape is true again.
        unsafe {
            let place = self.children_ptr().add(at);
            let child = place.read();
            ptr::copy(place.add(1), place, count - at - 1);
            self.reallocate(Shape::Inner(count), Shape::Inner(count - 1));
            self.set_starts(starts & !(1 << slot));
            child
        }
    }

    /// Writes which groups there are, after the children.
    ///
    /// # Safety
    /// The node is unique, an inner one, and has as many children as `starts` has bits, bit 0 among them.
    unsafe fn set_starts(&mut self, starts: Bits) {
        // SAFETY: unique; and a block's address is not 0.
        unsafe {
            self.header_mut().kind = starts;
            self.pointer = NonNull::new_unchecked(self.block()).map_addr(|address| address | bits_of(starts));
        }
    }

    /// Adds the entries of another leaf behind a leaf's, which must fit in one; or the process ends. Clones nothing if
    /// neither has another owner.
    pub(crate) fn append(&mut self, mut high: Self) {
        self.unshare();
        high.unshare();
        let (len, more) = (self.len(), high.len());
        if len == 0 || more == 0 || len + more > TAGS {
            std::process::abort();
        }
        // SAFETY: both unique by now. This block gets the layout of a leaf of all entries; they are moved there, up to
        // `TAGS`, so that those it has stay where they are, and the other block is freed without them.
        unsafe {
            self.reallocate(Shape::Leaf(len), Shape::Leaf(len + more));
            let mut high = ManuallyDrop::new(high);
            ptr::copy_nonoverlapping(high.entries_ptr(more), self.entries_ptr(len).add(len), more);
            ptr::copy_nonoverlapping(high.tags_ptr(), self.tags_ptr().add(len), more);
            self.header_mut().kind = kind_of_leaf(len + more);
            high.free(Shape::Leaf(more));
        }
    }

    /// Puts `new` children in the place of those in the range `at`, with all the groups' `starts`. Their sizes together
    /// must be the same as before, but for `more` entries.
    pub(crate) fn replace_children(
        &mut self,
        at: std::ops::Range<usize>,
        new: Children<K, V>,
        starts: Bits,
        more: u32,
    ) {
        if self.is_leaf() {
            return;
        }
        let size = self.stored_size();
        let size = if size < SIZE_CAP { size + more } else { SIZE_CAP };
        self.unshare();
        let old = self.take_children();
        let mut children = Children::new();
        let mut old = old.into_iter();
        children.extend(old.by_ref().take(at.start));
        children.extend(new);
        children.extend(old.skip(at.len()));
        *self = Self::inner_of_size(starts, children, size);
    }

    /// The children of a unique inner node, which are none thereafter.
    fn take_children(&mut self) -> Children<K, V> {
        let count = self.children().len();
        let mut children = Children::with_capacity(count);
        for at in 0..count {
            // SAFETY: unique; there are so many children.
            children.push(unsafe { (*self.children_ptr().add(at)).take() });
        }
        children
    }

    /// Moves the entries of a leaf out: one that is shared is cloned.
    pub(crate) fn into_items(self) -> Vec<(u16, (K, V))> {
        let tags: SmallVec<[u16; TAGS]> = self.tags().into();
        let mut parts = Parts::of(self);
        tags.into_iter()
            .map_while(|tag| Some((tag, parts.next_entry()?)))
            .collect()
    }
}
