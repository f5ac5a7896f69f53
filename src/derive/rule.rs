//! One rule of a program.

use super::error::ProgramError;
use crate::term::walk::for_each;
use crate::term::{Leaf, Term, View, rename_apart};

/// A Horn rule: the head follows if all positive patterns match and no negative one does.
pub(super) struct Rule<T> {
    /// The atom that the rule was read from.
    pub(super) source: T,
    pub(super) head: T,
    pub(super) positive: Vec<T>,
    pub(super) negative: Vec<T>,
    /// Whether a negative pattern has a variable that no positive one has. It stands for any term.
    pub(super) is_open: bool,
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
        let (mut positive, mut negated) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match pattern.view() {
                View::Expression([not, inner]) if is_symbol(not, "not") => negated.push(inner.clone()),
                _ => positive.push(pattern.clone()),
            }
        }
        let bound: Vec<(&str, u64)> = positive.iter().flat_map(variables).flatten().collect();
        let is_bound = |variable: &Option<(&str, u64)>| variable.is_some_and(|variable| bound.contains(&variable));
        if let Some(unbound) = variables(head).find(|variable| !is_bound(variable)) {
            return Err(ProgramError::UnboundVariable {
                rule: index,
                name: unbound.map_or("_", |(name, _)| name).into(),
            });
        }
        let in_negated: Vec<_> = negated.iter().flat_map(variables).collect();
        let is_open = in_negated.iter().any(|variable| !is_bound(variable));
        let ids = bound
            .iter()
            .copied()
            .chain(in_negated.iter().copied().flatten())
            .map(|(_, id)| id);
        let fresh = ids.max().unwrap_or(0).saturating_add(1);
        Ok(Self {
            head: head.clone(),
            positive,
            negative: negated,
            is_open,
            fresh,
            source,
        })
    }

    /// The index in the body of a negative pattern.
    pub(super) fn index_of_negative(&self, position: usize) -> usize {
        let View::Expression([_, body, _]) = self.source.view() else {
            return position;
        };
        let patterns = body.view().items().unwrap_or_default().iter().skip(1);
        let negated = patterns
            .enumerate()
            .filter(|(_, pattern)| matches!(pattern.view(), View::Expression([not, _]) if is_symbol(not, "not")));
        negated.map(|(index, _)| index).nth(position).unwrap_or(position)
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
fn variables<T: Term>(term: &T) -> std::vec::IntoIter<Option<(&str, u64)>> {
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
