//! The environment over the persistent maps of `im`: forks are as cheap as ours, a union looks at everything.

#![allow(dead_code, reason = "each bench uses a part")]

use std::sync::{Arc, PoisonError, RwLock};

use pleach::term::Encoder;
use pleach::{Atom, RandomState, Symbol};

use super::worlds::World;

type Path = Arc<[u8]>;
type Map<K, V> = im::HashMap<K, V, RandomState>;

/// A fact's multiplicity and atom.
#[derive(Clone)]
struct Fact {
    count: u64,
    atom: Atom,
}

#[derive(Clone, Default)]
pub(crate) struct ImWorld {
    facts: Map<Path, Fact>,
    /// Right-hand sides by head.
    rules: Map<(Symbol, usize), im::Vector<Atom>>,
    wildcards: im::Vector<Atom>,
    types: Map<Symbol, im::Vector<Atom>>,
    rule_count: usize,
}

fn path(atom: &Atom) -> Path {
    Encoder::new().encode(atom).bytes.into()
}

fn head(lhs: &Atom) -> Option<(Symbol, usize)> {
    match lhs.as_expression() {
        Some([first, arguments @ ..]) => Some((first.as_symbol()?, arguments.len())),
        _ => Some((lhs.as_symbol()?, 0)),
    }
}

impl ImWorld {
    fn add(&mut self, path: Path, atom: Atom, times: u64) {
        if let Some(fact) = self.facts.get_mut(&path) {
            fact.count += times;
            return;
        }
        if let Some([keyword, left, right]) = atom.as_expression() {
            match (keyword.as_symbol().map(|symbol| symbol.as_str()), head(left)) {
                (Some("="), Some(head)) => self.rules.entry(head).or_default().push_back(right.clone()),
                (Some("="), None) => self.wildcards.push_back(right.clone()),
                (Some(":"), Some((name, 0))) => self.types.entry(name).or_default().push_back(right.clone()),
                _ => {}
            }
            self.rule_count += usize::from(*keyword == Atom::symbol("="));
        }
        self.facts.insert(path, Fact { count: times, atom });
    }

    fn remove(&mut self, path: &Path, times: u64) {
        let Some(fact) = self.facts.get_mut(path) else { return };
        if fact.count > times {
            fact.count -= times;
            return;
        }
        let atom = fact.atom.clone();
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

impl World for ImWorld {
    const NAME: &'static str = "im";
    type Live = RwLock<Self>;

    fn empty() -> Self {
        Self::default()
    }
    fn fork(&self) -> Self {
        self.clone()
    }
    /// Does nothing: each map copies the path to a written entry.
    fn make_owned(&mut self) {}
    fn add_fact(&mut self, fact: Atom) {
        self.add(path(&fact), fact, 1);
    }
    fn add_rule(&mut self, lhs: Atom, rhs: Atom) {
        self.add_fact(Atom::expression([Atom::symbol("="), lhs, rhs]));
    }
    fn contains(&self, fact: &Atom) -> bool {
        let mut encoder = Encoder::new();
        self.facts.contains_key(encoder.encode(fact).bytes)
    }
    fn each_rule(&self, head: Symbol, arity: usize, f: impl FnMut(&Atom)) {
        let bucket = self.rules.get(&(head, arity));
        bucket.into_iter().flatten().chain(&self.wildcards).for_each(f);
    }
    fn rule_count(&self) -> usize {
        self.rule_count
    }
    fn union(&self, other: &Self, base: &Self) -> Self {
        let mut union = self.clone();
        for (path, theirs) in &other.facts {
            let inherited = base.facts.get(path).map_or(0, |fact| fact.count);
            if theirs.count > inherited {
                union.add(Arc::clone(path), theirs.atom.clone(), theirs.count - inherited);
            }
        }
        for (path, inherited) in &base.facts {
            let left = other.facts.get(path).map_or(0, |fact| fact.count);
            if inherited.count > left {
                union.remove(path, inherited.count - left);
            }
        }
        union
    }
    fn live(self) -> RwLock<Self> {
        RwLock::new(self)
    }
    fn live_contains(live: &RwLock<Self>, fact: &Atom) -> bool {
        live.read().unwrap_or_else(PoisonError::into_inner).contains(fact)
    }
    fn live_set(live: &RwLock<Self>, fact: &Atom, present: bool) {
        let mut world = live.write().unwrap_or_else(PoisonError::into_inner);
        if present {
            world.add_fact(fact.clone());
        } else {
            world.remove(&path(fact), 1);
        }
    }
}
