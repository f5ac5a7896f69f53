//! `pleach diff`.

use std::io::{self, BufWriter, Write};

use clap::Args;
use pleach::env::Change;
use pleach::{Atom, Environment};

use crate::escape::escaped;
use crate::load::printed_to_the_end;
use crate::world::Place;
use crate::{Outcome, diagnostic};

/// Show what differs between two saved worlds.
///
/// A line for each atom that one has more often: `+ (atom)` for the second, `- (atom)` for the first, with a number if
/// it is by more than one; `~ (rule)` for one that both have, in another place among the others; `NAME: OLD -> NEW`
/// for states and bindings. Exits as `diff` does: with 0 if there is no difference, 1 if there is one, 2 if a world
/// could not be loaded.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach diff old.pleach new.pleach
  pleach diff history@v1.0 history@main")]
pub(crate) struct Diff {
    /// A file, ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    #[arg(value_name = "OLD")]
    old: Place,

    /// Another.
    #[arg(value_name = "NEW")]
    new: Place,
}

impl Diff {
    pub(crate) fn run(&self) -> Outcome {
        let mut worlds = Vec::new();
        for place in [&self.old, &self.new] {
            match place.load() {
                Ok(world) => worlds.push(world),
                Err(fault) => diagnostic::error(format_args!("cannot load {place}: {fault}")),
            }
        }
        let [old, new] = &worlds[..] else {
            return Outcome::Failed;
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let mut differs = false;
        let printed = print(&mut out, old, new, &mut differs).and_then(|()| out.flush());
        match printed_to_the_end(printed) {
            Outcome::Fine if differs => Outcome::ErrorFound,
            outcome => outcome,
        }
    }
}

fn print(out: &mut impl Write, old: &Environment, new: &Environment, differs: &mut bool) -> io::Result<()> {
    let shown = |space: Option<_>, atom: &Atom| match space {
        Some(id) => format!("{id}: {}", escaped(atom)),
        None => escaped(atom).to_string(),
    };
    for change in &old.diff(new) {
        *differs = true;
        match change {
            Change::Atom { space, atom, from, to } => {
                let (sign, by) = if to > from { ('+', to - from) } else { ('-', from - to) };
                let times = if by > 1 { by.to_string() } else { String::new() };
                writeln!(out, "{sign}{times} {}", shown(*space, atom))?;
            }
            Change::Cell { cell, from, to } => {
                let held = |atom: &Option<Atom>| {
                    atom.as_ref()
                        .map_or("nothing".to_owned(), |atom| escaped(atom).to_string())
                };
                writeln!(out, "{cell}: {} -> {}", held(from), held(to))?;
            }
            change => writeln!(out, "{}", escaped(change))?,
        }
    }
    for (space, atom) in old.reordered(new) {
        *differs = true;
        writeln!(out, "~ {}", shown(space, &atom))?;
    }
    // Only the old one has them: a difference that is no change of anything in them if they are empty.
    *differs |= old != new;
    Ok(())
}
