//! An index of patterns by head and a ground argument, which finds those that a fact may match.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::env::Head;
use crate::term::path::with_encoder;
use crate::term::{Term, View};

/// Values by the patterns that they are about.
pub(super) struct PatternIndex<V> {
    /// In the order of insertion.
    values: Vec<V>,
    by_head: HashMap<Head, Bucket>,
    /// The places of values whose patterns match facts of any head.
    open: Vec<usize>,
}

/// The places of values whose patterns have one head.
#[derive(Default)]
struct Bucket {
    /// By a ground argument of the pattern, the one with the fewest others: its index and its path.
    by_argument: HashMap<(usize, Vec<u8>), Vec<usize>>,
    /// The indexes of arguments that occur in `by_argument`, ascending.
    indexes: Vec<usize>,
    /// Those of patterns without ground arguments.
    others: Vec<usize>,
}

impl<V> Default for PatternIndex<V> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            by_head: HashMap::new(),
            open: Vec::new(),
        }
    }
}

impl<V> PatternIndex<V> {
    pub(super) fn insert<T: Term>(&mut self, pattern: &T, value: V) {
        let place = self.values.len();
        self.values.push(value);
        match Head::of(pattern) {
            Some(head) => self.by_head.entry(head).or_default().insert(pattern, place),
            None => self.open.push(place),
        }
    }

    /// Those of all patterns that may unify with `term`, and perhaps of others, in the order of insertion. Patterns of the same
    /// head that are indexed by another ground argument than `term` has aren't looked at.
    pub(super) fn candidates<T: Term>(&self, term: &T) -> impl Iterator<Item = &V> {
        let mut places: SmallVec<[usize; 16]> = self.open.iter().copied().collect();
        match Head::of(term) {
            Some(head) => {
                if let Some(bucket) = self.by_head.get(&head) {
                    bucket.each_candidate(term, |found| places.extend_from_slice(found));
                }
            }
            None => places = (0..self.values.len()).collect(),
        }
        places.sort_unstable();
        places.into_iter().map(|place| &self.values[place])
    }
}

impl Bucket {
    fn insert<T: Term>(&mut self, pattern: &T, place: usize) {
        let ground = arguments(pattern).iter().enumerate();
        let ground = ground.filter_map(|(index, argument)| Some((index, ground_path(argument)?)));
        let shared = |key: &(usize, Vec<u8>)| self.by_argument.get(key).map_or(0, Vec::len);
        match { ground }.min_by_key(shared) {
            None => self.others.push(place),
            Some(key) => {
                if let Err(at) = self.indexes.binary_search(&key.0) {
                    self.indexes.insert(at, key.0);
                }
                self.by_argument.entry(key).or_default().push(place);
            }
        }
    }

    fn each_candidate<T: Term>(&self, term: &T, mut visit: impl FnMut(&[usize])) {
        visit(&self.others);
        let arguments = arguments(term);
        for &index in &self.indexes {
            // A symbol has the head of an expression without arguments.
            let Some(argument) = arguments.get(index) else {
                continue;
            };
            match ground_path(argument) {
                Some(path) => self
                    .by_argument
                    .get(&(index, path))
                    .into_iter()
                    .for_each(|found| visit(found)),
                None => {
                    let found = self.by_argument.iter().filter(|((of, _), _)| *of == index);
                    found.for_each(|(_, found)| visit(found));
                }
            }
        }
    }
}

/// The items after the head of a term.
fn arguments<T: Term>(term: &T) -> &[T] {
    match term.view() {
        View::Expression([_, arguments @ ..]) => arguments,
        _ => &[],
    }
}

/// The path of a term, if it has no variables, nor parts that only the term type can compare.
fn ground_path<T: Term>(term: &T) -> Option<Vec<u8>> {
    with_encoder(|encoder| {
        let encoded = encoder.encode(term);
        (encoded.variables == 0 && !encoded.opaque).then(|| encoded.bytes.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::PatternIndex;
    use crate::Atom;

    fn atom(text: &str) -> Atom {
        text.parse().unwrap()
    }

    #[test]
    fn facts_find_the_patterns_that_they_may_match() {
        let patterns = [
            "(p $x a)",
            "(p $x b)",
            "(p a $x)",
            "(p $x $y)",
            "($r $x)",
            "(p)",
            "p",
            "(p (f c) $y)",
        ];
        let mut index = PatternIndex::default();
        for pattern in patterns {
            index.insert(&atom(pattern), pattern);
        }
        let candidates = |fact: &str| index.candidates(&atom(fact)).copied().collect::<Vec<_>>();
        assert_eq!(candidates("(p a a)"), ["(p $x a)", "(p a $x)", "(p $x $y)", "($r $x)"]);
        assert_eq!(candidates("(p c $v)"), ["(p $x a)", "(p $x b)", "(p $x $y)", "($r $x)"]);
        assert_eq!(candidates("(p (f c) d)"), ["(p $x $y)", "($r $x)", "(p (f c) $y)"]);
        assert_eq!(
            candidates("(p (f $v) d)"),
            ["(p a $x)", "(p $x $y)", "($r $x)", "(p (f c) $y)"]
        );
        assert_eq!(candidates("p"), ["($r $x)", "(p)", "p"]);
        assert_eq!(candidates("(q a)"), ["($r $x)"]);
        assert_eq!(candidates("$v"), patterns);
    }

    #[test]
    fn an_argument_that_all_patterns_share_is_not_what_they_are_indexed_by() {
        let mut index = PatternIndex::default();
        for i in 0..100 {
            index.insert(&atom(&format!("(p same {i})")), i);
        }
        // The first two are indexed before it is known which argument is shared.
        assert_eq!(
            index.candidates(&atom("(p same 7)")).copied().collect::<Vec<_>>(),
            [0, 7]
        );
    }
}
