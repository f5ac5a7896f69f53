//! The evaluator.

use std::sync::Arc;

use crate::builder::{BuildError, EvaluatorBuilder, MAX_THREADS};
use crate::builtins;
use crate::canonical::canonical;
use crate::error::EvalError;
use crate::machine::Machine;
use crate::policy::Policy;
use crate::shared::{Counts, Shared};
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::Atom;

/// The outcome of an evaluation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluation {
    /// The results, in order.
    pub results: Vec<Atom>,
    /// The environment after the evaluation.
    pub environment: Environment,
    /// Forks and merges of the evaluation.
    pub counts: Counts,
}

/// An evaluator of atoms in environments. Cheap to clone; clones share its threads.
///
/// Compiled rules are cached for all evaluations, in at most 64 MiB. A rule that was removed from every environment
/// stays in memory until the cache evicts it or the evaluator is dropped.
#[derive(Clone, Debug)]
pub struct Evaluator {
    pub(crate) settings: EvaluatorBuilder,
    pub(crate) pool: Option<Arc<rayon::ThreadPool>>,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl Evaluator {
    /// Creates an evaluator with the isolated policy, one thread and no limits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settings: Self::builder(),
            pool: None,
        }
    }

    /// Returns a builder of an evaluator.
    #[must_use]
    pub fn builder() -> EvaluatorBuilder {
        EvaluatorBuilder::new()
    }

    /// Evaluates an atom, whose variables occur nowhere else.
    ///
    /// Spaces and states that it creates get names that are unique in this process;
    /// [`evaluate_seeded`](Self::evaluate_seeded) makes them reproducible.
    ///
    /// # Errors
    /// [`EvalError`] if a limit is exceeded, the evaluation is interrupted, or a file can't be imported. Errors of the
    /// program itself are results, `(Error …)`.
    pub fn evaluate(&self, environment: Environment, atom: &Atom) -> Result<Evaluation, EvalError> {
        // A seed per evaluation, so that evaluations of the same environment create different names.
        let seed = environment.id_seed();
        self.evaluate_seeded(environment, atom, seed)
    }

    /// Evaluates an atom as [`evaluate`](Self::evaluate) does, with names of spaces and states derived from `seed`
    /// alone. Each evaluation needs its own seed, such as a numbered [`child`](IdSeed::child), or their names collide.
    ///
    /// # Errors
    /// The same as of [`evaluate`](Self::evaluate).
    pub fn evaluate_seeded(
        &self,
        environment: Environment,
        atom: &Atom,
        seed: IdSeed,
    ) -> Result<Evaluation, EvalError> {
        let shared = Arc::new(Shared::new(&self.settings, self.pool.as_ref(), seed));
        // The first task runs on the caller's thread; threads of the pool only take siblings.
        let mut machine = Machine::new(shared, environment, 1, 0);
        let answers = machine.evaluate(atom)?;
        Ok(Evaluation {
            results: answers.atoms().iter().map(canonical).collect(),
            counts: machine.shared.counts(),
            environment: machine.env,
        })
    }
}

impl EvaluatorBuilder {
    /// Builds the evaluator. Starts its threads, one fewer than set; the sequential policy needs none.
    ///
    /// # Errors
    /// [`BuildError`] if a host function has the name of a built-in, for more than [`MAX_THREADS`] threads, before any
    /// is started, and if the system can't start them.
    ///
    /// ```
    /// use pleach_metta::{BuildError, Evaluator};
    ///
    /// let refused = Evaluator::builder().threads(5_000).build();
    /// assert!(matches!(refused, Err(BuildError::TooManyThreads { threads: 5_000 })));
    /// ```
    pub fn build(self) -> Result<Evaluator, BuildError> {
        let names = self.hosts.keys().copied();
        if let Some(name) = names.filter(|name| builtins::find(*name).is_some()).min() {
            return Err(BuildError::BuiltinName { name });
        }
        let threads = self.threads;
        if threads > MAX_THREADS {
            return Err(BuildError::TooManyThreads { threads });
        }
        let pool = if threads > 1 && self.policy == Policy::Isolated {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads - 1)
                .build()
                .map_err(|source| BuildError::Threads { threads, source })?;
            Some(Arc::new(pool))
        } else {
            None
        };
        Ok(Evaluator { settings: self, pool })
    }
}
