//! State shared by all tasks of an evaluation.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::builder::{EvaluatorBuilder, Hosts, Output};
use crate::builtins;
use crate::canonical::canonical;
use crate::error::EvalError;
use crate::interrupt::Interrupt;
use crate::modules::Modules;
use crate::policy::Policy;
use crate::reduction::Observer;
use crate::rule_cache::RuleCache;
use crate::signature::Signature;
use crate::tasks::Tasks;
use pleach::env::{IdSeed, Space};
use pleach::term::{Atom, Symbol};

/// Forks and merges of an evaluation. Independent of the number of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Number of siblings that wrote to their fork of the environment.
    pub forks: u64,
    /// Number of unions of two environments.
    pub merges: u64,
}

pub(crate) struct Shared {
    pub(crate) policy: Policy,
    /// Number of threads that evaluate siblings, the caller's included.
    pub(crate) threads: usize,
    pub(crate) pool: Option<Arc<rayon::ThreadPool>>,
    pub(crate) fuel: u64,
    spent: AtomicU64,
    pub(crate) memory: Option<usize>,
    pub(crate) memo: Option<usize>,
    /// The bytes that tasks hold, as they last measured them.
    pub(crate) held: AtomicUsize,
    forks: AtomicU64,
    merges: AtomicU64,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) modules: Modules,
    pub(crate) output: Output,
    pub(crate) spawn_after: u64,
    pub(crate) rules: Arc<RuleCache>,
    pub(crate) interrupt: Interrupt,
    pub(crate) trace: Option<Observer>,
    /// Siblings that other threads may evaluate.
    pub(crate) tasks: Arc<Tasks>,
    /// The seed of generated names of spaces and states.
    pub(crate) seed: IdSeed,
}

impl Shared {
    pub(crate) fn new(settings: &EvaluatorBuilder, pool: Option<&Arc<rayon::ThreadPool>>, seed: IdSeed) -> Self {
        // Observers see reductions in order, from one thread.
        let pool = pool.filter(|_| settings.trace.is_none()).cloned();
        Self {
            policy: settings.policy,
            threads: pool.as_ref().map_or(1, |_| settings.threads),
            pool,
            fuel: settings.fuel.unwrap_or(u64::MAX),
            spent: AtomicU64::new(0),
            memory: settings.memory,
            memo: settings.memo.filter(|_| settings.trace.is_none()),
            held: AtomicUsize::new(0),
            forks: AtomicU64::new(0),
            merges: AtomicU64::new(0),
            hosts: Arc::clone(&settings.hosts),
            modules: settings.modules.clone(),
            output: Arc::clone(&settings.output),
            spawn_after: settings.spawn_after,
            rules: Arc::clone(&settings.rules),
            interrupt: settings.interrupt.clone().unwrap_or_default(),
            trace: settings.trace.clone(),
            tasks: Arc::default(),
            seed,
        }
    }

    /// Returns the function types of a name: declared in `home`, or of the built-in or host function.
    pub(crate) fn signatures_of(&self, home: &Space, symbol: Symbol) -> Rc<[Signature]> {
        match (builtins::find(symbol), self.hosts.get(&symbol)) {
            (Some(builtin), _) => builtin.signatures.iter().cloned().collect(),
            (_, Some(host)) => host.signatures.iter().cloned().collect(),
            _ => home.types(symbol.as_str()).filter_map(Signature::of).collect(),
        }
    }

    /// Counts siblings whose written forks are about to be merged.
    pub(crate) fn count_forks(&self, forks: usize) {
        self.forks.fetch_add(forks as u64, Ordering::Relaxed);
        self.merges.fetch_add(forks.saturating_sub(1) as u64, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> Counts {
        // Relaxed: the tasks that counted have ended.
        Counts {
            forks: self.forks.load(Ordering::Relaxed),
            merges: self.merges.load(Ordering::Relaxed),
        }
    }

    /// Adds steps to the shared count. The sum is exact once all tasks have ended, so exceeding the limit doesn't
    /// depend on timing.
    pub(crate) fn spend(&self, steps: u64) -> Result<(), EvalError> {
        // Relaxed: only the sum matters.
        if self.spent.fetch_add(steps, Ordering::Relaxed).saturating_add(steps) > self.fuel {
            return Err(EvalError::OutOfFuel { limit: self.fuel });
        }
        Ok(())
    }

    /// Fails if the evaluation was interrupted or has failed in another task. `at` returns the next redex.
    pub(crate) fn check_interrupt(&self, at: impl FnOnce() -> Atom) -> Result<(), EvalError> {
        if self.interrupt.is_raised() {
            return Err(interrupted(&at()));
        }
        self.tasks.check(|| interrupted(&at()))
    }
}

/// Returns the error of an evaluation interrupted before reducing `at`.
pub(crate) fn interrupted(at: &Atom) -> EvalError {
    EvalError::Interrupted { at: canonical(at) }
}
