//! What all tasks of one evaluation share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::builder::{EvaluatorBuilder, Hosts, Output};
use super::rule_cache::RuleCache;
use super::sibling::Tasks;
use super::trace::Observer;
use super::{Counts, EvalError, Interrupt, Policy, Stop};
use pleach::env::IdSeed;
use pleach::term::Atom;

pub(super) struct Shared {
    pub(super) policy: Policy,
    /// How many threads evaluate siblings: the caller's, and those of the pool.
    pub(super) threads: usize,
    pub(super) pool: Option<Arc<rayon::ThreadPool>>,
    pub(super) fuel: u64,
    spent: AtomicU64,
    pub(super) memory: Option<usize>,
    pub(super) memo: Option<usize>,
    /// The bytes that the tasks hold, as far as they have told.
    pub(super) held: AtomicUsize,
    forks: AtomicU64,
    merges: AtomicU64,
    pub(super) hosts: Arc<Hosts>,
    pub(super) folder: Option<PathBuf>,
    pub(super) output: Output,
    pub(super) worthwhile: u64,
    pub(super) rules: Arc<RuleCache>,
    pub(super) interrupt: Interrupt,
    pub(super) trace: Option<Observer>,
    /// The siblings that other threads may evaluate.
    pub(super) tasks: Tasks,
    /// What the names of spaces and states that siblings make are derived from.
    pub(super) seed: IdSeed,
}

impl Shared {
    pub(super) fn new(settings: &EvaluatorBuilder, pool: Option<&Arc<rayon::ThreadPool>>, seed: IdSeed) -> Self {
        // Who watches wants one reduction after the other.
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
            folder: settings.folder.clone(),
            output: Arc::clone(&settings.output),
            worthwhile: settings.worthwhile,
            rules: Arc::clone(&settings.rules),
            interrupt: settings.interrupt.clone().unwrap_or_default(),
            trace: settings.trace.clone(),
            tasks: Tasks::default(),
            seed,
        }
    }

    /// Counts siblings whose forks, written, are about to be united.
    pub(super) fn count_forks(&self, forks: usize) {
        self.forks.fetch_add(forks as u64, Ordering::Relaxed);
        self.merges.fetch_add(forks.saturating_sub(1) as u64, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        // Relaxed: the tasks that counted have ended.
        Counts {
            forks: self.forks.load(Ordering::Relaxed),
            merges: self.merges.load(Ordering::Relaxed),
        }
    }

    /// Counts steps. The sum is exact once all tasks have ended, so whether it exceeds the limit does not depend on their
    /// timing.
    pub(super) fn spend(&self, steps: u64) -> Result<(), Stop> {
        // Relaxed: only the sum matters.
        if self.spent.fetch_add(steps, Ordering::Relaxed).saturating_add(steps) > self.fuel {
            return Err(EvalError::OutOfFuel { limit: self.fuel });
        }
        Ok(())
    }

    /// Ends the evaluation, if it was interrupted, or has failed in another task; `at` is what would be reduced next.
    pub(super) fn check_interrupt(&self, at: impl FnOnce() -> Atom) -> Result<(), Stop> {
        if self.interrupt.is_raised() {
            return Err(interrupted(&at()));
        }
        self.tasks.check(|| interrupted(&at()))
    }
}

/// The error of an evaluation that was interrupted when this was to be reduced.
pub(super) fn interrupted(at: &Atom) -> Stop {
    EvalError::Interrupted {
        at: super::results::canonical(at),
    }
}
