//! Whole programs, at once or item by item.

use super::{Counts, Evaluator, RunError};
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::{Atom, Item, ParseError, Parser};

/// What a program came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// The results of each top-level `!`, in order.
    pub results: Vec<Vec<Atom>>,
    /// The environment after the last atom.
    pub environment: Environment,
}

/// What a top-level `!` came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluated {
    /// The atom that was evaluated, and where it is in the program's text.
    pub item: Item,
    /// The results, in order.
    pub results: Vec<Atom>,
    /// What the evaluation took.
    pub counts: Counts,
}

/// A program that is run item by item: see [`Evaluator::program`].
#[derive(Debug)]
pub struct Program<'e, I> {
    evaluator: &'e Evaluator,
    items: I,
    environment: Environment,
    /// How many items there were.
    index: u64,
    seed: IdSeed,
    /// Was there an error?
    failed: bool,
    /// The `!` whose evaluation has failed.
    failed_item: Option<Item>,
}

impl Evaluator {
    /// Runs a program: adds its atoms to the environment, and evaluates those after a `!`, in order.
    ///
    /// # Errors
    /// [`RunError`] if the text can't be read, or for an evaluation as of [`evaluate`](Self::evaluate).
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

    /// Runs a program item by item: the iterator adds the atoms up to the next `!` to the environment, evaluates that, and
    /// yields what it came to. The items are those of a [`Parser`], or read before, as `items.into_iter().map(Ok)`.
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
            items: items.into_iter(),
            seed: environment.id_seed(),
            environment,
            index: 0,
            failed: false,
            failed_item: None,
        }
    }
}

impl<I> Program<'_, I> {
    /// The environment as the items so far have left it.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_environment(self) -> Environment {
        self.environment
    }

    /// The `!` that has failed, after an error that is not one of reading.
    #[must_use]
    pub fn failed_item(&self) -> Option<&Item> {
        self.failed_item.as_ref()
    }
}

impl<I: Iterator<Item = Result<Item, ParseError>>> Iterator for Program<'_, I> {
    type Item = Result<Evaluated, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut facts = Vec::new();
        let mut outcome = None;
        for item in self.items.by_ref() {
            let index = self.index;
            self.index += 1;
            match item {
                Ok(item) if item.bang => {
                    outcome = Some(Ok((item, index)));
                    break;
                }
                Ok(item) => facts.push((item.atom, item.count)),
                Err(error) => {
                    outcome = Some(Err(error));
                    break;
                }
            }
        }
        self.environment.add_multiplicities(facts);
        let evaluated = match outcome? {
            Ok((item, index)) => self.evaluate(item, index),
            Err(error) => Err(error.into()),
        };
        self.failed = evaluated.is_err();
        Some(evaluated)
    }
}

impl<I> Program<'_, I> {
    fn evaluate(&mut self, item: Item, index: u64) -> Result<Evaluated, RunError> {
        // Should it fail, the environment is still there.
        let environment = self.environment.clone();
        let seed = self.seed.child(index);
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
