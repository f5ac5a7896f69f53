//! Siblings on several threads: those that are expected to take long become tasks on Rayon.
//!
//! A task has a machine of its own, and a fork of the environment. What it takes along has no variables, so it binds none.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Branches, Task, TaskKind};
use crate::Environment;
use crate::eval::Stop;
use crate::eval::forms::rest_of_fold;
use crate::eval::machine::{Machine, Step};
use crate::eval::memo::Memo;
use crate::eval::value::{Answer, Value, replace};
use crate::term::{Atom, Variable};

/// A sibling that is expected to take fewer steps is not worth a task.
pub(in crate::eval) const WORTHWHILE: u64 = 5000;
/// Tasks are nested no deeper, so that the native stack is bounded.
const MAX_LEVEL: u32 = 12;

/// A sibling on its way to another thread.
pub(in crate::eval) enum Remote {
    Atom(Atom),
    Apply(Vec<Value>, Option<u16>),
}

impl Remote {
    /// What another thread needs to evaluate a sibling, if no variable is in it.
    fn of(task: &Task) -> Option<Self> {
        match &task.kind {
            TaskKind::Eval(act, at) => {
                let atom = act.instantiate(*at);
                atom.is_ground().then_some(Self::Atom(atom))
            }
            TaskKind::Atom(atom) => atom.is_ground().then(|| Self::Atom(atom.clone())),
            TaskKind::Fold(act, at, index, so_far) => {
                let atom = rest_of_fold(act, *at, *index, &so_far.atom);
                atom.is_ground().then_some(Self::Atom(atom))
            }
            TaskKind::Apply(values, _, signature) => values
                .iter()
                .all(|value| value.atom.is_ground())
                .then(|| Self::Apply(values.clone(), *signature)),
            TaskKind::Pairs(..) | TaskKind::Done(_) => None,
        }
    }

    fn atom(&self) -> Atom {
        match self {
            Self::Atom(atom) => atom.clone(),
            Self::Apply(values, _) => Atom::Expression(values.iter().map(|value| value.atom.clone()).collect()),
        }
    }
}

/// What comes back.
pub(in crate::eval) struct Finished {
    /// Nothing was bound: no variable was sent.
    values: Vec<Value>,
    env: Environment,
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
        let (shared, fresh, level) = (&self.shared, self.fresh, self.level + 1);
        let (estimate, home) = (self.estimate / 2, self.home);
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
                    let mut machine = Machine::new(Arc::clone(shared), env, fresh, level);
                    machine.estimate = estimate;
                    machine.home = home;
                    machine.memo.clone_from(memo);
                    machine.path = path;
                    let step = match sibling {
                        Remote::Atom(atom) => Step::Atom(atom),
                        Remote::Apply(values, signature) => {
                            let info = machine.info_of(&values);
                            machine.vals.extend(values);
                            machine.apply_chosen(info, signature, 0)?
                        }
                    };
                    let answers = machine.run(step)?.into_vec();
                    Ok(Finished {
                        values: answers.into_iter().map(|answer| answer.value).collect(),
                        env: machine.env,
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
            }
        }
        self.print(&finished.output);
        let values = finished.values.into_iter();
        values
            .map(|mut value| {
                // Siblings number their variables from the same id on.
                if !value.atom.is_ground() {
                    value = Value::raw(self.renumbered(&value.atom));
                }
                Answer { value, delta: None }
            })
            .collect()
    }

    /// Gives the variables of an atom ids of this machine.
    fn renumbered(&mut self, atom: &Atom) -> Atom {
        let mut renamed: Vec<(Variable, Atom)> = Vec::new();
        let fresh = &mut self.fresh;
        replace(atom, &mut |variable| {
            if let Some((_, new)) = renamed.iter().find(|(old, _)| old == variable) {
                return Some(new.clone());
            }
            let new = Atom::Variable(Variable::numbered(variable.name(), *fresh)?);
            *fresh += 1;
            renamed.push((*variable, new.clone()));
            Some(new)
        })
    }
}
