//! Ready-made resolvers for [`union_with`](crate::Environment::union_with).

use super::{Conflict, Resolution};

/// Resolves every conflict with the content in the left operand.
pub fn ours<T>(_: &Conflict<T>) -> Resolution<T> {
    Resolution::Ours
}

/// Resolves every conflict with the content in the right operand, as [`union`](crate::Environment::union) does.
pub fn theirs<T>(_: &Conflict<T>) -> Resolution<T> {
    Resolution::Theirs
}

/// Resolves no conflict, so that the merge fails with all of them.
pub fn fail<T>(_: &Conflict<T>) -> Resolution<T> {
    Resolution::Fail
}
