//! Canonical byte encoding of terms.
//!
//! The *path* of a term is its key in the trie of facts. Two terms have the same path exactly if they are
//! [alpha-equivalent](super::alpha_eq), and no path is a prefix of another. Values keep their types: `1`, `1.0`, `"1"`
//! and a symbol `1` differ. There is no limit to arity, to the length of names, or to the number of variables.
//!
//! A path is a sequence of tokens in preorder: one for each leaf, and one for each expression, before its items. A
//! token is a head byte and its data:
//!
//! | head | token | data |
//! |---|---|---|
//! | `01` | first occurrence of a variable; variables are numbered from 0 | |
//! | `02` | later occurrence of a variable | its number, a varint |
//! | `03` | grounded | number of bytes (varint), bytes |
//! | `04` | opaque | number of bytes (varint), bytes |
//! | `05` | float | 8 bytes, big-endian: the bits with the sign flipped, all flipped if negative; one NaN |
//! | `14 − n` | negative integer, n = 1 to 8 bytes | 2⁸ⁿ − 1 − magnitude, big-endian, n minimal |
//! | `14` | the integer 0 | |
//! | `14 + n` | positive integer, n = 1 to 8 bytes | magnitude, big-endian, n minimal |
//! | `30` | string of 64 bytes or more | number of bytes (varint), UTF-8 |
//! | `31` | symbol of 64 bytes or more | number of bytes (varint), UTF-8 |
//! | `32` | expression of 64 items or more | number of items (varint), then their tokens |
//! | `33` | tagged compound | number of items and 1 (varint), then the tag, then their tokens |
//! | `40 + n` | string of n < 64 bytes | UTF-8 |
//! | `80 + n` | symbol of n < 64 bytes | UTF-8 |
//! | `C0 + n` | expression of n < 64 items | their tokens |
//!
//! A tag is the token of a symbol, its name; with [data](super::Tag::data), it is a grounded token whose bytes are the tokens
//! of the name and of the data.
//!
//! Heads are in hexadecimal; all others are reserved. A varint is LEB128 of minimal length: 7 bits per byte, lowest
//! first, with the top bit set on all bytes but the last. The bytes of integers sort as the numbers do, and so do those
//! of floats; the encoding of integers is that of FoundationDB's tuple layer.
//!
//! ```
//! use pleach::term::{Atom, Encoder, path};
//!
//! let mut encoder = Encoder::new();
//! let atom: Atom = "(f $x 1 $x)".parse()?;
//! let encoded = encoder.encode(&atom);
//! assert_eq!(encoded.bytes, [0xc4, 0x81, b'f', 0x01, 0x15, 1, 0x02, 0]);
//! assert_eq!(encoded.variables, 1);
//! assert_eq!(path::decode::<Atom>(encoded.bytes)?.to_string(), "(f $0 1 $0)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod encode;
mod extent;
mod tokens;

pub use decode::decode;
pub(crate) use decode::{decode_ground, decode_with, tag};
pub use encode::{Encoded, Encoder};
pub(crate) use encode::{with_encoder, write_variable};
pub(crate) use extent::{Extent, Head, read_number};
pub use tokens::{PathError, PathErrorKind, Token, Tokens, read_token, skip};

pub(crate) const NEW_VARIABLE: u8 = 0x01;
pub(crate) const OLD_VARIABLE: u8 = 0x02;
const GROUNDED: u8 = 0x03;
const OPAQUE: u8 = 0x04;
const FLOAT: u8 = 0x05;
const MOST_NEGATIVE: u8 = ZERO - 8;
const ZERO: u8 = 0x14;
const MOST_POSITIVE: u8 = ZERO + 8;
const LONG_STRING: u8 = 0x30;
pub(crate) const LONG_SYMBOL: u8 = 0x31;
pub(crate) const LONG_EXPRESSION: u8 = 0x32;
const TAGGED: u8 = 0x33;
const STRING: u8 = 0x40;
pub(crate) const SYMBOL: u8 = 0x80;
pub(crate) const EXPRESSION: u8 = 0xc0;

/// The first head of floats, and the one after the last; the same of integers.
pub(crate) const FLOATS: [u8; 2] = [FLOAT, FLOAT + 1];
pub(crate) const INTEGERS: [u8; 2] = [MOST_NEGATIVE, MOST_POSITIVE + 1];

/// Lengths below this are stored in the head byte.
const SHORT: usize = 64;
