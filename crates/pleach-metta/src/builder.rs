//! Setting up an evaluator.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::rule_cache::RuleCache;
use super::trace::Observer;
use super::{Evaluator, HostFunction, Interrupt, Policy, Reduction, sibling};
#[cfg(doc)]
use pleach::Environment;
use pleach::term::Symbol;

pub(super) type Output = Arc<dyn Fn(&str) + Send + Sync>;
pub(super) type Hosts = HashMap<Symbol, Arc<HostFunction>>;

/// The greatest number of threads that an evaluator may have.
pub const MAX_THREADS: usize = 1024;

/// An evaluator that can't be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// More than [`MAX_THREADS`] threads.
    #[error("{threads} threads are too many: at most {MAX_THREADS} are possible")]
    TooManyThreads {
        /// The number that was asked for.
        threads: usize,
    },
    /// The system refuses to start the threads.
    #[error("cannot start {threads} threads")]
    Threads {
        /// The number that was asked for, the caller's thread among them.
        threads: usize,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Sets up an [`Evaluator`].
#[derive(Clone)]
pub struct EvaluatorBuilder {
    pub(super) policy: Policy,
    pub(super) threads: usize,
    pub(super) fuel: Option<u64>,
    pub(super) memory: Option<usize>,
    pub(super) memo: Option<usize>,
    pub(super) hosts: Arc<Hosts>,
    pub(super) folder: Option<PathBuf>,
    pub(super) output: Output,
    pub(super) interrupt: Option<Interrupt>,
    pub(super) trace: Option<Observer>,
    pub(super) worthwhile: u64,
    pub(super) rules: Arc<RuleCache>,
}

impl EvaluatorBuilder {
    pub(super) fn new() -> Self {
        Self {
            policy: Policy::default(),
            threads: 1,
            fuel: None,
            memory: None,
            memo: None,
            hosts: Arc::default(),
            folder: None,
            output: Arc::new(|text| {
                use std::io::Write;
                // A closed standard output is no reason to fail.
                let _ = std::io::stdout().lock().write_all(text.as_bytes());
            }),
            interrupt: None,
            trace: None,
            worthwhile: sibling::WORTHWHILE,
            rules: Arc::default(),
        }
    }

    /// What siblings see of each other's writes. Isolated unless set.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How many threads evaluate siblings, under the isolated policy: the caller's, and others that take siblings which wait
    /// for one that has taken thousands of steps. 1 unless set; 0 is taken as 1, for the caller's thread is always there.
    /// More than [`MAX_THREADS`] are an error of [`build`](Self::build).
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// The greatest number of steps that one evaluation may take: reductions by a rule or a built-in, and where arguments
    /// have several results, each combination of them. No limit unless set. Whether an evaluation exceeds it does not depend
    /// on the number of threads.
    #[must_use]
    pub fn fuel(mut self, steps: u64) -> Self {
        self.fuel = Some(steps);
        self
    }

    /// The most memory that one evaluation may hold, in bytes. No limit unless set.
    ///
    /// Counted is what the evaluation itself holds: its stack, the values and results it has gathered, the siblings that
    /// wait, and the atoms in all those, shared ones once; and for each fact that it has added 100 bytes. It is measured
    /// now and then, at a cost in proportion to the steps taken since, so an evaluation may exceed the limit by what it
    /// makes within as many steps as it holds cells. What one thread holds is measured apart from what others do: near the
    /// limit the number of threads may matter, unlike with [`fuel`](Self::fuel).
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::{EvalError, Evaluator, RunError};
    ///
    /// let evaluator = Evaluator::builder().memory(10_000_000).build()?;
    /// let endless = evaluator.run(Environment::new(), "(= (f $n) (+ 1 (f (+ $n 1)))) !(f 0)");
    /// assert_eq!(endless.unwrap_err(), RunError::Eval(EvalError::OutOfMemory { limit: 10_000_000 }));
    /// # Ok::<(), pleach_metta::BuildError>(())
    /// ```
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Remembers the answers of up to so many calls, and gives them again without evaluating. Not done unless set.
    ///
    /// Remembered are calls without variables that are reduced by rules, if to evaluate them did nothing but compute: wrote
    /// nothing, made no name, printed nothing and called no function of the host. What is remembered can't be stale: it
    /// belongs to the [definitions](pleach::env::Space::definitions_stamp) there were, and, if the call has looked at facts,
    /// states or names, to one [state](pleach::env::Snapshot::stamp) of the environment; it is lost with the evaluation. When
    /// there is no room for more, all is forgotten. Results are the same, and so is the [`fuel`](Self::fuel) that is
    /// used: a call takes as many steps as it took the first time, so a limit means the same for any number of threads.
    ///
    /// Looking up a call costs O(its size): a win where calls repeat, a loss where they don't.
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    ///
    /// let evaluator = Evaluator::builder().memo(10_000).build()?;
    /// let fib = "(= (fib $n) (if (< $n 2) $n (+ (fib (- $n 1)) (fib (- $n 2)))))";
    /// let run = evaluator.run(Environment::new(), &format!("{fib} !(fib 80)"))?;
    /// assert_eq!(run.results[0][0].to_string(), "23416728348467685");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn memo(mut self, calls: usize) -> Self {
        self.memo = (calls > 0).then_some(calls);
        self
    }

    /// Registers a function of the host under a name. It takes precedence over rules, but not over built-ins.
    #[must_use]
    pub fn register(mut self, name: &str, function: HostFunction) -> Self {
        Arc::make_mut(&mut self.hosts).insert(Symbol::new(name), Arc::new(function));
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

    /// What stops evaluations from outside. None unless set.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Shows an observer each reduction, by a rule or a built-in, before the result is evaluated in turn. While there is
    /// one, everything is evaluated on one thread, so that reductions come in a fixed order; results are the same.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    ///
    /// let seen = Arc::new(Mutex::new(String::new()));
    /// let to = Arc::clone(&seen);
    /// let evaluator = Evaluator::builder()
    ///     .trace(move |step| *to.lock().unwrap() += &format!("{} {} -> {:?}\n", step.depth, step.before, step.after))
    ///     .build()?;
    /// evaluator.run(Environment::new(), "(= (double $x) (* 2 $x)) !(f (double 3))")?;
    /// assert_eq!(*seen.lock().unwrap(), "1 (double 3) -> [(* 2 3)]\n1 (* 2 3) -> [6]\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn trace(mut self, observer: impl Fn(&Reduction<'_>) + Send + Sync + 'static) -> Self {
        self.trace = Some(Arc::new(observer));
        self
    }

    /// How many steps of a sibling make those after it be offered to other threads. For tests: it changes no result.
    #[doc(hidden)]
    #[must_use]
    pub fn worthwhile(mut self, steps: u64) -> Self {
        self.worthwhile = steps;
        self
    }

    /// Builds the evaluator. Starts its threads if it has more than one, all but the one that will call it; the sequential
    /// policy needs none.
    ///
    /// # Errors
    /// [`BuildError`] for more than [`MAX_THREADS`] threads, before any is started, and for threads that the system refuses.
    ///
    /// ```
    /// use pleach_metta::{BuildError, Evaluator};
    ///
    /// let refused = Evaluator::builder().threads(5_000).build();
    /// assert!(matches!(refused, Err(BuildError::TooManyThreads { threads: 5_000 })));
    /// ```
    pub fn build(self) -> Result<Evaluator, BuildError> {
        let threads = self.threads;
        if threads > MAX_THREADS {
            return Err(BuildError::TooManyThreads { threads });
        }
        let pool = if threads > 1 && self.policy == Policy::Isolated {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads - 1)
                .build()
                .map_err(|source| BuildError::Threads {
                    threads,
                    source: source.into(),
                })?;
            Some(Arc::new(pool))
        } else {
            None
        };
        Ok(Evaluator { settings: self, pool })
    }
}

impl fmt::Debug for EvaluatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluatorBuilder")
            .field("policy", &self.policy)
            .field("threads", &self.threads)
            .field("fuel", &self.fuel)
            .field("memory", &self.memory)
            .field("hosts", &self.hosts.keys())
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
