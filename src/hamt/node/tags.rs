//! Tags compared all at once.

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
