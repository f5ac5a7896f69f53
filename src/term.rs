//! Terms: what the environment stores.
//!
//! [`Term`] is all that pleach asks of an interpreter's own term type: how to look at one, and how to build one. The
//! ready-made implementation is [`Atom`]. Everything here but `Atom` itself works for any `Term`:
//!
//! | module | what it does |
//! |---|---|
//! | [`atom`], [`symbol`] | the ready-made term type and its interned names |
//! | [`parser`] | source text to terms, with line and column in each error |
//! | [`printer`] | terms to text that the parser reads back |
//! | [`path`] | terms to canonical byte strings, equal exactly for terms that differ only in variables' names |
//! | [`mod@unify`] | two-sided unification with occurs check |
//!
//! # Costs
//! No function of this module recurses on the native stack: a term a million levels deep is as good as any other. Where
//! a cost is stated in the size of a term, it is its size as a tree: subterms that are shared count each time they
//! occur, unless the function says otherwise.
//!
//! # A term type of one's own
//! ```
//! use pleach::term::{Leaf, Print, Term, View, parser};
//! use std::sync::Arc;
//!
//! /// The terms of a small language: words and lists.
//! #[derive(Clone)]
//! enum Sexp {
//!     Word(Arc<str>),
//!     List(Arc<[Sexp]>),
//! }
//!
//! impl Term for Sexp {
//!     fn view(&self) -> View<'_, Sexp> {
//!         match self {
//!             Sexp::Word(word) => View::Leaf(Leaf::Symbol(word)),
//!             Sexp::List(items) => View::Expression(items),
//!         }
//!     }
//!
//!     fn leaf(leaf: Leaf<'_>) -> Option<Sexp> {
//!         match leaf {
//!             Leaf::Symbol(word) => Some(Sexp::Word(word.into())),
//!             _ => None, // neither variables nor values in this language
//!         }
//!     }
//!
//!     fn expression(items: Vec<Sexp>) -> Sexp {
//!         Sexp::List(items.into())
//!     }
//! }
//!
//! let sexp: Sexp = parser::parse_one("(likes alice (tea  green))")?;
//! assert_eq!(Print(&sexp).to_string(), "(likes alice (tea green))");
//! assert!(parser::parse_one::<Sexp>("(age alice 42)").is_err());
//! # Ok::<(), parser::ParseError>(())
//! ```

// Bytes and texts from outside are read here: nothing that they hold may panic.
#![deny(clippy::indexing_slicing)]

use std::borrow::Cow;

mod address;
pub mod alpha;
pub mod atom;
pub mod parser;
pub mod path;
pub mod printer;
mod rewrite;
pub(crate) mod small_map;
pub mod symbol;
pub mod unify;

pub use alpha::alpha_eq;
pub use atom::{Atom, Expression, Float, Grounded, GroundedValue, Text, Variable};
pub use parser::{Item, ParseError, Parser};
pub use path::{Encoded, Encoder, PathError};
pub use printer::Print;
pub use symbol::Symbol;
pub use unify::{Bindings, rename_apart, unify};

/// One level of a term: a leaf, or an expression and its items.
#[derive(Clone, Debug)]
pub enum View<'a, T> {
    /// A term without parts.
    Leaf(Leaf<'a>),
    /// A sequence of terms, possibly empty.
    Expression(&'a [T]),
}

/// A term without parts.
///
/// Two leaves are equal if they are of one kind and have the same value: `Integer(1)`, `Float(1.0)`, `Symbol("1")` and
/// `String("1")` are four different leaves.
#[derive(Clone, Debug)]
pub enum Leaf<'a> {
    /// A symbol, by its name.
    Symbol(&'a str),
    /// A variable. Two variables are the same if both parts are.
    Variable {
        /// The name as written, without a `$`.
        name: &'a str,
        /// 0 as written; an interpreter that renames variables apart numbers its copies from 1.
        id: u64,
    },
    /// A whole number.
    Integer(i64),
    /// A floating-point number. All NaNs are one value; `0.0` and `-0.0` are two.
    Float(f64),
    /// A string value, which is not the symbol of the same characters.
    String(&'a str),
    /// A value of the interpreter's own that [`Term::leaf`] can rebuild from these bytes. Two values are the same if
    /// their bytes are.
    Grounded(Cow<'a, [u8]>),
    /// A value of the interpreter's own that can't be rebuilt from bytes (a function, a handle). The bytes are its
    /// identity. The environment keeps the term itself.
    Opaque(Cow<'a, [u8]>),
}

impl PartialEq for Leaf<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Leaf::Symbol(a), Leaf::Symbol(b)) | (Leaf::String(a), Leaf::String(b)) => a == b,
            (Leaf::Variable { name: a, id: i }, Leaf::Variable { name: b, id: j }) => i == j && a == b,
            (Leaf::Integer(a), Leaf::Integer(b)) => a == b,
            (Leaf::Float(a), Leaf::Float(b)) => Float::new(*a) == Float::new(*b),
            (Leaf::Grounded(a), Leaf::Grounded(b)) | (Leaf::Opaque(a), Leaf::Opaque(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Leaf<'_> {}

/// A term as pleach sees it: three functions that an interpreter implements for its own term type.
///
/// `clone` should be cheap (a reference count), since terms are shared between rules, answers and forks.
/// [`view`](Term::view) must show the same parts each time, and `T::leaf(l)` must show `l` again for each leaf `l` of a
/// term of this type, [`Leaf::Opaque`] excepted. A language that has variables should accept them with any name and any
/// id that its programs can reach: pleach renames variables apart by their ids.
///
/// The [module's page](self) has an example.
pub trait Term: Clone + Send + Sync + Unpin + 'static {
    /// The outermost level of this term.
    fn view(&self) -> View<'_, Self>;

    /// The term that is this leaf, or `None` if the language has no such leaf.
    fn leaf(leaf: Leaf<'_>) -> Option<Self>;

    /// Whether [`leaf`](Term::leaf) builds this leaf. The default builds it to see; a term type whose leaves are kept for
    /// ever, as interned names are, should tell without.
    fn has_leaf(leaf: Leaf<'_>) -> bool {
        Self::leaf(leaf).is_some()
    }

    /// The expression of these items.
    fn expression(items: Vec<Self>) -> Self;

    /// Whether it is known, in O(1), that no variable occurs in this term. `false`, the default, is always right; a
    /// term type that caches the answer lets substitution and unification skip such terms whole.
    fn known_ground(&self) -> bool {
        false
    }

    /// The symbol that this term is, if it is one. The default interns the name that [`view`](Term::view) shows; a term
    /// type that keeps interned symbols returns its own, which saves a write of a rule that lookup.
    fn as_symbol(&self) -> Option<Symbol> {
        match self.view() {
            View::Leaf(Leaf::Symbol(name)) => Some(Symbol::new(name)),
            _ => None,
        }
    }
}
