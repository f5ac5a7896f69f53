use thiserror::Error;

use super::{
    EXPRESSION, FLOAT, GROUNDED, LONG_EXPRESSION, LONG_STRING, LONG_SYMBOL, MOST_NEGATIVE, MOST_POSITIVE, NEW_VARIABLE,
    OLD_VARIABLE, OPAQUE, SHORT, STRING, SYMBOL, ZERO,
};
use crate::term::Float;
use crate::varint::{self, VarintError};

/// One token of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A variable that did not occur before.
    NewVariable,
    /// The variable of this number, which did.
    Variable(u64),
    /// A value that [`Term::leaf`](crate::term::Term::leaf) can rebuild from these bytes.
    Grounded(&'a [u8]),
    /// A value that can't be rebuilt, by its identity.
    Opaque(&'a [u8]),
    /// A floating-point number.
    Float(Float),
    /// A whole number.
    Integer(i64),
    /// A string.
    String(&'a str),
    /// A symbol.
    Symbol(&'a str),
    /// An expression of so many items, which follow.
    Expression(usize),
}

/// Why bytes are no path, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("byte {offset}: {kind}")]
pub struct PathError {
    /// What is wrong.
    #[source]
    pub kind: PathErrorKind,
    /// Where the token begins that is wrong; for [`PathErrorKind::Trailing`], where the path ends.
    pub offset: usize,
}

/// What can be wrong with the bytes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// The bytes end before the path does.
    #[error("the path ends too early")]
    Truncated,
    /// Bytes follow the path.
    #[error("bytes follow the end of the path")]
    Trailing,
    /// A head byte that is reserved.
    #[error("head byte {0:#04x} is reserved")]
    Reserved(u8),
    /// A number or length not written in its shortest form, or a NaN that is not the one.
    #[error("a number or length is not in its canonical form")]
    NotCanonical,
    /// An integer or a length that needs more than 64 bits.
    #[error("a number or length is out of range")]
    OutOfRange,
    /// A variable that did not occur before is used as if it did.
    #[error("variable {0} did not occur before")]
    UnknownVariable(u64),
    /// A string or symbol that is not UTF-8.
    #[error("a name or string is not UTF-8")]
    NotUtf8,
    /// A leaf that the term type can't rebuild.
    #[error("this term type has no such leaf")]
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

/// The token at the start of `path`, and its length in bytes. Whatever follows it is not looked at. Cost: O(length of the
/// token).
///
/// # Errors
/// If no path could go on with these bytes, as far as one token can tell.
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

/// The length in bytes of the one atom whose path starts here; what follows it is not looked at. Cost: O(length).
///
/// # Errors
/// If no path starts here. Variables' numbers and UTF-8 are not checked.
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
        // Each item takes a byte at least, so the sum can't overflow.
        if items > reader.rest.len() {
            return Err(PathErrorKind::Truncated.at(offset));
        }
        missing = missing - 1 + items;
    }
    Ok(path.len() - reader.rest.len())
}

/// The tokens of a path, one by one, up to the end of the bytes or to the first error.
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
    /// The tokens of this path.
    pub fn new(path: &'a [u8]) -> Self {
        Tokens { path, offset: 0 }
    }

    /// Where the next token begins.
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

/// A token whose text is not checked yet.
enum Raw<'a> {
    Done(Token<'a>),
    String(&'a [u8]),
    Symbol(&'a [u8]),
}

impl Raw<'_> {
    fn items(&self) -> usize {
        match self {
            Raw::Done(Token::Expression(items)) => *items,
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
            Raw::Done(token) => Ok(token),
            Raw::String(bytes) => text(bytes).map(Token::String),
            Raw::Symbol(bytes) => text(bytes).map(Token::Symbol),
        }
    }

    fn raw(&mut self) -> Result<Raw<'a>, PathErrorKind> {
        let head = self.byte()?;
        let short = usize::from(head & (SHORT as u8 - 1));
        Ok(Raw::Done(match head {
            EXPRESSION.. => Token::Expression(short),
            SYMBOL.. => return self.take(short).map(Raw::Symbol),
            STRING.. => return self.take(short).map(Raw::String),
            LONG_SYMBOL => {
                let length = self.long()?;
                return self.take(length).map(Raw::Symbol);
            }
            LONG_STRING => {
                let length = self.long()?;
                return self.take(length).map(Raw::String);
            }
            LONG_EXPRESSION => Token::Expression(self.long()?),
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

    /// A length that does not fit in a head byte.
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

    /// A big-endian number of at most 8 bytes.
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
