use std::ops::Range;

use thiserror::Error;

/// A syntax error, with its position.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {kind}")]
#[non_exhaustive]
pub struct ParseError {
    /// The kind of the error.
    pub kind: ParseErrorKind,
    /// The byte range of the error in the source.
    pub span: Range<usize>,
    /// The line of its start, from 1. Lines end with a line feed.
    pub line: usize,
    /// The column of its start, from 1, in characters.
    pub column: usize,
}

/// The kinds of [`ParseError`].
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
    /// A `\` that doesn't start a valid escape.
    #[error(r#"unknown escape; valid ones are \n \t \r \" \\ and \u{{1f600}}"#)]
    BadEscape,
    /// A `$` without a name.
    #[error("a variable needs a name")]
    NoVariableName,
    /// A `#` in a variable that isn't followed by digits alone.
    #[error("the id of a variable, after `#`, must be an integer below 2^64")]
    BadVariableId,
    /// An integer that needs more than 64 bits.
    #[error("integer out of the range of 64 bits; append `.0` for a float")]
    IntegerOutOfRange,
    /// A float whose magnitude is too large.
    #[error("float out of range")]
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
    /// A `#*` at the top level that isn't followed by an integer from 1 to 2^64 − 1.
    #[error("a count, after `#*`, must be an integer from 1 to 2^64 - 1")]
    BadCount,
    /// A count, `#*3`, that is followed by no atom, by a `!` or by another count.
    #[error("a count must be followed by an atom")]
    NothingToCount,
    /// A `#(`, as [`Print`](crate::term::Print) writes [tagged compounds](crate::term::View::Tagged), which have no syntax.
    #[error("`#(` begins a tagged compound, which can't be read; write a space after the symbol `#`")]
    TaggedCompound,
    /// A leaf that the term type can't build.
    #[error("the language has no such atom")]
    NotInLanguage,
    /// A source without an atom, where one is expected.
    #[error("expected an atom")]
    NoAtom,
    /// A second atom, where one is expected.
    #[error("expected only one atom")]
    SecondAtom,
    /// A `!` before the atom, where one atom is expected.
    #[error("`!` is not allowed here")]
    UnexpectedBang,
    /// A count before the atom, where one atom is expected.
    #[error("a count is not allowed here")]
    UnexpectedCount,
}

impl ParseError {
    /// Creates an error at a byte range of the source. Cost: O(length up to there).
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
