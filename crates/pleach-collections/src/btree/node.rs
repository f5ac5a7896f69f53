//! The node, and the only code that knows its layout.
//!
//! A node is one allocation: a header, then entries; or a header and a size, then separators, children and their sizes.
//! This takes `unsafe` code, which is in this module and its submodules only.
//!
//! ```text
//! leaf    count u32 | len u16 | height u8 | hint i8 | entries [T; len]
//! inner   count u32 | len u16 | height u8 | hint i8 | size usize | separators [S; len - 1] | children [Node; len] | sizes [usize; len]
//! ```
//!
//! Invariants that the `unsafe` code relies on:
//!
//! - **Shape.** The tag of a [`Node`]'s pointer says whether the block is a leaf or an inner node. `len` determines the
//!   layout of the block: each array has room for [`capacity`] of `len` items, and as many items as drawn are
//!   initialised. A leaf with the hint [`ROOMY`] has room for [`MAX_LEN`](Node::MAX_LEN) entries. Code that changes one
//!   of these changes all of them before user code runs.
//! - **Ownership.** `count` is the number of `Node`s that point to the block. A block is written only through
//!   `&mut Node` and with a count of 1, when no other `Node` exists to read or clone it.

#![allow(unsafe_code)]

mod builder;
mod edit;
mod into_iter;

pub(crate) use builder::{InnerBuilder, LeafBuilder, leaf_of, leaf_of_one};
pub(crate) use edit::Unique;
pub(crate) use into_iter::LeafIntoIter;

use super::{LEAF_BYTES, MIN_CHILDREN, PACKED_LOG, is_keyless, max_children, max_leaf_len, min_leaf_len};
use crate::count::{Count, Shared};
use crate::nested::{self, Nesting};
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

/// A reference-counted pointer to a node of the tree.
///
/// Here with leaves of at most 4 entries, of which only the keys are shown:
///
/// ```text
///   inner   height 1   size 9   separators [  6,   20  ]   sizes [3, 2, 4]
///                               children  [ │    │    │ ]
///                 ┌───────────────────────┘    │    └────────────┐
///   leaf   entries [1, 2, 5]   leaf   entries [6, 9]   leaf   entries [21, 23, 24, 30]
/// ```
///
/// Invariants, which [`check`](super::check) tests by these numbers:
///
/// 1. The entries rise, within a leaf and from leaf to leaf.
/// 2. A separator is greater than all entries on its left, and not greater than any on its right.
/// 3. `sizes` has the number of entries below each child, and `size` is their sum.
/// 4. All leaves are at height 0, and a child's height is one less than its parent's.
/// 5. A leaf has at most [`MAX_LEN`](Node::MAX_LEN) entries, and at least [`MIN_LEN`](Node::MIN_LEN), as a root 1.
/// 6. An inner node has at most [`MAX_CHILDREN`](Node::MAX_CHILDREN) children, and at least [`MIN_CHILDREN`], as a root 2.
/// 7. A pointer is tagged with whether its node is an inner one.
/// 8. Without keys, `hint` is not negative if child 0 is packed (a full leaf, or 16 packed children) or has more entries, and
///    then the children up to `hint` are packed, or the last one. It is `-1 - k` if child 0 has fewer, and then the children
///    from 1 to `k` are. So an index below those is found by a shift.
pub(crate) struct Node<T, S> {
    /// The block's address, with the lowest bit set for an inner node.
    pointer: NonNull<Header>,
    contents: PhantomData<Shared<(T, S)>>,
}

// SAFETY: a node is shared as a `Shared<(T, S)>` is: counted alike, and written only by its sole owner.
unsafe impl<T, S> Send for Node<T, S> where Shared<(T, S)>: Send {}
// SAFETY: as above.
unsafe impl<T, S> Sync for Node<T, S> where Shared<(T, S)>: Sync {}

/// The header of a block. In an inner node the size follows.
#[repr(C)]
struct Header {
    count: Count,
    /// The number of entries of a leaf, or children of an inner node.
    len: u16,
    /// The number of levels below.
    height: u8,
    /// Of a leaf, 0 or [`ROOMY`]; of an inner node, what invariant 8 says.
    hint: i8,
}

/// The hint of a leaf that has room for a full leaf's entries.
const ROOMY: i8 = 1;

/// The hint of an inner node that says nothing.
const UNKNOWN: i8 = i8::MIN;

/// The tag of pointers to inner nodes: a search knows a child's kind before the child is loaded.
const INNER: usize = 1;
const _: () = assert!(align_of::<Header>() > INNER);

/// The size of a cache line.
const LINE: usize = 64;

/// The offset of an inner node's size in its block.
const SIZE_OFFSET: usize = size_of::<Header>().next_multiple_of(align_of::<usize>());

/// The parameters of a block's layout.
#[derive(Clone, Copy)]
enum Shape {
    /// A leaf of this many entries.
    Leaf(usize),
    /// An inner node of this many children.
    Inner(usize),
}

/// Returns the number of items that a block of `len` has room for: a few more, so that not each insertion reallocates.
#[inline]
const fn capacity<T>(len: usize) -> usize {
    let step = match size_of::<T>() {
        0..=16 => 8,
        17..=32 => 4,
        33..=64 => 2,
        _ => 1,
    };
    len.next_multiple_of(step)
}

/// Returns the number of children, and of separators, that the block of an inner node has room for.
#[inline]
const fn capacity_of_inner(len: usize) -> usize {
    len.next_multiple_of(4)
}

/// The offsets of the arrays of an inner node.
struct Offsets {
    children: usize,
    sizes: usize,
    end: usize,
}

impl<T, S> Node<T, S> {
    /// The maximal number of entries in a leaf.
    pub(crate) const MAX_LEN: usize = max_leaf_len::<T, S>();

    /// The minimal number of entries in a leaf other than the root.
    pub(crate) const MIN_LEN: usize = min_leaf_len::<T, S>();

    /// The length from which on a leaf that grows at an end gets room for a full leaf's entries.
    const ROOMY_FROM: usize = Self::MAX_LEN / 4;

    /// The maximal number of children of an inner node.
    pub(crate) const MAX_CHILDREN: usize = max_children::<S>();

    /// The size of the entries of a full leaf.
    const MAX_BYTES: usize = Self::MAX_LEN * size_of::<T>();

    const ENTRIES_OFFSET: usize = size_of::<Header>().next_multiple_of(align_of::<T>());
    const SEPARATORS_OFFSET: usize = (SIZE_OFFSET + size_of::<usize>()).next_multiple_of(align_of::<S>());

    #[inline]
    const fn offsets(len: usize) -> Offsets {
        let capacity = capacity_of_inner(len);
        let end = Self::SEPARATORS_OFFSET + capacity * size_of::<S>();
        let children = end.next_multiple_of(align_of::<usize>());
        let sizes = children + capacity * size_of::<Self>();
        Offsets {
            children,
            sizes,
            end: sizes + capacity * size_of::<usize>(),
        }
    }

    fn layout(shape: Shape) -> Layout {
        let (size, align) = match shape {
            Shape::Leaf(len) => {
                let entries = capacity::<T>(len).checked_mul(size_of::<T>());
                let size = entries.and_then(|bytes| bytes.checked_add(Self::ENTRIES_OFFSET));
                (size, align_of::<T>())
            }
            Shape::Inner(len) => (Some(Self::offsets(len).end), align_of::<S>().max(align_of::<usize>())),
        };
        match size.map(|size| Layout::from_size_align(size, align.max(align_of::<Header>()))) {
            Some(Ok(layout)) => layout,
            // Larger than the address space.
            _ => handle_alloc_error(Layout::new::<Header>()),
        }
    }

    /// Allocates a block of this shape with a header that counts no items. The caller makes the header true before the
    /// node is used or dropped.
    #[inline]
    fn allocate(shape: Shape, height: u8) -> ManuallyDrop<Self> {
        let layout = Self::layout(shape);
        // SAFETY: the layout's size is not 0.
        let block = unsafe { alloc(layout) }.cast::<Header>();
        let Some(block) = NonNull::new(block) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the block has room for a header, and is aligned for one.
        unsafe {
            block.write(Header {
                count: Count::one(),
                len: 0,
                height,
                hint: 0,
            })
        };
        let tag = match shape {
            Shape::Leaf(_) => 0,
            Shape::Inner(_) => INNER,
        };
        ManuallyDrop::new(Self {
            pointer: block.map_addr(|address| address | tag),
            contents: PhantomData,
        })
    }

    #[inline]
    fn block(&self) -> *mut Header {
        self.pointer.as_ptr().map_addr(|address| address & !INNER)
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the block lives as long as a node points to it, and is not written meanwhile (Ownership).
        unsafe { &*self.block() }
    }

    #[inline]
    pub(crate) fn is_leaf(&self) -> bool {
        self.pointer.addr().get() & INNER == 0
    }

    /// The number of levels below; 0 for a leaf.
    #[inline]
    pub(crate) fn height(&self) -> usize {
        usize::from(self.header().height)
    }

    /// The number of entries of a leaf, or children of an inner node.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.header().len)
    }

    /// The maximal length of this node.
    #[inline]
    pub(crate) fn max_len(&self) -> usize {
        if self.is_leaf() {
            Self::MAX_LEN
        } else {
            Self::MAX_CHILDREN
        }
    }

    /// The minimal length of this node, unless it is the root.
    #[inline]
    pub(crate) fn min_len(&self) -> usize {
        if self.is_leaf() { Self::MIN_LEN } else { MIN_CHILDREN }
    }

    /// The number of entries in the node and below. O(1).
    #[inline]
    pub(crate) fn size(&self) -> usize {
        if self.is_leaf() {
            return self.len();
        }
        // SAFETY: an inner node has a size (Shape).
        unsafe { *self.size_ptr() }
    }

    #[inline]
    fn shape(&self) -> Shape {
        if self.is_leaf() {
            Shape::Leaf(if self.is_roomy() { Self::MAX_LEN } else { self.len() })
        } else {
            Shape::Inner(self.len())
        }
    }

    /// Whether the node is a leaf with room for a full leaf's entries, whatever its length.
    #[inline]
    fn is_roomy(&self) -> bool {
        is_keyless::<S>() && self.is_leaf() && self.header().hint == ROOMY
    }

    /// The binary logarithm of the number of entries of a packed child of an inner node, which is packed itself if it has
    /// [`PACKED_CHILDREN`](super::PACKED_CHILDREN) such children.
    #[inline]
    pub(crate) fn packed_log(&self) -> u32 {
        Self::MAX_LEN.ilog2() + PACKED_LOG * (self.height() as u32 - 1)
    }

    /// Returns the child of an inner node that holds the entry at `index`, or the last child, and the entry's index in it.
    #[inline]
    pub(crate) fn child_at(&self, index: usize) -> (usize, usize) {
        let log = if is_keyless::<S>() { self.packed_log() } else { 0 };
        self.child_at_by(index, log)
    }

    /// Returns the same as [`child_at`](Self::child_at), given [`packed_log`](Self::packed_log).
    #[inline]
    pub(crate) fn child_at_by(&self, index: usize, log: u32) -> (usize, usize) {
        if !is_keyless::<S>() {
            return self.scan(0, index);
        }
        // Predicted, so that the child is loaded before this node's hint is.
        // Not negative, so that it isn't found in a node whose hint is unknown, as it is if a packed child would have more
        // entries than a `usize` counts.
        let guess = index.wrapping_shr(log) & (usize::MAX >> 1);
        if guess as isize <= isize::from(self.header().hint) {
            return (guess, index & ((1 << log) - 1));
        }
        self.search(index, log)
    }

    /// Returns the same as [`child_at`](Self::child_at), where the hint doesn't say it.
    fn search(&self, index: usize, log: u32) -> (usize, usize) {
        let (known, missing) = match self.header().hint {
            UNKNOWN => return self.scan(0, index),
            known @ 0.. => (known as usize, 0),
            skewed => ((-1 - skewed) as usize, (1 << log) - self.sizes()[0]),
        };
        let child = (index.saturating_add(missing) >> log).min(known);
        self.scan(child, index - (child << log).saturating_sub(missing))
    }

    /// Returns the child that holds the entry at `index`, counted from a child on, or the last child, and the entry's index
    /// in it.
    #[inline]
    fn scan(&self, mut child: usize, mut index: usize) -> (usize, usize) {
        let sizes = self.sizes();
        while child + 1 < sizes.len() && index >= sizes[child] {
            index -= sizes[child];
            child += 1;
        }
        (child, index)
    }

    /// Returns the hint that satisfies invariant 8. `known` is that of some other child than the first, up to which the
    /// present hint holds.
    fn hint(&self, known: usize) -> i8 {
        let sizes = self.sizes();
        let Some(packed) = 1_usize.checked_shl(self.packed_log()) else {
            return UNKNOWN;
        };
        if sizes[0] > packed {
            return 0;
        }
        let present = match self.header().hint {
            UNKNOWN => 0,
            known @ 0.. => known as usize,
            skewed => (-1 - skewed) as usize,
        };
        let last = sizes.len() - 1;
        // The last child, up to which the present hint may be, need not be packed.
        let mut regular = known.min(present.saturating_sub(1)).min(last);
        while regular < last && sizes[regular + 1] == packed {
            regular += 1;
        }
        // Nothing is after the last child.
        if regular + 1 == last {
            regular = last;
        }
        if sizes[0] == packed {
            regular as i8
        } else {
            -1 - regular as i8
        }
    }

    /// Whether invariant 8 holds.
    pub(crate) fn is_hint_right(&self) -> bool {
        if !is_keyless::<S>() || self.is_leaf() {
            return true;
        }
        let (sizes, mut start) = (self.sizes(), 0);
        (0..sizes.len()).all(|child| {
            let here = start;
            start += sizes[child];
            self.child_at(here) == (child, 0) && self.child_at(start - 1) == (child, sizes[child] - 1)
        })
    }

    /// The address `offset` bytes into the block.
    #[inline]
    fn at<U>(&self, offset: usize) -> *mut U {
        // SAFETY: in the block, or at its end, for all offsets of its shape.
        unsafe { self.block().byte_add(offset).cast() }
    }

    #[inline]
    fn size_ptr(&self) -> *mut usize {
        self.at(SIZE_OFFSET)
    }

    #[inline]
    fn entries_ptr(&self) -> *mut T {
        self.at(Self::ENTRIES_OFFSET)
    }

    #[inline]
    fn separators_ptr(&self) -> *mut S {
        self.at(Self::SEPARATORS_OFFSET)
    }

    /// The children of an inner node of `len`.
    #[inline]
    fn children_ptr(&self, len: usize) -> *mut Self {
        self.at(Self::offsets(len).children)
    }

    /// The sizes of the children of an inner node of `len`.
    #[inline]
    fn sizes_ptr(&self, len: usize) -> *mut usize {
        self.at(Self::offsets(len).sizes)
    }

    /// The entries of a leaf; none of an inner node.
    #[inline]
    pub(crate) fn entries(&self) -> &[T] {
        if !self.is_leaf() {
            return &[];
        }
        // SAFETY: the block has `len` initialised entries there (Shape), and is not written meanwhile (Ownership).
        unsafe { core::slice::from_raw_parts(self.entries_ptr(), self.len()) }
    }

    /// The separators of an inner node, one between each two children; none of a leaf.
    #[inline]
    pub(crate) fn separators(&self) -> &[S] {
        if self.is_leaf() {
            return &[];
        }
        // SAFETY: as for entries.
        unsafe { core::slice::from_raw_parts(self.separators_ptr(), self.len() - 1) }
    }

    /// The children of an inner node; none of a leaf.
    #[inline]
    pub(crate) fn children(&self) -> &[Self] {
        if self.is_leaf() {
            return &[];
        }
        let len = self.len();
        // SAFETY: as for entries.
        unsafe { core::slice::from_raw_parts(self.children_ptr(len), len) }
    }

    /// The numbers of entries below the children of an inner node; none of a leaf.
    #[inline]
    pub(crate) fn sizes(&self) -> &[usize] {
        if self.is_leaf() {
            return &[];
        }
        let len = self.len();
        // SAFETY: as for entries.
        unsafe { core::slice::from_raw_parts(self.sizes_ptr(len), len) }
    }

    #[inline]
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        self.pointer == other.pointer
    }

    /// The address of the node's block.
    pub(crate) fn address(&self) -> usize {
        self.block().addr()
    }

    /// Whether this is the only pointer to its node.
    #[inline]
    pub(crate) fn is_unique(&mut self) -> bool {
        self.header().count.is_unique()
    }

    /// Whether the node has other pointers at the moment.
    pub(crate) fn is_shared(&self) -> bool {
        !self.header().count.is_unique()
    }

    /// The size of the node's block in bytes.
    pub(crate) fn bytes(&self) -> usize {
        Self::layout(self.shape()).size()
    }

    /// Whether the pointer's tag is that of the block's height.
    pub(crate) fn has_right_tag(&self) -> bool {
        self.is_leaf() == (self.height() == 0)
    }

    /// Hints the processor to load the block's first line.
    #[inline]
    pub(crate) fn prefetch(&self) {
        self.prefetch_line(0);
    }

    /// Hints the processor to load a leaf's block, so that the steps of a binary search don't wait for one line after
    /// another. Every second line is enough, since processors load lines in pairs.
    #[inline]
    pub(crate) fn prefetch_leaf(&self) {
        // A leaf of few or small entries has fewer bytes.
        let bytes = const {
            if Self::MAX_BYTES < LEAF_BYTES {
                Self::MAX_BYTES
            } else {
                LEAF_BYTES
            }
        };
        if self.is_leaf() {
            (0..bytes.div_ceil(LINE))
                .step_by(2)
                .for_each(|line| self.prefetch_line(line));
        }
    }

    #[inline]
    fn prefetch_line(&self, line: usize) {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse"))]
        {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let address = self
                .pointer
                .as_ptr()
                .cast_const()
                .cast::<i8>()
                .wrapping_add(LINE * line);
            // SAFETY: a hint, valid for any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address) };
        }
        #[cfg(not(all(target_arch = "x86_64", target_feature = "sse")))]
        let _ = line;
    }

    /// The header, mutable.
    ///
    /// # Safety
    /// The node is unique.
    #[inline]
    unsafe fn header_mut(&mut self) -> &mut Header {
        // SAFETY: unique, and borrowed mutably (Ownership).
        unsafe { &mut *self.block() }
    }

    /// Sets the number of items.
    ///
    /// # Safety
    /// The node is unique. The caller makes the shape true before user code runs.
    #[inline]
    unsafe fn set_len(&mut self, len: usize) {
        // SAFETY: the caller's promise. No shape has more items than a `u16` counts.
        unsafe { self.header_mut().len = len as u16 };
    }

    /// Frees the block without dropping its contents.
    ///
    /// # Safety
    /// The node is unique, and not used or dropped afterwards; `shape` is that of the block's layout.
    #[inline]
    unsafe fn free(&mut self, shape: Shape) {
        // SAFETY: allocated with this layout (Shape), and unique (Ownership).
        unsafe { dealloc(self.block().cast(), Self::layout(shape)) }
    }

    /// Drops the block of a node that lost its last owner.
    #[inline(never)]
    fn drop_block(&mut self) {
        if !core::mem::needs_drop::<(T, S)>() {
            let shape = self.shape();
            // SAFETY: the last owner drops each child once (Shape), and frees the block. Recurses to the height of the
            // tree.
            unsafe {
                if let Shape::Inner(len) = shape {
                    ptr::drop_in_place(ptr::slice_from_raw_parts_mut(self.children_ptr(len), len));
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
        /// Frees a block, even if a drop panics.
        struct Free<T, S>(ManuallyDrop<Node<T, S>>, Shape);

        impl<T, S> Drop for Free<T, S> {
            fn drop(&mut self) {
                // SAFETY: the last owner has dropped the contents.
                unsafe { self.0.free(self.1) }
            }
        }

        let node = Self {
            pointer: pointer.cast(),
            contents: PhantomData,
        };
        let (shape, len, block) = (node.shape(), node.len(), node.block().addr());
        let contents = block..block + Self::layout(shape).size();
        let free = Free(ManuallyDrop::new(node), shape);
        let node = &free.0;
        // SAFETY: the last owner drops each item once (Shape).
        nesting.within(contents, || unsafe {
            match shape {
                Shape::Leaf(_) => ptr::drop_in_place(ptr::slice_from_raw_parts_mut(node.entries_ptr(), len)),
                Shape::Inner(_) => {
                    let separators = ptr::slice_from_raw_parts_mut(node.separators_ptr(), len.saturating_sub(1));
                    let children = ptr::slice_from_raw_parts_mut(node.children_ptr(len), len);
                    // If a separator's drop panics, the children are dropped all the same.
                    let rest = DropOnExit(children);
                    ptr::drop_in_place(separators);
                    drop(rest);
                }
            }
        });
    }
}

/// Drops the items of a slice.
struct DropOnExit<U>(*mut [U]);

impl<U> Drop for DropOnExit<U> {
    fn drop(&mut self) {
        // SAFETY: made where the items are dropped by nobody else.
        unsafe { ptr::drop_in_place(self.0) }
    }
}

impl<T, S> Clone for Node<T, S> {
    #[inline]
    fn clone(&self) -> Self {
        self.header().count.increment();
        Self {
            pointer: self.pointer,
            contents: PhantomData,
        }
    }
}

impl<T, S> Drop for Node<T, S> {
    #[inline]
    fn drop(&mut self) {
        if self.header().count.decrement() {
            self.drop_block();
        }
    }
}
