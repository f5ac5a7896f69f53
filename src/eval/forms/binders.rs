//! `let`, `let*`, `chain` and `match`: what binds variables in a body.

use std::rc::Rc;
use std::sync::Arc;

use super::{Part, widened, with_delta};
use crate::env::{Answer as Found, QueryError, SpaceId};
use crate::eval::code::{Activation, At, Node};
use crate::eval::machine::{Machine, Step, is_error, scope_of};
use crate::eval::pattern::{Match, settle};
use crate::eval::shared::interrupted;
use crate::eval::sibling::{Task, TaskKind};
use crate::eval::space::{NO_SPACE, space_in};
use crate::eval::types::Misfit;
use crate::eval::value::{Answer, Answers, Delta, Value, substitute, variables};
use crate::eval::{EvalError, Stop, error, names};
use crate::term::{Atom, Bindings};

impl Machine {
    pub(in crate::eval) fn bind_one(
        &mut self,
        mut act: Rc<Activation>,
        pattern: At,
        value: &Value,
        body: At,
    ) -> Result<Step, Stop> {
        // Most patterns are a variable that nobody else knows.
        if let Node::Slot(slot) = act.node(pattern)
            && !act.values[*slot as usize].is_set()
            && act.block.slots[*slot as usize].settable
        {
            let slot = *slot as usize;
            Rc::make_mut(&mut act).values[slot] = value.clone();
            return Ok(Step::Eval(act, body));
        }
        match self.match_pattern(Rc::clone(&act), pattern, value) {
            Some(Match { act, delta: None }) => Ok(Step::Eval(act, body)),
            Some(found) => {
                let task = self.task(&act, found, body, None);
                self.branches(vec![task])
            }
            None => Ok(Step::Return(Answers::None)),
        }
    }

    /// The same for each answer. `value` is the node that has come to them, if an error is no value.
    pub(in crate::eval) fn bind_each(
        &mut self,
        act: &Rc<Activation>,
        pattern: At,
        answers: Answers,
        value: Option<At>,
        body: At,
    ) -> Vec<Task> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            if value.is_some_and(|node| self.fails(act, node, &answer.value.atom)) {
                tasks.push(Task::done(answer));
                continue;
            }
            let own = with_delta(act, answer.delta.as_ref());
            if let Some(found) = self.match_pattern(Rc::clone(&own), pattern, &answer.value) {
                tasks.push(self.task(&own, found, body, answer.delta));
            }
        }
        tasks
    }

    /// The sibling that goes on with `body` after a match. `before` is what was bound on the way to the match.
    pub(in crate::eval) fn task(&mut self, from: &Activation, found: Match, body: At, before: Option<Delta>) -> Task {
        let delta = match (before, found.delta) {
            (None, None) => None,
            (Some(delta), None) | (None, Some(delta)) => Some(delta),
            (Some(before), Some(then)) => {
                let mut entries: Vec<_> = before
                    .iter()
                    .map(|(variable, value)| (*variable, substitute(value, &then)))
                    .collect();
                for entry in then.iter() {
                    if !entries.iter().any(|(known, _)| *known == entry.0) {
                        entries.push(entry.clone());
                    }
                }
                Some(entries.into())
            }
        };
        let delta = widened(from, delta);
        Task::eval(found.act, body, delta)
    }

    pub(in crate::eval) fn next_pair(&mut self, act: Rc<Activation>, at: At, index: u32) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        let body = call.item(2);
        let pairs = match act.node(call.item(1)) {
            Node::Call(pairs) => pairs,
            Node::Leaf(Atom::Expression(_)) => return Ok(Step::Eval(act, body)),
            _ => {
                // The pairs are in a variable: look at them now.
                let atom = act.instantiate(at);
                if let Some([_, Atom::Expression(_), _]) = atom.as_expression() {
                    let open = Rc::new(Activation::open(&atom));
                    let at = open.block.body;
                    return self.next_pair(open, at, index);
                }
                return Ok(Step::value(error(atom, Atom::string("let* expects a list of pairs"))));
            }
        };
        if index >= pairs.len {
            return Ok(Step::Eval(act, body));
        }
        match act.node(pairs.item(index)) {
            Node::Call(pair) if pair.len == 2 => {
                let value = pair.item(1);
                self.bind(act.clone(), at, Part::Pair { index }, value)
            }
            _ => {
                let atom = act.instantiate(at);
                Ok(Step::value(error(atom, Atom::string("let* expects a list of pairs"))))
            }
        }
    }

    pub(in crate::eval) fn bind_pair(
        &mut self,
        act: Rc<Activation>,
        at: At,
        index: u32,
        answers: Answers,
    ) -> Result<Step, Stop> {
        let (pattern, node) = {
            let Node::Call(call) = act.node(at) else {
                return Ok(Step::Return(Answers::None));
            };
            let Node::Call(pairs) = act.node(call.item(1)) else {
                return Ok(Step::Return(Answers::None));
            };
            let Node::Call(pair) = act.node(pairs.item(index)) else {
                return Ok(Step::Return(Answers::None));
            };
            (pair.item(0), pair.item(1))
        };
        if let Answers::One(Answer { value, delta: None }) = &answers {
            if self.fails(&act, node, &value.atom) {
                return Ok(Step::Return(answers));
            }
            let mut act = act;
            if let Node::Slot(slot) = act.node(pattern)
                && !act.values[*slot as usize].is_set()
                && act.block.slots[*slot as usize].settable
            {
                let slot = *slot as usize;
                Rc::make_mut(&mut act).values[slot] = value.clone();
                return self.next_pair(act, at, index + 1);
            }
            return match self.match_pattern(Rc::clone(&act), pattern, value) {
                None => Ok(Step::Return(Answers::None)),
                Some(found) => {
                    if let Some(delta) = &found.delta {
                        let scope = scope_of(&act);
                        self.push_bindings(delta, &scope);
                    }
                    self.next_pair(found.act, at, index + 1)
                }
            };
        }
        // Several ways to go on: each with what is left of the pairs.
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            if self.fails(&act, node, &answer.value.atom) {
                tasks.push(Task::done(answer));
                continue;
            }
            let own = with_delta(&act, answer.delta.as_ref());
            let Some(found) = self.match_pattern(Rc::clone(&own), pattern, &answer.value) else {
                continue;
            };
            let task = self.task(&own, found, at, answer.delta);
            tasks.push(match task.kind {
                TaskKind::Eval(act, at) => Task {
                    kind: TaskKind::Pairs(act, at, index + 1),
                    delta: task.delta,
                },
                kind => Task {
                    kind,
                    delta: task.delta,
                },
            });
        }
        self.branches(tasks)
    }

    /// Goes on with pair `index` of a `let*`.
    pub(in crate::eval) fn pairs_from(&mut self, act: Rc<Activation>, at: At, index: u32) -> Result<Step, Stop> {
        self.next_pair(act, at, index)
    }

    /// May a query go on that has so many answers?
    #[inline]
    fn check_found(&self, answers: usize, pattern: &Atom) -> Result<(), Stop> {
        if !answers.is_multiple_of(1024) {
            return Ok(());
        }
        self.shared.check_interrupt(|| pattern.clone())?;
        self.shared.check_memory(answers * size_of::<(Bindings<Atom>, u64)>())
    }

    /// A `match` in the space that its first argument has come to.
    pub(in crate::eval) fn match_in(&mut self, act: Rc<Activation>, at: At, space: &Atom) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        if is_error(space) {
            return Ok(Step::value(space.clone()));
        }
        let Some(space) = self.space_of(space) else {
            let reason = match self.types_of(space).into_iter().next() {
                Some(actual) if actual != Atom::Symbol(names().undefined) => Misfit::Argument {
                    index: 0,
                    expected: Atom::Symbol(names().space),
                    actual,
                }
                .reason(),
                _ => Atom::string(NO_SPACE),
            };
            return Ok(Step::value(error(act.instantiate(at), reason)));
        };
        let tasks = self.query(space, &act, call.item(2), call.item(3))?;
        drop(act);
        self.branches(tasks)
    }

    /// The same in each of several.
    pub(in crate::eval) fn match_in_each(
        &mut self,
        act: &Rc<Activation>,
        at: At,
        answers: Answers,
    ) -> Result<Step, Stop> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            let own = with_delta(act, answer.delta.as_ref());
            let Atom::Expression(items) = own.instantiate(at) else {
                continue;
            };
            let mut items = items.to_vec();
            if let Some(space) = items.get_mut(1) {
                *space = answer.value.atom;
            }
            tasks.push(Task {
                kind: TaskKind::Atom(Atom::Expression(items.into())),
                delta: widened(&own, answer.delta),
            });
        }
        self.branches(tasks)
    }

    /// The template at `body` for each answer to the pattern.
    pub(in crate::eval) fn query(
        &mut self,
        space: Option<SpaceId>,
        act: &Rc<Activation>,
        pattern: At,
        body: At,
    ) -> Result<Vec<Task>, Stop> {
        let pattern = act.instantiate(pattern);
        let conjuncts = match pattern.as_expression() {
            Some([Atom::Symbol(comma), conjuncts @ ..]) if *comma == names().comma => conjuncts,
            _ => std::slice::from_ref(&pattern),
        };
        self.note_read();
        let (env, shared) = (self.env.clone(), Arc::clone(&self.shared));
        let Some(space) = space_in(&env, space) else {
            return Ok(Vec::new());
        };
        let stop = shared.interrupt.flag();
        let mut found: Vec<(Bindings<Atom>, u64)> = Vec::new();
        let mut take = |answer: Result<Found<Atom>, QueryError>| -> Result<(), Stop> {
            let answer = answer.map_err(|error| match error {
                QueryError::Stopped => interrupted(&pattern),
                _ => EvalError::OutOfFuel { limit: shared.fuel },
            })?;
            found.push((answer.bindings, answer.multiplicity));
            self.check_found(found.len(), &pattern)
        };
        if let [goal] = conjuncts {
            let query = space.query(goal).with_fresh(self.fresh);
            let mut query = query.with_limit(u64::MAX).with_stop(stop);
            query.by_ref().try_for_each(&mut take)?;
            self.fresh = query.fresh();
        } else {
            let join = space.query_all(conjuncts).with_fresh(self.fresh);
            let mut join = join.with_limit(shared.fuel).with_stop(stop);
            join.by_ref().try_for_each(&mut take)?;
            self.fresh = join.fresh();
        }
        let mut others = smallvec::SmallVec::new();
        variables(&pattern, &mut others);
        let mut tasks = Vec::with_capacity(found.len());
        for (bindings, multiplicity) in found {
            for _ in 0..multiplicity {
                self.count(|_| pattern.clone())?;
                let matched = settle(Rc::clone(act), &bindings, &others);
                tasks.push(self.task(act, matched, body, None));
            }
        }
        Ok(tasks)
    }
}
