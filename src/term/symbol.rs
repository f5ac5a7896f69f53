//! Interned names.
//!
//! A [`Symbol`] is a pointer to a string that the process stores once, so comparing and copying symbols is O(1).
//!
//! # Limits
//! Names are never freed: memory grows with the number of different names ([`memory`] returns it). A host whose names have
//! no bound, such as generated ones, should have a term type of its own with an `Arc<str>`: the environment interns only those
//! symbols of it that head a rule or have a declared type.
//!
//! # Implementation
//! The interner is the crate `ustr`: 64 hash tables, each with a lock that is held only while a string is looked up or
//! inserted.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use ustr::Ustr;

/// An interned name, 8 bytes wide.
///
/// Equality is a pointer comparison. The order is that of the strings. The hash depends on the string alone, so it is
/// the same in every run.
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
    /// Interns a name.
    ///
    /// Cost: O(length), and a lock held briefly.
    pub fn new(name: &str) -> Symbol {
        Symbol(Ustr::from(name))
    }

    /// Returns the name. Cost: O(1).
    #[inline]
    pub fn as_str(&self) -> &'static str {
        self.0.as_str()
    }

    /// Returns a hash of the name that was computed when it was interned.
    #[inline]
    pub(crate) fn name_hash(self) -> u64 {
        self.0.precomputed_hash()
    }
}

/// Returns the memory of the interner in bytes: exact for the names, an estimate for the tables.
///
/// Cost: takes and releases each of its 64 locks twice.
pub fn memory() -> usize {
    // `ustr` doesn't expose the size of its tables: 2^14 slots each at first, doubled when more than half full.
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

/// Writes the name without the quotes that some names need in source text; see [`Print`](crate::term::Print).
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
