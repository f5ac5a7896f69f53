//! What the user says about how to evaluate.

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use clap::{Args, ValueEnum};
use pleach_metta::{self, BuildError, Evaluator, EvaluatorBuilder, MAX_THREADS};

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Evaluate on this many threads, at most 1024; the results are the same on any number. As many as there are cores by
    /// default.
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    /// What the parts of an expression see of each other's writes.
    #[arg(long, value_enum, default_value_t = Policy::Isolated)]
    policy: Policy,

    /// Stop an evaluation that takes more than so many steps.
    #[arg(long, value_name = "STEPS")]
    fuel: Option<u64>,

    /// Stop an evaluation that holds more than so many bytes; K, M and G stand for thousands, millions and so on.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<usize>,

    /// Remember what up to so many calls of each evaluation came to: a win where calls repeat, a loss where they don't.
    #[arg(long, value_name = "CALLS")]
    memo: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Policy {
    /// Nothing: each writes its own fork of the world, and the forks are united.
    Isolated,
    /// All that those before it wrote: they are evaluated one after another.
    Sequential,
}

impl From<Policy> for pleach_metta::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Isolated => Self::Isolated,
            Policy::Sequential => Self::Sequential,
        }
    }
}

impl Options {
    /// Builds the evaluator that [`evaluator`](Self::evaluator) has set up. If the system refuses threads that the user has not
    /// asked for, it has one.
    pub(crate) fn build(&self, builder: EvaluatorBuilder) -> Result<Evaluator, BuildError> {
        match (builder.clone().build(), self.threads) {
            (Err(BuildError::Threads { .. }), None) => builder.threads(1).build(),
            (built, _) => built,
        }
    }

    /// An evaluator that imports from a folder.
    pub(crate) fn evaluator(&self, folder: &Path) -> EvaluatorBuilder {
        // Of many cores as many as an evaluator may have.
        let threads = self.threads.or_else(|| thread::available_parallelism().ok());
        let mut builder = Evaluator::builder()
            .policy(self.policy.into())
            .threads(threads.map_or(1, |threads| threads.get().min(MAX_THREADS)))
            .folder(folder);
        if let Some(steps) = self.fuel {
            builder = builder.fuel(steps);
        }
        if let Some(bytes) = self.memory {
            builder = builder.memory(bytes);
        }
        if let Some(calls) = self.memo {
            builder = builder.memo(calls);
        }
        builder
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a number of threads from 1 to {MAX_THREADS} is expected")]
struct NoThreads;

fn threads(text: &str) -> Result<NonZeroUsize, NoThreads> {
    let threads: NonZeroUsize = text.parse().map_err(|_| NoThreads)?;
    if threads.get() <= MAX_THREADS {
        Ok(threads)
    } else {
        Err(NoThreads)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a number of bytes is expected, such as 500000, 500K, 2M or 1G")]
struct NoSize;

fn bytes(text: &str) -> Result<usize, NoSize> {
    let units = [
        (['k', 'K'], 1_000),
        (['m', 'M'], 1_000_000),
        (['g', 'G'], 1_000_000_000),
    ];
    let (digits, unit) = units
        .iter()
        .find_map(|(letters, unit)| Some((text.strip_suffix(letters)?, *unit)))
        .unwrap_or((text, 1));
    let number: usize = digits.parse().map_err(|_| NoSize)?;
    number.checked_mul(unit).ok_or(NoSize)
}
