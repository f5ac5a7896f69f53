//! Tags compared, and moved, all at once.

use super::TAGS;

/// A bitmap of which of [`TAGS`] tags equal `tag`. Bits above say nothing.
///
/// # Safety
/// `TAGS` tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn equal_tags(tags: *const u16, tag: u16) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi16, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16};
    // SAFETY: SSE2 is there; the tags are, by contract.
    unsafe {
        let wanted = _mm_set1_epi16(tag.cast_signed());
        let (low, high) = load(tags);
        let (low, high) = (_mm_cmpeq_epi16(low, wanted), _mm_cmpeq_epi16(high, wanted));
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// A bitmap of which of [`TAGS`] tags are at most `tag`. Bits above say nothing.
///
/// # Safety
/// `TAGS` tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn tags_upto(tags: *const u16, tag: u16) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi16, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16, _mm_setzero_si128, _mm_subs_epu16,
    };
    // SAFETY: SSE2 is there; the tags are, by contract.
    unsafe {
        let (bound, zero) = (_mm_set1_epi16(tag.cast_signed()), _mm_setzero_si128());
        let (low, high) = load(tags);
        let low = _mm_cmpeq_epi16(_mm_subs_epu16(low, bound), zero);
        let high = _mm_cmpeq_epi16(_mm_subs_epu16(high, bound), zero);
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// The first 8 tags, and the 4 behind.
///
/// # Safety
/// `TAGS` tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
unsafe fn load(tags: *const u16) -> (std::arch::x86_64::__m128i, std::arch::x86_64::__m128i) {
    use std::arch::x86_64::{_mm_loadl_epi64, _mm_loadu_si128};
    const { assert!(TAGS == 12) };
    // SAFETY: that are 16 bytes, and 8.
    unsafe { (_mm_loadu_si128(tags.cast()), _mm_loadl_epi64(tags.add(8).cast())) }
}

/// As above, without vectors.
///
/// # Safety
/// `TAGS` tags can be read at `tags`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) unsafe fn equal_tags(tags: *const u16, tag: u16) -> u32 {
    // SAFETY: by contract.
    let tags = unsafe { std::slice::from_raw_parts(tags, TAGS) };
    tags.iter()
        .enumerate()
        .fold(0, |equal, (i, t)| equal | (u32::from(*t == tag) << i))
}

/// As above, without vectors.
///
/// # Safety
/// `TAGS` tags can be read at `tags`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) unsafe fn tags_upto(tags: *const u16, tag: u16) -> u32 {
    // SAFETY: by contract.
    let tags = unsafe { std::slice::from_raw_parts(tags, TAGS) };
    tags.iter()
        .enumerate()
        .fold(0, |upto, (i, t)| upto | (u32::from(*t <= tag) << i))
}

/// Four tags.
type Word = u64;
const WORDS: usize = TAGS * size_of::<u16>() / size_of::<Word>();
const _: () = assert!(WORDS == 3);

/// For each place the bits of the tags before it.
const BEFORE: [[Word; WORDS]; TAGS] = {
    let mut before: [[Word; WORDS]; TAGS] = [[0; WORDS]; TAGS];
    let mut tag = 0;
    while tag < TAGS {
        let mut place = tag + 1;
        while place < TAGS {
            // In memory, the first tag of a word comes first.
            let mut bytes = before[place][tag / 4].to_ne_bytes();
            bytes[tag % 4 * 2] = 0xff;
            bytes[tag % 4 * 2 + 1] = 0xff;
            before[place][tag / 4] = Word::from_ne_bytes(bytes);
            place += 1;
        }
        tag += 1;
    }
    before
};

/// A word of tags, each where the next was, and the last of the word before in front.
#[inline]
fn moved_up(before: Word, word: Word) -> Word {
    if cfg!(target_endian = "little") {
        word << 16 | before >> 48
    } else {
        word >> 16 | before << 48
    }
}

/// A word of tags, each where the one before was, and the first of the next word behind.
#[inline]
fn moved_down(word: Word, next: Word) -> Word {
    if cfg!(target_endian = "little") {
        word >> 16 | next << 48
    } else {
        word << 16 | next >> 48
    }
}

/// Puts a tag at a place among [`TAGS`] tags. Those from there on move up, and the last is lost. Without a branch, for how
/// many move can't be foretold.
///
/// # Safety
/// `TAGS` tags can be read and written at `tags`, and `at` is one of them.
#[inline]
pub(super) unsafe fn insert_tag(tags: *mut u16, at: usize, tag: u16) {
    let words = tags.cast::<[Word; WORDS]>();
    // SAFETY: by contract.
    unsafe {
        let [a, b, c] = words.read_unaligned();
        let [x, y, z] = BEFORE[at];
        words.write_unaligned([
            a & x | moved_up(0, a) & !x,
            b & y | moved_up(a, b) & !y,
            c & z | moved_up(b, c) & !z,
        ]);
        tags.add(at).write(tag);
    }
}

/// Takes a tag out of [`TAGS`] tags. Those behind move down, and the last is 0 then.
///
/// # Safety
/// As for [`insert_tag`].
#[inline]
pub(super) unsafe fn remove_tag(tags: *mut u16, at: usize) {
    let words = tags.cast::<[Word; WORDS]>();
    // SAFETY: by contract.
    unsafe {
        let [a, b, c] = words.read_unaligned();
        let [x, y, z] = BEFORE[at];
        words.write_unaligned([
            a & x | moved_down(a, b) & !x,
            b & y | moved_down(b, c) & !y,
            c & z | moved_down(c, 0) & !z,
        ]);
    }
}
