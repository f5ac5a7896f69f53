//! `let`, `let*` and `chain`: what binds variables in a body.

use std::rc::Rc;

use super::{Part, widened, with_delta};
use crate::code::{Activation, At, Call, Node};
use crate::machine::{Machine, Step, scope_of};
use crate::pattern::Match;
use crate::sibling::{Task, TaskKind};
use crate::value::{Answer, Answers, Delta, Value, substitute};
use crate::{Stop, error};
use pleach::term::{Atom, Variable};

impl Machine {
    pub(crate) fn bind_one(
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

    /// A `chain` whose variable is known outside, with another in its place: the variable is the template's own, and
    /// nothing outside is bound by it. `None` if nobody else knows it.
    pub(crate) fn chain_of_its_own(&mut self, act: &Activation, call: &Call) -> Option<Rc<Activation>> {
        let Node::Slot(slot) = act.node(call.item(2)) else {
            return None;
        };
        let slot = *slot as usize;
        if !act.values[slot].is_set() && act.block.slots[slot].settable {
            return None;
        }
        let Atom::Variable(outside) = act.instantiate(call.item(2)) else {
            return None;
        };
        let own = Atom::Variable(Variable::numbered(outside.name(), self.fresh)?);
        self.fresh += 1;
        let renamed = [(outside, own.clone())];
        let template = substitute(&act.instantiate(call.item(3)), &renamed);
        let items = [
            act.instantiate(call.item(0)),
            act.instantiate(call.item(1)),
            own,
            template,
        ];
        Some(Rc::new(Activation::open(&Atom::expression(items))))
    }

    /// The same for each answer. `value` is the node that has come to them, if an error is no value.
    pub(crate) fn bind_each(
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
    pub(crate) fn task(&mut self, from: &Activation, found: Match, body: At, before: Option<Delta>) -> Task {
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

    pub(crate) fn next_pair(&mut self, act: Rc<Activation>, at: At, index: u32) -> Result<Step, Stop> {
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

    pub(crate) fn bind_pair(
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
    pub(crate) fn pairs_from(&mut self, act: Rc<Activation>, at: At, index: u32) -> Result<Step, Stop> {
        self.next_pair(act, at, index)
    }
}
