//! The difference of two vectors.

use super::{Vector, myers};
use crate::btree::{self, Gap};
use alloc::vec::Vec;
use core::ops::Range;

/// A range of the items of one vector that another replaces by a range of its own, of which one may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hunk {
    /// The indices of the items that are removed.
    pub old: Range<usize>,
    /// The indices, in the new vector, of the items that replace them.
    pub new: Range<usize>,
}

impl<T: PartialEq> Vector<T> {
    /// Returns the changes from this vector to `new`: ranges of items that others replace, in order. Items between them are
    /// equal.
    ///
    /// Subtrees that both vectors share are matched first, without comparing items: at equal positions, else as a longest
    /// common subsequence of those that occur once, as in a patience diff. What lies between them is compared item by item,
    /// by Myers' algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986) in linear space. The changes are the
    /// fewest between two matched subtrees, if they are at most 512.
    ///
    /// O(d · log n) for the subtrees, where d is the number of items in nodes that the vectors don't share. A subtree
    /// that occurs more than once in a vector, as in `repeat_n(vector, 9).sum()`, is matched only at equal positions
    /// and at both ends of a gap; elsewhere its items count as not shared. Between two matched subtrees, O(m · min(e,
    /// 256)) comparisons and O(m) memory, where m is the number of items there and e that of edits: beyond 256 edits
    /// from both ends the search stops where it got furthest, and starts anew from there. So two unrelated vectors take
    /// at most O(n) comparisons times a constant of some hundreds.
    ///
    /// ```
    /// use pleach_collections::vector::{Hunk, Vector};
    ///
    /// let old = Vector::from(["a", "b", "c", "d"]);
    /// let mut new = old.clone();
    /// new.remove(1);
    /// new.push_back("e");
    /// assert_eq!(old.diff(&new), [
    ///     Hunk { old: 1..2, new: 1..1 },
    ///     Hunk { old: 4..4, new: 3..4 },
    /// ]);
    /// ```
    pub fn diff(&self, new: &Self) -> Vec<Hunk> {
        self.diff_counted(new).0
    }

    /// Returns the changes, and the number of nodes that were opened.
    #[doc(hidden)]
    pub fn diff_counted(&self, new: &Self) -> (Vec<Hunk>, usize) {
        let (gaps, opened) = btree::unshared(self.parts().collect(), new.parts().collect());
        let mut hunks: Vec<Hunk> = Vec::new();
        for gap in gaps {
            gap_hunks(&gap, &mut |old, new| match hunks.last_mut() {
                Some(last) if last.old.end == old.start && last.new.end == new.start => {
                    (last.old.end, last.new.end) = (old.end, new.end);
                }
                _ => hunks.push(Hunk { old, new }),
            });
        }
        (hunks, opened)
    }
}

/// Calls `hunk` for the changes in a gap between shared subtrees.
fn gap_hunks<T: PartialEq>(gap: &Gap<'_, T>, hunk: &mut impl FnMut(Range<usize>, Range<usize>)) {
    if gap.old.is_empty() || gap.new.is_empty() {
        return hunk(gap.old.clone(), gap.new.clone());
    }
    let old: Vec<&T> = gap.old_leaves.iter().copied().flatten().collect();
    let new: Vec<&T> = gap.new_leaves.iter().copied().flatten().collect();
    debug_assert_eq!(
        (old.len(), new.len()),
        (gap.old.len(), gap.new.len()),
        "leaves are those of the ranges"
    );
    let (x, y) = (gap.old.start, gap.new.start);
    myers::diff(&old, &new, |old, new| {
        hunk(x + old.start..x + old.end, y + new.start..y + new.end);
    });
}
