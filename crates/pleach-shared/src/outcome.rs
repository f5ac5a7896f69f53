//! The result of a commit.

/// The result of a [`commit`](crate::Shared::commit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// How the commit was made.
    pub outcome: Outcome,
    /// The version that contains the committed changes, and that the fork is one of afterwards. Commits that
    /// were combined have the same version.
    pub version: u64,
}

/// How a [`commit`](crate::Shared::commit) was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing had been published since the fork was made: its state became the current one.
    FastForward,
    /// The fork was merged with what others had published.
    Merged,
    /// The fork had no changes: nothing was published.
    Unchanged,
}
