//! `pleach log`, `pleach branches`, `pleach branch` and `pleach tag`: the revisions and names of archives.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};

use clap::Args;
use pleach::persist::{Archive, ArchiveError, Revision, RevisionId};

use crate::diagnostic;
use crate::escape::escaped;
use crate::outcome::Outcome;
use crate::remote::RemotePath;
use crate::world::{LoadWorldError, WorldPath, journal_summary, name_or_default, open_archive};

/// Show the history of a world in an archive, newest revision first.
///
/// One line for each revision: an abbreviated id, the time (UTC), the number of atoms, branches and tags, the message. After
/// `@`, each of the names and any unambiguous prefix of an id is accepted. For a journal, shows its size.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach log history
  pleach log history@v1.0")]
pub(crate) struct Log {
    /// ARCHIVE@NAME, an archive (its branch `main`), URL@NAME on a remote, or the folder of a journal.
    #[arg(value_name = "WORLD")]
    world: WorldPath,
}

/// List the branches and tags of an archive or a remote.
///
/// A corrupt name can be removed by `branch --delete` or `tag --delete`.
///
/// Exit code: 0, or 1 if the file of a name is corrupt, or 2 if the archive could not be read.
#[derive(Args)]
pub(crate) struct Branches {
    /// The archive, or the URL of a remote.
    #[arg(value_name = "ARCHIVE")]
    world: WorldPath,
}

/// Create a branch of an archive: a name that moves on with each revision saved to it.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach branch history@main experiment
  pleach branch history experiment --delete")]
pub(crate) struct Branch {
    #[command(flatten)]
    name: NameArgs,
}

/// Create a tag of an archive: a fixed name for one revision.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach tag history@main v1.0
  pleach tag history v1.0 --delete")]
pub(crate) struct Tag {
    #[command(flatten)]
    name: NameArgs,
}

/// The name to create or delete.
#[derive(Args)]
struct NameArgs {
    /// The archive, or ARCHIVE@NAME for a revision other than that of `main`.
    #[arg(value_name = "ARCHIVE")]
    world: WorldPath,

    /// The new name.
    name: String,

    /// Delete the name. `verify --prune` then removes the files that no other name reaches.
    #[arg(long)]
    delete: bool,
}

impl Log {
    pub(crate) fn run(&self) -> Outcome {
        if let WorldPath::Journal(folder) = &self.world {
            return match journal_summary(folder) {
                Ok(text) => Outcome::of_output(writeln!(io::stdout().lock(), "{text}")),
                Err(error) => failure(&self.world, &error),
            };
        }
        let found = match &self.world {
            WorldPath::Remote(remote) => log_of_remote(remote),
            world => open(world).and_then(|(archive, name)| {
                let log = archive.log(name).map_err(LoadWorldError::Archive)?;
                Ok((log, names(&archive).map_err(LoadWorldError::Archive)?))
            }),
        };
        match found {
            Ok((log, names)) => {
                let mut out = BufWriter::new(io::stdout().lock());
                let printed = log
                    .iter()
                    .try_for_each(|revision| writeln!(out, "{}", line(revision, &names)));
                Outcome::of_output(printed.and_then(|()| out.flush()))
            }
            Err(error) => failure(&self.world, &error),
        }
    }
}

impl Branches {
    pub(crate) fn run(&self) -> Outcome {
        let found = match &self.world {
            WorldPath::Remote(remote) => names_of_remote(remote),
            world => open(world).and_then(|(archive, _)| {
                let branches = archive.branches().map_err(LoadWorldError::Archive)?;
                Ok((branches, archive.tags().map_err(LoadWorldError::Archive)?))
            }),
        };
        match found {
            Ok((branches, tags)) => {
                let mut out = BufWriter::new(io::stdout().lock());
                let kinds = [("branch", branches), ("tag", tags)];
                let mut corrupt = false;
                let mut names = kinds
                    .iter()
                    .flat_map(|(kind, names)| names.iter().map(move |name| (kind, name)));
                let printed = names.try_for_each(|(kind, (name, id))| match id {
                    Ok(id) => writeln!(out, "{kind:<7} {} {}", abbreviated(*id), escaped(name)),
                    Err(error) => {
                        corrupt = true;
                        diagnostic::error_from(format_args!("{kind} {name}"), error);
                        Ok(())
                    }
                });
                match Outcome::of_output(printed.and_then(|()| out.flush())) {
                    Outcome::Success if corrupt => Outcome::ErrorFound,
                    outcome => outcome,
                }
            }
            Err(error) => failure(&self.world, &error),
        }
    }
}

impl Branch {
    pub(crate) fn run(&self) -> Outcome {
        self.name.run(Archive::branch, Archive::remove_branch)
    }
}

impl Tag {
    pub(crate) fn run(&self) -> Outcome {
        self.name.run(Archive::tag, Archive::remove_tag)
    }
}

impl NameArgs {
    fn run(
        &self,
        create: impl Fn(&Archive, &str, &str) -> Result<RevisionId, ArchiveError>,
        remove: impl Fn(&Archive, &str) -> Result<(), ArchiveError>,
    ) -> Outcome {
        let done = open(&self.world).and_then(|(archive, revision)| {
            let done = if self.delete {
                remove(&archive, &self.name)
            } else {
                create(&archive, &self.name, revision).map(drop)
            };
            done.map_err(LoadWorldError::Archive)
        });
        match done {
            Ok(()) => Outcome::Success,
            Err(error) => failure(&self.world, &error),
        }
    }
}

fn failure(path: &WorldPath, error: &LoadWorldError) -> Outcome {
    diagnostic::error_from(path, error);
    Outcome::Failure
}

/// Opens the archive. Returns it with the name of the revision.
fn open(path: &WorldPath) -> Result<(Archive, &str), LoadWorldError> {
    match path {
        WorldPath::Archive(folder, name) => {
            let name = name_or_default(name.as_deref())?;
            Ok((open_archive(folder)?, name))
        }
        WorldPath::Folder(_) => Err(LoadWorldError::Folder),
        WorldPath::File(path) => match fs::metadata(path) {
            Ok(_) => Err(LoadWorldError::FileNotArchive),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(LoadWorldError::NotFound),
            Err(error) => Err(LoadWorldError::File(error.into())),
        },
        WorldPath::Journal(_) => Err(LoadWorldError::JournalNotArchive),
        WorldPath::Remote(_) => Err(LoadWorldError::RemoteNotArchive),
    }
}

/// The branches or the tags of an archive or a remote.
type Names = BTreeMap<String, Result<RevisionId, ArchiveError>>;

fn names_of_remote(remote: &RemotePath) -> Result<(Names, Names), LoadWorldError> {
    let remote = remote.cached()?;
    let named = |names: BTreeMap<_, _>| names.into_iter().map(|(name, id)| (name, Ok(id))).collect();
    Ok((named(remote.branches()?), named(remote.tags()?)))
}

/// The history of a revision of a remote, and the names of its revisions.
fn log_of_remote(path: &RemotePath) -> Result<(Vec<Revision>, NamesOfRevisions), LoadWorldError> {
    let remote = path.cached()?;
    let revision = remote.fetch()?;
    let log = remote
        .archive
        .log(&revision.to_string())
        .map_err(LoadWorldError::Archive)?;
    let (branches, tags) = names_of_remote(path)?;
    Ok((log, by_revision(branches.into_iter().chain(tags))))
}

/// The branches and tags of each revision.
type NamesOfRevisions = BTreeMap<RevisionId, Vec<String>>;

fn names(archive: &Archive) -> Result<NamesOfRevisions, ArchiveError> {
    Ok(by_revision(archive.branches()?.into_iter().chain(archive.tags()?)))
}

fn by_revision(names: impl Iterator<Item = (String, Result<RevisionId, ArchiveError>)>) -> NamesOfRevisions {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, id) in names {
        // `branches` and `verify` report corrupt names.
        if let Ok(id) = id {
            found.entry(id).or_default().push(name);
        }
    }
    found
}

fn abbreviated(id: RevisionId) -> String {
    let mut digits = id.to_string();
    digits.truncate(12);
    digits
}

fn line(revision: &Revision, names: &NamesOfRevisions) -> String {
    let time = revision.note.time.map_or_else(|| " ".repeat(19), date);
    let mut line = format!("{}  {time}  {:>9}", abbreviated(revision.id), revision.atoms);
    if let Some(names) = names.get(&revision.id) {
        line += &format!("  ({})", escaped(names.join(", ")));
    }
    if let [_, other, ..] = revision.parents[..] {
        line += &format!("  merge of {}", abbreviated(other));
    }
    if let Some(first) = revision.note.message.lines().next() {
        line += &format!("  {}", escaped(first));
    }
    line
}

/// Formats seconds since 1970 as `2026-11-23 20:11:05`.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March, so that a leap day comes last. 400 years always have the same number of days.
    let since = days + 719_468;
    let (era, day) = (since / 146_097, since % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (
        day - (153 * month + 2) / 5 + 1,
        if month < 10 { month + 3 } else { month - 9 },
    );
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_follow_the_gregorian_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (1_735_689_599, "2024-12-31 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }
}
