//! Options of evaluation.

use std::iter;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, ValueEnum};
use pleach_metta::{self, BuildError, Evaluator, EvaluatorBuilder, MAX_THREADS};

#[derive(Args, Clone)]
pub(crate) struct EvalOptions {
    /// Number of threads, at most 1024, by default that of the cores. Results don't depend on it.
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    /// Whether the arguments of an expression see each other's writes.
    #[arg(long, value_enum, default_value_t = Policy::Isolated)]
    policy: Policy,

    /// Stop an evaluation after this many steps.
    #[arg(long, value_name = "STEPS")]
    fuel: Option<u64>,

    /// Stop an evaluation that uses more memory than this. The suffixes K, M and G multiply by 10³, 10⁶ and 10⁹.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<usize>,

    /// Memoize the results of up to this many calls in each evaluation. Pays off only where calls repeat.
    #[arg(long, value_name = "CALLS")]
    memo: Option<usize>,

    #[command(flatten)]
    pub(crate) imports: ImportOptions,
}

#[derive(Args, Clone)]
pub(crate) struct ImportOptions {
    /// Look for modules to import in this directory too, after that of the program. May be repeated.
    #[arg(long = "path", value_name = "FOLDER")]
    module_folders: Vec<PathBuf>,
}

impl ImportOptions {
    /// The directories in which the modules of a program in this folder are looked for.
    pub(crate) fn folders(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        iter::once(folder.to_owned()).chain(self.module_folders.iter().cloned())
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Policy {
    /// They don't: each is evaluated in its own fork of the world, and the forks are merged.
    Isolated,
    /// Each sees the writes of those before it: they are evaluated one after another.
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

impl EvalOptions {
    /// Builds an evaluator from a [`builder`](Self::builder). Falls back to one thread if the system refuses threads that the
    /// user didn't ask for.
    pub(crate) fn build(&self, builder: EvaluatorBuilder) -> Result<Evaluator, BuildError> {
        match (builder.clone().build(), self.threads) {
            (Err(BuildError::Threads { .. }), None) => builder.threads(1).build(),
            (built, _) => built,
        }
    }

    /// Returns a builder with these options, for an evaluator that imports from `folder`.
    pub(crate) fn builder(&self, folder: &Path) -> EvaluatorBuilder {
        let threads = self.threads.or_else(|| thread::available_parallelism().ok());
        let mut builder = Evaluator::builder()
            .policy(self.policy.into())
            .threads(threads.map_or(1, |threads| threads.get().min(MAX_THREADS)))
            .module_folders(self.imports.folders(folder));
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
#[error("expected a number of threads from 1 to {MAX_THREADS}")]
struct InvalidThreads;

fn threads(text: &str) -> Result<NonZeroUsize, InvalidThreads> {
    let threads: NonZeroUsize = text.parse().map_err(|_| InvalidThreads)?;
    if threads.get() <= MAX_THREADS {
        Ok(threads)
    } else {
        Err(InvalidThreads)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("expected a number of bytes, such as 500000, 500K, 2M or 1G")]
struct InvalidSize;

fn bytes(text: &str) -> Result<usize, InvalidSize> {
    let units = [
        (['k', 'K'], 1_000),
        (['m', 'M'], 1_000_000),
        (['g', 'G'], 1_000_000_000),
    ];
    let (digits, unit) = units
        .iter()
        .find_map(|(letters, unit)| Some((text.strip_suffix(letters)?, *unit)))
        .unwrap_or((text, 1));
    let number: usize = digits.parse().map_err(|_| InvalidSize)?;
    number.checked_mul(unit).ok_or(InvalidSize)
}
