//! Meaning: what decides whether an atom evaluates to itself, and which types it has.
//!
//! It is the rules and types of the space that reduces, what names stand for, and the types of states. Its stamp marks
//! values that are known to be evaluated, and changes only if one of those has: a fact that is written, or another number
//! in a state, leaves all values as they are.

use std::sync::atomic::{AtomicU64, Ordering};

use super::machine::Machine;
use pleach::Environment;
use pleach::env::SpaceId;

/// The space whose rules reduced before `evalc`, and the stamp of its definitions.
pub(super) struct Home {
    space: Option<SpaceId>,
    definitions: u64,
}

/// A stamp that no other meaning in this process has.
pub(super) fn new_meaning() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: the number only has to be unique, it publishes nothing.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Machine {
    /// What there is to come back to when another space has reduced.
    pub(super) fn leaving(&self) -> Home {
        Home {
            space: self.home,
            definitions: self.home().definitions_stamp(),
        }
    }

    /// Goes back to the space that reduced before. What was normal there still is, unless its definitions have changed.
    pub(super) fn leave_home(&mut self, home: &Home) {
        self.set_home(home.space);
        if self.home().definitions_stamp() != home.definitions {
            self.meaning = new_meaning();
        }
    }

    /// As [`write`](Self::write), if the change may be one of what a name stands for, or of a state's type.
    pub(super) fn write_meaning<R>(&mut self, change: impl FnOnce(&mut Environment) -> R) -> R {
        let before = self.epoch;
        let result = self.write(change);
        if self.epoch != before {
            self.meaning = new_meaning();
        }
        result
    }
}
