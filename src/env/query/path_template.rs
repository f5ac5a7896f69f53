//! Terms whose instances are written as paths.

use super::answer::JoinAnswer;
use super::shape::Shape;
use crate::term::Term;
use crate::term::path::with_encoder;

/// A template for the answers of a join, whose instances with ground values are written as paths: no term is built, and no symbol
/// looked up.
#[derive(Debug)]
pub(crate) struct PathTemplate {
    pieces: Vec<Piece>,
}

/// A part of a template's path.
#[derive(Debug)]
enum Piece {
    Ground(Vec<u8>),
    /// A variable, by its number in the join.
    Variable(usize),
}

impl PathTemplate {
    /// The template for joins of these patterns, in this order. `None` if it has an opaque part, which its path doesn't give back.
    pub(crate) fn new<T: Term>(patterns: &[T], template: &T) -> Option<Self> {
        let items: Vec<T> = patterns.iter().chain([template]).cloned().collect();
        // The patterns come first, so the template's variables have the numbers that they have in a join.
        let shape = with_encoder(|encoder| {
            let is_opaque = encoder.encode(template).opaque;
            (!is_opaque).then(|| Shape::new(encoder.encode_items(&items).bytes.to_vec()))
        })?;
        let tokens = shape.tokens();
        let start = patterns.iter().fold(1, |start, _| tokens[start].next);
        let mut pieces = Vec::new();
        for token in &tokens[start..] {
            match (token.variable, pieces.last_mut()) {
                (Some(number), _) => pieces.push(Piece::Variable(number)),
                (None, Some(Piece::Ground(bytes))) => bytes.extend_from_slice(shape.bytes(*token)),
                (None, _) => pieces.push(Piece::Ground(shape.bytes(*token).to_vec())),
            }
        }
        Some(Self { pieces })
    }

    /// Writes the path of the instance for an answer. Returns `false` if a value isn't known to be ground.
    pub(crate) fn write<T: Term>(&self, answer: &JoinAnswer<T>, path: &mut Vec<u8>) -> bool {
        path.clear();
        self.pieces.iter().all(|piece| match piece {
            Piece::Ground(bytes) => {
                path.extend_from_slice(bytes);
                true
            }
            Piece::Variable(number) => match answer.found(*number) {
                Some(value) => {
                    path.extend_from_slice(value);
                    true
                }
                None => false,
            },
        })
    }
}
