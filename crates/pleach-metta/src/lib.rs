//! A MeTTa evaluator on [`pleach`] environments, sequential and parallel.
//!
//! An [`Evaluator`] takes an [`Environment`] and an atom, and returns the results and the environment after the
//! evaluation. [`Evaluator::run`] does so for a whole program. Results come in a fixed order; results and environment
//! are the same on any number of threads.
//!
//! # Siblings
//! The arguments of an expression and the branches of a nondeterministic result are *siblings*. The [`Policy`]
//! determines whether they see each other's writes. An argument is evaluated once, or, if earlier arguments have bound
//! its variables, once for each of their bindings.
//!
//! # Limits
//! Evaluation uses an explicit stack, so the depth of recursion is bounded by memory alone. Limits of steps
//! ([`EvaluatorBuilder::fuel`]) and of memory ([`EvaluatorBuilder::memory`]), and an [`Interrupt`] from outside, end
//! programs that don't terminate. All results of a subexpression are computed before the enclosing expression
//! continues, so a subexpression with infinitely many results doesn't terminate; those of the whole evaluation are
//! available [one by one](Evaluator::results).
//!
//! The cost of a step is linear in the size of the atoms that it visits, as trees. An atom with shared subterms, such
//! as `($x $x)` nested sixty levels, takes little memory and few steps to build, but adding, matching or printing it
//! visits 2⁶⁰ nodes: no limit bounds this.
//!
//! # Differences from the reference implementation
//! Deliberate ones, besides [`Policy`]:
//! - Integer overflow and division by zero are errors. `min-atom` and `max-atom` return the number found, which may be
//!   an integer. Removal matches up to renaming of variables.
//! - Variables of a caller and of a rule that were unified stay equal; the reference loses the equality where it
//!   renames one of them.
//! - Errors are results like any other: the reference drops them if there are other results.
//! - No rule applies to a special form such as `if` or `let`, and no wildcard rule to a built-in. Rules for the names of
//!   built-in functions apply to those that the reference defines by rules, such as `id` and `car-atom`, in definition
//!   order and then the built-in. [`Evaluator::check`] warns of rules that never apply.
//! - One step of `eval` evaluates a special form such as `let` as a whole, and a variable is irreducible.
//! - Values of arguments and results are checked only against ground types, and only if the function has one type.
//!   Meta-types of results aren't checked, except `Symbol` and `Variable`.
//! - Variables in the text given to `parse` are new, whatever their names.
//! - `bind!` accepts only names that begin with `&`; they are resolved at evaluation, not at read time.
//! - `pragma!` accepts anything and has no effect.
//! - A module that can't be read or parsed ends the evaluation with [`EvalError::Import`]; a missing one is an error result.
//!
//! # Example
//! ```
//! use pleach::Environment;
//! use pleach_metta::Evaluator;
//!
//! let evaluator = Evaluator::new();
//! let run = evaluator.run(
//!     Environment::new(),
//!     "(= (fact $n) (if (< $n 2) 1 (* $n (fact (- $n 1)))))
//!      !(fact 10)
//!      !(superpose (1 2 3))",
//! )?;
//! assert_eq!(run.results[0][0].to_string(), "3628800");
//! assert_eq!(run.results[1].len(), 3);
//! assert_eq!(run.environment.rule_count(), 1);
//! # Ok::<(), pleach_metta::RunError>(())
//! ```

mod apply;
mod arithmetic;
mod batches;
mod bindings;
mod builder;
mod builtin;
mod builtins;
mod call;
mod canonical;
mod check;
mod code;
mod combinations;
mod error;
mod evaluator;
mod forms;
mod frame;
mod functions;
mod hasher;
mod head;
mod heap_size;
mod home;
mod host;
mod identity_map;
mod immediate;
mod interrupt;
mod machine;
mod memo;
mod memory;
mod modules;
mod normal_form;
mod pattern;
mod policy;
mod program;
mod reduce;
mod reduction;
mod references;
mod results;
mod rule_cache;
mod shared;
mod sibling;
mod signature;
mod spaces;
mod subst;
mod symbols;
mod tasks;
mod trace;
mod traversal;
mod type_cache;
mod types;
mod value;

pub use self::batches::{Batch, Batches, Facts, Parsed};
pub use self::builder::{BuildError, EvaluatorBuilder, MAX_THREADS};
pub use self::builtins::builtins;
pub use self::check::{Problem, ProblemKind};
pub use self::error::{EvalError, ImportError, RunError};
pub use self::evaluator::{Evaluation, Evaluator};
pub use self::host::{HostFunction, HostResult};
pub use self::interrupt::Interrupt;
pub use self::policy::Policy;
pub use self::program::{Evaluated, Program, Run};
pub use self::reduction::Reduction;
pub use self::references::References;
pub use self::results::Results;
pub use self::shared::Counts;

#[cfg(doc)]
use pleach::Environment;

/// The examples of the README, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
