//! Multisets of answers with signed multiplicities.

use std::fmt;
use std::sync::Arc;

use crate::env::decode_path;
use crate::term::path::with_encoder;
use crate::term::{Atom, Print, Term};
use crate::trie_map::{Change, Cursor, TrieMap};

/// A persistent multiset of answers with signed multiplicities: the answers of a [`View`](crate::view::View), or the difference between
/// those of two states, in which answers that went have negative multiplicities. (Budiu et al., "DBSP", VLDB 2023, call it a
/// *Z-set*.)
///
/// Answers are instances of a query's template. Those that differ only in the names of their variables are one answer.
/// Cloning is O(1), and a clone shares structure with the original.
///
/// # Limits
/// Multiplicities are computed modulo 2¹²⁸, so they are exact between −2¹²⁷ and 2¹²⁷ − 1.
///
/// ```
/// # use pleach::{Atom, view::Answers};
/// let before: Answers = [("(path a b)".parse()?, 2)].into_iter().collect();
/// let after: Answers = [("(path a b)".parse()?, 1), ("(path a c)".parse()?, 1)].into_iter().collect();
/// let difference = before.diff(&after);
/// assert_eq!(difference.to_string(), "-1 (path a b)\n+1 (path a c)\n");
/// let mut sum = before.clone();
/// sum.add_all(&difference);
/// assert_eq!(sum, after);
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
pub struct Answers<T: Term = Atom> {
    /// By canonical path. No multiplicity is 0.
    pub(super) tallies: TrieMap<Tally<T>>,
}

/// The multiplicity of an answer, without an allocation if it is 1 and the answer is decoded from its path.
pub(super) struct Tally<T>(Option<Arc<Counted<T>>>);

struct Counted<T> {
    multiplicity: i128,
    /// The answer, if it can't be decoded from its path.
    atom: Option<T>,
}

impl<T: Term> Tally<T> {
    fn new(multiplicity: i128, atom: Option<T>) -> Self {
        let is_plain = multiplicity == 1 && atom.is_none();
        Self((!is_plain).then(|| Arc::new(Counted { multiplicity, atom })))
    }

    pub(super) fn get(&self) -> i128 {
        self.0.as_ref().map_or(1, |counted| counted.multiplicity)
    }

    /// The answer at `path`.
    pub(super) fn atom(&self, path: &[u8]) -> T {
        let kept = self.0.as_ref().and_then(|counted| counted.atom.clone());
        kept.unwrap_or_else(|| decode_path(path))
    }

    /// The same answer with this multiplicity.
    fn with(&self, multiplicity: i128) -> Self {
        Self::new(multiplicity, self.0.as_ref().and_then(|counted| counted.atom.clone()))
    }
}

impl<T> Clone for Tally<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Term> PartialEq for Tally<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Term> Answers<T> {
    /// Creates an empty multiset.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tallies: TrieMap::new(),
        }
    }

    /// Returns the number of distinct answers. O(1).
    #[must_use]
    pub fn count(&self) -> usize {
        self.tallies.len()
    }

    /// Returns `true` if there are no answers. O(1).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    /// Returns the multiplicity of an answer, 0 if it is absent. O(size).
    #[must_use]
    pub fn multiplicity(&self, answer: &T) -> i128 {
        with_encoder(|encoder| self.tallies.get(encoder.encode(answer).bytes).map_or(0, Tally::get))
    }

    /// Returns `true` if the answer has a multiplicity other than 0. O(size).
    #[must_use]
    pub fn contains(&self, answer: &T) -> bool {
        self.multiplicity(answer) != 0
    }

    /// Returns an iterator over the answers with their multiplicities, in the order of canonical paths. O(n); each answer is built
    /// from its path.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            cursor: self.tallies.cursor(),
        }
    }

    /// Adds `by` to the multiplicity of an answer, which is removed if that becomes 0. O(size).
    pub fn add(&mut self, answer: &T, by: i128) {
        with_encoder(|encoder| {
            let encoded = encoder.encode(answer);
            let kept = encoded.opaque.then(|| answer.clone());
            self.add_tally(encoded.bytes, &Tally::new(by, kept));
        });
    }

    /// Adds `by` to the multiplicity of the answer with this path, which can be decoded. O(length).
    pub(super) fn add_path(&mut self, path: &[u8], by: i128) {
        self.add_tally(path, &Tally::new(by, None));
    }

    fn add_tally(&mut self, path: &[u8], by: &Tally<T>) {
        let before = self.tallies.get(path).map_or(0, Tally::get);
        match before.wrapping_add(by.get()) {
            0 => drop(self.tallies.remove(path)),
            sum => drop(self.tallies.insert(path, by.with(sum))),
        }
    }

    /// Adds all multiplicities of `other`. O(d · log n) for the d answers of `other`.
    pub fn add_all(&mut self, other: &Self) {
        let mut cursor = other.tallies.cursor();
        while let Some(tally) = cursor.next_entry() {
            self.add_tally(cursor.path(), tally);
        }
    }

    /// Returns the difference that leads from these answers to `new`: added to these, it gives `new`. O(d · log n) for d
    /// differences between forks.
    #[must_use]
    pub fn diff(&self, new: &Self) -> Self {
        let mut difference = Self::new();
        let mut changes = self.tallies.diff(&new.tallies);
        while let Some(change) = changes.next_borrowed() {
            let (path, tally, by) = match change {
                Change::Added { key, new } => (key, new, new.get()),
                Change::Removed { key, old } => (key, old, old.get().wrapping_neg()),
                Change::Changed { key, old, new } => (key, new, new.get().wrapping_sub(old.get())),
            };
            difference.tallies.insert(path, tally.with(by));
        }
        difference
    }
}

impl<T: Term> Default for Answers<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Term> Clone for Answers<T> {
    /// O(1): shares all structure.
    fn clone(&self) -> Self {
        Self {
            tallies: self.tallies.clone(),
        }
    }
}

/// Two multisets are equal if all multiplicities are.
impl<T: Term> PartialEq for Answers<T> {
    fn eq(&self, other: &Self) -> bool {
        self.tallies == other.tallies
    }
}

impl<T: Term> Eq for Answers<T> {}

/// One answer a line, with its multiplicity: `+1 (an answer)`, `-2 (another)`.
impl<T: Term> fmt::Display for Answers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .try_for_each(|(answer, multiplicity)| writeln!(f, "{multiplicity:+} {}", Print(&answer)))
    }
}

impl<T: Term> fmt::Debug for Answers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |answer: &T| Print(answer).to_string();
        f.debug_map()
            .entries(self.iter().map(|(answer, multiplicity)| (text(&answer), multiplicity)))
            .finish()
    }
}

/// Adds up the multiplicities of equal answers.
impl<T: Term> FromIterator<(T, i128)> for Answers<T> {
    fn from_iter<I: IntoIterator<Item = (T, i128)>>(answers: I) -> Self {
        let mut all = Self::new();
        answers
            .into_iter()
            .for_each(|(answer, multiplicity)| all.add(&answer, multiplicity));
        all
    }
}

impl<'a, T: Term> IntoIterator for &'a Answers<T> {
    type Item = (T, i128);
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// An iterator over answers with their multiplicities: see [`Answers::iter`].
pub struct Iter<'a, T: Term> {
    cursor: Cursor<'a, Tally<T>>,
}

impl<T: Term> Iterator for Iter<'_, T> {
    type Item = (T, i128);

    fn next(&mut self) -> Option<(T, i128)> {
        let tally = self.cursor.next_entry()?;
        Some((tally.atom(self.cursor.path()), tally.get()))
    }
}
