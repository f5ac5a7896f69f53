//! The walk over inner nodes, in which it spends most of its time.
//!
//! Only groups in which the result differs from the first operand are recorded. So a group that all share costs a
//! comparison of pointers, and a node of the result is a copy of the first operand's with some groups replaced.

use super::groups::{Content, Group, Groups, List, new_leaf};
use super::join::join_to;
use super::operand::{Operand, Region};
use super::{RegionOutcome, Zip, classes, enter, of_class, visit};
use crate::hamt::node::Node;
use crate::hamt::{Keys, MAX_LEAF_LEN, SLOTS, SlotBitmap};
use alloc::boxed::Box;
use smallvec::SmallVec;

/// The result of a walk over inner nodes.
pub(super) enum InnerOutcome<'a, K, V> {
    /// The node of these operands, a bitmap. Unspecified if the operation builds nothing.
    Same(usize),
    New(Node<K, V>),
    /// Groups, one of which has fewer entries than the first operand's: they may have to be joined with their
    /// neighbours.
    Shrunk(Box<Groups<'a, K, V>>),
}

/// Returns the operands' inner nodes, if all have one.
#[inline]
pub(super) fn inner_nodes<'a, const N: usize, K, V>(
    operands: &[Operand<'a, '_, K, V>; N],
) -> Option<[&'a Node<K, V>; N]> {
    let inner = |operand: &Operand<'a, '_, K, V>| match operand {
        Operand::Node(node) if !node.is_leaf() => Some(*node),
        Operand::Groups(node) => Some(*node),
        _ => None,
    };
    let mut nodes = [inner(&operands[0])?; N];
    for (node, operand) in nodes.iter_mut().zip(operands).skip(1) {
        *node = inner(operand)?;
    }
    Some(nodes)
}

/// Walks inner nodes at `level`. Restores `list`.
pub(super) fn walk_inner<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    nodes: [&'a Node<K, V>; N],
    level: u32,
    list: &mut List<'a, K, V>,
    op: &mut O,
) -> InnerOutcome<'a, K, V> {
    let mut edits = Edits {
        of: nodes[0],
        level,
        groups: SmallVec::new(),
        slots: 0,
        same: (1 << N) - 1,
        more: 0,
        shrunk: false,
    };
    let starts = nodes.map(Node::starts);
    let children = nodes.map(Node::children);
    if starts.iter().all(|s| *s == starts[0]) {
        let mut left = if keeps_shared(op) {
            differing(children)
        } else {
            SlotBitmap::MAX
        };
        left &= SlotBitmap::MAX >> (SlotBitmap::BITS - starts[0].count_ones());
        while left != 0 {
            let index = left.trailing_zeros();
            left &= left - 1;
            let (first, end) = group(starts[0], index);
            let operands =
                children.map(|children| Operand::of_child(children.get(index as usize).and_then(Option::as_ref)));
            edits.visit_group(operands, first, end, list, op);
        }
    } else {
        // Groups halve, so a region from one common start to the next is one group in at least one operand.
        let mut left = starts.iter().fold(SlotBitmap::MAX, |common, starts| common & starts);
        let mut indices = [0; N];
        while left != 0 {
            let first = left.trailing_zeros();
            left &= left - 1;
            let end = if left == 0 { SLOTS } else { left.trailing_zeros() };
            let mut operands = [Operand::Empty; N];
            for i in 0..N {
                let count = (starts[i] & slots(first, end)).count_ones() as usize;
                operands[i] = match children[i].get(indices[i]) {
                    Some(child) if count == 1 => Operand::of_child(child.as_ref()),
                    _ => Operand::Groups(nodes[i]),
                };
                indices[i] += count;
            }
            edits.visit_group(operands, first, end, list, op);
        }
    }
    edits.finish::<N, O>(list)
}

/// Returns the indices at which the children are not the same in all, as a bitmap.
#[inline]
fn differing<const N: usize, K, V>(children: [&[Option<Node<K, V>>]; N]) -> SlotBitmap {
    let mut differing = 0;
    for others in &children[1..] {
        for (index, (a, b)) in children[0].iter().zip(*others).enumerate() {
            differing |= SlotBitmap::from(!Node::same_child(a, b)) << index;
        }
    }
    differing
}

/// Whether subtries that all share can be skipped: they are kept, or nothing is built.
#[inline]
fn keeps_shared<'a, const N: usize, K: 'a, V: 'a, O: Zip<'a, N, K, V>>(op: &mut O) -> bool {
    match op.region([1; N]) {
        Some(RegionOutcome::Operand(_)) => true,
        Some(RegionOutcome::Empty) => !O::BUILDS,
        None => false,
    }
}

/// Returns the first slot of the group at an index, and the end of its slots.
#[inline]
fn group(starts: SlotBitmap, index: u32) -> (u32, u32) {
    let mut from = starts;
    if starts == SlotBitmap::MAX >> (SlotBitmap::BITS - SLOTS) {
        return (index, index + 1);
    }
    for _ in 0..index {
        from &= from - 1;
    }
    let behind = from & from.wrapping_sub(1);
    (from.trailing_zeros(), behind.trailing_zeros().min(SLOTS))
}

/// Returns the slots `first..end`.
#[inline]
fn slots(first: u32, end: u32) -> SlotBitmap {
    (SlotBitmap::MAX >> (SlotBitmap::BITS - end)) & (SlotBitmap::MAX << first)
}

/// The edits that make the first operand's node the result's.
struct Edits<'a, K, V> {
    /// The node of the first operand.
    of: &'a Node<K, V>,
    level: u32,
    /// The new groups, in order.
    groups: SmallVec<[Group<'a, K, V>; 8]>,
    /// The slots of replaced groups.
    slots: SlotBitmap,
    /// The operands that the result equals, as a bitmap.
    same: usize,
    /// The number of additional entries.
    more: isize,
    /// Whether some region has fewer entries.
    shrunk: bool,
}

impl<'a, K: Clone, V: Clone> Edits<'a, K, V> {
    /// Visits the slots `first..end`, which are one group in at least one operand.
    #[inline]
    fn visit_group<const N: usize, O: Zip<'a, N, K, V>>(
        &mut self,
        operands: [Operand<'a, 'a, K, V>; N],
        first: u32,
        end: u32,
        list: &mut List<'a, K, V>,
        op: &mut O,
    ) {
        let width = (end - first).trailing_zeros();
        let level = self.level;
        let at = Region { level, first, width };
        let class = classes(&operands);
        let mut after = 0;
        let outcome = if class == [0; N] {
            Some(RegionOutcome::Empty)
        } else {
            op.region(class)
        };
        let same = match outcome {
            Some(_) if !O::BUILDS => return,
            Some(RegionOutcome::Empty) => {
                let same = of_class(&class, 0);
                if same & 1 == 0 {
                    self.groups.push(Group::new(at, Content::Empty));
                }
                same
            }
            Some(RegionOutcome::Operand(i)) => {
                let same = of_class(&class, class[i]);
                if same & 1 == 0 {
                    after = self.replace_by_operand(operands[i], at, i);
                }
                same
            }
            None => match inner_nodes(&operands) {
                Some(nodes) if width == 0 => {
                    visit();
                    match walk_inner(nodes, level + 1, list, op) {
                        InnerOutcome::Same(same) => {
                            if same & 1 == 0 && O::BUILDS {
                                let of = same.trailing_zeros() as usize;
                                after = self.replace_by_operand(operands[of], at, of);
                            }
                            same
                        }
                        InnerOutcome::New(node) => {
                            after = node.size();
                            self.groups.push(Group::new(at, Content::New(node)));
                            0
                        }
                        InnerOutcome::Shrunk(below) => {
                            let mut groups = below.above();
                            groups.push_below(at, *below, op.keys());
                            after = groups.move_to(&mut self.groups);
                            groups.give_back(list);
                            0
                        }
                    }
                }
                _ if operands.iter().all(Operand::is_leaf_or_empty) => {
                    visit();
                    let base = list.len();
                    let same = join_to(&operands, list, op);
                    if same & 1 == 0 && O::BUILDS {
                        after = if same == 0 {
                            self.replace_by_entries(at, base, list, op.keys())
                        } else {
                            let of = same.trailing_zeros() as usize;
                            self.replace_by_operand(operands[of], at, of)
                        };
                    }
                    list.truncate(base);
                    same
                }
                _ => {
                    let mut groups = Groups::over(level, list);
                    let same = enter(operands, at, &mut groups, op);
                    if same & 1 == 0 {
                        after = groups.move_to(&mut self.groups);
                    }
                    groups.give_back(list);
                    same
                }
            },
        };
        if !O::BUILDS {
            return;
        }
        self.same &= same;
        if same & 1 == 0 {
            let before = match operands[0] {
                Operand::Empty => 0,
                Operand::Node(node) => node.size(),
                _ => self.of.size_of(slots(first, end)),
            };
            self.slots |= slots(first, end);
            self.shrunk |= after < before;
            self.more += after.cast_signed() - before.cast_signed();
        }
    }

    /// Replaces a region by the entries of the list from `base` on. Returns their number.
    fn replace_by_entries(&mut self, at: Region, base: usize, list: &mut List<'a, K, V>, keys: &impl Keys<K>) -> usize {
        let count = list.len() - base;
        if count == 0 || count > MAX_LEAF_LEN {
            let mut groups = Groups::from(self.level, base, list);
            groups.push_entries(at, count, keys);
            groups.move_to(&mut self.groups);
            groups.give_back(list);
        } else {
            let leaf = new_leaf(&mut list.drain(base..), count);
            self.groups.push(Group::new(at, Content::New(leaf)));
        }
        count
    }

    /// Replaces a region by an operand's contents. Returns the number of their entries.
    fn replace_by_operand(&mut self, operand: Operand<'a, 'a, K, V>, at: Region, of: usize) -> usize {
        match operand {
            Operand::Node(node) => {
                self.groups.push(Group::new(at, Content::Kept(node, Some(of as u8))));
                node.size()
            }
            Operand::Groups(node) => {
                let mut first = at.first;
                while first < at.first + (1 << at.width) {
                    let width = node.group(first).2;
                    let kept = node
                        .child(first)
                        .map_or(Content::Empty, |child| Content::Kept(child, Some(of as u8)));
                    self.groups.push(Group::new(Region { first, width, ..at }, kept));
                    first += 1 << width;
                }
                node.size_of(slots(at.first, first))
            }
            Operand::Empty | Operand::Items(_) => {
                self.groups.push(Group::new(at, Content::Empty));
                0
            }
        }
    }

    /// Returns the result.
    fn finish<const N: usize, O: Zip<'a, N, K, V>>(mut self, list: &mut List<'a, K, V>) -> InnerOutcome<'a, K, V> {
        if self.same != 0 || !O::BUILDS {
            return InnerOutcome::Same(self.same);
        }
        let (node, edited) = (self.of, self.slots);
        let old = node.starts();
        let mut starts = old & !edited;
        self.groups.iter().for_each(|group| starts |= 1 << group.first);
        let mut edits = self.groups.drain(..);
        if self.shrunk {
            let mut groups = Groups::over(self.level, list);
            let mut left = starts;
            while left != 0 {
                let first = left.trailing_zeros();
                left &= left - 1;
                let next = if edited >> first & 1 == 1 {
                    edits.next()
                } else {
                    let width = node.group(first).2;
                    let level = self.level;
                    let kept = node
                        .child(first)
                        .map_or(Content::Empty, |child| Content::Kept(child, Some(0)));
                    Some(Group::new(Region { level, first, width }, kept))
                };
                next.into_iter().for_each(|group| groups.add(group));
            }
            return InnerOutcome::Shrunk(Box::new(groups));
        }
        InnerOutcome::New(node.edited(starts, edited, edits.map(Group::into_child), self.more))
    }
}
