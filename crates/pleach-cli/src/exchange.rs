//! `pleach clone`, `pleach fetch`, `pleach pull` and `pleach push`.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pleach::Atom;
use pleach::persist::{Archive, Remote, RemoteError, RemoteMergeError, RevisionId};
use pleach_metta::References;

use crate::diagnostic;
use crate::escape::escaped;
use crate::merge::OnConflict;
use crate::outcome::Outcome;
use crate::remote::{RemotePath, RemoteWorldError, report};
use crate::world::{LoadWorldError, WorldPath, name_or_default, open_archive};

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
        WorldPath::File(path) => Err(
            match path.try_exists().map_err(|error| LoadWorldError::File(error.into()))? {
                true => LoadWorldError::FileNotArchive,
                false => LoadWorldError::NotFound,
            },
        ),
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
