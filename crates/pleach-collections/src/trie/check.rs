//! The invariants of the trie, tested by their numbers.

use super::node::Node;
use super::shape::{common, fits};
use crate::hamt::{Violation, ensure};
use alloc::vec;
use alloc::vec::Vec;

/// Tests every invariant of the trie. Iterative, as deep as keys are long.
pub(crate) fn check<V>(root: &Node<V>) -> Result<(), Violation> {
    let mut stack = vec![(root, 0_u32)];
    while let Some((node, level)) = stack.pop() {
        if node.is_leaf() {
            leaf(node, level)?;
        } else {
            inner(node, level)?;
            stack.extend(node.children().iter().map(|child| (child, level + 1)));
        }
    }
    Ok(())
}

fn leaf<V>(node: &Node<V>, level: u32) -> Result<(), Violation> {
    let suffixes: Vec<&[u8]> = (0..node.len()).map(|index| node.suffix(index)).collect();
    let (first, last) = (suffixes[0], suffixes[suffixes.len() - 1]);
    ensure(
        common(first, last) == 0,
        level,
        1,
        "the prefix of a leaf is the longest",
    )?;
    ensure(
        suffixes.len() > 1 || first.is_empty(),
        level,
        1,
        "the prefix of one key is the key",
    )?;
    ensure(
        fits::<V>(node.size(), node.weight()),
        level,
        2,
        "a leaf is small enough",
    )?;
    ensure(suffixes.is_sorted_by(|a, b| a < b), level, 3, "suffixes rise")?;
    ensure(node.tags_are_right(), level, 3, "tags are those of the suffixes")
}

fn inner<V>(node: &Node<V>, level: u32) -> Result<(), Violation> {
    let (children, skip) = (node.children(), usize::from(node.has_end()));
    ensure(
        children.len() > 1,
        level,
        1,
        "the prefix of an inner node is the longest",
    )?;
    ensure(
        !fits::<V>(node.size(), node.weight()),
        level,
        2,
        "an inner node is too large for a leaf",
    )?;
    let size: usize = children.iter().map(Node::size).sum();
    let weight: u64 = children
        .iter()
        .map(|child| child.weight() + child.size() as u64 * child.prefix().len() as u64)
        .sum();
    ensure(
        (size, weight) == (node.size(), node.weight()),
        level,
        4,
        "`size` and `weight` count what is below",
    )?;
    if skip == 1 {
        let end = &children[0];
        let empty = end.is_leaf() && end.size() == 1 && end.prefix().is_empty();
        ensure(empty, level, 5, "the end has the empty suffix")?;
    }
    ensure(node.starts().is_sorted_by(|a, b| a < b), level, 6, "groups rise")?;
    for (group, child) in children[skip..].iter().enumerate() {
        let range = node.range(group);
        ensure(
            range.start.trailing_zeros() >= range.width,
            level,
            6,
            "a range starts at a multiple of its size",
        )?;
        let firsts = match child.prefix().first() {
            Some(byte) => vec![Some(*byte)],
            None => (0..child.len())
                .map(|index| child.suffix(index).first().copied())
                .collect(),
        };
        let inside = |byte: &Option<u8>| byte.is_some_and(|byte| range.contains(byte));
        ensure(firsts.iter().all(inside), level, 6, "a group's keys are in its range")?;
        ensure(
            child.is_leaf() || range.width == 0,
            level,
            7,
            "an inner child is alone in a range of one byte",
        )?;
        if let Some((_, larger)) = range.buddy() {
            let others = children[skip..]
                .iter()
                .zip(node.starts())
                .filter(|(_, start)| larger.contains(**start));
            let (keys, bytes, groups) = others.fold((0, 0, 0), |(keys, bytes, groups), (other, _)| {
                let all = other.weight() + other.size() as u64 * other.prefix().len() as u64;
                (keys + other.size(), bytes + all, groups + 1)
            });
            // One group alone is as large as its range can be.
            let large = groups > 1 && !fits::<V>(keys, bytes);
            ensure(large || !child.is_leaf(), level, 7, "a group is as large as it can be")?;
        }
    }
    Ok(())
}
