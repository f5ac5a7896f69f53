//! `pleach save`.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::eval::References;
use pleach::persist::{Archive, ArchiveError, Note, RevisionId, SaveError};

use crate::run::Running;
use crate::world::{MAIN, Place};
use crate::{Outcome, diagnostic};

/// Run programs, and save the world that they leave.
///
/// The world is the last argument: a file, which is replaced whole, or ARCHIVE@BRANCH, where it becomes the next
/// revision. A file that is no saved world is left alone. The results are printed as by `run`. Exits with 0; with 1 if
/// a result was an
/// `(Error …)`, and the world is saved all the same; with 2 if nothing was saved.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach save rules.metta world.pleach
  pleach save --world world.pleach more.metta world.pleach
  pleach save rules.metta history@main -m 'the first rules'")]
pub(crate) struct Save {
    /// The programs, and the world.
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    running: Running,

    /// What to say about the revision in the log of the archive.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

impl Save {
    pub(crate) fn run(&self) -> Outcome {
        let Some((world, programs)) = self.paths.split_last() else {
            return Outcome::Failed;
        };
        let place = match world.to_str().unwrap_or_default().parse() {
            Ok(place) => place,
            // A name that is no text is that of a file.
            Err(_) => Place::File(world.clone()),
        };
        if let Err(fault) = check(&place) {
            diagnostic::error(format_args!("cannot save {place}: {fault}"));
            return Outcome::Failed;
        }
        let (environment, error_seen) = match self.running.run(programs, seed(programs)) {
            Ok(ran) => ran,
            Err(outcome) => {
                diagnostic::error("nothing was saved");
                return match outcome {
                    Outcome::Interrupted => outcome,
                    _ => Outcome::Failed,
                };
            }
        };
        match save(&place, &environment, note(&self.message)) {
            Ok(_) if error_seen => Outcome::ErrorFound,
            Ok(_) => Outcome::Fine,
            Err(fault) => {
                diagnostic::error(format_args!("cannot save {place}: {fault}"));
                Outcome::Failed
            }
        }
    }
}

/// Why a world can't be saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveFault {
    #[error("{0}")]
    File(#[source] SaveError),
    #[error("{0}")]
    Archive(#[source] ArchiveError),
    #[error("this is no saved world, and would be lost")]
    Stranger,
    #[error("a journal belongs to the program that writes it")]
    Journal,
}

/// That the place can be written, as far as can be told before anything is run.
pub(crate) fn check(place: &Place) -> Result<(), SaveFault> {
    match place {
        Place::File(path) if is_stranger(path) => Err(SaveFault::Stranger),
        Place::Journal(_) => Err(SaveFault::Journal),
        Place::File(_) | Place::Archive(..) => Ok(()),
    }
}

/// Is there a file that is not empty and does not begin as a saved world does?
fn is_stranger(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(8).read_to_end(&mut head));
    read.is_ok() && !head.is_empty() && head != b"\x89pleach\n"
}

/// Saves a world. Returns the revision, if it is one.
pub(crate) fn save(place: &Place, environment: &Environment, note: Note) -> Result<Option<RevisionId>, SaveFault> {
    check(place)?;
    match place {
        Place::File(path) => match environment.save_with(path, &References) {
            Ok(()) => Ok(None),
            Err(error) => Err(SaveFault::File(error)),
        },
        Place::Archive(folder, name) => {
            let committed = Archive::open_with(folder, References)
                .and_then(|archive| archive.commit(name.as_deref().unwrap_or(MAIN), environment, note));
            committed.map(Some).map_err(SaveFault::Archive)
        }
        Place::Journal(_) => Err(SaveFault::Journal),
    }
}

/// A note of now.
pub(crate) fn note(message: &str) -> Note {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Note {
        message: message.to_owned(),
        time: since.ok().map(|since| since.as_secs()),
    }
}

/// Worlds that are saved may be merged: so what different programs make in them has different names.
fn seed(programs: &[PathBuf]) -> IdSeed {
    let mut hash = DefaultHasher::new();
    for program in programs {
        hash.write(&std::fs::read(program).unwrap_or_default());
    }
    IdSeed::root().child(hash.finish() >> 1)
}
