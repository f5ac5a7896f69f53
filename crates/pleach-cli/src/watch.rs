//! `pleach watch`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args;
use pleach::persist::RevisionId;
use pleach::{Atom, Environment};

use crate::diagnostic;
use crate::outcome::Outcome;
use crate::standing;
use crate::world::{LoadWorldError, WorldPath, name_or_default, open_archive};

/// Print the answers of a pattern, and what changes as a saved world moves on.
///
/// One line for each answer: `+ (atom)` if it came, `- (atom)` if it went, with the number if it is more than one. All current
/// answers come first. Of several changes between two looks, only their sum is printed.
///
/// PATTERN is one pattern, or a conjunction `(, pattern…)`; in it, `(not pattern)` excludes answers.
///
/// Ends with Ctrl-C.
///
/// Exit code: 130 after Ctrl-C, or 0 if the output is closed, or 2 if the world could not be loaded.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach watch history@main '(likes $who tea)'
  pleach watch journal '(, (order $n) (not (paid $n)))'")]
pub(crate) struct Watch {
    /// ARCHIVE@BRANCH, an archive (its branch `main`), URL@BRANCH on a remote, the folder of a journal, or a file.
    #[arg(value_name = "WORLD")]
    world: WorldPath,

    /// The pattern.
    #[arg(value_name = "PATTERN", value_parser = atom)]
    pattern: Atom,

    /// Seconds between two looks at the world. A look costs little unless the world has changed.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
}

fn atom(text: &str) -> Result<Atom, pleach::term::ParseError> {
    text.parse()
}

#[derive(Debug, thiserror::Error)]
#[error("expected a number of seconds above 0, such as 1 or 0.2")]
struct InvalidInterval;

fn seconds(text: &str) -> Result<Duration, InvalidInterval> {
    let seconds: f64 = text.parse().map_err(|_| InvalidInterval)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(interval) if !interval.is_zero() => Ok(interval),
        _ => Err(InvalidInterval),
    }
}

/// Properties that tell two states of a saved world apart without loading them.
#[derive(PartialEq, Eq)]
enum Fingerprint {
    Revision(RevisionId),
    Files(BTreeMap<OsString, FileState>),
}

impl Watch {
    pub(crate) fn run(&self) -> Outcome {
        let (mut seen, world) = match self.look(None) {
            Ok(Some(found)) => found,
            Ok(None) => return Outcome::Failure,
            Err(error) => return self.failure(&error),
        };
        let mut view = standing::view(&world, &self.pattern);
        drop(world);
        let mut out = io::stdout().lock();
        if let Err(error) = standing::print(&mut out, &view).and_then(|()| out.flush()) {
            return Outcome::of_output(Err(error));
        }
        let mut reported = String::new();
        loop {
            thread::sleep(self.interval);
            match self.look(Some(&seen)) {
                Ok(None) => reported.clear(),
                Ok(Some((now, world))) => {
                    reported.clear();
                    seen = now;
                    let difference = view.advance(&world);
                    if let Err(error) = standing::print(&mut out, &difference).and_then(|()| out.flush()) {
                        return Outcome::of_output(Err(error));
                    }
                }
                Err(error) => {
                    // It may be of a moment: the next look decides.
                    let text = diagnostic::with_sources(&error);
                    if text != reported {
                        self.failure(&error);
                        reported = text;
                    }
                }
            }
        }
    }

    fn failure(&self, error: &LoadWorldError) -> Outcome {
        diagnostic::error_from(format_args!("cannot load {}", self.world), error);
        Outcome::Failure
    }

    /// Loads the world, unless it is the one that was seen last.
    fn look(&self, seen: Option<&Fingerprint>) -> Result<Option<(Fingerprint, Environment)>, LoadWorldError> {
        let now = self.fingerprint()?;
        if Some(&now) == seen {
            return Ok(None);
        }
        Ok(Some((now, self.world.load()?)))
    }

    /// A fingerprint that is taken before the world is loaded can only be too old: then it is loaded once more.
    fn fingerprint(&self) -> Result<Fingerprint, LoadWorldError> {
        let failed = |error: io::Error| LoadWorldError::File(error.into());
        match &self.world {
            WorldPath::Archive(folder, name) => {
                let name = name_or_default(name.as_deref())?;
                let revision = open_archive(folder)?.find(name).map_err(LoadWorldError::Archive)?;
                Ok(Fingerprint::Revision(revision))
            }
            WorldPath::Remote(remote) => Ok(Fingerprint::Revision(remote.cached()?.fetch()?)),
            WorldPath::File(path) => {
                let file = (OsString::new(), state_of(path).map_err(failed)?);
                Ok(Fingerprint::Files([file].into()))
            }
            WorldPath::Journal(folder) | WorldPath::Folder(folder) => {
                let mut files = BTreeMap::new();
                for entry in fs::read_dir(folder).map_err(failed)? {
                    let entry = entry.map_err(failed)?;
                    files.insert(entry.file_name(), state_of(&entry.path()).map_err(failed)?);
                }
                Ok(Fingerprint::Files(files))
            }
        }
    }
}

/// Properties that tell two states of a file apart.
#[derive(PartialEq, Eq)]
struct FileState {
    length: u64,
    /// Where the system has it.
    modified: Option<SystemTime>,
    /// A save is another file, even if it has the length of the one before and both were written in one tick of the clock.
    /// 0 where the system doesn't number files.
    inode: u64,
}

fn state_of(path: &Path) -> io::Result<FileState> {
    let found = fs::metadata(path)?;
    Ok(FileState {
        length: found.len(),
        modified: found.modified().ok(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&found),
        #[cfg(not(unix))]
        inode: 0,
    })
}
