//! Keys of the trie: canonical paths, cut if they are long.

use sha2::{Digest, Sha256};

/// A byte that begins no token, so that a cut key isn't a path.
const CUT: u8 = 0x00;

const DIGEST: usize = 32;

/// The key of an atom in [`Facts`](super::Facts).
///
/// The algebra of `pathmap`, and the drop of its nodes, recurse by the depth of the trie, so the depth must be bounded.
/// The key of a path of up to [`Key::LIMIT`] bytes is the path itself, borrowed. A longer one is cut at a token
/// boundary and ended by the SHA-256 of the whole:
///
/// ```text
/// path:  c3 84 66 61 63 74 … token token token token token …
/// key:   c3 84 66 61 63 74 … token 00 <32 bytes of digest>     at most Key::MAX bytes
/// ```
///
/// So keys are prefix-free as paths are, atoms with a common prefix share its nodes, and a key is a function of its atom. A cut
/// key can't be decoded: its entry must have the atom. Distinct atoms with cut keys have distinct keys unless SHA-256
/// collides.
#[derive(Clone, Debug)]
pub(crate) enum Key<'a> {
    /// The path itself, or bytes from the trie.
    Whole(&'a [u8]),
    /// A cut path.
    Cut(Box<[u8]>),
}

impl<'a> Key<'a> {
    /// The maximum length of a path that is its own key, and the maximum offset at which a longer one is cut.
    ///
    /// In a debug build, joining two maps that part at each byte of keys of 225 bytes, which a limit of 192 would allow,
    /// takes nearly all of the 2 MB of stack that a thread has; `guard.rs` joins such maps at this limit on that stack, and
    /// on a quarter of it in a release build. The digest adds little depth, since no keys are known that branch at many of its
    /// bytes.
    pub(crate) const LIMIT: usize = crate::term::path::LIMIT;

    /// The maximum length of a key.
    pub(crate) const MAX: usize = Key::LIMIT + 1 + DIGEST;

    /// The key of an atom with this path, that may be cut at `cut`: the last token boundary at or before
    /// [`Key::LIMIT`], which only matters if the path is longer than that. O(1), or O(length of
    /// the path) and an allocation if it is cut.
    pub(crate) fn new(path: &'a [u8], cut: usize) -> Key<'a> {
        debug_assert!(
            !path.is_empty() && cut <= Key::LIMIT,
            "a path has a token, and a cut within the limit"
        );
        if path.len() <= Key::LIMIT {
            return Key::Whole(path);
        }
        let cut = cut.min(Key::LIMIT);
        let digest = Sha256::digest(path);
        Key::Cut([&path[..cut], &[CUT], &digest[..]].concat().into())
    }

    /// The key with these bytes from the trie.
    pub(crate) fn stored(bytes: &'a [u8]) -> Key<'a> {
        debug_assert!(!bytes.is_empty() && bytes.len() <= Key::MAX, "not a key of the trie");
        Key::Whole(bytes)
    }

    /// Whether the path was cut. `false` for [stored](Key::stored) keys.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self, Key::Cut(..))
    }

    /// The bytes in the trie.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Key::Whole(bytes) => bytes,
            Key::Cut(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Key<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}
