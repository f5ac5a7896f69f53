//! The choice of the pattern to match first.

use std::sync::Arc;

use smallvec::SmallVec;

use super::shape::Shape;
use crate::env::argument_index::MIN_FACTS;
use crate::env::space::Space;
use crate::term::Term;
use crate::term::path::with_encoder;

impl<T: Term> Space<T> {
    /// Returns the index of the pattern with the lowest cardinality estimate: the number of facts that share its ground prefix,
    /// or a ground argument by which there is a permuted index. Ties go to the first. O(size · log n).
    ///
    /// The number of facts that an index would have spared is reported as demand for it.
    pub(crate) fn most_selective(&self, patterns: &[T]) -> usize {
        if patterns.len() < 2 {
            return 0;
        }
        let mut missing: SmallVec<[(Arc<Shape>, usize); 4]> = SmallVec::new();
        let (mut best, mut least) = (0, usize::MAX);
        for (index, pattern) in patterns.iter().enumerate() {
            let shape = Arc::new(Shape::new(with_encoder(|encoder| {
                encoder.encode(pattern).bytes.to_vec()
            })));
            let mut count = self.facts.count_prefix(shape.ground_prefix());
            let head = shape.head();
            if count >= MIN_FACTS && !head.is_empty() {
                for (position, path) in shape.ground_arguments() {
                    let built = self.arguments.get(head, position);
                    match built.or_else(|| self.arguments.build(&self.facts, head, position)) {
                        Some(found) => count = count.min(found.permuted.count_prefix(path) + found.rest.len()),
                        None => missing.push((Arc::clone(&shape), position)),
                    }
                }
            }
            if count < least {
                (best, least) = (index, count);
            }
        }
        if least >= MIN_FACTS {
            for (shape, position) in missing {
                self.arguments.report(shape.head(), position, least as u64);
            }
        }
        best
    }
}
