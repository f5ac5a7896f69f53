//! Single terms as bytes.

use super::atom::{AtomReader, AtomWriter};
use super::block::{BlockReader, BlockWriter};
use super::codec::Codec;
use super::error::{Flaw, LoadError, SaveError};
use crate::term::Term;
use crate::term::path::with_encoder;

const MAGIC: [u8; 8] = *b"\x89pleatm\n";
const VERSION: u32 = 1;

/// The kind of the only block.
const TERM: u8 = 48;

/// Encodes one term as bytes, its opaque values with the codec, for a host that sends or stores a value by itself. O(size).
///
/// The bytes have a checksum, and [`decode_term`] reads them. `docs/format.md` specifies them.
///
/// # Errors
/// [`SaveError::Opaque`] if the codec doesn't encode a value.
///
/// ```
/// use pleach::Atom;
/// use pleach::persist::{NoCodec, decode_term, encode_term};
///
/// let message: Atom = "(reply $to (result 42))".parse()?;
/// let bytes = encode_term(&message, &NoCodec)?;
/// assert_eq!(decode_term::<Atom>(&bytes, &NoCodec)?, message);
/// assert!(decode_term::<Atom>(&bytes[1..], &NoCodec).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode_term<T: Term>(term: &T, codec: &(impl Codec<T> + ?Sized)) -> Result<Vec<u8>, SaveError> {
    let mut file = BlockWriter::new(Vec::new(), MAGIC, VERSION)?;
    AtomWriter::new(codec).write(file.content(), term)?;
    file.end(TERM)?;
    Ok(file.into_inner())
}

/// Decodes a term from all of these bytes, which [`encode_term`] made. O(size).
///
/// # Errors
/// [`LoadError::Corrupt`] if they weren't made so, or if the codec can't decode a value.
pub fn decode_term<T: Term>(bytes: &[u8], codec: &(impl Codec<T> + ?Sized)) -> Result<T, LoadError> {
    let mut file = BlockReader::new(bytes, MAGIC, VERSION)?;
    let start = file.offset();
    let (kind, mut content) = file.next()?;
    if kind != TERM {
        return Err(LoadError::at(start, Flaw::Block(kind)));
    }
    let mut atoms = AtomReader::new(codec);
    let term: T = atoms.read(&mut content)?;
    content.end()?;
    if with_encoder(|encoder| encoder.encode(&term).bytes != atoms.path()) {
        return Err(LoadError::at(start, Flaw::Atom));
    }
    file.end()?;
    Ok(term)
}
