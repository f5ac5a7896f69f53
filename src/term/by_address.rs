//! Identity of expressions: maps keyed by address.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::marker::PhantomData;

use smallvec::SmallVec;

use super::{Term, View};

/// The address and number of an expression's items. They identify the expression while it is alive, unless it is empty.
pub(super) type Address = (usize, usize);

pub(super) fn address<T>(items: &[T]) -> Address {
    (items.as_ptr() as usize, items.len())
}

/// A map keyed by [`Address`].
pub(super) type AddressMap<V> = HashMap<Address, V, BuildHasherDefault<AddressHasher>>;

/// A map keyed by compound: by the address of its items, and its constructor, since two compounds can share their items.
/// `R` is a term or a reference to one.
pub(super) struct CompoundMap<T, R, V> {
    entries: AddressMap<SmallVec<[(R, V); 1]>>,
    terms: PhantomData<fn(&T)>,
}

impl<T, R, V> Default for CompoundMap<T, R, V> {
    fn default() -> Self {
        Self {
            entries: AddressMap::default(),
            terms: PhantomData,
        }
    }
}

impl<T: Term, R: Borrow<T>, V> CompoundMap<T, R, V> {
    /// Returns the value of a compound. O(constructors of compounds that share its items).
    pub(super) fn get(&self, term: &T) -> Option<&V> {
        let view = term.view();
        let entries = self.entries.get(&address(view.items()?))?;
        let mut entries = entries.iter();
        let is_same = |other: &T| match (&view, other.view()) {
            (View::Tagged(tag, _), View::Tagged(other, _)) => *tag == other,
            (View::Expression(_), View::Expression(_)) => true,
            _ => false,
        };
        entries
            .find(|(other, _)| is_same(other.borrow()))
            .map(|(_, value)| value)
    }

    /// Inserts a compound that isn't in the map.
    pub(super) fn insert(&mut self, term: R, value: V) {
        if let Some(items) = term.borrow().view().items() {
            self.entries.entry(address(items)).or_default().push((term, value));
        }
    }
}

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
