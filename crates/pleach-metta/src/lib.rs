//! A reference MeTTa evaluator on forked environments, sequential and on Rayon.
//!
//! An [`Evaluator`] takes an [`Environment`] and an atom, and returns the results and the environment that the evaluation
//! left. [`Evaluator::run`] does so for a whole program. Several results come in a fixed order, and results and
//! environment are the same on any number of threads.
//!
//! # Siblings
//! The arguments of an expression and the branches of a nondeterministic result are *siblings*. [`Policy`] says what
//! they see of each other's writes. An argument is evaluated once, or, if arguments before it have bound its variables,
//! once for each way they did so.
//!
//! # Limits
//! Evaluation uses an explicit stack: how deep a program recurses is a question of memory. Limits of steps
//! ([`EvaluatorBuilder::fuel`]) and of memory ([`EvaluatorBuilder::memory`]), and an [`Interrupt`] from outside, end
//! programs that would not end. All results of a part are found before what uses them goes on, so a part with infinitely
//! many results does not end; those of the whole can be had [one by one](Evaluator::results).
//!
//! A step takes as long as the atoms are large that it looks at, as trees. An atom that shares its parts, `($x $x)` sixty
//! times within itself, takes little memory and few steps to make, but to add, match or print it takes 2⁶⁰: no limit is a
//! bound for this.
//!
//! # Where it differs from the reference implementation
//! On purpose, and beside what [`Policy`] says:
//! - Integer overflow and division by zero are errors; `min-atom` and `max-atom` return the number that they found, an
//!   integer too. Removal is up to the names of variables.
//! - Variables of a caller and of a rule that have become equal stay so; the reference forgets it where it renames one.
//! - Errors are results like others: the reference drops them if there are others.
//! - Rules for the name of a built-in function apply, each in definition order, and then the built-in; the reference knows
//!   them for some built-ins only. No rule applies to a form that evaluates its parts itself, such as `if` or `let`, and
//!   no wildcard rule to a built-in; [`Evaluator::check`] warns of the former.
//! - Types are compared with what arguments and results come to only if no variable occurs in them and the function has
//!   one type; meta-types as results are not compared, but for `Symbol` and `Variable`.
//! - `bind!` takes only names that begin with `&`; they are looked up when they are evaluated, not when they are read.
//! - `pragma!` accepts anything and does nothing.
//! - A file that can't be imported ends the evaluation with [`EvalError::Import`].
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

mod address;
mod apply;
mod arithmetic;
mod builder;
mod builtin;
mod call;
mod check;
mod code;
mod error;
mod forms;
mod functions;
mod head;
mod host;
mod inert;
mod interrupt;
mod machine;
mod meaning;
mod memo;
mod memory;
mod parts;
mod pattern;
mod program;
mod quick;
mod results;
mod rows;
mod rule_cache;
mod shared;
mod sibling;
mod space;
mod stream;
mod trace;
mod types;
mod value;

use std::sync::{Arc, LazyLock};

pub use self::builder::{BuildError, EvaluatorBuilder, MAX_THREADS};
pub use self::builtin::builtins;
pub use self::check::{Problem, ProblemKind};
pub use self::error::{EvalError, RunError};
pub use self::host::{HostFunction, HostResult};
pub use self::interrupt::Interrupt;
use self::machine::Machine;
pub use self::program::{Evaluated, Program, Run};
use self::shared::Shared;
pub use self::space::References;
pub use self::stream::Results;
pub use self::trace::Reduction;
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Symbol};

/// What siblings see of each other's writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: each evaluates in its own fork of the environment, as of before the first. Afterwards the environment is
    /// the union of all, in their order. Siblings can be evaluated in parallel.
    #[default]
    Isolated,
    /// What the siblings before it have written: they are evaluated one after another, each in the environment that the
    /// one before left.
    Sequential,
}

/// What an evaluation came to.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The results, in order.
    pub results: Vec<Atom>,
    /// The environment with what the evaluation has written.
    pub environment: Environment,
    /// What it took.
    pub counts: Counts,
}

/// What an evaluation took. The same on any number of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Siblings that wrote their own fork of the environment. A fork that nobody writes is none.
    pub forks: u64,
    /// Unions of two environments.
    pub merges: u64,
}

/// Evaluates atoms in environments. Cheap to clone; clones share the threads.
///
/// It caches the rules that it has compiled, for all its evaluations, in at most 64 MiB. A rule that was removed from every
/// environment stays in memory until the cache evicts it or the evaluator is dropped.
#[derive(Clone, Debug)]
pub struct Evaluator {
    settings: EvaluatorBuilder,
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl Evaluator {
    /// An evaluator of the isolated policy, on one thread, without limit of steps.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settings: Self::builder(),
            pool: None,
        }
    }

    /// Sets up an evaluator.
    #[must_use]
    pub fn builder() -> EvaluatorBuilder {
        EvaluatorBuilder::new()
    }

    /// Evaluates an atom. Its variables are its own.
    ///
    /// The spaces and states that it makes have names that no others in this process have;
    /// [`evaluate_seeded`](Self::evaluate_seeded) makes them the same each time.
    ///
    /// # Errors
    /// [`EvalError`] if it takes too many steps or can't import a file. Errors of the program itself are results,
    /// `(Error …)`.
    pub fn evaluate(&self, environment: Environment, atom: &Atom) -> Result<Evaluation, EvalError> {
        // Evaluations that follow one another in the same environment make different names.
        let seed = environment.id_seed();
        self.evaluate_seeded(environment, atom, seed)
    }

    /// As [`evaluate`](Self::evaluate), with names for spaces and states that depend on the seed and on nothing else. Each
    /// evaluation needs a seed of its own, such as a [`child`](IdSeed::child) by its number, or different spaces and states
    /// would have the same name.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_seeded(
        &self,
        environment: Environment,
        atom: &Atom,
        seed: IdSeed,
    ) -> Result<Evaluation, EvalError> {
        let shared = Arc::new(Shared::new(&self.settings, self.pool.as_ref(), seed));
        // On this thread: the others take siblings alone, so what has none costs no more than with one.
        let mut machine = Machine::new(shared, environment, 1, 0);
        let answers = machine.evaluate(atom)?;
        Ok(Evaluation {
            results: answers.atoms().iter().map(results::canonical).collect(),
            counts: machine.shared.counts(),
            environment: machine.env,
        })
    }
}

/// Why a machine stops.
type Stop = EvalError;

/// `(Error atom reason)`.
fn error(atom: Atom, reason: Atom) -> Atom {
    Atom::expression([Atom::Symbol(names().error), atom, reason])
}

/// Symbols that the evaluator knows.
struct Names {
    arrow: Symbol,
    atom: Symbol,
    bool: Symbol,
    comma: Symbol,
    empty: Symbol,
    error: Symbol,
    expression: Symbol,
    grounded: Symbol,
    number: Symbol,
    return_: Symbol,
    space: Symbol,
    string: Symbol,
    symbol: Symbol,
    this_space: Symbol,
    undefined: Symbol,
    variable: Symbol,
}

fn names() -> &'static Names {
    static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
        arrow: Symbol::new("->"),
        atom: Symbol::new("Atom"),
        bool: Symbol::new("Bool"),
        comma: Symbol::new(","),
        empty: Symbol::new("Empty"),
        error: Symbol::new("Error"),
        expression: Symbol::new("Expression"),
        grounded: Symbol::new("Grounded"),
        number: Symbol::new("Number"),
        return_: Symbol::new("return"),
        space: Symbol::new("SpaceType"),
        string: Symbol::new("String"),
        symbol: Symbol::new("Symbol"),
        this_space: Symbol::new("&self"),
        undefined: Symbol::new("%Undefined%"),
        variable: Symbol::new("Variable"),
    });
    &NAMES
}

/// The examples of the README, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
