//! The table of built-ins, in one file for each concern.

mod control;
mod forms;
mod lists;
mod numbers;
mod output;
mod results;
pub(crate) mod spaces;
mod text;
mod types;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use self::lists::{FILTER, TUPLE};
use crate::builtin::{Builtin, Entry};
use pleach::term::Symbol;

fn entries() -> impl Iterator<Item = &'static Entry> {
    let parts = [
        forms::ENTRIES,
        control::ENTRIES,
        lists::ENTRIES,
        numbers::ENTRIES,
        output::ENTRIES,
        results::ENTRIES,
        spaces::ENTRIES,
        text::ENTRIES,
        types::ENTRIES,
    ];
    parts.into_iter().flatten()
}

/// Returns the built-in of this name.
pub(crate) fn find(name: Symbol) -> Option<&'static Builtin> {
    static TABLE: LazyLock<HashMap<Symbol, Builtin>> = LazyLock::new(|| {
        let entries = entries().map(|entry| (Symbol::new(entry.name), Builtin::new(entry)));
        entries.collect()
    });
    TABLE.get(&name)
}

/// Returns whether a name is that of a special form.
pub(crate) fn is_special(name: Symbol) -> bool {
    find(name).is_some_and(|builtin| builtin.special().is_some())
}

/// Returns the names of all built-ins, in no particular order.
///
/// ```
/// assert!(pleach_metta::builtins().any(|name| name == "match"));
/// ```
pub fn builtins() -> impl Iterator<Item = &'static str> {
    // Skip internal names, which programs can't write.
    entries().map(|entry| entry.name).filter(|name| !name.starts_with('('))
}
