//! The shape of a trie, which follows from its set of keys: what fits a leaf, and which ranges of bytes are groups.

use core::cmp::Ordering;

/// The maximum cost of the keys of one leaf: about the bytes of its block. Larger leaves make a trie smaller and lookups
/// cheaper, and copies more expensive.
pub(crate) const MAX_LEAF_COST: usize = if cfg!(pleach_tiny_nodes) { 24 } else { 480 };

/// The cost of an entry apart from the bytes of its suffix: a tag, an end and a value.
pub(crate) const fn cost_of_entry<V>() -> usize {
    size_of::<u8>() + size_of::<u16>() + size_of::<V>()
}

/// Whether this many keys are a leaf, if they have this many bytes after their common prefix.
#[inline]
pub(crate) fn fits<V>(keys: usize, bytes: u64) -> bool {
    let entries = (keys as u64).saturating_mul(cost_of_entry::<V>() as u64);
    keys <= 1 || entries.saturating_add(bytes) <= MAX_LEAF_COST as u64
}

/// The length of the longest common prefix.
#[inline]
pub(crate) fn common(a: &[u8], b: &[u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    let words = a.chunks_exact(WORD).zip(b.chunks_exact(WORD));
    let equal = WORD * words.take_while(|(a, b)| a == b).count();
    equal + a[equal..].iter().zip(&b[equal..]).take_while(|(a, b)| a == b).count()
}

/// As `a == b`, for byte strings that are short as a rule: without a call.
#[inline]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
        a.first_chunk::<N>() == b.first_chunk() && a.last_chunk::<N>() == b.last_chunk()
    }
    let len = a.len();
    len == b.len()
        && match len {
            0 => true,
            1 => a[0] == b[0],
            2..4 => ends::<2>(a, b),
            4..8 => ends::<4>(a, b),
            8..=16 => ends::<8>(a, b),
            _ => a == b,
        }
}

/// As `a.cmp(b)`, for byte strings that differ early as a rule: without a call.
#[inline]
pub(crate) fn order(a: &[u8], b: &[u8]) -> Ordering {
    match (a.first_chunk(), b.first_chunk()) {
        (Some(x), Some(y)) if x != y => u64::from_be_bytes(*x).cmp(&u64::from_be_bytes(*y)),
        _ => a.cmp(b),
    }
}

/// As `bytes.strip_prefix(prefix)`, for short prefixes.
#[inline]
pub(crate) fn strip_prefix<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = bytes.split_at_checked(prefix.len())?;
    equal(start, prefix).then_some(rest)
}

/// The range of a group while others are joined with it.
#[derive(Clone, Copy)]
pub(crate) struct ByteRange {
    pub(crate) start: u8,
    pub(crate) width: u32,
}

impl ByteRange {
    pub(crate) const ALL: Self = Self { start: 0, width: 8 };

    pub(crate) fn contains(self, byte: u8) -> bool {
        first_of_range(byte, self.width) == self.start
    }

    /// The other half of the next larger range, and that one; `None` if this one has all bytes.
    pub(crate) fn buddy(self) -> Option<(Self, Self)> {
        (self.width < 8).then(|| {
            let buddy = Self {
                start: self.start ^ 1 << self.width,
                width: self.width,
            };
            let width = self.width + 1;
            let larger = Self {
                start: first_of_range(self.start, width),
                width,
            };
            (buddy, larger)
        })
    }
}

/// The first byte of the range of 2^`width` bytes that has this byte.
#[inline]
pub(crate) fn first_of_range(byte: u8, width: u32) -> u8 {
    if width >= 8 { 0 } else { byte >> width << width }
}
