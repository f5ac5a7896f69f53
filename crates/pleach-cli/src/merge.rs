//! `pleach merge`.

use std::ffi::{OsStr, OsString};

use clap::{Args, ValueEnum};
use pleach::Environment;
use pleach::env::{Conflicts, Resolution};
use pleach::persist::ArchiveMergeError;

use crate::save::{check, note, save};
use crate::world::{LoadFault, MAIN, Place, archive, is_same_folder, name_or_main};
use crate::{Outcome, diagnostic};

/// Merge two saved worlds that come from a third, or two branches of an archive.
///
/// What both inherited counts once: each atom is there as often as in OURS, and as often more, or less, as in THEIRS
/// than in BASE. Rules keep the order of OURS; new ones of THEIRS come last. An archive knows what its branches come
/// from. Exits with 0; with 1 if both sides changed a state or a binding differently, and nothing says which one is to
/// be taken; with 2 if a world could not be loaded or saved.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach merge base.pleach ours.pleach theirs.pleach -o merged.pleach
  pleach merge history@main experiment -m 'the experiment worked'")]
pub(crate) struct Merge {
    /// BASE, OURS and THEIRS; or ARCHIVE@BRANCH, and what is to be merged into that branch.
    #[arg(required = true, num_args = 2..=3, value_name = "WORLD")]
    worlds: Vec<OsString>,

    /// Where the merged world goes: a file, or ARCHIVE@BRANCH.
    #[arg(short, long, value_name = "WORLD")]
    output: Option<Place>,

    /// What to do about a state or a binding that both sides changed differently.
    #[arg(long, value_enum, default_value_t = OnConflict::Fail)]
    on_conflict: OnConflict,

    /// What to say about the merge in the log of the archive.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnConflict {
    /// Say so, and merge nothing.
    Fail,
    /// Keep what OURS has.
    Ours,
    /// Take what THEIRS has.
    Theirs,
}

impl OnConflict {
    fn resolution(self) -> Resolution {
        match self {
            Self::Fail => Resolution::Fail,
            Self::Ours => Resolution::Ours,
            Self::Theirs => Resolution::Theirs,
        }
    }
}

/// Why there is no merge.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("three worlds and an output are expected, or two branches of an archive")]
    Usage,
    #[error("cannot load {0}: {1}")]
    Load(Place, #[source] LoadFault),
    #[error("cannot save {0}: {1}")]
    Save(Place, #[source] crate::save::SaveFault),
    #[error("{0}")]
    Conflicts(Box<Conflicts>),
}

impl Merge {
    pub(crate) fn run(&self) -> Outcome {
        let merged = match (&self.worlds[..], &self.output) {
            ([base, ours, theirs], Some(output)) => self.files([base, ours, theirs], output),
            ([into, from], None) => self.branches(into, from),
            _ => Err(Fault::Usage),
        };
        match merged {
            Ok(()) => Outcome::Fine,
            Err(fault) => {
                diagnostic::error(&fault);
                match fault {
                    Fault::Conflicts(_) => Outcome::ErrorFound,
                    _ => Outcome::Failed,
                }
            }
        }
    }

    fn files(&self, worlds: [&OsStr; 3], output: &Place) -> Result<(), Fault> {
        check(output).map_err(|fault| Fault::Save(output.clone(), fault))?;
        let load = |world: &OsStr| -> Result<Environment, Fault> {
            let place = Place::from(world.to_owned());
            place.load().map_err(|fault| Fault::Load(place, fault))
        };
        let [base, mut ours, theirs] = [load(worlds[0])?, load(worlds[1])?, load(worlds[2])?];
        ours.apply_with(&base.diff(&theirs), |_| self.on_conflict.resolution())
            .map_err(|conflicts| Fault::Conflicts(Box::new(conflicts)))?;
        // If any of them is a revision, what the merged world is saved over must not have gone on from that one.
        ours.record_merge(&theirs);
        ours.record_merge(&base);
        save(output, &ours, note(&self.message)).map_err(|fault| Fault::Save(output.clone(), fault))?;
        Ok(())
    }

    fn branches(&self, into: &OsStr, from: &OsStr) -> Result<(), Fault> {
        let place = Place::from(into.to_owned());
        let Place::Archive(folder, branch) = &place else {
            return Err(Fault::Usage);
        };
        let branch = name_or_main(branch.as_deref()).map_err(|fault| Fault::Load(place.clone(), fault.into()))?;
        // `history@fix` or just `fix`.
        let from = match Place::from(from.to_owned()) {
            Place::Archive(other, name) if is_same_folder(&other, folder) => name.unwrap_or_else(|| MAIN.into()),
            _ => from.to_owned(),
        };
        let from = name_or_main(Some(&from)).map_err(|fault| Fault::Load(place.clone(), fault.into()))?;
        let failed = |fault| Fault::Load(place.clone(), fault);
        let merged = archive(folder)
            .map(|archive| {
                let resolve = |_: &_| self.on_conflict.resolution();
                archive.merge_with(branch, from, note(&self.message), resolve)
            })
            .map_err(failed)?;
        match merged {
            Ok(_) => Ok(()),
            Err(ArchiveMergeError::Archive(error)) => Err(failed(LoadFault::Archive(error))),
            Err(ArchiveMergeError::Conflicts(conflicts)) => Err(Fault::Conflicts(Box::new(conflicts))),
        }
    }
}
