//! `pleach save`.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use pleach::env::{Conflicts, IdSeed, resolve};
use pleach::persist::{self, Archive, ArchiveError, ArchiveMergeError, Journal, Note, SaveError};
use pleach::{Atom, Environment};
use pleach_metta::References;

use crate::Outcome;
use crate::diagnostic::{self, with_sources};
use crate::interrupt::CtrlC;
use crate::run::Running;
use crate::source::Source;
use crate::world::{NotText, Place, name_or_main, say_that_it_waits};

/// Run programs, and save the world that they leave.
///
/// The world is the last argument: a file, which is replaced whole, or ARCHIVE@BRANCH, where it becomes the next
/// revision; if it was loaded from that branch, and the branch has gone on since, the two are merged. A file that is no
/// saved world is left alone. The results are printed as by `run`. Exits with 0; with 1 if a result was an `(Error …)`,
/// and the world is saved all the same; with 2 if nothing was saved.
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
    pub(crate) fn run(&self, ctrl_c: &CtrlC) -> Outcome {
        let Some((world, programs)) = self.paths.split_last() else {
            return Outcome::Failed;
        };
        let place = Place::from(world.clone().into_os_string());
        if let Err(fault) = check(&place) {
            diagnostic::error(format_args!("cannot save {place}: {fault}"));
            return Outcome::Failed;
        }
        let (environment, error_seen) = match self.running.run(programs, seed, ctrl_c) {
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
            Ok(()) if error_seen => Outcome::ErrorFound,
            Ok(()) => Outcome::Fine,
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
    #[error("{}", with_sources(.0))]
    File(SaveError),
    #[error("{}", with_sources(.0))]
    Archive(ArchiveError),
    #[error("this is no saved world, and would be lost")]
    Stranger,
    #[error("this is a folder, and no archive; to make an archive in it, say which branch: FOLDER@main")]
    Folder,
    #[error(transparent)]
    Name(#[from] NotText),
    #[error("a journal belongs to the program that writes it")]
    Journal,
    #[error("the branch has gone on since, and {0}; run this again, or save to a branch of its own and merge that")]
    Conflicts(Box<Conflicts>),
}

/// That the place can be written, as far as can be told before anything is run.
pub(crate) fn check(place: &Place) -> Result<(), SaveFault> {
    match place {
        Place::File(path) => match may_be_replaced(path) {
            Ok(true) => persist::probe(path).map_err(SaveFault::File),
            Ok(false) => Err(SaveFault::Stranger),
            Err(error) => Err(SaveFault::File(error.into())),
        },
        Place::Archive(folder, _) if Journal::<Atom>::is_in(folder).unwrap_or(false) => Err(SaveFault::Journal),
        Place::Archive(folder, name) => {
            let branch = name_or_main(name.as_deref())?;
            Archive::<Atom>::probe(folder, branch).map_err(SaveFault::Archive)
        }
        Place::Journal(_) => Err(SaveFault::Journal),
        Place::Folder(_) => Err(SaveFault::Folder),
    }
}

/// Is there nothing, or an empty file, or one that begins as a saved world does?
fn may_be_replaced(path: &Path) -> io::Result<bool> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        found => found?,
    };
    if !found.is_file() {
        // Not even opened: a pipe would be waited for.
        return Ok(false);
    }
    let mut head = Vec::new();
    File::open(path)?.take(8).read_to_end(&mut head)?;
    Ok(head.is_empty() || head == b"\x89pleach\n")
}

/// Saves a world.
pub(crate) fn save(place: &Place, environment: &Environment, note: Note) -> Result<(), SaveFault> {
    check(place)?;
    match place {
        Place::File(path) => environment.save_with(path, &References).map_err(SaveFault::File),
        Place::Archive(folder, name) => {
            let branch = name_or_main(name.as_deref())?;
            let committed = Archive::<Atom>::open_with(folder, References)
                .map(|archive| archive.on_wait(say_that_it_waits))
                .map_err(ArchiveMergeError::Archive)
                .and_then(|archive| archive.commit_with(branch, environment, note, resolve::fail));
            committed.map(drop).map_err(|error| match error {
                ArchiveMergeError::Archive(error) => SaveFault::Archive(error),
                ArchiveMergeError::Conflicts(conflicts) => SaveFault::Conflicts(Box::new(conflicts)),
            })
        }
        Place::Journal(_) => Err(SaveFault::Journal),
        Place::Folder(_) => Err(SaveFault::Folder),
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
fn seed(programs: &[Source]) -> IdSeed {
    let mut hash = DefaultHasher::new();
    for program in programs {
        hash.write(program.text.as_bytes());
    }
    IdSeed::root().child(hash.finish() >> 1)
}
