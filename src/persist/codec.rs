//! Codecs for opaque values.

use crate::term::Term;

/// A conversion between the [opaque](crate::term::Leaf::Opaque) values of an interpreter and bytes.
///
/// All other leaves are encoded from what [`Term::view`] shows. A decoded value must have the identity of the value
/// that was encoded.
///
/// ```
/// use pleach::persist::Codec;
/// use pleach::term::{Atom, Grounded};
/// use pleach::Environment;
/// use std::{borrow::Cow, fmt};
///
/// struct Colour([u8; 3]);
///
/// impl Grounded for Colour {
///     fn type_name(&self) -> &str {
///         "Colour"
///     }
///     fn identity(&self) -> Cow<'_, [u8]> {
///         Cow::Borrowed(&self.0)
///     }
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         write!(f, "{:?}", self.0)
///     }
/// }
///
/// struct Colours;
///
/// impl Codec<Atom> for Colours {
///     fn encode(&self, value: &Atom) -> Option<Vec<u8>> {
///         value.downcast_grounded::<Colour>().map(|colour| colour.0.to_vec())
///     }
///     fn decode(&self, bytes: &[u8]) -> Option<Atom> {
///         Some(Atom::grounded(Colour(bytes.try_into().ok()?)))
///     }
/// }
///
/// let mut env = Environment::<Atom>::new();
/// env.add_fact(Atom::expression([Atom::symbol("likes"), Atom::grounded(Colour([255, 0, 0]))]));
/// let mut bytes = Vec::new();
/// env.save_to(&mut bytes, &Colours)?;
/// assert_eq!(Environment::load_from(&bytes[..], &Colours)?, env);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Codec<T: Term> {
    /// Encodes an opaque leaf as bytes that [`decode`](Self::decode) accepts; `None` if it can't be encoded.
    fn encode(&self, value: &T) -> Option<Vec<u8>>;

    /// Decodes a value; `None` if the bytes encode none.
    fn decode(&self, bytes: &[u8]) -> Option<T>;
}

/// A codec that encodes no value.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCodec;

impl<T: Term> Codec<T> for NoCodec {
    fn encode(&self, _: &T) -> Option<Vec<u8>> {
        None
    }

    fn decode(&self, _: &[u8]) -> Option<T> {
        None
    }
}
