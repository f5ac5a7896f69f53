//! Calls whose arguments have no or several answers.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::code::{Activation, NodeIndex};
use crate::head::HeadInfo;
use crate::heap_size::HeapSize;
use crate::subst::Subst;
use crate::symbols::is_error;
use crate::traversal::variables;
use crate::value::{Answer, Value};
use pleach::term::Atom;

/// A combination of answers of the arguments so far.
#[derive(Clone)]
pub(crate) struct Combination {
    /// The head and the arguments so far.
    pub(crate) values: Vec<Value>,
    /// The activation, with the bindings of the arguments.
    pub(crate) act: Rc<Activation>,
    pub(crate) subst: Subst,
    /// An error of an argument, which is the result of the call.
    pub(crate) error: Option<Value>,
}

impl Combination {
    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        sum.bytes(size_of::<Self>());
        sum.activation(&self.act);
        self.values.iter().chain(&self.error).for_each(|value| sum.value(value));
        sum.subst(&self.subst);
    }
}

/// A call whose arguments have several combinations of answers, or none.
pub(crate) struct Combinations {
    pub(crate) act: Rc<Activation>,
    pub(crate) at: NodeIndex,
    pub(crate) item: u32,
    pub(crate) info: Rc<HeadInfo>,
    pub(crate) signature: Option<u16>,
    pub(crate) rows: Vec<Combination>,
    /// The values of independent arguments after those in the rows: the combinations are the product, made late. There
    /// is then one row, without bindings.
    pub(crate) columns: Vec<Vec<Value>>,
    /// The row whose argument is being evaluated; `None` if it is evaluated once for all rows.
    pub(crate) current: Option<usize>,
    pub(crate) grown: Vec<Combination>,
    /// Whether a group of siblings was opened.
    pub(crate) grouped: bool,
}

impl Combinations {
    /// Returns the activation in which an argument is being evaluated.
    pub(crate) fn current_act(&self) -> &Activation {
        match self.current.and_then(|current| self.rows.get(current)) {
            Some(row) => &row.act,
            None => &self.act,
        }
    }

    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        sum.activation(&self.act);
        for row in self.rows.iter().chain(&self.grown) {
            row.measure(sum);
        }
        self.columns.iter().flatten().for_each(|value| sum.value(value));
    }

    /// Returns whether answers can become a column.
    pub(crate) fn are_independent(&self, answers: &[Answer]) -> bool {
        let plain = |answer: &Answer| answer.subst.is_empty() && !is_error(&answer.value.atom);
        let one = matches!(&self.rows[..], [row] if row.subst.is_empty() && row.error.is_none());
        one && (answers.len() > 1 || answers.len() == 1 && !self.columns.is_empty()) && answers.iter().all(plain)
    }

    /// Returns whether a row has bound a variable of this atom.
    pub(crate) fn have_bound(&self, atom: &Atom) -> bool {
        let mut free = SmallVec::new();
        variables(atom, &mut free);
        let mut bound = self.rows.iter().flat_map(|row| row.subst.iter());
        bound.any(|(variable, _)| free.contains(variable))
    }
}

/// Calls with each combination of independent arguments, in lexicographic order. They are made in portions, so a
/// product takes the memory of its factors and results, whatever its size.
pub(crate) struct Product {
    /// The head and the arguments before the columns.
    pub(crate) values: Vec<Value>,
    /// None is empty.
    pub(crate) columns: Vec<Vec<Value>>,
    /// The next combination: an index into each column.
    pub(crate) indexes: Vec<usize>,
    pub(crate) info: Rc<HeadInfo>,
    pub(crate) signature: Option<u16>,
    pub(crate) ended: bool,
}

impl Product {
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        self.values
            .iter()
            .chain(self.columns.iter().flatten())
            .for_each(|value| sum.value(value));
    }
}
