//! Panics in user code leave vectors valid, and either unchanged or fully changed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::frail::{Frail, alive};
use pleach_collections::Vector;
use pleach_testkit::fuse::{self, burn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type Subject = Vector<Frail>;

fn contents(vector: &Subject) -> Vec<u32> {
    vector.iter().map(|item| *item.number).collect()
}

/// Returns a copy of the same shape that shares no nodes.
fn unshared(vector: &Subject) -> Subject {
    let mut copy = vector.clone();
    copy.iter_mut().for_each(|_| {});
    copy
}

/// The states that a panic may leave.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    /// The state before or after the operation.
    BeforeOrAfter,
    /// Any order of the items.
    Permutation,
    /// The items before the operation, and some that it adds.
    Prefix,
}

/// Runs an operation repeatedly, with user code panicking one call later each time, until nothing panics.
fn at_each_call(name: &str, subject: &Subject, leaves: Leaves, operation: &dyn Fn(&mut Subject)) {
    let before = contents(subject);
    let mut changed = subject.clone();
    operation(&mut changed);
    let after = contents(&changed);
    drop(changed);
    for fuse in 0.. {
        let mut finished = true;
        for own in [false, true] {
            let mut vector = if own { unshared(subject) } else { subject.clone() };
            fuse::set(Some(fuse));
            let result = catch_unwind(AssertUnwindSafe(|| operation(&mut vector)));
            fuse::set(None);
            finished &= result.is_ok();
            let context = format!("{name} of {}, fuse {fuse}, own {own}", before.len());
            vector
                .check()
                .unwrap_or_else(|violation| panic!("{context}: {violation:?}"));
            let mut found = contents(&vector);
            assert_eq!(found.len(), vector.len(), "{context}");
            if result.is_err() && leaves == Leaves::Permutation {
                let mut expected = before.clone();
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected, "{context}");
            } else if result.is_err() && leaves == Leaves::Prefix {
                assert!(found.starts_with(&before) && after.starts_with(&found), "{context}");
            } else {
                assert!(
                    found == after || (result.is_err() && found == before),
                    "{context}: {found:?}"
                );
            }
            subject.check().unwrap();
            assert_eq!(contents(subject), before, "{context}");
        }
        if finished {
            return;
        }
    }
}

/// Lengths of leaves of 32 items, or of 4 with tiny nodes, and of trees of a few leaves.
const SIZES: [u32; 5] = [1, 5, 17, 32, 70];

/// Vectors with and without leaves at the ends.
fn subjects(n: u32) -> [Subject; 2] {
    let mut both = Subject::new();
    (0..n).for_each(|i| {
        if i % 3 == 0 {
            both.push_front(Frail::new(i));
        } else {
            both.push_back(Frail::new(i));
        }
    });
    let tree = both.take(both.len() / 2).concat(&both.skip(both.len() / 2));
    [both, tree]
}

#[test]
fn panics_leave_vectors_valid() {
    use Leaves::{BeforeOrAfter, Permutation, Prefix};
    fuse::quiet();
    for (n, subject) in SIZES.into_iter().flat_map(|n| subjects(n).map(|subject| (n, subject))) {
        let (len, middle) = (n as usize, n as usize / 2);
        let other: Subject = (100..100 + n % 50).map(Frail::new).collect();
        let each = |name, operation: &dyn Fn(&mut Subject)| at_each_call(name, &subject, BeforeOrAfter, operation);
        each("push_back", &|v| v.push_back(Frail::new(1)));
        each("push_front", &|v| v.push_front(Frail::new(1)));
        each("pop_back", &|v| _ = v.pop_back());
        each("pop_front", &|v| _ = v.pop_front());
        each("insert", &|v| v.insert(middle, Frail::new(1)));
        each("insert near the start", &|v| v.insert(1, Frail::new(1)));
        each("insert near the end", &|v| v.insert(len - 1, Frail::new(1)));
        each("remove", &|v| _ = v.remove(middle));
        each("remove first", &|v| _ = v.remove(0));
        each("remove last", &|v| _ = v.remove(len - 1));
        each("set", &|v| _ = v.set(middle, Frail::new(1)));
        each("get_mut", &|v| *v[len - 1].number = 9);
        each("focus_mut", &|v| {
            let mut focus = v.focus_mut();
            let end = catch_unwind(AssertUnwindSafe(|| *focus.get_mut(middle).unwrap().number = 9));
            // A panic leaves the view usable.
            assert_eq!((0..len).filter(|i| focus.get_mut(*i).is_some()).count(), len);
            end.unwrap_or_else(|panic| resume_unwind(panic));
        });
        each("swap", &|v| v.swap(0, len - 1));
        each("update", &|v| *v = v.update(middle, Frail::new(1)));
        each("truncate", &|v| v.truncate(middle));
        each("clear", &|v| v.clear());
        each("split_off", &|v| drop(v.split_off(middle)));
        each("slice", &|v| *v = v.slice(len / 4..len - len / 4));
        each("drain", &|v| drop(v.drain(len / 4..len - len / 4)));
        each("splice", &|v| drop(v.splice(len / 4..middle, other.clone())));
        each("append", &|v| v.append(&mut other.clone()));
        each("append unshared", &|v| v.append(&mut unshared(&other)));
        each("truncate by one", &|v| v.truncate(len - 1));
        each("split_off the last", &|v| drop(v.split_off(len - 1)));
        each("rotate", &|v| v.rotate_left(middle));
        each("reverse", &|v| v.reverse());
        each("dedup", &|v| v.dedup_by_key(|item| *item.number / 3));
        each("push a leaf", &|v| {
            let mut pushed = v.clone();
            (0..70).for_each(|i| pushed.push_back(Frail::new(i)));
            *v = pushed;
        });
        each("nth of into_iter", &|v| {
            let mut items = unshared(v).into_iter();
            _ = (items.nth(len / 3), items.nth_back(len / 3));
            *v = items.collect();
        });
        at_each_call("resize", &subject, Prefix, &|v| v.resize(len + 9, Frail::new(1)));
        each("concat", &|v| *v = v.concat(&other));
        each("concat with itself", &|v| *v = v.concat(v));
        each("retain", &|v| {
            v.retain(|item| {
                burn();
                !item.number.is_multiple_of(3)
            });
        });
        each("diff and ==", &|v| {
            _ = (v.diff(&other), *v == other, (*v).partial_cmp(&other))
        });
        each("search", &|v| {
            _ = (v.contains(&Frail::new(7)), v.binary_search(&Frail::new(7)))
        });
        at_each_call("sort", &subject, Permutation, &|v| v.sort());
        at_each_call("extend", &subject, Prefix, &|v| v.extend(&other));
        each("collect", &|v| *v = v.iter().cloned().collect());
        each("into_iter", &|v| *v = v.clone().into_iter().rev().collect());
        if n >= 9 {
            let mut theirs = subject.clone();
            theirs.remove(2);
            theirs[middle] = Frail::new(500);
            let mut ours = subject.clone();
            ours[middle] = Frail::new(600);
            ours.insert(len - 2, Frail::new(601));
            at_each_call("merge", &ours, BeforeOrAfter, &|v| {
                *v = v.merge(&subject, &theirs, |_, ours, theirs| {
                    burn();
                    ours.concat(theirs)
                });
            });
        }
    }
}

/// Without panics, each item is dropped once.
#[test]
fn all_items_are_dropped_once() {
    let before = alive();
    for n in [0, 1, 40, 1000] {
        let vector: Subject = (0..n).map(Frail::new).collect();
        let mut fork = vector.clone();
        fork.push_front(Frail::new(1));
        fork.retain(|item| *item.number % 2 == 0);
        fork.sort();
        let mut items = fork.into_iter();
        _ = (items.next(), items.next_back(), items.clone());
        _ = (items.nth(3), items.nth_back(40), items.nth(70), items.nth_back(70));
        let mut items = vector.iter().cloned().collect::<Subject>().into_iter();
        _ = (
            items.nth(5),
            items.nth_back(6),
            items.nth(90),
            items.nth_back(200),
            items.nth(n as usize),
        );
        drop(vector.clone().drain(..vector.len() / 3));
        drop((items, vector));
    }
    assert_eq!(alive(), before);
}
