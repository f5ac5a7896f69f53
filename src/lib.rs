//! Persistent environments that interpreters fork, write and merge.
//!
//! An [`Environment`] has rules, facts and types. Cloning it **forks** it: one reference-count increment, whatever its size.
//! A write costs O(log n), and other forks don't see it. The [`union`](Environment::union) of two environments is a
//! three-way merge, which costs what they changed. So branches can be evaluated in parallel, each in a fork of its own,
//! without losing writes.
//!
//! # A tour
//! ```
//! use pleach::{Atom, Environment, SharedEnvironment};
//!
//! // An environment has rules `(= lhs rhs)`, type annotations `(: name type)` and other atoms. All are facts.
//! let mut world = Environment::<Atom>::new();
//! world.add_rule("(area (square $a))".parse()?, "(* $a $a)".parse()?);
//! world.add_type(Atom::symbol("area"), "(-> Shape Number)".parse()?);
//! world.add_fact("(drawn (square 3))".parse()?);
//!
//! // Two forks are written independently, on any threads.
//! let mut left = world.clone();
//! let mut right = world.clone();
//! left.add_rule("(area (circle $r))".parse()?, "(* 3.14 (* $r $r))".parse()?);
//! right.add_fact("(drawn (square 3))".parse()?);
//! assert!(left.rule_count() == 2 && world.rule_count() == 1);
//!
//! // Their union has the rule of the one and the second drawing of the other. What both inherited counts once.
//! let both = left.union(&right);
//! assert_eq!(both.rule_count(), 2);
//! assert_eq!(both.multiplicity(&"(drawn (square 3))".parse()?), 2);
//!
//! // Rules are indexed by head, in definition order, and types by name.
//! let rules: Vec<String> = both.get_matching_rules("area", 1).map(|rule| rule.lhs().to_string()).collect();
//! assert_eq!(rules, ["(area (square $a))", "(area (circle $r))"]);
//! assert_eq!(both.get_type("area"), Some(&"(-> Shape Number)".parse()?));
//!
//! // A shared environment: readers never wait, and no write is lost.
//! let shared = SharedEnvironment::new(world);
//! shared.update(|world| world.add_fact(Atom::symbol("finished")));
//! shared.commit(&mut left);
//! assert_eq!(shared.load().rule_count(), 2);
//! assert!(shared.load().contains(&Atom::symbol("finished")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layers
//! Each layer uses those above it only.
//!
//! | layer | module | contents |
//! |---|---|---|
//! | collections | [`mod@map`], [`mod@set`], [`mod@bag`] | [`Map`], [`Set`] and [`Bag`]: persistent, over one hash trie, with difference and merge that skip what is shared; [`OrdMap`], [`OrdSet`] and [`TrieMap`], the ordered ones; [`mod@vector`]: [`Vector`], a sequence |
//! | terms | [`term`] | the trait [`Term`] for an interpreter's own terms; [`Atom`], a ready-made one; parser, printer, unification |
//! | environment | [`mod@env`] | [`Environment`]: facts and their indexes, queries, union, patches |
//! | standing queries | [`mod@view`] | [`View`](view::View): the answers of a conjunction, which follow an environment, its forks and their unions |
//! | derived facts | [`mod@derive`] | [`Program`](derive::Program): what follows from facts by rules |
//! | sharing | [`mod@shared`] | [`SharedEnvironment`]: one live environment, read without locks |
//! | persistence | [`persist`] | environments as files |
//! | evaluation | the crate `pleach-metta` | a reference MeTTa evaluator, sequential and parallel |
//!
//! The README lists what pleach isn't for.

#![cfg_attr(not(test), deny(clippy::string_slice))]

pub mod derive;
pub mod env;
mod history;
pub mod persist;
pub mod shared;
pub mod term;
mod varint;
pub mod view;

pub use env::Environment;
pub use pleach_collections::{Bag, Map, OrdMap, OrdSet, RandomState, Set, TrieMap, Vector};
pub use pleach_collections::{address, bag, map, ord_map, ord_set, set, trie_map, vector};
pub use shared::{Event, Outcome, Reader, SharedEnvironment, Subscription};
pub use term::{Atom, Symbol, Term};

/// The guides, compiled and run with the documentation tests.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../crates/pleach-collections-rc/README.md")]
    mod collections_rc {}
    #[doc = include_str!("../docs/coming-from-im.md")]
    mod coming_from_im {}
    // It has an example of `fork_join`.
    #[cfg(feature = "rayon")]
    #[doc = include_str!("../docs/concurrency.md")]
    mod concurrency {}
    #[cfg(feature = "rayon")]
    #[doc = include_str!("../docs/embedding.md")]
    mod embedding {}
    #[doc = include_str!("../docs/merge.md")]
    mod merge {}
    #[doc = include_str!("../docs/migrating.md")]
    mod migrating {}
    #[doc = include_str!("../docs/queries.md")]
    mod queries {}
    #[cfg(feature = "remote")]
    #[doc = include_str!("../docs/remote.md")]
    mod remote {}
}
