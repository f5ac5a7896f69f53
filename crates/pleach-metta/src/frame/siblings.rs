//! Siblings that wait.

use std::rc::Rc;
use std::vec;

use super::combinations::Product;
use super::query::Query;
use crate::code::{Activation, NodeIndex};
use crate::head::HeadInfo;
use crate::heap_size::HeapSize;
use crate::subst::Subst;
use crate::tasks::TaskHandle;
use crate::traversal::variables;
use crate::value::{Answer, Value};
use pleach::Environment;
use pleach::env::SpaceId;
use pleach::term::{Atom, Variable};

/// A group of siblings under evaluation.
pub(crate) struct Group {
    /// The environment's stamp when the group was opened.
    pub(crate) start: u64,
    /// The normal stamp when the group was opened; the same, or the one that the last sibling to change it has left.
    pub(crate) normal_stamp: u64,
    pub(crate) changed: u64,
    /// The path of the expression that the siblings belong to, and the number of names generated there before.
    pub(crate) outer_path: u128,
    pub(crate) outer_named: u64,
    /// The total of names generated before.
    pub(crate) names: u64,
    /// The step count when the current sibling began.
    pub(crate) began: u64,
    /// The environments of siblings that have written.
    pub(crate) left: Vec<Environment>,
    /// The home space.
    pub(crate) home: Option<Box<SpaceId>>,
    /// The index on the stack of the frame that evaluates the group.
    pub(crate) frame: u32,
    /// Whether pending siblings were spawned; whether to spawn them regardless of the steps taken.
    pub(crate) spawned: bool,
    pub(crate) eager: bool,
    /// Handles of spawned siblings, the first one last.
    pub(crate) handles: Vec<(u64, TaskHandle)>,
}

// Pushed and popped for most calls: small enough to be copied without a call.
const _: () = assert!(size_of::<Group>() <= 128);

impl Group {
    /// Records the normal stamp that a sibling left.
    pub(crate) fn leave(&mut self, normal_stamp: u64) {
        if normal_stamp != self.normal_stamp {
            self.changed = normal_stamp;
        }
    }

    /// Returns the position of sibling `index` in the evaluation, which doesn't depend on threads.
    pub(crate) fn path(&self, index: u64) -> u128 {
        const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let mut path = self.outer_path;
        for word in [self.outer_named, index] {
            path = (path ^ u128::from(word)).wrapping_mul(ODD);
            path ^= path >> 67;
        }
        path
    }
}

/// A sibling to evaluate.
pub(crate) struct Task {
    pub(crate) kind: TaskKind,
    /// The bindings made before it.
    pub(crate) subst: Subst,
}

pub(crate) enum TaskKind {
    Eval(Rc<Activation>, NodeIndex),
    /// The same, with results checked against a type.
    Expect(Rc<Activation>, NodeIndex, Atom),
    /// A `let*`, from this pair on.
    Pairs(Rc<Activation>, NodeIndex, u32),
    /// A `foldl-atom`, from this item on, with the accumulator.
    Fold(Rc<Activation>, NodeIndex, usize, Value),
    Atom(Atom),
    /// A call with evaluated arguments, the head first.
    Apply(Vec<Value>, Rc<HeadInfo>, Option<u16>),
    Done(Value),
}

impl Task {
    pub(crate) fn eval(act: Rc<Activation>, at: NodeIndex, subst: Subst) -> Self {
        Self {
            kind: TaskKind::Eval(act, at),
            subst,
        }
    }

    /// A sibling that is evaluated already.
    pub(crate) fn done(answer: Answer) -> Self {
        Self {
            kind: TaskKind::Done(answer.value),
            subst: answer.subst,
        }
    }

    pub(crate) fn scope(&self) -> smallvec::SmallVec<[Variable; 4]> {
        match &self.kind {
            TaskKind::Eval(act, _) | TaskKind::Expect(act, ..) | TaskKind::Pairs(act, ..) => act.scope(),
            TaskKind::Fold(act, .., so_far) => {
                let mut scope = act.scope();
                variables(&so_far.atom, &mut scope);
                scope
            }
            TaskKind::Atom(atom) | TaskKind::Done(Value { atom, .. }) => {
                let mut scope = smallvec::SmallVec::new();
                variables(atom, &mut scope);
                scope
            }
            TaskKind::Apply(values, ..) => {
                let mut scope = smallvec::SmallVec::new();
                values.iter().for_each(|value| variables(&value.atom, &mut scope));
                scope
            }
        }
    }

    /// Returns the atom to evaluate.
    pub(crate) fn atom(&self) -> Atom {
        match &self.kind {
            TaskKind::Eval(act, at) | TaskKind::Expect(act, at, _) | TaskKind::Pairs(act, at, _) => {
                act.instantiate(*at)
            }
            TaskKind::Fold(act, at, index, so_far) => rest_of_fold(act, *at, *index, &so_far.atom),
            TaskKind::Atom(atom) | TaskKind::Done(Value { atom, .. }) => atom.clone(),
            TaskKind::Apply(values, ..) => Atom::Expression(values.iter().map(|value| value.atom.clone()).collect()),
        }
    }
}

/// A lazy source of siblings, which come in portions.
pub(crate) enum TaskSource {
    /// The answers of a query.
    Query(Query),
    /// The combinations of arguments with several results.
    Product(Product),
}

impl TaskSource {
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Query(query) => query.has_ended(),
            Self::Product(product) => product.has_ended(),
        }
    }

    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        match self {
            Self::Query(query) => sum.activation(query.act()),
            Self::Product(product) => product.measure(sum),
        }
    }
}

/// Siblings whose answers are gathered.
pub(crate) struct Branches {
    pub(crate) tasks: vec::IntoIter<Task>,
    /// The capacity of the portion, in tasks.
    pub(crate) room: usize,
    /// The source of further siblings.
    pub(crate) more: Option<Box<TaskSource>>,
    /// Number of siblings before those.
    pub(crate) done: u64,
    pub(crate) answers: Vec<Answer>,
}

impl Branches {
    /// Takes the results gathered so far.
    pub(crate) fn take_found(&mut self) -> Vec<Atom> {
        self.answers.drain(..).map(|answer| answer.value.atom).collect()
    }

    pub(crate) fn measure(&self, sum: &mut HeapSize) {
        let room = self.room * size_of::<Task>();
        sum.bytes(size_of::<Self>() + room + self.answers.capacity() * size_of::<Answer>());
        for task in self.tasks.as_slice() {
            sum.subst(&task.subst);
            match &task.kind {
                TaskKind::Eval(act, _) | TaskKind::Expect(act, ..) | TaskKind::Pairs(act, ..) => sum.activation(act),
                TaskKind::Atom(atom) => sum.atom(atom),
                TaskKind::Fold(act, .., so_far) => {
                    sum.activation(act);
                    sum.value(so_far);
                }
                TaskKind::Apply(values, ..) => values.iter().for_each(|value| sum.value(value)),
                TaskKind::Done(value) => sum.value(value),
            }
        }
        if let Some(more) = &self.more {
            more.measure(sum);
        }
        self.answers.iter().for_each(|answer| sum.answer(answer));
    }
}

/// Returns the fold of the items from `index` on.
fn rest_of_fold(act: &Activation, at: NodeIndex, index: usize, so_far: &Atom) -> Atom {
    let mut items = match act.instantiate(at) {
        Atom::Expression(items) => items.to_vec(),
        atom => vec![atom],
    };
    if let Some(list) = items.get_mut(1) {
        let rest = list
            .as_expression()
            .unwrap_or_default()
            .get(index..)
            .unwrap_or_default();
        *list = Atom::expression(rest.iter().cloned());
    }
    if let Some(start) = items.get_mut(2) {
        *start = so_far.clone();
    }
    Atom::Expression(items.into())
}
