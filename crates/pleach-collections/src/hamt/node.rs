//! The node, and the only code that knows its layout.
//!
//! A node is one allocation: a header, then its children; or a header, then tags and entries. This takes `unsafe` code,
//! which is in this module and its submodules only; `docs/decisions-map.md` compares it with `Vec`s behind an `Arc`.
//!
//! Invariants that the `unsafe` code relies on:
//!
//! - **Shape.** `kind` tells what a block holds: if odd, it is `starts`, and a size and an initialised child for each of
//!   its bits follow; if even, it is twice the number of initialised entries, with a tag for each, rounded up to
//!   [`TAGS_PER_BLOCK`]. The block's layout is that of this shape. Code that changes one of these changes all of them
//!   before user code runs, or gives up the block.
//! - **Pointer.** The low bits of a [`Node`]'s pointer are the [`pointer_tag`] of the block's `kind`. A block's alignment
//!   keeps them free.
//! - **Ownership.** `count` is the number of `Node`s that point to the block. A block is written only through
//!   `&mut Node` and with a count of 1, when no other `Node` exists to read or clone it.

#![allow(unsafe_code)]

mod builder;
mod edit;
mod into_iter;
mod nested;
mod search;
mod tags;

use builder::InnerBuilder;
pub(crate) use builder::LeafBuilder;
pub(crate) use into_iter::NodeIntoIter;

use super::{SLOTS, SlotBitmap};
use crate::count::{Count, Shared};
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use smallvec::SmallVec;

/// A reference-counted pointer to a node of the trie.
///
/// An inner node has [`SLOTS`] slots, one for each value of the next [`BITS_PER_LEVEL`](super::BITS_PER_LEVEL) bits of
/// the hash. A child serves a *group* of slots: 2^w neighbours, the first of which is a multiple of 2^w. Here with 8
/// slots and leaves of 4:
///
/// ```text
///   inner    starts 0b01110101   size 14        (slots 0 and 1, 2 and 3, 4, 5, 6 and 7)
///              │   │   │   │   └ slots 6, 7 ──── leaf   tags [c1, d0, f7]       entries [e, e, e]
///              │   │   │   └──── slot 5 ──────── none
///              │   │   └──────── slot 4 ──────── inner  size 5                  (5 entries overflow a leaf)
///              │   └──────────── slots 2, 3 ──── leaf   tags [44, 51, 51, 6e]   entries [e, e, e, e]
///              └──────────────── slots 0, 1 ──── leaf   tags [0a, 3b]           entries [e, e]
/// ```
///
/// Invariants, which [`check`](super::check) tests by these numbers:
///
/// 1. The groups of an inner node cover its slots: `starts` has the bit of each group's first slot, slot 0 included.
/// 2. A leaf's tags are the bits of its entries' hashes below those that the inner nodes above its parent branch on (for a
///    root: the highest), in ascending order.
/// 3. `size` is the number of entries in the node and below; an inner node stores at most [`MAX_STORED_SIZE`].
/// 4. An entry is in the group of its key's hash.
/// 5. A leaf holds at least one entry, and at most [`MAX_LEAF_LEN`](super::MAX_LEAF_LEN), unless all bits of the hash are
///    used up.
/// 6. No two halves fit in a leaf: an inner node, and each group that was split in two, holds more than `MAX_LEAF_LEN`
///    entries.
/// 7. No two keys are equal.
/// 8. A pointer is tagged with whether its node is an inner one, and if so, whether each slot is a group of its own.
pub(crate) struct Node<K, V> {
    /// The block's address, tagged in its low bits with [`INNER`] and [`FULL`].
    pointer: NonNull<Header>,
    entries: PhantomData<Shared<(K, V)>>,
}

// SAFETY: a node is shared as a `Shared<(K, V)>` is: counted alike, and written only by its sole owner.
unsafe impl<K, V> Send for Node<K, V> where Shared<(K, V)>: Send {}
// SAFETY: as above.
unsafe impl<K, V> Sync for Node<K, V> where Shared<(K, V)>: Sync {}

/// The children of an inner node, by value.
pub(crate) type Children<K, V> = SmallVec<[Option<Node<K, V>>; SLOTS as usize]>;

/// The header of a block. In an inner node the size follows, in a leaf the tags.
#[repr(C)]
struct Header {
    count: Count,
    /// `starts`, which is odd, in an inner node; twice the number of entries in a leaf.
    kind: u32,
}

/// The tag of pointers to inner nodes: a search knows a child's kind before the child is loaded.
const INNER: usize = 1;

/// The tag of pointers to inner nodes in which each slot is a group, so that a search need not load `starts`.
///
/// 8 is the size of a child on 64-bit targets. So a child is at one offset from either pointer: by its slot in a full
/// node, else by the number of groups up to its slot.
const FULL: usize = 8;

/// The minimal alignment of blocks: what allocators return in any case.
const MIN_ALIGN: usize = 16;
const _: () = assert!(MIN_ALIGN > INNER | FULL && MIN_ALIGN >= align_of::<Header>());

/// Returns the tag of pointers to a block of this kind.
#[inline]
fn pointer_tag(kind: u32) -> usize {
    if kind & 1 == 0 {
        0
    } else if kind == SlotBitmap::MAX >> (SlotBitmap::BITS - SLOTS) {
        INNER | FULL
    } else {
        INNER
    }
}

/// The offset of an inner node's children in its block.
const CHILDREN_OFFSET: usize = 16;

/// The maximal `size` that inner nodes store; small under `cfg(pleach_tiny_nodes)`, so that tests reach it.
const MAX_STORED_SIZE: u32 = if cfg!(pleach_tiny_nodes) { 7 } else { u32::MAX };

/// Tags are allocated in multiples of this. With the header, 12 fill half a cache line, and entries follow.
const TAGS_PER_BLOCK: usize = 12;
const _: () = assert!(super::MAX_LEAF_LEN <= TAGS_PER_BLOCK);

/// Returns the kind of a leaf of `len` entries.
fn kind_of_leaf(len: usize) -> u32 {
    u32::try_from(2 * len).unwrap_or_else(|_| crate::abort::abort())
}

/// The parameters of a block's layout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A leaf of this many entries.
    Leaf(usize),
    /// An inner node of this many children.
    Inner(usize),
}

/// Returns the offset of the entries in the block of a leaf of `len`.
#[inline]
fn entries_offset<K, V>(len: usize) -> usize {
    let tags = if len <= TAGS_PER_BLOCK {
        TAGS_PER_BLOCK
    } else {
        len.next_multiple_of(TAGS_PER_BLOCK)
    };
    (size_of::<Header>() + tags * size_of::<u16>()).next_multiple_of(align_of::<(K, V)>())
}

/// Returns the number of entries that the block of a leaf of `len` has room for: a few more, so that not each insertion
/// reallocates.
#[inline]
const fn capacity<K, V>(len: usize) -> usize {
    // A divisor of `TAGS_PER_BLOCK`, so that a leaf that grows by tags grows by entries.
    let step = match size_of::<(K, V)>() {
        0..=16 => 6,
        17..=21 => 3,
        22..=32 => 2,
        _ => 1,
    };
    if len <= 2 { len } else { len.next_multiple_of(step) }
}

/// Whether the block of a leaf of `len` ≤ [`TAGS_PER_BLOCK`] has no room for one more entry.
#[inline]
fn grows_at<K, V>(len: usize) -> bool {
    let lengths = const {
        let (mut lengths, mut len) = (0_u32, 0);
        while len < TAGS_PER_BLOCK {
            if capacity::<K, V>(len + 1) != capacity::<K, V>(len) {
                lengths |= 1 << len;
            }
            len += 1;
        }
        lengths
    };
    lengths >> len & 1 == 1
}

impl Shape {
    fn layout<K, V>(self) -> Layout {
        let size = match self {
            Self::Leaf(len) => {
                let entries = capacity::<K, V>(len).checked_mul(size_of::<(K, V)>());
                entries.and_then(|bytes| bytes.checked_add(entries_offset::<K, V>(len)))
            }
            // An even number, as allocators round.
            Self::Inner(children) => {
                Some(CHILDREN_OFFSET + children.next_multiple_of(2) * size_of::<Option<Node<K, V>>>())
            }
        };
        let align = align_of::<(K, V)>().max(MIN_ALIGN);
        match size.map(|size| Layout::from_size_align(size, align)) {
            Some(Ok(layout)) => layout,
            // Larger than the address space.
            _ => handle_alloc_error(Layout::new::<Header>()),
        }
    }
}

impl<K, V> Node<K, V> {
    /// A leaf of one entry.
    pub(crate) fn single(tag: u16, entry: (K, V)) -> Self {
        let mut leaf = LeafBuilder::new(1);
        leaf.push(tag, entry);
        leaf.finish()
    }

    /// An inner node of one child for each bit of `starts`, which has that of slot 0; aborts the process otherwise.
    pub(crate) fn inner(starts: SlotBitmap, children: Children<K, V>) -> Self {
        let size = children.iter().flatten().map(Self::size).sum();
        Self::inner_of_size(starts, children, capped(size))
    }

    /// Returns this inner node with the groups `starts`, those that start in the slots of `edited` taken from `edits`
    /// and the others kept. The result has `more` entries. Aborts the process if `starts` lacks slot 0.
    pub(crate) fn edited(
        &self,
        starts: SlotBitmap,
        edited: SlotBitmap,
        edits: impl IntoIterator<Item = Option<Self>>,
        more: isize,
    ) -> Self {
        let size = self.stored_size();
        let capped_size = size == MAX_STORED_SIZE;
        let size = capped((size as usize).saturating_add_signed(more));
        let (old, old_starts) = (self.children(), self.starts());
        old.iter().flatten().for_each(Self::prefetch_count);
        let mut edits = edits.into_iter();
        let mut node = InnerBuilder::new(starts, size);
        let mut left = starts;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            left &= left - 1;
            node.push(if edited & bit == 0 {
                let index = (old_starts & (bit - 1)).count_ones() as usize;
                old.get(index).and_then(Option::as_ref).cloned()
            } else {
                edits.next().flatten()
            });
        }
        let mut node = node.finish();
        if capped_size {
            let size = capped(node.large_size());
            // SAFETY: new, so unique, and no leaf.
            unsafe { *node.size_ptr() = size };
        }
        debug_assert!(node.is_unique());
        node
    }

    /// Whether two children are the same node, or both vacant.
    #[inline]
    pub(crate) fn same_child(a: &Option<Self>, b: &Option<Self>) -> bool {
        let block = |child: &Option<Self>| child.as_ref().map_or(ptr::null_mut(), |node| node.pointer.as_ptr());
        block(a) == block(b)
    }

    fn inner_of_size(starts: SlotBitmap, children: Children<K, V>, size: u32) -> Self {
        let mut node = InnerBuilder::new(starts, size);
        children.into_iter().for_each(|child| node.push(child));
        node.finish()
    }

    /// Allocates a block and writes its header. The caller writes the contents of its shape before the node is used or
    /// dropped.
    #[inline]
    fn allocate(shape: Shape, kind: u32) -> Self {
        let layout = shape.layout::<K, V>();
        // SAFETY: the layout's size is not 0.
        let block = unsafe { alloc(layout) }.cast::<Header>();
        let Some(block) = NonNull::new(block) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the block has room for a header, and is aligned for one.
        unsafe {
            block.write(Header {
                count: Count::one(),
                kind,
            })
        };
        Self::of_block(block, kind)
    }

    /// Returns the tagged pointer to a block of this kind.
    #[inline]
    fn of_block(block: NonNull<Header>, kind: u32) -> Self {
        Self {
            pointer: block.map_addr(|address| address | pointer_tag(kind)),
            entries: PhantomData,
        }
    }

    /// The block.
    #[inline]
    fn block(&self) -> *mut Header {
        self.pointer.as_ptr().map_addr(|address| address & !(INNER | FULL))
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the block lives as long as a node points to it, and is not written meanwhile (Ownership).
        unsafe { &*self.block() }
    }

    /// The number of entries in the node and below. O(1) up to [`MAX_STORED_SIZE`].
    #[inline]
    pub(crate) fn size(&self) -> usize {
        if self.is_leaf() {
            return self.len();
        }
        let size = self.stored_size();
        if size < MAX_STORED_SIZE {
            size as usize
        } else {
            self.large_size()
        }
    }

    /// Whether it is an inner node whose size exceeds what it can store.
    #[inline]
    pub(crate) fn exceeds_stored_size(&self) -> bool {
        !self.is_leaf() && self.stored_size() == MAX_STORED_SIZE
    }

    /// The size that an inner node stores.
    #[inline]
    fn stored_size(&self) -> u32 {
        debug_assert!(!self.is_leaf());
        // SAFETY: initialised in every block: a size in inner nodes, tags in leaves (Shape).
        unsafe { *self.size_ptr() }
    }

    #[cold]
    fn large_size(&self) -> usize {
        self.children().iter().flatten().map(Self::size).sum()
    }

    #[inline]
    pub(crate) fn is_leaf(&self) -> bool {
        self.pointer.addr().get() & INNER == 0
    }

    /// Whether the pointer's tag is that of the block's kind.
    pub(crate) fn has_right_tag(&self) -> bool {
        self.pointer.addr().get() & (INNER | FULL) == pointer_tag(self.header().kind)
    }

    /// The first slots of the groups of an inner node; 0 in a leaf.
    #[inline]
    pub(crate) fn starts(&self) -> SlotBitmap {
        if self.is_leaf() { 0 } else { self.header().kind }
    }

    #[inline]
    fn shape(&self) -> Shape {
        let kind = self.header().kind;
        if kind & 1 == 0 {
            Shape::Leaf(kind as usize / 2)
        } else {
            Shape::Inner(kind.count_ones() as usize)
        }
    }

    #[inline]
    fn size_ptr(&self) -> *mut u32 {
        // SAFETY: right after the header, in the block: its layout is of one child or of [`TAGS_PER_BLOCK`] tags at
        // least.
        unsafe { self.block().add(1).cast() }
    }

    #[inline]
    fn children_ptr(&self) -> *mut Option<Self> {
        // SAFETY: after header and size, in the block.
        unsafe { self.block().byte_add(CHILDREN_OFFSET).cast() }
    }

    #[inline]
    fn tags_ptr(&self) -> *mut u16 {
        // SAFETY: right after the header, in the block or at its end.
        unsafe { self.block().add(1).cast() }
    }

    /// The entries of a leaf of `len`.
    #[inline]
    fn entries_ptr(&self, len: usize) -> *mut (K, V) {
        // SAFETY: in the block or at its end (Shape).
        unsafe { self.block().byte_add(entries_offset::<K, V>(len)).cast() }
    }

    /// The number of entries in a leaf; 0 for an inner node.
    #[inline]
    fn len(&self) -> usize {
        if self.is_leaf() {
            self.header().kind as usize / 2
        } else {
            0
        }
    }

    /// The entries of a leaf; none of an inner node.
    #[inline]
    pub(crate) fn entries(&self) -> &[(K, V)] {
        let len = self.len();
        if len == 0 {
            return &[];
        }
        // SAFETY: the block has `len` initialised entries there (Shape), and is not written meanwhile (Ownership).
        unsafe { core::slice::from_raw_parts(self.entries_ptr(len), len) }
    }

    /// The tags of a leaf; none of an inner node.
    #[inline]
    pub(crate) fn tags(&self) -> &[u16] {
        // SAFETY: as for entries.
        unsafe { core::slice::from_raw_parts(self.tags_ptr(), self.len()) }
    }

    /// The children of an inner node; none of a leaf.
    #[inline]
    pub(crate) fn children(&self) -> &[Option<Self>] {
        // SAFETY: as for entries.
        unsafe { core::slice::from_raw_parts(self.children_ptr(), self.starts().count_ones() as usize) }
    }

    /// The number of entries in the groups of an inner node that start in these slots.
    pub(crate) fn size_of(&self, slots: SlotBitmap) -> usize {
        let before = (self.starts() & (slots & slots.wrapping_neg()).wrapping_sub(1)).count_ones() as usize;
        let children = self.children().iter().skip(before);
        let count = (self.starts() & slots).count_ones() as usize;
        children.take(count).flatten().map(Self::size).sum()
    }

    /// The group of an inner node that serves `slot`: its index, its first slot, and w if it has 2^w slots.
    #[inline]
    pub(crate) fn group(&self, slot: u32) -> (usize, u32, u32) {
        let starts = self.starts();
        let upto = SlotBitmap::MAX >> (SlotBitmap::BITS - 1 - slot);
        let first = SlotBitmap::BITS - 1 - (starts & upto | 1).leading_zeros();
        let next = (starts & !upto).trailing_zeros().min(SLOTS);
        (
            Self::child_index(starts | 1, slot),
            first,
            (next - first).trailing_zeros(),
        )
    }

    #[inline]
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        self.pointer == other.pointer
    }

    /// Whether this is the only pointer to its node.
    #[inline]
    pub(crate) fn is_unique(&mut self) -> bool {
        self.header().count.is_unique()
    }

    /// Whether the node has other pointers at the moment.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        !self.header().count.is_unique()
    }

    /// The size of the node's block in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.shape().layout::<K, V>().size()
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

    /// Frees the block without dropping its contents.
    ///
    /// # Safety
    /// The node is unique, and not used or dropped afterwards; `shape` is that of the block's layout.
    #[inline]
    unsafe fn free(&mut self, shape: Shape) {
        // SAFETY: allocated with this layout (Shape), and unique (Ownership).
        unsafe { dealloc(self.block().cast(), shape.layout::<K, V>()) }
    }
}

impl<K, V> Node<K, V> {
    /// Reallocates the block for another shape. Bytes that both have room for are kept.
    ///
    /// # Safety
    /// The node is unique; `from` is the shape of the block's layout, and `to` is made true before user code runs.
    unsafe fn reallocate(&mut self, from: Shape, to: Shape) {
        let (old, new) = (from.layout::<K, V>(), to.layout::<K, V>());
        // SAFETY: allocated with the layout `old`; the new size is not 0, and was checked by `layout`.
        let block = unsafe { realloc(self.block().cast(), old, new.size()) };
        let block = NonNull::new(block.cast()).unwrap_or_else(|| handle_alloc_error(new));
        let bits = self.pointer.addr().get() & (INNER | FULL);
        self.pointer = block.map_addr(|address| address | bits);
    }
}

fn capped(size: usize) -> u32 {
    size.min(MAX_STORED_SIZE as usize) as u32
}

impl<K, V> Clone for Node<K, V> {
    #[inline]
    fn clone(&self) -> Self {
        self.header().count.increment();
        Self {
            pointer: self.pointer,
            entries: PhantomData,
        }
    }
}

impl<K, V> Drop for Node<K, V> {
    #[inline]
    fn drop(&mut self) {
        if self.header().count.decrement() {
            self.drop_block();
        }
    }
}
