//! Is what an argument or a call comes to of the type that is declared?
//!
//! Types that say nothing are not compared, nor those in which a variable occurs. A call is compared with the declared
//! result of what its rule's right side is: a value, a call, or an `if` between such. What a `let`, a `match` or another
//! form whose type says nothing comes to is not compared, as in the reference. Most of this is seen when the rules are
//! looked up, so that calls whose results fit by their form cost nothing.

use super::{Meta, Mode, Signature, compatible, metatype, mode};
use crate::builtin::{Builtin, Special};
use crate::code::{Activation, At, Block, Node};
use crate::head::{HeadInfo, signatures_of};
use crate::machine::{Frame, Machine, is_error};
use crate::value::{Answer, Answers, Value};
use crate::{Shared, error, names};
use pleach::env::Space;
use pleach::term::{Atom, Bindings, Symbol};

/// What an argument that has been evaluated is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Its type says nothing.
    Nothing,
    Number,
    String,
    Bool,
    /// Another type.
    Type,
}

impl Check {
    pub(super) fn of(of_type: &Atom) -> Self {
        let names = names();
        match of_type {
            _ if !says_something(of_type) => Self::Nothing,
            Atom::Symbol(name) if *name == names.number => Self::Number,
            Atom::Symbol(name) if *name == names.string => Self::String,
            Atom::Symbol(name) if *name == names.bool => Self::Bool,
            _ => Self::Type,
        }
    }

    /// Is an atom plainly of the type?
    #[inline]
    fn is_met(self, atom: &Atom) -> bool {
        match atom {
            Atom::Integer(_) | Atom::Float(_) => self == Self::Number,
            Atom::String(_) => self == Self::String,
            Atom::Variable(_) => true,
            Atom::Symbol(_) => self == Self::Bool && atom.as_boolean().is_some(),
            _ => false,
        }
    }
}

/// Does a type say anything that is compared?
fn says_something(of_type: &Atom) -> bool {
    let nothing = match mode(of_type) {
        Mode::Eval => *of_type == Atom::Symbol(names().undefined),
        Mode::Lazy => true,
        Mode::Meta(meta) => matches!(meta, Meta::Expression | Meta::Grounded),
    };
    !nothing && of_type.is_ground()
}

/// `(Error atom (BadType expected actual))`.
pub(crate) fn bad_type(atom: Atom, expected: Atom, actual: Atom) -> Atom {
    let reason = Atom::expression([Atom::symbol("BadType"), expected, actual]);
    error(atom, reason)
}

impl Machine {
    /// Is it plain that the answer of an argument that has been evaluated is of its type?
    #[inline]
    pub(crate) fn is_met(info: &HeadInfo, item: u32, answers: &Answers) -> bool {
        match (info.checks.get((item as usize).wrapping_sub(1)), answers) {
            (None | Some(Check::Nothing), _) => true,
            (Some(check), Answers::One(answer)) => check.is_met(&answer.value.atom),
            _ => false,
        }
    }

    /// The answers of an argument that has been evaluated; those that are not of its type as errors.
    pub(crate) fn checked_argument(&mut self, info: &HeadInfo, item: u32, answers: Answers) -> Answers {
        if Self::is_met(info, item, &answers) {
            return answers;
        }
        let parameters = info.signatures.first().map_or(&[][..], Signature::parameters);
        match parameters.get((item as usize).wrapping_sub(1)) {
            Some(expected) => self.checked(expected, answers),
            None => answers,
        }
    }

    /// The answers, those that are not of a type as errors.
    pub(crate) fn checked(&mut self, expected: &Atom, answers: Answers) -> Answers {
        match answers {
            Answers::None => Answers::None,
            Answers::One(answer) => Answers::One(self.checked_answer(expected, answer)),
            Answers::Many(answers) => {
                let answers = answers.into_iter().map(|answer| self.checked_answer(expected, answer));
                Answers::Many(answers.collect())
            }
        }
    }

    fn checked_answer(&mut self, expected: &Atom, answer: Answer) -> Answer {
        match self.other_type(expected, &answer.value.atom) {
            None => answer,
            Some(actual) => Answer {
                value: Value::raw(bad_type(answer.value.atom, expected.clone(), actual)),
                delta: answer.delta,
            },
        }
    }

    /// The type of an atom, if it is none that may stand where `expected` is.
    fn other_type(&mut self, expected: &Atom, atom: &Atom) -> Option<Atom> {
        let names = names();
        match atom {
            Atom::Variable(_) => return None,
            Atom::Integer(_) | Atom::Float(_) if *expected == Atom::Symbol(names.number) => return None,
            Atom::String(_) if *expected == Atom::Symbol(names.string) => return None,
            Atom::Symbol(_) if *expected == Atom::Symbol(names.bool) && atom.as_boolean().is_some() => return None,
            _ => {}
        }
        let types: Vec<Atom> = match (atom, expected) {
            // An error is of any type, and what a tuple is nobody has declared.
            (Atom::Expression(items), _) if is_error(atom) || !matches!(items.first(), Some(Atom::Symbol(_))) => {
                return None;
            }
            (Atom::Expression(items), Atom::Symbol(_)) => {
                let Some(Atom::Symbol(head)) = items.first() else {
                    return None;
                };
                let info = self.head(*head, items.len() as u32 - 1);
                let mut results = info.signatures.iter().filter_map(Signature::result);
                if results.any(|result| result == expected) {
                    return None;
                }
                info.signatures.iter().filter_map(Signature::result).cloned().collect()
            }
            _ => self.types_of(atom),
        };
        let kind = Atom::Symbol(metatype(atom).name(names));
        let fits = types.is_empty()
            || *expected == kind
            || types
                .iter()
                .any(|actual| mode(actual) != Mode::Eval || compatible(expected, actual, &mut Bindings::new()));
        if fits { None } else { types.into_iter().next() }
    }

    /// The error that a call comes to whose body is declared to be of another type than `expected`. `None` if the body is
    /// ill-typed itself, as it says when it is evaluated.
    pub(crate) fn bad_result(&mut self, act: &Activation, expected: &Atom) -> Option<Value> {
        let atom = act.instantiate(act.block.body);
        let actual = self.types_of(&atom).into_iter().next()?;
        Some(Value::raw(bad_type(atom, expected.clone(), actual)))
    }

    /// A call is to come to what the body of its rule does: what waits for the result is told of what it is to be. A call in
    /// tail position that is to be of the same type changes nothing.
    pub(crate) fn expect(&mut self, expected: &Atom) {
        let waits = match &self.stack[..] {
            [.., Frame::Expected(known), Frame::Compose(_)] | [.., Frame::Expected(known)] => **known == *expected,
            _ => false,
        };
        if !waits {
            self.stack.push(Frame::Expected(Box::new(expected.clone())));
        }
    }
}

/// What is known of what a rule comes to, beside the type that its left side is declared to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It fits, or nothing is known.
    Fits,
    /// That is seen when it has been evaluated.
    Compared,
    /// It is a call that is declared to be of another type.
    Misfit,
}

impl Verdict {
    /// On a rule of a function of this type.
    pub(crate) fn on(block: &Block, signature: &Signature, shared: &Shared, home: &Space) -> Self {
        match signature.result() {
            Some(expected) if signature.checks_result => {
                let rule = Rule {
                    block,
                    signature,
                    expected,
                    shared,
                    home,
                };
                rule.verdict_at(block.body)
            }
            _ => Self::Fits,
        }
    }
}

/// A rule of a function of a declared type.
struct Rule<'r> {
    block: &'r Block,
    signature: &'r Signature,
    /// The type of its result.
    expected: &'r Atom,
    shared: &'r Shared,
    home: &'r Space,
}

impl Rule<'_> {
    /// The recursion is bounded by the nesting that the compiler admits.
    fn verdict_at(&self, at: At) -> Verdict {
        let names = names();
        let expected = self.expected;
        let fits = match self.block.node(at) {
            Node::Leaf(Atom::Integer(_) | Atom::Float(_)) => *expected == Atom::Symbol(names.number),
            Node::Leaf(Atom::String(_)) => *expected == Atom::Symbol(names.string),
            Node::Leaf(Atom::Symbol(name)) => self.home.types(name.as_str()).any(|of_type| of_type == expected),
            // An argument was compared before.
            Node::Slot(slot) => match self.block.node(self.block.lhs) {
                Node::Call(left) => left.arguments().zip(self.signature.parameters()).any(|(at, of_type)| {
                    matches!(self.block.node(at), Node::Slot(other) if other == slot) && of_type == expected
                }),
                _ => false,
            },
            // An error is of any type.
            Node::Call(call) if call.head == Some(names.error) => true,
            Node::Call(call) => match (call.builtin.and_then(Builtin::special), call.head) {
                (Some(Special::If), _) if call.arity() == 3 => [2, 3]
                    .into_iter()
                    .all(|item| self.verdict_at(call.item(item)) == Verdict::Fits),
                (_, Some(head)) => return self.verdict_on_call(head),
                _ => false,
            },
            _ => false,
        };
        if fits { Verdict::Fits } else { Verdict::Compared }
    }

    fn verdict_on_call(&self, head: Symbol) -> Verdict {
        let signatures = signatures_of(self.shared, self.home, head);
        let mut results = signatures.iter().filter_map(Signature::result);
        // What a call is declared to be is compared with what it comes to on its own.
        if results.any(|result| result == self.expected || !says_something(result) && result.is_ground()) {
            return Verdict::Fits;
        }
        match &*signatures {
            [one] if one.checks_result && !is_of(one, self.expected) => Verdict::Misfit,
            _ => Verdict::Compared,
        }
    }
}

fn is_of(signature: &Signature, expected: &Atom) -> bool {
    let result = signature.result();
    result.is_some_and(|result| compatible(expected, result, &mut Bindings::new()))
}
