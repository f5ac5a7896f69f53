//! Saving an environment.

use std::collections::BTreeMap;
use std::io::Write;

use super::atom::AtomWriter;
use super::block::{BlockWriter, write_bytes};
use super::codec::Codec;
use super::error::SaveError;
use super::fact_key::FactWriter;
use super::format::{MAGIC, VERSION, kind};
use crate::env::{Cell, Snapshot, Space, SpaceId, Subject};
use crate::term::Term;
use crate::varint;

/// Multiplicities of plain facts of spaces by key, 0 for an absent fact; `None` for the environment's own space.
pub(super) type Changes = BTreeMap<Option<SpaceId>, BTreeMap<Vec<u8>, u64>>;

/// Writes the content of a snapshot. Takes memory for one block, and a pointer for each atom that has a record.
pub(super) fn save<T: Term>(
    snapshot: &Snapshot<T>,
    out: impl Write,
    codec: &(impl Codec<T> + ?Sized),
) -> Result<(), SaveError> {
    save_changes(snapshot, &Changes::new(), out, codec)
}

/// Writes the content of a snapshot like [`save`], but of the spaces that have changes only these in place of all plain facts.
pub(super) fn save_changes<T: Term>(
    snapshot: &Snapshot<T>,
    changes: &Changes,
    out: impl Write,
    codec: &(impl Codec<T> + ?Sized),
) -> Result<(), SaveError> {
    let mut file = BlockWriter::new(out, MAGIC, VERSION)?;
    let mut atoms = AtomWriter::new(codec);
    save_space(None, snapshot, changes, &mut file, &mut atoms)?;
    for (id, space) in snapshot.spaces() {
        save_space(Some(id), space, changes, &mut file, &mut atoms)
            .map_err(|error| error.in_place(Subject::Space(id)))?;
    }
    for (cell, content) in snapshot.cells() {
        let out = begin(&mut file, &mut atoms);
        match cell {
            Cell::State(id) => {
                out.push(0);
                out.extend(id.to_bytes());
            }
            Cell::Binding(name) => {
                out.push(1);
                write_bytes(out, name.as_str().as_bytes());
            }
        }
        let in_cell = |error: SaveError| error.in_place(Subject::Cell(*cell));
        atoms.write(out, content).map_err(in_cell)?;
        end_if_full(&mut file, kind::CELLS)?;
    }
    end_if_any(&mut file, kind::CELLS)?;
    let blocks = file.blocks();
    varint::write(file.content(), blocks);
    file.end(kind::END)?;
    file.into_inner().flush()?;
    Ok(())
}

fn save_space<T: Term, C: Codec<T> + ?Sized>(
    id: Option<SpaceId>,
    space: &Space<T>,
    changes: &Changes,
    file: &mut BlockWriter<impl Write>,
    atoms: &mut AtomWriter<'_, C>,
) -> Result<(), SaveError> {
    let out = file.content();
    match id {
        None => out.push(0),
        Some(id) => {
            out.push(1);
            out.extend(id.to_bytes());
        }
    }
    varint::write(out, space.last_order());
    varint::write(out, space.fact_count() as u64);
    file.end(kind::SPACE)?;

    let (mut others, mut definitions) = (Vec::new(), Vec::new());
    let mut facts = FactWriter::default();
    let changes = changes.get(&id);
    space.each_entry(|key, count, kept| {
        match kept {
            Some((atom, 0)) => others.push((atom, count)),
            Some((atom, order)) => definitions.push((order, atom, count)),
            None if changes.is_none() => {
                facts.write(file.content(), key, count);
                end_if_full(file, kind::FACTS)?;
            }
            None => {}
        }
        Ok::<(), SaveError>(())
    })?;
    for (key, count) in changes.into_iter().flatten() {
        facts.write(file.content(), key, *count);
        end_if_full(file, kind::FACTS)?;
    }
    end_if_any(file, kind::FACTS)?;

    for (atom, count) in others {
        let out = begin(file, atoms);
        varint::write(out, count);
        atoms.write(out, atom)?;
        end_if_full(file, kind::OTHERS)?;
    }
    end_if_any(file, kind::OTHERS)?;

    definitions.sort_unstable_by_key(|(order, ..)| *order);
    let mut before = 0;
    for (order, atom, count) in definitions {
        let out = begin(file, atoms);
        varint::write(out, order - before);
        before = order;
        varint::write(out, count);
        atoms.write(out, atom)?;
        end_if_full(file, kind::DEFINITIONS)?;
    }
    end_if_any(file, kind::DEFINITIONS)
}

/// Returns the content to which the next entry with an atom is appended. Each block can be read by itself.
fn begin<'a, C: ?Sized>(file: &'a mut BlockWriter<impl Write>, atoms: &mut AtomWriter<'_, C>) -> &'a mut Vec<u8> {
    if file.is_empty() {
        atoms.restart();
    }
    file.content()
}

fn end_if_full(file: &mut BlockWriter<impl Write>, kind: u8) -> Result<(), SaveError> {
    if file.is_full() {
        file.end(kind)?;
    }
    Ok(())
}

fn end_if_any(file: &mut BlockWriter<impl Write>, kind: u8) -> Result<(), SaveError> {
    if !file.is_empty() {
        file.end(kind)?;
    }
    Ok(())
}
