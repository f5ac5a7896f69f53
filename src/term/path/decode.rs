use smallvec::SmallVec;

use super::{Extent, PathError, PathErrorKind, Token, Tokens, read_token};
use crate::term::{Leaf, Tag, Term};

/// Decodes a path. The variables of the term are named `0`, `1`, … in order of first occurrence.
///
/// Cost: O(length). Memory is proportional to the length of the path, whatever lengths its tokens claim.
///
/// # Errors
/// Returns an error if the bytes aren't the path of a term of this type, as an [`Encoder`](super::Encoder) writes it:
/// each term has one path. Paths with [opaque](Leaf::Opaque) values are errors for term types that can't rebuild them.
///
/// ```
/// use pleach::term::{Atom, path};
///
/// assert_eq!(path::decode(&[0xc2, 0x81, b'f', 0x01]), Ok("(f $0)".parse::<Atom>()?));
/// let error = path::decode::<Atom>(&[0xc2, 0x81, b'f']).unwrap_err();
/// assert_eq!(error.to_string(), "byte 3: truncated path");
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
pub fn decode<T: Term>(path: &[u8]) -> Result<T, PathError> {
    let variable = |number: usize| {
        let name = number.to_string();
        T::leaf(Leaf::Variable { name: &name, id: 0 })
    };
    decode_with(path, variable, |bytes| T::leaf(Leaf::Opaque(bytes.into())))
}

/// Decodes the ground term at the start of `bytes`. Returns it and its length in bytes.
#[inline]
pub(crate) fn decode_ground<T: Term>(bytes: &[u8]) -> Result<(T, usize), PathError> {
    let (token, length) = read_token(bytes)?;
    let leaf = match token {
        Token::Symbol(name) => Leaf::Symbol(name),
        Token::Integer(value) => Leaf::Integer(value),
        Token::String(text) => Leaf::String(text),
        Token::Float(value) => Leaf::Float(value.get()),
        Token::Grounded(bytes) => Leaf::Grounded(bytes.into()),
        _ => {
            let length = Extent::of_atom(bytes).map_or(bytes.len(), |(length, _)| length);
            return Ok((decode(bytes.get(..length).unwrap_or_default())?, length));
        }
    };
    let term = T::leaf(leaf).ok_or(PathErrorKind::NotInLanguage.at(0))?;
    Ok((term, length))
}

/// The tag with this name and the token of its data, if there is one.
pub(crate) fn tag<'a>(name: &'a str, data: &'a [u8]) -> Result<Tag<'a>, PathError> {
    if data.is_empty() {
        return Ok(Tag::new(name));
    }
    let data = match read_token(data)?.0 {
        Token::Symbol(name) => Leaf::Symbol(name),
        Token::Integer(value) => Leaf::Integer(value),
        Token::String(text) => Leaf::String(text),
        Token::Float(value) => Leaf::Float(value.get()),
        Token::Grounded(bytes) => Leaf::Grounded(bytes.into()),
        _ => return Err(PathErrorKind::NotCanonical.at(0)),
    };
    Ok(Tag::with_data(name, data))
}

/// Decodes a path as [`decode`] does, with the caller's variables and opaque values: each variable by its number, at
/// its first occurrence, and each opaque value by its identity.
pub(crate) fn decode_with<T: Term>(
    path: &[u8],
    mut variable: impl FnMut(usize) -> Option<T>,
    mut opaque: impl FnMut(&[u8]) -> Option<T>,
) -> Result<T, PathError> {
    let mut tokens = Tokens::new(path);
    // The items of all open expressions, and for each of these the index of its first item and its arity.
    let mut items: SmallVec<[T; 16]> = SmallVec::new();
    let mut open: SmallVec<[(usize, usize, Option<Tag<'_>>); 8]> = SmallVec::new();
    let mut variables: SmallVec<[T; 4]> = SmallVec::new();
    loop {
        let offset = tokens.offset();
        let token = tokens.next().ok_or(PathErrorKind::Truncated.at(offset))??;
        let leaf = match token {
            Token::Expression(arity) => {
                // Each item takes at least one byte.
                if arity > path.len() - tokens.offset() {
                    return Err(PathErrorKind::Truncated.at(offset));
                }
                open.push((items.len(), arity, None));
                None
            }
            Token::Tagged {
                name,
                data,
                items: arity,
            } => {
                if arity > path.len() - tokens.offset() {
                    return Err(PathErrorKind::Truncated.at(offset));
                }
                open.push((items.len(), arity, Some(tag(name, data)?)));
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
        while let Some(&(first, arity, _)) = open.last()
            && items.len() - first == arity
        {
            let tag = open.pop().and_then(|(_, _, tag)| tag);
            let inner = items.drain(first..).collect();
            items.push(match tag {
                None => T::expression(inner),
                Some(tag) => T::tagged(tag, inner).ok_or(PathErrorKind::NotInLanguage.at(offset))?,
            });
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
