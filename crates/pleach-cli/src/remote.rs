//! Worlds on a remote, and the archive that caches each.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pleach::Environment;
use pleach::env::{Conflicts, resolve};
use pleach::persist::remote::{OpenStoreError, is_store_url, open_store};
use pleach::persist::{Archive, ArchiveMergeError, Note, Progress, Remote, RemoteError, RemoteMergeError, RevisionId};
use pleach_metta::References;

use crate::diagnostic;

/// The branch that an archive or a remote stands for where none is named.
pub(crate) const DEFAULT_BRANCH: &str = "main";

/// Time for a push, unless the user says otherwise.
const PUSH_TIMEOUT: Duration = Duration::from_secs(60);

/// A branch, a tag or a revision on a remote, as the user names it: `s3://bucket/prefix@main`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemotePath {
    pub(crate) url: String,
    pub(crate) name: Option<String>,
}

impl RemotePath {
    /// Splits at the last `@`, unless a part of a URL follows it; `None` if the text is no URL.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let split = text
            .rsplit_once('@')
            .filter(|(_, name)| !name.is_empty() && !name.contains(['/', '\\', '?', '&']));
        let (url, name) = split.map_or((text, None), |(url, name)| (url, Some(name.to_owned())));
        is_store_url(url).then(|| Self {
            url: url.to_owned(),
            name,
        })
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(DEFAULT_BRANCH)
    }

    /// The remote, without the archive that caches it.
    pub(crate) fn open(&self) -> Result<Remote, RemoteWorldError> {
        Ok(Remote::open(open_store(&self.url)?)?)
    }

    /// The remote and its cache.
    pub(crate) fn cached(&self) -> Result<CachedRemote, RemoteWorldError> {
        let remote = self.open()?;
        let folder = cache_folder(&self.url)?;
        let archive = Archive::open_with(&folder, References).map_err(RemoteError::Archive)?;
        Ok(CachedRemote {
            remote,
            archive,
            folder,
            name: self.name().to_owned(),
        })
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        self.name.iter().try_for_each(|name| write!(f, "@{name}"))
    }
}

/// The error of a world on a remote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteWorldError {
    #[error(transparent)]
    Url(#[from] OpenStoreError),
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("{0}")]
    Conflicts(Box<Conflicts>),
    #[error("no folder for what is fetched: set PLEACH_CACHE")]
    NoCache,
    #[error("cannot create the folder for what is fetched")]
    Cache(#[source] io::Error),
}

impl From<RemoteMergeError> for RemoteWorldError {
    fn from(error: RemoteMergeError) -> Self {
        match error {
            RemoteMergeError::Remote(error) => error.into(),
            RemoteMergeError::Conflicts(conflicts) => Self::Conflicts(Box::new(conflicts)),
        }
    }
}

/// The folder of the archive that keeps what was fetched from a remote: in PLEACH_CACHE, or else where programs of this user
/// keep such things.
fn cache_folder(url: &str) -> Result<PathBuf, RemoteWorldError> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let within = |name, folder: &str| Some(variable(name)?.join(folder));
    let folder = variable("PLEACH_CACHE")
        .or_else(|| within("XDG_CACHE_HOME", "pleach"))
        .or_else(|| within("LOCALAPPDATA", "pleach"))
        .or_else(|| within("HOME", ".cache/pleach"))
        .ok_or(RemoteWorldError::NoCache)?;
    fs::create_dir_all(&folder).map_err(RemoteWorldError::Cache)?;
    // A relative path is another one in another folder.
    let url = match url.strip_prefix("file:") {
        Some(path) if !path.starts_with('/') => {
            let path = std::path::absolute(path).map_err(RemoteWorldError::Cache)?;
            format!("file:{}", path.display())
        }
        _ => url.to_owned(),
    };
    let mut name = String::new();
    for byte in url.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name += &format!("%{byte:02x}");
        }
    }
    Ok(folder.join(name))
}

/// The file beside the archive that a process locks while it pushes.
fn lock_file(folder: &Path) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// A remote, and the archive that keeps what was fetched from it.
pub(crate) struct CachedRemote {
    remote: Remote,
    pub(crate) archive: Archive,
    folder: PathBuf,
    name: String,
}

impl CachedRemote {
    /// Fetches the revision that the user named.
    pub(crate) fn fetch(&self) -> Result<RevisionId, RemoteWorldError> {
        match self.archive.fetch_with(&self.remote, &self.name, report) {
            Err(RemoteError::Unknown(name)) => {
                // Or the id of a revision, of which all must be known, since it can be abbreviated.
                self.archive.fetch_all(&self.remote, report)?;
                let unknown = |_| RemoteError::Unknown(name);
                Ok(self.archive.find(&self.name).map_err(unknown)?)
            }
            fetched => Ok(fetched?),
        }
    }

    pub(crate) fn load(&self) -> Result<Environment, RemoteWorldError> {
        let revision = self.fetch()?;
        let checked_out = self.archive.checkout(&revision.to_string());
        Ok(checked_out.map_err(RemoteError::Archive)?)
    }

    /// Commits a state to the branch, and pushes it. One process at a time: what is on the branch in the cache is what the
    /// remote has, and then this commit.
    pub(crate) fn save(&self, environment: &Environment, note: Note) -> Result<(), RemoteWorldError> {
        let lock = File::create(lock_file(&self.folder)).map_err(RemoteWorldError::Cache)?;
        lock.lock().map_err(RemoteWorldError::Cache)?;
        let (archive, name) = (&self.archive, &*self.name);
        let tip = match archive.fetch_with(&self.remote, name, report) {
            Err(RemoteError::Unknown(_)) => None,
            fetched => Some(fetched?),
        };
        // Of an earlier push, which may have failed, or of a remote that was there before.
        if archive.branches().map_err(RemoteError::Archive)?.contains_key(name) {
            archive.remove_branch(name).map_err(RemoteError::Archive)?;
        }
        if let Some(tip) = tip {
            archive.branch(name, &tip.to_string()).map_err(RemoteError::Archive)?;
        }
        let committed = archive.commit_with(name, environment, note, resolve::fail);
        committed.map_err(|error| match error {
            ArchiveMergeError::Archive(error) => RemoteError::Archive(error).into(),
            ArchiveMergeError::Conflicts(conflicts) => RemoteWorldError::Conflicts(Box::new(conflicts)),
        })?;
        archive.push_with(&self.remote, name, PUSH_TIMEOUT, resolve::fail)?;
        Ok(())
    }

    pub(crate) fn branches(&self) -> Result<BTreeMap<String, RevisionId>, RemoteWorldError> {
        Ok(self.remote.branches()?)
    }

    pub(crate) fn tags(&self) -> Result<BTreeMap<String, RevisionId>, RemoteWorldError> {
        Ok(self.remote.tags()?)
    }
}

/// Nothing is shown of a fetch that is short; of a long one, a note for each hundred objects.
pub(crate) fn report(progress: Progress) {
    if progress.objects.is_multiple_of(100) {
        let (objects, needed, bytes) = (progress.objects, progress.needed, progress.bytes);
        diagnostic::note(format_args!("fetched {objects} of {needed} objects, {bytes} bytes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_the_last_at_sign() {
        let parse = |text: &str| RemotePath::parse(text).map(|path| (path.url, path.name));
        let path = |url: &str, name: Option<&str>| Some((url.to_owned(), name.map(str::to_owned)));
        assert_eq!(parse("s3://b/p"), path("s3://b/p", None));
        assert_eq!(parse("s3://b/p@main"), path("s3://b/p", Some("main")));
        let endpoint = "s3://b/p?endpoint=http://localhost:1";
        assert_eq!(parse(&format!("{endpoint}@v1.0")), path(endpoint, Some("v1.0")));
        assert_eq!(parse("file:/tmp/a@b/c"), path("file:/tmp/a@b/c", None));
        assert_eq!(parse("s3://b/p@"), path("s3://b/p@", None));
        assert_eq!(parse("history@main"), None);
    }
}
