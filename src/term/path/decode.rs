use smallvec::SmallVec;

use super::{PathError, PathErrorKind, Token, Tokens};
use crate::term::{Leaf, Term};

/// The term of this path. Its variables are named `0`, `1`, … in order of first occurrence.
///
/// Cost: O(length). Memory is bounded by the length of the path, whatever lengths it announces.
///
/// # Errors
/// If the bytes are not the path that an [`Encoder`](super::Encoder) makes for some term of this type: each term has one
/// path, and everything else is refused. Paths with [opaque](Leaf::Opaque) values are refused by term types that can't
/// rebuild them.
///
/// ```
/// use pleach::term::{Atom, path};
///
/// assert_eq!(path::decode(&[0xc2, 0x81, b'f', 0x01]), Ok("(f $0)".parse::<Atom>()?));
/// let error = path::decode::<Atom>(&[0xc2, 0x81, b'f']).unwrap_err();
/// assert_eq!(error.to_string(), "byte 3: the path ends too early");
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
pub fn decode<T: Term>(path: &[u8]) -> Result<T, PathError> {
    let variable = |number: usize| {
        let name = number.to_string();
        T::leaf(Leaf::Variable { name: &name, id: 0 })
    };
    decode_with(path, variable, |bytes| T::leaf(Leaf::Opaque(bytes.into())))
}

/// As [`decode`], with the variables and the opaque values that the caller gives: each variable by its number, when it
/// occurs first, and each opaque value by its identity.
pub(crate) fn decode_with<T: Term>(
    path: &[u8],
    mut variable: impl FnMut(usize) -> Option<T>,
    mut opaque: impl FnMut(&[u8]) -> Option<T>,
) -> Result<T, PathError> {
    let mut tokens = Tokens::new(path);
    // The items so far of all expressions that are not complete, and of each such where its items begin and their number.
    let mut items: SmallVec<[T; 16]> = SmallVec::new();
    let mut open: SmallVec<[(usize, usize); 16]> = SmallVec::new();
    let mut variables: SmallVec<[T; 4]> = SmallVec::new();
    loop {
        let offset = tokens.offset();
        let token = tokens.next().ok_or(PathErrorKind::Truncated.at(offset))??;
        let leaf = match token {
            Token::Expression(arity) => {
                // Each item takes a byte at least.
                if arity > path.len() - tokens.offset() {
                    return Err(PathErrorKind::Truncated.at(offset));
                }
                open.push((items.len(), arity));
                None
            }
            Token::NewVariable => {
                let variable = variable(variables.len());
                variables.extend(variable.clone());
                Some(variable)
            }
            Token::Variable(number) => {
                let known = usize::try_from(number).ok().and_then(|number| variables.get(number));
                Some(Some(
                    known.ok_or(PathErrorKind::UnknownVariable(number).at(offset))?.clone(),
                ))
            }
            Token::Grounded(bytes) => Some(T::leaf(Leaf::Grounded(bytes.into()))),
            Token::Opaque(bytes) => Some(opaque(bytes)),
            Token::Float(value) => Some(T::leaf(Leaf::Float(value.get()))),
            Token::Integer(value) => Some(T::leaf(Leaf::Integer(value))),
            Token::String(text) => Some(T::leaf(Leaf::String(text))),
            Token::Symbol(name) => Some(T::leaf(Leaf::Symbol(name))),
        };
        if let Some(leaf) = leaf {
            items.push(leaf.ok_or(PathErrorKind::NotInLanguage.at(offset))?);
        }
        while let Some(&(first, arity)) = open.last()
            && items.len() - first == arity
        {
            open.pop();
            let inner = items.drain(first..).collect();
            items.push(T::expression(inner));
        }
        if open.is_empty()
            && let Some(term) = items.pop()
        {
            let end = tokens.offset();
            return if end == path.len() {
                Ok(term)
            } else {
                Err(PathErrorKind::Trailing.at(end))
            };
        }
    }
}
