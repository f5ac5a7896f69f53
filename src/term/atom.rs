//! The ready-made term type.
//!
//! An [`Atom`] is 16 bytes: a symbol, a variable, a value or an expression. Cloning it costs at most one
//! reference-count increment. Comparing, hashing, printing and dropping don't recurse on the native stack.

mod expression;
mod float;
mod grounded;
mod text;
mod variable;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

pub use expression::{Allocation, Expression};
pub use float::Float;
pub use grounded::{Grounded, GroundedValue};
pub use text::Text;
pub use variable::Variable;

use super::{Leaf, Symbol, Term, View};

/// A MeTTa atom: the ready-made [`Term`].
///
/// Atoms of different kinds are never equal: `1`, `1.0`, `"1"` and a symbol named `1` are four atoms. Booleans are the
/// symbols `True` and `False`. The order is by kind, as listed below, then by value; it is arbitrary but total, and the
/// same in every run. [`FromStr`](std::str::FromStr) reads back the text that [`Display`](fmt::Display) writes, except
/// for grounded values.
///
/// ```
/// use pleach::term::Atom;
///
/// let rule: Atom = "(= (double $x) (* 2 $x))".parse()?;
/// let built = Atom::expression([
///     Atom::symbol("="),
///     Atom::expression([Atom::symbol("double"), Atom::variable("x")]),
///     Atom::expression([Atom::symbol("*"), 2.into(), Atom::variable("x")]),
/// ]);
/// assert_eq!(rule, built);
/// assert_eq!(rule.to_string(), "(= (double $x) (* 2 $x))");
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
#[derive(Clone)]
pub enum Atom {
    /// A name.
    Symbol(Symbol),
    /// A variable.
    Variable(Variable),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(Float),
    /// A string.
    String(Text),
    /// A sequence of atoms.
    Expression(Expression),
    /// A value of the interpreter.
    Grounded(GroundedValue),
}

const _: () = assert!(size_of::<Atom>() <= 16);

static TRUE: LazyLock<Symbol> = LazyLock::new(|| Symbol::new("True"));
static FALSE: LazyLock<Symbol> = LazyLock::new(|| Symbol::new("False"));

/// 2^64 divided by the golden ratio: an odd multiplier for Fibonacci hashing.
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes the bits of `x`, so that each affects the whole word.
fn mix(x: u64) -> u64 {
    let product = u128::from(x ^ 0xa076_1d64_78bd_642f) * u128::from(GOLDEN_RATIO);
    (product >> 64) as u64 ^ product as u64
}

impl Atom {
    /// Creates the symbol of this name.
    pub fn symbol(name: impl Into<Symbol>) -> Atom {
        Atom::Symbol(name.into())
    }

    /// Creates the variable of this name (without `$`) with the id 0.
    pub fn variable(name: impl Into<Symbol>) -> Atom {
        Atom::Variable(Variable::new(name))
    }

    /// Creates a string.
    pub fn string(text: impl Into<Text>) -> Atom {
        Atom::String(text.into())
    }

    /// Creates the expression of these items. Cost: O(n), one allocation.
    ///
    /// # Panics
    /// Panics if the iterator yields another number of items than its length.
    pub fn expression<I>(items: I) -> Atom
    where
        I: IntoIterator<Item = Atom>,
        I::IntoIter: ExactSizeIterator,
    {
        Atom::Expression(Expression::new(items))
    }

    /// Creates an atom of a value of the interpreter.
    pub fn grounded(value: impl Grounded) -> Atom {
        Atom::Grounded(GroundedValue::new(value))
    }

    /// Creates the symbol `True` or `False`.
    pub fn boolean(value: bool) -> Atom {
        Atom::Symbol(if value { *TRUE } else { *FALSE })
    }

    /// Returns `true` for the symbol `True` and `false` for `False`.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Atom::Symbol(name) if *name == *TRUE => Some(true),
            Atom::Symbol(name) if *name == *FALSE => Some(false),
            _ => None,
        }
    }

    /// Returns the symbol if the atom is one.
    #[inline]
    pub fn as_symbol(&self) -> Option<Symbol> {
        match self {
            Atom::Symbol(name) => Some(*name),
            _ => None,
        }
    }

    /// Returns the items if the atom is an expression.
    #[inline]
    pub fn as_expression(&self) -> Option<&[Atom]> {
        match self {
            Atom::Expression(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the expression if the atom is one. Unlike [`as_expression`](Self::as_expression), it doesn't look at its items.
    #[inline]
    pub fn as_list(&self) -> Option<&Expression> {
        match self {
            Atom::Expression(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the grounded value if it is a `G`.
    pub fn downcast_grounded<G: Grounded>(&self) -> Option<&G> {
        match self {
            Atom::Grounded(value) => value.downcast(),
            _ => None,
        }
    }

    /// Returns whether no variable occurs in the atom. Cost: O(1).
    #[inline]
    pub fn is_ground(&self) -> bool {
        match self {
            Atom::Variable(_) => false,
            Atom::Expression(items) => items.is_ground(),
            _ => true,
        }
    }

    /// Returns a hash that depends on the atom alone, neither on addresses nor on the run. Cost: O(1), but O(length)
    /// for a string.
    fn structural_hash(&self) -> u64 {
        match self {
            Atom::Symbol(name) => name.name_hash(),
            Atom::Variable(variable) => mix(variable.name().name_hash() ^ mix(variable.id())),
            Atom::Integer(value) => mix(*value as u64),
            Atom::Float(value) => mix(!value.get().to_bits()),
            Atom::String(text) => {
                let mut hasher = DefaultHasher::new();
                text.hash(&mut hasher);
                hasher.finish()
            }
            Atom::Expression(items) => items.structural_hash(),
            Atom::Grounded(value) => value.identity_hash(),
        }
    }

    /// Returns the rank of the atom's kind in the order.
    fn kind(&self) -> u8 {
        match self {
            Atom::Symbol(_) => 0,
            Atom::Variable(_) => 1,
            Atom::Integer(_) => 2,
            Atom::Float(_) => 3,
            Atom::String(_) => 4,
            Atom::Expression(_) => 5,
            Atom::Grounded(_) => 6,
        }
    }
}

impl Term for Atom {
    #[inline]
    fn view(&self) -> View<'_, Atom> {
        View::Leaf(match self {
            Atom::Symbol(name) => Leaf::Symbol(name.as_str()),
            Atom::Variable(variable) => Leaf::Variable {
                name: variable.name().as_str(),
                id: variable.id(),
            },
            Atom::Integer(value) => Leaf::Integer(*value),
            Atom::Float(value) => Leaf::Float(value.get()),
            Atom::String(text) => Leaf::String(text),
            Atom::Expression(items) => return View::Expression(items),
            Atom::Grounded(value) => Leaf::Opaque(value.identity().into()),
        })
    }

    /// Returns `None` for a variable with an id above [`Variable::MAX_ID`], and for grounded values, since bytes don't
    /// determine their type.
    fn leaf(leaf: Leaf<'_>) -> Option<Atom> {
        Some(match leaf {
            Leaf::Symbol(name) => Atom::symbol(name),
            Leaf::Variable { name, id } => Atom::Variable(Variable::numbered(name, id)?),
            Leaf::Integer(value) => Atom::Integer(value),
            Leaf::Float(value) => Atom::from(value),
            Leaf::String(text) => Atom::string(text),
            Leaf::Anonymous | Leaf::Grounded(_) | Leaf::Opaque(_) => return None,
        })
    }

    fn has_leaf(leaf: Leaf<'_>) -> bool {
        match leaf {
            Leaf::Symbol(_) | Leaf::Integer(_) | Leaf::Float(_) | Leaf::String(_) => true,
            Leaf::Variable { name, id } => Variable::numbered(name, id).is_some(),
            Leaf::Anonymous | Leaf::Grounded(_) | Leaf::Opaque(_) => false,
        }
    }

    fn expression(items: Vec<Atom>) -> Atom {
        Atom::Expression(items.into())
    }

    /// Writes a grounded value as [`Grounded::fmt`] does.
    fn fmt_value(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Grounded(value) => value.get().fmt(f),
            _ => Ok(()),
        }
    }

    #[inline]
    fn known_ground(&self) -> bool {
        self.is_ground()
    }

    #[inline]
    fn as_symbol(&self) -> Option<Symbol> {
        match self {
            Atom::Symbol(symbol) => Some(*symbol),
            _ => None,
        }
    }
}

/// Cost: as for [`Expression`].
impl PartialEq for Atom {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Atom::Symbol(a), Atom::Symbol(b)) => a == b,
            (Atom::Variable(a), Atom::Variable(b)) => a == b,
            (Atom::Integer(a), Atom::Integer(b)) => a == b,
            (Atom::Float(a), Atom::Float(b)) => a == b,
            (Atom::String(a), Atom::String(b)) => a == b,
            (Atom::Expression(a), Atom::Expression(b)) => a == b,
            (Atom::Grounded(a), Atom::Grounded(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Atom {}

impl Ord for Atom {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Atom::Symbol(a), Atom::Symbol(b)) => a.cmp(b),
            (Atom::Variable(a), Atom::Variable(b)) => a.cmp(b),
            (Atom::Integer(a), Atom::Integer(b)) => a.cmp(b),
            (Atom::Float(a), Atom::Float(b)) => a.cmp(b),
            (Atom::String(a), Atom::String(b)) => a.cmp(b),
            (Atom::Expression(a), Atom::Expression(b)) => a.cmp(b),
            (Atom::Grounded(a), Atom::Grounded(b)) => a.cmp(b),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.structural_hash());
    }
}

impl From<Symbol> for Atom {
    fn from(name: Symbol) -> Atom {
        Atom::Symbol(name)
    }
}

impl From<Variable> for Atom {
    fn from(variable: Variable) -> Atom {
        Atom::Variable(variable)
    }
}

impl From<i64> for Atom {
    fn from(value: i64) -> Atom {
        Atom::Integer(value)
    }
}

impl From<f64> for Atom {
    fn from(value: f64) -> Atom {
        Atom::Float(Float::new(value))
    }
}

impl From<bool> for Atom {
    fn from(value: bool) -> Atom {
        Atom::boolean(value)
    }
}

impl From<Expression> for Atom {
    fn from(items: Expression) -> Atom {
        Atom::Expression(items)
    }
}

impl From<Vec<Atom>> for Atom {
    fn from(items: Vec<Atom>) -> Atom {
        Atom::Expression(items.into())
    }
}

impl fmt::Debug for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
