//! Siblings on several threads: those that are expected to take long become tasks on Rayon.
//!
//! A task has a machine of its own, and a fork of the environment. What it takes along has no variables, so it binds none.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;
use smallvec::SmallVec;

use super::{Branches, Task, TaskKind};
use crate::Environment;
use crate::eval::Stop;
use crate::eval::code::{Activation, At, Compiled};
use crate::eval::forms::rest_of_fold;
use crate::eval::machine::{Machine, Step};
use crate::eval::memo::Memo;
use crate::eval::value::{Answer, Value, replace};
use crate::term::{Atom, Variable};

/// A sibling that is expected to take fewer steps is not worth a task.
pub(in crate::eval) const WORTHWHILE: u64 = 5000;
/// Tasks are nested no deeper, so that the native stack is bounded.
const MAX_LEVEL: u32 = 12;

/// A sibling on its way to another thread: what the machine here would go on with, so that it takes the same steps there.
pub(in crate::eval) enum Remote {
    Eval(Sent, At),
    Fold(Sent, At, usize, Value),
    Atom(Atom),
    Apply(Vec<Value>, Option<u16>),
}

/// An activation on its way to another thread.
#[derive(Clone)]
pub(in crate::eval) struct Sent {
    block: Arc<Compiled>,
    base: u64,
    values: SmallVec<[Value; 4]>,
}

impl Sent {
    fn new(act: &Activation) -> Self {
        Self {
            block: Arc::clone(&act.block),
            base: act.base,
            values: act.values.clone(),
        }
    }

    fn arrive(self) -> Rc<Activation> {
        Rc::new(Activation {
            block: Rc::new(self.block),
            base: self.base,
            values: self.values,
        })
    }
}

impl Remote {
    /// What another thread needs to evaluate a node, if no variable is in it.
    pub(in crate::eval) fn eval(act: &Activation, at: At) -> Option<Self> {
        act.instantiate(at).is_ground().then(|| Self::Eval(Sent::new(act), at))
    }

    /// The same for a sibling.
    fn of(task: &Task) -> Option<Self> {
        match &task.kind {
            TaskKind::Eval(act, at) => Self::eval(act, *at),
            TaskKind::Atom(atom) => atom.is_ground().then(|| Self::Atom(atom.clone())),
            TaskKind::Fold(act, at, index, so_far) => rest_of_fold(act, *at, *index, &so_far.atom)
                .is_ground()
                .then(|| Self::Fold(Sent::new(act), *at, *index, so_far.clone())),
            TaskKind::Apply(values, _, signature) => values
                .iter()
                .all(|value| value.atom.is_ground())
                .then(|| Self::Apply(values.clone(), *signature)),
            TaskKind::Pairs(..) | TaskKind::Done(_) => None,
        }
    }

    /// What is evaluated.
    fn atom(&self) -> Atom {
        match self {
            Self::Eval(sent, at) => sent.clone().arrive().instantiate(*at),
            Self::Fold(sent, at, index, so_far) => rest_of_fold(&sent.clone().arrive(), *at, *index, &so_far.atom),
            Self::Atom(atom) => atom.clone(),
            Self::Apply(values, _) => Atom::Expression(values.iter().map(|value| value.atom.clone()).collect()),
        }
    }

    /// Goes on with it.
    fn step(self, machine: &mut Machine) -> Result<Step, Stop> {
        match self {
            Self::Eval(sent, at) => Ok(Step::Eval(sent.arrive(), at)),
            Self::Fold(sent, at, index, so_far) => machine.fold(sent.arrive(), at, index, Some(so_far)),
            Self::Atom(atom) => Ok(Step::Atom(atom)),
            Self::Apply(values, signature) => {
                let info = machine.info_of(&values);
                machine.vals.extend(values);
                machine.apply_chosen(info, signature, 0)
            }
        }
    }
}

/// What comes back.
pub(in crate::eval) struct Finished {
    /// Nothing was bound: no variable was sent.
    values: Vec<Value>,
    env: Environment,
    meaning: u64,
    steps: u64,
    names: u64,
    output: String,
    effects: u64,
    reads: u64,
    memo: Option<Memo>,
}

impl Machine {
    /// Are siblings here worth a task each?
    pub(in crate::eval) fn is_worthwhile(&self) -> bool {
        self.estimate >= self.shared.worthwhile
            && self.shared.threads > 1
            && self.level < MAX_LEVEL
            && !self.is_sequential()
    }

    /// Evaluates all siblings that are left, each in a task.
    pub(super) fn spawn_branches(&mut self, branches: &mut Branches) -> Result<(), Stop> {
        let tasks: Vec<Task> = std::mem::take(&mut branches.tasks).collect();
        let remote: Option<Vec<Remote>> = tasks.iter().map(Remote::of).collect();
        let Some(remote) = remote else {
            branches.tasks = tasks.into_iter();
            return Ok(());
        };
        // The sibling before these left the base.
        for (task, finished) in tasks
            .iter()
            .zip(self.spawn(remote.into_iter().zip(branches.done..).collect())?)
        {
            let answers = self.adopt(finished);
            branches.answers.extend(answers.into_iter().map(|answer| Answer {
                value: answer.value,
                delta: task.bound(),
            }));
        }
        Ok(())
    }

    /// Evaluates siblings in parallel, each in its own fork of the environment as it is.
    pub(in crate::eval) fn spawn(&mut self, siblings: Vec<(Remote, u64)>) -> Result<Vec<Finished>, Stop> {
        // Tasks begin only if there is fuel left for them.
        self.spend()?;
        let (shared, fresh, level) = (&self.shared, self.fresh, self.level + 1);
        let (estimate, home, meaning) = (self.estimate / 2, self.home, self.meaning);
        let memo = &self.memo;
        let Some(group) = self.groups.last() else {
            return Ok(Vec::new());
        };
        let siblings: Vec<(Remote, Environment, u128)> = siblings
            .into_iter()
            .map(|(sibling, index)| (sibling, self.env.clone(), group.path(index)))
            .collect();
        let evaluate = || {
            siblings
                .into_par_iter()
                .with_max_len(1)
                .map(|(sibling, env, path)| {
                    shared.check_interrupt(|| sibling.atom())?;
                    shared.spend(0)?;
                    let mut machine = Machine::new(Arc::clone(shared), env, fresh, level);
                    machine.estimate = estimate;
                    machine.home = home;
                    machine.meaning = meaning;
                    machine.memo.clone_from(memo);
                    machine.path = path;
                    let step = sibling.step(&mut machine)?;
                    let answers = machine.run(step)?.into_vec();
                    Ok(Finished {
                        values: answers.into_iter().map(|answer| answer.value).collect(),
                        env: machine.env,
                        meaning: machine.meaning,
                        steps: machine.steps,
                        names: machine.names,
                        output: machine.output,
                        effects: machine.effects,
                        reads: machine.reads.get(),
                        memo: machine.memo,
                    })
                })
                .collect()
        };
        let finished: Vec<Result<Finished, Stop>> = match &shared.pool {
            Some(pool) => pool.install(evaluate),
            None => evaluate(),
        };
        finished.into_iter().collect()
    }

    /// Takes over what a sibling has left, and returns its answers.
    pub(in crate::eval) fn adopt(&mut self, finished: Finished) -> Vec<Answer> {
        self.add_steps(finished.steps);
        self.names += finished.names;
        self.effects += finished.effects;
        self.reads.set(self.reads.get() + finished.reads);
        if let (Some(memo), Some(theirs)) = (&mut self.memo, finished.memo) {
            memo.adopt(theirs);
        }
        if let Some(group) = self.groups.last_mut() {
            group.began = self.steps;
            if finished.env.stamp() != group.start {
                group.left.push(finished.env);
                group.leave(finished.meaning);
            }
        }
        self.print(&finished.output);
        let fresh = &mut self.fresh;
        // Siblings number their variables from the same id on. Several answers of one may have a variable in common.
        let mut renumbered: HashMap<Variable, Atom> = HashMap::new();
        let mut renumber = |variable: &Variable| {
            if let Some(new) = renumbered.get(variable) {
                return Some(new.clone());
            }
            let new = Atom::Variable(Variable::numbered(variable.name(), *fresh)?);
            *fresh += 1;
            renumbered.insert(*variable, new.clone());
            Some(new)
        };
        let values = finished.values.into_iter();
        values
            .map(|mut value| {
                if !value.atom.is_ground() {
                    value.atom = replace(&value.atom, &mut renumber);
                }
                Answer { value, delta: None }
            })
            .collect()
    }
}
