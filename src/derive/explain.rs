//! Why a fact is in a closure.
//!
//! Derivations aren't stored. They are searched backwards from the fact, breadth first, and *grounded* forwards: a fact is
//! grounded if the state has it, or once all premises of a step that derives it are. This is unit propagation (Dowling and
//! Gallier, "Linear-Time Algorithms for Testing the Satisfiability of Propositional Horn Formulae", 1984). The first step
//! that grounds a fact is its explanation. Its premises were grounded before, so no explanation is circular.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::ops::ControlFlow;

use super::closure::Derived;
use super::step::{Seed, each_step};
use crate::term::path::with_encoder;
use crate::term::{Atom, Print, Term};

/// A step that derives a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Derivation<T = Atom> {
    /// The index of the rule.
    pub rule: usize,
    /// The facts that match the rule's patterns, in their order.
    pub premises: Vec<T>,
    /// The rule's negated patterns with the substitution applied, which no fact matches.
    pub absent: Vec<T>,
}

/// A derivation of a fact, down to facts of the state: see [`Derived::explain`].
///
/// It displays as a tree, each fact above its premises. A fact that occurs again is followed by `…` instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<T = Atom> {
    nodes: Vec<Reason<T>>,
}

/// A fact of an [`Explanation`], and why it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason<T = Atom> {
    /// The fact.
    pub fact: T,
    /// The step that derives it; `None` if the state has it.
    pub derivation: Option<Derivation<T>>,
    /// The indexes of the premises in the explanation, which are less than that of the fact.
    pub premises: Vec<usize>,
}

impl<T> Explanation<T> {
    /// Returns the facts with their reasons, premises before what follows from them. The last is the fact that is explained.
    pub fn reasons(&self) -> &[Reason<T>] {
        &self.nodes
    }
}

impl<T: Term> Derived<T> {
    /// Returns every step by which a rule derives a fact, whether or not the state has it too. They can repeat if a fact with
    /// variables is involved. Costs one query for each rule whose head unifies with the fact, and the steps.
    ///
    /// ```
    /// use pleach::derive::Program;
    /// use pleach::{Atom, Environment};
    ///
    /// let program: Program = "(=> (, (parent $x $y)) (elder $x)) (=> (, (age $x old) (not (young $x))) (elder $x))".parse()?;
    /// let mut world = Environment::<Atom>::new();
    /// world.extend(["(parent ann bob)", "(parent ann eve)", "(age ann old)"].map(|fact| fact.parse().unwrap()));
    /// let steps = program.derive(&world)?.explain_all(&"(elder ann)".parse()?);
    /// assert_eq!(steps.iter().map(|step| step.rule).collect::<Vec<_>>(), [0, 0, 1]);
    /// assert_eq!(steps[1].premises, ["(parent ann eve)".parse()?]);
    /// assert_eq!(steps[2].absent, ["(young ann)".parse()?]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_all(&self, fact: &T) -> Vec<Derivation<T>> {
        let mut found = Vec::new();
        let _ = self.each_derivation(fact, &mut |derivation| {
            found.push(derivation);
            ControlFlow::Continue(())
        });
        found
    }

    fn each_derivation(&self, fact: &T, visit: &mut dyn FnMut(Derivation<T>) -> ControlFlow<()>) -> ControlFlow<()> {
        let rules = &self.program.rules;
        let mut producers: Vec<usize> = rules.heads.candidates(fact).map(|producer| producer.rule).collect();
        producers.sort_unstable();
        for rule in producers {
            each_step(&rules.list[rule], &self.closure, &Seed::Head(fact), &mut |step| {
                visit(Derivation {
                    rule,
                    premises: step.premises(),
                    absent: step.absent().collect(),
                })
            })?;
        }
        ControlFlow::Continue(())
    }

    /// Returns a derivation of a fact from facts of the state; `None` if the fact isn't in the closure.
    ///
    /// Derivations aren't stored, so it searches, breadth first, up to the first derivation: that is a short one, if not always
    /// the shortest. It costs the steps of the facts that were reached, at worst of all that the fact depends on.
    ///
    /// ```
    /// use pleach::derive::Program;
    /// use pleach::{Atom, Environment};
    ///
    /// let program: Program = "(=> (, (edge $x $y)) (path $x $y)) (=> (, (path $x $y) (edge $y $z)) (path $x $z))".parse()?;
    /// let mut world = Environment::<Atom>::new();
    /// world.extend(["(edge a b)", "(edge b c)", "(edge c a)"].map(|fact| fact.parse().unwrap()));
    /// let why = program.derive(&world)?.explain(&"(path a c)".parse()?).unwrap();
    /// assert_eq!(
    ///     why.to_string(),
    ///     "(path a c) by rule 2\n  (path a b) by rule 1\n    (edge a b)\n  (edge b c)\n",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, fact: &T) -> Option<Explanation<T>> {
        if !self.contains(fact) {
            return None;
        }
        let mut search = Search {
            derived: self,
            numbers: HashMap::new(),
            facts: Vec::new(),
            steps: Vec::new(),
            queue: VecDeque::new(),
            grounded: Vec::new(),
        };
        let goal = search.number(fact);
        while search.facts[goal].rank.is_none() {
            match search.queue.pop_front() {
                Some(next) => search.expand(next),
                None => unreachable!("every fact of a closure has a derivation"),
            }
        }
        Some(search.explanation(goal))
    }
}

/// A search for a derivation.
struct Search<'a, T: Term> {
    derived: &'a Derived<T>,
    /// The facts by path.
    numbers: HashMap<Vec<u8>, usize>,
    facts: Vec<Found<T>>,
    steps: Vec<FoundStep<T>>,
    /// The facts whose steps weren't searched.
    queue: VecDeque<usize>,
    /// The grounded facts, in the order in which they were.
    grounded: Vec<usize>,
}

struct Found<T> {
    fact: T,
    /// Its place among the grounded facts, if it is one.
    rank: Option<usize>,
    /// The step that grounded it, unless the state has it.
    step: Option<usize>,
    /// The steps that it is a premise of.
    waiting: Vec<usize>,
}

struct FoundStep<T> {
    conclusion: usize,
    derivation: Derivation<T>,
    premises: Vec<usize>,
    /// The number of premises that aren't grounded.
    missing: usize,
}

impl<T: Term> Search<'_, T> {
    /// The number of a fact, which is new or not.
    fn number(&mut self, fact: &T) -> usize {
        let path = with_encoder(|encoder| encoder.encode(fact).bytes.to_vec());
        let is_given = self.derived.is_given(&path);
        let next = self.facts.len();
        let number = *self.numbers.entry(path).or_insert(next);
        if number == next {
            self.facts.push(Found {
                fact: fact.clone(),
                rank: None,
                step: None,
                waiting: Vec::new(),
            });
            if is_given {
                self.ground(number, None);
            } else {
                self.queue.push_back(number);
            }
        }
        number
    }

    /// Searches the steps of a fact, until one grounds it.
    fn expand(&mut self, number: usize) {
        if self.facts[number].rank.is_some() {
            return;
        }
        let (derived, fact) = (self.derived, self.facts[number].fact.clone());
        let _ = derived.each_derivation(&fact, &mut |derivation| {
            let premises: Vec<usize> = derivation.premises.iter().map(|premise| self.number(premise)).collect();
            let step = self.steps.len();
            let mut missing = 0;
            for premise in &premises {
                if self.facts[*premise].rank.is_none() {
                    self.facts[*premise].waiting.push(step);
                    missing += 1;
                }
            }
            self.steps.push(FoundStep {
                conclusion: number,
                derivation,
                premises,
                missing,
            });
            if missing > 0 {
                return ControlFlow::Continue(());
            }
            self.ground(number, Some(step));
            ControlFlow::Break(())
        });
    }

    /// Grounds a fact, and what follows by steps that waited for it.
    fn ground(&mut self, number: usize, step: Option<usize>) {
        let mut ready = vec![(number, step)];
        while let Some((number, step)) = ready.pop() {
            if self.facts[number].rank.is_some() {
                continue;
            }
            let found = &mut self.facts[number];
            (found.rank, found.step) = (Some(self.grounded.len()), step);
            self.grounded.push(number);
            for step in std::mem::take(&mut found.waiting) {
                self.steps[step].missing -= 1;
                if self.steps[step].missing == 0 {
                    ready.push((self.steps[step].conclusion, Some(step)));
                }
            }
        }
    }

    /// The explanation of a grounded fact.
    fn explanation(self, goal: usize) -> Explanation<T> {
        let mut needed = vec![false; self.facts.len()];
        needed[goal] = true;
        for number in self.grounded.iter().rev() {
            if needed[*number]
                && let Some(step) = self.facts[*number].step
            {
                self.steps[step]
                    .premises
                    .iter()
                    .for_each(|premise| needed[*premise] = true);
            }
        }
        let mut places = vec![0; self.facts.len()];
        let mut nodes = Vec::new();
        for number in self.grounded.into_iter().filter(|number| needed[*number]) {
            places[number] = nodes.len();
            let step = self.facts[number].step.map(|step| &self.steps[step]);
            nodes.push(Reason {
                fact: self.facts[number].fact.clone(),
                premises: step.map_or_else(Vec::new, |step| {
                    step.premises.iter().map(|premise| places[*premise]).collect()
                }),
                derivation: step.map(|step| step.derivation.clone()),
            });
            if number == goal {
                break;
            }
        }
        Explanation { nodes }
    }
}

/// The maximum number of levels that are indented.
const MAX_INDENTED: usize = 32;

impl<T: Term> fmt::Display for Explanation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = vec![false; self.nodes.len()];
        let mut open: Vec<(usize, usize)> = self
            .nodes
            .len()
            .checked_sub(1)
            .map(|goal| (goal, 0))
            .into_iter()
            .collect();
        while let Some((index, depth)) = open.pop() {
            let Reason {
                fact,
                derivation,
                premises,
            } = &self.nodes[index];
            let indent = 2 * depth.min(MAX_INDENTED);
            write!(f, "{:indent$}{}", "", Print(fact))?;
            let Some(derivation) = derivation else {
                writeln!(f)?;
                continue;
            };
            if std::mem::replace(&mut shown[index], true) {
                writeln!(f, " …")?;
                continue;
            }
            writeln!(f, " by rule {}", derivation.rule + 1)?;
            for absent in &derivation.absent {
                let indent = 2 * (depth + 1).min(MAX_INDENTED);
                writeln!(f, "{:indent$}no {}", "", Print(absent))?;
            }
            open.extend(premises.iter().rev().map(|premise| (*premise, depth + 1)));
        }
        Ok(())
    }
}
