//! `pleach verify`.

use clap::Args;
use pleach::persist::Journal;
use pleach_metta::References;

use crate::escape::escaped;
use crate::load::printed_to_the_end;
use crate::world::{LoadFault, Place, archive};
use crate::{Outcome, count, diagnostic};

/// Look whether saved worlds, archives and journals are as they were written.
///
/// Every byte is read. What is wrong is said with the file, and the byte where it begins; an archive's files that
/// nothing leads to are listed too. Exits with 0; with 1 if something is damaged; with 2 if something could not be
/// read.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach verify world.pleach
  pleach verify history backup/history && pleach verify history --prune")]
pub(crate) struct Verify {
    /// Files, archives and folders of journals.
    #[arg(required = true, value_name = "WORLD")]
    worlds: Vec<Place>,

    /// Remove files of archives that no branch and no tag leads to.
    #[arg(long)]
    prune: bool,
}

impl Verify {
    pub(crate) fn run(&self) -> Outcome {
        let (mut damaged, mut failed) = (false, false);
        for place in &self.worlds {
            let verified = match place {
                Place::Archive(folder, _) => self.archive(folder),
                Place::Journal(folder) => match Journal::<pleach::Atom>::read(folder, &References) {
                    Ok((environment, recovery)) => Ok(format!(
                        "{}, {} since the last snapshot, {} torn off the end",
                        atoms(environment.len()),
                        count(recovery.records as usize, "record"),
                        count(recovery.torn as usize, "byte"),
                    )),
                    Err(error) => Err(LoadFault::Journal(error)),
                },
                place => place.load().map(|environment| atoms(environment.len())),
            };
            match verified {
                Ok(found) => {
                    let printed = print(format_args!("{}: {found}", escaped(place)));
                    if !matches!(printed, Outcome::Fine) {
                        return printed;
                    }
                }
                Err(fault) => {
                    diagnostic::error(format_args!("{place}: {fault}"));
                    damaged |= fault.is_damage();
                    failed |= !fault.is_damage();
                }
            }
        }
        match (failed, damaged) {
            (true, _) => Outcome::Failed,
            (false, true) => Outcome::ErrorFound,
            (false, false) => Outcome::Fine,
        }
    }

    fn archive(&self, folder: &std::path::Path) -> Result<String, LoadFault> {
        let archive = archive(folder)?;
        let mut found = archive.verify().map_err(LoadFault::Archive)?;
        // The last one is for the caller to tell of.
        let last = found.problems.pop();
        for problem in &found.problems {
            diagnostic::error_with_sources(problem);
        }
        if let Some(last) = last {
            return Err(LoadFault::Archive(last));
        }
        let mut text = format!("{}, {}", count(found.revisions, "revision"), count(found.names, "name"));
        if self.prune {
            let removed = archive.prune().map_err(LoadFault::Archive)?;
            text += &format!("; removed {}", count(removed, "file"));
        } else {
            for path in &found.unreachable {
                text += &format!("\n  nothing leads to {}", escaped(path.display()));
            }
        }
        Ok(text)
    }
}

fn atoms(number: u64) -> String {
    format!("{number} atom{}", if number == 1 { "" } else { "s" })
}

fn print(text: std::fmt::Arguments<'_>) -> Outcome {
    use std::io::Write;
    printed_to_the_end(writeln!(std::io::stdout().lock(), "{text}"))
}
