//! Steps of a search: from a node to a child, from a leaf to an entry.

use super::tags::equal_tags;
use super::*;

impl<K, V> Node<K, V> {
    /// The index, among the children of an inner node, of the one that serves `slot`.
    #[inline]
    pub(super) fn child_index(starts: SlotBitmap, slot: u32) -> usize {
        // The bits above that of `slot` are shifted out.
        (starts << (SlotBitmap::BITS - 1 - slot)).count_ones() as usize - 1
    }

    /// The child of an inner node that serves `slot`.
    #[inline]
    pub(crate) fn child(&self, slot: u32) -> Option<&Self> {
        let bits = self.pointer.addr().get();
        // SAFETY: untagged, the pointer is to the block of an inner node (Pointer), with a child for each slot, or for
        // each group; and `slot` is in a group, since `starts` has bit 0 (Shape).
        unsafe {
            let block = self.pointer.as_ptr();
            let child = if bits & FULL != 0 {
                let children = block
                    .byte_sub(INNER | FULL)
                    .byte_add(CHILDREN_OFFSET)
                    .cast::<Option<Self>>();
                children.add(slot as usize)
            } else if bits & INNER == 0 {
                return None;
            } else {
                let block = block.byte_sub(INNER);
                let children = block.byte_add(CHILDREN_OFFSET).cast::<Option<Self>>();
                children.add(Self::child_index((*block).kind, slot))
            };
            (*child).as_ref()
        }
    }

    /// The index of the entry of a leaf that has this tag and whose key satisfies `eq`.
    #[inline]
    pub(crate) fn position(&self, tag: u16, eq: impl Fn(&K) -> bool) -> Option<usize> {
        let len = self.len();
        if len > TAGS_PER_BLOCK {
            return self.position_of_many(tag, eq);
        }
        if len == 0 {
            return None;
        }
        // SAFETY: there are at least `TAGS_PER_BLOCK` tags in a leaf (Shape).
        let mut equal = unsafe { equal_tags(self.tags_ptr(), tag) };
        while equal != 0 {
            let at = equal.trailing_zeros() as usize;
            // Excess tags at the end may equal any.
            if at >= len {
                break;
            }
            // SAFETY: `at` is less than `len` (Shape).
            if eq(unsafe { &(*self.entries_ptr(TAGS_PER_BLOCK).add(at)).0 }) {
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

    /// The entry of a leaf that has this tag and whose key satisfies `eq`.
    #[inline]
    pub(crate) fn entry(&self, tag: u16, eq: impl Fn(&K) -> bool) -> Option<&(K, V)> {
        if !self.is_leaf() {
            return None;
        }
        let block = self.pointer.as_ptr();
        // SAFETY: a pointer to a leaf has the tag 0 (Pointer).
        let kind = unsafe { (*block).kind };
        if kind > 2 * TAGS_PER_BLOCK as u32 {
            return self.entry_of_many(tag, eq);
        }
        // SAFETY: there are at least `TAGS_PER_BLOCK` tags in a leaf (Shape).
        let mut equal = unsafe { equal_tags(block.add(1).cast(), tag) };
        while equal != 0 {
            let at = equal.trailing_zeros();
            // Excess tags at the end may equal any.
            if 2 * at >= kind {
                break;
            }
            // SAFETY: `at` is less than the number of entries (Shape).
            let entry = unsafe {
                &*block
                    .byte_add(entries_offset::<K, V>(TAGS_PER_BLOCK))
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

    /// Prefetches the cache lines of the node that a search reads.
    #[inline]
    pub(crate) fn prefetch(&self) {
        (1..4).for_each(|line| self.prefetch_line(line));
    }

    /// Prefetches the count, which will be written. Done for many nodes at once, since an atomic write delays later
    /// instructions until its cache line has arrived.
    #[inline]
    pub(crate) fn prefetch_count(&self) {
        self.prefetch_line(0);
    }

    #[inline]
    fn prefetch_line(&self, line: usize) {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse"))]
        {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint, valid for any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.pointer.as_ptr().cast::<i8>().wrapping_add(64 * line)) };
        }
        #[cfg(not(all(target_arch = "x86_64", target_feature = "sse")))]
        let _ = line;
    }
}
