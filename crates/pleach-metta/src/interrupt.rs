//! Stopping an evaluation from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stops evaluations from another thread, or from a signal's handler. Clones are the same interrupt.
///
/// An evaluator that was [built with it](super::EvaluatorBuilder::interrupt) looks at it every thousand steps and ends,
/// on all its threads, with [`EvalError::Interrupted`](super::EvalError::Interrupted). While it stays raised, each
/// further evaluation ends so too.
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
    /// An interrupt that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the evaluations to end. Does not wait for them. Fit for a signal's handler: it stores to an atomic.
    pub fn raise(&self) {
        // Relaxed: nothing else is told by it.
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Lets evaluations go on again: those to come, and those that have not yet seen that it was raised.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::Relaxed);
    }

    /// Was it raised, and not cleared since?
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// For whoever looks at it often.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.raised
    }
}
