//! Normal forms: which expressions evaluate to themselves, known without evaluating them.
//!
//! Normal forms depend on the rules and types of the home space, on bindings of names and on the types of states.
//! A *normal stamp* identifies one state of these; values carry the stamp by which they are known to be normal. Writing a
//! fact, or another number into a state, keeps the stamp.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::head::HeadInfo;
use crate::identity_map::IdentityMap;
use crate::symbols::{is_empty_symbol, is_token};
use crate::value::Value;
use pleach::term::{Atom, Expression};

/// Returns a stamp that is unique in this process.
pub(crate) fn new_normal_stamp() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: the number only has to be unique, it publishes nothing.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Expressions visited, from which on a normal form is cached.
pub(crate) const MIN_CACHED_SIZE: usize = 16;

/// A cache of large expressions in normal form, for one normal stamp. The value tells whether the check tracked a read.
#[derive(Default)]
pub(crate) struct NormalForms {
    pub(crate) known: IdentityMap<bool>,
    pub(crate) stamp: u64,
}

impl NormalForms {
    /// Clears the cache if it was filled under another stamp.
    pub(crate) fn validate(&mut self, stamp: u64) {
        if self.stamp != stamp {
            self.stamp = stamp;
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }

    /// Returns the cached atoms, to measure their memory.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.known.iter().map(|(atom, _)| atom)
    }
}

/// Which items of a value are in normal form.
pub(crate) struct NormalItems {
    /// The stamp by which evaluated items are normal; 0 if unknown.
    pub(crate) stamp: u64,
    /// The head, if it determines which items were evaluated.
    pub(crate) head: Option<Rc<HeadInfo>>,
}

impl NormalItems {
    /// Returns item `index` as a value.
    #[inline]
    pub(crate) fn item(&self, index: usize, item: &Atom) -> Value {
        let evaluated = self.head.as_ref().is_none_or(|head| head.has_evaluated(index, item));
        Value::normal(item.clone(), if evaluated { self.stamp } else { 0 })
    }

    /// Returns whether all of `items` from index `first` on are in normal form.
    pub(crate) fn all_from(&self, first: usize, items: &Expression) -> bool {
        let is_normal = |(index, item): (usize, &Atom)| match item {
            Atom::Expression(inner) if !inner.is_empty() => {
                self.stamp != 0 && self.head.as_ref().is_none_or(|head| head.has_evaluated(index, item))
            }
            leaf => is_normal_leaf(leaf),
        };
        // Without a head all items were evaluated: skip the loop.
        (self.stamp != 0 && self.head.is_none()) || items.iter().enumerate().skip(first).all(is_normal)
    }
}

/// Returns whether a value, as an item of an expression, is in normal form.
pub(crate) fn is_normal_item(value: &Value, stamp: u64) -> bool {
    match &value.atom {
        Atom::Expression(_) => value.is_normal(stamp),
        leaf => is_normal_leaf(leaf),
    }
}

fn is_normal_leaf(leaf: &Atom) -> bool {
    !matches!(leaf, Atom::Symbol(name) if is_token(*name)) && !is_empty_symbol(leaf)
}
