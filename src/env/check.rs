//! A check of the invariants of a [`Space`], and its indexes derived from the facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::edit::{Delta, Edit};
use super::record::{Index, Record};
use super::space::{Bucket, Space, decode};
use crate::term::Term;
use crate::term::path::with_encoder;

impl<T: Term> Space<T> {
    /// Checks the invariants; for tests and fuzzers. O(n log n).
    ///
    /// # Panics
    /// If one doesn't hold.
    #[doc(hidden)]
    pub fn check(&self) {
        assert!(
            self.facts.check().is_ok() && self.rules.check().is_ok() && self.types.check().is_ok(),
            "the maps are sound"
        );

        let mut orders = BTreeSet::new();
        let mut total = 0;
        let mut cursor = self.facts.cursor();
        while let Some(multiplicity) = cursor.next_entry() {
            let atom = decode(cursor.path(), multiplicity);
            let index = Index::of(&atom, self.kind);
            let keeps_atom = with_encoder(|encoder| {
                let edit = Edit::new(encoder, atom, Delta::Set(multiplicity.get()), self.kind);
                assert_eq!(edit.key(), cursor.path(), "1: a key is the path of its atom");
                edit.keeps_atom()
            });
            assert!(multiplicity.get() > 0, "1: a multiplicity is at least 1");
            total += u128::from(multiplicity.get());

            let record = multiplicity.record();
            assert_eq!(
                keeps_atom,
                record.is_some_and(|record| record.atom.is_some()),
                "2: an atom is kept where it must be, and nowhere else"
            );
            let bucket = match index {
                Index::Rule(head) => self.rules.get(&head),
                Index::Wildcard => Some(&self.wildcards),
                Index::Annotation(name) => self.types.get(&name),
                Index::None => None,
            };
            let order = record.map_or(0, |record| record.order);
            assert_eq!(
                order == 0,
                matches!(index, Index::None),
                "3: what is indexed is numbered, and nothing else is"
            );
            if let Some(record) = record.filter(|_| order > 0) {
                let indexed = bucket.and_then(|bucket| bucket.get(order));
                assert!(
                    indexed.is_some_and(|indexed| Arc::ptr_eq(indexed, record)),
                    "3: the index holds the same record"
                );
                assert!(orders.insert(order), "4: definition numbers are distinct");
                assert!(
                    order <= self.next_order,
                    "4: definition numbers are at most `next_order`"
                );
            }
        }
        let buckets = || self.rules.values().chain(self.types.values());
        let indexed: usize = buckets().chain([&self.wildcards]).map(Bucket::len).sum();
        assert_eq!(indexed, orders.len(), "3: nothing else is in any bucket");
        assert!(buckets().all(|bucket| !bucket.is_empty()), "4: no bucket is empty");
        assert_eq!(self.total, total, "5: `total` is the sum of the multiplicities");
        let rules: usize = self.rules.values().chain([&self.wildcards]).map(Bucket::len).sum();
        assert_eq!(self.rule_count, rules, "5: `rule_count` is the number of rules");
        for bucket in buckets().chain([&self.wildcards]) {
            bucket.check();
        }
        for index in self.arguments.iter() {
            index.check(&self.facts);
        }
    }

    /// A space with the same facts, whose indexes are derived from them. O(n log n).
    pub(super) fn reindexed(&self) -> Self {
        let mut fresh = Self {
            facts: self.facts.clone(),
            next_order: self.next_order,
            ..Self::of_kind(self.kind)
        };
        let mut records: Vec<Arc<Record<T>>> = Vec::new();
        let mut cursor = self.facts.cursor();
        while let Some(multiplicity) = cursor.next_entry() {
            fresh.total += u128::from(multiplicity.get());
            records.extend(multiplicity.record().filter(|record| record.order > 0).cloned());
        }
        records.sort_unstable_by_key(|record| record.order);
        for record in records {
            fresh.reindex(&Index::of(record.definition(), self.kind), record);
        }
        fresh
    }
}
