//! The invariants of [`Node`], tested by their numbers.

use super::node::Node;
use super::{BITS, LEAF, SLOTS, exhausted, rest, slot, tag};

/// An invariant of the trie does not hold: either this crate has a bug, or a key changed its hash or its equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {invariant} of the trie does not hold at level {level}: {what}")]
#[non_exhaustive]
pub struct Violation {
    /// The number of the invariant, as the source numbers them.
    pub invariant: u8,
    /// Inner nodes above, the one concerned included.
    pub level: u32,
    /// What the invariant says.
    pub what: &'static str,
}

const POINTER: &str = "a pointer says what kind of node it leads to";

/// The group that a node serves.
#[derive(Clone, Copy)]
struct Group {
    /// The level of the inner node above; for a root, 0.
    level: u32,
    first: u32,
    width: u32,
    /// The bits of the hash that the levels above tell apart, from the highest.
    path: u64,
}

impl Group {
    fn has(&self, hash: u64) -> bool {
        let above = self.level * BITS;
        let same_path = above == 0 || (hash ^ self.path) >> (u64::BITS - above) == 0;
        same_path && slot(rest(hash, self.level)) >> self.width == self.first >> self.width
    }
}

/// Tests every invariant of the trie.
pub(crate) fn check<K, V>(
    root: &Node<K, V>,
    hash_of: &impl Fn(&K) -> u64,
    same: &impl Fn(&K, &K) -> bool,
) -> Result<(), Violation> {
    let group = Group {
        level: 0,
        first: 0,
        width: BITS,
        path: 0,
    };
    ensure(root.pointer_is_right(), 0, 8, POINTER)?;
    if root.is_leaf() {
        leaf(root, group, hash_of, same)
    } else {
        inner(root, 0, 0, hash_of, same)
    }
    .map(drop)
}

fn ensure(holds: bool, level: u32, invariant: u8, what: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation { invariant, level, what })
    }
}

/// Checks a leaf and returns its size.
fn leaf<K, V>(
    node: &Node<K, V>,
    group: Group,
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
    let room = entries.len() <= LEAF || exhausted(level, group.width);
    ensure(
        room,
        level,
        5,
        "a leaf holds at most LEAF entries, unless all bits of the hash are used up",
    )?;
    for (i, entry) in entries.iter().enumerate() {
        let hash = hash_of(&entry.0);
        ensure(
            tags[i] == tag(rest(hash, level)),
            level,
            2,
            "a tag is the next bits of the hash",
        )?;
        ensure(group.has(hash), level, 4, "an entry is in the group that its hash says")?;
        ensure(
            entries[..i].iter().all(|e| !same(&e.0, &entry.0)),
            level,
            7,
            "no two keys are equal",
        )?;
    }
    Ok(entries.len())
}

/// Checks an inner node and returns its true size.
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
    ensure(level * BITS < u64::BITS, level, 5, "there are bits of the hash left")?;
    // How many entries each slot has, all of them given to the first slot of their group.
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
        let group = Group {
            level,
            first,
            width,
            path,
        };
        let is_right = node.child(first).is_none_or(Node::pointer_is_right);
        ensure(is_right, level, 8, POINTER)?;
        sizes[first as usize] = match node.child(first) {
            None => 0,
            Some(child) if child.is_leaf() => leaf(child, group, hash_of, same)?,
            Some(child) => {
                ensure(width == 0, level, 1, "an inner node serves one slot")?;
                let below = (u64::from(first) << (u64::BITS - BITS)) >> (level * BITS);
                inner(child, level + 1, path | below, hash_of, same)?
            }
        };
        // Each half of a split group starts a group: look at the splits that end here.
        let mut half = width;
        let mut start = first;
        while half < BITS && (start >> half) & 1 == 1 {
            start &= !(1 << half);
            let both = start as usize..(first + (1 << width)) as usize;
            ensure(
                sizes[both].iter().sum::<usize>() > LEAF,
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
    ensure(size > LEAF, level, 6, "an inner node is too large for a leaf")?;
    Ok(size)
}
