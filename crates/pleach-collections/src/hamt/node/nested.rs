//! Dropping blocks whose entries hold maps themselves, to any depth, in a bounded stack.
//!
//! A value that holds a map is dropped by the drop of a leaf, and drops that map's blocks in turn. Below [`DEEP`] such
//! calls a node is put on a queue instead, and the outermost call drops it before it returns. Only a node whose pointer
//! lies *inside* the block being dropped is queued: its type is part of the type of the entries there, so that whatever
//! it borrows outlives the outermost block too. A map behind a `Box` or an `Arc` lies elsewhere, and so does a map that a
//! user's `Drop` has made and that borrows from that frame. The two can't be told apart, so such a map begins a queue of
//! its own, and the stack bounds how deep they nest, as for `std`'s types.
//!
//! What is queued is dropped later than the fields behind it in the value that it lies in. Lifetimes allow that: the value's
//! type has them. A value that hides one, such as a struct that borrows from itself by way of `unsafe`, must not lie more
//! than [`DEEP`] blocks deep in other maps' values if it counts on the order of its fields; `Map`'s documentation says so.

use super::*;
use std::cell::Cell;
use std::ops::Range;

/// Blocks dropped one within the other before nodes are queued. More than a trie has levels.
const DEEP: u32 = 64;

/// A block whose contents are being dropped.
struct Frame {
    /// The addresses of the contents.
    contents: Range<usize>,
    /// Blocks around it that are of the same outermost call.
    depth: u32,
    /// Belongs to the outermost call.
    queue: *mut Vec<Queued>,
}

/// A node without owners, whose block is to be dropped by `drop`.
struct Queued {
    pointer: NonNull<Header>,
    drop: unsafe fn(NonNull<Header>, *mut Vec<Queued>),
}

thread_local! {
    /// The innermost frame of this thread; null, if no block is being dropped.
    static FRAME: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

/// Takes a frame away and frees its block, also if a drop panics.
struct End<'n, K, V> {
    node: &'n mut Node<K, V>,
    shape: Shape,
    above: *const Frame,
}

impl<K, V> Drop for End<'_, K, V> {
    fn drop(&mut self) {
        FRAME.set(self.above);
        // SAFETY: `drop_contents` has the last owner, and has dropped what is in the block.
        unsafe { self.node.free(self.shape) }
    }
}

impl<K, V> Node<K, V> {
    /// Drops a block that had its last owner, or has an outer call on this thread do it.
    #[inline(never)]
    pub(super) fn drop_block(&mut self) {
        if !std::mem::needs_drop::<(K, V)>() {
            let shape = self.shape();
            // SAFETY: the last owner drops each child once (Shape), and frees the block. Recurses as deep as the trie.
            unsafe {
                if let Shape::Inner(count) = shape {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.children_ptr(), count));
                }
                return self.free(shape);
            }
        }
        let address = ptr::from_mut(self).addr();
        // SAFETY: a frame lives as long as the call that set it, which takes it away before it ends.
        let frame = unsafe { FRAME.get().as_ref() }.filter(|frame| frame.contents.contains(&address));
        match frame {
            // SAFETY: the queue outlives the frame; nobody borrows it while a drop runs.
            Some(frame) if frame.depth == DEEP => unsafe {
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
        // If a drop panics, what is still queued leaks.
        let mut queue = Vec::new();
        let queue = &raw mut queue;
        self.drop_contents(0, queue);
        // SAFETY: the queue is borrowed only here while no drop runs; each node in it had its last owner.
        unsafe {
            while let Some(Queued { pointer, drop }) = (*queue).pop() {
                drop(pointer, queue);
            }
        }
    }

    /// # Safety
    /// `pointer` is that of a node of this type that had its last owner, and that nobody drops again.
    unsafe fn drop_queued(pointer: NonNull<Header>, queue: *mut Vec<Queued>) {
        let mut node = ManuallyDrop::new(Self {
            pointer,
            entries: PhantomData,
        });
        node.drop_contents(0, queue);
    }

    /// Drops what is in a block that had its last owner, and frees it.
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
