//! Patterns that are prepared for matching, and what their answers are decoded with.

use std::ops::ControlFlow;
use std::slice;
use std::sync::{Arc, OnceLock};

use super::shape::Shape;
use super::template::Template;
use crate::env::error::UnboundVariable;
use crate::env::space::decode_ground;
use crate::term::path::{Extent, with_encoder};
use crate::term::walk::try_for_each;
use crate::term::{Bindings, Leaf, Term, View, contract, name_anonymous, unify};

/// A pattern, shared by a query and its answers.
#[derive(Debug)]
pub(super) struct Pattern<T: Term> {
    /// With bindings from the start substituted, and anonymous variables named.
    pub(super) term: T,
    /// The pattern as it was given, if that is another one.
    given: Option<T>,
    pub(super) shape: Arc<Shape>,
    pub(super) scope: Scope<T>,
    /// Made by the first answer whose atom is built.
    template: OnceLock<Template<T>>,
}

impl<T: Term> Pattern<T> {
    /// Prepares a pattern. Returns it with the least id above those of its variables, at least `fresh`. O(size).
    pub(super) fn new(mut term: T, start: Bindings<T>, fresh: u64) -> (Self, u64) {
        let shape = Shape::new(with_encoder(|encoder| encoder.encode(&term).bytes.to_vec()));
        let (mut scope, fresh) = Scope::new(slice::from_mut(&mut term), &shape, start, fresh);
        let given = scope.given.take().and_then(|given| given.into_iter().next());
        let pattern = Self {
            term,
            given,
            shape: Arc::new(shape),
            scope,
            template: OnceLock::new(),
        };
        (pattern, fresh)
    }

    /// Prepares the pattern as it was given for other bindings, which must not bind the names of its anonymous variables.
    pub(super) fn restarted(&self, start: &Bindings<T>, fresh: u64) -> (Self, u64) {
        let given = self.given.as_ref().unwrap_or(&self.term);
        let (pattern, fresh) = Self::new(start.resolve(given), start.clone(), fresh);
        let given = Some(given.clone());
        (Self { given, ..pattern }, fresh)
    }

    /// Prepares the pattern again if it has anonymous variables, whose ids are then at least `fresh`.
    pub(super) fn renamed(&self, fresh: u64) -> Option<(Self, u64)> {
        self.given.as_ref()?;
        Some(self.restarted(&self.scope.start, fresh))
    }

    /// Whether no variable occurs twice.
    pub(super) fn is_linear(&self) -> bool {
        let occurrences = self.shape.tokens().iter().filter(|token| token.variable.is_some());
        occurrences.count() == self.shape.variables()
    }

    /// Builds the atom with this ground path, which matches for certain, with the pattern's own ground subterms.
    pub(super) fn atom(&self, path: &[u8]) -> T {
        self.template
            .get_or_init(|| Template::new(&self.term, &self.shape))
            .build(path)
    }

    /// The bindings with which an atom with this ground path, which matches for certain, does so.
    pub(super) fn bindings(&self, path: &[u8]) -> Bindings<T> {
        let parts = Parts::new(&self.shape, path);
        self.scope
            .bind(parts.map(|(variable, part)| (variable, decode_ground(part).0)))
    }
}

/// The variables of patterns, in the order in which their path numbers them, and the bindings that answers extend.
#[derive(Debug)]
pub(super) struct Scope<T> {
    pub(super) variables: Vec<T>,
    pub(super) start: Bindings<T>,
    /// The patterns as they were given, if they had anonymous variables.
    pub(super) given: Option<Vec<T>>,
}

impl<T: Term> Scope<T> {
    /// The variables of these patterns, whose paths are in `shape`, and an id that is greater than theirs and at least `fresh`.
    /// O(size), or O(1) if there are none.
    ///
    /// Names the anonymous variables, with ids from there on: neither the patterns nor `start` have such names.
    ///
    /// # Panics
    /// If the term type breaks its contract: it has anonymous variables, but none of the name `_` with other ids.
    pub(super) fn new(patterns: &mut [T], shape: &Shape, start: Bindings<T>, fresh: u64) -> (Self, u64) {
        let mut given = None;
        loop {
            let (variables, greatest, is_anonymous) = Self::variables(patterns, shape);
            let mut fresh = greatest.saturating_add(1).max(start.fresh()).max(fresh);
            if !is_anonymous {
                let scope = Self {
                    variables,
                    start,
                    given,
                };
                return (scope, fresh);
            }
            if given.is_some() {
                contract::broken("`Term::leaf` doesn't build the variable `_` with an id");
            }
            given = Some(patterns.to_vec());
            patterns
                .iter_mut()
                .for_each(|pattern| *pattern = name_anonymous(pattern, &mut fresh));
        }
    }

    /// The variables of these patterns, their greatest id, and whether one is anonymous.
    fn variables(patterns: &[T], shape: &Shape) -> (Vec<T>, u64, bool) {
        let mut variables = Vec::with_capacity(shape.variables());
        let mut greatest = 0;
        // The patterns' leaves that are variables, and the path's, come in the same order.
        let mut numbers = shape.tokens().iter().filter_map(|token| token.variable);
        let mut is_anonymous = false;
        for pattern in patterns {
            // Breaks once all are found.
            let walk = try_for_each(pattern, |term| {
                if variables.len() == shape.variables() {
                    return ControlFlow::Break(());
                }
                match term.view() {
                    View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => {
                        return ControlFlow::Continue(items);
                    }
                    View::Leaf(leaf) if leaf.is_variable() && numbers.next() == Some(variables.len()) => {
                        variables.push(term.clone());
                        match leaf {
                            Leaf::Variable { id, .. } => greatest = greatest.max(id),
                            _ => is_anonymous = true,
                        }
                    }
                    _ => {}
                }
                ControlFlow::Continue(&[])
            });
            if walk.is_break() {
                break;
            }
        }
        (variables, greatest, is_anonymous)
    }

    /// Binds these variables, by their numbers, to ground terms.
    pub(super) fn bind(&self, values: impl Iterator<Item = (usize, T)>) -> Bindings<T> {
        let is_new = self.start.has_no_variables();
        let mut bindings = if is_new {
            Bindings::with_capacity(self.variables.len())
        } else {
            self.start.clone()
        };
        for (number, value) in values {
            if let Some(variable) = self.variables.get(number) {
                if is_new {
                    bindings.bind_ground(variable, value);
                } else {
                    unify(variable, &value, &mut bindings);
                }
            }
        }
        bindings
    }

    /// Returns the number of this variable, if it is one of the patterns'.
    pub(super) fn number(&self, variable: &T) -> Option<usize> {
        let View::Leaf(leaf @ Leaf::Variable { .. }) = variable.view() else {
            return None;
        };
        self.variables
            .iter()
            .position(|known| matches!(known.view(), View::Leaf(known) if known == leaf))
    }

    /// An error if `template` has a variable that answers don't bind. O(size · variables).
    pub(super) fn check(&self, template: &T) -> Result<(), UnboundVariable> {
        let unbound = try_for_each(template, |term| {
            match term.view() {
                View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => {
                    return ControlFlow::Continue(items);
                }
                View::Leaf(Leaf::Variable { name, .. })
                    if self.number(term).is_none() && self.start.get(term).is_none() =>
                {
                    return ControlFlow::Break(UnboundVariable { name: name.into() });
                }
                _ => {}
            }
            ControlFlow::Continue(&[])
        });
        unbound.break_value().map_or(Ok(()), Err)
    }
}

/// The parts of a path that the variables of a pattern stand for, each at its first occurrence.
pub(super) struct Parts<'s, 'p> {
    shape: &'s Shape,
    path: &'p [u8],
    token: usize,
    start: usize,
    seen: usize,
}

impl<'s, 'p> Parts<'s, 'p> {
    /// The parts of a path that agrees with the pattern wherever that has no variable.
    pub(super) fn new(shape: &'s Shape, path: &'p [u8]) -> Self {
        Parts {
            shape,
            path,
            token: 0,
            start: 0,
            seen: 0,
        }
    }

    /// The number of the next variable, whether it is its first occurrence, and the bounds of its part.
    pub(super) fn next_occurrence(&mut self) -> Option<(usize, bool, usize, usize)> {
        loop {
            let token = self.shape.token(self.token)?;
            self.token += 1;
            let start = self.start;
            let Some(number) = token.variable else {
                self.start += self.shape.bytes(token).len();
                continue;
            };
            self.start += Extent::of_atom(self.path.get(start..)?)?.0;
            let first = number == self.seen;
            self.seen += usize::from(first);
            return Some((number, first, start, self.start));
        }
    }
}

impl<'p> Iterator for Parts<'_, 'p> {
    type Item = (usize, &'p [u8]);

    fn next(&mut self) -> Option<(usize, &'p [u8])> {
        loop {
            let (number, first, start, end) = self.next_occurrence()?;
            if first {
                return Some((number, self.path.get(start..end)?));
            }
        }
    }
}
