//! The memory of an environment.

use std::ops::AddAssign;
use std::sync::Arc;

use super::cache::PatternCache;
use super::carried::Carried;
use super::environment::Environment;
use super::record::{Multiplicity, Record};
use super::sequence::Sequence;
use super::snapshot::Snapshot;
use super::space::Space;
use super::world::World;
use crate::address::{AddressMap, AddressSet};
use crate::map::Map;
use crate::term::walk::for_each;
use crate::term::{Leaf, Term, View, symbol};

/// Bytes of memory, owned and shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// Bytes that only this handle holds: dropping it frees them.
    pub own: usize,
    /// Bytes that another handle holds too, or an earlier version that is kept as a merge base.
    pub shared: usize,
}

impl Held {
    /// Returns the sum of both.
    #[must_use]
    pub const fn total(self) -> usize {
        self.own + self.shared
    }

    fn count(&mut self, bytes: usize, shared: bool) {
        *(if shared { &mut self.shared } else { &mut self.own }) += bytes;
    }
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.own += other.own;
        self.shared += other.shared;
    }
}

/// The bytes of an environment by structure: see [`Environment::memory`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// The snapshot: the small struct that the first write after a fork copies.
    pub snapshot: Held,
    /// The trie of all atoms.
    pub facts: Held,
    /// The records of atoms: multiplicities above 1, definition numbers, the atoms of rules and annotations.
    pub records: Held,
    /// The index of rules by head.
    pub rules: Held,
    /// The list of wildcard rules.
    pub wildcards: Held,
    /// The index of annotations.
    pub types: Held,
    /// The permuted indexes.
    pub arguments: Held,
    /// Named spaces and their contents.
    pub spaces: Held,
    /// States and bindings.
    pub cells: Held,
    /// The cache of answers by pattern, which all forks share.
    pub patterns: Held,
    /// The interned symbols of the process, which all environments share and which are never freed: [`symbol::memory`].
    pub symbols: usize,
}

impl Memory {
    /// Returns the sum of all structures but the symbols.
    #[must_use]
    pub fn total(&self) -> Held {
        let mut total = self.snapshot;
        for part in [
            self.facts,
            self.records,
            self.rules,
            self.wildcards,
            self.types,
            self.arguments,
            self.spaces,
            self.cells,
            self.patterns,
        ] {
            total += part;
        }
        total
    }
}

impl<T: Term> Environment<T> {
    /// Measures the bytes that this environment holds, and how many of them are shared now. O(n): it visits every
    /// node and every stored term.
    ///
    /// Bytes are those requested from the allocator, which rounds them up.
    ///
    /// | structure | method |
    /// |---|---|
    /// | facts, indexes, spaces, cells: their nodes | exactly |
    /// | stored terms | from [`Term::view`]: 24 bytes an expression and `size_of::<T>()` an item, 32 and its characters a string, nothing for grounded values. Shared expressions count once |
    /// | cached answers | a lower bound, without the terms in bindings |
    /// | own or shared: nodes and records | exactly, by their reference counts and those above them |
    /// | own or shared: terms | as the record or cell that holds them, even if the program holds the term too |
    /// | [closures](crate::derive) that the state carries | structures shared with them count as shared; others don't count |
    /// | earlier versions that are kept as merge bases | structures shared with them count as shared; others don't count |
    ///
    /// Two spaces of this environment of which one was [forked](Self::fork_space) from the other count once as long as neither is
    /// written; afterwards what they still share counts twice, as shared.
    ///
    /// While other threads fork or drop handles, the result may mix states.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let world: Environment = (0..1_000).map(Atom::from).collect();
    /// let alone = world.memory();
    /// assert_eq!(alone.facts.shared, 0);
    ///
    /// let mut fork = world.clone();
    /// fork.add_fact("(one more)".parse()?);
    /// let forked = fork.memory();
    /// assert!(forked.facts.shared > 9 * alone.facts.own / 10);
    /// assert!(forked.facts.own < alone.facts.own / 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn memory(&self) -> Memory {
        let World {
            root,
            spaces,
            cells,
            ids: _,
            patterns,
            carried,
        } = &self.snapshot.world;
        let all_shared = !self.owns_data();
        let mut terms = Terms::default();

        let mut memory = Memory {
            symbols: symbol::memory(),
            ..terms.space(root, all_shared)
        };
        memory.snapshot.count(counted::<Snapshot<T>>(), all_shared);
        memory.snapshot.count(
            Carried::SHARED_BYTES + counted::<()>(),
            all_shared || carried.is_shared(),
        );
        memory.patterns.count(
            counted::<PatternCache<T>>() + patterns.bytes(),
            all_shared || Arc::strong_count(patterns) > 1,
        );
        // A space and its forks can be one allocation.
        let mut owners = AddressMap::<Space<T>, usize>::default();
        for space in spaces.values() {
            *owners.entry(Arc::as_ptr(space)).or_default() += 1;
        }
        spaces.visit_nodes(|bytes, entries, shared| {
            let shared = all_shared || shared;
            memory.spaces.count(bytes, shared);
            for (_, space) in entries {
                let Some(here) = owners.remove(&Arc::as_ptr(space)) else {
                    continue;
                };
                let shared = shared || Arc::strong_count(space) > here;
                memory.spaces.count(counted::<Space<T>>(), shared);
                memory.spaces += terms.space(space, shared).total();
            }
        });
        cells.visit_nodes(|bytes, entries, shared| {
            let heap: usize = entries.iter().map(|(_, content)| terms.heap(&content.0)).sum();
            memory.cells.count(bytes + heap, all_shared || shared);
        });
        memory
    }
}

/// The bytes of an `Arc<X>`'s allocation.
const fn counted<X>() -> usize {
    2 * size_of::<usize>() + size_of::<X>()
}

/// The nodes of an index; its records are counted with the facts.
fn index<K, T>(index: &Map<K, Sequence<Arc<Record<T>>>>, all_shared: bool) -> Held {
    let mut held = Held::default();
    index.visit_nodes(|bytes, entries, shared| {
        let node_shared = all_shared || shared;
        held.count(bytes, node_shared);
        for (_, bucket) in entries {
            bucket.each_node(&mut |bytes, shared| held.count(bytes, node_shared || shared));
        }
    });
    held
}

/// The expressions that were counted, by the addresses of their items.
struct Terms<T>(AddressSet<T>);

impl<T> Default for Terms<T> {
    fn default() -> Self {
        Self(AddressSet::default())
    }
}

impl<T: Term> Terms<T> {
    /// The memory of a space apart from its own struct.
    fn space(&mut self, space: &Space<T>, all_shared: bool) -> Memory {
        let mut memory = Memory {
            rules: index(&space.rules, all_shared),
            types: index(&space.types, all_shared),
            ..Memory::default()
        };
        let wildcards = &mut memory.wildcards;
        space
            .wildcards
            .each_node(&mut |bytes, shared| wildcards.count(bytes, all_shared || shared));
        let arguments = &mut memory.arguments;
        for index in space.arguments.iter() {
            arguments.count(index.bytes(), all_shared);
            for part in [&index.permuted, &index.rest] {
                part.visit_nodes(|bytes, _, shared| arguments.count(bytes, all_shared || shared));
            }
        }
        space.facts.visit_nodes(|bytes, values, shared| {
            let shared = all_shared || shared;
            memory.facts.count(bytes, shared);
            for record in values.iter().filter_map(Multiplicity::record) {
                // A record is referenced by the trie, and by an index if it has an order.
                let holders = 1 + usize::from(record.order > 0);
                let heap = record.atom.as_ref().map_or(0, |atom| self.heap(atom));
                let bytes = counted::<Record<T>>() + heap;
                memory
                    .records
                    .count(bytes, shared || Arc::strong_count(record) > holders);
            }
        });
        memory
    }

    /// The heap bytes of a term, without expressions that were counted before.
    fn heap(&mut self, term: &T) -> usize {
        let mut bytes = 0;
        for_each(term, |term| {
            match term.view() {
                View::Expression(items) | View::Tagged(_, items) if self.0.insert(items.as_ptr()) => {
                    bytes += 24 + size_of_val(items);
                    return items;
                }
                View::Leaf(Leaf::String(text)) => bytes += 32 + text.len(),
                _ => {}
            }
            &[]
        });
        bytes
    }
}
