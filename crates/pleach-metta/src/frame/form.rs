//! Special forms that wait.

use std::rc::Rc;
use std::vec;

use crate::code::{Activation, NodeIndex};
use crate::heap_size::HeapSize;
use pleach::env::SpaceId;
use pleach::term::{Atom, Item};

/// A special form that waits for the answers of a subexpression.
pub(crate) struct FormFrame {
    pub(crate) act: Rc<Activation>,
    pub(crate) at: NodeIndex,
    pub(crate) then: Continuation,
}

/// The continuation of a special form with the answers.
pub(crate) enum Continuation {
    /// Chooses a branch of an `if`.
    Condition,
    /// Queries the space of a `match`.
    Space,
    /// Binds the variables of a `let` or `chain`: the items that are the pattern and the body.
    Bound { pattern: u32, body: u32 },
    /// Binds pair `index` of a `let*`.
    Pair { index: u32 },
    /// Chooses a case of a `case`, where `empty` is set, or a `switch`.
    Scrutinee { empty: bool },
    /// Returns from a `function`.
    Body,
    /// Collects all answers, with their bindings if set.
    Collapse { bindings: bool },
    /// Continues a fold after item `index`.
    Folded { index: usize },
    /// Takes the first operand of an assertion.
    Left,
    /// Compares the second operand with the results of the first.
    Right(Box<[Atom]>),
    /// Continues an import with the remaining items.
    Imported(Box<(Option<SpaceId>, vec::IntoIter<Item>)>),
}

impl FormFrame {
    /// Returns whether this is a `function` that waits for its body.
    pub(crate) fn is_function(&self) -> bool {
        matches!(self.then, Continuation::Body)
    }

    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        sum.activation(&self.act);
        match &self.then {
            Continuation::Right(atoms) => atoms.iter().for_each(|atom| sum.atom(atom)),
            Continuation::Imported(rest) => rest.1.as_slice().iter().for_each(|item| sum.atom(&item.atom)),
            _ => {}
        }
    }
}
