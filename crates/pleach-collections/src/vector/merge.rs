//! The three-way merge: Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007.

use super::{Hunk, Vector};
use alloc::vec::Vec;
use core::ops::Range;

/// A part of the base that one side or both changed.
struct Region {
    base: Range<usize>,
    ours: Range<usize>,
    theirs: Range<usize>,
    by_us: bool,
    by_them: bool,
}

/// Returns whether two changes of the base conflict: they have an item in common, or one inserts within the other
/// or at its ends.
fn conflict(a: &Range<usize>, b: &Range<usize>) -> bool {
    if a.is_empty() || b.is_empty() {
        a.start <= b.end && b.start <= a.end
    } else {
        a.start < b.end && b.start < a.end
    }
}

/// Returns the regions that the sides changed, in order. Changes that conflict are one.
fn regions(ours: &[Hunk], theirs: &[Hunk]) -> Vec<Region> {
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    // The indices in the base and on each side at which the last region ends.
    let (mut base_at, mut ours_at, mut theirs_at) = (0, 0, 0);
    let mut regions = Vec::new();
    loop {
        let start = match (ours.peek(), theirs.peek()) {
            (Some(a), Some(b)) => a.old.start.min(b.old.start),
            (Some(only), None) | (None, Some(only)) => only.old.start,
            (None, None) => return regions,
        };
        let mut base: Option<Range<usize>> = None;
        let (mut by_us, mut by_them) = (false, false);
        // The lengths that the sides' changes add to the region, modulo 2^BITS, since they may be negative.
        let (mut ours_more, mut theirs_more) = (0_usize, 0_usize);
        loop {
            let mut take = |side: &mut core::iter::Peekable<core::slice::Iter<'_, Hunk>>, more: &mut usize| {
                let belongs = |hunk: &Hunk| match &base {
                    None => hunk.old.start == start,
                    Some(base) => conflict(base, &hunk.old),
                };
                let Some(hunk) = side.next_if(|hunk| belongs(hunk)) else {
                    return false;
                };
                let end = base.as_ref().map_or(hunk.old.end, |base| base.end.max(hunk.old.end));
                base = Some(start..end);
                *more = more.wrapping_add(hunk.new.len()).wrapping_sub(hunk.old.len());
                true
            };
            let (us, them) = (take(&mut ours, &mut ours_more), take(&mut theirs, &mut theirs_more));
            (by_us, by_them) = (by_us | us, by_them | them);
            if !us && !them {
                break;
            }
        }
        let Some(base) = base else {
            debug_assert!(false, "a change starts where one was found");
            return regions;
        };
        let unchanged = base.start - base_at;
        let part = |at: usize, more: usize| {
            let start = at + unchanged;
            start..start.wrapping_add(base.len()).wrapping_add(more)
        };
        let (ours, theirs) = (part(ours_at, ours_more), part(theirs_at, theirs_more));
        (base_at, ours_at, theirs_at) = (base.end, ours.end, theirs.end);
        regions.push(Region {
            base,
            ours,
            theirs,
            by_us,
            by_them,
        });
    }
}

impl<T: Clone + PartialEq> Vector<T> {
    /// Merges the changes from `base` to `self` and from `base` to `other`.
    ///
    /// The changes are those of [`diff`](Vector::diff). Items that one side changed are as on that side. Changes of both sides
    /// conflict if they replace a common item of `base`, or if one inserts items at an end of what the other changes; if
    /// the result is the same on both sides, it is taken once. For other conflicts `resolve` gets the items of the region in
    /// `base`, `self` and `other`, and returns those of the result. It is called in the order of the items.
    ///
    /// O(c · log n) more than the differences, where c is the number of changes. The result shares the nodes of `self`. As
    /// with any difference, which of several equal items counts as changed depends on what the vectors share.
    ///
    /// ```
    /// use pleach_collections::Vector;
    ///
    /// let base = Vector::from(["a", "b", "c", "d"]);
    /// let (mut ours, mut theirs) = (base.clone(), base.clone());
    /// ours[0] = "A";
    /// ours[3] = "ours";
    /// theirs.remove(1);
    /// theirs[2] = "theirs";
    /// let merged = ours.merge(&base, &theirs, |base, ours, theirs| {
    ///     assert_eq!(base, &["d"]);
    ///     ours + theirs
    /// });
    /// assert_eq!(merged, ["A", "c", "ours", "theirs"]);
    /// ```
    #[must_use]
    pub fn merge(&self, base: &Self, other: &Self, mut resolve: impl FnMut(&Self, &Self, &Self) -> Self) -> Self {
        if base.ptr_eq(other) || self.ptr_eq(other) {
            return self.clone();
        }
        if base.ptr_eq(self) {
            return other.clone();
        }
        let (ours, theirs) = (base.diff(self), base.diff(other));
        let mut changes = Vec::new();
        for region in regions(&ours, &theirs) {
            if !region.by_them {
                continue;
            }
            let there = other.slice(region.theirs);
            if !region.by_us {
                changes.push((region.ours, there));
                continue;
            }
            let here = self.slice(region.ours.clone());
            if here != there {
                let resolved = resolve(&base.slice(region.base), &here, &there);
                changes.push((region.ours, resolved));
            }
        }
        let mut merged = self.clone();
        // From the end, so that indices stay.
        for (range, items) in changes.into_iter().rev() {
            merged.splice(range, items);
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::{Hunk, regions};

    /// A change may remove more items than an `isize` counts.
    #[test]
    fn large_changes_move_the_regions_after_them() {
        let large = isize::MAX as usize + 10;
        let ours = [Hunk {
            old: 0..large,
            new: 0..0,
        }];
        let theirs = [Hunk {
            old: large + 5..large + 6,
            new: large + 5..large + 5,
        }];
        let regions = regions(&ours, &theirs);
        let ranges: Vec<_> = regions.into_iter().map(|region| (region.ours, region.theirs)).collect();
        assert_eq!(ranges, [(0..0, 0..large), (5..6, large + 5..large + 5)]);
    }
}
