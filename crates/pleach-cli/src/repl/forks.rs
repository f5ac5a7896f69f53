//! The forks of a session.

use std::collections::BTreeMap;
use std::iter;
use std::mem;

use pleach::Environment;
use pleach::env::{Cell, Conflict, Subject, resolve};

use crate::escape::escaped;

/// The name of the first fork.
pub(super) const MAIN: &str = "main";

/// Named forks of a world, one of which is current. A clone costs O(number of forks).
#[derive(Clone)]
pub(super) struct Forks {
    name: String,
    world: Environment,
    others: BTreeMap<String, Environment>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ForkError {
    #[error("there is no fork {0}; :forks lists the forks")]
    NotFound(String),
    #[error("there is already a fork {0}; :switch {0} makes it current")]
    Exists(String),
    #[error("{0} is the current fork")]
    Current(String),
    #[error("the name of a fork is a single word")]
    InvalidName,
    #[error("there is no space {0}; :names lists the spaces")]
    NoSpace(String),
    #[error("there is no space, state or binding {0}; :names lists them")]
    NoName(String),
}

/// The result of a merge.
pub(super) struct Merged {
    /// Number of changes to the current fork.
    pub(super) changes: usize,
    /// States and bindings that both forks changed. The other fork's values were taken.
    pub(super) conflicts: Vec<Subject>,
}

impl Forks {
    pub(super) fn new(world: Environment) -> Self {
        Self {
            name: MAIN.to_owned(),
            world,
            others: BTreeMap::new(),
        }
    }

    /// Returns the name of the current fork.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the current fork.
    pub(super) fn world(&self) -> &Environment {
        &self.world
    }

    pub(super) fn world_mut(&mut self) -> &mut Environment {
        &mut self.world
    }

    /// Iterates over all forks, the current one first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Environment)> {
        let others = self.others.iter().map(|(name, world)| (name.as_str(), world));
        iter::once((self.name.as_str(), &self.world)).chain(others)
    }

    /// Returns a fork other than the current one.
    pub(super) fn other(&self, name: &str) -> Result<&Environment, ForkError> {
        match self.others.get(name) {
            Some(world) => Ok(world),
            None if name == self.name => Err(ForkError::Current(name.to_owned())),
            None => Err(ForkError::NotFound(name.to_owned())),
        }
    }

    /// Forks the current world, and makes the new fork current.
    pub(super) fn fork(&mut self, name: String) -> Result<(), ForkError> {
        if name.contains(char::is_whitespace) {
            return Err(ForkError::InvalidName);
        }
        if name == self.name || self.others.contains_key(&name) {
            return Err(ForkError::Exists(name));
        }
        let from = mem::replace(&mut self.name, name);
        self.others.insert(from, self.world.clone());
        Ok(())
    }

    /// Makes another fork current.
    pub(super) fn switch(&mut self, name: String) -> Result<(), ForkError> {
        if name == self.name {
            return Ok(());
        }
        let Some(world) = self.others.remove(&name) else {
            return Err(ForkError::NotFound(name));
        };
        let left_name = mem::replace(&mut self.name, name);
        let left = mem::replace(&mut self.world, world);
        self.others.insert(left_name, left);
        Ok(())
    }

    /// Merges another fork into the current one.
    pub(super) fn merge(&mut self, name: &str) -> Result<Merged, ForkError> {
        let other = self.other(name)?;
        let mut conflicts = Vec::new();
        let merged = self.world.union_with(other, |conflict: &Conflict| {
            conflicts.push(conflict.subject);
            resolve::theirs(conflict)
        });
        // This resolver decides every conflict.
        let Ok(merged) = merged else {
            return Ok(Merged { changes: 0, conflicts });
        };
        let changes = self.world.diff(&merged).len();
        self.world = merged;
        Ok(Merged { changes, conflicts })
    }

    /// Makes a space with the content of the space that prints as `name`, and returns its name.
    pub(super) fn copy_space(&mut self, name: &str) -> Result<String, ForkError> {
        let id = self.world.spaces().map(|(id, _)| id).find(|id| id.to_string() == name);
        let copy = id.and_then(|id| self.world.fork_space(id));
        copy.map(|id| id.to_string())
            .ok_or_else(|| ForkError::NoSpace(name.to_owned()))
    }

    /// Removes the space, state or binding that prints as `name`.
    pub(super) fn drop_named(&mut self, name: &str) -> Result<(), ForkError> {
        let spaces = self.world.spaces().map(|(id, _)| Subject::Space(id));
        let states = self.world.states().map(|(id, _)| Subject::Cell(Cell::State(id)));
        let bindings = self
            .world
            .bindings()
            .map(|(name, _)| Subject::Cell(Cell::Binding(name.into())));
        let found = spaces
            .chain(states)
            .chain(bindings)
            .find(|subject| escaped(subject).to_string() == name);
        match found {
            Some(Subject::Space(id)) => _ = self.world.remove_space(id),
            Some(Subject::Cell(Cell::State(id))) => _ = self.world.remove_state(id),
            Some(Subject::Cell(Cell::Binding(name))) => _ = self.world.unbind(name.as_str()),
            _ => return Err(ForkError::NoName(name.to_owned())),
        }
        Ok(())
    }

    /// Returns whether nothing was written and no fork was made or switched since `other` was cloned.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        // Only the current fork is ever written.
        self.name == other.name && self.world.ptr_eq(&other.world) && self.others.keys().eq(other.others.keys())
    }
}
