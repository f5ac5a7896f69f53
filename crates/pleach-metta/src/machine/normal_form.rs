//! Deciding whether atoms and items of values are in normal form.

use smallvec::SmallVec;

use crate::head::has_wildcards;
use crate::machine::Machine;
use crate::normal_form::{MIN_CACHED_SIZE, NormalItems, new_normal_stamp};
use crate::symbols::{is_empty_symbol, is_token, symbols};
use crate::traversal::Visited;
use crate::value::Value;
use pleach::Environment;
use pleach::term::{Atom, Expression};

impl Machine {
    /// Applies a change that may bind a name or change a state's type.
    pub(crate) fn write_definitions<R>(&mut self, change: impl FnOnce(&mut Environment) -> R) -> R {
        let before = self.epoch;
        let result = self.write(change);
        if self.epoch != before {
            self.normal_stamp = new_normal_stamp();
        }
        result
    }

    /// Returns whether an atom is in normal form. Visits the subexpressions that evaluation would, and none that is quoted.
    pub(crate) fn is_in_normal_form(&mut self, atom: &Atom) -> bool {
        let Atom::Expression(items) = atom else { return true };
        self.normal_forms.validate(self.normal_stamp);
        let reads = self.reads.get();
        let mut pending: SmallVec<[&[Atom]; 8]> = SmallVec::new();
        pending.push(items);
        let mut count = 0;
        let mut visited = Visited::default();
        while let Some(items) = pending.pop() {
            let Some(first) = items.first() else { continue };
            if let Some(has_read) = self.normal_forms.known.get(items) {
                if *has_read {
                    self.track_read();
                }
                continue;
            }
            count += 1;
            match first {
                Atom::Symbol(head) => {
                    if *head == symbols().empty || !self.head(*head, items.len() as u32 - 1).is_constructor() {
                        return false;
                    }
                }
                Atom::Variable(_) => return false,
                // An expression in normal form isn't callable.
                _ => {
                    if has_wildcards(self.home()) {
                        return false;
                    }
                }
            }
            for item in items {
                match item {
                    Atom::Expression(inner) if visited.is_new(inner) => pending.push(inner),
                    Atom::Symbol(name) if is_token(*name) && self.binding(*name).is_some() => return false,
                    item if is_empty_symbol(item) => return false,
                    _ => {}
                }
            }
        }
        // Expressions built around this one need not visit it again.
        if count >= MIN_CACHED_SIZE {
            self.normal_forms.known.insert(atom, reads != self.reads.get());
        }
        true
    }

    /// Returns which items of a value are in normal form: those that evaluation visits, if the value is.
    pub(crate) fn normal_items(&mut self, value: &Value) -> NormalItems {
        if value.normal != self.normal_stamp {
            return NormalItems { stamp: 0, head: None };
        }
        let head = match &value.atom {
            Atom::Expression(items) => match items.first() {
                Some(Atom::Symbol(head)) => Some(self.head(*head, items.len() as u32 - 1)),
                _ => None,
            },
            _ => None,
        };
        let head = head.filter(|info| !info.is_strict());
        NormalItems {
            stamp: self.normal_stamp,
            head,
        }
    }

    /// Makes an expression; `normal` tells whether its items are in normal form.
    pub(crate) fn tuple_of(&mut self, items: Expression, normal: bool) -> Value {
        let normal = normal
            && match items.first() {
                Some(Atom::Symbol(head)) => self.head(*head, items.len() as u32 - 1).is_constructor(),
                _ => !has_wildcards(self.home()),
            };
        Value::normal(Atom::Expression(items), if normal { self.normal_stamp } else { 0 })
    }
}
