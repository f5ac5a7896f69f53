use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::term::{Leaf, Term, View};

/// Number of variables up to which the table is searched linearly.
const MAX_LINEAR_ENTRIES: usize = 16;

/// The variables of a substitution, numbered in order of insertion.
#[derive(Clone, Debug)]
pub(super) struct VariableTable<T> {
    entries: Vec<Entry<T>>,
    /// The newest entry of each hash, once there are too many for a linear search.
    index: Option<Box<HashIndex>>,
}

/// The number of the newest variable of each hash. Boxed, since few substitutions have one.
#[derive(Clone, Debug, Default)]
struct HashIndex {
    newest: HashMap<u64, u32>,
}

impl HashIndex {
    fn hash(&self, name: &str, id: u64) -> u64 {
        self.newest.hasher().hash_one((id, name))
    }
}

#[derive(Clone, Debug)]
struct Entry<T> {
    variable: T,
    hash: u64,
    /// The previous entry of the same hash.
    next: Option<u32>,
}

impl<T: Term> Entry<T> {
    fn is(&self, name: &str, id: u64) -> bool {
        matches!(self.variable.view(), View::Leaf(leaf) if leaf == Leaf::Variable { name, id })
    }
}

impl<T: Term> VariableTable<T> {
    pub(super) fn new() -> Self {
        Self::with_capacity(0)
    }

    pub(super) fn with_capacity(variables: usize) -> Self {
        VariableTable {
            entries: Vec::with_capacity(variables),
            index: None,
        }
    }

    /// Returns the variables in order of insertion.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.variable)
    }

    /// Returns the variable of this number.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.entries.get(number as usize).map(|entry| &entry.variable)
    }

    /// Returns the number of this variable.
    pub(super) fn find(&self, name: &str, id: u64) -> Option<u32> {
        let Some(index) = &self.index else {
            return self
                .entries
                .iter()
                .position(|entry| entry.is(name, id))
                .map(|number| number as u32);
        };
        let mut number = index.newest.get(&index.hash(name, id)).copied();
        while let Some(found) = number {
            let entry = self.entries.get(found as usize)?;
            if entry.is(name, id) {
                return number;
            }
            number = entry.next;
        }
        None
    }

    /// Inserts a variable, which must be new, and returns its number.
    pub(super) fn insert(&mut self, variable: T) -> u32 {
        let number = self.entries.len() as u32;
        self.entries.push(Entry {
            variable,
            hash: 0,
            next: None,
        });
        let first = match self.index {
            Some(_) => number,
            None if self.entries.len() > MAX_LINEAR_ENTRIES => 0,
            None => return number,
        };
        let index = self.index.get_or_insert_default();
        for (number, entry) in (0..).zip(&mut self.entries).skip(first as usize) {
            if let View::Leaf(Leaf::Variable { name, id }) = entry.variable.view() {
                entry.hash = index.hash(name, id);
                entry.next = index.newest.insert(entry.hash, number);
            }
        }
        number
    }

    /// Removes the variables from this number on.
    pub(super) fn truncate(&mut self, length: usize) {
        if length <= MAX_LINEAR_ENTRIES {
            self.entries.truncate(length);
            self.index = None;
            return;
        }
        while self.entries.len() > length
            && let Some(entry) = self.entries.pop()
            && let Some(index) = &mut self.index
        {
            match entry.next {
                Some(before) => index.newest.insert(entry.hash, before),
                None => index.newest.remove(&entry.hash),
            };
        }
    }
}
