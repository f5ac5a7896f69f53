//! The measurement of memory that terms and activations hold.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::code::Activation;
use crate::subst::Subst;
use crate::value::{Answer, Value};
use pleach::term::{Allocation, Atom, Expression};

/// The reference count, length and header of an expression.
const HEADER: usize = 24;
/// A list that shares items with another one.
const LIST: usize = 80;

/// The measured bytes and cells. Shared ones count once.
#[derive(Default)]
pub(crate) struct HeapSize {
    bytes: usize,
    cells: u64,
    seen: HashSet<usize>,
}

impl HeapSize {
    pub(crate) fn bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.cells += 1;
    }

    /// Returns the bytes.
    pub(crate) fn total(&self) -> usize {
        self.bytes
    }

    /// Returns the number of cells.
    pub(crate) fn cells(&self) -> u64 {
        self.cells
    }

    pub(crate) fn atom(&mut self, atom: &Atom) {
        let mut pending = Vec::new();
        self.item(atom, &mut pending);
        while let Some(list) = pending.pop() {
            match list.allocation() {
                Allocation::Suffix(whole) => {
                    self.bytes(LIST);
                    self.list(whole, &mut pending);
                }
                Allocation::Cons(first, rest, items) => {
                    self.bytes(LIST + items.map_or(0, |items| HEADER + size_of_val(items)));
                    self.item(first, &mut pending);
                    self.list(rest, &mut pending);
                }
                Allocation::Items(items) => {
                    self.bytes(HEADER + size_of_val(items));
                    items.iter().for_each(|item| self.item(item, &mut pending));
                }
                _ => {}
            }
        }
    }

    fn item<'a>(&mut self, atom: &'a Atom, pending: &mut Vec<&'a Expression>) {
        match atom {
            Atom::Expression(items) => self.list(items, pending),
            Atom::String(text) if self.is_new(text.as_ptr()) => self.bytes(HEADER + text.len()),
            _ => {}
        }
    }

    fn list<'a>(&mut self, list: &'a Expression, pending: &mut Vec<&'a Expression>) {
        // One with a single reference is reached once.
        if !list.is_empty() && (!list.is_shared() || self.is_new(list.address() as *const Atom)) {
            pending.push(list);
        }
    }

    pub(crate) fn value(&mut self, value: &Value) {
        self.bytes(size_of::<Value>());
        self.atom(&value.atom);
    }

    pub(crate) fn answer(&mut self, answer: &Answer) {
        self.bytes(size_of::<Answer>());
        self.atom(&answer.value.atom);
        self.subst(&answer.subst);
    }

    pub(crate) fn subst(&mut self, subst: &Subst) {
        let bindings = subst.bindings();
        if !bindings.is_empty() && self.is_new(bindings.as_ptr()) {
            self.bytes(size_of_val(bindings) + 2 * size_of::<usize>());
            subst.iter().for_each(|(_, atom)| self.atom(atom));
        }
    }

    pub(crate) fn activation(&mut self, act: &Rc<Activation>) {
        if Rc::strong_count(act) > 1 && !self.is_new(Rc::as_ptr(act)) {
            return;
        }
        self.bytes(size_of::<Activation>() + 2 * size_of::<usize>());
        if Rc::strong_count(&act.block) == 1 && Arc::strong_count(&act.block) == 1 {
            // Compiled for this evaluation alone.
            self.bytes(act.block.bytes());
        }
        if act.values.spilled() {
            self.bytes(act.values.len() * size_of::<Value>());
        }
        act.values.iter().for_each(|value| self.atom(&value.atom));
    }

    fn is_new<T>(&mut self, address: *const T) -> bool {
        self.seen.insert(address as usize)
    }
}
