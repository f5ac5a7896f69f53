//! Siblings: arguments of one expression, and branches of a nondeterministic result.
//!
//! Under the isolated policy each sibling evaluates in its own fork of the environment, as of before the first; afterwards
//! the environment is the union of all, in order. Nothing is forked before the first write, and nothing united if there
//! was none.

mod parallel;
mod tasks;

use std::rc::Rc;
use std::vec;

pub(super) use self::parallel::{WORTHWHILE, Waiting};
use self::tasks::Offer;
pub(super) use self::tasks::Tasks;
use super::code::{Activation, At};
use super::forms::{Query, rest_of_fold};
use super::head::HeadInfo;
use super::machine::{Frame, Machine, Step, scope_of};
use super::meaning::new_meaning;
use super::memory::Sum;
use super::rows::Product;
use super::value::{Answer, Answers, Delta, Value, compose, variables};
use super::{Policy, Stop};
use pleach::Environment;
use pleach::env::{IdSeed, SpaceId};
use pleach::term::{Atom, Variable};

/// Siblings that are being evaluated: an entry of the machine's stack of groups.
pub(super) struct Group {
    /// The environment's stamp when it began.
    start: u64,
    /// The meaning when it began, and the same, or another that a sibling has left.
    meaning: u64,
    changed: u64,
    /// The path of what the siblings belong to, and how many names were given there before.
    outer_path: u128,
    outer_named: u64,
    /// The names given in all before.
    names: u64,
    /// The machine's count of steps when the current sibling began.
    began: u64,
    /// The environments that siblings have left, if they have written.
    left: Vec<Environment>,
    /// The space that reduces.
    home: Option<Box<SpaceId>>,
    /// Where on the stack what evaluates them is.
    frame: u32,
    /// Were those that wait offered to other threads? And should they be, whatever the first one takes?
    asked: bool,
    eager: bool,
    /// Those that are on offer, the first one last.
    offered: Vec<(u64, Offer)>,
}

// They are pushed and popped for most calls: no larger than what is copied without a call.
const _: () = assert!(size_of::<Group>() <= 128);

impl Group {
    /// A sibling that has written left this meaning.
    fn leave(&mut self, meaning: u64) {
        if meaning != self.meaning {
            self.changed = meaning;
        }
    }

    /// Where sibling `index` is in the evaluation. It does not depend on which thread evaluates what.
    fn path(&self, index: u64) -> u128 {
        const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let mut path = self.outer_path;
        for word in [self.outer_named, index] {
            path = (path ^ u128::from(word)).wrapping_mul(ODD);
            path ^= path >> 67;
        }
        path
    }
}

/// A sibling to be evaluated.
pub(super) struct Task {
    pub(super) kind: TaskKind,
    /// What was bound on the way to it.
    pub(super) delta: Option<Delta>,
}

pub(super) enum TaskKind {
    Eval(Rc<Activation>, At),
    /// The same; what it comes to is to be of this type.
    Expect(Rc<Activation>, At, Atom),
    /// The same for a `let*`, from this pair on.
    Pairs(Rc<Activation>, At, u32),
    /// The same for a `foldl-atom`, from this item on; those before came to this.
    Fold(Rc<Activation>, At, usize, Value),
    Atom(Atom),
    /// A call with evaluated arguments, the head first.
    Apply(Vec<Value>, Rc<HeadInfo>, Option<u16>),
    Done(Value),
}

impl Task {
    pub(super) fn eval(act: Rc<Activation>, at: At, delta: Option<Delta>) -> Self {
        Self {
            kind: TaskKind::Eval(act, at),
            delta,
        }
    }

    /// One that is evaluated already.
    pub(super) fn done(answer: Answer) -> Self {
        Self {
            kind: TaskKind::Done(answer.value),
            delta: answer.delta,
        }
    }

    fn scope(&self) -> smallvec::SmallVec<[Variable; 4]> {
        match &self.kind {
            TaskKind::Eval(act, _) | TaskKind::Expect(act, ..) | TaskKind::Pairs(act, ..) => scope_of(act),
            TaskKind::Fold(act, .., so_far) => {
                let mut scope = scope_of(act);
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

    /// What is evaluated.
    pub(super) fn atom(&self) -> Atom {
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

/// Where siblings come from, a portion at a time.
pub(super) enum More {
    /// The answers of a query.
    Query(Query),
    /// The combinations of arguments that have several results.
    Product(Product),
}

impl More {
    fn has_ended(&self) -> bool {
        match self {
            Self::Query(query) => query.has_ended(),
            Self::Product(product) => product.has_ended(),
        }
    }

    fn next(&mut self, machine: &mut Machine, beside: usize) -> Result<Vec<Task>, Stop> {
        match self {
            Self::Query(query) => query.next(machine, beside),
            Self::Product(product) => product.next(machine, beside),
        }
    }

    fn measure(&self, sum: &mut Sum) {
        match self {
            Self::Query(query) => sum.activation(query.act()),
            Self::Product(product) => product.measure(sum),
        }
    }
}

/// Siblings whose answers are gathered.
pub(super) struct Branches {
    tasks: vec::IntoIter<Task>,
    /// For how many tasks those have room, the ones that are done included.
    room: usize,
    /// Where others come from.
    more: Option<Box<More>>,
    /// The number of tasks before those.
    done: u64,
    answers: Vec<Answer>,
}

impl Branches {
    /// The results that were gathered so far.
    pub(super) fn take_found(&mut self) -> Vec<Atom> {
        self.answers.drain(..).map(|answer| answer.value.atom).collect()
    }

    pub(super) fn measure(&self, sum: &mut Sum) {
        let room = self.room * size_of::<Task>();
        sum.bytes(size_of::<Self>() + room + self.answers.capacity() * size_of::<Answer>());
        for task in self.tasks.as_slice() {
            task.delta.iter().for_each(|delta| sum.delta(delta));
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

impl Machine {
    /// Siblings follow.
    pub(super) fn open_group(&mut self) {
        let group = Group {
            start: self.epoch,
            meaning: self.meaning,
            changed: self.meaning,
            outer_path: self.path,
            outer_named: self.named,
            names: self.names,
            began: self.steps,
            left: Vec::new(),
            home: self.home.map(Box::new),
            frame: self.stack.len() as u32,
            asked: false,
            eager: std::mem::take(&mut self.spread),
            offered: Vec::new(),
        };
        self.groups.push(group);
    }

    /// Sibling `index` is evaluated next.
    pub(super) fn begin_sibling(&mut self, index: u64) {
        if let Some(group) = self.groups.last() {
            self.path = group.path(index);
            self.named = 0;
        }
    }

    /// A sibling has been evaluated: what it wrote is put aside.
    pub(super) fn end_sibling(&mut self) {
        let Some(group) = self.groups.last_mut() else { return };
        group.began = self.steps;
        if self.epoch != group.start && self.shared.policy == Policy::Isolated {
            let base = match self.bases.last() {
                Some((epoch, env)) if *epoch == group.start => env.clone(),
                _ => unreachable!("the first write in a group keeps the state before it"),
            };
            group.left.push(std::mem::replace(&mut self.env, base));
            self.epoch = group.start;
            let left = std::mem::replace(&mut self.meaning, group.meaning);
            group.leave(left);
        }
    }

    /// All siblings have been evaluated.
    pub(super) fn close_group(&mut self) {
        let Some(mut group) = self.groups.pop() else { return };
        self.asked = self.asked.min(self.groups.len());
        self.path = group.outer_path;
        // Whether siblings are announced may depend on what is known of values; whether names are given does not.
        self.named = group.outer_named + u64::from(self.names != group.names);
        // The group around this one needs the state before, if it began with it.
        if !group.left.is_empty() {
            self.keep_base();
        }
        // A write that changed nothing has kept it too.
        if self.groups.last().is_none_or(|outer| outer.start != group.start)
            && self.bases.last().is_some_and(|(epoch, _)| *epoch == group.start)
        {
            self.bases.pop();
        }
        if group.left.is_empty() {
            return;
        }
        self.shared.count_forks(group.left.len());
        let count = group.left.len();
        self.env = match count {
            1 => group.left.swap_remove(0),
            _ => Environment::union_all(&group.left),
        };
        self.epoch = self.env.stamp();
        if group.changed != group.meaning {
            self.meaning = if count == 1 { group.changed } else { new_meaning() };
        }
    }

    /// Before a write: keeps the state, if a group of siblings began with it.
    pub(super) fn keep_base(&mut self) {
        if self.shared.policy == Policy::Isolated
            && self.groups.last().is_some_and(|group| group.start == self.epoch)
            && self.bases.last().is_none_or(|(epoch, _)| *epoch != self.epoch)
        {
            self.bases.push((self.epoch, self.env.clone()));
        }
    }

    /// Before a space or state is made: its name depends on where in the evaluation that is, not on the thread.
    pub(super) fn prepare_name(&mut self) {
        let words = [(self.path >> 65) as u64, self.path as u64 >> 1, self.named];
        let seed = words.into_iter().fold(self.shared.seed, IdSeed::child);
        self.named += 1;
        self.names += 1;
        self.effects += 1;
        self.keep_base();
        // A seed counts from the moment on when a shared state is left.
        let _shared = self.env.clone();
        self.env.set_id_seed(seed);
        self.env.make_owned();
        self.epoch = self.env.stamp();
    }

    /// Evaluates siblings and gathers their answers.
    pub(super) fn branches(&mut self, tasks: Vec<Task>) -> Result<Step, Stop> {
        self.branches_of(tasks, None)
    }

    /// The same, with those that come after these.
    pub(super) fn branches_of(&mut self, mut tasks: Vec<Task>, more: Option<More>) -> Result<Step, Stop> {
        let more = more.filter(|more| !more.has_ended());
        let spread = std::mem::take(&mut self.spread);
        match tasks.len() {
            0 => Ok(Step::Return(Answers::None)),
            1 => match tasks.pop() {
                Some(task) => self.start(task),
                None => Ok(Step::Return(Answers::None)),
            },
            _ => {
                if self.tracing {
                    self.becomes(|| tasks.iter().map(Task::atom).collect());
                }
                self.spread = spread;
                self.open_group();
                self.continue_branches(Box::new(Branches {
                    answers: Vec::with_capacity(tasks.len()),
                    room: tasks.capacity(),
                    tasks: tasks.into_iter(),
                    more: more.map(Box::new),
                    done: 0,
                }))
            }
        }
    }

    fn continue_branches(&mut self, mut branches: Box<Branches>) -> Result<Step, Stop> {
        loop {
            match branches.tasks.next() {
                Some(Task {
                    kind: TaskKind::Done(value),
                    delta,
                }) => {
                    branches.done += 1;
                    let delta = delta.and_then(|delta| compose(&delta, None));
                    branches.answers.push(Answer { value, delta });
                }
                Some(task) => {
                    let index = branches.done;
                    self.begin_sibling(index);
                    branches.done += 1;
                    self.stack.push(Frame::Branches(branches));
                    // Not before the next step: there may be results to be told of before that takes its time.
                    return if self.shared.threads > 1 {
                        Ok(Step::Sibling(Box::new(task), index))
                    } else {
                        self.start(task)
                    };
                }
                None => {
                    let Some(mut more) = branches.more.take_if(|more| !more.has_ended()) else {
                        self.close_group();
                        return Ok(Step::Return(branches.answers.into()));
                    };
                    let mut sum = Sum::default();
                    // A query finds ever more at once. The portions of a product are small: what machines measure now and
                    // then is enough, and to measure all answers for each portion would take their square.
                    if self.shared.memory.is_some() && matches!(*more, More::Query(_)) {
                        branches.measure(&mut sum);
                    }
                    let tasks = more.next(self, sum.total())?;
                    branches.room = tasks.capacity();
                    branches.tasks = tasks.into_iter();
                    branches.more = Some(more);
                    // Those may be offered, too.
                    self.ask_again();
                }
            }
        }
    }

    pub(super) fn resume_branches(&mut self, mut branches: Box<Branches>, answers: Answers) -> Result<Step, Stop> {
        answers.append_to(&mut branches.answers);
        self.end_sibling();
        self.continue_branches(branches)
    }

    /// Evaluates a sibling whose turn it is.
    pub(super) fn begin_task(&mut self, task: Task, index: u64) -> Result<Step, Stop> {
        match self.claim(index)? {
            Some(answers) => Ok(Step::Return(answers)),
            None => self.start(task),
        }
    }

    fn start(&mut self, task: Task) -> Result<Step, Stop> {
        if let Some(delta) = &task.delta
            && !matches!(task.kind, TaskKind::Done(_))
        {
            let scope = task.scope();
            self.push_bindings(delta, &scope);
        }
        match task.kind {
            TaskKind::Eval(act, at) => Ok(Step::Eval(act, at)),
            TaskKind::Expect(act, at, of_type) => {
                self.expect(&of_type);
                Ok(Step::Eval(act, at))
            }
            TaskKind::Pairs(act, at, index) => self.pairs_from(act, at, index),
            TaskKind::Fold(act, at, index, so_far) => self.fold(act, at, index, Some(so_far)),
            TaskKind::Atom(atom) => Ok(Step::Atom(atom)),
            TaskKind::Apply(values, info, signature) => {
                let base = self.vals.len();
                self.vals.extend(values);
                self.apply_chosen(info, signature, base)
            }
            TaskKind::Done(value) => Ok(Step::Return(Answers::One(Answer {
                value,
                delta: task.delta.and_then(|delta| compose(&delta, None)),
            }))),
        }
    }
}
