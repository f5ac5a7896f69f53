//! Two-sided unification.
//!
//! [`unify`] finds a most general unifier of two terms, or determines that there is none. A variable is never bound to
//! a term that contains it (the *occurs check*), so there are no infinite terms.
//!
//! # Algorithm and cost
//! The algorithm is *unification closure* (G. Huet, 1976; see F. Baader and W. Snyder, "Unification Theory", Handbook
//! of Automated Reasoning, 2001, section 2.3): terms that must become equal are united in one class, by union-find, and
//! their items are compared only the first time. At the end, one search checks that no class contains itself. A call
//! costs O(n log n), where n is the number of distinct expressions, variables and items that are reachable from the two
//! terms, through bindings as well. Problems whose solution is exponentially large as a tree, such as
//! `f(x1, …, xn) = f(g(x0, x0), …, g(x(n−1), x(n−1)))`, cost no more; [`Bindings::resolve`] shares equal subterms.
//!
//! Expressions are identified by address, and only after the first few hundred of a call, since in small terms that
//! costs more than it saves. The search at the end skips subterms [known to be ground](super::Term::known_ground).

mod occurs;
mod table;

use smallvec::SmallVec;

use self::table::VariableTable;
use super::by_address::CompoundMap;
use super::rewrite::{Rewrite, rewrite, rewrite_each};
use super::small_map::SmallMap;
use super::walk::for_each;
use super::{Leaf, Term, View};

/// A substitution, as [`unify`] builds it.
///
/// It is *triangular*: a variable may be bound to a term whose variables are bound too; [`resolve`](Self::resolve)
/// applies it fully. Which of two united variables represents both is unspecified but deterministic.
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
    /// The class of each variable in the table.
    classes: Vec<Class<T>>,
    /// Number of classes that aren't `Free`.
    bound: usize,
}

/// A node of the union-find forest of variables.
#[derive(Clone, Debug)]
struct Class<T> {
    value: Value<T>,
    /// An upper bound of the length of the chains of `Same` that end here.
    rank: u32,
}

#[derive(Clone, Debug)]
enum Value<T> {
    /// Unbound.
    Free,
    /// United with this other variable.
    Same(u32),
    /// Bound to this term, which isn't a variable.
    Is(T),
}

impl<T: Term> Bindings<T> {
    /// Creates an empty substitution.
    pub fn new() -> Self {
        Bindings {
            variables: VariableTable::new(),
            classes: Vec::new(),
            bound: 0,
        }
    }

    /// Creates an empty substitution with room for this many variables.
    pub(crate) fn with_capacity(variables: usize) -> Self {
        Bindings {
            variables: VariableTable::with_capacity(variables),
            classes: Vec::with_capacity(variables),
            bound: 0,
        }
    }

    /// Whether no variable is bound or united with another.
    pub(crate) fn has_no_variables(&self) -> bool {
        self.classes.is_empty()
    }

    /// An id that is greater than those of all variables, in values as well. O(size).
    pub(crate) fn fresh(&self) -> u64 {
        let variables = self.variables.iter();
        let values = self.classes.iter().filter_map(|class| match &class.value {
            Value::Is(term) => Some(term),
            Value::Free | Value::Same(_) => None,
        });
        let mut fresh = 0;
        for term in variables.chain(values) {
            for_each(term, |term| match term.view() {
                View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => items,
                View::Leaf(Leaf::Variable { id, .. }) => {
                    fresh = fresh.max(id.saturating_add(1));
                    &[]
                }
                _ => &[],
            });
        }
        fresh
    }

    /// Binds `variable`, which must be new, to `term`, which must be ground.
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

    /// Returns the number of variables that are bound, to a term or to another variable.
    pub fn len(&self) -> usize {
        self.bound
    }

    /// Returns whether no variable is bound.
    pub fn is_empty(&self) -> bool {
        self.bound == 0
    }

    /// Returns the term that a variable is bound to, without resolving it further, or the variable that represents it
    /// if it is united with others. `None` if it is unbound or isn't a variable.
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

    /// Applies the substitution fully: returns `term` with every bound variable replaced by its resolved value.
    ///
    /// Subterms without bound variables are shared with `term`, and the value of each variable is built once.
    ///
    /// Cost: O(distinct expressions of `term` and of the values of its variables). The result can be exponentially
    /// larger than that as a tree.
    pub fn resolve(&self, term: &T) -> T {
        rewrite_variables(term, |name, id| {
            let Some(start) = self.variables.find(name, id) else {
                return Rewrite::Keep;
            };
            match self.walk(start) {
                (root, Some(term)) => match term.view() {
                    View::Expression(_) | View::Tagged(..) if !term.known_ground() => {
                        Rewrite::Expand { key: root, term }
                    }
                    _ => Rewrite::Replace(term.clone()),
                },
                (root, None) if root == start => Rewrite::Keep,
                (root, None) => self
                    .variables
                    .get(root)
                    .map_or(Rewrite::Keep, |other| Rewrite::Replace(other.clone())),
            }
        })
    }

    /// Returns the representative of a variable's class, and the term that the class is bound to, if any.
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

/// Extends `bindings` to a most general unifier of `a` and `b`. Returns whether there is one; if not, `bindings` is
/// unchanged.
///
/// The [module's page](self) states the cost. An [anonymous](Leaf::Anonymous) variable is a new one each time that it is
/// compared, so it equals every term, and binds none. A variable can be bound to a term that contains one, such as `(f _)`.
/// Then `(f _)` is an instance of the value rather than the value: `(p $x $x)` unifies with `(p (f _) (f 1))` and with
/// `(p (f _) (f 2))` alike, and [`resolve`](Bindings::resolve) returns the `_`. To unify such terms exactly, use
/// [`name_anonymous`] first.
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

/// Returns `term` with a fresh id for each of its variables, and their names kept.
///
/// `fresh` is the first id to use, and is advanced past the last one used. It should be greater than all ids in use,
/// and at least 1. Variables for which the term type has no such id stay.
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
    let (mut next, mut is_anonymous) = (*fresh, false);
    let copy = rewrite(term, |term| match term.view() {
        View::Leaf(Leaf::Variable { name, id }) => {
            if let Some(copy) = renamed.get((id, name)) {
                return Rewrite::Replace(copy.clone());
            }
            let Some(copy) = fresh_variable::<T>(name, &mut next) else {
                return Rewrite::Keep;
            };
            renamed.insert((id, name), copy.clone());
            Rewrite::Replace(copy)
        }
        View::Leaf(Leaf::Anonymous) => {
            is_anonymous = true;
            Rewrite::Keep
        }
        View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => Rewrite::Items(items),
        _ => Rewrite::Keep,
    });
    *fresh = next;
    if is_anonymous {
        name_anonymous(&copy, fresh)
    } else {
        copy
    }
}

/// Returns `term` with a variable `_` with an id of its own for each [anonymous](Leaf::Anonymous) one, so that it can be
/// unified more than once. `fresh` is as in [`rename_apart`], which does this too; queries do it with their patterns.
///
/// Cost: O(size as a tree) of what has anonymous variables, O(distinct expressions) of the rest, or O(1) for a term [known to
/// be ground](Term::known_ground).
pub fn name_anonymous<T: Term>(term: &T, fresh: &mut u64) -> T {
    rewrite_each(term, |term| match term.view() {
        View::Leaf(Leaf::Anonymous) => fresh_variable("_", fresh).map_or(Rewrite::Keep, Rewrite::Replace),
        View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => Rewrite::Items(items),
        _ => Rewrite::Keep,
    })
}

/// Creates a variable with the next id, if the term type has it.
fn fresh_variable<T: Term>(name: &str, fresh: &mut u64) -> Option<T> {
    let variable = T::leaf(Leaf::Variable { name, id: *fresh })?;
    *fresh = fresh.saturating_add(1);
    Some(variable)
}

/// Returns `term` with its variables replaced as `replace` says.
#[inline]
fn rewrite_variables<'a, T: Term>(term: &'a T, mut replace: impl FnMut(&'a str, u64) -> Rewrite<'a, T>) -> T {
    rewrite(term, |term| match term.view() {
        View::Leaf(Leaf::Variable { name, id }) => replace(name, id),
        View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => Rewrite::Items(items),
        _ => Rewrite::Keep,
    })
}

/// Number of expressions, or pairs of them, from which on those visited are tracked by address, so that none is visited
/// twice.
const UNTRACKED_EXPRESSIONS: usize = 256;

/// One call of [`unify`]. Unless it `succeeds`, dropping it reverts its bindings, also when a term's method panics.
struct Attempt<'b, T: Term> {
    bindings: &'b mut Bindings<T>,
    /// Number of variables before the call.
    known: usize,
    /// The classes that changed, with their former values.
    trail: SmallVec<[(u32, Class<T>); 4]>,
    succeeds: bool,
}

/// A term on one side: borrowed from the caller, or cloned from the bindings.
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
                View::Expression(items) | View::Tagged(_, items) => items.get(index).map(Side::Given),
                View::Leaf(_) => None,
            },
            Side::Bound(term) => match term.view() {
                View::Expression(items) | View::Tagged(_, items) => items.get(index).cloned().map(Side::Bound),
                View::Leaf(_) => None,
            },
        }
    }
}

/// Two expressions of the same length whose items are being made equal.
struct Pair<'a, T> {
    a: Side<'a, T>,
    b: Side<'a, T>,
    /// Index of the next items to compare.
    next: usize,
}

/// The result of comparing two terms at their outermost level.
enum Step<'a, T> {
    /// They are equal, or were united.
    Equal,
    /// They have no unifier.
    Clash,
    /// They are expressions of the same length, not empty, whose items must be unified.
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

    /// Unifies `a` and `b` without the occurs check.
    fn close(&mut self, a: &T, b: &T) -> bool {
        let mut pending: SmallVec<[Pair<'_, T>; 4]> = SmallVec::new();
        let mut compared = 0;
        // It holds the terms whose addresses it has, lest others be allocated there.
        let mut equal = EqualExpressions::new();
        let mut step = self.step(Side::Given(a), Side::Given(b));
        loop {
            match step {
                Step::Clash => return false,
                Step::Equal => {}
                Step::Items(a, b) => {
                    compared += 1;
                    if compared <= UNTRACKED_EXPRESSIONS || equal.unite(a.term(), b.term()) {
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
                    pending.pop();
                    Step::Equal
                }
                _ => return false,
            };
        }
    }

    fn step<'a>(&mut self, a: Side<'a, T>, b: Side<'a, T>) -> Step<'a, T> {
        // An anonymous variable has no class: it must not represent the variables that it is compared with.
        let is_anonymous = |side: &Side<'a, T>| matches!(side.term().view(), View::Leaf(Leaf::Anonymous));
        match (self.class_of(a.term()), self.class_of(b.term())) {
            (None, None) => compare(a, b),
            (Some(_), None) if is_anonymous(&b) => Step::Equal,
            (Some(x), None) => self.bind(x, b),
            (None, Some(_)) if is_anonymous(&a) => Step::Equal,
            (None, Some(y)) => self.bind(y, a),
            (Some(x), Some(y)) => self.unite(x, y),
        }
    }

    /// Returns the class of a named variable; `None` for other terms.
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

    /// Binds the class `x` to `term`, which isn't a variable.
    fn bind<'a>(&mut self, x: u32, term: Side<'a, T>) -> Step<'a, T> {
        match self.bindings.walk(x) {
            (_, Some(bound)) => compare(Side::Bound(bound.clone()), term),
            (_, None) => {
                self.set(x, Value::Is(term.into_term()), None);
                Step::Equal
            }
        }
    }

    /// Unites the classes `x` and `y`.
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

/// Compares two terms that aren't named variables.
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
        (x @ View::Tagged(..), y @ View::Tagged(..)) => match x.same_compound(y) {
            Some((xs, ys)) if xs.is_empty() || std::ptr::eq(xs, ys) => Step::Equal,
            Some(_) => Step::Items(a, b),
            None => Step::Clash,
        },
        (View::Leaf(Leaf::Anonymous), _) | (_, View::Leaf(Leaf::Anonymous)) => Step::Equal,
        _ => Step::Clash,
    }
}

/// Classes of compounds that must be equal, by address and constructor: a union-find forest.
struct EqualExpressions<T> {
    nodes: CompoundMap<T, T, u32>,
    parents: Vec<u32>,
}

impl<T: Term> EqualExpressions<T> {
    fn new() -> Self {
        Self {
            nodes: CompoundMap::default(),
            parents: Vec::new(),
        }
    }

    /// Unites the classes of two compounds. Returns whether they were different.
    fn unite(&mut self, a: &T, b: &T) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        if let Some(parent) = self.parents.get_mut(a as usize) {
            *parent = b;
        }
        true
    }

    /// Returns the representative of a compound's class. Halves the path to it.
    fn root(&mut self, term: &T) -> u32 {
        let known = self.nodes.get(term).copied();
        let mut node = known.unwrap_or_else(|| {
            let fresh = self.parents.len() as u32;
            self.parents.push(fresh);
            self.nodes.insert(term.clone(), fresh);
            fresh
        });
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
