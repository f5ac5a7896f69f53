//! Built-ins on spaces, states and names: all of them live in the environment, and are forked and merged with it.

use std::borrow::Cow;
use std::fmt;

use super::builtin::Outcome;
use super::functions::{unit_atom, wrong};
use super::machine::{Machine, is_token};
use super::results::canonical;
use super::value::Answer;
use super::{Stop, names};
use pleach::Environment;
use pleach::env::{Space, SpaceId, StateId};
use pleach::persist::Codec;
use pleach::term::{Atom, Grounded, rename_apart};

/// A named space, as a program holds it.
pub(super) struct SpaceRef(pub(super) SpaceId);

/// A state, as a program holds it.
pub(super) struct StateRef(pub(super) StateId);

impl Grounded for SpaceRef {
    fn type_name(&self) -> &str {
        "SpaceType"
    }

    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.0.to_bytes().to_vec())
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Grounded for StateRef {
    fn type_name(&self) -> &str {
        "StateMonad"
    }

    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.0.to_bytes().to_vec())
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Writes the references to spaces and states that programs hold, and reads them: so the world that a program leaves
/// can be saved.
///
/// ```
/// use pleach::Environment;
/// use pleach_metta::{Evaluator, References};
///
/// let world = Evaluator::new().run(Environment::new(), "!(bind! &counter (new-state 0))")?.environment;
/// let mut bytes = Vec::new();
/// world.save_to(&mut bytes, &References)?;
/// assert_eq!(Environment::load_from(&bytes[..], &References)?, world);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct References;

impl Codec<Atom> for References {
    fn encode(&self, value: &Atom) -> Option<Vec<u8>> {
        let (kind, id) = match (
            value.downcast_grounded::<SpaceRef>(),
            value.downcast_grounded::<StateRef>(),
        ) {
            (Some(space), _) => (0, space.0.to_bytes()),
            (None, Some(state)) => (1, state.0.to_bytes()),
            (None, None) => return None,
        };
        Some([&[kind], &id[..]].concat())
    }

    fn decode(&self, bytes: &[u8]) -> Option<Atom> {
        let (kind, id) = bytes.split_first()?;
        let id = id.try_into().ok()?;
        match kind {
            0 => Some(Atom::grounded(SpaceRef(SpaceId::from_bytes(id)))),
            1 => Some(Atom::grounded(StateRef(StateId::from_bytes(id)))),
            _ => None,
        }
    }
}

/// The space of this id, or `&self`.
pub(super) fn space_in(env: &Environment, id: Option<SpaceId>) -> Option<&Space> {
    match id {
        None => Some(env),
        Some(id) => env.space(id),
    }
}

pub(super) const NO_SPACE: &str = "a space is expected as the first argument";
const NO_STATE: &str = "a state is expected as the first argument";

impl Machine {
    /// The space that an atom stands for: `None` if it is no space, `Some(None)` if it is `&self`.
    pub(super) fn space_of(&self, atom: &Atom) -> Option<Option<SpaceId>> {
        match atom {
            Atom::Symbol(name) if *name == names().this_space => Some(None),
            Atom::Symbol(name) if is_token(*name) => match self.binding(*name)? {
                bound @ Atom::Grounded(_) => self.space_of(bound),
                _ => None,
            },
            _ => atom.downcast_grounded::<SpaceRef>().map(|space| Some(space.0)),
        }
    }

    /// The space that a file is imported into: a new one, if the name stands for none.
    pub(super) fn import_space(&mut self, name: &Atom) -> Result<Option<SpaceId>, Atom> {
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

pub(super) fn add_atom(m: &mut Machine, base: usize) -> Outcome {
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

pub(super) fn remove_atom(m: &mut Machine, base: usize) -> Outcome {
    let Some(space) = m.space_of(m.argument(base, 1)) else {
        return wrong(NO_SPACE);
    };
    let atom = m.argument(base, 2).clone();
    m.note_read();
    if space_in(&m.env, space).is_some_and(|space| space.contains(&atom)) {
        m.write(|env| match space {
            None => env.remove_fact(&atom),
            Some(id) => env.space_mut(id).is_some_and(|mut space| space.remove_fact(&atom)),
        });
    }
    Outcome::Value(unit_atom())
}

pub(super) fn get_atoms(m: &mut Machine, base: usize) -> Outcome {
    let Some(space) = m.space_of(m.argument(base, 1)) else {
        return wrong(NO_SPACE);
    };
    m.note_read();
    match listed(m, base, space) {
        Ok(atoms) => Outcome::Final(atoms),
        Err(stop) => Outcome::Ended(stop),
    }
}

/// The atoms of a space, each as often as it is present. The multiplicities may be larger than anything can be: every
/// thousand atoms are a look at limits and interrupts.
fn listed(m: &mut Machine, base: usize, space: Option<SpaceId>) -> Result<Vec<Atom>, Stop> {
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
    // Steps, so that limits of these hold too.
    m.skip(atoms.len() as u64 / 1024)?;
    Ok(atoms)
}

pub(super) fn new_space(m: &mut Machine, _: usize) -> Outcome {
    m.prepare_name();
    let id = m.write(Environment::new_space);
    Outcome::Value(Atom::grounded(SpaceRef(id)))
}

pub(super) fn bind(m: &mut Machine, base: usize) -> Outcome {
    let name = match m.argument(base, 1) {
        Atom::Symbol(name) if is_token(*name) && *name != names().this_space => *name,
        _ => return wrong("a name that begins with & is expected as the first argument"),
    };
    let content = canonical(m.argument(base, 2));
    m.write_meaning(|env| env.bind(name.as_str(), content));
    Outcome::Value(unit_atom())
}

pub(super) fn new_state(m: &mut Machine, base: usize) -> Outcome {
    let content = canonical(m.argument(base, 1));
    m.prepare_name();
    let id = m.write(|env| env.new_state(content));
    Outcome::Value(Atom::grounded(StateRef(id)))
}

pub(super) fn get_state(m: &mut Machine, base: usize) -> Outcome {
    m.note_read();
    let state = m.argument(base, 1).downcast_grounded::<StateRef>();
    match state.and_then(|state| m.env.state(state.0)).cloned() {
        Some(content) => Outcome::Value(rename_apart(&content, &mut m.fresh)),
        None => wrong(NO_STATE),
    }
}

pub(super) fn change_state(m: &mut Machine, base: usize) -> Outcome {
    let Some(id) = m.argument(base, 1).downcast_grounded::<StateRef>().map(|state| state.0) else {
        return wrong(NO_STATE);
    };
    let content = canonical(m.argument(base, 2));
    m.note_read();
    let Some(before) = m.env.state(id).cloned() else {
        return wrong(NO_STATE);
    };
    if before != content {
        let change = |env: &mut Environment| env.change_state(id, content.clone());
        if m.type_of_content(&before) == m.type_of_content(&content) {
            m.write(change);
        } else {
            m.write_meaning(change);
        }
    }
    Outcome::Value(m.argument(base, 1).clone())
}

pub(super) fn evalc(m: &mut Machine, base: usize) -> Outcome {
    match m.space_of(m.argument(base, 2)) {
        Some(space) if space_in(&m.env, space).is_some() => Outcome::EvalIn(space, m.argument(base, 1).clone()),
        _ => wrong("a space is expected as the second argument"),
    }
}
