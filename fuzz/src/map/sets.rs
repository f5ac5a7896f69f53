//! Sets, compared with `BTreeSet`s.

use super::{HANDLES, Handle, Run};
use arbitrary::Arbitrary;
use pleach::Set;
use pleach_testkit::hostile::Hostile;
use std::collections::BTreeSet;

/// The result of an operation on several handles goes to the first.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Step {
    Insert(Handle, u16),
    Remove(Handle, u16),
    InsertRun(Handle, Run),
    RemoveRun(Handle, Run),
    Fork(Handle, Handle),
    Retain(Handle, u8),
    Union(Handle, Handle),
    Intersection(Handle, Handle),
    Difference(Handle, Handle),
    SymmetricDifference(Handle, Handle),
    /// Ours, the base and theirs.
    Merge(Handle, Handle, Handle),
    Relate(Handle, Handle),
}

pub(crate) fn run(hasher: Hostile, steps: &[Step]) {
    let empty: Set<u16, Hostile> = Set::with_hasher(hasher);
    let mut sets: [Set<u16, Hostile>; HANDLES] = std::array::from_fn(|_| empty.clone());
    let mut models: [BTreeSet<u16>; HANDLES] = Default::default();
    for step in steps {
        match *step {
            Step::Insert(a, item) => assert_eq!(sets[a.at()].insert(item), models[a.at()].insert(item)),
            Step::Remove(a, item) => assert_eq!(sets[a.at()].remove(&item), models[a.at()].remove(&item)),
            Step::InsertRun(a, run) => run
                .keys()
                .for_each(|item| assert_eq!(sets[a.at()].insert(item), models[a.at()].insert(item))),
            Step::RemoveRun(a, run) => run
                .keys()
                .for_each(|item| assert_eq!(sets[a.at()].remove(&item), models[a.at()].remove(&item))),
            Step::Fork(a, b) => {
                sets[a.at()] = sets[b.at()].clone();
                models[a.at()] = models[b.at()].clone();
            }
            Step::Retain(a, modulus) => {
                let keep = |item: &u16| !item.is_multiple_of(u16::from(modulus % 8) + 1);
                sets[a.at()].retain(keep);
                models[a.at()].retain(keep);
            }
            Step::Union(a, b) => {
                sets[a.at()] = sets[a.at()].union(&sets[b.at()]);
                models[a.at()] = &models[a.at()] | &models[b.at()];
            }
            Step::Intersection(a, b) => {
                sets[a.at()] = sets[a.at()].intersection(&sets[b.at()]);
                models[a.at()] = &models[a.at()] & &models[b.at()];
            }
            Step::Difference(a, b) => {
                sets[a.at()] = sets[a.at()].difference(&sets[b.at()]);
                models[a.at()] = &models[a.at()] - &models[b.at()];
            }
            Step::SymmetricDifference(a, b) => {
                sets[a.at()] = sets[a.at()].symmetric_difference(&sets[b.at()]);
                models[a.at()] = &models[a.at()] ^ &models[b.at()];
            }
            Step::Merge(a, b, c) => {
                sets[a.at()] = sets[a.at()].merge(&sets[b.at()], &sets[c.at()]);
                let (ours, base, theirs) = (&models[a.at()], &models[b.at()], &models[c.at()]);
                let kept = &(base & ours) & theirs;
                models[a.at()] = &kept | &(&(ours | theirs) - base);
            }
            Step::Relate(a, b) => {
                let (a, b) = (a.at(), b.at());
                assert_eq!(sets[a].is_subset(&sets[b]), models[a].is_subset(&models[b]));
                assert_eq!(sets[a].is_superset(&sets[b]), models[a].is_superset(&models[b]));
                assert_eq!(sets[a].is_disjoint(&sets[b]), models[a].is_disjoint(&models[b]));
                assert_eq!(sets[a] == sets[b], models[a] == models[b]);
            }
        }
    }
    for (set, model) in sets.iter().zip(&models) {
        set.check().expect("the invariants hold");
        assert_eq!(set.len(), model.len());
        assert_eq!(set.iter().copied().collect::<BTreeSet<_>>(), *model);
    }
}
