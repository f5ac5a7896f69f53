//! Spelling suggestions: "did you mean …?"

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::cell::Cell;
use super::near_names::{MAX_NAME_BYTES, NearNames};
use super::record::{Index, Multiplicity};
use super::snapshot::Snapshot;
use super::space::Space;
use crate::term::path::{EXPRESSION, Extent, LONG_EXPRESSION, SYMBOL};
use crate::term::{Symbol, Term};
use crate::trie_map::Cursor;

/// The maximum number of atoms whose symbols are candidates.
const MAX_SCANNED_ATOMS: usize = 50_000;

impl<T: Term> Space<T> {
    /// Returns the symbols that head rules, at a distance of at most `max` from `name`, with their distances: by distance, then
    /// in alphabetical order. The distance is that of [`EditDistance`]; at 0 is `name` itself. Names longer than 100 bytes have no
    /// neighbours.
    ///
    /// For hosts that turn a call of an undefined function into an error with a hint, where [`suggest`](Snapshot::suggest) also
    /// has names that aren't functions. It follows only those branches of the trie of rules that can lead to such a name: a
    /// part of all heads, which grows with `max`.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_rule("(factorial 0)".parse()?, "1".parse()?);
    /// env.add_fact("(factory 6)".parse()?);
    /// let near: Vec<_> = env.suggest_heads("factroial", 2).iter().map(|(name, by)| (name.as_str(), *by)).collect();
    /// assert_eq!(near, [("factorial", 1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn suggest_heads(&self, name: &str, max: usize) -> Vec<(Symbol, usize)> {
        if name.len() > MAX_NAME_BYTES || self.rule_count == 0 {
            return Vec::new();
        }
        let Some(mut cursor) = self.facts.cursor_at(Index::RULE) else {
            return Vec::new();
        };
        let mut near = NearNames::new(name, max);
        near.symbols_here(&mut cursor);
        for byte in cursor
            .bytes()
            .filter(|byte| *byte == LONG_EXPRESSION || *byte > EXPRESSION)
        {
            let depth = cursor.depth();
            cursor.descend_byte(byte);
            if byte == LONG_EXPRESSION {
                near.symbols_after_arity(&mut cursor);
            } else {
                near.symbols_here(&mut cursor);
            }
            cursor.ascend(cursor.depth() - depth);
        }
        near.found()
            .map(|(distance, name)| (Symbol::new(name), distance))
            .collect()
    }
}

impl<T: Term> Snapshot<T> {
    /// Returns up to `count` symbols of this environment that `name` may be a misspelling of, by edit distance (optimal string
    /// alignment: insertions, deletions, substitutions and transpositions of neighbours), ties in alphabetical order. Symbols
    /// at a distance above a third of the characters of `name`, or 1 if these are two to five, are left out, and so is `name`.
    ///
    /// Candidates are the heads of rules and of facts, names with declared types, bound names, and the symbols within the
    /// first 50,000 atoms of [`iter`](super::Space::iter). Names longer than 100 bytes are left out, and so are heads of facts
    /// of 64 bytes or more.
    ///
    /// O(s) for s candidates and atoms. Most candidates are rejected by the characters they have, in tens of nanoseconds; for
    /// the others the crate [`strsim`](https://docs.rs/strsim) computes the distance. It is meant for messages to people:
    /// `cargo bench --bench query` measures it among a million names.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_rule("(factorial 0)".parse()?, "1".parse()?);
    /// env.add_fact("(factor 6 3)".parse()?);
    /// assert_eq!(env.suggest("factroial", 3), ["factorial"]);
    /// assert_eq!(env.suggest("fcator", 3), ["factor"]);
    /// assert_eq!(env.suggest("print", 3), [""; 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn suggest(&self, name: &str, count: usize) -> Vec<String> {
        if name.len() > MAX_NAME_BYTES {
            return Vec::new();
        }
        let mut candidates = Candidates::new(name);
        for head in self.rules.keys() {
            candidates.consider(head.symbol.as_str());
        }
        for name in self.types.keys() {
            candidates.consider(name.0.as_str());
        }
        for cell in self.world.cells.keys() {
            if let Cell::Binding(name) = cell {
                candidates.consider(name.as_str());
            }
        }
        let mut cursor = self.facts.cursor();
        candidates.symbols_here(&mut cursor);
        for byte in cursor.bytes().filter(|byte| *byte >= EXPRESSION) {
            cursor.descend_byte(byte);
            candidates.symbols_here(&mut cursor);
            cursor.ascend(1);
        }
        candidates.symbols_within(self.facts.cursor());
        candidates.best.into_iter().take(count).map(|(_, name)| name).collect()
    }
}

/// Edit distances between a name and others, up to a bound.
///
/// The distance is the number of insertions, deletions, substitutions and transpositions of neighbours that turn one name
/// into the other, none of them within another (optimal string alignment).
///
/// ```
/// use pleach::env::EditDistance;
///
/// let distance = EditDistance::new("factroial", 2);
/// assert_eq!(distance.to("factorial"), Some(1));
/// assert_eq!(distance.to("factor"), None);
/// ```
#[derive(Clone, Debug)]
pub struct EditDistance<'n> {
    name: &'n str,
    /// The number of occurrences of each character in it, by code modulo 64.
    characters: [i8; 64],
    max: usize,
}

impl<'n> EditDistance<'n> {
    /// Measures distances to `name` of at most `max`.
    #[must_use]
    pub fn new(name: &'n str, max: usize) -> Self {
        let mut characters = [0i8; 64];
        name.chars()
            .take(MAX_NAME_BYTES)
            .for_each(|char| characters[char as usize % 64] += 1);
        Self { name, characters, max }
    }

    /// Returns the distance to `other`, or `None` if it exceeds the bound or a name is longer than 100 bytes.
    ///
    /// O(product of the lengths), but O(sum) for most distant names, which differ in too many characters.
    #[must_use]
    pub fn to(&self, other: &str) -> Option<usize> {
        if self.name.len().max(other.len()) > MAX_NAME_BYTES {
            return None;
        }
        // An edit removes one character and adds one at most, so this is a lower bound of the distance.
        let mut characters = self.characters;
        other.chars().for_each(|char| characters[char as usize % 64] -= 1);
        let missing: i32 = characters.iter().map(|count| i32::from((*count).max(0))).sum();
        let added: i32 = characters.iter().map(|count| i32::from((-*count).max(0))).sum();
        if missing.max(added) as usize > self.max {
            return None;
        }
        let distance = osa_distance(self.name, other);
        (distance <= self.max).then_some(distance)
    }
}

/// The best candidates for a name.
struct Candidates<'n> {
    distance: EditDistance<'n>,
    /// By distance, then by name.
    best: BTreeSet<(usize, String)>,
}

impl<'n> Candidates<'n> {
    fn new(name: &'n str) -> Self {
        let length = name.chars().count();
        let max_distance = (length / 3).max(1).min(length.saturating_sub(1));
        Candidates {
            distance: EditDistance::new(name, max_distance),
            best: BTreeSet::new(),
        }
    }

    fn consider(&mut self, other: &str) {
        if let Some(distance @ 1..) = self.distance.to(other) {
            self.best.insert((distance, other.to_owned()));
        }
    }

    fn consider_bytes(&mut self, other: &[u8]) {
        if let Ok(other) = std::str::from_utf8(other) {
            self.consider(other);
        }
    }

    /// Considers the symbols that follow at the cursor, each once, and leaves the cursor there.
    fn symbols_here<T: Term>(&mut self, cursor: &mut Cursor<'_, Multiplicity<T>>) {
        for byte in cursor.bytes().filter(|byte| (SYMBOL..EXPRESSION).contains(byte)) {
            let length = usize::from(byte - SYMBOL);
            cursor.descend_byte(byte);
            let start = cursor.depth();
            let mut more = length > 0 && cursor.first_of_length(length);
            while more {
                self.consider_bytes(&cursor.path()[start..]);
                more = cursor.next_of_length(length);
            }
            cursor.ascend(cursor.depth() - start + 1);
        }
    }

    /// Considers the symbols within the following atoms.
    fn symbols_within<T: Term>(&mut self, mut cursor: Cursor<'_, Multiplicity<T>>) {
        let mut last: Vec<u8> = Vec::new();
        for _ in 0..MAX_SCANNED_ATOMS {
            if cursor.next_entry().is_none() {
                break;
            }
            let path = cursor.path();
            // The prefix shared with the previous atom was considered there.
            let known = path.iter().zip(&last).take_while(|(new, old)| new == old).count();
            let mut start = 0;
            while let Some(token) = path.get(start..).and_then(Extent::of) {
                let end = start + token.length;
                if end > known && (SYMBOL..EXPRESSION).contains(&path[start]) {
                    self.consider_bytes(&path[start + 1..end]);
                }
                start = end;
            }
            last.clear();
            last.extend_from_slice(path);
        }
    }
}
