use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::term::{Atom, Print, Symbol};

/// A variable: a name, and an id that distinguishes its copies.
///
/// A variable in source text has the id 0; [`rename_apart`](crate::term::rename_apart) gives its copies other ids. Ids
/// have 56 bits, which keeps an [`Atom`] at 16 bytes; at one renaming per nanosecond they last for two years.
///
/// ```
/// use pleach::term::{Atom, Variable};
///
/// let x = Variable::new("x");
/// let copy = Variable::numbered("x", 7).unwrap();
/// assert_ne!(x, copy);
/// assert_eq!(Atom::from(copy).to_string(), "$x#7");
/// ```
// Packed to 15 bytes, so that the discriminant of `Atom` fits in front. `repr(C)` keeps the name last, where it is
// aligned within an `Atom`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, packed)]
pub struct Variable {
    id: [u8; 7],
    name: Symbol,
}

impl Variable {
    /// The greatest id.
    pub const MAX_ID: u64 = (1 << 56) - 1;

    /// Creates the variable of this name (without `$`) with the id 0.
    pub fn new(name: impl Into<Symbol>) -> Variable {
        Variable {
            id: [0; 7],
            name: name.into(),
        }
    }

    /// Creates the variable of this name and id, or returns `None` if the id is greater than [`MAX_ID`](Self::MAX_ID).
    pub fn numbered(name: impl Into<Symbol>, id: u64) -> Option<Variable> {
        let [a, b, c, d, e, f, g, 0] = id.to_le_bytes() else {
            return None;
        };
        Some(Variable {
            id: [a, b, c, d, e, f, g],
            name: name.into(),
        })
    }

    /// Returns the name, without `$`.
    #[inline]
    pub fn name(&self) -> Symbol {
        self.name
    }

    /// Returns the id: 0 for a variable in source text.
    #[inline]
    pub fn id(&self) -> u64 {
        let [a, b, c, d, e, f, g] = self.id;
        u64::from_le_bytes([a, b, c, d, e, f, g, 0])
    }
}

impl Ord for Variable {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.name(), self.id()).cmp(&(other.name(), other.id()))
    }
}

impl PartialOrd for Variable {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Variable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name(), self.id()).hash(state);
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Print(&Atom::Variable(*self)).fmt(f)
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
