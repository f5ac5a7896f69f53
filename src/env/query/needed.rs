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
    let tokens = shape.tokens();
    let items = |start: usize, end: usize| {
        let first = (start < end).then_some(start);
        std::iter::successors(first, move |item| Some(tokens[*item].next).filter(|next| *next < end))
    };
    let starts: Vec<usize> = items(1, tokens.len()).collect();
    let mut needed = Vec::new();
    for bound_by in from {
        let mut bound = vec![false; shape.variables()];
        let matched = starts[*bound_by];
        for variable in tokens[matched..tokens[matched].next]
            .iter()
            .filter_map(|token| token.variable)
        {
            bound[variable] = true;
        }
        for (pattern, start) in starts.iter().enumerate() {
            let (whole, head) = (tokens[*start], start + 1);
            let has_head = head < whole.next && tokens[head].next == head + 1 && tokens[head].variable.is_none();
            if pattern == *bound_by || !has_head {
                continue;
            }
            let arguments = items(head + 1, whole.next).map(|item| {
                let variables = || {
                    tokens[item..tokens[item].next]
                        .iter()
                        .filter_map(|token| token.variable)
                };
                (
                    variables().all(|variable| bound[variable]),
                    variables().next().is_some(),
                )
            });
            let known = arguments.enumerate().skip_while(|(_, (is_bound, _))| *is_bound);
            let known: Vec<_> = known.filter(|(_, (is_bound, _))| *is_bound).collect();
            let binds_any = known.iter().any(|(_, (_, has_variables))| *has_variables);
            let positions = known
                .iter()
                .filter(|(_, (_, has_variables))| *has_variables == binds_any);
            for (argument, _) in positions {
                let head = [tokens[*start], tokens[head]].map(|token| shape.bytes(token)).concat();
                let index = NeededIndex {
                    pattern,
                    head: head.into(),
                    position: argument + 1,
                };
                if !needed.contains(&index) {
                    needed.push(index);
                }
            }
        }
    }
    needed
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
