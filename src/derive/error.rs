//! Why a program is invalid or has no closure.

/// The error of [`Program::new`](super::Program::new): the program breaks a rule of the language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The text isn't a sequence of atoms.
    #[error("{0}")]
    Parse(#[from] crate::term::ParseError),
    /// An atom isn't `(=> (, pattern…) head)`.
    #[error("rule {}: not of the form (=> (, pattern…) head)", .rule + 1)]
    Malformed {
        /// The index of the rule.
        rule: usize,
    },
    /// A variable of the head is in no pattern that isn't negated, so it would stand for any term.
    #[error("rule {}: the variable ${name} of the head is in no pattern that isn't negated", .rule + 1)]
    UnboundVariable {
        /// The index of the rule.
        rule: usize,
        /// The name of the variable.
        name: Box<str>,
    },
    /// A negated pattern depends on its own rule, so the program isn't stratified: it unifies with the head of a rule that
    /// depends on this one, or whose head unifies with this one's.
    #[error("rule {}, pattern {}: the negation depends on its own rule, or on one whose head unifies with this rule's", .rule + 1, .pattern + 1)]
    NotStratified {
        /// The index of the rule.
        rule: usize,
        /// The index of the negated pattern in the body.
        pattern: usize,
    },
}

/// The error of [`Program::derive`](super::Program::derive): more facts follow than the program's
/// [limit](super::Program::with_limit), which this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {0} facts are derived")]
pub struct LimitExceeded(pub usize);
