//! `pleach log`, `pleach branches`, `pleach branch` and `pleach tag`: what archives keep.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use clap::Args;
use pleach::persist::{Archive, ArchiveError, Journal, Revision, RevisionId};

use crate::Outcome;
use crate::diagnostic::{self, with_sources};
use crate::escape::escaped;
use crate::load::printed_to_the_end;
use crate::world::{LoadFault, Place, archive, name_or_main};

/// Show the history of a world in an archive, the latest revision first.
///
/// A line for each: how its id begins, when it was made (UTC), how many atoms it has, the names that stand for it,
/// what was said about it. Any of the names and the beginning of the id will do after the `@`. Of a journal, shows
/// what it holds.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach log history
  pleach log history@v1.0")]
pub(crate) struct Log {
    /// ARCHIVE@NAME, an archive (its branch `main`), or the folder of a journal.
    #[arg(value_name = "WORLD")]
    world: Place,
}

/// List the branches and tags of an archive.
///
/// Exits with 0; with 1 if the file of a name is damaged; with 2 if the archive could not be read. `branch --delete` and
/// `tag --delete` remove a damaged name too.
#[derive(Args)]
pub(crate) struct Branches {
    /// The archive.
    #[arg(value_name = "ARCHIVE")]
    world: Place,
}

/// Make a branch of an archive: a name that moves on with each revision that is saved to it.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach branch history@main experiment
  pleach branch history experiment --delete")]
pub(crate) struct Branch {
    #[command(flatten)]
    naming: Naming,
}

/// Make a tag of an archive: a name that goes on standing for one revision.
#[derive(Args)]
#[command(after_help = "Examples:
  pleach tag history@main v1.0
  pleach tag history v1.0 --delete")]
pub(crate) struct Tag {
    #[command(flatten)]
    naming: Naming,
}

#[derive(Args)]
struct Naming {
    /// The archive, or ARCHIVE@NAME for another revision than that of `main`.
    #[arg(value_name = "ARCHIVE")]
    world: Place,

    /// The new name.
    name: String,

    /// Remove the name. What nothing leads to any more is removed by `verify --prune`.
    #[arg(long)]
    delete: bool,
}

impl Log {
    pub(crate) fn run(&self) -> Outcome {
        if let Place::Journal(folder) = &self.world {
            return match journal(folder) {
                Ok(text) => printed_to_the_end(writeln!(io::stdout().lock(), "{text}")),
                Err(fault) => failed(&self.world, &fault),
            };
        }
        let found = open(&self.world).and_then(|(archive, name)| {
            let log = archive.log(name).map_err(LoadFault::Archive)?;
            Ok((log, names(&archive).map_err(LoadFault::Archive)?))
        });
        match found {
            Ok((log, names)) => {
                let mut out = BufWriter::new(io::stdout().lock());
                let printed = log
                    .iter()
                    .try_for_each(|revision| writeln!(out, "{}", line(revision, &names)));
                printed_to_the_end(printed.and_then(|()| out.flush()))
            }
            Err(fault) => failed(&self.world, &fault),
        }
    }
}

fn journal(folder: &std::path::Path) -> Result<String, LoadFault> {
    let read = Journal::<pleach::Atom>::read(folder, &pleach_metta::References);
    let (world, recovery) = read.map_err(LoadFault::Journal)?;
    Ok(format!(
        "{} atoms\n{} records since the last snapshot\n{} bytes torn off the end",
        world.len(),
        recovery.records,
        recovery.torn
    ))
}

impl Branches {
    pub(crate) fn run(&self) -> Outcome {
        let found = open(&self.world).and_then(|(archive, _)| {
            let branches = archive.branches().map_err(LoadFault::Archive)?;
            Ok((branches, archive.tags().map_err(LoadFault::Archive)?))
        });
        match found {
            Ok((branches, tags)) => {
                let mut out = BufWriter::new(io::stdout().lock());
                let kinds = [("branch", branches), ("tag", tags)];
                let mut damaged = false;
                let mut names = kinds
                    .iter()
                    .flat_map(|(kind, names)| names.iter().map(move |name| (kind, name)));
                let printed = names.try_for_each(|(kind, (name, id))| match id {
                    Ok(id) => writeln!(out, "{kind:<7} {} {}", short(*id), escaped(name)),
                    Err(fault) => {
                        damaged = true;
                        diagnostic::error(format_args!("{kind} {name}: {}", with_sources(fault)));
                        Ok(())
                    }
                });
                match printed_to_the_end(printed.and_then(|()| out.flush())) {
                    Outcome::Fine if damaged => Outcome::ErrorFound,
                    outcome => outcome,
                }
            }
            Err(fault) => failed(&self.world, &fault),
        }
    }
}

impl Branch {
    pub(crate) fn run(&self) -> Outcome {
        self.naming.run(Archive::branch, Archive::remove_branch)
    }
}

impl Tag {
    pub(crate) fn run(&self) -> Outcome {
        self.naming.run(Archive::tag, Archive::remove_tag)
    }
}

impl Naming {
    fn run(
        &self,
        make: impl Fn(&Archive, &str, &str) -> Result<RevisionId, ArchiveError>,
        remove: impl Fn(&Archive, &str) -> Result<(), ArchiveError>,
    ) -> Outcome {
        let done = open(&self.world).and_then(|(archive, revision)| {
            let done = if self.delete {
                remove(&archive, &self.name)
            } else {
                make(&archive, &self.name, revision).map(drop)
            };
            done.map_err(LoadFault::Archive)
        });
        match done {
            Ok(()) => Outcome::Fine,
            Err(fault) => failed(&self.world, &fault),
        }
    }
}

fn failed(place: &Place, fault: &LoadFault) -> Outcome {
    diagnostic::error(format_args!("{place}: {fault}"));
    Outcome::Failed
}

/// The archive, and the revision that is meant.
fn open(place: &Place) -> Result<(Archive, &str), LoadFault> {
    match place {
        Place::Archive(folder, name) => {
            let name = name_or_main(name.as_deref())?;
            Ok((archive(folder)?, name))
        }
        Place::Folder(_) => Err(LoadFault::Folder),
        Place::File(path) => match std::fs::metadata(path) {
            Ok(_) => Err(LoadFault::NoArchive),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(LoadFault::Nothing),
            Err(error) => Err(LoadFault::File(error.into())),
        },
        Place::Journal(_) => Err(LoadFault::Journals),
    }
}

fn names(archive: &Archive) -> Result<BTreeMap<RevisionId, Vec<String>>, ArchiveError> {
    let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, id) in archive.branches()?.into_iter().chain(archive.tags()?) {
        // `branches` and `verify` tell of what is damaged; it's not what was asked here.
        if let Ok(id) = id {
            names.entry(id).or_default().push(name);
        }
    }
    Ok(names)
}

fn short(id: RevisionId) -> String {
    let mut digits = id.to_string();
    digits.truncate(12);
    digits
}

fn line(revision: &Revision, names: &BTreeMap<RevisionId, Vec<String>>) -> String {
    let time = revision.note.time.map_or_else(|| " ".repeat(19), date);
    let mut line = format!("{}  {time}  {:>9}", short(revision.id), revision.atoms);
    if let Some(names) = names.get(&revision.id) {
        line += &format!("  ({})", escaped(names.join(", ")));
    }
    if let [_, other, ..] = revision.parents[..] {
        line += &format!("  merge of {}", short(other));
    }
    if let Some(first) = revision.note.message.lines().next() {
        line += &format!("  {}", escaped(first));
    }
    line
}

/// `2026-11-23 20:11:05`, of seconds since 1970.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March, so that the day that is there or not comes last; and 400 of them have as many days each
    // time.
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
    fn dates_are_those_of_the_calendar() {
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
