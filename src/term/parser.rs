//! Parser of source text.
//!
//! # Syntax
//! ```text
//! source     = { blank | [ ( "!" | count ) { blank } ] atom }
//! count      = "#*" digit { digit }                  followed by no other plain character
//! atom       = expression | string | quoted | variable | word
//! expression = "(" { blank | atom } ")"
//! string     = text                                  a value
//! quoted     = "#" text                              a symbol whose name can't be written as a word
//! variable   = "$" ( name | text ) [ "#" digit { digit } ]
//! word       = plain { plain }                       a number if it looks like one, else a symbol
//!
//! text       = '"' { any character but '"' and "\" | escape } '"'
//! escape     = "\n" | "\t" | "\r" | '\"' | "\\" | "\u{" hex { hex } "}"
//! name       = nameable { nameable }
//! nameable   = plain but not "#"
//! plain      = any character but white, "(", ")", '"' and ";"
//! white      = any character that Unicode calls white space, and the byte order mark U+FEFF
//! blank      = white | ";" { any character but line feed }
//!
//! integer    = [ "+" | "-" ] digit { digit }
//! float      = integer "." digit { digit } [ exponent ] | integer exponent | "+inf.0" | "-inf.0" | "+nan.0"
//! exponent   = ( "e" | "E" ) integer
//! digit      = "0" … "9"
//! ```
//! - The longest match is a word. A word that has the form of an integer or a float is a number; every other word is a
//!   symbol: `-`, `->`, `1a`, `1.`, `.5`, `1e`, `inf`, `NaN`, `_`, `a#b`, `|-`.
//! - White space is optional between atoms that can't be one word: `(a"b"(c)$d)` has four items.
//! - `!` means "evaluate" only before an item at the top level; within parentheses it is an ordinary character, as in
//!   `(!= a b)`. At most one is allowed: `!!a` is an error.
//! - A count is the multiplicity of the atom after it: `#*3 (p 1)` is `(p 1) (p 1) (p 1)`. It is an integer from 1 to
//!   2^64 − 1, can't be combined with `!`, and is a symbol within parentheses.
//! - `$x#7` is the copy of `$x` with the id 7, as [`rename_apart`](crate::term::rename_apart) makes them; `$x#0` is
//!   `$x`.
//! - `#(` is an error: it is how compounds that can't be read are printed. The symbol `#` needs a space after it there.
//! - An integer beyond 64 bits, or a float beyond the range of `f64`, is an error.
//!
//! # Example
//! ```
//! use pleach::term::{Item, Parser};
//!
//! let source = "(likes alice tea)  ; a fact
//!               !(likes alice $x)";
//! let items: Vec<Item> = Parser::new(source).collect::<Result<_, _>>()?;
//! assert_eq!(items[1].atom.to_string(), "(likes alice $x)");
//! assert!(!items[0].bang && items[1].bang);
//! assert_eq!(&source[items[0].span.clone()], "(likes alice tea)");
//! # Ok::<(), pleach::term::ParseError>(())
//! ```

mod error;
mod lexer;
mod spans;

use std::ops::Range;
use std::str::FromStr;

pub use error::{ParseError, ParseErrorKind};
pub(super) use lexer::{COUNT, is_plain, looks_like_number};
use lexer::{Lexeme, Lexer};
pub use spans::spans;

use super::{Atom, Leaf, Term};

/// A top-level item of a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<T = Atom> {
    /// The atom.
    pub atom: T,
    /// Whether it is preceded by `!`.
    pub bang: bool,
    /// Its multiplicity: 1, unless it is preceded by a count such as `#*3`.
    pub count: u64,
    /// The byte range of the atom in the source, without the `!` or the count.
    pub span: Range<usize>,
}

/// An iterator over the items of a source text; see the [module's page](self) for the syntax.
///
/// It ends after an error, unless it [recovers](Self::recover).
///
/// Cost: O(length of the source) in all; memory O(size of the largest item).
#[derive(Debug)]
pub struct Parser<'a, T = Atom> {
    lexer: Lexer<'a>,
    max_depth: usize,
    /// The error that was returned last.
    failed: Option<ParseError>,
    /// The items of all open expressions.
    items: Vec<T>,
    /// The open expressions: the offset of each in the source, and the index of its first item.
    open: Vec<(usize, usize)>,
}

impl<'a, T: Term> Parser<'a, T> {
    /// Creates a parser of this source.
    pub fn new(source: &'a str) -> Self {
        Parser {
            lexer: Lexer::new(source),
            max_depth: usize::MAX,
            failed: None,
            items: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Sets the maximum number of levels of parentheses. By default there is none.
    pub fn max_depth(mut self, limit: usize) -> Self {
        self.max_depth = limit;
        self
    }

    /// Resumes after an error, to find more of them: after an unmatched `)`, otherwise at the next line that starts
    /// with `(` or `!`. The text in between is skipped. Does nothing if there was no error.
    ///
    /// ```
    /// use pleach::term::Parser;
    ///
    /// let mut parser: Parser<'_> = Parser::new("(a $)\n(b))\n(fine)\n(c");
    /// let mut lines = Vec::new();
    /// while let Some(item) = parser.next() {
    ///     if let Err(error) = item {
    ///         lines.push(error.line);
    ///         parser.recover();
    ///     }
    /// }
    /// assert_eq!(lines, [1, 2, 4]);
    /// ```
    pub fn recover(&mut self) {
        let Some(error) = self.failed.take() else { return };
        self.items.clear();
        self.open.clear();
        if error.kind == ParseErrorKind::UnopenedExpression {
            self.lexer.go_to(error.span.end);
        } else {
            self.lexer.go_to(error.span.start);
            self.lexer.skip_to_line(&['(', '!']);
        }
    }

    /// Parses the next item; `None` at the end of the source.
    fn item(&mut self) -> Result<Option<Item<T>>, ParseError> {
        self.lexer.skip_blank();
        let bang_at = self.lexer.position();
        let bang = self.lexer.skip_bang();
        if bang {
            self.lexer.skip_blank();
            if self.lexer.at_end() || self.lexer.skip_bang() {
                return Err(self
                    .lexer
                    .error(ParseErrorKind::NothingToEvaluate, bang_at..bang_at + 1));
            }
        }
        let count_at = self.lexer.position();
        let count = self.lexer.count()?;
        if count.is_some() {
            let span = count_at..self.lexer.position();
            self.lexer.skip_blank();
            if bang {
                return Err(self
                    .lexer
                    .error(ParseErrorKind::NothingToEvaluate, bang_at..bang_at + 1));
            }
            if self.lexer.at_end() || self.lexer.skip_bang() || self.lexer.starts_count() {
                return Err(self.lexer.error(ParseErrorKind::NothingToCount, span));
            }
        }
        let start = self.lexer.position();
        Ok(self.atom()?.map(|atom| Item {
            atom,
            bang,
            count: count.unwrap_or(1),
            span: start..self.lexer.position(),
        }))
    }

    /// Parses the next atom; `None` at the end of the source.
    fn atom(&mut self) -> Result<Option<T>, ParseError> {
        loop {
            self.lexer.skip_blank();
            let start = self.lexer.position();
            let Some(lexeme) = self.lexer.lexeme()? else {
                return match self.open.last() {
                    Some(&(start, _)) => Err(self.lexer.error(ParseErrorKind::UnclosedExpression, start..start + 1)),
                    None => Ok(None),
                };
            };
            let leaf = match &lexeme {
                Lexeme::Open => {
                    if self.open.len() == self.max_depth {
                        let kind = ParseErrorKind::TooDeep { limit: self.max_depth };
                        return Err(self.lexer.error(kind, start..start + 1));
                    }
                    self.open.push((start, self.items.len()));
                    continue;
                }
                Lexeme::Close => {
                    let Some((_, first)) = self.open.pop() else {
                        return Err(self.lexer.error(ParseErrorKind::UnopenedExpression, start..start + 1));
                    };
                    Some(T::expression(self.items.split_off(first)))
                }
                Lexeme::Symbol(name) => T::leaf(Leaf::Symbol(name)),
                Lexeme::Variable(name, id) => T::leaf(Leaf::Variable { name, id: *id }),
                Lexeme::Integer(value) => T::leaf(Leaf::Integer(*value)),
                Lexeme::Float(value) => T::leaf(Leaf::Float(*value)),
                Lexeme::String(text) => T::leaf(Leaf::String(text)),
            };
            let Some(atom) = leaf else {
                return Err(self
                    .lexer
                    .error(ParseErrorKind::NotInLanguage, start..self.lexer.position()));
            };
            if self.open.is_empty() {
                return Ok(Some(atom));
            }
            self.items.push(atom);
        }
    }
}

impl<T: Term> Iterator for Parser<'_, T> {
    type Item = Result<Item<T>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed.is_some() {
            return None;
        }
        let item = self.item().transpose();
        self.failed = item.as_ref().and_then(|item| item.as_ref().err().cloned());
        item
    }
}

/// Parses a source of exactly one term.
///
/// # Errors
/// Returns the errors of [`Parser`], and an error if there is no atom, more than one, or a `!` or a count before it.
///
/// ```
/// use pleach::term::{Atom, parser};
///
/// let atom: Atom = parser::parse_one(" (+ 1 2) ; three")?;
/// assert_eq!(atom.as_expression().map(<[_]>::len), Some(3));
/// let error = parser::parse_one::<Atom>("(+ 1 2").unwrap_err();
/// assert_eq!(error.to_string(), "line 1, column 1: this parenthesis is never closed");
/// # Ok::<(), parser::ParseError>(())
/// ```
pub fn parse_one<T: Term>(source: &str) -> Result<T, ParseError> {
    let mut parser = Parser::new(source);
    let at = |kind, span| Err(ParseError::new(source, kind, span));
    let item = match parser.next() {
        None => return at(ParseErrorKind::NoAtom, source.len()..source.len()),
        Some(item) => item?,
    };
    if item.bang {
        return at(ParseErrorKind::UnexpectedBang, item.span);
    }
    if item.count != 1 {
        return at(ParseErrorKind::UnexpectedCount, item.span);
    }
    match parser.next() {
        None => Ok(item.atom),
        Some(Err(error)) => Err(error),
        Some(Ok(extra)) => at(ParseErrorKind::SecondAtom, extra.span),
    }
}

/// Parses exactly one atom; see the [module](self) for the syntax.
impl FromStr for Atom {
    type Err = ParseError;

    fn from_str(source: &str) -> Result<Atom, ParseError> {
        parse_one(source)
    }
}
