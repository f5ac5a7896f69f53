//! Identity of expressions: maps keyed by address.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The address and number of an expression's items. They identify the expression while it is alive, unless it is empty.
pub(super) type Address = (usize, usize);

pub(super) fn address<T>(items: &[T]) -> Address {
    (items.as_ptr() as usize, items.len())
}

/// A map keyed by [`Address`].
pub(super) type AddressMap<V> = HashMap<Address, V, BuildHasherDefault<AddressHasher>>;

/// A fast hasher. An interpreted program can't choose addresses, so it can't cause collisions.
#[derive(Default)]
pub(super) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }

    fn write_usize(&mut self, value: usize) {
        self.0 = (self.0.rotate_left(32) ^ value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
