use std::any::Any;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};

use triomphe::Arc;

/// A value of the interpreter inside an [`Atom`](crate::term::Atom), such as a handle, a function or a matrix.
///
/// Two grounded values are equal if their type names and their identities are. Both are read once, when the value is
/// made an atom, so they can't change while an environment stores it.
///
/// ```
/// use pleach::term::{Atom, Grounded};
/// use std::{borrow::Cow, fmt};
///
/// struct Colour(u8, u8, u8);
///
/// impl Grounded for Colour {
///     fn type_name(&self) -> &str {
///         "Colour"
///     }
///
///     fn identity(&self) -> Cow<'_, [u8]> {
///         Cow::Owned(vec![self.0, self.1, self.2])
///     }
///
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
///     }
/// }
///
/// let red = Atom::grounded(Colour(255, 0, 0));
/// assert_eq!(red, Atom::grounded(Colour(255, 0, 0)));
/// assert_eq!(red.to_string(), "#ff0000");
/// assert_eq!(red.downcast_grounded::<Colour>().map(|colour| colour.0), Some(255));
/// ```
pub trait Grounded: Any + Send + Sync {
    /// Returns the name of the value's type in the interpreted language.
    fn type_name(&self) -> &str;

    /// Returns the bytes that identify the value among those of its type.
    fn identity(&self) -> Cow<'_, [u8]>;

    /// Formats the value for display. The parser need not be able to read the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A shared [`Grounded`] value, 8 bytes wide. Cloning it is a reference-count increment.
#[derive(Clone)]
pub struct GroundedValue(Arc<Inner>);

struct Inner {
    /// Length of the type name (8 bytes), type name, identity.
    identity: Box<[u8]>,
    hash: u64,
    value: Box<dyn Grounded>,
}

// The value is only accessible by shared reference, and interior mutability of a `Sync` type is synchronized.
impl UnwindSafe for GroundedValue {}
impl RefUnwindSafe for GroundedValue {}

impl GroundedValue {
    /// Wraps a value. Reads its type name and its identity.
    pub fn new(value: impl Grounded) -> GroundedValue {
        let name = value.type_name().as_bytes();
        let identity = [&(name.len() as u64).to_be_bytes(), name, &value.identity()].concat();
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        let inner = Inner {
            identity: identity.into(),
            hash: hasher.finish(),
            value: Box::new(value),
        };
        GroundedValue(Arc::new(inner))
    }

    /// Returns the value.
    pub fn get(&self) -> &dyn Grounded {
        &*self.0.value
    }

    /// Returns the value if it is a `G`.
    pub fn downcast<G: Grounded>(&self) -> Option<&G> {
        let any: &dyn Any = self.get();
        any.downcast_ref()
    }

    /// Returns the bytes that identify the value among all grounded values: those of its type name and of its identity.
    pub fn identity(&self) -> &[u8] {
        &self.0.identity
    }

    pub(super) fn identity_hash(&self) -> u64 {
        self.0.hash
    }
}

impl PartialEq for GroundedValue {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.identity() == other.identity())
    }
}

impl Eq for GroundedValue {}

impl Ord for GroundedValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(other.identity())
    }
}

impl PartialOrd for GroundedValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for GroundedValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Display for GroundedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for GroundedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.get().type_name())?;
        self.get().fmt(f)?;
        f.write_str(")")
    }
}
