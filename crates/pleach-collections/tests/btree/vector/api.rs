//! Methods that the model test doesn't call, and costs.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::frail::{Frail, clones, comparisons};
use pleach_collections::{Vector, vector};
use std::collections::VecDeque;

#[test]
fn conversions() {
    let model: Vec<u32> = (0..1000).collect();
    let vector = Vector::from(model.clone());
    assert_eq!(vector, Vector::from(&model));
    assert_eq!(vector, Vector::from(model.as_slice()));
    assert_eq!(vector, Vector::from(VecDeque::from(model.clone())));
    assert_eq!(Vec::from(&vector), model);
    assert_eq!(VecDeque::from(vector.clone()), VecDeque::from(model.clone()));
    assert_eq!(Vec::from(vector.clone()), model);
    assert_eq!(vector, model);
    assert_eq!(vector, model.as_slice());
    assert_eq!(vector, *model.as_slice());
    assert_eq!(model, vector);
    assert_eq!(*model.as_slice(), vector);
    assert_eq!(model.as_slice(), vector);
    assert_eq!(vector, VecDeque::from(model.clone()));
    assert_eq!(VecDeque::from(model.clone()), vector);
    assert_eq!([1, 2], vector![1, 2]);
    assert_eq!(&[1, 2], vector![1, 2]);
    assert_ne!([1, 3], vector![1, 2]);
    assert_ne!(VecDeque::from([1]), vector![1, 2]);
    assert_ne!(vector, [1, 2]);
    assert_eq!(vector![1, 2], &[1, 2]);
    assert_eq!(vector!["a"; 300].len(), 300);
    let mut sum: Vector<u32> = [vector![1], vector![], vector![2, 3]].into_iter().sum();
    sum.extend(vec![4]);
    assert_eq!(&sum + &vector![5], [1, 2, 3, 4, 5]);
}

#[test]
fn searches() {
    let vector: Vector<u32> = (0..1000).map(|i| i * 2).collect();
    let model = Vec::from(&vector);
    for item in 0..2002 {
        assert_eq!(vector.binary_search(&item), model.binary_search(&item));
    }
    assert_eq!(vector.partition_point(|item| *item < 777), 389);
    assert_eq!(vector.binary_search_by_key(&5, |item| item / 2), Ok(5));
    let focus = vector.focus().narrow(100..200);
    assert_eq!((focus[0], focus[99], focus.len()), (200, 398, 100));
    let (left, mut right) = focus.split_at(30);
    assert_eq!((left.len(), right.get(0), right.get(70)), (30, Some(&260), None));
    assert_eq!(
        right.chunk_at(0).map(|(range, items)| (range.start, items[0])),
        Some((0, 260))
    );
    assert!(left.clone().into_iter().eq(vector.range(100..130)));
    assert!(!left.is_empty() && left.narrow(3..3).is_empty());
}

#[test]
fn sorts_are_stable() {
    let items = |n: u32| (0..n).map(|i| (i * 7919 % 64, i));
    for n in [0, 1, 30, 1000] {
        let mut vector: Vector<(u32, u32)> = items(n).collect();
        let fork = vector.clone();
        let mut model: Vec<_> = items(n).collect();
        vector.sort_by_key(|item| item.0);
        model.sort_by_key(|item| item.0);
        assert_eq!(vector, model);
        assert!(fork.into_iter().eq(items(n)));
        vector.sort_by(|a, b| b.cmp(a));
        model.sort_by(|a, b| b.cmp(a));
        assert_eq!(vector, model);
        vector.sort();
        vector.check().unwrap();
        assert!(vector.iter().is_sorted());
    }
}

/// Unshared vectors are changed in place, without a clone.
#[test]
fn owners_clone_nothing() {
    let mut vector: Vector<Frail> = (0..1000).map(Frail::new).collect();
    let count = clones(&mut || {
        (0..500).for_each(|i| vector.push_back(Frail::new(i)));
        (0..500).for_each(|i| vector.push_front(Frail::new(i)));
        (0..300).for_each(|_| _ = (vector.pop_back(), vector.pop_front()));
        (0..300).for_each(|i| vector.insert(3 * i as usize, Frail::new(i)));
        (0..300).for_each(|i| drop(vector.remove(2 * i as usize)));
        *vector[700].number = 5;
        vector.swap(3, 900);
        vector.retain(|item| *item.number % 3 != 0);
        vector.sort();
        vector.iter_mut().for_each(|item| *item.number += 1);
        vector.check().unwrap();
        drop(
            std::mem::take(&mut vector)
                .into_iter()
                .map(|item| *item.number)
                .collect::<Vec<_>>(),
        );
    });
    assert_eq!(count, 0);
}

/// A write to a fork clones a leaf, and a push nothing but the leaf at that end.
#[test]
fn forks_clone_a_leaf() {
    let mut vector: Vector<Frail> = (0..10_000).map(Frail::new).collect();
    vector.push_front(Frail::new(7));
    let base = vector.clone();
    let in_fork = |f: &dyn Fn(&mut Vector<Frail>)| {
        let mut fork = base.clone();
        clones(&mut || f(&mut fork))
    };
    assert!(in_fork(&|fork| fork.push_back(Frail::new(1))) <= 32);
    assert_eq!(in_fork(&|fork| fork.push_front(Frail::new(1))), 1);
    assert!(in_fork(&|fork| fork.insert(5000, Frail::new(1))) <= 32);
    assert!(in_fork(&|fork| *fork[5000].number = 1) <= 32);
    assert!(in_fork(&|fork| drop(fork.remove(5000))) <= 3 * 32);
    assert!(in_fork(&|fork| drop(fork.split_off(5000))) <= 3 * 32);
    assert!(in_fork(&|fork| fork.append(&mut base.clone())) <= 6 * 32);
    assert!(in_fork(&|fork| drop(fork.splice(4000..6000, base.slice(..100)))) <= 12 * 32);
    assert!(in_fork(&|fork| fork.retain(|item| *item.number != 77)) <= 4 * 32);
    assert_eq!(in_fork(&|fork| fork.retain(|_| true)), 0);
    assert_eq!(
        in_fork(&|fork| assert!(fork.iter_mut().last().is_some())),
        base.chunks().last().unwrap().len()
    );
    assert_eq!(vector.len(), 10_001);
}

/// Vectors that share subtrees at equal indices are compared there only.
#[test]
fn comparisons_skip_what_is_shared() {
    let base: Vector<Frail> = (0..10_000).map(Frail::new).collect();
    let mut fork = base.clone();
    *fork[5000].number = 5000;
    assert!(comparisons(&mut || assert_eq!(base, fork)) <= 32);
    fork.push_back(Frail::new(1));
    assert_eq!(comparisons(&mut || assert_ne!(base, fork)), 0);
    assert!(comparisons(&mut || assert!(base.partial_cmp(&fork).unwrap().is_lt())) <= 32);
}

/// Items that are pushed at either end are packed.
#[test]
fn memory_is_that_of_the_items() {
    let bytes = |vector: &Vector<u64>| {
        let mut sum = 0;
        vector.visit_nodes(|bytes, _, _| sum += bytes);
        sum
    };
    let n = 100_000;
    let mut back = Vector::new();
    (0..n).for_each(|i| back.push_back(i));
    let mut front = Vector::new();
    (0..n).for_each(|i| front.push_front(i));
    let collected: Vector<u64> = (0..n).collect();
    for vector in [back, front, collected] {
        if cfg!(not(pleach_tiny_nodes)) {
            assert!(bytes(&vector) as f64 <= 8.3 * n as f64, "{}", bytes(&vector));
        }
    }
}

#[test]
fn items_of_any_size_and_alignment() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct Aligned(u8);
    fn fill<T: Clone + PartialEq + std::fmt::Debug>(item: fn(u32) -> T) {
        let (mut vector, mut model) = (Vector::new(), VecDeque::new());
        for i in 0..2000 {
            if i % 3 == 0 {
                vector.push_front(item(i));
                model.push_front(item(i));
            } else {
                vector.push_back(item(i));
                model.push_back(item(i));
            }
            if i % 7 == 0 {
                vector.insert(i as usize / 2, item(i));
                model.insert(i as usize / 2, item(i));
            }
        }
        let fork = vector.clone();
        for i in 0..400 {
            assert_eq!(vector.pop_front(), model.pop_front());
            assert_eq!(vector.remove(i), model.remove(i).unwrap());
            assert_eq!(vector.pop_back(), model.pop_back());
        }
        vector.check().unwrap();
        assert!(vector.iter().eq(&model));
        assert_eq!(fork.slice(100..1000).concat(&fork).len(), 900 + fork.len());
        assert!(fork.diff(&vector).len() <= fork.len());
    }
    fill(|_| ());
    fill(|i| i as u8);
    fill(|i| [i as u8; 3]);
    fill(|i| [u64::from(i); 40]);
    fill(|i| Aligned(i as u8));
    fill(|i| u128::from(i) << 70);
    fill(|i| i.to_string());
}

/// Joining moves items of unshared vectors, and a cut in a leaf at an end too.
#[test]
fn owners_are_joined_without_clones() {
    let collect = |n: u32| (0..n).map(Frail::new).collect::<Vector<Frail>>();
    for (n, m) in [
        (0, 5),
        (5, 0),
        (5, 5),
        (20, 20),
        (1000, 3),
        (3, 1000),
        (1000, 1000),
        (50_000, 40),
        (40, 50_000),
    ] {
        let (mut vector, mut other, mut third) = (collect(n), collect(m), collect(m));
        (0..m).for_each(|i| third.push_front(Frail::new(i)));
        let count = clones(&mut || {
            vector.append(&mut other);
            vector = std::mem::take(&mut vector) + std::mem::take(&mut third);
            vector = [std::mem::take(&mut vector), std::mem::take(&mut other)]
                .into_iter()
                .sum();
        });
        vector.check().unwrap();
        assert_eq!((count, vector.len() as u32), (0, n + 3 * m), "{n} and {m}");
        let items = (0..n).chain(0..m).chain((0..m).rev()).chain(0..m);
        assert!(vector.iter().map(|item| *item.number).eq(items));
    }
    // A leaf of 2 in the tree takes items of the full leaf at an end, which is moved to it.
    for front in [false, true] {
        let mut vector = collect(2).concat(&collect(1)).skip(1);
        let count = clones(&mut || {
            for i in 0..200 {
                match front {
                    true => vector.push_front(Frail::new(i)),
                    false => vector.push_back(Frail::new(i)),
                }
            }
        });
        vector.check().unwrap();
        assert_eq!((count, vector.len()), (0, 202));
    }
    let mut vector = collect(1000);
    (0..3).for_each(|i| vector.push_front(Frail::new(i)));
    let len = vector.len();
    let count = clones(&mut || {
        vector.truncate(len - 1);
        drop(vector.split_off(len - 2));
        assert_eq!(vector.split_off(2).len(), len - 4);
        vector.truncate(1);
    });
    vector.check().unwrap();
    assert_eq!((count, vector.len()), (0, 1));
}

/// Skipped items are not cloned.
#[test]
fn skipped_items_of_owned_iterators_are_not_cloned() {
    let vector: Vector<Frail> = (0..10_000).map(Frail::new).collect();
    for own in [false, true] {
        let mut iter = if own {
            (0..10_000).map(Frail::new).collect::<Vector<Frail>>().into_iter()
        } else {
            vector.clone().into_iter()
        };
        let count = clones(&mut || {
            assert_eq!(*iter.nth(4000).unwrap().number, 4000);
            assert_eq!(*iter.nth_back(3000).unwrap().number, 6999);
            assert_eq!(iter.len(), 6999 - 4001);
            assert_eq!(*iter.nth(7).unwrap().number, 4008);
            assert_eq!(*iter.nth_back(7).unwrap().number, 6991);
        });
        assert_eq!(count, if own { 0 } else { 4 });
        assert!(iter.nth(5000).is_none() && iter.nth_back(0).is_none());
    }
}

/// A child was found by a wrapped shift at heights where a packed child would have 2^64 items.
#[test]
fn indices_in_trees_of_any_height() {
    let mut vector = Vector::from([[0_u64; 16]; 8]);
    vector[5][0] = 5;
    for _ in 0..26 {
        vector = std::iter::repeat_n(vector, 5).sum();
        for back in [1, 3, 8, 10, 11] {
            let index = vector.len() - back;
            let expected = if back == 3 || back == 11 { 5 } else { 0 };
            assert_eq!(vector.get(index).map(|item| item[0]), Some(expected));
        }
    }
}

/// Pushes to a leaf at an end that isn't full have room, up to the last one.
#[test]
#[should_panic = "capacity overflow"]
fn pushes_overflow_with_a_panic() {
    let mut vector = vector![0_u8];
    let mut power = vector.clone();
    let limit = usize::MAX - 300;
    for bit in 1..usize::BITS {
        power = power.concat(&power);
        if limit >> bit & 1 != 0 {
            vector = vector.concat(&power);
        }
    }
    assert_eq!(vector.len(), limit);
    (0..400).for_each(|_| vector.push_back(1));
}

/// Sequences as long as a number counts, by sharing.
#[test]
fn lengths_overflow_with_a_panic() {
    let mut vector = vector![0_u8, 1, 2];
    while let Some(double) = vector.len().checked_mul(2) {
        vector = vector.concat(&vector);
        assert_eq!(vector.len(), double);
    }
    vector.push_back(7);
    assert_eq!((vector.get(vector.len() / 2), vector.back()), (Some(&0), Some(&7)));
    assert_eq!(vector.iter().nth_back(vector.len() - 2), Some(&1));
    vector.insert(vector.len() / 3, 9);
    vector.remove(vector.len() / 2);
    std::panic::catch_unwind(|| vector.concat(&vector)).unwrap_err();
}

#[test]
#[should_panic = "index out of bounds: the len is 2 but the index is 2"]
fn index_beyond_the_end_panics() {
    _ = vector![1, 2][2];
}

#[test]
#[should_panic = "removal index (is 2) should be < len (is 2)"]
fn removal_beyond_the_end_panics() {
    vector![1, 2].remove(2);
}

#[test]
#[should_panic = "insertion index (is 3) should be <= len (is 2)"]
fn insertion_beyond_the_end_panics() {
    vector![1, 2].insert(3, 1);
}

#[test]
#[should_panic = "range end 3 out of range"]
fn ranges_beyond_the_end_panic() {
    _ = vector![1, 2].slice(1..=2);
}

#[test]
#[should_panic = "range start 2 is greater than range end 1"]
#[allow(clippy::reversed_empty_ranges, reason = "the test")]
fn inverted_ranges_panic() {
    _ = vector![1, 2].range(2..1);
}
