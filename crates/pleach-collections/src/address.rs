//! A hasher of addresses, and hash maps and sets keyed by address, for identity in O(1) whatever the size of a value.
//!
//! An address identifies a value for as long as the value is alive and isn't moved: the caller must see to both, for
//! instance by keeping a clone of the `Arc` that it is in. Empty slices may share an address.
//!
//! ```
//! use pleach_collections::address::AddressSet;
//!
//! let values = [1, 1];
//! let mut seen: AddressSet<i32> = AddressSet::default();
//! assert!(seen.insert(&raw const values[0]));
//! assert!(seen.insert(&raw const values[1]));
//! assert!(!seen.insert(&raw const values[0]));
//! ```

use core::hash::{BuildHasherDefault, Hasher};
#[cfg(feature = "std")]
use std::collections::{HashMap, HashSet};

/// A map from addresses to values.
#[cfg(feature = "std")]
pub type AddressMap<K, V> = HashMap<*const K, V, BuildAddressHasher>;

/// A set of addresses.
#[cfg(feature = "std")]
pub type AddressSet<K> = HashSet<*const K, BuildAddressHasher>;

/// Builds an [`AddressHasher`].
pub type BuildAddressHasher = BuildHasherDefault<AddressHasher>;

/// A hasher for addresses: one multiplication each. It isn't keyed, since an interpreted program can't choose addresses and
/// so can't cause collisions.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        // 2⁶⁴ divided by the golden ratio: Knuth, The Art of Computer Programming vol. 3, 6.4.
        self.0 = (self.0.rotate_left(32) ^ value as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use core::hash::BuildHasher;

    use super::BuildAddressHasher;

    #[cfg(feature = "std")]
    #[test]
    fn slices_differ_by_address_and_length() {
        use super::AddressMap;
        let values = [7, 7, 7];
        let mut map: AddressMap<[i32], usize> = AddressMap::default();
        for (index, slice) in [&values[..], &values[1..], &values[..1]].into_iter().enumerate() {
            assert_eq!(map.insert(core::ptr::from_ref(slice), index), None);
        }
        assert_eq!(map.get(&core::ptr::from_ref(&values[1..])), Some(&1));
    }

    /// Hash tables take the slot from the low bits and a tag from the top 7.
    #[test]
    fn aligned_addresses_spread() {
        let hashes: Vec<u64> = (0..4096_usize)
            .map(|index| BuildAddressHasher::default().hash_one(0x7f00_0000 + 64 * index))
            .collect();
        for bits in [0, 57] {
            let mut counts = [0; 128];
            hashes
                .iter()
                .for_each(|hash| counts[(hash >> bits) as usize % 128] += 1);
            assert!(counts.iter().all(|count| (8..=96).contains(count)), "{counts:?}");
        }
    }
}
