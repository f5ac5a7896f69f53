//! `let`, `let*` and `chain`, which bind variables in a body.

use std::rc::Rc;

use crate::code::{Activation, Call, Node, NodeIndex};
use crate::error::EvalError;
use crate::forms::with_subst;
use crate::frame::{Continuation, Step, Task, TaskKind};
use crate::machine::Machine;
use crate::pattern::Match;
use crate::subst::{Subst, substitute};
use crate::symbols::error_atom;
use crate::value::{Answers, Value};
use pleach::term::{Atom, Variable};

impl Machine {
    pub(crate) fn bind_one(
        &mut self,
        mut act: Rc<Activation>,
        pattern: NodeIndex,
        value: &Value,
        body: NodeIndex,
    ) -> Result<Step, EvalError> {
        if let Some(slot) = private_slot(&act, pattern) {
            Rc::make_mut(&mut act).values[slot] = value.clone();
            return Ok(Step::Eval(act, body));
        }
        match self.match_pattern(Rc::clone(&act), pattern, value) {
            Some(found) if found.subst.is_empty() => Ok(Step::Eval(found.act, body)),
            Some(found) => {
                let task = Self::task(found, body, &Subst::EMPTY);
                self.branches(vec![task])
            }
            None => Ok(Step::Return(Answers::None)),
        }
    }

    /// Renames the variable of a `chain` apart if it occurs elsewhere: it belongs to the template, and the `chain` must
    /// bind nothing outside. `None` if it occurs nowhere else.
    pub(crate) fn chain_of_its_own(&mut self, act: &Activation, call: &Call) -> Option<Rc<Activation>> {
        if private_slot(act, call.item(2)).is_some() {
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

    /// Binds each answer. `value` is the node they come from, if errors aren't values.
    pub(crate) fn bind_each(
        &mut self,
        act: &Rc<Activation>,
        pattern: NodeIndex,
        answers: Answers,
        value: Option<NodeIndex>,
        body: NodeIndex,
    ) -> Vec<Task> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            if value.is_some_and(|node| self.fails(act, node, &answer.value.atom)) {
                tasks.push(Task::done(answer));
                continue;
            }
            let own = with_subst(act, &answer.subst);
            if let Some(found) = self.match_pattern(Rc::clone(&own), pattern, &answer.value) {
                tasks.push(Self::task(found, body, &answer.subst));
            }
        }
        tasks
    }

    /// Makes a sibling that evaluates `body` after a match. `before` are the bindings made before the match.
    pub(crate) fn task(found: Match, body: NodeIndex, before: &Subst) -> Task {
        Task::eval(found.act, body, before.compose(&found.subst))
    }

    /// Binds the pairs of a `let*` from pair `index` on.
    pub(crate) fn bind_pairs_from(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        index: u32,
    ) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        let body = call.item(2);
        let pairs = match act.node(call.item(1)) {
            Node::Call(pairs) => pairs,
            Node::Leaf(Atom::Expression(_)) => return Ok(Step::Eval(act, body)),
            _ => {
                // The pairs are in a variable: compile them now.
                let atom = act.instantiate(at);
                if let Some([_, Atom::Expression(_), _]) = atom.as_expression() {
                    let open = Rc::new(Activation::open(&atom));
                    let at = open.block.body;
                    return self.bind_pairs_from(open, at, index);
                }
                return Ok(Step::value(error_atom(
                    atom,
                    Atom::string("let* expects a list of pairs"),
                )));
            }
        };
        if index >= pairs.len {
            return Ok(Step::Eval(act, body));
        }
        match act.node(pairs.item(index)) {
            Node::Call(pair) if pair.len == 2 => {
                let value = pair.item(1);
                self.bind(act.clone(), at, Continuation::Pair { index }, value)
            }
            _ => {
                let atom = act.instantiate(at);
                Ok(Step::value(error_atom(
                    atom,
                    Atom::string("let* expects a list of pairs"),
                )))
            }
        }
    }

    pub(crate) fn bind_pair(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        index: u32,
        answers: Answers,
    ) -> Result<Step, EvalError> {
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
        let answers = match answers.only_value() {
            Ok(value) => return self.bind_pair_to(act, at, index, (pattern, node), value),
            Err(answers) => answers,
        };
        // Several answers: a sibling for each continues with the remaining pairs.
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            if self.fails(&act, node, &answer.value.atom) {
                tasks.push(Task::done(answer));
                continue;
            }
            let own = with_subst(&act, &answer.subst);
            let Some(found) = self.match_pattern(Rc::clone(&own), pattern, &answer.value) else {
                continue;
            };
            let task = Self::task(found, at, &answer.subst);
            tasks.push(match task.kind {
                TaskKind::Eval(act, at) => Task {
                    kind: TaskKind::Pairs(act, at, index + 1),
                    subst: task.subst,
                },
                kind => Task {
                    kind,
                    subst: task.subst,
                },
            });
        }
        self.branches(tasks)
    }

    /// Binds a pair to its only value, and continues with the next.
    fn bind_pair_to(
        &mut self,
        mut act: Rc<Activation>,
        at: NodeIndex,
        index: u32,
        (pattern, node): (NodeIndex, NodeIndex),
        value: Value,
    ) -> Result<Step, EvalError> {
        if self.fails(&act, node, &value.atom) {
            return Ok(Step::Return(Answers::one(value)));
        }
        if let Some(slot) = private_slot(&act, pattern) {
            Rc::make_mut(&mut act).values[slot] = value;
            return self.bind_pairs_from(act, at, index + 1);
        }
        match self.match_pattern(act, pattern, &value) {
            None => Ok(Step::Return(Answers::None)),
            Some(found) => {
                if !found.subst.is_empty() {
                    self.push_scope(&found.subst, &found.act.scope());
                }
                self.bind_pairs_from(found.act, at, index + 1)
            }
        }
    }
}

/// Returns the slot of a pattern that is a variable which occurs nowhere else: most patterns are. Setting it binds nothing.
fn private_slot(act: &Activation, pattern: NodeIndex) -> Option<usize> {
    let Node::Slot(slot) = act.node(pattern) else {
        return None;
    };
    let slot = *slot as usize;
    (!act.values[slot].is_set() && act.block.slots[slot].settable).then_some(slot)
}
