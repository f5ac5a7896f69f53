//! Files made of a fuzzer's bytes by docs/format.md: all that must fit, but that a fuzzer can't hit on, is made to fit.

use xxhash_rust::xxh3::xxh3_64_with_seed;

const HEAD: usize = 12;
const CHECKSUM: usize = 8;

mod kind {
    pub(super) const END: u8 = 0;
    pub(super) const SPACE: u8 = 1;
    pub(super) const FACTS: u8 = 2;
    pub(super) const OTHERS: u8 = 3;
    pub(super) const DEFINITIONS: u8 = 4;
    pub(super) const LOG: u8 = 16;
    pub(super) const WHOLE: u8 = 18;
}

struct Block {
    kind: u8,
    content: Vec<u8>,
}

/// The blocks of a file, the last one as long as there are bytes.
fn blocks(data: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = data.get(HEAD..).unwrap_or_default();
    while let [kind, a, b, c, d, after @ ..] = rest {
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let content = after.get(..length).unwrap_or(after);
        blocks.push(Block {
            kind: *kind,
            content: content.to_vec(),
        });
        rest = after.get(length.saturating_add(CHECKSUM)..).unwrap_or_default();
    }
    blocks
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

/// A saved environment: magic, version, lengths of blocks, checksums, the end, and the counts of each space.
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
    join(*b"\x89pleach\n", 1, &blocks)
}

/// The log 0 of a journal: magic, version, its number, tags, lengths of blocks, checksums, and environments within.
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
            let on_disk = number(&mut rest).unwrap_or(0).min(index as u64);
            let rest = &block.content[length - rest.len()..];
            let rest = if block.kind == kind::WHOLE {
                file(rest)
            } else {
                rest.to_vec()
            };
            block.content = salt.wrapping_add(index as u64).to_le_bytes().to_vec();
            put_number(&mut block.content, on_disk);
            block.content.extend(rest);
        }
    }
    join(*b"\x89pleajl\n", 2, &blocks)
}

/// Skips an entry of a block of this kind; the step to its definition number, or 0. `None` if there is none.
fn skip_entry(kind: u8, rest: &mut &[u8]) -> Option<u64> {
    if rest.is_empty() {
        return None;
    }
    if kind == kind::FACTS {
        let [_, length] = *take(rest, 2)? else { return None };
        take(rest, usize::from(length & 0x7f) + 1)?;
        if length & 0x80 != 0 {
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
