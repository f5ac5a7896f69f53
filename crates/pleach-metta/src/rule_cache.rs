//! A cache of compiled rules, shared by all threads and evaluations of an [`Evaluator`](crate::Evaluator).

use std::hash::BuildHasherDefault;
use std::rc::Rc;
use std::sync::Arc;

use crate::code::{Block, Compiled};
use crate::hasher::WordHasher;
use crate::heap_size::HeapSize;
use pleach::env::Rule;
use pleach::term::Atom;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

/// The memory of cached rules and their compiled forms. Beyond it, the least used are evicted; so are rules that no
/// environment holds any more.
const MAX_BYTES: u64 = 64 << 20;

/// The number of shards, each with a lock. Few threads look up rules at the same moment.
const SHARDS: usize = 16;

/// A compiled rule.
#[derive(Clone)]
struct Entry {
    compiled: Arc<Compiled>,
    /// Keeps the address, which is the key, from being reused.
    _rule: Atom,
    bytes: u64,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<usize, Entry> for Bytes {
    fn weight(&self, _: &usize, entry: &Entry) -> u64 {
        entry.bytes
    }
}

/// A map from rules to their compiled forms, keyed by address: comparing two rules costs O(their size).
pub(crate) struct RuleCache(Cache<usize, Entry, Bytes, BuildHasherDefault<WordHasher>, DefaultLifecycle<usize, Entry>>);

impl Default for RuleCache {
    fn default() -> Self {
        Self::with_capacity(MAX_BYTES)
    }
}

impl RuleCache {
    fn with_capacity(bytes: u64) -> Self {
        // The number of items is an estimate; nothing is allocated for it.
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(1 << 16)
            .weight_capacity(bytes)
            .build();
        let Ok(options) = options else {
            unreachable!("both capacities are given");
        };
        Self(Cache::with_options(
            options,
            Bytes,
            BuildHasherDefault::default(),
            DefaultLifecycle::default(),
        ))
    }

    /// Returns the rule's compiled form. O(1) if it is cached, else O(size of the rule).
    pub(crate) fn compiled(&self, rule: &Rule<'_, Atom>) -> Block {
        let atom = rule.atom();
        let Some(items) = atom.as_expression() else {
            unreachable!("a rule is an expression");
        };
        let address = items.as_ptr().addr();
        if let Some(entry) = self.0.get(&address) {
            return Rc::new(entry.compiled);
        }
        let compiled = Arc::new(Compiled::rule(rule.lhs(), rule.rhs()));
        let mut sum = HeapSize::default();
        sum.atom(atom);
        let entry = Entry {
            compiled: Arc::clone(&compiled),
            _rule: atom.clone(),
            bytes: (sum.total() + compiled.bytes()) as u64,
        };
        self.0.insert(address, entry);
        Rc::new(compiled)
    }
}

#[cfg(test)]
mod tests {
    use pleach::Environment;

    use super::*;

    /// Returns the cache after looking up this many rules, each in an environment that is dropped at once.
    fn after(rules: usize, bytes: u64) -> RuleCache {
        let cache = RuleCache::with_capacity(bytes);
        for number in 0..rules {
            let rule = format!("(= (f {number} $x) (g $x {number}))").parse().unwrap();
            let world: Environment = [rule].into_iter().collect();
            let call = format!("(f {number} 1)").parse().unwrap();
            let found: Vec<_> = world.rules_for(&call).collect();
            let [rule] = &found[..] else { panic!("one rule") };
            for _ in 0..2 {
                let block = cache.compiled(rule);
                assert_eq!(block.bytes(), Compiled::rule(rule.lhs(), rule.rhs()).bytes());
                // The same number: not a rule that had the same address before.
                let body = crate::code::Activation::blank(block, &mut 0);
                let text = body.instantiate(body.block.body).to_string();
                assert!(text.ends_with(&format!(" {number})")), "{text}");
            }
        }
        cache
    }

    #[test]
    fn addresses_of_dropped_rules_are_never_confused() {
        after(10_000, MAX_BYTES);
        after(10_000, 1 << 18);
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let cache = after(10_000, 1 << 18);
        assert!(cache.0.weight() <= 1 << 18, "{}", cache.0.weight());
        assert!(cache.0.len() > 100, "{}", cache.0.len());
        assert!(after(10, 0).0.is_empty());
    }
}
