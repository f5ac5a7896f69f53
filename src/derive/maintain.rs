//! Bringing a closure to another state: delete and rederive, component by component.
//!
//! Gupta, Mumick and Subrahmanian, "Maintaining Views Incrementally", SIGMOD 1993. For each component of rules, in order:
//!
//! 1. **Overdelete** the facts that some step derives from a fact that went, or from the absence of one that came, and from
//!    these in turn, all in the old closure.
//! 2. **Rederive** those that a step derives from what is left.
//! 3. **Insert** what steps derive from facts that came, from the absence of those that went, and from these in turn, by
//!    semi-naive evaluation: each step includes at least one new fact.
//!
//! The facts that came and went in the end are passed on to later components. Components without recursion go the same way, where
//! overdeletion stops at the first step: so no derivations are counted, nor stored.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::bulk::{Failure, Relations};
use super::error::LimitExceeded;
use super::program::{Program, Rules, Use};
use super::rule::Rule;
use super::step::{Seed, Step, each_step};
use crate::env::{Delta, Edit, FactChange, Multiplicity, Space, decode};
use crate::term::path::with_encoder;
use crate::term::{Bindings, Term, alpha_eq, unify};
use crate::trie_map::TrieMap;

/// The number of facts that are loaded into tables, or derived over tables, at the cost of one change in an advance.
const TABULAR_FACTS_PER_CHANGE: usize = 64;

/// The number of facts that a component by unification may read at that cost.
const READ_FACTS_PER_CHANGE: usize = 32;

/// The number of facts that are derived by unification at that cost.
const UNIFIED_FACTS_PER_CHANGE: usize = 2;

/// The number of steps of rules that are visited at that cost.
const STEPS_PER_CHANGE: usize = 4;

/// The least budget of an advance.
const MIN_BUDGET: usize = if cfg!(pleach_tiny_nodes) { 4 } else { 256 };

/// Facts by their paths.
type Facts<T> = BTreeMap<Vec<u8>, T>;

/// A closure that is being brought to another state.
pub(super) struct Maintenance<'a, T: Term> {
    rules: &'a Rules<T>,
    /// The facts of the state.
    base: &'a TrieMap<Multiplicity<T>>,
    /// The closure before.
    old: &'a Space<T>,
    /// The closure so far.
    closure: Space<T>,
    /// The changes that components have to look at.
    pending: BTreeMap<usize, Vec<Pending<T>>>,
    /// The number of facts that may still be derived.
    allowed: usize,
    limit: LimitExceeded,
    /// The number of steps that may still be visited before deriving from nothing is cheaper; a fact that is changed, overdeleted
    /// or inserted counts as several.
    budget: usize,
}

/// Why a closure isn't brought to a state.
pub(super) enum Halt {
    Limit(LimitExceeded),
    /// Deriving it from nothing is cheaper.
    Budget,
}

enum Pending<T> {
    /// A fact that may match this pattern came, or went.
    Changed { pattern: Use, fact: T, came: bool },
    /// A fact that the component may derive isn't in the state any more.
    Unsupported(T),
}

impl<'a, T: Term> Maintenance<'a, T> {
    /// Starts from a closure, whose facts of the state itself are brought up to date.
    pub(super) fn new(
        program: &'a Program<T>,
        base: &'a TrieMap<Multiplicity<T>>,
        old: &'a Space<T>,
        closure: Space<T>,
    ) -> Self {
        Self {
            rules: &program.rules,
            base,
            old,
            closure,
            pending: BTreeMap::new(),
            allowed: program.limit,
            limit: LimitExceeded(program.limit),
            budget: usize::MAX,
        }
    }

    /// Evaluates all rules on a closure that has no derived facts. Returns it, and the number of changes that cost as much.
    pub(super) fn derive_all(mut self) -> Result<(Space<T>, usize), Halt> {
        let rules = self.rules;
        let mut relations = Relations::default();
        let mut budget = MIN_BUDGET + self.closure.fact_count() / TABULAR_FACTS_PER_CHANGE;
        for (number, component) in rules.components.iter().enumerate() {
            let before = self.closure.fact_count();
            let members: Vec<&Rule<T>> = component.rules.iter().map(|rule| &rules.list[*rule]).collect();
            match relations.evaluate(&members, &mut self.closure, &mut self.allowed) {
                Ok(()) => {
                    budget += (self.closure.fact_count() - before) / TABULAR_FACTS_PER_CHANGE;
                    continue;
                }
                Err(Failure::Limit) => return Err(Halt::Limit(self.limit)),
                Err(Failure::Unsuitable) => {}
            }
            let (mut queue, mut added) = (Vec::new(), Facts::new());
            for rule in &component.rules {
                self.derive(*rule, &Seed::Nothing, &mut queue, &mut added)?;
            }
            self.propagate(number, queue, &mut added)?;
            relations.drop_outdated(added.keys().map(Vec::as_slice));
            budget += before / READ_FACTS_PER_CHANGE + added.len() / UNIFIED_FACTS_PER_CHANGE;
        }
        let most = MIN_BUDGET + self.closure.fact_count() / UNIFIED_FACTS_PER_CHANGE;
        Ok((self.closure, budget.min(most)))
    }

    /// Brings the closure up to date with the changes of the state, within a budget of facts.
    pub(super) fn advance(mut self, from: &TrieMap<Multiplicity<T>>, budget: usize) -> Result<Space<T>, Halt> {
        self.budget = budget.saturating_mul(STEPS_PER_CHANGE);
        self.apply_changes(from)?;
        while let Some((component, pending)) = self.pending.pop_first() {
            self.maintain(component, pending)?;
        }
        Ok(self.closure)
    }

    /// Applies the changes of the state's own facts, and distributes them.
    fn apply_changes(&mut self, from: &TrieMap<Multiplicity<T>>) -> Result<(), Halt> {
        let mut changes = from.diff(self.base);
        let mut definitions = Vec::new();
        while let Some(change) = FactChange::next(&mut changes) {
            self.spend(1)?;
            let order = change.multiplicity().record().map_or(0, |record| record.order);
            if order > 0 {
                definitions.push((order, change.key.to_vec(), change.multiplicity(), change.to.is_some()));
            } else {
                self.apply_change(change.key, change.multiplicity(), change.to.is_some());
            }
        }
        // New definitions come last, in their order.
        definitions.sort_unstable_by_key(|(order, ..)| *order);
        for (_, key, multiplicity, is_present) in definitions {
            self.apply_change(&key, multiplicity, is_present);
        }
        Ok(())
    }

    /// Spends the cost of so many changed facts.
    fn spend(&mut self, facts: usize) -> Result<(), Halt> {
        self.spend_steps(facts.saturating_mul(STEPS_PER_CHANGE))
    }

    fn spend_steps(&mut self, steps: usize) -> Result<(), Halt> {
        self.budget = self.budget.checked_sub(steps).ok_or(Halt::Budget)?;
        Ok(())
    }

    fn apply_change(&mut self, key: &[u8], multiplicity: &Multiplicity<T>, is_present: bool) {
        let fact = decode(key, multiplicity);
        let was_present = self.closure.facts.contains_key(key);
        let owner = if is_present { None } else { self.owner(&fact) };
        if let Some(component) = owner {
            let pending = self.pending.entry(component).or_default();
            pending.push(Pending::Unsupported(fact));
            return;
        }
        let delta = Delta::Set(if is_present { multiplicity.get() } else { 0 });
        let edit = Edit::of_entry(key, multiplicity, delta, self.closure.kind);
        self.closure.apply(edit);
        if is_present != was_present {
            self.distribute(&fact, is_present, 0);
        }
    }

    /// The component that derives facts such as this one.
    fn owner(&self, fact: &T) -> Option<usize> {
        let mut producers = self.rules.heads.candidates(fact);
        let owner = producers.find(|producer| {
            let rule = &self.rules.list[producer.rule];
            let (fact, mut bindings) = (rule.renamed(fact), Bindings::new());
            // It is an instance of the head: derived facts of another form aren't equal to it.
            unify(&rule.head, &fact, &mut bindings) && alpha_eq(&bindings.resolve(&fact), &fact)
        });
        owner.map(|producer| producer.component)
    }

    /// Passes a change on to the components from this one on whose patterns the fact may match.
    fn distribute(&mut self, fact: &T, came: bool, from: usize) {
        for pattern in self.rules.uses.candidates(fact) {
            if pattern.component >= from {
                let pending = self.pending.entry(pattern.component).or_default();
                pending.push(Pending::Changed {
                    pattern: *pattern,
                    fact: fact.clone(),
                    came,
                });
            }
        }
    }

    fn maintain(&mut self, component: usize, pending: Vec<Pending<T>>) -> Result<(), Halt> {
        let (doomed, steps) = self.overdelete(component, &pending);
        self.spend_steps(steps)?;
        self.spend(doomed.len())?;
        self.closure.adopt_indexes(self.old);
        for path in doomed.keys() {
            self.remove(path);
        }
        let (mut queue, mut added) = (Vec::new(), Facts::new());
        for fact in doomed.values() {
            if self.is_derived(component, fact) {
                self.insert(fact)?;
                queue.push(fact.clone());
            }
        }
        for change in &pending {
            let Pending::Changed { pattern, fact, came } = change else {
                continue;
            };
            if *came != pattern.negated {
                self.derive(pattern.rule, &seed(*pattern, fact), &mut queue, &mut added)?;
            }
        }
        self.propagate(component, queue, &mut added)?;
        for (path, fact) in &doomed {
            if !self.closure.facts.contains_key(path) {
                self.distribute(fact, false, component + 1);
            }
        }
        for (path, fact) in &added {
            if !doomed.contains_key(path) {
                self.distribute(fact, true, component + 1);
            }
        }
        Ok(())
    }

    /// The facts of a component that may have lost their derivations, and the number of steps that were visited; not all if they
    /// exceed the budget.
    fn overdelete(&self, component: usize, pending: &[Pending<T>]) -> (Facts<T>, usize) {
        let (mut doomed, mut queue, mut steps) = (Facts::new(), Vec::new(), 0_usize);
        let doom = |fact: T, doomed: &mut Facts<T>, queue: &mut Vec<T>| {
            let path = path_of(&fact);
            if self.old.facts.contains_key(&path) && !self.base.contains_key(&path) {
                doomed.entry(path).or_insert_with(|| {
                    queue.push(fact.clone());
                    fact
                });
            }
        };
        let mut doom_heads = |rule: usize, seed: &Seed<'_, T>, doomed: &mut Facts<T>, queue: &mut Vec<T>| {
            each_step(&self.rules.list[rule], self.old, seed, &mut |step| {
                doom(step.head(), doomed, queue);
                steps += 1;
                if steps > self.budget {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })
            .is_break()
        };
        let mut is_over = false;
        for change in pending {
            match change {
                Pending::Unsupported(fact) => doom(fact.clone(), &mut doomed, &mut queue),
                Pending::Changed { pattern, fact, came } if *came == pattern.negated => {
                    is_over = is_over || doom_heads(pattern.rule, &seed(*pattern, fact), &mut doomed, &mut queue);
                }
                Pending::Changed { .. } => {}
            }
        }
        while !is_over && let Some(fact) = queue.pop() {
            let uses: SmallVec<[Use; 4]> = self.uses_within(component, &fact).collect();
            is_over = uses.into_iter().any(|pattern| {
                doom_heads(
                    pattern.rule,
                    &Seed::Fact(pattern.position, &fact),
                    &mut doomed,
                    &mut queue,
                )
            });
        }
        (doomed, steps)
    }

    /// Whether a step of the component derives this fact.
    fn is_derived(&self, component: usize, fact: &T) -> bool {
        let producers = self.rules.heads.candidates(fact);
        let mut rules = producers.filter(|producer| producer.component == component);
        rules.any(|producer| {
            let rule = &self.rules.list[producer.rule];
            each_step(rule, &self.closure, &Seed::Head(fact), &mut |_| ControlFlow::Break(())).is_break()
        })
    }

    /// Inserts what follows within a component from these new facts, which are in the closure, and adds it to `added`.
    fn propagate(&mut self, component: usize, mut queue: Vec<T>, added: &mut Facts<T>) -> Result<(), Halt> {
        while let Some(fact) = queue.pop() {
            let uses: Vec<Use> = self.uses_within(component, &fact).collect();
            for pattern in uses {
                self.derive(pattern.rule, &Seed::Fact(pattern.position, &fact), &mut queue, added)?;
            }
        }
        Ok(())
    }

    /// Inserts the facts that a rule derives from a seed, and appends the new ones to both lists.
    fn derive(
        &mut self,
        rule: usize,
        seed: &Seed<'_, T>,
        queue: &mut Vec<T>,
        added: &mut Facts<T>,
    ) -> Result<(), Halt> {
        let (found, steps) = self.steps(rule, seed)?;
        self.spend_steps(steps)?;
        for fact in found.values() {
            self.insert(fact)?;
        }
        queue.extend(found.values().cloned());
        added.extend(found);
        Ok(())
    }

    /// The positive patterns of a component that a fact may match.
    fn uses_within(&self, component: usize, fact: &T) -> impl Iterator<Item = Use> {
        let uses = self.rules.uses.candidates(fact).copied();
        uses.filter(move |pattern| pattern.component == component && !pattern.negated)
    }

    /// The facts that a rule derives from a seed, and that aren't in the closure; and the number of steps that were visited.
    fn steps(&self, rule: usize, seed: &Seed<'_, T>) -> Result<(Facts<T>, usize), Halt> {
        let (mut found, mut steps) = (Facts::new(), 0_usize);
        let mut visit = |step: Step<'_, T>| {
            let head = step.head();
            let path = path_of(&head);
            if !self.closure.facts.contains_key(&path) {
                found.insert(path, head);
            }
            steps += 1;
            if found.len() > self.allowed || steps > self.budget {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        match each_step(&self.rules.list[rule], &self.closure, seed, &mut visit) {
            ControlFlow::Continue(()) => Ok((found, steps)),
            ControlFlow::Break(()) if found.len() > self.allowed => Err(Halt::Limit(self.limit)),
            ControlFlow::Break(()) => Err(Halt::Budget),
        }
    }

    /// Inserts a derived fact, which isn't in the closure.
    fn insert(&mut self, fact: &T) -> Result<(), Halt> {
        self.allowed = self.allowed.checked_sub(1).ok_or(Halt::Limit(self.limit))?;
        self.spend(1)?;
        with_encoder(|encoder| {
            let edit = Edit::new(encoder, fact.clone(), Delta::Set(1), self.closure.kind);
            self.closure.apply(edit);
        });
        Ok(())
    }

    fn remove(&mut self, path: &[u8]) {
        if let Some(multiplicity) = self.closure.facts.get(path).cloned() {
            let edit = Edit::of_entry(path, &multiplicity, Delta::Set(0), self.closure.kind);
            self.closure.apply(edit);
        }
    }
}

/// The seed of steps in which a changed fact matches this pattern, or doesn't if it is negated.
fn seed<T>(pattern: Use, fact: &T) -> Seed<'_, T> {
    if pattern.negated {
        Seed::Absent(pattern.position, fact)
    } else {
        Seed::Fact(pattern.position, fact)
    }
}

fn path_of<T: Term>(fact: &T) -> Vec<u8> {
    with_encoder(|encoder| encoder.encode(fact).bytes.to_vec())
}
