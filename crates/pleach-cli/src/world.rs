//! Saved worlds, as the user names them: `world.pleach`, `archive`, `archive@name`, `journal`.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use pleach::Environment;
use pleach::persist::{Archive, ArchiveError, Journal, JournalError, LoadError};
use pleach_metta::References;

use crate::diagnostic::{self, with_sources};

/// The branch that is meant where none is named.
pub(crate) const MAIN: &str = "main";

/// Where a world is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// An archive, and the name of a branch, a tag or a revision in it, if one is named. The archive need not be there.
    Archive(PathBuf, Option<OsString>),
    Journal(PathBuf),
    /// A folder that holds neither.
    Folder(PathBuf),
}

impl From<OsString> for Place {
    /// Names of files need not be text.
    fn from(text: OsString) -> Self {
        let path = Path::new(&text);
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => Self::File(text.into()),
            // Opening it reports why it can't be looked at.
            Ok(_) if Archive::<pleach::Atom>::is_in(path).unwrap_or(true) => Self::Archive(path.to_owned(), None),
            Ok(_) if Journal::<pleach::Atom>::is_in(path).unwrap_or(true) => Self::Journal(path.to_owned()),
            Ok(_) => Self::Folder(path.to_owned()),
            // A name that is too long for a file may be that of a branch: it is refused as such.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidFilename) => {
                match split_at_sign(&text) {
                    Some((folder, name)) if !folder.is_empty() => {
                        Self::Archive(folder.to_owned().into(), Some(name.to_owned()))
                    }
                    _ => Self::File(text.into()),
                }
            }
            // Opening it reports what is wrong.
            Err(_) => Self::File(text.into()),
        }
    }
}

/// What is before the last `@`, and what is after it, if that can't be the rest of a path.
fn split_at_sign(text: &OsStr) -> Option<(&OsStr, &OsStr)> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let bytes = text.as_bytes();
        let at = bytes.iter().rposition(|byte| *byte == b'@')?;
        let (folder, name) = bytes.split_at_checked(at)?;
        let name = name
            .get(1..)
            .filter(|name| !name.contains(&b'/') && !name.contains(&b'\\'))?;
        Some((OsStr::from_bytes(folder), OsStr::from_bytes(name)))
    }
    #[cfg(not(unix))]
    {
        let (folder, name) = text.to_str()?.rsplit_once('@')?;
        Some((OsStr::new(folder), OsStr::new(name))).filter(|_| !name.contains(['/', '\\']))
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
            Self::File(path) | Self::Journal(path) | Self::Folder(path) | Self::Archive(path, None) => {
                path.display().fmt(f)
            }
            Self::Archive(path, Some(name)) => write!(f, "{}@{}", path.display(), name.display()),
        }
    }
}

/// What can't be the name of anything in an archive.
#[derive(Debug, thiserror::Error)]
#[error("what follows the `@` is not UTF-8, as the names of branches, tags and revisions are")]
pub(crate) struct NotText;

/// The name of a branch, a tag or a revision that is meant.
pub(crate) fn name_or_main(name: Option<&OsStr>) -> Result<&str, NotText> {
    name.map_or(Ok(MAIN), |name| name.to_str().ok_or(NotText))
}

/// Why a world can't be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadFault {
    #[error("{}", with_sources(.0))]
    File(LoadError),
    #[error("{}", with_sources(.0))]
    Archive(ArchiveError),
    #[error("{}", with_sources(.0))]
    Journal(JournalError),
    #[error("there is no archive, and no journal")]
    Nothing,
    #[error("this is a folder, with no archive and no journal in it")]
    Folder,
    #[error("this is a file, and no archive")]
    NoArchive,
    #[error("this is a journal, and no archive")]
    Journals,
    #[error(transparent)]
    Name(#[from] NotText),
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
            Self::Journal(error) => matches!(error, JournalError::Load { .. } | JournalError::Truncated(_)),
            Self::Nothing | Self::Folder | Self::NoArchive | Self::Journals | Self::Name(_) => false,
        }
    }
}

impl Place {
    pub(crate) fn load(&self) -> Result<Environment, LoadFault> {
        match self {
            Self::File(path) => Environment::load_with(path, &References).map_err(LoadFault::File),
            Self::Archive(folder, name) => {
                let name = name_or_main(name.as_deref())?;
                let archive = archive(folder)?;
                archive.checkout(name).map_err(LoadFault::Archive)
            }
            Self::Journal(folder) => Journal::read(folder, &References)
                .map(|(environment, _)| environment)
                .map_err(LoadFault::Journal),
            Self::Folder(folder) => match fs::read_dir(folder) {
                Ok(_) => Err(LoadFault::Folder),
                Err(error) => Err(LoadFault::File(error.into())),
            },
        }
    }
}

/// An archive that is there.
pub(crate) fn archive(folder: &Path) -> Result<Archive, LoadFault> {
    if !Archive::<pleach::Atom>::is_in(folder).unwrap_or(true) {
        return Err(LoadFault::Nothing);
    }
    let archive = Archive::<pleach::Atom>::open_with(folder, References).map_err(LoadFault::Archive)?;
    Ok(archive.on_wait(say_that_it_waits))
}

/// Says why nothing goes on.
pub(crate) fn say_that_it_waits() {
    diagnostic::note("waiting for another process that writes to this archive; Ctrl-C ends the wait");
}
