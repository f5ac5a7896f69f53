//! `if`, `case` and `switch`.

use std::rc::Rc;

use crate::code::{Activation, Node, NodeIndex};
use crate::error::EvalError;
use crate::forms::with_subst;
use crate::frame::{Step, Task, TaskKind};
use crate::machine::Machine;
use crate::pattern::Match;
use crate::signature::{Mismatch, compatible};
use crate::subst::Subst;
use crate::symbols::{error_atom, is_error, symbols};
use crate::types::bad_type;
use crate::value::{Answers, Value};
use pleach::term::{Atom, Bindings};

impl Machine {
    pub(crate) fn choose(&mut self, act: Rc<Activation>, at: NodeIndex, value: Value) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        match value.atom.as_boolean() {
            Some(true) => {
                let node = call.item(2);
                Ok(Step::Eval(act, node))
            }
            Some(false) => {
                let node = call.item(3);
                Ok(Step::Eval(act, node))
            }
            None => self.choose_each(&act, at, Answers::one(value)),
        }
    }

    /// Makes the outcome of an `if` whose condition isn't a boolean.
    pub(crate) fn undecided(&mut self, act: &Activation, at: NodeIndex, condition: Value, subst: Subst) -> Task {
        let done = |atom, subst| Task {
            kind: TaskKind::Done(Value::raw(atom)),
            subst,
        };
        if is_error(&condition.atom) {
            return done(condition.atom, subst);
        }
        let Node::Call(call) = act.node(at) else {
            return done(condition.atom, subst);
        };
        let whole = Atom::expression([
            act.instantiate(call.item(0)),
            condition.atom.clone(),
            act.instantiate(call.item(2)),
            act.instantiate(call.item(3)),
        ]);
        let of_bool = Atom::Symbol(symbols().bool);
        let mut other_type = |atom: &Atom| {
            let actual = self.types_of(atom).into_iter().next();
            actual.filter(|actual| !compatible(&of_bool, actual, &mut Bindings::new()))
        };
        // The declared type of the condition takes precedence over its value.
        let written = act.instantiate(call.item(1));
        if let Some(actual) = other_type(&written) {
            let mismatch = Mismatch::Argument {
                index: 0,
                expected: of_bool,
                actual,
            };
            return done(error_atom(act.instantiate(at), mismatch.reason()), subst);
        }
        match other_type(&condition.atom) {
            Some(actual) => done(bad_type(condition.atom, of_bool, actual), subst),
            None => done(whole, subst),
        }
    }

    pub(crate) fn choose_each(
        &mut self,
        act: &Rc<Activation>,
        at: NodeIndex,
        answers: Answers,
    ) -> Result<Step, EvalError> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            let act = with_subst(act, &answer.subst);
            let Node::Call(call) = act.node(at) else { continue };
            let branch = |condition: bool| call.item(if condition { 2 } else { 3 });
            match (answer.value.atom.as_boolean(), &answer.value.atom) {
                (Some(condition), _) => {
                    tasks.push(Task::eval(Rc::clone(&act), branch(condition), answer.subst));
                }
                // An unbound condition takes both branches.
                (None, Atom::Variable(variable)) => {
                    for condition in [true, false] {
                        let decided = Subst::new(vec![(*variable, Atom::boolean(condition))]);
                        let found = Match {
                            act: with_subst(&act, &decided),
                            subst: decided,
                        };
                        tasks.push(Self::task(found, branch(condition), &answer.subst));
                    }
                }
                (None, _) => {
                    tasks.push(self.undecided(&act, at, answer.value, answer.subst));
                }
            }
        }
        self.branches(tasks)
    }

    pub(crate) fn choose_case(
        &mut self,
        act: &Rc<Activation>,
        at: NodeIndex,
        empty: bool,
        answers: Answers,
    ) -> Result<Step, EvalError> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        // No result is the symbol `Empty` to `case`; a variable matches it too.
        let answers = match answers {
            Answers::None if empty => Answers::one(Value::raw(Atom::Symbol(symbols().empty))),
            answers => answers,
        };
        let scrutinee = call.item(1);
        let cases = match act.node(call.item(2)) {
            Node::Call(cases) => cases,
            Node::Leaf(_) => return Ok(Step::Return(Answers::None)),
            _ => {
                // The cases are in a variable: compile them now, with the answer quoted in place of the scrutinee.
                let mut tasks = Vec::new();
                for answer in answers.into_vec() {
                    if !empty && self.fails(act, scrutinee, &answer.value.atom) {
                        tasks.push(Task::done(answer));
                        continue;
                    }
                    let own = with_subst(act, &answer.subst);
                    let cases = own.instantiate(call.item(2));
                    if matches!(&cases, Atom::Expression(_)) {
                        let quoted = Atom::expression([Atom::symbol("noeval"), answer.value.atom]);
                        tasks.push(Task {
                            kind: TaskKind::Atom(Atom::expression([Atom::symbol("case"), quoted, cases])),
                            subst: answer.subst,
                        });
                    }
                }
                return self.branches(tasks);
            }
        };
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            if !empty && self.fails(act, scrutinee, &answer.value.atom) {
                tasks.push(Task::done(answer));
                continue;
            }
            let own = with_subst(act, &answer.subst);
            for index in 0..cases.len {
                let Node::Call(pair) = act.node(cases.item(index)) else {
                    continue;
                };
                if pair.len != 2 {
                    continue;
                }
                if let Some(found) = self.match_pattern(Rc::clone(&own), pair.item(0), &answer.value) {
                    tasks.push(Self::task(found, pair.item(1), &answer.subst));
                    break;
                }
            }
        }
        self.branches(tasks)
    }
}
