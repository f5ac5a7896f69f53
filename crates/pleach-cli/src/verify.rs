//! `pleach verify`.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;

use crate::diagnostic;
use crate::escape::escaped;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::world::{LoadWorldError, WorldPath, journal_summary, open_archive};

/// Check that saved worlds, archives and journals are intact.
///
/// Reads every byte. Reports corruption with the file and the byte where it begins, and lists files of an archive that no
/// branch or tag reaches.
///
/// Exit code: 0, or 1 if something is corrupt, or 2 if something could not be read.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach verify world.pleach
  pleach verify history backup/history && pleach verify history --prune")]
pub(crate) struct Verify {
    /// Files, archives and folders of journals.
    #[arg(required = true, value_name = "WORLD")]
    worlds: Vec<WorldPath>,

    /// Remove files of archives that no branch or tag reaches.
    #[arg(long)]
    prune: bool,
}

impl Verify {
    pub(crate) fn run(&self) -> Outcome {
        let (mut corrupt, mut failed) = (false, false);
        for path in &self.worlds {
            let verified = match path {
                WorldPath::Archive(folder, _) => self.archive(folder),
                WorldPath::Journal(folder) => journal_summary(folder),
                path => path.load().map(|environment| plural(environment.len(), "atom")),
            };
            match verified {
                Ok(summary) => {
                    let printed = writeln!(io::stdout().lock(), "{}: {summary}", escaped(path));
                    match Outcome::of_output(printed) {
                        Outcome::Success => {}
                        outcome => return outcome,
                    }
                }
                Err(error) => {
                    diagnostic::error_from(path, &error);
                    corrupt |= error.is_corruption();
                    failed |= !error.is_corruption();
                }
            }
        }
        match (failed, corrupt) {
            (true, _) => Outcome::Failure,
            (false, true) => Outcome::ErrorFound,
            (false, false) => Outcome::Success,
        }
    }

    fn archive(&self, folder: &Path) -> Result<String, LoadWorldError> {
        let archive = open_archive(folder)?;
        let mut found = archive.verify().map_err(LoadWorldError::Archive)?;
        // The caller reports the last one.
        let last = found.problems.pop();
        for problem in &found.problems {
            diagnostic::error_with_sources(problem);
        }
        if let Some(last) = last {
            return Err(LoadWorldError::Archive(last));
        }
        let mut text = format!(
            "{}, {}",
            plural(found.revisions, "revision"),
            plural(found.names, "name")
        );
        if self.prune {
            let removed = archive.prune().map_err(LoadWorldError::Archive)?;
            text += &format!("; removed {}", plural(removed, "file"));
        } else {
            for path in &found.unreachable {
                text += &format!("\n  unreachable: {}", escaped(path.display()));
            }
        }
        Ok(text)
    }
}
