//! Results one by one, as an iterator.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::canonical::canonical;
use crate::error::EvalError;
use crate::evaluator::{Evaluation, Evaluator};
use crate::frame::{Frame, Step};
use crate::machine::Machine;
use crate::shared::Shared;
use crate::value::{Answers, Value};
use pleach::Environment;
use pleach::env::IdSeed;
use pleach::term::Atom;

/// An iterator over the results of an evaluation: see [`Evaluator::results`].
///
/// Yields an error at most once, as its last item. It holds the evaluation's stack and isn't `Send`; the evaluator's
/// threads evaluate siblings all the same.
pub struct Results {
    machine: Machine,
    /// The next step; `None` once the evaluation has ended.
    step: Option<Step>,
    /// Number of bottom frames that forward answers unchanged and are already drained.
    open: usize,
    /// The types that those of them check answers against, from the bottom up.
    expected: Vec<(usize, Atom)>,
    /// Results that were found and not yet yielded.
    ready: VecDeque<Atom>,
    error: Option<EvalError>,
    /// Whether the error was yielded.
    error_yielded: bool,
}

impl Evaluator {
    /// Evaluates an atom as [`evaluate`](Self::evaluate) does, and yields results one by one, as branches of the
    /// outermost nondeterminism complete. Nothing is evaluated between two calls of `next`, so the first results of an
    /// endless stream are available. [`Results::finish`] evaluates the rest and returns the environment. Results and
    /// environment are those of [`evaluate`](Self::evaluate).
    ///
    /// With several threads, branches that wait for an expensive one are evaluated in parallel, before their results
    /// are asked for.
    ///
    /// ```
    /// use pleach::Environment;
    /// use pleach_metta::Evaluator;
    ///
    /// let evaluator = Evaluator::new();
    /// let world = evaluator.run(Environment::new(), "(= (from $n) $n) (= (from $n) (from (+ $n 1)))")?.environment;
    /// let numbers = evaluator.results(world, &"(from 1)".parse()?);
    /// let first: Result<Vec<_>, _> = numbers.take(3).collect();
    /// assert_eq!(first?, [1.into(), 2.into(), 3.into()]);
    ///
    /// let mut some = evaluator.results(Environment::new(), &"(superpose (a (add-atom &self b)))".parse()?);
    /// assert_eq!(some.next(), Some(Ok("a".parse()?)));
    /// let rest = some.finish()?;
    /// assert_eq!(rest.results, ["()".parse()?]);
    /// assert!(rest.environment.contains(&"b".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "nothing is evaluated before the results are asked for"]
    pub fn results(&self, environment: Environment, atom: &Atom) -> Results {
        let seed = environment.id_seed();
        self.results_seeded(environment, atom, seed)
    }

    /// Evaluates an atom as [`results`](Self::results) does, with a seed as in
    /// [`evaluate_seeded`](Self::evaluate_seeded).
    #[must_use = "nothing is evaluated before the results are asked for"]
    pub fn results_seeded(&self, environment: Environment, atom: &Atom, seed: IdSeed) -> Results {
        let shared = Arc::new(Shared::new(&self.settings, self.pool.as_ref(), seed));
        let mut machine = Machine::new(shared, environment, 1, 0);
        let step = Some(machine.begin(atom));
        Results {
            machine,
            step,
            open: 0,
            expected: Vec::new(),
            ready: VecDeque::new(),
            error: None,
            error_yielded: false,
        }
    }
}

impl Results {
    /// Evaluates the rest and returns the results that weren't yielded yet.
    ///
    /// # Errors
    /// The same as of [`Evaluator::evaluate`]. An error that was yielded is returned again.
    pub fn finish(mut self) -> Result<Evaluation, EvalError> {
        while self.step.is_some() {
            self.advance();
        }
        match self.error {
            Some(error) => Err(error),
            None => Ok(Evaluation {
                results: self.ready.into(),
                counts: self.machine.shared.counts(),
                environment: self.machine.env,
            }),
        }
    }

    /// Runs until results are found or the evaluation ends.
    fn advance(&mut self) {
        while let Some(step) = self.step.take() {
            match self.next_step(step) {
                Ok(step) => self.step = step,
                Err(error) => {
                    self.error = Some(error);
                    self.machine.abandon();
                }
            }
            if !self.ready.is_empty() {
                return;
            }
        }
    }

    /// Queues results, after the checks of the drained frames.
    fn found(&mut self, found: Vec<Atom>) {
        for mut atom in found {
            for (_, of_type) in self.expected.iter().rev() {
                let answers = self.machine.checked(of_type, Answers::one(Value::raw(atom.clone())));
                atom = answers.atoms().pop().unwrap_or(atom);
            }
            self.ready.push_back(canonical(&atom));
        }
    }

    fn next_step(&mut self, step: Step) -> Result<Option<Step>, EvalError> {
        let Step::Return(mut answers) = step else {
            return self.machine.step(step);
        };
        // Drain what siblings at the bottom have gathered.
        while let Some(frame) = self.machine.stack.get_mut(self.open) {
            match frame {
                Frame::Branches(branches) => {
                    let found = branches.take_found();
                    self.found(found);
                }
                Frame::Expected(of_type) => self.expected.push((self.open, Atom::clone(of_type))),
                Frame::Scope(_) | Frame::Home(_) => {}
                _ => break,
            }
            self.open += 1;
        }
        if self.open == self.machine.stack.len() {
            let found = std::mem::replace(&mut answers, Answers::None).atoms();
            self.found(found);
        }
        // The top frame takes the answers and changes.
        self.open = self.open.min(self.machine.stack.len().saturating_sub(1));
        while self.expected.last().is_some_and(|(frame, _)| *frame >= self.open) {
            self.expected.pop();
        }
        self.machine.step(Step::Return(answers))
    }
}

impl Iterator for Results {
    type Item = Result<Atom, EvalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && self.step.is_some() {
            self.advance();
        }
        if let Some(atom) = self.ready.pop_front() {
            return Some(Ok(atom));
        }
        // Kept for `finish`.
        let error = self.error.clone().filter(|_| !self.error_yielded)?;
        self.error_yielded = true;
        Some(Err(error))
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results")
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}
