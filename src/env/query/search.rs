//! The search for the atoms that may match a pattern: through the facts, or through an index by argument.

use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::descent::Descent;
use super::shape::Shape;
use crate::env::arguments::{ArgumentIndex, Arguments};
use crate::env::facts::{Entry, Facts, Key};

/// A search that takes no more steps than this asks for no index.
const QUICK: u64 = 64;

/// After how many steps a search that goes on tells of them.
const REPORT: u64 = 4_096;

/// How far the facts are counted, at most, to choose an index.
const MANY: usize = 512;

/// The entries that may match a pattern, in key order, whichever way they are found.
pub(super) struct Search<'a, E: Entry> {
    facts: &'a Facts<E>,
    arguments: &'a Arguments,
    /// Through the facts: all, or those alone that the index does not have.
    descent: Descent<'a, E>,
    indexed: Option<Box<Indexed<'a>>>,
    /// The argument of which there is no index, though one would help.
    missing: Option<usize>,
    /// Steps taken, of which the indexes were not told.
    steps: u64,
}

/// A search through an index, of which both parts are searched side by side.
struct Indexed<'a> {
    index: &'a ArgumentIndex,
    turned: Part<'a>,
    others: Option<Part<'a>>,
    /// The key of the entry in the turned part, turned back.
    key: Vec<u8>,
    place: Place,
}

struct Part<'a> {
    descent: Descent<'a, ()>,
    /// Whether it is at an entry.
    at_entry: bool,
}

/// Where the last entry was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the facts.
    Facts,
    Turned,
    Others,
}

impl<'a, E: Entry> Search<'a, E> {
    /// A search for this pattern. If `indexed` is not set, it goes through the facts, whatever indexes there are.
    pub(super) fn new(facts: &'a Facts<E>, arguments: &'a Arguments, shape: Shape, indexed: bool) -> Self {
        let (index, missing) = match indexed {
            true => choose(facts, arguments, &shape),
            false => (None, None),
        };
        let indexed = index.map(|(index, position)| {
            let part = |descent| Part {
                descent,
                at_entry: false,
            };
            let turned = part(Descent::new(index.turned.cursor(), shape.turned(position), false));
            let others = || part(Descent::new(index.others.cursor(), shape.clone(), false));
            Box::new(Indexed {
                index,
                turned,
                others: (!index.others.is_empty()).then(others),
                key: Vec::new(),
                place: Place::Facts,
            })
        });
        let mut descent = Descent::new(facts.cursor(), shape, false);
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
    pub(super) fn next_entry(&mut self) -> Option<&'a E> {
        let before = self.budget();
        let mut entry = None;
        if self.place() == Place::Facts {
            entry = self.descent.next_entry();
        }
        if entry.is_none()
            && let Some(indexed) = &mut self.indexed
        {
            entry = indexed.next_entry(self.facts);
        }
        self.steps += before - self.budget();
        if let Some(position) = self.missing
            && (self.steps >= REPORT || entry.is_none() && self.steps > QUICK)
        {
            let steps = std::mem::take(&mut self.steps);
            self.arguments.ask(self.descent.shape().head(), position, steps);
        }
        entry
    }

    fn place(&self) -> Place {
        self.indexed.as_ref().map_or(Place::Facts, |indexed| indexed.place)
    }

    /// How many more steps it may take.
    pub(super) fn budget(&self) -> u64 {
        let spent = |part: &Part<'_>| u64::MAX - part.descent.budget;
        self.indexed.as_ref().map_or(self.descent.budget, |indexed| {
            let parts = spent(&indexed.turned) + indexed.others.as_ref().map_or(0, spent);
            self.descent.budget.saturating_sub(parts)
        })
    }

    /// The same search from its start, which ends after so many steps, and uses no index: so where it ends follows from
    /// the pattern and the facts alone.
    pub(super) fn bounded(self, steps: u64) -> Self {
        let mut search = Search::new(self.facts, self.arguments, self.descent.shape().clone(), false);
        search.set_budget(steps);
        search
    }

    /// Bounds the steps of a search that uses no index.
    pub(super) fn set_budget(&mut self, steps: u64) {
        debug_assert!(self.indexed.is_none(), "a bounded search uses no index");
        self.descent.budget = steps;
    }

    /// Whether it ended for want of budget.
    pub(super) fn is_exhausted(&self) -> bool {
        self.descent.is_exhausted()
    }

    /// Makes it end when `stop` is set.
    pub(super) fn set_stop(&mut self, stop: Option<&'a AtomicBool>) {
        self.descent.halt = stop;
        if let Some(indexed) = &mut self.indexed {
            let others = indexed.others.iter_mut();
            for part in others.chain([&mut indexed.turned]) {
                part.descent.halt = stop;
            }
        }
    }

    /// Whether it ended so.
    pub(super) fn is_stopped(&self) -> bool {
        let mut parts = self
            .indexed
            .iter()
            .flat_map(|indexed| indexed.others.iter().chain([&indexed.turned]));
        self.descent.is_stopped() || parts.any(|part| part.descent.is_stopped())
    }

    /// The path of the entry.
    pub(super) fn path(&self) -> &[u8] {
        match (&self.indexed, self.place()) {
            (Some(indexed), Place::Turned | Place::Others) => indexed.path(),
            _ => self.descent.path(),
        }
    }

    /// As [`Descent::is_match`].
    pub(super) fn is_match(&mut self) -> bool {
        match (self.place(), &mut self.indexed) {
            (Place::Turned, Some(indexed)) => indexed.turned.descent.is_match(),
            (Place::Others, Some(indexed)) => indexed.others.as_mut().is_some_and(|part| part.descent.is_match()),
            _ => self.descent.is_match(),
        }
    }

    /// As [`Descent::part`].
    pub(super) fn part(&self, variable: usize) -> Option<&[u8]> {
        match (self.place(), &self.indexed) {
            (Place::Turned, Some(indexed)) => indexed.turned.descent.part(variable),
            (Place::Others, Some(indexed)) => indexed.others.as_ref()?.descent.part(variable),
            _ => self.descent.part(variable),
        }
    }
}

impl Indexed<'_> {
    fn next_entry<'a, E: Entry>(&mut self, facts: &'a Facts<E>) -> Option<&'a E> {
        // Both are at their next entry, but the one whose entry was given out.
        if self.place != Place::Others {
            self.turned.at_entry = self.turned.descent.next_entry().is_some();
            if self.turned.at_entry {
                self.index.turn_back(self.turned.descent.path(), &mut self.key);
            }
        }
        if self.place != Place::Turned
            && let Some(others) = &mut self.others
        {
            others.at_entry = others.descent.next_entry().is_some();
        }
        let other = self.others.as_ref().filter(|others| others.at_entry);
        self.place = match other {
            Some(other) if !self.turned.at_entry || other.descent.path() < &self.key[..] => Place::Others,
            None if !self.turned.at_entry => {
                self.place = Place::Turned;
                return None;
            }
            _ => Place::Turned,
        };
        let entry = facts.get(&Key::stored(self.path()));
        debug_assert!(entry.is_some(), "an index has only what the facts have");
        entry
    }

    fn path(&self) -> &[u8] {
        match (&self.others, self.place) {
            (Some(others), Place::Others) => others.descent.path(),
            _ => &self.key,
        }
    }
}

/// The index that promises the fewest entries for a pattern, with its position; and the first that is missing.
fn choose<'a, E: Entry>(
    facts: &Facts<E>,
    arguments: &'a Arguments,
    shape: &Shape,
) -> (Option<(&'a ArgumentIndex, usize)>, Option<usize>) {
    let head = shape.head();
    let mut missing = None;
    let mut known: SmallVec<[(&ArgumentIndex, usize, &[u8]); 4]> = SmallVec::new();
    if head.is_empty() {
        return (None, None);
    }
    for (position, path) in shape.ground_arguments() {
        if head.len() + path.len() > Key::LIMIT {
            continue;
        }
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
            let mut best = None;
            let mut limit = 4;
            while best.is_none() && limit <= MANY {
                let plain = if by_prefix {
                    facts.count_under(prefix, limit)
                } else {
                    limit
                };
                let counts = known.iter().map(|known| {
                    let (index, _, path) = known;
                    (index.turned.count_under(path, limit) + index.others.len(), Some(*known))
                });
                best = std::iter::once((plain, None))
                    .chain(counts)
                    .min_by_key(|(count, _)| *count)
                    .filter(|(count, _)| *count < limit);
                limit *= 4;
            }
            match best {
                Some((_, best)) => best,
                // All have many: then any index rather than none.
                None => known.first().copied(),
            }
        }
    };
    (best.map(|(index, position, _)| (index, position)), missing)
}
