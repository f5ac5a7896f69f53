//! Expressions that evaluate to themselves, as is seen without evaluating them.

use std::ops::ControlFlow;

use super::address::ByAddress;
use super::head::has_wildcards;
use super::machine::{Machine, is_empty_symbol, is_token};
use super::names;
use super::value::Visited;
use pleach::term::Atom;
use pleach::term::walk::try_for_each;

/// An expression of so many is large.
const LARGE: usize = 16;

/// Large expressions that are known to evaluate to themselves, by one meaning.
#[derive(Default)]
pub(super) struct Inert {
    /// Was more looked at for that than definitions?
    known: ByAddress<bool>,
    meaning: u64,
}

impl Inert {
    /// Forgets what was known by another meaning.
    fn enter(&mut self, meaning: u64) {
        if self.meaning != meaning {
            self.meaning = meaning;
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// What is known, for it takes memory.
    pub(super) fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.known.iter().map(|(atom, _)| atom)
    }
}

impl Machine {
    /// Is it known, without evaluating, that an atom evaluates to itself? Looks at each expression that evaluation
    /// would, and at none that is quoted.
    pub(super) fn is_inert(&mut self, atom: &Atom) -> bool {
        if !matches!(atom, Atom::Expression(_)) {
            return true;
        }
        self.inert.enter(self.meaning);
        let reads = self.reads.get();
        let mut count = 0;
        let mut visited = Visited::default();
        let active = try_for_each(atom, |atom| {
            let items: &[Atom] = match atom {
                Atom::Expression(items) if !items.is_empty() && visited.is_new(items) => items,
                Atom::Symbol(name) if is_token(*name) && self.binding(*name).is_some() => {
                    return ControlFlow::Break(());
                }
                atom if is_empty_symbol(atom) => return ControlFlow::Break(()),
                _ => return ControlFlow::Continue(&[]),
            };
            if let Some(reads) = self.inert.known.get(items) {
                if *reads {
                    self.note_read();
                }
                return ControlFlow::Continue(&[]);
            }
            count += 1;
            let is_data = match &items[0] {
                Atom::Symbol(head) => *head != names().empty && self.head(*head, items.len() as u32 - 1).is_inert(),
                Atom::Variable(_) => false,
                // An expression that is inert is nothing to call.
                _ => !has_wildcards(self.home()),
            };
            if is_data {
                ControlFlow::Continue(items)
            } else {
                ControlFlow::Break(())
            }
        });
        if active.is_break() {
            return false;
        }
        // What is made of it need not look at it again.
        if count >= LARGE {
            self.inert.known.insert(atom, reads != self.reads.get());
        }
        true
    }
}
