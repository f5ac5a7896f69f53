//! The tree as a sequence without keys, against `Vec`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{AtIndex, Builder, ByIndex, IntoIter, Iter, Node, check, concat, insert, nth, nth_mut, remove, split};
use pleach_testkit::quick_check;

type Tree = Option<Node<u32, ()>>;

#[track_caller]
fn assert_same(tree: &Tree, model: &[u32]) {
    if let Some(root) = tree {
        check(root, &|_, _| true, &|_, (), _| true).unwrap();
    }
    let mut iter = Iter::all(tree.as_ref());
    assert!(std::iter::from_fn(|| iter.next()).eq(model));
    let mut owned = IntoIter::new(tree.clone());
    assert!(std::iter::from_fn(|| owned.next_back()).eq(model.iter().rev().copied()));
}

#[test]
fn sequences_are_those_of_vec() {
    fn property(edits: Vec<(u8, u16, u16)>) {
        let (mut tree, mut model): (Tree, Vec<u32>) = (None, Vec::new());
        for (kind, position, count) in edits {
            let at = |len: usize| usize::from(position) % (len + 1);
            let count = usize::from(count) % 300;
            match kind % 6 {
                0 => {
                    for i in 0..count {
                        let at = (at(model.len()) + i) % (model.len() + 1);
                        insert(&mut tree, AtIndex(at, i as u32));
                        model.insert(at, i as u32);
                    }
                }
                1 => {
                    for _ in 0..count.min(model.len()) {
                        let at = at(model.len() - 1);
                        assert_eq!(remove(&mut tree, ByIndex(at)), Some(model.remove(at)));
                    }
                }
                2 => {
                    let fork = tree.clone();
                    tree = concat(tree, fork);
                    model.extend_from_within(..);
                    model.truncate(3000);
                    tree = tree.and_then(|tree| split(&tree, 3000).0);
                }
                3 => {
                    let at = at(model.len());
                    if let Some(root) = &tree {
                        let (left, right) = split(root, at);
                        assert_same(&left, &model[..at]);
                        tree = concat(right, left);
                        model.rotate_left(at);
                    }
                }
                4 => {
                    let mut builder = Builder::new();
                    builder.extend(model.iter().copied());
                    tree.iter().for_each(|root| builder.push_node(root));
                    model.extend_from_within(..);
                    model.truncate(2000);
                    tree = builder.finish().and_then(|tree| split(&tree, 2000).0);
                }
                _ => {
                    if let Some(root) = &mut tree {
                        let at = at(model.len() - 1);
                        assert_eq!(nth(root, at), Some(&model[at]));
                        *nth_mut(root, at).unwrap() += 1;
                        model[at] += 1;
                        assert_eq!(nth_mut(root, model.len()), None);
                    }
                }
            }
            assert_same(&tree, &model);
        }
    }
    quick_check(200).quickcheck(property as fn(Vec<(u8, u16, u16)>));
}
