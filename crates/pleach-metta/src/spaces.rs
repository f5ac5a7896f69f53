//! The spaces that names and values refer to.

use crate::builtins::spaces::NO_SPACE;
use crate::machine::Machine;
use crate::references::SpaceRef;
use crate::symbols::{is_token, symbols};
use pleach::env::SpaceId;
use pleach::term::Atom;

impl Machine {
    /// Returns the space that an atom refers to: `None` if it isn't a space or was removed, `Some(None)` for `&self`.
    pub(crate) fn space_of(&self, atom: &Atom) -> Option<Option<SpaceId>> {
        match atom {
            Atom::Symbol(name) if *name == symbols().this_space => Some(None),
            Atom::Symbol(name) if is_token(*name) => match self.binding(*name)? {
                bound @ Atom::Grounded(_) => self.space_of(bound),
                _ => None,
            },
            _ => {
                let SpaceRef(id) = atom.downcast_grounded()?;
                self.env.space(*id).map(|_| Some(*id))
            }
        }
    }

    /// Returns the space to import a file into: a new one if the name is unbound.
    pub(crate) fn import_space(&mut self, name: &Atom) -> Result<Option<SpaceId>, Atom> {
        if let Some(space) = self.space_of(name) {
            return Ok(space);
        }
        match name {
            Atom::Symbol(symbol) if is_token(*symbol) && self.binding(*symbol).is_none() => {
                self.prepare_name();
                Ok(Some(self.write(|env| {
                    let id = env.new_space();
                    env.bind(symbol.as_str(), Atom::grounded(SpaceRef(id)));
                    id
                })))
            }
            _ => Err(Atom::string(NO_SPACE)),
        }
    }
}
