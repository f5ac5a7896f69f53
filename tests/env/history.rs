//! Laws 4 and 11 over long random histories of forks, writes, removals and unions of many handles, against a model that keeps
//! the set of all ancestors of each version.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use pleach::{Atom, Environment};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

const HANDLES: usize = 8;
const ATOMS: usize = 6;

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bits(Vec<u64>);

impl Bits {
    fn add(&mut self, n: usize) {
        self.0.resize(self.0.len().max(n / 64 + 1), 0);
        self.0[n / 64] |= 1 << (n % 64);
    }

    fn has(&self, n: usize) -> bool {
        self.0.get(n / 64).is_some_and(|word| word >> (n % 64) & 1 == 1)
    }

    fn zip(&self, other: &Self, op: fn(u64, u64) -> u64) -> Self {
        let word = |bits: &Self, i| bits.0.get(i).copied().unwrap_or(0);
        Self(
            (0..self.0.len().max(other.0.len()))
                .map(|i| op(word(self, i), word(other, i)))
                .collect(),
        )
    }

    fn or(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|n| self.has(*n))
    }
}

type Counts = [u64; ATOMS];

#[derive(Clone, Debug)]
struct Version {
    counts: Counts,
    /// The version and its ancestors.
    ancestors: Bits,
    /// The additions of the version and its ancestors, by number.
    additions: Bits,
}

/// All versions, dropped ones included.
#[derive(Default)]
struct Model {
    versions: Vec<Version>,
    unions: BTreeMap<(usize, usize), usize>,
    /// The atom of each addition.
    added: Vec<usize>,
}

impl Model {
    fn push(&mut self, parents: &[usize], counts: Counts, addition: Option<usize>) -> usize {
        let id = self.versions.len();
        let (mut ancestors, mut additions) = (Bits::default(), Bits::default());
        for parent in parents {
            ancestors = ancestors.or(&self.versions[*parent].ancestors);
            additions = additions.or(&self.versions[*parent].additions);
        }
        ancestors.add(id);
        if let Some(atom) = addition {
            additions.add(self.added.len());
            self.added.push(atom);
        }
        self.versions.push(Version {
            counts,
            ancestors,
            additions,
        });
        id
    }

    fn change(&mut self, version: usize, atom: usize, by: i64) -> usize {
        let mut counts = self.versions[version].counts;
        let new = counts[atom].saturating_add_signed(by);
        if new == counts[atom] {
            return version;
        }
        counts[atom] = new;
        self.push(&[version], counts, (by > 0).then_some(atom))
    }

    fn latest_common(&self, a: usize, b: usize) -> Vec<usize> {
        let common = self.versions[a]
            .ancestors
            .zip(&self.versions[b].ancestors, |a, b| a & b);
        let mut older = Bits::default();
        for version in common.iter() {
            let mut proper = self.versions[version].ancestors.clone();
            proper.0[version / 64] &= !(1 << (version % 64));
            older = older.or(&proper);
        }
        common.iter().filter(|version| !older.has(*version)).collect()
    }

    fn union(&mut self, a: usize, b: usize) -> usize {
        let mut base = self.latest_common(a, b);
        if base.contains(&b) {
            return a;
        }
        if base.contains(&a) {
            return b;
        }
        base.sort_by_key(|version| self.versions[*version].counts);
        let inherited = base
            .into_iter()
            .reduce(|merged, version| self.base_union(merged, version));
        let inherited = inherited.map_or([0; ATOMS], |version| self.versions[version].counts);
        let (left, right) = (self.versions[a].counts, self.versions[b].counts);
        let counts = std::array::from_fn(|i| (left[i] + right[i]).saturating_sub(inherited[i]));
        self.push(&[a, b], counts, None)
    }

    /// Memoizes `union` by pair.
    fn base_union(&mut self, a: usize, b: usize) -> usize {
        match self.unions.get(&(a, b)) {
            Some(known) => *known,
            None => {
                let union = self.union(a, b);
                self.unions.insert((a, b), union);
                union
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize, usize),
    Remove(usize, usize),
    Fork(usize, usize),
    Union(usize, usize, usize),
    Forget(usize),
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut handle = || usize::arbitrary(g) % HANDLES;
        let (a, b, c) = (handle(), handle(), handle());
        let atom = usize::arbitrary(g) % ATOMS;
        match u8::arbitrary(g) % 20 {
            0..=5 => Self::Add(a, atom),
            6..=7 => Self::Remove(a, atom),
            8..=11 => Self::Fork(a, b),
            12 if bool::arbitrary(g) => Self::Forget(a),
            _ => Self::Union(a, b, c),
        }
    }
}

#[derive(Clone, Debug)]
struct History(Vec<Step>);

impl Arbitrary for History {
    fn arbitrary(g: &mut Gen) -> Self {
        // Mostly short, up to 200.
        let limit = [10, 20, 40, 200][usize::arbitrary(g) % 4];
        let length = usize::arbitrary(g) % limit;
        Self((0..length).map(|_| Step::arbitrary(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let steps = self.0.clone();
        Box::new((0..steps.len()).map(move |skip| {
            Self(
                steps
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| *i != skip)
                    .map(|(_, step)| step.clone())
                    .collect(),
            )
        }))
    }
}

fn atom(n: usize) -> Atom {
    Atom::from(n as i64)
}

fn counts(env: &Environment) -> Counts {
    std::array::from_fn(|n| env.multiplicity(&atom(n)))
}

fn run(history: &History, removals: bool) {
    let mut model = Model::default();
    let root = model.push(&[], [0; ATOMS], None);
    let first = Environment::new();
    let mut handles: [(Environment, usize); HANDLES] = std::array::from_fn(|_| (first.clone(), root));
    for step in &history.0 {
        let written = match step {
            Step::Add(handle, n) => {
                let (env, version) = &mut handles[*handle];
                env.add_fact(atom(*n));
                *version = model.change(*version, *n, 1);
                *handle
            }
            Step::Remove(handle, n) if removals => {
                let (env, version) = &mut handles[*handle];
                env.remove_fact(&atom(*n));
                *version = model.change(*version, *n, -1);
                *handle
            }
            Step::Remove(..) => continue,
            Step::Fork(from, to) => {
                handles[*to] = handles[*from].clone();
                *to
            }
            Step::Union(a, b, to) => {
                let union = handles[*a].0.union(&handles[*b].0);
                let again = union.union(&handles[*b].0);
                assert!(again.ptr_eq(&union), "idempotent");
                let swapped = handles[*b].0.union(&handles[*a].0);
                assert_eq!(swapped, union, "commutative");
                drop((again, swapped));
                handles[*to] = (union, model.union(handles[*a].1, handles[*b].1));
                *to
            }
            Step::Forget(handle) => {
                handles[*handle] = (first.clone(), root);
                *handle
            }
        };
        let (env, version) = &handles[written];
        env.check();
        assert_eq!(counts(env), model.versions[*version].counts, "law 4");
    }
    for (env, version) in &handles {
        let version = &model.versions[*version];
        assert_eq!(counts(env), version.counts, "nobody else's write is seen");
        if !removals {
            let mut expected = [0; ATOMS];
            version
                .additions
                .iter()
                .for_each(|addition| expected[model.added[addition]] += 1);
            assert_eq!(counts(env), expected, "each addition counts once");
        }
    }
    if !removals {
        let [a, b, c, ..] = &handles;
        let (left, right) = (a.0.union(&b.0).union(&c.0), a.0.union(&b.0.union(&c.0)));
        assert_eq!(left, right, "associative");
    }
}

fn holds(property: fn(History)) {
    quick_check(5_000).quickcheck(property);
}

#[test]
fn histories_of_additions() {
    holds(|history| run(&history, false));
}

#[test]
fn histories_with_removals() {
    holds(|history| run(&history, true));
}

/// Law 14: conflicts of cells, over histories that criss-cross.
mod cells {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use pleach::env::{Conflict, Resolution};

    use super::*;

    const HANDLES: usize = 4;
    const NAMES: [&str; 2] = ["x", "y"];

    #[derive(Clone, Debug)]
    enum Step {
        Bind(usize, usize),
        /// The content before the first write.
        Unbind(usize, usize),
        /// Adds a fact, which makes another version with the same cells.
        Write(usize),
        Fork(usize, usize),
        Union(usize, usize, usize),
        /// Each of two merges the earlier version of the other.
        Cross(usize, usize),
        RecordMerge(usize, usize),
    }

    impl Arbitrary for Step {
        fn arbitrary(g: &mut Gen) -> Self {
            let mut handle = || usize::arbitrary(g) % HANDLES;
            let (a, b, c) = (handle(), handle(), handle());
            let name = usize::arbitrary(g) % NAMES.len();
            match u8::arbitrary(g) % 18 {
                0..=4 => Self::Bind(a, name),
                5 => Self::Unbind(a, name),
                6..=7 => Self::Write(a),
                8..=9 => Self::Fork(a, b),
                10 => Self::RecordMerge(a, b),
                11..=13 => Self::Union(a, b, c),
                _ => Self::Cross(a, b),
            }
        }
    }

    type Held = Option<i64>;

    /// The last decision about a cell: its content, and the set of decisions that it replaces, itself included.
    #[derive(Clone, Debug, Default)]
    struct Decision {
        id: usize,
        value: Held,
        replaces: BTreeSet<usize>,
    }

    #[derive(Clone, Debug)]
    struct Version {
        ancestors: BTreeSet<usize>,
        cells: [Decision; NAMES.len()],
    }

    /// All versions, dropped ones included.
    #[derive(Default)]
    struct Model {
        versions: Vec<Version>,
        decisions: usize,
        /// The memoized results of `base`.
        bases: RefCell<BTreeMap<(usize, usize, usize), Option<Held>>>,
    }

    impl Model {
        fn push(&mut self, parents: &[usize], cells: [Decision; NAMES.len()]) -> usize {
            let id = self.versions.len();
            let mut ancestors = BTreeSet::from([id]);
            for parent in parents {
                ancestors.extend(&self.versions[*parent].ancestors);
            }
            self.versions.push(Version { ancestors, cells });
            id
        }

        fn decide(&mut self, value: Held, replaced: &[&Decision]) -> Decision {
            self.decisions += 1;
            let mut replaces = BTreeSet::from([self.decisions]);
            replaced.iter().for_each(|decision| replaces.extend(&decision.replaces));
            Decision {
                id: self.decisions,
                value,
                replaces,
            }
        }

        /// A write that changes nothing makes no version.
        fn set(&mut self, version: usize, name: usize, value: Held) -> usize {
            let mut cells = self.versions[version].cells.clone();
            if cells[name].value == value {
                return version;
            }
            cells[name] = self.decide(value, &[&cells[name].clone()]);
            self.push(&[version], cells)
        }

        fn latest_common(&self, a: usize, b: usize) -> Vec<usize> {
            let ancestors = |version: usize| &self.versions[version].ancestors;
            let mut latest: Vec<usize> = Vec::new();
            // Versions are numbered in the order of creation.
            for version in ancestors(a)
                .iter()
                .rev()
                .filter(|version| ancestors(b).contains(version))
            {
                if !latest.iter().any(|later| ancestors(*later).contains(version)) {
                    latest.push(*version);
                }
            }
            latest
        }

        fn value(&self, version: usize, name: usize) -> Held {
            self.versions[version].cells[name].value
        }

        /// The base value according to law 14, if there is one.
        fn base(&self, a: usize, b: usize, name: usize) -> Option<Held> {
            let key = (a.min(b), a.max(b), name);
            if let Some(known) = self.bases.borrow().get(&key) {
                return *known;
            }
            let base = self.new_base(a, b, name);
            self.bases.borrow_mut().insert(key, base);
            base
        }

        fn new_base(&self, a: usize, b: usize, name: usize) -> Option<Held> {
            let bases = self.latest_common(a, b);
            if bases.is_empty() {
                return Some(None);
            }
            let is_replaced = |old: usize| {
                bases.iter().any(|new| {
                    self.value(*new, name) != self.value(old, name)
                        && self.base(old, *new, name) == Some(self.value(old, name))
                })
            };
            let left = bases.iter().filter(|base| bases.len() == 1 || !is_replaced(**base));
            let values: BTreeSet<_> = left.map(|base| self.value(*base, name)).collect();
            (values.len() == 1).then(|| values.into_iter().next().flatten())
        }
    }

    /// How conflicts are resolved.
    #[derive(Clone, Copy, PartialEq)]
    enum Rule {
        /// By a new value. All writes have new values too, so equal values are one decision.
        Fresh,
        /// By one of the two values, or by one of a few others.
        Few,
    }

    struct Run {
        model: Model,
        handles: Vec<(Environment, usize)>,
        rule: Rule,
        next: i64,
    }

    impl Run {
        fn new(rule: Rule) -> Self {
            let mut model = Model::default();
            let first_decision = Decision {
                replaces: BTreeSet::from([0]),
                ..Decision::default()
            };
            let root = model.push(&[], std::array::from_fn(|_| first_decision.clone()));
            let first = Environment::new();
            Self {
                model,
                handles: vec![(first, root); HANDLES],
                rule,
                next: 0,
            }
        }

        fn value(&mut self) -> i64 {
            self.next += 1;
            match self.rule {
                Rule::Fresh => self.next,
                Rule::Few => self.next * 7 % 3,
            }
        }

        fn union(&mut self, a: usize, b: usize) -> (Environment, usize) {
            let ((ours, a), (theirs, b)) = (self.handles[a].clone(), self.handles[b].clone());
            let next = self.value();
            let rule = self.rule;
            let mut found = Vec::new();
            let resolver = |conflict: &Conflict| {
                let (resolution, value) = match (rule, next) {
                    (Rule::Few, 0) => (Resolution::Ours, conflict.ours.clone()),
                    (Rule::Few, 1) => (Resolution::Theirs, conflict.theirs.clone()),
                    _ => (Resolution::Value(Atom::from(next)), Some(Atom::from(next))),
                };
                found.push((conflict.clone(), value));
                resolution
            };
            let union = ours.union_with(&theirs, resolver).unwrap();
            let failed = ours.union_with(&theirs, pleach::env::resolve::fail);
            let swapped = theirs.union_with(&ours, pleach::env::resolve::fail);
            let listed = |result: Result<Environment, pleach::env::Conflicts>| match result {
                Ok(_) => Vec::new(),
                Err(conflicts) => conflicts.0.into_iter().map(|conflict| conflict.subject).collect(),
            };
            let names: Vec<_> = found.iter().map(|(conflict, _)| conflict.subject).collect();
            assert_eq!(names, listed(failed), "`fail` lists what others resolve");
            assert_eq!(names, listed(swapped), "whichever comes first");

            let bases = self.model.latest_common(a, b);
            if bases.contains(&b) || bases.contains(&a) {
                assert!(found.is_empty());
                return (union, if bases.contains(&b) { a } else { b });
            }
            let mut cells = self.model.versions[a].cells.clone();
            for (name, cell) in cells.iter_mut().enumerate() {
                let (left, right) = (cell.clone(), self.model.versions[b].cells[name].clone());
                let conflict = found
                    .iter()
                    .find(|(conflict, _)| conflict.subject.to_string() == NAMES[name]);
                let base = self.model.base(a, b, name);
                let is_conflict = left.value != right.value && base != Some(left.value) && base != Some(right.value);
                assert_eq!(
                    conflict.is_some(),
                    is_conflict,
                    "law 14: {NAMES:?}[{name}] with {base:?}"
                );
                if let Some((conflict, _)) = conflict {
                    assert_eq!(conflict.disputed, base.is_none());
                    assert_eq!(conflict.base, base.flatten().map(Atom::from));
                    assert_eq!(conflict.ours, left.value.map(Atom::from));
                    assert_eq!(conflict.theirs, right.value.map(Atom::from));
                }
                // A necessary condition without recursion: one side has an inherited value.
                let held = bases
                    .iter()
                    .map(|base| self.model.value(*base, name))
                    .collect::<BTreeSet<_>>();
                if left.value != right.value && !bases.is_empty() {
                    if !held.contains(&left.value) && !held.contains(&right.value) {
                        assert!(is_conflict, "both left it differently");
                    }
                    if held.len() == 1 && (held.contains(&left.value) || held.contains(&right.value)) {
                        assert!(!is_conflict, "one side kept what both inherited");
                    }
                }
                // By decisions, if equal values are one decision.
                if self.rule == Rule::Fresh {
                    let is_open = !left.replaces.contains(&right.id) && !right.replaces.contains(&left.id);
                    assert_eq!(
                        is_conflict,
                        is_open && left.value != right.value,
                        "neither knew of the other"
                    );
                }
                *cell = match conflict {
                    Some((_, value)) => {
                        let value = value.as_ref().map(|value| value.to_string().parse().unwrap());
                        self.model.decide(value, &[&left, &right])
                    }
                    None if left.value == right.value => {
                        let mut both = left.clone();
                        both.replaces.extend(&right.replaces);
                        both
                    }
                    None if base == Some(left.value) => right,
                    None => left,
                };
            }
            (union, self.model.push(&[a, b], cells))
        }

        fn step(&mut self, step: &Step) {
            match *step {
                Step::Bind(handle, name) => {
                    let value = self.value();
                    let (env, version) = &mut self.handles[handle];
                    env.bind(NAMES[name], Atom::from(value));
                    *version = self.model.set(*version, name, Some(value));
                }
                Step::Unbind(handle, name) => {
                    // By value, a deleted cell is the same as one that never existed.
                    if self.rule == Rule::Fresh {
                        return;
                    }
                    let (env, version) = &mut self.handles[handle];
                    let mut with = Environment::new();
                    if let Some(value) = env.binding(NAMES[name]) {
                        with.bind(NAMES[name], value.clone());
                        env.apply(&with.diff(&Environment::new()));
                    }
                    *version = self.model.set(*version, name, None);
                }
                Step::Write(handle) => {
                    let (env, version) = &mut self.handles[handle];
                    env.add_fact(atom(0));
                    let cells = self.model.versions[*version].cells.clone();
                    *version = self.model.push(&[*version], cells);
                }
                Step::Fork(from, to) => self.handles[to] = self.handles[from].clone(),
                Step::Union(a, b, to) => self.handles[to] = self.union(a, b),
                Step::Cross(a, b) => (self.handles[a], self.handles[b]) = (self.union(a, b), self.union(b, a)),
                Step::RecordMerge(into, from) => {
                    let (a, b) = (self.handles[into].1, self.handles[from].1);
                    if self.rule == Rule::Fresh || self.model.versions[a].ancestors.contains(&b) {
                        return;
                    }
                    let theirs = self.handles[from].0.clone();
                    self.handles[into].0.record_merge(&theirs);
                    let cells = self.model.versions[a].cells.clone();
                    self.handles[into].1 = self.model.push(&[a, b], cells);
                }
            }
            for (env, version) in &self.handles {
                for (name, cell) in NAMES.iter().zip(&self.model.versions[*version].cells) {
                    assert_eq!(env.binding(name), cell.value.map(Atom::from).as_ref());
                }
            }
        }
    }

    fn run(rule: Rule, steps: Vec<Step>) {
        let mut run = Run::new(rule);
        steps.iter().for_each(|step| run.step(step));
    }

    fn holds(property: fn(Vec<Step>)) {
        quick_check(2_500).quickcheck(property);
    }

    /// Two sides conflict if and only if neither has replaced the last decision of the other.
    #[test]
    fn conflicts_are_concurrent_decisions() {
        holds(|steps| run(Rule::Fresh, steps));
    }

    /// Regression test of the model: it made a version, and so a merge base, for a write that changes nothing.
    #[test]
    fn a_write_without_effect_makes_no_version() {
        use self::Step::{Bind, Cross, Fork, Unbind, Union};
        let steps = vec![
            Bind(0, 0),
            Bind(0, 1),
            Bind(1, 0),
            Cross(3, 0),
            Cross(2, 1),
            Union(1, 0, 0),
            Bind(2, 0),
            Bind(3, 0),
            Unbind(1, 0),
            Fork(1, 2),
            Cross(0, 3),
            Union(3, 2, 3),
            Cross(2, 0),
            Cross(0, 3),
        ];
        run(Rule::Few, steps);
    }

    /// With equal values, resolvers that keep one side, deletions and merges by hand.
    #[test]
    fn conflicts_follow_from_base_values() {
        holds(|steps| run(Rule::Few, steps));
    }
}
