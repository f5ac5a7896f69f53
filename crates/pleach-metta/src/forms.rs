//! Special forms: built-ins that evaluate their arguments themselves.

mod assertions;
mod binders;
mod cases;
mod import;
mod lists;
mod query;

use std::rc::Rc;
use std::vec;

use crate::bindings;
use crate::builtin::{Builtin, Special};
use crate::code::{Activation, Call, Node, NodeIndex};
use crate::error::EvalError;
use crate::frame::{Continuation, FormFrame, Frame, Step, TaskSource};
use crate::machine::Machine;
use crate::normal_form::is_normal_item;
use crate::signature::{Metatype, Mismatch, Mode, Signature, metatype};
use crate::subst::Subst;
use crate::symbols::{error_atom, is_error, symbols};
use crate::value::{Answer, Answers, Value};
use pleach::term::Atom;

impl Machine {
    /// Evaluates a special form up to its first subexpression.
    pub(crate) fn eval_special(
        &mut self,
        special: Special,
        builtin: &'static Builtin,
        act: Rc<Activation>,
        at: NodeIndex,
    ) -> Result<Step, EvalError> {
        if self.tracing {
            self.reducing = Some(act.instantiate(at));
        }
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        let arity = call.arity() as usize;
        let mismatch = match builtin.signatures.iter().find(|signature| signature.arity() == arity) {
            Some(signature) if signature.wants_kinds => self.mismatch(signature, &act, call),
            Some(_) => None,
            None => Some(Mismatch::Number),
        };
        if let Some(mismatch) = mismatch {
            return Ok(Step::value(error_atom(act.instantiate(at), mismatch.reason())));
        }
        match special {
            Special::If => match self.immediate(&act, call.item(1)) {
                Some(value) => self.choose(act, at, value),
                None => self.wait(act.clone(), at, Continuation::Condition, call.item(1)),
            },
            Special::Let => {
                let (pattern, value, body) = (1, call.item(2), 3);
                self.bind(act.clone(), at, Continuation::Bound { pattern, body }, value)
            }
            Special::Chain => {
                let (pattern, body) = (2, 3);
                if let Some(own) = self.chain_of_its_own(&act, call) {
                    let at = own.block.body;
                    let Node::Call(call) = own.node(at) else {
                        return Ok(Step::Return(Answers::None));
                    };
                    return self.bind(own.clone(), at, Continuation::Bound { pattern, body }, call.item(1));
                }
                self.bind(act.clone(), at, Continuation::Bound { pattern, body }, call.item(1))
            }
            Special::LetStar => self.bind_pairs_from(act, at, 0),
            Special::Match => match self.immediate(&act, call.item(1)) {
                Some(space) => self.match_in(act, at, &space.atom),
                None => self.wait(act.clone(), at, Continuation::Space, call.item(1)),
            },
            Special::Unify => {
                let left = act.instantiate(call.item(1));
                let (pattern, then, other) = (call.item(2), call.item(3), call.item(4));
                if let Some(space) = self.space_of(&left) {
                    let (tasks, query) = self.query(space, &act, pattern, then)?;
                    if tasks.is_empty() {
                        return Ok(Step::Eval(act, other));
                    }
                    drop(act);
                    return self.branches_from(tasks, Some(TaskSource::Query(query)));
                }
                match self.match_pattern(Rc::clone(&act), pattern, &Value::raw(left)) {
                    Some(found) => {
                        let task = Self::task(found, then, &Subst::EMPTY);
                        self.branches(vec![task])
                    }
                    None => Ok(Step::Eval(act, other)),
                }
            }
            Special::Case => self.wait(act.clone(), at, Continuation::Scrutinee { empty: true }, call.item(1)),
            Special::Switch => self.wait(act.clone(), at, Continuation::Scrutinee { empty: false }, call.item(1)),
            Special::Function => self.wait(act.clone(), at, Continuation::Body, call.item(1)),
            Special::Collapse | Special::CollapseBind => {
                let bindings = special == Special::CollapseBind;
                self.wait(act.clone(), at, Continuation::Collapse { bindings }, call.item(1))
            }
            Special::MapAtom | Special::FilterAtom => self.map(&act, at, call, special),
            Special::FoldlAtom => {
                let act = Rc::clone(&act);
                self.fold(act, at, 0, None)
            }
            Special::AssertEqual | Special::AssertEqualToResult | Special::AssertIncludes => {
                self.wait(act.clone(), at, Continuation::Left, call.item(1))
            }
            Special::Import => {
                let (name, file) = (act.instantiate(call.item(1)), act.instantiate(call.item(2)));
                self.begin_import(act.clone(), at, &name, &file)
            }
        }
    }

    /// Returns the first argument that isn't of the required kind. A variable may be bound to an expression later.
    fn mismatch(&mut self, signature: &Signature, act: &Activation, call: &Call) -> Option<Mismatch> {
        for (index, mode) in signature.modes.iter().enumerate() {
            let Mode::Metatype(expected) = mode else { continue };
            let at = call.item(index as u32 + 1);
            let actual = match act.node(at) {
                Node::Call(_) | Node::Deep(_) => Metatype::Expression,
                Node::Leaf(atom) => metatype(atom),
                Node::Token(_) => Metatype::Symbol,
                Node::Slot(slot) => match &act.values[*slot as usize] {
                    value if value.is_set() => metatype(&value.atom),
                    _ => Metatype::Variable,
                },
            };
            if actual != *expected && (actual, *expected) != (Metatype::Variable, Metatype::Expression) {
                return Some(Mismatch::Argument {
                    index,
                    expected: Atom::Symbol(expected.name(symbols())),
                    actual: self.reported_type(&act.instantiate(at)),
                });
            }
        }
        None
    }

    /// Returns whether a value to bind is an error that evaluation produced: one that was written there is an ordinary
    /// value.
    fn fails(&self, act: &Activation, node: NodeIndex, value: &Atom) -> bool {
        is_error(value) && *value != act.instantiate(node)
    }

    /// Evaluates a subexpression, then continues with its answers.
    fn wait(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        then: Continuation,
        node: NodeIndex,
    ) -> Result<Step, EvalError> {
        self.suspend_reduction();
        self.stack.push(Frame::Form(FormFrame {
            act: Rc::clone(&act),
            at,
            then,
        }));
        Ok(Step::Eval(act, node))
    }

    /// Evaluates a value to bind, without a frame if it is immediate.
    fn bind(
        &mut self,
        act: Rc<Activation>,
        at: NodeIndex,
        then: Continuation,
        node: NodeIndex,
    ) -> Result<Step, EvalError> {
        match self.immediate(&act, node) {
            Some(value) => self.resume_form(FormFrame { act, at, then }, Answers::one(value)),
            None => self.wait(act, at, then, node),
        }
    }

    pub(crate) fn resume_form(&mut self, waiting: FormFrame, answers: Answers) -> Result<Step, EvalError> {
        if self.tracing {
            self.reducing = Some(waiting.act.instantiate(waiting.at));
        }
        let FormFrame { act, at, then } = waiting;
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        match then {
            Continuation::Condition => match answers.only_value() {
                Ok(value) => self.choose(act, at, value),
                Err(answers) => self.choose_each(&act, at, answers),
            },
            Continuation::Space => match answers.only_value() {
                Ok(value) => self.match_in(act, at, &value.atom),
                Err(answers) => self.match_in_each(&act, at, answers),
            },
            Continuation::Bound { pattern, body } => {
                // An error is a value to `chain`, but not to `let`.
                let value = (pattern == 1).then_some(call.item(2));
                let (pattern, body) = (call.item(pattern), call.item(body));
                match answers.only_value() {
                    Ok(found) => {
                        if value.is_some_and(|node| self.fails(&act, node, &found.atom)) {
                            return Ok(Step::value(found.atom));
                        }
                        self.bind_one(act, pattern, &found, body)
                    }
                    Err(answers) => {
                        let tasks = self.bind_each(&act, pattern, answers, value, body);
                        self.branches(tasks)
                    }
                }
            }
            Continuation::Pair { index } => self.bind_pair(act, at, index, answers),
            Continuation::Scrutinee { empty } => self.choose_case(&act, at, empty, answers),
            Continuation::Body => Ok(Step::Return(answers.map(|answer| self.returned(&act, at, answer)))),
            Continuation::Collapse { bindings: false } => {
                let normal_stamp = self.normal_stamp;
                let known = answers.iter().all(|answer| is_normal_item(&answer.value, normal_stamp));
                let value = self.tuple_of(answers.atoms().into(), known);
                Ok(Step::Return(Answers::one(value)))
            }
            Continuation::Collapse { bindings: true } => {
                let answers = answers.into_vec().into_iter().map(bindings::to_atom);
                Ok(Step::value(Atom::Expression(answers.collect::<Vec<_>>().into())))
            }
            Continuation::Folded { index } => {
                let mut tasks = Vec::with_capacity(answers.len());
                match answers.only_value() {
                    Ok(value) => return self.fold(act, at, index + 1, Some(value)),
                    Err(answers) => {
                        for answer in answers.into_vec() {
                            tasks.push(Self::folded(&act, at, index + 1, answer));
                        }
                    }
                }
                self.branches(tasks)
            }
            Continuation::Left => {
                let left = answers.atoms();
                if matches!(call.builtin.and_then(Builtin::special), Some(Special::AssertEqual)) {
                    let node = call.item(2);
                    return self.wait(act.clone(), at, Continuation::Right(left.into()), node);
                }
                let right = act.instantiate(call.item(2));
                Ok(match right.as_expression() {
                    Some(expected) => self.assert(&act, at, call, &left, expected),
                    // A variable that isn't bound to an expression.
                    None => {
                        let mismatch = Mismatch::Argument {
                            index: 1,
                            expected: Atom::Symbol(symbols().expression),
                            actual: Atom::Symbol(metatype(&right).name(symbols())),
                        };
                        Step::value(error_atom(act.instantiate(at), mismatch.reason()))
                    }
                })
            }
            Continuation::Right(left) => Ok(self.assert(&act, at, call, &left, &answers.atoms())),
            Continuation::Imported(rest) => self.imported(act.clone(), at, *rest, answers),
        }
    }
}

impl Machine {
    /// Returns what a `function` returns for an answer of its body.
    fn returned(&mut self, act: &Activation, at: NodeIndex, answer: Answer) -> Answer {
        let value = match answer.value.atom.as_expression() {
            Some([Atom::Symbol(head), result]) if *head == symbols().return_ => {
                self.normal_items(&answer.value).item(1, result)
            }
            _ if is_error(&answer.value.atom) => answer.value,
            _ => Value::raw(error_atom(act.instantiate(at), Atom::symbol("NoReturn"))),
        };
        Answer {
            value,
            subst: answer.subst,
        }
    }
}

/// Applies a substitution to an activation.
fn with_subst(act: &Rc<Activation>, subst: &Subst) -> Rc<Activation> {
    let mut own = Rc::clone(act);
    if !subst.is_empty() {
        Rc::make_mut(&mut own).substitute(subst);
    }
    own
}
