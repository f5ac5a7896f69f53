//! The difference of two worlds, and `pleach diff`.

use std::io::{self, BufWriter, Write};

use clap::Args;
use pleach::env::{Change, Patch, SpaceId};
use pleach::{Atom, Environment};

use crate::diagnostic;
use crate::escape::escaped;
use crate::outcome::Outcome;
use crate::world::WorldPath;

/// Show the difference of two saved worlds.
///
/// One line for each change: `+ (atom)` if NEW has the atom more often, `- (atom)` if OLD has, with the number if it is more
/// than one; `~ (rule)` if both have it, in another place of the order; `NAME: OLD -> NEW` for states and bindings.
///
/// Exit code, like that of `diff`: 0 if the worlds are equal, 1 if they differ, 2 if one could not be loaded.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach diff old.pleach new.pleach
  pleach diff history@v1.0 history@main")]
pub(crate) struct Diff {
    /// A file, ARCHIVE@NAME, an archive (its branch `main`), URL@NAME on a remote, or the folder of a journal.
    #[arg(value_name = "OLD")]
    old: WorldPath,

    /// Another.
    #[arg(value_name = "NEW")]
    new: WorldPath,
}

impl Diff {
    pub(crate) fn run(&self) -> Outcome {
        let mut worlds = Vec::new();
        for path in [&self.old, &self.new] {
            match path.load() {
                Ok(world) => worlds.push(world),
                Err(error) => diagnostic::error_from(format_args!("cannot load {path}"), &error),
            }
        }
        let [old, new] = &worlds[..] else {
            return Outcome::Failure;
        };
        let difference = Difference::between(old, new);
        let mut out = BufWriter::new(io::stdout().lock());
        let printed = difference.print(&mut out).and_then(|()| out.flush());
        match Outcome::of_output(printed) {
            Outcome::Success if !difference.is_empty() => Outcome::ErrorFound,
            outcome => outcome,
        }
    }
}

/// The changes that lead from one world to another.
pub(crate) struct Difference {
    patch: Patch,
    /// Definitions that both have, in another order.
    reordered: Vec<(Option<SpaceId>, Atom)>,
}

impl Difference {
    pub(crate) fn between(old: &Environment, new: &Environment) -> Self {
        let patch = old.diff(new);
        let reordered = old.reordered(new);
        Self { patch, reordered }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patch.is_empty() && self.reordered.is_empty()
    }

    /// Prints one line for each change.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let in_space = |space: Option<SpaceId>, atom: &Atom| match space {
            Some(id) => format!("{id}: {}", escaped(atom)),
            None => escaped(atom).to_string(),
        };
        for change in &self.patch {
            match change {
                Change::Atom { space, atom, from, to } => {
                    let (sign, by) = if to > from { ('+', to - from) } else { ('-', from - to) };
                    let times = if by > 1 { by.to_string() } else { String::new() };
                    writeln!(out, "{sign}{times} {}", in_space(*space, atom))?;
                }
                Change::Cell { cell, from, to } => {
                    let content = |atom: &Option<Atom>| {
                        atom.as_ref()
                            .map_or("nothing".to_owned(), |atom| escaped(atom).to_string())
                    };
                    writeln!(out, "{cell}: {} -> {}", content(from), content(to))?;
                }
                change => writeln!(out, "{}", escaped(change))?,
            }
        }
        for (space, atom) in &self.reordered {
            writeln!(out, "~ {}", in_space(*space, atom))?;
        }
        Ok(())
    }
}
