//! The parts in which two sequences don't share subtrees.
//!
//! The trees are opened level by level, from the top. Of the nodes of one level between two shared subtrees, those that
//! both sequences have are matched: at both ends, then at equal positions, then those that occur once in each, of which the
//! longest common subsequence is taken, as in Cohen's patience diff. Only unmatched nodes are opened.

use super::Node;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// A part of two sequences that isn't covered by shared subtrees.
pub(crate) struct Gap<'a, T> {
    /// The indices in both sequences, of which one range may be empty.
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
    /// The entries of the leaves, unless one range is empty.
    pub(crate) old_leaves: Vec<&'a [T]>,
    pub(crate) new_leaves: Vec<&'a [T]>,
}

/// Nodes of two sequences between two matched ones.
struct Span<'a, T, S> {
    /// The indices of the entries below the nodes.
    old: Range<usize>,
    new: Range<usize>,
    old_nodes: Vec<&'a Node<T, S>>,
    new_nodes: Vec<&'a Node<T, S>>,
    /// Whether unique nodes were matched before.
    is_matched: bool,
}

/// Returns the parts in which two sequences of trees don't share subtrees, in order, and the number of nodes opened.
///
/// O(d · log n), where d is the number of nodes that aren't shared.
pub(crate) fn unshared<'a, T, S>(old: Vec<&'a Node<T, S>>, new: Vec<&'a Node<T, S>>) -> (Vec<Gap<'a, T>>, usize) {
    let size = |nodes: &[&Node<T, S>]| nodes.iter().map(|node| node.size()).sum::<usize>();
    let highest = old.iter().chain(&new).map(|node| node.height()).max().unwrap_or(0);
    let mut opened = 0;
    let mut spans = vec![Span {
        old: 0..size(&old),
        new: 0..size(&new),
        old_nodes: old,
        new_nodes: new,
        is_matched: false,
    }];
    for height in (0..=highest).rev() {
        let mut unmatched = Vec::new();
        for span in spans {
            span.matched(&mut unmatched);
        }
        spans = unmatched;
        if height > 0 {
            spans.iter_mut().for_each(|span| opened += span.open(height));
        }
    }
    (spans.into_iter().map(Span::into_gap).collect(), opened)
}

impl<'a, T, S> Span<'a, T, S> {
    /// Opens the nodes of a height, unless one side is empty. Returns how many.
    fn open(&mut self, height: usize) -> usize {
        if self.old_nodes.is_empty() || self.new_nodes.is_empty() {
            return 0;
        }
        let mut opened = 0;
        for nodes in [&mut self.old_nodes, &mut self.new_nodes] {
            let mut lower = Vec::new();
            for node in nodes.drain(..) {
                if node.height() == height {
                    lower.extend(node.children());
                    opened += 1;
                } else {
                    lower.push(node);
                }
            }
            *nodes = lower;
        }
        self.is_matched = false;
        opened
    }

    /// Adds the spans that are left once the nodes that both sides have are matched, in order.
    fn matched(self, unmatched: &mut Vec<Self>) {
        let mut pending = vec![self];
        while let Some(mut span) = pending.pop() {
            span.trim();
            if span.old_nodes.is_empty() && span.new_nodes.is_empty() {
                continue;
            }
            let mut pairs = span.pairs_at_equal_positions();
            let mut is_matched = span.is_matched;
            if pairs.is_empty() && !is_matched {
                pairs = span.unique_pairs();
                is_matched = true;
            }
            if pairs.is_empty() {
                unmatched.push(span);
            } else {
                let parts = span.split(&pairs, is_matched);
                pending.extend(parts.into_iter().rev());
            }
        }
    }

    /// Removes the nodes that both sides have at the start, and at the end.
    fn trim(&mut self) {
        let (old, new) = (&self.old_nodes, &self.new_nodes);
        let same = |(x, y): &(&&Node<T, S>, &&Node<T, S>)| x.ptr_eq(y);
        let start = old.iter().zip(new).take_while(same).count();
        let end = old[start..]
            .iter()
            .rev()
            .zip(new[start..].iter().rev())
            .take_while(same)
            .count();
        let size = |nodes: &[&Node<T, S>]| nodes.iter().map(|node| node.size()).sum::<usize>();
        let (before, after) = (size(&old[..start]), size(&old[old.len() - end..]));
        self.old = self.old.start + before..self.old.end - after;
        self.new = self.new.start + before..self.new.end - after;
        for nodes in [&mut self.old_nodes, &mut self.new_nodes] {
            nodes.truncate(nodes.len() - end);
            nodes.drain(..start);
        }
    }

    /// Returns the positions at which both sides have the same node, if they have as many nodes.
    fn pairs_at_equal_positions(&self) -> Vec<(usize, usize)> {
        if self.old_nodes.len() != self.new_nodes.len() {
            return Vec::new();
        }
        let nodes = self.old_nodes.iter().zip(&self.new_nodes).enumerate();
        nodes.filter(|(_, (x, y))| x.ptr_eq(y)).map(|(i, _)| (i, i)).collect()
    }

    /// Returns the positions of the nodes that occur once on each side: a longest sequence that rises on both.
    fn unique_pairs(&self) -> Vec<(usize, usize)> {
        if self.old_nodes.is_empty() || self.new_nodes.is_empty() {
            return Vec::new();
        }
        let old = self
            .old_nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (node.address(), false, i));
        let new = self
            .new_nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (node.address(), true, i));
        let mut all: Vec<_> = old.chain(new).collect();
        all.sort_unstable();
        let pair = |group: &[(usize, bool, usize)]| match group {
            [(_, false, old), (_, true, new)] => Some((*old, *new)),
            _ => None,
        };
        let mut pairs: Vec<_> = all.chunk_by(|a, b| a.0 == b.0).filter_map(pair).collect();
        pairs.sort_unstable();
        longest_rising(&pairs)
    }

    /// Returns the spans between matched nodes.
    fn split(self, pairs: &[(usize, usize)], is_matched: bool) -> Vec<Self> {
        let mut parts = Vec::with_capacity(pairs.len() + 1);
        let (mut old_at, mut new_at) = (self.old.start, self.new.start);
        let (mut old_from, mut new_from) = (0, 0);
        for (old_to, new_to) in pairs
            .iter()
            .copied()
            .chain([(self.old_nodes.len(), self.new_nodes.len())])
        {
            let (old_nodes, new_nodes) = (&self.old_nodes[old_from..old_to], &self.new_nodes[new_from..new_to]);
            let old_end = old_at + old_nodes.iter().map(|node| node.size()).sum::<usize>();
            let new_end = new_at + new_nodes.iter().map(|node| node.size()).sum::<usize>();
            parts.push(Span {
                old: old_at..old_end,
                new: new_at..new_end,
                old_nodes: old_nodes.to_vec(),
                new_nodes: new_nodes.to_vec(),
                is_matched,
            });
            let size = self.old_nodes.get(old_to).map_or(0, |node| node.size());
            (old_at, new_at) = (old_end + size, new_end + size);
            (old_from, new_from) = (
                (old_to + 1).min(self.old_nodes.len()),
                (new_to + 1).min(self.new_nodes.len()),
            );
        }
        parts
    }

    fn into_gap(self) -> Gap<'a, T> {
        let entries = |nodes: Vec<&'a Node<T, S>>| nodes.into_iter().map(Node::entries).collect();
        let is_edit = self.old_nodes.is_empty() || self.new_nodes.is_empty();
        let (old_leaves, new_leaves) = if is_edit {
            (Vec::new(), Vec::new())
        } else {
            (entries(self.old_nodes), entries(self.new_nodes))
        };
        Gap {
            old: self.old,
            new: self.new,
            old_leaves,
            new_leaves,
        }
    }
}

/// Returns a longest subsequence whose second numbers rise. The first ones do. O(n log n).
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair that ends such a subsequence with the least number; and each pair's predecessor.
    let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), Vec::with_capacity(pairs.len()));
    for (i, (_, number)) in pairs.iter().enumerate() {
        let len = ends.partition_point(|end| pairs[*end].1 < *number);
        before.push(len.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(len) {
            Some(end) => *end = i,
            None => ends.push(i),
        }
    }
    let chain = core::iter::successors(ends.last().copied(), |i| before[*i]);
    let mut longest: Vec<_> = chain.map(|i| pairs[i]).collect();
    longest.reverse();
    longest
}
