//! Standing queries, as the user writes them, and the changes of their answers.

use std::io::{self, Write};

use pleach::view::{Answers, Literal, View};
use pleach::{Atom, Environment};

use crate::escape::escaped;

/// Returns a view of a pattern, or of a conjunction `(, pattern…)` in which `(not pattern)` excludes answers. Answers are
/// instances of the pattern, or of the conjunction of those that aren't negated.
pub(crate) fn view(world: &Environment, pattern: &Atom) -> View {
    let patterns = match pattern.as_expression() {
        Some([comma, patterns @ ..]) if *comma == Atom::symbol(",") => patterns,
        _ => std::slice::from_ref(pattern),
    };
    let is_one = std::ptr::eq(patterns, std::slice::from_ref(pattern));
    let mut shown = Vec::new();
    let literals = patterns.iter().map(|pattern| match pattern.as_expression() {
        Some([not, inner]) if !is_one && *not == Atom::symbol("not") => Literal::not(inner.clone()),
        _ => {
            shown.push(pattern.clone());
            Literal::new(pattern.clone())
        }
    });
    let literals: Vec<Literal> = literals.collect();
    let template = if is_one {
        pattern.clone()
    } else {
        Atom::expression([Atom::symbol(",")].into_iter().chain(shown).collect::<Vec<_>>())
    };
    match View::new(world, literals, template) {
        Ok(view) => view,
        Err(_) => unreachable!("the template has the positive patterns' variables only"),
    }
}

/// Prints one line for each answer, as `pleach diff` does for atoms: `+ (answer)` if it came, `- (answer)` if it went, with the
/// number if it is more than one.
pub(crate) fn print(out: &mut impl Write, difference: &Answers) -> io::Result<()> {
    for (answer, by) in difference {
        let sign = if by > 0 { '+' } else { '-' };
        let times = match by.unsigned_abs() {
            1 => String::new(),
            times => times.to_string(),
        };
        writeln!(out, "{sign}{times} {}", escaped(&answer))?;
    }
    Ok(())
}
