//! The union of environments whose facts are a set, against a model of sets.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use pleach::{Atom, Environment};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

/// A few atoms, a third of them rules.
fn some_atom(n: u8) -> Atom {
    let text = match n % 9 {
        n @ 0..=5 => format!("(fact {n})"),
        n => format!("(= (f $x) {n})"),
    };
    text.parse().unwrap()
}

/// Insertions and removals.
#[derive(Clone, Debug)]
struct Writes(Vec<(bool, u8)>);

impl Arbitrary for Writes {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = usize::arbitrary(g) % 8;
        Self((0..count).map(|_| (bool::arbitrary(g), u8::arbitrary(g) % 9)).collect())
    }
}

/// An environment and the set of its facts.
#[derive(Clone)]
struct Pair(Environment, BTreeSet<u8>);

impl Pair {
    fn write(&self, writes: &Writes) -> Self {
        let mut fork = self.clone();
        for (inserts, n) in &writes.0 {
            let atom = some_atom(*n);
            if *inserts {
                assert_eq!(fork.0.insert_fact(atom), fork.1.insert(*n));
            } else {
                assert_eq!(fork.0.remove_all(&atom) > 0, fork.1.remove(n));
            }
        }
        fork.check();
        fork
    }

    /// The union of two forks, whose merge base has this content.
    fn union(&self, other: &Self, base: &BTreeSet<u8>) -> Self {
        let facts = (0..9).filter(|n| {
            let [ours, theirs, before] = [&self.1, &other.1, base].map(|set| set.contains(n));
            if ours == before { theirs } else { ours }
        });
        let united = Self(self.0.union_of_sets(&other.0), facts.collect());
        united.check();
        united
    }

    fn check(&self) {
        self.0.check();
        let expected: Environment = self.1.iter().map(|n| some_atom(*n)).collect();
        assert_eq!(self.0, expected, "the facts are {:?}", self.1);
    }
}

#[test]
fn unions_of_sets_are_three_way() {
    fn laws(start: Writes, writes: [Writes; 3], later: [Writes; 2]) {
        let base = Pair(Environment::new(), BTreeSet::new()).write(&start);
        let [a, b, c] = writes.map(|writes| base.write(&writes));
        let ab = a.union(&b, &base.1);
        assert_eq!(ab.0, b.union(&a, &base.1).0, "commutative");
        let bc = b.union(&c, &base.1);
        assert_eq!(ab.union(&c, &base.1).0, a.union(&bc, &base.1).0, "associative");
        assert!(a.0.union_of_sets(&base.0).ptr_eq(&a.0), "an ancestor adds nothing");
        assert!(a.0.union_of_sets(&a.0).ptr_eq(&a.0), "idempotent");

        // Merges on both sides, then more writes: the histories criss-cross.
        let left = ab.write(&later[0]);
        let right = b.union(&a, &base.1).write(&later[1]);
        left.union(&right, &ab.1);
    }
    quick_check(1_000).quickcheck(laws as fn(Writes, [Writes; 3], [Writes; 2]));
}

/// Unrelated environments have no merge base.
#[test]
fn unrelated_sets_are_united() {
    let all = |range: std::ops::Range<u8>| Pair(range.clone().map(some_atom).collect(), range.collect());
    let united = all(0..6).union(&all(3..9), &BTreeSet::new());
    assert_eq!(united.0.len(), 9);
}

/// The versions of a history, each with its facts and its parents.
#[derive(Default)]
struct Model(Vec<(BTreeSet<u8>, Vec<usize>)>);

impl Model {
    fn add(&mut self, facts: BTreeSet<u8>, parents: Vec<usize>) -> usize {
        self.0.push((facts, parents));
        self.0.len() - 1
    }

    /// The version and its ancestors.
    fn ancestors(&self, version: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([version]);
        let mut next = vec![version];
        while let Some(version) = next.pop() {
            next.extend(self.0[version].1.iter().filter(|parent| found.insert(**parent)));
        }
        found
    }

    /// The facts of the merge base, which is the union of the latest common ancestors: at most two, in a history of two
    /// branches.
    fn base(&self, a: usize, b: usize) -> BTreeSet<u8> {
        let common = &self.ancestors(a) & &self.ancestors(b);
        let is_latest = |version: &&usize| {
            !common
                .iter()
                .any(|other| other > version && self.ancestors(*other).contains(version))
        };
        match common.iter().filter(is_latest).collect::<Vec<_>>()[..] {
            [] => BTreeSet::new(),
            [one] => self.0[*one].0.clone(),
            [a, b] => self.union(*a, *b),
            _ => unreachable!("there are two branches"),
        }
    }

    fn union(&self, a: usize, b: usize) -> BTreeSet<u8> {
        let base = self.base(a, b);
        let [ours, theirs] = [a, b].map(|version| &self.0[version].0);
        let taken = |n: &u8| {
            if ours.contains(n) == base.contains(n) {
                theirs.contains(n)
            } else {
                ours.contains(n)
            }
        };
        (0..9).filter(taken).collect()
    }
}

/// Two branches that merge each other's earlier states, so that criss-crosses nest.
#[test]
fn nested_criss_crosses_of_sets_are_exact() {
    fn law(rounds: Vec<(Writes, Writes, u8)>) {
        let mut model = Model::default();
        let start = model.add(BTreeSet::new(), vec![]);
        let env = Environment::new();
        let mut branches = [(env.clone(), start), (env, start)];
        for (ours, theirs, which) in rounds.into_iter().take(8) {
            for ((env, version), writes) in branches.iter_mut().zip([ours, theirs]) {
                let written = Pair(env.clone(), model.0[*version].0.clone()).write(&writes);
                *env = written.0;
                if written.1 != model.0[*version].0 {
                    *version = model.add(written.1, vec![*version]);
                }
            }
            let old = branches.clone();
            for (branch, other) in [(0, 1), (1, 0)] {
                if which % 4 == branch as u8 {
                    continue;
                }
                let (a, b) = (old[branch].1, old[other].1);
                branches[branch].0 = old[branch].0.union_of_sets(&old[other].0);
                branches[branch].1 = if model.ancestors(a).contains(&b) {
                    a
                } else if model.ancestors(b).contains(&a) {
                    b
                } else {
                    let facts = model.union(a, b);
                    model.add(facts, vec![a, b])
                };
            }
            for (env, version) in &branches {
                Pair(env.clone(), model.0[*version].0.clone()).check();
            }
        }
    }
    quick_check(300).quickcheck(law as fn(Vec<(Writes, Writes, u8)>));
}

/// A plain union of versions that a set union made takes sums as bases; the memoized base of one rule isn't the other's.
#[test]
fn bases_are_memoized_by_rule() {
    let base = Environment::<Atom>::new();
    let (mut a, mut b) = (base.clone(), base.clone());
    a.insert_fact(some_atom(0));
    b.insert_fact(some_atom(0));
    let (sets, sums) = ([a.union_of_sets(&b), b.union_of_sets(&a)], [a.union(&b), b.union(&a)]);
    for _ in 0..2 {
        assert_eq!(sums[0].union(&sums[1]).multiplicity(&some_atom(0)), 2);
        assert_eq!(sets[0].union_of_sets(&sets[1]).multiplicity(&some_atom(0)), 1);
    }
    // One side removes it: so does the union.
    let mut removed = sets[0].clone();
    removed.remove_all(&some_atom(0));
    assert!(!removed.union_of_sets(&sets[1]).contains(&some_atom(0)));
    assert!(!sets[1].union_of_sets(&removed).contains(&some_atom(0)));
}
