//! Vectorised comparison and insertion of tags.

use super::TAGS_PER_BLOCK;

/// Returns a bitmap of which of [`TAGS_PER_BLOCK`] tags equal `tag`. Higher bits are unspecified.
///
/// # Safety
/// `TAGS_PER_BLOCK` tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn equal_tags(tags: *const u16, tag: u16) -> u32 {
    use core::arch::x86_64::{_mm_cmpeq_epi16, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16};
    // SAFETY: SSE2 is enabled; the tags are readable by contract.
    unsafe {
        let wanted = _mm_set1_epi16(tag.cast_signed());
        let (low, high) = load(tags);
        let (low, high) = (_mm_cmpeq_epi16(low, wanted), _mm_cmpeq_epi16(high, wanted));
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// Returns a bitmap of which of [`TAGS_PER_BLOCK`] tags are at most `tag`. Higher bits are unspecified.
///
/// # Safety
/// `TAGS_PER_BLOCK` tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn tags_upto(tags: *const u16, tag: u16) -> u32 {
    use core::arch::x86_64::{
        _mm_cmpeq_epi16, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16, _mm_setzero_si128, _mm_subs_epu16,
    };
    // SAFETY: SSE2 is enabled; the tags are readable by contract.
    unsafe {
        let (bound, zero) = (_mm_set1_epi16(tag.cast_signed()), _mm_setzero_si128());
        let (low, high) = load(tags);
        let low = _mm_cmpeq_epi16(_mm_subs_epu16(low, bound), zero);
        let high = _mm_cmpeq_epi16(_mm_subs_epu16(high, bound), zero);
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// Loads the first 8 tags and the remaining 4.
///
/// # Safety
/// `TAGS_PER_BLOCK` tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
unsafe fn load(tags: *const u16) -> (core::arch::x86_64::__m128i, core::arch::x86_64::__m128i) {
    use core::arch::x86_64::{_mm_loadl_epi64, _mm_loadu_si128};
    const { assert!(TAGS_PER_BLOCK == 12) };
    // SAFETY: 16 and 8 bytes, readable by contract.
    unsafe { (_mm_loadu_si128(tags.cast()), _mm_loadl_epi64(tags.add(8).cast())) }
}

/// [`equal_tags`] without SSE2.
///
/// # Safety
/// `TAGS_PER_BLOCK` tags can be read at `tags`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) unsafe fn equal_tags(tags: *const u16, tag: u16) -> u32 {
    // SAFETY: by contract.
    let tags = unsafe { core::slice::from_raw_parts(tags, TAGS_PER_BLOCK) };
    tags.iter()
        .enumerate()
        .fold(0, |equal, (i, t)| equal | (u32::from(*t == tag) << i))
}

/// [`tags_upto`] without SSE2.
///
/// # Safety
/// `TAGS_PER_BLOCK` tags can be read at `tags`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) unsafe fn tags_upto(tags: *const u16, tag: u16) -> u32 {
    // SAFETY: by contract.
    let tags = unsafe { core::slice::from_raw_parts(tags, TAGS_PER_BLOCK) };
    tags.iter()
        .enumerate()
        .fold(0, |upto, (i, t)| upto | (u32::from(*t <= tag) << i))
}

/// Four tags.
type Word = u64;
const WORDS: usize = TAGS_PER_BLOCK * size_of::<u16>() / size_of::<Word>();
const _: () = assert!(WORDS == 3);

/// For each index, a mask of the tags before it.
const BEFORE: [[Word; WORDS]; TAGS_PER_BLOCK] = {
    let mut before: [[Word; WORDS]; TAGS_PER_BLOCK] = [[0; WORDS]; TAGS_PER_BLOCK];
    let mut tag = 0;
    while tag < TAGS_PER_BLOCK {
        let mut index = tag + 1;
        while index < TAGS_PER_BLOCK {
            // Independent of endianness: the first tag of a word comes first in memory.
            let mut bytes = before[index][tag / 4].to_ne_bytes();
            bytes[tag % 4 * 2] = 0xff;
            bytes[tag % 4 * 2 + 1] = 0xff;
            before[index][tag / 4] = Word::from_ne_bytes(bytes);
            index += 1;
        }
        tag += 1;
    }
    before
};

/// Moves the tags of a word up by one, and the last tag of the word before it to the front.
#[inline]
fn moved_up(before: Word, word: Word) -> Word {
    if cfg!(target_endian = "little") {
        word << 16 | before >> 48
    } else {
        word >> 16 | before << 48
    }
}

/// Moves the tags of a word down by one, and the first tag of the next word to the end.
#[inline]
fn moved_down(word: Word, next: Word) -> Word {
    if cfg!(target_endian = "little") {
        word >> 16 | next << 48
    } else {
        word << 16 | next >> 48
    }
}

/// Inserts a tag among [`TAGS_PER_BLOCK`] tags. Those from `at` on move up, and the last is lost. Without a branch,
/// since the number that move is unpredictable.
///
/// # Safety
/// `TAGS_PER_BLOCK` tags can be read and written at `tags`, and `at < TAGS_PER_BLOCK`.
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

/// Removes a tag among [`TAGS_PER_BLOCK`] tags. Those after it move down, and the last becomes 0.
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
