//! What is known of the parts of a value, and of a value made of parts: nothing is evaluated again that can't have changed.

use std::rc::Rc;

use super::head::{HeadInfo, has_wildcards};
use super::machine::{Machine, is_empty_symbol, is_token};
use super::value::Value;
use pleach::term::Atom;

/// What is known of the parts of a value.
pub(super) struct Parts {
    /// The meaning by which the parts that were evaluated are normal, 0 if nothing is known.
    normal: u64,
    /// The head, if it says which were.
    head: Option<Rc<HeadInfo>>,
}

impl Parts {
    /// Item `index`, with what is known of it.
    #[inline]
    pub(super) fn part(&self, index: usize, item: &Atom) -> Value {
        let evaluated = self.head.as_ref().is_none_or(|head| head.has_evaluated(index, item));
        Value::normal(item.clone(), if evaluated { self.normal } else { 0 })
    }

    /// Do all these items, from `first` on, evaluate to themselves?
    pub(super) fn all(&self, first: usize, items: &[Atom]) -> bool {
        let known = |(index, item): (usize, &Atom)| match item {
            Atom::Expression(inner) if !inner.is_empty() => {
                self.normal != 0
                    && self
                        .head
                        .as_ref()
                        .is_none_or(|head| head.has_evaluated(first + index, item))
            }
            leaf => is_settled_leaf(leaf),
        };
        // Where all are, this is not asked of each.
        (self.normal != 0 && self.head.is_none()) || items.iter().enumerate().all(known)
    }
}

/// Does a value evaluate to itself as a part of an expression?
pub(super) fn is_settled(value: &Value, meaning: u64) -> bool {
    match &value.atom {
        Atom::Expression(_) => value.is_normal(meaning),
        leaf => is_settled_leaf(leaf),
    }
}

/// It may be no name, nor a symbol that is no result.
fn is_settled_leaf(leaf: &Atom) -> bool {
    !matches!(leaf, Atom::Symbol(name) if is_token(*name)) && !is_empty_symbol(leaf)
}

impl Machine {
    /// What is known of the parts of a value: those of a normal expression are normal if evaluation looks at them.
    pub(super) fn parts_of(&mut self, value: &Value) -> Parts {
        if value.normal != self.meaning {
            return Parts { normal: 0, head: None };
        }
        match value.atom.as_expression() {
            Some([Atom::Symbol(head), arguments @ ..]) => {
                let info = self.head(*head, arguments.len() as u32);
                Parts {
                    normal: self.meaning,
                    head: (!info.is_strict()).then_some(info),
                }
            }
            _ => Parts {
                normal: self.meaning,
                head: None,
            },
        }
    }

    /// The expression of these items. `known` says that each evaluates to itself.
    pub(super) fn tuple_of(&mut self, items: Vec<Atom>, known: bool) -> Value {
        let normal = known
            && match items.first() {
                Some(Atom::Symbol(head)) => self.head(*head, items.len() as u32 - 1).is_inert(),
                _ => !has_wildcards(self.home()),
            };
        Value::normal(Atom::Expression(items.into()), if normal { self.meaning } else { 0 })
    }
}
