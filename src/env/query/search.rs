//! The search for the atoms that may match a pattern: through the facts, or through an index by argument.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::descent::{Descent, Found, Mode};
use super::shape::Shape;
use crate::env::argument_index::{ArgumentIndex, ArgumentIndexes};
use crate::trie_map::TrieMap;

/// A search of at most this many steps reports none.
const MIN_REPORTED: u64 = 64;

/// The number of steps after which a search that goes on reports them.
const REPORT_INTERVAL: u64 = 4_096;

/// The entries that may match a pattern, in key order, found with or without an index.
pub(super) struct Search<'a, V> {
    facts: &'a TrieMap<V>,
    arguments: &'a ArgumentIndexes,
    /// The search of the facts; if there is an index, only of those that it doesn't have.
    descent: Descent<'a, V>,
    indexed: Option<Box<IndexedSearch<'a>>>,
    /// The argument by which an index would help, if there is none.
    missing: Option<usize>,
    /// The steps that were not reported yet.
    steps: u64,
}

/// A search through both tries of an index, merged by key.
struct IndexedSearch<'a> {
    index: &'a ArgumentIndex,
    permuted: Side<'a>,
    rest: Option<Side<'a>>,
    /// The key among the facts of the current permuted entry.
    key: Vec<u8>,
    source: Source,
}

struct Side<'a> {
    descent: Descent<'a, ()>,
    /// Whether the descent is at an entry.
    at_entry: bool,
}

/// The trie in which the last entry was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Facts,
    Permuted,
    Rest,
}

impl<'a, V> Search<'a, V> {
    /// A search for this pattern. Unless `indexed` is set, it uses no index.
    pub(super) fn new(facts: &'a TrieMap<V>, arguments: &'a ArgumentIndexes, shape: Arc<Shape>, indexed: bool) -> Self {
        Self::in_mode(facts, arguments, shape, indexed, Mode::Unify)
    }

    /// A search in which stored variables are constants.
    pub(super) fn one_sided(facts: &'a TrieMap<V>, arguments: &'a ArgumentIndexes, shape: Arc<Shape>) -> Self {
        Self::in_mode(facts, arguments, shape, true, Mode::OneSided)
    }

    fn in_mode(
        facts: &'a TrieMap<V>,
        arguments: &'a ArgumentIndexes,
        shape: Arc<Shape>,
        indexed: bool,
        mode: Mode,
    ) -> Self {
        let (index, missing) = match indexed {
            true => choose(facts, arguments, &shape),
            false => (None, None),
        };
        let indexed = index.map(|(index, position)| {
            let part = |descent| Side {
                descent,
                at_entry: false,
            };
            let permuted = part(Descent::new(
                index.permuted.cursor(),
                Arc::new(shape.permuted(position)),
                mode,
            ));
            let rest = || part(Descent::new(index.rest.cursor(), Arc::clone(&shape), mode));
            Box::new(IndexedSearch {
                index,
                permuted,
                rest: (!index.rest.is_empty()).then(rest),
                key: Vec::new(),
                source: Source::Facts,
            })
        });
        let mut descent = Descent::new(facts.cursor(), shape, mode);
        if indexed.is_some() {
            descent = descent.without_head();
        }
        Search {
            facts,
            arguments,
            descent,
            indexed,
            missing,
            steps: 0,
        }
    }

    /// The next entry that may match.
    pub(super) fn next_entry(&mut self) -> Option<&'a V> {
        let before = self.budget();
        let mut entry = None;
        if self.source() == Source::Facts {
            entry = self.descent.next_entry();
        }
        if entry.is_none()
            && let Some(indexed) = &mut self.indexed
        {
            entry = indexed.next_entry(self.facts);
        }
        self.steps += before - self.budget();
        if let Some(position) = self.missing
            && (self.steps >= REPORT_INTERVAL || entry.is_none() && self.steps > MIN_REPORTED)
        {
            let steps = std::mem::take(&mut self.steps);
            self.arguments.report(self.descent.shape().head(), position, steps);
        }
        entry
    }

    /// The number of entries that match; `unifies` decides about those that may. Doesn't visit entries that match for
    /// certain because the pattern has only different variables where they differ.
    pub(super) fn count(mut self, mut unifies: impl FnMut(&[u8], &V) -> bool) -> usize {
        let before = self.budget();
        let mut count = count_found(&mut self.descent, &mut unifies);
        if let Some(indexed) = &mut self.indexed {
            let (facts, index) = (self.facts, indexed.index);
            let mut at_key = |key: &[u8]| facts.get(key).is_some_and(|entry| unifies(key, entry));
            let mut key = Vec::new();
            count += count_found(&mut indexed.permuted.descent, &mut |path, ()| {
                index.unpermute(path, &mut key);
                at_key(&key)
            });
            if let Some(rest) = &mut indexed.rest {
                count += count_found(&mut rest.descent, &mut |path, ()| at_key(path));
            }
        }
        self.steps += before - self.budget();
        if let Some(position) = self.missing
            && self.steps > MIN_REPORTED
        {
            self.arguments.report(self.descent.shape().head(), position, self.steps);
        }
        count
    }

    fn source(&self) -> Source {
        self.indexed.as_ref().map_or(Source::Facts, |indexed| indexed.source)
    }

    /// The number of steps left.
    pub(super) fn budget(&self) -> u64 {
        let spent = |part: &Side<'_>| u64::MAX - part.descent.budget;
        self.indexed.as_ref().map_or(self.descent.budget, |indexed| {
            let parts = spent(&indexed.permuted) + indexed.rest.as_ref().map_or(0, spent);
            self.descent.budget.saturating_sub(parts)
        })
    }

    /// Restarts the search with a limit of steps and without an index, so that where it ends follows from the pattern and the
    /// facts alone.
    pub(super) fn bounded(self, steps: u64) -> Self {
        let mut search = Search::new(self.facts, self.arguments, Arc::clone(self.descent.shape()), false);
        search.set_budget(steps);
        search
    }

    /// Begins a search of the same facts for another pattern.
    pub(super) fn restarted(&self, shape: Arc<Shape>) -> Self {
        Search::new(self.facts, self.arguments, shape, true)
    }

    /// Sets the number of steps left, of a search that uses no index.
    pub(super) fn set_budget(&mut self, steps: u64) {
        debug_assert!(self.indexed.is_none(), "a bounded search uses no index");
        self.descent.budget = steps;
    }

    /// Whether the search ended because no steps were left.
    pub(super) fn is_exhausted(&self) -> bool {
        self.descent.is_exhausted()
    }

    /// Makes the search end once `stop` is set.
    pub(super) fn set_stop(&mut self, stop: Option<&'a AtomicBool>) {
        self.descent.halt = stop;
        if let Some(indexed) = &mut self.indexed {
            let rest = indexed.rest.iter_mut();
            for part in rest.chain([&mut indexed.permuted]) {
                part.descent.halt = stop;
            }
        }
    }

    /// Whether the search ended because `stop` was set.
    pub(super) fn is_stopped(&self) -> bool {
        let mut parts = self
            .indexed
            .iter()
            .flat_map(|indexed| indexed.rest.iter().chain([&indexed.permuted]));
        self.descent.is_stopped() || parts.any(|part| part.descent.is_stopped())
    }

    /// The path of the entry.
    pub(super) fn path(&self) -> &[u8] {
        match (&self.indexed, self.source()) {
            (Some(indexed), Source::Permuted | Source::Rest) => indexed.path(),
            _ => self.descent.path(),
        }
    }

    /// As [`Descent::is_match`].
    pub(super) fn is_match(&mut self) -> bool {
        match (self.source(), &mut self.indexed) {
            (Source::Permuted, Some(indexed)) => indexed.permuted.descent.is_match(),
            (Source::Rest, Some(indexed)) => indexed.rest.as_mut().is_some_and(|part| part.descent.is_match()),
            _ => self.descent.is_match(),
        }
    }

    /// As [`Descent::part`].
    pub(super) fn part(&self, variable: usize) -> Option<&[u8]> {
        match (self.source(), &self.indexed) {
            (Source::Permuted, Some(indexed)) => indexed.permuted.descent.part(variable),
            (Source::Rest, Some(indexed)) => indexed.rest.as_ref()?.descent.part(variable),
            _ => self.descent.part(variable),
        }
    }
}

/// The number of entries of a search that match.
fn count_found<V>(descent: &mut Descent<'_, V>, unifies: &mut impl FnMut(&[u8], &V) -> bool) -> usize {
    let mut count = 0;
    while let Some(found) = descent.next_counted() {
        count += match found {
            Found::All(count) => count,
            Found::Entry(entry) => usize::from(descent.is_match() || unifies(descent.path(), entry)),
        };
    }
    count
}

impl IndexedSearch<'_> {
    fn next_entry<'a, V>(&mut self, facts: &'a TrieMap<V>) -> Option<&'a V> {
        // Each side is at its next entry, except the one whose entry was returned last.
        if self.source != Source::Rest {
            self.permuted.at_entry = self.permuted.descent.next_entry().is_some();
            if self.permuted.at_entry {
                self.index.unpermute(self.permuted.descent.path(), &mut self.key);
            }
        }
        if self.source != Source::Permuted
            && let Some(rest) = &mut self.rest
        {
            rest.at_entry = rest.descent.next_entry().is_some();
        }
        let other = self.rest.as_ref().filter(|rest| rest.at_entry);
        self.source = match other {
            Some(other) if !self.permuted.at_entry || other.descent.path() < &self.key[..] => Source::Rest,
            None if !self.permuted.at_entry => {
                self.source = Source::Permuted;
                return None;
            }
            _ => Source::Permuted,
        };
        let entry = facts.get(self.path());
        debug_assert!(entry.is_some(), "an index has keys of facts only");
        entry
    }

    fn path(&self) -> &[u8] {
        match (&self.rest, self.source) {
            (Some(rest), Source::Rest) => rest.descent.path(),
            _ => &self.key,
        }
    }
}

/// Returns the index with the fewest entries for a pattern, and its position; and the first position without an index.
fn choose<'a, V>(
    facts: &TrieMap<V>,
    arguments: &'a ArgumentIndexes,
    shape: &Shape,
) -> (Option<(&'a ArgumentIndex, usize)>, Option<usize>) {
    let head = shape.head();
    let mut missing = None;
    let mut known: SmallVec<[(&ArgumentIndex, usize, &[u8]); 4]> = SmallVec::new();
    if head.is_empty() {
        return (None, None);
    }
    for (position, path) in shape.ground_arguments() {
        let index = arguments.get(head, position).or_else(|| {
            let build = missing.is_none();
            let built = build.then(|| arguments.build(facts, head, position)).flatten();
            if built.is_none() {
                missing.get_or_insert(position);
            }
            built
        });
        known.extend(index.map(|index| (index, position, path)));
    }
    let prefix = shape.ground_prefix();
    let by_prefix = prefix.len() > head.len();
    let best = match &known[..] {
        [] => None,
        [one] if !by_prefix => Some(*one),
        _ => {
            let plain = by_prefix.then(|| (facts.count_prefix(prefix), None));
            let counts = known.iter().map(|known| {
                let (index, _, path) = known;
                (index.permuted.count_prefix(path) + index.rest.len(), Some(*known))
            });
            let best = plain.into_iter().chain(counts).min_by_key(|(count, _)| *count);
            best.and_then(|(_, best)| best)
        }
    };
    (best.map(|(index, position, _)| (index, position)), missing)
}
