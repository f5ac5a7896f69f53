//! Saved environments through a compressor: `save_to` and `load_from` work with any writer and reader.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{self, Read, Write};

use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use pleach::persist::{Flaw, LoadError, NoCodec};
use pleach::{Atom, Environment};
use pleach_testkit::worlds::{bytes, sample};

fn compressed(env: &Environment) -> Vec<u8> {
    let mut encoder = FrameEncoder::new(Vec::new());
    env.save_to(&mut encoder, &NoCodec).unwrap();
    encoder.finish().unwrap()
}

fn load(compressed: &[u8]) -> Result<Environment, LoadError> {
    Environment::load_from(FrameDecoder::new(compressed), &NoCodec)
}

#[test]
fn compressed_environments_round_trip() {
    let mut env = sample();
    env.add_rules_bulk((0..3_000i64).map(|i| {
        let lhs = Atom::expression([Atom::symbol("step"), Atom::from(i), Atom::variable("x")]);
        (
            lhs,
            Atom::expression([Atom::symbol("step"), Atom::from(i + 1), Atom::variable("x")]),
        )
    }));
    let file = compressed(&env);
    assert!(file.len() * 2 < bytes(&env).len(), "{}", file.len());
    let loaded = load(&file).unwrap();
    loaded.check();
    assert_eq!(loaded, env);
    assert_eq!(bytes(&loaded), bytes(&env));
}

#[test]
fn truncated_and_corrupt_files_are_errors() {
    let env = sample();
    let file = compressed(&env);
    for at in 0..file.len() {
        // If only the compressor's end mark is missing, the environment is complete.
        match load(&file[..at]) {
            Err(LoadError::Io(_) | LoadError::Corrupt { .. }) => {}
            Ok(loaded) => assert!(at >= file.len() - 4 && loaded == env, "{at}"),
            other => panic!("{at}: {other:?}"),
        }
        let mut flipped = file.clone();
        for bit in 0..8 {
            flipped[at] = file[at] ^ (1 << bit);
            // Flags of the frame may have other encodings of equal meaning.
            if let Ok(loaded) = load(&flipped) {
                assert_eq!(loaded, env, "{at}");
            }
        }
    }
}

/// A decompression bomb is read only up to the first invalid block.
#[test]
fn a_bomb_is_an_error_at_its_first_block() {
    struct Counting<R>(R, u64);
    impl<R: Read> Read for Counting<R> {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(bytes)?;
            self.1 += read as u64;
            Ok(read)
        }
    }
    let file = bytes(&sample());
    // A valid start, then a block of zeros: empty, of the greatest length, continued, and of a gigabyte.
    for (head, expected) in [
        ([0, 0, 0, 0, 0], Flaw::Checksum),
        ([3, 0, 0, 0x10, 0], Flaw::Checksum),
        ([0x83, 0, 0, 0x10, 0], Flaw::Checksum),
        ([3, 0, 0, 0, 0x40], Flaw::Length),
        ([0x83, 0, 0, 0, 0x40], Flaw::Length),
    ] {
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(&file[..12]).unwrap();
        encoder.write_all(&head).unwrap();
        for _ in 0..1 << 14 {
            encoder.write_all(&[0; 1 << 16]).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 5 << 20);
        let mut input = Counting(FrameDecoder::new(&bomb[..]), 0);
        let info = allocation_counter::measure(|| {
            let refused = Environment::<Atom>::load_from(&mut input, &NoCodec);
            let Err(LoadError::Corrupt { offset: 12, flaw }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(flaw, expected);
        });
        assert!(input.1 <= 1 << 21, "{} bytes were read", input.1);
        assert!(info.bytes_max < 8 << 20, "{} bytes", info.bytes_max);
    }
}
