//! The atoms of entries.

use super::clash::clash;
use crate::env::record::Multiplicity;
use crate::term::{Bindings, Term, rename_apart, unify};

/// The atom of an entry, if it is kept and so isn't decoded from its path.
pub(super) fn kept<T>(entry: &Multiplicity<T>) -> Option<&T> {
    entry.record().and_then(|record| record.atom.as_ref())
}

/// Unifies a pattern with a stored atom, whose variables get ids from `fresh` on, and returns the bindings, which extend those
/// of `start`. Advances `fresh` if that succeeds.
pub(super) fn unify_atom<T: Term>(
    pattern: &T,
    atom: &T,
    fresh: &mut u64,
    start: impl FnOnce() -> Bindings<T>,
) -> Option<Bindings<T>> {
    if clash(pattern, atom) {
        return None;
    }
    let (mut next, mut bindings) = (*fresh, start());
    if !unify(pattern, &rename_apart(atom, &mut next), &mut bindings) {
        return None;
    }
    *fresh = next;
    Some(bindings)
}
