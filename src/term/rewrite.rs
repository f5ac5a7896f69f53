//! Replacing the variables of a term, sharing what doesn't change.

use std::slice;

use super::address::{AddressMap, address};
use super::small_map::SmallMap;
use super::{Leaf, Term, View};

/// What becomes of a variable.
pub(super) enum Change<'a, T> {
    /// It stays.
    Keep,
    /// This takes its place as it is.
    Put(T),
    /// The rewriting of `term` takes its place, which is made once for each `key`.
    Expand { key: u32, term: &'a T },
}

/// From this many expressions on, those met are remembered by address, so that one that is shared is rewritten once. In
/// smaller terms that would cost more than it saves.
const MANY: usize = 256;

/// An expression that is being rewritten, or a term that takes a variable's place.
struct Frame<'a, T> {
    origin: Origin<'a, T>,
    items: &'a [T],
    /// How many items are done.
    done: usize,
    /// The items so far, from the first that changed on.
    built: Option<Vec<T>>,
}

enum Origin<'a, T> {
    /// An expression, and whether to remember its outcome.
    Expression { remember: bool },
    /// What takes the place of a variable, by key.
    Expansion(u32, &'a T),
}

impl<'a, T: Term> Frame<'a, T> {
    /// Takes the outcome for the next item: `None` if it stays.
    fn accept(&mut self, outcome: Option<T>) {
        match (&mut self.built, outcome) {
            (None, None) => {}
            (Some(built), None) => built.extend(self.items.get(self.done).cloned()),
            (Some(built), Some(new)) => built.push(new),
            (none, Some(new)) => {
                let mut built = Vec::with_capacity(self.items.len());
                built.extend(self.items.iter().take(self.done).cloned());
                built.push(new);
                *none = Some(built);
            }
        }
        self.done += 1;
    }
}

/// `term` with its variables replaced as `variable` says, which is asked at each occurrence; the term itself if nothing
/// changes. Subterms without change are shared with `term`.
///
/// Cost: O(distinct expressions), up to a constant, where those are the same that have the same address; and each `key`
/// is expanded once. `Expand`s must not form a cycle.
pub(super) fn rewrite<'a, T: Term>(term: &'a T, mut variable: impl FnMut(&'a str, u64) -> Change<'a, T>) -> T {
    let mut expanded: SmallMap<u32, T> = SmallMap::new();
    let mut met = 0;
    let mut remembered: AddressMap<Option<T>> = AddressMap::default();
    let mut frames: Vec<Frame<'a, T>> = Vec::new();
    let mut next = term;
    loop {
        // Look at `next`: either descend into it, or have the outcome at once.
        let mut outcome = None;
        let frame = match next.view() {
            View::Expression(items) if !items.is_empty() && !next.known_ground() => {
                met += 1;
                match remembered.get(&address(items)) {
                    Some(known) => {
                        outcome = known.clone();
                        None
                    }
                    None => Some((Origin::Expression { remember: met > MANY }, items)),
                }
            }
            View::Leaf(Leaf::Variable { name, id }) => match variable(name, id) {
                Change::Keep => None,
                Change::Put(term) => {
                    outcome = Some(term);
                    None
                }
                Change::Expand { key, term } => match expanded.get(key) {
                    Some(known) => {
                        outcome = Some(known.clone());
                        None
                    }
                    None => Some((Origin::Expansion(key, term), slice::from_ref(term))),
                },
            },
            _ => None,
        };
        match frame {
            Some((origin, items)) => frames.push(Frame {
                origin,
                items,
                done: 0,
                built: None,
            }),
            None => match frames.last_mut() {
                Some(top) => top.accept(outcome),
                None => return outcome.unwrap_or_else(|| term.clone()),
            },
        }
        // Close all that is complete, and find the next term to look at.
        loop {
            let Some(top) = frames.last() else { return term.clone() };
            if let Some(item) = top.items.get(top.done) {
                next = item;
                break;
            }
            let Some(Frame {
                origin, items, built, ..
            }) = frames.pop()
            else {
                return term.clone();
            };
            let outcome = match origin {
                Origin::Expression { remember } => {
                    let outcome = built.map(T::expression);
                    if remember {
                        remembered.insert(address(items), outcome.clone());
                    }
                    outcome
                }
                Origin::Expansion(key, whole) => {
                    let value = built.and_then(|mut built| built.pop()).unwrap_or_else(|| whole.clone());
                    expanded.insert(key, value.clone());
                    Some(value)
                }
            };
            match frames.last_mut() {
                Some(top) => top.accept(outcome),
                None => return outcome.unwrap_or_else(|| term.clone()),
            }
        }
    }
}
