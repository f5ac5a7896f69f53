//! Checks of values against declared types, for arguments and for results of calls.
//!
//! Only ground types are checked, and meta-types only where [`ValueCheck`] says so. A result is checked where the right
//! side of the rule is a value, a call, or an `if` between such. Results of `let`, `match` and other forms without a
//! declared type aren't checked, as in the reference. Most checks are decided when rules are looked up, so a call whose
//! rule fits by its form pays nothing.

use crate::code::Activation;
use crate::frame::Frame;
use crate::head::HeadInfo;
use crate::machine::Machine;
use crate::signature::{Mode, Signature, ValueCheck, compatible, metatype, mode};
use crate::symbols::{error_atom, is_error, symbols};
use crate::value::{Answer, Answers, Value};
use pleach::term::{Atom, Bindings};

/// Returns `(Error atom (BadType expected actual))`.
pub(crate) fn bad_type(atom: Atom, expected: Atom, actual: Atom) -> Atom {
    let reason = Atom::expression([Atom::symbol("BadType"), expected, actual]);
    error_atom(atom, reason)
}

impl Machine {
    /// Returns whether an evaluated argument passes its check by its variant alone.
    #[inline]
    pub(crate) fn is_met(info: &HeadInfo, item: u32, answers: &Answers) -> bool {
        match (info.checks.get((item as usize).wrapping_sub(1)), answers) {
            (None | Some(ValueCheck::Nothing), _) => true,
            (Some(check), Answers::One(answer)) => check.is_met(&answer.value.atom),
            _ => false,
        }
    }

    /// Replaces answers of an argument that fail its check by errors.
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

    /// Replaces answers that aren't of the expected type by errors.
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
                subst: answer.subst,
            },
        }
    }

    /// Returns the type of an atom that isn't of the expected type.
    fn other_type(&mut self, expected: &Atom, atom: &Atom) -> Option<Atom> {
        let symbols = symbols();
        match atom {
            Atom::Variable(_) => return None,
            Atom::Integer(_) | Atom::Float(_) if *expected == Atom::Symbol(symbols.number) => return None,
            Atom::String(_) if *expected == Atom::Symbol(symbols.string) => return None,
            Atom::Symbol(_) if *expected == Atom::Symbol(symbols.bool) && atom.as_boolean().is_some() => return None,
            _ => {}
        }
        let types: Vec<Atom> = match (atom, expected) {
            // An error has every type, and a tuple has no declared one.
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
        let kind = Atom::Symbol(metatype(atom).name(symbols));
        let fits = types.is_empty()
            || *expected == kind
            || types
                .iter()
                .any(|actual| mode(actual) != Mode::Eval || compatible(expected, actual, &mut Bindings::new()));
        if fits { None } else { types.into_iter().next() }
    }

    /// Returns the error of a call whose body is declared to be of another type. `None` if the body is ill-typed
    /// itself: it reports that when it is evaluated.
    pub(crate) fn bad_result(&mut self, act: &Activation, expected: &Atom) -> Option<Value> {
        let atom = act.instantiate(act.block.body);
        let actual = self.types_of(&atom).into_iter().next()?;
        Some(Value::raw(bad_type(atom, expected.clone(), actual)))
    }

    /// Pushes a check of the results to come. Pushes nothing if the same check is on top, so that typed loops run in
    /// constant stack.
    pub(crate) fn expect(&mut self, expected: &Atom) {
        let waits = match &self.stack[..] {
            [.., Frame::Expected(known), Frame::Scope(_)] | [.., Frame::Expected(known)] => **known == *expected,
            _ => false,
        };
        if !waits {
            self.stack.push(Frame::Expected(Box::new(expected.clone())));
        }
    }
}
