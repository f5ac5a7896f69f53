//! Terms: the elements of an environment.
//!
//! [`Term`] is the trait that an interpreter implements for its own term type: inspecting a term, and building one.
//! [`Atom`] is a ready-made implementation. Everything here but `Atom` itself works for any `Term`:
//!
//! | module | contents |
//! |---|---|
//! | [`atom`], [`symbol`] | the ready-made term type and its interned names |
//! | [`parser`] | source text to terms, with line and column in each error |
//! | [`printer`] | terms to text that the parser reads back |
//! | [`path`] | terms to canonical byte strings, equal for alpha-equivalent terms and for no others |
//! | [`mod@unify`] | two-sided unification with occurs check |
//! | [`mod@walk`], [`rewrite()`] | depth-first walks; replacing subterms |
//!
//! # Costs
//! No function of this module recurses on the native stack, so terms can be a million levels deep. The size of a term
//! in a cost is its size as a tree: shared subterms count at each occurrence, unless stated otherwise.
//!
//! # Implementing `Term`
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
//!             _ => None, // this language has neither variables nor values
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

// Untrusted bytes and text are read here: they must not cause a panic.
#![deny(clippy::indexing_slicing)]

use std::borrow::Cow;
use std::fmt;

pub mod alpha;
pub mod atom;
mod by_address;
pub(crate) mod contract;
pub mod parser;
pub mod path;
pub mod printer;
mod rewrite;
pub(crate) mod small_map;
pub mod symbol;
pub mod unify;
pub mod walk;

pub use alpha::alpha_eq;
pub use atom::{Allocation, Atom, Expression, Float, Grounded, GroundedValue, Text, Variable};
pub use contract::{ContractError, check_contract};
pub use parser::{Item, ParseError, Parser};
pub use path::{Encoded, Encoder, PathError};
pub use printer::Print;
pub(crate) use rewrite::rebuild;
pub use rewrite::{Rewrite, rewrite};
pub use symbol::Symbol;
pub use unify::{Bindings, name_anonymous, rename_apart, unify};

/// One level of a term: a leaf, or a compound and its items.
#[derive(Clone, Debug)]
pub enum View<'a, T> {
    /// A term without items.
    Leaf(Leaf<'a>),
    /// A sequence of terms, possibly empty.
    Expression(&'a [T]),
    /// A compound of a constructor, such as `Conjunction(Vec<T>)` or `Error(String, Arc<T>)`. It differs from the expression of
    /// the same items and from the compounds of other tags. A single item in an `Arc` is [`slice::from_ref`]; a pair that
    /// isn't in an array has to be stored as one, `Arc<[T; 2]>`.
    ///
    /// [`slice::from_ref`]: std::slice::from_ref
    Tagged(Tag<'a>, &'a [T]),
}

impl<'a, T> View<'a, T> {
    /// Returns the items of an expression or of a tagged compound; `None` for a leaf.
    #[inline]
    pub fn items(&self) -> Option<&'a [T]> {
        match self {
            View::Expression(items) | View::Tagged(_, items) => Some(items),
            View::Leaf(_) => None,
        }
    }

    /// Returns the items of two compounds with the same constructor and number of items.
    #[inline]
    pub(crate) fn same_compound<'b>(self, other: View<'b, T>) -> Option<(&'a [T], &'b [T])> {
        match (self, other) {
            (View::Expression(a), View::Expression(b)) if a.len() == b.len() => Some((a, b)),
            (View::Tagged(tag, a), View::Tagged(other, b)) if a.len() == b.len() && tag == other => Some((a, b)),
            _ => None,
        }
    }
}

/// The constructor of a compound: see [`View::Tagged`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name of the constructor.
    pub name: &'a str,
    /// A field that isn't a term, such as the message of an error. It can't be a [variable](Leaf::Variable) or
    /// [opaque](Leaf::Opaque), and no pattern matches it but one with the same value.
    pub data: Option<Leaf<'a>>,
}

impl<'a> Tag<'a> {
    /// Creates the tag of a constructor whose fields are all terms.
    pub fn new(name: &'a str) -> Self {
        Tag { name, data: None }
    }

    /// Creates the tag of a constructor with a field that isn't a term.
    pub fn with_data(name: &'a str, data: Leaf<'a>) -> Self {
        Tag { name, data: Some(data) }
    }
}

/// A term without items.
///
/// Two leaves are equal if they are of the same kind and have the same value: `Integer(1)`, `Float(1.0)`, `Symbol("1")`
/// and `String("1")` are four different leaves. As leaves, two anonymous variables are equal; as variables they are not.
#[derive(Clone, Debug)]
pub enum Leaf<'a> {
    /// A symbol, by its name.
    Symbol(&'a str),
    /// A variable. Two variables are equal if both their names and their ids are.
    Variable {
        /// The name as written, without a `$`.
        name: &'a str,
        /// 0 in source text; an interpreter that renames variables apart numbers the copies from 1.
        id: u64,
    },
    /// An anonymous variable, such as `_`: a different variable at each occurrence. It matches any term and has no value.
    /// Stored, it is a variable like any other, and decoded as one with a name; in a [kept](crate::env) rule it stays.
    Anonymous,
    /// An integer.
    Integer(i64),
    /// A floating-point number. All NaNs are equal; `0.0` and `-0.0` are different.
    Float(f64),
    /// A string, which differs from the symbol of the same characters.
    String(&'a str),
    /// A value of the interpreter that [`Term::leaf`] can rebuild from these bytes. Two values are equal if their bytes
    /// are.
    Grounded(Cow<'a, [u8]>),
    /// A value of the interpreter that can't be rebuilt from bytes, such as a function or a handle. The bytes are its
    /// identity. The environment keeps the term itself.
    Opaque(Cow<'a, [u8]>),
}

impl Leaf<'_> {
    /// Returns whether this is a variable, anonymous or not.
    #[inline]
    pub fn is_variable(&self) -> bool {
        matches!(self, Leaf::Variable { .. } | Leaf::Anonymous)
    }
}

impl PartialEq for Leaf<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Leaf::Symbol(a), Leaf::Symbol(b)) | (Leaf::String(a), Leaf::String(b)) => a == b,
            (Leaf::Variable { name: a, id: i }, Leaf::Variable { name: b, id: j }) => i == j && a == b,
            (Leaf::Anonymous, Leaf::Anonymous) => true,
            (Leaf::Integer(a), Leaf::Integer(b)) => a == b,
            (Leaf::Float(a), Leaf::Float(b)) => Float::new(*a) == Float::new(*b),
            (Leaf::Grounded(a), Leaf::Grounded(b)) | (Leaf::Opaque(a), Leaf::Opaque(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Leaf<'_> {}

/// A term type that environments can store.
///
/// Terms are shared between rules, answers and forks, so `clone` should be cheap, such as a reference-count increment.
///
/// # Requirements
/// - [`view`](Term::view) returns equal views each time.
/// - `T::leaf(l)` returns a term with the view `l`, for each leaf `l` of a term of this type but [`Leaf::Opaque`].
/// - `T::tagged(t, items)` returns a term with the view `View::Tagged(t, items)`, for each tag `t` of a term of this type and any
///   items, as many as before; and `T::expression(items)` one with the view `View::Expression(items)`, for any items.
/// - `T::leaf` builds every symbol, so that rules `(= lhs rhs)` and annotations `(: name type)` can be made. A language that
///   makes neither needs no symbols: the methods that make them panic then, and say so.
/// - A language with variables accepts them with any name and with any id that its programs can reach: variables are
///   renamed apart by their ids. If its own variables are plain strings, it can write the id behind the name, `x#7`, and
///   split it off again.
///
/// [`check_contract`] tests a term for these, in the host's own tests. A contract that is broken makes later reads panic.
///
/// # Recipes
/// - **Booleans** are the symbols `True` and `False`: a language with a variant for them views it as the one symbol or the
///   other, and `leaf` builds the variant from these two names. They differ from all strings and numbers.
/// - **Interners with a context**, such as arenas or a table of each engine: `view` has no context, so a symbol must reach its
///   own text: an `Arc<str>`, a [`Symbol`], or an index into a table that the term refers to. `leaf` and `expression` have no
///   context either, since any thread decodes facts at any time: intern in a table of the process, or of the thread if terms
///   stay on it.
///
/// The [module's page](self) has an example.
pub trait Term: Clone + Send + Sync + Unpin + 'static {
    /// Returns the outermost level of this term.
    fn view(&self) -> View<'_, Self>;

    /// Builds the term that is this leaf, or returns `None` if the language has no such leaf.
    fn leaf(leaf: Leaf<'_>) -> Option<Self>;

    /// Returns whether [`leaf`](Term::leaf) builds this leaf.
    ///
    /// The default builds it. A term type that keeps leaves forever, such as interned names, should override it.
    fn has_leaf(leaf: Leaf<'_>) -> bool {
        Self::leaf(leaf).is_some()
    }

    /// Builds the expression of these items.
    fn expression(items: Vec<Self>) -> Self;

    /// Builds the compound of this tag and these items, or returns `None` if the language has no such compound. The default
    /// has none.
    fn tagged(tag: Tag<'_>, items: Vec<Self>) -> Option<Self> {
        _ = (tag, items);
        None
    }

    /// Returns whether [`tagged`](Term::tagged) builds compounds of this tag with this number of items, from any items.
    ///
    /// The default builds one, of empty expressions. A reader of untrusted files asks for any tag and number, but for no more
    /// items in total than the file has bytes.
    fn has_tag(tag: Tag<'_>, items: usize) -> bool {
        let items = std::iter::repeat_with(|| Self::expression(Vec::new())).take(items);
        Self::tagged(tag, items.collect()).is_some()
    }

    /// Writes this term, a [grounded](Leaf::Grounded) or [opaque](Leaf::Opaque) value, for [`Print`] and for messages, such as
    /// `#<procedure fib>`. The parser need not be able to read the text.
    ///
    /// The default writes the bytes in hexadecimal: `#<01ff>`.
    fn fmt_value(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        printer::write_identity(self, f)
    }

    /// Returns `true` only if no variable occurs in this term, in O(1).
    ///
    /// The default, `false`, is always correct. A term type that caches the answer lets substitution and unification
    /// skip ground terms.
    fn known_ground(&self) -> bool {
        false
    }

    /// Returns the symbol if this term is one.
    ///
    /// The default interns the name in its [`view`](Term::view). A term type that stores interned symbols should return
    /// its own, which saves the lookup when a rule is written.
    fn as_symbol(&self) -> Option<Symbol> {
        match self.view() {
            View::Leaf(Leaf::Symbol(name)) => Some(Symbol::new(name)),
            _ => None,
        }
    }
}
