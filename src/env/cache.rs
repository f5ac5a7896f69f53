//! A bounded cache of query answers, shared by an environment and its forks.
//!
//! Keys include the [stamp](super::Snapshot::stamp) of the state, so entries can't be stale and need no invalidation. New
//! entries evict those of states that are gone.

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use equivalent::Equivalent;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use smallvec::SmallVec;

use super::query::Answer;
use super::space::Space;
use crate::map::RandomState;
use crate::term::path::with_encoder;
use crate::term::walk::for_each;
use crate::term::{Leaf, Term, View};

/// The approximate number of patterns in the cache.
const MAX_PATTERNS: usize = 1_024;

/// The maximum number of answers in the cache.
const MAX_ANSWERS: u64 = 65_536;

type Answers<T> = Arc<[Answer<T>]>;

/// The cache, which is created by the first query.
pub(crate) struct PatternCache<T: Term>(OnceLock<Cache<Key, Answers<T>, AnswerCount, RandomState>>);

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
struct AnswerCount;

impl<T: Term> Weighter<Key, Answers<T>> for AnswerCount {
    fn weight(&self, _: &Key, answers: &Answers<T>) -> u64 {
        1 + answers.len() as u64
    }
}

impl<T: Term> PatternCache<T> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    fn cache(&self) -> &Cache<Key, Answers<T>, AnswerCount, RandomState> {
        self.0.get_or_init(|| {
            Cache::with(
                MAX_PATTERNS,
                MAX_ANSWERS,
                AnswerCount,
                RandomState::new(),
                DefaultLifecycle::default(),
            )
        })
    }
}

impl<T: Term> PatternCache<T> {
    /// The bytes of its tables, the patterns and the answers, without the terms in bindings. O(patterns).
    pub(crate) fn bytes(&self) -> usize {
        self.0.get().map_or(0, |cache| {
            let entry = |(key, answers): (Key, Answers<T>)| {
                key.pattern.len() + 2 * size_of::<usize>() + size_of_val::<[Answer<T>]>(&answers)
            };
            cache.memory_used().total() + cache.iter().map(entry).sum::<usize>()
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

impl<T: Term> PatternCache<T> {
    /// Returns the answers of a query of this space, which has this stamp, from the cache or computed.
    pub(crate) fn answers(&self, space: &Space<T>, stamp: u64, pattern: &T) -> Arc<[Answer<T>]> {
        let bytes = path_and_names(pattern);
        let cache = self.cache();
        if let Some(known) = cache.get(&KeyRef { stamp, pattern: &bytes }) {
            return known;
        }
        let answers: Answers<T> = space.query(pattern).collect();
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

/// The path of a pattern, and the names of its variables or that they have none: patterns that differ in these only have
/// different answers.
fn path_and_names<T: Term>(pattern: &T) -> SmallVec<[u8; 128]> {
    let (mut bytes, variables) = with_encoder(|encoder| {
        let encoded = encoder.encode(pattern);
        (SmallVec::<[u8; 128]>::from_slice(encoded.bytes), encoded.variables)
    });
    if variables > 0 {
        for_each(pattern, |term| {
            match term.view() {
                View::Expression(items) | View::Tagged(_, items) => return items,
                View::Leaf(Leaf::Variable { name, id }) => {
                    bytes.extend_from_slice(&name.len().to_le_bytes());
                    bytes.extend_from_slice(name.as_bytes());
                    bytes.extend_from_slice(&id.to_le_bytes());
                }
                // No name is that long.
                View::Leaf(Leaf::Anonymous) => bytes.extend_from_slice(&usize::MAX.to_le_bytes()),
                View::Leaf(_) => {}
            }
            &[]
        });
    }
    bytes
}
