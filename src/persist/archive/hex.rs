//! SHA-256 hashes as text.

use std::fmt;

/// The text isn't that of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::persist) struct InvalidHex;

/// Writes a hash as 64 lower-case hexadecimal digits.
pub(super) fn write(hash: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Parses what [`write`] writes.
pub(super) fn parse(text: &str) -> Result<[u8; 32], InvalidHex> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return Err(InvalidHex);
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        for digit in digits {
            let digit = Some(char::from(*digit)).filter(|digit| !digit.is_ascii_uppercase());
            let digit = digit.and_then(|digit| digit.to_digit(16)).ok_or(InvalidHex)?;
            *byte = *byte << 4 | digit as u8;
        }
    }
    Ok(bytes)
}
