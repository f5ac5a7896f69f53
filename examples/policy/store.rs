//! The current policy, shared with readers, and its history on disk.

use std::path::Path;
use std::sync::Mutex;

use pleach::env::{Environment, Patch};
use pleach::persist::{Archive, ArchiveError};
use pleach::shared::{Guard, SharedEnvironment};

use crate::policy::{self, PolicyError};

const BRANCH: &str = "main";

pub(crate) struct PolicyStore {
    /// The current policy. Readers load it, and never wait.
    current: SharedEnvironment,
    /// All policies, and a lock for those who change them: a policy is current once it is on disk.
    history: Mutex<Archive>,
}

/// A change of the policy.
pub(crate) struct AuditEntry {
    /// Who made it, and why.
    pub(crate) message: String,
    /// The statements that were added and removed.
    pub(crate) patch: Patch,
}

#[derive(Debug)]
pub(crate) enum StoreError {
    Policy(PolicyError),
    Archive(ArchiveError),
    Io(std::io::Error),
    /// There is no change to undo.
    NothingToUndo,
}

impl PolicyStore {
    /// Opens the policies in a folder: the last one is current, or an empty one, which allows nothing.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let history = Archive::open(folder)?;
        let current = if history.branches()?.contains_key(BRANCH) {
            history.checkout(BRANCH)?
        } else {
            let empty = Environment::new();
            history.commit(BRANCH, &empty, "begin")?;
            empty
        };
        Ok(Self {
            current: SharedEnvironment::new(current),
            history: Mutex::new(history),
        })
    }

    /// Returns the current policy, for one decision or several that must agree.
    pub(crate) fn current(&self) -> Guard {
        self.current.load()
    }

    /// Makes the policy in `text` the current one. An error changes nothing.
    pub(crate) fn reload(&self, text: &str, message: &str) -> Result<(), StoreError> {
        let new = policy::parse(text)?;
        self.change(message, |policy, _| Ok(policy.diff(&new)))
    }

    /// Undoes the last change, by a change that is the inverse.
    pub(crate) fn undo(&self, message: &str) -> Result<(), StoreError> {
        self.change(message, |_, history| {
            let revisions = history.log(BRANCH)?;
            let [last, before, ..] = &revisions[..] else {
                return Err(StoreError::NothingToUndo);
            };
            Ok(history.diff(&last.id.to_string(), &before.id.to_string())?)
        })
    }

    fn change(
        &self,
        message: &str,
        patch: impl FnOnce(&Environment, &Archive) -> Result<Patch, StoreError>,
    ) -> Result<(), StoreError> {
        let history = self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut policy = self.current.snapshot();
        let patch = patch(&policy, &history)?;
        policy.apply(&patch);
        history.commit(BRANCH, &policy, message)?;
        self.current.publish(&policy);
        Ok(())
    }

    /// Returns all changes, the last first.
    pub(crate) fn audit(&self) -> Result<Vec<AuditEntry>, StoreError> {
        let history = self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut entries = Vec::new();
        for revision in history.log(BRANCH)? {
            if let Some(parent) = revision.parents.first() {
                entries.push(AuditEntry {
                    patch: history.diff(&parent.to_string(), &revision.id.to_string())?,
                    message: revision.note.message,
                });
            }
        }
        Ok(entries)
    }
}

impl From<ArchiveError> for StoreError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<PolicyError> for StoreError {
    fn from(error: PolicyError) -> Self {
        Self::Policy(error)
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Policy(error) => error.fmt(f),
            Self::Archive(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::NothingToUndo => f.write_str("there is no change to undo"),
        }
    }
}

impl std::error::Error for StoreError {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::policy::{Decision, Request, decide};

    fn store(name: &str) -> (std::path::PathBuf, PolicyStore) {
        let folder = std::env::temp_dir().join(format!("pleach-policy-test-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let store = PolicyStore::open(&folder).unwrap();
        (folder, store)
    }

    fn allows(store: &PolicyStore, request: &str) -> bool {
        let request = Request::parse(request).unwrap();
        matches!(decide(&store.current(), &request), Decision::Allowed(_))
    }

    #[test]
    fn changes_are_audited_and_undone() {
        let (folder, store) = store("undo");
        assert!(matches!(store.undo("nothing"), Err(StoreError::NothingToUndo)));
        store.reload("(allow a read x)", "one").unwrap();
        store.reload("(allow b read x)", "two").unwrap();
        assert!(!allows(&store, "(a read x)") && allows(&store, "(b read x)"));
        let audit = store.audit().unwrap();
        assert_eq!(
            audit.iter().map(|entry| entry.message.as_str()).collect::<Vec<_>>(),
            ["two", "one"]
        );
        assert_eq!(audit[0].patch.to_string(), "-1 (allow a read x)\n+1 (allow b read x)\n");
        store.undo("three").unwrap();
        assert!(allows(&store, "(a read x)") && !allows(&store, "(b read x)"));
        drop(store);
        let store = PolicyStore::open(&folder).unwrap();
        assert!(allows(&store, "(a read x)"));
        assert_eq!(store.audit().unwrap().len(), 3);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_policy_with_an_error_changes_nothing() {
        let (folder, store) = store("error");
        store.reload("(allow a read x)", "one").unwrap();
        assert!(matches!(
            store.reload("(allow a read y) (permit", "bad"),
            Err(StoreError::Policy(_))
        ));
        assert!(allows(&store, "(a read x)") && !allows(&store, "(a read y)"));
        assert_eq!(store.audit().unwrap().len(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
