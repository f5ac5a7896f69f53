//! Atoms as text.

use crate::builtin::{Call, Entry, Outcome, wrong};
use crate::canonical::canonical;
use pleach::term::{Atom, Parser};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("parse", &["(-> String Atom)"], parse),
    Entry::function("repr", &["(-> Atom String)"], repr),
];

/// Returns the first atom of a text, with variables of its own.
fn parse(call: &mut dyn Call) -> Outcome {
    let Atom::String(text) = call.argument(1) else {
        return Outcome::Stands;
    };
    match Parser::new(text).next() {
        Some(Ok(item)) if !item.bang => Outcome::Value(call.rename_apart(&item.atom)),
        Some(_) => Outcome::Stands,
        None => wrong("parse expects the text of an atom"),
    }
}

fn repr(call: &mut dyn Call) -> Outcome {
    Outcome::Value(Atom::string(canonical(call.argument(1)).to_string()))
}
