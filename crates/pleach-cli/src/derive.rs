//! `pleach derive`.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use pleach::Atom;
use pleach::derive::{Derived, Program, ProgramError};

use crate::diagnostic;
use crate::escape::{escaped, escaped_lines};
use crate::interrupt::CtrlC;
use crate::outcome::Outcome;
use crate::source::{Source, SourceError};
use crate::world::{WorldPath, note};

/// Derive the facts that follow from those of a saved world by rules.
///
/// RULES is a file of rules `(=> (, pattern…) head)`: the head follows where all patterns match. In the body, `(not pattern)`
/// holds where no fact matches. Rules can be recursive; a negation must not depend on its own rule's head.
///
/// Prints the derived facts that the world doesn't have itself, one a line; or saves them together with the world.
///
/// Exit code: 0, or 1 if the fact to explain doesn't follow, or 2 if the rules or the world could not be read, or the result could not be saved.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach derive access.rules world.pleach
  pleach derive access.rules world.pleach --explain '(can ann read report)'
  pleach derive access.rules history@main -o closure.pleach")]
pub(crate) struct Derive {
    /// The rules.
    #[arg(value_name = "RULES")]
    rules: PathBuf,

    /// A file, ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    #[arg(value_name = "WORLD")]
    world: WorldPath,

    /// Save the world with the derived facts, to a file or to ARCHIVE@BRANCH, and print nothing.
    #[arg(short, long, value_name = "WORLD")]
    output: Option<WorldPath>,

    /// Print a derivation of FACT instead, as a tree.
    #[arg(long, value_name = "FACT", value_parser = atom, conflicts_with = "output")]
    explain: Option<Atom>,

    /// Fail if more facts than this follow: rules whose heads nest terms can have no end.
    #[arg(long, value_name = "FACTS")]
    limit: Option<usize>,

    /// Message of the revision, shown by `log`.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

fn atom(text: &str) -> Result<Atom, pleach::term::ParseError> {
    text.parse()
}

impl Derive {
    pub(crate) fn run(&self, ctrl_c: &CtrlC) -> Outcome {
        if let Some(output) = &self.output
            && let Err(error) = output.check_writable()
        {
            diagnostic::error_from(format_args!("cannot save {output}"), &error);
            return Outcome::Failure;
        }
        let source = match Source::read(&self.rules, ctrl_c.interrupt()) {
            Ok(source) => source,
            Err(SourceError::Interrupted) => return Outcome::Interrupted,
            Err(_) => return Outcome::Failure,
        };
        let program = match Program::new(source.items.iter().map(|item| item.atom.clone())) {
            Ok(program) => program,
            Err(error) => {
                report(&source, &error);
                return Outcome::Failure;
            }
        };
        let program = program.with_limit(self.limit.unwrap_or(usize::MAX));
        let mut world = match self.world.load() {
            Ok(world) => world,
            Err(error) => {
                diagnostic::error_from(format_args!("cannot load {}", self.world), &error);
                return Outcome::Failure;
            }
        };
        let derived = match program.derive(&world) {
            Ok(derived) => derived,
            Err(error) => {
                diagnostic::error_with_sources(&error);
                return Outcome::Failure;
            }
        };
        if let Some(fact) = &self.explain {
            return explain(&derived, fact);
        }
        let Some(output) = &self.output else {
            let mut out = BufWriter::new(io::stdout().lock());
            let mut facts = derived.derived_facts();
            let printed = facts.try_for_each(|fact| writeln!(out, "{}", escaped(&fact)));
            return Outcome::of_output(printed.and_then(|()| out.flush()));
        };
        world.add_facts_bulk(derived.derived_facts());
        match output.save(&world, note(&self.message)) {
            Ok(()) => Outcome::Success,
            Err(error) => {
                diagnostic::error_from(format_args!("cannot save {output}"), &error);
                Outcome::Failure
            }
        }
    }
}

fn explain(derived: &Derived, fact: &Atom) -> Outcome {
    match derived.explain(fact) {
        Some(why) => Outcome::of_output(write!(io::stdout().lock(), "{}", escaped_lines(why))),
        None => {
            diagnostic::error(format_args!("{fact} doesn't follow"));
            Outcome::ErrorFound
        }
    }
}

/// Reports an error at the rule that it is about.
fn report(source: &Source, error: &ProgramError) {
    let rule = match error {
        ProgramError::Malformed { rule }
        | ProgramError::UnboundVariable { rule, .. }
        | ProgramError::NotStratified { rule, .. } => source.items.get(*rule),
        _ => None,
    };
    match rule {
        Some(item) => source.error_at(error, item),
        None => diagnostic::error_with_sources(error),
    }
}
