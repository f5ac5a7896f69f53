//! Environments of rules, facts and types that are forked, written and merged.

mod append_list;
mod argument_index;
mod bulk_load;
mod cache;
mod carried;
mod cell;
mod check;
mod conflict;
mod edit;
mod environment;
mod error;
#[cfg(feature = "rayon")]
mod fork_join;
mod id;
mod lock_guarded;
mod memory;
mod near_names;
mod patch;
#[cfg(all(feature = "pathmap", target_feature = "aes"))]
mod pathmap;
mod query;
mod record;
mod removals;
mod sequence;
mod snapshot;
mod space;
mod space_change;
mod space_mut;
mod storage;
mod suggest;
mod types;
mod union;
mod union_all;
mod virtual_base;
mod world;

pub(crate) use self::carried::CarriedValue;
pub use self::cell::Cell;
pub use self::conflict::{Conflict, Conflicts, Resolution, Side, Subject, resolve};
pub(crate) use self::edit::{Delta, Edit};
pub use self::environment::Environment;
pub use self::error::UnboundVariable;
#[cfg(feature = "rayon")]
pub use self::fork_join::{BranchError, ForkJoinError, ForkScope};
pub use self::id::{IdSeed, SpaceId, SpaceKind, StateId};
pub use self::memory::{Held, Memory};
pub use self::patch::{Change, Patch};
#[cfg(all(feature = "pathmap", target_feature = "aes"))]
pub use self::pathmap::PathMapError;
pub use self::query::{Answer, Join, JoinAnswer, LimitedQuery, Matches, Query, QueryError, RulesFor};
pub(crate) use self::query::{NeededIndex, PathTemplate, needed_indexes, pattern_head};
pub(crate) use self::record::{FactChange, Index, sorted};
pub use self::record::{Head, Multiplicity, Rule};
pub use self::removals::RemovalByBoth;
pub use self::snapshot::Snapshot;
pub use self::space::{Atoms, MatchingRules, Sharing, Space};
pub(crate) use self::space::{decode, decode_path, fact_at};
pub(crate) use self::space_change::{SpaceChange, may_match};
pub use self::space_mut::SpaceMut;
pub(crate) use self::storage::{InvalidEntry, is_definition};
pub use self::suggest::EditDistance;
