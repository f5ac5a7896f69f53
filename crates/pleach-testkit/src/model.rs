//! The naive model of the laws in `docs/design.md`: every state is a full copy, every version is kept forever, and the
//! union is the formula of law 4.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use pleach::Atom;
use pleach::env::SpaceKind;
use pleach::term::Encoder;

/// An atom up to alpha-equivalence: its path.
pub type Canonical = Vec<u8>;

pub fn canonical(atom: &Atom) -> Canonical {
    thread_local! {
        static KNOWN: RefCell<HashMap<Atom, Canonical>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        known
            .entry(atom.clone())
            .or_insert_with(|| Encoder::new().encode(atom).bytes.to_vec())
            .clone()
    })
}

/// A state, with its parents.
#[derive(Debug)]
pub struct State {
    kind: SpaceKind,
    pub counts: BTreeMap<Canonical, u64>,
    /// The rules and annotations in definition order, each as it was first written. None in a data space.
    pub definitions: Vec<Atom>,
    parents: Vec<Rc<State>>,
}

/// A handle to a state.
#[derive(Clone, Debug)]
pub struct Model(pub Rc<State>);

pub fn is_definition(atom: &Atom) -> bool {
    match atom.as_expression() {
        Some([keyword, _, _]) if *keyword == Atom::symbol("=") => true,
        Some([keyword, name, _]) if *keyword == Atom::symbol(":") => name.as_symbol().is_some(),
        _ => false,
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::of_kind(SpaceKind::Program)
    }
}

impl Model {
    /// Returns an empty space of this kind.
    pub fn of_kind(kind: SpaceKind) -> Self {
        Self(Rc::new(State {
            kind,
            counts: BTreeMap::new(),
            definitions: Vec::new(),
            parents: Vec::new(),
        }))
    }
}

impl Model {
    pub fn multiplicity(&self, atom: &Atom) -> u64 {
        self.0.counts.get(&canonical(atom)).copied().unwrap_or(0)
    }

    /// Returns the sum of all multiplicities.
    pub fn total(&self) -> u64 {
        let sum: u128 = self.0.counts.values().map(|count| u128::from(*count)).sum();
        clamp(sum)
    }

    pub fn set(&mut self, atom: &Atom, count: u64) {
        if self.multiplicity(atom) != count {
            self.change([atom], |_| count);
        }
    }

    /// Changes the multiplicity of each of these atoms, one after another, in one write.
    pub fn change<'a>(&mut self, atoms: impl IntoIterator<Item = &'a Atom>, change: impl Fn(u64) -> u64) {
        let mut counts = self.0.counts.clone();
        let mut definitions = self.0.definitions.clone();
        for atom in atoms {
            let key = canonical(atom);
            let before = counts.get(&key).copied().unwrap_or(0);
            let count = change(before);
            if count == 0 {
                counts.remove(&key);
                definitions.retain(|other| canonical(other) != key);
            } else {
                counts.insert(key, count);
                if before == 0 && self.0.kind == SpaceKind::Program && is_definition(atom) {
                    definitions.push(atom.clone());
                }
            }
        }
        if counts != self.0.counts || definitions != self.0.definitions {
            self.0 = Rc::new(State {
                kind: self.0.kind,
                counts,
                definitions,
                parents: vec![Rc::clone(&self.0)],
            });
        }
    }

    /// Returns an equal state without parents.
    pub fn without_history(&self) -> Self {
        Self(Rc::new(State {
            kind: self.0.kind,
            counts: self.0.counts.clone(),
            definitions: self.0.definitions.clone(),
            parents: Vec::new(),
        }))
    }

    /// Returns whether both are the same state, not only equal ones.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Returns an equal state that descends from this one, as after a write to a space, state or binding.
    pub fn next(&self) -> Self {
        Self(Rc::new(State {
            kind: self.0.kind,
            counts: self.0.counts.clone(),
            definitions: self.0.definitions.clone(),
            parents: vec![Rc::clone(&self.0)],
        }))
    }

    /// Returns the atoms in the order of their paths.
    pub fn sorted(&self) -> Vec<(&Canonical, u64)> {
        let mut all: Vec<_> = self.0.counts.iter().map(|(path, count)| (path, *count)).collect();
        all.sort_unstable();
        all
    }

    pub fn union(&self, other: &Self) -> Self {
        Self(union(&self.0, &other.0))
    }
}

fn clamp(sum: u128) -> u64 {
    sum.try_into().unwrap_or(u64::MAX)
}

/// Returns whether a rule can match a call of `head` with `arity` arguments, judging by the first item of its left
/// side.
pub fn can_match(rule: &Atom, head: &str, arity: usize) -> bool {
    let lhs = &rule.as_expression().unwrap()[1];
    let (first, arguments) = match lhs.as_expression() {
        Some([first, arguments @ ..]) => (first.clone(), arguments.len()),
        Some([]) => return true,
        None => (lhs.clone(), 0),
    };
    match first.as_symbol() {
        Some(symbol) => symbol.as_str() == head && arguments == arity,
        None => true,
    }
}

fn ancestors(state: &Rc<State>) -> HashMap<*const State, Rc<State>> {
    let mut seen = HashMap::from([(Rc::as_ptr(state), Rc::clone(state))]);
    let mut todo = vec![Rc::clone(state)];
    while let Some(state) = todo.pop() {
        for parent in &state.parents {
            if seen.insert(Rc::as_ptr(parent), Rc::clone(parent)).is_none() {
                todo.push(Rc::clone(parent));
            }
        }
    }
    seen
}

fn latest_common(a: &Rc<State>, b: &Rc<State>) -> Vec<Rc<State>> {
    let of_b = ancestors(b);
    let common: Vec<_> = ancestors(a)
        .into_iter()
        .filter(|(key, _)| of_b.contains_key(key))
        .collect();
    let mut older = HashMap::new();
    for (key, state) in &common {
        older.extend(ancestors(state).into_iter().filter(|(ancestor, _)| ancestor != key));
    }
    common
        .into_iter()
        .filter(|(key, _)| !older.contains_key(key))
        .map(|(_, state)| state)
        .collect()
}

/// Computes the union by law 4.
fn union(a: &Rc<State>, b: &Rc<State>) -> Rc<State> {
    let mut base = latest_common(a, b);
    if base.iter().any(|state| Rc::ptr_eq(state, b)) {
        return Rc::clone(a);
    }
    if base.iter().any(|state| Rc::ptr_eq(state, a)) {
        return Rc::clone(b);
    }
    base.sort_by(|a, b| by_content(&a.counts, &b.counts));
    let inherited = base.into_iter().reduce(|merged, state| union(&merged, &state));
    let count = |state: &State, key: &Canonical| state.counts.get(key).copied().unwrap_or(0);
    let mut counts = BTreeMap::new();
    for key in a.counts.keys().chain(b.counts.keys()) {
        let inherited = inherited.as_ref().map_or(0, |state| count(state, key));
        let sum = u128::from(count(a, key)) + u128::from(count(b, key));
        let sum = clamp(sum.saturating_sub(inherited.into()));
        if sum > 0 {
            counts.insert(key.clone(), sum);
        }
    }
    // Law 6: a's definitions in their order, then those that only b has, in b's order.
    let mut definitions = a.definitions.clone();
    definitions.extend(
        b.definitions
            .iter()
            .filter(|atom| !a.counts.contains_key(&canonical(atom)))
            .cloned(),
    );
    definitions.retain(|atom| counts.contains_key(&canonical(atom)));
    Rc::new(State {
        kind: a.kind,
        counts,
        definitions,
        parents: vec![Rc::clone(a), Rc::clone(b)],
    })
}

/// Orders states by the count of the first atom in which they differ.
fn by_content(a: &BTreeMap<Canonical, u64>, b: &BTreeMap<Canonical, u64>) -> Ordering {
    let keys = a.keys().chain(b.keys()).filter(|key| a.get(*key) != b.get(*key));
    keys.min().map_or(Ordering::Equal, |key| a.get(key).cmp(&b.get(key)))
}
