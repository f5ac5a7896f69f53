//! Shared structure: what stays the same map, and how many nodes difference and merge visit.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::{OrdMap, OrdSet};
use std::cell::Cell;

type Subject = OrdMap<u32, u32>;

fn of(n: u32) -> Subject {
    (0..n).map(|i| (i * 10, i)).collect()
}

fn no_conflict(_: &u32, _: Option<&u32>, _: Option<&u32>, _: Option<&u32>) -> Option<u32> {
    None
}

/// The number of nodes that another map shares.
fn nodes(map: &Subject) -> (usize, usize) {
    let (mut all, mut shared) = (0, 0);
    map.visit_nodes(|_, _, is_shared| {
        all += 1;
        shared += usize::from(is_shared);
    });
    (all, shared)
}

#[test]
fn nothing_new_is_the_same_map() {
    let mut map = of(1000);
    let fork = map.clone();
    assert!(map.without(&5).ptr_eq(&map));
    assert!(map.union(&map).ptr_eq(&map) && map.intersection(&map).ptr_eq(&map));
    assert!(map.union(&fork.without(&10)).ptr_eq(&map));
    assert!(map.merge(&map, &map, no_conflict).ptr_eq(&map));
    let changed = map.update(7, 7);
    assert!(changed.merge(&map, &map, no_conflict).ptr_eq(&changed));
    assert!(map.merge(&map, &changed, no_conflict).ptr_eq(&changed));
    assert!(map.difference(&Subject::new()).ptr_eq(&map) && map.union(&Subject::new()).ptr_eq(&map));
    assert!(Subject::new().union(&map).ptr_eq(&map));
    assert!(map.take(5000).ptr_eq(&map) && map.skip(0).ptr_eq(&map));
    map.retain(|_, _| true);
    assert!(map.ptr_eq(&fork));
    assert_eq!(map.remove(&5), None);
    assert_eq!(map.get_mut(&5), None);
    _ = map.entry(5);
    map.append(&mut Subject::new());
    map.extend(Vec::<(u32, u32)>::new());
    assert!(map.ptr_eq(&fork));
    // Nothing is in both.
    let between: Subject = (0..1000).map(|i| (i * 10 + 5, 0)).collect();
    let after: Subject = (20_000..21_000).map(|i| (i, 0)).collect();
    for other in [&between, &after, &between.take(5), &after.take(5)] {
        assert!(map.difference(other).ptr_eq(&map) && map.is_disjoint(other));
        assert!(other.difference(&map).ptr_eq(other) && other.is_disjoint(&map));
        assert!(map.difference_with(other, |_, _, _| None).ptr_eq(&map));
        assert!(map.intersection(other).is_empty());
        assert!(map.intersection_with(other, |_, _, _| 1).is_empty());
    }
    assert!(!map.is_disjoint(&fork.skip(500)) && !map.is_disjoint(&between.update(50, 1)));
    assert!(!map.is_disjoint(&fork.skip(500).update(5, 1)));
    // All of a small map is in the other.
    let few = of(20);
    assert!(few.intersection(&map).ptr_eq(&few));
    assert_eq!(map.difference(&of(999)).len(), 1);
    let set: OrdSet<u32> = (0..1000).collect();
    assert!(set.update(5).ptr_eq(&set) && set.union(&set.without(&5)).ptr_eq(&set));
}

/// A write to a fork copies a path.
#[test]
fn writes_copy_a_path() {
    let map = of(100_000);
    let (all, shared) = nodes(&map);
    assert_eq!(shared, 0);
    let mut fork = map.clone();
    fork.insert(123_455, 1);
    let (all_of_fork, shared) = nodes(&fork);
    assert!(
        all_of_fork - shared <= 20 && all_of_fork <= all + 5,
        "{all_of_fork} {shared}"
    );
    let (less, greater) = map.split(&500_000);
    for part in [&less, &greater, &less.union(&greater), &map.skip(7).take(90_000)] {
        part.check().unwrap();
        let (all, shared) = nodes(part);
        assert!(all - shared <= 60, "{all} {shared}");
    }
    let mut kept = map.clone();
    kept.retain(|key, _| !(50_000..60_000).contains(key));
    let (all, shared) = nodes(&kept);
    assert!(all - shared <= 60, "{all} {shared}");
}

/// The measures of a map's tree from which the numbers of visited nodes follow.
struct Shape {
    /// The number of nodes.
    all: usize,
    /// The number of nodes on a path.
    levels: usize,
    /// The number of entries of the longest leaf.
    leaf: usize,
}

fn shape(map: &Subject) -> Shape {
    let mut leaf = 0;
    map.visit_nodes(|_, entries, _| leaf = leaf.max(entries.len()));
    // Replacing a value copies one path.
    let fork = map.update(500, 1);
    let (all, shared) = nodes(&fork);
    let levels = all - shared;
    Shape { all, levels, leaf }
}

/// Differences visit the paths to what differs, however large the maps are, also where splits and merges have moved the
/// boundaries of nodes.
#[test]
fn differences_visit_what_differs() {
    for n in [1_000, 10_000, 100_000] {
        let map = of(n);
        let Shape { all, levels, leaf } = shape(&map);
        let opened = |change: &dyn Fn(&mut Subject)| {
            let mut fork = map.clone();
            change(&mut fork);
            let mut diff = map.diff(&fork);
            let changes = diff.by_ref().count();
            let mut back = fork.diff(&map);
            assert_eq!(back.by_ref().count(), changes);
            (changes, diff.opened().max(back.opened()))
        };
        // A path in either map, which may have split at each level.
        let path = 3 * levels;
        // Entries in a row: in either map a leaf, or its share of a parent, for each half leaf of them, and the paths to
        // both ends.
        let run = |entries: usize| 2 * (2 * entries).div_ceil(leaf) + 2 * path;
        let check = |name: &str, (changes, nodes): (usize, usize), expected: usize, limit: usize| {
            assert_eq!(changes, expected, "{name} in {n}");
            assert!(nodes <= limit, "{name} in {n}: {nodes} of {all}, {limit} expected");
            if n == 100_000 {
                assert!(nodes < all / 8, "{name} in {n}: {nodes} of {all}");
            }
        };
        check("nothing", opened(&|_| {}), 0, 0);
        check("new value", opened(&|map| _ = map.insert(500, 7)), 1, 2 * levels);
        check("insertion", opened(&|map| _ = map.insert(5, 5)), 1, path);
        check(
            "ten insertions",
            opened(&|map| (0..10).for_each(|i| _ = map.insert(i * n + 1, 5))),
            10,
            10 * path,
        );
        check(
            "removals",
            opened(&|map| (0..200).for_each(|i| _ = map.remove(&(i * 10 + 3000)))),
            200,
            run(200),
        );
        check(
            "insertions",
            opened(&|map| (0..200).for_each(|i| _ = map.insert(i * 10 + 3001, 7))),
            200,
            2 * run(200),
        );
        check("cut at the start", opened(&|map| *map = map.skip(300)), 300, run(300));
        check(
            "cut at the end",
            opened(&|map| *map = map.take(n as usize - 300)),
            300,
            run(300),
        );
        let between = opened(&|map| {
            let (less, rest) = map.split(&5001);
            let new: Subject = (5001..5004).map(|key| (key, 1)).collect();
            *map = less.union(&new).union(&rest);
        });
        check("part between", between, 3, 2 * path);
    }
}

/// Leaves before an unchanged map leave its entries uncompared.
#[test]
fn prepended_leaves_are_not_compared_with_others() {
    let base: Subject = (10_000..110_000).map(|i| (i, i)).collect();
    let Shape { all, leaf, .. } = shape(&base);
    for leaves in [1, 2, 5] {
        let new = (leaves * leaf) as u32;
        let more = (0..new).map(|i| (i, i)).collect::<Subject>().concat(&base);
        let compared = Cell::new(0);
        let is_same = |a: &u32, b: &u32| {
            compared.set(compared.get() + 1);
            a == b
        };
        let (mut there, mut back) = (base.diff_by(&more, is_same), more.diff_by(&base, is_same));
        assert_eq!(
            (there.by_ref().count(), back.by_ref().count()),
            (new as usize, new as usize)
        );
        assert_eq!(compared.get(), 0, "{leaves} leaves");
        assert!(
            there.opened().max(back.opened()) < all / 8,
            "{} of {all}",
            there.opened()
        );
    }
}

/// A shared leaf is skipped also where the other map reaches it later, after it was opened.
#[test]
fn shared_leaves_are_skipped_behind_new_ones() {
    let base: OrdMap<u32, f64> = (1000..2000).map(|i| (i, f64::NAN)).collect();
    for new in [64, 128, 640] {
        let more = (0..new).map(|i| (i, 0.0)).collect::<OrdMap<_, _>>().union(&base);
        assert_eq!(base.diff(&more).count(), new as usize);
        assert_eq!(more.diff(&base).count(), new as usize);
        assert!(base.is_submap(&more) && !more.is_submap(&base));
    }
    // A small map is searched key by key, with the same result.
    // The keys of a small map are searched, with the same result.
    assert!(base.take(64).is_submap(&base) && base.take(512).is_submap(&base));
    // Entries without a size.
    let base: OrdMap<(), ()> = [((), ())].into();
    assert_eq!(base.diff(&base.update((), ())).count(), 0);
}

/// A merge shares what neither side changed.
#[test]
fn merges_share_what_did_not_change() {
    let base = of(100_000);
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    for i in 0..10 {
        ours.insert(i * 77_770 + 1, 1);
        theirs.insert(i * 99_990 + 3, 2);
    }
    let merged = ours.merge(&base, &theirs, no_conflict);
    assert_eq!(merged.len(), base.len() + 20);
    drop((ours, theirs));
    let (all, shared) = nodes(&merged);
    assert!(all - shared <= 20 * 7, "{all} {shared}");
}

/// Many changes in one part leave the others shared, with no limit beyond which all is copied.
#[test]
fn many_changes_share_other_parts() {
    let base = of(100_000);
    let (all_of_base, _) = nodes(&base);
    for changed in [1_000, 5_000, 6_000, 7_000, 20_000] {
        let more: Subject = (0..changed).map(|i| (i * 10 + 500_005, 1)).collect();
        let odd = base.update(1, 1);
        let theirs = base.union(&more);
        let united = theirs.union(&odd);
        let merged = odd.merge(&base, &theirs, no_conflict);
        let removed = base.difference(&(0..changed).map(|i| (i * 10 + 500_000, 1)).collect::<Subject>());
        for (map, len) in [(&theirs, 0), (&united, 1), (&merged, 1), (&removed, 0)] {
            map.check().unwrap();
            let (all, shared) = nodes(map);
            let limit = all_of_base * 3 * changed as usize / 100_000 + 60;
            assert!(all - shared <= limit, "{changed}: {all} {shared}");
            assert!(map.len() + 1 >= base.len() - changed as usize + len);
        }
        drop(theirs);
        assert_eq!(united, merged);
        assert_eq!(removed.len(), base.len() - changed as usize);
    }
}

/// Maps with equal entries and unrelated histories are compared rightly.
#[test]
fn unrelated_maps_are_compared_rightly() {
    let ascending = of(5000);
    let mut descending = Subject::new();
    (0..5000).rev().for_each(|i| _ = descending.insert(i * 10, i));
    let mut shuffled = Subject::new();
    (0..5000).for_each(|i| _ = shuffled.insert(i * 7919 % 5000 * 10, i * 7919 % 5000));
    for map in [&descending, &shuffled] {
        map.check().unwrap();
        assert_eq!(map, &ascending);
        assert_eq!(ascending.diff(map).count(), 0);
        assert!(map.is_submap(&ascending));
        let merged = map.update(1, 1).merge(&ascending, &shuffled.without(&0), no_conflict);
        assert_eq!(merged, ascending.update(1, 1).without(&0));
    }
}
