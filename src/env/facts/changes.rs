//! The differences between two maps.

use super::{Cursor, Entry, Facts, Key};
use pathmap::PathMap;
use std::cmp::Ordering;

/// The result of [`Facts::diff`]: the entries that only one side has, or that differ.
pub(crate) struct Changes<E: Entry> {
    /// Keys whose entry was added or changed, with the new entry.
    after: PathMap<E>,
    /// Keys whose entry was removed or changed, with the old entry.
    before: PathMap<E>,
    /// The number of added keys less that of removed ones.
    growth: isize,
}

/// A key that differs, with its entries before and after, of which at least one is `Some`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EntryChange<'k, 'e, E> {
    /// The key as stored in the trie; see [`Key::stored`](super::Key::stored).
    pub(crate) key: &'k [u8],
    /// The old entry.
    pub(crate) from: Option<&'e E>,
    /// The new entry.
    pub(crate) to: Option<&'e E>,
}

impl<E: Entry> Changes<E> {
    /// The changes given by subtractions both ways.
    pub(super) fn new(after: PathMap<E>, before: PathMap<E>, growth: isize) -> Self {
        Changes { after, before, growth }
    }

    /// Whether both sides are equal. O(1).
    pub(crate) fn is_empty(&self) -> bool {
        self.after.is_empty() && self.before.is_empty()
    }

    /// Walks the changes in key order.
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

    /// The number of added keys less that of removed ones. O(1).
    pub(crate) fn growth(&self) -> isize {
        self.growth
    }

    /// Returns the added keys as a map, for [`Facts::join_with`], and calls `altered` for the other changes. O(these).
    pub(crate) fn additions(&self, mut altered: impl FnMut(EntryChange<'_, '_, E>)) -> Facts<E> {
        let mut added = Facts::from_trie(self.after.clone(), 0);
        let (mut kept, mut removed) = (0, 0);
        let mut cursor = Cursor::new(self.before.read_zipper());
        while let Some(from) = cursor.next_entry() {
            let key = Key::stored(cursor.path());
            let to = self.after.get_val_at(key.as_bytes());
            altered(EntryChange {
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

/// The state of [`Changes::walk`]. It isn't an `Iterator`, since a change borrows its key from here.
pub(crate) struct Walk<'a, E: Entry> {
    after: Cursor<'a, E>,
    before: Cursor<'a, E>,
    to: Option<&'a E>,
    from: Option<&'a E>,
    /// Which of the two the last change has consumed.
    step_after: bool,
    step_before: bool,
}

impl<'a, E: Entry> Walk<'a, E> {
    /// The next change.
    pub(crate) fn next_change(&mut self) -> Option<EntryChange<'_, 'a, E>> {
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
        Some(EntryChange {
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
