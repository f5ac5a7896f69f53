//! Two-sided unification.
//!
//! [`unify`] finds the most general way to make two terms equal by binding variables of either, or tells that there is
//! none. There are no infinite terms: a variable is never bound to a term that contains it (the *occurs check*).
//!
//! # How, and at what cost
//! The algorithm is *unification closure* (G. Huet, 1976; see F. Baader and W. Snyder, "Unification Theory", Handbook of
//! Automated Reasoning, 2001, section 2.3): terms that must become equal are put into one class, by union-find, and only
//! the first time are their parts compared; at the end one search shows that no class contains itself. So a call costs
//! O(n log n), where n counts the distinct expressions, variables and items that it can reach in the two terms and through
//! the bindings that it has to look through. In particular `f(x1, …, xn) = f(g(x0, x0), …, g(x(n−1), x(n−1)))` and the like, where
//! the solution written out is exponentially large, are as cheap as any other; [`Bindings::resolve`] shares what is equal.
//!
//! Expressions are told apart by address, and only once a call has met a few hundred, since for small terms keeping track
//! costs more than it saves. Subterms [known to be ground](super::Term::known_ground) are skipped by the search at the
//! end.

mod occurs;
mod table;

use smallvec::SmallVec;

use self::table::VariableTable;
use super::address::{AddressMap, address};
use super::rewrite::{Change, rewrite};
use super::small_map::SmallMap;
use super::{Leaf, Term, View};

/// What variables stand for: a substitution, as [`unify`] builds it.
///
/// A term may be bound whose variables are bound too (the substitution is *triangular*); [`resolve`](Self::resolve)
/// applies it to the end. Which of two variables that became equal stands for both is unspecified but always the same.
///
/// ```
/// use pleach::term::{Atom, Bindings, unify};
///
/// let [call, pattern]: [Atom; 2] = ["(parent $who bob)", "(parent (f $x) $x)"].map(|text| text.parse().unwrap());
/// let mut bindings = Bindings::new();
/// assert!(unify(&call, &pattern, &mut bindings));
/// assert_eq!(bindings.resolve(&Atom::variable("who")).to_string(), "(f bob)");
/// assert_eq!(bindings.resolve(&call), bindings.resolve(&pattern));
/// ```
#[derive(Clone, Debug)]
pub struct Bindings<T> {
    variables: VariableTable<T>,
    /// The class of each variable of the table.
    classes: Vec<Class<T>>,
    /// How many classes are not `Free`.
    bound: usize,
}

/// What is known of a variable.
#[derive(Clone, Debug)]
struct Class<T> {
    value: Value<T>,
    /// An upper bound to the length of chains of `Same` that end here.
    rank: u32,
}

#[derive(Clone, Debug)]
enum Value<T> {
    /// Nothing.
    Free,
    /// It is the same as this other variable.
    Same(u32),
    /// It is this term, which is not a variable.
    Is(T),
}

impl<T: Term> Bindings<T> {
    /// No bindings.
    pub fn new() -> Self {
        Bindings {
            variables: VariableTable::new(),
            classes: Vec::new(),
            bound: 0,
        }
    }

    /// Binds `variable`, of which nothing is known yet, to `term`, in which no variable occurs.
    pub(crate) fn bind_ground(&mut self, variable: &T, term: T) {
        if let View::Leaf(Leaf::Variable { name, id }) = variable.view() {
            debug_assert!(self.variables.find(name, id).is_none(), "the variable is new");
            self.variables.insert(variable.clone());
            self.classes.push(Class {
                value: Value::Is(term),
                rank: 0,
            });
            self.bound += 1;
        }
    }

    /// How many variables are bound, to a term or to another variable.
    pub fn len(&self) -> usize {
        self.bound
    }

    /// Whether no variable is bound.
    pub fn is_empty(&self) -> bool {
        self.bound == 0
    }

    /// What this variable is bound to, one step: a term that is no variable, or the variable that stands for it and all
    /// that became equal to it. `None` if it is not bound, or not a variable.
    pub fn get(&self, variable: &T) -> Option<&T> {
        let View::Leaf(Leaf::Variable { name, id }) = variable.view() else {
            return None;
        };
        let start = self.variables.find(name, id)?;
        match self.walk(start) {
            (_, Some(term)) => Some(term),
            (root, None) if root == start => None,
            (root, None) => self.variables.get(root),
        }
    }

    /// `term` with every variable replaced by what it stands for, to the end; variables that are not bound stay.
    /// Subterms without bound variables are shared with `term`, and what one variable stands for is made once.
    ///
    /// Cost: O(distinct expressions of `term` and of what its variables stand for). The result, as a tree, may be
    /// exponentially larger than that.
    pub fn resolve(&self, term: &T) -> T {
        rewrite(term, |name, id| {
            let Some(start) = self.variables.find(name, id) else {
                return Change::Keep;
            };
            match self.walk(start) {
                (root, Some(term)) => match term.view() {
                    View::Expression(_) if !term.known_ground() => Change::Expand { key: root, term },
                    _ => Change::Put(term.clone()),
                },
                (root, None) if root == start => Change::Keep,
                (root, None) => self
                    .variables
                    .get(root)
                    .map_or(Change::Keep, |other| Change::Put(other.clone())),
            }
        })
    }

    /// The variable that stands for this one, and the term it is bound to, if any.
    fn walk(&self, start: u32) -> (u32, Option<&T>) {
        let mut root = start;
        loop {
            match self.classes.get(root as usize).map(|class| &class.value) {
                Some(Value::Same(next)) => root = *next,
                Some(Value::Is(term)) => return (root, Some(term)),
                Some(Value::Free) | None => return (root, None),
            }
        }
    }
}

impl<T: Term> Default for Bindings<T> {
    fn default() -> Self {
        Bindings::new()
    }
}

/// Makes `a` and `b` equal by binding variables, in addition to what is bound already; whether that is possible. If not,
/// the bindings are as they were.
///
/// The [module's page](self) tells the cost.
///
/// ```
/// use pleach::term::{Atom, Bindings, unify};
///
/// let mut bindings = Bindings::new();
/// let [x, fx]: [Atom; 2] = ["$x", "(f $x)"].map(|text| text.parse().unwrap());
/// assert!(!unify(&x, &fx, &mut bindings));
/// assert!(bindings.is_empty());
/// ```
pub fn unify<T: Term>(a: &T, b: &T, bindings: &mut Bindings<T>) -> bool {
    let mut attempt = Attempt::new(bindings);
    attempt.succeeds = attempt.close(a, b) && attempt.acyclic();
    attempt.succeeds
}

/// `term` with a fresh id for each of its variables, names kept: `fresh` is the first id to use, and becomes the first
/// that is not used. It should be greater than all ids in use, and at least 1. Variables that the term type can't number
/// so high stay.
///
/// Cost: O(size), or O(1) for a term [known to be ground](Term::known_ground). Ground subterms are shared with `term`.
///
/// ```
/// use pleach::term::{Atom, rename_apart};
///
/// let rule: Atom = "(= (swap $x $y) ($y $x))".parse().unwrap();
/// let mut fresh = 5;
/// assert_eq!(rename_apart(&rule, &mut fresh).to_string(), "(= (swap $x#5 $y#6) ($y#6 $x#5))");
/// assert_eq!(fresh, 7);
/// ```
pub fn rename_apart<T: Term>(term: &T, fresh: &mut u64) -> T {
    let mut renamed: SmallMap<(u64, &str), T> = SmallMap::new();
    rewrite(term, |name, id| {
        if let Some(copy) = renamed.get((id, name)) {
            return Change::Put(copy.clone());
        }
        let Some(copy) = T::leaf(Leaf::Variable { name, id: *fresh }) else {
            return Change::Keep;
        };
        *fresh = fresh.saturating_add(1);
        renamed.insert((id, name), copy.clone());
        Change::Put(copy)
    })
}

/// From this many pairs of expressions on, those compared are kept in classes, so that none is compared twice.
const MANY: usize = 256;

/// One call of [`unify`]. Unless it `succeeds`, dropping it undoes what it did, also when a term's method panics.
struct Attempt<'b, T: Term> {
    bindings: &'b mut Bindings<T>,
    /// How many variables were known before.
    known: usize,
    /// Classes that changed, with what they were.
    trail: SmallVec<[(u32, Class<T>); 4]>,
    succeeds: bool,
}

/// A term on one side: of the caller, or a copy of one in the bindings.
enum Side<'a, T> {
    Given(&'a T),
    Bound(T),
}

impl<'a, T: Term> Side<'a, T> {
    fn term(&self) -> &T {
        match self {
            Side::Given(term) => term,
            Side::Bound(term) => term,
        }
    }

    fn into_term(self) -> T {
        match self {
            Side::Given(term) => term.clone(),
            Side::Bound(term) => term,
        }
    }

    fn item(&self, index: usize) -> Option<Side<'a, T>> {
        match self {
            Side::Given(term) => match Term::view(*term) {
                View::Expression(items) => items.get(index).map(Side::Given),
                View::Leaf(_) => None,
            },
            Side::Bound(term) => match term.view() {
                View::Expression(items) => items.get(index).cloned().map(Side::Bound),
                View::Leaf(_) => None,
            },
        }
    }
}

/// Two expressions of the same length whose items are being made equal.
struct Pair<'a, T> {
    a: Side<'a, T>,
    b: Side<'a, T>,
    /// The place of the first items that are not equal yet.
    next: usize,
}

/// What comparing two terms at their outermost level came to.
enum Step<'a, T> {
    /// They are equal, or were made so.
    Equal,
    /// They can't be made equal.
    Clash,
    /// They are expressions of the same length, not empty, whose items must be made equal.
    Items(Side<'a, T>, Side<'a, T>),
}

impl<'b, T: Term> Attempt<'b, T> {
    fn new(bindings: &'b mut Bindings<T>) -> Self {
        let known = bindings.classes.len();
        Attempt {
            bindings,
            known,
            trail: SmallVec::new(),
            succeeds: false,
        }
    }

    /// Makes `a` and `b` equal, if infinite terms were allowed.
    fn close(&mut self, a: &T, b: &T) -> bool {
        let mut pending: SmallVec<[Pair<'_, T>; 4]> = SmallVec::new();
        let mut compared = 0;
        let mut equal = EqualExpressions::default();
        let mut done = Vec::new();
        let mut step = self.step(Side::Given(a), Side::Given(b));
        loop {
            match step {
                Step::Clash => return false,
                Step::Equal => {}
                Step::Items(a, b) => {
                    compared += 1;
                    if compared <= MANY || equal.unite(a.term(), b.term()) {
                        pending.push(Pair { a, b, next: 0 });
                    }
                }
            }
            let Some(pair) = pending.last_mut() else {
                return true;
            };
            step = match (pair.a.item(pair.next), pair.b.item(pair.next)) {
                (Some(a), Some(b)) => {
                    pair.next += 1;
                    self.step(a, b)
                }
                (None, None) => {
                    // Terms whose addresses are remembered must live on, lest another be allocated there.
                    let finished = pending.pop();
                    if compared > MANY {
                        done.extend(finished);
                    }
                    Step::Equal
                }
                _ => return false,
            };
        }
    }

    fn step<'a>(&mut self, a: Side<'a, T>, b: Side<'a, T>) -> Step<'a, T> {
        match (self.class_of(a.term()), self.class_of(b.term())) {
            (None, None) => compare(a, b),
            (Some(x), None) => self.bind(x, b),
            (None, Some(y)) => self.bind(y, a),
            (Some(x), Some(y)) => self.unite(x, y),
        }
    }

    /// The class of a variable; `None` for other terms.
    fn class_of(&mut self, term: &T) -> Option<u32> {
        let View::Leaf(Leaf::Variable { name, id }) = term.view() else {
            return None;
        };
        if let Some(known) = self.bindings.variables.find(name, id) {
            return Some(self.bindings.walk(known).0);
        }
        self.bindings.classes.push(Class {
            value: Value::Free,
            rank: 0,
        });
        Some(self.bindings.variables.insert(term.clone()))
    }

    /// Makes the class `x` equal to `term`, which is no variable.
    fn bind<'a>(&mut self, x: u32, term: Side<'a, T>) -> Step<'a, T> {
        match self.bindings.walk(x) {
            (_, Some(bound)) => compare(Side::Bound(bound.clone()), term),
            (_, None) => {
                self.set(x, Value::Is(term.into_term()), None);
                Step::Equal
            }
        }
    }

    /// Makes the classes `x` and `y` one.
    fn unite<'a>(&mut self, x: u32, y: u32) -> Step<'a, T> {
        if x == y {
            return Step::Equal;
        }
        let (a, b) = (self.bindings.walk(x).1.cloned(), self.bindings.walk(y).1.cloned());
        let rank = |class: u32| self.bindings.classes.get(class as usize).map_or(0, |class| class.rank);
        let (rank_x, rank_y) = (rank(x), rank(y));
        let (below, above) = if rank_x > rank_y { (y, x) } else { (x, y) };
        self.set(below, Value::Same(above), None);
        // A term that only the class below had moves up.
        let (mine, other) = if above == x { (&a, &b) } else { (&b, &a) };
        let moved = if mine.is_none() { other.clone() } else { None };
        let raised = (rank_x == rank_y).then_some(rank_x + 1);
        match moved {
            Some(term) => self.set(above, Value::Is(term), raised),
            None if raised.is_some() => self.set_rank(above, raised),
            None => {}
        }
        match (a, b) {
            (Some(a), Some(b)) => compare(Side::Bound(a), Side::Bound(b)),
            _ => Step::Equal,
        }
    }

    fn set(&mut self, class: u32, value: Value<T>, rank: Option<u32>) {
        if let Some(entry) = self.bindings.classes.get_mut(class as usize) {
            let rank = rank.unwrap_or(entry.rank);
            let before = std::mem::replace(entry, Class { value, rank });
            self.bindings.bound += usize::from(matches!(before.value, Value::Free));
            self.trail.push((class, before));
        }
    }

    fn set_rank(&mut self, class: u32, rank: Option<u32>) {
        if let (Some(entry), Some(rank)) = (self.bindings.classes.get_mut(class as usize), rank) {
            let before = Class {
                value: entry.value.clone(),
                rank: entry.rank,
            };
            entry.rank = rank;
            self.trail.push((class, before));
        }
    }
}

impl<T: Term> Drop for Attempt<'_, T> {
    fn drop(&mut self) {
        if self.succeeds {
            return;
        }
        while let Some((class, before)) = self.trail.pop() {
            if let Some(entry) = self.bindings.classes.get_mut(class as usize) {
                let after = std::mem::replace(entry, before);
                let (was, is) = (matches!(entry.value, Value::Free), matches!(after.value, Value::Free));
                self.bindings.bound -= usize::from(was && !is);
            }
        }
        self.bindings.classes.truncate(self.known);
        self.bindings.variables.truncate(self.known);
    }
}

/// Compares two terms that are no variables.
fn compare<'a, T: Term>(a: Side<'a, T>, b: Side<'a, T>) -> Step<'a, T> {
    match (a.term().view(), b.term().view()) {
        (View::Leaf(x), View::Leaf(y)) if x == y => Step::Equal,
        (View::Expression(xs), View::Expression(ys)) if xs.len() == ys.len() => {
            if xs.is_empty() || std::ptr::eq(xs, ys) {
                Step::Equal
            } else {
                Step::Items(a, b)
            }
        }
        _ => Step::Clash,
    }
}

/// Classes of expressions that were found equal, by address: a union-find forest.
#[derive(Default)]
struct EqualExpressions {
    nodes: AddressMap<u32>,
    parents: Vec<u32>,
}

impl EqualExpressions {
    /// Makes two expressions one class; whether they were two.
    fn unite<T: Term>(&mut self, a: &T, b: &T) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        if let Some(parent) = self.parents.get_mut(a as usize) {
            *parent = b;
        }
        true
    }

    /// The representative of the class of an expression. Halves the path to it.
    fn root<T: Term>(&mut self, term: &T) -> u32 {
        let View::Expression(items) = term.view() else {
            return u32::MAX;
        };
        let fresh = self.parents.len() as u32;
        let mut node = *self.nodes.entry(address(items)).or_insert(fresh);
        if node == fresh {
            self.parents.push(fresh);
        }
        let parent = |parents: &[u32], node: u32| parents.get(node as usize).copied().unwrap_or(node);
        loop {
            let next = parent(&self.parents, node);
            if next == node {
                return node;
            }
            let after = parent(&self.parents, next);
            if let Some(entry) = self.parents.get_mut(node as usize) {
                *entry = after;
            }
            node = after;
        }
    }
}
