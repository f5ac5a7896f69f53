//! The persistent sequence [`Vector`] and its iterators.

mod convert;
mod diff;
mod edit;
mod ends;
mod focus;
mod focus_mut;
mod into_iter;
mod iter;
mod iter_mut;
mod merge;
mod myers;
mod order;
mod part;
#[cfg(feature = "rayon")]
pub mod rayon;
mod traits;

pub use crate::btree::Violation;
pub use diff::Hunk;
pub use focus::Focus;
pub use focus_mut::FocusMut;
pub use into_iter::IntoIter;
pub use iter::{Chunks, Iter};
pub use iter_mut::IterMut;

use crate::btree;

/// A node of a vector's tree.
type Node<T> = btree::Node<T, ()>;

/// A persistent sequence: a clone costs O(1), and a write to a clone copies one path of O(log n) nodes.
///
/// It has much of the interface of `Vec` and `VecDeque`. Methods that write, push, insert, remove or
/// [append](Vector::append) items do so in place, and copy only nodes that other vectors share. Methods that cut a
/// vector within its tree, such as [`split_off`](Vector::split_off) and [`splice`](Vector::splice), copy the paths to
/// the cuts, and clone the items of the leaves there, also if nothing is shared. Vectors are [split](Vector::split_at)
/// and [joined](Vector::concat), and items inserted and removed anywhere, in O(log n). [`diff`](Vector::diff),
/// [`merge`](Vector::merge) and `==` skip the subtrees that two vectors share, so their cost depends on the difference
/// if one vector descends from the other or both from a third.
///
/// # When not to use it
/// - A sequence that is never cloned, compared or merged, and changes at its ends only: `Vec` and `VecDeque` read by index
///   and iterate faster, and are one slice or two.
/// - Items that are expensive to clone: a write to a shared vector clones the items of a leaf, at most 32 if they need a
///   drop. Wrap them (`Arc<str>`).
///
/// # Costs
/// n is the number of items, d that of the items in nodes that two vectors don't share.
///
/// | operation | cost |
/// |---|---|
/// | [`new`](Vector::new), [`clone`](Clone::clone), [`len`](Vector::len), [`ptr_eq`](Vector::ptr_eq) | O(1) |
/// | [`front`](Vector::front), [`back`](Vector::back) | O(1) if that end has a leaf apart from the tree, else O(log n) |
/// | [`front_mut`](Vector::front_mut), [`back_mut`](Vector::back_mut) | as `front` and `back`, with copies of the shared nodes on the path |
/// | [`get`](Vector::get), `vector[i]` | O(log n) |
/// | [`set`](Vector::set), [`get_mut`](Vector::get_mut), `vector[i] = item`, [`insert`](Vector::insert), [`remove`](Vector::remove) | O(log n), with copies of the shared nodes on the path |
/// | [`push_back`](Vector::push_back), [`push_front`](Vector::push_front), [`pop_back`](Vector::pop_back), [`pop_front`](Vector::pop_front) | O(1), but O(log n) once in a leaf of items, with a copy of the leaf if it is shared |
/// | [`update`](Vector::update) | O(log n), with a copy of the path |
/// | [`split_at`](Vector::split_at), [`split_off`](Vector::split_off), [`slice`](Vector::slice), [`take`](Vector::take), [`skip`](Vector::skip), [`truncate`](Vector::truncate), [`drain`](Vector::drain), [`splice`](Vector::splice), [`concat`](Vector::concat), [`append`](Vector::append), [`rotate_left`](Vector::rotate_left), [`rotate_right`](Vector::rotate_right) | O(log n), with copies of a few nodes |
/// | [`iter`](Vector::iter), [`chunks`](Vector::chunks), `into_iter`, [`index_of`](Vector::index_of) | O(n); `nth` and `nth_back` of an iterator O(log n), by value with the drop of the items that are skipped |
/// | [`iter_mut`](Vector::iter_mut) | O(n), with copies of shared nodes |
/// | [`retain`](Vector::retain), [`dedup`](Vector::dedup) | O(n), with copies of the nodes that lose items |
/// | [`reverse`](Vector::reverse) | O(n) |
/// | [`sort`](Vector::sort), [`sort_by`](Vector::sort_by) | O(n log n) |
/// | [`binary_search`](Vector::binary_search), [`partition_point`](Vector::partition_point) | O(log n) comparisons |
/// | `==`, `cmp` | O(d · log n) if shared subtrees are at equal indices, else O(n) |
/// | [`diff`](Vector::diff), [`merge`](Vector::merge) | O(d · log n), and what [`diff`](Vector::diff) says of the items that aren't shared, and of subtrees that occur more than once |
/// | `collect`, `from`, `hash` | O(n) |
/// | `drop` | O(1) if another vector shares all nodes, else O(n) for unshared ones |
///
/// `docs/coming-from-im.md` lists the counterparts of the methods of `im`, `imbl` and `std`, and what differs:
/// [`slice`](Vector::slice) doesn't remove what it returns, and [`append`](Vector::append) empties its argument.
///
/// # Panics in user code
/// If `Clone`, `Drop`, a comparison or a closure panics, the vector stays valid and is either unchanged or fully
/// changed; memory may leak. Operations that go item by item (`extend`, [`iter_mut`](Vector::iter_mut)) may have
/// changed some items, and a sort may have permuted them.
///
/// # Nested vectors
/// With the feature `std`, items that hold vectors, nested to any depth, are dropped on a bounded stack, under the conditions of
/// [`Map`](crate::Map#nested-maps).
///
/// # Implementation
/// A B+ tree with subtree sizes, as under [`OrdMap`](crate::OrdMap), without keys, and the leaf at each end apart from
/// the tree, where it is edited without a walk. A node that appending leaves behind has a number of items that is a
/// power of two, so that an index is found in it by a shift, as in a radix tree; other nodes are searched by their
/// sizes.
///
/// # Examples
/// ```
/// use pleach_collections::Vector;
///
/// let base: Vector<u32> = (0..5).collect();
/// let mut fork = base.clone();
/// fork.push_back(5);
/// fork.insert(2, 99);
/// assert_eq!(base, [0, 1, 2, 3, 4]);
/// assert_eq!(fork, [0, 1, 99, 2, 3, 4, 5]);
/// ```
///
/// Fork, write both sides, and merge the changes:
/// ```
/// use pleach_collections::Vector;
///
/// let base = Vector::from(["a", "b", "c"]);
/// let (mut ours, mut theirs) = (base.clone(), base.clone());
/// ours.push_front("start");
/// theirs[1] = "B";
/// let merged = ours.merge(&base, &theirs, |_base, ours, _theirs| ours.clone());
/// assert_eq!(merged, ["start", "a", "B", "c"]);
/// ```
pub struct Vector<T> {
    /// The leaf before the tree: the one to which items are pushed. It may have any length but 0.
    front: Option<Node<T>>,
    tree: Option<Node<T>>,
    /// The leaf after the tree, like `front`.
    back: Option<Node<T>>,
}

impl<T> Vector<T> {
    /// Creates an empty vector. O(1), without allocation.
    ///
    /// ```
    /// static EMPTY: pleach_collections::Vector<u32> = pleach_collections::Vector::new();
    /// assert!(EMPTY.is_empty());
    /// ```
    pub const fn new() -> Self {
        Self {
            front: None,
            tree: None,
            back: None,
        }
    }

    /// Creates a vector of the items of a tree.
    fn of_tree(tree: Option<Node<T>>) -> Self {
        Self {
            front: None,
            tree,
            back: None,
        }
    }

    /// Returns the number of items. O(1).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2]).len(), 2);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.front_slice().len() + self.tree_len() + self.back_slice().len()
    }

    /// The number of items in the tree.
    #[inline]
    fn tree_len(&self) -> usize {
        self.tree.as_ref().map_or(0, Node::size)
    }

    /// The items of the leaf before the tree.
    #[inline]
    fn front_slice(&self) -> &[T] {
        self.front.as_ref().map_or(&[], Node::entries)
    }

    /// The items of the leaf after the tree.
    #[inline]
    fn back_slice(&self) -> &[T] {
        self.back.as_ref().map_or(&[], Node::entries)
    }

    /// The trees whose items are those of the vector, in order.
    fn parts(&self) -> impl DoubleEndedIterator<Item = &Node<T>> {
        [&self.front, &self.tree, &self.back].into_iter().flatten()
    }

    /// Returns `true` if the vector has no items. O(1).
    ///
    /// ```
    /// assert!(pleach_collections::Vector::<u32>::new().is_empty());
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.front.is_none() && self.tree.is_none() && self.back.is_none()
    }

    /// Returns `true` if both vectors share all nodes. Such vectors are equal; equal vectors need not share nodes. O(1).
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from([1]);
    /// assert!(vector.ptr_eq(&vector.clone()));
    /// assert!(!vector.ptr_eq(&vector.update(0, 1)));
    /// ```
    pub fn ptr_eq(&self, other: &Self) -> bool {
        let same = |a: &Option<Node<T>>, b: &Option<Node<T>>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => a.ptr_eq(b),
            _ => false,
        };
        same(&self.front, &other.front) && same(&self.tree, &other.tree) && same(&self.back, &other.back)
    }

    /// Removes all items. O(1) if another vector shares them, else O(n).
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1]);
    /// vector.clear();
    /// assert!(vector.is_empty());
    /// ```
    pub fn clear(&mut self) {
        drop(core::mem::take(self));
    }

    /// Returns the item at an index; `None` if the index isn't less than the length. O(log n).
    ///
    /// ```
    /// let vector = pleach_collections::Vector::from(["a", "b"]);
    /// assert_eq!((vector.get(1), vector.get(2)), (Some(&"b"), None));
    /// ```
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        let mut index = index;
        if let Some(front) = &self.front {
            let entries = front.entries();
            if index < entries.len() {
                return entries.get(index);
            }
            index -= entries.len();
        }
        if let Some(tree) = &self.tree {
            let size = tree.size();
            if index < size {
                return btree::nth(tree, index);
            }
            index -= size;
        }
        self.back_slice().get(index)
    }

    /// Returns the leaf of an item, and the index of the leaf's first item; `None` if the index isn't less than the length.
    fn leaf_at(&self, index: usize) -> Option<(&[T], usize)> {
        let (front, size) = (self.front_slice(), self.tree_len());
        if index < front.len() {
            return Some((front, 0));
        }
        if let Some(tree) = &self.tree
            && index - front.len() < size
        {
            let (leaf, within, _) = btree::leaf_at(tree, index - front.len());
            return Some((leaf.entries(), index - within));
        }
        let start = front.len() + size;
        (index - start < self.back_slice().len()).then(|| (self.back_slice(), start))
    }

    /// Returns the first item. O(1) if the first leaf is apart from the tree, as after a push there, else O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2]).front(), Some(&1));
    /// ```
    pub fn front(&self) -> Option<&T> {
        self.parts().next().and_then(btree::first)
    }

    /// Returns the last item. O(1) if the last leaf is apart from the tree, as after a push there, else O(log n).
    ///
    /// ```
    /// assert_eq!(pleach_collections::Vector::from([1, 2]).back(), Some(&2));
    /// ```
    pub fn back(&self) -> Option<&T> {
        self.parts().next_back().and_then(btree::last)
    }

    /// Checks the invariants of the tree and of the leaves at its ends, for tests and fuzzers. O(n).
    ///
    /// # Errors
    /// Returns the first violated invariant.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Violation> {
        for part in self.parts() {
            btree::check(part, &|_, _| true, &|_, (), _| true)?;
        }
        match self.front.iter().chain(&self.back).find(|leaf| !leaf.is_leaf()) {
            None => Ok(()),
            Some(node) => Err(btree::violation_of_end(node)),
        }
    }

    /// Visits each node: its size in bytes, its items, and whether another vector shares it at the moment. O(n).
    #[doc(hidden)]
    pub fn visit_nodes<'a>(&'a self, mut visit: impl FnMut(usize, &'a [T], bool)) {
        for part in self.parts() {
            btree::visit_nodes(part, false, &mut |node, shared| {
                visit(node.bytes(), node.entries(), shared)
            });
        }
    }
}
