//! A multiset of atoms with the indexes of an interpreter.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::argument_index::ArgumentIndexes;
use super::id::SpaceKind;
use super::record::{Head, HeadRef, Index, Multiplicity, Name, Record, Rule};
use super::sequence::{self, Sequence};
use crate::map::Map;
use crate::term::path::{self, PathError, with_encoder};
use crate::term::{Atom, Term, contract};
use crate::trie_map::{Cursor, TrieMap};

/// Definitions by definition number.
pub(crate) type Bucket<T> = Sequence<Arc<Record<T>>>;

/// A multiset of atoms with indexes: of all atoms by structure, rules by head, annotations by symbol. It has the reads of an
/// [`Environment`](crate::Environment).
///
/// Reads take no lock. Costs are given for n distinct atoms of bounded size.
///
/// # Representation
/// ```text
/// facts      trie     canonical path            → multiplicity, and the record if there is one
/// rules      map      head symbol and arity     → records in definition order
/// wildcards                                       records in definition order
/// types      map      annotated symbol          → records in definition order
/// arguments  tries    permuted paths, for the arguments that queries have needed
/// ```
/// A record (multiplicity, definition number, atom) is shared by the facts and one index.
///
/// # Invariants, checked by [`check`](Space::check)
/// 1. Each key of the facts is the canonical path of its atom, and each multiplicity is at least 1.
/// 2. A record keeps its atom if, and only if, it is a rule, annotates a symbol, or its path does not give it back. In a [data
///    space](SpaceKind::Data), nothing is a rule or an annotation.
/// 3. Each rule and each annotation of a symbol is in its bucket, as the same record, and nothing else is in any bucket.
/// 4. Definition numbers are distinct, above 0 and at most `next_order`. No bucket but `wildcards` is empty.
/// 5. `total` is the sum of the multiplicities, `rule_count` the number of distinct rules.
/// 6. Each permuted index follows from the facts.
pub struct Space<T: Term = Atom> {
    pub(crate) kind: SpaceKind,
    pub(crate) facts: TrieMap<Multiplicity<T>>,
    pub(super) rules: Map<Head, Bucket<T>>,
    pub(super) wildcards: Bucket<T>,
    pub(super) types: Map<Name, Bucket<T>>,
    pub(super) arguments: ArgumentIndexes,
    pub(super) next_order: u64,
    pub(super) total: u128,
    pub(super) rule_count: usize,
    /// The number of edits that led here, by which values of earlier states are dropped.
    pub(crate) written: u64,
    /// The result of [`Space::definitions_stamp`].
    pub(super) definitions: u64,
}

impl<T: Term> Default for Space<T> {
    fn default() -> Self {
        Self::of_kind(SpaceKind::default())
    }
}

impl<T: Term> Space<T> {
    /// An empty space.
    pub(crate) fn of_kind(kind: SpaceKind) -> Self {
        Self {
            kind,
            facts: TrieMap::new(),
            rules: Map::new(),
            wildcards: Bucket::new(),
            types: Map::new(),
            arguments: ArgumentIndexes::default(),
            next_order: 0,
            total: 0,
            rule_count: 0,
            written: 0,
            definitions: 0,
        }
    }
}

/// Two spaces are equal if all multiplicities are. O(d) for d differences, if one is a fork of the other.
impl<T: Term> PartialEq for Space<T> {
    fn eq(&self, other: &Self) -> bool {
        self.total == other.total && self.facts == other.facts
    }
}

impl<T: Term> Eq for Space<T> {}

impl<T: Term> fmt::Debug for Space<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space")
            .field("len", &self.len())
            .field("facts", &self.fact_count())
            .field("rules", &self.rule_count())
            .finish_non_exhaustive()
    }
}

impl<T: Term> Clone for Space<T> {
    /// O(1): shares all structure.
    fn clone(&self) -> Self {
        Self {
            facts: self.facts.clone(),
            rules: self.rules.clone(),
            wildcards: self.wildcards.clone(),
            types: self.types.clone(),
            arguments: self.arguments.clone(),
            ..*self
        }
    }
}

/// # Reading
impl<T: Term> Space<T> {
    /// Returns the number of atoms, occurrences of the same atom included. O(1).
    ///
    /// Saturates at `u64::MAX`, which only a [`union`](crate::Environment::union) can exceed.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::try_from(self.total).unwrap_or(u64::MAX)
    }

    /// Returns `true` if there are no atoms. O(1).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Returns the number of distinct facts, rules and annotations included. O(1).
    #[must_use]
    pub fn fact_count(&self) -> usize {
        self.facts.len()
    }

    /// Returns a number that spaces with other rules or annotations don't have in this process, as a key for results that are
    /// computed from definitions, their multiplicities and their order alone. O(1).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_rule("(f $x)".parse()?, "$x".parse()?);
    /// let before = env.definitions_stamp();
    /// env.add_fact("(news 1)".parse()?);
    /// assert_eq!(env.clone().definitions_stamp(), before);
    /// env.add_rule("(f $x)".parse()?, "$x".parse()?);
    /// assert_ne!(env.definitions_stamp(), before);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    #[must_use]
    pub fn definitions_stamp(&self) -> u64 {
        self.definitions
    }

    /// Returns the number of distinct rules. O(1).
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.rule_count
    }

    /// Returns the number of occurrences of an atom. O(log n).
    #[must_use]
    pub fn multiplicity(&self, atom: &T) -> u64 {
        with_encoder(|encoder| self.facts.get(encoder.encode(atom).bytes).map_or(0, Multiplicity::get))
    }

    /// Returns `true` if the atom is present. O(log n).
    #[must_use]
    pub fn contains(&self, atom: &T) -> bool {
        self.multiplicity(atom) > 0
    }

    /// Returns the number of occurrences of the rule `(= lhs rhs)`; in a data space, of that fact. O(log n); clones neither side.
    #[must_use]
    pub fn rule_multiplicity(&self, lhs: &T, rhs: &T) -> u64 {
        with_encoder(|encoder| {
            let path = encoder.encode_after(Index::RULE, [lhs, rhs]).bytes;
            self.facts.get(path).map_or(0, Multiplicity::get)
        })
    }

    /// Returns every atom with its multiplicity, in the order of canonical paths, which is the same for equal environments.
    /// O(n); each atom is built from its path.
    pub fn iter(&self) -> Atoms<'_, T> {
        Atoms {
            cursor: self.facts.cursor(),
        }
    }

    /// Returns the rules that can match a call of the symbol `head` with `arity` arguments by their head, wildcard rules
    /// included, in definition order. O(log n), then O(1) a rule, without allocating.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_rule("(double $x)".parse()?, "(+ $x $x)".parse()?);
    /// env.add_rule("$anything".parse()?, "seen".parse()?);
    /// env.add_rule("(double two)".parse()?, "four".parse()?);
    /// let right_sides: Vec<_> = env.matching_rules("double", 1).map(|rule| rule.rhs().to_string()).collect();
    /// assert_eq!(right_sides, ["(+ $x $x)", "seen", "four"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matching_rules<'a>(&'a self, head: &str, arity: usize) -> MatchingRules<'a, T> {
        self.with_wildcards(self.rules.get(&HeadRef { symbol: head, arity }))
    }

    /// The rules of a bucket, and wildcard rules, in definition order.
    pub(super) fn with_wildcards<'a>(&'a self, bucket: Option<&'a Bucket<T>>) -> MatchingRules<'a, T> {
        MatchingRules {
            headed: bucket.map(Bucket::iter).unwrap_or_default(),
            wild: (!self.wildcards.is_empty()).then(|| Wild::new(self.wildcards.iter())),
        }
    }

    /// Returns all rules in definition order. O(r log r) for r rules.
    pub fn rules(&self) -> impl Iterator<Item = Rule<'_, T>> {
        let mut records: Vec<&Record<T>> = self
            .rules
            .values()
            .chain([&self.wildcards])
            .flat_map(Bucket::values)
            .map(|record| &**record)
            .collect();
        records.sort_unstable_by_key(|record| record.order);
        records.into_iter().map(Rule::new)
    }

    /// Returns the heads of the rules, each with its number of distinct rules, in no particular order. O(1) a head. Wildcard
    /// rules have no head.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_rule("(size (leaf $x))".parse()?, "1".parse()?);
    /// env.add_rule("(size (node $l $r))".parse()?, "(+ (size $l) (size $r))".parse()?);
    /// env.add_fact("(shape round)".parse()?);
    /// let heads: Vec<_> = env.heads().map(|(head, rules)| (head.symbol.as_str(), head.arity, rules)).collect();
    /// assert_eq!(heads, [("size", 1, 2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn heads(&self) -> impl Iterator<Item = (Head, usize)> {
        self.rules.iter().map(|(head, rules)| (*head, rules.len()))
    }

    /// Returns the types that `name` was declared with, in the order of declaration. O(1) on average, then O(1) a type.
    pub fn types(&self, name: &str) -> impl Iterator<Item = &T> {
        self.types
            .get(name)
            .into_iter()
            .flat_map(Bucket::values)
            .map(|record| record.parts()[2])
    }

    /// Measures how much of the facts is shared with `other`, for statistics and tests. O(n), for both.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// for kind in ["p", "q", "r"] {
    ///     env.add_facts_bulk((0..1000).map(|i| Atom::expression([Atom::symbol(kind), Atom::from(i)])));
    /// }
    /// let mut fork = env.clone();
    /// assert_eq!(fork.sharing(&env).facts, 3000);
    /// fork.add_fact("(q 1000)".parse()?);
    /// // All are shared, except those in the few nodes that were copied.
    /// assert!((2000..3000).contains(&fork.sharing(&env).facts));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sharing(&self, other: &Self) -> Sharing {
        let (nodes, facts) = self.facts.shared_with(&other.facts);
        Sharing { nodes, facts }
    }
}

/// # The indexes
impl<T: Term> Space<T> {
    /// Takes over the permuted indexes that queries of an earlier state have built since this one was forked from it. O(1) if
    /// there are none, else O(d · log n) for d differences.
    pub(crate) fn adopt_indexes(&self, earlier: &Self) {
        for index in earlier.arguments.iter() {
            self.arguments.adopt(index, &self.facts, |visit| {
                let mut changes = earlier.facts.diff(&self.facts);
                while let Some(change) = changes.next_borrowed() {
                    visit(change.key());
                }
            });
        }
    }

    /// Removes the record with definition number `order` from its bucket.
    pub(super) fn unindex(&mut self, index: &Index, order: u64) {
        match index {
            Index::Rule(head) => {
                if let Some(bucket) = self.rules.get_mut(head) {
                    bucket.remove(order);
                    if bucket.is_empty() {
                        self.rules.remove(head);
                    }
                }
            }
            Index::Wildcard => drop(self.wildcards.remove(order)),
            Index::Annotation(name) => {
                if let Some(bucket) = self.types.get_mut(name) {
                    bucket.remove(order);
                    if bucket.is_empty() {
                        self.types.remove(name);
                    }
                }
            }
            Index::None => return,
        }
        self.rule_count -= usize::from(index.is_rule());
        self.touch_definitions();
    }

    /// Inserts a record into its bucket, or replaces the one with its definition number.
    pub(super) fn reindex(&mut self, index: &Index, record: Arc<Record<T>>) {
        let order = record.order;
        let old = match index {
            Index::Rule(head) => self.rules.get_or_insert_with(*head, Bucket::new).insert(order, record),
            Index::Wildcard => self.wildcards.insert(order, record),
            Index::Annotation(name) => self.types.get_or_insert_with(*name, Bucket::new).insert(order, record),
            Index::None => return,
        };
        self.rule_count += usize::from(old.is_none() && index.is_rule());
        self.touch_definitions();
    }

    /// Records a change of rules or annotations.
    pub(super) fn touch_definitions(&mut self) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: the number only has to be unique, it publishes nothing.
        self.definitions = NEXT.fetch_add(1, Ordering::Relaxed);
    }
}

/// The structural sharing of the facts of two environments: see [`Space::sharing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sharing {
    /// The number of shared nodes, without those below another shared node.
    pub nodes: usize,
    /// The number of distinct facts below these nodes.
    pub facts: usize,
}

/// An iterator over atoms with their multiplicities: see [`Space::iter`].
pub struct Atoms<'a, T: Term> {
    cursor: Cursor<'a, Multiplicity<T>>,
}

impl<T: Term> Iterator for Atoms<'_, T> {
    type Item = (T, u64);

    fn next(&mut self) -> Option<(T, u64)> {
        let multiplicity = self.cursor.next_entry()?;
        Some((decode(self.cursor.path(), multiplicity), multiplicity.get()))
    }
}

/// An iterator over the rules that a call can match by its head: see [`Space::matching_rules`].
pub struct MatchingRules<'a, T: Term> {
    headed: sequence::Iter<'a, Arc<Record<T>>>,
    /// Most programs have no wildcard rules.
    wild: Option<Wild<'a, T>>,
}

type Numbered<'a, T> = (u64, &'a Arc<Record<T>>);

/// The wildcard rules to be merged with the headed ones.
struct Wild<'a, T: Term> {
    next: Option<Numbered<'a, T>>,
    rest: sequence::Iter<'a, Arc<Record<T>>>,
    /// A headed rule that follows `next`.
    headed: Option<Numbered<'a, T>>,
}

impl<'a, T: Term> Wild<'a, T> {
    fn new(mut rest: sequence::Iter<'a, Arc<Record<T>>>) -> Self {
        Self {
            next: rest.next(),
            rest,
            headed: None,
        }
    }

    /// The earlier of the next wildcard rule and the next headed one.
    #[inline(never)]
    fn merge(&mut self, headed: &mut sequence::Iter<'a, Arc<Record<T>>>) -> Option<Numbered<'a, T>> {
        let headed = self.headed.take().or_else(|| headed.next());
        match (headed, self.next) {
            (Some(headed), Some(wild)) if headed.0 > wild.0 => self.headed = Some(headed),
            (Some(headed), _) => return Some(headed),
            (None, _) => {}
        }
        std::mem::replace(&mut self.next, self.rest.next())
    }
}

impl<'a, T: Term> Iterator for MatchingRules<'a, T> {
    type Item = Rule<'a, T>;

    #[inline]
    fn next(&mut self) -> Option<Rule<'a, T>> {
        let (_, record) = match &mut self.wild {
            None => self.headed.next()?,
            Some(wild) => wild.merge(&mut self.headed)?,
        };
        Some(Rule::new(record))
    }
}

/// The atom at `path`.
///
/// # Panics
/// If the term type breaks its contract: `Term::leaf` can't build a leaf that `Term::view` returned.
pub(crate) fn decode<T: Term>(path: &[u8], multiplicity: &Multiplicity<T>) -> T {
    match multiplicity.record().and_then(|record| record.atom.clone()) {
        Some(atom) => atom,
        None => decode_path(path),
    }
}

/// The atom at `path` in a space, and its multiplicity.
pub(crate) fn fact_at<T: Term>(space: &Space<T>, path: &[u8]) -> Option<(T, u64)> {
    let multiplicity = space.facts.get(path)?;
    Some((decode(path, multiplicity), multiplicity.get()))
}

/// The atom with this path.
///
/// # Panics
/// If the term type breaks its contract: `Term::leaf` can't build a leaf that `Term::view` returned.
pub(crate) fn decode_path<T: Term>(path: &[u8]) -> T {
    match path::decode(path) {
        Ok(atom) => atom,
        Err(error) => broken(error),
    }
}

/// The ground atom at the start of `bytes`, and the length of its path.
///
/// # Panics
/// If the term type breaks its contract: `Term::leaf` can't build a leaf that `Term::view` returned.
#[inline]
pub(super) fn decode_ground<T: Term>(bytes: &[u8]) -> (T, usize) {
    match path::decode_ground(bytes) {
        Ok(found) => found,
        Err(error) => broken(error),
    }
}

#[cold]
fn broken(error: PathError) -> ! {
    contract::broken(&format!(
        "`Term::leaf` or `Term::tagged` can't build what `Term::view` returned: {error}"
    ))
}
