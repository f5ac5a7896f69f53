//! Where a session's world is saved, and what isn't saved yet.

use std::collections::BTreeMap;

use pleach::Environment;

use super::forks::Forks;
use crate::diff::Difference;
use crate::world::{SaveWorldError, WorldPath, note};

/// The saved world that a session works on, if any, and what was saved so far.
pub(super) struct Saves {
    /// Where `:save` saves by default: the world of `--world`, else that of the first `:save`.
    path: Option<WorldPath>,
    /// The last state of each fork that was loaded or saved.
    saved: BTreeMap<String, Environment>,
}

/// The error of a save without a world to save to.
#[derive(Debug, thiserror::Error)]
#[error(":save needs a WORLD, since the session started without --world")]
pub(super) struct NoWorld;

impl Saves {
    /// A session that starts from the world of `path`.
    pub(super) fn new(path: Option<WorldPath>, forks: &Forks) -> Self {
        Self {
            path,
            saved: BTreeMap::from([(forks.name().to_owned(), forks.world().clone())]),
        }
    }

    pub(super) fn path(&self) -> Option<&WorldPath> {
        self.path.as_ref()
    }

    /// Returns the path that the user gave, or the default one.
    pub(super) fn path_or_default(&self, given: Option<WorldPath>) -> Result<WorldPath, NoWorld> {
        given.or_else(|| self.path.clone()).ok_or(NoWorld)
    }

    /// Saves the current fork.
    pub(super) fn save(&mut self, forks: &Forks, path: &WorldPath) -> Result<(), SaveWorldError> {
        path.save(forks.world(), note(""))?;
        self.path.get_or_insert_with(|| path.clone());
        self.mark_saved(forks);
        Ok(())
    }

    fn mark_saved(&mut self, forks: &Forks) {
        self.saved.insert(forks.name().to_owned(), forks.world().clone());
    }

    /// Returns the names of the forks with unsaved changes, the current one first. A session without a saved world has none.
    /// O(changes) for each pair of a fork and a save.
    pub(super) fn unsaved<'a>(&self, forks: &'a Forks) -> Vec<&'a str> {
        if self.path.is_none() {
            return Vec::new();
        }
        let unsaved = forks.iter().filter(|(name, world)| !self.is_saved(name, world));
        unsaved.map(|(name, _)| name).collect()
    }

    fn is_saved(&self, fork: &str, world: &Environment) -> bool {
        self.saved.iter().any(|(name, saved)| {
            // A fork that was merged into one that was saved isn't lost. A fork that was saved and then undone is. The union
            // with an ancestor is the very same snapshot.
            let is_merged = name != fork && saved.union(world).ptr_eq(saved);
            is_merged || Difference::between(saved, world).is_empty()
        })
    }
}

#[cfg(test)]
mod tests {
    use pleach::Atom;

    use super::*;
    use crate::repl::forks::ForkError;

    fn session(path: Option<&str>) -> (Forks, Saves) {
        let forks = Forks::new(Environment::new());
        let saves = Saves::new(path.map(|path| WorldPath::File(path.into())), &forks);
        (forks, saves)
    }

    fn add(forks: &mut Forks, fact: &'static str) {
        forks.world_mut().add_fact(Atom::symbol(fact));
    }

    #[test]
    fn forks_merged_into_a_saved_one_are_saved() -> Result<(), ForkError> {
        let (mut forks, mut saves) = session(Some("unused"));
        assert_eq!(saves.unsaved(&forks), [""; 0]);
        add(&mut forks, "a");
        forks.fork("side".to_owned())?;
        add(&mut forks, "b");
        assert_eq!(saves.unsaved(&forks), ["side", "main"]);
        saves.mark_saved(&forks);
        assert_eq!(saves.unsaved(&forks), [""; 0]);

        forks.switch("main".to_owned())?;
        add(&mut forks, "c");
        assert_eq!(saves.unsaved(&forks), ["main"]);
        forks.switch("side".to_owned())?;
        forks.merge("main")?;
        assert_eq!(saves.unsaved(&forks), ["side", "main"]);
        saves.mark_saved(&forks);
        assert_eq!(saves.unsaved(&forks), [""; 0]);
        Ok(())
    }

    #[test]
    fn a_fork_undone_after_it_was_saved_is_unsaved() {
        let (mut forks, mut saves) = session(Some("unused"));
        add(&mut forks, "a");
        let before = forks.clone();
        add(&mut forks, "b");
        saves.mark_saved(&forks);
        assert_eq!(saves.unsaved(&before), ["main"]);
        // Equal contents count, whatever led to them.
        forks.world_mut().remove_fact(&Atom::symbol("b"));
        assert_eq!(saves.unsaved(&forks), ["main"]);
        add(&mut forks, "b");
        assert_eq!(saves.unsaved(&forks), [""; 0]);
    }

    #[test]
    fn a_session_without_a_world_has_no_unsaved_changes() {
        let (mut forks, saves) = session(None);
        add(&mut forks, "a");
        assert_eq!(saves.unsaved(&forks), [""; 0]);
        assert!(saves.path_or_default(None).is_err());
    }
}
