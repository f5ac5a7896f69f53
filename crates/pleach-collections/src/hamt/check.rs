//! The invariants of [`Node`], tested by their numbers.

use super::node::Node;
use super::{BITS_PER_LEVEL, MAX_LEAF_LEN, SLOTS, exhausted, rest, slot, tag};

/// A violated invariant of the trie: this crate has a bug, or a key changed its hash or equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {invariant} of the trie is violated at level {level}: {statement}")]
#[non_exhaustive]
pub struct Violation {
    /// The number of the invariant in the documentation of the node; 0 for the counts of a bag.
    pub invariant: u8,
    /// The level of the node: that of the inner node itself, or of the leaf's parent.
    pub level: u32,
    /// The invariant.
    pub statement: &'static str,
}

const POINTER: &str = "a pointer says what kind of node it leads to";

/// The position of a node: its parent's group of slots, and the hash bits on the path to it.
#[derive(Clone, Copy)]
struct Position {
    /// The level of the parent; 0 for a root.
    level: u32,
    first: u32,
    width: u32,
    /// The leading bits of the hash that the levels above branch on.
    path: u64,
}

impl Position {
    fn contains(&self, hash: u64) -> bool {
        let above = self.level * BITS_PER_LEVEL;
        let same_path = above == 0 || (hash ^ self.path) >> (u64::BITS - above) == 0;
        same_path && slot(rest(hash, self.level)) >> self.width == self.first >> self.width
    }
}

/// Checks every invariant of the trie.
pub(crate) fn check<K, V>(
    root: &Node<K, V>,
    hash_of: &impl Fn(&K) -> u64,
    same: &impl Fn(&K, &K) -> bool,
) -> Result<(), Violation> {
    let group = Position {
        level: 0,
        first: 0,
        width: BITS_PER_LEVEL,
        path: 0,
    };
    ensure(root.has_right_tag(), 0, 8, POINTER)?;
    if root.is_leaf() {
        leaf(root, group, hash_of, same)
    } else {
        inner(root, 0, 0, hash_of, same)
    }
    .map(drop)
}

/// Returns a violation unless the statement holds.
pub(crate) fn ensure(holds: bool, level: u32, invariant: u8, statement: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation {
            invariant,
            level,
            statement,
        })
    }
}

/// Checks a leaf and returns its size.
fn leaf<K, V>(
    node: &Node<K, V>,
    group: Position,
    hash_of: &impl Fn(&K) -> u64,
    same: &impl Fn(&K, &K) -> bool,
) -> Result<usize, Violation> {
    let level = group.level;
    let (tags, entries) = (node.tags(), node.entries());
    ensure(
        entries.len() == node.size() && tags.len() == node.size(),
        level,
        3,
        "a leaf has `size` entries and tags",
    )?;
    ensure(tags.is_sorted(), level, 2, "tags are in rising order")?;
    ensure(!entries.is_empty(), level, 5, "a leaf is not empty")?;
    let room = entries.len() <= MAX_LEAF_LEN || exhausted(level, group.width);
    ensure(
        room,
        level,
        5,
        "a leaf holds at most MAX_LEAF_LEN entries, unless all bits of the hash are used up",
    )?;
    for (i, entry) in entries.iter().enumerate() {
        let hash = hash_of(&entry.0);
        ensure(
            tags[i] == tag(rest(hash, level)),
            level,
            2,
            "a tag is the next bits of the hash",
        )?;
        ensure(group.contains(hash), level, 4, "an entry is in the group of its hash")?;
        ensure(
            entries[..i].iter().all(|e| !same(&e.0, &entry.0)),
            level,
            7,
            "no two keys are equal",
        )?;
    }
    Ok(entries.len())
}

/// Checks an inner node and returns its counted size.
fn inner<K, V>(
    node: &Node<K, V>,
    level: u32,
    path: u64,
    hash_of: &impl Fn(&K) -> u64,
    same: &impl Fn(&K, &K) -> bool,
) -> Result<usize, Violation> {
    let starts = node.starts();
    let covered = starts & 1 == 1 && starts.checked_shr(SLOTS).unwrap_or(0) == 0;
    ensure(covered, level, 1, "the groups cover the slots")?;
    ensure(
        node.children().len() == starts.count_ones() as usize,
        level,
        1,
        "a child for each group",
    )?;
    ensure(
        level * BITS_PER_LEVEL < u64::BITS,
        level,
        5,
        "there are bits of the hash left",
    )?;
    // Entries per slot, those of a group counted at its first slot.
    let mut sizes = [0_usize; SLOTS as usize];
    let mut next = 0;
    while next < SLOTS {
        let (_, first, width) = node.group(next);
        ensure(
            first == next && (first >> width) << width == first,
            level,
            1,
            "a group is aligned",
        )?;
        let group = Position {
            level,
            first,
            width,
            path,
        };
        let is_right = node.child(first).is_none_or(Node::has_right_tag);
        ensure(is_right, level, 8, POINTER)?;
        sizes[first as usize] = match node.child(first) {
            None => 0,
            Some(child) if child.is_leaf() => leaf(child, group, hash_of, same)?,
            Some(child) => {
                ensure(width == 0, level, 1, "an inner node serves one slot")?;
                let below = (u64::from(first) << (u64::BITS - BITS_PER_LEVEL)) >> (level * BITS_PER_LEVEL);
                inner(child, level + 1, path | below, hash_of, same)?
            }
        };
        // Both halves of a split group start one: check the splits that end here.
        let mut half = width;
        let mut start = first;
        while half < BITS_PER_LEVEL && (start >> half) & 1 == 1 {
            start &= !(1 << half);
            let both = start as usize..(first + (1 << width)) as usize;
            ensure(
                sizes[both].iter().sum::<usize>() > MAX_LEAF_LEN,
                level,
                6,
                "a group that was split is too large for a leaf",
            )?;
            half += 1;
        }
        next = first + (1 << width);
    }
    let size = sizes.iter().sum();
    ensure(size == node.size(), level, 3, "`size` counts the entries below")?;
    ensure(size > MAX_LEAF_LEN, level, 6, "an inner node is too large for a leaf")?;
    Ok(size)
}
