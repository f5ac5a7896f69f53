//! Variable-length integers: LEB128, in as few bytes as possible.
//!
//! Seven bits a byte, lowest first; the top bit is set on all bytes but the last. Paths of terms and the formats of
//! files share this encoding.

/// Appends `value`, in 1 to 10 bytes.
pub(crate) fn write(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads the integer at the start of `bytes`. Returns it and its length in bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    let mut decoder = Decoder::default();
    for (length, byte) in (1..).zip(bytes) {
        if let Some(value) = decoder.push(*byte)? {
            return Ok((value, length));
        }
    }
    Err(VarintError::Truncated)
}

/// Reason why bytes don't begin with a varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VarintError {
    /// The bytes end before the integer does.
    Truncated,
    /// The integer needs more than 64 bits.
    OutOfRange,
    /// The integer would fit in fewer bytes.
    NotCanonical,
}

/// Decoder that takes one byte at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decoder {
    value: u64,
    /// Number of bits read: at most 63.
    shift: u32,
}

impl Decoder {
    /// Takes the next byte. Returns the integer if that was its last one.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8) -> Result<Option<u64>, VarintError> {
        let bits = u64::from(byte & 0x7f);
        let shifted = bits << self.shift;
        if shifted >> self.shift != bits {
            return Err(VarintError::OutOfRange);
        }
        self.value |= shifted;
        if byte & 0x80 == 0 {
            return if byte == 0 && self.shift > 0 {
                Err(VarintError::NotCanonical)
            } else {
                Ok(Some(self.value))
            };
        }
        if self.shift == 63 {
            return Err(VarintError::OutOfRange);
        }
        self.shift += 7;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_all_lengths_round_trip() {
        let powers = (0..64).map(|bit| 1u64 << bit);
        for value in powers.flat_map(|power| [power - 1, power, power.wrapping_neg()]) {
            let mut bytes = Vec::new();
            write(&mut bytes, value);
            let length = bytes.len();
            assert_eq!(length, (64 - value.leading_zeros()).max(1).div_ceil(7) as usize);
            for end in 0..length {
                assert_eq!(read(&bytes[..end]), Err(VarintError::Truncated));
            }
            bytes.push(0xff);
            assert_eq!(read(&bytes), Ok((value, length)));
        }
    }

    #[test]
    fn long_and_large_forms_are_rejected() {
        assert_eq!(read(&[0x80, 0]), Err(VarintError::NotCanonical));
        assert_eq!(read(&[0xff, 0x80, 0]), Err(VarintError::NotCanonical));
        let mut nine = vec![0xff; 9];
        for (last, expected) in [
            (0x01, Ok((u64::MAX, 10))),
            (0x00, Err(VarintError::NotCanonical)),
            (0x02, Err(VarintError::OutOfRange)),
            (0x81, Err(VarintError::OutOfRange)),
            (0xff, Err(VarintError::OutOfRange)),
        ] {
            nine.truncate(9);
            nine.push(last);
            assert_eq!(read(&nine), expected, "{last:#04x}");
        }
    }
}
