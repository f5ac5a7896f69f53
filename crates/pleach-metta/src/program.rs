//! Whole programs, at once or item by item.

use crate::batches::{Batch, Batches};
use crate::error::RunError;
use crate::evaluator::Evaluator;
use crate::shared::Counts;
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Item, ParseError, Parser};

/// The outcome of a program: see [`Evaluator::run`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    /// The results of each top-level `!`, in order.
    pub results: Vec<Vec<Atom>>,
    /// The environment after the last item.
    pub environment: Environment,
}

/// The outcome of a top-level `!`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluated {
    /// The atom that was evaluated, with its position in the source text.
    pub item: Item,
    /// The results, in order.
    pub results: Vec<Atom>,
    /// Forks and merges of the evaluation.
    pub counts: Counts,
}

/// A running program, as an iterator over its top-level `!`: see [`Evaluator::program`].
#[derive(Debug)]
pub struct Program<'e, I> {
    evaluator: &'e Evaluator,
    batches: Batches<I, ParseError>,
    environment: Environment,
    /// Number of items so far.
    index: u64,
    seed: IdSeed,
    failed: bool,
    /// The `!` whose evaluation failed.
    failed_item: Option<Item>,
}

impl Evaluator {
    /// Runs a program: adds its atoms to the environment and evaluates those after a `!`, in order.
    ///
    /// # Errors
    /// [`RunError`] if the text can't be parsed, or if an evaluation fails as [`evaluate`](Self::evaluate) does.
    pub fn run(&self, environment: Environment, program: &str) -> Result<Run, RunError> {
        let mut program = self.program(environment, Parser::new(program));
        let results = program
            .by_ref()
            .map(|evaluated| evaluated.map(|evaluated| evaluated.results))
            .collect::<Result<_, _>>()?;
        Ok(Run {
            results,
            environment: program.into_environment(),
        })
    }

    /// Returns an iterator that runs a program: each call of `next` adds the atoms up to the next `!` to the environment,
    /// evaluates that one, and yields its results. The items come from a [`Parser`], or from a list, as
    /// `items.into_iter().map(Ok)`.
    ///
    /// After an error the iterator ends, and the environment is the one before the `!` that failed.
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    /// use pleach::term::Parser;
    ///
    /// let evaluator = Evaluator::new();
    /// let source = "(p 1) !(match &self (p $x) $x) (p 2) !(match &self (p $x) $x)";
    /// let mut program = evaluator.program(Environment::new(), Parser::new(source));
    /// let mut lines = Vec::new();
    /// for evaluated in program.by_ref() {
    ///     let evaluated = evaluated?;
    ///     lines.push(format!("at byte {}: {:?}", evaluated.item.span.start, evaluated.results));
    /// }
    /// assert_eq!(lines, ["at byte 7: [1]", "at byte 38: [1, 2]"]);
    /// assert_eq!(program.into_environment().fact_count(), 2);
    /// # Ok::<(), pleach_metta::RunError>(())
    /// ```
    pub fn program<I>(&self, environment: Environment, items: I) -> Program<'_, I::IntoIter>
    where
        I: IntoIterator<Item = Result<Item, ParseError>>,
    {
        Program {
            evaluator: self,
            batches: Batches::new(items),
            seed: environment.id_seed(),
            environment,
            index: 0,
            failed: false,
            failed_item: None,
        }
    }
}

impl<I> Program<'_, I> {
    /// Returns the environment after the items so far.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Consumes the program and returns the environment after the items so far.
    #[must_use]
    pub fn into_environment(self) -> Environment {
        self.environment
    }

    /// Returns the `!` whose evaluation failed; `None` after a parse error.
    #[must_use]
    pub fn failed_item(&self) -> Option<&Item> {
        self.failed_item.as_ref()
    }

    fn evaluate(&mut self, item: Item) -> Result<Evaluated, RunError> {
        // The original stays as it was if the evaluation fails.
        let environment = self.environment.clone();
        let seed = self.seed.child(self.index);
        self.index += 1;
        match self.evaluator.evaluate_seeded(environment, &item.atom, seed) {
            Ok(evaluation) => {
                self.environment = evaluation.environment;
                Ok(Evaluated {
                    item,
                    results: evaluation.results,
                    counts: evaluation.counts,
                })
            }
            Err(error) => {
                self.failed_item = Some(item);
                Err(error.into())
            }
        }
    }
}

impl<I: Iterator<Item = Result<Item, ParseError>>> Iterator for Program<'_, I> {
    type Item = Result<Evaluated, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let evaluated = loop {
            match self.batches.next_batch()? {
                Ok(Batch::Facts(facts)) => {
                    let index = &mut self.index;
                    let facts = facts.inspect(|_| *index += 1).map(|item| (item.atom, item.count));
                    self.environment.add_multiplicities(facts);
                }
                Ok(Batch::Query(item)) => break self.evaluate(item),
                Err(error) => break Err(error.into()),
            }
        };
        self.failed = evaluated.is_err();
        Some(evaluated)
    }
}
