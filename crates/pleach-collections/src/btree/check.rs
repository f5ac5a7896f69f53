//! The invariants of [`Node`], tested by their numbers.

use super::search::{first, last};
use super::{MIN_CHILDREN, Node};

/// A violated invariant of the tree: this crate has a bug, or a key changed its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {invariant} of the tree is violated at height {height}: {statement}")]
#[non_exhaustive]
pub struct Violation {
    /// The number of the invariant in the documentation of the node.
    pub invariant: u8,
    /// The height of the node; 0 for a leaf.
    pub height: usize,
    /// The invariant.
    pub statement: &'static str,
}

/// Checks every invariant of a tree. `rise` says whether two entries rise; `divides` whether a separator is greater than
/// the entry before it, and not greater than that after it.
pub(crate) fn check<T, S>(
    root: &Node<T, S>,
    rise: &impl Fn(&T, &T) -> bool,
    divides: &impl Fn(&T, &S, &T) -> bool,
) -> Result<(), Violation> {
    check_node(root, true, rise, divides)
}

/// The violation of a sequence whose first or last leaf, which is apart from its tree, is an inner node.
pub(crate) fn violation_of_end<T, S>(node: &Node<T, S>) -> Violation {
    Violation {
        invariant: 4,
        height: node.height(),
        statement: "an end that is apart from the tree is a leaf",
    }
}

fn check_node<T, S>(
    node: &Node<T, S>,
    is_root: bool,
    rise: &impl Fn(&T, &T) -> bool,
    divides: &impl Fn(&T, &S, &T) -> bool,
) -> Result<(), Violation> {
    let height = node.height();
    let ensure = |holds: bool, invariant, statement| {
        let violation = Violation {
            invariant,
            height,
            statement,
        };
        if holds { Ok(()) } else { Err(violation) }
    };
    ensure(node.has_right_tag(), 7, "a pointer says what kind of node it leads to")?;
    if node.is_leaf() {
        let entries = node.entries();
        let least = if is_root { 1 } else { Node::<T, S>::MIN_LEN };
        ensure(
            (least..=Node::<T, S>::MAX_LEN).contains(&entries.len()),
            5,
            "a leaf has neither too few nor too many entries",
        )?;
        return ensure(entries.is_sorted_by(rise), 1, "entries rise within a leaf");
    }
    let least = if is_root { 2 } else { MIN_CHILDREN };
    ensure(
        (least..=Node::<T, S>::MAX_CHILDREN).contains(&node.len()),
        6,
        "an inner node has neither too few nor too many children",
    )?;
    for (child, size) in node.children().iter().zip(node.sizes()) {
        ensure(child.height() + 1 == height, 4, "a child is one level below")?;
        ensure(child.size() == *size, 3, "sizes are those of the children")?;
        check_node(child, false, rise, divides)?;
    }
    ensure(node.is_hint_right(), 8, "children are where the hint says")?;
    ensure(
        node.sizes().iter().sum::<usize>() == node.size(),
        3,
        "a size is the sum of those of the children",
    )?;
    for (pair, separator) in node.children().windows(2).zip(node.separators()) {
        if let (Some(before), Some(after)) = (last(&pair[0]), first(&pair[1])) {
            ensure(rise(before, after), 1, "entries rise from leaf to leaf")?;
            ensure(divides(before, separator, after), 2, "a separator divides the entries")?;
        }
    }
    Ok(())
}
