use std::ops::Range;

use thiserror::Error;

/// Why a source text can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct ParseError {
    /// What is wrong.
    #[source]
    pub kind: ParseErrorKind,
    /// The bytes of the source that are wrong.
    pub span: Range<usize>,
    /// The line they start on, from 1. Lines end with a line feed.
    pub line: usize,
    /// The column they start at, from 1, in characters.
    pub column: usize,
}

/// What can be wrong with a source text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A `(` without its `)`. The span is that of the `(`.
    #[error("this parenthesis is never closed")]
    UnclosedExpression,
    /// A `)` without its `(`.
    #[error("this parenthesis closes nothing")]
    UnopenedExpression,
    /// A `"` without its `"`.
    #[error("this quote is never closed")]
    UnclosedText,
    /// A `\` that is not followed by what may follow it.
    #[error(r#"no such escape; there are \n \t \r \" \\ and \u{{1f600}}"#)]
    BadEscape,
    /// A `$` without a name.
    #[error("a variable needs a name")]
    NoVariableName,
    /// A `#` in a variable that is not followed by digits alone.
    #[error("what follows `#` in a variable must be a whole number below 2^64")]
    BadVariableId,
    /// An integer that needs more than 64 bits.
    #[error("this integer does not fit in 64 bits; with `.0` it would be a float")]
    IntegerOutOfRange,
    /// A float whose magnitude is too large.
    #[error("this float is too large")]
    FloatOutOfRange,
    /// More levels of parentheses than the caller allows.
    #[error("more than {limit} levels of parentheses")]
    TooDeep {
        /// The limit set by [`Parser::max_depth`](super::Parser::max_depth).
        limit: usize,
    },
    /// A `!` with no atom after it, or with another `!`.
    #[error("`!` must be followed by an atom")]
    NothingToEvaluate,
    /// A `#*` at the top level that no whole number from 1 to 2^64 − 1 follows.
    #[error("what follows `#*` must be a whole number from 1 to 2^64 - 1")]
    BadCount,
    /// A count, `#*3`, that is followed by no atom, by a `!` or by another count.
    #[error("a count must be followed by an atom")]
    NothingToCount,
    /// A leaf of a kind that the term type doesn't have.
    #[error("this language has no such atom")]
    NotInLanguage,
    /// One atom was wanted, and there is none.
    #[error("an atom is missing")]
    NoAtom,
    /// One atom was wanted, and there are more.
    #[error("only one atom can stand here")]
    SecondAtom,
    /// One atom was wanted, and a `!` stands before it.
    #[error("`!` can't stand here")]
    UnexpectedBang,
    /// One atom was wanted, and a count stands before it.
    #[error("a count can't stand here")]
    UnexpectedCount,
}

impl ParseError {
    /// This error, at these bytes of the source. Cost: O(length up to there).
    pub(super) fn new(source: &str, kind: ParseErrorKind, span: Range<usize>) -> ParseError {
        let before = source.get(..span.start).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let column = 1 + before.get(line_start..).unwrap_or_default().chars().count();
        ParseError {
            kind,
            span,
            line,
            column,
        }
    }
}
