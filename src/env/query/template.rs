//! Building atoms that match a pattern from their paths.

use std::mem;

use smallvec::SmallVec;

use super::shape::Shape;
use crate::env::space::decode_ground;
use crate::term::path::Extent;
use crate::term::walk::for_each;
use crate::term::{Term, View, rebuild};

/// The steps that build an atom from its path, with the ground subterms of the pattern that it matches.
///
/// Decoding looks up each symbol in the interner, so what the pattern has already is cloned.
#[derive(Debug)]
pub(super) struct Template<T>(Vec<Step<T>>);

#[derive(Debug)]
enum Step<T> {
    /// Begins a compound of this many items, with the constructor of this part of the pattern unless it is an expression. Its
    /// token takes this many bytes.
    Open {
        constructor: Option<T>,
        items: usize,
        bytes: usize,
    },
    /// A ground subterm of the pattern, whose path takes this many bytes.
    Ground { term: T, bytes: usize },
    /// The only occurrence of a variable.
    Once,
    /// The first of several occurrences of a variable.
    First,
    /// A later occurrence of the variable whose first one is the step of this number among those.
    Again(usize),
}

impl<T: Term> Template<T> {
    /// The steps for a pattern. O(size).
    pub(super) fn new(pattern: &T, shape: &Shape) -> Self {
        let tokens = shape.tokens();
        // The number of variables before each token.
        let mut before = Vec::with_capacity(tokens.len() + 1);
        before.push(0);
        for (token, count) in tokens.iter().zip(0..) {
            before.push(before[count] + usize::from(token.variable.is_some()));
        }
        let mut occurrences = vec![0; shape.variables()];
        tokens
            .iter()
            .filter_map(|token| token.variable)
            .for_each(|number| occurrences[number] += 1);
        // The numbers of variables among those that occur several times.
        let mut repeated: Vec<usize> = vec![usize::MAX; shape.variables()];
        let mut count = 0;
        let mut steps = Vec::new();
        let mut next = 0;
        for_each(pattern, |term| {
            let Some(token) = shape.token(next) else { return &[] };
            if let Some(number) = token.variable {
                steps.push(match occurrences[number] {
                    1 => Step::Once,
                    _ if repeated[number] < usize::MAX => Step::Again(repeated[number]),
                    _ => {
                        repeated[number] = count;
                        count += 1;
                        Step::First
                    }
                });
            } else if before[next] == before[token.next] {
                let bytes = tokens[next..token.next].iter().map(|token| shape.bytes(*token).len());
                steps.push(Step::Ground {
                    term: term.clone(),
                    bytes: bytes.sum(),
                });
                next = token.next;
                return &[];
            }
            next += 1;
            match term.view() {
                View::Expression(items) => {
                    steps.push(Step::Open {
                        constructor: None,
                        items: items.len(),
                        bytes: shape.bytes(token).len(),
                    });
                    items
                }
                View::Tagged(_, items) => {
                    // The tag is a token of its own.
                    let tag = shape.token(next).map_or(0, |tag| shape.bytes(tag).len());
                    next += 1;
                    steps.push(Step::Open {
                        constructor: Some(term.clone()),
                        items: items.len(),
                        bytes: shape.bytes(token).len() + tag,
                    });
                    items
                }
                View::Leaf(_) => &[],
            }
        });
        Self(steps)
    }

    /// Builds the atom with this ground path, which matches the pattern.
    pub(super) fn build(&self, path: &[u8]) -> T {
        let mut items: Vec<T> = Vec::new();
        // The index of the first item of each open compound, its number of items and its constructor.
        let mut open: SmallVec<[(usize, usize, Option<&T>); 8]> = SmallVec::new();
        let mut values: SmallVec<[T; 4]> = SmallVec::new();
        let mut rest = path;
        for step in &self.0 {
            let bytes = match step {
                Step::Open {
                    constructor,
                    items: count,
                    bytes,
                } => {
                    open.push((items.len(), *count, constructor.as_ref()));
                    items.reserve(*count);
                    *bytes
                }
                Step::Ground { term, bytes } => {
                    items.push(term.clone());
                    *bytes
                }
                Step::Once => {
                    let (term, length) = decode_ground(rest);
                    items.push(term);
                    length
                }
                Step::First => {
                    let (term, length) = decode_ground::<T>(rest);
                    values.push(term.clone());
                    items.push(term);
                    length
                }
                Step::Again(number) => {
                    items.push(values[*number].clone());
                    Extent::of_atom(rest).map_or(rest.len(), |(length, _)| length)
                }
            };
            rest = &rest[bytes..];
            while let Some(&(first, count, constructor)) = open.last()
                && items.len() - first == count
            {
                open.pop();
                let inner = match first {
                    0 => mem::take(&mut items),
                    _ => items.split_off(first),
                };
                items.push(match constructor {
                    None => T::expression(inner),
                    Some(like) => rebuild(like, inner),
                });
            }
        }
        match items.pop() {
            Some(atom) => atom,
            None => unreachable!("a pattern has a step"),
        }
    }
}
