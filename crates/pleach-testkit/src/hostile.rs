//! Bad hashers, on purpose.

use quickcheck::{Arbitrary, Gen};
use std::hash::{BuildHasher, Hasher};

/// A bad hasher, of one of a few kinds.
#[derive(Clone, Copy, Debug)]
pub struct Hostile(pub u8);

#[derive(Clone, Copy)]
pub struct HostileHasher {
    way: u8,
    key: u64,
}

impl Hasher for HostileHasher {
    fn finish(&self) -> u64 {
        match self.way {
            // All collide.
            0 => 7,
            // Few different hashes: collision nodes and others.
            1 => self.key % 5,
            // Hashes differ only in the last bits that the trie uses.
            2 => self.key << 62,
            // Hashes differ at most in one bit in the middle.
            3 => (self.key & 1) << 32,
            // The identity: a trie that is deep on the left.
            4 => self.key,
            _ => self.key.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.key = (self.key << 8) | u64::from(*byte);
        }
    }

    fn write_u16(&mut self, i: u16) {
        self.key = u64::from(i);
    }
}

impl BuildHasher for Hostile {
    type Hasher = HostileHasher;

    fn build_hasher(&self) -> HostileHasher {
        HostileHasher { way: self.0, key: 0 }
    }
}

impl Arbitrary for Hostile {
    fn arbitrary(g: &mut Gen) -> Self {
        Self(u8::arbitrary(g) % 6)
    }
}
