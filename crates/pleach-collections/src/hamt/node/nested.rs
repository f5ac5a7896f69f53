//! Dropping blocks on a bounded stack: see [`nested`].

use super::*;
use crate::nested::{self, Nesting};

/// Frees a block, even if a drop panics.
struct Free<K, V>(ManuallyDrop<Node<K, V>>, Shape);

impl<K, V> Drop for Free<K, V> {
    fn drop(&mut self) {
        // SAFETY: `drop_contents` has the last owner, and has dropped the contents.
        unsafe { self.0.free(self.1) }
    }
}

impl<K, V> Node<K, V> {
    /// Drops a block that lost its last owner, or queues it for an outer call on this thread.
    #[inline(never)]
    pub(super) fn drop_block(&mut self) {
        if !core::mem::needs_drop::<(K, V)>() {
            let shape = self.shape();
            // SAFETY: the last owner drops each child once (Shape), and frees the block. Recurses to the depth of the
            // trie.
            unsafe {
                if let Shape::Inner(count) = shape {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.children_ptr(), count));
                }
                return self.free(shape);
            }
        }
        let handle = ptr::from_mut(self).addr();
        // SAFETY: `drop_contents` gets the pointer of a node of its type that lost its last owner.
        unsafe { nested::drop_block(handle, self.pointer.cast(), Self::drop_contents) }
    }

    /// Drops the contents of a block that lost its last owner, and frees it.
    ///
    /// # Safety
    /// `pointer` is that of a node of this type that lost its last owner and isn't dropped elsewhere.
    unsafe fn drop_contents(pointer: NonNull<()>, nesting: Nesting) {
        let node = ManuallyDrop::new(Self {
            pointer: pointer.cast(),
            entries: PhantomData,
        });
        let shape = node.shape();
        let contents = match shape {
            Shape::Leaf(len) => {
                let start = node.entries_ptr(len).addr();
                start..start + len * size_of::<(K, V)>()
            }
            Shape::Inner(count) => {
                let start = node.children_ptr().addr();
                start..start + count * size_of::<Option<Self>>()
            }
        };
        let free = Free(node, shape);
        // SAFETY: the last owner drops each entry and child once (Shape).
        nesting.within(contents, || unsafe {
            match shape {
                Shape::Leaf(len) => {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(free.0.entries_ptr(len), len));
                }
                Shape::Inner(count) => {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(free.0.children_ptr(), count));
                }
            }
        });
    }
}
