//! Dropping nodes: iteratively, and the values in them on a bounded stack, as [`nested`] does.

use super::{Free, Node, Outside};
use crate::nested::{self, Nesting};
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, needs_drop};
use core::ptr::{self, NonNull};
use smallvec::SmallVec;

impl<V> Node<V> {
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

    /// Drops the contents of a leaf that lost its last owner, and frees its block.
    ///
    /// # Safety
    /// The last owner calls it, once.
    #[inline]
    unsafe fn drop_leaf(&mut self, nesting: Option<Nesting>) {
        let layout = self.layout();
        // SAFETY: the values are initialised (Shape), and dropped once. If a drop panics, `Free` frees the block.
        unsafe {
            self.drop_prefix();
            let (values, len) = (self.values_ptr(), self.len());
            let _free = Free(self, layout);
            let Some(nesting) = nesting else { return };
            let start = values.addr();
            nesting.within(start..start + len * size_of::<V>(), || {
                ptr::drop_in_place(ptr::slice_from_raw_parts_mut(values, len));
            });
        }
    }

    /// Drops the nodes that have no owner but a node that lost its last one, and this one.
    ///
    /// # Safety
    /// The last owner calls it, once.
    #[inline]
    unsafe fn drop_all(mut node: ManuallyDrop<Self>, nesting: Option<Nesting>) {
        // SAFETY: the caller's promise.
        unsafe {
            if node.is_leaf() {
                node.drop_leaf(nesting);
            } else {
                Remains::of(node, nesting).drop_leaves();
            }
        }
    }

    /// As `drop_all`, of the node at a pointer.
    ///
    /// # Safety
    /// `pointer` is that of a node of this type that lost its last owner and isn't dropped elsewhere.
    unsafe fn drop_at(pointer: NonNull<()>, nesting: Nesting) {
        let node = ManuallyDrop::new(Self {
            pointer: pointer.cast(),
            values: PhantomData,
        });
        // SAFETY: the caller's promise.
        unsafe { Self::drop_all(node, Some(nesting)) }
    }
}

/// The nodes that remain to be dropped of a trie without owners. They are freed even if the drop of a value panics.
struct Remains<V> {
    /// The inner nodes on the path to what is left, and how many of their children are gone.
    path: SmallVec<[(ManuallyDrop<Node<V>>, usize); 16]>,
    /// `None` if values need no drop.
    nesting: Option<Nesting>,
}

impl<V> Remains<V> {
    /// Of an inner node. It isn't used or dropped afterwards.
    fn of(node: ManuallyDrop<Node<V>>, nesting: Option<Nesting>) -> Self {
        let mut path = SmallVec::new();
        path.push((node, 0));
        Self { path, nesting }
    }

    #[cold]
    fn drop_leaves(mut self) {
        while let Some(mut leaf) = self.next_leaf() {
            // SAFETY: it lost its last owner.
            unsafe { leaf.drop_leaf(self.nesting) };
        }
    }

    /// The next leaf that has lost its last owner. Frees the inner nodes before it.
    fn next_leaf(&mut self) -> Option<ManuallyDrop<Node<V>>> {
        while let Some((node, gone)) = self.path.last_mut() {
            let left = &node.children()[*gone..];
            if let Some(index) = left.iter().position(|child| child.count().decrement()) {
                // SAFETY: each child is taken out once.
                let child = ManuallyDrop::new(unsafe { ptr::read(&left[index]) });
                *gone += index + 1;
                if child.is_leaf() {
                    return Some(child);
                }
                self.path.push((child, 0));
                continue;
            }
            let layout = node.layout();
            // SAFETY: the node lost its last owner, and has no children any more.
            unsafe {
                node.drop_prefix();
                node.free(layout);
            }
            self.path.pop();
        }
        None
    }
}

impl<V> Drop for Remains<V> {
    fn drop(&mut self) {
        while let Some(mut leaf) = self.next_leaf() {
            // SAFETY: it lost its last owner.
            unsafe { leaf.drop_leaf(self.nesting) };
        }
    }
}

impl<V> Drop for Node<V> {
    #[inline]
    fn drop(&mut self) {
        if !self.count().decrement() {
            return;
        }
        // SAFETY: the last owner, once. The copy takes the place of `self`, which is never used again.
        unsafe {
            if needs_drop::<V>() {
                nested::drop_block(ptr::from_mut(self).addr(), self.pointer.cast(), Self::drop_at);
            } else {
                Self::drop_all(ManuallyDrop::new(ptr::read(self)), None);
            }
        }
    }
}
