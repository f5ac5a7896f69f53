//! The `pleach` command: runs MeTTa programs on persistent environments.

// Nothing that a user types may panic.
#![deny(clippy::indexing_slicing, clippy::string_slice)]

mod check;
mod diagnostic;
mod diff;
mod escape;
mod history;
mod interrupt;
mod load;
mod merge;
mod options;
mod printer;
mod progress;
mod repl;
mod run;
mod save;
mod source;
mod trace;
mod verify;
mod world;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::escape::escaped_lines;
use self::interrupt::CtrlC;

/// Runs MeTTa programs on environments that parallel evaluation forks, writes and merges.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    Check(check::Check),
    Repl(repl::Repl),
    Save(save::Save),
    Load(load::Load),
    Log(history::Log),
    Diff(diff::Diff),
    Merge(merge::Merge),
    Verify(verify::Verify),
    Branches(history::Branches),
    Branch(history::Branch),
    Tag(history::Tag),
}

/// What the command came to.
enum Outcome {
    /// All went well, or the reader of the output had seen enough.
    Fine,
    /// A result was an `(Error …)`, or a mistake, a difference, a conflict or damage was found.
    ErrorFound,
    /// Input could not be read or parsed, or output not be written; standard error says which.
    Failed,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::ErrorFound => Self::from(1),
            // As clap ends for arguments that it does not understand.
            Outcome::Failed => Self::from(2),
            Outcome::Interrupted => Self::from(interrupt::EXIT_CODE),
        }
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let ctrl_c = CtrlC::take_over();
    match arguments.command {
        Command::Run(command) => command.run(&ctrl_c).into(),
        Command::Check(command) => command.run(&ctrl_c).into(),
        Command::Repl(command) => command.run(ctrl_c).into(),
        Command::Save(command) => command.run(&ctrl_c).into(),
        Command::Load(command) => command.run().into(),
        Command::Log(command) => command.run().into(),
        Command::Diff(command) => command.run().into(),
        Command::Merge(command) => command.run().into(),
        Command::Verify(command) => command.run().into(),
        Command::Branches(command) => command.run().into(),
        Command::Branch(command) => command.run().into(),
        Command::Tag(command) => command.run().into(),
    }
}

/// Reports what is wrong with the arguments, or the help that was asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    let text = escaped_lines(error.render()).to_string();
    // Who closed the output does not want to know.
    let _ = if error.use_stderr() {
        io::stderr().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// `1 file`, `2 files`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
