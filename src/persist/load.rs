//! Loading an environment.

use std::collections::BTreeMap;
use std::io::Read;

use super::atom::AtomReader;
use super::block::{BlockReader, ContentReader};
use super::codec::Codec;
use super::error::{Flaw, LoadError};
use super::fact_key::{FactBatch, KeyDecoder};
use super::format::{MAGIC, VERSION, kind};
use crate::env::{Cell, Environment, InvalidEntry, Multiplicity, Space, SpaceId, SpaceKind, StateId};
use crate::term::{Symbol, Term};

/// Plain facts of spaces, to which those in a file are changes; `None` for the environment's own space.
pub(super) type Bases<T> = BTreeMap<Option<SpaceId>, Space<T>>;

/// Reads what [`save`](super::save::save) wrote. Beside the environment, takes memory for one block and its keys.
pub(super) fn load<T: Term>(input: impl Read, codec: &(impl Codec<T> + ?Sized)) -> Result<Environment<T>, LoadError> {
    load_onto(Bases::new(), input, codec)
}

/// Reads what [`save_changes`](super::save::save_changes) wrote.
pub(super) fn load_onto<T: Term>(
    bases: Bases<T>,
    input: impl Read,
    codec: &(impl Codec<T> + ?Sized),
) -> Result<Environment<T>, LoadError> {
    let mut file = BlockReader::new(input, MAGIC, VERSION)?;
    let mut loader = Loader {
        bases,
        atoms: AtomReader::new(codec),
        spaces: Vec::new(),
        cells: Vec::new(),
        keys: KeyDecoder::default(),
        batch: FactBatch::default(),
        order: 0,
        last_kind: kind::END,
    };
    loop {
        let (start, blocks) = (file.offset(), file.blocks());
        let (kind, mut content) = file.next()?;
        if !may_follow(kind, loader.last_kind) {
            return Err(LoadError::at(start, Flaw::Block(kind)));
        }
        loader.atoms.restart();
        match kind {
            kind::SPACE => loader.space(&mut content)?,
            kind::FACTS => loader.facts(&mut content)?,
            kind::OTHERS => loader.others(&mut content)?,
            kind::DEFINITIONS => loader.definitions(&mut content)?,
            kind::CELLS => loader.cells(&mut content)?,
            _ => {
                let announced = content.number()?;
                content.end()?;
                if announced != blocks {
                    return Err(LoadError::at(start, Flaw::Count));
                }
                loader.close(start)?;
                if !loader.bases.is_empty() {
                    return Err(LoadError::at(start, Flaw::Count));
                }
                break;
            }
        }
        loader.last_kind = kind;
    }
    file.end()?;
    let mut spaces = loader.spaces.into_iter();
    let root = spaces.next().map(|space| space.space).unwrap_or_default();
    let named = spaces.filter_map(|space| Some((space.id?, space.space))).collect();
    Ok(Environment::restored(root, named, loader.cells))
}

/// Whether a block of kind `kind` may follow one of kind `last`, by the grammar
/// `(SPACE FACTS* OTHERS* DEFINITIONS*)+ CELLS* END`. At the start, `last` is `END`.
fn may_follow(kind: u8, last: u8) -> bool {
    match kind {
        kind::SPACE => last != kind::CELLS,
        kind::FACTS | kind::OTHERS | kind::DEFINITIONS => (kind::SPACE..=kind).contains(&last),
        kind::CELLS | kind::END => last != kind::END,
        _ => false,
    }
}

struct Loader<'c, T: Term, C: ?Sized> {
    /// Those of spaces that weren't read yet.
    bases: Bases<T>,
    atoms: AtomReader<'c, C>,
    /// The root space, then the named ones by id.
    spaces: Vec<LoadedSpace<T>>,
    cells: Vec<(Cell, T)>,
    keys: KeyDecoder,
    batch: FactBatch,
    /// Number of the last definition.
    order: u64,
    last_kind: u8,
}

struct LoadedSpace<T: Term> {
    id: Option<SpaceId>,
    space: Space<T>,
    /// Whether the facts in the file are changes.
    has_base: bool,
    last_order: u64,
    facts: u64,
}

impl<T: Term, C: Codec<T> + ?Sized> Loader<'_, T, C> {
    fn space(&mut self, content: &mut ContentReader<'_>) -> Result<(), LoadError> {
        let start = content.offset();
        self.close(start)?;
        let id = match content.byte()? {
            0 => None,
            1 => Some(SpaceId::from_bytes(content.array()?)),
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        };
        // Only the root, which comes first, has no id.
        let fits = match self.spaces.last() {
            None => id.is_none(),
            Some(before) => id > before.id,
        };
        if !fits {
            return Err(LoadError::at(start, Flaw::Order));
        }
        let (last_order, facts) = (content.number()?, content.number()?);
        content.end()?;
        let kind = SpaceKind::of(id);
        if kind == SpaceKind::Data && last_order != 0 {
            return Err(LoadError::at(start, Flaw::Order));
        }
        let base = self.bases.remove(&id);
        self.spaces.push(LoadedSpace {
            id,
            has_base: base.is_some(),
            space: base.unwrap_or_else(|| Space::of_kind(kind)),
            last_order,
            facts,
        });
        self.keys = KeyDecoder::new(kind);
        self.order = 0;
        Ok(())
    }

    /// Checks the counts of the current space.
    fn close(&mut self, offset: u64) -> Result<(), LoadError> {
        let order = self.order;
        if let Some(current) = self.spaces.last_mut() {
            if current.space.fact_count() as u64 != current.facts || order > current.last_order {
                return Err(LoadError::at(offset, Flaw::Count));
            }
            current.space.restore_order(current.last_order);
        }
        Ok(())
    }

    fn facts(&mut self, content: &mut ContentReader<'_>) -> Result<(), LoadError> {
        let Some(current) = self.spaces.last_mut() else {
            return Ok(());
        };
        self.batch.read::<T>(content, &mut self.keys, current.has_base)?;
        let facts = self.batch.iter();
        if current.has_base {
            let changes = facts.map(|(key, count)| (key, Multiplicity::new(count)));
            current.space.restore_changed(changes);
        } else {
            let facts = facts.filter_map(|(key, count)| Some((key, Multiplicity::new(count)?)));
            current.space.restore_plain(facts);
        }
        Ok(())
    }

    fn others(&mut self, content: &mut ContentReader<'_>) -> Result<(), LoadError> {
        while !content.is_empty() {
            self.recorded(content, 0)?;
        }
        Ok(())
    }

    fn definitions(&mut self, content: &mut ContentReader<'_>) -> Result<(), LoadError> {
        while !content.is_empty() {
            let start = content.offset();
            let step = content.number()?;
            self.order = match self.order.checked_add(step) {
                Some(order) if step > 0 => order,
                _ => return Err(LoadError::at(start, Flaw::Order)),
            };
            self.recorded(content, self.order)?;
        }
        Ok(())
    }

    /// Reads an atom that has a record.
    fn recorded(&mut self, content: &mut ContentReader<'_>, order: u64) -> Result<(), LoadError> {
        let start = content.offset();
        let count = content.number()?;
        if count == 0 {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        let atom = self.atoms.read(content)?;
        if let Some(current) = self.spaces.last_mut() {
            current
                .space
                .restore_kept(atom, self.atoms.path(), count, order)
                .map_err(|unfit| match unfit {
                    InvalidEntry::Path | InvalidEntry::Kind | InvalidEntry::Twice => LoadError::at(start, Flaw::Atom),
                })?;
        }
        Ok(())
    }

    fn cells(&mut self, content: &mut ContentReader<'_>) -> Result<(), LoadError> {
        while !content.is_empty() {
            let start = content.offset();
            let cell = match content.byte()? {
                0 => Cell::State(StateId::from_bytes(content.array()?)),
                1 => Cell::Binding(Symbol::new(content.text()?)),
                _ => return Err(LoadError::at(start, Flaw::Entry)),
            };
            if self.cells.last().is_some_and(|(last, _)| *last >= cell) {
                return Err(LoadError::at(start, Flaw::Order));
            }
            let atom = self.atoms.read(content)?;
            self.cells.push((cell, atom));
        }
        Ok(())
    }
}
