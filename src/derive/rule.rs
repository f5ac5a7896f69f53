//! One rule of a program.

use super::error::{Place, ProgramError};
use crate::term::walk::for_each;
use crate::term::{Leaf, Term, View, rename_apart};

/// A Horn rule: the head follows if all positive patterns match and no negative one does.
pub(super) struct Rule<T> {
    /// The atom that the rule was read from.
    pub(super) source: T,
    pub(super) head: T,
    pub(super) positive: Vec<T>,
    pub(super) negative: Vec<T>,
    /// An id above those of all variables.
    pub(super) fresh: u64,
}

impl<T: Term> Rule<T> {
    /// Reads the rule of this index.
    pub(super) fn new(source: T, index: usize) -> Result<Self, ProgramError> {
        let malformed = ProgramError::Malformed { rule: index };
        let View::Expression([arrow, body, head]) = source.view() else {
            return Err(malformed);
        };
        let View::Expression([comma, patterns @ ..]) = body.view() else {
            return Err(malformed);
        };
        if !is_symbol(arrow, "=>") || !is_symbol(comma, ",") {
            return Err(malformed);
        }
        let mut negated = Vec::new();
        let mut positive = Vec::new();
        for (place, pattern) in patterns.iter().enumerate() {
            match pattern.view() {
                View::Expression([not, inner]) if is_symbol(not, "not") => negated.push((Place::Body(place), inner)),
                _ => positive.push(pattern.clone()),
            }
        }
        let bound: Vec<(&str, u64)> = positive.iter().flat_map(variables).flatten().collect();
        let unbound = |place: Place, term| {
            // An anonymous variable of a negated pattern stands for any term, and one of the head has no value.
            let mut found = variables(term).filter(|variable| match variable {
                Some(variable) => !bound.contains(variable),
                None => place == Place::Head,
            });
            found.next().map(|variable| ProgramError::UnboundVariable {
                rule: index,
                place,
                name: variable.map_or("_", |(name, _)| name).into(),
            })
        };
        for (place, term) in negated.iter().copied().chain([(Place::Head, head)]) {
            if let Some(error) = unbound(place, term) {
                return Err(error);
            }
        }
        let greatest = bound.iter().map(|(_, id)| *id).max().unwrap_or(0);
        Ok(Self {
            head: head.clone(),
            negative: negated.into_iter().map(|(_, pattern)| pattern.clone()).collect(),
            positive,
            fresh: greatest.saturating_add(1),
            source,
        })
    }

    /// The place in the body of a negative pattern.
    pub(super) fn place_of_negative(&self, position: usize) -> Place {
        let View::Expression([_, body, _]) = self.source.view() else {
            return Place::Head;
        };
        let patterns = body.view().items().unwrap_or_default().iter().skip(1);
        let negated = patterns
            .enumerate()
            .filter(|(_, pattern)| matches!(pattern.view(), View::Expression([not, _]) if is_symbol(not, "not")));
        negated
            .map(|(place, _)| Place::Body(place))
            .nth(position)
            .unwrap_or(Place::Head)
    }

    /// A fact with its variables renamed apart from those of the rule.
    pub(super) fn renamed(&self, fact: &T) -> T {
        rename_apart(fact, &mut { self.fresh })
    }
}

fn is_symbol<T: Term>(term: &T, name: &str) -> bool {
    matches!(term.view(), View::Leaf(Leaf::Symbol(found)) if found == name)
}

/// The occurrences of variables in a term, an anonymous one as `None`.
fn variables<T: Term>(term: &T) -> impl Iterator<Item = Option<(&str, u64)>> {
    let mut found = Vec::new();
    for_each(term, |term| match term.view() {
        View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => items,
        View::Leaf(Leaf::Variable { name, id }) => {
            found.push(Some((name, id)));
            &[]
        }
        View::Leaf(Leaf::Anonymous) => {
            found.push(None);
            &[]
        }
        _ => &[],
    });
    found.into_iter()
}
