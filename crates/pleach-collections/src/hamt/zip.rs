//! The simultaneous walk over several tries of one hash function, on which set operations, merge and difference are
//! built.
//!
//! The walk goes region by region: a *region* is a range of hashes, as that of a group of slots, and an operand's
//! contents there are an [`Operand`]. The operation first decides about a region as a whole, by pointer equality; a
//! region that it can't decide about is entered. The result shares the operands' nodes wherever it has their contents:
//! if it equals an operand in a whole node, it has that operand's node.

mod groups;
mod inner;
mod join;
mod operand;
#[cfg(feature = "rayon")]
mod parallel;

#[cfg(feature = "rayon")]
pub(crate) use parallel::{par_combine, par_retain};

use super::node::Node;
use super::{BITS_PER_LEVEL, Keys, MAX_LEAF_LEN, rest, sort_by_hash, tag};
use groups::{Content, Groups};
use inner::{InnerOutcome, inner_nodes, walk_inner};
use join::join_to;
use operand::{Entries, Operand, Region, Run, Sorted};
use smallvec::SmallVec;

#[cfg(test)]
thread_local! {
    /// The number of regions that this thread has entered, for tests of sharing.
    pub(crate) static VISITS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// Counts a region that is entered.
#[inline]
fn visit() {
    #[cfg(test)]
    VISITS.set(VISITS.get() + 1);
}

/// An operation on `N` tries.
pub(crate) trait Zip<'a, const N: usize, K: 'a, V: 'a> {
    /// How to hash and compare keys.
    type Keys: Keys<K>;

    /// Whether the walk builds a result. If not, the returned outcomes are ignored.
    const BUILDS: bool;

    fn keys(&self) -> &Self::Keys;

    /// Decides about a region as a whole; `None` has it entered.
    ///
    /// Operands of one class have the same contents there. Those of class 0 are empty, and not all are.
    fn region(&mut self, class: [usize; N]) -> Option<RegionOutcome>;

    /// Decides about a key, given the operands' entries, of which there is at least one.
    fn entry(&mut self, entries: [Option<&'a (K, V)>; N]) -> EntryOutcome<V>;
}

/// The contents of the result in a region.
pub(crate) enum RegionOutcome {
    Empty,
    /// Those of this operand.
    Operand(usize),
}

/// The entry of the result for a key.
pub(crate) enum EntryOutcome<V> {
    Removed,
    /// The entry of these operands, a bitmap, whose values are equal.
    Operands(usize),
    /// One with a new value.
    New(V),
}

/// Walks the tries, and returns the result, if the operation builds one.
pub(crate) fn zip<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    roots: [Option<&'a Node<K, V>>; N],
    op: &mut O,
) -> Option<Node<K, V>> {
    let mut result = Groups::new(0);
    let same = region(roots.map(Operand::of_child), Region::all(0), &mut result, op);
    match (0..N).find(|i| same >> i & 1 == 1) {
        _ if !O::BUILDS => None,
        Some(i) => roots[i].cloned(),
        None => result.into_node(),
    }
}

/// Returns the operands' classes in a region: equal where their pointers are, 0 where they are empty.
fn classes<const N: usize, K, V>(operands: &[Operand<'_, '_, K, V>; N]) -> [usize; N] {
    let mut class = [0; N];
    for i in 0..N {
        class[i] = match operands[i] {
            Operand::Empty => 0,
            Operand::Node(node) => {
                let like =
                    |operand: &Operand<'_, '_, K, V>| matches!(operand, Operand::Node(other) if node.ptr_eq(other));
                operands[..i].iter().position(like).map_or(i + 1, |j| class[j])
            }
            Operand::Groups(_) | Operand::Items(_) => i + 1,
        };
    }
    class
}

/// Returns the operands of a class, as a bitmap.
#[inline]
fn of_class<const N: usize>(class: &[usize; N], wanted: usize) -> usize {
    (0..N).filter(|i| class[*i] == wanted).fold(0, |same, i| same | 1 << i)
}

/// Adds a region to `result`. Returns the operands that the result equals there, as a bitmap.
#[inline]
fn region<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: [Operand<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let class = classes(&operands);
    let outcome = if class == [0; N] {
        Some(RegionOutcome::Empty)
    } else {
        op.region(class)
    };
    match outcome {
        _ if outcome.is_some() && !O::BUILDS => return 0,
        Some(RegionOutcome::Empty) => {
            result.push(at, Content::Empty);
            return of_class(&class, 0);
        }
        Some(RegionOutcome::Operand(i)) => {
            result.push_operand(at, operands[i], i);
            return of_class(&class, class[i]);
        }
        None => {}
    }
    enter(operands, at, result, op)
}

/// Enters a region that can't be decided as a whole.
#[inline(never)]
fn enter<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: [Operand<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    visit();
    let is_inner = |operand: &Operand<'_, '_, K, V>| matches!(operand, Operand::Node(node) if !node.is_leaf());
    if operands.iter().any(is_inner) {
        descend(operands, at, result, op)
    } else if operands.iter().any(|operand| matches!(operand, Operand::Groups(_))) {
        split(operands, at, result, op)
    } else {
        join(operands, at, result, op)
    }
}

/// Splits a region where some operand has several groups.
fn split<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: [Operand<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let mut same = (1 << N) - 1;
    for half in at.halves() {
        let operand = |i: usize| match operands[i] {
            Operand::Node(_) => Operand::Items(operands[i].run()).within(half),
            operand => operand.within(half),
        };
        same &= region(core::array::from_fn(operand), half, result, op);
    }
    same
}

/// Descends below a region of one slot, or the root, where some operand has an inner node.
fn descend<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: [Operand<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    // A root serves no slot: its groups, and a root leaf's tags, are of level 0.
    let root = at.width == BITS_PER_LEVEL;
    let level = if root { 0 } else { at.level + 1 };
    if root {
        let below = operands.map(|operand| match operand {
            Operand::Node(node) if !node.is_leaf() => Operand::Groups(node),
            operand => Operand::of_run(operand.run()),
        });
        let Some(nodes) = inner_nodes(&below) else {
            return split(below, at, result, op);
        };
        return match walk_inner(nodes, level, &mut result.entries, op) {
            InnerOutcome::Same(same) => same,
            InnerOutcome::New(node) => {
                result.push(at, Content::New(node));
                0
            }
            InnerOutcome::Shrunk(groups) => {
                *result = *groups;
                0
            }
        };
    }
    if operands.iter().all(|operand| operand.run().tags.is_empty()) {
        let below = operands.map(|operand| {
            if let Operand::Node(node) = operand {
                Operand::Groups(node)
            } else {
                operand
            }
        });
        return descended(operands, below, at, result, op);
    }
    let lists: [Sorted<'a, K, V>; N] = operands.map(|operand| {
        let with_tag = |(_, entry): (u16, &'a (K, V))| (tag(rest(op.keys().hash(&entry.0), level)), entry);
        let mut items: SmallVec<[_; MAX_LEAF_LEN]> = operand.run().iter().map(with_tag).collect();
        sort_by_hash(&mut items);
        items.into_iter().unzip()
    });
    let operand = |i: usize| match operands[i] {
        Operand::Node(node) if !node.is_leaf() => Operand::Groups(node),
        _ => Operand::of_run(Run {
            tags: &lists[i].0,
            entries: Entries::Listed(&lists[i].1),
        }),
    };
    let below: [Operand<'a, '_, K, V>; N] = core::array::from_fn(operand);
    descended(operands, below, at, result, op)
}

/// Adds a region of one slot, given the operands' contents there and at the level `below`.
fn descended<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: [Operand<'a, '_, K, V>; N],
    below: [Operand<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let level = at.level + 1;
    let same = if let Some(nodes) = inner_nodes(&below) {
        match walk_inner(nodes, level, &mut result.entries, op) {
            InnerOutcome::Same(same) => same,
            InnerOutcome::New(node) => {
                result.push(at, Content::New(node));
                return 0;
            }
            InnerOutcome::Shrunk(groups) => {
                result.push_below(at, *groups, op.keys());
                return 0;
            }
        }
    } else {
        let mut groups = Groups::over(level, &mut result.entries);
        let same = split(below, Region::all(level), &mut groups, op);
        if same == 0 && O::BUILDS {
            result.push_below(at, groups, op.keys());
            return 0;
        }
        groups.clear();
        groups.give_back(&mut result.entries);
        same
    };
    if O::BUILDS
        && let Some(i) = (0..N).find(|i| same >> i & 1 == 1)
    {
        result.push_operand(at, operands[i], i);
    }
    same
}

/// Joins a region where all operands have leaves or parts of leaves.
fn join<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: [Operand<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let before = result.entries.len();
    let mut list = core::mem::take(&mut result.entries);
    let same = join_to(&operands, &mut list, op);
    result.entries = list;
    if !O::BUILDS {
        return same;
    }
    if let Some(i) = (0..N).find(|i| same >> i & 1 == 1) {
        result.entries.truncate(before);
        result.push_operand(at, operands[i], i);
    } else {
        result.push_entries(at, result.entries.len() - before, op.keys());
    }
    same
}
