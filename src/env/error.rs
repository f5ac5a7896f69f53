//! What can go wrong with a write.

use crate::term::path::PathError;

/// Why a write was refused. The environment is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A path of a space given to [`update_pathmap`](crate::Environment::update_pathmap) is no atom's.
    #[error("path {index} of the space is no atom's: {error}")]
    Path {
        /// The position of the path in the space, in key order, from 0.
        index: usize,
        /// What is wrong with it, and where.
        error: PathError,
    },
    /// A multiplicity of such a space keeps another atom than the one its path stands for.
    #[error("path {index} of the space is not the path of the atom beside it")]
    Misplaced {
        /// The position of the path in the space, in key order, from 0.
        index: usize,
    },
}
