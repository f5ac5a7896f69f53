//! Ordered sets of byte strings behind one trait.

#[cfg(target_feature = "aes")]
use pathmap::{
    PathMap,
    zipper::{ZipperIteration, ZipperMoving},
};
use pleach::TrieMap;
use rart::keys::KeyTrait;
use rart::{ArrayKey, VersionedAdaptiveRadixTree};
use std::collections::BTreeMap;

/// An ordered set of byte strings. A clone shares with its origin where the contender can.
pub(crate) trait Paths: Clone + 'static {
    #[allow(dead_code, reason = "each bench uses a part")]
    const NAME: &'static str;

    fn empty() -> Self;
    fn insert(&mut self, key: &[u8]);
    fn contains(&self, key: &[u8]) -> bool;

    /// Visits all keys in order, and returns the sum of their lengths.
    fn sum(&self) -> usize;

    /// Returns the set of keys that come in order; by insertions unless overridden.
    fn of_sorted(keys: &[Vec<u8>]) -> Self {
        Self::of(keys)
    }

    fn of(keys: &[Vec<u8>]) -> Self {
        let mut set = Self::empty();
        keys.iter().for_each(|key| set.insert(key));
        set
    }
}

pub(crate) type Trie = TrieMap<()>;
#[cfg(target_feature = "aes")]
pub(crate) type Pathmap = PathMap<()>;
pub(crate) type BTree = BTreeMap<Box<[u8]>, ()>;
pub(crate) type ImOrd = im::OrdMap<Box<[u8]>, ()>;
pub(crate) type ImblOrd = imbl::OrdMap<Box<[u8]>, ()>;
/// A persistent adaptive radix tree, with keys of at most 32 bytes, which it stores without an allocation of their own. No key
/// may be a prefix of another.
pub(crate) type Rart = VersionedAdaptiveRadixTree<ArrayKey<32>, ()>;
pub(crate) type RpdsTree = rpds::RedBlackTreeMapSync<Box<[u8]>, ()>;

impl Paths for Trie {
    const NAME: &'static str = "pleach";

    fn empty() -> Self {
        Self::new()
    }
    fn insert(&mut self, key: &[u8]) {
        self.insert(key, ());
    }
    fn contains(&self, key: &[u8]) -> bool {
        self.contains_key(key)
    }
    fn sum(&self) -> usize {
        let mut cursor = self.cursor();
        let mut sum = 0;
        while cursor.next_entry().is_some() {
            sum += cursor.path().len();
        }
        sum
    }
    fn of_sorted(keys: &[Vec<u8>]) -> Self {
        Self::from_sorted(keys.iter().map(|key| (key, ()))).expect("sorted")
    }
}

#[cfg(target_feature = "aes")]
impl Paths for Pathmap {
    const NAME: &'static str = "pathmap";

    fn empty() -> Self {
        Self::new()
    }
    fn insert(&mut self, key: &[u8]) {
        self.set_val_at(key, ());
    }
    fn contains(&self, key: &[u8]) -> bool {
        self.get_val_at(key).is_some()
    }
    fn sum(&self) -> usize {
        let mut zipper = self.read_zipper();
        let mut sum = 0;
        while zipper.to_next_val() {
            sum += zipper.path().len();
        }
        sum
    }
}

macro_rules! like_std {
    ($rival:ident, $name:literal) => {
        impl Paths for $rival {
            const NAME: &'static str = $name;

            fn empty() -> Self {
                Self::new()
            }
            fn insert(&mut self, key: &[u8]) {
                self.insert(key.into(), ());
            }
            fn contains(&self, key: &[u8]) -> bool {
                self.contains_key(key)
            }
            fn sum(&self) -> usize {
                self.keys().map(|key| key.len()).sum()
            }
        }
    };
}

like_std!(BTree, "BTreeMap");
like_std!(ImOrd, "im");
like_std!(ImblOrd, "imbl");

impl Paths for RpdsTree {
    const NAME: &'static str = "rpds";

    fn empty() -> Self {
        Self::new_sync()
    }
    fn insert(&mut self, key: &[u8]) {
        self.insert_mut(key.into(), ());
    }
    fn contains(&self, key: &[u8]) -> bool {
        self.contains_key(key)
    }
    fn sum(&self) -> usize {
        self.keys().map(|key| key.len()).sum()
    }
}

impl Paths for Rart {
    const NAME: &'static str = "rart";

    fn empty() -> Self {
        Self::new()
    }
    fn insert(&mut self, key: &[u8]) {
        self.insert_k(&ArrayKey::new_from_slice(key), ());
    }
    fn contains(&self, key: &[u8]) -> bool {
        self.get_k(&ArrayKey::new_from_slice(key)).is_some()
    }
    fn sum(&self) -> usize {
        let mut sum = 0;
        self.for_each_view(|key, ()| sum += key.len());
        sum
    }
}

/// Returns the path of a fact `(edge nA nB)`, in the encoding of the facts.
pub(crate) fn edge(a: u64, b: u64) -> Vec<u8> {
    let mut path = vec![0xC3, 0x84];
    path.extend_from_slice(b"edge");
    for node in [a, b] {
        let name = format!("n{node}");
        path.push(0x80 | name.len() as u8);
        path.extend_from_slice(name.as_bytes());
    }
    path
}

/// Returns random edges between `n` nodes, the same for all contenders; other seeds have others.
pub(crate) fn edges(n: u64, count: u64, seed: u64) -> Vec<Vec<u8>> {
    // xorshift64.
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % n
    };
    below();
    (0..count).map(|_| edge(below(), below())).collect()
}
