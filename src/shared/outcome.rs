//! What a commit did.

/// What a [`commit`](crate::SharedEnvironment::commit) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// How it went.
    pub outcome: Outcome,
    /// The version that has what was committed, and that the handle goes on from. Several commits that were waiting at
    /// once can share one.
    pub version: u64,
}

/// How a [`commit`](crate::SharedEnvironment::commit) went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody had published since the environment was forked: its state is the current one now.
    FastForward,
    /// Others had: the current state is the union of theirs and the environment's.
    Merged,
    /// The environment held nothing new: nothing was published.
    Unchanged,
}
