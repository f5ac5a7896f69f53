//! Operations on two or three bags, by sharing.

use super::Bag;
use crate::hamt::Pick;
use crate::map::Diff;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Bag<T, S> {
    /// Three-way merge: this bag with what was added and removed from `base` to `other`. So counts sum, and what both
    /// have from the base counts once: count = max(0, here + other − base), up to `u64::MAX`.
    ///
    /// Costs O(c · log n), where c is the number of items whose count differs from the base's.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// let mut base = Bag::new();
    /// base.insert("inherited", 1);
    /// let (mut ours, mut theirs) = (base.clone(), base.clone());
    /// ours.insert("new", 1);
    /// theirs.insert("new", 1);
    /// let merged = ours.merge(&base, &theirs);
    /// assert_eq!((merged.count("inherited"), merged.count("new")), (1, 2));
    /// ```
    #[must_use]
    pub fn merge(&self, base: &Self, other: &Self) -> Self {
        let sum = |_: &T, base: Option<&u64>, ours: Option<&u64>, theirs: Option<&u64>| {
            let [base, ours, theirs] = [base, ours, theirs].map(|count| u128::from(count.copied().unwrap_or(0)));
            let count = (ours + theirs).saturating_sub(base);
            (count > 0).then(|| u64::try_from(count).unwrap_or(u64::MAX))
        };
        Self {
            counts: self.counts.merge_all(&base.counts, &other.counts, sum),
        }
    }
    /// Adds the counts of both, up to `u64::MAX`. O(n) of the two together: what they share counts twice, so it can't be
    /// skipped.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "b"]).sum(&Bag::from(["a"])), Bag::from(["a", "a", "b"]));
    /// ```
    #[must_use]
    pub fn sum(&self, other: &Self) -> Self {
        self.merge(&self.new_like(), other)
    }

    /// The larger count of each item, stored as here if it is in both. Costs what the bags don't share: see [`Map::union`](crate::Map::union).
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "b"]).union(&Bag::from(["a", "a"])), Bag::from(["a", "a", "b"]));
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            counts: self
                .counts
                .set_op::<true, true, true>(&other.counts, |_, here, there| match here.cmp(there) {
                    Ordering::Less => Pick::New(*there),
                    Ordering::Equal | Ordering::Greater => Pick::A,
                }),
        }
    }

    /// The smaller count of each item, as stored here. Costs what the bags don't share.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "b"]).intersection(&Bag::from(["a", "a"])), Bag::from(["a"]));
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            counts: self
                .counts
                .set_op::<false, false, true>(&other.counts, |_, here, there| match here.cmp(there) {
                    Ordering::Less | Ordering::Equal => Pick::A,
                    Ordering::Greater => Pick::New(*there),
                }),
        }
    }

    /// The items that are left when those of `other` are removed, as often as they are there. Costs what the bags don't
    /// share.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert_eq!(Bag::from(["a", "a", "b"]).difference(&Bag::from(["a", "b"])), Bag::from(["a"]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            counts: self
                .counts
                .set_op::<true, false, false>(&other.counts, |_, here, there| match here.checked_sub(*there) {
                    None | Some(0) => Pick::Neither,
                    Some(left) => Pick::New(left),
                }),
        }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher> Bag<T, S> {
    /// The items whose counts differ from this bag to `new`. Costs what the bags don't share: see
    /// [`Map::diff`](crate::Map::diff).
    ///
    /// ```
    /// use pleach_collections::Bag;
    /// use pleach_collections::map::Change;
    ///
    /// let (old, new) = (Bag::from(["a"]), Bag::from(["a", "a"]));
    /// assert!(old.diff(&new).eq([Change::Changed { key: &"a", old: &1, new: &2 }]));
    /// ```
    pub fn diff<'a>(&'a self, new: &'a Self) -> Diff<'a, T, u64> {
        self.counts.diff(&new.counts)
    }

    /// Whether each item is in `other` as often as here, or more often. Costs what the bags don't share.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert!(Bag::from(["a"]).is_subset(&Bag::from(["a", "a"])));
    /// assert!(!Bag::from(["a", "a"]).is_subset(&Bag::from(["a"])));
    /// ```
    pub fn is_subset(&self, other: &Self) -> bool {
        self.counts.is_submap_by(&other.counts, |here, there| here <= there)
    }

    /// Whether no item is in both. Costs what the bags don't share.
    ///
    /// ```
    /// use pleach_collections::Bag;
    ///
    /// assert!(Bag::from(["a"]).is_disjoint(&Bag::from(["b"])));
    /// ```
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.counts.is_disjoint(&other.counts)
    }
}
