//! The environment as one struct of `std` maps behind one lock, `Arc<RwLock<World>>`: a fork clones it whole.

#![allow(dead_code, reason = "each bench uses a part")]

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pleach::term::Encoder;
use pleach::{Atom, RandomState, Symbol};

use super::worlds::World;

type Path = Box<[u8]>;
type Map<K, V> = HashMap<K, V, RandomState>;

#[derive(Clone, Default)]
struct Inner {
    /// Multiplicities and atoms of the facts.
    facts: Map<Path, (u64, Atom)>,
    /// Right-hand sides by head.
    rules: Map<(Symbol, usize), Vec<Atom>>,
    wildcards: Vec<Atom>,
    types: Map<Symbol, Vec<Atom>>,
    rule_count: usize,
}

#[derive(Default)]
pub(crate) struct Whole(Arc<RwLock<Inner>>);

fn path(atom: &Atom) -> Path {
    Encoder::new().encode(atom).bytes.into()
}

fn head(lhs: &Atom) -> Option<(Symbol, usize)> {
    match lhs.as_expression() {
        Some([first, arguments @ ..]) => Some((first.as_symbol()?, arguments.len())),
        _ => Some((lhs.as_symbol()?, 0)),
    }
}

impl Inner {
    fn add(&mut self, path: Path, atom: &Atom, times: u64) {
        if let Some((count, _)) = self.facts.get_mut(&path) {
            *count += times;
            return;
        }
        if let Some([keyword, left, right]) = atom.as_expression() {
            match (keyword.as_symbol().map(|symbol| symbol.as_str()), head(left)) {
                (Some("="), Some(head)) => self.rules.entry(head).or_default().push(right.clone()),
                (Some("="), None) => self.wildcards.push(right.clone()),
                (Some(":"), Some((name, 0))) => self.types.entry(name).or_default().push(right.clone()),
                _ => {}
            }
            self.rule_count += usize::from(*keyword == Atom::symbol("="));
        }
        self.facts.insert(path, (times, atom.clone()));
    }

    fn remove(&mut self, path: &Path, times: u64) {
        let Some((count, atom)) = self.facts.get_mut(path) else {
            return;
        };
        if *count > times {
            *count -= times;
            return;
        }
        let atom = atom.clone();
        self.facts.remove(path);
        if let Some([keyword, left, right]) = atom.as_expression()
            && *keyword == Atom::symbol("=")
        {
            // Compares right-hand sides only: the benches never remove rules.
            match head(left) {
                Some(head) => self.rules.entry(head).or_default().retain(|rule| rule != right),
                None => self.wildcards.retain(|rule| rule != right),
            }
            self.rule_count -= 1;
        }
    }
}

impl Whole {
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World for Whole {
    const NAME: &'static str = "whole";
    type Live = Self;

    fn empty() -> Self {
        Self::default()
    }
    fn fork(&self) -> Self {
        Self(Arc::new(RwLock::new(self.read().clone())))
    }
    /// Does nothing: the fork is a deep copy.
    fn make_owned(&mut self) {}
    fn add_fact(&mut self, fact: Atom) {
        self.write().add(path(&fact), &fact, 1);
    }
    fn add_rule(&mut self, lhs: Atom, rhs: Atom) {
        self.add_fact(Atom::expression([Atom::symbol("="), lhs, rhs]));
    }
    fn contains(&self, fact: &Atom) -> bool {
        let mut encoder = Encoder::new();
        self.read().facts.contains_key(encoder.encode(fact).bytes)
    }
    fn each_rule(&self, head: Symbol, arity: usize, f: impl FnMut(&Atom)) {
        let inner = self.read();
        let bucket = inner.rules.get(&(head, arity));
        bucket.into_iter().flatten().chain(&inner.wildcards).for_each(f);
    }
    fn rule_count(&self) -> usize {
        self.read().rule_count
    }
    fn union(&self, other: &Self, base: &Self) -> Self {
        let union = self.fork();
        {
            let (mut union, other, base) = (union.write(), other.read(), base.read());
            for (path, (theirs, atom)) in &other.facts {
                let inherited = base.facts.get(path).map_or(0, |(count, _)| *count);
                if *theirs > inherited {
                    union.add(path.clone(), atom, theirs - inherited);
                }
            }
            for (path, (inherited, _)) in &base.facts {
                let left = other.facts.get(path).map_or(0, |(count, _)| *count);
                if *inherited > left {
                    union.remove(path, inherited - left);
                }
            }
        }
        union
    }
    fn live(self) -> Self {
        self
    }
    fn live_contains(live: &Self, fact: &Atom) -> bool {
        live.contains(fact)
    }
    fn live_set(live: &Self, fact: &Atom, present: bool) {
        if present {
            live.write().add(path(fact), fact, 1);
        } else {
            live.write().remove(&path(fact), 1);
        }
    }
}
