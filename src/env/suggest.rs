//! Names like a name: "did you mean …?"

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::cell::Cell;
use super::facts::Cursor;
use super::record::Multiplicity;
use super::snapshot::Snapshot;
use crate::term::Term;
use crate::term::path::Extent;

/// Longer names, in bytes, are neither looked for nor suggested.
const LONGEST: usize = 100;

/// How many atoms are looked into for names inside them.
const LOOKED_INTO: usize = 50_000;

/// The head bytes of the paths of symbols of less than 64 bytes, and of expressions of less than 64 items.
const SYMBOL: u8 = 0x80;
const EXPRESSION: u8 = 0xc0;

impl<T: Term> Snapshot<T> {
    /// Up to `count` symbols of this environment that `name` may have been meant for, the most like it first: those that
    /// need the fewest characters inserted, removed, replaced or exchanged with their neighbour, of equal ones the first
    /// by the alphabet. None that needs more changes than a third of `name`'s characters, or one if these are two
    /// to five; and never `name` itself.
    ///
    /// Symbols of other environments, forks too, are not suggested. Looked at are: the names at the head of rules and of
    /// facts, names with declared types, bound names, all of them; and the symbols within the first 50,000 atoms by
    /// [`iter`](super::Space::iter). Names longer than 100 bytes are neither looked for nor suggested, nor are those of 64
    /// bytes or more at the head of facts.
    ///
    /// O(s) for s names and atoms that are looked at. Most are told from `name` by which characters they have, in tens of
    /// nanoseconds each; only for the others the distance is computed, by the crate [`strsim`](https://docs.rs/strsim). So
    /// it is for messages to people, not for loops: `cargo bench --bench query` says what it costs among a million names.
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
        if name.len() > LONGEST {
            return Vec::new();
        }
        let mut likes = Likes::new(name);
        for head in self.rules.keys() {
            likes.consider(head.symbol.as_str());
        }
        for name in self.types.keys() {
            likes.consider(name.0.as_str());
        }
        for cell in self.world.cells.keys() {
            if let Cell::Binding(name) = cell {
                likes.consider(name.as_str());
            }
        }
        let mut cursor = self.facts.cursor();
        likes.symbols_here(&mut cursor);
        for byte in cursor.children().filter(|byte| *byte >= EXPRESSION) {
            cursor.descend_byte(byte);
            likes.symbols_here(&mut cursor);
            cursor.ascend(1);
        }
        likes.symbols_within(self.facts.cursor());
        likes.found.into_iter().take(count).map(|(_, name)| name).collect()
    }
}

/// The names found that are like a name.
struct Likes<'n> {
    name: &'n str,
    /// How often each character is in it, modulo 64.
    characters: [i8; 64],
    /// How much may differ.
    most: usize,
    /// By distance, then by name.
    found: BTreeSet<(usize, String)>,
}

impl<'n> Likes<'n> {
    fn new(name: &'n str) -> Self {
        let mut characters = [0i8; 64];
        name.chars()
            .take(LONGEST)
            .for_each(|char| characters[char as usize % 64] += 1);
        let length = name.chars().count();
        Likes {
            name,
            characters,
            most: (length / 3).max(1).min(length.saturating_sub(1)),
            found: BTreeSet::new(),
        }
    }

    fn consider(&mut self, other: &str) {
        if other.len() > LONGEST {
            return;
        }
        // One change takes away one character and adds another, at most.
        let mut characters = self.characters;
        other.chars().for_each(|char| characters[char as usize % 64] -= 1);
        let missing: i32 = characters.iter().map(|count| i32::from((*count).max(0))).sum();
        let added: i32 = characters.iter().map(|count| i32::from((-*count).max(0))).sum();
        if missing.max(added) as usize > self.most {
            return;
        }
        let distance = osa_distance(self.name, other);
        if (1..=self.most).contains(&distance) {
            self.found.insert((distance, other.to_owned()));
        }
    }

    fn consider_bytes(&mut self, other: &[u8]) {
        if let Ok(other) = std::str::from_utf8(other) {
            self.consider(other);
        }
    }

    /// Considers the symbols that may come next below the cursor, each once, and leaves it where it is.
    fn symbols_here<T: Term>(&mut self, cursor: &mut Cursor<'_, Multiplicity<T>>) {
        for byte in cursor.children().filter(|byte| (SYMBOL..EXPRESSION).contains(byte)) {
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

    /// Considers the symbols within the next atoms.
    fn symbols_within<T: Term>(&mut self, mut cursor: Cursor<'_, Multiplicity<T>>) {
        let mut last: Vec<u8> = Vec::new();
        for _ in 0..LOOKED_INTO {
            if cursor.next_entry().is_none() {
                break;
            }
            let path = cursor.path();
            // What the atom before began with was considered then.
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
