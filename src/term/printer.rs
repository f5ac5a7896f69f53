//! Printer of terms as source text.
//!
//! The [`parser`] reads the text that [`Print`] writes back as the same term. Names and values without a plain form are
//! quoted or escaped:
//!
//! | atom | written | because |
//! |---|---|---|
//! | symbol `two words` | `#"two words"` | white space, a parenthesis, `"`, `;` or a control character in it, or it is empty |
//! | symbol `42` | `#"42"` | the word is a number |
//! | symbol `$x` | `#"$x"` | it would be a variable |
//! | symbol `!x` | `#"!x"`, but `(!x)` | at the top level, `!` means "evaluate" |
//! | symbol `#*3` | `#"#*3"`, but `(#*3)` | at the top level, `#*3` is a count |
//! | variable `x`, copy 7 | `$x#7` | |
//! | variable `two words` | `$"two words"` | as for symbols, or `#` in it |
//! | float 1, 10^21 | `1.0`, `1e21` | a float has a `.` or an `e` |
//! | infinities, NaN | `+inf.0`, `-inf.0`, `+nan.0` | `inf` and `NaN` are symbols |
//! | string with a line feed | `"…\n…"` | control characters and bidirectional controls are escaped |
//! | value of the interpreter, bytes 01 ff | `#<01ff>`, or as [`Term::fmt_value`] writes it | it can't be read back |
//! | anonymous variable | `_` | it is read back as a symbol, unless the language builds it from that |
//! | compound of the tag `Error` | `#(Error "why" x)` | it can't be read back |

use std::fmt::{self, Formatter, Write};
use std::ops::ControlFlow;
use std::slice;

use super::walk::{Visitor, walk};
use super::{Atom, Float, Leaf, Term, View, parser};

/// A [`Display`](fmt::Display) of a term as source text. Cost: O(size).
///
/// ```
/// use pleach::term::{Atom, Print};
///
/// let atom = Atom::expression([Atom::symbol("two words"), Atom::string("1\n2"), 3.0.into()]);
/// let text = Print(&atom).to_string();
/// assert_eq!(text, r#"(#"two words" "1\n2" 3.0)"#);
/// assert_eq!(text.parse(), Ok(atom));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Print<'a, T>(pub &'a T);

impl<T: Term> fmt::Display for Print<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match walk(slice::from_ref(self.0).iter(), Context::Top, &mut Writer { f }) {
            ControlFlow::Continue(_) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }
}

struct Writer<'w, 'f> {
    f: &'w mut Formatter<'f>,
}

/// Where the next term is written.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    /// Outside of all parentheses.
    Top,
    /// After an opening parenthesis.
    First,
    /// After another item.
    Next,
}

impl Writer<'_, '_> {
    /// Writes a leaf, or the opening parenthesis of a compound and its tag. Returns the items, and the context of the first.
    fn open<'a, T: Term>(&mut self, term: &'a T, context: Context) -> Result<Option<(&'a [T], Context)>, fmt::Error> {
        if context == Context::Next {
            self.f.write_char(' ')?;
        }
        match term.view() {
            View::Expression(items) => {
                self.f.write_char('(')?;
                return Ok(Some((items, Context::First)));
            }
            View::Tagged(tag, items) => {
                self.f.write_str("#(")?;
                write_leaf(&Leaf::Symbol(tag.name), false, self.f)?;
                if let Some(data) = &tag.data {
                    self.f.write_char(' ')?;
                    write_leaf(data, false, self.f)?;
                }
                return Ok(Some((items, Context::Next)));
            }
            View::Leaf(Leaf::Grounded(_) | Leaf::Opaque(_)) => term.fmt_value(self.f)?,
            View::Leaf(leaf) => write_leaf(&leaf, context == Context::Top, self.f)?,
        }
        Ok(None)
    }
}

impl<'a, T: Term> Visitor<slice::Iter<'a, T>> for Writer<'_, '_> {
    type Level = Context;
    type Break = fmt::Error;

    fn enter(
        &mut self,
        term: &'a T,
        context: &mut Context,
    ) -> ControlFlow<fmt::Error, Option<(slice::Iter<'a, T>, Context)>> {
        let opened = self.open(term, *context);
        if *context == Context::First {
            *context = Context::Next;
        }
        match opened {
            Ok(items) => ControlFlow::Continue(items.map(|(items, context)| (items.iter(), context))),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn leave(&mut self, _: Context, _: &mut Context) -> ControlFlow<fmt::Error> {
        match self.f.write_char(')') {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// A [`Display`](fmt::Display) of a leaf.
pub(super) struct LeafText<'a>(pub(super) &'a Leaf<'a>);

impl fmt::Display for LeafText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_leaf(self.0, false, f)
    }
}

fn write_leaf(leaf: &Leaf<'_>, top: bool, f: &mut Formatter<'_>) -> fmt::Result {
    match leaf {
        Leaf::Symbol(name) => {
            let taken = name.starts_with('$')
                || (top && (name.starts_with('!') || name.starts_with(parser::COUNT)))
                || parser::looks_like_number(name);
            if taken || !is_word(name) {
                f.write_char('#')?;
                write_text(name, f)
            } else {
                f.write_str(name)
            }
        }
        Leaf::Variable { name, id } => {
            f.write_char('$')?;
            if is_word(name) && !name.contains('#') {
                f.write_str(name)?
            } else {
                write_text(name, f)?
            }
            if *id == 0 { Ok(()) } else { write!(f, "#{id}") }
        }
        Leaf::Anonymous => f.write_str("_"),
        Leaf::Integer(value) => write!(f, "{value}"),
        Leaf::Float(value) => match Float::new(*value).get() {
            f64::INFINITY => f.write_str("+inf.0"),
            f64::NEG_INFINITY => f.write_str("-inf.0"),
            value if value.is_nan() => f.write_str("+nan.0"),
            value => write!(f, "{value:?}"),
        },
        Leaf::String(text) => write_text(text, f),
        Leaf::Grounded(bytes) | Leaf::Opaque(bytes) => write_value(bytes, f),
    }
}

/// Writes the bytes of a grounded or opaque value.
fn write_value(bytes: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("#<")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    f.write_str(">")
}

/// Writes a grounded or opaque value by its bytes.
pub(super) fn write_identity<T: Term>(value: &T, f: &mut Formatter<'_>) -> fmt::Result {
    match value.view() {
        View::Leaf(leaf) => write_leaf(&leaf, false, f),
        _ => Ok(()),
    }
}

/// Returns whether `c` is invisible but affects the display of text: a control character, a line separator, or a
/// bidirectional control.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether `name` can be written without quotes.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| parser::is_plain(c) && !is_hidden(c))
}

fn write_text(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '"' | '\\' => write!(f, "\\{c}")?,
            c if is_hidden(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Print(self).fmt(f)
    }
}
