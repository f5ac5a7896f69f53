//! Multiplicities, definition numbers and heads of atoms.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;

use super::id::SpaceKind;
use crate::term::{Leaf, Symbol, Term, View, contract};
use crate::trie_map::{Change, Diff, TrieMap};

/// The number of occurrences of an atom. Equality is that of the numbers.
pub struct Multiplicity<T>(Option<Arc<Record<T>>>);

/// The multiplicity, the definition number and the atom, of an atom that isn't a plain fact with one occurrence.
#[derive(Debug)]
pub(crate) struct Record<T> {
    /// At least 1.
    pub(crate) count: u64,
    /// The definition number of a rule or annotation, from 1; 0 for other atoms.
    pub(crate) order: u64,
    /// The atom, if it can't be decoded from its path or is read too often for that.
    pub(crate) atom: Option<T>,
}

impl<T> Record<T> {
    pub(crate) fn new(count: u64, order: u64, atom: Option<T>) -> Self {
        Self { count, order, atom }
    }
}

impl<T> Multiplicity<T> {
    /// One occurrence of a plain fact, which allocates nothing.
    pub(crate) const ONCE: Self = Self(None);

    /// Creates the multiplicity of a plain fact, or `None` if `count` is 0. O(1).
    #[must_use]
    pub fn new(count: u64) -> Option<Self> {
        match count {
            0 => None,
            1 => Some(Self::ONCE),
            _ => Some(Self::from(Record::new(count, 0, None))),
        }
    }

    /// Returns the number of occurrences, at least 1. O(1).
    #[must_use]
    pub fn get(&self) -> u64 {
        self.record().map_or(1, |record| record.count)
    }

    /// The sum of two multiplicities of an atom that is in no index. Saturates at `u64::MAX`.
    pub(crate) fn sum(&self, other: &Self) -> Self
    where
        T: Clone,
    {
        let count = self.get().saturating_add(other.get());
        // As in a write, the later atom's names of variables count.
        let records = [other.record(), self.record()].into_iter().flatten();
        let atom = records.filter_map(|record| record.atom.clone()).next();
        Self::from(Record::new(count, 0, atom))
    }

    pub(crate) fn record(&self) -> Option<&Arc<Record<T>>> {
        self.0.as_ref()
    }
}

impl<T> From<Record<T>> for Multiplicity<T> {
    fn from(record: Record<T>) -> Self {
        Self(Some(Arc::new(record)))
    }
}

impl<T> From<Arc<Record<T>>> for Multiplicity<T> {
    fn from(record: Arc<Record<T>>) -> Self {
        Self(Some(record))
    }
}

impl<T> Clone for Multiplicity<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for Multiplicity<T> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(ours), Some(theirs)) if Arc::ptr_eq(ours, theirs) => true,
            _ => self.get() == other.get(),
        }
    }
}

impl<T> Eq for Multiplicity<T> {}

impl<T> std::fmt::Debug for Multiplicity<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Multiplicity").field(&self.get()).finish()
    }
}

/// The symbol and the arity that the left side of a rule calls: `(f $x 1)` has the head `f` of arity 2, the bare symbol `f`
/// the head `f` of arity 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The head symbol.
    pub symbol: Symbol,
    /// The number of arguments.
    pub arity: usize,
}

impl Head {
    /// Returns the head of a term, or `None` if the term is a value or a variable, or starts with one or with an expression.
    #[must_use]
    pub fn of<T: Term>(term: &T) -> Option<Self> {
        let (symbol, arity) = match term.view() {
            View::Expression([first, arguments @ ..]) => (first.as_symbol()?, arguments.len()),
            _ => (term.as_symbol()?, 0),
        };
        Some(Self { symbol, arity })
    }

    fn borrowed(&self) -> HeadRef<'_> {
        HeadRef {
            symbol: self.symbol.as_str(),
            arity: self.arity,
        }
    }
}

impl Hash for Head {
    /// As `HeadRef`, by the characters of the symbol: reads look up a `&str` without the interner, which locks.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

/// A [`Head`] to look up.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct HeadRef<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) arity: usize,
}

impl Equivalent<Head> for HeadRef<'_> {
    fn equivalent(&self, head: &Head) -> bool {
        *self == head.borrowed()
    }
}

/// A symbol as a key that is looked up by `&str`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) Symbol);

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl Equivalent<Name> for str {
    fn equivalent(&self, name: &Name) -> bool {
        self == name.0.as_str()
    }
}

/// The multiplicity of an atom that may be absent.
pub(crate) fn count<T>(multiplicity: Option<&Multiplicity<T>>) -> u64 {
    multiplicity.map_or(0, Multiplicity::get)
}

/// The facts with these keys, which ascend.
pub(crate) fn sorted<K: AsRef<[u8]>, V>(entries: impl IntoIterator<Item = (K, V)>) -> TrieMap<V> {
    match TrieMap::from_sorted(entries) {
        Ok(facts) => facts,
        Err(index) => unreachable!("key {index} is not greater than the one before"),
    }
}

/// A key of the facts whose multiplicity differs between two states.
#[derive(Clone, Copy)]
pub(crate) struct FactChange<'k, 'e, T> {
    /// The path of the atom.
    pub(crate) key: &'k [u8],
    pub(crate) from: Option<&'e Multiplicity<T>>,
    pub(crate) to: Option<&'e Multiplicity<T>>,
}

impl<'k, 'e, T> FactChange<'k, 'e, T> {
    /// The next change of these.
    pub(crate) fn next(changes: &'k mut Diff<'e, Multiplicity<T>>) -> Option<Self> {
        let (key, from, to) = match changes.next_borrowed()? {
            Change::Added { key, new } => (key, None, Some(new)),
            Change::Removed { key, old } => (key, Some(old), None),
            Change::Changed { key, old, new } => (key, Some(old), Some(new)),
        };
        Some(Self { key, from, to })
    }

    /// The new multiplicity, or the old one if the atom was removed.
    pub(crate) fn multiplicity(&self) -> &'e Multiplicity<T> {
        match self.to.or(self.from) {
            Some(multiplicity) => multiplicity,
            None => unreachable!("an atom that differs is on one side at least"),
        }
    }
}

/// The atom `(= lhs rhs)`.
pub(crate) fn rule<T: Term>(lhs: T, rhs: T) -> T {
    T::expression(vec![keyword("="), lhs, rhs])
}

/// The atom `(: name type)`.
pub(crate) fn annotation<T: Term>(name: T, of_type: T) -> T {
    T::expression(vec![keyword(":"), name, of_type])
}

fn keyword<T: Term>(name: &str) -> T {
    match T::leaf(Leaf::Symbol(name)) {
        Some(symbol) => symbol,
        None => contract::broken("`Term::leaf` builds no symbols, so there are no rules or annotations"),
    }
}

/// The index of definitions that an atom belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Index {
    Rule(Head),
    Wildcard,
    Annotation(Name),
    None,
}

impl Index {
    /// The prefix of the paths of rules, `(= lhs rhs)`.
    pub(crate) const RULE: &[u8] = b"\xc3\x81=";

    /// The prefixes of the paths of indexed atoms: rules and annotations, `(: name type)`.
    pub(crate) const KEYWORDS: [&[u8]; 2] = [Self::RULE, b"\xc3\x81:"];

    /// The index of `atom` in a space of this kind.
    pub(crate) fn of<T: Term>(atom: &T, kind: SpaceKind) -> Self {
        let View::Expression([keyword, left, _]) = atom.view() else {
            return Self::None;
        };
        if kind == SpaceKind::Data {
            return Self::None;
        }
        match symbol(keyword) {
            Some("=") => Head::of(left).map_or(Self::Wildcard, Self::Rule),
            Some(":") => left.as_symbol().map_or(Self::None, |name| Self::Annotation(Name(name))),
            _ => Self::None,
        }
    }

    pub(crate) fn is_rule(&self) -> bool {
        matches!(self, Self::Rule(_) | Self::Wildcard)
    }
}

fn symbol<T: Term>(term: &T) -> Option<&str> {
    match term.view() {
        View::Leaf(Leaf::Symbol(name)) => Some(name),
        _ => None,
    }
}

/// A reference to a rule `(= lhs rhs)` of an environment.
pub struct Rule<'a, T> {
    record: &'a Record<T>,
}

impl<'a, T: Term> Rule<'a, T> {
    /// `record` is a rule's.
    pub(crate) fn new(record: &'a Record<T>) -> Self {
        Self { record }
    }

    /// Returns the whole rule, `(= lhs rhs)`.
    #[must_use]
    pub fn atom(&self) -> &'a T {
        self.record.definition()
    }

    /// Returns the left side, which the rule rewrites.
    #[must_use]
    pub fn lhs(&self) -> &'a T {
        self.record.parts()[1]
    }

    /// Returns the right side.
    #[must_use]
    pub fn rhs(&self) -> &'a T {
        self.record.parts()[2]
    }

    /// Returns the number of occurrences of the rule, at least 1.
    #[must_use]
    pub fn multiplicity(&self) -> u64 {
        self.record.count
    }

    /// Returns the definition number, which is greater than those of earlier definitions. A rule that is added again keeps its
    /// number; one that was removed and is added again gets a new one.
    #[must_use]
    pub fn order(&self) -> u64 {
        self.record.order
    }
}

impl<T> Clone for Rule<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rule<'_, T> {}

impl<T: Term> Record<T> {
    /// The atom of an indexed record.
    pub(crate) fn definition(&self) -> &T {
        match &self.atom {
            Some(atom) => atom,
            None => unreachable!("an indexed record keeps its atom"),
        }
    }

    /// The keyword and both sides of an indexed record's atom.
    pub(crate) fn parts(&self) -> [&T; 3] {
        match self.definition().view() {
            View::Expression([keyword, left, right]) => [keyword, left, right],
            _ => unreachable!("`Term::view` returns the same parts each time"),
        }
    }
}
