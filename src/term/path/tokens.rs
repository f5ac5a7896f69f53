use thiserror::Error;

use super::{
    EXPRESSION, FLOAT, GROUNDED, LONG_EXPRESSION, LONG_STRING, LONG_SYMBOL, MOST_NEGATIVE, MOST_POSITIVE, NEW_VARIABLE,
    OLD_VARIABLE, OPAQUE, SHORT, STRING, SYMBOL, TAGGED, ZERO,
};
use crate::term::Float;
use crate::varint::{self, VarintError};

/// One token of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// The first occurrence of a variable.
    NewVariable,
    /// A later occurrence of the variable with this number.
    Variable(u64),
    /// A value that [`Term::leaf`](crate::term::Term::leaf) can rebuild from these bytes.
    Grounded(&'a [u8]),
    /// The identity of a value that can't be rebuilt.
    Opaque(&'a [u8]),
    /// A floating-point number.
    Float(Float),
    /// An integer.
    Integer(i64),
    /// A string.
    String(&'a str),
    /// A symbol.
    Symbol(&'a str),
    /// An expression with this number of items, which follow.
    Expression(usize),
    /// A tagged compound with this number of items, which follow.
    Tagged {
        /// The name of the tag.
        name: &'a str,
        /// The token of the tag's data, or no bytes.
        data: &'a [u8],
        /// The number of items.
        items: usize,
    },
}

/// The error of bytes that aren't a path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("byte {offset}: {kind}")]
#[non_exhaustive]
pub struct PathError {
    /// The kind of the error.
    pub kind: PathErrorKind,
    /// The offset of the invalid token; for [`PathErrorKind::Trailing`], the end of the path.
    pub offset: usize,
}

/// The kinds of [`PathError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// The bytes end within the path.
    #[error("truncated path")]
    Truncated,
    /// Bytes follow the path.
    #[error("trailing bytes after the path")]
    Trailing,
    /// A reserved head byte.
    #[error("reserved head byte {0:#04x}")]
    Reserved(u8),
    /// A number or length that isn't in its shortest form, or a NaN that isn't canonical.
    #[error("number or length not in canonical form")]
    NotCanonical,
    /// An integer or a length that needs more than 64 bits.
    #[error("number or length out of range")]
    OutOfRange,
    /// A later occurrence of a variable without a first one.
    #[error("variable {0} has no first occurrence")]
    UnknownVariable(u64),
    /// A string or symbol that isn't UTF-8.
    #[error("string or symbol is not UTF-8")]
    NotUtf8,
    /// A leaf that the term type can't build.
    #[error("the term type has no such leaf")]
    NotInLanguage,
}

impl From<VarintError> for PathErrorKind {
    fn from(error: VarintError) -> Self {
        match error {
            VarintError::Truncated => Self::Truncated,
            VarintError::OutOfRange => Self::OutOfRange,
            VarintError::NotCanonical => Self::NotCanonical,
        }
    }
}

impl PathErrorKind {
    pub(super) fn at(self, offset: usize) -> PathError {
        PathError { kind: self, offset }
    }
}

/// Decodes the token at the start of `path`. Returns the token and its length in bytes.
///
/// The bytes after it aren't read. Cost: O(length of the token).
///
/// # Errors
/// Returns an error if the bytes don't start with a valid token.
///
/// ```
/// use pleach::term::path::{Token, read_token};
///
/// assert_eq!(read_token(&[0x82, b'h', b'i', 0x14])?, (Token::Symbol("hi"), 3));
/// # Ok::<(), pleach::term::PathError>(())
/// ```
pub fn read_token(path: &[u8]) -> Result<(Token<'_>, usize), PathError> {
    let mut reader = Reader { rest: path };
    match reader.token() {
        Ok(token) => Ok((token, path.len() - reader.rest.len())),
        Err(kind) => Err(kind.at(0)),
    }
}

/// Returns the length in bytes of the path at the start of `path`.
///
/// The bytes after it aren't read. Cost: O(length).
///
/// # Errors
/// Returns an error if the bytes don't start with a path. Numbers of variables and UTF-8 aren't validated.
///
/// ```
/// use pleach::term::path::skip;
///
/// // (f 0), then more.
/// assert_eq!(skip(&[0xc2, 0x81, b'f', 0x14, 0x01])?, 4);
/// # Ok::<(), pleach::term::PathError>(())
/// ```
pub fn skip(path: &[u8]) -> Result<usize, PathError> {
    let mut reader = Reader { rest: path };
    let mut missing: usize = 1;
    while missing > 0 {
        let offset = path.len() - reader.rest.len();
        let items = reader.raw().map_err(|kind| kind.at(offset))?.items();
        // Each item takes at least one byte, so the sum can't overflow.
        if items > reader.rest.len() {
            return Err(PathErrorKind::Truncated.at(offset));
        }
        missing = missing - 1 + items;
    }
    Ok(path.len() - reader.rest.len())
}

/// An iterator over the tokens of a path, up to the end of the bytes or to the first error.
///
/// ```
/// use pleach::term::path::{Token, Tokens};
///
/// let mut tokens = Tokens::new(&[0xc2, 0x81, b'f', 0x14]);
/// assert_eq!(tokens.next(), Some(Ok(Token::Expression(2))));
/// assert_eq!(tokens.next(), Some(Ok(Token::Symbol("f"))));
/// assert_eq!(tokens.offset(), 3);
/// assert_eq!(tokens.next(), Some(Ok(Token::Integer(0))));
/// assert_eq!(tokens.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    path: &'a [u8],
    offset: usize,
}

impl<'a> Tokens<'a> {
    /// Creates an iterator over the tokens of a path.
    pub fn new(path: &'a [u8]) -> Self {
        Tokens { path, offset: 0 }
    }

    /// Returns the offset of the next token.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, PathError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.path.get(self.offset..).filter(|rest| !rest.is_empty())?;
        let start = self.offset;
        match read_token(rest) {
            Ok((token, length)) => {
                self.offset += length;
                Some(Ok(token))
            }
            Err(error) => {
                self.path = &[];
                Some(Err(error.kind.at(start)))
            }
        }
    }
}

/// A token whose text isn't validated yet.
enum RawToken<'a> {
    Done(Token<'a>),
    String(&'a [u8]),
    Symbol(&'a [u8]),
}

impl RawToken<'_> {
    fn items(&self) -> usize {
        match self {
            RawToken::Done(Token::Expression(items) | Token::Tagged { items, .. }) => *items,
            _ => 0,
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn token(&mut self) -> Result<Token<'a>, PathErrorKind> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| PathErrorKind::NotUtf8);
        match self.raw()? {
            RawToken::Done(token) => Ok(token),
            RawToken::String(bytes) => text(bytes).map(Token::String),
            RawToken::Symbol(bytes) => text(bytes).map(Token::Symbol),
        }
    }

    fn raw(&mut self) -> Result<RawToken<'a>, PathErrorKind> {
        let head = self.byte()?;
        let short = usize::from(head & (SHORT as u8 - 1));
        Ok(RawToken::Done(match head {
            EXPRESSION.. => Token::Expression(short),
            SYMBOL.. => return self.take(short).map(RawToken::Symbol),
            STRING.. => return self.take(short).map(RawToken::String),
            LONG_SYMBOL => {
                let length = self.long()?;
                return self.take(length).map(RawToken::Symbol);
            }
            LONG_STRING => {
                let length = self.long()?;
                return self.take(length).map(RawToken::String);
            }
            LONG_EXPRESSION => Token::Expression(self.long()?),
            TAGGED => self.tagged()?,
            NEW_VARIABLE => Token::NewVariable,
            OLD_VARIABLE => Token::Variable(self.varint()?),
            GROUNDED => Token::Grounded(self.counted()?),
            OPAQUE => Token::Opaque(self.counted()?),
            FLOAT => {
                let bits = self.number(8)?;
                Token::Float(Float::from_ordered_bits(bits).ok_or(PathErrorKind::NotCanonical)?)
            }
            MOST_NEGATIVE..=MOST_POSITIVE => Token::Integer(self.integer(head)?),
            _ => return Err(PathErrorKind::Reserved(head)),
        }))
    }

    /// Reads the number of items and the tag of a compound.
    fn tagged(&mut self) -> Result<Token<'a>, PathErrorKind> {
        let items = self.length()?.checked_sub(1).ok_or(PathErrorKind::NotCanonical)?;
        let mut tag = Reader { rest: self.rest };
        let data = match self.byte()? {
            SYMBOL..EXPRESSION | LONG_SYMBOL => None,
            GROUNDED => {
                let bytes = self.counted()?;
                tag.rest = bytes;
                Some(bytes)
            }
            _ => return Err(PathErrorKind::NotCanonical),
        };
        // Not by `token`, which may come back here.
        let name = match tag.byte()? {
            LONG_SYMBOL => {
                let length = tag.long()?;
                tag.take(length)?
            }
            head @ SYMBOL..EXPRESSION => tag.take(usize::from(head - SYMBOL))?,
            _ => return Err(PathErrorKind::NotCanonical),
        };
        let name = std::str::from_utf8(name).map_err(|_| PathErrorKind::NotUtf8)?;
        if data.is_none() {
            self.rest = tag.rest;
            let data = &[];
            return Ok(Token::Tagged { name, data, items });
        }
        let data = tag.rest;
        match data.first() {
            None | Some(&(NEW_VARIABLE | OLD_VARIABLE | OPAQUE | LONG_EXPRESSION | TAGGED | EXPRESSION..)) => {
                return Err(PathErrorKind::NotCanonical);
            }
            Some(_) => _ = tag.token()?,
        }
        match tag.rest {
            [] => Ok(Token::Tagged { name, data, items }),
            _ => Err(PathErrorKind::NotCanonical),
        }
    }

    fn byte(&mut self) -> Result<u8, PathErrorKind> {
        let (first, rest) = self.rest.split_first().ok_or(PathErrorKind::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PathErrorKind> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(PathErrorKind::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, PathErrorKind> {
        let (value, length) = varint::read(self.rest)?;
        self.take(length)?;
        Ok(value)
    }

    fn length(&mut self) -> Result<usize, PathErrorKind> {
        usize::try_from(self.varint()?).map_err(|_| PathErrorKind::OutOfRange)
    }

    /// Reads a length that doesn't fit in a head byte.
    fn long(&mut self) -> Result<usize, PathErrorKind> {
        let length = self.length()?;
        if length < SHORT {
            Err(PathErrorKind::NotCanonical)
        } else {
            Ok(length)
        }
    }

    fn counted(&mut self) -> Result<&'a [u8], PathErrorKind> {
        let length = self.length()?;
        self.take(length)
    }

    /// Reads a big-endian number of at most 8 bytes.
    fn number(&mut self, length: usize) -> Result<u64, PathErrorKind> {
        Ok(self
            .take(length)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn integer(&mut self, head: u8) -> Result<i64, PathErrorKind> {
        let length = head.abs_diff(ZERO);
        let mut magnitude = self.number(usize::from(length))?;
        if head < ZERO {
            magnitude = !magnitude & (u64::MAX >> (64 - 8 * u32::from(length)));
        }
        if magnitude.leading_zeros() / 8 != 8 - u32::from(length) {
            return Err(PathErrorKind::NotCanonical);
        }
        let value = if head < ZERO {
            0i64.checked_sub_unsigned(magnitude)
        } else {
            0i64.checked_add_unsigned(magnitude)
        };
        value.ok_or(PathErrorKind::OutOfRange)
    }
}
