//! The error of queries.

use thiserror::Error;

/// Why a query ended early.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It reached its limit of steps. There may be more answers.
    #[error("the query took more than {0} steps")]
    Limit(u64),
    /// It was stopped by another thread. There may be more answers.
    #[error("the query was stopped")]
    Stopped,
}
