//! `pleach load`.

use std::io::{self, BufWriter, ErrorKind, Write};

use clap::Args;
use pleach::env::Change;
use pleach::{Atom, Environment};

use crate::escape::escaped;
use crate::world::Place;
use crate::{Outcome, diagnostic};

/// Print a saved world as a program, or what it has of a pattern.
///
/// Each atom is a line, as often as it is present, or one line with a count, `#*1000 (atom)`, if that is more than 16
/// times: facts first, then rules and types in the order of their definition.
/// Named spaces, states and bindings follow, as comments. With `run --world` and `repl --world` programs go on in it.
/// Exits with 0, with 2 if the world could not be loaded.
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
    world: Place,

    /// Print the atoms that unify with this, as they do, each as often as it is present.
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
            Err(fault) => {
                diagnostic::error(format_args!("cannot load {}: {fault}", self.world));
                return Outcome::Failed;
            }
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let printed = match &self.query {
            Some(pattern) => answer(&mut out, &environment, pattern),
            None => print(&mut out, &environment),
        };
        printed_to_the_end(printed.and_then(|()| out.flush()))
    }
}

/// The outcome of printing.
pub(crate) fn printed_to_the_end(printed: io::Result<()>) -> Outcome {
    match printed {
        // The reader had seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            diagnostic::error(format_args!("cannot write the results: {error}"));
            Outcome::Failed
        }
        _ => Outcome::Fine,
    }
}

/// What is there more often is printed once, with a count: a multiplicity has no bound but 2^64.
const MOST_LINES: u64 = 16;

/// Has `line` print an atom as often as it is there, with the count that is to stand before it.
fn each_occurrence(count: u64, mut line: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    if count > MOST_LINES {
        return line(&format!("#*{count} "));
    }
    (0..count).try_for_each(|_| line(""))
}

fn answer(out: &mut impl Write, environment: &Environment, pattern: &Atom) -> io::Result<()> {
    for answer in environment.query(pattern) {
        let found = answer.resolve(pattern);
        each_occurrence(answer.multiplicity, |count| writeln!(out, "{count}{}", escaped(&found)))?;
    }
    Ok(())
}

fn print(out: &mut impl Write, environment: &Environment) -> io::Result<()> {
    for change in Environment::new().diff(environment) {
        match change {
            Change::Atom { space, atom, to, .. } => {
                each_occurrence(to, |count| match space {
                    None => writeln!(out, "{count}{}", escaped(&atom)),
                    Some(id) => writeln!(out, "; {id}: {count}{}", escaped(&atom)),
                })?;
            }
            Change::Space(id) => writeln!(out, "; {id}")?,
            Change::Cell { cell, to: Some(to), .. } => writeln!(out, "; {cell}: {}", escaped(to))?,
            _ => {}
        }
    }
    Ok(())
}
