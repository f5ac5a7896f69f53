//! Why an operation on an environment fails.

use crate::term::path::PathError;

/// The error of [`SpaceMut::set_pathmap`](crate::env::SpaceMut::set_pathmap): a path isn't the canonical path of its atom.
/// The environment is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathMapError {
    /// A path doesn't encode an atom.
    #[error("path {index} of the map isn't the path of an atom")]
    Path {
        /// The position of the path in the map, in key order, from 0.
        index: usize,
        /// The error of decoding it.
        source: PathError,
    },
    /// The atom that a multiplicity keeps has another path.
    #[error("path {index} of the map isn't the path of the atom that is stored there")]
    Mismatch {
        /// The position of the path in the map, in key order, from 0.
        index: usize,
    },
}

/// The error of [`Query::check_template`](crate::env::Query::check_template) and
/// [`Join::check_template`](crate::env::Join::check_template): a variable of the template is in no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name} of the template is in no pattern")]
#[non_exhaustive]
pub struct UnboundVariable {
    /// The name of the variable.
    pub name: Box<str>,
}
