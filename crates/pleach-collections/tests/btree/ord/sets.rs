//! `OrdSet` against `BTreeSet`.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::OrdSet;
use pleach_collections::ord_map::Change;
use pleach_testkit::quick_check;
use std::collections::BTreeSet;

#[test]
fn set_operations_are_those_of_btree_set() {
    fn property(a: Vec<u16>, b: Vec<u16>, edits: Vec<u16>) {
        let few = |items: &[u16]| -> BTreeSet<u16> { items.iter().map(|item| item % 200).collect() };
        let (x, mut y) = (few(&a), few(&b));
        let (ours, mut theirs): (OrdSet<u16>, OrdSet<u16>) = (x.iter().copied().collect(), y.iter().copied().collect());
        for item in edits {
            let item = item % 200;
            if item % 3 == 0 {
                assert_eq!(theirs.take(&item), y.take(&item));
            } else {
                assert_eq!(theirs.insert(item), y.insert(item));
            }
        }
        theirs.check().unwrap();
        assert!(theirs.iter().eq(&y));
        assert!((&ours | &theirs).iter().eq(&(&x | &y)));
        assert!((&ours & &theirs).iter().eq(&(&x & &y)));
        assert!((&ours - &theirs).iter().eq(&(&x - &y)));
        assert!((&ours ^ &theirs).iter().eq(&(&x ^ &y)));
        assert_eq!(ours.is_subset(&theirs), x.is_subset(&y));
        assert_eq!(ours.is_superset(&theirs), x.is_superset(&y));
        assert_eq!(ours.is_disjoint(&theirs), x.is_disjoint(&y));
        assert_eq!(ours.cmp(&theirs), x.cmp(&y));
        assert_eq!(ours == theirs, x == y);
        assert_eq!((ours.first(), ours.last()), (x.first(), x.last()));
        let changes = ours.diff(&theirs).map(|change| match change {
            Change::Added { key, .. } => (*key, true),
            Change::Removed { key, .. } | Change::Changed { key, .. } => (*key, false),
        });
        let expected = x.symmetric_difference(&y).map(|item| (*item, y.contains(item)));
        assert!(changes.eq(expected));
        let base = &ours & &theirs;
        assert_eq!(ours.merge(&base, &theirs), &ours | &theirs);
        assert!(ours.range(50..150).eq(x.range(50..150)));
        let (less, is_there, greater) = ours.split_member(&100);
        assert_eq!(less.len() + usize::from(is_there) + greater.len(), ours.len());
        assert!(ours.clone().into_iter().rev().eq(x.into_iter().rev()));
    }
    quick_check(300).quickcheck(property as fn(Vec<u16>, Vec<u16>, Vec<u16>));
}
