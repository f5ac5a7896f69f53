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
