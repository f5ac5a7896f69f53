//! Saved worlds, as the user names them: `world.pleach`, `archive`, `archive@name`, `journal`, `s3://bucket/prefix@name`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pleach::env::{Conflicts, resolve};
use pleach::persist::{
    self, Archive, ArchiveError, ArchiveMergeError, Journal, JournalError, LoadError, Note, RemoteError, SaveError,
};
use pleach::{Atom, Environment};
use pleach_metta::References;

use crate::diagnostic;
use crate::plural::plural;
use crate::remote::{DEFAULT_BRANCH, RemotePath, RemoteWorldError};

/// The first bytes of a saved world.
const MAGIC: &[u8] = b"\x89pleach\n";

/// The location of a saved world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WorldPath {
    File(PathBuf),
    /// An archive, which need not exist, and the name of a branch, a tag or a revision.
    Archive(PathBuf, Option<OsString>),
    Journal(PathBuf),
    /// A folder that holds neither an archive nor a journal.
    Folder(PathBuf),
    /// A branch, a tag or a revision on a remote.
    Remote(RemotePath),
}

impl From<OsString> for WorldPath {
    /// Looks at the file system, unless the text is the URL of a remote: a file with an `@` in its name is a file.
    fn from(text: OsString) -> Self {
        if let Some(remote) = text.to_str().and_then(RemotePath::parse) {
            return Self::Remote(remote);
        }
        let path = Path::new(&text);
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => Self::File(text.into()),
            // An error is reported when the folder is opened.
            Ok(_) if Archive::<Atom>::is_in(path).unwrap_or(true) => Self::Archive(path.to_owned(), None),
            Ok(_) if Journal::<Atom>::is_in(path).unwrap_or(true) => Self::Journal(path.to_owned()),
            Ok(_) => Self::Folder(path.to_owned()),
            // A name too long for a file may name a branch, and is an error there.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidFilename) => {
                match split_at_sign(&text) {
                    Some((folder, name)) if !folder.is_empty() => {
                        Self::Archive(folder.to_owned().into(), Some(name.to_owned()))
                    }
                    _ => Self::File(text.into()),
                }
            }
            // The error is reported when the file is opened.
            Err(_) => Self::File(text.into()),
        }
    }
}

/// Splits at the last `@`, unless a path separator follows it.
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

/// Returns whether two paths lead to the same existing file or folder.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

impl fmt::Display for WorldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Journal(path) | Self::Folder(path) | Self::Archive(path, None) => {
                path.display().fmt(f)
            }
            Self::Archive(path, Some(name)) => write!(f, "{}@{}", path.display(), name.display()),
            Self::Remote(remote) => remote.fmt(f),
        }
    }
}

/// The error for a name that can't be in an archive.
#[derive(Debug, thiserror::Error)]
#[error("the name after `@` isn't UTF-8, as names of branches, tags and revisions are")]
pub(crate) struct NonUtf8Name;

/// Returns the name of a branch, a tag or a revision, by default that of the default branch.
pub(crate) fn name_or_default(name: Option<&OsStr>) -> Result<&str, NonUtf8Name> {
    name.map_or(Ok(DEFAULT_BRANCH), |name| name.to_str().ok_or(NonUtf8Name))
}

/// The error of a world that can't be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadWorldError {
    #[error(transparent)]
    File(LoadError),
    #[error(transparent)]
    Archive(ArchiveError),
    #[error(transparent)]
    Journal(JournalError),
    #[error(transparent)]
    Name(#[from] NonUtf8Name),
    #[error("no archive or journal found")]
    NotFound,
    #[error("the folder holds neither an archive nor a journal")]
    Folder,
    #[error("a file, not an archive")]
    FileNotArchive,
    #[error("a journal, not an archive")]
    JournalNotArchive,
    #[error("a remote, not an archive on this machine")]
    RemoteNotArchive,
    #[error(transparent)]
    Remote(#[from] RemoteWorldError),
}

impl LoadWorldError {
    /// Returns whether a world exists and is corrupt.
    pub(crate) fn is_corruption(&self) -> bool {
        match self {
            Self::File(error) => matches!(error, LoadError::Corrupt { .. }),
            Self::Archive(error) => matches!(
                error,
                ArchiveError::Load { .. } | ArchiveError::Misnamed(_) | ArchiveError::Missing(_)
            ),
            Self::Journal(error) => matches!(error, JournalError::Load { .. } | JournalError::Truncated(_)),
            Self::Remote(error) => matches!(
                error,
                RemoteWorldError::Remote(
                    RemoteError::Corrupt { .. } | RemoteError::Tampered(_) | RemoteError::Missing(_)
                )
            ),
            Self::Name(_)
            | Self::NotFound
            | Self::Folder
            | Self::FileNotArchive
            | Self::JournalNotArchive
            | Self::RemoteNotArchive => false,
        }
    }
}

/// The error of a world that can't be saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveWorldError {
    #[error(transparent)]
    File(SaveError),
    #[error(transparent)]
    Archive(ArchiveError),
    #[error(transparent)]
    Name(#[from] NonUtf8Name),
    #[error("the file isn't a saved world, and isn't overwritten")]
    ForeignFile,
    #[error("the folder isn't an archive; to create one in it, name a branch: FOLDER@main")]
    Folder,
    #[error("only the program that owns a journal writes to it")]
    Journal,
    #[error("the branch has moved on, and {0}; start again from its tip, or save to another branch and merge that")]
    Conflicts(Box<Conflicts>),
    #[error(transparent)]
    Remote(#[from] RemoteWorldError),
}

impl WorldPath {
    pub(crate) fn load(&self) -> Result<Environment, LoadWorldError> {
        match self {
            Self::File(path) => Environment::load_with(path, &References).map_err(LoadWorldError::File),
            Self::Archive(folder, name) => {
                let name = name_or_default(name.as_deref())?;
                let archive = open_archive(folder)?;
                archive.checkout(name).map_err(LoadWorldError::Archive)
            }
            Self::Journal(folder) => Journal::read(folder, &References)
                .map(|(environment, _)| environment)
                .map_err(LoadWorldError::Journal),
            Self::Folder(folder) => match fs::read_dir(folder) {
                Ok(_) => Err(LoadWorldError::Folder),
                Err(error) => Err(LoadWorldError::File(error.into())),
            },
            Self::Remote(remote) => Ok(remote.cached()?.load()?),
        }
    }

    /// Checks that a world can be saved here, as far as that can be known before programs run.
    pub(crate) fn check_writable(&self) -> Result<(), SaveWorldError> {
        match self {
            Self::File(path) => match may_overwrite(path) {
                Ok(true) => persist::probe(path).map_err(SaveWorldError::File),
                Ok(false) => Err(SaveWorldError::ForeignFile),
                Err(error) => Err(SaveWorldError::File(error.into())),
            },
            Self::Archive(folder, _) if Journal::<Atom>::is_in(folder).unwrap_or(false) => Err(SaveWorldError::Journal),
            Self::Archive(folder, name) => {
                let branch = name_or_default(name.as_deref())?;
                Archive::<Atom>::probe(folder, branch).map_err(SaveWorldError::Archive)
            }
            Self::Journal(_) => Err(SaveWorldError::Journal),
            Self::Folder(_) => Err(SaveWorldError::Folder),
            // One request, which needs the credentials.
            Self::Remote(remote) => Ok(remote.cached().map(drop)?),
        }
    }

    /// Saves a world: replaces a file, or adds a revision to a branch. If the branch has moved on, merges with its tip. A
    /// branch on a remote is pushed to.
    pub(crate) fn save(&self, environment: &Environment, note: Note) -> Result<(), SaveWorldError> {
        self.check_writable()?;
        match self {
            Self::File(path) => environment.save_with(path, &References).map_err(SaveWorldError::File),
            Self::Archive(folder, name) => {
                let branch = name_or_default(name.as_deref())?;
                let committed = Archive::<Atom>::open_with(folder, References)
                    .map(|archive| archive.on_wait(report_wait))
                    .map_err(ArchiveMergeError::Archive)
                    .and_then(|archive| archive.commit_with(branch, environment, note, resolve::fail));
                committed.map(drop).map_err(|error| match error {
                    ArchiveMergeError::Archive(error) => SaveWorldError::Archive(error),
                    ArchiveMergeError::Conflicts(conflicts) => SaveWorldError::Conflicts(Box::new(conflicts)),
                })
            }
            Self::Journal(_) => Err(SaveWorldError::Journal),
            Self::Folder(_) => Err(SaveWorldError::Folder),
            Self::Remote(remote) => Ok(remote.cached()?.save(environment, note)?),
        }
    }
}

/// Returns whether the path is free, or leads to an empty file or a saved world.
fn may_overwrite(path: &Path) -> io::Result<bool> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        found => found?,
    };
    if !found.is_file() {
        // Opening a pipe would block.
        return Ok(false);
    }
    let mut head = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head.is_empty() || head == MAGIC)
}

/// Returns the note of a revision made now.
pub(crate) fn note(message: &str) -> Note {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Note {
        message: message.to_owned(),
        time: since.ok().map(|since| since.as_secs()),
    }
}

/// Opens an existing archive.
pub(crate) fn open_archive(folder: &Path) -> Result<Archive, LoadWorldError> {
    if !Archive::<Atom>::is_in(folder).unwrap_or(true) {
        return Err(LoadWorldError::NotFound);
    }
    let archive = Archive::<Atom>::open_with(folder, References).map_err(LoadWorldError::Archive)?;
    Ok(archive.on_wait(report_wait))
}

fn report_wait() {
    diagnostic::note("waiting for another process that writes to this archive; Ctrl-C ends this one");
}

/// Reads a journal and describes it.
pub(crate) fn journal_summary(folder: &Path) -> Result<String, LoadWorldError> {
    let (world, recovery) = Journal::<Atom>::read(folder, &References).map_err(LoadWorldError::Journal)?;
    let mut text = format!(
        "{}, {} since the last snapshot",
        plural(world.len(), "atom"),
        plural(recovery.records, "record"),
    );
    if recovery.torn > 0 {
        text += &format!(", a torn write of {}", plural(recovery.torn, "byte"));
    }
    Ok(text)
}
