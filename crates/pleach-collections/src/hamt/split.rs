//! Portions of a trie for parallel iteration.
//!
//! A portion is a range of the entries of one leaf, or of the children of one inner node. It splits in the middle; a
//! single child splits where its own contents do.

use super::iter::{IntoIter, Iter};
use super::iter_mut::IterMut;
use super::node::{Node, NodeIntoIter};
use alloc::vec::Vec;

/// A borrowed portion of a trie.
pub(crate) enum Portion<'a, K, V> {
    Entries(&'a [(K, V)]),
    Children(&'a [Option<Node<K, V>>]),
}

impl<'a, K, V> Portion<'a, K, V> {
    pub(crate) fn of(root: Option<&'a Node<K, V>>) -> Self {
        match root {
            None => Self::Entries(&[]),
            Some(leaf) if leaf.is_leaf() => Self::Entries(leaf.entries()),
            Some(node) => Self::Children(node.children()),
        }
    }

    pub(crate) fn split(self) -> (Self, Option<Self>) {
        match self {
            Self::Entries([] | [_]) => (self, None),
            Self::Entries(entries) => {
                let (left, right) = entries.split_at(entries.len() / 2);
                (Self::Entries(left), Some(Self::Entries(right)))
            }
            Self::Children([child]) => Self::of(child.as_ref()).split(),
            Self::Children(children) => {
                let (left, right) = children.split_at(children.len() / 2);
                (Self::Children(left), Some(Self::Children(right)))
            }
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a (K, V)> {
        let (entries, children): (_, &[_]) = match self {
            Self::Entries(entries) => (entries, &[]),
            Self::Children(children) => (&[] as &[_], children),
        };
        let below = children.iter().flatten().flat_map(|child| Iter::new(Some(child)));
        entries.iter().chain(below)
    }
}

/// A portion of a trie with mutable values. Copies shared nodes when they are split or iterated.
pub(crate) enum PortionMut<'a, K, V> {
    Entries(&'a mut [(K, V)]),
    Children(&'a mut [Option<Node<K, V>>]),
}

impl<'a, K: Clone, V: Clone> PortionMut<'a, K, V> {
    pub(crate) fn of(root: Option<&'a mut Node<K, V>>) -> Self {
        match root {
            None => Self::Entries(&mut []),
            Some(leaf) if leaf.is_leaf() => Self::Entries(leaf.entries_mut()),
            Some(node) => Self::Children(node.children_mut()),
        }
    }

    pub(crate) fn split(self) -> (Self, Option<Self>) {
        match self {
            Self::Entries(entries) if entries.len() < 2 => (Self::Entries(entries), None),
            Self::Entries(entries) => {
                let (left, right) = entries.split_at_mut(entries.len() / 2);
                (Self::Entries(left), Some(Self::Entries(right)))
            }
            Self::Children([child]) => Self::of(child.as_mut()).split(),
            Self::Children(children) => {
                let (left, right) = children.split_at_mut(children.len() / 2);
                (Self::Children(left), Some(Self::Children(right)))
            }
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a mut (K, V)> {
        let (entries, children): (_, &mut [_]) = match self {
            Self::Entries(entries) => (entries, &mut []),
            Self::Children(children) => (&mut [] as &mut [_], children),
        };
        let below = children.iter_mut().flatten();
        entries
            .iter_mut()
            .chain(below.flat_map(|child| IterMut::new(Some(child))))
    }
}

/// An owned portion of a trie.
pub(crate) enum OwnedPortion<K, V> {
    Entries(Vec<(K, V)>),
    Children(Vec<Node<K, V>>),
}

impl<K: Clone, V: Clone> OwnedPortion<K, V> {
    pub(crate) fn of(root: Option<Node<K, V>>) -> Self {
        let Some(root) = root else {
            return Self::Entries(Vec::new());
        };
        let is_leaf = root.is_leaf();
        let mut parts = NodeIntoIter::of(root);
        if is_leaf {
            Self::Entries(core::iter::from_fn(|| parts.next_entry()).collect())
        } else {
            Self::Children(core::iter::from_fn(|| parts.next_child()).collect())
        }
    }

    pub(crate) fn split(self) -> (Self, Option<Self>) {
        match self {
            Self::Entries(entries) if entries.len() < 2 => (Self::Entries(entries), None),
            Self::Entries(mut entries) => {
                let right = entries.split_off(entries.len() / 2);
                (Self::Entries(entries), Some(Self::Entries(right)))
            }
            Self::Children(mut children) if children.len() < 2 => Self::of(children.pop()).split(),
            Self::Children(mut children) => {
                let right = children.split_off(children.len() / 2);
                (Self::Children(children), Some(Self::Children(right)))
            }
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (K, V)> {
        let (entries, children) = match self {
            Self::Entries(entries) => (entries, Vec::new()),
            Self::Children(children) => (Vec::new(), children),
        };
        let below = children.into_iter().flat_map(|child| IntoIter::new(Some(child)));
        entries.into_iter().chain(below)
    }
}
