//! Writing an environment.

use std::io::Write;

use super::atom::{AtomWriter, common};
use super::block::BlockWriter;
use super::bytes::{put_bytes, put_number};
use super::codec::Codec;
use super::error::SaveError;
use super::{MAGIC, VERSION, kind};
use crate::env::{Cell, Snapshot, Space, SpaceId};
use crate::term::Term;

/// Set in the length of a key's rest if its multiplicity follows.
pub(super) const COUNTED: u8 = 0x80;

/// Writes all that a snapshot holds. Memory: one block, and a pointer for each atom that is kept beside its path.
pub(super) fn save<T: Term>(
    snapshot: &Snapshot<T>,
    out: impl Write,
    codec: &(impl Codec<T> + ?Sized),
) -> Result<(), SaveError> {
    let mut file = BlockWriter::new(out, MAGIC, VERSION)?;
    let mut atoms = AtomWriter::new(codec);
    save_space(None, snapshot, &mut file, &mut atoms)?;
    for (id, space) in snapshot.named_spaces() {
        save_space(Some(id), space, &mut file, &mut atoms)?;
    }
    for (cell, content) in snapshot.all_cells() {
        let out = begin(&mut file, &mut atoms);
        match cell {
            Cell::State(id) => {
                out.push(0);
                out.extend(id.to_bytes());
            }
            Cell::Binding(name) => {
                out.push(1);
                put_bytes(out, name.as_str().as_bytes());
            }
        }
        atoms.write(out, content)?;
        end_if_full(&mut file, kind::CELLS)?;
    }
    end_if_any(&mut file, kind::CELLS)?;
    let blocks = file.blocks();
    put_number(file.content(), blocks);
    file.end(kind::END)?;
    file.into_inner().flush()?;
    Ok(())
}

fn save_space<T: Term, C: Codec<T> + ?Sized>(
    id: Option<SpaceId>,
    space: &Space<T>,
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
    put_number(out, space.last_order());
    put_number(out, space.fact_count() as u64);
    file.end(kind::SPACE)?;

    let (mut others, mut definitions) = (Vec::new(), Vec::new());
    let mut last = Vec::new();
    space.each_entry(|key, count, kept| {
        match kept {
            Some((atom, 0)) => others.push((atom, count)),
            Some((atom, order)) => definitions.push((order, atom, count)),
            None => {
                let shared = if file.is_empty() { 0 } else { common(&last, key) };
                let rest = key.get(shared..).unwrap_or_default();
                let out = file.content();
                // A key is no longer than 128 bytes, and no key begins another.
                out.push(shared as u8);
                let length = (rest.len() - 1) as u8;
                if count == 1 {
                    out.push(length);
                    out.extend_from_slice(rest);
                } else {
                    out.push(length | COUNTED);
                    out.extend_from_slice(rest);
                    put_number(out, count);
                }
                last.truncate(shared);
                last.extend_from_slice(rest);
                end_if_full(file, kind::FACTS)?;
            }
        }
        Ok::<(), SaveError>(())
    })?;
    end_if_any(file, kind::FACTS)?;

    for (atom, count) in others {
        let out = begin(file, atoms);
        put_number(out, count);
        atoms.write(out, atom)?;
        end_if_full(file, kind::OTHERS)?;
    }
    end_if_any(file, kind::OTHERS)?;

    definitions.sort_unstable_by_key(|(order, ..)| *order);
    let mut before = 0;
    for (order, atom, count) in definitions {
        let out = begin(file, atoms);
        put_number(out, order - before);
        before = order;
        put_number(out, count);
        atoms.write(out, atom)?;
        end_if_full(file, kind::DEFINITIONS)?;
    }
    end_if_any(file, kind::DEFINITIONS)
}

/// The content that the next entry with an atom goes to. Each block can be read by itself.
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
