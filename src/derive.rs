//! Derived facts: those that follow from the facts of an environment by a program of rules.
//!
//! A [`Program`] is a list of Horn rules `(=> (, pattern…) head)`, with recursion and stratified negation: a body pattern
//! `(not pattern)` holds if no fact matches. [`Program::derive`] returns the closure of a state: its facts and all that
//! follow from them, which [`Derived`] keeps as a [`Space`](crate::env::Space) that shares the state's structure. So
//! queries, joins and counts of facts are those of derived facts too.
//!
//! ```
//! use pleach::derive::Program;
//! use pleach::{Atom, Environment};
//!
//! let program: Program = "
//!     (=> (, (member $who $group)) (in $who $group))
//!     (=> (, (in $who $group) (member $group $outer)) (in $who $outer))
//! ".parse()?;
//! let mut world: Environment = Environment::new();
//! world.extend(["(member ann staff)", "(member staff everyone)"].map(|fact| fact.parse::<Atom>().unwrap()));
//!
//! let derived = program.derive(&world)?;
//! let groups = derived.query(&"(in ann $group)".parse()?).map(|answer| answer.atom().to_string());
//! assert_eq!(groups.collect::<Vec<_>>(), ["(in ann staff)", "(in ann everyone)"]);
//!
//! // A write does no work for it; the next call brings the closure up to date with what changed.
//! world.remove_fact(&"(member staff everyone)".parse()?);
//! assert!(!program.derive(&world)?.contains(&"(in ann everyone)".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Semantics
//! The closure is the perfect model of the program over the facts of the environment's own space: the least set that
//! contains them and the head of each rule for each substitution whose positive patterns match and whose negated ones don't,
//! where a negated pattern is decided after all that it can depend on. Rules depend on one another if a pattern of one
//! unifies with the head of the other, or if their heads unify, so that one stratum derives each fact; a program in which a
//! negation depends on its own rule is [rejected](ProgramError::NotStratified).
//!
//! - A fact is derived or not: a derived one has multiplicity 1, and one that the state has keeps that of the state.
//! - Facts with variables match as in [queries](crate::env::Space::query): by unification. A head derived from one can
//!   contain variables. A negated pattern with the substitution applied holds if no fact unifies with it. A variable that
//!   only negated patterns have stands for any term.
//! - Rules and annotations of a closure are in the order in which they came into it. Those that it was derived with from nothing
//!   come first, in the state's order, and then derived ones; an advance puts what came last.
//! - A program whose heads nest terms, such as `(=> (, (n $x)) (n (s $x)))`, can have an infinite closure: give it a
//!   [limit](Program::with_limit).
//!
//! # Maintenance
//! A closure is part of the snapshot that it was derived for, as an index is: forks share it, and writes and unions hand it
//! on. The next [`derive`](Program::derive) advances it by the difference, at a cost that follows from what changed and what
//! that joins with, by *delete and rederive* (Gupta, Mumick and Subrahmanian, "Maintaining Views Incrementally", SIGMOD
//! 1993). Programs change nothing else: not the facts, files, patches or equality of a state.

mod bulk;
mod closure;
mod component;
mod error;
mod explain;
mod maintain;
mod pattern_index;
mod program;
mod rule;
mod step;

pub use self::closure::Derived;
pub use self::error::{LimitExceeded, ProgramError};
pub use self::explain::{Derivation, Explanation, Reason};
pub use self::program::Program;
