//! Inner nodes side by side: most of what a walk meets.
//!
//! Nothing is noted of groups where the result is what the first operand has. So what all share costs a comparison of
//! pointers, and a node of the result is a copy of the first operand's with some groups in the place of others.

use super::join::join_to;
use super::part::{Part, Region};
use super::result::{Content, Group, Groups, List, new_leaf};
use super::{Whole, Zip, classes, enter, of_class, visit};
use crate::hamt::node::Node;
use crate::hamt::{Bits, Keys, LEAF, SLOTS};
use smallvec::SmallVec;

/// What becomes of inner nodes.
pub(super) enum Beside<'a, K, V> {
    /// What these operands have, a bitmap; no matter which if nothing is built.
    Same(usize),
    New(Node<K, V>),
    /// Less than the first operand has, somewhere: there may be groups to join with what is beside the nodes.
    Less(Box<Groups<'a, K, V>>),
}

/// The operands' nodes, if all have inner ones, seen from above or from within.
#[inline]
pub(super) fn inner_nodes<'a, const N: usize, K, V>(parts: &[Part<'a, '_, K, V>; N]) -> Option<[&'a Node<K, V>; N]> {
    let inner = |part: &Part<'a, '_, K, V>| match part {
        Part::Node(node) if !node.is_leaf() => Some(*node),
        Part::Groups(node) => Some(*node),
        _ => None,
    };
    let mut nodes = [inner(&parts[0])?; N];
    for (node, part) in nodes.iter_mut().zip(parts).skip(1) {
        *node = inner(part)?;
    }
    Some(nodes)
}

/// Walks inner nodes at `level`. `list` is left as it was.
pub(super) fn beside<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    nodes: [&'a Node<K, V>; N],
    level: u32,
    list: &mut List<'a, K, V>,
    op: &mut O,
) -> Beside<'a, K, V> {
    let mut edits = Edits {
        of: nodes[0],
        level,
        groups: SmallVec::new(),
        slots: 0,
        same: (1 << N) - 1,
        more: 0,
        less: false,
    };
    let starts = nodes.map(Node::starts);
    let children = nodes.map(Node::children);
    if starts.iter().all(|s| *s == starts[0]) {
        let mut left = if keeps_shared(op) {
            differing(children)
        } else {
            Bits::MAX
        };
        left &= Bits::MAX >> (Bits::BITS - starts[0].count_ones());
        while left != 0 {
            let place = left.trailing_zeros();
            left &= left - 1;
            let (first, end) = group(starts[0], place);
            let parts = children.map(|children| Part::of_child(children.get(place as usize).and_then(Option::as_ref)));
            edits.look_at(parts, first, end, list, op);
        }
    } else {
        // Where a group starts in all of them, as all halve their slots in the same way.
        let mut left = starts.iter().fold(Bits::MAX, |common, starts| common & starts);
        let mut places = [0; N];
        while left != 0 {
            let first = left.trailing_zeros();
            left &= left - 1;
            let end = if left == 0 { SLOTS } else { left.trailing_zeros() };
            let mut parts = [Part::Empty; N];
            for i in 0..N {
                let count = (starts[i] & slots(first, end)).count_ones() as usize;
                parts[i] = match children[i].get(places[i]) {
                    Some(child) if count == 1 => Part::of_child(child.as_ref()),
                    _ => Part::Groups(nodes[i]),
                };
                places[i] += count;
            }
            edits.look_at(parts, first, end, list, op);
        }
    }
    edits.finish::<N, O>(list)
}

/// Which places hold not the same in all, as a bitmap.
#[inline]
fn differing<const N: usize, K, V>(children: [&[Option<Node<K, V>>]; N]) -> Bits {
    let mut differing = 0;
    for others in &children[1..] {
        for (place, (a, b)) in children[0].iter().zip(*others).enumerate() {
            differing |= Bits::from(!Node::same_child(a, b)) << place;
        }
    }
    differing
}

/// Whether nothing is to be said of what all share, because it stays or because nothing is built.
#[inline]
fn keeps_shared<'a, const N: usize, K: 'a, V: 'a, O: Zip<'a, N, K, V>>(op: &mut O) -> bool {
    match op.whole([1; N]) {
        Some(Whole::Operand(_)) => true,
        Some(Whole::Nothing) => !O::BUILDS,
        None => false,
    }
}

/// The first slot of the group at a place, and that behind it.
#[inline]
fn group(starts: Bits, place: u32) -> (u32, u32) {
    let mut from = starts;
    if starts == Bits::MAX >> (Bits::BITS - SLOTS) {
        return (place, place + 1);
    }
    for _ in 0..place {
        from &= from - 1;
    }
    let behind = from & from.wrapping_sub(1);
    (from.trailing_zeros(), behind.trailing_zeros().min(SLOTS))
}

/// The slots from `first` up to `end`.
#[inline]
fn slots(first: u32, end: u32) -> Bits {
    (Bits::MAX >> (Bits::BITS - end)) & (Bits::MAX << first)
}

/// Where the result is not as the first operand.
struct Edits<'a, K, V> {
    /// The node of the first operand.
    of: &'a Node<K, V>,
    level: u32,
    /// What there is instead, in order.
    groups: SmallVec<[Group<'a, K, V>; 8]>,
    /// In these slots.
    slots: Bits,
    /// Which operands the result equals.
    same: usize,
    /// How many entries more it has.
    more: isize,
    /// Whether it has fewer in some region.
    less: bool,
}

impl<'a, K: Clone, V: Clone> Edits<'a, K, V> {
    /// Finds out what becomes of the slots from `first` up to `end`, which are one group in one operand at least.
    #[inline]
    fn look_at<const N: usize, O: Zip<'a, N, K, V>>(
        &mut self,
        parts: [Part<'a, 'a, K, V>; N],
        first: u32,
        end: u32,
        list: &mut List<'a, K, V>,
        op: &mut O,
    ) {
        let width = (end - first).trailing_zeros();
        let level = self.level;
        let at = Region { level, first, width };
        let class = classes(&parts);
        let mut after = 0;
        let whole = if class == [0; N] {
            Some(Whole::Nothing)
        } else {
            op.whole(class)
        };
        let same = match whole {
            Some(_) if !O::BUILDS => return,
            Some(Whole::Nothing) => {
                let same = of_class(&class, 0);
                if same & 1 == 0 {
                    self.groups.push(Group::new(at, Content::Empty));
                }
                same
            }
            Some(Whole::Operand(i)) => {
                let same = of_class(&class, class[i]);
                if same & 1 == 0 {
                    after = self.take_over(parts[i], at, i);
                }
                same
            }
            None => match inner_nodes(&parts) {
                Some(nodes) if width == 0 => {
                    visit();
                    match beside(nodes, level + 1, list, op) {
                        Beside::Same(same) => {
                            if same & 1 == 0 && O::BUILDS {
                                let of = same.trailing_zeros() as usize;
                                after = self.take_over(parts[of], at, of);
                            }
                            same
                        }
                        Beside::New(node) => {
                            after = node.size();
                            self.groups.push(Group::new(at, Content::New(node)));
                            0
                        }
                        Beside::Less(below) => {
                            let mut groups = below.above();
                            groups.push_below(at, *below, op);
                            after = groups.move_to(&mut self.groups);
                            groups.give_back(list);
                            0
                        }
                    }
                }
                _ if parts.iter().all(Part::is_leaf_or_empty) => {
                    visit();
                    let base = list.len();
                    let same = join_to(&parts, list, op);
                    if same & 1 == 0 && O::BUILDS {
                        after = if same == 0 {
                            self.settle(at, base, list, op)
                        } else {
                            let of = same.trailing_zeros() as usize;
                            self.take_over(parts[of], at, of)
                        };
                    }
                    list.truncate(base);
                    same
                }
                _ => {
                    let mut groups = Groups::over(level, list);
                    let same = enter(parts, at, &mut groups, op);
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
            let before = match parts[0] {
                Part::Empty => 0,
                Part::Node(node) => node.size(),
                _ => self.of.size_of(slots(first, end)),
            };
            self.slots |= slots(first, end);
            self.less |= after < before;
            self.more += after.cast_signed() - before.cast_signed();
        }
    }

    /// Makes what is on the list from `base` on the groups of a region. Returns how many entries that are.
    fn settle(&mut self, at: Region, base: usize, list: &mut List<'a, K, V>, keys: &impl Keys<K>) -> usize {
        let count = list.len() - base;
        if count == 0 || count > LEAF {
            let mut groups = Groups::from(self.level, base, list);
            groups.settle(at, count, keys);
            groups.move_to(&mut self.groups);
            groups.give_back(list);
        } else {
            let leaf = new_leaf(&mut list.drain(base..), count);
            self.groups.push(Group::new(at, Content::New(leaf)));
        }
        count
    }

    /// Takes over what an operand has in a region. Returns how many entries that are.
    fn take_over(&mut self, part: Part<'a, 'a, K, V>, at: Region, of: usize) -> usize {
        match part {
            Part::Node(node) => {
                self.groups.push(Group::new(at, Content::Kept(node, Some(of as u8))));
                node.size()
            }
            Part::Groups(node) => {
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
            Part::Empty | Part::Items(_) => {
                self.groups.push(Group::new(at, Content::Empty));
                0
            }
        }
    }

    /// The result.
    fn finish<const N: usize, O: Zip<'a, N, K, V>>(mut self, list: &mut List<'a, K, V>) -> Beside<'a, K, V> {
        if self.same != 0 || !O::BUILDS {
            return Beside::Same(self.same);
        }
        let (node, edited) = (self.of, self.slots);
        let old = node.starts();
        let mut starts = old & !edited;
        self.groups.iter().for_each(|group| starts |= 1 << group.first);
        let mut edits = self.groups.drain(..);
        if self.less {
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
            return Beside::Less(Box::new(groups));
        }
        Beside::New(node.edited(starts, edited, edits.map(Group::into_child), self.more))
    }
}
