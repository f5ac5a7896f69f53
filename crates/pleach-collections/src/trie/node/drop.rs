//! Dropping nodes, iteratively.

use super::{Free, Node, Outside};
use core::mem::ManuallyDrop;
use core::ptr;
use core::sync::atomic::{Ordering, fence};
use smallvec::SmallVec;

impl<V> Node<V> {
    /// Gives up a count, and returns whether it was the last.
    #[inline]
    fn release(&self) -> bool {
        // A sole owner need not write the count to know that it is one.
        let count = &self.header().count;
        if count.load(Ordering::Acquire) != 1 {
            if count.fetch_sub(1, Ordering::Release) != 1 {
                return false;
            }
            fence(Ordering::Acquire);
        }
        true
    }

    /// Drops a prefix outside of the block.
    ///
    /// # Safety
    /// The last owner calls it, once.
    #[inline]
    pub(super) unsafe fn drop_prefix(&mut self) {
        if self.header().prefix == super::OUTSIDE {
            // SAFETY: there is one (Shape), and nobody reads it again.
            drop(unsafe { ptr::read_unaligned(self.at::<Outside>(self.prefix_at())) });
        }
    }

    /// Drops the contents of a leaf that had its last owner, and frees its block.
    ///
    /// # Safety
    /// The last owner calls it, once.
    #[inline]
    unsafe fn drop_leaf(&mut self) {
        let layout = self.layout();
        // SAFETY: the values are initialised (Shape), and dropped once. If a drop panics, `Free` frees the block.
        unsafe {
            self.drop_prefix();
            let values = ptr::slice_from_raw_parts_mut(self.values_ptr(), self.len());
            let _free = Free(self, layout);
            ptr::drop_in_place(values);
        }
    }

    /// Drops the nodes below an inner node that had its last owner, and frees the blocks, with a stack of its own.
    ///
    /// # Safety
    /// The last owner calls it, once.
    #[cold]
    unsafe fn drop_inner(&mut self) {
        // The inner nodes above whose last owner we are, and how many of their children are dropped. If the drop of a value panics,
        // the nodes that are left are leaked.
        let mut stack: SmallVec<[(ManuallyDrop<Self>, usize); 16]> = SmallVec::new();
        // SAFETY: `self` is never used again; the copy takes its place.
        let (mut node, mut dropped) = (ManuallyDrop::new(unsafe { ptr::read(self) }), 0);
        loop {
            let below = node.children()[dropped..].iter().position(|child| {
                // SAFETY: each child is taken out once.
                let mut child = ManuallyDrop::new(unsafe { ptr::read(child) });
                let is_last = child.release();
                if is_last && child.is_leaf() {
                    // SAFETY: it was the last owner, and is not used again.
                    unsafe { child.drop_leaf() };
                }
                is_last && !child.is_leaf()
            });
            if let Some(index) = below {
                let child = dropped + index;
                // SAFETY: taken out above, as the last owner.
                let below = ManuallyDrop::new(unsafe { ptr::read(&node.children()[child]) });
                stack.push((node, child + 1));
                (node, dropped) = (below, 0);
                continue;
            }
            let layout = node.layout();
            // SAFETY: all children are dropped, and nobody else's.
            unsafe {
                node.drop_prefix();
                node.free(layout);
            }
            match stack.pop() {
                Some(above) => (node, dropped) = above,
                None => return,
            }
        }
    }
}

impl<V> Drop for Node<V> {
    #[inline]
    fn drop(&mut self) {
        if self.release() {
            // SAFETY: the last owner, once.
            unsafe {
                if self.is_leaf() {
                    self.drop_leaf();
                } else {
                    self.drop_inner();
                }
            }
        }
    }
}
