//! Many additions to an empty space at once: sorted, and built into a trie from the bottom up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::apply::{About, Edits};
use super::facts::{Facts, Key};
use super::record::{Head, Index, Multiplicity, Name, Record};
use super::space::{Bucket, Space};
use crate::map::RandomState;
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
            self.load(edits);
        }
        edits.drain().for_each(|edit| self.apply(edit));
    }

    /// Takes the edits, each of which adds one occurrence, into this space, which is empty.
    fn load(&mut self, edits: &mut Edits<T>) {
        let (keys, list) = edits.take();
        self.total += list.len() as u128;
        let mut abouts = Vec::with_capacity(list.len());
        let mut places = Vec::with_capacity(list.len());
        for (range, about) in list {
            places.push((range, abouts.len()));
            abouts.push(about);
        }
        sort(&keys, &mut places);
        let kept = self.load_kept(&places, &mut abouts, &keys);
        self.facts = build(&keys, &places, &kept);
        // Of no facts.
        self.arguments.clear();
    }

    /// Makes the records of the atoms that are kept, and indexes them in the order in which they come first. Each record
    /// has the number of its first edit.
    fn load_kept(&mut self, places: &[Place], abouts: &mut [About<T>], keys: &[u8]) -> Vec<Option<Arc<Record<T>>>> {
        let mut firsts: Vec<(usize, usize, u64)> = runs(places, keys)
            .filter_map(|run| {
                let (first, last) = (run.first()?.1, run.last()?.1);
                abouts[first].kept.is_some().then_some((first, last, run.len() as u64))
            })
            .collect();
        firsts.sort_unstable();
        let mut rules: HashMap<Head, Bucket<T>, RandomState> = HashMap::default();
        let mut types: HashMap<Name, Bucket<T>, RandomState> = HashMap::default();
        let mut kept = vec![None; abouts.len()];
        for (first, last, count) in firsts {
            // Its variables are named as they were last.
            let About { kept: atom, index } = &mut abouts[last];
            let defines = !matches!(index, Index::None);
            self.next_order += u64::from(defines);
            let order = if defines { self.next_order } else { 0 };
            let record = Arc::new(Record::new(count, order, atom.take()));
            kept[first] = Some(Arc::clone(&record));
            self.rule_count += usize::from(index.is_rule());
            match *index {
                Index::Rule(head) => _ = rules.entry(head).or_default().insert(order, record),
                Index::Wildcard => _ = self.wildcards.insert(order, record),
                Index::Annotation(name) => _ = types.entry(name).or_default().insert(order, record),
                Index::None => {}
            }
        }
        if self.next_order > 0 {
            self.redefined();
        }
        self.rules = rules.into_iter().collect();
        self.types = types.into_iter().collect();
        kept
    }
}

/// Where a key is, and which edit it is of.
type Place = (Range<usize>, usize);

/// The places of equal keys, of sorted ones.
fn runs<'p>(places: &'p [Place], keys: &'p [u8]) -> impl Iterator<Item = &'p [Place]> {
    places.chunk_by(|a, b| keys[a.0.clone()] == keys[b.0.clone()])
}

#[cfg(feature = "rayon")]
fn sort(keys: &[u8], places: &mut [Place]) {
    use rayon::slice::ParallelSliceMut;
    let by = |a: &Place, b: &Place| keys[a.0.clone()].cmp(&keys[b.0.clone()]).then(a.1.cmp(&b.1));
    if places.len() < FORK_FROM {
        places.sort_unstable_by(by);
    } else {
        places.par_sort_unstable_by(by);
    }
}

#[cfg(not(feature = "rayon"))]
fn sort(keys: &[u8], places: &mut [Place]) {
    places.sort_unstable_by(|a, b| keys[a.0.clone()].cmp(&keys[b.0.clone()]).then(a.1.cmp(&b.1)));
}

/// The facts with these sorted keys, each as often as its key is there.
fn build<T: Term>(keys: &[u8], places: &[Place], kept: &[Option<Arc<Record<T>>>]) -> Facts<Multiplicity<T>> {
    #[cfg(feature = "rayon")]
    if places.len() >= FORK_FROM {
        // Between two different keys, so that the parts have none in common and are joined by whole branches.
        let middle = places.len() / 2;
        let same = places[middle..]
            .iter()
            .take_while(|place| keys[place.0.clone()] == keys[places[middle].0.clone()])
            .count();
        let (left, right) = places.split_at(middle + same);
        let (mut left, right) = rayon::join(|| build(keys, left, kept), || build(keys, right, kept));
        left.join_with(&right, Multiplicity::sum);
        return left;
    }
    Facts::from_sorted(runs(places, keys).filter_map(|run| {
        let (range, first) = run.first()?;
        let multiplicity = match &kept[*first] {
            Some(record) => Multiplicity::from(Arc::clone(record)),
            None => Multiplicity::new(run.len() as u64)?,
        };
        Some((Key::stored(&keys[range.clone()]), multiplicity))
    }))
}
