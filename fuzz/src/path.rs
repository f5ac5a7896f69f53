//! Paths: bytes are the canonical path of a term, or an error.

use std::sync::Arc;

use pleach::Term;
use pleach::term::path::{self, Token, Tokens};
use pleach::term::{Encoder, Leaf, PathError, Tag, View, alpha_eq};

/// A term type with leaves of every kind.
#[derive(Clone, Debug)]
enum Any {
    Leaf(Arc<Leaf<'static>>),
    /// Leaves that borrow: the name and id of a variable, the name of a symbol, or a string.
    Symbol(Arc<str>),
    String(Arc<str>),
    Variable(Arc<str>, u64),
    Expression(Arc<[Any]>),
    /// A compound with a name, a leaf that is data, and items.
    Tagged(Arc<str>, Option<Arc<Any>>, Arc<[Any]>),
}

impl Term for Any {
    fn view(&self) -> View<'_, Self> {
        View::Leaf(match self {
            Any::Leaf(leaf) => match &**leaf {
                Leaf::Grounded(bytes) => Leaf::Grounded(bytes[..].into()),
                Leaf::Opaque(bytes) => Leaf::Opaque(bytes[..].into()),
                leaf => leaf.clone(),
            },
            Any::Symbol(name) => Leaf::Symbol(name),
            Any::String(text) => Leaf::String(text),
            Any::Variable(name, id) => Leaf::Variable { name, id: *id },
            Any::Expression(items) => return View::Expression(items),
            Any::Tagged(name, data, items) => {
                let data = data.as_ref().map(|data| match data.view() {
                    View::Leaf(leaf) => leaf,
                    _ => unreachable!("it was built from a leaf"),
                });
                return View::Tagged(Tag { name, data }, items);
            }
        })
    }

    fn leaf(leaf: Leaf<'_>) -> Option<Self> {
        let owned = match leaf {
            Leaf::Symbol(name) => return Some(Any::Symbol(name.into())),
            Leaf::String(text) => return Some(Any::String(text.into())),
            Leaf::Variable { name, id } => return Some(Any::Variable(name.into(), id)),
            Leaf::Anonymous => Leaf::Anonymous,
            Leaf::Integer(value) => Leaf::Integer(value),
            Leaf::Float(value) => Leaf::Float(value),
            Leaf::Grounded(bytes) => Leaf::Grounded(bytes.into_owned().into()),
            Leaf::Opaque(bytes) => Leaf::Opaque(bytes.into_owned().into()),
        };
        Some(Any::Leaf(Arc::new(owned)))
    }

    fn expression(items: Vec<Self>) -> Self {
        Any::Expression(items.into())
    }

    fn tagged(tag: Tag<'_>, items: Vec<Self>) -> Option<Self> {
        let data = tag.data.and_then(Self::leaf).map(Arc::new);
        Some(Any::Tagged(tag.name.into(), data, items.into()))
    }
}

/// Decodes the bytes as a path.
pub fn run(data: &[u8]) {
    // The derived drop recurses: this limit is the target's, not the decoder's.
    if data.len() > 4096 {
        return;
    }
    let mut tokens = Tokens::new(data);
    let read: Result<Vec<Token<'_>>, PathError> = tokens.by_ref().collect();
    assert!(tokens.offset() <= data.len());
    let skipped = path::skip(data);
    for offset in [&read.as_ref().err(), &skipped.as_ref().err()].into_iter().flatten() {
        assert!(offset.offset <= data.len());
    }

    let term: Any = match path::decode(data) {
        Ok(term) => term,
        Err(error) => {
            assert!(error.offset <= data.len() && !error.to_string().is_empty());
            return;
        }
    };
    assert!(read.is_ok());
    assert_eq!(skipped, Ok(data.len()));
    let mut encoder = Encoder::new();
    let encoded = encoder.encode(&term);
    assert_eq!(encoded.bytes, data, "a term has one path");
    let again: Any = path::decode(encoded.bytes).expect("it was decoded before");
    assert!(alpha_eq(&again, &term));
    for end in 0..data.len() {
        assert!(path::decode::<Any>(&data[..end]).is_err(), "no path begins another");
    }
    // As an atom, the term is the same, unless it has leaves of foreign kinds.
    if let Ok(atom) = path::decode::<pleach::Atom>(data) {
        assert_eq!(encoder.encode(&atom).bytes, data);
    }
}
