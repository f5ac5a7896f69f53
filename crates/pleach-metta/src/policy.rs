//! How writes of siblings are seen.

/// Visibility of writes between siblings.
///
/// Siblings are the arguments of an expression and the branches of a nondeterministic result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Siblings don't see each other's writes. Each evaluates in its own fork of the environment as of before the first;
    /// afterwards the environment is the union of the forks, in order. Siblings can be evaluated in parallel.
    #[default]
    Isolated,
    /// A sibling sees the writes of those before it. Siblings are evaluated one after another, each in the environment
    /// that the one before left.
    Sequential,
}
