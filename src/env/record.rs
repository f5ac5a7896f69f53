//! What the environment knows of one atom: how often it is present, and when it was defined.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;
use pathmap::ring::{AlgebraicResult, COUNTER_IDENT, DistributiveLattice, Lattice, SELF_IDENT};

use crate::term::{Leaf, Symbol, Term, View};

/// How many times an atom is present: the value beside each path of [`Space::create_space`].
///
/// Two multiplicities are equal if their counts are.
///
/// [`Space::create_space`]: crate::env::Space::create_space
pub struct Multiplicity<T>(Option<Arc<Record<T>>>);

/// What the trie keeps of an atom that is more than a plain fact present once.
#[derive(Debug)]
pub(crate) struct Record<T> {
    /// At least 1.
    pub(crate) count: u64,
    /// The definition number of a rule or annotation, from 1; 0 for all else.
    pub(crate) order: u64,
    /// The atom itself, where its path would not give it back, or where it is read too often to be decoded.
    pub(crate) atom: Option<T>,
}

impl<T> Record<T> {
    pub(crate) fn new(count: u64, order: u64, atom: Option<T>) -> Self {
        Self { count, order, atom }
    }
}

impl<T> Multiplicity<T> {
    /// A plain fact, present once. It takes no memory beside its place in the trie.
    pub(crate) const ONCE: Self = Self(None);

    /// This many occurrences of a plain fact, or none if `count` is 0. Constant time.
    #[must_use]
    pub fn new(count: u64) -> Option<Self> {
        match count {
            0 => None,
            1 => Some(Self::ONCE),
            _ => Some(Self::from(Record::new(count, 0, None))),
        }
    }

    /// The number of occurrences, at least 1. Constant time.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.record().map_or(1, |record| record.count)
    }

    /// As many as both together, of an atom that is in no index. Stops at `u64::MAX`.
    pub(crate) fn sum(&self, other: &Self) -> Self
    where
        T: Clone,
    {
        let count = self.get().saturating_add(other.get());
        let atom = self.record().and_then(|record| record.atom.clone());
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

/// As `Entry` asks: sums are made from differences, never here.
impl<T> Lattice for Multiplicity<T> {
    fn pjoin(&self, other: &Self) -> AlgebraicResult<Self> {
        AlgebraicResult::Identity(if self == other {
            SELF_IDENT | COUNTER_IDENT
        } else {
            SELF_IDENT
        })
    }

    fn pmeet(&self, other: &Self) -> AlgebraicResult<Self> {
        self.pjoin(other)
    }
}

impl<T> DistributiveLattice for Multiplicity<T> {
    fn psubtract(&self, other: &Self) -> AlgebraicResult<Self> {
        if self == other {
            AlgebraicResult::None
        } else {
            AlgebraicResult::Identity(SELF_IDENT)
        }
    }
}

impl<T> std::fmt::Debug for Multiplicity<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Multiplicity").field(&self.get()).finish()
    }
}

/// The name and arity that a rule's left side calls: `(f $x 1)` has the head `f` of arity 2, the bare symbol `f` the
/// head `f` of arity 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The head symbol.
    pub symbol: Symbol,
    /// The number of arguments.
    pub arity: usize,
}

impl Head {
    /// The head of a term, or `None` if it is a value or a variable, or starts with one, or with an expression.
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
    /// As `HeadRef`, by the characters of the symbol: a read has a `&str` and must not ask the interner, which locks.
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

/// A symbol as a key that is looked up by its characters.
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

/// The index that an atom belongs in, beside the facts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Index {
    Rule(Head),
    Wildcard,
    Annotation(Name),
    None,
}

impl Index {
    /// How the path of every indexed atom begins: with the heads of `(= lhs rhs)` and `(: name type)`.
    pub(crate) const KEYWORDS: [&[u8]; 2] = [b"\xc3\x81=", b"\xc3\x81:"];

    pub(crate) fn of<T: Term>(atom: &T) -> Self {
        let View::Expression([keyword, left, _]) = atom.view() else {
            return Self::None;
        };
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

/// A rule `(= lhs rhs)` as the environment holds it. A borrowed view: copying one costs nothing.
pub struct Rule<'a, T> {
    record: &'a Record<T>,
}

impl<'a, T: Term> Rule<'a, T> {
    /// `record` is a rule's.
    pub(crate) fn new(record: &'a Record<T>) -> Self {
        Self { record }
    }

    /// The whole rule, `(= lhs rhs)`.
    #[must_use]
    pub fn atom(&self) -> &'a T {
        self.record.definition()
    }

    /// What the rule rewrites.
    #[must_use]
    pub fn lhs(&self) -> &'a T {
        self.record.parts()[1]
    }

    /// What it rewrites it to.
    #[must_use]
    pub fn rhs(&self) -> &'a T {
        self.record.parts()[2]
    }

    /// How many times the rule is present, at least 1.
    #[must_use]
    pub fn multiplicity(&self) -> u64 {
        self.record.count
    }

    /// The rule's place among the definitions of its environment: a later definition has a greater number. A rule that
    /// is added again keeps its place; one that was removed and is added again comes last.
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
            _ => unreachable!("`Term::view` shows the same parts each time"),
        }
    }
}
