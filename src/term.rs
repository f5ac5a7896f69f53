//! Terms: what the environment stores.
//!
//! [`Term`] is all that pleach asks of an interpreter's own term type: how to look at one, and how to build one. The
//! ready-made implementation is `Atom`.

use std::borrow::Cow;

/// One level of a term: a leaf, or an expression and its items.
#[derive(Clone, Debug)]
pub enum View<'a, T> {
    /// A term without parts.
    Leaf(Leaf<'a>),
    /// A sequence of terms, possibly empty.
    Expression(&'a [T]),
}

/// A term without parts.
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

/// A term as pleach sees it: three functions that an interpreter implements for its own term type.
///
/// `clone` should be cheap (a reference count), since terms are shared between rules, answers and forks.
/// [`view`](Term::view) must show the same parts each time, and `T::leaf(l)` must show `l` again for each leaf `l` of a
/// term of this type, [`Leaf::Opaque`] excepted.
pub trait Term: Clone + Send + Sync + Unpin + 'static {
    /// The outermost level of this term.
    fn view(&self) -> View<'_, Self>;

    /// The term that is this leaf, or `None` if the language has no such leaf.
    fn leaf(leaf: Leaf<'_>) -> Option<Self>;

    /// The expression of these items.
    fn expression(items: Vec<Self>) -> Self;
}
