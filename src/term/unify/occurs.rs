//! The occurs check: after a unification, no variable may contain itself.

use std::slice;

use super::{Attempt, MANY};
use crate::term::address::{Address, AddressMap, address};
use crate::term::small_map::SmallMap;
use crate::term::{Leaf, Term, View};

/// Where a search is with a class or expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    /// Its parts are being searched: to meet it again is a cycle.
    Begun,
    /// It was searched.
    Done,
}

/// What is done with when its items are.
enum Closes {
    Nothing,
    Class(u32),
    Expression(Address),
}

impl<T: Term> Attempt<'_, T> {
    /// Whether no class contains itself. Only those that changed are searched, with what they reach: a new cycle must go
    /// through one of them.
    pub(super) fn acyclic(&self) -> bool {
        let mut search = Search {
            classes: SmallMap::new(),
            expressions: AddressMap::default(),
            met: 0,
            open: Vec::new(),
        };
        self.trail.iter().all(|(class, _)| {
            let (root, term) = self.bindings.walk(*class);
            term.is_none_or(|term| search.enter_class(root, term) && self.search(&mut search))
        })
    }

    fn search<'t>(&'t self, search: &mut Search<'t, T>) -> bool {
        while let Some((items, _)) = search.open.last_mut() {
            let Some(item) = items.next() else {
                search.leave();
                continue;
            };
            let acyclic = match item.view() {
                View::Expression(items) => item.known_ground() || search.enter_expression(items),
                View::Leaf(Leaf::Variable { name, id }) => match self.bindings.variables.find(name, id) {
                    Some(class) => match self.bindings.walk(class) {
                        (root, Some(term)) => search.enter_class(root, term),
                        (_, None) => true,
                    },
                    None => true,
                },
                View::Leaf(_) => true,
            };
            if !acyclic {
                return false;
            }
        }
        true
    }
}

/// A depth-first search.
struct Search<'t, T> {
    classes: SmallMap<u32, Visit>,
    /// Expressions met, once there were many.
    expressions: AddressMap<Visit>,
    met: usize,
    /// What is being searched, outermost first: the items to come, and what they belong to.
    open: Vec<(slice::Iter<'t, T>, Closes)>,
}

impl<'t, T: Term> Search<'t, T> {
    /// Begins with a class, unless it was searched; `false` if that makes a cycle.
    fn enter_class(&mut self, root: u32, term: &'t T) -> bool {
        let View::Expression(items) = term.view() else {
            return true;
        };
        if term.known_ground() {
            return true;
        }
        match self.classes.get(root) {
            Some(Visit::Begun) => return false,
            Some(Visit::Done) => return true,
            None => {}
        }
        self.classes.insert(root, Visit::Begun);
        self.open.push((items.iter(), Closes::Class(root)));
        true
    }

    /// Begins with an expression, unless it was searched; `false` if that makes a cycle.
    fn enter_expression(&mut self, items: &'t [T]) -> bool {
        if items.is_empty() {
            return true;
        }
        self.met += 1;
        if self.met <= MANY {
            self.open.push((items.iter(), Closes::Nothing));
            return true;
        }
        match self.expressions.insert(address(items), Visit::Begun) {
            Some(Visit::Begun) => return false,
            Some(Visit::Done) => {
                self.expressions.insert(address(items), Visit::Done);
                return true;
            }
            None => {}
        }
        self.open.push((items.iter(), Closes::Expression(address(items))));
        true
    }

    fn leave(&mut self) {
        match self.open.pop() {
            Some((_, Closes::Class(root))) => self.classes.insert(root, Visit::Done),
            Some((_, Closes::Expression(address))) => {
                self.expressions.insert(address, Visit::Done);
            }
            _ => {}
        }
    }
}
