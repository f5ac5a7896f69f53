//! A patch as bytes: one record of a journal, or of an archive.
//!
//! A patch is a sequence of changes:
//!
//! | first byte | then |
//! |---|---|
//! | 0 | an atom of the environment's own space: its multiplicity before and after (numbers), the atom |
//! | 1 | an atom of a named space: the id (16 bytes), then as for 0 |
//! | 2 | a space was made: its id (16 bytes) |
//! | 3 | a state: its id (16 bytes), `0` if it is gone, or `1` and the atom it holds |
//! | 4 | a binding: its name (counted), then as for 3 |

use super::atom::{AtomReader, AtomWriter};
use super::bytes::{Input, put_bytes, put_number};
use super::{Codec, Flaw, LoadError, SaveError};
use crate::env::{Cell, Change, Patch, SpaceId, StateId};
use crate::term::{Symbol, Term};

/// Writes a patch.
pub(super) fn write<T: Term>(
    out: &mut Vec<u8>,
    patch: &Patch<T>,
    codec: &(impl Codec<T> + ?Sized),
) -> Result<(), SaveError> {
    let mut atoms = AtomWriter::new(codec);
    for change in patch {
        match change {
            Change::Atom { space, atom, from, to } => {
                out.push(u8::from(space.is_some()));
                out.extend(space.iter().flat_map(|id| id.to_bytes()));
                put_number(out, *from);
                put_number(out, *to);
                atoms.write(out, atom)?;
            }
            Change::Space(id) => {
                out.push(2);
                out.extend(id.to_bytes());
            }
            Change::Cell { cell, to, .. } => {
                match cell {
                    Cell::State(id) => {
                        out.push(3);
                        out.extend(id.to_bytes());
                    }
                    Cell::Binding(name) => {
                        out.push(4);
                        put_bytes(out, name.as_str().as_bytes());
                    }
                }
                out.push(u8::from(to.is_some()));
                if let Some(content) = to {
                    atoms.write(out, content)?;
                }
            }
        }
    }
    Ok(())
}

/// Reads what [`write`] wrote. What a cell held before is not known, but that one that is gone held something.
pub(super) fn read<T: Term>(input: &mut Input<'_>, codec: &(impl Codec<T> + ?Sized)) -> Result<Patch<T>, LoadError> {
    let mut atoms = AtomReader::new(codec);
    let mut changes = Vec::new();
    while !input.is_empty() {
        let start = input.offset();
        changes.push(match input.byte()? {
            tag @ (0 | 1) => {
                let space = match tag {
                    0 => None,
                    _ => Some(SpaceId::from_bytes(input.array()?)),
                };
                let (from, to) = (input.number()?, input.number()?);
                let atom = atoms.read(input)?;
                Change::Atom { space, atom, from, to }
            }
            2 => Change::Space(SpaceId::from_bytes(input.array()?)),
            tag @ (3 | 4) => {
                let cell = match tag {
                    3 => Cell::State(StateId::from_bytes(input.array()?)),
                    _ => Cell::Binding(Symbol::new(input.text()?)),
                };
                let to = match input.byte()? {
                    0 => None,
                    1 => Some(atoms.read(input)?),
                    _ => return Err(LoadError::at(start, Flaw::Entry)),
                };
                // One that is gone was there: whatever it held, it must not look as if nothing had changed.
                let from = to.is_none().then(|| T::expression(Vec::new()));
                Change::Cell { cell, from, to }
            }
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        });
    }
    Ok(changes.into_iter().collect())
}
