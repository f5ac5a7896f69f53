//! Escapes for control characters in text from files and names, which a terminal would obey.

use std::fmt::{self, Display, Write};

/// Displays text in one line, with control characters escaped as the parser reads them: `\u{1b}`. Characters that change the
/// direction of text are escaped too, since they can make it read as something else.
pub(crate) fn escaped<D: Display>(text: D) -> Escaped<D> {
    Escaped { text, keep: "" }
}

/// Like [`escaped`], but keeps line feeds and tabs.
pub(crate) fn escaped_lines<D: Display>(text: D) -> Escaped<D> {
    Escaped { text, keep: "\n\t" }
}

pub(crate) struct Escaped<D> {
    text: D,
    keep: &'static str,
}

impl<D: Display> Display for Escaped<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            Escaping {
                out: f,
                keep: self.keep
            },
            "{}",
            self.text
        )
    }
}

struct Escaping<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    keep: &'static str,
}

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|c| is_control(c) && !self.keep.contains(c)) {
            let (plain, from) = rest.split_at_checked(at).ok_or(fmt::Error)?;
            self.out.write_str(plain)?;
            let mut chars = from.chars();
            match chars.next() {
                Some('\n') => self.out.write_str("\\n")?,
                Some('\t') => self.out.write_str("\\t")?,
                Some('\r') => self.out.write_str("\\r")?,
                Some(c) => write!(self.out, "\\u{{{:x}}}", u32::from(c))?,
                None => {}
            }
            rest = chars.as_str();
        }
        self.out.write_str(rest)
    }
}

/// Returns whether a terminal obeys a character instead of showing it.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_characters_are_escaped() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\0\r\n\tb \u{202e}é世\\";
        assert_eq!(
            escaped(text).to_string(),
            "a\\u{1b}[2J\\u{9b}\\u{7f}\\u{0}\\r\\n\\tb \\u{202e}é世\\"
        );
        assert_eq!(escaped_lines("a\n\tb\r\u{7}").to_string(), "a\n\tb\\r\\u{7}");
    }
}
