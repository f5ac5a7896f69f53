//! `pleach merge`.

use std::ffi::{OsStr, OsString};

use clap::{Args, ValueEnum};
use pleach::Environment;
use pleach::env::{Conflicts, Resolution};
use pleach::persist::ArchiveMergeError;

use crate::diagnostic;
use crate::outcome::Outcome;
use crate::remote::DEFAULT_BRANCH;
use crate::world::{LoadWorldError, SaveWorldError, WorldPath, is_same_file, name_or_default, note, open_archive};

/// Merge two saved worlds that have a common ancestor, or two branches of an archive.
///
/// Common atoms count once: the merged world has each atom as often as OURS, plus what THEIRS added to BASE, minus what it
/// removed. Rules keep the order of OURS; new rules of THEIRS come last. For branches of an archive, BASE is known.
///
/// Exit code: 0, or 1 if both sides changed a state or a binding differently, or one removed a space that the other changed, and `--on-conflict` doesn't decide, or 2 if a
/// world could not be loaded or saved.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach merge base.pleach ours.pleach theirs.pleach -o merged.pleach
  pleach merge history@main experiment -m 'the experiment worked'")]
pub(crate) struct Merge {
    /// BASE, OURS and THEIRS; or ARCHIVE@BRANCH and the branch to merge into it.
    #[arg(required = true, num_args = 2..=3, value_name = "WORLD")]
    worlds: Vec<OsString>,

    /// Where to save the merged world: a file, or ARCHIVE@BRANCH.
    #[arg(short, long, value_name = "WORLD")]
    output: Option<WorldPath>,

    /// How to resolve a state or a binding that both sides changed differently.
    #[arg(long, value_enum, default_value_t = OnConflict::Fail)]
    on_conflict: OnConflict,

    /// Message of the revision, shown by `log`.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum OnConflict {
    /// Report the conflicts, and merge nothing.
    Fail,
    /// Take the state, binding or space of OURS.
    Ours,
    /// Take the state, binding or space of THEIRS.
    Theirs,
}

impl OnConflict {
    pub(crate) fn resolution(self) -> Resolution {
        match self {
            Self::Fail => Resolution::Fail,
            Self::Ours => Resolution::Ours,
            Self::Theirs => Resolution::Theirs,
        }
    }
}

/// The error of a merge.
#[derive(Debug, thiserror::Error)]
enum MergeError {
    #[error("three worlds and an output are expected, or two branches of an archive")]
    Usage,
    #[error("cannot load {0}")]
    Load(WorldPath, #[source] Box<LoadWorldError>),
    #[error("cannot save {0}")]
    Save(WorldPath, #[source] Box<SaveWorldError>),
    #[error("{0}")]
    Conflicts(Box<Conflicts>),
}

impl Merge {
    pub(crate) fn run(&self) -> Outcome {
        let merged = match (&self.worlds[..], &self.output) {
            ([base, ours, theirs], Some(output)) => self.files([base, ours, theirs], output),
            ([into, from], None) => self.branches(into, from),
            _ => Err(MergeError::Usage),
        };
        match merged {
            Ok(()) => Outcome::Success,
            Err(error) => {
                diagnostic::error_with_sources(&error);
                match error {
                    MergeError::Conflicts(_) => Outcome::ErrorFound,
                    _ => Outcome::Failure,
                }
            }
        }
    }

    fn files(&self, worlds: [&OsStr; 3], output: &WorldPath) -> Result<(), MergeError> {
        let cannot_save = |error| MergeError::Save(output.clone(), Box::new(error));
        output.check_writable().map_err(cannot_save)?;
        let load = |world: &OsStr| -> Result<Environment, MergeError> {
            let path = WorldPath::from(world.to_owned());
            path.load().map_err(|error| MergeError::Load(path, Box::new(error)))
        };
        let [base, mut ours, mut theirs] = [load(worlds[0])?, load(worlds[1])?, load(worlds[2])?];
        // Any of the three can be a revision. With all as ancestors, the save can merge with a branch that moved on.
        ours.record_merge(&base);
        theirs.record_merge(&base);
        let merged = ours
            .union_with(&theirs, |_| self.on_conflict.resolution())
            .map_err(|conflicts| MergeError::Conflicts(Box::new(conflicts)))?;
        output.save(&merged, note(&self.message)).map_err(cannot_save)
    }

    fn branches(&self, into: &OsStr, from: &OsStr) -> Result<(), MergeError> {
        let path = WorldPath::from(into.to_owned());
        let WorldPath::Archive(folder, branch) = &path else {
            return Err(MergeError::Usage);
        };
        let cannot_load = |error| MergeError::Load(path.clone(), Box::new(error));
        let branch = name_or_default(branch.as_deref()).map_err(|error| cannot_load(error.into()))?;
        // Either `history@fix` or just `fix`.
        let from = match WorldPath::from(from.to_owned()) {
            WorldPath::Archive(other, name) if is_same_file(&other, folder) => {
                name.unwrap_or_else(|| DEFAULT_BRANCH.into())
            }
            _ => from.to_owned(),
        };
        let from = name_or_default(Some(&from)).map_err(|error| cannot_load(error.into()))?;
        let merged = open_archive(folder)
            .map(|archive| {
                let resolve = |_: &_| self.on_conflict.resolution();
                archive.merge_with(branch, from, note(&self.message), resolve)
            })
            .map_err(cannot_load)?;
        match merged {
            Ok(_) => Ok(()),
            Err(ArchiveMergeError::Archive(error)) => Err(cannot_load(LoadWorldError::Archive(error))),
            Err(ArchiveMergeError::Conflicts(conflicts)) => Err(MergeError::Conflicts(Box::new(conflicts))),
        }
    }
}
