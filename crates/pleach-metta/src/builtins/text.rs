//! Atoms as text.

use crate::builtin::{Call, Entry, Outcome, wrong, wrong_natively};
use crate::canonical::canonical;
use crate::references::Character;
use pleach::term::{Atom, Parser};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("parse", &["(-> String Atom)"], parse),
    Entry::function("repr", &["(-> Atom String)"], repr),
    Entry::function("format-args", &["(-> String Expression String)"], format_args),
    Entry::function("sort-strings", &["(-> Expression Expression)"], sort_strings),
    Entry::function("stringToChars", &["(-> String Expression)"], string_to_chars),
    Entry::function("charsToString", &["(-> Expression String)"], chars_to_string),
];

/// Formats an atom as part of a text: a string without quotes.
pub(super) fn shown(atom: &Atom) -> String {
    match atom {
        Atom::String(text) => text.to_string(),
        atom => canonical(atom).to_string(),
    }
}

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

/// Replaces each `{}` of a text by the next atom.
fn format_args(call: &mut dyn Call) -> Outcome {
    let (Atom::String(format), Some(atoms)) = (call.argument(1), call.argument(2).as_expression()) else {
        return wrong_natively(
            "format-args expects format string as a first argument and expression as a second argument",
        );
    };
    let mut atoms = atoms.iter();
    let mut parts = format.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += &atoms.next().map(shown).unwrap_or_default();
        text += part;
    }
    Outcome::Value(Atom::string(text))
}

fn sort_strings(call: &mut dyn Call) -> Outcome {
    let strings = call.argument(1).as_expression().unwrap_or_default();
    if !strings.iter().all(|item| matches!(item, Atom::String(_))) {
        return wrong_natively("sort-strings expects expression with strings as a first argument");
    }
    let mut sorted = strings.to_vec();
    sorted.sort();
    Outcome::Value(Atom::Expression(sorted.into()))
}

fn string_to_chars(call: &mut dyn Call) -> Outcome {
    match call.argument(1) {
        Atom::String(text) => {
            let characters = text.chars().map(|character| Atom::grounded(Character(character)));
            Outcome::Value(Atom::Expression(characters.collect()))
        }
        _ => Outcome::Stands,
    }
}

/// Concatenates characters; of another atom, as the reference does, its text without the first and the last character.
fn chars_to_string(call: &mut dyn Call) -> Outcome {
    let mut text = String::new();
    for item in call.argument(1).as_expression().unwrap_or_default() {
        match item.downcast_grounded() {
            Some(Character(character)) => text.push(*character),
            None => {
                let shown = canonical(item).to_string();
                let mut inner = shown.chars();
                inner.next();
                inner.next_back();
                text += inner.as_str();
            }
        }
    }
    Outcome::Value(Atom::string(text))
}

fn repr(call: &mut dyn Call) -> Outcome {
    Outcome::Value(Atom::string(canonical(call.argument(1)).to_string()))
}
