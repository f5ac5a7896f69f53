//! Persistent environments that interpreters fork, write and merge.
//!
//! An [`Environment`] is a world of rules, facts and types. To clone it is to **fork** it: one reference count, whatever
//! its size. A fork is written as if it were the only one, at O(log n) a write, and no other handle sees it. The
//! [`union`](Environment::union) of two has what either has, counts once what both inherited, and costs what they
//! changed. So branches can be evaluated in parallel, each in a world of its own, and nothing that they write is lost.
//!
//! # A tour
//! ```
//! use pleach::{Atom, Environment, SharedEnvironment};
//!
//! // A world has rules `(= lhs rhs)`, type annotations `(: name type)` and any other atoms, all of them facts.
//! let mut world = Environment::<Atom>::new();
//! world.add_rule("(area (square $a))".parse()?, "(* $a $a)".parse()?);
//! world.add_type(Atom::symbol("area"), "(-> Shape Number)".parse()?);
//! world.add_fact("(drawn (square 3))".parse()?);
//!
//! // Two forks are written apart, on any threads.
//! let mut left = world.clone();
//! let mut right = world.clone();
//! left.add_rule("(area (circle $r))".parse()?, "(* 3.14 (* $r $r))".parse()?);
//! right.add_fact("(drawn (square 3))".parse()?);
//! assert!(left.rule_count() == 2 && world.rule_count() == 1);
//!
//! // Their union has the rule of the one and the second drawing of the other; what both had is not doubled.
//! let both = left.union(&right);
//! assert_eq!(both.rule_count(), 2);
//! assert_eq!(both.multiplicity(&"(drawn (square 3))".parse()?), 2);
//!
//! // Rules come in the order of their definition, types by name; nothing is scanned.
//! let rules: Vec<String> = both.get_matching_rules("area", 1).map(|rule| rule.lhs().to_string()).collect();
//! assert_eq!(rules, ["(area (square $a))", "(area (circle $r))"]);
//! assert_eq!(both.get_type("area"), Some(&"(-> Shape Number)".parse()?));
//!
//! // One world for many threads: readers never wait, writers lose nothing.
//! let shared = SharedEnvironment::new(world);
//! shared.update(|world| world.add_fact(Atom::symbol("finished")));
//! shared.commit(&mut left);
//! assert_eq!(shared.load().rule_count(), 2);
//! assert!(shared.load().contains(&Atom::symbol("finished")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layers
//! Each uses those above it in this list, and none below.
//!
//! | layer | where | what it is |
//! |---|---|---|
//! | collections | [`mod@map`], [`mod@set`], [`mod@bag`] | [`Map`], [`Set`] and [`Bag`]: persistent, over one hash trie, with difference and merge that skip what is shared |
//! | terms | [`term`] | the trait [`Term`] for an interpreter's own terms; [`Atom`], a ready-made one; parser, printer, unification |
//! | environment | [`mod@env`] | [`Environment`]: facts and their indexes, versions, union |
//! | sharing | [`mod@shared`] | [`SharedEnvironment`]: one live world, read without locks |
//! | persistence | [`persist`] | environments as files |
//! | evaluation | the crate `pleach-metta` | a reference MeTTa evaluator, sequential and parallel |
//!
//! The README says what pleach is not for, and the compiler flags that a program needs that uses it.

#![cfg_attr(not(test), deny(clippy::string_slice))]

pub mod env;
pub mod persist;
pub mod shared;
pub mod term;
mod varint;

pub use env::{Environment, WriteError};
pub use pleach_collections::{Bag, Map, RandomState, Set, bag, map, set};
pub use shared::{Event, Outcome, Reader, SharedEnvironment, Subscription};
pub use term::{Atom, Symbol, Term};

/// The guides, compiled and run with the documentation tests.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../docs/coming-from-im.md")]
    mod coming_from_im {}
    // It has an example of `fork_join`.
    #[cfg(feature = "rayon")]
    #[doc = include_str!("../docs/concurrency.md")]
    mod concurrency {}
    #[doc = include_str!("../docs/merge.md")]
    mod merge {}
}
