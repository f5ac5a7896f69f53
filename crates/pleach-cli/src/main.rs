//! The `pleach` command: runs MeTTa programs on persistent environments.

// Nothing that a user types may panic.
#![deny(clippy::indexing_slicing, clippy::string_slice)]

mod archive;
mod check;
mod derive;
mod diagnostic;
mod diff;
mod escape;
mod exchange;
mod interrupt;
mod load;
mod merge;
mod options;
mod outcome;
mod plural;
mod printer;
mod progress;
mod remote;
mod repl;
mod run;
mod save;
mod seed;
mod source;
mod standing;
mod trace;
mod verify;
mod watch;
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
    Log(archive::Log),
    Diff(diff::Diff),
    Derive(derive::Derive),
    Watch(watch::Watch),
    Merge(merge::Merge),
    Verify(verify::Verify),
    Branches(archive::Branches),
    Branch(archive::Branch),
    Tag(archive::Tag),
    Clone(exchange::Clone),
    Fetch(exchange::Fetch),
    Pull(exchange::Pull),
    Push(exchange::Push),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return print_usage(&error),
    };
    let ctrl_c = CtrlC::install();
    let outcome = match arguments.command {
        Command::Run(command) => command.run(&ctrl_c),
        Command::Check(command) => command.run(&ctrl_c),
        Command::Repl(command) => command.run(ctrl_c),
        Command::Save(command) => command.run(&ctrl_c),
        Command::Load(command) => command.run(),
        Command::Log(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Derive(command) => command.run(&ctrl_c),
        Command::Watch(command) => command.run(),
        Command::Merge(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Branches(command) => command.run(),
        Command::Branch(command) => command.run(),
        Command::Tag(command) => command.run(),
        Command::Clone(command) => command.run(),
        Command::Fetch(command) => command.run(),
        Command::Pull(command) => command.run(),
        Command::Push(command) => command.run(),
    };
    outcome.into()
}

/// Prints the help that was asked for, or the error of invalid arguments.
fn print_usage(error: &clap::Error) -> ExitCode {
    let text = escaped_lines(error.render()).to_string();
    // A closed output is left alone.
    let _ = if error.use_stderr() {
        io::stderr().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
