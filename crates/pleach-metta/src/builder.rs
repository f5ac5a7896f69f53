//! The builder of evaluators.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::host::HostFunction;
use crate::interrupt::Interrupt;
use crate::modules::Modules;
use crate::policy::Policy;
use crate::reduction::{Observer, Reduction};
use crate::rule_cache::RuleCache;
use pleach::term::Symbol;

pub(crate) type Output = Arc<dyn Fn(&str) + Send + Sync>;
pub(crate) type Hosts = HashMap<Symbol, Arc<HostFunction>>;

/// Steps of a sibling after which those that wait for it are spawned as tasks.
const SPAWN_AFTER: u64 = 5000;

/// The maximum number of threads of an evaluator.
pub const MAX_THREADS: usize = 1024;

/// An error of [`EvaluatorBuilder::build`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// More than [`MAX_THREADS`] threads were requested.
    #[error("{threads} threads are too many: at most {MAX_THREADS} are possible")]
    TooManyThreads {
        /// The number requested.
        threads: usize,
    },
    /// The system can't start the threads.
    #[error("cannot start {threads} threads")]
    Threads {
        /// The number requested, the caller's thread included.
        threads: usize,
        /// The error of the thread pool.
        source: rayon::ThreadPoolBuildError,
    },
    /// A host function was registered under the name of a built-in, which would always take precedence.
    #[error("`{name}` is a built-in: a host function can't have its name")]
    BuiltinName {
        /// The name.
        name: Symbol,
    },
}

/// A builder of an [`Evaluator`](crate::Evaluator): its policy, limits and host functions.
#[derive(Clone)]
pub struct EvaluatorBuilder {
    pub(crate) policy: Policy,
    pub(crate) threads: usize,
    pub(crate) fuel: Option<u64>,
    pub(crate) memory: Option<usize>,
    pub(crate) memo: Option<usize>,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) modules: Modules,
    pub(crate) output: Output,
    pub(crate) interrupt: Option<Interrupt>,
    pub(crate) trace: Option<Observer>,
    pub(crate) spawn_after: u64,
    pub(crate) rules: Arc<RuleCache>,
}

impl EvaluatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            policy: Policy::default(),
            threads: 1,
            fuel: None,
            memory: None,
            memo: None,
            hosts: Arc::default(),
            modules: Modules::default(),
            output: Arc::new(|text| {
                use std::io::Write;
                // Ignored: a closed standard output doesn't fail the evaluation.
                let _ = std::io::stdout().lock().write_all(text.as_bytes());
            }),
            interrupt: None,
            trace: None,
            spawn_after: SPAWN_AFTER,
            rules: Arc::default(),
        }
    }

    /// Sets the visibility of writes between siblings. Default: [`Policy::Isolated`].
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the number of threads that evaluate siblings under the isolated policy. Default: 1, the caller's thread; 0
    /// means 1. Other threads take siblings that wait for one that has taken thousands of steps. More than
    /// [`MAX_THREADS`] are an error of [`build`](Self::build).
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Limits the steps of an evaluation. Default: unlimited. A step is a reduction by a rule or a built-in, or, where
    /// arguments have several results, one combination of them. A built-in that looks at all items of a long list takes a step
    /// for each. Exceeding the limit doesn't depend on the number of threads.
    #[must_use]
    pub fn fuel(mut self, steps: u64) -> Self {
        self.fuel = Some(steps);
        self
    }

    /// Limits the memory of an evaluation, in bytes. Default: unlimited.
    ///
    /// The limit covers what the evaluation holds: its stack, values, gathered results and waiting siblings, with the
    /// atoms in them (shared ones count once), and 100 bytes for each fact added. It is measured periodically, at
    /// amortized constant cost, so an evaluation can exceed the limit by what it allocates in as many steps as it holds
    /// cells. Threads are measured separately: close to the limit, unlike with [`fuel`](Self::fuel), the number of
    /// threads may matter.
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

    /// Enables a memo table of up to `calls` calls for each evaluation. Default: 0, disabled.
    ///
    /// Memoized are ground calls that rules reduce, if evaluating them is free of side effects: writes, new spaces and
    /// states, output, calls of host functions. Entries are never stale: each is valid for the
    /// [definitions](pleach::env::Space::definitions_stamp) at the time and, if the call read facts, states or
    /// bindings, for one [state](pleach::env::Snapshot::stamp) of the environment. A full table is cleared. Results
    /// don't change, nor does the use of [`fuel`](Self::fuel): a memoized call takes as many steps as it took the first
    /// time.
    ///
    /// A lookup costs O(size of the call): a gain where calls repeat, a loss elsewhere.
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

    /// Registers a host function under a name. It takes precedence over rules. The name of a built-in is an error of
    /// [`build`](Self::build).
    #[must_use]
    pub fn register(mut self, name: &str, function: HostFunction) -> Self {
        Arc::make_mut(&mut self.hosts).insert(Symbol::new(name), Arc::new(function));
        self
    }

    /// Sets the directories in which `import!` looks for modules, in order. Default: none, and `import!` is an error.
    ///
    /// The module `a:b`, or `a/b`, is the file `a/b.metta`, `a/b/module.metta` or `a/b` in the first directory that has one of
    /// them. No name leads out of the directory, nor does a symbolic link. A missing module is a result `(Error …)`.
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    ///
    /// let evaluator = Evaluator::builder().module_folders([std::env::temp_dir()]).build()?;
    /// let run = evaluator.run(Environment::new(), "!(import! &self no:such:module) !(+ 1 2)").unwrap();
    /// assert!(run.results[0][0].to_string().starts_with("(Error (import! &self no:such:module)"));
    /// assert_eq!(run.results[1][0].to_string(), "3");
    /// # Ok::<(), pleach_metta::BuildError>(())
    /// ```
    #[must_use]
    pub fn module_folders(mut self, folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.modules = Modules::new(folders.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the output of `println!` and `trace!`. Default: standard output.
    #[must_use]
    pub fn output(mut self, output: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.output = Arc::new(output);
        self
    }

    /// Sets an interrupt that stops evaluations. Default: none.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Sets an observer that is called for each reduction by a rule or a built-in, before the result is evaluated in
    /// turn. With an observer, everything is evaluated on one thread, so that reductions come in a fixed order. Results
    /// don't change.
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

    /// Sets the steps of a sibling after which waiting siblings are spawned as tasks. For tests: results don't depend
    /// on it.
    #[doc(hidden)]
    #[must_use]
    pub fn spawn_after(mut self, steps: u64) -> Self {
        self.spawn_after = steps;
        self
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
            .field("modules", &self.modules)
            .finish_non_exhaustive()
    }
}
