//! Journals: a folder with a fuzzed log opens, or is an error and stays unchanged.

use std::fs;
use std::path::Path;

use pleach::Atom;
use pleach::persist::{Journal, JournalError, LoadError, NoCodec, SyncPolicy};

use super::folder;
use super::forge;

/// Opens journals with the bytes as their log, as they are and with valid checksums.
pub fn run(data: &[u8]) {
    folder::with(|folder| {
        open(folder, data, SyncPolicy::Never);
        open(folder, &forge::log(data), SyncPolicy::Always);
    });
}

fn open(folder: &Path, bytes: &[u8], sync: SyncPolicy) {
    let log = folder.join("log-0");
    fs::write(&log, bytes).expect("a file can be written");
    let open = || Journal::<Atom>::open_with(folder, sync, NoCodec);
    let (journal, found) = match open() {
        Ok(opened) => opened,
        Err(error) => {
            match error {
                JournalError::Load {
                    source: LoadError::Corrupt { offset, .. },
                    ..
                } => assert!(offset <= bytes.len() as u64),
                // The log states that another follows, or that it was longer.
                JournalError::Truncated(_) => {}
                error => panic!("{error}"),
            }
            assert!(
                fs::read(&log).expect("the log is there") == bytes,
                "what is refused stays as it is"
            );
            return;
        }
    };
    assert!(found.torn <= bytes.len() as u64);
    journal.load().check();
    let fact = Atom::symbol("a fact");
    let before = journal.load().multiplicity(&fact);
    let added = journal.update(|world| world.add_fact(fact.clone()));
    added.expect("what was opened can be written");
    let state = journal.snapshot();
    assert_eq!(state.multiplicity(&fact), before.saturating_add(1));
    drop(journal);

    let (journal, again) = open().expect("what was written can be opened");
    assert_eq!(again.torn, 0);
    assert_eq!(again.records, found.records + u64::from(before < u64::MAX));
    let found = journal.snapshot();
    assert!(found == state && found.diff(&state).is_empty());
    drop(journal);
}
