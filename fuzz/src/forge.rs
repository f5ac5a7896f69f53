//! Files forged from a fuzzer's bytes by docs/format.md: fields that a fuzzer can't guess, such as checksums, are made
//! valid.

use pleach::persist::NoCodec;
use pleach::{Atom, Environment};
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Magic number of the files of an archive.
pub(crate) const ARCHIVE: [u8; 8] = *b"\x89pleaar\n";
const ARCHIVE_VERSION: u32 = 3;

const HEAD: usize = 12;
const CHECKSUM: usize = 8;

mod kind {
    pub(super) const END: u8 = 0;
    pub(super) const SPACE: u8 = 1;
    pub(super) const FACTS: u8 = 2;
    pub(super) const OTHERS: u8 = 3;
    pub(super) const DEFINITIONS: u8 = 4;
    pub(super) const LOG: u8 = 16;
    pub(super) const PATCH: u8 = 17;
    pub(super) const WHOLE: u8 = 18;
    pub(super) const REVISION: u8 = 32;
    pub(super) const NAME: u8 = 33;
    pub(super) const CHUNKS: u8 = 35;
}

struct Block {
    kind: u8,
    content: Vec<u8>,
}

/// Parses the blocks of a file; the last one may be truncated.
fn blocks(data: &[u8]) -> Vec<Block> {
    let mut rest = data.get(HEAD..).unwrap_or_default();
    std::iter::from_fn(|| next_block(&mut rest)).collect()
}

/// Parses the next block, which may be truncated.
fn next_block(rest: &mut &[u8]) -> Option<Block> {
    let [kind, a, b, c, d, after @ ..] = *rest else {
        return None;
    };
    let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
    let content = after.get(..length).unwrap_or(after);
    *rest = after.get(length.saturating_add(CHECKSUM)..).unwrap_or_default();
    Some(Block {
        kind: *kind,
        content: content.to_vec(),
    })
}

fn join(magic: [u8; 8], version: u32, blocks: &[Block]) -> Vec<u8> {
    let mut file = [&magic[..], &version.to_le_bytes()].concat();
    for (number, Block { kind, content }) in blocks.iter().enumerate() {
        let start = file.len();
        file.push(*kind);
        file.extend((content.len() as u32).to_le_bytes());
        file.extend(content);
        let checksum = xxh3_64_with_seed(&file[start..], number as u64);
        file.extend(checksum.to_le_bytes());
    }
    file
}

/// Forges a saved environment: magic number, version, lengths of blocks, checksums, the end, and the counts of each
/// space.
pub(crate) fn file(data: &[u8]) -> Vec<u8> {
    let mut blocks = blocks(data);
    let end = blocks.iter().position(|block| block.kind == kind::END);
    blocks.truncate(end.unwrap_or(blocks.len()));
    let mut space = None;
    for index in 0..blocks.len() {
        let (mut facts, mut orders) = (0, 0u64);
        match blocks[index].kind {
            kind::SPACE => space = Some((index, 0, 0u64)),
            kind @ (kind::FACTS | kind::OTHERS | kind::DEFINITIONS) => {
                let mut rest = &blocks[index].content[..];
                while let Some(order) = skip_entry(kind, &mut rest) {
                    facts += 1;
                    orders = orders.saturating_add(order);
                }
            }
            _ => {}
        }
        if let Some((at, all, last)) = &mut space {
            *all += facts;
            *last = last.saturating_add(orders);
            let content = &mut blocks[*at].content;
            let id = if content.first() == Some(&1) { 17 } else { 1 };
            if content.len() >= id {
                let mut given = &content[id..];
                let last = number(&mut given).unwrap_or(0).max(*last);
                content.truncate(id);
                put_number(content, last);
                put_number(content, *all);
            }
        }
    }
    let mut content = Vec::new();
    put_number(&mut content, blocks.len() as u64);
    blocks.push(Block {
        kind: kind::END,
        content,
    });
    join(*b"\x89pleach\n", 3, &blocks)
}

/// Forges log 0 of a journal: magic number, version, number, tags, lengths of blocks, checksums, and environments
/// inside.
pub(crate) fn log(data: &[u8]) -> Vec<u8> {
    let mut blocks = blocks(data);
    let mut salt = 0;
    for (index, block) in blocks.iter_mut().enumerate() {
        if index == 0 && block.kind == kind::LOG {
            block.content.resize(48, 0);
            block.content[..8].fill(0);
            salt = u64::from_le_bytes(block.content[8..16].try_into().expect("8 bytes"));
        } else if index > 0 {
            let length = block.content.len();
            let mut rest = block.content.get(8..).unwrap_or_default();
            let synced = number(&mut rest).unwrap_or(0).min(index as u64);
            let rest = &block.content[length - rest.len()..];
            let rest = if block.kind == kind::WHOLE {
                file(rest)
            } else {
                rest.to_vec()
            };
            block.content = salt.wrapping_add(index as u64).to_le_bytes().to_vec();
            put_number(&mut block.content, synced);
            block.content.extend(rest);
        }
    }
    join(*b"\x89pleajl\n", 3, &blocks)
}

/// Which fields of a file of an archive are made valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fit {
    /// Magic number, version, lengths of blocks and checksums.
    Blocks,
    /// Also ids, each of which becomes that of an earlier file, generations, and numbers of atoms.
    All,
}

/// Returns the id of a revision.
pub(crate) fn id(file: &[u8]) -> [u8; 32] {
    Sha256::digest(file).into()
}

/// Whether the first block is one of facts, as in a chunk.
pub(crate) fn is_chunk(file: &[u8]) -> bool {
    file.get(HEAD) == Some(&kind::FACTS)
}

/// Whether the first block is that of a name. All other files but chunks are taken for revisions.
pub(crate) fn is_name(file: &[u8]) -> bool {
    file.get(HEAD) == Some(&kind::NAME)
}

/// Returns the name in the file of a name.
pub(crate) fn name_in(file: &[u8]) -> Option<&str> {
    let mut rest = file.get(HEAD + 5..)?;
    let length = number(&mut rest)?;
    std::str::from_utf8(take(&mut rest, usize::try_from(length).ok()?)?).ok()
}

/// Forges the files of an archive, each after those that it refers to.
pub(crate) fn archive(files: &[Vec<u8>], fit: Fit) -> Vec<Vec<u8>> {
    // Ids and generations of the revisions.
    let mut known = Vec::new();
    // Ids and lengths of the chunks.
    let mut chunks = Vec::new();
    let mut forged = Vec::new();
    for file in files {
        if is_chunk(file) {
            let file = join(ARCHIVE, ARCHIVE_VERSION, &blocks(file));
            chunks.push((id(&file), file.len() as u64));
            forged.push(file);
            continue;
        }
        let mut rest = file.get(HEAD..).unwrap_or_default();
        let mut first = next_block(&mut rest).unwrap_or(Block {
            kind: kind::REVISION,
            content: Vec::new(),
        });
        if is_name(file) {
            if fit == Fit::All {
                first.content = name(&first.content, &known);
            }
            forged.push(join(ARCHIVE, ARCHIVE_VERSION, &[first]));
            continue;
        }
        let mut is_patch = rest.first() == Some(&kind::PATCH);
        let (mut list, mut total) = (None, 0);
        if rest.first() == Some(&kind::CHUNKS) {
            list = next_block(&mut rest);
        }
        if let Some(list) = &mut list
            && fit == Fit::All
        {
            (list.content, total) = chunk_list(&list.content, &chunks);
        }
        let mut generation = 0;
        if fit == Fit::All {
            (first.content, generation, is_patch) = revision(&first.content, &known, rest, total);
        }
        let list = list.filter(|list| !list.content.is_empty());
        let file = if is_patch {
            let patch = next_block(&mut rest).into_iter();
            let all: Vec<_> = [first].into_iter().chain(patch).collect();
            join(ARCHIVE, ARCHIVE_VERSION, &all)
        } else {
            let start: Vec<_> = [first].into_iter().chain(list).collect();
            [join(ARCHIVE, ARCHIVE_VERSION, &start), self::file(rest)].concat()
        };
        known.push((id(&file), generation));
        forged.push(file);
    }
    forged
}

/// Maps an arbitrary id to one that exists.
fn known_id(given: &[u8], known: &[([u8; 32], u64)]) -> Option<([u8; 32], u64)> {
    let at = usize::from(*given.first()?).checked_rem(known.len())?;
    known.get(at).copied()
}

/// Forges the block of a name, with an id that exists.
fn name(content: &[u8], known: &[([u8; 32], u64)]) -> Vec<u8> {
    let mut rest = content;
    if counted(&mut rest).is_none() {
        return content.to_vec();
    }
    let name = &content[..content.len() - rest.len()];
    let id = known_id(rest, known).map_or([0; 32], |(id, _)| id);
    [name, &id].concat()
}

/// Forges the block of a revision. Returns it with its generation, and whether a patch follows.
fn revision(content: &[u8], known: &[([u8; 32], u64)], state: &[u8], chunks: u64) -> (Vec<u8>, u64, bool) {
    let mut rest = content;
    let mut parents = Vec::new();
    for _ in 0..number(&mut rest).unwrap_or(0) {
        let Some(given) = take(&mut rest, 32) else { break };
        parents.extend(known_id(given, known));
    }
    number(&mut rest);
    let generation = parents.iter().map(|(_, generation)| generation + 1).max().unwrap_or(0);
    let is_patch = take(&mut rest, 1).is_some_and(|stored| stored[0] & 1 == 1) && generation > 0;
    let mut out = Vec::new();
    put_number(&mut out, parents.len() as u64);
    out.extend(parents.iter().flat_map(|(id, _)| id));
    put_number(&mut out, generation);
    out.push(u8::from(is_patch));
    if is_patch {
        let [chain, whole] = [(); 2].map(|()| number(&mut rest).unwrap_or(0));
        put_number(&mut out, chain);
        put_number(&mut out, whole);
    } else {
        number(&mut rest);
        put_number(&mut out, chunks);
    }
    let mut atoms = number(&mut rest).unwrap_or(0);
    if !is_patch
        && chunks == 0
        && let Ok(env) = Environment::<Atom>::load_from(&file(state)[..], &NoCodec)
    {
        atoms = env.len();
    }
    put_number(&mut out, atoms);
    let has_time = take(&mut rest, 1).is_some_and(|time| time[0] & 1 == 1);
    out.push(u8::from(has_time));
    if has_time {
        put_number(&mut out, number(&mut rest).unwrap_or(0));
    }
    let length = number(&mut rest).unwrap_or(0);
    let (message, nonce) = rest.split_at(rest.len().min(usize::try_from(length).unwrap_or(usize::MAX)));
    let message = String::from_utf8_lossy(message);
    put_number(&mut out, message.len() as u64);
    out.extend(message.as_bytes());
    out.extend((0..16).map(|at| nonce.get(at).unwrap_or(&0)));
    (out, generation, is_patch)
}

/// Forges a list of chunks, of those that exist. Returns it with their total length.
fn chunk_list(content: &[u8], known: &[([u8; 32], u64)]) -> (Vec<u8>, u64) {
    let (mut rest, mut out, mut total) = (content, Vec::new(), 0);
    while let Some(space) = take(&mut rest, 1) {
        let space = match space[0] & 1 {
            0 => Some(&[][..]),
            _ => take(&mut rest, 16),
        };
        let length = number(&mut rest).and_then(|length| usize::try_from(length).ok());
        let lower = length.and_then(|length| take(&mut rest, length));
        let (Some(space), Some(lower)) = (space, lower) else {
            break;
        };
        let Some(given) = take(&mut rest, 32) else { break };
        number(&mut rest);
        let Some((id, length)) = known_id(given, known) else {
            break;
        };
        out.push(u8::from(!space.is_empty()));
        out.extend(space);
        put_number(&mut out, lower.len() as u64);
        out.extend(lower);
        out.extend(id);
        put_number(&mut out, length);
        total += length;
    }
    (out, total)
}

/// Skips an entry of a block of this kind. Returns the step to its definition number, or 0; `None` if there is no
/// entry.
fn skip_entry(kind: u8, rest: &mut &[u8]) -> Option<u64> {
    if rest.is_empty() {
        return None;
    }
    if kind == kind::FACTS {
        take(rest, 1)?;
        let length = number(rest)?;
        take(rest, usize::try_from(length >> 1).ok()?.checked_add(1)?)?;
        if length & 1 != 0 {
            number(rest)?;
        }
        return Some(0);
    }
    let step = if kind == kind::DEFINITIONS { number(rest)? } else { 0 };
    number(rest)?;
    take(rest, 1)?;
    counted(rest)?;
    for _ in 0..number(rest)? {
        counted(rest)?;
        number(rest)?;
    }
    for _ in 0..number(rest)? {
        counted(rest)?;
    }
    Some(step)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn counted(rest: &mut &[u8]) -> Option<()> {
    let length = number(rest)?;
    take(rest, usize::try_from(length).ok()?).map(drop)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = *take(rest, 1)? else { return None };
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
pub(crate) mod tests {
    use pleach::{Atom, Environment};

    use super::*;

    /// A chunk, and a whole state that consists of it, of changes and of a rule, with ids and counts that don't fit.
    pub(crate) fn files_with_a_chunk() -> [Vec<u8>; 2] {
        let saved = |texts: &[&str]| {
            let env: Environment = texts
                .iter()
                .map(|text| text.parse::<Atom>().expect("an atom"))
                .collect();
            super::super::load::save(&env)
        };
        let facts = blocks(&saved(&["(p 1)", "(p 2)", "(p 3)"])).remove(1);
        let chunk = join(ARCHIVE, ARCHIVE_VERSION, &[facts]);
        let mut state = blocks(&saved(&["(p 2)", "(p 2)", "(p 3)", "(p 3)", "(= (f $x) $x)"]));
        // The first multiplicity: (p 2) is removed.
        let facts = &mut state[1].content;
        let at = facts
            .windows(2)
            .position(|bytes| bytes == [2, 2])
            .expect("a number and its count");
        facts[at + 1] = 0;
        let state = file(&join(*b"\x89pleach\n", 3, &state));
        let header = [&[0, 0, 0, 0, 4, 0, 0][..], &[7; 16]].concat();
        let blocks = [(kind::REVISION, header), (kind::CHUNKS, vec![0; 35])];
        let blocks = blocks.map(|(kind, content)| Block { kind, content });
        [chunk, [join(ARCHIVE, ARCHIVE_VERSION, &blocks), state].concat()]
    }

    /// A stale `forge` makes files that are all rejected at their first block, so that the targets would test nothing.
    #[test]
    fn a_saved_environment_is_left_unchanged() {
        let mut env = Environment::<Atom>::new();
        for text in ["(p 1)", "(p 2)", "(p 2)", "(= (f $x) $x)", "(: f (-> A A))", "(gone)"] {
            env.add_fact(text.parse().expect("an atom"));
        }
        env.add_fact(Atom::expression(vec![Atom::from(1); 100]));
        env.remove_fact(&"(gone)".parse().expect("an atom"));
        let space = env.new_space();
        env.space_mut(space).expect("a space").add_fact(Atom::from(1));
        env.bind("name", Atom::symbol("value"));
        let saved = super::super::load::save(&env);
        assert!(super::file(&saved) == saved);
    }
}
