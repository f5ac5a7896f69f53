use std::borrow::Cow;
use std::ops::Range;

use super::{ParseError, ParseErrorKind};

/// The lexical elements of a source text.
#[derive(Debug)]
pub(super) enum Lexeme<'a> {
    Open,
    Close,
    Symbol(Cow<'a, str>),
    Variable(Cow<'a, str>, u64),
    Integer(i64),
    Float(f64),
    String(Cow<'a, str>),
}

fn is_white(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Returns whether `c` can be part of a word.
pub(crate) fn is_plain(c: char) -> bool {
    !(is_white(c) || matches!(c, '(' | ')' | '"' | ';'))
}

/// The prefix of a count, at the top level.
pub(crate) const COUNT: &str = "#*";

/// The lexical form of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Integer,
    Float,
    /// A float without a decimal form.
    Special(f64),
    Symbol,
}

fn form(word: &str) -> Form {
    match word {
        "+inf.0" => return Form::Special(f64::INFINITY),
        "-inf.0" => return Form::Special(f64::NEG_INFINITY),
        "+nan.0" => return Form::Special(f64::NAN),
        _ => {}
    }
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        text.get(count..).filter(|_| count > 0)
    }
    fn signed(text: &[u8]) -> Option<&[u8]> {
        digits(
            text.strip_prefix(b"+")
                .or_else(|| text.strip_prefix(b"-"))
                .unwrap_or(text),
        )
    }
    let number = || {
        let mut rest = signed(word.as_bytes())?;
        if rest.is_empty() {
            return Some(Form::Integer);
        }
        if let Some(fraction) = rest.strip_prefix(b".") {
            rest = digits(fraction)?;
        }
        if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
            rest = signed(exponent)?;
        }
        rest.is_empty().then_some(Form::Float)
    };
    number().unwrap_or(Form::Symbol)
}

/// Returns whether a symbol of this name must be quoted, since the word is a number.
pub(crate) fn looks_like_number(word: &str) -> bool {
    form(word) != Form::Symbol
}

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Lexer { source, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn at_end(&self) -> bool {
        self.position == self.source.len()
    }

    pub(super) fn go_to(&mut self, position: usize) {
        self.position = position;
    }

    /// Skips to the next line that starts with one of these characters, or to the end.
    pub(super) fn skip_to_line(&mut self, first: &[char]) {
        let rest = self.rest();
        let mut ends = rest.match_indices('\n').map(|(end, _)| end + 1);
        let start = ends.find(|start| rest.get(*start..).is_some_and(|line| line.starts_with(first)));
        self.position += start.unwrap_or(rest.len());
    }

    pub(super) fn error(&self, kind: ParseErrorKind, span: Range<usize>) -> ParseError {
        ParseError::new(self.source, kind, span)
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or_default()
    }

    /// Skips `expected` if it is next.
    fn skip(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.position += expected.len_utf8();
        }
        found
    }

    pub(super) fn skip_bang(&mut self) -> bool {
        self.skip('!')
    }

    pub(super) fn starts_count(&self) -> bool {
        self.rest().starts_with(COUNT)
    }

    /// Reads a count, such as `#*3`, if one is next.
    pub(super) fn count(&mut self) -> Result<Option<u64>, ParseError> {
        if !self.starts_count() {
            return Ok(None);
        }
        let start = self.position;
        let word = self.take_while(is_plain);
        let digits = word.get(COUNT.len()..).unwrap_or_default();
        // `parse` accepts a sign too.
        let count = digits.parse().ok().filter(|_| !digits.starts_with('+'));
        match count {
            Some(count @ 1..) => Ok(Some(count)),
            _ => Err(self.error(ParseErrorKind::BadCount, start..self.position)),
        }
    }

    /// Skips white space and comments.
    pub(super) fn skip_blank(&mut self) {
        loop {
            let rest = self.rest().trim_start_matches(is_white);
            self.position = self.source.len() - rest.len();
            if !rest.starts_with(';') {
                return;
            }
            self.position += rest.find('\n').unwrap_or(rest.len());
        }
    }

    /// Reads the longest run of characters that satisfy `wanted`.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest
            .find(|c| !wanted(c))
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        self.position += taken.len();
        taken
    }

    /// Reads the next lexeme; `None` at the end of the source. Blanks must have been skipped.
    pub(super) fn lexeme(&mut self) -> Result<Option<Lexeme<'a>>, ParseError> {
        let rest = self.rest().as_bytes();
        Ok(Some(match rest.first() {
            None => return Ok(None),
            Some(b'(') => {
                self.position += 1;
                Lexeme::Open
            }
            Some(b')') => {
                self.position += 1;
                Lexeme::Close
            }
            Some(b'"') => Lexeme::String(self.text()?),
            Some(b'#') if rest.get(1) == Some(&b'"') => {
                self.position += 1;
                Lexeme::Symbol(self.text()?)
            }
            Some(b'#') if rest.get(1) == Some(&b'(') => {
                let span = self.position..self.position + 2;
                return Err(self.error(ParseErrorKind::TaggedCompound, span));
            }
            Some(b'$') => self.variable()?,
            Some(_) => self.word()?,
        }))
    }

    fn word(&mut self) -> Result<Lexeme<'a>, ParseError> {
        let start = self.position;
        let word = self.take_while(is_plain);
        let out_of_range = |kind| self.error(kind, start..self.position);
        match form(word) {
            Form::Symbol => Ok(Lexeme::Symbol(word.into())),
            Form::Special(value) => Ok(Lexeme::Float(value)),
            Form::Integer => match word.parse() {
                Ok(value) => Ok(Lexeme::Integer(value)),
                Err(_) => Err(out_of_range(ParseErrorKind::IntegerOutOfRange)),
            },
            Form::Float => match word.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Lexeme::Float(value)),
                _ => Err(out_of_range(ParseErrorKind::FloatOutOfRange)),
            },
        }
    }

    fn variable(&mut self) -> Result<Lexeme<'a>, ParseError> {
        let start = self.position;
        self.position += 1;
        let name = if self.rest().starts_with('"') {
            self.text()?
        } else {
            let name = self.take_while(|c| is_plain(c) && c != '#');
            if name.is_empty() {
                return Err(self.error(ParseErrorKind::NoVariableName, start..self.position));
            }
            name.into()
        };
        let mut id = 0;
        if self.skip('#') {
            let digits = self.take_while(is_plain);
            id = match digits.parse() {
                Ok(id) if !digits.starts_with('+') => id,
                _ => return Err(self.error(ParseErrorKind::BadVariableId, start..self.position)),
            };
        }
        Ok(Lexeme::Variable(name, id))
    }

    /// Reads the text between the next quote and its closing one, with escapes replaced.
    fn text(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let start = self.position;
        self.position += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let run = self.take_while(|c| c != '"' && c != '\\');
            if text.is_empty() {
                text = run.into();
            } else {
                text.to_mut().push_str(run);
            }
            if self.skip('"') {
                return Ok(text);
            }
            if self.at_end() {
                return Err(self.error(ParseErrorKind::UnclosedText, start..start + 1));
            }
            let escaped = self.escape()?;
            text.to_mut().push(escaped);
        }
    }

    /// Reads an escape, and returns its character.
    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.position;
        let mut rest = self.rest().chars();
        rest.next(); // the backslash
        let c = match rest.next() {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some(c @ ('"' | '\\')) => Some(c),
            Some('u') => {
                let digits = rest.as_str().strip_prefix('{').and_then(|rest| rest.split_once('}'));
                rest = digits.map_or("", |(_, after)| after).chars();
                digits
                    .filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
                    .and_then(|(digits, _)| u32::from_str_radix(digits, 16).ok())
                    .and_then(char::from_u32)
            }
            _ => None,
        };
        match c {
            Some(c) => {
                self.position = self.source.len() - rest.as_str().len();
                Ok(c)
            }
            None => {
                let end = start + 1 + self.rest().chars().nth(1).map_or(0, char::len_utf8);
                Err(self.error(ParseErrorKind::BadEscape, start..end))
            }
        }
    }
}
