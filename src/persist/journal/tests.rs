//! What can't be brought about from outside: a disk that refuses to write, and to undo it.

use super::{Journal, JournalError, file};
use crate::Atom;

#[test]
fn a_broken_log_is_left_for_a_new_one() {
    let folder = std::env::temp_dir().join(format!("pleach-broken-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let (journal, _) = Journal::<Atom>::open(&folder).unwrap();
    let add = |journal: &Journal, name: &str| journal.update(|env| env.add_fact(Atom::symbol(name)));
    add(&journal, "acknowledged").unwrap();
    journal.inner.lock().log.fail(&file(&folder, "log", 0)).unwrap();

    assert!(matches!(add(&journal, "refused"), Err(JournalError::Io(_))));
    assert!(matches!(add(&journal, "refused too"), Err(JournalError::Broken)));
    assert!(matches!(journal.sync(), Err(JournalError::Broken)));
    // A crash now would leave what was acknowledged.
    assert_eq!(
        std::fs::metadata(file(&folder, "log", 0)).unwrap().len(),
        journal.log_length()
    );

    journal.compact().unwrap();
    add(&journal, "after").unwrap();
    drop(journal);
    let (journal, recovery) = Journal::<Atom>::open(&folder).unwrap();
    assert_eq!((recovery.records, recovery.torn, journal.load().len()), (1, 0, 4));
    drop(journal);
    std::fs::remove_dir_all(&folder).unwrap();
}
