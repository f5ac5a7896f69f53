//! Tags compared all at once.

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use super::TAGS;

/// A bitmap of which of 16 tags equal `tag`.
///
/// # Safety
/// 16 tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn equal_tags(tags: *const u16, tag: u16) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi16, _mm_loadu_si128, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16};
    // SAFETY: SSE2 is there, and so are 32 bytes.
    unsafe {
        let wanted = _mm_set1_epi16(tag.cast_signed());
        let low = _mm_cmpeq_epi16(_mm_loadu_si128(tags.cast()), wanted);
        let high = _mm_cmpeq_epi16(_mm_loadu_si128(tags.add(8).cast()), wanted);
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// A bitmap of which of 16 tags are at most `tag`.
///
/// # Safety
/// 16 tags can be read at `tags`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn tags_upto(tags: *const u16, tag: u16) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi16, _mm_loadu_si128, _mm_movemask_epi8, _mm_packs_epi16, _mm_set1_epi16, _mm_setzero_si128,
        _mm_subs_epu16,
    };
    // SAFETY: SSE2 is there, and so are 32 bytes.
    unsafe {
        let (bound, zero) = (_mm_set1_epi16(tag.cast_signed()), _mm_setzero_si128());
        let low = _mm_cmpeq_epi16(_mm_subs_epu16(_mm_loadu_si128(tags.cast()), bound), zero);
        let high = _mm_cmpeq_epi16(_mm_subs_epu16(_mm_loadu_si128(tags.add(8).cast()), bound), zero);
        _mm_movemask_epi8(_mm_packs_epi16(low, high)).cast_unsigned()
    }
}

/// As above, without vectors.
///
/// # Safety
/// 16 tags can be read at `tags`.
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
/// 16 tags can be read at `tags`.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub(super) unsafe fn tags_upto(tags: *const u16, tag: u16) -> u32 {
    // SAFETY: by contract.
    let tags = unsafe { std::slice::from_raw_parts(tags, TAGS) };
    tags.iter()
        .enumerate()
        .fold(0, |upto, (i, t)| upto | (u32::from(*t <= tag) << i))
}
