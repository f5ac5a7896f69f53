//! Hashers that no map should meet.

use quickcheck::{Arbitrary, Gen};
use std::hash::{BuildHasher, Hasher};

/// A hasher out to do harm, in one of a few ways.
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
            // Few hashes: collision nodes among others.
            1 => self.key % 5,
            // They differ only in the last bits the trie looks at.
            2 => self.key << 62,
            // They differ in one bit of the middle, or nowhere.
            3 => (self.key & 1) << 32,
            // As it is: deep on the left.
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
