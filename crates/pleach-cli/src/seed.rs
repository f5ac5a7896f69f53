//! Seeds for the ids of spaces and states.

use std::hash::{DefaultHasher, Hasher};

use pleach::env::IdSeed;

use crate::source::Source;

/// A seed derived from the text of programs. Saved worlds may be merged, so different programs must make spaces and states
/// with different ids.
#[derive(Default)]
pub(crate) struct TextSeed(DefaultHasher);

impl TextSeed {
    /// The seed for these programs.
    pub(crate) fn of(programs: &[Source]) -> IdSeed {
        let mut seed = Self::default();
        programs.iter().for_each(|program| seed.push(&program.text));
        seed.seed()
    }

    /// Adds a program.
    pub(crate) fn push(&mut self, program: &str) {
        self.0.write(program.as_bytes());
    }

    /// Returns the seed for the programs so far.
    pub(crate) fn seed(&self) -> IdSeed {
        // `child` takes indexes below `u64::MAX`.
        IdSeed::root().child(self.0.finish() >> 1)
    }
}
