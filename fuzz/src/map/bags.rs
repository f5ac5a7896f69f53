//! Bags, compared with maps from items to counts.

use super::{HANDLES, Handle, Run};
use arbitrary::Arbitrary;
use pleach::Bag;
use pleach_testkit::hostile::Hostile;
use std::collections::{BTreeMap, BTreeSet};

type Model = BTreeMap<u16, u64>;

/// The result of an operation on several handles goes to the first.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Step {
    Insert(Handle, u16, u8),
    Remove(Handle, u16, u8),
    RemoveAll(Handle, u16),
    SetCount(Handle, u16, u8),
    InsertRun(Handle, Run, u8),
    Fork(Handle, Handle),
    Sum(Handle, Handle),
    Union(Handle, Handle),
    Intersection(Handle, Handle),
    Difference(Handle, Handle),
    /// Ours, the base and theirs.
    Merge(Handle, Handle, Handle),
}

/// Combines the counts of each item in all of these by `count`.
fn counted<const N: usize>(models: [&Model; N], count: impl Fn([u64; N]) -> u64) -> Model {
    let items: BTreeSet<u16> = models.iter().flat_map(|model| model.keys().copied()).collect();
    items
        .into_iter()
        .map(|item| (item, count(models.map(|model| model.get(&item).copied().unwrap_or(0)))))
        .filter(|(_, count)| *count > 0)
        .collect()
}

pub(crate) fn run(hasher: Hostile, steps: &[Step]) {
    let empty: Bag<u16, Hostile> = Bag::with_hasher(hasher);
    let mut bags: [Bag<u16, Hostile>; HANDLES] = std::array::from_fn(|_| empty.clone());
    let mut models: [Model; HANDLES] = Default::default();
    for step in steps {
        match *step {
            Step::Insert(a, item, times) => {
                bags[a.at()].insert(item, times.into());
                models[a.at()] = counted([&models[a.at()], &[(item, times.into())].into()], |[n, m]| {
                    n.saturating_add(m)
                });
            }
            Step::Remove(a, item, times) => {
                bags[a.at()].remove(&item, times.into());
                models[a.at()] = counted([&models[a.at()], &[(item, times.into())].into()], |[n, m]| {
                    n.saturating_sub(m)
                });
            }
            Step::RemoveAll(a, item) => {
                assert_eq!(
                    bags[a.at()].remove_all(&item),
                    models[a.at()].remove(&item).unwrap_or(0)
                );
            }
            Step::SetCount(a, item, count) => {
                let before = models[a.at()].remove(&item).unwrap_or(0);
                assert_eq!(bags[a.at()].set_count(item, count.into()), before);
                if count > 0 {
                    models[a.at()].insert(item, count.into());
                }
            }
            Step::InsertRun(a, run, times) => {
                for item in run.keys() {
                    bags[a.at()].insert(item, times.into());
                    if times > 0 {
                        let count = models[a.at()].entry(item).or_insert(0);
                        *count = count.saturating_add(times.into());
                    }
                }
            }
            Step::Fork(a, b) => {
                bags[a.at()] = bags[b.at()].clone();
                models[a.at()] = models[b.at()].clone();
            }
            Step::Sum(a, b) => {
                bags[a.at()] = bags[a.at()].sum(&bags[b.at()]);
                models[a.at()] = counted([&models[a.at()], &models[b.at()]], |[n, m]| n.saturating_add(m));
            }
            Step::Union(a, b) => {
                bags[a.at()] = bags[a.at()].union(&bags[b.at()]);
                models[a.at()] = counted([&models[a.at()], &models[b.at()]], |[n, m]| n.max(m));
            }
            Step::Intersection(a, b) => {
                bags[a.at()] = bags[a.at()].intersection(&bags[b.at()]);
                models[a.at()] = counted([&models[a.at()], &models[b.at()]], |[n, m]| n.min(m));
            }
            Step::Difference(a, b) => {
                bags[a.at()] = bags[a.at()].difference(&bags[b.at()]);
                models[a.at()] = counted([&models[a.at()], &models[b.at()]], |[n, m]| n.saturating_sub(m));
            }
            Step::Merge(a, b, c) => {
                bags[a.at()] = bags[a.at()].merge(&bags[b.at()], &bags[c.at()]);
                let all = [&models[a.at()], &models[b.at()], &models[c.at()]];
                models[a.at()] = counted(all, |[ours, base, theirs]| {
                    let count = (u128::from(ours) + u128::from(theirs)).saturating_sub(base.into());
                    count.try_into().unwrap_or(u64::MAX)
                });
            }
        }
    }
    for (bag, model) in bags.iter().zip(&models) {
        bag.check().expect("the invariants hold");
        assert_eq!(bag.distinct(), model.len());
        assert_eq!(
            bag.iter().map(|(item, count)| (*item, *count)).collect::<Model>(),
            *model
        );
    }
}
