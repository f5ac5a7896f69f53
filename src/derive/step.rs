//! One step of a derivation: the substitutions by which a rule holds.

use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::rule::Rule;
use crate::env::{Answer, Query, Space};
use crate::term::walk::try_for_each;
use crate::term::{Bindings, Term, View, alpha_eq, rename_apart, unify};

/// The fact that a step starts from.
pub(super) enum Seed<'f, T> {
    /// None: all substitutions.
    Nothing,
    /// A fact that matches the positive pattern of this position.
    Fact(usize, &'f T),
    /// A fact that matches the negative pattern of this position, and is absent.
    Absent(usize, &'f T),
    /// A fact that the head is equal to.
    Head(&'f T),
}

/// A substitution by which a rule holds.
pub(super) struct Step<'s, T: Term> {
    rule: &'s Rule<T>,
    bindings: &'s Bindings<T>,
    levels: &'s [Level<'s, T>],
    seed: Option<(usize, &'s T)>,
}

impl<T: Term> Step<'_, T> {
    /// The fact that follows.
    pub(super) fn head(&self) -> T {
        self.bindings.resolve(&self.rule.head)
    }

    /// The facts that match the positive patterns, in their order.
    pub(super) fn premises(&self) -> Vec<T> {
        premises(self.levels, self.seed)
    }

    /// The negative patterns with the substitution applied.
    pub(super) fn absent(&self) -> impl Iterator<Item = T> {
        self.rule.negative.iter().map(|pattern| self.bindings.resolve(pattern))
    }
}

/// A positive pattern that is being matched.
struct Level<'a, T: Term> {
    position: usize,
    query: Query<'a, T>,
    answer: Option<Answer<T>>,
    /// The positions that remain.
    rest: SmallVec<[usize; 4]>,
}

fn premises<T: Term>(levels: &[Level<'_, T>], seed: Option<(usize, &T)>) -> Vec<T> {
    let answers = levels
        .iter()
        .filter_map(|level| Some((level.position, level.answer.as_ref()?.atom())));
    let mut premises: Vec<_> = answers
        .chain(seed.map(|(position, fact)| (position, fact.clone())))
        .collect();
    premises.sort_unstable_by_key(|(position, _)| *position);
    premises.into_iter().map(|(_, premise)| premise).collect()
}

/// Calls `visit` for each substitution by which `rule` holds in `space` and that includes the seed, until it breaks. The step's
/// heads can repeat.
pub(super) fn each_step<T: Term>(
    rule: &Rule<T>,
    space: &Space<T>,
    seed: &Seed<'_, T>,
    visit: &mut dyn FnMut(Step<'_, T>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut start = Bindings::new();
    let mut rest: SmallVec<[usize; 4]> = (0..rule.positive.len()).collect();
    let (pattern, fact) = match seed {
        Seed::Nothing => (None, None),
        Seed::Fact(position, fact) => {
            rest.retain(|other| other != position);
            (rule.positive.get(*position), Some(fact))
        }
        Seed::Absent(position, fact) => (rule.negative.get(*position), Some(fact)),
        Seed::Head(fact) => (Some(&rule.head), Some(fact)),
    };
    if let (Some(pattern), Some(fact)) = (pattern, fact)
        && !unify(pattern, &rule.renamed(fact), &mut start)
    {
        return ControlFlow::Continue(());
    }
    let premise = match seed {
        Seed::Fact(position, fact) => Some((*position, *fact)),
        _ => None,
    };
    let mut levels: Vec<Level<'_, T>> = Vec::with_capacity(rest.len());
    if rest.is_empty() {
        return check(rule, space, seed, premise, &start, &levels, visit);
    }
    levels.push(enter(rule, space, &start, rest));
    while let Some(level) = levels.last_mut() {
        let Some(answer) = level.query.next() else {
            levels.pop();
            continue;
        };
        let rest = level.rest.clone();
        let answer = level.answer.insert(answer);
        if !rest.is_empty() {
            let next = enter(rule, space, answer.bindings(), rest);
            levels.push(next);
            continue;
        }
        let bindings = answer.bindings().clone();
        check(rule, space, seed, premise, &bindings, &levels, visit)?;
    }
    ControlFlow::Continue(())
}

/// Starts matching the most selective of the remaining patterns.
fn enter<'a, T: Term>(
    rule: &Rule<T>,
    space: &'a Space<T>,
    bindings: &Bindings<T>,
    mut rest: SmallVec<[usize; 4]>,
) -> Level<'a, T> {
    let chosen = if rest.len() > 1 {
        let patterns = rest.iter().map(|position| bindings.resolve(&rule.positive[*position]));
        space.most_selective(&patterns.collect::<SmallVec<[T; 4]>>())
    } else {
        0
    };
    let position = rest.remove(chosen);
    Level {
        position,
        query: space
            .query_from(&rule.positive[position], bindings)
            .with_fresh(rule.fresh),
        answer: None,
        rest,
    }
}

/// Visits a substitution for all positive patterns, if no fact matches a negative one.
fn check<T: Term>(
    rule: &Rule<T>,
    space: &Space<T>,
    seed: &Seed<'_, T>,
    premise: Option<(usize, &T)>,
    bindings: &Bindings<T>,
    levels: &[Level<'_, T>],
    visit: &mut dyn FnMut(Step<'_, T>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut exact = None;
    if let Seed::Absent(..) | Seed::Head(_) = seed {
        let premises = premises(levels, premise);
        if rule.is_open || premises.iter().any(|premise| !is_ground(premise)) {
            // The seed may have bound variables that the premises leave unbound.
            exact = match_facts(rule, &premises);
        }
    }
    let bindings = exact.as_ref().unwrap_or(bindings);
    if let Seed::Head(fact) = seed
        && !alpha_eq(&bindings.resolve(&rule.head), *fact)
    {
        return ControlFlow::Continue(());
    }
    let is_present = |pattern| space.query(&bindings.resolve(pattern)).next().is_some();
    if rule.negative.iter().any(is_present) {
        return ControlFlow::Continue(());
    }
    visit(Step {
        rule,
        bindings,
        levels,
        seed: premise,
    })
}

/// The most general substitution by which the positive patterns match these facts.
fn match_facts<T: Term>(rule: &Rule<T>, facts: &[T]) -> Option<Bindings<T>> {
    let (mut bindings, mut fresh) = (Bindings::new(), rule.fresh);
    let mut pairs = rule.positive.iter().zip(facts);
    let matches = pairs.all(|(pattern, fact)| {
        let fact = rename_apart(fact, &mut fresh);
        unify(pattern, &fact, &mut bindings)
    });
    matches.then_some(bindings)
}

/// Whether no variable occurs in a term.
fn is_ground<T: Term>(term: &T) -> bool {
    let walk = try_for_each(term, |term| match term.view() {
        View::Expression(items) | View::Tagged(_, items) if !term.known_ground() => ControlFlow::Continue(items),
        View::Leaf(leaf) if leaf.is_variable() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(&[]),
    });
    walk.is_continue()
}
