//! Nodes put together, and leaves taken apart.

use super::*;
use alloc::vec::Vec;

/// A leaf taken apart from the front: its values move out if it had no other owner, else they are cloned.
pub(crate) struct LeafIntoIter<V> {
    leaf: ManuallyDrop<Node<V>>,
    owned: bool,
    /// The number of values that were taken.
    taken: usize,
}

impl<V> LeafIntoIter<V> {
    pub(crate) fn of(leaf: Node<V>) -> Self {
        debug_assert!(leaf.is_leaf());
        Self {
            owned: !leaf.is_shared(),
            leaf: ManuallyDrop::new(leaf),
            taken: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.leaf.len()
    }

    #[inline]
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// The number of bytes behind the first `depth` of some suffixes.
    #[inline]
    pub(crate) fn bytes_below(&self, entries: core::ops::Range<usize>, depth: usize) -> u64 {
        let ends = self.leaf.ends();
        let start = entries.start.checked_sub(1).map_or(0, |before| ends[before]);
        let end = entries.end.checked_sub(1).map_or(0, |last| ends[last]);
        (usize::from(end - start) - entries.len() * depth) as u64
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        self.leaf.prefix()
    }

    pub(crate) fn shared_prefix(&self) -> Prefix<'_> {
        self.leaf.shared_prefix()
    }

    pub(crate) fn suffix(&self, index: usize) -> &[u8] {
        self.leaf.suffix(index)
    }

    /// The next value.
    #[inline]
    pub(crate) fn next_value(&mut self) -> Option<V>
    where
        V: Clone,
    {
        if self.taken == self.leaf.len() {
            return None;
        }
        // SAFETY: in the array of values. Each value of an owned leaf is read once.
        let value = unsafe {
            let value = self.leaf.values_ptr().add(self.taken);
            if self.owned { ptr::read(value) } else { (*value).clone() }
        };
        self.taken += 1;
        Some(value)
    }
}

impl<V> Drop for LeafIntoIter<V> {
    fn drop(&mut self) {
        // SAFETY: of an owned leaf the values that are left are dropped, once, and the block freed; a shared one is given up.
        unsafe {
            if !self.owned {
                return ManuallyDrop::drop(&mut self.leaf);
            }
            let (layout, taken, len) = (self.leaf.layout(), self.taken, self.leaf.len());
            let left = ptr::slice_from_raw_parts_mut(self.leaf.values_ptr().add(taken), len - taken);
            self.leaf.drop_prefix();
            let _free = Free(&mut self.leaf, layout);
            ptr::drop_in_place(left);
        }
    }
}

/// Makes a leaf of entries that come in the order of their keys.
pub(crate) struct LeafBuilder<V> {
    leaf: ManuallyDrop<Node<V>>,
    shape: LeafShape,
    layout: Layout,
    len: usize,
    /// The bytes that all suffixes will have, and those that were written.
    bytes: usize,
    written: usize,
    /// The number of entries that were pushed.
    done: usize,
    values: *mut V,
}

impl<V> LeafBuilder<V> {
    /// For a leaf of `len` entries, whose suffixes have this many bytes together.
    pub(crate) fn new(prefix: &Prefix<'_>, len: usize, bytes: usize) -> Self {
        Self::with_room(prefix, len, bytes, Room::Exact)
    }

    /// As [`new`](Self::new), with room for more entries.
    pub(crate) fn with_room(prefix: &Prefix<'_>, len: usize, bytes: usize, room: Room) -> Self {
        if len == 0 || len >= usize::from(HAS_END) || bytes > usize::from(u16::MAX) {
            crate::abort::abort();
        }
        let field = prefix.field();
        let shape = LeafShape::new(len, field);
        let spare = room.beyond::<V>(shape.layout::<V>(len, bytes, 0).size(), len, bytes);
        let layout = shape.layout::<V>(len, bytes, spare);
        let mut leaf = Node::allocate(layout, len as u16, field, 0);
        // SAFETY: the block has room for the tags and the prefix. All tags are read, those of no entry too.
        unsafe {
            (*leaf.head()).spare = spare;
            ptr::write_bytes(leaf.at::<u8>(TAGS_AT), 0, padded(len));
            leaf.write_prefix(prefix, shape.prefix_at);
        }
        Self {
            values: leaf.at(shape.values_at::<V>(bytes)),
            leaf: ManuallyDrop::new(leaf),
            shape,
            layout,
            len,
            bytes,
            written: 0,
            done: 0,
        }
    }

    /// Adds an entry whose suffix comes in two pieces.
    #[inline]
    pub(crate) fn push(&mut self, lead: &[u8], suffix: &[u8], value: V) {
        let written = self.written + lead.len() + suffix.len();
        if self.done == self.len || written > self.bytes {
            crate::abort::abort();
        }
        // SAFETY: the block has room for another entry and its bytes.
        unsafe {
            let to = self.leaf.at::<u8>(self.shape.suffixes_at + self.written);
            ptr::copy_nonoverlapping(lead.as_ptr(), to, lead.len());
            ptr::copy_nonoverlapping(suffix.as_ptr(), to.add(lead.len()), suffix.len());
            let whole = core::slice::from_raw_parts(to, lead.len() + suffix.len());
            self.leaf.at::<u8>(TAGS_AT + self.done).write(tag(whole));
            self.leaf
                .at::<u16>(self.shape.ends_at)
                .add(self.done)
                .write(written as u16);
            self.values.add(self.done).write(value);
        }
        self.written = written;
        self.done += 1;
    }

    /// Adds the next entries of a leaf, before the index `end`, whose prefix is this one's.
    #[inline]
    pub(crate) fn extend(&mut self, from: &mut LeafIntoIter<V>, end: usize)
    where
        V: Clone,
    {
        let (start, end) = (from.taken, end.min(from.leaf.len()));
        if !from.owned {
            from.taken = from.taken.max(end);
            return self.extend_cloned(&from.leaf, start..end);
        }
        if start < end {
            self.extend_keys(&from.leaf, start..end);
            // SAFETY: the block has room for so many values, as `extend_keys` found. They move, once.
            unsafe {
                let values = from.leaf.values_ptr().add(start);
                ptr::copy_nonoverlapping(values, self.values.add(self.done), end - start);
            }
            from.taken = end;
            self.done += end - start;
        }
    }

    /// Adds copies of some entries of a leaf, whose prefix is this one's.
    #[inline]
    pub(crate) fn extend_cloned(&mut self, from: &Node<V>, entries: core::ops::Range<usize>)
    where
        V: Clone,
    {
        if entries.start < entries.end {
            self.extend_keys(from, entries.clone());
            // Counted one by one, for a clone may panic.
            for value in &from.values()[entries] {
                // SAFETY: the block has room for so many values, as `extend_keys` found.
                unsafe { self.values.add(self.done).write(value.clone()) };
                self.done += 1;
            }
        }
    }

    /// Adds the keys of some entries, and no values.
    #[inline]
    fn extend_keys(&mut self, from: &Node<V>, entries: core::ops::Range<usize>) {
        let (start, count, ends) = (entries.start, entries.len(), from.ends());
        let first = start.checked_sub(1).map_or(0, |before| usize::from(ends[before]));
        let bytes = usize::from(ends[entries.end - 1]) - first;
        if self.len - self.done < count || self.bytes - self.written < bytes {
            crate::abort::abort();
        }
        // SAFETY: the block has room for as many entries and bytes.
        unsafe {
            let tags = from.at::<u8>(TAGS_AT + start);
            ptr::copy_nonoverlapping(tags, self.leaf.at::<u8>(TAGS_AT + self.done), count);
            let suffixes = from.suffixes().as_ptr().add(first);
            ptr::copy_nonoverlapping(suffixes, self.leaf.at(self.shape.suffixes_at + self.written), bytes);
            let to = self.leaf.at::<u16>(self.shape.ends_at).add(self.done);
            // In the type of the ends, so that the loop takes several at once.
            let shift = (self.written as u16).wrapping_sub(first as u16);
            for (index, old) in ends[entries].iter().enumerate() {
                to.add(index).write(old.wrapping_add(shift));
            }
        }
        self.written += bytes;
    }

    pub(crate) fn finish(self) -> Node<V> {
        if self.done != self.len || self.written != self.bytes {
            crate::abort::abort();
        }
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the block holds all of its shape, and is taken out once.
        unsafe { ManuallyDrop::take(&mut this.leaf) }
    }
}

/// A builder given up, as by a panic in `Clone`: drops the entries that it has.
impl<V> Drop for LeafBuilder<V> {
    fn drop(&mut self) {
        // SAFETY: so many values are initialised; the prefix is; nobody else has the block.
        unsafe {
            let values = ptr::slice_from_raw_parts_mut(self.values, self.done);
            self.leaf.drop_prefix();
            let _free = Free(&mut self.leaf, self.layout);
            ptr::drop_in_place(values);
        }
    }
}

/// Makes an inner node of children that come in order.
pub(crate) struct InnerBuilder<V> {
    node: ManuallyDrop<Node<V>>,
    shape: InnerShape,
    groups: usize,
    has_end: bool,
    /// The number of children that were pushed.
    done: usize,
}

impl<V> InnerBuilder<V> {
    /// For a node of this many groups, after the end if `has_end`.
    pub(crate) fn new(prefix: &Prefix<'_>, groups: usize, has_end: bool) -> Self {
        let children = groups + usize::from(has_end);
        if groups == 0 || groups > 256 || children < 2 {
            crate::abort::abort();
        }
        let (field, end) = (prefix.field(), if has_end { HAS_END } else { 0 });
        let shape = InnerShape::new(groups, has_end);
        let layout = shape.layout::<V>(field);
        let mut node = Node::allocate(layout, children as u16 | end, field, INNER);
        // SAFETY: the block has room for starts and prefix.
        unsafe {
            ptr::write_bytes(node.at::<u8>(STARTS_AT), u8::MAX, padded(groups));
            node.write_prefix(prefix, shape.prefix_at);
        }
        Self {
            node: ManuallyDrop::new(node),
            shape,
            groups,
            has_end,
            done: 0,
        }
    }

    /// Adds the end.
    pub(crate) fn push_end(&mut self, end: Node<V>) {
        if !self.has_end || self.done != 0 {
            crate::abort::abort();
        }
        // SAFETY: the block has room for it.
        unsafe { self.node.at::<Node<V>>(self.shape.children_at).write(end) };
        self.done = 1;
    }

    /// Adds the group of a range that has this byte; that of the range's other bytes, if any, follows from what else there is.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8, child: Node<V>) {
        let group = self.done.wrapping_sub(usize::from(self.has_end));
        if group >= self.groups {
            crate::abort::abort();
        }
        // SAFETY: the block has room for another group.
        unsafe {
            self.node.at::<u8>(STARTS_AT + group).write(byte);
            let children = self.node.at::<Node<V>>(self.shape.children_at);
            children.add(self.done).write(child);
        }
        self.done += 1;
    }

    /// Gives each range its first byte, counts what is below, and returns the node.
    pub(crate) fn finish(self) -> Node<V> {
        let sums = self.children().iter().fold((0_usize, 0_u64), |(size, weight), child| {
            (
                size + child.size(),
                weight + child.weight() + child.prefix().len() as u64 * child.size() as u64,
            )
        });
        self.finish_with(sums)
    }

    /// As [`finish`](Self::finish), with the number of keys below and the sum of their lengths after the prefix.
    pub(crate) fn finish_with(mut self, sums: (usize, u64)) -> Node<V> {
        self.set_sums(sums.0, sums.1);
        self.finish_counted()
    }

    fn children(&self) -> &[Node<V>] {
        // SAFETY: so many children are initialised.
        unsafe { core::slice::from_raw_parts(self.node.at(self.shape.children_at), self.done) }
    }

    fn set_sums(&mut self, size: usize, weight: u64) {
        // SAFETY: the block has sums, and nobody else has it.
        unsafe { (*self.node.apart()).sums = Sums { size, weight } }
    }

    fn finish_counted(self) -> Node<V> {
        if self.done != self.groups + usize::from(self.has_end) {
            crate::abort::abort();
        }
        let mut this = ManuallyDrop::new(self);
        let (groups, skip) = (this.groups, usize::from(this.has_end));
        // SAFETY: the block holds all of its shape, and is taken out once; the starts are written before.
        unsafe {
            let starts = this.node.at::<u8>(STARTS_AT);
            for group in 0..groups {
                if this.node.children()[group + skip].is_leaf() {
                    let width = this.node.width(group);
                    *starts.add(group) = first_of_range(*starts.add(group), width);
                }
            }
            ManuallyDrop::take(&mut this.node)
        }
    }
}

impl<V> Drop for InnerBuilder<V> {
    fn drop(&mut self) {
        let layout = self.shape.layout::<V>(self.node.header().prefix);
        // SAFETY: so many children are initialised, and the prefix is; nobody else has the block.
        unsafe {
            let children = ptr::slice_from_raw_parts_mut(self.node.at::<Node<V>>(self.shape.children_at), self.done);
            self.node.drop_prefix();
            let _free = Free(&mut self.node, layout);
            ptr::drop_in_place(children);
        }
    }
}

impl<V> Node<V> {
    /// Writes a new block's prefix.
    ///
    /// # Safety
    /// The block has room for it there, and had none before.
    #[inline]
    unsafe fn write_prefix(&mut self, prefix: &Prefix<'_>, at: usize) {
        let bytes = prefix.bytes();
        // SAFETY: room for as many bytes, or for a pointer, as the header says.
        unsafe {
            if bytes.len() <= MAX_PREFIX {
                ptr::copy_nonoverlapping(bytes.as_ptr(), self.at::<u8>(at), bytes.len());
            } else {
                let outside: Outside = match prefix {
                    Prefix::Bytes(bytes) => Shared::from(*bytes),
                    Prefix::Shared(outside) => Shared::clone(outside),
                };
                ptr::write_unaligned(self.at::<Outside>(at), outside);
            }
        }
    }

    /// Makes this the only pointer to its inner node. Runs no code of the user.
    #[inline]
    pub(crate) fn unshare_inner(&mut self) {
        debug_assert!(!self.is_leaf());
        if self.is_shared() {
            *self = self.copy_with_child(usize::MAX, None);
        }
    }

    /// A copy of an inner node with another child in the place of one.
    pub(crate) fn copy_with_child(&self, child: usize, new: Option<Self>) -> Self {
        if self.is_leaf() || (new.is_some() && child >= self.len()) {
            crate::abort::abort();
        }
        let (layout, header) = (self.layout(), self.header());
        let copy = ManuallyDrop::new(Self::allocate(layout, header.len, header.prefix, INNER));
        let rest = layout.size() - APART - STARTS_AT;
        // SAFETY: two blocks of this layout. All children of the copy, and its prefix, are counted or written before anybody
        // can see it. To count can't panic.
        unsafe {
            (*copy.apart()).sums = *self.sums();
            ptr::copy_nonoverlapping(self.at::<u8>(STARTS_AT), copy.at::<u8>(STARTS_AT), rest);
            let children = self.children();
            let (before, behind) = children.split_at(child.min(children.len()));
            let behind = if new.is_some() { &behind[1..] } else { behind };
            before.iter().chain(behind).for_each(|child| child.count().increment());
            if let Some(new) = new {
                copy.at::<Self>(self.inner_shape().children_at).add(child).write(new);
            }
            core::mem::forget(self.shared_prefix());
            ManuallyDrop::into_inner(copy)
        }
    }

    /// An inner node of the same children with another prefix.
    pub(crate) fn copy_inner(&self, prefix: &Prefix<'_>) -> Self {
        assert!(!self.is_leaf());
        let mut copy = InnerBuilder::new(prefix, self.groups(), self.has_end());
        let children = copy.node.at::<Self>(copy.shape.children_at);
        // SAFETY: the copy has room for as many starts and children. To clone a node can't panic.
        unsafe {
            ptr::copy_nonoverlapping(self.starts().as_ptr(), copy.node.at(STARTS_AT), copy.groups);
            for child in self.children() {
                children.add(copy.done).write(child.clone());
                copy.done += 1;
            }
        }
        copy.set_sums(self.sums().size, self.sums().weight);
        let mut this = ManuallyDrop::new(copy);
        // SAFETY: the block holds all of its shape, and is taken out once.
        unsafe { ManuallyDrop::take(&mut this.node) }
    }

    /// A copy of a leaf with another entry, before the one at `index`.
    pub(crate) fn copy_with_entry(&self, index: usize, suffix: &[u8], value: V) -> Self
    where
        V: Clone,
    {
        let bytes = self.suffixes().len() + suffix.len();
        let mut copy = LeafBuilder::new(&self.shared_prefix(), self.len() + 1, bytes);
        copy.extend_cloned(self, 0..index);
        copy.push(&[], suffix, value);
        copy.extend_cloned(self, index..self.len());
        copy.finish()
    }

    /// A copy of a leaf.
    pub(crate) fn copy_leaf(&self) -> Self
    where
        V: Clone,
    {
        let mut copy = LeafBuilder::new(&self.shared_prefix(), self.len(), self.suffixes().len());
        copy.extend_cloned(self, 0..self.len());
        copy.finish()
    }

    /// Makes this the only pointer to its leaf.
    pub(crate) fn unshare_leaf(&mut self)
    where
        V: Clone,
    {
        if self.is_shared() {
            *self = self.copy_leaf();
        }
    }

    /// The children of an inner node: moved out if it had no other owner.
    pub(crate) fn into_children(self) -> Vec<Self> {
        debug_assert!(!self.is_leaf());
        if self.is_shared() {
            return self.children().to_vec();
        }
        let mut this = ManuallyDrop::new(self);
        let layout = this.layout();
        let mut children = Vec::with_capacity(this.len());
        // SAFETY: unique. The children move, and the block is freed without them.
        unsafe {
            ptr::copy_nonoverlapping(this.children().as_ptr(), children.as_mut_ptr(), this.len());
            children.set_len(this.len());
            this.drop_prefix();
            this.free(layout);
        }
        children
    }

    /// Puts what `make` makes of this node in its place. `make` runs no code that may panic, or the process ends.
    pub(crate) fn replace_with(&mut self, make: impl FnOnce(Self) -> Self) {
        let abort = super::grow::AbortOnDrop;
        // SAFETY: the node is moved out, and another moved in before anybody can see it.
        unsafe { ptr::write(self, make(ptr::read(self))) };
        core::mem::forget(abort);
    }

    /// The width of a group's range: it has 2^`width` bytes.
    #[inline]
    pub(crate) fn width(&self, group: usize) -> u32 {
        if self.children()[group + usize::from(self.has_end())].is_leaf() {
            self.width_of_leaf(group)
        } else {
            0
        }
    }

    /// The width of the range of a group that is a leaf.
    #[inline]
    pub(super) fn width_of_leaf(&self, group: usize) -> u32 {
        let starts = self.starts();
        // Without branches, which searches could not predict.
        let beyond = |other: usize| match u32::from(starts[group] ^ starts[other]) {
            0 => 1 << 8,
            differing => differing,
        };
        let nearest = beyond(group.saturating_sub(1)).min(beyond((group + 1).min(starts.len() - 1)));
        nearest.ilog2()
    }
}
