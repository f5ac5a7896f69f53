//! Laws 4 and 11 over long histories: forks, writes, removals and unions of many handles in any pattern, against a model
//! that keeps for every version the whole set of versions, and so of changes, that it descends from.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use pleach::{Atom, Environment};
use quickcheck::{Arbitrary, Gen, QuickCheck};

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
    /// The versions it comes from, itself included.
    ancestors: Bits,
    /// The additions it descends from, by number.
    additions: Bits,
}

/// All versions there ever were.
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

    /// As `union`, once for each pair.
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
    QuickCheck::new().tests(20_000).max_tests(20_000).quickcheck(property);
}

#[test]
fn histories_of_additions() {
    holds(|history| run(&history, false));
}

#[test]
fn histories_with_removals() {
    holds(|history| run(&history, true));
}
