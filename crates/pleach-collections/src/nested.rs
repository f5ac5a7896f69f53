//! Dropping blocks whose contents hold collections, nested to any depth, on a bounded stack.
//!
//! Dropping a leaf drops its values, and a value that holds a collection drops that collection's blocks in turn. Beyond
//! [`MAX_NESTED_DROPS`] such calls a block is queued instead, and the outermost call drops it before it returns. Only a
//! block whose pointer lies *inside* the block being dropped is queued: its type is part of the entries' type, so that
//! what it borrows outlives the outermost block too. A map behind a `Box` or an `Arc` lies elsewhere, as does a map that
//! a user's `Drop` creates and that borrows from its frame. The two are indistinguishable, so such a map starts a queue
//! of its own, and the stack bounds how deep they nest, as for `std`'s types.
//!
//! A queued block is dropped after the fields that follow it in its value. Lifetimes allow that, since the value's type
//! has them. A value that hides one, such as a self-referential struct built with `unsafe`, must not be nested more than
//! [`MAX_NESTED_DROPS`] blocks deep if it relies on the drop order of its fields; `Map`'s documentation says so.
//!
//! All collections share the frames, so that they may be nested in one another. Frames are per thread, which takes the
//! standard library; without it, all nested collections are dropped by recursion.

#![allow(unsafe_code)]

use alloc::vec::Vec;
#[cfg(feature = "std")]
use core::cell::Cell;
use core::mem;
use core::ops::Range;
use core::ptr::{self, NonNull};

/// The maximal depth of nested block drops before blocks are queued. Exceeds the levels of a tree.
const MAX_NESTED_DROPS: u32 = 64;

/// Drops the contents of a block that lost its last owner, and frees it.
///
/// # Safety
/// The pointer is what [`drop_block`] was given with this function, and is passed once.
pub(crate) type DropBlock = unsafe fn(NonNull<()>, Nesting);

/// The position of a drop in the drops of enclosing blocks.
#[derive(Clone, Copy)]
pub(crate) struct Nesting {
    /// The number of enclosing blocks within the outermost call.
    depth: u32,
    /// The queue of the outermost call.
    queue: *mut Vec<Queued>,
}

/// A block whose contents are being dropped.
struct Frame {
    /// The address range of the contents.
    contents: Range<usize>,
    nesting: Nesting,
}

/// A block without owners, which `drop` drops.
struct Queued {
    block: NonNull<()>,
    drop: DropBlock,
}

#[cfg(feature = "std")]
std::thread_local! {
    /// The innermost frame of this thread; null while no block is being dropped.
    static FRAME: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

/// Without thread-locals each block's drop is an outermost one.
#[cfg(not(feature = "std"))]
static FRAME: NoFrame = NoFrame;

#[cfg(not(feature = "std"))]
struct NoFrame;

#[cfg(not(feature = "std"))]
impl NoFrame {
    const fn get(&self) -> *const Frame {
        ptr::null()
    }

    const fn set(&self, _: *const Frame) {}

    const fn replace(&self, _: *const Frame) -> *const Frame {
        ptr::null()
    }
}

/// Pops a frame, even if a drop panics.
struct Pop(*const Frame);

impl Drop for Pop {
    fn drop(&mut self) {
        FRAME.set(self.0);
    }
}

/// Drops a block that lost its last owner, or queues it for an outer call on this thread. `handle` is the address of
/// the pointer that owned it.
///
/// # Safety
/// `drop` may be called with `block`, once, as long as the type of the value that owned it is valid.
pub(crate) unsafe fn drop_block(handle: usize, block: NonNull<()>, drop: DropBlock) {
    // SAFETY: a frame lives as long as the call that pushed it, which pops it before it ends.
    let frame = unsafe { FRAME.get().as_ref() }.filter(|frame| frame.contents.contains(&handle));
    let Some(Frame { nesting, .. }) = frame else {
        // SAFETY: the caller's promise.
        return unsafe { drop_outermost(block, drop) };
    };
    if nesting.depth == MAX_NESTED_DROPS {
        // SAFETY: the queue outlives the frame, and isn't borrowed while a drop runs.
        unsafe { (*nesting.queue).push(Queued { block, drop }) };
        return;
    }
    let depth = nesting.depth + 1;
    // SAFETY: the caller's promise.
    unsafe { drop(block, Nesting { depth, ..*nesting }) };
}

/// # Safety
/// As for [`drop_block`].
unsafe fn drop_outermost(block: NonNull<()>, drop: DropBlock) {
    let mut queue = Vec::new();
    let nesting = Nesting {
        depth: 0,
        queue: &raw mut queue,
    };
    // Last, even if the drop panics.
    let _rest = Rest(nesting);
    // SAFETY: the caller's promise.
    unsafe { drop(block, nesting) };
}

/// Drops the queued blocks that are left.
struct Rest(Nesting);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.drop_queued();
    }
}

impl Nesting {
    /// Drops the queued blocks, each even if the drop of another panics.
    fn drop_queued(self) {
        // SAFETY: the queue of the outermost call, which has not ended, is borrowed here only while no drop runs.
        while let Some(Queued { block, drop }) = unsafe { (*self.queue).pop() } {
            let rest = Rest(self);
            // SAFETY: the block lost its last owner, and was queued once.
            unsafe { drop(block, self) };
            mem::forget(rest);
        }
    }

    /// Calls `drop`, which drops the contents of a block.
    pub(crate) fn within(self, contents: Range<usize>, drop: impl FnOnce()) {
        let frame = Frame {
            contents,
            nesting: self,
        };
        let _pop = Pop(FRAME.replace(&raw const frame));
        drop();
    }
}
