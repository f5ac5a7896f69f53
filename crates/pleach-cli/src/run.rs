//! `pleach run`.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use pleach::Environment;
use pleach::env::{IdSeed, Sharing};
use pleach::term::Item;
use pleach_metta::{Batch, Batches, BuildError, Counts, EvalError, Evaluator, Interrupt};

use crate::diagnostic;
use crate::interrupt::CtrlC;
use crate::options::EvalOptions;
use crate::outcome::Outcome;
use crate::printer::{Printer, is_error};
use crate::progress::Progress;
use crate::seed::TextSeed;
use crate::source::{Source, SourceError};
use crate::trace::Trace;
use crate::world::{WorldPath, note};

/// Run programs one after another in one world.
///
/// Prints one line for each `!`: `[result, result, …]`. Nothing is evaluated unless all files can be read and parsed.
///
/// Exit code: 0, or 1 if a result was an `(Error …)`, or 2 if input could not be read or parsed or a limit was exceeded, or
/// 130 after Ctrl-C.
#[derive(Args)]
pub(crate) struct Run {
    /// The programs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    args: RunArgs,

    /// Save the resulting world to the branch on a remote that `--world` names. If others have pushed to it, merge.
    #[arg(long, requires = "world")]
    push: bool,

    /// Message of the revision that is pushed, shown by `log`.
    #[arg(short, long, default_value = "", hide_default_value = true, requires = "push")]
    message: String,
}

/// Arguments of commands that run programs.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Start from a saved world: a file, ARCHIVE@NAME, an archive (its branch `main`), URL@NAME on a
    /// remote, or the folder of a journal.
    #[arg(long, value_name = "WORLD")]
    world: Option<WorldPath>,

    #[command(flatten)]
    options: EvalOptions,

    /// Print each result once it is found, not each line as a whole. The default on a terminal.
    #[arg(long)]
    stream: bool,

    /// Print each reduction on standard error, indented by depth. Evaluates on one thread.
    #[arg(long)]
    trace: bool,

    /// Print statistics of the run on standard error.
    #[arg(long)]
    stats: bool,
}

/// The error that ends a run.
enum RunError {
    Eval(EvalError, Item),
    Output(io::Error),
}

impl Run {
    pub(crate) fn run(&self, ctrl_c: &CtrlC) -> Outcome {
        let pushed_to = match (&self.args.world, self.push) {
            (Some(world @ WorldPath::Remote(_)), true) => Some(world),
            (_, true) => {
                diagnostic::error(
                    "`--push` needs the URL of a remote as the world; `save` saves to archives and files",
                );
                return Outcome::Failure;
            }
            (_, false) => None,
        };
        // Ids of spaces and states that are kept must differ from those of other programs.
        let seed = |programs: &[Source]| match self.push {
            true => TextSeed::of(programs),
            false => IdSeed::root(),
        };
        let (environment, error_seen) = match self.args.run(&self.files, seed, ctrl_c) {
            Ok(ran) => ran,
            Err(outcome) => return outcome,
        };
        if let Some(world) = pushed_to
            && let Err(error) = world.save(&environment, note(&self.message))
        {
            diagnostic::error_from(format_args!("cannot push to {world}"), &error);
            return Outcome::Failure;
        }
        match error_seen {
            true => Outcome::ErrorFound,
            false => Outcome::Success,
        }
    }
}

impl RunArgs {
    /// Runs programs. Returns the resulting world, and whether a result was an error. Ids of spaces and states are derived
    /// from the seed.
    pub(crate) fn run(
        &self,
        files: &[PathBuf],
        seed: impl FnOnce(&[Source]) -> IdSeed,
        ctrl_c: &CtrlC,
    ) -> Result<(Environment, bool), Outcome> {
        let start = Instant::now();
        ctrl_c.begin();
        let sources = Source::read_all(files, ctrl_c.interrupt());
        // Loading a world doesn't check the interrupt.
        if ctrl_c.end() {
            return Err(Outcome::Interrupted);
        }
        let sources = sources.map_err(|error| match error {
            SourceError::Interrupted => Outcome::Interrupted,
            _ => Outcome::Failure,
        })?;
        let environment = match &self.world {
            None => Environment::new(),
            Some(path) => path.load().map_err(|error| {
                diagnostic::error_from(format_args!("cannot load {path}"), &error);
                Outcome::Failure
            })?,
        };
        let mut state = RunState {
            environment,
            seed: seed(&sources),
            printer: Printer::new(self.stream || io::stdout().is_terminal()),
            trace: self.trace.then(Trace::new),
            error_seen: false,
            evaluations: 0,
            counts: Counts::default(),
            first: None,
            keeps_first: self.stats,
        };
        ctrl_c.begin();
        let ran = self.run_sources(sources, &mut state, ctrl_c.interrupt());
        // Ctrl-C may have been pressed after the last evaluation.
        if ctrl_c.end() {
            return Err(Outcome::Interrupted);
        }
        ran?;
        if self.stats {
            state.print_stats(start);
        }
        Ok((state.environment, state.error_seen))
    }

    fn run_sources(&self, sources: Vec<Source>, state: &mut RunState, interrupt: &Interrupt) -> Result<(), Outcome> {
        for mut source in sources {
            let evaluator = self.evaluator(source.folder(), state, interrupt).map_err(|error| {
                diagnostic::error_with_sources(&error);
                Outcome::Failure
            })?;
            let items = mem::take(&mut source.items);
            match state.run(&evaluator, items, &source) {
                Ok(()) => {}
                Err(RunError::Eval(error, item)) => {
                    source.error_at(diagnostic::with_sources(&error), &item);
                    return Err(match error {
                        EvalError::Interrupted { .. } => Outcome::Interrupted,
                        _ => Outcome::Failure,
                    });
                }
                Err(RunError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return Err(Outcome::Success),
                Err(RunError::Output(error)) => {
                    diagnostic::error(format_args!("cannot write the results: {error}"));
                    return Err(Outcome::Failure);
                }
            }
        }
        Ok(())
    }

    /// Builds the evaluator for a file in this folder, where `import!` looks.
    fn evaluator(&self, folder: &Path, state: &RunState, interrupt: &Interrupt) -> Result<Evaluator, BuildError> {
        let printer = state.printer.clone();
        let mut builder = self
            .options
            .builder(folder)
            .interrupt(interrupt.clone())
            .output(move |text| printer.program_output(text));
        if let Some(trace) = state.trace.clone() {
            builder = builder.trace(move |step| trace.reduction(step));
        }
        self.options.build(builder)
    }
}

/// The state of a run.
struct RunState {
    environment: Environment,
    seed: IdSeed,
    printer: Printer,
    trace: Option<Trace>,
    error_seen: bool,
    /// Number of evaluations so far.
    evaluations: u64,
    counts: Counts,
    /// The world before the first evaluation, kept for `--stats`.
    first: Option<Environment>,
    keeps_first: bool,
}

impl RunState {
    fn run(&mut self, evaluator: &Evaluator, items: Vec<Item>, source: &Source) -> Result<(), RunError> {
        let mut batches = Batches::of_items(items);
        let mut progress = Progress::new(format!("adding {}", source.path.display()), source.text.len());
        while let Some(Ok(batch)) = batches.next_batch() {
            match batch {
                Batch::Query(item) => self.evaluate(evaluator, item)?,
                Batch::Facts(facts) => {
                    let facts = facts.inspect(|item| progress.step(item.span.end));
                    self.environment
                        .add_multiplicities(facts.map(|item| (item.atom, item.count)));
                    progress.clear();
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, evaluator: &Evaluator, item: Item) -> Result<(), RunError> {
        if self.keeps_first && self.first.is_none() {
            self.first = Some(self.environment.clone());
        }
        if let Some(trace) = &self.trace {
            trace.begin(&item.atom);
        }
        let environment = mem::take(&mut self.environment);
        // One seed for each evaluation, so that ids don't depend on what threads did before.
        let seed = self.seed.child(self.evaluations);
        self.evaluations += 1;
        let mut results = evaluator.results_seeded(environment, &item.atom, seed);
        let printed = results.by_ref().try_for_each(|result| match result {
            Ok(result) => {
                self.flush_trace();
                self.error_seen |= is_error(&result);
                self.printer.result(&result).map_err(RunError::Output)
            }
            // `finish` returns the error.
            Err(_) => Ok(()),
        });
        self.flush_trace();
        printed?;
        match results.finish() {
            Ok(evaluation) => {
                self.environment = evaluation.environment;
                self.counts.forks += evaluation.counts.forks;
                self.counts.merges += evaluation.counts.merges;
                self.printer.end().map_err(RunError::Output)
            }
            Err(error) => {
                self.printer.fail();
                Err(RunError::Eval(error, item))
            }
        }
    }

    fn flush_trace(&self) {
        if let Some(trace) = &self.trace {
            trace.flush();
        }
    }

    fn print_stats(&self, start: Instant) {
        let seconds = start.elapsed().as_secs_f64();
        let environment = &self.environment;
        let (rules, facts) = (environment.rule_count(), environment.fact_count());
        let Counts { forks, merges, .. } = self.counts;
        let Sharing {
            nodes, facts: below, ..
        } = environment.sharing(self.first.as_ref().unwrap_or(environment));
        // A closed standard error is left alone.
        let _ = write!(
            io::stderr().lock(),
            "rules   {rules}\n\
             facts   {facts} (distinct, including rules)\n\
             forks   {forks} (that were written)\n\
             merges  {merges}\n\
             shared  {nodes} subtrees that hold {below} facts, with the world before the first evaluation\n\
             time    {seconds:.3} s\n"
        );
    }
}
