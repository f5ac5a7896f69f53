//! `pleach run`.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use clap::{Args, ValueEnum};
use pleach::env::{IdSeed, Sharing};
use pleach::eval::{Counts, EvalError, Evaluator};
use pleach::term::{Atom, Item};
use pleach::{Environment, eval};

use crate::source::Source;
use crate::{Outcome, diagnostic};

/// Run programs, one after another in one world.
///
/// For each `!` prints one line, `[result, result, …]`. Nothing is evaluated unless all files can be read and parsed.
/// Exits with 0; with 1 if a result was an `(Error …)`; with 2 if input could not be read or parsed.
#[derive(Args)]
pub(crate) struct Run {
    /// The programs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Evaluate on this many threads; the results are the same on any number. As many as there are cores by default.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// What the parts of an expression see of each other's writes.
    #[arg(long, value_enum, default_value_t = Policy::Isolated)]
    policy: Policy,

    /// Say on standard error what the run came to.
    #[arg(long)]
    stats: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Policy {
    /// Nothing: each writes its own fork of the world, and the forks are united.
    Isolated,
    /// All that those before it wrote: they are evaluated one after another.
    Sequential,
}

impl From<Policy> for eval::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Isolated => Self::Isolated,
            Policy::Sequential => Self::Sequential,
        }
    }
}

/// Why a run ends early.
enum Stop {
    Eval(EvalError, Item),
    Output(io::Error),
}

impl Run {
    pub(crate) fn run(&self) -> Outcome {
        let start = Instant::now();
        let Ok(sources) = Source::read_all(&self.files) else {
            return Outcome::Failed;
        };
        let mut world = World {
            keep_first: self.stats,
            ..World::default()
        };
        for mut source in sources {
            let evaluator = self.evaluator(source.folder());
            match world.run(&evaluator, mem::take(&mut source.items)) {
                Ok(()) => {}
                Err(Stop::Eval(error, item)) => {
                    source.error_at(error, &item);
                    return Outcome::Failed;
                }
                Err(Stop::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return Outcome::Fine,
                Err(Stop::Output(error)) => {
                    diagnostic::error(format_args!("cannot write the results: {error}"));
                    return Outcome::Failed;
                }
            }
        }
        if self.stats {
            world.print_stats(start);
        }
        if world.error_seen {
            Outcome::ErrorFound
        } else {
            Outcome::Fine
        }
    }

    /// The evaluator for a file: `import!` looks in its folder.
    fn evaluator(&self, folder: &Path) -> Evaluator {
        let threads = self.threads.or_else(|| thread::available_parallelism().ok());
        Evaluator::builder()
            .policy(self.policy.into())
            .threads(threads.map_or(1, NonZeroUsize::get))
            .folder(folder)
            .build()
    }
}

/// The state of a run.
#[derive(Default)]
struct World {
    environment: Environment,
    error_seen: bool,
    /// How many evaluations there have been.
    evaluations: u64,
    counts: Counts,
    /// Is the world before the first evaluation to be kept?
    keep_first: bool,
    first: Option<Environment>,
}

impl World {
    fn run(&mut self, evaluator: &Evaluator, items: Vec<Item>) -> Result<(), Stop> {
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            if item.bang {
                if self.keep_first && self.first.is_none() {
                    self.first = Some(self.environment.clone());
                }
                let environment = mem::take(&mut self.environment);
                // A seed for each, in order, so that names don't depend on what threads did before.
                let seed = IdSeed::root().child(self.evaluations);
                self.evaluations += 1;
                let evaluation = match evaluator.evaluate_seeded(environment, &item.atom, seed) {
                    Ok(evaluation) => evaluation,
                    Err(error) => return Err(Stop::Eval(error, item)),
                };
                self.environment = evaluation.environment;
                self.counts.forks += evaluation.counts.forks;
                self.counts.merges += evaluation.counts.merges;
                self.error_seen |= evaluation.results.iter().any(is_error);
                print(&evaluation.results).map_err(Stop::Output)?;
            } else {
                let facts = std::iter::successors(Some(item), |_| items.next_if(|item| !item.bang));
                self.environment.add_facts_bulk(facts.map(|item| item.atom));
            }
        }
        Ok(())
    }

    fn print_stats(&self, start: Instant) {
        let seconds = start.elapsed().as_secs_f64();
        let environment = &self.environment;
        let (rules, facts) = (environment.rule_count(), environment.fact_count());
        let Counts { forks, merges } = self.counts;
        let Sharing { nodes, facts: below } = environment.sharing(self.first.as_ref().unwrap_or(environment));
        // Who closed standard error does not want to know.
        let _ = write!(
            io::stderr().lock(),
            "rules   {rules}\n\
             facts   {facts} (distinct, rules among them)\n\
             forks   {forks} (that were written)\n\
             merges  {merges}\n\
             shared  {nodes} nodes, and all below them, which hold {below} facts, with the world before the first evaluation\n\
             time    {seconds:.3} s\n"
        );
    }
}

/// Prints `[r1, r2, …]`, in one piece, so that what the program itself prints stands before or after it.
fn print(results: &[Atom]) -> io::Result<()> {
    let results: Vec<String> = results.iter().map(Atom::to_string).collect();
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("[{}]\n", results.join(", ")).as_bytes())?;
    stdout.flush()
}

fn is_error(atom: &Atom) -> bool {
    let head = atom.as_expression().and_then(<[Atom]>::first);
    head.and_then(Atom::as_symbol).is_some_and(|head| head == "Error")
}
