//! `pleach load`.

use std::io::{self, BufWriter, Write};

use clap::Args;
use pleach::env::Change;
use pleach::{Atom, Environment};

use crate::diagnostic;
use crate::escape::escaped;
use crate::outcome::Outcome;
use crate::world::WorldPath;

/// Print a saved world as a program, or its atoms that match a pattern.
///
/// Prints one line for each occurrence of an atom, or, for more than 16 occurrences, one line with a count:
/// `#*1000 (atom)`. Facts come first, then rules and types in definition order. Named spaces, states and bindings follow as
/// comments. To go on in the world, use `run --world` or `repl --world`.
///
/// Exit code: 0, or 2 if the world could not be loaded.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach load world.pleach > program.metta
  pleach load world.pleach --query '(likes $who tea)'
  pleach load history@v1.0
  pleach run --world world.pleach questions.metta
  pleach repl --world world.pleach")]
pub(crate) struct Load {
    /// A file, ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    #[arg(value_name = "WORLD")]
    world: WorldPath,

    /// Print the atoms that unify with PATTERN, with its variables substituted.
    #[arg(short, long, value_name = "PATTERN", value_parser = atom)]
    query: Option<Atom>,
}

fn atom(text: &str) -> Result<Atom, pleach::term::ParseError> {
    text.parse()
}

impl Load {
    pub(crate) fn run(&self) -> Outcome {
        let environment = match self.world.load() {
            Ok(environment) => environment,
            Err(error) => {
                diagnostic::error_from(format_args!("cannot load {}", self.world), &error);
                return Outcome::Failure;
            }
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let printed = match &self.query {
            Some(pattern) => print_matches(&mut out, &environment, pattern),
            None => print_world(&mut out, &environment),
        };
        Outcome::of_output(printed.and_then(|()| out.flush()))
    }
}

/// More occurrences are printed as one line with a count: multiplicities go up to 2⁶⁴ − 1.
const MAX_REPEATED_LINES: u64 = 16;

/// Calls `line` for each line that prints an atom of this multiplicity, with the count to print before the atom.
fn for_each_line(multiplicity: u64, mut line: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    if multiplicity > MAX_REPEATED_LINES {
        return line(&format!("#*{multiplicity} "));
    }
    (0..multiplicity).try_for_each(|_| line(""))
}

fn print_matches(out: &mut impl Write, environment: &Environment, pattern: &Atom) -> io::Result<()> {
    for answer in environment.query(pattern) {
        let found = answer.resolve(pattern);
        for_each_line(answer.multiplicity(), |count| {
            writeln!(out, "{count}{}", escaped(&found))
        })?;
    }
    Ok(())
}

fn print_world(out: &mut impl Write, environment: &Environment) -> io::Result<()> {
    for change in Environment::new().diff(environment) {
        match change {
            Change::Atom { space, atom, to, .. } => {
                for_each_line(to, |count| match space {
                    None => writeln!(out, "{count}{}", escaped(&atom)),
                    Some(id) => writeln!(out, "; {id}: {count}{}", escaped(&atom)),
                })?;
            }
            change @ Change::SpaceCreated(_) => writeln!(out, "; {change}")?,
            Change::Cell { cell, to: Some(to), .. } => writeln!(out, "; {cell}: {}", escaped(to))?,
            _ => {}
        }
    }
    Ok(())
}
