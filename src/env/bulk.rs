//! Many additions to an empty space at once: sorted, and built into a trie from the bottom up.

use std::ops::Range;

use super::apply::Edits;
use super::facts::{Facts, Key};
use super::record::Multiplicity;
use super::space::Space;
use crate::term::Term;

/// From how many facts on it pays to sort them first.
const SORT_FROM: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

/// From how many facts on it pays to build on several threads.
#[cfg(feature = "rayon")]
const FORK_FROM: usize = 32_768;

impl<T: Term> Space<T> {
    /// Applies edits in order: with the same effect as [`apply`](Self::apply), one by one.
    pub(super) fn apply_all(&mut self, edits: &mut Edits<T>) {
        if self.facts.is_empty() && edits.len() >= SORT_FROM && edits.only_add_one() {
            let (keys, mut plain) = edits.take_plain();
            sort(keys, &mut plain);
            self.total += plain.len() as u128;
            self.facts = build(keys, &plain);
            // Of no facts.
            self.arguments.clear();
        }
        edits.drain().for_each(|edit| self.apply(edit));
    }
}

#[cfg(feature = "rayon")]
fn sort(keys: &[u8], plain: &mut [Range<usize>]) {
    use rayon::slice::ParallelSliceMut;
    if plain.len() < FORK_FROM {
        plain.sort_unstable_by(|a, b| keys[a.clone()].cmp(&keys[b.clone()]));
    } else {
        plain.par_sort_unstable_by(|a, b| keys[a.clone()].cmp(&keys[b.clone()]));
    }
}

#[cfg(not(feature = "rayon"))]
fn sort(keys: &[u8], plain: &mut [Range<usize>]) {
    plain.sort_unstable_by(|a, b| keys[a.clone()].cmp(&keys[b.clone()]));
}

/// The facts with these sorted keys, each as often as its key is there.
fn build<T: Term>(keys: &[u8], plain: &[Range<usize>]) -> Facts<Multiplicity<T>> {
    #[cfg(feature = "rayon")]
    if plain.len() >= FORK_FROM {
        // Between two different keys, so that the parts have none in common and are joined by whole branches.
        let middle = plain.len() / 2;
        let same = plain[middle..]
            .iter()
            .take_while(|key| keys[(*key).clone()] == keys[plain[middle].clone()])
            .count();
        let (left, right) = plain.split_at(middle + same);
        let (mut left, right) = rayon::join(|| build(keys, left), || build(keys, right));
        left.join_with(&right, Multiplicity::sum);
        return left;
    }
    let runs = plain.chunk_by(|a, b| keys[a.clone()] == keys[b.clone()]);
    Facts::from_sorted(runs.filter_map(|run| {
        let count = Multiplicity::new(run.len() as u64)?;
        Some((Key::stored(&keys[run.first()?.clone()]), count))
    }))
}
