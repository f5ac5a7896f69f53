//! Iteration that may write values.

use super::TrieMap;
use crate::trie::{Node, Suffixes};
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::slice;

/// An iterator over the entries of a [`TrieMap`], the values for writing: see [`TrieMap::iter_mut`].
pub struct IterMut<'a, V> {
    path: Vec<u8>,
    /// The node to enter when the leaf is through. It stays here if its copy panics, so that none is skipped.
    next: Option<&'a mut Node<V>>,
    /// The children that are left at each level, and the length of the path there.
    stack: Vec<(slice::IterMut<'a, Node<V>>, usize)>,
    leaf: Option<Leaf<'a, V>>,
    left: usize,
}

struct Leaf<'a, V> {
    suffixes: Suffixes<'a>,
    values: slice::IterMut<'a, V>,
    index: usize,
    /// The length of the path with the leaf's prefix.
    end: usize,
}

/// An iterator over the values of a [`TrieMap`] for writing, in the order of their keys: see [`TrieMap::values_mut`].
pub struct ValuesMut<'a, V>(IterMut<'a, V>);

impl<V: Clone> TrieMap<V> {
    /// Returns an iterator over the entries, the values for writing, in the order of their keys. A node that other maps share
    /// is copied when the iterator comes to it.
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// for (key, value) in map.iter_mut() {
    ///     if key == b"b" {
    ///         *value = 5;
    ///     }
    /// }
    /// assert_eq!(map.get("b"), Some(&5));
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, V> {
        IterMut {
            path: Vec::new(),
            left: self.len(),
            next: self.root.as_mut(),
            stack: Vec::new(),
            leaf: None,
        }
    }

    /// Returns an iterator over the values for writing, in the order of their keys.
    ///
    /// ```
    /// let mut map = pleach_collections::TrieMap::from([("a", 1), ("b", 2)]);
    /// map.values_mut().for_each(|value| *value *= 2);
    /// assert_eq!(map.get("b"), Some(&4));
    /// ```
    pub fn values_mut(&mut self) -> ValuesMut<'_, V> {
        ValuesMut(self.iter_mut())
    }
}

impl<'a, V: Clone> IterMut<'a, V> {
    /// The path, the suffix and the value of the next entry.
    fn advance(&mut self) -> Option<(&[u8], &'a [u8], &'a mut V)> {
        loop {
            if let Some(leaf) = &mut self.leaf {
                if let Some(value) = leaf.values.next() {
                    let suffix = leaf.suffixes.get(leaf.index);
                    leaf.index += 1;
                    self.left -= 1;
                    return Some((&self.path[..leaf.end], suffix, value));
                }
                self.leaf = None;
            }
            if let Some(node) = &mut self.next {
                if node.is_leaf() {
                    node.unshare_leaf();
                } else {
                    node.unshare_inner();
                }
            }
            if let Some(node) = self.next.take() {
                self.path.extend_from_slice(node.prefix());
                let end = self.path.len();
                if node.is_leaf() {
                    let (suffixes, values) = node.entries_mut();
                    self.leaf = Some(Leaf {
                        suffixes,
                        values: values.iter_mut(),
                        index: 0,
                        end,
                    });
                } else {
                    self.stack.push((node.children_mut().iter_mut(), end));
                }
                continue;
            }
            let (children, length) = self.stack.last_mut()?;
            self.path.truncate(*length);
            match children.next() {
                Some(child) => self.next = Some(child),
                None => {
                    self.stack.pop();
                }
            }
        }
    }
}

impl<'a, V: Clone> Iterator for IterMut<'a, V> {
    type Item = (Vec<u8>, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        self.advance()
            .map(|(path, suffix, value)| ([path, suffix].concat(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, V: Clone> Iterator for ValuesMut<'a, V> {
    type Item = &'a mut V;

    fn next(&mut self) -> Option<&'a mut V> {
        self.0.advance().map(|(_, _, value)| value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl<V: Clone> ExactSizeIterator for IterMut<'_, V> {}
impl<V: Clone> ExactSizeIterator for ValuesMut<'_, V> {}
impl<V: Clone> FusedIterator for IterMut<'_, V> {}
impl<V: Clone> FusedIterator for ValuesMut<'_, V> {}

impl<V> fmt::Debug for IterMut<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl<V> fmt::Debug for ValuesMut<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValuesMut")
            .field("left", &self.0.left)
            .finish_non_exhaustive()
    }
}

impl<'a, V: Clone> IntoIterator for &'a mut TrieMap<V> {
    type Item = (Vec<u8>, &'a mut V);
    type IntoIter = IterMut<'a, V>;

    fn into_iter(self) -> IterMut<'a, V> {
        self.iter_mut()
    }
}
