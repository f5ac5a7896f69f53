//! Encoding of a patch, in the log of a journal and in a revision of an archive.
//!
//! A patch is a sequence of changes:
//!
//! | first byte | then |
//! |---|---|
//! | 0 | an atom of the environment's own space: its multiplicity before and after (numbers), the atom |
//! | 1 | an atom of a named space: the id (16 bytes), then as for 0 |
//! | 2 | a new space: its id (16 bytes) |
//! | 3 | a state: its id (16 bytes), `0` if it was removed, or `1` and the atom it holds |
//! | 4 | a binding: its name (counted), then as for 3 |
//! | 5 | a removed space: its id (16 bytes) |

use super::atom::{AtomReader, AtomWriter};
use super::block::{ContentReader, write_bytes};
use super::codec::Codec;
use super::error::{Flaw, LoadError, SaveError};
use crate::env::{Cell, Change, Patch, SpaceId, StateId, Subject};
use crate::term::{Symbol, Term};
use crate::varint;

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
                varint::write(out, *from);
                varint::write(out, *to);
                atoms.write(out, atom).map_err(|error| match space {
                    Some(id) => error.in_place(Subject::Space(*id)),
                    None => error,
                })?;
            }
            Change::SpaceCreated(id) | Change::SpaceRemoved(id) => {
                out.push(if matches!(change, Change::SpaceCreated(_)) {
                    2
                } else {
                    5
                });
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
                        write_bytes(out, name.as_str().as_bytes());
                    }
                }
                out.push(u8::from(to.is_some()));
                if let Some(content) = to {
                    let in_cell = |error: SaveError| error.in_place(Subject::Cell(*cell));
                    atoms.write(out, content).map_err(in_cell)?;
                }
            }
        }
    }
    Ok(())
}

/// Reads what [`write`] wrote. The earlier content of cells isn't stored: a removed cell gets a placeholder.
pub(super) fn read<T: Term>(
    input: &mut ContentReader<'_>,
    codec: &(impl Codec<T> + ?Sized),
) -> Result<Patch<T>, LoadError> {
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
            2 => Change::SpaceCreated(SpaceId::from_bytes(input.array()?)),
            5 => Change::SpaceRemoved(SpaceId::from_bytes(input.array()?)),
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
                // A removed cell held something: with `None` the change would have no effect.
                let from = to.is_none().then(|| T::expression(Vec::new()));
                Change::Cell { cell, from, to }
            }
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        });
    }
    Ok(changes.into_iter().collect())
}
