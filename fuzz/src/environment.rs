//! Operations on four environments, each compared with the naive model of the laws.

mod atoms;
mod queries;

use std::collections::{BTreeMap, BTreeSet};

use pleach::env::{Cell, Change, Patch, SpaceId, StateId};
use pleach::persist::NoCodec;
use pleach::{Atom, Environment};

use self::atoms::{atom, edges, pattern};
use pleach_testkit::model::{Canonical, Model, can_match, canonical};

const HANDLES: usize = 4;
/// Greatest number of spaces and states in a run.
const MOST: usize = 4;

/// An environment and its model. The model holds the atom of a named space as `(in 1 atom)`.
#[derive(Clone)]
struct Pair {
    real: Environment,
    model: Model,
    /// Its named spaces.
    spaces: BTreeSet<usize>,
    cells: BTreeMap<Cell, Canonical>,
}

struct World {
    pairs: [Pair; HANDLES],
    spaces: Vec<SpaceId>,
    states: Vec<StateId>,
}

/// Interprets the bytes as operations of three bytes: the operation, the environments, and the argument.
pub fn run(data: &[u8]) {
    let pair = || Pair {
        real: Environment::new(),
        model: Model::default(),
        spaces: BTreeSet::new(),
        cells: BTreeMap::new(),
    };
    let mut world = World {
        pairs: std::array::from_fn(|_| pair()),
        spaces: Vec::new(),
        states: Vec::new(),
    };
    let (steps, _) = data.as_chunks::<3>();
    for (number, [operation, handles, operand]) in steps.iter().enumerate() {
        let at = [0, 2, 4].map(|shift| usize::from(handles >> shift) % HANDLES);
        world.step(*operation, at, *operand);
        if number % 16 == 0 {
            // All of them: a write through one must not affect another.
            world.check();
        }
    }
    world.check();
}

fn within(space: usize, atom: &Atom) -> Atom {
    Atom::expression([Atom::symbol("in"), Atom::from(space as i64), atom.clone()])
}

impl World {
    fn step(&mut self, operation: u8, [to, a, b]: [usize; 3], operand: u8) {
        let operation = operation % 32;
        let pair = &mut self.pairs[to];
        // A handle without writes.
        pair.real = pair.real.clone();
        let model = pair.model.clone();
        self.operate(operation, [to, a, b], operand);
        let pair = &mut self.pairs[to];
        // The model doesn't cover writes to states and bindings.
        if pair.real.is_modified() && pair.model.is(&model) {
            pair.model = pair.model.next();
        }
    }

    fn operate(&mut self, operation: u8, [to, a, b]: [usize; 3], operand: u8) {
        match operation {
            0..=5 => self.pairs[to].add(&[atom(operand)]),
            6..=8 => self.pairs[to].remove(&atom(operand)),
            9 => self.pairs[to].set(&atom(operand), [0, 1, 2, u64::MAX][a]),
            10 => self.pairs[to].add(&[0, 1, 2].map(|more| atom(operand.wrapping_add(more)))),
            11 => self.pairs[to].add(&edges()[..usize::from(operand) % 65]),
            12 => edges()
                .iter()
                .take(operand.into())
                .for_each(|edge| self.pairs[to].remove(edge)),
            13..=15 => self.pairs[to] = self.pairs[a].clone(),
            16..=18 => self.pairs[to] = self.pairs[a].union(&self.pairs[b]),
            19 => {
                let real = Environment::union_all([to, a, b].map(|at| &self.pairs[at].real));
                let expected = self.pairs[to].union(&self.pairs[a]).union(&self.pairs[b]);
                assert_eq!(atoms_of(&real), atoms_of(&expected.real));
                self.pairs[to] = Pair { real, ..expected };
            }
            20 => self.patch(to, a, b),
            21 => self.pairs[to].real.make_owned(),
            22 => self.pairs[to].real.rebuild_rule_index(),
            23 => self.pairs[to].forget_history(),
            24 => self.pairs[to].exchange(&self.pairs[a].clone()),
            25 => self.new_space(to),
            26 | 27 => self.write_space(to, a, operand),
            28 => self.write_cell(to, a, operand),
            29 => queries::check(&self.pairs[to], &pattern(operand)),
            30 => {
                let patterns = [pattern(operand), pattern(operand >> 4)];
                queries::check_all(&self.pairs[to], &patterns);
                let [first, second] = patterns;
                let negated = pattern(operand.rotate_left(3));
                queries::check_view(&self.pairs[a], &self.pairs[to], [first, second, negated]);
            }
            _ => self.pairs[to].saved(),
        }
    }

    fn new_space(&mut self, to: usize) {
        if self.spaces.len() < MOST {
            let pair = &mut self.pairs[to];
            pair.spaces.insert(self.spaces.len());
            let id = match self.spaces.len() % 2 {
                0 => pair.real.new_space(),
                _ => pair.real.new_data_space(),
            };
            assert!(!self.spaces.contains(&id), "each space has an id of its own");
            self.spaces.push(id);
        }
    }

    fn write_space(&mut self, to: usize, index: usize, operand: u8) {
        let Some(id) = self.spaces.get(index) else { return };
        let Pair {
            real, model, spaces, ..
        } = &mut self.pairs[to];
        let there = spaces.contains(&index);
        let Some(mut space) = real.space_mut(*id) else {
            assert!(!there);
            return;
        };
        assert!(there);
        let atom = atom(operand);
        let inner = within(index, &atom);
        if operand.is_multiple_of(3) {
            assert_eq!(space.remove_fact(&atom), model.multiplicity(&inner) > 0);
            model.change([&inner], |count| count.saturating_sub(1));
        } else {
            space.add_fact(atom);
            model.change([&inner], |count| count.saturating_add(1));
        }
    }

    fn write_cell(&mut self, to: usize, index: usize, operand: u8) {
        let Pair { real, cells, .. } = &mut self.pairs[to];
        let content = atom(operand);
        let value = canonical(&content);
        match (operand % 3, self.states.get(index)) {
            (0, _) => {
                let name = ["one", "two"][index % 2];
                real.bind(name, content);
                cells.insert(Cell::Binding(name.into()), value);
            }
            (_, Some(id)) => {
                let known = cells.contains_key(&Cell::State(*id));
                assert_eq!(real.change_state(*id, content), known);
                if known {
                    cells.insert(Cell::State(*id), value);
                }
            }
            (_, None) => {
                let id = real.new_state(content);
                assert!(!self.states.contains(&id), "each state has an id of its own");
                self.states.push(id);
                cells.insert(Cell::State(id), value);
            }
        }
    }

    /// Applies the patch between two environments to a third.
    fn patch(&mut self, to: usize, from: usize, target: usize) {
        let (from, target) = (&self.pairs[from], &self.pairs[target]);
        let patch = from.real.diff(&target.real);
        self.is_difference(&patch, from, target);

        let mut there = from.real.clone();
        there.apply(&patch);
        assert_eq!(atoms_of(&there), atoms_of(&target.real));
        assert!(
            there
                .diff(&target.real)
                .iter()
                .all(|change| matches!(change, Change::Atom { to: 0, .. }))
        );
        there.apply(&patch.inverse());
        assert_eq!(atoms_of(&there), atoms_of(&from.real));
        there.check();

        // The model doesn't know whether a space was changed since its removal.
        let keeps_space = |change: &Change| !matches!(change, Change::SpaceRemoved(_));
        let patch: Patch = patch.into_iter().filter(keeps_space).collect();
        let adds: BTreeSet<SpaceId> = patch
            .iter()
            .filter_map(|change| match change {
                Change::Atom { space, from, to, .. } if to > from => *space,
                _ => None,
            })
            .collect();
        let pair = &mut self.pairs[to];
        pair.real.apply(&patch);
        for change in &patch {
            match change {
                Change::Atom { space, atom, from, to } => {
                    let delta = |count: u64| {
                        let count = i128::from(count) + i128::from(*to) - i128::from(*from);
                        u64::try_from(count.max(0)).unwrap_or(u64::MAX)
                    };
                    let Some(id) = space else {
                        pair.model.change([atom], delta);
                        continue;
                    };
                    let index = self
                        .spaces
                        .iter()
                        .position(|known| known == id)
                        .expect("it was made here");
                    // A space that is gone is made again for an addition alone.
                    if adds.contains(id) {
                        pair.spaces.insert(index);
                    }
                    pair.model.change([&within(index, atom)], delta);
                }
                Change::SpaceCreated(id) => {
                    let index = self
                        .spaces
                        .iter()
                        .position(|known| known == id)
                        .expect("it was made here");
                    pair.spaces.insert(index);
                }
                Change::Cell { cell, to: Some(to), .. } => drop(pair.cells.insert(*cell, canonical(to))),
                Change::Cell { cell, to: None, .. } => drop(pair.cells.remove(cell)),
                change => panic!("{change:?}"),
            }
        }
    }

    fn is_difference(&self, patch: &Patch, from: &Pair, target: &Pair) {
        let mut found: Vec<(Canonical, u64, u64)> = Vec::new();
        for change in patch {
            if let Change::Atom { space, atom, from, to } = change {
                let index = space.map(|id| {
                    self.spaces
                        .iter()
                        .position(|known| *known == id)
                        .expect("it was made here")
                });
                let atom = index.map_or_else(|| atom.clone(), |index| within(index, atom));
                found.push((canonical(&atom), *from, *to));
            }
        }
        found.sort();
        let (a, b) = (&from.model.0.counts, &target.model.0.counts);
        let count = |counts: &BTreeMap<Canonical, u64>, key| counts.get(key).copied().unwrap_or(0);
        let mut expected: Vec<(Canonical, u64, u64)> = a
            .keys()
            .chain(b.keys())
            .map(|key| (key.clone(), count(a, key), count(b, key)))
            .filter(|(_, from, to)| from != to)
            .collect();
        expected.sort();
        expected.dedup();
        assert_eq!(found, expected);
    }

    fn check(&self) {
        for pair in &self.pairs {
            pair.check();
            for (index, id) in self.spaces.iter().enumerate() {
                let inner: BTreeMap<Canonical, u64> = match pair.real.space(*id) {
                    None => BTreeMap::new(),
                    Some(space) => space
                        .iter()
                        .map(|(atom, count)| (canonical(&within(index, &atom)), count))
                        .collect(),
                };
                assert_eq!(pair.real.space(*id).is_some(), pair.spaces.contains(&index));
                let start = canonical(&within(index, &Atom::symbol("")));
                let prefix = &start[..start.len() - 1];
                let expected = pair.model.0.counts.iter().filter(|(path, _)| path.starts_with(prefix));
                assert!(inner.iter().eq(expected));
            }
        }
    }
}

impl Pair {
    /// The environment's own space in the model.
    fn own(&self) -> Vec<(&Canonical, u64)> {
        let named = canonical(&Atom::expression([Atom::symbol("in"), Atom::from(0)]));
        let named = &named[1..named.len() - 1];
        let mut all = self.model.sorted();
        all.retain(|(path, _)| !path[1..].starts_with(named));
        all
    }

    fn add(&mut self, atoms: &[Atom]) {
        match atoms {
            [one] => self.real.add_fact(one.clone()),
            many => self.real.add_facts_bulk(many.to_vec()),
        }
        self.model.change(atoms, |count| count.saturating_add(1));
    }

    fn remove(&mut self, atom: &Atom) {
        assert_eq!(self.real.remove_fact(atom), self.model.multiplicity(atom) > 0);
        self.model.change([atom], |count| count.saturating_sub(1));
    }

    fn set(&mut self, atom: &Atom, count: u64) {
        self.real.set_multiplicities([(atom.clone(), count)]);
        self.model.set(atom, count);
    }

    fn forget_history(&mut self) {
        self.real.forget_history();
        self.model = self.model.without_history();
    }

    fn union(&self, other: &Self) -> Self {
        let real = self.real.union(&other.real);
        let mut cells = BTreeMap::new();
        for cell in self.cells.keys().chain(other.cells.keys()) {
            let (ours, theirs) = (self.cells.get(cell), other.cells.get(cell));
            let found = held(&real, cell);
            assert!(found.as_ref() == ours || found.as_ref() == theirs);
            cells.extend(found.map(|found| (*cell, found)));
        }
        Self {
            real,
            model: self.model.union(&other.model),
            spaces: &self.spaces | &other.spaces,
            cells,
        }
    }

    /// Takes all atoms of another environment in the place of its own.
    fn exchange(&mut self, other: &Self) {
        let mut exchanged = self.real.clone();
        let own = self.real.iter().map(|(atom, _)| (atom, 0));
        exchanged.set_multiplicities(own.chain(other.real.iter()));
        exchanged.check();
        assert_eq!(atoms_of(&exchanged), atoms_of(&other.real));
    }

    /// Save and load round-trip.
    fn saved(&self) {
        let mut bytes = Vec::new();
        self.real
            .save_to(&mut bytes, &NoCodec)
            .expect("there are no opaque values");
        let loaded = Environment::<Atom>::load_from(&bytes[..], &NoCodec).expect("what was saved can be loaded");
        loaded.check();
        assert!(loaded == self.real);
        let rules = |env: &Environment| -> Vec<Atom> { env.rules().map(|rule| rule.atom().clone()).collect() };
        assert_eq!(rules(&loaded), rules(&self.real));
    }

    fn check(&self) {
        self.real.check();
        let real = &self.real;
        let own = self.own();
        let listed = atoms_of(real);
        assert!(
            listed
                .iter()
                .map(|(path, count)| (path, *count))
                .eq(own.iter().copied())
        );
        assert_eq!(real.fact_count(), own.len());
        let sum: u128 = own.iter().map(|(_, count)| u128::from(*count)).sum();
        assert_eq!(u128::from(real.len()), sum.min(u64::MAX.into()));

        let definitions = &self.model.0.definitions;
        let (rules, annotations): (Vec<&Atom>, Vec<&Atom>) = definitions
            .iter()
            .partition(|atom| atom.as_expression().is_some_and(|items| items[0] == Atom::symbol("=")));
        let paths = |atoms: &[&Atom]| -> Vec<Canonical> { atoms.iter().map(|atom| canonical(atom)).collect() };
        let found: Vec<&Atom> = real.rules().map(|rule| rule.atom()).collect();
        assert_eq!(paths(&found), paths(&rules));
        for (head, arity) in [("f", 1), ("f", 2), ("c", 0), ("n0", 0)] {
            let found: Vec<&Atom> = real.get_matching_rules(head, arity).map(|rule| rule.atom()).collect();
            let expected: Vec<&Atom> = rules
                .iter()
                .copied()
                .filter(|rule| can_match(rule, head, arity))
                .collect();
            assert_eq!(paths(&found), paths(&expected));
        }
        for name in ["f", "n0", "n1"] {
            let found: Vec<Canonical> = real.types(name).map(canonical).collect();
            let of_name = |atom: &&&Atom| atom.as_expression().is_some_and(|items| items[1] == Atom::symbol(name));
            let expected: Vec<Canonical> = annotations
                .iter()
                .filter(of_name)
                .map(|atom| canonical(&atom.as_expression().expect("it is one")[2]))
                .collect();
            assert_eq!(found, expected);
        }
        for (cell, content) in &self.cells {
            assert_eq!(held(real, cell).as_ref(), Some(content));
        }
    }
}

/// The atoms of the environment's own space, up to the names of variables.
fn atoms_of(real: &Environment) -> Vec<(Canonical, u64)> {
    real.iter().map(|(atom, count)| (canonical(&atom), count)).collect()
}

fn held(real: &Environment, cell: &Cell) -> Option<Canonical> {
    match cell {
        Cell::State(id) => real.state(*id),
        Cell::Binding(name) => real.binding(name.as_str()),
        _ => None,
    }
    .map(canonical)
}
