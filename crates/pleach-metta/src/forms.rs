//! Built-ins that evaluate their parts themselves.

mod assertions;
mod binders;
pub(super) mod bound;
mod cases;
mod import;
mod lists;
mod query;

use std::rc::Rc;
use std::vec;

pub(super) use self::lists::rest_of_fold;
pub(super) use self::query::Query;
use super::builtin::{Builtin, Special};
use super::code::{Activation, At, Call, Node};
use super::machine::{Frame, Machine, Step, is_error, scope_of};
use super::memory::Sum;
use super::parts::is_settled;
use super::sibling::More;
use super::types::{Meta, Misfit, Mode, Signature, metatype};
use super::value::{Answer, Answers, Delta, Value};
use super::{Stop, error, names};
use pleach::env::SpaceId;
use pleach::term::{Atom, Item};

/// A form that waits for the answers of a part.
pub(super) struct Waiting {
    pub(super) act: Rc<Activation>,
    at: At,
    part: Part,
}

/// What it waits for.
enum Part {
    /// The condition of an `if`.
    Condition,
    /// The space of a `match`.
    Space,
    /// What a `let` or `chain` binds: the items that are the pattern and the body.
    Bound { pattern: u32, body: u32 },
    /// What pair `index` of a `let*` binds.
    Pair { index: u32 },
    /// What a `case` or `switch` chooses by.
    Scrutinee { empty: bool },
    /// The body of a `function`.
    Body,
    /// All answers of the part; with what they bind, if so.
    Collapse { bindings: bool },
    /// Item `index` of a list, folded with what came before.
    Folded { index: usize },
    /// The first operand of an assertion.
    Left,
    /// The second; the first's results are these.
    Right(Box<[Atom]>),
    /// An item of a file.
    Imported(Box<(Option<SpaceId>, vec::IntoIter<Item>)>),
}

impl Machine {
    /// Evaluates a special form, or the part of it that comes first.
    pub(super) fn eval_special(
        &mut self,
        special: Special,
        builtin: &'static Builtin,
        act: Rc<Activation>,
        at: At,
    ) -> Result<Step, Stop> {
        if self.tracing {
            self.reducing = Some(act.instantiate(at));
        }
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        let arity = call.arity() as usize;
        let misfit = match builtin.signatures.iter().find(|signature| signature.arity() == arity) {
            Some(signature) if signature.wants_kinds => self.misfit(signature, &act, call),
            Some(_) => None,
            None => Some(Misfit::Number),
        };
        if let Some(misfit) = misfit {
            return Ok(Step::value(error(act.instantiate(at), misfit.reason())));
        }
        match special {
            Special::If => match self.quick(&act, call.item(1)) {
                Some(value) => self.choose(act, at, value),
                None => self.wait(act.clone(), at, Part::Condition, call.item(1)),
            },
            Special::Let => {
                let (pattern, value, body) = (1, call.item(2), 3);
                self.bind(act.clone(), at, Part::Bound { pattern, body }, value)
            }
            Special::Chain => {
                let (pattern, body) = (2, 3);
                if let Some(own) = self.chain_of_its_own(&act, call) {
                    let at = own.block.body;
                    let Node::Call(call) = own.node(at) else {
                        return Ok(Step::Return(Answers::None));
                    };
                    return self.bind(own.clone(), at, Part::Bound { pattern, body }, call.item(1));
                }
                self.bind(act.clone(), at, Part::Bound { pattern, body }, call.item(1))
            }
            Special::LetStar => self.next_pair(act, at, 0),
            Special::Match => match self.quick(&act, call.item(1)) {
                Some(space) => self.match_in(act, at, &space.atom),
                None => self.wait(act.clone(), at, Part::Space, call.item(1)),
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
                    return self.branches_of(tasks, Some(More::Query(query)));
                }
                match self.match_pattern(Rc::clone(&act), pattern, &Value::raw(left)) {
                    Some(found) => {
                        let task = self.task(&act, found, then, None);
                        self.branches(vec![task])
                    }
                    None => Ok(Step::Eval(act, other)),
                }
            }
            Special::Case => self.wait(act.clone(), at, Part::Scrutinee { empty: true }, call.item(1)),
            Special::Switch => self.wait(act.clone(), at, Part::Scrutinee { empty: false }, call.item(1)),
            Special::Function => self.wait(act.clone(), at, Part::Body, call.item(1)),
            Special::Collapse | Special::CollapseBind => {
                let bindings = special == Special::CollapseBind;
                self.wait(act.clone(), at, Part::Collapse { bindings }, call.item(1))
            }
            Special::MapAtom | Special::FilterAtom => self.map(&act, at, call, special),
            Special::FoldlAtom => {
                let act = Rc::clone(&act);
                self.fold(act, at, 0, None)
            }
            Special::AssertEqual | Special::AssertEqualToResult | Special::AssertIncludes => {
                self.wait(act.clone(), at, Part::Left, call.item(1))
            }
            Special::Import => {
                let (name, file) = (act.instantiate(call.item(1)), act.instantiate(call.item(2)));
                self.begin_import(act.clone(), at, &name, &file)
            }
        }
    }

    /// The first argument that is not of the kind that a form wants. A variable may come to stand for an expression.
    fn misfit(&mut self, signature: &Signature, act: &Activation, call: &Call) -> Option<Misfit> {
        for (index, mode) in signature.modes.iter().enumerate() {
            let Mode::Meta(expected) = mode else { continue };
            let at = call.item(index as u32 + 1);
            let actual = match act.node(at) {
                Node::Call(_) | Node::Deep(_) => Meta::Expression,
                Node::Leaf(atom) => metatype(atom),
                Node::Token(_) => Meta::Symbol,
                Node::Slot(slot) => match &act.values[*slot as usize] {
                    value if value.is_set() => metatype(&value.atom),
                    _ => Meta::Variable,
                },
            };
            if actual != *expected && (actual, *expected) != (Meta::Variable, Meta::Expression) {
                return Some(Misfit::Argument {
                    index,
                    expected: Atom::Symbol(expected.name(names())),
                    actual: self.told_type(&act.instantiate(at)),
                });
            }
        }
        None
    }

    /// Is it an error that a value to be bound came to? One that was written there is a value like any other.
    fn fails(&self, act: &Activation, node: At, value: &Atom) -> bool {
        is_error(value) && *value != act.instantiate(node)
    }

    /// Evaluates a part, and comes back with its answers.
    fn wait(&mut self, act: Rc<Activation>, at: At, part: Part, node: At) -> Result<Step, Stop> {
        self.not_yet();
        self.stack.push(Frame::Form(Waiting {
            act: Rc::clone(&act),
            at,
            part,
        }));
        Ok(Step::Eval(act, node))
    }

    /// The same for a value to be bound, which may be at hand.
    fn bind(&mut self, act: Rc<Activation>, at: At, part: Part, node: At) -> Result<Step, Stop> {
        match self.quick(&act, node) {
            Some(value) => self.resume_form(Waiting { act, at, part }, Answers::one(value)),
            None => self.wait(act, at, part, node),
        }
    }

    pub(super) fn resume_form(&mut self, waiting: Waiting, answers: Answers) -> Result<Step, Stop> {
        if self.tracing {
            self.reducing = Some(waiting.act.instantiate(waiting.at));
        }
        let Waiting { act, at, part } = waiting;
        let Node::Call(call) = act.node(at) else {
            return Ok(Step::Return(Answers::None));
        };
        match part {
            Part::Condition => match answers {
                Answers::One(Answer { value, delta: None }) => self.choose(act, at, value),
                answers => self.choose_each(&act, at, answers),
            },
            Part::Space => match answers {
                Answers::One(Answer { value, delta: None }) => self.match_in(act, at, &value.atom),
                answers => self.match_in_each(&act, at, answers),
            },
            Part::Bound { pattern, body } => {
                // A `chain` takes an error for a value, a `let` does not.
                let value = (pattern == 1).then_some(call.item(2));
                let (pattern, body) = (call.item(pattern), call.item(body));
                match answers {
                    Answers::One(Answer {
                        value: found,
                        delta: None,
                    }) => {
                        if value.is_some_and(|node| self.fails(&act, node, &found.atom)) {
                            return Ok(Step::value(found.atom));
                        }
                        self.bind_one(act, pattern, &found, body)
                    }
                    answers => {
                        let tasks = self.bind_each(&act, pattern, answers, value, body);
                        self.branches(tasks)
                    }
                }
            }
            Part::Pair { index } => self.bind_pair(act, at, index, answers),
            Part::Scrutinee { empty } => self.choose_case(&act, at, empty, answers),
            Part::Body => Ok(Step::Return(match answers {
                Answers::None => Answers::None,
                Answers::One(answer) => Answers::One(self.returned(&act, at, answer)),
                Answers::Many(answers) => {
                    let answers = answers.into_iter().map(|answer| self.returned(&act, at, answer));
                    Answers::Many(answers.collect())
                }
            })),
            Part::Collapse { bindings: false } => {
                let meaning = self.meaning;
                let known = answers.iter().all(|answer| is_settled(&answer.value, meaning));
                let value = self.tuple_of(answers.atoms(), known);
                Ok(Step::Return(Answers::one(value)))
            }
            Part::Collapse { bindings: true } => {
                let answers = answers.into_vec().into_iter().map(bound::to_atom);
                Ok(Step::value(Atom::Expression(answers.collect::<Vec<_>>().into())))
            }
            Part::Folded { index } => {
                let mut tasks = Vec::with_capacity(answers.len());
                match answers {
                    Answers::One(Answer { value, delta: None }) => {
                        return self.fold(act, at, index + 1, Some(value));
                    }
                    answers => {
                        for answer in answers.into_vec() {
                            tasks.push(Self::folded(&act, at, index + 1, answer));
                        }
                    }
                }
                self.branches(tasks)
            }
            Part::Left => {
                let left = answers.atoms();
                if matches!(call.builtin.and_then(Builtin::special), Some(Special::AssertEqual)) {
                    let node = call.item(2);
                    return self.wait(act.clone(), at, Part::Right(left.into()), node);
                }
                let right = act.instantiate(call.item(2));
                Ok(match right.as_expression() {
                    Some(expected) => self.assert(&act, at, call, &left, expected),
                    // A variable that stands for none.
                    None => {
                        let misfit = Misfit::Argument {
                            index: 1,
                            expected: Atom::Symbol(names().expression),
                            actual: Atom::Symbol(metatype(&right).name(names())),
                        };
                        Step::value(error(act.instantiate(at), misfit.reason()))
                    }
                })
            }
            Part::Right(left) => Ok(self.assert(&act, at, call, &left, &answers.atoms())),
            Part::Imported(rest) => self.imported(act.clone(), at, *rest, answers),
        }
    }
}

impl Machine {
    /// What a `function` whose body came to this returns.
    fn returned(&mut self, act: &Activation, at: At, answer: Answer) -> Answer {
        let value = match answer.value.atom.as_expression() {
            Some([Atom::Symbol(head), result]) if *head == names().return_ => {
                self.parts_of(&answer.value).part(1, result)
            }
            _ if is_error(&answer.value.atom) => answer.value,
            _ => Value::raw(error(act.instantiate(at), Atom::symbol("NoReturn"))),
        };
        Answer {
            value,
            delta: answer.delta,
        }
    }
}

impl Waiting {
    /// Is it a `function` that waits for what its body comes to?
    pub(super) fn is_function(&self) -> bool {
        matches!(self.part, Part::Body)
    }

    pub(super) fn measure(&self, sum: &mut Sum) {
        sum.activation(&self.act);
        match &self.part {
            Part::Right(atoms) => atoms.iter().for_each(|atom| sum.atom(atom)),
            Part::Imported(rest) => rest.1.as_slice().iter().for_each(|item| sum.atom(&item.atom)),
            _ => {}
        }
    }
}

/// The activation as `delta` binds its variables.
fn with_delta(act: &Rc<Activation>, delta: Option<&Delta>) -> Rc<Activation> {
    let mut own = Rc::clone(act);
    if let Some(delta) = delta {
        Rc::make_mut(&mut own).substitute(delta);
    }
    own
}

/// `delta`, and the variables of an activation that it does not bind, so that bindings to come are told of.
fn widened(act: &Activation, delta: Option<Delta>) -> Option<Delta> {
    let delta = delta?;
    let scope = scope_of(act);
    let mut entries = delta.to_vec();
    for variable in scope {
        if !entries.iter().any(|(known, _)| *known == variable) {
            entries.push((variable, Atom::Variable(variable)));
        }
    }
    Some(entries.into())
}
