//! Siblings: arguments of an expression, and branches of a nondeterministic result.
//!
//! Under the isolated policy each sibling evaluates in its own fork of the environment as of before the first;
//! afterwards the environment is the union of the forks, in order. Nothing is forked before the first write, and
//! nothing merged without one.

mod parallel;

pub(crate) use self::parallel::PendingSibling;
use crate::error::EvalError;
use crate::frame::{Branches, Frame, Group, Step, Task, TaskKind, TaskSource};
use crate::heap_size::HeapSize;
use crate::machine::Machine;
use crate::normal_form::new_normal_stamp;
use crate::policy::Policy;
use crate::value::{Answer, Answers};
use pleach::Environment;
use pleach::env::IdSeed;

impl TaskSource {
    fn next(&mut self, machine: &mut Machine, beside: usize) -> Result<Vec<Task>, EvalError> {
        match self {
            Self::Query(query) => query.next(machine, beside),
            Self::Product(product) => product.next(machine, beside),
        }
    }
}

impl Machine {
    /// Opens a group of siblings.
    pub(crate) fn open_group(&mut self) {
        let group = Group {
            start: self.epoch,
            normal_stamp: self.normal_stamp,
            changed: self.normal_stamp,
            outer_path: self.path,
            outer_named: self.named,
            names: self.names,
            began: self.steps,
            left: Vec::new(),
            home: self.home.map(Box::new),
            frame: self.stack.len() as u32,
            spawned: false,
            eager: std::mem::take(&mut self.spread),
            handles: Vec::new(),
        };
        self.groups.push(group);
    }

    /// Begins sibling `index` of the innermost group.
    pub(crate) fn begin_sibling(&mut self, index: u64) {
        if let Some(group) = self.groups.last() {
            self.path = group.path(index);
            self.named = 0;
        }
    }

    /// Ends a sibling: sets its writes aside and restores the environment of the group.
    pub(crate) fn end_sibling(&mut self) {
        let Some(group) = self.groups.last_mut() else { return };
        group.began = self.steps;
        if self.epoch != group.start && self.shared.policy == Policy::Isolated {
            let base = match self.bases.last() {
                Some((epoch, env)) if *epoch == group.start => env.clone(),
                _ => unreachable!("the first write in a group keeps the state before it"),
            };
            group.left.push(std::mem::replace(&mut self.env, base));
            self.epoch = group.start;
            let left = std::mem::replace(&mut self.normal_stamp, group.normal_stamp);
            group.leave(left);
        }
    }

    /// Closes the innermost group: merges the writes of its siblings.
    pub(crate) fn close_group(&mut self) {
        let Some(mut group) = self.groups.pop() else { return };
        self.spawned = self.spawned.min(self.groups.len());
        self.path = group.outer_path;
        // A group may or may not be opened, depending on what is known of values; whether names were generated doesn't.
        self.named = group.outer_named + u64::from(self.names != group.names);
        // The enclosing group needs the state before, if it began with the same.
        if !group.left.is_empty() {
            self.keep_base();
        }
        // A write without effect has kept it too.
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
        if group.changed != group.normal_stamp {
            self.normal_stamp = if count == 1 { group.changed } else { new_normal_stamp() };
        }
    }

    /// Keeps the state before a write, if a group began with it.
    pub(crate) fn keep_base(&mut self) {
        if self.shared.policy == Policy::Isolated
            && self.groups.last().is_some_and(|group| group.start == self.epoch)
            && self.bases.last().is_none_or(|(epoch, _)| *epoch != self.epoch)
        {
            self.bases.push((self.epoch, self.env.clone()));
        }
    }

    /// Prepares generating the name of a space or state. The name depends on the position in the evaluation, not on the
    /// thread.
    pub(crate) fn prepare_name(&mut self) {
        let words = [(self.path >> 65) as u64, self.path as u64 >> 1, self.named];
        let seed = words.into_iter().fold(self.shared.seed, IdSeed::child);
        self.named += 1;
        self.names += 1;
        self.effects += 1;
        self.keep_base();
        // A seed takes effect once a shared state is left.
        let _shared = self.env.clone();
        self.env.set_id_seed(seed);
        self.env.make_owned();
        self.epoch = self.env.stamp();
    }

    /// Evaluates siblings and gathers their answers.
    pub(crate) fn branches(&mut self, tasks: Vec<Task>) -> Result<Step, EvalError> {
        self.branches_from(tasks, None)
    }

    /// Evaluates siblings, then those of a source.
    pub(crate) fn branches_from(&mut self, mut tasks: Vec<Task>, more: Option<TaskSource>) -> Result<Step, EvalError> {
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

    fn continue_branches(&mut self, mut branches: Box<Branches>) -> Result<Step, EvalError> {
        loop {
            match branches.tasks.next() {
                Some(Task {
                    kind: TaskKind::Done(value),
                    subst,
                }) => {
                    branches.done += 1;
                    branches.answers.push(Answer { value, subst });
                }
                Some(task) => {
                    let index = branches.done;
                    self.begin_sibling(index);
                    branches.done += 1;
                    self.stack.push(Frame::Branches(branches));
                    // As a step of its own, so that results found so far are yielded before it runs.
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
                    let mut sum = HeapSize::default();
                    // Portions of queries grow, so measure. Those of products are small: the periodic measurement
                    // suffices, and measuring all answers for each portion would be quadratic.
                    if self.shared.memory.is_some() && matches!(*more, TaskSource::Query(_)) {
                        branches.measure(&mut sum);
                    }
                    let tasks = more.next(self, sum.total())?;
                    branches.room = tasks.capacity();
                    branches.tasks = tasks.into_iter();
                    branches.more = Some(more);
                    // The new siblings may be spawned too.
                    self.allow_spawning();
                }
            }
        }
    }

    pub(crate) fn resume_branches(&mut self, mut branches: Box<Branches>, answers: Answers) -> Result<Step, EvalError> {
        answers.append_to(&mut branches.answers);
        self.end_sibling();
        self.continue_branches(branches)
    }

    /// Evaluates a sibling, or joins it if it was spawned.
    pub(crate) fn begin_task(&mut self, task: Task, index: u64) -> Result<Step, EvalError> {
        match self.join_sibling(index)? {
            Some(answers) => Ok(Step::Return(answers)),
            None => self.start(task),
        }
    }

    fn start(&mut self, task: Task) -> Result<Step, EvalError> {
        if !task.subst.is_empty() && !matches!(task.kind, TaskKind::Done(_)) {
            self.push_scope(&task.subst, &task.scope());
        }
        match task.kind {
            TaskKind::Eval(act, at) => Ok(Step::Eval(act, at)),
            TaskKind::Expect(act, at, of_type) => {
                self.expect(&of_type);
                Ok(Step::Eval(act, at))
            }
            TaskKind::Pairs(act, at, index) => self.bind_pairs_from(act, at, index),
            TaskKind::Fold(act, at, index, so_far) => self.fold(act, at, index, Some(so_far)),
            TaskKind::Atom(atom) => Ok(Step::Atom(atom)),
            TaskKind::Apply(values, info, signature) => {
                let base = self.vals.len();
                self.vals.extend(values);
                self.apply_chosen(info, signature, base)
            }
            TaskKind::Done(value) => Ok(Step::Return(Answers::One(Answer {
                value,
                subst: task.subst,
            }))),
        }
    }
}
