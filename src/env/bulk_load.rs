//! Bulk loads into an empty space: the edits are sorted, then built into a trie.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::edit::{EditContent, Edits};
use super::record::{Head, Index, Multiplicity, Name, Record, sorted};
use super::space::{Bucket, Space};
use crate::map::RandomState;
use crate::term::Term;
use crate::trie_map::TrieMap;

/// The minimum number of facts that are sorted first.
const MIN_SORTED: usize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

/// The minimum number of facts that are built on several threads.
#[cfg(feature = "rayon")]
const MIN_PARALLEL: usize = 32_768;

impl<T: Term> Space<T> {
    /// Applies edits in order, with the same effect as [`apply`](Self::apply) of each.
    pub(super) fn apply_all(&mut self, edits: &mut Edits<T>) {
        if self.facts.is_empty() && edits.len() >= MIN_SORTED && edits.only_add_one() {
            self.load(edits);
        }
        edits.drain().for_each(|edit| self.apply(edit));
    }

    /// Loads edits, each of which adds one occurrence, into this empty space.
    fn load(&mut self, edits: &mut Edits<T>) {
        let (keys, list) = edits.take();
        self.total += list.len() as u128;
        self.written += list.len() as u64;
        let mut contents = Vec::with_capacity(list.len());
        let mut spans = Vec::with_capacity(list.len());
        for (range, content) in list {
            spans.push((range, contents.len()));
            contents.push(content);
        }
        sort(&keys, &mut spans);
        let kept = self.load_kept(&spans, &mut contents, &keys);
        self.facts = build(&keys, &spans, &kept);
        // They were of no facts.
        self.arguments.clear();
    }

    /// Makes and indexes the records of the atoms that are kept, in the order of their first edits, which gives the definition
    /// numbers.
    fn load_kept(
        &mut self,
        spans: &[KeySpan],
        contents: &mut [EditContent<T>],
        keys: &[u8],
    ) -> Vec<Option<Arc<Record<T>>>> {
        let mut firsts: Vec<(usize, usize, u64)> = runs(spans, keys)
            .filter_map(|run| {
                let (first, last) = (run.first()?.1, run.last()?.1);
                contents[first]
                    .kept
                    .is_some()
                    .then_some((first, last, run.len() as u64))
            })
            .collect();
        firsts.sort_unstable();
        let mut rules: HashMap<Head, Bucket<T>, RandomState> = HashMap::default();
        let mut types: HashMap<Name, Bucket<T>, RandomState> = HashMap::default();
        let mut kept = vec![None; contents.len()];
        for (first, last, count) in firsts {
            // With the names of variables of the last edit, as in single writes.
            let EditContent { kept: atom, index } = &mut contents[last];
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
            self.touch_definitions();
        }
        self.rules = rules.into_iter().collect();
        self.types = types.into_iter().collect();
        kept
    }
}

/// The range of a key, and the number of its edit.
type KeySpan = (Range<usize>, usize);

/// Groups sorted spans by key.
fn runs<'p>(spans: &'p [KeySpan], keys: &'p [u8]) -> impl Iterator<Item = &'p [KeySpan]> {
    spans.chunk_by(|a, b| keys[a.0.clone()] == keys[b.0.clone()])
}

#[cfg(feature = "rayon")]
fn sort(keys: &[u8], spans: &mut [KeySpan]) {
    use rayon::slice::ParallelSliceMut;
    let by = |a: &KeySpan, b: &KeySpan| keys[a.0.clone()].cmp(&keys[b.0.clone()]).then(a.1.cmp(&b.1));
    if spans.len() < MIN_PARALLEL {
        spans.sort_unstable_by(by);
    } else {
        spans.par_sort_unstable_by(by);
    }
}

#[cfg(not(feature = "rayon"))]
fn sort(keys: &[u8], spans: &mut [KeySpan]) {
    spans.sort_unstable_by(|a, b| keys[a.0.clone()].cmp(&keys[b.0.clone()]).then(a.1.cmp(&b.1)));
}

/// The facts with these sorted keys, whose multiplicities are the numbers of equal keys.
fn build<T: Term>(keys: &[u8], spans: &[KeySpan], kept: &[Option<Arc<Record<T>>>]) -> TrieMap<Multiplicity<T>> {
    #[cfg(feature = "rayon")]
    if spans.len() >= MIN_PARALLEL {
        // Split between two different keys, so that the halves have none in common and are joined by whole branches.
        let middle = spans.len() / 2;
        let same = spans[middle..]
            .iter()
            .take_while(|span| keys[span.0.clone()] == keys[spans[middle].0.clone()])
            .count();
        let (left, right) = spans.split_at(middle + same);
        let (left, right) = rayon::join(|| build(keys, left, kept), || build(keys, right, kept));
        return left.union(&right);
    }
    sorted(runs(spans, keys).filter_map(|run| {
        let (range, first) = run.first()?;
        let multiplicity = match &kept[*first] {
            Some(record) => Multiplicity::from(Arc::clone(record)),
            None => Multiplicity::new(run.len() as u64)?,
        };
        Some((&keys[range.clone()], multiplicity))
    }))
}
