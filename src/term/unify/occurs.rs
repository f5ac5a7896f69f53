//! The occurs check: after a unification, no variable may contain itself.

use std::ops::ControlFlow;
use std::slice;

use super::{Attempt, Bindings, UNTRACKED_EXPRESSIONS};
use crate::term::by_address::{Address, AddressMap, address};
use crate::term::small_map::SmallMap;
use crate::term::walk::{Visitor, walk};
use crate::term::{Leaf, Term, View};

impl<T: Term> Attempt<'_, T> {
    /// Returns whether no class contains itself. Only those that changed are searched, with what they reach: a new
    /// cycle must go through one of them.
    pub(super) fn acyclic(&self) -> bool {
        let mut search = Search {
            bindings: self.bindings,
            classes: SmallMap::new(),
            expressions: AddressMap::default(),
            count: 0,
        };
        self.trail.iter().all(|(class, _)| search.is_acyclic_from(*class))
    }
}

/// A depth-first search for a cycle.
struct Search<'t, T> {
    bindings: &'t Bindings<T>,
    classes: SmallMap<u32, State>,
    /// The expressions entered after the first `UNTRACKED_EXPRESSIONS`.
    expressions: AddressMap<State>,
    /// Number of expressions entered.
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Being searched: a cycle if it is reached again.
    Open,
    Done,
}

/// A level of the search.
enum Owner {
    Class(u32),
    Expression(Address),
    /// An expression before the first that is tracked.
    Untracked,
}

struct Cycle;

type Entered<'t, T> = ControlFlow<Cycle, Option<(slice::Iter<'t, T>, Owner)>>;

impl<'t, T: Term> Search<'t, T> {
    fn is_acyclic_from(&mut self, class: u32) -> bool {
        match self.enter_class(class) {
            ControlFlow::Break(Cycle) => false,
            ControlFlow::Continue(None) => true,
            ControlFlow::Continue(Some((items, owner))) => match walk(items, owner, self) {
                ControlFlow::Break(Cycle) => false,
                ControlFlow::Continue(owner) => {
                    self.close(owner);
                    true
                }
            },
        }
    }

    fn enter_class(&mut self, class: u32) -> Entered<'t, T> {
        let (root, Some(term)) = self.bindings.walk(class) else {
            return ControlFlow::Continue(None);
        };
        let Some(items) = term.view().items() else {
            return ControlFlow::Continue(None);
        };
        if term.known_ground() {
            return ControlFlow::Continue(None);
        }
        match self.classes.get(root) {
            Some(State::Open) => ControlFlow::Break(Cycle),
            Some(State::Done) => ControlFlow::Continue(None),
            None => {
                self.classes.insert(root, State::Open);
                ControlFlow::Continue(Some((items.iter(), Owner::Class(root))))
            }
        }
    }

    fn enter_expression(&mut self, items: &'t [T]) -> Entered<'t, T> {
        self.count += 1;
        if self.count <= UNTRACKED_EXPRESSIONS {
            return ControlFlow::Continue(Some((items.iter(), Owner::Untracked)));
        }
        match self.expressions.insert(address(items), State::Open) {
            Some(State::Open) => ControlFlow::Break(Cycle),
            Some(State::Done) => {
                self.expressions.insert(address(items), State::Done);
                ControlFlow::Continue(None)
            }
            None => ControlFlow::Continue(Some((items.iter(), Owner::Expression(address(items))))),
        }
    }

    fn close(&mut self, owner: Owner) {
        match owner {
            Owner::Class(root) => self.classes.insert(root, State::Done),
            Owner::Expression(address) => {
                self.expressions.insert(address, State::Done);
            }
            Owner::Untracked => {}
        }
    }
}

impl<'t, T: Term> Visitor<slice::Iter<'t, T>> for Search<'t, T> {
    type Level = Owner;
    type Break = Cycle;

    fn enter(&mut self, item: &'t T, _: &mut Owner) -> Entered<'t, T> {
        match item.view() {
            View::Expression(items) | View::Tagged(_, items) if !items.is_empty() && !item.known_ground() => {
                self.enter_expression(items)
            }
            View::Leaf(Leaf::Variable { name, id }) => match self.bindings.variables.find(name, id) {
                Some(class) => self.enter_class(class),
                None => ControlFlow::Continue(None),
            },
            _ => ControlFlow::Continue(None),
        }
    }

    fn leave(&mut self, owner: Owner, _: &mut Owner) -> ControlFlow<Cycle> {
        self.close(owner);
        ControlFlow::Continue(())
    }
}
