//! Worlds on a remote, and `pleach clone`, `pleach fetch`, `pleach pull` and `pleach push`.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use pleach::env::{Conflicts, resolve};
use pleach::persist::remote::{OpenStoreError, is_store_url, open_store};
use pleach::persist::{Archive, ArchiveMergeError, Note, Progress, Remote, RemoteError, RemoteMergeError, RevisionId};
use pleach::{Atom, Environment};
use pleach_metta::References;

use crate::diagnostic;
use crate::escape::escaped;
use crate::merge::OnConflict;
use crate::outcome::Outcome;
use crate::world::{DEFAULT_BRANCH, LoadWorldError, WorldPath, name_or_default, open_archive};

/// Time for a push, unless the user says otherwise.
const PUSH_TIMEOUT: Duration = Duration::from_secs(60);

/// A branch, a tag or a revision on a remote, as the user names it: `s3://bucket/prefix@main`.
#[derive(std::clone::Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemotePath {
    url: String,
    name: Option<String>,
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
    fn open(&self) -> Result<Remote, RemoteWorldError> {
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
fn report(progress: Progress) {
    if progress.objects.is_multiple_of(100) {
        let (objects, needed, bytes) = (progress.objects, progress.needed, progress.bytes);
        diagnostic::note(format_args!("fetched {objects} of {needed} objects, {bytes} bytes"));
    }
}

/// Create an archive with all branches and tags of a remote.
///
/// A remote is where archives of several machines meet: s3://BUCKET/PREFIX, or file:PATH. Credentials and the endpoint of S3
/// are those of the environment variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and
/// AWS_ENDPOINT_URL; docs/remote.md has all.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach clone s3://bucket/project history
  pleach clone 's3://bucket/project?endpoint=http://localhost:8333' history")]
pub(crate) struct Clone {
    /// The remote.
    #[arg(value_name = "URL", value_parser = url)]
    remote: RemotePath,

    /// The folder of the new archive.
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
}

/// Fetch all branches and tags of a remote into an archive.
///
/// Creates those that the archive lacks, and leaves the others where they are: `pull` merges them.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach fetch history s3://bucket/project")]
pub(crate) struct Fetch {
    /// The archive.
    #[arg(value_name = "ARCHIVE")]
    world: WorldPath,

    /// The remote.
    #[arg(value_name = "URL", value_parser = url)]
    remote: RemotePath,
}

/// Merge a branch of a remote into that of an archive.
///
/// Exit code: 0, or 1 if both sides changed a state or a binding differently and `--on-conflict` doesn't decide, or 2 if the
/// remote or the archive could not be read or written.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach pull history@main s3://bucket/project")]
pub(crate) struct Pull {
    #[command(flatten)]
    arguments: MergeArgs,
}

/// Merge a branch of an archive with that of a remote, and move the latter to the result.
///
/// If other machines push at the same time, merges again until the time is over. A tag is created in the remote.
///
/// Exit code: 0, or 1 if both sides changed a state or a binding differently and `--on-conflict` doesn't decide, or 2 if the
/// remote or the archive could not be read or written.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach push history s3://bucket/project
  pleach push history@v1.0 s3://bucket/project")]
pub(crate) struct Push {
    #[command(flatten)]
    arguments: MergeArgs,

    /// Seconds after which the push fails, if other machines are faster each time or the remote can't be reached.
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    timeout: u32,
}

/// A branch of an archive, a remote, and what decides conflicts.
#[derive(Args)]
struct MergeArgs {
    /// ARCHIVE@BRANCH, or an archive (its branch `main`).
    #[arg(value_name = "ARCHIVE")]
    world: WorldPath,

    /// The remote.
    #[arg(value_name = "URL", value_parser = url)]
    remote: RemotePath,

    /// How to resolve a state or a binding that both sides changed differently.
    #[arg(long, value_enum, default_value_t = OnConflict::Fail)]
    on_conflict: OnConflict,
}

#[derive(Debug, thiserror::Error)]
#[error("expected the URL of a remote, s3://BUCKET/PREFIX or file:PATH, without a name")]
struct InvalidUrl;

fn url(text: &str) -> Result<RemotePath, InvalidUrl> {
    RemotePath::parse(text)
        .filter(|path| path.name.is_none())
        .ok_or(InvalidUrl)
}

fn branch_count(branches: usize) -> String {
    match branches {
        1 => "1 branch".to_owned(),
        _ => format!("{branches} branches"),
    }
}

impl Clone {
    pub(crate) fn run(&self) -> Outcome {
        let cloned = self.remote.open().and_then(|remote| {
            let archive = Archive::<Atom>::clone_with(&remote, &self.archive, References, report)?;
            Ok(archive.branches().map_err(RemoteError::Archive)?.len())
        });
        match cloned {
            Ok(branches) => {
                let archive = escaped(self.archive.display());
                let text = format!("{archive}: {}", branch_count(branches));
                Outcome::of_output(writeln!(io::stdout().lock(), "{text}"))
            }
            Err(error) => failure(format_args!("cannot clone {}", self.remote), &error),
        }
    }
}

impl Fetch {
    pub(crate) fn run(&self) -> Outcome {
        let (archive, _) = match local(&self.world) {
            Ok(found) => found,
            Err(error) => return failure_of_archive(&self.world, &error),
        };
        let fetched = self
            .remote
            .open()
            .and_then(|remote| Ok(archive.fetch_all(&remote, report)?));
        match fetched {
            Ok(()) => Outcome::Success,
            Err(error) => failure(format_args!("cannot fetch from {}", self.remote), &error),
        }
    }
}

impl Pull {
    pub(crate) fn run(&self) -> Outcome {
        self.arguments.run("pull from", |archive, remote, branch, on_conflict| {
            archive.pull_with(remote, branch, |_: &_| on_conflict.resolution())
        })
    }
}

impl Push {
    pub(crate) fn run(&self) -> Outcome {
        let timeout = Duration::from_secs(self.timeout.into());
        self.arguments.run("push to", |archive, remote, branch, on_conflict| {
            archive.push_with(remote, branch, timeout, |_: &_| on_conflict.resolution())
        })
    }
}

impl MergeArgs {
    fn run(
        &self,
        what: &str,
        merge: impl FnOnce(&Archive, &Remote, &str, OnConflict) -> Result<RevisionId, RemoteMergeError>,
    ) -> Outcome {
        let (archive, branch) = match local(&self.world) {
            Ok(found) => found,
            Err(error) => return failure_of_archive(&self.world, &error),
        };
        let merged = self
            .remote
            .open()
            .and_then(|remote| Ok(merge(&archive, &remote, &branch, self.on_conflict)?));
        match merged {
            Ok(_) => Outcome::Success,
            Err(error) => failure(format_args!("cannot {what} {}", self.remote), &error),
        }
    }
}

/// The archive on this machine, and the name of a branch or tag.
fn local(path: &WorldPath) -> Result<(Archive, String), LoadWorldError> {
    match path {
        WorldPath::Archive(folder, name) => {
            let name = name_or_default(name.as_deref())?;
            Ok((open_archive(folder)?, name.to_owned()))
        }
        WorldPath::Folder(_) => Err(LoadWorldError::Folder),
        WorldPath::File(path) if !path.exists() => Err(LoadWorldError::NotFound),
        WorldPath::File(_) => Err(LoadWorldError::FileNotArchive),
        WorldPath::Journal(_) => Err(LoadWorldError::JournalNotArchive),
        WorldPath::Remote(_) => Err(LoadWorldError::RemoteNotArchive),
    }
}

fn failure_of_archive(path: &WorldPath, error: &LoadWorldError) -> Outcome {
    diagnostic::error_from(path, error);
    Outcome::Failure
}

fn failure(what: impl fmt::Display, error: &RemoteWorldError) -> Outcome {
    diagnostic::error_from(what, error);
    match error {
        RemoteWorldError::Conflicts(_) => Outcome::ErrorFound,
        _ => Outcome::Failure,
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
