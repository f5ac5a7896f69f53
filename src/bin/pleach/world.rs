//! Saved worlds, as the user names them: `world.pleach`, `archive`, `archive@name`, `journal`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use pleach::Environment;
use pleach::eval::References;
use pleach::persist::{Archive, ArchiveError, Journal, JournalError, LoadError};

/// The branch that is meant where none is named.
pub(crate) const MAIN: &str = "main";

/// Where a world is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// An archive, and the name of a branch, a tag or a revision in it, if one is named.
    Archive(PathBuf, Option<String>),
    Journal(PathBuf),
}

impl From<OsString> for Place {
    /// Names of files need not be text.
    fn from(text: OsString) -> Self {
        let path = Path::new(&text);
        // What can't be looked at is told of by whoever reads it next.
        if Archive::<pleach::Atom>::is_in(path).unwrap_or(false) {
            Self::Archive(path.to_owned(), None)
        } else if path.is_dir() {
            Self::Journal(path.to_owned())
        } else {
            match split_at_sign(&text) {
                // No file whose name happens to have that sign.
                Some((folder, name)) if !path.exists() && !folder.is_empty() && !name.contains(['/', '\\']) => {
                    Self::Archive(folder.into(), Some(name.to_owned()))
                }
                _ => Self::File(text.into()),
            }
        }
    }
}

/// What is before the last `@`, and what is after it, if that is text.
fn split_at_sign(text: &OsStr) -> Option<(&OsStr, &str)> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let bytes = text.as_bytes();
        let at = bytes.iter().rposition(|byte| *byte == b'@')?;
        let (folder, name) = bytes.split_at_checked(at)?;
        Some((OsStr::from_bytes(folder), std::str::from_utf8(name.get(1..)?).ok()?))
    }
    #[cfg(not(unix))]
    {
        let (folder, name) = text.to_str()?.rsplit_once('@')?;
        Some((OsStr::new(folder), name))
    }
}

/// Do two paths lead to the same folder?
pub(crate) fn is_same_folder(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Journal(path) | Self::Archive(path, None) => path.display().fmt(f),
            Self::Archive(path, Some(name)) => write!(f, "{}@{name}", path.display()),
        }
    }
}

/// Why a world can't be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadFault {
    #[error("{0}")]
    File(#[source] LoadError),
    #[error("{0}")]
    Archive(#[source] ArchiveError),
    #[error("{0}")]
    Journal(#[source] JournalError),
    #[error("there is no archive, and no journal")]
    Nothing,
}

impl LoadFault {
    /// Is something there, and damaged?
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::File(error) => matches!(error, LoadError::Corrupt { .. }),
            Self::Archive(error) => matches!(
                error,
                ArchiveError::Load { .. } | ArchiveError::Misnamed(_) | ArchiveError::Missing(_)
            ),
            Self::Journal(error) => matches!(error, JournalError::Load { .. } | JournalError::Cut(_)),
            Self::Nothing => false,
        }
    }
}

impl Place {
    pub(crate) fn load(&self) -> Result<Environment, LoadFault> {
        match self {
            Self::File(path) => Environment::load_with(path, &References).map_err(LoadFault::File),
            Self::Archive(folder, name) => {
                let archive = archive(folder)?;
                let name = name.as_deref().unwrap_or(MAIN);
                archive.checkout(name).map_err(LoadFault::Archive)
            }
            Self::Journal(folder) if Journal::<pleach::Atom>::is_in(folder).unwrap_or(true) => {
                Journal::read(folder, &References)
                    .map(|(environment, _)| environment)
                    .map_err(LoadFault::Journal)
            }
            Self::Journal(_) => Err(LoadFault::Nothing),
        }
    }
}

/// An archive that is there.
pub(crate) fn archive(folder: &Path) -> Result<Archive, LoadFault> {
    if !Archive::<pleach::Atom>::is_in(folder).unwrap_or(true) {
        return Err(LoadFault::Nothing);
    }
    Archive::open_with(folder, References).map_err(LoadFault::Archive)
}
