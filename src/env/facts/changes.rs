//! What differs between two maps.

use super::{Cursor, Entry, Facts, Key};
use pathmap::PathMap;
use std::cmp::Ordering;

/// What [`Facts::diff`] found: the entries that only one side has, or that the sides have differently.
pub(crate) struct Changes<E: Entry> {
    /// Keys whose entry was added or changed, with the new entry.
    after: PathMap<E>,
    /// Keys whose entry was removed or changed, with the old entry.
    before: PathMap<E>,
    /// How many keys were added less how many were removed.
    growth: isize,
}

/// One key that differs, with its entry before and after; one of them at least is `Some`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change<'k, 'e, E> {
    /// The key as the trie has it; see [`Key::stored`](super::Key::stored).
    pub(crate) key: &'k [u8],
    /// The old entry.
    pub(crate) from: Option<&'e E>,
    /// The new entry.
    pub(crate) to: Option<&'e E>,
}

impl<E: Entry> Changes<E> {
    /// From the results of subtracting both ways.
    pub(super) fn new(after: PathMap<E>, before: PathMap<E>, growth: isize) -> Self {
        Changes { after, before, growth }
    }

    /// Whether both sides are equal. O(1).
    pub(crate) fn is_empty(&self) -> bool {
        self.after.is_empty() && self.before.is_empty()
    }

    /// The changes, one by one, in key order.
    pub(crate) fn walk(&self) -> Walk<'_, E> {
        Walk {
            after: Cursor::new(self.after.read_zipper()),
            before: Cursor::new(self.before.read_zipper()),
            to: None,
            from: None,
            step_after: true,
            step_before: true,
        }
    }

    /// How many keys were added, less how many were removed. O(1).
    pub(crate) fn growth(&self) -> isize {
        self.growth
    }

    /// The keys that were added as a map of their own, which [`Facts::join_with`] takes whole; and `altered` is told of the
    /// others. Costs those others.
    pub(crate) fn additions(&self, mut altered: impl FnMut(Change<'_, '_, E>)) -> Facts<E> {
        let mut added = Facts::from_trie(self.after.clone(), 0);
        let (mut kept, mut removed) = (0, 0);
        let mut cursor = Cursor::new(self.before.read_zipper());
        while let Some(from) = cursor.next_entry() {
            let key = Key::stored(cursor.path());
            let to = self.after.get_val_at(key.as_bytes());
            altered(Change {
                key: cursor.path(),
                from: Some(from),
                to,
            });
            match to {
                Some(_) => kept += 1,
                None => removed += 1,
            }
        }
        added.len = self.growth.saturating_add_unsigned(removed + kept).max(0) as usize;
        let mut cursor = Cursor::new(self.before.read_zipper());
        while kept > 0 && cursor.next_entry().is_some() {
            added.remove(&Key::stored(cursor.path()));
        }
        added
    }
}

/// The state of [`Changes::walk`]. Not an `Iterator`, because a change borrows its key from here.
pub(crate) struct Walk<'a, E: Entry> {
    after: Cursor<'a, E>,
    before: Cursor<'a, E>,
    to: Option<&'a E>,
    from: Option<&'a E>,
    /// Which of the two were used up by the last change.
    step_after: bool,
    step_before: bool,
}

impl<'a, E: Entry> Walk<'a, E> {
    /// The next change.
    pub(crate) fn next_change(&mut self) -> Option<Change<'_, 'a, E>> {
        if self.step_after {
            self.to = self.after.next_entry();
        }
        if self.step_before {
            self.from = self.before.next_entry();
        }
        let order = match (self.to, self.from) {
            (None, None) => {
                (self.step_after, self.step_before) = (false, false);
                return None;
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), Some(_)) => self.after.path().cmp(self.before.path()),
        };
        (self.step_after, self.step_before) = (order.is_le(), order.is_ge());
        Some(Change {
            key: if order.is_le() {
                self.after.path()
            } else {
                self.before.path()
            },
            from: self.from.filter(|_| order.is_ge()),
            to: self.to.filter(|_| order.is_le()),
        })
    }
}
