//! Expressions that evaluate to themselves, as is seen without evaluating them.

use smallvec::SmallVec;

use super::address::ByAddress;
use super::head::has_wildcards;
use super::machine::{Machine, is_empty_symbol, is_token};
use super::names;
use super::value::Visited;
use pleach::term::Atom;

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
        let Atom::Expression(items) = atom else { return true };
        self.inert.enter(self.meaning);
        let reads = self.reads.get();
        let mut pending: SmallVec<[&[Atom]; 8]> = SmallVec::new();
        pending.push(items);
        let mut count = 0;
        let mut visited = Visited::default();
        while let Some(items) = pending.pop() {
            let Some(first) = items.first() else { continue };
            if let Some(reads) = self.inert.known.get(items) {
                if *reads {
                    self.note_read();
                }
                continue;
            }
            count += 1;
            match first {
                Atom::Symbol(head) => {
                    if *head == names().empty || !self.head(*head, items.len() as u32 - 1).is_inert() {
                        return false;
                    }
                }
                Atom::Variable(_) => return false,
                // An expression that is inert is nothing to call.
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
        // What is made of it need not look at it again.
        if count >= LARGE {
            self.inert.known.insert(atom, reads != self.reads.get());
        }
        true
    }
}
