//! Vectorised comparison of tags and of the starts of groups.

/// The number of starts that are compared at once.
pub(super) const AT_ONCE: usize = 16;

/// The number of tags that are compared at once: those of most leaves. Whether a second comparison finds the tag would not be
/// predictable.
pub(super) const TAGS_AT_ONCE: usize = 48;

/// Bytes are stored in whole words of this many.
pub(super) const WORD: usize = size_of::<u64>();

/// Returns the number of bytes at the beginning of 16 rising ones that are at most `byte`.
///
/// # Safety
/// [`AT_ONCE`] bytes can be read at `bytes`.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn up_to(bytes: *const u8, byte: u8) -> usize {
    use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8};
    // SAFETY: SSE2 is enabled; the bytes are readable by contract.
    let up_to = unsafe {
        let bytes = _mm_loadu_si128(bytes.cast());
        let least = _mm_min_epu8(bytes, _mm_set1_epi8(byte.cast_signed()));
        _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, least))
    };
    up_to.trailing_ones() as usize
}

/// Returns a bitmap of which of the first `count` bytes equal `byte`, or of which of the first 48.
///
/// # Safety
/// Whole words with `count` bytes, which is not 0, can be read at `bytes`; 16 bytes if that is more than a word, and 48 if it
/// is more than 16.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
pub(super) unsafe fn equal(bytes: *const u8, count: usize, byte: u8) -> u64 {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadl_epi64, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8,
    };
    // SAFETY: SSE2 is enabled; the bytes are readable by contract.
    let found = unsafe {
        let byte = _mm_set1_epi8(byte.cast_signed());
        let equal = |bytes: __m128i| u64::from(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, byte)).cast_unsigned());
        if count > 16 {
            (0..3).fold(0, |found, i| {
                found | equal(_mm_loadu_si128(bytes.add(16 * i).cast())) << (16 * i)
            })
        } else if count > WORD {
            equal(_mm_loadu_si128(bytes.cast()))
        } else {
            equal(_mm_loadl_epi64(bytes.cast()))
        }
    };
    found & first_bits(count)
}

/// The lowest bits of a bitmap of up to 48 bytes.
#[inline]
fn first_bits(count: usize) -> u64 {
    u64::MAX >> (64 - count.min(TAGS_AT_ONCE))
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
pub(super) use portable::{equal, up_to};

/// The same for all processors.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable {
    use super::{TAGS_AT_ONCE, WORD, first_bits};

    const LOW: u64 = u64::from_ne_bytes([0x01; WORD]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);

    /// `up_to` without SSE2.
    ///
    /// # Safety
    /// [`AT_ONCE`](super::AT_ONCE) bytes can be read at `bytes`.
    #[inline]
    pub(in super::super) unsafe fn up_to(bytes: *const u8, byte: u8) -> usize {
        let byte = u64::from(byte) * LOW;
        let up_to = |at: usize| {
            // SAFETY: two words, readable by contract.
            let word = u64::from_le(unsafe { bytes.add(at).cast::<u64>().read_unaligned() });
            // In each byte, the highest bit says whether it is greater: by the lower bits where the highest are equal.
            let lower = (byte | HIGH) - (word & !HIGH);
            let greater = !((byte & !word) | (!(byte ^ word) & lower)) & HIGH;
            greater.trailing_zeros() as usize / 8
        };
        match up_to(0) {
            WORD => WORD + up_to(WORD),
            count => count,
        }
    }

    /// `equal` without SSE2.
    ///
    /// # Safety
    /// As for [`equal`](super::equal).
    #[inline]
    pub(in super::super) unsafe fn equal(bytes: *const u8, count: usize, byte: u8) -> u64 {
        /// Gathers the lowest bits of eight bytes in the highest byte.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let byte = u64::from(byte) * LOW;
        let words = count.min(TAGS_AT_ONCE).div_ceil(WORD);
        let found = (0..words).fold(0, |found, at| {
            // SAFETY: a word, readable by contract.
            let word = u64::from_le(unsafe { bytes.add(at * WORD).cast::<u64>().read_unaligned() }) ^ byte;
            // In each byte, the highest bit says whether it is not 0: by the lower bits, or by itself.
            let other = ((word & !HIGH) + !HIGH) | word;
            found | (((!other & HIGH) >> 7).wrapping_mul(GATHER) >> 56) << (at * WORD)
        });
        found & first_bits(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, TAGS_AT_ONCE, equal, portable, up_to};

    /// Rising bytes around all distances and the ends of their range.
    fn rising() -> impl Iterator<Item = [u8; AT_ONCE]> {
        (0..=240)
            .flat_map(|first: u8| [1, 3, 17].map(|step| core::array::from_fn(|i| first.saturating_add(step * i as u8))))
    }

    #[test]
    fn both_ways_agree() {
        for bytes in rising() {
            for byte in 0..=u8::MAX {
                let expected = bytes.iter().take_while(|other| **other <= byte).count();
                // SAFETY: there are 16 bytes.
                let found = unsafe { (up_to(bytes.as_ptr(), byte), portable::up_to(bytes.as_ptr(), byte)) };
                assert_eq!(found, (expected, expected), "{bytes:?}, {byte}");
            }
        }
    }

    #[test]
    fn both_ways_find_equal_bytes() {
        for step in [1, 7, 64] {
            let bytes: [u8; TAGS_AT_ONCE] = core::array::from_fn(|i| (i * step % 67 * 3) as u8);
            for byte in 0..=u8::MAX {
                for count in 1..=TAGS_AT_ONCE {
                    // SAFETY: there are 48 bytes.
                    let found = unsafe {
                        [
                            equal(bytes.as_ptr(), count, byte),
                            portable::equal(bytes.as_ptr(), count, byte),
                        ]
                    };
                    let expected = (0..count).fold(0, |bits, i| bits | (u64::from(bytes[i] == byte) << i));
                    assert_eq!(found, [expected; 2], "{bytes:?}, {byte}, {count}");
                }
            }
        }
    }
}
