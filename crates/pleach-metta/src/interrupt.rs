//! Interrupts of evaluations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that stops evaluations from another thread or from a signal handler. Clones share it.
///
/// An evaluator [built with it](crate::EvaluatorBuilder::interrupt) polls it every thousand steps and ends, on all its
/// threads, with [`EvalError::Interrupted`](crate::EvalError::Interrupted). While it stays raised, every further
/// evaluation ends so too.
///
/// ```
/// use std::{thread, time::Duration};
///
/// use pleach::Environment;
/// use pleach_metta::{EvalError, Evaluator, Interrupt, RunError};
///
/// let interrupt = Interrupt::new();
/// let evaluator = Evaluator::builder().interrupt(interrupt.clone()).build()?;
/// let stopper = thread::spawn(move || {
///     thread::sleep(Duration::from_millis(10));
///     interrupt.raise();
/// });
/// let stopped = evaluator.run(Environment::new(), "(= (again $n) (again (+ $n 1))) !(again 0)");
/// let Err(RunError::Eval(EvalError::Interrupted { at })) = stopped else { panic!("it has no end") };
/// assert!(at.to_string().starts_with("(again "));
/// # stopper.join().expect("it sleeps and raises");
/// # Ok::<(), pleach_metta::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Creates an interrupt that isn't raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the interrupt, without waiting for evaluations to end. Async-signal-safe: it stores to an atomic.
    pub fn raise(&self) {
        // Relaxed: it publishes nothing else.
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Clears the interrupt: later evaluations run, and so do those that haven't polled it yet.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::Relaxed);
    }

    /// Returns whether it is raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// Returns the flag, for queries that poll it.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.raised
    }
}
