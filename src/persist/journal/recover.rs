//! The files of a journal, and what they lead to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{JournalError, Recovery, SyncPolicy, log};
use crate::env::Environment;
use crate::persist::file::sync_folder;
use crate::persist::{Codec, disk};
use crate::term::Term;

pub(super) fn file(folder: &Path, name: &str, number: u64) -> PathBuf {
    folder.join(format!("{name}-{number}"))
}

/// The number that a file of this name has.
fn number(file: &str, name: &str) -> Option<u64> {
    file.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

/// What the files of a journal lead to.
pub(super) struct Recovered<T: Term> {
    pub(super) environment: Environment<T>,
    pub(super) recovery: Recovery,
    /// The number of the newest snapshot, or 0, and that of the last log.
    pub(super) snapshot: u64,
    pub(super) number: u64,
    /// What was found in the last log, if it is there.
    pub(super) last: Option<log::Replayed>,
}

pub(super) fn recover<T: Term>(
    folder: &Path,
    sync: SyncPolicy,
    codec: &dyn Codec<T>,
) -> Result<Recovered<T>, JournalError> {
    let (snapshot, logs) = newest(folder)?;
    let logs = logs.unwrap_or(0);
    let mut environment = Environment::new();
    if snapshot > 0 {
        let path = file(folder, "snapshot", snapshot);
        environment = Environment::load_with(&path, codec).map_err(|error| JournalError::Load { path, error })?;
    }
    let mut recovery = Recovery::default();
    let mut number = snapshot;
    let last = loop {
        let path = file(folder, "log", number);
        if !path.exists() {
            if number < logs {
                return Err(JournalError::Cut(path));
            }
            break None;
        }
        let found = log::replay(&path, number, &mut environment, codec, sync)?;
        recovery.records += found.records;
        recovery.torn = found.torn;
        if number >= logs {
            break Some(found);
        }
        if found.torn > 0 {
            return Err(JournalError::Cut(path));
        }
        number += 1;
    };
    Ok(Recovered {
        environment,
        recovery,
        snapshot,
        number,
        last,
    })
}

/// The numbers of the newest snapshot, or 0, and of the newest log.
pub(super) fn newest(folder: &Path) -> io::Result<(u64, Option<u64>)> {
    let (mut snapshot, mut log) = (0, None);
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        snapshot = snapshot.max(number(&name, "snapshot").unwrap_or(0));
        log = log.max(number(&name, "log"));
    }
    Ok((snapshot, log))
}

/// Removes what a newer snapshot has made useless, and what a crash left of one. What can't be removed is only useless.
pub(super) fn remove_before(folder: &Path, snapshot: u64) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let old = |kind| number(&name, kind).is_some_and(|number| number < snapshot);
        if old("snapshot") || old("log") || (name.starts_with(".snapshot-") && name.ends_with(".tmp")) {
            let _ = disk::remove(&entry.path());
        }
    }
    let _ = sync_folder(&file(folder, "log", snapshot));
}
