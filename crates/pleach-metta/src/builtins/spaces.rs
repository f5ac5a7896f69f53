//! Spaces, states and bindings. All live in the environment and are forked and merged with it.

use crate::builtin::Role::{Code, Data, Fact};
use crate::builtin::{Call, Entry, Outcome, unit_atom, wrong};
use crate::canonical::canonical;
use crate::error::EvalError;
use crate::references::{SpaceRef, StateRef, space_in};
use crate::symbols::{is_token, symbols};
use pleach::Environment;
use pleach::env::{Space, SpaceId};
use pleach::term::Atom;

pub(crate) const NO_SPACE: &str = "a space is expected as the first argument";
const NO_STATE: &str = "a state is expected as the first argument";

pub(super) const ENTRIES: &[Entry] = &[
    Entry::function("new-space", &["(-> SpaceType)"], new_space),
    Entry::function("bind!", &["(-> Symbol %Undefined% (->))"], bind),
    Entry::function("new-state", &["(-> $t (StateMonad $t))"], new_state).ruled(),
    Entry::function("get-state", &["(-> (StateMonad $t) $t)"], get_state),
    Entry::function(
        "change-state!",
        &["(-> (StateMonad $t) $t (StateMonad $t))"],
        change_state,
    ),
    Entry::function("add-atom", &["(-> SpaceType Atom (->))"], add_atom).reads(&[Code, Fact]),
    Entry::function("add-reduct", &["(-> SpaceType %Undefined% (->))"], add_atom),
    Entry::function("add-atoms", &["(-> SpaceType Expression (->))"], add_atoms).reads(&[Code, Data]),
    Entry::function("add-reducts", &["(-> SpaceType %Undefined% (->))"], add_atoms),
    Entry::function("remove-atom", &["(-> SpaceType Atom (->))"], remove_atom),
    Entry::function("get-atoms", &["(-> SpaceType Atom)"], get_atoms),
];

fn add_atom(call: &mut dyn Call) -> Outcome {
    let atom = call.argument(2).clone();
    add(call, &[atom])
}

/// Adds the items of an expression.
fn add_atoms(call: &mut dyn Call) -> Outcome {
    match call.argument(2).as_list().cloned() {
        Some(atoms) => add(call, &atoms),
        None => wrong("an expression is expected as the second argument"),
    }
}

fn add(call: &mut dyn Call, atoms: &[Atom]) -> Outcome {
    let Some(space) = call.space_of(call.argument(1)) else {
        return wrong(NO_SPACE);
    };
    call.write(&mut |env| {
        for atom in atoms.iter().map(canonical) {
            match space {
                None => env.add_fact(atom),
                Some(id) => {
                    if let Some(mut space) = env.space_mut(id) {
                        space.add_fact(atom);
                    }
                }
            }
        }
    });
    Outcome::Value(unit_atom())
}

fn remove_atom(call: &mut dyn Call) -> Outcome {
    let Some(space) = call.space_of(call.argument(1)) else {
        return wrong(NO_SPACE);
    };
    let atom = call.argument(2).clone();
    call.track_read();
    if space_in(call.environment(), space).is_some_and(|space| space.contains(&atom)) {
        call.write(&mut |env| match space {
            None => _ = env.remove_fact(&atom),
            Some(id) => _ = env.space_mut(id).map(|mut space| space.remove_fact(&atom)),
        });
    }
    Outcome::Value(unit_atom())
}

fn get_atoms(call: &mut dyn Call) -> Outcome {
    let Some(space) = call.space_of(call.argument(1)) else {
        return wrong(NO_SPACE);
    };
    call.track_read();
    match listed(call, space) {
        Ok(atoms) => Outcome::Final(atoms),
        Err(stop) => Outcome::Ended(stop),
    }
}

/// Returns the atoms of a space with their multiplicities. As these may be huge, limits and interrupts are checked
/// every 1024 atoms.
fn listed(call: &mut dyn Call, space: Option<SpaceId>) -> Result<Vec<Atom>, EvalError> {
    let mut atoms = Vec::new();
    // A snapshot: variables are renamed apart meanwhile.
    let env = call.environment().clone();
    for (atom, multiplicity) in space_in(&env, space).into_iter().flat_map(Space::iter) {
        for _ in 0..multiplicity {
            atoms.push(call.rename_apart(&atom));
            if atoms.len().is_multiple_of(1024) {
                call.check_limits(atoms.len())?;
            }
        }
    }
    // Counted as steps, so that fuel bounds them.
    call.count_steps(atoms.len() as u64)?;
    Ok(atoms)
}

fn new_space(call: &mut dyn Call) -> Outcome {
    Outcome::Value(Atom::grounded(SpaceRef(call.new_space())))
}

fn bind(call: &mut dyn Call) -> Outcome {
    let name = match call.argument(1) {
        Atom::Symbol(name) if is_token(*name) && *name != symbols().this_space => *name,
        _ => return wrong("a name that begins with & is expected as the first argument"),
    };
    let content = canonical(call.argument(2));
    call.write_definitions(&mut |env| env.bind(name.as_str(), content.clone()));
    Outcome::Value(unit_atom())
}

fn new_state(call: &mut dyn Call) -> Outcome {
    let content = canonical(call.argument(1));
    Outcome::Value(Atom::grounded(StateRef(call.new_state(content))))
}

fn get_state(call: &mut dyn Call) -> Outcome {
    call.track_read();
    let state = call.argument(1).downcast_grounded::<StateRef>();
    match state.and_then(|state| call.environment().state(state.0)).cloned() {
        Some(content) => Outcome::Value(call.rename_apart(&content)),
        None => wrong(NO_STATE),
    }
}

fn change_state(call: &mut dyn Call) -> Outcome {
    let Some(id) = call.argument(1).downcast_grounded::<StateRef>().map(|state| state.0) else {
        return wrong(NO_STATE);
    };
    let content = canonical(call.argument(2));
    call.track_read();
    let Some(before) = call.environment().state(id).cloned() else {
        return wrong(NO_STATE);
    };
    if before != content {
        let mut change = |env: &mut Environment| _ = env.change_state(id, content.clone());
        if call.type_of_content(&before) == call.type_of_content(&content) {
            call.write(&mut change);
        } else {
            call.write_definitions(&mut change);
        }
    }
    Outcome::Value(call.argument(1).clone())
}
