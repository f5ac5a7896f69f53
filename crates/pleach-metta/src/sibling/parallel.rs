//! Siblings on several threads.
//!
//! A sibling that has taken many steps has shown that those after it may be worth a thread. So when a machine tells how many
//! steps it took, it offers the siblings that wait in its outermost group of that kind, as tasks, and goes on with its own.
//! When it gets to one of them, it takes it back, if no thread has begun with it, or waits for what it came to and takes
//! that over, as if it had just been evaluated here. What is offered depends on numbers of steps, not on time, and what it
//! comes to not even on that.
//!
//! A task has a machine of its own and a fork of the environment as it was when its group began. It counts new variables from
//! a number on that no variable it was sent has; those it comes back with are renumbered, so that answers speak of the
//! sender's variables as if they had been found here. An argument that may be evaluated anew for each way to evaluate those
//! before it, because they may bind its variables, is no task.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use super::tasks::Offer;
use super::{Branches, Group, Task, TaskKind};
use crate::code::{Activation, At, Compiled, Node};
use crate::head::HeadInfo;
use crate::machine::{Frame, Machine};
use crate::memo::Memo;
use crate::value::{Answer, Answers, Delta, Value, replace, variables};
use crate::{Shared, Stop};
use pleach::Environment;
use pleach::env::SpaceId;
use pleach::term::{Atom, Variable};

/// After how many steps of a sibling those that wait for it are offered as tasks.
pub(crate) const WORTHWHILE: u64 = 5000;
/// Tasks are nested no deeper, so that the native stack is bounded.
const MAX_LEVEL: u32 = 12;

/// A sibling on its way to another thread: what the machine here would go on with, so that it takes the same steps there.
enum Remote {
    Eval(Sent, At),
    Expect(Sent, At, Atom),
    Pairs(Sent, At, u32),
    Fold(Sent, At, usize, Value),
    Atom(Atom),
    /// A call; was its head known before it was evaluated?
    Apply(Vec<Value>, bool, Option<u16>),
}

/// An activation on its way to another thread.
struct Sent {
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
    /// `None` if there is nothing to evaluate, if it goes on with what was known in another state, or with a built-in after
    /// the rules for its name.
    fn of(task: &Task, group: &Group) -> Option<Self> {
        Some(match &task.kind {
            TaskKind::Eval(act, at) => Self::Eval(Sent::new(act), *at),
            TaskKind::Expect(act, at, of_type) => Self::Expect(Sent::new(act), *at, of_type.clone()),
            TaskKind::Pairs(act, at, index) => Self::Pairs(Sent::new(act), *at, *index),
            TaskKind::Fold(act, at, index, so_far) => Self::Fold(Sent::new(act), *at, *index, so_far.clone()),
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

    /// The sibling, on this thread.
    fn arrive(self, machine: &mut Machine, delta: Option<Delta>) -> Task {
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
        Task { kind, delta }
    }
}

/// A sibling, and all that another thread needs to evaluate it.
pub(super) struct Sibling {
    remote: Remote,
    delta: Entries,
    env: Environment,
    home: Option<SpaceId>,
    meaning: u64,
    path: u128,
    fresh: u64,
    level: u32,
    memo: Option<Memo>,
}

impl Sibling {
    /// How many tasks it is nested in, itself among them.
    pub(super) fn level(&self) -> u32 {
        self.level
    }

    pub(super) fn evaluate(self, shared: &Arc<Shared>) -> Result<Finished, Stop> {
        // Only if there is fuel left for it.
        shared.spend(0)?;
        let mut machine = Machine::new(Arc::clone(shared), self.env, self.fresh, self.level);
        machine.home = self.home;
        machine.meaning = self.meaning;
        machine.memo = self.memo;
        machine.path = self.path;
        // As where it comes from, something waits for the answers that wants to know what they bind.
        machine.stack.push(Frame::Task);
        let delta = (!self.delta.is_empty()).then(|| self.delta.into());
        let task = self.remote.arrive(&mut machine, delta);
        let answers = machine.start(task).and_then(|step| machine.run(step));
        let answers = answers.inspect_err(|stop| shared.tasks.fail(stop))?;
        let answers = answers.into_vec().into_iter();
        Ok(Finished {
            answers: answers
                .map(|answer| (answer.value, answer.delta.map(|delta| delta.to_vec())))
                .collect(),
            first: self.fresh,
            meaning: machine.meaning,
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

/// Bindings on their way to another thread.
type Entries = Vec<(Variable, Atom)>;

/// What comes back.
pub(super) struct Finished {
    answers: Vec<(Value, Option<Entries>)>,
    /// Variables from this number on are the task's own.
    first: u64,
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
    /// Offers siblings that wait, if those that are being evaluated have shown to be expensive.
    pub(crate) fn share(&mut self) -> Result<(), Stop> {
        while self.shared.threads > 1
            && let Some(group) = self.groups.get(self.asked)
            && (group.asked || self.steps - group.began >= self.shared.worthwhile)
        {
            let index = self.asked;
            self.asked += 1;
            if self.offer(index)? {
                break;
            }
        }
        Ok(())
    }

    /// More siblings have joined the innermost group.
    pub(super) fn ask_again(&mut self) {
        if let Some(group) = self.groups.last_mut() {
            group.asked = false;
            self.asked = self.asked.min(self.groups.len() - 1);
        }
    }

    /// What sibling `index` of the innermost group has come to on another thread. If it was offered to none, those after it
    /// may be, before it is evaluated here.
    pub(crate) fn claim(&mut self, index: u64) -> Result<Option<Answers>, Stop> {
        if self.shared.threads == 1 {
            return Ok(None);
        }
        let Some(group) = self.groups.last_mut() else {
            return Ok(None);
        };
        let eager = group.eager || self.shared.worthwhile == 0;
        if group.offered.last().is_some_and(|(offered, _)| *offered == index) {
            if let Some((_, offer)) = group.offered.pop()
                && let Some(finished) = offer.take(self.level)
            {
                return finished.map(|finished| Some(self.adopt(finished)));
            }
        } else if eager {
            self.offer(self.groups.len() - 1)?;
        }
        Ok(None)
    }

    /// Offers the siblings that wait in this group, once. Returns whether there are any.
    fn offer(&mut self, index: usize) -> Result<bool, Stop> {
        if self.level >= MAX_LEVEL {
            return Ok(false);
        }
        let Some(group) = self.groups.get_mut(index) else {
            return Ok(false);
        };
        if std::mem::replace(&mut group.asked, true) {
            return Ok(false);
        }
        let group = &self.groups[index];
        let base = self.bases.iter().rev().find(|(epoch, _)| *epoch == group.start);
        let env = base.map_or(&self.env, |(_, env)| env).clone();
        // As it was when the group began, and will be when it goes on: who waits is evaluated then, and nobody else.
        let now = (
            std::mem::replace(&mut self.env, env.clone()),
            std::mem::replace(&mut self.epoch, group.start),
            std::mem::replace(&mut self.meaning, group.meaning),
            std::mem::replace(&mut self.home, group.home.as_deref().copied()),
            std::mem::take(&mut self.plain),
        );
        let siblings = match self.stack.get(group.frame as usize) {
            Some(Frame::Args(args)) if args.grouped => args.waiting(self),
            Some(Frame::Rows(rows)) => rows.waiting(self),
            Some(Frame::Branches(branches)) => branches.waiting(group),
            // It is going on with its siblings right now.
            _ => Vec::new(),
        };
        (self.env, self.epoch, self.meaning, self.home, self.plain) = now;
        if siblings.is_empty() {
            return Ok(false);
        }
        // Tasks begin only if there is fuel left for them.
        self.spend()?;
        let Some(group) = self.groups.get(index) else {
            return Ok(false);
        };
        let offered: Vec<_> = siblings
            .into_iter()
            .map(|waiting| {
                let sibling = Sibling {
                    remote: waiting.remote,
                    delta: waiting.delta,
                    env: env.clone(),
                    home: group.home.as_deref().copied(),
                    meaning: group.meaning,
                    path: group.path(waiting.index),
                    fresh: self.fresh,
                    level: self.level + 1,
                    memo: self.memo.clone(),
                };
                (waiting.index, Offer::new(&self.shared, sibling))
            })
            .collect();
        if let Some(group) = self.groups.get_mut(index) {
            group.offered = offered;
            group.offered.reverse();
        }
        Ok(true)
    }

    /// The items of a call after `item` that are to be evaluated, and in which no variable occurs that those before them may
    /// bind: one of `mentioned`, or of an item between.
    pub(crate) fn waiting_items(
        &self,
        act: &Rc<Activation>,
        at: At,
        item: u32,
        info: &HeadInfo,
        signature: Option<u16>,
        mentioned: &[Atom],
    ) -> Vec<Waiting> {
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
                waiting.push(Waiting {
                    index: u64::from(item),
                    remote: Remote::Eval(Sent::new(act), node),
                    delta: Vec::new(),
                });
            }
            bound.extend(free);
        }
        waiting
    }

    /// Takes over what a sibling has left, and returns its answers.
    fn adopt(&mut self, finished: Finished) -> Answers {
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
        if !finished.output.is_empty() {
            self.print(&finished.output);
        }
        let fresh = &mut self.fresh;
        // Several answers may have a variable in common.
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
        let answers = finished.answers.into_iter().map(|(mut value, delta)| {
            value.atom = replaced(&value.atom);
            let delta = delta.map(|delta| {
                let entries = delta.into_iter().map(|(variable, atom)| {
                    let variable = match replaced(&Atom::Variable(variable)) {
                        Atom::Variable(new) => new,
                        _ => variable,
                    };
                    (variable, replaced(&atom))
                });
                entries.collect()
            });
            Answer { value, delta }
        });
        answers.collect::<Vec<_>>().into()
    }
}

/// A sibling that waits, and is worth a task.
pub(crate) struct Waiting {
    index: u64,
    remote: Remote,
    delta: Entries,
}

impl Branches {
    /// Those after the one that is being evaluated.
    fn waiting(&self, group: &Group) -> Vec<Waiting> {
        let tasks = self.tasks.as_slice().iter().zip(self.done..);
        tasks
            .filter_map(|(task, index)| {
                Some(Waiting {
                    index,
                    remote: Remote::of(task, group)?,
                    delta: task.delta.iter().flat_map(|delta| delta.iter().cloned()).collect(),
                })
            })
            .collect()
    }
}
