//! Corrupt, truncated and forged files and failing writers are errors, and never load as another environment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use pleach::persist::{Flaw, LoadError, NoCodec, SaveError};
use pleach::{Atom, Environment};
use pleach_testkit::worlds::{bytes, sample};
use xxhash_rust::xxh3::xxh3_64_with_seed;

fn load(bytes: &[u8]) -> Result<Environment, LoadError> {
    Environment::load_from(bytes, &NoCodec)
}

/// The flaw of invalid bytes, and its offset.
fn flaw(bytes: &[u8]) -> (Flaw, u64) {
    match load(bytes) {
        Err(LoadError::Corrupt { offset, flaw }) => {
            assert!(offset <= bytes.len() as u64, "{flaw} beyond the end, at {offset}");
            (flaw, offset)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_truncated_anywhere_is_an_error() {
    let whole = bytes(&sample());
    for length in 0..whole.len() {
        let (flaw, offset) = flaw(&whole[..length]);
        assert!(matches!(flaw, Flaw::Truncated | Flaw::Magic), "{length}: {flaw}");
        assert!(flaw == Flaw::Magic || offset == length as u64);
    }
}

#[test]
fn a_file_with_any_bit_or_byte_changed_is_an_error() {
    let mut file = bytes(&sample());
    for at in 0..file.len() {
        let byte = file[at];
        for bit in 0..8 {
            file[at] = byte ^ (1 << bit);
            flaw(&file);
        }
        for other in [0x00, 0xff] {
            file[at] = other;
            assert!(other == byte || load(&file).is_err());
        }
        file[at] = byte;
        let mut longer = file.clone();
        longer.insert(at, byte);
        flaw(&longer);
        let mut shorter = file.clone();
        shorter.remove(at);
        flaw(&shorter);
    }
    file.push(0);
    assert_eq!(flaw(&file), (Flaw::Trailing, file.len() as u64 - 1));
}

/// Ranges of the blocks of a file.
fn blocks(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (mut blocks, mut at) = (Vec::new(), 12);
    while at < file.len() {
        let length = u32::from_le_bytes(file[at + 1..at + 5].try_into().unwrap()) as usize;
        blocks.push(at..at + 5 + length + 8);
        at += 5 + length + 8;
    }
    blocks
}

/// The file with one block replaced by these bytes and a valid checksum.
fn forge(file: &[u8], number: usize, block: &[u8]) -> Vec<u8> {
    let range = blocks(file)[number].clone();
    let mut forged = file[..range.start].to_vec();
    let mut block = block.to_vec();
    let length = (block.len() - 5) as u32;
    block[1..5].copy_from_slice(&length.to_le_bytes());
    let checksum = xxh3_64_with_seed(&block, number as u64);
    forged.extend_from_slice(&block);
    forged.extend_from_slice(&checksum.to_le_bytes());
    forged.extend_from_slice(&file[range.end..]);
    forged
}

/// Even with valid checksums, no panic.
#[test]
fn a_forged_file_is_valid_or_an_error() {
    let file = bytes(&sample());
    let (mut refused, mut sound) = (0, 0);
    for (number, range) in blocks(&file).into_iter().enumerate() {
        let block = &file[range.start..range.end - 8];
        let mut attempts = Vec::new();
        for at in 0..block.len() {
            for change in [1, 2, 4, 8, 16, 32, 64, 128] {
                let mut forged = block.to_vec();
                forged[at] ^= change;
                attempts.push(forged);
            }
            if at >= 5 {
                attempts.push(block[..at].to_vec());
                let mut shorter = block.to_vec();
                shorter.remove(at);
                attempts.push(shorter);
                let mut longer = block.to_vec();
                longer.splice(at..at, [0xff; 9]);
                attempts.push(longer);
            }
        }
        for forged in attempts {
            match load(&forge(&file, number, &forged)) {
                Ok(env) => {
                    env.check();
                    sound += 1;
                    assert_eq!(load(&bytes(&env)).unwrap(), env);
                }
                Err(LoadError::Corrupt { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(refused > 1_000 && sound > 100, "{refused} refused, {sound} sound");
}

#[test]
fn definition_numbers_in_a_data_space_are_an_error() {
    let mut env = Environment::<Atom>::new();
    let space = env.new_data_space();
    let rule = "(= (f) 1)".parse().unwrap();
    env.space_mut(space).unwrap().add_fact(rule);
    let file = bytes(&env);
    let mut spaces = blocks(&file)
        .into_iter()
        .enumerate()
        .filter(|(_, range)| file[range.start] == 1);
    let (number, range) = spaces.next_back().unwrap();
    let mut block = file[range.start..range.end - 8].to_vec();
    // The kind and the length of the block, whether the space is named, the id, and the greatest definition number.
    let (id, greatest) = (6..22, 22);
    assert_eq!((&block[id], block[greatest]), (&space.to_bytes()[..], 0));
    block[greatest] = 1;
    let forged = forge(&file, number, &block);
    assert_eq!(flaw(&forged), (Flaw::Order, range.start as u64 + 5));
}

#[test]
fn swapped_blocks_are_an_error() {
    let mut env = Environment::<Atom>::new();
    env.add_facts_bulk((0..40_000).map(|i| Atom::expression([Atom::from(i), Atom::symbol("fact")])));
    let file = bytes(&env);
    let ranges = blocks(&file);
    assert!(ranges.len() > 4);
    let swapped = [
        &file[..12],
        &file[ranges[0].clone()],
        &file[ranges[2].clone()],
        &file[ranges[1].clone()],
        &file[ranges[3].start..],
    ]
    .concat();
    assert_eq!(flaw(&swapped).0, Flaw::Checksum);
    // Also with valid checksums.
    let block = |number: usize| &file[ranges[number].start..ranges[number].end - 8];
    let swapped = forge(&forge(&file, 1, block(2)), 2, block(1));
    assert_eq!(flaw(&swapped).0, Flaw::Order);
    let doubled = forge(&file, 2, block(1));
    assert_eq!(flaw(&doubled).0, Flaw::Order);
}

/// Random bytes of a file of many blocks.
#[test]
fn a_large_file_with_a_changed_byte_is_an_error() {
    let mut env = Environment::<Atom>::new();
    env.add_facts_bulk((0..20_000).map(|i| Atom::expression([Atom::from(i), Atom::symbol("fact")])));
    env.add_rules_bulk((0..2_000).map(|i| (Atom::expression([Atom::symbol("f"), Atom::from(i)]), Atom::from(i))));
    let mut file = bytes(&env);
    let mut at = 7;
    for _ in 0..100 {
        at = (at * 48_271) % 2_147_483_647;
        let place = at % file.len();
        file[place] ^= 0x10;
        flaw(&file);
        file[place] ^= 0x10;
        flaw(&file[..place]);
    }
}

/// Lengths and numbers beyond the bytes of the file allocate nothing.
#[test]
fn forged_lengths_allocate_nothing() {
    let file = bytes(&sample());
    let head = &file[..12];
    for kind in 0..=255 {
        let bomb = [head, &[kind], &u32::MAX.to_le_bytes(), &[0xff; 1000]].concat();
        let info = allocation_counter::measure(|| {
            assert_eq!(flaw(&bomb), (Flaw::Length, 12));
        });
        assert!(info.bytes_max < 1 << 20, "{} bytes", info.bytes_max);
    }
    // Numbers of entries, names, values and items; and a long common prefix with nothing.
    for content in [
        &[0x7f; 40][..],
        &[0xff; 40],
        &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0],
    ] {
        for kind in 0..6 {
            let block = [&[kind, 0, 0, 0, 0], content].concat();
            let info = allocation_counter::measure(|| {
                for number in 0..blocks(&file).len() {
                    let _ = load(&forge(&file, number, &block));
                }
            });
            assert!(info.bytes_max < 1 << 20, "{} bytes", info.bytes_max);
        }
    }
}

/// Greatest length of a block's content, plus 1.
const TOO_LONG: usize = (1 << 20) + 1;

/// An environment with an atom of several blocks, its file, and the ranges of the blocks.
fn of_many_blocks() -> (Environment, Vec<u8>, Vec<std::ops::Range<usize>>) {
    let mut env = sample();
    env.add_fact(Atom::expression([
        Atom::symbol(&*"wide ".repeat(700_000)),
        Atom::symbol("end"),
    ]));
    let file = bytes(&env);
    let blocks = blocks(&file);
    let first = blocks.iter().position(|block| file[block.start] == 0x82).unwrap();
    (env, file, blocks[first..first + 4].to_vec())
}

#[test]
fn long_content_continues_in_the_next_block() {
    let (env, file, parts) = of_many_blocks();
    let loaded = load(&file).unwrap();
    loaded.check();
    assert!(loaded == env && bytes(&loaded) == file);
    let kinds: Vec<u8> = parts.iter().map(|part| file[part.start]).collect();
    assert_eq!(kinds, [0x82, 0x82, 0x82, 2]);
    assert!(parts.iter().all(|part| part.len() <= TOO_LONG - 1 + 13));

    let mut damaged = file.clone();
    for part in &parts {
        for at in [part.start, part.start + 1, part.start + 100, part.end - 1] {
            damaged[at] ^= 1;
            assert_eq!(flaw(&damaged).1, part.start as u64, "{at}");
            damaged[at] ^= 1;
            assert_eq!(flaw(&file[..at]), (Flaw::Truncated, at as u64));
        }
    }
}

/// Invalid continuations with valid checksums are errors, and offsets within continued blocks are exact.
#[test]
fn continued_blocks_are_validated() {
    let (_, file, parts) = of_many_blocks();
    let number = blocks(&file).iter().position(|block| *block == parts[0]).unwrap();
    let part = |index: usize| file[parts[index].start..parts[index].end - 8].to_vec();
    let mut short = part(0);
    short.pop();
    assert_eq!(
        flaw(&forge(&file, number, &short)),
        (Flaw::Length, parts[0].start as u64)
    );
    let mut long = part(3);
    long.resize(5 + TOO_LONG, 0);
    assert_eq!(
        flaw(&forge(&file, number + 3, &long)),
        (Flaw::Length, parts[3].start as u64)
    );
    let mut other = part(1);
    other[0] = 0x84;
    assert_eq!(
        flaw(&forge(&file, number + 1, &other)),
        (Flaw::Block(4), parts[1].start as u64)
    );
    // The end of the atom is replaced by a byte that begins another.
    let mut cut = part(3);
    cut.truncate(6);
    let (found, at) = flaw(&forge(&file, number + 3, &cut));
    assert!(found == Flaw::Entry && at < parts[3].end as u64, "{found} at {at}");
}

/// A value that is encoded in one byte.
struct Nothing;

impl pleach::term::Grounded for Nothing {
    fn type_name(&self) -> &str {
        "Nothing"
    }
    fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::Borrowed(b"")
    }
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing")
    }
}

/// Values and names beyond those of the path take no more memory than their block.
#[test]
fn excess_values_and_names_allocate_nothing() {
    struct Nothings;
    impl pleach::persist::Codec<Atom> for Nothings {
        fn encode(&self, _: &Atom) -> Option<Vec<u8>> {
            Some(Vec::new())
        }
        fn decode(&self, _: &[u8]) -> Option<Atom> {
            Some(Atom::grounded(Nothing))
        }
    }
    let file = bytes(&sample());
    let number = blocks(&file).iter().position(|block| file[block.start] == 4).unwrap();
    // In its place, others: multiplicity 1, no common prefix, one byte that is no path; a million names of two bytes, or values of one.
    for (names, values) in [(400_000usize, 0usize), (0, 1_000_000)] {
        let mut block = vec![3, 0, 0, 0, 0, 1, 0, 2, 0x81, b'a'];
        for (count, each) in [(names, 2), (values, 1)] {
            let mut rest = count;
            while rest >= 0x80 {
                block.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            block.push(rest as u8);
            block.resize(block.len() + count * each, 0);
        }
        let forged = forge(&file, number, &block);
        let info = allocation_counter::measure(|| {
            let refused = Environment::<Atom>::load_from(&forged[..], &Nothings);
            assert!(matches!(refused, Err(LoadError::Corrupt { flaw: Flaw::Atom, .. })));
        });
        assert!(info.bytes_max < 4 << 20, "{} bytes", info.bytes_max);
    }
}

/// A writer that fails after a number of bytes.
struct Full(usize, ErrorKind);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(self.1.into());
        }
        let written = bytes.len().min(self.0);
        self.0 -= written;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_at_any_byte_is_reported() {
    let env = sample();
    let whole = bytes(&env).len();
    for kind in [
        ErrorKind::StorageFull,
        ErrorKind::PermissionDenied,
        ErrorKind::BrokenPipe,
    ] {
        for room in 0..whole {
            match env.save_to(Full(room, kind), &NoCodec) {
                Err(SaveError::Io(error)) => assert_eq!(error.kind(), kind),
                other => panic!("{other:?}"),
            }
        }
        env.save_to(Full(whole, kind), &NoCodec).unwrap();
    }
}

/// A temporary folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pleach-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Anything;
impl pleach::term::Grounded for Anything {
    fn type_name(&self) -> &str {
        "Anything"
    }
    fn identity(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::Borrowed(b"")
    }
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }
}

#[test]
fn a_failed_save_leaves_the_old_file() {
    let folder = Folder::new("save");
    let path = folder.0.join("world");
    let env = sample();
    env.save(&path).unwrap();

    let mut opaque = env.clone();
    opaque.add_fact(Atom::grounded(Anything));
    assert!(matches!(opaque.save(&path), Err(SaveError::Opaque { .. })));
    assert_eq!(Environment::<Atom>::load(&path).unwrap(), env);
    assert_eq!(folder.names(), ["world"], "nothing is left behind");

    let mut more = env.clone();
    more.add_fact(Atom::symbol("more"));
    more.save(&path).unwrap();
    assert_eq!(Environment::<Atom>::load(&path).unwrap(), more);
    assert_eq!(folder.names(), ["world"]);
}

/// There is one way to write each fact: a multiplicity of 1 is left out.
#[test]
fn a_written_multiplicity_of_one_is_an_error() {
    let file = bytes(&std::iter::once(Atom::symbol("a")).collect());
    let number = blocks(&file).iter().position(|block| file[block.start] == 2).unwrap();
    let facts = |fact: &[u8]| {
        let mut block = vec![2, fact.len() as u8, 0, 0, 0];
        block.extend(fact);
        forge(&file, number, &block)
    };
    assert!(load(&facts(&[0, 2, 0x81, b'a'])).is_ok());
    assert!(load(&facts(&[0, 3, 0x81, b'a', 2])).is_ok());
    for count in [0, 1] {
        assert_eq!(flaw(&facts(&[0, 3, 0x81, b'a', count])).0, Flaw::Entry);
    }
}

#[test]
fn invalid_paths_are_reported() {
    let folder = Folder::new("places");
    let env = sample();
    let kind = |path: PathBuf| match env.save(path) {
        Err(SaveError::Io(error)) => error.kind(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(folder.0.join("no").join("folder")), ErrorKind::NotFound);
    fs::write(folder.0.join("file"), "").unwrap();
    assert_eq!(kind(folder.0.join("file").join("world")), ErrorKind::NotADirectory);
    fs::create_dir(folder.0.join("folder")).unwrap();
    assert_eq!(kind(folder.0.join("folder")), ErrorKind::IsADirectory);
    assert_eq!(kind(PathBuf::from("/")), ErrorKind::InvalidInput);
    assert!(matches!(
        Environment::<Atom>::load(folder.0.join("nothing")),
        Err(LoadError::Io(error)) if error.kind() == ErrorKind::NotFound
    ));
}

struct Panics;

impl pleach::persist::Codec<Atom> for Panics {
    fn encode(&self, _: &Atom) -> Option<Vec<u8>> {
        panic!("as planned")
    }
    fn decode(&self, _: &[u8]) -> Option<Atom> {
        None
    }
}

#[test]
fn a_save_whose_codec_panics_leaves_nothing() {
    let folder = Folder::new("panicking");
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("world");
    let mut env = sample();
    env.save(&path).unwrap();
    let before = env.clone();
    env.add_fact(Atom::grounded(Anything));
    let saved = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| env.save_with(&path, &Panics)));
    assert!(saved.is_err());
    assert_eq!(folder.names(), ["world"]);
    assert_eq!(Environment::<Atom>::load(&path).unwrap(), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    match sample().save_to(full, &NoCodec) {
        Err(SaveError::Io(error)) => assert_eq!(error.kind(), ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
}

/// A codec that records the permissions of the files in a folder while one is written there.
#[cfg(unix)]
struct Watches(PathBuf);

#[cfg(unix)]
impl pleach::persist::Codec<Atom> for Watches {
    fn encode(&self, _: &Atom) -> Option<Vec<u8>> {
        use std::os::unix::fs::PermissionsExt;
        let files: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        Some(Vec::new())
    }
    fn decode(&self, _: &[u8]) -> Option<Atom> {
        Some(Atom::grounded(Anything))
    }
}

#[cfg(unix)]
#[test]
fn a_secret_file_stays_secret_while_it_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("secret");
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("world");
    let mut env = sample();
    env.save(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    env.add_fact(Atom::grounded(Anything));
    let watches = Watches(folder.0.clone());
    env.save_with(&path, &watches).unwrap();
    assert_eq!(Environment::load_with(&path, &watches).unwrap(), env);
}

#[cfg(unix)]
#[test]
fn links_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("link");
    let (file, link) = (folder.0.join("file"), folder.0.join("link"));
    let env = sample();
    env.save(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&file, &link).unwrap();
    env.save(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
