//! The tree as a sequence without keys, which no collection of this crate is yet, against `Vec`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{
    Builder, ByIndex, Insertion, IntoIter, Iter, Node, Place, check, concat, insert, nth, nth_mut, remove, split,
};
use pleach_testkit::quick_check;

type Tree = Option<Node<u32, ()>>;

/// An insertion at an index.
struct At(usize, u32);

impl Place<u32, ()> for At {
    fn child(&mut self, node: &Node<u32, ()>) -> usize {
        // Between two children, the index is after the last entry of the left one.
        let mut child = 0;
        while child + 1 < node.len() && self.0 > node.sizes()[child] {
            self.0 -= node.sizes()[child];
            child += 1;
        }
        child
    }

    fn entry(&self, _: &[u32]) -> Result<usize, usize> {
        Err(self.0)
    }
}

impl Insertion<u32, ()> for At {
    type Replaced = ();

    fn into_entry(self) -> u32 {
        self.1
    }

    fn replace(self, _: &mut u32) {}
}

#[track_caller]
fn assert_same(tree: &Tree, model: &[u32]) {
    if let Some(root) = tree {
        check(root, &|_, _| true, &|(), _| false)
            .or_else(|violation| match violation.invariant {
                // Separators divide nothing.
                2 => Ok(()),
                _ => Err(violation),
            })
            .unwrap();
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
                        insert(&mut tree, At(at, i as u32));
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
