//! A pattern, made ready to be followed through the trie.

use crate::term::path::{Extent, Head, LIMIT, varint};

/// The path of a pattern and what is at which place in it.
#[derive(Debug)]
pub(super) struct Shape {
    bytes: Vec<u8>,
    tokens: Vec<Token>,
    /// The number of variables.
    variables: usize,
    /// From this token on there are only variables that did not occur before.
    tail: usize,
}

/// A token of a pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    start: usize,
    end: usize,
    /// The token after the atom that begins with this one.
    pub(super) next: usize,
    /// The number of the variable that it is.
    pub(super) variable: Option<usize>,
}

impl Shape {
    /// The shape with this path. O(length).
    pub(super) fn new(bytes: Vec<u8>) -> Shape {
        let mut tokens = Vec::with_capacity(bytes.len() / 4 + 2);
        let (mut start, mut variables, mut tail) = (0, 0, 0);
        while let Some(extent) = bytes.get(start..).and_then(Extent::of) {
            let end = start + extent.length;
            let variable = match Head::of(bytes[start]) {
                Head::NewVariable => {
                    variables += 1;
                    Some(variables - 1)
                }
                Head::OldVariable => varint(&bytes[start + 1..]).map(|(number, _)| number),
                _ => None,
            };
            // Until its items are known, `next` is their number.
            tokens.push(Token {
                start,
                end,
                next: extent.items,
                variable,
            });
            if Head::of(bytes[start]) != Head::NewVariable {
                tail = tokens.len();
            }
            start = end;
        }
        for index in (0..tokens.len()).rev() {
            let items = tokens[index].next;
            tokens[index].next =
                (0..items).fold(index + 1, |next, _| tokens.get(next).map_or(next, |token| token.next));
        }
        Shape {
            bytes,
            tokens,
            variables,
            tail,
        }
    }

    /// The token of this number, or `None` after the last.
    pub(super) fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    /// The tokens in order.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The bytes of a token.
    pub(super) fn bytes(&self, token: Token) -> &[u8] {
        &self.bytes[token.start..token.end]
    }

    /// The path up to its first variable, but no more than the trie may have of it.
    pub(super) fn ground_prefix(&self) -> &[u8] {
        let ground = self
            .tokens
            .iter()
            .take_while(|token| token.variable.is_none() && token.end <= LIMIT);
        &self.bytes[..ground.last().map_or(0, |token| token.end)]
    }

    /// The number of variables.
    pub(super) fn variables(&self) -> usize {
        self.variables
    }

    /// The first of the tokens at the end that are variables that did not occur before.
    pub(super) fn tail(&self) -> usize {
        self.tail
    }
}
