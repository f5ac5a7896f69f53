//! Why an operation on an environment fails.

/// The error of [`Query::check_template`](crate::env::Query::check_template) and
/// [`Join::check_template`](crate::env::Join::check_template): a variable of the template is in no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name} of the template is in no pattern")]
#[non_exhaustive]
pub struct UnboundVariable {
    /// The name of the variable.
    pub name: Box<str>,
}
