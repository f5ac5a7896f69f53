//! `pleach run`.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{iter, mem};

use clap::Args;
use pleach::Environment;
use pleach::env::{IdSeed, Sharing};
use pleach::term::{Atom, Item};
use pleach_metta::{BuildError, Counts, EvalError, Evaluator, Interrupt};

use crate::interrupt::CtrlC;
use crate::options::Options;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::source::{Faults, Source};
use crate::trace::Trace;
use crate::world::Place;
use crate::{Outcome, diagnostic};

/// Run programs, one after another in one world.
///
/// For each `!` prints one line, `[result, result, …]`. Nothing is evaluated unless all files can be read and parsed.
/// Exits with 0; with 1 if a result was an `(Error …)`; with 2 if input could not be read or parsed, or a limit was
/// exceeded; with 130 after Ctrl-C.
#[derive(Args)]
pub(crate) struct Run {
    /// The programs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    running: Running,
}

/// How programs are run.
#[derive(Args)]
pub(crate) struct Running {
    /// Begin in a saved world: a file, ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    #[arg(long, value_name = "WORLD")]
    world: Option<Place>,

    #[command(flatten)]
    options: Options,

    /// Print each result as soon as it is found, and not each line as a whole: as is done on a terminal.
    #[arg(long)]
    stream: bool,

    /// Show each reduction on standard error, indented by its depth. Evaluates on one thread.
    #[arg(long)]
    trace: bool,

    /// Say on standard error what the run came to.
    #[arg(long)]
    stats: bool,
}

/// Why a run ends early.
enum Stop {
    Eval(EvalError, Item),
    Output(io::Error),
}

impl Run {
    pub(crate) fn run(&self, ctrl_c: &CtrlC) -> Outcome {
        match self.running.run(&self.files, |_| IdSeed::root(), ctrl_c) {
            Ok((_, true)) => Outcome::ErrorFound,
            Ok((_, false)) => Outcome::Fine,
            Err(outcome) => outcome,
        }
    }
}

impl Running {
    /// Runs programs. Returns the world that they leave, and whether a result was an error; or why they were not run to
    /// their end. Names of spaces and states come from the seed.
    pub(crate) fn run(
        &self,
        files: &[PathBuf],
        seed: impl FnOnce(&[Source]) -> IdSeed,
        ctrl_c: &CtrlC,
    ) -> Result<(Environment, bool), Outcome> {
        let start = Instant::now();
        ctrl_c.heed();
        let sources = Source::read_all(files, ctrl_c.interrupt());
        // To load a world heeds nothing.
        if ctrl_c.done() {
            return Err(Outcome::Interrupted);
        }
        let sources = sources.map_err(|fault| match fault {
            Faults::Interrupted => Outcome::Interrupted,
            _ => Outcome::Failed,
        })?;
        let environment = match &self.world {
            None => Environment::new(),
            Some(place) => place.load().map_err(|fault| {
                diagnostic::error(format_args!("cannot load {place}: {fault}"));
                Outcome::Failed
            })?,
        };
        let mut world = World {
            environment,
            seed: seed(&sources),
            printer: Printer::new(self.stream || io::stdout().is_terminal()),
            trace: self.trace.then(Trace::new),
            error_seen: false,
            evaluations: 0,
            counts: Counts::default(),
            keep_first: self.stats,
            first: None,
        };
        ctrl_c.heed();
        let ran = self.run_sources(sources, &mut world, ctrl_c.interrupt());
        // It may have been pressed after the last evaluation.
        if ctrl_c.done() {
            return Err(Outcome::Interrupted);
        }
        ran?;
        if self.stats {
            world.print_stats(start);
        }
        Ok((world.environment, world.error_seen))
    }

    fn run_sources(&self, sources: Vec<Source>, world: &mut World, interrupt: &Interrupt) -> Result<(), Outcome> {
        for mut source in sources {
            let evaluator = self.evaluator(source.folder(), world, interrupt).map_err(|error| {
                diagnostic::error_with_sources(&error);
                Outcome::Failed
            })?;
            let items = mem::take(&mut source.items);
            match world.run(&evaluator, items, &source) {
                Ok(()) => {}
                Err(Stop::Eval(error, item)) => {
                    source.error_at(&error, &item);
                    return Err(match error {
                        EvalError::Interrupted { .. } => Outcome::Interrupted,
                        _ => Outcome::Failed,
                    });
                }
                Err(Stop::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return Err(Outcome::Fine),
                Err(Stop::Output(error)) => {
                    diagnostic::error(format_args!("cannot write the results: {error}"));
                    return Err(Outcome::Failed);
                }
            }
        }
        Ok(())
    }

    /// The evaluator for a file: `import!` looks in its folder.
    fn evaluator(&self, folder: &Path, world: &World, interrupt: &Interrupt) -> Result<Evaluator, BuildError> {
        let printer = world.printer.clone();
        let mut builder = self
            .options
            .evaluator(folder)
            .interrupt(interrupt.clone())
            .output(move |text| printer.say(text));
        if let Some(trace) = world.trace.clone() {
            builder = builder.trace(move |step| trace.reduction(step));
        }
        self.options.build(builder)
    }
}

/// The state of a run.
struct World {
    environment: Environment,
    seed: IdSeed,
    printer: Printer,
    trace: Option<Trace>,
    error_seen: bool,
    /// How many evaluations there have been.
    evaluations: u64,
    counts: Counts,
    /// Is the world before the first evaluation to be kept?
    keep_first: bool,
    first: Option<Environment>,
}

impl World {
    fn run(&mut self, evaluator: &Evaluator, items: Vec<Item>, source: &Source) -> Result<(), Stop> {
        let mut items = items.into_iter().peekable();
        let mut progress = Progress::new(format!("adding {}", source.path.display()), source.text.len());
        while let Some(item) = items.next() {
            if item.bang {
                self.evaluate(evaluator, item)?;
            } else {
                let facts = iter::successors(Some(item), |_| items.next_if(|item| !item.bang));
                let facts = facts.inspect(|item| progress.at(item.span.end));
                self.environment
                    .add_multiplicities(facts.map(|item| (item.atom, item.count)));
                progress.pause();
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, evaluator: &Evaluator, item: Item) -> Result<(), Stop> {
        if self.keep_first && self.first.is_none() {
            self.first = Some(self.environment.clone());
        }
        if let Some(trace) = &self.trace {
            trace.begin(&item.atom);
        }
        let environment = mem::take(&mut self.environment);
        // A seed for each, in order, so that names don't depend on what threads did before.
        let seed = self.seed.child(self.evaluations);
        self.evaluations += 1;
        let mut results = evaluator.results_seeded(environment, &item.atom, seed);
        let printed = results.by_ref().try_for_each(|result| match result {
            Ok(result) => {
                self.flush_trace();
                self.error_seen |= is_error(&result);
                self.printer.result(&result).map_err(Stop::Output)
            }
            // `finish` tells of it.
            Err(_) => Ok(()),
        });
        self.flush_trace();
        printed?;
        match results.finish() {
            Ok(evaluation) => {
                self.environment = evaluation.environment;
                self.counts.forks += evaluation.counts.forks;
                self.counts.merges += evaluation.counts.merges;
                self.printer.end().map_err(Stop::Output)
            }
            Err(error) => {
                self.printer.fail();
                Err(Stop::Eval(error, item))
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
        let Counts { forks, merges } = self.counts;
        let Sharing {
            nodes, facts: below, ..
        } = environment.sharing(self.first.as_ref().unwrap_or(environment));
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

pub(crate) fn is_error(atom: &Atom) -> bool {
    let head = atom.as_expression().and_then(<[Atom]>::first);
    head.and_then(Atom::as_symbol).is_some_and(|head| head == "Error")
}
