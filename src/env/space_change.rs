//! The facts of a space that differ between two states.

use super::edit::{Delta, Edit};
use super::id::SpaceKind;
use super::record::{FactChange, count};
use super::space::Space;
use crate::term::Term;
use crate::term::path::{Extent, NEW_VARIABLE};

/// The facts of a space whose multiplicities differ between two states, each with the number of its occurrences that were
/// added or removed.
pub(crate) struct SpaceChange<T: Term> {
    pub(crate) added: Space<T>,
    pub(crate) removed: Space<T>,
}

impl<T: Term> SpaceChange<T> {
    /// The changes of facts that may unify with a pattern whose path begins with one of these `heads`. O(d · log n) for d changes
    /// between forks.
    pub(crate) fn between<'h>(
        before: &Space<T>,
        after: &Space<T>,
        heads: impl Iterator<Item = &'h [u8]> + Clone,
    ) -> Self {
        // Not a program: nothing is a definition there, so it has no other index.
        let [mut added, mut removed] = [(); 2].map(|()| Space::of_kind(SpaceKind::Data));
        let mut changes = before.facts.diff(&after.facts);
        while let Some(change) = FactChange::next(&mut changes) {
            if !heads.clone().any(|head| may_begin(change.key, head)) {
                continue;
            }
            let (from, to) = (count(change.from), count(change.to));
            let space = if to > from { &mut added } else { &mut removed };
            let occurrences = Delta::Add(from.abs_diff(to));
            space.apply(Edit::of_entry(
                change.key,
                change.multiplicity(),
                occurrences,
                SpaceKind::Data,
            ));
        }
        Self { added, removed }
    }
}

/// Whether a fact of this side of a change may unify with a pattern whose path begins with `head`: at most two tokens. O(1).
pub(crate) fn may_match<T: Term>(changed: &Space<T>, head: &[u8]) -> bool {
    let first = Extent::of(head).map_or(0, |token| token.length);
    let has_variable = |start: usize| {
        let prefix = [&head[..start], &[NEW_VARIABLE]].concat();
        changed.facts.count_prefix(prefix) > 0
    };
    changed.facts.count_prefix(head) > 0 || has_variable(0) || has_variable(first)
}

/// Whether the atom at `key` begins with the ground tokens of `head`, or has a variable in place of one.
fn may_begin(key: &[u8], head: &[u8]) -> bool {
    let mut start = 0;
    while start < head.len() {
        let Some(token) = Extent::of(&key[start..]) else {
            return false;
        };
        if token.variable {
            return true;
        }
        let end = start + token.length;
        if head.get(start..end) != key.get(start..end) {
            return false;
        }
        start = end;
    }
    true
}
