//! `if`, `case` and `switch`.

use std::rc::Rc;

use super::{widened, with_delta};
use crate::code::{Activation, At, Node};
use crate::machine::{Machine, Step, is_error};
use crate::pattern::Match;
use crate::sibling::{Task, TaskKind};
use crate::types::bad_type;
use crate::value::{Answer, Answers, Delta, Value};
use crate::{Stop, error, names};
use pleach::term::Atom;

impl Machine {
    pub(crate) fn choose(&mut self, act: Rc<Activation>, at: At, value: Value) -> Result<Step, Stop> {
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
            None => {
                let answer = Answer { value, delta: None };
                self.choose_each(&act, at, Answers::One(answer))
            }
        }
    }

    /// An `if` whose condition is neither true nor false.
    pub(crate) fn undecided(&mut self, act: &Activation, at: At, condition: Value, delta: Option<Delta>) -> Task {
        let done = |atom, delta| Task {
            kind: TaskKind::Done(Value::raw(atom)),
            delta,
        };
        if is_error(&condition.atom) {
            return done(condition.atom, delta);
        }
        let Node::Call(call) = act.node(at) else {
            return done(condition.atom, delta);
        };
        let whole = Atom::expression([
            act.instantiate(call.item(0)),
            condition.atom.clone(),
            act.instantiate(call.item(2)),
            act.instantiate(call.item(3)),
        ]);
        let (of_bool, undefined) = (Atom::Symbol(names().bool), Atom::Symbol(names().undefined));
        let mut other_type = |atom: &Atom| {
            let actual = self.types_of(atom).into_iter().next();
            actual.filter(|actual| *actual != undefined && *actual != of_bool)
        };
        // What is declared of the condition comes before what it has come to.
        let written = act.instantiate(call.item(1));
        if let Some(actual) = other_type(&written) {
            let reason = Atom::expression([Atom::symbol("BadArgType"), Atom::Integer(1), of_bool, actual]);
            return done(error(act.instantiate(at), reason), delta);
        }
        match other_type(&condition.atom) {
            Some(actual) => done(bad_type(condition.atom, of_bool, actual), delta),
            None => done(whole, delta),
        }
    }

    pub(crate) fn choose_each(&mut self, act: &Rc<Activation>, at: At, answers: Answers) -> Result<Step, Stop> {
        let mut tasks = Vec::with_capacity(answers.len());
        for answer in answers.into_vec() {
            let act = with_delta(act, answer.delta.as_ref());
            let Node::Call(call) = act.node(at) else { continue };
            let branch = |condition: bool| call.item(if condition { 2 } else { 3 });
            match (answer.value.atom.as_boolean(), &answer.value.atom) {
                (Some(condition), _) => {
                    let delta = widened(&act, answer.delta);
                    tasks.push(Task::eval(Rc::clone(&act), branch(condition), delta));
                }
                // Either may be meant.
                (None, Atom::Variable(variable)) => {
                    for condition in [true, false] {
                        let decided: Delta = Rc::from([(*variable, Atom::boolean(condition))]);
                        let found = Match {
                            act: with_delta(&act, Some(&decided)),
                            delta: Some(decided),
                        };
                        tasks.push(self.task(&act, found, branch(condition), answer.delta.clone()));
                    }
                }
                (None, _) => {
                    let delta = widened(&act, answer.delta);
                    tasks.push(self.undecided(&act, at, answer.value, delta));
                }
            }
        }
        self.branches(tasks)
    }

    pub(crate) fn choose_case(
        &mut self,
        act: &Rc<Activation>,
        at: At,
        empty: bool,
        answers: Answers,
    ) -> Result<Step, Stop> {
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        // To a `case`, no result is the symbol `Empty`, which a variable matches too.
        let answers = match answers {
            Answers::None if empty => Answers::one(Value::raw(Atom::Symbol(names().empty))),
            answers => answers,
        };
        let scrutinee = call.item(1);
        let cases = match act.node(call.item(2)) {
            Node::Call(cases) => cases,
            Node::Leaf(_) => return Ok(Step::Return(Answers::None)),
            _ => {
                // The cases are in a variable: look at them now, with the answers quoted in their place.
                let mut tasks = Vec::new();
                for answer in answers.into_vec() {
                    if !empty && self.fails(act, scrutinee, &answer.value.atom) {
                        tasks.push(Task::done(answer));
                        continue;
                    }
                    let own = with_delta(act, answer.delta.as_ref());
                    let cases = own.instantiate(call.item(2));
                    if matches!(&cases, Atom::Expression(_)) {
                        let quoted = Atom::expression([Atom::symbol("noeval"), answer.value.atom]);
                        tasks.push(Task {
                            kind: TaskKind::Atom(Atom::expression([Atom::symbol("case"), quoted, cases])),
                            delta: widened(&own, answer.delta),
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
            let own = with_delta(act, answer.delta.as_ref());
            for index in 0..cases.len {
                let Node::Call(pair) = act.node(cases.item(index)) else {
                    continue;
                };
                if pair.len != 2 {
                    continue;
                }
                if let Some(found) = self.match_pattern(Rc::clone(&own), pair.item(0), &answer.value) {
                    tasks.push(self.task(&own, found, pair.item(1), answer.delta));
                    break;
                }
            }
        }
        self.branches(tasks)
    }
}
