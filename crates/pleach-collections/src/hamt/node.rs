//! The node, and the only code that knows its layout.
//!
//! A node is one allocation: a header, then its children; or a header, then tags and entries. That takes `unsafe`, here
//! and nowhere else in the library; `docs/decisions-map.md` says what it gains over `Vec`s behind an `Arc`.
//!
//! What the `unsafe` code relies on:
//!
//! - **Shape.** `kind` says what a block holds: if it is odd, it is `starts`, and a size and as many initialised children
//!   follow as it has bits; else it is twice the number of initialised entries, with tags for as many, rounded up to
//!   [`TAGS`]. The block's layout is that of this shape. Whoever changes one of these changes all of them before any code
//!   of the user runs, or gives up the block.
//! - **Pointer.** The low bits of a [`Node`]'s pointer are [`bits_of`] the block's `kind`. A block's alignment keeps them
//!   free.
//! - **Ownership.** `count` is the number of `Node`s that lead to the block. Nobody writes to a block but through
//!   `&mut Node` and with a count of 1, when no other `Node` exists through which to read or clone it.

#![allow(unsafe_code)]

mod edit;
mod nested;
mod parts;
mod search;
mod tags;

use parts::InnerBuilder;
pub(crate) use parts::{LeafBuilder, Parts};

use super::{Bits, SLOTS};
use smallvec::SmallVec;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering, fence};

/// A counted pointer to a node of the trie; to clone one is to count one more.
///
/// An inner node has [`SLOTS`] slots, one for each value of the next [`BITS`](super::BITS) bits of the hash. A child
/// serves a *group* of slots: 2^w neighbours, the first of them a multiple of 2^w. Here with 8 slots and leaves of 4:
///
/// ```text
///   inner    starts 0b01110101   size 14        (slots 0 and 1, 2 and 3, 4, 5, 6 and 7)
///              │   │   │   │   └ slots 6, 7 ──── leaf   tags [c1, d0, f7]       entries [e, e, e]
///              │   │   │   └──── slot 5 ──────── none
///              │   │   └──────── slot 4 ──────── inner  size 5                  (5 entries are too many for a leaf)
///              │   └──────────── slots 2, 3 ──── leaf   tags [44, 51, 51, 6e]   entries [e, e, e, e]
///              └──────────────── slots 0, 1 ──── leaf   tags [0a, 3b]           entries [e, e]
/// ```
///
/// Invariants, which [`check`](super::check) tests by these numbers:
///
/// 1. The groups of an inner node cover its slots: `starts` has the bit of the first slot of each, slot 0 among them.
/// 2. A leaf's tags are the bits of its entries' hashes that follow those the inner nodes above its parent tell apart (for
///    a root: the highest), in rising order.
/// 3. `size` is the number of entries in the node and below; in an inner node it stands at [`SIZE_CAP`] if that is larger.
/// 4. An entry is in the group that its key's hash says.
/// 5. A leaf holds at least one entry, and at most [`LEAF`](super::LEAF), unless all bits of the hash are used up.
/// 6. No two halves could be one: an inner node, and each group that was split in two, holds more than `LEAF` entries.
/// 7. No two keys are equal.
/// 8. The pointer to a node says whether it is an inner one, and if so, whether each slot is a group of its own.
pub(crate) struct Node<K, V> {
    /// The block's address, and in its low bits, which are 0 in that, [`INNER`] and [`FULL`].
    pointer: NonNull<Header>,
    entries: PhantomData<Arc<(K, V)>>,
}

// SAFETY: a node is shared as an `Arc<(K, V)>` is: atomically counted, and written only by its sole owner.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Node<K, V> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Node<K, V> {}

/// The children of an inner node, taken out or not yet put in.
pub(crate) type Children<K, V> = SmallVec<[Option<Node<K, V>>; SLOTS as usize]>;

/// What every block begins with. In an inner node the size follows, in a leaf the tags.
#[repr(C)]
struct Header {
    count: AtomicU32,
    /// Of an inner node `starts`, which is odd; of a leaf twice the number of its entries.
    kind: u32,
}

/// A bit of pointers to inner nodes: so a search knows what a child is before the child has come from memory.
const INNER: usize = 1;

/// A bit of pointers to inner nodes in which each slot is a group: a search need not look at `starts`. Of this value, so
/// that a child of a full node has the place of its slot where one of another node has that of its group, and one behind.
const FULL: usize = 8;

/// The alignment of blocks, unless entries need more: that of what allocators give in any case.
const ALIGN: usize = 16;
const _: () = assert!(ALIGN > INNER | FULL && ALIGN >= align_of::<Header>());

/// The bits of a pointer to a block of this kind.
#[inline]
fn bits_of(kind: u32) -> usize {
    if kind & 1 == 0 {
        0
    } else if kind == Bits::MAX >> (Bits::BITS - SLOTS) {
        INNER | FULL
    } else {
        INNER
    }
}

/// Where the children of an inner node begin.
const CHILDREN_AT: usize = 16;

/// Where the stored `size` of inner nodes stops; small in tests, so that they get there.
const SIZE_CAP: u32 = if cfg!(pleach_tiny_nodes) { 7 } else { u32::MAX };

/// Tags come in blocks of so many. With the header, one fills half a cache line, and entries follow.
const TAGS: usize = 12;
const _: () = assert!(super::LEAF <= TAGS);

/// The kind of a leaf of so many entries.
fn kind_of_leaf(len: usize) -> u32 {
    u32::try_from(2 * len).unwrap_or_else(|_| std::process::abort())
}

/// What a block's layout depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// So many entries.
    Leaf(usize),
    /// So many children.
    Inner(usize),
}

/// Where the entries of a leaf of `len` begin.
#[inline]
fn entries_at<K, V>(len: usize) -> usize {
    let tags = if len <= TAGS { TAGS } else { len.next_multiple_of(TAGS) };
    (size_of::<Header>() + tags * size_of::<u16>()).next_multiple_of(align_of::<(K, V)>())
}

/// For how many entries a leaf of `len` has room: for those that are there and a few more, so that it does not grow each
/// time.
#[inline]
const fn room<K, V>(len: usize) -> usize {
    // A divisor of `TAGS`, so that a leaf that grows by tags grows by entries.
    let step = match size_of::<(K, V)>() {
        0..=16 => 6,
        17..=21 => 3,
        22..=32 => 2,
        _ => 1,
    };
    if len <= 2 { len } else { len.next_multiple_of(step) }
}

/// Whether a leaf of `len`, of [`TAGS`] at most, has no room for one more.
#[inline]
fn grows_at<K, V>(len: usize) -> bool {
    let lengths = const {
        let (mut lengths, mut len) = (0_u32, 0);
        while len < TAGS {
            if room::<K, V>(len + 1) != room::<K, V>(len) {
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
                let entries = room::<K, V>(len).checked_mul(size_of::<(K, V)>());
                entries.and_then(|bytes| bytes.checked_add(entries_at::<K, V>(len)))
            }
            // In pairs, as allocators round.
            Self::Inner(children) => Some(CHILDREN_AT + children.next_multiple_of(2) * size_of::<Option<Node<K, V>>>()),
        };
        let align = align_of::<(K, V)>().max(ALIGN);
        match size.map(|size| Layout::from_size_align(size, align)) {
            Some(Ok(layout)) => layout,
            // More than the address space.
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

    /// An inner node of these children, of which there must be as many as bits in `starts`, that of slot 0 among them; or
    /// the process ends.
    pub(crate) fn inner(starts: Bits, children: Children<K, V>) -> Self {
        let size = children.iter().flatten().map(Self::size).sum();
        Self::inner_of_size(starts, children, capped(size))
    }

    /// This inner node with other groups in the slots of `edited`: with `starts`, and the next of `edits` for each group that
    /// starts there. All together hold `more` entries than before. If `starts` doesn't fit, the process ends.
    pub(crate) fn edited(
        &self,
        starts: Bits,
        edited: Bits,
        edits: impl IntoIterator<Item = Option<Self>>,
        more: isize,
    ) -> Self {
        let size = self.stored_size();
        let capped_size = size == SIZE_CAP;
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
                let place = (old_starts & (bit - 1)).count_ones() as usize;
                old.get(place).and_then(Option::as_ref).cloned()
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

    /// Whether two children are one node, or none.
    #[inline]
    pub(crate) fn same_child(a: &Option<Self>, b: &Option<Self>) -> bool {
        let block = |child: &Option<Self>| child.as_ref().map_or(ptr::null_mut(), |node| node.pointer.as_ptr());
        block(a) == block(b)
    }

    fn inner_of_size(starts: Bits, children: Children<K, V>, size: u32) -> Self {
        let mut node = InnerBuilder::new(starts, size);
        children.into_iter().for_each(|child| node.push(child));
        node.finish()
    }

    /// A block with a header and nothing else: give it what its shape wants before using or dropping it.
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
                count: AtomicU32::new(1),
                kind,
            })
        };
        Self::of_block(block, kind)
    }

    /// The pointer to a block of this kind.
    #[inline]
    fn of_block(block: NonNull<Header>, kind: u32) -> Self {
        Self {
            pointer: block.map_addr(|address| address | bits_of(kind)),
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
        // SAFETY: the block lives as long as a node leads to it, and is not written meanwhile (Ownership).
        unsafe { &*self.block() }
    }

    /// The number of entries in the node and below. O(1) up to [`SIZE_CAP`].
    #[inline]
    pub(crate) fn size(&self) -> usize {
        if self.is_leaf() {
            return self.len();
        }
        let size = self.stored_size();
        if size < SIZE_CAP {
            size as usize
        } else {
            self.large_size()
        }
    }

    /// Whether it is an inner node of more entries than it can state.
    #[inline]
    pub(crate) fn is_vast(&self) -> bool {
        !self.is_leaf() && self.stored_size() == SIZE_CAP
    }

    /// The size as an inner node states it.
    #[inline]
    fn stored_size(&self) -> u32 {
        debug_assert!(!self.is_leaf());
        // SAFETY: every block has room for a size, initialised in inner nodes (Shape), and no tags are ever read as one.
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

    /// Whether the pointer's bits are those of the block's kind.
    pub(crate) fn pointer_is_right(&self) -> bool {
        self.pointer.addr().get() & (INNER | FULL) == bits_of(self.header().kind)
    }

    /// The first slots of the groups of an inner node; 0 in a leaf.
    #[inline]
    pub(crate) fn starts(&self) -> Bits {
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
        // SAFETY: right after the header, in the block: its layout is of one child or of [`TAGS`] tags at least.
        unsafe { self.block().add(1).cast() }
    }

    #[inline]
    fn children_ptr(&self) -> *mut Option<Self> {
        // SAFETY: after header and size, in the block.
        unsafe { self.block().byte_add(CHILDREN_AT).cast() }
    }

    #[inline]
    fn tags_ptr(&self) -> *mut u16 {
        // SAFETY: right after the header, in the block or at its end.
        unsafe { self.block().add(1).cast() }
    }

    /// Where the entries begin, in a leaf of `len`.
    #[inline]
    fn entries_ptr(&self, len: usize) -> *mut (K, V) {
        // SAFETY: in the block or at its end (Shape).
        unsafe { self.block().byte_add(entries_at::<K, V>(len)).cast() }
    }

    /// How many entries are in this node itself.
    #[inline]
    fn len(&self) -> usize {
        if self.is_leaf() {
            self.header().kind as usize / 2
        } else {
            0
        }
    }

    /// The entries of a leaf; of an inner node none.
    #[inline]
    pub(crate) fn entries(&self) -> &[(K, V)] {
        let len = self.len();
        if len == 0 {
            return &[];
        }
        // SAFETY: the block holds so many initialised entries there (Shape), and is not written meanwhile (Ownership).
        unsafe { std::slice::from_raw_parts(self.entries_ptr(len), len) }
    }

    /// The tags of a leaf; of an inner node none.
    #[inline]
    pub(crate) fn tags(&self) -> &[u16] {
        // SAFETY: as for entries.
        unsafe { std::slice::from_raw_parts(self.tags_ptr(), self.len()) }
    }

    /// The children of an inner node; of a leaf none.
    #[inline]
    pub(crate) fn children(&self) -> &[Option<Self>] {
        // SAFETY: as for entries.
        unsafe { std::slice::from_raw_parts(self.children_ptr(), self.starts().count_ones() as usize) }
    }

    /// How many entries an inner node has below in groups that start in these slots.
    pub(crate) fn size_of(&self, slots: Bits) -> usize {
        let before = (self.starts() & (slots & slots.wrapping_neg()).wrapping_sub(1)).count_ones() as usize;
        let children = self.children().iter().skip(before);
        let count = (self.starts() & slots).count_ones() as usize;
        children.take(count).flatten().map(Self::size).sum()
    }

    /// The group of an inner node that serves `slot`: its place, its first slot, and w if it has 2^w slots.
    #[inline]
    pub(crate) fn group(&self, slot: u32) -> (usize, u32, u32) {
        let starts = self.starts();
        let upto = Bits::MAX >> (Bits::BITS - 1 - slot);
        let first = Bits::BITS - 1 - (starts & upto | 1).leading_zeros();
        let next = (starts & !upto).trailing_zeros().min(SLOTS);
        (Self::place(starts | 1, slot), first, (next - first).trailing_zeros())
    }

    #[inline]
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        self.pointer == other.pointer
    }

    /// Whether no other pointer leads to this node.
    #[inline]
    pub(crate) fn is_unique(&mut self) -> bool {
        // Acquire: what other owners did, they did before they gave up their count.
        self.header().count.load(Ordering::Acquire) == 1
    }

    /// Whether other pointers lead to this node, as of now.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.header().count.load(Ordering::Relaxed) > 1
    }

    /// The bytes of the node's own block.
    pub(crate) fn bytes(&self) -> usize {
        self.shape().layout::<K, V>().size()
    }

    /// The header, for writing.
    ///
    /// # Safety
    /// The node is unique.
    #[inline]
    unsafe fn header_mut(&mut self) -> &mut Header {
        // SAFETY: unique, and borrowed mutably (Ownership).
        unsafe { &mut *self.block() }
    }

    /// Frees the block, and drops nothing in it.
    ///
    /// # Safety
    /// The node is unique, and never used or dropped again; `shape` is that of the block's layout.
    #[inline]
    unsafe fn free(&mut self, shape: Shape) {
        // SAFETY: allocated with this layout (Shape), and nobody else's (Ownership).
        unsafe { dealloc(self.block().cast(), shape.layout::<K, V>()) }
    }
}

impl<K, V> Node<K, V> {
    /// Gives the block the layout of another shape. What both have room for stays where it is.
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
    size.min(SIZE_CAP as usize) as u32
}

impl<K, V> Clone for Node<K, V> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: who has a node can't lose it meanwhile. As in `Arc`, the count must not wrap.
        if self.header().count.fetch_add(1, Ordering::Relaxed) > u32::MAX / 2 {
            std::process::abort();
        }
        Self {
            pointer: self.pointer,
            entries: PhantomData,
        }
    }
}

impl<K, V> Drop for Node<K, V> {
    #[inline]
    fn drop(&mut self) {
        // A sole owner need not write the count to know that it is one.
        let count = &self.header().count;
        if count.load(Ordering::Acquire) != 1 {
            if count.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            fence(Ordering::Acquire);
        }
        self.drop_block();
    }
}
