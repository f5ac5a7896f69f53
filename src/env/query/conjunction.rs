//! The patterns of a join, and the values of their variables.

use smallvec::SmallVec;

use super::pattern::Scope;
use super::shape::Shape;
use crate::env::space::decode_ground;
use crate::term::{Bindings, Term};

/// The patterns of a join, shared with its answers.
#[derive(Debug)]
pub(super) struct Conjunction<T> {
    pub(super) patterns: Vec<T>,
    /// The shape of the expression of all patterns.
    pub(super) shape: Shape,
    pub(super) scope: Scope<T>,
}

impl<T: Term> Conjunction<T> {
    /// The bindings from the start and of the variables that have values.
    pub(super) fn bindings(&self, values: &Values) -> Bindings<T> {
        let found = (0..self.scope.variables.len()).filter_map(|number| Some((number, values.found(number)?)));
        self.scope
            .bind(found.map(|(number, path)| (number, decode_ground(path).0)))
    }
}

/// The paths of the ground atoms that variables are bound to.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// The bounds of each variable's path within `bytes`.
    pub(super) spans: SmallVec<[Option<(usize, usize)>; 4]>,
    pub(super) bytes: SmallVec<[u8; 64]>,
    /// The length of the paths that are known from the start.
    pub(super) given: usize,
}

impl Values {
    pub(super) fn bind(&mut self, variable: usize, path: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(path);
        if let Some(span) = self.spans.get_mut(variable) {
            *span = Some((start, self.bytes.len()));
        }
    }

    pub(super) fn unbind(&mut self, variables: &[usize]) {
        for variable in variables {
            self.spans[*variable] = None;
        }
    }

    /// The path that a variable is bound to.
    pub(super) fn get(&self, variable: usize) -> Option<&[u8]> {
        let (start, end) = (*self.spans.get(variable)?)?;
        self.bytes.get(start..end)
    }

    /// The path that a variable is bound to, unless it is known from the start. It can be decoded.
    pub(super) fn found(&self, variable: usize) -> Option<&[u8]> {
        let (start, end) = (*self.spans.get(variable)?)?;
        (start >= self.given).then(|| &self.bytes[start..end])
    }
}
