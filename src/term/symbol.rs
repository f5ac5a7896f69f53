//! Interned names.
//!
//! A [`Symbol`] is 8 bytes and stands for one string; a process has one symbol for each string, so that comparing two is
//! comparing two pointers, and copying one costs nothing. Names are never freed: a process that makes names without end
//! grows without end ([`memory`] says by how much). The interner is the crate `ustr`: 64 hash tables, each with a lock
//! that is held only while a string is looked up or added.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use ustr::Ustr;

/// A name, interned once per process.
///
/// Equality is a pointer comparison; the order is that of the strings. The hash depends on the string alone, not on
/// when or where it was interned.
///
/// ```
/// use pleach::term::Symbol;
///
/// let edge = Symbol::new("edge");
/// assert_eq!(edge, Symbol::new("edge"));
/// assert_eq!(edge.as_str(), "edge");
/// assert!(edge < Symbol::new("node"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Symbol(Ustr);

impl Symbol {
    /// The symbol of this name. Cost: O(length), and a lock held briefly.
    pub fn new(name: &str) -> Symbol {
        Symbol(Ustr::from(name))
    }

    /// Its name. Cost: O(1).
    #[inline]
    pub fn as_str(&self) -> &'static str {
        self.0.as_str()
    }

    /// A hash of the name, computed when it was interned.
    #[inline]
    pub(crate) fn name_hash(self) -> u64 {
        self.0.precomputed_hash()
    }
}

/// The bytes that the interner holds for the names of all symbols of this process, which are never given back: exact for
/// the names, an estimate for the tables. Cost: takes and releases each of its 64 locks twice.
pub fn memory() -> usize {
    // `ustr` does not tell the size of its tables: 2^14 slots each at first, doubled when more than half full.
    const TABLES: usize = 64;
    let slots = (2 * ustr::num_entries() / TABLES).next_power_of_two().max(1 << 14);
    ustr::total_capacity() + TABLES * slots * size_of::<usize>()
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            Ordering::Equal
        } else {
            self.as_str().cmp(other.as_str())
        }
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Symbol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.name_hash());
    }
}

impl From<&str> for Symbol {
    fn from(name: &str) -> Symbol {
        Symbol::new(name)
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, name: &str) -> bool {
        self.as_str() == name
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, name: &&str) -> bool {
        self.as_str() == *name
    }
}

impl AsRef<str> for Symbol {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// The name as it is, without the quotes that an odd one needs in source text; see [`Print`](crate::term::Print).
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({:?})", self.as_str())
    }
}
