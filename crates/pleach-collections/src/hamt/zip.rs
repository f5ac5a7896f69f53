//! Several tries of one hash function, walked side by side: what set operations, merge and difference have in common.
//!
//! The walk goes region by region: a *region* is a range of hashes, as a group of slots is, and what an operand has there
//! is a [`Part`]. An operation is first asked about each region as a whole, so that it can decide by pointers; only if it
//! can't, the region is entered. The result is put together of what the operands have wherever that is what it holds, and
//! if the result of a whole node is what one operand has there, it *is* that operand's node.

mod beside;
mod join;
#[cfg(feature = "rayon")]
mod parallel;
mod part;
mod result;

#[cfg(feature = "rayon")]
pub(crate) use parallel::{par_combine, par_retain};

use super::node::Node;
use super::{BITS, Keys, LEAF, rest, tag};
use beside::{Beside, beside, inner_nodes};
use join::join_to;
use part::{Entries, Part, Region, Run, Sorted};
use result::{Content, Groups};
use smallvec::SmallVec;

#[cfg(test)]
thread_local! {
    /// How many regions this thread has entered: what tests of sharing count.
    pub(crate) static VISITS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts a region that is entered.
#[inline]
fn visit() {
    #[cfg(test)]
    VISITS.set(VISITS.get() + 1);
}

/// An operation on `N` tries.
pub(crate) trait Zip<'a, const N: usize, K: 'a, V: 'a>: Keys<K> {
    /// Whether there is a result. If not, what the operation answers says nothing.
    const BUILDS: bool;

    /// What becomes of a region, judged from outside; `None` to have it entered.
    ///
    /// Operands of one class hold the same there; those of class 0 hold nothing, and not all do.
    fn whole(&mut self, class: [usize; N]) -> Option<Whole>;

    /// What becomes of a key, given the entries of those that have it. One has it at least.
    fn entry(&mut self, entries: [Option<&'a (K, V)>; N]) -> Outcome<V>;
}

/// What becomes of a region.
pub(crate) enum Whole {
    Nothing,
    /// What this operand has there.
    Operand(usize),
}

/// What becomes of a key.
pub(crate) enum Outcome<V> {
    Nothing,
    /// The entry of these operands, a bitmap: they have the same.
    Operands(usize),
    /// Another value.
    New(V),
}

/// Walks the tries, and returns the result, if the operation has one.
pub(crate) fn zip<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    roots: [Option<&'a Node<K, V>>; N],
    op: &mut O,
) -> Option<Node<K, V>> {
    let mut result = Groups::new(0);
    let same = region(roots.map(Part::of_child), Region::all(0), &mut result, op);
    match (0..N).find(|i| same >> i & 1 == 1) {
        _ if !O::BUILDS => None,
        Some(i) => roots[i].cloned(),
        None => result.into_node(),
    }
}

/// Which operands hold the same in a region, as pointers tell; 0 where they hold nothing.
fn classes<const N: usize, K, V>(parts: &[Part<'_, '_, K, V>; N]) -> [usize; N] {
    let mut class = [0; N];
    for i in 0..N {
        class[i] = match parts[i] {
            Part::Empty => 0,
            Part::Node(node) => {
                let like = |part: &Part<'_, '_, K, V>| matches!(part, Part::Node(other) if node.ptr_eq(other));
                parts[..i].iter().position(like).map_or(i + 1, |j| class[j])
            }
            Part::Groups(_) | Part::Items(_) => i + 1,
        };
    }
    class
}

/// Which operands are of a class, as a bitmap.
#[inline]
fn of_class<const N: usize>(class: &[usize; N], wanted: usize) -> usize {
    (0..N).filter(|i| class[*i] == wanted).fold(0, |same, i| same | 1 << i)
}

/// Adds to `result` what becomes of a region. Returns which operands it equals there, as a bitmap.
#[inline]
fn region<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    parts: [Part<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let class = classes(&parts);
    let whole = if class == [0; N] {
        Some(Whole::Nothing)
    } else {
        op.whole(class)
    };
    match whole {
        _ if whole.is_some() && !O::BUILDS => return 0,
        Some(Whole::Nothing) => {
            result.push(at, Content::Empty);
            return of_class(&class, 0);
        }
        Some(Whole::Operand(i)) => {
            result.keep(at, parts[i], i);
            return of_class(&class, class[i]);
        }
        None => {}
    }
    enter(parts, at, result, op)
}

/// A region that must be entered.
#[inline(never)]
fn enter<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    parts: [Part<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    visit();
    let is_inner = |part: &Part<'_, '_, K, V>| matches!(part, Part::Node(node) if !node.is_leaf());
    if parts.iter().any(is_inner) {
        descend(parts, at, result, op)
    } else if parts.iter().any(|part| matches!(part, Part::Groups(_))) {
        split(parts, at, result, op)
    } else {
        join(parts, at, result, op)
    }
}

/// A region where some operand has several groups.
fn split<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    parts: [Part<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let mut same = (1 << N) - 1;
    for half in at.halves() {
        let part = |i: usize| match parts[i] {
            Part::Node(_) => Part::Items(parts[i].run()).within(half),
            part => part.within(half),
        };
        same &= region(std::array::from_fn(part), half, result, op);
    }
    same
}

/// A region of one slot where some operand has an inner node, or the root.
fn descend<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    parts: [Part<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    // A root serves no slot; its groups are of level 0, as is a root leaf's tags.
    let root = at.width == BITS;
    let level = if root { 0 } else { at.level + 1 };
    if root {
        let below = parts.map(|part| match part {
            Part::Node(node) if !node.is_leaf() => Part::Groups(node),
            part => Part::of_run(part.run()),
        });
        let Some(nodes) = inner_nodes(&below) else {
            return split(below, at, result, op);
        };
        return match beside(nodes, level, &mut result.entries, op) {
            Beside::Same(same) => same,
            Beside::New(node) => {
                result.push(at, Content::New(node));
                0
            }
            Beside::Less(groups) => {
                *result = *groups;
                0
            }
        };
    }
    if parts.iter().all(|part| part.run().tags.is_empty()) {
        let below = parts.map(|part| {
            if let Part::Node(node) = part {
                Part::Groups(node)
            } else {
                part
            }
        });
        return descended(parts, below, at, result, op);
    }
    let lists: [Sorted<'a, K, V>; N] = parts.map(|part| {
        let with_tag = |(_, entry): (u16, &'a (K, V))| (tag(rest(op.hash(&entry.0), level)), entry);
        let mut items: SmallVec<[_; LEAF]> = part.run().iter().map(with_tag).collect();
        items.sort_by_key(|(tag, _)| *tag);
        items.into_iter().unzip()
    });
    let part = |i: usize| match parts[i] {
        Part::Node(node) if !node.is_leaf() => Part::Groups(node),
        _ => Part::of_run(Run {
            tags: &lists[i].0,
            entries: Entries::Listed(&lists[i].1),
        }),
    };
    let below: [Part<'a, '_, K, V>; N] = std::array::from_fn(part);
    descended(parts, below, at, result, op)
}

/// Adds what becomes of a slot's `parts`, given what they are on the level `below`.
fn descended<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    parts: [Part<'a, '_, K, V>; N],
    below: [Part<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let level = at.level + 1;
    let same = if let Some(nodes) = inner_nodes(&below) {
        match beside(nodes, level, &mut result.entries, op) {
            Beside::Same(same) => same,
            Beside::New(node) => {
                result.push(at, Content::New(node));
                return 0;
            }
            Beside::Less(groups) => {
                result.push_below(at, *groups, op);
                return 0;
            }
        }
    } else {
        let mut groups = Groups::over(level, &mut result.entries);
        let same = split(below, Region::all(level), &mut groups, op);
        if same == 0 && O::BUILDS {
            result.push_below(at, groups, op);
            return 0;
        }
        groups.clear();
        groups.give_back(&mut result.entries);
        same
    };
    if O::BUILDS
        && let Some(i) = (0..N).find(|i| same >> i & 1 == 1)
    {
        result.keep(at, parts[i], i);
    }
    same
}

/// A region where all operands have entries only.
fn join<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    parts: [Part<'a, '_, K, V>; N],
    at: Region,
    result: &mut Groups<'a, K, V>,
    op: &mut O,
) -> usize {
    let before = result.entries.len();
    let mut list = std::mem::take(&mut result.entries);
    let same = join_to(&parts, &mut list, op);
    result.entries = list;
    if !O::BUILDS {
        return same;
    }
    if let Some(i) = (0..N).find(|i| same >> i & 1 == 1) {
        result.entries.truncate(before);
        result.keep(at, parts[i], i);
    } else {
        result.settle(at, result.entries.len() - before, op);
    }
    same
}
