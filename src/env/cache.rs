//! Answers remembered: a bounded cache that an environment shares with its forks.
//!
//! What is remembered is kept under the [stamp](super::Snapshot::stamp) of the state it was computed from, which no other
//! state has: so it can't be stale, and needs no invalidation. Entries of states that are gone are pushed out by new ones.

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use equivalent::Equivalent;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use smallvec::SmallVec;

use super::apply::with_encoder;
use super::query::Answer;
use super::snapshot::Snapshot;
use crate::map::RandomState;
use crate::term::walk::for_each;
use crate::term::{Leaf, Term, View};

/// How many patterns are remembered, about.
const PATTERNS: usize = 1_024;

/// How many answers are remembered in all.
const ANSWERS: u64 = 65_536;

type Answers<T> = Arc<[Answer<T>]>;

/// Made when it is first asked.
pub(crate) struct PatternCache<T: Term>(OnceLock<Cache<Key, Answers<T>, ByAnswers, RandomState>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    stamp: u64,
    pattern: Box<[u8]>,
}

/// A [`Key`] to look up.
#[derive(PartialEq, Eq, Hash)]
struct KeyRef<'a> {
    stamp: u64,
    pattern: &'a [u8],
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.stamp == key.stamp && *self.pattern == *key.pattern
    }
}

#[derive(Clone)]
struct ByAnswers;

impl<T> Weighter<Key, Answers<T>> for ByAnswers {
    fn weight(&self, _: &Key, answers: &Answers<T>) -> u64 {
        1 + answers.len() as u64
    }
}

impl<T: Term> PatternCache<T> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    fn cache(&self) -> &Cache<Key, Answers<T>, ByAnswers, RandomState> {
        self.0.get_or_init(|| {
            Cache::with(
                PATTERNS,
                ANSWERS,
                ByAnswers,
                RandomState::new(),
                DefaultLifecycle::default(),
            )
        })
    }
}

impl<T: Term> PatternCache<T> {
    /// The bytes of its tables, of the patterns and of the answers, without what the answers bind. O(patterns).
    pub(crate) fn bytes(&self) -> usize {
        self.0.get().map_or(0, |cache| {
            let remembered = |(key, answers): (Key, Answers<T>)| {
                key.pattern.len() + 2 * size_of::<usize>() + size_of_val::<[Answer<T>]>(&answers)
            };
            cache.memory_used().total() + cache.iter().map(remembered).sum::<usize>()
        })
    }
}

impl<T: Term> fmt::Debug for PatternCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PatternCache")
            .field(&self.0.get().map(Cache::len))
            .finish()
    }
}

impl<T: Term> Snapshot<T> {
    /// All answers of a [`query`](super::Space::query), in its order: remembered, so that the same question to the same
    /// state is answered once.
    ///
    /// The cache is shared with the forks of this environment, and bounded: it remembers about a thousand patterns, and
    /// at most 65,536 answers. It never answers for another state. A hit costs a lookup, whatever the answers cost; unlike
    /// other reads it takes a lock, briefly, one of several. Use [`query`](super::Space::query) for the first answers of
    /// many, or for questions that are not asked again.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_fact("(edge a b)".parse()?);
    /// let pattern: Atom = "(edge a $to)".parse()?;
    /// assert_eq!(env.answers(&pattern).len(), 1);
    /// env.add_fact("(edge a c)".parse()?);
    /// assert_eq!(env.answers(&pattern).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answers(&self, pattern: &T) -> Arc<[Answer<T>]> {
        let bytes = spelled(pattern);
        let cache = self.world.patterns.cache();
        let stamp = self.stamp();
        if let Some(known) = cache.get(&KeyRef { stamp, pattern: &bytes }) {
            return known;
        }
        let answers: Answers<T> = self.query(pattern).collect();
        cache.insert(
            Key {
                stamp,
                pattern: bytes.as_slice().into(),
            },
            Arc::clone(&answers),
        );
        answers
    }
}

/// The path of a pattern, and the names of its variables, which answers bind: two patterns that differ in names alone
/// have different answers.
fn spelled<T: Term>(pattern: &T) -> SmallVec<[u8; 128]> {
    let (mut bytes, variables) = with_encoder(|encoder| {
        let encoded = encoder.encode(pattern);
        (SmallVec::<[u8; 128]>::from_slice(encoded.bytes), encoded.variables)
    });
    if variables > 0 {
        for_each(pattern, |term| {
            match term.view() {
                View::Expression(items) => return items,
                View::Leaf(Leaf::Variable { name, id }) => {
                    bytes.extend_from_slice(&name.len().to_le_bytes());
                    bytes.extend_from_slice(name.as_bytes());
                    bytes.extend_from_slice(&id.to_le_bytes());
                }
                View::Leaf(_) => {}
            }
            &[]
        });
    }
    bytes
}
