//! Reading an environment.

use std::io::Read;
use std::ops::Range;

use super::atom::AtomReader;
use super::block::BlockReader;
use super::bytes::Input;
use super::codec::Codec;
use super::error::{Flaw, LoadError};
use super::key::Keys;
use super::save::COUNTED;
use super::{MAGIC, VERSION, kind};
use crate::env::{Cell, Environment, Multiplicity, Space, SpaceId, StateId, Unfit};
use crate::term::{Symbol, Term};

/// Reads what `save` wrote. Memory beside the environment: one block and its keys.
pub(super) fn load<T: Term>(input: impl Read, codec: &(impl Codec<T> + ?Sized)) -> Result<Environment<T>, LoadError> {
    let mut file = BlockReader::new(input, MAGIC, VERSION)?;
    let mut loader = Loader {
        atoms: AtomReader::new(codec),
        spaces: Vec::new(),
        cells: Vec::new(),
        keys: Keys::default(),
        batch: Batch::default(),
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
                break;
            }
        }
        loader.last_kind = kind;
    }
    file.end()?;
    let mut spaces = loader.spaces.into_iter();
    let root = spaces.next().map(|open| open.space).unwrap_or_default();
    let named = spaces.filter_map(|open| Some((open.id?, open.space))).collect();
    Ok(Environment::restored(root, named, loader.cells))
}

/// The grammar: `(SPACE FACTS* OTHERS* DEFINITIONS*)+ CELLS* END`, and `END` stands for the start.
fn may_follow(kind: u8, last: u8) -> bool {
    match kind {
        kind::SPACE => last != kind::CELLS,
        kind::FACTS | kind::OTHERS | kind::DEFINITIONS => (kind::SPACE..=kind).contains(&last),
        kind::CELLS | kind::END => last != kind::END,
        _ => false,
    }
}

struct Loader<'c, T: Term, C: ?Sized> {
    atoms: AtomReader<'c, C>,
    /// The root first, then the named ones by id.
    spaces: Vec<Open<T>>,
    cells: Vec<(Cell, T)>,
    keys: Keys,
    batch: Batch,
    /// The number of the last definition.
    order: u64,
    last_kind: u8,
}

struct Open<T: Term> {
    id: Option<SpaceId>,
    space: Space<T>,
    last_order: u64,
    facts: u64,
}

/// The facts of one block.
#[derive(Default)]
struct Batch {
    keys: Vec<u8>,
    facts: Vec<(Range<usize>, u64)>,
}

impl<T: Term, C: Codec<T> + ?Sized> Loader<'_, T, C> {
    fn space(&mut self, content: &mut Input<'_>) -> Result<(), LoadError> {
        let start = content.offset();
        self.close(start)?;
        let id = match content.byte()? {
            0 => None,
            1 => Some(SpaceId::from_bytes(content.array()?)),
            _ => return Err(LoadError::at(start, Flaw::Entry)),
        };
        // The root alone has no id and comes first.
        let fits = match self.spaces.last() {
            None => id.is_none(),
            Some(before) => id > before.id,
        };
        if !fits {
            return Err(LoadError::at(start, Flaw::Order));
        }
        let (last_order, facts) = (content.number()?, content.number()?);
        content.end()?;
        self.spaces.push(Open {
            id,
            space: Space::default(),
            last_order,
            facts,
        });
        self.keys = Keys::default();
        self.order = 0;
        Ok(())
    }

    /// Tests and ends the space that is open.
    fn close(&mut self, offset: u64) -> Result<(), LoadError> {
        let order = self.order;
        if let Some(open) = self.spaces.last_mut() {
            if open.space.fact_count() as u64 != open.facts || order > open.last_order {
                return Err(LoadError::at(offset, Flaw::Count));
            }
            open.space.restore_order(open.last_order);
        }
        Ok(())
    }

    fn facts(&mut self, content: &mut Input<'_>) -> Result<(), LoadError> {
        let Batch { keys, facts } = &mut self.batch;
        keys.clear();
        facts.clear();
        while !content.is_empty() {
            let start = content.offset();
            let (shared, length) = (usize::from(content.byte()?), content.byte()?);
            let rest = content.take(usize::from(length & !COUNTED) + 1)?;
            let count = if length & COUNTED == 0 { 1 } else { content.number()? };
            let key = self
                .keys
                .next::<T>(shared, rest, facts.is_empty())
                .map_err(|flaw| LoadError::at(start, flaw))?;
            if count == 0 {
                return Err(LoadError::at(start, Flaw::Entry));
            }
            let begin = keys.len();
            keys.extend_from_slice(key);
            facts.push((begin..keys.len(), count));
        }
        if let Some(open) = self.spaces.last_mut() {
            open.space.restore_plain(
                facts
                    .iter()
                    .filter_map(|(range, count)| Some((keys.get(range.clone())?, Multiplicity::new(*count)?))),
            );
        }
        Ok(())
    }

    fn others(&mut self, content: &mut Input<'_>) -> Result<(), LoadError> {
        while !content.is_empty() {
            self.kept(content, 0)?;
        }
        Ok(())
    }

    fn definitions(&mut self, content: &mut Input<'_>) -> Result<(), LoadError> {
        while !content.is_empty() {
            let start = content.offset();
            let step = content.number()?;
            self.order = match self.order.checked_add(step) {
                Some(order) if step > 0 => order,
                _ => return Err(LoadError::at(start, Flaw::Order)),
            };
            self.kept(content, self.order)?;
        }
        Ok(())
    }

    fn kept(&mut self, content: &mut Input<'_>, order: u64) -> Result<(), LoadError> {
        let start = content.offset();
        let count = content.number()?;
        if count == 0 {
            return Err(LoadError::at(start, Flaw::Entry));
        }
        let atom = self.atoms.read(content)?;
        if let Some(open) = self.spaces.last_mut() {
            open.space
                .restore_kept(atom, self.atoms.path(), count, order)
                .map_err(|unfit| match unfit {
                    Unfit::Path | Unfit::Kind | Unfit::Twice => LoadError::at(start, Flaw::Atom),
                })?;
        }
        Ok(())
    }

    fn cells(&mut self, content: &mut Input<'_>) -> Result<(), LoadError> {
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
