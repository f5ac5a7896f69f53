//! Patterns as sequences of tokens, to be matched against the trie.

use crate::term::path::{Extent, Head, read_number};

/// The path of a pattern, with its tokens.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    bytes: Vec<u8>,
    tokens: Vec<Token>,
    /// The number of variables.
    variables: usize,
    /// The first token of those at the end that are first occurrences of variables.
    tail: usize,
}

/// A token of a pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    start: usize,
    end: usize,
    /// The token after the atom that begins with this one.
    pub(super) next: usize,
    /// The number of the variable, if the token is one.
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
                Head::OldVariable => read_number(&bytes[start + 1..]).map(|(number, _)| number),
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

    /// The first tokens of the items of the compound that begins with this token.
    pub(super) fn items(&self, compound: usize) -> impl Iterator<Item = usize> {
        let end = self.tokens.get(compound).map_or(0, |token| token.next);
        let first = Some(compound + 1).filter(|first| *first < end);
        std::iter::successors(first, move |item| {
            Some(self.tokens[*item].next).filter(|next| *next < end)
        })
    }

    /// The numbers of the variables in the atom that begins with this token.
    pub(super) fn variables_in(&self, atom: usize) -> impl Iterator<Item = usize> {
        let tokens = &self.tokens[atom..self.tokens[atom].next];
        tokens.iter().filter_map(|token| token.variable)
    }

    /// The bytes of a token.
    pub(super) fn bytes(&self, token: Token) -> &[u8] {
        &self.bytes[token.start..token.end]
    }

    /// The path up to its first variable.
    pub(super) fn ground_prefix(&self) -> &[u8] {
        let ground = self.tokens.iter().take_while(|token| token.variable.is_none());
        &self.bytes[..ground.last().map_or(0, |token| token.end)]
    }

    /// The common prefix of all atoms with the same number of items and the same head; empty unless this is an expression
    /// whose head is a leaf.
    pub(super) fn head(&self) -> &[u8] {
        match &self.tokens[..] {
            [whole, head, ..] if whole.next > 1 && head.next == 2 && head.variable.is_none() => &self.bytes[..head.end],
            _ => &[],
        }
    }

    /// The ground arguments after the first one that isn't: their positions, from 1, and paths.
    pub(super) fn ground_arguments(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let starts = std::iter::successors(Some(2), |start| Some(self.tokens.get(*start)?.next));
        let arguments = starts.map_while(|start| Some((start, self.tokens.get(start)?.next)));
        arguments
            .enumerate()
            .map(|(index, (start, next))| (index + 1, &self.tokens[start..next]))
            .skip_while(|(_, tokens)| is_ground(tokens))
            .filter(|(_, tokens)| is_ground(tokens))
            .filter_map(|(position, tokens)| Some((position, &self.bytes[tokens.first()?.start..tokens.last()?.end])))
    }

    /// The shape of the arguments alone, with the ground one at this position first, as in a permuted index.
    pub(super) fn permuted(&self, position: usize) -> Shape {
        let mut start = 2;
        for _ in 1..position {
            start = self.tokens.get(start).map_or(start, |token| token.next);
        }
        let from = |token: usize| self.tokens.get(token).map_or(self.bytes.len(), |token| token.start);
        let next = self.tokens.get(start).map_or(start, |token| token.next);
        Shape::new(
            [
                &self.bytes[from(start)..from(next)],
                &self.bytes[from(2)..from(start)],
                &self.bytes[from(next)..],
            ]
            .concat(),
        )
    }

    /// The number of variables.
    pub(super) fn variables(&self) -> usize {
        self.variables
    }

    /// The first token of those at the end that are first occurrences of variables.
    pub(super) fn tail(&self) -> usize {
        self.tail
    }
}

fn is_ground(tokens: &[Token]) -> bool {
    tokens.iter().all(|token| token.variable.is_none())
}
