//! A search of a trie for the names near a given one.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use smallvec::SmallVec;

use crate::term::path::{EXPRESSION, LONG_SYMBOL, SYMBOL};
use crate::trie_map::{Bytes, Cursor};

/// The maximum length of names in bytes.
pub(super) const MAX_NAME_BYTES: usize = 100;

/// The maximum number of bytes by which an edit of a character changes a name's length.
const MAX_CHAR_BYTES: usize = 4;

/// The names within an edit distance of a given one (optimal string alignment), among symbols in a trie of paths.
///
/// It descends the trie with the rows of the usual table of distances: one row for each character of the path so far, and one
/// column for each of the name. It leaves a branch once no continuation can be near: when the least numbers of the last
/// two rows, of which later rows are made, exceed the bound. The method is that of Schulz and Mihov, *Fast String Correction
/// with Levenshtein-Automata* (2002), with rows in place of an automaton.
pub(super) struct NearNames {
    name: Vec<char>,
    max: usize,
    /// The lengths in bytes of the names to look at.
    lengths: RangeInclusive<usize>,
    /// The characters of the path, and the row after each; the first row is before all.
    characters: Vec<char>,
    rows: Vec<Row>,
    /// By distance, then by name.
    found: BTreeSet<(usize, String)>,
}

/// The distances of a prefix of the candidate to all prefixes of the name, each at most 100.
type Row = SmallVec<[u8; 32]>;

/// A byte of the candidate that has other branches.
struct Frame {
    /// The bytes of the candidate above.
    depth: usize,
    /// The number of these that are in complete characters.
    complete: usize,
    /// The number of these characters.
    characters: usize,
    branches: Bytes,
}

impl NearNames {
    /// Finds the names at a distance of at most `max` from `name`, which has at most [`MAX_NAME_BYTES`].
    pub(super) fn new(name: &str, max: usize) -> Self {
        let slack = max.saturating_mul(MAX_CHAR_BYTES);
        let longest = name.len().saturating_add(slack).min(MAX_NAME_BYTES);
        let name_chars: Vec<char> = name.chars().collect();
        Self {
            max,
            lengths: name.len().saturating_sub(slack)..=longest,
            characters: Vec::new(),
            rows: vec![(0..=name_chars.len()).map(|distance| distance as u8).collect()],
            found: BTreeSet::new(),
            name: name_chars,
        }
    }

    /// Returns the names found so far with their distances: by distance, then in alphabetical order.
    pub(super) fn found(&self) -> impl Iterator<Item = (usize, &str)> {
        self.found.iter().map(|(distance, name)| (*distance, name.as_str()))
    }

    /// Looks at the symbols that follow at the cursor, and leaves it there.
    pub(super) fn symbols_here<V>(&mut self, cursor: &mut Cursor<'_, V>) {
        for byte in cursor.bytes().below(EXPRESSION) {
            if byte >= SYMBOL {
                self.symbols_of_length(cursor, byte, usize::from(byte - SYMBOL));
            } else if byte == LONG_SYMBOL {
                cursor.descend_byte(byte);
                // The names of up to 100 bytes have lengths of one byte.
                for length in cursor.bytes().below(1 << 7) {
                    self.symbols_of_length(cursor, length, usize::from(length));
                }
                cursor.ascend(1);
            }
        }
    }

    /// Looks at the symbols that follow the number of items of a long expression, and leaves the cursor before it.
    pub(super) fn symbols_after_arity<V>(&mut self, cursor: &mut Cursor<'_, V>) {
        for byte in cursor.bytes() {
            cursor.descend_byte(byte);
            if byte < 1 << 7 {
                self.symbols_here(cursor);
            } else {
                // A number has at most 10 bytes.
                self.symbols_after_arity(cursor);
            }
            cursor.ascend(1);
        }
    }

    /// Looks at the symbols behind this byte, which says that they have `length` bytes.
    fn symbols_of_length<V>(&mut self, cursor: &mut Cursor<'_, V>, byte: u8, length: usize) {
        if self.lengths.contains(&length) {
            cursor.descend_byte(byte);
            self.descend(cursor, length);
            cursor.ascend(1);
        }
    }

    /// Looks at the symbols of `length` bytes that begin at the cursor, and leaves it there.
    fn descend<V>(&mut self, cursor: &mut Cursor<'_, V>, length: usize) {
        let start = cursor.depth();
        let mut frames: Vec<Frame> = Vec::new();
        let mut complete = 0;
        loop {
            let depth = cursor.depth() - start;
            if depth < length {
                frames.push(Frame {
                    depth,
                    complete,
                    characters: self.characters.len(),
                    branches: cursor.bytes(),
                });
            } else {
                self.candidate(cursor, start);
            }
            loop {
                let Some(frame) = frames.last_mut() else {
                    return;
                };
                cursor.ascend(cursor.depth() - start - frame.depth);
                self.characters.truncate(frame.characters);
                self.rows.truncate(frame.characters + 1);
                complete = frame.complete;
                let Some(byte) = frame.branches.next() else {
                    frames.pop();
                    continue;
                };
                cursor.descend_byte(byte);
                let begun = cursor.depth() - start - complete;
                let path = cursor.path();
                let character = std::str::from_utf8(&path[path.len() - begun..]);
                if let Some(character) = character.ok().and_then(|character| character.chars().next()) {
                    complete += begun;
                    self.push(character);
                    if self.is_far() {
                        continue;
                    }
                }
                break;
            }
        }
    }

    /// Notes the name from `start` to the cursor, if it is near.
    fn candidate<V>(&mut self, cursor: &Cursor<'_, V>, start: usize) {
        let distance = self
            .rows
            .last()
            .and_then(|row| row.last())
            .copied()
            .map_or(0, usize::from);
        if distance <= self.max {
            let path = cursor.path();
            let name = &path[path.len() - (cursor.depth() - start)..];
            let Ok(name) = std::str::from_utf8(name) else {
                unreachable!("names in paths are UTF-8");
            };
            self.found.insert((distance, name.to_owned()));
        }
    }

    /// Adds the row of the next character.
    fn push(&mut self, character: char) {
        let (rows, characters) = (&self.rows, &self.characters);
        let above = &rows[rows.len() - 1];
        let mut row: Row = SmallVec::with_capacity(above.len());
        row.push(above[0] + 1);
        for (column, own) in self.name.iter().enumerate() {
            let replaced = above[column] + u8::from(*own != character);
            let mut least = replaced.min(above[column + 1] + 1).min(row[column] + 1);
            if column > 0 && characters.last() == Some(own) && self.name[column - 1] == character {
                least = least.min(rows[rows.len() - 2][column - 1] + 1);
            }
            row.push(least);
        }
        self.rows.push(row);
        self.characters.push(character);
    }

    /// Whether no name that continues the path is near.
    fn is_far(&self) -> bool {
        let least = |row: &Row| row.iter().min().map_or(0, |least| usize::from(*least));
        match self.rows.as_slice() {
            [.., before, last] => least(last) > self.max && least(before) >= self.max,
            _ => false,
        }
    }
}
