//! The Unicode Character Database as facts: real data, with relations that are almost functions and others of very
//! uneven selectivity (most characters are Han).
//!
//! The tables are those of the crates `unicode-script` and `unicode-normalization` and of the standard library.

use pleach::{Atom, Environment};
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};
use unicode_script::{Script, UnicodeScript};

fn character(c: char) -> Atom {
    Atom::symbol(&*format!("U+{:04X}", u32::from(c)))
}

fn fact(relation: &str, items: impl IntoIterator<Item = Atom>) -> Atom {
    Atom::Expression([Atom::symbol(relation)].into_iter().chain(items).collect())
}

/// Returns the facts about all characters up to `last`:
///
/// - `(script C S)`, `(class C alphabetic)`, `(class C numeric)`, …
/// - `(upper C D)` and `(lower C D)`, if D is the only character of C's upper or lower case
/// - `(combining C N)`, of marks
/// - `(composed C BASE MARK)`, where C is canonically equivalent to the two
pub(crate) fn facts(last: char) -> Environment {
    let mut facts = Vec::new();
    for c in ('\0'..=last).filter(|c| c.script() != Script::Unknown) {
        facts.push(fact("script", [character(c), Atom::symbol(c.script().full_name())]));
        let classes = [
            ("alphabetic", c.is_alphabetic()),
            ("numeric", c.is_numeric()),
            ("uppercase", c.is_uppercase()),
            ("lowercase", c.is_lowercase()),
            ("white-space", c.is_whitespace()),
        ];
        for (class, _) in classes.into_iter().filter(|(_, has)| *has) {
            facts.push(fact("class", [character(c), Atom::symbol(class)]));
        }
        let (mut upper, mut lower) = (c.to_uppercase(), c.to_lowercase());
        if let (Some(to), None) = (upper.next().filter(|to| *to != c), upper.next()) {
            facts.push(fact("upper", [character(c), character(to)]));
        }
        if let (Some(to), None) = (lower.next().filter(|to| *to != c), lower.next()) {
            facts.push(fact("lower", [character(c), character(to)]));
        }
        let combining = canonical_combining_class(c);
        if combining > 0 {
            facts.push(fact("combining", [character(c), Atom::from(i64::from(combining))]));
        }
        let mut parts = Vec::new();
        decompose_canonical(c, |part| parts.push(part));
        if let [base, mark] = parts[..] {
            facts.push(fact("composed", [c, base, mark].map(character)));
        }
    }
    facts.into_iter().collect()
}
