//! A check of the contract of [`Term`].

use std::ops::ControlFlow;
use std::slice;

use thiserror::Error;

use super::printer::LeafText;
use super::walk::{Visitor, walk};
use super::{Leaf, Tag, Term, View};

/// A requirement of [`Term`] that a term type breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContractError {
    /// `view` returned two different views of one term.
    #[error("`view` isn't the same each time, as of {0}")]
    UnstableView(String),
    /// `leaf` doesn't build this leaf, or builds a term with another view.
    #[error("`leaf` doesn't build the leaf {0}")]
    Leaf(String),
    /// `has_leaf` denies a leaf that `leaf` builds, or the other way round.
    #[error("`has_leaf` doesn't agree with `leaf` about {0}")]
    HasLeaf(String),
    /// `expression` builds a term with another view.
    #[error("`expression` doesn't build an expression of the same items")]
    Expression,
    /// `tagged` doesn't build the compound of this tag, or builds a term with another view.
    #[error("`tagged` doesn't build a compound of the tag {0} with the same number of items")]
    Tagged(String),
    /// `has_tag` denies a compound that `tagged` builds.
    #[error("`has_tag` doesn't have the tag {0}")]
    HasTag(String),
    /// The data of this tag is a variable or an opaque value.
    #[error("the data of the tag {0} is a variable or an opaque value")]
    TagData(String),
    /// `leaf` builds no symbols, so no rule and no annotation can be made. Reported only if all else holds: a language without
    /// rules and annotations may break this.
    #[error("`leaf` doesn't build the symbol {0}")]
    NoSymbols(String),
    /// `leaf` doesn't build a variable of another name or id, as queries need.
    #[error("`leaf` doesn't build the variable {0}")]
    Variable(String),
    /// `known_ground` is true of a term with a variable.
    #[error("`known_ground` is true of a term with the variable {0}")]
    KnownGround(String),
    /// `as_symbol` doesn't agree with `view`.
    #[error("`as_symbol` doesn't return the symbol {0}")]
    AsSymbol(String),
}

/// Checks what [`Term`] requires of a term type, by this term and its subterms: that its views are stable and can be built
/// again, that there are symbols for rules, and variables of other names and ids if there are any. For tests of hosts, with a
/// term of each variant.
///
/// Cost: O(size), in calls of each method.
///
/// # Errors
/// The first requirement that is broken.
///
/// ```
/// use pleach::Atom;
/// use pleach::term::check_contract;
///
/// let atom: Atom = "(f $x 1 2.5 \"text\" (g))".parse()?;
/// assert_eq!(check_contract(&atom), Ok(()));
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
pub fn check_contract<T: Term>(term: &T) -> Result<(), ContractError> {
    if let ControlFlow::Break(error) = walk(slice::from_ref(term).iter(), false, &mut Check) {
        return Err(error);
    }
    for name in ["=", ":"] {
        if !builds::<T>(&Leaf::Symbol(name)) {
            return Err(ContractError::NoSymbols(name.into()));
        }
    }
    Ok(())
}

/// Checks terms. A level is whether it is in a term that is known to be ground.
struct Check;

impl<'a, T: Term> Visitor<slice::Iter<'a, T>> for Check {
    type Level = bool;
    type Break = ContractError;

    fn enter(
        &mut self,
        term: &'a T,
        in_ground: &mut bool,
    ) -> ControlFlow<ContractError, Option<(slice::Iter<'a, T>, bool)>> {
        let items = match check_level(term) {
            Ok(items) => items,
            Err(error) => return ControlFlow::Break(error),
        };
        let is_ground = *in_ground || term.known_ground();
        match term.view() {
            View::Leaf(leaf) if is_ground && leaf.is_variable() => {
                ControlFlow::Break(ContractError::KnownGround(LeafText(&leaf).to_string()))
            }
            _ => ControlFlow::Continue(Some((items.iter(), is_ground))),
        }
    }

    fn leave(&mut self, _: bool, _: &mut bool) -> ControlFlow<ContractError> {
        ControlFlow::Continue(())
    }
}

/// Checks one level of a term, and returns the items below.
fn check_level<T: Term>(term: &T) -> Result<&[T], ContractError> {
    if !is_same(&term.view(), &term.view()) {
        return Err(ContractError::UnstableView(text(&term.view())));
    }
    match term.view() {
        View::Leaf(leaf) => {
            check_leaf::<T>(&leaf)?;
            let symbol = match &leaf {
                Leaf::Symbol(name) => Some(*name),
                _ => None,
            };
            if term.as_symbol().as_ref().map(|symbol| symbol.as_str()) != symbol {
                return Err(ContractError::AsSymbol(text(&term.view())));
            }
            Ok(&[])
        }
        View::Expression(items) => {
            let is_kept = is_same(&T::expression(items.to_vec()).view(), &term.view());
            // Queries and decoding build expressions of any items.
            let is_any_kept = is_same(&T::expression(Vec::new()).view(), &View::Expression(&[]));
            if !is_kept || !is_any_kept {
                return Err(ContractError::Expression);
            }
            Ok(items)
        }
        View::Tagged(tag, items) => {
            if let Some(Leaf::Variable { .. } | Leaf::Anonymous | Leaf::Opaque(_)) = &tag.data {
                return Err(ContractError::TagData(tag.name.into()));
            }
            let again = T::tagged(tag.clone(), items.to_vec());
            // Substitutions replace items by others.
            let others = items.iter().map(|_| T::expression(Vec::new())).collect();
            let is_kept = again.is_some_and(|again| is_same(&again.view(), &term.view()));
            if !is_kept || !T::tagged(tag.clone(), others).is_some_and(|other| has_tag(&other, &tag, items.len())) {
                return Err(ContractError::Tagged(tag.name.into()));
            }
            if !T::has_tag(tag.clone(), items.len()) {
                return Err(ContractError::HasTag(tag.name.into()));
            }
            Ok(items)
        }
    }
}

fn check_leaf<T: Term>(leaf: &Leaf<'_>) -> Result<(), ContractError> {
    if let Leaf::Opaque(_) = leaf {
        return Ok(());
    }
    if !builds::<T>(leaf) {
        return Err(ContractError::Leaf(LeafText(leaf).to_string()));
    }
    if !T::has_leaf(leaf.clone()) {
        return Err(ContractError::HasLeaf(LeafText(leaf).to_string()));
    }
    if leaf.is_variable() {
        let name = match *leaf {
            Leaf::Variable { name, .. } => name,
            _ => "_",
        };
        let names = [("0", 0), (name, 1), (name, u64::from(u32::MAX)), ("17", 1)];
        for (name, id) in names {
            let other = Leaf::Variable { name, id };
            if !builds::<T>(&other) || !T::has_leaf(other.clone()) {
                return Err(ContractError::Variable(LeafText(&other).to_string()));
            }
        }
    }
    Ok(())
}

fn builds<T: Term>(leaf: &Leaf<'_>) -> bool {
    T::leaf(leaf.clone()).is_some_and(|term| matches!(term.view(), View::Leaf(built) if built == *leaf))
}

fn has_tag<T: Term>(term: &T, tag: &Tag<'_>, items: usize) -> bool {
    matches!(term.view(), View::Tagged(found, found_items) if found == *tag && found_items.len() == items)
}

/// Whether two views of the same term, or of one that was built from it, have the same leaf or constructor, and as many items.
fn is_same<T: Term>(a: &View<'_, T>, b: &View<'_, T>) -> bool {
    match (a, b) {
        (View::Leaf(a), View::Leaf(b)) => a == b,
        (View::Expression(a), View::Expression(b)) => a.len() == b.len(),
        (View::Tagged(tag, a), View::Tagged(other, b)) => tag == other && a.len() == b.len(),
        _ => false,
    }
}

fn text<T>(view: &View<'_, T>) -> String {
    match view {
        View::Leaf(leaf) => LeafText(leaf).to_string(),
        View::Expression(_) => "an expression".into(),
        View::Tagged(tag, _) => tag.name.into(),
    }
}

/// Panics because a term type breaks its contract.
#[cold]
#[inline(never)]
#[allow(clippy::panic, reason = "the fault is the term type's, not an internal one")]
pub(crate) fn broken(how: &str) -> ! {
    panic!("the term type breaks the contract of `Term`: {how}")
}
