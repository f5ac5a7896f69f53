//! The operands of a walk: their contents in a region.

use crate::hamt::node::Node;
use crate::hamt::{BITS_PER_LEVEL, MAX_LEAF_LEN, exhausted, slot_of_tag};
use smallvec::SmallVec;

/// Entries in the order of their tags at the current level.
pub(super) struct Run<'a, 's, K, V> {
    pub(super) tags: &'s [u16],
    pub(super) entries: Entries<'a, 's, K, V>,
}

/// The entries of a [`Run`], one for each tag.
pub(super) enum Entries<'a, 's, K, V> {
    OfLeaf(&'a [(K, V)]),
    Listed(&'s [&'a (K, V)]),
}

impl<K, V> Clone for Run<'_, '_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Run<'_, '_, K, V> {}

impl<K, V> Clone for Entries<'_, '_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Entries<'_, '_, K, V> {}

impl<'a, K, V> Run<'a, '_, K, V> {
    /// The entries of a range.
    #[inline]
    pub(super) fn slice(self, from: usize, upto: usize) -> Self {
        Self {
            tags: &self.tags[from..upto],
            entries: match self.entries {
                Entries::OfLeaf(entries) => Entries::OfLeaf(&entries[from..upto]),
                Entries::Listed(entries) => Entries::Listed(&entries[from..upto]),
            },
        }
    }

    #[inline]
    pub(super) fn entry(self, at: usize) -> Option<&'a (K, V)> {
        match self.entries {
            Entries::OfLeaf(entries) => entries.get(at),
            Entries::Listed(entries) => entries.get(at).copied(),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (u16, &'a (K, V))> {
        self.tags
            .iter()
            .enumerate()
            .filter_map(move |(at, tag)| Some((*tag, self.entry(at)?)))
    }
}

/// Tags and entries that a [`Run`] borrows.
pub(super) type Sorted<'a, K, V> = (SmallVec<[u16; MAX_LEAF_LEN]>, SmallVec<[&'a (K, V); MAX_LEAF_LEN]>);

/// An operand's contents in a region.
pub(super) enum Operand<'a, 's, K, V> {
    Empty,
    /// The node of one group, or the root.
    Node(&'a Node<K, V>),
    /// Several groups of an inner node.
    Groups(&'a Node<K, V>),
    /// A range of a leaf's entries.
    Items(Run<'a, 's, K, V>),
}

impl<K, V> Clone for Operand<'_, '_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Operand<'_, '_, K, V> {}

impl<'a, 's, K, V> Operand<'a, 's, K, V> {
    pub(super) fn of_child(child: Option<&'a Node<K, V>>) -> Self {
        child.map_or(Operand::Empty, Operand::Node)
    }

    pub(super) fn of_run(run: Run<'a, 's, K, V>) -> Self {
        if run.tags.is_empty() {
            Operand::Empty
        } else {
            Operand::Items(run)
        }
    }

    pub(super) fn is_leaf_or_empty(&self) -> bool {
        match self {
            Operand::Empty => true,
            Operand::Node(node) => node.is_leaf(),
            Operand::Groups(_) | Operand::Items(_) => false,
        }
    }

    /// Returns the contents in a subregion, unless this is a node.
    pub(super) fn within(self, region: Region) -> Self {
        match self {
            Operand::Groups(node) if node.group(region.first).2 == region.width => {
                Operand::of_child(node.child(region.first))
            }
            Operand::Items(run) => {
                let below = |slot| run.tags.partition_point(|tag| slot_of_tag(*tag) < slot);
                Operand::of_run(run.slice(below(region.first), below(region.first + (1 << region.width))))
            }
            operand => operand,
        }
    }

    /// Returns the entries of a leaf or of a range of one.
    #[inline]
    pub(super) fn run(self) -> Run<'a, 's, K, V> {
        match self {
            Operand::Node(leaf) => Run {
                tags: leaf.tags(),
                entries: Entries::OfLeaf(leaf.entries()),
            },
            Operand::Items(run) => run,
            Operand::Empty | Operand::Groups(_) => Run {
                tags: &[],
                entries: Entries::OfLeaf(&[]),
            },
        }
    }
}

/// 2^`width` slots from `first`, in nodes at `level`.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) level: u32,
    pub(super) first: u32,
    pub(super) width: u32,
}

impl Region {
    /// All slots of nodes at `level`.
    pub(super) fn all(level: u32) -> Self {
        Self {
            level,
            first: 0,
            width: BITS_PER_LEVEL,
        }
    }

    pub(super) fn halves(self) -> [Self; 2] {
        let width = self.width - 1;
        [
            Self { width, ..self },
            Self {
                width,
                first: self.first + (1 << width),
                ..self
            },
        ]
    }

    pub(super) fn is_exhausted(self) -> bool {
        exhausted(self.level, self.width)
    }
}
