//! Values of a program that aren't terms: references to spaces and states, and characters.

use std::borrow::Cow;
use std::fmt;

use pleach::Environment;
use pleach::env::{Space, SpaceId, StateId};
use pleach::persist::Codec;
use pleach::term::{Atom, Grounded};

/// A reference to a named space.
pub(crate) struct SpaceRef(pub(crate) SpaceId);

/// A reference to a state.
pub(crate) struct StateRef(pub(crate) StateId);

/// A character of a string.
pub(crate) struct Character(pub(crate) char);

impl Grounded for Character {
    fn type_name(&self) -> &str {
        "Char"
    }

    fn identity(&self) -> Cow<'_, [u8]> {
        Cow::Owned(u32::from(self.0).to_be_bytes().to_vec())
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

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

/// A codec for references to spaces and states, and for characters, so that worlds with them can be saved and loaded.
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
        if let Some(Character(character)) = value.downcast_grounded() {
            return Some([&[2], &u32::from(*character).to_be_bytes()[..]].concat());
        }
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
        if *kind == 2 {
            let character = char::from_u32(u32::from_be_bytes(id.try_into().ok()?))?;
            return Some(Atom::grounded(Character(character)));
        }
        let id = id.try_into().ok()?;
        match kind {
            0 => Some(Atom::grounded(SpaceRef(SpaceId::from_bytes(id)))),
            1 => Some(Atom::grounded(StateRef(StateId::from_bytes(id)))),
            _ => None,
        }
    }
}

/// Returns the space of an id; `None` is `&self`.
pub(crate) fn space_in(env: &Environment, id: Option<SpaceId>) -> Option<&Space> {
    match id {
        None => Some(env),
        Some(id) => env.space(id),
    }
}
