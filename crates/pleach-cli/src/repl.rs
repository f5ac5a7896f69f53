//! `pleach repl`.

mod command;
mod completion;
mod console;
mod forks;
mod input;
mod saves;
mod session;
mod undo;

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use pleach::Environment;
use pleach::term::{Item, Parser};

use self::command::Command;
use self::console::Console;
use self::input::{Entry, Input};
use self::session::{Session, Unsaved};
use crate::diagnostic;
use crate::escape::escaped;
use crate::interrupt::CtrlC;
use crate::options::EvalOptions;
use crate::outcome::Outcome;
use crate::printer::Printer;
use crate::world::WorldPath;

/// Run programs interactively.
///
/// Entries are read like a file: an atom is added to the world, and `!` before an atom evaluates it. Commands begin with
/// `:`, among them `:undo` and `:redo`, `:fork`, `:diff` and `:merge`, and `:save`; `:help` lists them, `:help COMMAND`
/// explains one. On a terminal, Tab completes names, commands and paths, Ctrl-R searches the history, and Ctrl-C interrupts
/// an evaluation.
///
/// A session that started with `--world`, or used `:save`, asks at its end before it loses changes. Without a terminal it
/// lists them on standard error instead.
///
/// Exit code: 0, or 1 after an error if the input isn't a terminal, or 2 if the world could not be loaded.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach repl examples/tour.metta
  pleach repl --world world.pleach
  echo '!(+ 1 2)' | pleach repl")]
pub(crate) struct Repl {
    /// Programs to run first.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Start from a saved world: a file, ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    /// `:save` saves to it.
    #[arg(long, value_name = "WORLD")]
    world: Option<WorldPath>,

    #[command(flatten)]
    options: EvalOptions,

    /// File for the history of entries. By default `pleach/history` in the user's folder for state.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

impl Repl {
    pub(crate) fn run(&self, ctrl_c: CtrlC) -> Outcome {
        let mut input = match Input::new(self.history.clone()) {
            Ok(input) => input,
            Err(error) => {
                diagnostic::error_from("cannot use this terminal", &error);
                return Outcome::Failure;
            }
        };
        let world = match &self.world {
            None => Environment::new(),
            Some(path) => match path.load() {
                Ok(world) => world,
                Err(error) => {
                    diagnostic::error_from(format_args!("cannot load {path}"), &error);
                    return Outcome::Failure;
                }
            },
        };
        let printer = Printer::new(input.is_terminal());
        let program_output = printer.clone();
        let builder = self
            .options
            .builder(Path::new(""))
            .interrupt(ctrl_c.interrupt().clone())
            .output(move |text| program_output.program_output(text));
        let console = Console::new(printer, input.is_terminal());
        let session = Session::new(
            world,
            self.world.clone(),
            self.options.clone(),
            builder,
            console,
            ctrl_c,
        );
        let mut session = match session {
            Ok(session) => session,
            Err(error) => {
                diagnostic::error_with_sources(&error);
                return Outcome::Failure;
            }
        };
        for file in &self.files {
            session.load(file);
        }
        session.console.confirm(format_args!(
            "pleach {}. An atom is added to the world; `!` before it evaluates it. :help lists the commands, :quit ends.",
            env!("CARGO_PKG_VERSION")
        ));
        if let Err(error) = run_entries(&mut session, &mut input) {
            warn_of_unsaved(&session);
            diagnostic::error(format_args!("cannot read the input: {error}"));
            return Outcome::Failure;
        }
        // A user at a terminal sees the errors.
        if session.console.error_seen && !input.is_terminal() {
            Outcome::ErrorFound
        } else {
            Outcome::Success
        }
    }
}

/// Runs entries until the user quits, or the input ends.
fn run_entries(session: &mut Session, input: &mut Input) -> io::Result<()> {
    loop {
        match input.entry(session.forks())? {
            Entry::End => {
                if may_quit(session, input)? {
                    return Ok(());
                }
            }
            Entry::Empty => {}
            Entry::Text(text) if command::is_command(&text) => match Command::parse(&text) {
                Ok(Command::Quit) => {
                    if may_quit(session, input)? {
                        return Ok(());
                    }
                }
                Ok(command) => session.command(command),
                Err(error) => session.console.error(error),
            },
            Entry::Text(text) => run(session, &text),
        }
        if session.console.output_is_closed {
            warn_of_unsaved(session);
            return Ok(());
        }
    }
}

/// Runs an entry.
fn run(session: &mut Session, text: &str) {
    let items: Result<Vec<Item>, _> = Parser::new(text).collect();
    match items {
        Ok(items) => session.run(items, "input", text),
        Err(error) => session.console.error_at(&error.kind, "input", text, &error.span),
    }
}

/// Asks about unsaved changes. Returns whether to quit.
fn may_quit(session: &mut Session, input: &mut Input) -> io::Result<bool> {
    while let Some(unsaved) = session.unsaved() {
        let question = question(&unsaved);
        let answer = match input.ask(&question)? {
            Some(Entry::Text(answer)) => answer.trim().to_lowercase(),
            Some(Entry::Empty) => return Ok(false),
            // No terminal, or one that is gone.
            None | Some(Entry::End) => {
                warn_of_unsaved(session);
                return Ok(true);
            }
        };
        match (answer.as_str(), unsaved.current) {
            ("y" | "yes", Some(_)) => {
                let is_saved = session.save(None);
                if !is_saved {
                    return Ok(false);
                }
            }
            ("n" | "no", Some(_)) | ("y" | "yes", None) => return Ok(true),
            ("c" | "cancel", _) | ("n" | "no", None) => return Ok(false),
            _ => {}
        }
    }
    Ok(true)
}

/// Offers to save the current fork. Other forks can only be left, or switched to first.
fn question(unsaved: &Unsaved) -> String {
    let forks = escaped(&unsaved.forks);
    match &unsaved.current {
        Some(name) => format!(
            "unsaved changes in {forks}. Save {} to {}? (yes, no, cancel) ",
            escaped(name),
            escaped(&unsaved.path)
        ),
        None => format!("unsaved changes in {forks}. Quit without them? (yes, no) "),
    }
}

fn warn_of_unsaved(session: &Session) {
    if let Some(Unsaved { forks, path, .. }) = session.unsaved() {
        diagnostic::warning(format_args!(
            "unsaved changes in {forks} are lost; :save saves to {path}"
        ));
    }
}
