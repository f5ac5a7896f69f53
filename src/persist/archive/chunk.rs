//! Chunks: immutable files of plain facts, which whole states share.
//!
//! The facts of a space, in the order of keys, are cut into chunks. A cut is where the hash of the next key is small, so
//! that it depends on content alone and a change moves only the cuts beside it. The next whole state refers to the same
//! chunks and stores the facts that have changed since. A chunk is written anew once these outweigh a quarter of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::mem;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use super::error::ArchiveError;
use super::format::{MAGIC, VERSION, kind};
use super::hex;
use crate::env::{Multiplicity, Snapshot, Space, SpaceId, SpaceKind};
use crate::persist::atom::common_prefix;
use crate::persist::block::{BlockReader, BlockWriter, ContentReader, write_bytes};
use crate::persist::error::{Flaw, LoadError};
use crate::persist::fact_key::{FactBatch, FactWriter, KeyDecoder};
use crate::persist::format as environment;
use crate::persist::load::Bases;
use crate::persist::save::Changes;
use crate::term::Term;
use crate::varint;

/// Least length of a chunk, of which a space that has less plain facts has none. Chunks at the end of a cut may have
/// less. Less in unit tests, so that short states have chunks.
const MIN: u64 = if cfg!(test) { 256 } else { 256 * 1024 };

/// Length from which a chunk ends at the next key.
const MAX: u64 = 4 * MIN;

/// Expected length of a chunk beyond [`MIN`].
const EXPECTED: u64 = MIN;

/// The id of a chunk: the SHA-256 of its file, displayed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::persist) struct ChunkId([u8; 32]);

impl ChunkId {
    /// The id of a chunk with this content.
    pub(in crate::persist) fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }
}

#[cfg(feature = "remote")]
impl ChunkId {
    pub(super) fn into_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ChunkId {
    type Err = hex::InvalidHex;

    fn from_str(text: &str) -> Result<Self, hex::InvalidHex> {
        hex::parse(text).map(Self)
    }
}

/// A chunk as part of a whole state. It holds the facts of a space from `lower` up to the next chunk's; the first chunk
/// also any before.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) space: Option<SpaceId>,
    pub(super) lower: Vec<u8>,
    pub(super) id: ChunkId,
    /// Length of the file.
    pub(super) length: u64,
}

/// Writes a chunk, which has this id, durably.
pub(super) type PutChunk<'a> = dyn FnMut(ChunkId, &[u8]) -> Result<(), ArchiveError> + 'a;

/// The storage of the plain facts of a whole state. Spaces without chunks store their facts in the file of the revision.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// By space, then in the order of keys.
    pub(super) chunks: Vec<Chunk>,
    /// The facts that have changed since the chunks were written, of each space with chunks.
    pub(super) changes: Changes,
}

impl Layout {
    /// Returns the layout of a state whose facts are those of an earlier whole state but for the changes in its layout, whose
    /// multiplicities don't matter. Writes new chunks. O(d · log n) for d changes, and the size of the new chunks.
    pub(super) fn next<T: Term>(self, state: &Snapshot<T>, put: &mut PutChunk<'_>) -> Result<Self, ArchiveError> {
        let mut next = Self::default();
        let named = state.spaces().map(|(id, space)| (Some(id), space));
        let spaces: Vec<(Option<SpaceId>, &Space<T>)> = std::iter::once((None, &**state)).chain(named).collect();
        let mut known: BTreeMap<Option<SpaceId>, &[Chunk]> = BTreeMap::new();
        for chunks in self.chunks.chunk_by(|a, b| a.space == b.space) {
            known.extend(chunks.first().map(|first| (first.space, chunks)));
        }
        for (id, space) in spaces {
            if let Some(chunks) = known.get(&id) {
                let keys = self.changes.get(&id).into_iter().flat_map(|changes| changes.keys());
                let keys: Vec<&[u8]> = keys.map(|key| &**key).collect();
                next.follow(space, chunks, &keys, put)?;
            } else {
                let mut cutter = Cutter::new(id, b"", put)?;
                space.each_entry(|key, count, kept| match kept {
                    None => cutter.add(key, count),
                    Some(_) => Ok(()),
                })?;
                next.chunks.extend(cutter.end(true)?);
            }
            if next.chunks.last().is_some_and(|last| last.space == id) {
                next.changes.entry(id).or_default();
            }
        }
        Ok(next)
    }

    /// Adds a space that had these chunks, with changes of these keys since, in ascending order.
    fn follow<T: Term>(
        &mut self,
        space: &Space<T>,
        chunks: &[Chunk],
        keys: &[&[u8]],
        put: &mut PutChunk<'_>,
    ) -> Result<(), ArchiveError> {
        let mut groups: Vec<(&Chunk, &[&[u8]])> = Vec::with_capacity(chunks.len());
        let mut rest = keys;
        for (chunk, next) in chunks.iter().zip(chunks.iter().skip(1).map(Some).chain([None])) {
            let end = next.map_or(rest.len(), |next| rest.partition_point(|key| *key < &*next.lower));
            let (here, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            groups.push((chunk, here));
            rest = after;
        }
        let mut is_stale: Vec<bool> = groups
            .iter()
            .map(|(chunk, keys)| outweighs(keys, chunk.length))
            .collect();
        // Small chunks beside them join them.
        for at in 0..groups.len() {
            let is_beside = [at.checked_sub(1), at.checked_add(1)].into_iter().flatten();
            let is_beside = is_beside.filter_map(|at| is_stale.get(at)).any(|is_stale| *is_stale);
            if let (Some((chunk, _)), Some(is_stale)) = (groups.get(at), is_stale.get_mut(at)) {
                *is_stale |= is_beside && chunk.length < MIN;
            }
        }
        let mut groups = groups.into_iter().zip(is_stale).peekable();
        let mut is_first = true;
        while let Some(((chunk, keys), is_stale)) = groups.next() {
            if is_stale {
                while groups.next_if(|(_, is_stale)| *is_stale).is_some() {}
                // The first chunk also holds what is before it.
                let lower = if is_first { b"" } else { &*chunk.lower };
                let upper = groups.peek().map(|((next, _), _)| &*next.lower);
                let mut cutter = Cutter::new(chunk.space, lower, put)?;
                space.each_plain(lower, upper, |key, count| cutter.add(key, count))?;
                self.chunks.extend(cutter.end(false)?);
            } else {
                let changes = self.changes.entry(chunk.space).or_default();
                changes.extend(keys.iter().map(|key| (key.to_vec(), space.plain_multiplicity(key))));
                self.chunks.push(chunk.clone());
            }
            is_first = false;
        }
        Ok(())
    }

    /// Total length of the chunks.
    pub(super) fn length(&self) -> u64 {
        self.chunks
            .iter()
            .fold(0, |sum, chunk| sum.saturating_add(chunk.length))
    }

    /// Writes the list of chunks.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for chunk in &self.chunks {
            match chunk.space {
                None => out.push(0),
                Some(id) => {
                    out.push(1);
                    out.extend(id.to_bytes());
                }
            }
            write_bytes(out, &chunk.lower);
            out.extend(chunk.id.0);
            varint::write(out, chunk.length);
        }
    }
}

/// Whether changes of these keys outweigh a quarter of a chunk.
fn outweighs(keys: &[&[u8]], length: u64) -> bool {
    // With a count of shared bytes, a length and often a multiplicity.
    let weights = keys.iter().map(|key| (key.len() as u64).saturating_add(3));
    weights.fold(0, u64::saturating_add) > length / 4
}

/// Reads what [`Layout::write`] wrote, of chunks of this total length.
pub(super) fn read_list(input: &mut ContentReader<'_>, total: u64) -> Result<Vec<Chunk>, LoadError> {
    let start = input.offset();
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut length = 0_u64;
    while !input.is_empty() {
        let at = input.offset();
        let space = match input.byte()? {
            0 => None,
            1 => Some(SpaceId::from_bytes(input.array()?)),
            _ => return Err(LoadError::at(at, Flaw::Entry)),
        };
        let chunk = Chunk {
            space,
            lower: input.bytes()?.to_owned(),
            id: ChunkId(input.array()?),
            length: input.number()?,
        };
        let is_after = |last: &Chunk| (last.space, &last.lower) < (space, &chunk.lower);
        if !chunks.last().is_none_or(is_after) {
            return Err(LoadError::at(at, Flaw::Order));
        }
        length = length.saturating_add(chunk.length);
        chunks.push(chunk);
    }
    if length != total {
        return Err(LoadError::at(start, Flaw::Count));
    }
    Ok(chunks)
}

/// Reads the keys of the facts that a saved environment holds of these spaces.
pub(super) fn read_keys<T: Term>(
    input: impl Read,
    spaces: &BTreeSet<Option<SpaceId>>,
    keys: &mut Changes,
) -> Result<(), LoadError> {
    let mut blocks = BlockReader::new(input, environment::MAGIC, environment::VERSION)?;
    let mut batch = FactBatch::default();
    let (mut decoder, mut space) = (KeyDecoder::default(), None);
    loop {
        let (found, mut content) = blocks.next()?;
        match found {
            environment::kind::SPACE => {
                let start = content.offset();
                space = match content.byte()? {
                    0 => None,
                    1 => Some(SpaceId::from_bytes(content.array()?)),
                    _ => return Err(LoadError::at(start, Flaw::Entry)),
                };
                decoder = KeyDecoder::new(SpaceKind::of(space));
            }
            environment::kind::FACTS if spaces.contains(&space) => {
                batch.read::<T>(&mut content, &mut decoder, true)?;
                let facts = batch.iter().map(|(key, count)| (key.to_owned(), count));
                keys.entry(space).or_default().extend(facts);
            }
            environment::kind::END => return Ok(()),
            _ => {}
        }
    }
}

/// Reads the facts of chunks, which come in order.
pub(super) struct ChunkReader<T: Term> {
    bases: Bases<T>,
    keys: KeyDecoder,
    batch: FactBatch,
}

impl<T: Term> ChunkReader<T> {
    pub(super) fn new() -> Self {
        Self {
            bases: Bases::new(),
            keys: KeyDecoder::default(),
            batch: FactBatch::default(),
        }
    }

    /// Reads the content of a chunk.
    pub(super) fn read(&mut self, chunk: &Chunk, content: &[u8]) -> Result<(), LoadError> {
        let kind = SpaceKind::of(chunk.space);
        if !self.bases.contains_key(&chunk.space) {
            self.keys = KeyDecoder::new(kind);
        }
        let space = self.bases.entry(chunk.space).or_insert_with(|| Space::of_kind(kind));
        let mut blocks = BlockReader::new(content, MAGIC, VERSION)?;
        while blocks.offset() < content.len() as u64 {
            let start = blocks.offset();
            let (found, mut content) = blocks.next()?;
            if found != kind::FACTS {
                return Err(LoadError::at(start, Flaw::Block(found)));
            }
            self.batch.read::<T>(&mut content, &mut self.keys, false)?;
            let facts = self.batch.iter();
            space.restore_plain(facts.filter_map(|(key, count)| Some((key, Multiplicity::new(count)?))));
        }
        Ok(())
    }

    /// The facts, by space.
    pub(super) fn end(self) -> Bases<T> {
        self.bases
    }
}

/// Cuts facts of a space, which come in order, into chunks.
struct Cutter<'a, 'p> {
    space: Option<SpaceId>,
    put: &'a mut PutChunk<'p>,
    chunks: Vec<Chunk>,
    facts: FactWriter,
    blocks: BlockWriter<Vec<u8>>,
    /// Length of the blocks of the current chunk that are complete.
    length: u64,
    /// Key before the current one.
    last: Vec<u8>,
    /// Lower bound of the current chunk.
    lower: Vec<u8>,
    /// Whether the current chunk has no facts.
    is_empty: bool,
}

impl<'a, 'p> Cutter<'a, 'p> {
    /// A cutter of facts from this lower bound on.
    fn new(space: Option<SpaceId>, lower: &[u8], put: &'a mut PutChunk<'p>) -> Result<Self, ArchiveError> {
        Ok(Self {
            space,
            put,
            chunks: Vec::new(),
            facts: FactWriter::default(),
            blocks: BlockWriter::new(Vec::new(), MAGIC, VERSION)?,
            length: 0,
            last: Vec::new(),
            lower: lower.to_owned(),
            is_empty: true,
        })
    }

    fn add(&mut self, key: &[u8], count: u64) -> Result<(), ArchiveError> {
        let shared = common_prefix(&self.last, key);
        if !self.is_empty && self.is_cut_before(key, shared) {
            self.cut()?;
            // No longer than needed to differ from the key before.
            self.lower = key.get(..shared.saturating_add(1)).unwrap_or(key).to_owned();
        }
        self.is_empty = false;
        self.facts.write(self.blocks.content(), key, count);
        if self.blocks.is_full() {
            self.length = self.length.saturating_add(self.blocks.end(kind::FACTS)?);
        }
        self.last.truncate(shared);
        self.last.extend_from_slice(key.get(shared..).unwrap_or_default());
        Ok(())
    }

    /// Whether a chunk ends before this key: with a probability proportional to the length of the entry, so that chunks of
    /// short and of long keys have the same length.
    fn is_cut_before(&mut self, key: &[u8], shared: usize) -> bool {
        let length = self.length.saturating_add(self.blocks.content().len() as u64);
        let added = (key.len() as u64).saturating_sub(shared as u64).saturating_add(2);
        length >= MAX || (length >= MIN && xxh3_64(key) < added.saturating_mul(u64::MAX / EXPECTED))
    }

    /// Ends the current chunk.
    fn cut(&mut self) -> Result<(), ArchiveError> {
        if self.is_empty {
            return Ok(());
        }
        if !self.blocks.is_empty() {
            self.blocks.end(kind::FACTS)?;
        }
        let next = BlockWriter::new(Vec::new(), MAGIC, VERSION)?;
        let content = mem::replace(&mut self.blocks, next).into_inner();
        let id = ChunkId::of(&content);
        (self.put)(id, &content)?;
        self.chunks.push(Chunk {
            space: self.space,
            lower: mem::take(&mut self.lower),
            id,
            length: content.len() as u64,
        });
        (self.length, self.is_empty) = (0, true);
        Ok(())
    }

    /// Returns the chunks; if `may_be_none`, none for less facts than one chunk should have.
    fn end(mut self, may_be_none: bool) -> Result<Vec<Chunk>, ArchiveError> {
        let length = self.length.saturating_add(self.blocks.content().len() as u64);
        if !(may_be_none && self.chunks.is_empty() && length < MIN) {
            self.cut()?;
        }
        Ok(self.chunks)
    }
}
