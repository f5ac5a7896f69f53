//! Publications: the states of a cell, with their versions.

use crate::outcome::{Commit, Outcome};
use crate::queue::{Committed, Completion};
use crate::sync::Arc;

/// A published state, with its version.
pub struct Publication<S> {
    /// One more than that of the publication that it replaced.
    pub version: u64,
    /// The state.
    pub state: S,
    /// The commits to complete: those that are part of it.
    pub(crate) batch: Vec<(Arc<Completion<S>>, Outcome)>,
}

impl<S: Clone> Publication<S> {
    /// The result of a commit that is part of it.
    pub(crate) fn committed(&self, outcome: Outcome) -> Committed<S> {
        Committed {
            commit: Commit {
                outcome,
                version: self.version,
            },
            state: self.state.clone(),
        }
    }
}
