//! Dropping blocks whose entries hold maps, nested to any depth, on a bounded stack.
//!
//! Dropping a leaf drops its values, and a value that holds a map drops that map's blocks in turn. Beyond
//! [`MAX_NESTED_DROPS`] such calls a node is queued instead, and the outermost call drops it before it returns. Only a
//! node whose pointer lies *inside* the block being dropped is queued: its type is part of the entries' type, so that
//! what it borrows outlives the outermost block too. A map behind a `Box` or an `Arc` lies elsewhere, as does a map that
//! a user's `Drop` creates and that borrows from its frame. The two are indistinguishable, so such a map starts a queue
//! of its own, and the stack bounds how deep they nest, as for `std`'s types.
//!
//! A queued node is dropped after the fields that follow it in its value. Lifetimes allow that, since the value's type
//! has them. A value that hides one, such as a self-referential struct built with `unsafe`, must not be nested more than
//! [`MAX_NESTED_DROPS`] blocks deep if it relies on the drop order of its fields; `Map`'s documentation says so.

use super::*;
use std::cell::Cell;
use std::ops::Range;

/// The maximal depth of nested block drops before nodes are queued. Exceeds the levels of a trie.
const MAX_NESTED_DROPS: u32 = 64;

/// A block whose contents are being dropped.
struct Frame {
    /// The address range of the contents.
    contents: Range<usize>,
    /// The number of enclosing blocks within the outermost call.
    depth: u32,
    /// The queue of the outermost call.
    queue: *mut Vec<Queued>,
}

/// A node without owners, which `drop` drops.
struct Queued {
    pointer: NonNull<Header>,
    drop: unsafe fn(NonNull<Header>, *mut Vec<Queued>),
}

thread_local! {
    /// The innermost frame of this thread; null while no block is being dropped.
    static FRAME: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

/// Pops a frame and frees its block, even if a drop panics.
struct End<'n, K, V> {
    node: &'n mut Node<K, V>,
    shape: Shape,
    above: *const Frame,
}

impl<K, V> Drop for End<'_, K, V> {
    fn drop(&mut self) {
        FRAME.set(self.above);
        // SAFETY: `drop_contents` has the last owner, and has dropped the contents.
        unsafe { self.node.free(self.shape) }
    }
}

impl<K, V> Node<K, V> {
    /// Drops a block that lost its last owner, or queues it for an outer call on this thread.
    #[inline(never)]
    pub(super) fn drop_block(&mut self) {
        if !std::mem::needs_drop::<(K, V)>() {
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
        let address = ptr::from_mut(self).addr();
        // SAFETY: a frame lives as long as the call that pushed it, which pops it before it ends.
        let frame = unsafe { FRAME.get().as_ref() }.filter(|frame| frame.contents.contains(&address));
        match frame {
            // SAFETY: the queue outlives the frame, and isn't borrowed while a drop runs.
            Some(frame) if frame.depth == MAX_NESTED_DROPS => unsafe {
                (*frame.queue).push(Queued {
                    pointer: self.pointer,
                    drop: Self::drop_queued,
                });
            },
            Some(frame) => {
                let (depth, queue) = (frame.depth + 1, frame.queue);
                self.drop_contents(depth, queue);
            }
            None => self.drop_outermost(),
        }
    }

    fn drop_outermost(&mut self) {
        // Queued nodes leak if a drop panics.
        let mut queue = Vec::new();
        let queue = &raw mut queue;
        self.drop_contents(0, queue);
        // SAFETY: the queue is borrowed here only while no drop runs; each node in it lost its last owner.
        unsafe {
            while let Some(Queued { pointer, drop }) = (*queue).pop() {
                drop(pointer, queue);
            }
        }
    }

    /// # Safety
    /// `pointer` is that of a node of this type that lost its last owner and isn't dropped elsewhere.
    unsafe fn drop_queued(pointer: NonNull<Header>, queue: *mut Vec<Queued>) {
        let mut node = ManuallyDrop::new(Self {
            pointer,
            entries: PhantomData,
        });
        node.drop_contents(0, queue);
    }

    /// Drops the contents of a block that lost its last owner, and frees it.
    fn drop_contents(&mut self, depth: u32, queue: *mut Vec<Queued>) {
        let shape = self.shape();
        let contents = match shape {
            Shape::Leaf(len) => {
                let start = self.entries_ptr(len).addr();
                start..start + len * size_of::<(K, V)>()
            }
            Shape::Inner(count) => {
                let start = self.children_ptr().addr();
                start..start + count * size_of::<Option<Self>>()
            }
        };
        let frame = Frame { contents, depth, queue };
        let above = FRAME.replace(&raw const frame);
        let end = End {
            node: self,
            shape,
            above,
        };
        // SAFETY: the last owner drops each entry and child once (Shape).
        unsafe {
            match shape {
                Shape::Leaf(len) => {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(end.node.entries_ptr(len), len));
                }
                Shape::Inner(count) => {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(end.node.children_ptr(), count));
                }
            }
        }
        drop(end);
    }
}
