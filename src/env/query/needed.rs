//! The permuted indexes that joins from one pattern to the others need.

use super::shape::Shape;
use crate::env::space::Space;
use crate::term::Term;
use crate::term::path::with_encoder;
use crate::trie_map::TrieMap;

/// A permuted index by which a join looks up the atoms that match a pattern, once it has matched another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NeededIndex {
    /// The index of the pattern that is looked up.
    pub(crate) pattern: usize,
    /// The common prefix of the atoms: the number of items and the head.
    head: Box<[u8]>,
    /// The number of the argument, from 1.
    position: usize,
}

/// The indexes that are needed once a pattern of `from` is matched: for each other pattern, by the arguments that it binds and
/// that come after one which it doesn't; if there are none, by the ground arguments there. O(p² · size) for p patterns.
pub(crate) fn needed_indexes<T: Term>(patterns: &[T], from: &[usize]) -> Vec<NeededIndex> {
    let shape = Shape::new(with_encoder(|encoder| encoder.encode_items(patterns).bytes.to_vec()));
    let starts: Vec<usize> = shape.items(0).collect();
    let mut needed = Vec::new();
    for matched in from {
        let bound: Vec<usize> = shape.variables_in(starts[*matched]).collect();
        let others = starts.iter().enumerate().filter(|(pattern, _)| pattern != matched);
        for (pattern, start) in others {
            let Some(head) = leaf_head(&shape, *start) else {
                continue;
            };
            let indexes = looked_up(&shape, *start, &bound)
                .into_iter()
                .map(|position| NeededIndex {
                    pattern,
                    head: head.clone(),
                    position,
                });
            for index in indexes {
                if !needed.contains(&index) {
                    needed.push(index);
                }
            }
        }
    }
    needed
}

/// The number of items and the head of the pattern that begins with this token, if its head is a leaf.
fn leaf_head(shape: &Shape, start: usize) -> Option<Box<[u8]>> {
    let head = shape.items(start).next()?;
    let tokens = [start, head].map(|token| shape.tokens()[token]);
    let is_leaf = tokens[1].next == head + 1 && tokens[1].variable.is_none();
    is_leaf.then(|| tokens.map(|token| shape.bytes(token)).concat().into())
}

/// The positions of the arguments by which a pattern is looked up if these variables are bound.
fn looked_up(shape: &Shape, start: usize, bound: &[usize]) -> Vec<usize> {
    let is_bound = |item: usize| shape.variables_in(item).all(|variable| bound.contains(&variable));
    let arguments = shape.items(start).enumerate().skip(1);
    let behind_unbound = arguments.skip_while(|(_, item)| is_bound(*item));
    let (by_others, ground): (Vec<_>, Vec<_>) = behind_unbound
        .filter(|(_, item)| is_bound(*item))
        .partition(|(_, item)| shape.variables_in(*item).next().is_some());
    let chosen = if by_others.is_empty() { ground } else { by_others };
    chosen.into_iter().map(|(position, _)| position).collect()
}

/// The first two tokens of a pattern's path up to its first variable: those of the atoms that it looks up by an index.
pub(crate) fn pattern_head<T: Term>(pattern: &T) -> Box<[u8]> {
    let shape = Shape::new(with_encoder(|encoder| encoder.encode(pattern).bytes.to_vec()));
    let first = shape.tokens().iter().take(2);
    let ground = first.take_while(|token| token.variable.is_none());
    ground.flat_map(|token| shape.bytes(*token)).copied().collect()
}

impl NeededIndex {
    /// Provides the index to two states of a space, of which `changed` has the atoms that differ under the index's head: takes it
    /// over from one to the other at the cost of the changes, and builds it if neither has it. The budget of indexes may
    /// forbid either.
    pub(crate) fn provide<T: Term, V>(&self, before: &Space<T>, after: &Space<T>, changed: &[&TrieMap<V>]) {
        let (head, position) = (&*self.head, self.position);
        let known = [before, after].map(|space| space.arguments.get(head, position));
        let (from, to) = match known {
            [Some(_), Some(_)] => return,
            [Some(known), None] => (known, after),
            [None, Some(known)] => (known, before),
            [None, None] => match before.arguments.require(&before.facts, head, position) {
                Some(built) => (built, after),
                None => {
                    after.arguments.require(&after.facts, head, position);
                    return;
                }
            },
        };
        to.arguments.adopt(from, &to.facts, |visit| {
            for changed in changed {
                let mut cursor = changed.cursor();
                while cursor.next_entry().is_some() {
                    visit(cursor.path());
                }
            }
        });
    }

    /// Builds the index of one state, if it isn't there and the budget of indexes allows it.
    pub(crate) fn build<T: Term>(&self, space: &Space<T>) {
        if space.arguments.get(&self.head, self.position).is_none() {
            space.arguments.require(&space.facts, &self.head, self.position);
        }
    }
}
