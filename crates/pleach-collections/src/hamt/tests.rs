//! Counts of visited nodes: that operations skip what tries share.

use super::zip::VISITS;
use crate::Map;

fn visits<T>(f: impl FnOnce() -> T) -> (usize, T) {
    VISITS.set(0);
    let result = f();
    (VISITS.get(), result)
}

/// Returns a map of `n` entries and two forks of it with ten more keys each.
fn forks(n: u64) -> [Map<u64, u64>; 3] {
    let base: Map<u64, u64> = (0..n).map(|i| (i, i)).collect();
    let (mut a, mut b) = (base.clone(), base.clone());
    for i in 0..10 {
        a.insert(n + i, i);
        b.insert(n + 10 + i, i);
    }
    [base, a, b]
}

#[test]
fn operations_on_forks_visit_the_difference() {
    let n = 1_000_000;
    let [base, a, b] = forks(n);
    let (count, union) = visits(|| a.union(&b));
    assert!(count < 1000, "union visited {count} nodes");
    assert_eq!(union.len() as u64, n + 20);
    let (count, merged) = visits(|| a.merge(&base, &b, |_, _, _, _| None));
    assert!(count < 300, "merge visited {count} nodes");
    assert!(merged == union);
    let (count, changes) = visits(|| a.diff(&b).count());
    assert!(count < 1000, "diff visited {count} nodes");
    assert_eq!(changes, 20);
    let (count, common) = visits(|| a.intersection(&b));
    assert!(count < 1000, "intersection visited {count} nodes");
    assert!(common == base);
    union.check().unwrap();
    merged.check().unwrap();
}
