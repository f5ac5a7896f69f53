//! The files of a journal, and what they lead to.
//!
//! A log counts if there is a snapshot of its number, or none and it is number 0, or if the log before has its end. So the
//! last log is the first one that has no end; the next may have been made when the process stopped, or the disk refused,
//! and then has no record.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::log::Before;
use super::{JournalError, Recovery, log, snapshot};
use crate::env::Environment;
use crate::persist::disk::{self, File, Kind};
use crate::persist::{Codec, MAGIC};
use crate::term::Term;

pub(super) fn file(folder: &Path, name: &str, number: u64) -> PathBuf {
    folder.join(format!("{name}-{number}"))
}

/// What the files of a journal lead to.
pub(super) struct Recovered<T: Term> {
    pub(super) environment: Environment<T>,
    pub(super) recovery: Recovery,
    /// The number of the newest snapshot, or 0, and that of the last log.
    pub(super) snapshot: u64,
    pub(super) number: u64,
    /// What was found in the last log; nothing in a new journal.
    pub(super) last: Option<log::Replayed>,
}

pub(super) fn recover<T: Term>(folder: &Path, codec: &dyn Codec<T>) -> Result<Recovered<T>, JournalError> {
    let files = files(folder)?;
    let snapshot = newest_snapshot(&files);
    let mut environment = Environment::new();
    let path = file(folder, "snapshot", snapshot);
    let mut before = Before::Nothing;
    if snapshot > 0 {
        let (found, start) = snapshot::read(&path, snapshot, codec)?;
        (environment, before) = (found, Before::Snapshot(&path, start));
    }
    let mut recovery = Recovery::default();
    let mut number = snapshot;
    let mut last = None;
    // One that is new has no log yet.
    if !files.is_empty() || disk::status(&file(folder, "log", 0))?.is_some() {
        loop {
            let path = file(folder, "log", number);
            let found = match log::replay(&path, number, &before, &mut environment, codec) {
                Err(JournalError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(JournalError::Cut(path));
                }
                found => found?,
            };
            recovery.records += found.records;
            recovery.torn = found.torn;
            let Some(end) = found.sealed else {
                must_be_empty(folder, number, &found)?;
                last = Some(found);
                break;
            };
            before = Before::Log(found.start.journal, end);
            number += 1;
        }
    }
    Ok(Recovered {
        environment,
        recovery,
        snapshot,
        number,
        last,
    })
}

/// The log after one that has no end has no record, and was made when that one was no longer than it is.
fn must_be_empty(folder: &Path, number: u64, found: &log::Replayed) -> Result<(), JournalError> {
    let Some(next) = number.checked_add(1) else {
        return Ok(());
    };
    let path = file(folder, "log", next);
    if !is_ours(&path, Name::Log(next))? {
        return Ok(());
    }
    let (has_records, length_before) = log::look(&path, next)?;
    if has_records || length_before > found.length {
        return Err(JournalError::Cut(file(folder, "log", number)));
    }
    Ok(())
}

/// A file of a journal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Snapshot(u64),
    Log(u64),
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        let (kind, digits) = name.split_once('-')?;
        let number: u64 = digits.parse().ok()?;
        match kind {
            // No other spelling of the number is ours.
            _ if number.to_string() != digits => None,
            "snapshot" => Some(Self::Snapshot(number)),
            "log" => Some(Self::Log(number)),
            _ => None,
        }
    }

    fn magics(self) -> &'static [[u8; 8]] {
        match self {
            // And that of version 1, which is refused, not overlooked.
            Self::Snapshot(_) => &[snapshot::MAGIC, MAGIC],
            Self::Log(_) => &[log::MAGIC],
        }
    }
}

/// The files of the journal in this folder: those of others are left alone.
pub(super) fn files(folder: &Path) -> io::Result<Vec<Name>> {
    let mut files = Vec::new();
    for entry in disk::entries(folder)? {
        if let Some(name) = entry.to_str().and_then(Name::parse)
            && is_ours(&folder.join(entry), name)?
        {
            files.push(name);
        }
    }
    Ok(files)
}

/// The names of all files that may be the journal's, in order, and how long each is.
pub(super) fn stamp(folder: &Path) -> io::Result<Vec<(OsString, u64)>> {
    let mut names = disk::entries(folder)?;
    names.retain(|name| name.to_str().and_then(Name::parse).is_some());
    names.sort_unstable();
    let mut stamp = Vec::new();
    for name in names {
        if let Some(found) = disk::status(&folder.join(&name))? {
            stamp.push((name, found.length()));
        }
    }
    Ok(stamp)
}

/// Does this file begin so? One that isn't there, or no regular one, doesn't.
fn is_ours(path: &Path, name: Name) -> io::Result<bool> {
    if disk::status(path)?.is_none_or(|found| found.kind != Kind::Regular) {
        return Ok(false);
    }
    // A writer may just have removed it.
    let Some(file) = File::find(path)? else {
        return Ok(false);
    };
    let mut found = Vec::new();
    (&file).take(8).read_to_end(&mut found)?;
    Ok(name.magics().iter().any(|magic| found == magic))
}

fn newest_snapshot(files: &[Name]) -> u64 {
    let numbers = files.iter().map(|name| match name {
        Name::Snapshot(number) => *number,
        Name::Log(_) => 0,
    });
    numbers.max().unwrap_or(0)
}

/// Removes what a newer snapshot has made useless, and what a crash left of one or of a log. What can't be removed, or is
/// there again after a crash, is only useless.
pub(super) fn remove_before(folder: &Path, snapshot: u64) {
    for name in files(folder).unwrap_or_default() {
        match name {
            Name::Snapshot(number) if number < snapshot => drop(disk::remove(&file(folder, "snapshot", number))),
            Name::Log(number) if number < snapshot => drop(disk::remove(&file(folder, "log", number))),
            Name::Snapshot(_) | Name::Log(_) => {}
        }
    }
    for entry in disk::entries(folder).unwrap_or_default() {
        let name = entry.to_string_lossy();
        if (name.starts_with(".snapshot-") || name.starts_with(".log-")) && name.ends_with(".tmp") {
            let _ = disk::remove(&folder.join(&entry));
        }
    }
}
