//! Values and answers.

use crate::subst::Subst;
use pleach::term::Atom;

/// An atom, with what is known of its normal form.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) atom: Atom,
    /// The [normal stamp](crate::normal_form) by which the atom is in normal form; 0 if unknown, or [`UNSET`].
    pub(crate) normal: u64,
}

/// Marks a slot without a value.
const UNSET: u64 = u64::MAX;

impl Value {
    pub(crate) const fn unset() -> Self {
        Self {
            atom: Atom::Integer(0),
            normal: UNSET,
        }
    }

    /// An atom that may not be in normal form.
    pub(crate) fn raw(atom: Atom) -> Self {
        Self { atom, normal: 0 }
    }

    pub(crate) fn normal(atom: Atom, normal_stamp: u64) -> Self {
        Self {
            atom,
            normal: normal_stamp,
        }
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.normal != UNSET
    }

    /// Returns whether the atom is known to be in normal form under this stamp.
    #[inline]
    pub(crate) fn is_normal(&self, normal_stamp: u64) -> bool {
        match &self.atom {
            Atom::Expression(items) => self.normal == normal_stamp || items.is_empty(),
            _ => true,
        }
    }

    /// Applies a substitution. A value that doesn't change stays normal.
    pub(crate) fn substitute(&mut self, subst: &Subst) {
        self.replace_by(|atom| subst.apply(atom));
    }

    /// Replaces the atom by `resolve` of it, which returns an unchanged atom shared. A value that doesn't change stays
    /// normal.
    pub(crate) fn replace_by(&mut self, resolve: impl FnOnce(&Atom) -> Atom) {
        if self.atom.is_ground() {
            return;
        }
        let new = resolve(&self.atom);
        match (&self.atom, &new) {
            (Atom::Expression(before), Atom::Expression(after)) if before.ptr_eq(after) => {}
            _ => *self = Self::raw(new),
        }
    }
}

/// A result, with the bindings it gives variables of the caller. They are applied to the value already.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    pub(crate) subst: Subst,
}

impl Answer {
    /// An answer that binds nothing.
    pub(crate) fn new(value: Value) -> Self {
        Self {
            value,
            subst: Subst::EMPTY,
        }
    }
}

/// The answers of one evaluation, in order.
#[derive(Debug)]
pub(crate) enum Answers {
    None,
    One(Answer),
    Many(Vec<Answer>),
}

impl Answers {
    pub(crate) fn one(value: Value) -> Self {
        Self::One(Answer::new(value))
    }

    /// Returns the value of the only answer if it binds nothing, else the answers.
    #[inline]
    pub(crate) fn only_value(self) -> Result<Value, Self> {
        match self {
            Self::One(answer) if answer.subst.is_empty() => Ok(answer.value),
            answers => Err(answers),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(answers) => answers.len(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Answer> {
        let answers = match self {
            Self::None => &[],
            Self::One(answer) => std::slice::from_ref(answer),
            Self::Many(answers) => &answers[..],
        };
        answers.iter()
    }

    pub(crate) fn into_vec(self) -> Vec<Answer> {
        match self {
            Self::None => Vec::new(),
            Self::One(answer) => vec![answer],
            Self::Many(answers) => answers,
        }
    }

    pub(crate) fn map(self, mut f: impl FnMut(Answer) -> Answer) -> Self {
        match self {
            Self::None => Self::None,
            Self::One(answer) => Self::One(f(answer)),
            Self::Many(answers) => Self::Many(answers.into_iter().map(f).collect()),
        }
    }

    pub(crate) fn append_to(self, list: &mut Vec<Answer>) {
        match self {
            Self::None => {}
            Self::One(answer) => list.push(answer),
            Self::Many(mut answers) => list.append(&mut answers),
        }
    }

    /// Returns the atoms, without bindings.
    pub(crate) fn atoms(self) -> Vec<Atom> {
        self.into_vec().into_iter().map(|answer| answer.value.atom).collect()
    }
}

impl From<Vec<Answer>> for Answers {
    fn from(mut answers: Vec<Answer>) -> Self {
        match answers.len() {
            0 => Self::None,
            1 => answers.pop().map_or(Self::None, Self::One),
            _ => Self::Many(answers),
        }
    }
}
