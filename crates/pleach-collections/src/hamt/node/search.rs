//! What searches do: from a node to a child, from a leaf to an entry.

use super::tags::equal_tags;
use super::*;

impl<K, V> Node<K, V> {
    /// The place, among the children of an inner node, of the one that serves `slot`.
    #[inline]
    pub(super) fn place(starts: Bits, slot: u32) -> usize {
        // Bits above that of `slot` are shifted out.
        (starts << (Bits::BITS - 1 - slot)).count_ones() as usize - 1
    }

    /// The child of an inner node that serves `slot`.
    #[inline]
    pub(crate) fn child(&self, slot: u32) -> Option<&Self> {
        let bits = self.pointer.addr().get();
        // SAFETY: without its bits, the pointer leads to the block of an inner node (Pointer), with a child for each slot, or
        // for each group; and `slot` is in a group, since `starts` has bit 0 (Shape).
        unsafe {
            let block = self.pointer.as_ptr();
            let child = if bits & FULL != 0 {
                let children = block
                    .byte_sub(INNER | FULL)
                    .byte_add(CHILDREN_AT)
                    .cast::<Option<Self>>();
                children.add(slot as usize)
            } else if bits & INNER == 0 {
                return None;
            } else {
                let block = block.byte_sub(INNER);
                let children = block.byte_add(CHILDREN_AT).cast::<Option<Self>>();
                children.add(Self::place((*block).kind, slot))
            };
            (*child).as_ref()
        }
    }

    /// The place of the entry of a leaf that has this tag and whose key pleases `eq`.
    #[inline]
    pub(crate) fn position(&self, tag: u16, eq: impl Fn(&K) -> bool) -> Option<usize> {
        let len = self.len();
        if len > TAGS {
            return self.position_of_many(tag, eq);
        }
        if len == 0 {
            return None;
        }
        // SAFETY: there are at least `TAGS` tags in a leaf (Shape).
        let mut equal = unsafe { equal_tags(self.tags_ptr(), tag) };
        while equal != 0 {
            let at = equal.trailing_zeros() as usize;
            // Tags of no entry, behind the others, may equal any.
            if at >= len {
                break;
            }
            // SAFETY: less than `len` (Shape).
            if eq(unsafe { &(*self.entries_ptr(TAGS).add(at)).0 }) {
                return Some(at);
            }
            equal &= equal - 1;
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn position_of_many(&self, tag: u16, eq: impl Fn(&K) -> bool) -> Option<usize> {
        let entries = self.entries().iter();
        self.tags()
            .iter()
            .zip(entries)
            .position(|(t, entry)| *t == tag && eq(&entry.0))
    }

    /// The entry of a leaf that has this tag and whose key pleases `eq`.
    #[inline]
    pub(crate) fn entry(&self, tag: u16, eq: impl Fn(&K) -> bool) -> Option<&(K, V)> {
        if !self.is_leaf() {
            return None;
        }
        let block = self.pointer.as_ptr();
        // SAFETY: a pointer to a leaf has no bits (Pointer).
        let kind = unsafe { (*block).kind };
        if kind > 2 * TAGS as u32 {
            return self.entry_of_many(tag, eq);
        }
        // SAFETY: there are at least `TAGS` tags in a leaf (Shape).
        let mut equal = unsafe { equal_tags(block.add(1).cast(), tag) };
        while equal != 0 {
            let at = equal.trailing_zeros();
            // Tags of no entry, behind the others, may equal any.
            if 2 * at >= kind {
                break;
            }
            // SAFETY: less than the number of entries (Shape).
            let entry = unsafe {
                &*block
                    .byte_add(entries_at::<K, V>(TAGS))
                    .cast::<(K, V)>()
                    .add(at as usize)
            };
            if eq(&entry.0) {
                return Some(entry);
            }
            equal &= equal - 1;
        }
        None
    }

    #[cold]
    #[inline(never)]
    fn entry_of_many(&self, tag: u16, eq: impl Fn(&K) -> bool) -> Option<&(K, V)> {
        self.position_of_many(tag, eq).and_then(|at| self.entries().get(at))
    }

    /// Has the processor fetch the node, or what of it a search will look at.
    #[inline]
    pub(crate) fn prefetch(&self) {
        (1..4).for_each(|line| self.prefetch_line(line));
    }

    /// Has the processor fetch the count, which is to be written. Of many nodes, all at once: a locked instruction lets no
    /// later one begin before its line is there.
    #[inline]
    pub(crate) fn prefetch_count(&self) {
        self.prefetch_line(0);
    }

    #[inline]
    fn prefetch_line(&self, line: usize) {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse"))]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint; the address need not be valid.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.pointer.as_ptr().cast::<i8>().wrapping_add(64 * line)) };
        }
        #[cfg(not(all(target_arch = "x86_64", target_feature = "sse")))]
        let _ = line;
    }
}
