use std::ops::Range;

use super::lexer::{Lexeme, Lexer};
use super::{Item, Term};

/// Returns the byte ranges of an item's atom and of all its subterms in the source, in preorder: each expression before
/// its items, from left to right.
///
/// `source` must be the text that the item was parsed from; for another text the ranges are meaningless.
///
/// Cost: O(length of the item).
///
/// ```
/// use pleach::term::{Item, Parser, parser};
///
/// let source = "!(+ (f 1) $x)";
/// let item: Item = Parser::new(source).next().unwrap()?;
/// let parts: Vec<&str> = parser::spans(source, &item).into_iter().map(|span| &source[span]).collect();
/// assert_eq!(parts, ["(+ (f 1) $x)", "+", "(f 1)", "f", "1", "$x"]);
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
pub fn spans<T: Term>(source: &str, item: &Item<T>) -> Vec<Range<usize>> {
    let start = item.span.start;
    let mut lexer = Lexer::new(source.get(item.span.clone()).unwrap_or_default());
    let mut spans = Vec::new();
    let mut open = Vec::new();
    loop {
        lexer.skip_blank();
        let begin = start + lexer.position();
        let Ok(Some(lexeme)) = lexer.lexeme() else {
            return spans;
        };
        let end = start + lexer.position();
        match lexeme {
            Lexeme::Open => {
                open.push(spans.len());
                spans.push(begin..end);
            }
            Lexeme::Close => {
                if let Some(expression) = open.pop().and_then(|index: usize| spans.get_mut(index)) {
                    expression.end = end;
                }
            }
            _ => spans.push(begin..end),
        }
    }
}
