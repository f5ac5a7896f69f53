//! The files of a journal, and recovery from them.
//!
//! A log takes effect if a snapshot of its number exists, if it is number 0 and there is no snapshot, or if the log
//! before is sealed. So the last log is the first one that isn't sealed. The one after it may have been created when
//! the process stopped or the disk failed, and has no records then.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::format::{LOG_MAGIC, SNAPSHOT_MAGIC};
use super::log::{self, Predecessor};
use super::snapshot;
use crate::env::Environment;
use crate::persist::codec::Codec;
use crate::persist::disk::{self, File, FileKind};
use crate::persist::format::MAGIC as ENVIRONMENT_MAGIC;
use crate::term::Term;

/// Result of [`Journal::open`](crate::persist::Journal::open).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Number of records replayed. A record can hold several commits.
    pub records: u64,
    /// Number of bytes truncated at the end of the log: a torn record, which was not acknowledged. If records weren't
    /// synced one by one and the machine crashed, also all records after a missing one.
    pub torn: u64,
}

/// A file of a journal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JournalFile {
    Snapshot(u64),
    Log(u64),
}

impl JournalFile {
    fn parse(name: &str) -> Option<Self> {
        let (kind, digits) = name.split_once('-')?;
        let number: u64 = digits.parse().ok()?;
        match kind {
            // Only the canonical spelling of the number counts.
            _ if number.to_string() != digits => None,
            "snapshot" => Some(Self::Snapshot(number)),
            "log" => Some(Self::Log(number)),
            _ => None,
        }
    }

    pub(super) fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Snapshot(number) => format!("snapshot-{number}"),
            Self::Log(number) => format!("log-{number}"),
        })
    }

    /// The magic numbers that identify such a file.
    fn magics(self) -> &'static [[u8; 8]] {
        match self {
            // A snapshot of version 1 has that of an environment: it must be refused, not overlooked.
            Self::Snapshot(_) => &[SNAPSHOT_MAGIC, ENVIRONMENT_MAGIC],
            Self::Log(_) => &[LOG_MAGIC],
        }
    }

    /// Whether a regular file with such a magic number is at `path`.
    fn is_at(self, path: &Path) -> io::Result<bool> {
        if disk::status(path)?.is_none_or(|found| found.kind != FileKind::Regular) {
            return Ok(false);
        }
        // A writer may have removed it since.
        let Some(file) = File::find(path)? else {
            return Ok(false);
        };
        let mut found = Vec::new();
        (&file).take(8).read_to_end(&mut found)?;
        Ok(self.magics().iter().any(|magic| found == magic))
    }
}

/// The state that the files of a journal lead to.
pub(super) struct Recovered<T: Term> {
    pub(super) environment: Environment<T>,
    pub(super) recovery: Recovery,
    /// Number of the newest snapshot, or 0.
    pub(super) snapshot: u64,
    /// Number of the last log.
    pub(super) number: u64,
    /// The last log; `None` in a new journal.
    pub(super) last: Option<log::Replayed>,
}

pub(super) fn recover<T: Term>(folder: &Path, codec: &dyn Codec<T>) -> Result<Recovered<T>, JournalError> {
    let files = files(folder)?;
    let snapshot = newest_snapshot(&files);
    let mut environment = Environment::new();
    let path = JournalFile::Snapshot(snapshot).path(folder);
    let mut before = Predecessor::None;
    if snapshot > 0 {
        let (found, id) = snapshot::read(&path, snapshot, codec)?;
        (environment, before) = (found, Predecessor::Snapshot(&path, id));
    }
    let mut recovery = Recovery::default();
    let mut number = snapshot;
    let mut last = None;
    // A new journal has no log yet.
    if !files.is_empty() || disk::status(&JournalFile::Log(0).path(folder))?.is_some() {
        loop {
            let path = JournalFile::Log(number).path(folder);
            let found = match log::replay(&path, number, &before, &mut environment, codec) {
                Err(JournalError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(JournalError::Truncated(path));
                }
                found => found?,
            };
            recovery.records += found.records;
            recovery.torn = found.torn;
            let Some(end) = found.sealed else {
                check_next_is_empty(folder, number, &found)?;
                last = Some(found);
                break;
            };
            before = Predecessor::Log(found.id.journal, end);
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

/// # Errors
/// If the log after the last one has records, or was created when the last one was longer: then records of the last
/// one, or the mark at its end, are lost.
fn check_next_is_empty(folder: &Path, number: u64, found: &log::Replayed) -> Result<(), JournalError> {
    let Some(next) = number.checked_add(1) else {
        return Ok(());
    };
    let path = JournalFile::Log(next).path(folder);
    if !JournalFile::Log(next).is_at(&path)? {
        return Ok(());
    }
    let (has_records, length_before) = log::summary(&path, next)?;
    if has_records || length_before > found.length {
        return Err(JournalError::Truncated(JournalFile::Log(number).path(folder)));
    }
    Ok(())
}

/// Returns the files of the journal in a folder. Other files are ignored.
pub(super) fn files(folder: &Path) -> io::Result<Vec<JournalFile>> {
    let mut files = Vec::new();
    for entry in disk::entries(folder)? {
        if let Some(name) = entry.to_str().and_then(JournalFile::parse)
            && name.is_at(&folder.join(entry))?
        {
            files.push(name);
        }
    }
    Ok(files)
}

/// Returns the sorted names and the lengths of all files that may be the journal's, to detect concurrent writes.
pub(super) fn fingerprint(folder: &Path) -> io::Result<Vec<(OsString, u64)>> {
    let mut names = disk::entries(folder)?;
    names.retain(|name| name.to_str().and_then(JournalFile::parse).is_some());
    names.sort_unstable();
    let mut fingerprint = Vec::new();
    for name in names {
        if let Some(found) = disk::status(&folder.join(&name))? {
            fingerprint.push((name, found.length()));
        }
    }
    Ok(fingerprint)
}

fn newest_snapshot(files: &[JournalFile]) -> u64 {
    let numbers = files.iter().map(|file| match file {
        JournalFile::Snapshot(number) => *number,
        JournalFile::Log(_) => 0,
    });
    numbers.max().unwrap_or(0)
}

/// Removes files that the newest snapshot makes obsolete, and temporary files that a crash left. Ignores errors: a file
/// that stays, or is back after a crash, does no harm.
pub(super) fn remove_obsolete(folder: &Path, newest: u64) {
    for file in files(folder).unwrap_or_default() {
        let (JournalFile::Snapshot(number) | JournalFile::Log(number)) = file;
        if number < newest {
            let _ = disk::remove(&file.path(folder));
        }
    }
    for entry in disk::entries(folder).unwrap_or_default() {
        let name = entry.to_string_lossy();
        if (name.starts_with(".snapshot-") || name.starts_with(".log-")) && name.ends_with(".tmp") {
            let _ = disk::remove(&folder.join(&entry));
        }
    }
}
