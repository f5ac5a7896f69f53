//! A query whose answers are evaluated in portions.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::code::{Activation, NodeIndex};
use pleach::Environment;
use pleach::env::SpaceId;
use pleach::term::{Atom, Variable};

/// A query in progress, on the snapshot it began with.
pub(crate) struct Query {
    pub(crate) env: Environment,
    pub(crate) space: Option<SpaceId>,
    pub(crate) act: Rc<Activation>,
    pub(crate) pattern: Atom,
    /// The variables in the values of the pattern's slots.
    pub(crate) met: SmallVec<[Variable; 4]>,
    pub(crate) body: NodeIndex,
    /// Number of answers so far.
    pub(crate) found: usize,
    /// Whether there are no more.
    pub(crate) ended: bool,
}

impl Query {
    pub(crate) fn act(&self) -> &Rc<Activation> {
        &self.act
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}
