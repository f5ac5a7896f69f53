//! The node of the byte trie, and the only code that knows its layout.
//!
//! A node is one allocation: a header, then the arrays of a leaf or of an inner node. That takes `unsafe`, which this
//! module and its children alone may use.
//!
//! ```text
//! both    … len u16 | prefix u8 | spare u8 | …
//! leaf    … count u32 | tags [u8; len, padded to 8] | ends [u16; len, padded to 8] | prefix | suffixes | values [V; len] | room
//! inner   count u32 | size usize | weight u64 | … 64 bytes behind count the header: | starts [u8; groups, padded to 8] | children [Node; len] | prefix
//! ```
//!
//! A path copy counts the siblings of its path, and a thread that reads one of them would miss a cache line each time. So the
//! count of an inner node, through which many searches go, is a cache line's length away from all that a search reads. A leaf
//! of few entries would double in size.
//!
//! Invariants that the `unsafe` code relies on:
//!
//! - **Shape.** `len` and `prefix`, with the last of a leaf's `ends`, determine where a block's arrays lie, and with `spare` its
//!   layout. All arrays of a block are initialised, but for what pads `ends`, whenever code outside this module, user code
//!   above all, can see it. An inner node has two children at least.
//! - **Pointer.** The lowest bit of a [`Node`]'s pointer is set if, and only if, the block is an inner node.
//! - **Ownership.** `count` is the number of `Node`s that lead to the block. A block is written only through `&mut Node`
//!   and with a count of 1.

#![allow(unsafe_code)]

mod build;
mod bytes;
mod drop;
mod grow;

pub(crate) use build::{InnerBuilder, LeafBuilder, LeafIntoIter};
pub(crate) use grow::{Groups, Room};

use super::shape::{ByteRange, equal, first_of_range};
use crate::count::{Count, Shared};
use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use bytes::WORD;
use core::cmp::Ordering;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

/// A counted pointer to a node of the trie. A clone counts one more.
///
/// A node holds a non-empty set of keys, of which the bytes that lead to it have been consumed. Here with leaves of at most
/// 24 bytes:
///
/// ```text
///   inner   prefix "edge "   size 7   weight 42
///           ├ end ───────────── leaf   prefix ""        suffixes [""]                 (the key "edge ")
///           ├ bytes 0x00–0x3f ─ leaf   prefix "17 n"    suffixes ["88", "9"]
///           └ byte 'n' ──────── inner  prefix "n"       size 4 …
/// ```
///
/// Invariants, which [`check`](super::check) tests by these numbers:
///
/// 1. `prefix` is the longest common prefix of the node's keys.
/// 2. A node is a leaf exactly if it holds one key, or its keys cost at most [`MAX_LEAF_COST`](super::shape::MAX_LEAF_COST): the bytes
///    that follow the prefix, and [`cost_of_entry`](super::shape::cost_of_entry) for each key.
/// 3. A leaf's suffixes rise, and no two are equal; its tags are theirs.
/// 4. `size` is the number of keys below an inner node, `weight` the sum of their lengths after its prefix.
/// 5. The first child is the *end* exactly if the node's prefix is a key: a leaf of the empty suffix.
/// 6. The other children are *groups*: each holds the keys whose next byte lies in a range of 2^w values, the first of which
///    is a multiple of 2^w. The group's range is the largest one that leaves out the ranges of all others. `starts` has the
///    first value of each, rising.
/// 7. No group could be larger: the keys of the next larger range are too many for a leaf. So an inner child is alone in a
///    range of one byte.
/// 8. The pointer says whether a node is a leaf.
///
/// So the shape of a trie follows from its set of keys, whatever the order in which they came and went.
pub(crate) struct Node<V> {
    /// The block's address, and in its lowest bit [`INNER`].
    pointer: NonNull<Header>,
    values: PhantomData<Shared<V>>,
}

// SAFETY: a node is shared as a `Shared<V>` is: counted alike, and written only by its sole owner.
unsafe impl<V> Send for Node<V> where Shared<V>: Send {}
// SAFETY: as above.
unsafe impl<V> Sync for Node<V> where Shared<V>: Sync {}

/// The header of a block, at the address in a node's pointer.
#[repr(C)]
struct Header {
    /// The number of keys of a leaf; of an inner node the number of children, and [`HAS_END`].
    len: u16,
    /// The number of bytes of the prefix; [`OUTSIDE`] if the block holds an [`Outside`] in its place.
    prefix: u8,
    /// The room behind a leaf's arrays for more entries, in units of [`ALIGN`] bytes. Differs between leaves of the same keys.
    spare: u8,
    /// The count of a leaf. That of an inner node lies [apart](APART).
    count: Count,
}

/// The first bytes of an inner node's block, which searches don't read.
#[repr(C)]
struct Apart {
    count: Count,
    sums: Sums,
}

/// The sums over the keys below an inner node.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sums {
    size: usize,
    /// Keys of less memory than an address space can have more bytes than it, since they share prefixes.
    weight: u64,
}

/// A prefix that is too long to be copied with each node. Never aligned in a block.
type Outside = Shared<[u8]>;

/// The most bytes of a prefix that a block holds itself.
const MAX_PREFIX: usize = if cfg!(pleach_tiny_nodes) { 3 } else { 48 };
const OUTSIDE: u8 = u8::MAX;

/// A bit of `len`: the first child of this inner node is the end.
const HAS_END: u16 = 1 << 15;

/// A bit of pointers to inner nodes: so a search knows what a child is before the child has come from memory.
const INNER: usize = 1;

const TAGS_AT: usize = size_of::<Header>();
const STARTS_AT: usize = size_of::<Header>();

/// The distance from an inner node's count to its header: the length of a cache line.
const APART: usize = 64;
const _: () = assert!(size_of::<Apart>() <= APART && APART.is_multiple_of(ALIGN));

/// The bytes that whole words for so many tags or starts take.
#[inline]
const fn padded(count: usize) -> usize {
    (count + WORD - 1) & !(WORD - 1)
}

/// Allocators round up to this anyway, and give this alignment.
const ALIGN: usize = 16;

/// The bytes that a prefix takes in a block.
#[inline]
fn stored(prefix: u8) -> usize {
    if prefix == OUTSIDE {
        size_of::<Outside>()
    } else {
        prefix as usize
    }
}

/// Where the arrays of a leaf begin.
#[derive(Clone, Copy)]
struct LeafShape {
    ends_at: usize,
    prefix_at: usize,
    suffixes_at: usize,
}

impl LeafShape {
    #[inline]
    fn new(len: usize, prefix: u8) -> Self {
        let ends_at = TAGS_AT + padded(len);
        let prefix_at = ends_at + padded(len) * size_of::<u16>();
        let suffixes_at = prefix_at + stored(prefix);
        Self {
            ends_at,
            prefix_at,
            suffixes_at,
        }
    }

    /// Where the values begin, behind this many bytes of suffixes.
    #[inline]
    fn values_at<V>(self, bytes: usize) -> usize {
        (self.suffixes_at + bytes).next_multiple_of(align_of::<V>())
    }

    /// The layout of a block with room for more behind its arrays.
    #[inline]
    fn layout<V>(self, len: usize, bytes: usize, spare: u8) -> Layout {
        let values = len.checked_mul(size_of::<V>());
        let before = self.values_at::<V>(bytes) + usize::from(spare) * ALIGN;
        layout::<V>(values.and_then(|values| values.checked_add(before)))
    }
}

/// Where the arrays of an inner node begin.
#[derive(Clone, Copy)]
struct InnerShape {
    children_at: usize,
    prefix_at: usize,
}

impl InnerShape {
    #[inline]
    fn new(groups: usize, has_end: bool) -> Self {
        let children_at = STARTS_AT + padded(groups);
        let children = groups + usize::from(has_end);
        Self {
            children_at,
            prefix_at: children_at + children * size_of::<Node<()>>(),
        }
    }

    fn layout<V>(self, prefix: u8) -> Layout {
        layout::<V>(Some(APART + self.prefix_at + stored(prefix)))
    }
}

#[inline]
fn layout<V>(size: Option<usize>) -> Layout {
    let align = align_of::<V>().max(ALIGN);
    let size = size.and_then(|size| size.checked_next_multiple_of(ALIGN));
    match size.map(|size| Layout::from_size_align(size, align)) {
        Some(Ok(layout)) => layout,
        // More than the address space.
        _ => handle_alloc_error(Layout::new::<Header>()),
    }
}

/// The tag of a suffix: a few bits of a hash, so that a search compares one suffix and not many.
#[inline]
fn tag(suffix: &[u8]) -> u8 {
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    let half = |bytes: &[u8]| u64::from(bytes.try_into().map_or(0, u32::from_le_bytes));
    let len = suffix.len();
    let mixed = match len {
        0 => 0,
        1..4 => {
            let middle = u64::from(suffix[len / 2]);
            u64::from(suffix[0]) | middle << 8 | u64::from(suffix[len - 1]) << 16
        }
        4..8 => half(&suffix[..4]) | half(&suffix[len - 4..]) << 32,
        _ => word(&suffix[..8]) ^ word(&suffix[len - 8..]).rotate_left(29),
    };
    // The multiplier of Knuth's multiplicative hashing, 2^64 over the golden ratio.
    ((mixed ^ (len as u64) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

impl<V> Node<V> {
    /// A block with a header, a count and nothing else: all its arrays, and an inner node's sums, must be written before it is
    /// used or dropped.
    fn allocate(layout: Layout, len: u16, prefix: u8, inner: usize) -> Self {
        // SAFETY: the layout's size is not 0.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        let header = Header {
            len,
            prefix,
            spare: 0,
            count: Count::one(),
        };
        // SAFETY: the block has room for a header, behind what lies apart from an inner node's, and is aligned for both.
        let pointer = unsafe {
            let at = block.byte_add(inner * APART).cast::<Header>();
            at.write(header);
            if inner != 0 {
                let count = Count::one();
                let sums = Sums::default();
                block.cast::<Apart>().write(Apart { count, sums });
            }
            at
        };
        Self {
            pointer: pointer.map_addr(|address| address | inner),
            values: PhantomData,
        }
    }

    #[inline]
    fn head(&self) -> *mut Header {
        self.pointer.as_ptr().map_addr(|address| address & !INNER)
    }

    /// The beginning of an inner node's block.
    #[inline]
    fn apart(&self) -> *mut Apart {
        debug_assert!(!self.is_leaf());
        // SAFETY: an inner node's block begins there (Shape).
        unsafe { self.head().byte_sub(APART).cast() }
    }

    #[inline]
    fn count(&self) -> &Count {
        // SAFETY: as for the header.
        unsafe {
            if self.is_leaf() {
                &(*self.head()).count
            } else {
                &(*self.apart()).count
            }
        }
    }

    /// The address `offset` bytes behind the header's beginning.
    #[inline]
    fn at<T>(&self, offset: usize) -> *mut T {
        // SAFETY: in the block, or at its end, for all offsets that a shape has.
        unsafe { self.head().byte_add(offset).cast() }
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the block lives as long as a node leads to it, and is not written meanwhile (Ownership).
        unsafe { &*self.head() }
    }

    #[inline]
    pub(crate) fn is_leaf(&self) -> bool {
        self.pointer.addr().get() & INNER == 0
    }

    /// The number of keys of a leaf, of children of an inner node.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.header().len & !HAS_END)
    }

    /// The number of keys in the node and below. O(1).
    #[inline]
    pub(crate) fn size(&self) -> usize {
        if self.is_leaf() { self.len() } else { self.sums().size }
    }

    /// The bytes of all keys after the node's prefix. O(1).
    #[inline]
    pub(crate) fn weight(&self) -> u64 {
        if self.is_leaf() {
            self.suffixes().len() as u64
        } else {
            self.sums().weight
        }
    }

    #[inline]
    fn sums(&self) -> &Sums {
        debug_assert!(!self.is_leaf());
        // SAFETY: an inner block has sums (Shape), not written meanwhile (Ownership).
        unsafe { &(*self.apart()).sums }
    }

    /// The common prefix of the keys.
    #[inline]
    pub(crate) fn prefix(&self) -> &[u8] {
        let prefix = self.header().prefix;
        let at = self.prefix_at();
        if prefix == OUTSIDE {
            return self.outside(at);
        }
        // SAFETY: the block has this many bytes there (Shape), not written meanwhile (Ownership).
        unsafe { core::slice::from_raw_parts(self.at::<u8>(at), prefix as usize) }
    }

    #[cold]
    fn outside(&self, at: usize) -> &[u8] {
        // SAFETY: the block has such a pointer there (Shape), which owns the bytes as long as the block lives. The copy of it is
        // not dropped.
        unsafe {
            let outside = ManuallyDrop::new(ptr::read_unaligned(self.at::<Outside>(at)));
            &*Shared::as_ptr(&outside)
        }
    }

    /// The prefix, to give to a new node: shared, if it lies outside of the block.
    #[inline]
    pub(crate) fn shared_prefix(&self) -> Prefix<'_> {
        if self.header().prefix != OUTSIDE {
            return Prefix::Bytes(self.prefix());
        }
        // SAFETY: as in `outside`.
        let outside = unsafe { ManuallyDrop::new(ptr::read_unaligned(self.at::<Outside>(self.prefix_at()))) };
        Prefix::Shared(Shared::clone(&outside))
    }

    #[inline]
    fn prefix_at(&self) -> usize {
        if self.is_leaf() {
            self.leaf_shape().prefix_at
        } else {
            self.inner_shape().prefix_at
        }
    }

    #[inline]
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        self.pointer == other.pointer
    }

    /// Prefetches the cache lines of a leaf behind the first one: where a search goes on depends on what it has read.
    #[inline]
    pub(crate) fn prefetch_leaf(&self) {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse"))]
        for line in 1..6 {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint, valid for any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(self.pointer.as_ptr().cast::<i8>().wrapping_add(64 * line)) };
        }
    }

    /// The address of the node, which identifies it while it lives.
    pub(crate) fn address(&self) -> *const () {
        self.pointer.as_ptr().cast_const().cast()
    }

    /// As [`ptr_eq`](Self::ptr_eq), for a node that may have other values, and then is another one.
    #[inline]
    pub(crate) fn is_same<W>(&self, other: &Node<W>) -> bool {
        self.pointer.addr() == other.pointer.addr()
    }

    /// Whether other pointers lead to this node, as of now.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        !self.count().is_unique()
    }

    /// The bytes of the node's own block.
    pub(crate) fn bytes(&self) -> usize {
        self.layout().size()
    }

    /// The bytes of the prefix, if it lies outside of the block, and whether other nodes hold it too.
    pub(crate) fn bytes_outside(&self) -> Option<(usize, bool)> {
        match self.shared_prefix() {
            Prefix::Bytes(_) => None,
            // Two counts come before the bytes, and the block is a multiple of them. One reference is this one.
            Prefix::Shared(prefix) => {
                let bytes = (2 * size_of::<usize>() + prefix.len()).next_multiple_of(align_of::<usize>());
                Some((bytes, Shared::strong_count(&prefix) > 2))
            }
        }
    }

    fn layout(&self) -> Layout {
        if self.is_leaf() {
            self.leaf_shape()
                .layout::<V>(self.len(), self.suffixes().len(), self.header().spare)
        } else {
            self.inner_shape().layout::<V>(self.header().prefix)
        }
    }

    /// Frees the block, and drops nothing in it.
    ///
    /// # Safety
    /// The node is unique, never used or dropped again, and `layout` is the block's.
    #[inline]
    unsafe fn free(&mut self, layout: Layout) {
        // SAFETY: allocated with this layout (Shape), and nobody else's (Ownership).
        unsafe {
            let block: *mut u8 = if self.is_leaf() {
                self.head().cast()
            } else {
                self.apart().cast()
            };
            dealloc(block, layout)
        }
    }
}

/// The suffixes of a leaf.
#[derive(Clone, Copy, Default)]
pub(crate) struct Suffixes<'a> {
    ends: &'a [u16],
    bytes: &'a [u8],
}

impl<'a> Suffixes<'a> {
    #[inline]
    pub(crate) fn get(self, index: usize) -> &'a [u8] {
        &self.bytes[self.start(index)..usize::from(self.ends[index])]
    }

    /// A suffix, and the bytes of all from this one on.
    #[inline]
    pub(crate) fn get_with_more(self, index: usize) -> (&'a [u8], &'a [u8]) {
        let more = &self.bytes[self.start(index)..];
        (&more[..usize::from(self.ends[index]) - self.start(index)], more)
    }

    /// The number of bytes of all.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.bytes.len()
    }

    /// Where each suffix from this one on ends, and their bytes.
    #[inline]
    pub(crate) fn from(self, index: usize) -> (&'a [u16], &'a [u8]) {
        (&self.ends[index..], &self.bytes[self.start(index)..])
    }

    #[inline]
    fn start(self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]))
    }
}

/// The first bytes of a suffix as a number, so that suffixes of different numbers are ordered as these.
#[inline]
fn head_of(suffix: &[u8]) -> u64 {
    match suffix.first_chunk::<WORD>() {
        Some(head) => u64::from_be_bytes(*head),
        None => suffix
            .iter()
            .rev()
            .fold(0, |head, byte| head >> 8 | u64::from(*byte) << 56),
    }
}

/// A prefix for a new node.
#[derive(Clone)]
pub(crate) enum Prefix<'a> {
    Bytes(&'a [u8]),
    /// Of a node whose prefix lies outside of its block.
    Shared(Outside),
}

impl Prefix<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Prefix::Bytes(bytes) => bytes,
            Prefix::Shared(bytes) => bytes,
        }
    }

    /// Returns the header's field for it.
    fn field(&self) -> u8 {
        let len = self.bytes().len();
        if len > MAX_PREFIX { OUTSIDE } else { len as u8 }
    }
}

/// Leaves.
impl<V> Node<V> {
    #[inline]
    fn leaf_shape(&self) -> LeafShape {
        debug_assert!(self.is_leaf());
        LeafShape::new(self.len(), self.header().prefix)
    }

    #[inline]
    fn tags(&self) -> &[u8] {
        // SAFETY: a leaf's block has this many tags (Shape), not written meanwhile (Ownership).
        unsafe { core::slice::from_raw_parts(self.at::<u8>(TAGS_AT), self.len()) }
    }

    /// Where each suffix ends.
    #[inline]
    fn ends(&self) -> &[u16] {
        // SAFETY: as for tags; aligned, for it lies behind a multiple of 8 bytes.
        unsafe { core::slice::from_raw_parts(self.at::<u16>(TAGS_AT + padded(self.len())), self.len()) }
    }

    /// The suffixes of a leaf.
    #[inline]
    pub(crate) fn all_suffixes(&self) -> Suffixes<'_> {
        Suffixes {
            ends: self.ends(),
            bytes: self.suffixes(),
        }
    }

    /// All suffixes of a leaf, one behind the other.
    #[inline]
    pub(crate) fn suffixes(&self) -> &[u8] {
        let bytes = usize::from(self.ends()[self.len() - 1]);
        // SAFETY: as for tags.
        unsafe { core::slice::from_raw_parts(self.at::<u8>(self.leaf_shape().suffixes_at), bytes) }
    }

    /// The suffix at `index` of a leaf: what its key has after the prefix.
    #[inline]
    pub(crate) fn suffix(&self, index: usize) -> &[u8] {
        let ends = self.ends();
        let start = if index == 0 { 0 } else { usize::from(ends[index - 1]) };
        &self.suffixes()[start..usize::from(ends[index])]
    }

    /// The values of a leaf, in the order of its keys.
    #[inline]
    pub(crate) fn values(&self) -> &[V] {
        debug_assert!(self.is_leaf());
        // SAFETY: as for tags; aligned by `values_at`.
        unsafe { core::slice::from_raw_parts(self.values_ptr(), self.len()) }
    }

    #[inline]
    fn values_ptr(&self) -> *mut V {
        self.at::<V>(self.leaf_shape().values_at::<V>(self.suffixes().len()))
    }

    /// The suffixes and values of a unique leaf, the values for writing.
    #[inline]
    pub(crate) fn entries_mut(&mut self) -> (Suffixes<'_>, &mut [V]) {
        let (ends, bytes): (*const [u16], *const [u8]) = (self.ends(), self.suffixes());
        let values = self.values_mut();
        // SAFETY: the arrays of a block don't overlap, and the block is borrowed as long as both results.
        let suffixes = unsafe {
            Suffixes {
                ends: &*ends,
                bytes: &*bytes,
            }
        };
        (suffixes, values)
    }

    /// Finds a suffix of a leaf.
    #[inline]
    pub(crate) fn find(&self, suffix: &[u8]) -> Option<usize> {
        let (tag, len) = (tag(suffix), self.len());
        let mut first = 0;
        while first < len {
            // SAFETY: tags come in whole words, and two bytes for each lie behind them (Shape): 58 bytes with 17 tags.
            let mut hits = unsafe { bytes::equal(self.at(TAGS_AT + first), len - first, tag) };
            while hits != 0 {
                let index = first + hits.trailing_zeros() as usize;
                if equal(self.suffix(index), suffix) {
                    return Some(index);
                }
                hits &= hits - 1;
            }
            first += bytes::TAGS_AT_ONCE;
        }
        None
    }

    /// The index of a suffix of a leaf, or the one where it would be inserted.
    #[inline]
    pub(crate) fn search(&self, suffix: &[u8]) -> Result<usize, usize> {
        let suffixes = self.all_suffixes();
        let (head, ends, bytes) = (head_of(suffix), suffixes.ends, suffixes.bytes.len());
        let first = self.at::<u8>(self.leaf_shape().suffixes_at);
        let head_at = |index: usize| {
            if index == 0 || index >= ends.len() {
                crate::abort::abort();
            }
            let (start, end) = (usize::from(ends[index - 1]), usize::from(ends[index]));
            debug_assert!(start < end && end <= bytes);
            // The last bytes are read together with those before them.
            let Some(last) = bytes.checked_sub(WORD) else {
                return head_of(suffixes.get(index));
            };
            let read_at = start.min(last);
            // SAFETY: a word of the suffixes, which are initialised (Shape) and not written meanwhile (Ownership).
            let word = u64::from_be(unsafe { first.add(read_at).cast::<u64>().read_unaligned() });
            let missing = WORD - (end - start).min(WORD);
            (word << (8 * (start - read_at))) & (u64::MAX << (8 * missing))
        };
        // The last suffix that is not greater, if there is one. Where the search goes on is not predictable.
        let (mut base, mut base_head, mut count) = (0, head, self.len());
        while count > 1 {
            let half = count / 2;
            let found = head_at(base + half);
            let mut is_up_to = found < head;
            if found == head {
                is_up_to = suffixes.get(base + half) <= suffix;
            }
            base = core::hint::select_unpredictable(is_up_to, base + half, base);
            base_head = core::hint::select_unpredictable(is_up_to, found, base_head);
            count -= half;
        }
        if base_head != head {
            return Err(base + 1);
        }
        match suffixes.get(base).cmp(suffix) {
            Ordering::Less => Err(base + 1),
            Ordering::Equal => Ok(base),
            Ordering::Greater => Err(base),
        }
    }

    /// The index of the first suffix of a leaf that is not less than this one.
    #[inline]
    pub(crate) fn lower_bound(&self, suffix: &[u8]) -> usize {
        self.lower_bound_from(0, suffix)
    }

    /// As [`lower_bound`](Self::lower_bound), among the suffixes from this index on.
    #[inline]
    pub(crate) fn lower_bound_from(&self, first: usize, suffix: &[u8]) -> usize {
        let (mut low, mut high) = (first, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.suffix(middle) < suffix {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether the tags are those of the suffixes.
    pub(crate) fn tags_are_right(&self) -> bool {
        (0..self.len()).all(|index| self.tags()[index] == tag(self.suffix(index)))
    }

    /// The values of a unique leaf, for writing.
    #[inline]
    pub(crate) fn values_mut(&mut self) -> &mut [V] {
        debug_assert!(self.is_leaf() && !self.is_shared());
        let (values, len) = (self.values_ptr(), self.len());
        if self.is_shared() {
            crate::abort::abort();
        }
        // SAFETY: as for `values`, and unique.
        unsafe { core::slice::from_raw_parts_mut(values, len) }
    }
}

/// Inner nodes.
impl<V> Node<V> {
    #[inline]
    fn inner_shape(&self) -> InnerShape {
        debug_assert!(!self.is_leaf());
        InnerShape::new(self.groups(), self.header().len & HAS_END != 0)
    }

    #[inline]
    pub(crate) fn has_end(&self) -> bool {
        !self.is_leaf() && self.header().len & HAS_END != 0
    }

    /// The number of groups of an inner node.
    #[inline]
    pub(crate) fn groups(&self) -> usize {
        let len = self.header().len;
        usize::from(len & !HAS_END) - usize::from(len >> 15)
    }

    /// The first byte of each group's range.
    #[inline]
    pub(crate) fn starts(&self) -> &[u8] {
        // SAFETY: an inner block has this many (Shape), not written meanwhile (Ownership).
        unsafe { core::slice::from_raw_parts(self.at::<u8>(STARTS_AT), self.groups()) }
    }

    /// The children of an inner node: the end, if there is one, and the groups.
    #[inline]
    pub(crate) fn children(&self) -> &[Self] {
        // SAFETY: as for starts.
        unsafe { core::slice::from_raw_parts(self.at::<Self>(self.inner_shape().children_at), self.len()) }
    }

    /// The range of a group of an inner node.
    pub(crate) fn range(&self, group: usize) -> ByteRange {
        ByteRange {
            start: self.starts()[group],
            width: self.width(group),
        }
    }

    /// The index among the children of the last group that starts at this byte or before, which holds all keys that
    /// continue with it.
    #[inline]
    pub(crate) fn child_index(&self, byte: u8) -> Option<usize> {
        let (groups, skip) = (self.groups(), usize::from(self.header().len >> 15));
        let mut up_to = 0;
        loop {
            // SAFETY: starts come in whole words, behind which there are two children at least (Shape), so 16 bytes.
            let found = unsafe { bytes::up_to(self.at(STARTS_AT + up_to), byte) };
            up_to += found;
            // The bytes behind the last start may be anything.
            if found < bytes::AT_ONCE || up_to >= groups {
                break;
            }
        }
        up_to.min(groups).checked_sub(1).map(|group| group + skip)
    }

    /// The index of the child of the group in whose range this byte is.
    #[inline(always)]
    pub(crate) fn child_with(&self, byte: u8) -> Option<usize> {
        let child = self.child_index(byte)?;
        let group = child - usize::from(self.header().len >> 15);
        let differing = u32::from(self.starts()[group] ^ byte);
        let width = if self.children()[child].is_leaf() {
            self.width_of_leaf(group)
        } else {
            0
        };
        (differing >> width == 0).then_some(child)
    }

    /// The children of a unique inner node, for writing: the keys below must stay, unless [`grow`](Self::grow) is told.
    #[inline]
    pub(crate) fn children_mut(&mut self) -> &mut [Self] {
        if self.is_leaf() || self.is_shared() {
            crate::abort::abort();
        }
        // SAFETY: as for `children`, and unique.
        unsafe { core::slice::from_raw_parts_mut(self.at::<Self>(self.inner_shape().children_at), self.len()) }
    }

    /// The inner node for writing, if it is one of one owner.
    #[inline]
    pub(crate) fn inner_mut(&mut self) -> Option<InnerMut<'_, V>> {
        (!self.is_leaf() && !self.is_shared()).then_some(InnerMut(self))
    }

    /// Adds to the sums of a unique inner node, and returns a child for writing.
    #[inline]
    pub(crate) fn grow(&mut self, child: usize, keys: isize, bytes: i64) -> &mut Self {
        self.add(keys, bytes);
        // SAFETY: as for `children`, and unique by `add`.
        let children =
            unsafe { core::slice::from_raw_parts_mut(self.at::<Self>(self.inner_shape().children_at), self.len()) };
        &mut children[child]
    }

    /// Adds to the sums of a unique inner node.
    #[inline]
    pub(crate) fn add(&mut self, keys: isize, bytes: i64) {
        if self.is_leaf() || self.is_shared() {
            crate::abort::abort();
        }
        // SAFETY: an inner block has sums, and is unique.
        let sums = unsafe { &mut (*self.apart()).sums };
        sums.size = sums.size.wrapping_add_signed(keys);
        sums.weight = sums.weight.wrapping_add_signed(bytes);
    }
}

/// An inner node of one owner. The keys below must stay, unless the sums are told.
pub(crate) struct InnerMut<'a, V>(&'a mut Node<V>);

impl<'a, V> InnerMut<'a, V> {
    #[inline]
    pub(crate) fn node(&self) -> &Node<V> {
        self.0
    }

    /// Adds to the sums, and returns a child for writing.
    #[inline]
    pub(crate) fn grow(self, child: usize, keys: isize, bytes: i64) -> &'a mut Node<V> {
        debug_assert!(!self.0.is_leaf() && !self.0.is_shared());
        let node = self.0;
        let (children, len) = (node.at::<Node<V>>(node.inner_shape().children_at), node.len());
        // SAFETY: the block of an inner node of one owner, as `inner_mut` found, has sums and so many children.
        let (sums, children) = unsafe {
            (
                &mut (*node.apart()).sums,
                core::slice::from_raw_parts_mut(children, len),
            )
        };
        sums.size = sums.size.wrapping_add_signed(keys);
        sums.weight = sums.weight.wrapping_add_signed(bytes);
        &mut children[child]
    }
}

impl<V> Clone for Node<V> {
    #[inline]
    fn clone(&self) -> Self {
        self.count().increment();
        Self {
            pointer: self.pointer,
            values: PhantomData,
        }
    }
}

/// Frees a block when it goes out of scope.
struct Free<'n, V>(&'n mut Node<V>, Layout);

impl<V> Drop for Free<'_, V> {
    fn drop(&mut self) {
        // SAFETY: made by the last owner, which has dropped what is in the block or leaks it.
        unsafe { self.0.free(self.1) }
    }
}
