//! `pleach repl`.

mod command;
mod completion;
mod input;
mod session;

use std::path::{Path, PathBuf};

use clap::Args;
use pleach::Environment;
use pleach::term::{Item, Parser};

use self::command::Command;
use self::input::{Entry, Input};
use self::session::Session;
use crate::interrupt::CtrlC;
use crate::options::Options;
use crate::printer::Printer;
use crate::world::Place;
use crate::{Outcome, diagnostic};

/// Type programs, and see what they come to.
///
/// What is typed is read as a file is: an atom is added to the world, and `!` before one evaluates it. `:help` lists the
/// commands. The standard input may be a file or a pipe; then the exit code is 1 if there was an error.
#[derive(Args)]
pub(crate) struct Repl {
    /// Programs to run first.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Begin in a saved world: a file, ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    #[arg(long, value_name = "WORLD")]
    world: Option<Place>,

    #[command(flatten)]
    options: Options,

    /// Keep what is typed in this file, for the next time. Without it: `pleach/history` in the folder for such files.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

impl Repl {
    pub(crate) fn run(&self, ctrl_c: CtrlC) -> Outcome {
        let mut input = match Input::new(self.history.clone()) {
            Ok(input) => input,
            Err(error) => {
                diagnostic::error(format_args!("cannot use this terminal: {error}"));
                return Outcome::Failed;
            }
        };
        let printer = Printer::new(input.is_terminal());
        let to = printer.clone();
        let settings = self
            .options
            .evaluator(Path::new(""))
            .interrupt(ctrl_c.interrupt().clone())
            .output(move |text| to.say(text));
        let world = match &self.world {
            None => Environment::new(),
            Some(place) => match place.load() {
                Ok(world) => world,
                Err(fault) => {
                    diagnostic::error(format_args!("cannot load {place}: {fault}"));
                    return Outcome::Failed;
                }
            },
        };
        let options = self.options.clone();
        let session = Session::new(world, options, settings, printer, ctrl_c, input.is_terminal());
        let mut session = match session {
            Ok(session) => session,
            Err(error) => {
                diagnostic::error_with_sources(&error);
                return Outcome::Failed;
            }
        };
        for file in &self.files {
            session.load(file);
        }
        if input.is_terminal() {
            session.tell(format_args!(
                "pleach {}. An atom is added to the world; `!` before it evaluates it. :help lists the commands, :quit ends.",
                env!("CARGO_PKG_VERSION")
            ));
        }
        loop {
            match input.entry(&session) {
                Ok(Entry::End) => break,
                Ok(Entry::Nothing) => {}
                Ok(Entry::Text(text)) if command::is_command(&text) => match Command::parse(&text) {
                    Ok(Command::Quit) => break,
                    Ok(command) => session.command(command),
                    Err(error) => session.complain(&error),
                },
                Ok(Entry::Text(text)) => run(&mut session, &text),
                Err(error) => {
                    diagnostic::error(format_args!("cannot read the input: {error}"));
                    return Outcome::Failed;
                }
            }
            if session.output_is_closed() {
                break;
            }
        }
        // Who types sees the errors.
        if session.error_seen() && !input.is_terminal() {
            Outcome::ErrorFound
        } else {
            Outcome::Fine
        }
    }
}

/// Runs what was typed.
fn run(session: &mut Session, text: &str) {
    let items: Result<Vec<Item>, _> = Parser::new(text).collect();
    match items {
        Ok(items) => session.run(items, "input", text),
        Err(error) => session.complain_at(&error.kind, "input", text, &error.span),
    }
}
