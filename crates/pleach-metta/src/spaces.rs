//! Built-ins on spaces, states and bindings. All live in the environment and are forked and merged with it.

use crate::builtin::{Outcome, unit_atom, wrong};
use crate::canonical::canonical;
use crate::error::EvalError;
use crate::machine::Machine;
use crate::references::{SpaceRef, StateRef, space_in};
use crate::symbols::{is_token, symbols};
use crate::value::Answer;
use pleach::Environment;
use pleach::env::{Space, SpaceId};
use pleach::term::{Atom, rename_apart};

pub(crate) const NO_SPACE: &str = "a space is expected as the first argument";
const NO_STATE: &str = "a state is expected as the first argument";

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

pub(crate) fn add_atom(m: &mut Machine, base: usize) -> Outcome {
    let Some(space) = m.space_of(m.argument(base, 1)) else {
        return wrong(NO_SPACE);
    };
    let atom = canonical(m.argument(base, 2));
    m.write(|env| match space {
        None => env.add_fact(atom),
        Some(id) => {
            if let Some(mut space) = env.space_mut(id) {
                space.add_fact(atom);
            }
        }
    });
    Outcome::Value(unit_atom())
}

pub(crate) fn remove_atom(m: &mut Machine, base: usize) -> Outcome {
    let Some(space) = m.space_of(m.argument(base, 1)) else {
        return wrong(NO_SPACE);
    };
    let atom = m.argument(base, 2).clone();
    m.track_read();
    if space_in(&m.env, space).is_some_and(|space| space.contains(&atom)) {
        m.write(|env| match space {
            None => env.remove_fact(&atom),
            Some(id) => env.space_mut(id).is_some_and(|mut space| space.remove_fact(&atom)),
        });
    }
    Outcome::Value(unit_atom())
}

pub(crate) fn get_atoms(m: &mut Machine, base: usize) -> Outcome {
    let Some(space) = m.space_of(m.argument(base, 1)) else {
        return wrong(NO_SPACE);
    };
    m.track_read();
    match listed(m, base, space) {
        Ok(atoms) => Outcome::Final(atoms),
        Err(stop) => Outcome::Ended(stop),
    }
}

/// Returns the atoms of a space with their multiplicities. As these may be huge, limits and interrupts are checked
/// every 1024 atoms.
fn listed(m: &mut Machine, base: usize, space: Option<SpaceId>) -> Result<Vec<Atom>, EvalError> {
    let mut atoms = Vec::new();
    let mut fresh = m.fresh;
    for (atom, multiplicity) in space_in(&m.env, space).into_iter().flat_map(Space::iter) {
        for _ in 0..multiplicity {
            atoms.push(rename_apart(&atom, &mut fresh));
            if atoms.len().is_multiple_of(1024) {
                m.shared.check_interrupt(|| m.call_from(base))?;
                m.shared
                    .check_more(0, atoms.len() * (size_of::<Atom>() + size_of::<Answer>()))?;
            }
        }
    }
    m.fresh = fresh;
    // Counted as steps, so that fuel bounds them.
    m.skip(atoms.len() as u64 / 1024)?;
    Ok(atoms)
}

pub(crate) fn new_space(m: &mut Machine, _: usize) -> Outcome {
    m.prepare_name();
    let id = m.write(Environment::new_space);
    Outcome::Value(Atom::grounded(SpaceRef(id)))
}

pub(crate) fn bind(m: &mut Machine, base: usize) -> Outcome {
    let name = match m.argument(base, 1) {
        Atom::Symbol(name) if is_token(*name) && *name != symbols().this_space => *name,
        _ => return wrong("a name that begins with & is expected as the first argument"),
    };
    let content = canonical(m.argument(base, 2));
    m.write_definitions(|env| env.bind(name.as_str(), content));
    Outcome::Value(unit_atom())
}

pub(crate) fn new_state(m: &mut Machine, base: usize) -> Outcome {
    let content = canonical(m.argument(base, 1));
    m.prepare_name();
    let id = m.write(|env| env.new_state(content));
    Outcome::Value(Atom::grounded(StateRef(id)))
}

pub(crate) fn get_state(m: &mut Machine, base: usize) -> Outcome {
    m.track_read();
    let state = m.argument(base, 1).downcast_grounded::<StateRef>();
    match state.and_then(|state| m.env.state(state.0)).cloned() {
        Some(content) => Outcome::Value(rename_apart(&content, &mut m.fresh)),
        None => wrong(NO_STATE),
    }
}

pub(crate) fn change_state(m: &mut Machine, base: usize) -> Outcome {
    let Some(id) = m.argument(base, 1).downcast_grounded::<StateRef>().map(|state| state.0) else {
        return wrong(NO_STATE);
    };
    let content = canonical(m.argument(base, 2));
    m.track_read();
    let Some(before) = m.env.state(id).cloned() else {
        return wrong(NO_STATE);
    };
    if before != content {
        let change = |env: &mut Environment| env.change_state(id, content.clone());
        if m.type_of_content(&before) == m.type_of_content(&content) {
            m.write(change);
        } else {
            m.write_definitions(change);
        }
    }
    Outcome::Value(m.argument(base, 1).clone())
}

pub(crate) fn evalc(m: &mut Machine, base: usize) -> Outcome {
    match m.space_of(m.argument(base, 2)) {
        Some(space) if space_in(&m.env, space).is_some() => Outcome::Reduce(m.argument(base, 1).clone(), Some(space)),
        _ => wrong("a space is expected as the second argument"),
    }
}
