//! Difference and three-way merge.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::frail::{Frail, comparisons};
use pleach_collections::vector;
use pleach_collections::vector::{Hunk, Vector};
use pleach_testkit::quick_check;

/// An edit of an item of the base.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Keep,
    Set,
    Remove,
    InsertBefore,
}

/// Applies edits at distinct indices, from the end. The new items are unlike all others.
fn edited(base: &Vector<u32>, edits: &[(usize, Edit)], mark: u32) -> Vector<u32> {
    let mut all = base.clone();
    for (index, edit) in edits.iter().rev() {
        match edit {
            Edit::Keep => {}
            Edit::Set => all[*index] = mark + *index as u32,
            Edit::Remove => drop(all.remove(*index)),
            Edit::InsertBefore => all.insert(*index, mark + *index as u32),
        }
    }
    all
}

/// Changes at distances merge as if one side had made all.
#[test]
fn disjoint_changes_are_all_made() {
    fn property(len: u16, edits: Vec<(u16, u8, bool)>, rebuild: u8) {
        let len = usize::from(len % 2000) + 1;
        let base: Vector<u32> = (0..len as u32).collect();
        let mut used = vec![false; len + 2];
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (index, kind, is_ours) in edits {
            let index = usize::from(index) % len;
            if used[index.saturating_sub(1)..index + 2].contains(&true) {
                continue;
            }
            used[index] = true;
            let edit = [Edit::Keep, Edit::Set, Edit::Remove, Edit::InsertBefore][usize::from(kind) % 4];
            if is_ours { &mut ours } else { &mut theirs }.push((index, edit));
        }
        ours.sort_by_key(|edit| edit.0);
        theirs.sort_by_key(|edit| edit.0);
        let mut all = [ours.as_slice(), &theirs].concat();
        all.sort_by_key(|edit| edit.0);
        let expected = edited(&base, &all, 1_000_000);
        let (mut a, mut b) = (edited(&base, &ours, 1_000_000), edited(&base, &theirs, 1_000_000));
        // Sharing changes costs only.
        if rebuild & 1 != 0 {
            a = a.into_iter().collect();
        }
        if rebuild & 2 != 0 {
            b = Vec::from(&b).into();
        }
        let refuse = |_: &_, _: &_, _: &_| -> Vector<u32> { panic!("there is no conflict") };
        let merged = a.merge(&base, &b, refuse);
        merged.check().unwrap();
        assert_eq!(merged, expected);
        assert_eq!(b.merge(&base, &a, refuse), expected);
        assert_eq!(a.merge(&base, &base, refuse), a);
        assert_eq!(base.merge(&base, &a, refuse), a);
        assert_eq!(a.merge(&base, &Vec::from(&a).into(), refuse), a);
    }
    quick_check(1_000).quickcheck(property as fn(u16, Vec<(u16, u8, bool)>, u8));
}

/// Each conflict is a region of the base that both sides changed, and the result has what the closure returns.
#[test]
fn conflicts_are_resolved_in_order() {
    fn property(base: Vec<u8>, ours: Vec<u8>, theirs: Vec<u8>) {
        let few = |items: Vec<u8>| -> Vector<u8> { items.into_iter().map(|item| item % 4).collect() };
        let (base, ours, theirs) = (few(base), few(ours), few(theirs));
        let mut conflicts = Vec::new();
        let merged = ours.merge(&base, &theirs, |base, ours, theirs| {
            assert!(ours != theirs);
            conflicts.push((base.clone(), ours.clone(), theirs.clone()));
            vector![9]
        });
        merged.check().unwrap();
        assert_eq!(merged.iter().filter(|item| **item == 9).count(), conflicts.len());
        // The other way around, sides are exchanged.
        let mut swapped = Vec::new();
        let other = theirs.merge(&base, &ours, |base, theirs, ours| {
            swapped.push((base.clone(), ours.clone(), theirs.clone()));
            vector![9]
        });
        assert_eq!((other, swapped), (merged, conflicts));
    }
    quick_check(2_000).quickcheck(property as fn(Vec<u8>, Vec<u8>, Vec<u8>));
}

#[test]
fn regions_of_conflicts() {
    let base: Vector<u32> = (0..10).collect();
    let conflicts = |ours: &[u32], theirs: &[u32]| {
        let mut found = Vec::new();
        let (ours, theirs) = (Vector::from(ours), Vector::from(theirs));
        _ = ours.merge(&base, &theirs, |base, ours, theirs| {
            found.push([base, ours, theirs].map(Vec::from));
            ours.clone()
        });
        found
    };
    // Insertions at one place; the same ones; neighbours that are replaced; an insertion beside a replaced item.
    assert_eq!(
        conflicts(&[0, 50, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[0, 60, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        [[vec![], vec![50], vec![60]]]
    );
    assert!(conflicts(&[0, 50, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[0, 50, 1, 2, 3, 4, 5, 6, 7, 8]).is_empty());
    assert!(conflicts(&[0, 1, 2, 33, 4, 5, 6, 7, 8, 9], &[0, 1, 2, 3, 44, 5, 6, 7, 8, 9]).is_empty());
    assert_eq!(
        conflicts(&[0, 1, 2, 33, 4, 5, 6, 7, 8, 9], &[0, 1, 2, 3, 44, 4, 5, 6, 7, 8, 9]),
        [[vec![3], vec![33], vec![3, 44]]]
    );
    // A region that several changes of both sides join.
    assert_eq!(
        conflicts(
            &[0, 11, 22, 3, 44, 5, 6, 7, 8, 9],
            &[0, 1, 2222, 3333, 4444, 5, 6, 7, 8, 9]
        ),
        [[vec![1, 2, 3, 4], vec![11, 22, 3, 44], vec![1, 2222, 3333, 4444]]]
    );
}

/// Ten changes at distances in a vector of 100,000 compare the items of a few leaves, wherever items have moved.
#[test]
fn cost_is_that_of_the_changes() {
    let n = if cfg!(pleach_tiny_nodes) { 10_000 } else { 100_000 };
    let base: Vector<Frail> = (0..n).map(Frail::new).collect();
    let step = n as usize / 11;
    let mut set = base.clone();
    let mut inserted = base.clone();
    let mut removed = base.clone();
    for i in (1..=10).rev() {
        *set[i * step].number = 7_000_000;
        inserted.insert(i * step + 2, Frail::new(7_000_000));
        removed.remove(i * step);
    }
    let mut rotated = base.skip(n as usize / 3);
    rotated.append(&mut base.take(n as usize / 3));
    for (name, fork, edits) in [
        ("set", &set, 20),
        ("inserted", &inserted, 10),
        ("removed", &removed, 10),
    ] {
        let mut hunks = Vec::new();
        let mut opened = 0;
        let count = comparisons(&mut || (hunks, opened) = base.diff_counted(fork));
        let items: usize = hunks.iter().map(|Hunk { old, new }| old.len() + new.len()).sum();
        assert_eq!((hunks.len(), items), (10, edits), "{name}");
        assert!(count <= 10 * 200, "{name}: {count} comparisons");
        assert!(opened <= 10 * 2 * 8, "{name}: {opened} nodes");
    }
    let mut hunks = Vec::new();
    let count = comparisons(&mut || hunks = base.diff(&rotated));
    assert!(count <= 1000 && hunks.len() == 2, "{count} comparisons, {hunks:?}");
    let count = comparisons(&mut || {
        let merged = set.merge(&base, &inserted, |_, _, _| panic!("the changes are beside each other"));
        assert_eq!(merged.len(), n as usize + 10);
    });
    assert!(count <= 10 * 400, "{count}");
}

/// Vectors that have nothing in common are compared at a bounded cost.
#[test]
fn unrelated_vectors_cost_a_multiple_of_their_length() {
    let numbers = |seed: u32| -> Vector<Frail> {
        let next = |x: &u32| Some(x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let numbers = std::iter::successors(Some(seed), next).map(|x| Frail::new(x >> 27));
        numbers.take(3000).collect()
    };
    let (a, b) = (numbers(1), numbers(2));
    let mut hunks = Vec::new();
    let count = comparisons(&mut || hunks = a.diff(&b));
    assert!(count <= 6000 * 512, "{count}");
    let mut patched = a.clone();
    hunks
        .into_iter()
        .rev()
        .for_each(|hunk| drop(patched.splice(hunk.old, b.slice(hunk.new))));
    assert_eq!(patched, b);
}
