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
//! Evaluation uses an explicit stack: how deep a program recurses is a question of memory. A limit of steps
//! ([`EvaluatorBuilder::fuel`]) ends programs that would not end. All results of a part are found before what uses them
//! goes on, so a part with infinitely many results does not end.
//!
//! # Example
//! ```
//! use pleach::Environment;
//! use pleach::eval::Evaluator;
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
//! # Ok::<(), pleach::eval::RunError>(())
//! ```

mod apply;
mod arithmetic;
mod builtin;
mod call;
mod check;
mod code;
mod forms;
mod functions;
mod head;
mod host;
mod machine;
mod pattern;
mod results;
mod rows;
mod sibling;
mod space;
mod types;
mod value;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

pub use self::builtin::builtins;
pub use self::check::{Problem, ProblemKind};
pub use self::host::{HostFunction, HostResult};
use self::machine::Machine;
use crate::Environment;
use crate::env::IdSeed;
use crate::term::{Atom, ParseError, Parser, Symbol};

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

/// Why an evaluation ended without results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// It took more steps than it was given.
    #[error("evaluation took more than {limit} steps")]
    OutOfFuel {
        /// The limit.
        limit: u64,
    },
    /// A file could not be imported.
    #[error("cannot import {path}: {reason}")]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Why a program could not be run to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It can't be read.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// One of its evaluations ended without results.
    #[error(transparent)]
    Eval(#[from] EvalError),
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

/// What a program came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// The results of each top-level `!`, in order.
    pub results: Vec<Vec<Atom>>,
    /// The environment after the last atom.
    pub environment: Environment,
}

type Output = Arc<dyn Fn(&str) + Send + Sync>;

/// Sets up an [`Evaluator`].
#[derive(Clone)]
pub struct EvaluatorBuilder {
    policy: Policy,
    threads: usize,
    fuel: Option<u64>,
    hosts: HashMap<Symbol, Arc<HostFunction>>,
    folder: Option<PathBuf>,
    output: Output,
    worthwhile: u64,
}

impl EvaluatorBuilder {
    /// What siblings see of each other's writes. Isolated unless set.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How many threads evaluate siblings, under the isolated policy. 1 unless set; 0 is taken as 1.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// The greatest number of steps that one evaluation may take: reductions by a rule or a built-in. No limit unless set.
    /// Whether an evaluation exceeds it does not depend on the number of threads.
    #[must_use]
    pub fn fuel(mut self, steps: u64) -> Self {
        self.fuel = Some(steps);
        self
    }

    /// Registers a function of the host under a name. It takes precedence over rules, but not over built-ins.
    #[must_use]
    pub fn register(mut self, name: &str, function: HostFunction) -> Self {
        self.hosts.insert(Symbol::new(name), Arc::new(function));
        self
    }

    /// Where `import!` looks for files. Without it `import!` is an error.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Where `println!` and `trace!` write. Standard output unless set.
    #[must_use]
    pub fn output(mut self, output: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.output = Arc::new(output);
        self
    }

    /// How many steps siblings must be expected to take to be evaluated in parallel. For tests: it changes no result.
    #[doc(hidden)]
    #[must_use]
    pub fn worthwhile(mut self, steps: u64) -> Self {
        self.worthwhile = steps;
        self
    }

    /// The evaluator. Starts its threads if it has more than one; if the system refuses them, it evaluates on one.
    #[must_use]
    pub fn build(self) -> Evaluator {
        let pool = (self.threads > 1 && self.policy == Policy::Isolated)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(self.threads).build().ok())
            .flatten()
            .map(Arc::new);
        Evaluator { settings: self, pool }
    }
}

/// Evaluates atoms in environments. Cheap to clone; clones share the threads.
#[derive(Clone)]
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
        Self::builder().build()
    }

    /// Sets up an evaluator.
    #[must_use]
    pub fn builder() -> EvaluatorBuilder {
        EvaluatorBuilder {
            policy: Policy::default(),
            threads: 1,
            fuel: None,
            hosts: HashMap::new(),
            folder: None,
            output: Arc::new(|text| {
                use std::io::Write;
                // A closed standard output is no reason to fail.
                let _ = std::io::stdout().lock().write_all(text.as_bytes());
            }),
            worthwhile: sibling::DEFAULT_WORTHWHILE,
        }
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
        let seed = environment.id_origin().child(environment.edits);
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
        let shared = self.shared(seed);
        let evaluate = || {
            let mut machine = Machine::new(&shared, environment, 1, 0);
            let answers = machine.evaluate(atom)?;
            Ok(Evaluation {
                results: answers.atoms().iter().map(results::canonical).collect(),
                environment: machine.env,
                // Relaxed: the tasks that counted have ended.
                counts: Counts {
                    forks: shared.forks.load(Ordering::Relaxed),
                    merges: shared.merges.load(Ordering::Relaxed),
                },
            })
        };
        match &self.pool {
            Some(pool) => pool.install(evaluate),
            None => evaluate(),
        }
    }

    fn shared(&self, seed: IdSeed) -> Shared<'_> {
        Shared {
            policy: self.settings.policy,
            threads: self.pool.as_ref().map_or(1, |pool| pool.current_num_threads()),
            fuel: self.settings.fuel.unwrap_or(u64::MAX),
            spent: AtomicU64::new(0),
            forks: AtomicU64::new(0),
            merges: AtomicU64::new(0),
            hosts: &self.settings.hosts,
            folder: self.settings.folder.clone(),
            output: &self.settings.output,
            worthwhile: self.settings.worthwhile,
            seed,
        }
    }

    /// Runs a program: adds its atoms to the environment, and evaluates those after a `!`, in order.
    ///
    /// # Errors
    /// [`RunError`] if the text can't be read, or for an evaluation as of [`evaluate`](Self::evaluate).
    pub fn run(&self, mut environment: Environment, program: &str) -> Result<Run, RunError> {
        let mut results = Vec::new();
        let seed = environment.id_origin();
        for (item, index) in Parser::new(program).zip(0..) {
            let item = item?;
            if item.bang {
                let evaluation = self.evaluate_seeded(environment, &item.atom, seed.child(index))?;
                results.push(evaluation.results);
                environment = evaluation.environment;
            } else {
                environment.add_fact(item.atom);
            }
        }
        Ok(Run { results, environment })
    }
}

/// Why a machine stops.
type Stop = EvalError;

/// What all tasks of one evaluation share.
struct Shared<'e> {
    policy: Policy,
    threads: usize,
    fuel: u64,
    spent: AtomicU64,
    forks: AtomicU64,
    merges: AtomicU64,
    hosts: &'e HashMap<Symbol, Arc<HostFunction>>,
    folder: Option<PathBuf>,
    output: &'e Output,
    worthwhile: u64,
    /// What the names of spaces and states that siblings make are derived from.
    seed: IdSeed,
}

impl Shared<'_> {
    /// Counts siblings whose forks, written, are about to be united.
    fn count_forks(&self, forks: usize) {
        self.forks.fetch_add(forks as u64, Ordering::Relaxed);
        self.merges.fetch_add(forks.saturating_sub(1) as u64, Ordering::Relaxed);
    }

    /// Counts steps. The sum is exact once all tasks have ended, so whether it exceeds the limit does not depend on their
    /// timing.
    fn spend(&self, steps: u64) -> Result<(), Stop> {
        // Relaxed: only the sum matters.
        if self.spent.fetch_add(steps, Ordering::Relaxed).saturating_add(steps) > self.fuel {
            return Err(EvalError::OutOfFuel { limit: self.fuel });
        }
        Ok(())
    }
}

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
