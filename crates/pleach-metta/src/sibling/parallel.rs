//! Siblings on several threads.
//!
//! Siblings after an expensive one may be worth a thread. So when a machine updates the shared step count, it spawns
//! the pending siblings of its outermost group that has none spawned yet, and goes on with its own. When it reaches a
//! spawned sibling, it either takes it back, if no thread has begun it, or joins it and takes over its outcome as if it
//! had been evaluated here. What is spawned depends on step counts, not on time; its outcome doesn't depend even on
//! that.
//!
//! A task has a machine of its own and a fork of the environment as of the beginning of its group. Ids of its new
//! variables begin above all that it was sent; on joining they are renumbered, as if they had been created here. An
//! argument that may be evaluated several times, because earlier arguments may bind its variables, isn't spawned.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::code::{Activation, Node, NodeIndex};
use crate::error::EvalError;
use crate::frame::{Branches, Frame, Group, Task, TaskKind};
use crate::head::HeadInfo;
use crate::machine::Machine;
use crate::shared::Shared;
use crate::subst::Subst;
use crate::tasks::{Entries, SentActivation, SentTask, SpawnedTask, TaskHandle, TaskResult};
use crate::traversal::{replace, variables};
use crate::value::{Answer, Answers};
use pleach::term::{Atom, Variable};

/// The maximum nesting of tasks: bounds the native stack.
const MAX_LEVEL: u32 = 12;

impl SentTask {
    /// `None` if there is nothing to evaluate, or if it depends on a head of another state or on a built-in without its
    /// rules.
    fn of(task: &Task, group: &Group) -> Option<Self> {
        Some(match &task.kind {
            TaskKind::Eval(act, at) => Self::Eval(SentActivation::new(act), *at),
            TaskKind::Expect(act, at, of_type) => Self::Expect(SentActivation::new(act), *at, of_type.clone()),
            TaskKind::Pairs(act, at, index) => Self::Pairs(SentActivation::new(act), *at, *index),
            TaskKind::Fold(act, at, index, so_far) => Self::Fold(SentActivation::new(act), *at, *index, so_far.clone()),
            TaskKind::Atom(atom) => Self::Atom(atom.clone()),
            TaskKind::Apply(values, info, signature) => {
                let known = info.symbol.is_some();
                if info.alone || known && info.epoch.get() != group.start {
                    return None;
                }
                Self::Apply(values.clone(), known, *signature)
            }
            TaskKind::Done(_) => return None,
        })
    }

    /// Rebuilds the sibling on this thread.
    fn arrive(self, machine: &mut Machine, subst: Subst) -> Task {
        let kind = match self {
            Self::Eval(sent, at) => TaskKind::Eval(sent.arrive(), at),
            Self::Expect(sent, at, of_type) => TaskKind::Expect(sent.arrive(), at, of_type),
            Self::Pairs(sent, at, index) => TaskKind::Pairs(sent.arrive(), at, index),
            Self::Fold(sent, at, index, so_far) => TaskKind::Fold(sent.arrive(), at, index, so_far),
            Self::Atom(atom) => TaskKind::Atom(atom),
            Self::Apply(values, known, signature) => {
                let info = if known {
                    machine.info_of(&values)
                } else {
                    Rc::new(HeadInfo::unknown())
                };
                TaskKind::Apply(values, info, signature)
            }
        };
        Task { kind, subst }
    }
}

impl SpawnedTask {
    pub(crate) fn evaluate(self, shared: &Arc<Shared>) -> Result<TaskResult, EvalError> {
        // Fails if there is no fuel left.
        shared.spend(0)?;
        let mut machine = Machine::new(Arc::clone(shared), self.env, self.fresh, self.level);
        machine.home = self.home;
        machine.normal_stamp = self.normal_stamp;
        machine.memo = self.memo;
        machine.path = self.path;
        // A frame that waits for answers with their bindings, as at the spawning site.
        machine.stack.push(Frame::Task);
        let subst = Subst::new(self.subst);
        let task = self.sent.arrive(&mut machine, subst);
        let answers = machine.start(task).and_then(|step| machine.run(step));
        let answers = answers.inspect_err(|stop| shared.tasks.fail(stop))?;
        let answers = answers.into_vec().into_iter();
        Ok(TaskResult {
            answers: answers
                .map(|answer| (answer.value, answer.subst.bindings().to_vec()))
                .collect(),
            first: self.fresh,
            normal_stamp: machine.normal_stamp,
            steps: machine.steps,
            names: machine.names,
            output: std::mem::take(&mut machine.output),
            effects: machine.effects,
            reads: machine.reads.get(),
            memo: machine.memo,
            env: machine.env,
        })
    }
}

impl Machine {
    /// Spawns pending siblings of groups whose current sibling proves expensive.
    pub(crate) fn spawn_siblings(&mut self) -> Result<(), EvalError> {
        while self.shared.threads > 1
            && let Some(group) = self.groups.get(self.spawned)
            && (group.spawned || self.steps - group.began >= self.shared.spawn_after)
        {
            let index = self.spawned;
            self.spawned += 1;
            if self.spawn_group(index)? {
                break;
            }
        }
        Ok(())
    }

    /// Allows spawning again: siblings were added to the innermost group.
    pub(crate) fn allow_spawning(&mut self) {
        if let Some(group) = self.groups.last_mut() {
            group.spawned = false;
            self.spawned = self.spawned.min(self.groups.len() - 1);
        }
    }

    /// Returns the answers of sibling `index` of the innermost group if it was evaluated on another thread. If it
    /// wasn't spawned, siblings after it may be, before it is evaluated here.
    pub(crate) fn join_sibling(&mut self, index: u64) -> Result<Option<Answers>, EvalError> {
        if self.shared.threads == 1 {
            return Ok(None);
        }
        let Some(group) = self.groups.last_mut() else {
            return Ok(None);
        };
        let eager = group.eager || self.shared.spawn_after == 0;
        if group.handles.last().is_some_and(|(spawned, _)| *spawned == index) {
            if let Some((_, handle)) = group.handles.pop()
                && let Some(finished) = handle.join(self.level, |task| task.evaluate(&self.shared))
            {
                return finished.map(|finished| Some(self.absorb(finished)));
            }
        } else if eager {
            self.spawn_group(self.groups.len() - 1)?;
        }
        Ok(None)
    }

    /// Spawns the pending siblings of a group, once. Returns whether there were any.
    fn spawn_group(&mut self, index: usize) -> Result<bool, EvalError> {
        if self.level >= MAX_LEVEL {
            return Ok(false);
        }
        let Some(group) = self.groups.get_mut(index) else {
            return Ok(false);
        };
        if std::mem::replace(&mut group.spawned, true) {
            return Ok(false);
        }
        let group = &self.groups[index];
        let base = self.bases.iter().rev().find(|(epoch, _)| *epoch == group.start);
        let env = base.map_or(&self.env, |(_, env)| env).clone();
        // Restore the state in which the group evaluates its siblings, to determine which are pending.
        let now = (
            std::mem::replace(&mut self.env, env.clone()),
            std::mem::replace(&mut self.epoch, group.start),
            std::mem::replace(&mut self.normal_stamp, group.normal_stamp),
            std::mem::replace(&mut self.home, group.home.as_deref().copied()),
        );
        let siblings = match self.stack.get(group.frame as usize) {
            Some(Frame::Args(args)) if args.grouped => args.pending(self),
            Some(Frame::Combinations(rows)) => rows.pending(self),
            Some(Frame::Branches(branches)) => branches.pending(group),
            // It is advancing its siblings right now.
            _ => Vec::new(),
        };
        (self.env, self.epoch, self.normal_stamp, self.home) = now;
        if siblings.is_empty() {
            return Ok(false);
        }
        // Tasks begin only while there is fuel left.
        self.spend()?;
        let Some(group) = self.groups.get(index) else {
            return Ok(false);
        };
        let handles: Vec<_> = siblings
            .into_iter()
            .map(|waiting| {
                let sibling = SpawnedTask {
                    sent: waiting.sent,
                    subst: waiting.subst,
                    env: env.clone(),
                    home: group.home.as_deref().copied(),
                    normal_stamp: group.normal_stamp,
                    path: group.path(waiting.index),
                    fresh: self.fresh,
                    level: self.level + 1,
                    memo: self.memo.clone(),
                };
                (waiting.index, self.spawn(sibling))
            })
            .collect();
        if let Some(group) = self.groups.get_mut(index) {
            group.handles = handles;
            group.handles.reverse();
        }
        Ok(true)
    }

    /// Spawns a sibling on the pool.
    fn spawn(&self, task: SpawnedTask) -> TaskHandle {
        let handle = self.shared.tasks.spawn(task);
        if let Some(pool) = &self.shared.pool {
            let shared = Arc::clone(&self.shared);
            pool.spawn(move || shared.tasks.run_oldest(|task| task.evaluate(&shared)));
        }
        handle
    }

    /// Cancels all tasks of a failed evaluation. Resumes a panic of one of them.
    pub(crate) fn abandon(&mut self) {
        self.groups.clear();
        if let Some(panic) = self.shared.tasks.take_panic() {
            resume_unwind(panic);
        }
    }

    /// Returns the items of a call after `item` that need evaluation and share no variable with `mentioned` or with an
    /// item between, which may bind it.
    pub(crate) fn pending_items(
        &self,
        act: &Rc<Activation>,
        at: NodeIndex,
        item: u32,
        info: &HeadInfo,
        signature: Option<u16>,
        mentioned: &[Atom],
    ) -> Vec<PendingSibling> {
        let Node::Call(call) = act.node(at) else {
            return Vec::new();
        };
        let mut bound: SmallVec<[Variable; 4]> = SmallVec::new();
        mentioned.iter().for_each(|atom| variables(atom, &mut bound));
        let mut waiting = Vec::new();
        for item in item + 1..call.len {
            let node = call.item(item);
            if self.argument_at_hand(act, node, item, info, signature).is_some() {
                continue;
            }
            let mut free: SmallVec<[Variable; 4]> = SmallVec::new();
            variables(&act.instantiate(node), &mut free);
            if !free.iter().any(|variable| bound.contains(variable)) {
                waiting.push(PendingSibling {
                    index: u64::from(item),
                    sent: SentTask::Eval(SentActivation::new(act), node),
                    subst: Vec::new(),
                });
            }
            bound.extend(free);
        }
        waiting
    }

    /// Takes over the outcome of a sibling and returns its answers.
    fn absorb(&mut self, finished: TaskResult) -> Answers {
        self.add_steps(finished.steps);
        self.names += finished.names;
        self.effects += finished.effects;
        self.reads.set(self.reads.get() + finished.reads);
        if let (Some(memo), Some(theirs)) = (&mut self.memo, finished.memo) {
            memo.absorb(theirs);
        }
        if let Some(group) = self.groups.last_mut() {
            group.began = self.steps;
            if finished.env.stamp() != group.start {
                group.left.push(finished.env);
                group.leave(finished.normal_stamp);
            }
        }
        if !finished.output.is_empty() {
            self.print(&finished.output);
        }
        let fresh = &mut self.fresh;
        // Answers may share variables.
        let mut renumbered: HashMap<Variable, Variable> = HashMap::new();
        let mut own = |variable: &Variable| {
            if variable.id() < finished.first {
                return None;
            }
            if let Some(new) = renumbered.get(variable) {
                return Some(*new);
            }
            let new = Variable::numbered(variable.name(), *fresh)?;
            *fresh += 1;
            renumbered.insert(*variable, new);
            Some(new)
        };
        let mut replaced = |atom: &Atom| replace(atom, &mut |variable| own(variable).map(Atom::Variable));
        let answers = finished.answers.into_iter().map(|(mut value, subst)| {
            value.atom = replaced(&value.atom);
            let bindings = subst.into_iter().map(|(variable, atom)| {
                let variable = match replaced(&Atom::Variable(variable)) {
                    Atom::Variable(new) => new,
                    _ => variable,
                };
                (variable, replaced(&atom))
            });
            Answer {
                value,
                subst: Subst::new(bindings.collect()),
            }
        });
        answers.collect::<Vec<_>>().into()
    }
}

/// A sibling to spawn.
pub(crate) struct PendingSibling {
    index: u64,
    sent: SentTask,
    subst: Entries,
}

impl Branches {
    /// Returns the siblings after the current one.
    fn pending(&self, group: &Group) -> Vec<PendingSibling> {
        let tasks = self.tasks.as_slice().iter().zip(self.done..);
        tasks
            .filter_map(|(task, index)| {
                Some(PendingSibling {
                    index,
                    sent: SentTask::of(task, group)?,
                    subst: task.subst.bindings().to_vec(),
                })
            })
            .collect()
    }
}
