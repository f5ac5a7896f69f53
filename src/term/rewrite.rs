//! Replacing subterms, with sharing of what doesn't change.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::slice;

use super::by_address::CompoundMap;
use super::small_map::SmallMap;
use super::walk::{Visitor, walk};
use super::{View, contract};

/// The replacement of a term in [`rewrite`].
#[derive(Clone, Debug)]
pub enum Rewrite<'a, T> {
    /// The term itself, with all that is in it.
    Keep,
    /// Another term, which isn't rewritten.
    Replace(T),
    /// The expression, or the compound of the same tag, of the rewritten items. These must be the items of the term.
    Items(&'a [T]),
    /// The rewriting of another term, made once for each `key`: a value in a substitution whose values have variables
    /// of their own. Expansions must not form a cycle.
    Expand {
        /// Number that stands for `term` in this rewriting.
        key: u32,
        /// The term that is rewritten in place of the one that was visited.
        term: &'a T,
    },
}

/// Number of expressions from which on the rewriting of each is kept by address, so that a shared one is rewritten
/// once. In smaller terms that costs more than it saves.
const UNTRACKED_EXPRESSIONS: usize = 256;

/// Returns `term` with its subterms replaced as `replace` says, which is called for each, an expression before its
/// items.
///
/// Unchanged parts are shared with `term`. `replace` must return the same for equal terms: an expression that is
/// shared may be rewritten once for all its occurrences.
///
/// Cost: O(distinct expressions that are visited), up to a constant, where those at the same address are the same.
///
/// ```
/// use pleach::term::{Atom, Rewrite, rewrite};
///
/// let atom: Atom = "(+ $x (* 2 $x))".parse()?;
/// let replaced = rewrite(&atom, |term| match term {
///     Atom::Variable(_) => Rewrite::Replace(Atom::from(7)),
///     Atom::Expression(items) => Rewrite::Items(items),
///     _ => Rewrite::Keep,
/// });
/// assert_eq!(replaced.to_string(), "(+ 7 (* 2 7))");
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
pub fn rewrite<'a, T: super::Term>(term: &'a T, replace: impl FnMut(&'a T) -> Rewrite<'a, T>) -> T {
    run(term, replace, false)
}

/// As [`rewrite`], with each occurrence of a shared compound that changes rewritten anew.
pub(super) fn rewrite_each<'a, T: super::Term>(term: &'a T, replace: impl FnMut(&'a T) -> Rewrite<'a, T>) -> T {
    run(term, replace, true)
}

#[inline]
fn run<'a, T: super::Term>(term: &'a T, replace: impl FnMut(&'a T) -> Rewrite<'a, T>, each: bool) -> T {
    let mut rewriter: Rewriter<'a, T, _> = Rewriter {
        each,
        replace,
        expansions: SmallMap::new(),
        expressions: 0,
        known: CompoundMap::default(),
    };
    let whole = Level::Term { key: None, new: None };
    let ControlFlow::Continue(whole) = walk(slice::from_ref(term).iter(), whole, &mut rewriter);
    match whole {
        Level::Term { new: Some(new), .. } => new,
        _ => term.clone(),
    }
}

/// Builds the compound of other items with the constructor of `like`.
///
/// # Panics
/// If the term type breaks its contract: `Term::tagged` can't build a compound that `Term::view` returned.
pub(crate) fn rebuild<T: super::Term>(like: &T, items: Vec<T>) -> T {
    match like.view() {
        View::Tagged(tag, _) => match T::tagged(tag, items) {
            Some(term) => term,
            None => contract::broken("`Term::tagged` can't build a compound that `Term::view` returned"),
        },
        _ => T::expression(items),
    }
}

struct Rewriter<'a, T, F> {
    /// Whether those that change are rewritten at each occurrence.
    each: bool,
    replace: F,
    expansions: SmallMap<u32, T>,
    /// Number of expressions entered.
    expressions: usize,
    /// The rewriting of each compound entered after the first `UNTRACKED_EXPRESSIONS`; `None` if it stays.
    known: CompoundMap<T, &'a T, Option<T>>,
}

enum Level<'a, T> {
    /// A single term: the outermost one, or an expansion.
    Term { key: Option<(u32, &'a T)>, new: Option<T> },
    Expression {
        term: &'a T,
        items: &'a [T],
        tracked: bool,
        /// Number of items that are done.
        done: usize,
        /// The new items so far, once one has changed.
        changed: Option<Vec<T>>,
    },
}

impl<T: Clone> Level<'_, T> {
    /// Takes the rewriting of the next item: `None` if it stays.
    #[inline]
    fn accept(&mut self, outcome: Option<T>) {
        match self {
            Level::Term { new, .. } => *new = outcome,
            Level::Expression {
                items, done, changed, ..
            } => {
                match (&mut *changed, outcome) {
                    (None, None) => {}
                    (Some(changed), None) => changed.extend(items.get(*done).cloned()),
                    (Some(changed), Some(new)) => changed.push(new),
                    (none, Some(new)) => {
                        let mut changed = Vec::with_capacity(items.len());
                        changed.extend(items.iter().take(*done).cloned());
                        changed.push(new);
                        *none = Some(changed);
                    }
                }
                *done += 1;
            }
        }
    }
}

impl<'a, T: super::Term, F: FnMut(&'a T) -> Rewrite<'a, T>> Visitor<slice::Iter<'a, T>> for Rewriter<'a, T, F> {
    type Level = Level<'a, T>;
    type Break = Infallible;

    #[inline]
    fn enter(
        &mut self,
        term: &'a T,
        outer: &mut Level<'a, T>,
    ) -> ControlFlow<Infallible, Option<(slice::Iter<'a, T>, Level<'a, T>)>> {
        let outcome = match (self.replace)(term) {
            Rewrite::Items(items) if !items.is_empty() => {
                self.expressions += 1;
                let tracked = self.expressions > UNTRACKED_EXPRESSIONS;
                match tracked.then(|| self.known.get(term)).flatten() {
                    Some(known) => known.clone(),
                    None => {
                        let level = Level::Expression {
                            term,
                            items,
                            tracked,
                            done: 0,
                            changed: None,
                        };
                        return ControlFlow::Continue(Some((items.iter(), level)));
                    }
                }
            }
            Rewrite::Keep | Rewrite::Items(_) => None,
            Rewrite::Replace(new) => Some(new),
            Rewrite::Expand { key, term } => match self.expansions.get(key) {
                Some(known) => Some(known.clone()),
                None => {
                    let level = Level::Term {
                        key: Some((key, term)),
                        new: None,
                    };
                    return ControlFlow::Continue(Some((slice::from_ref(term).iter(), level)));
                }
            },
        };
        outer.accept(outcome);
        ControlFlow::Continue(None)
    }

    #[inline]
    fn leave(&mut self, level: Level<'a, T>, outer: &mut Level<'a, T>) -> ControlFlow<Infallible> {
        let outcome = match level {
            Level::Expression {
                term, tracked, changed, ..
            } => {
                let outcome = changed.map(|items| rebuild(term, items));
                if tracked && !(self.each && outcome.is_some()) {
                    self.known.insert(term, outcome.clone());
                }
                outcome
            }
            Level::Term {
                key: Some((key, term)),
                new,
            } => {
                let value = new.unwrap_or_else(|| term.clone());
                self.expansions.insert(key, value.clone());
                Some(value)
            }
            Level::Term { key: None, new } => new,
        };
        outer.accept(outcome);
        ControlFlow::Continue(())
    }
}
