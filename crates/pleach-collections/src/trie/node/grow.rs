//! Unique nodes that get an entry or a child. Nothing here runs code of the user.

use super::*;
use crate::trie::shape::{MAX_LEAF_COST, cost_of_entry};
use smallvec::SmallVec;

/// A child of a node that is to be made, and a byte of its range.
type Group<V> = (u8, Node<V>);

/// The groups of a node, or those of a range of bytes.
pub(crate) type Groups<V> = SmallVec<[Group<V>; 8]>;

/// How much room a leaf gets when an insertion takes a new block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Exact,
    /// For some more insertions, about five without values.
    Spare,
}

impl Room {
    /// Returns the units of room for a leaf of this size: none if no entry can be inserted there.
    #[inline]
    pub(super) fn beyond<V>(self, size: usize, keys: usize, bytes: usize) -> u8 {
        if self == Self::Exact {
            return 0;
        }
        let cost = (keys * cost_of_entry::<V>()).saturating_add(bytes);
        let left = MAX_LEAF_COST.saturating_sub(cost);
        if left < cost_of_entry::<V>() {
            return 0;
        }
        let room = (size / (4 * ALIGN)).min(5).min(left / ALIGN);
        if room * ALIGN < cost_of_entry::<V>() {
            0
        } else {
            room as u8
        }
    }
}

impl<V> Node<V> {
    /// Inserts an entry of a unique leaf before the one at `index`: in place if the block has room.
    pub(crate) fn insert_entry(&mut self, index: usize, suffix: &[u8], value: V, room: Room) {
        if !self.is_leaf() || self.is_shared() || index > self.len() {
            crate::abort::abort();
        }
        let (len, bytes, added) = (self.len(), self.suffixes().len(), suffix.len());
        if len + 1 >= usize::from(HAS_END) || bytes + added > usize::from(u16::MAX) {
            crate::abort::abort();
        }
        let (prefix, spare) = (self.header().prefix, self.header().spare);
        let (old, new) = (LeafShape::new(len, prefix), LeafShape::new(len + 1, prefix));
        let layout = old.layout::<V>(len, bytes, spare);
        let needed = new.layout::<V>(len + 1, bytes + added, 0).size();
        let in_place = needed <= layout.size();
        // Where the new suffix begins, among the suffixes.
        let start = match index.checked_sub(1) {
            Some(before) => usize::from(self.ends()[before]),
            None => 0,
        };
        let tail = len - index;
        // SAFETY: both blocks have room for their shapes, and the new one, which may be the old one, lies nowhere before it.
        // So arrays move from the last to the first, and the parts of each too. Entries move, and are dropped by nobody else.
        unsafe {
            let target = if in_place {
                let block = self.head();
                (*block).len = (len + 1) as u16;
                (*block).spare = ((layout.size() - needed) / ALIGN) as u8;
                block.cast::<u8>()
            } else {
                let spare = room.beyond::<V>(needed, len + 1, bytes + added);
                let layout = new.layout::<V>(len + 1, bytes + added, spare);
                let node = ManuallyDrop::new(Self::allocate(layout, (len + 1) as u16, prefix, 0));
                (*node.head()).spare = spare;
                node.head().cast::<u8>()
            };
            let source = self.head().cast::<u8>();
            let from = source.add(old.values_at::<V>(bytes)).cast::<V>();
            let to = target.add(new.values_at::<V>(bytes + added)).cast::<V>();
            ptr::copy(from.add(index), to.add(index + 1), tail);
            ptr::copy(from, to, index);
            to.add(index).write(value);

            let to = target.add(new.suffixes_at + start);
            ptr::copy(source.add(old.suffixes_at + start), to.add(added), bytes - start);
            ptr::copy(
                source.add(old.prefix_at),
                target.add(new.prefix_at),
                stored(prefix) + start,
            );
            ptr::copy_nonoverlapping(suffix.as_ptr(), to, added);

            let from = source.add(old.ends_at).cast::<u16>();
            let to = target.add(new.ends_at).cast::<u16>();
            // Four at a time: no sum is too large for its part of a word.
            let (mut end, more) = (len, added as u64 * 0x0001_0001_0001_0001);
            while end - index >= 4 {
                end -= 4;
                let four = from.add(end).cast::<u64>().read_unaligned().wrapping_add(more);
                to.add(end + 1).cast::<u64>().write_unaligned(four);
            }
            while end > index {
                end -= 1;
                to.add(end + 1).write(from.add(end).read().wrapping_add(added as u16));
            }
            to.add(index).write((start + added) as u16);
            if from != to {
                ptr::copy(from, to, index);
            }

            let (from, to) = (source.add(TAGS_AT).cast::<u64>(), target.add(TAGS_AT).cast::<u64>());
            let word = index / WORD;
            // As numbers whose lowest byte is the first tag.
            let tags = |word: usize| {
                if word * WORD < len {
                    u64::from_le(from.add(word).read())
                } else {
                    0
                }
            };
            for word in (word + 1..(len + 1).div_ceil(WORD)).rev() {
                to.add(word).write((tags(word) << 8 | tags(word - 1) >> 56).to_le());
            }
            let before = !(u64::MAX << (8 * (index % WORD)));
            let new = u64::from(tag(suffix)) << (8 * (index % WORD));
            to.add(word)
                .write((tags(word) & before | new | (tags(word) & !before) << 8).to_le());
            if !in_place {
                ptr::copy_nonoverlapping(from, to, word);
            }

            if !in_place {
                self.free(layout);
                self.pointer = NonNull::new_unchecked(target.cast());
            }
        }
        debug_assert!(self.suffix(index) == suffix);
    }

    /// Adds a child of one key to a unique inner node, which has no other in whose range that is.
    pub(crate) fn insert_child(&mut self, child: Self) {
        let length = child.prefix().len() as i64;
        if let Some(byte) = child.prefix().first().copied() {
            let at = self.starts().partition_point(|start| *start < byte);
            self.replace_groups(at..at, |_| core::iter::once((byte, child)).collect());
        } else {
            let mut node = InnerBuilder::new(&self.shared_prefix(), self.groups(), true);
            let sums = (self.size(), self.weight());
            node.push_end(child);
            for (start, child) in self.starts().iter().zip(self.children()) {
                node.push(*start, child.clone());
            }
            *self = node.finish_with(sums);
        }
        self.add(1, length);
    }

    /// Puts what `make` makes of a group's child, and of its range, in the group's place. The sums of the unique node stay.
    /// `make` runs no code that may panic, or the process ends.
    pub(crate) fn split_group(&mut self, group: usize, make: impl FnOnce(Self, ByteRange) -> Groups<V>) {
        let range = self.range(group);
        self.replace_groups(group..group + 1, |child| match child {
            Some(child) => make(child, range),
            None => unreachable!("the group is there"),
        });
    }

    fn replace_groups(&mut self, at: core::ops::Range<usize>, make: impl FnOnce(Option<Self>) -> Groups<V>) {
        if self.is_leaf() || self.is_shared() || at.len() > 1 || at.end > self.groups() {
            crate::abort::abort();
        }
        let abort = AbortOnDrop;
        let skip = usize::from(self.has_end());
        // SAFETY: the node is unique, and the child is not read again where it was.
        let child = (!at.is_empty()).then(|| unsafe { ptr::read(&self.children()[at.start + skip]) });
        let groups = make(child);
        let count = self.groups() - at.len() + groups.len();
        let prefix = self.header().prefix;
        let (old, new) = (self.inner_shape(), InnerShape::new(count, self.has_end()));
        let layout = old.layout::<V>(prefix);
        if count == 0 || count + skip < 2 || count > 256 {
            crate::abort::abort();
        }
        // SAFETY: the new block has room for its shape, to which all of the old one moves but the group, which is gone.
        unsafe {
            let end = self.header().len & HAS_END;
            let node = ManuallyDrop::new(Self::allocate(
                new.layout::<V>(prefix),
                (count + skip) as u16 | end,
                prefix,
                INNER,
            ));
            (*node.apart()).sums = *self.sums();
            ptr::copy_nonoverlapping(self.at::<u8>(old.prefix_at), node.at(new.prefix_at), stored(prefix));
            let (starts, to) = (self.starts(), node.at::<u8>(STARTS_AT));
            ptr::write_bytes(to, u8::MAX, padded(count));
            let (children, child_to) = (self.children().as_ptr(), node.at::<Self>(new.children_at));
            ptr::copy_nonoverlapping(starts.as_ptr(), to, at.start);
            ptr::copy_nonoverlapping(children, child_to, at.start + skip);
            let (mut behind, tail) = (at.start, starts.len() - at.end);
            for (start, child) in groups {
                to.add(behind).write(start);
                child_to.add(behind + skip).write(child);
                behind += 1;
            }
            ptr::copy_nonoverlapping(starts.as_ptr().add(at.end), to.add(behind), tail);
            ptr::copy_nonoverlapping(children.add(at.end + skip), child_to.add(behind + skip), tail);
            self.free(layout);
            self.pointer = node.pointer;
            // The ranges of other groups don't change: these bytes were in none of them.
            for group in at.start..behind {
                if self.children()[group + skip].is_leaf() {
                    let first = first_of_range(self.starts()[group], self.width(group));
                    self.at::<u8>(STARTS_AT + group).write(first);
                }
            }
        }
        core::mem::forget(abort);
    }
}

/// Ends the process if it is dropped, as by a panic.
pub(super) struct AbortOnDrop;

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        crate::abort::abort();
    }
}
