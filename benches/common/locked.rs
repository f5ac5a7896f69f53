//! The lock-guarded design that pleach replaces, rebuilt as a rival: seven fields, each behind its own lock, shared by
//! clones until one of them makes its own deep copy.
//!
//! It is kinder to that design than the original: membership is a lookup by path instead of a search, the union is
//! correct, and the set of paths is a `BTreeSet`, where the original copies a trie entry by entry. Two faults are inherent: a reader can see one field before a write and another after it, and a clone sees
//! writes through the original, which doesn't know that it was cloned.

#![allow(dead_code, reason = "each bench uses a part")]

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pleach::Atom;
use pleach::term::Encoder;

/// A rule's left- and right-hand side.
type Rule = (Atom, Atom);
type Head = (String, usize);
type Field<T> = Arc<RwLock<T>>;

pub(crate) struct Locked {
    btm: Field<BTreeSet<Vec<u8>>>,
    rule_index: Field<HashMap<Head, Vec<Rule>>>,
    wildcard_rules: Field<Vec<Rule>>,
    multiplicities: Field<HashMap<Vec<u8>, u64>>,
    pattern_cache: Field<HashMap<Atom, Vec<u8>>>,
    type_index: Field<HashMap<String, Vec<Atom>>>,
    type_index_dirty: Field<bool>,
    owns_data: AtomicBool,
    modified: AtomicBool,
}

fn read<T>(field: &Field<T>) -> RwLockReadGuard<'_, T> {
    field.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(field: &Field<T>) -> RwLockWriteGuard<'_, T> {
    field.write().unwrap_or_else(PoisonError::into_inner)
}

fn deep<T: Clone>(field: &Field<T>) -> Field<T> {
    Arc::new(RwLock::new(read(field).clone()))
}

fn path(atom: &Atom) -> Vec<u8> {
    Encoder::new().encode(atom).bytes.to_vec()
}

fn head(lhs: &Atom) -> Option<Head> {
    match lhs.as_expression() {
        Some([first, arguments @ ..]) => Some((first.as_symbol()?.as_str().to_owned(), arguments.len())),
        _ => Some((lhs.as_symbol()?.as_str().to_owned(), 0)),
    }
}

impl Clone for Locked {
    /// Increments seven reference counts; the first write makes the deep copy.
    fn clone(&self) -> Self {
        Self {
            btm: Arc::clone(&self.btm),
            rule_index: Arc::clone(&self.rule_index),
            wildcard_rules: Arc::clone(&self.wildcard_rules),
            multiplicities: Arc::clone(&self.multiplicities),
            pattern_cache: Arc::clone(&self.pattern_cache),
            type_index: Arc::clone(&self.type_index),
            type_index_dirty: Arc::clone(&self.type_index_dirty),
            owns_data: AtomicBool::new(false),
            modified: AtomicBool::new(false),
        }
    }
}

impl Default for Locked {
    fn default() -> Self {
        Self::new()
    }
}

impl Locked {
    pub(crate) fn new() -> Self {
        Self {
            btm: Arc::default(),
            rule_index: Arc::default(),
            wildcard_rules: Arc::default(),
            multiplicities: Arc::default(),
            pattern_cache: Arc::default(),
            type_index: Arc::default(),
            type_index_dirty: Arc::default(),
            owns_data: AtomicBool::new(true),
            modified: AtomicBool::new(false),
        }
    }

    /// Makes a deep copy if this is a clone that hasn't written yet.
    pub(crate) fn make_owned(&mut self) {
        if self.owns_data.load(Ordering::Acquire) {
            return;
        }
        self.btm = deep(&self.btm);
        self.rule_index = deep(&self.rule_index);
        self.wildcard_rules = deep(&self.wildcard_rules);
        self.multiplicities = deep(&self.multiplicities);
        self.pattern_cache = deep(&self.pattern_cache);
        self.type_index = deep(&self.type_index);
        self.type_index_dirty = deep(&self.type_index_dirty);
        self.owns_data.store(true, Ordering::Release);
    }

    /// Adds one occurrence to this environment and to all that share its fields.
    pub(crate) fn add_fact_shared(&self, fact: &Atom) {
        let path = path(fact);
        write(&self.btm).insert(path.clone());
        *write(&self.multiplicities).entry(path).or_default() += 1;
        if let Some([keyword, left, right]) = fact.as_expression() {
            match keyword.as_symbol().map(|symbol| symbol.as_str()) {
                Some("=") => {
                    let rule = (left.clone(), right.clone());
                    match head(left) {
                        Some(head) => write(&self.rule_index).entry(head).or_default().push(rule),
                        None => write(&self.wildcard_rules).push(rule),
                    }
                }
                Some(":") => *write(&self.type_index_dirty) = true,
                _ => {}
            }
        }
        self.modified.store(true, Ordering::Release);
    }

    /// Removes one occurrence from this environment and from all that share its fields.
    pub(crate) fn remove_fact_shared(&self, fact: &Atom) -> bool {
        let path = path(fact);
        let mut multiplicities = write(&self.multiplicities);
        match multiplicities.get_mut(&path) {
            None => return false,
            Some(1) => {
                multiplicities.remove(&path);
                drop(multiplicities);
                write(&self.btm).remove(&path);
            }
            Some(count) => *count -= 1,
        }
        self.modified.store(true, Ordering::Release);
        true
    }

    pub(crate) fn add_fact(&mut self, fact: &Atom) {
        self.make_owned();
        self.add_fact_shared(fact);
    }

    pub(crate) fn add_rule(&mut self, lhs: Atom, rhs: Atom) {
        self.add_fact(&Atom::expression(vec![Atom::symbol("="), lhs, rhs]));
    }

    pub(crate) fn add_facts_bulk(&mut self, facts: impl IntoIterator<Item = Atom>) {
        self.make_owned();
        facts.into_iter().for_each(|fact| self.add_fact_shared(&fact));
    }

    pub(crate) fn contains(&self, fact: &Atom) -> bool {
        read(&self.btm).contains(&path(fact))
    }

    pub(crate) fn multiplicity(&self, fact: &Atom) -> u64 {
        read(&self.multiplicities).get(&path(fact)).copied().unwrap_or(0)
    }

    /// Returns copies of the rules that a call can match by its head: the lock can't be held while they are tried.
    pub(crate) fn get_matching_rules(&self, head: &str, arity: usize) -> Vec<Rule> {
        let key = (head.to_owned(), arity);
        let mut rules = read(&self.rule_index).get(&key).cloned().unwrap_or_default();
        rules.extend(read(&self.wildcard_rules).iter().cloned());
        rules
    }

    pub(crate) fn rule_count(&self) -> usize {
        read(&self.rule_index).values().map(Vec::len).sum::<usize>() + read(&self.wildcard_rules).len()
    }

    /// Returns the first type of a name; rebuilds the index if an annotation was added.
    pub(crate) fn get_type(&self, name: &str) -> Option<Atom> {
        if *read(&self.type_index_dirty) {
            let mut types: HashMap<String, Vec<Atom>> = HashMap::new();
            for path in read(&self.btm).iter() {
                let Ok(atom) = pleach::term::path::decode::<Atom>(path) else {
                    continue;
                };
                if let Some([keyword, name, of_type]) = atom.as_expression()
                    && *keyword == Atom::symbol(":")
                    && let Some(name) = name.as_symbol()
                {
                    types.entry(name.as_str().to_owned()).or_default().push(of_type.clone());
                }
            }
            *write(&self.type_index) = types;
            *write(&self.type_index_dirty) = false;
        }
        read(&self.type_index).get(name)?.first().cloned()
    }

    pub(crate) fn owns_data(&self) -> bool {
        self.owns_data.load(Ordering::Acquire)
    }

    pub(crate) fn is_modified(&self) -> bool {
        self.modified.load(Ordering::Acquire)
    }

    /// Merges both, counting occurrences inherited from `base` once. Visits everything, since changes aren't tracked.
    pub(crate) fn union(&self, other: &Self, base: &Self) -> Self {
        let mut union = self.clone();
        union.make_owned();
        let inherited = read(&base.multiplicities);
        for (path, theirs) in read(&other.multiplicities).iter() {
            let new = theirs.saturating_sub(inherited.get(path).copied().unwrap_or(0));
            let Some(fact) = (new > 0).then(|| pleach::term::path::decode::<Atom>(path)) else {
                continue;
            };
            if let Ok(fact) = fact {
                (0..new).for_each(|_| union.add_fact_shared(&fact));
            }
        }
        for (path, inherited) in inherited.iter() {
            let gone = inherited.saturating_sub(read(&other.multiplicities).get(path).copied().unwrap_or(0));
            if gone > 0
                && let Ok(fact) = pleach::term::path::decode::<Atom>(path)
            {
                (0..gone).for_each(|_| {
                    union.remove_fact_shared(&fact);
                });
            }
        }
        union
    }
}
