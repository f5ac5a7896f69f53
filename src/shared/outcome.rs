//! The result of a commit.

/// The result of a [`commit`](super::SharedEnvironment::commit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// How the commit was made.
    pub outcome: Outcome,
    /// The version that contains the committed changes, and that the environment is a fork of afterwards. Commits that
    /// were combined have the same version.
    pub version: u64,
}

/// How a [`commit`](super::SharedEnvironment::commit) was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing had been published since the environment was forked: its state became the current one.
    FastForward,
    /// The environment was merged with what others had published.
    Merged,
    /// The environment had no changes: nothing was published.
    Unchanged,
}
