//! The closure of a state.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use smallvec::SmallVec;

use super::error::LimitExceeded;
use super::maintain::{Halt, Maintenance};
use super::program::{Program, Rules};
use crate::env::{CarriedValue, Multiplicity, Patch, Snapshot, Space, decode};
use crate::term::{Atom, Term};
use crate::trie_map::{Change, TrieMap};

/// The facts of a state and all that follow from them by a program, as a [`Space`]: see the [module's page](super).
///
/// It derefs to the space, so it has the reads of an environment. Cloning it is O(1).
pub struct Derived<T: Term = Atom> {
    pub(super) program: Program<T>,
    /// The facts of the state.
    base: TrieMap<Multiplicity<T>>,
    /// These and the derived ones. Shared by all forks, so that they have the indexes that queries of one build.
    pub(super) closure: Arc<Space<T>>,
    /// The number of facts that may change in an advance: more cost more than deriving from nothing.
    budget: usize,
}

impl<T: Term> Program<T> {
    /// Returns the closure of a state: its own facts, and all that follow.
    ///
    /// The closure becomes part of the snapshot, so a second call costs O(1), for forks too. After writes and unions, a call
    /// advances the closure that the state was handed, or the last one that was derived for any of its forks, whichever is
    /// nearer, as [`Derived::advance`] does. States hand on the closures of at most 8 programs. A write drops those of programs
    /// that don't exist any more, and those from which so many facts were written that deriving from nothing is cheaper. While
    /// there is one, writes copy the paths that they change, as after a fork.
    ///
    /// From nothing it costs the substitutions by which rules hold, and O(f · log f) for f derived facts, by semi-naive evaluation:
    /// over hash tables where patterns and heads are of the form `(name argument…)` and match facts without variables, else as
    /// [queries](Space::query).
    ///
    /// # Errors
    /// [`LimitExceeded`] if there are more derived facts than the program's [limit](Self::with_limit).
    ///
    /// ```
    /// use pleach::derive::Program;
    /// use pleach::{Atom, Environment};
    ///
    /// let program: Program = "(=> (, (wants $who $what) (not (has $who $what))) (buys $who $what))".parse()?;
    /// let mut world = Environment::<Atom>::new();
    /// world.extend(["(wants ann tea)", "(wants bob tea)", "(has bob tea)"].map(|fact| fact.parse().unwrap()));
    /// let derived = program.derive(&world)?;
    /// assert_eq!(derived.derived_facts().collect::<Vec<_>>(), ["(buys ann tea)".parse()?]);
    ///
    /// // A program changes nothing of the state itself.
    /// assert_eq!(world.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn derive(&self, state: &Snapshot<T>) -> Result<Derived<T>, LimitExceeded> {
        let carried = &state.world.carried;
        let values = || carried.values::<Closure<T>>(self.key());
        if let Some(exact) = values().find(|closure| closure.is_of(state)) {
            let derived = Derived::of(self, &exact);
            derived.check_limit()?;
            return Ok(derived);
        }
        let derived = match nearest(values().collect(), state) {
            Some(start) => {
                let mut derived = Derived::of(self, &start);
                derived.advance(state)?;
                derived
            }
            None => Derived::new(self, state)?,
        };
        let closure = carried.add(derived.carried(), state.written, |other| other.is_of(state));
        Ok(Derived::of(self, &closure))
    }

    /// The identity of the rules.
    fn key(&self) -> usize {
        Arc::as_ptr(&self.rules).addr()
    }
}

/// Returns the closure whose state differs from this one by the fewest facts. O(d · log n) for d differences of that one.
fn nearest<T: Term>(mut closures: SmallVec<[Arc<Closure<T>>; 2]>, state: &Space<T>) -> Option<Arc<Closure<T>>> {
    closures.dedup_by(|a, b| Arc::ptr_eq(a, b));
    if closures.len() < 2 {
        return closures.pop();
    }
    // Side by side, so that a distant one isn't compared as a whole.
    let differences = closures.iter().map(|closure| closure.base.diff(&state.facts));
    let mut differences: SmallVec<[_; 2]> = differences.collect();
    let mut rounds = (0..closures.len()).cycle();
    let nearest = rounds.find(|at| differences[*at].next_borrowed().is_none())?;
    Some(Arc::clone(&closures[nearest]))
}

/// A closure as states carry it: it doesn't keep the program alive.
struct Closure<T: Term> {
    rules: Weak<Rules<T>>,
    base: TrieMap<Multiplicity<T>>,
    closure: Arc<Space<T>>,
    budget: usize,
}

impl<T: Term> Closure<T> {
    fn is_of(&self, state: &Space<T>) -> bool {
        self.base.ptr_eq(&state.facts)
    }
}

impl<T: Term> CarriedValue for Closure<T> {
    fn key(&self) -> usize {
        self.rules.as_ptr().addr()
    }

    fn is_wanted(&self) -> bool {
        self.rules.strong_count() > 0
    }

    fn max_age(&self) -> usize {
        // Deriving from nothing is cheaper than advancing by more.
        self.budget
    }
}

impl<T: Term> Derived<T> {
    fn of(program: &Program<T>, closure: &Closure<T>) -> Self {
        Self {
            program: program.clone(),
            base: closure.base.clone(),
            closure: Arc::clone(&closure.closure),
            budget: closure.budget,
        }
    }

    fn carried(&self) -> Closure<T> {
        Closure {
            rules: Arc::downgrade(&self.program.rules),
            base: self.base.clone(),
            closure: Arc::clone(&self.closure),
            budget: self.budget,
        }
    }

    fn new(program: &Program<T>, state: &Space<T>) -> Result<Self, LimitExceeded> {
        let (base, nothing) = (state.facts.clone(), Space::default());
        match Maintenance::new(program, &base, &nothing, state.clone()).derive_all() {
            Ok((closure, budget)) => Ok(Self {
                program: program.clone(),
                closure: Arc::new(closure),
                base,
                budget,
            }),
            Err(Halt::Limit(error)) => Err(error),
            Err(Halt::Budget) => unreachable!("the budget has no end"),
        }
    }

    /// Returns the program.
    pub fn program(&self) -> &Program<T> {
        &self.program
    }

    /// Returns whether this is the closure of this state. O(1): `false` for other states with equal facts too.
    pub fn is_of(&self, state: &Space<T>) -> bool {
        self.closure.kind == state.kind && self.base.ptr_eq(&state.facts)
    }

    /// Brings the closure to another state, such as a later one, an earlier one, or that of another fork.
    ///
    /// Costs what changed, and what steps of rules find from it: the steps that a changed fact is part of, before or after,
    /// and for each fact that lost a step, the search for another one. Once that has touched as many facts as cost about as much
    /// as deriving from nothing, it is derived from nothing instead: a sixty-fourth of the facts of components that are evaluated
    /// over tables, and more of the others. A visited step counts as a quarter of a fact.
    ///
    /// # Errors
    /// [`LimitExceeded`] as in [`Program::derive`]. Then nothing has changed.
    ///
    /// ```
    /// use pleach::derive::Program;
    /// use pleach::{Atom, Environment};
    ///
    /// let program: Program = "(=> (, (edge $x $y)) (path $x $y)) (=> (, (path $x $y) (edge $y $z)) (path $x $z))".parse()?;
    /// let mut world = Environment::<Atom>::new();
    /// world.extend(["(edge a b)", "(edge b c)"].map(|fact| fact.parse().unwrap()));
    /// let mut derived = program.derive(&world)?;
    /// let before = derived.clone();
    /// world.add_fact("(edge c d)".parse()?);
    /// derived.advance(&world)?;
    /// assert_eq!(before.diff(&derived).to_string(), "+1 (edge c d)\n+1 (path a d)\n+1 (path b d)\n+1 (path c d)\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advance(&mut self, state: &Space<T>) -> Result<(), LimitExceeded> {
        if self.is_of(state) {
            return Ok(());
        }
        if self.closure.kind != state.kind {
            // Its rules and annotations are definitions in one of the kinds only.
            *self = Self::new(&self.program, state)?;
            return Ok(());
        }
        let base = state.facts.clone();
        let maintenance = Maintenance::new(&self.program, &base, &self.closure, Space::clone(&self.closure));
        let next = match maintenance.advance(&self.base, self.budget) {
            Ok(closure) => Self {
                program: self.program.clone(),
                base,
                closure: Arc::new(closure),
                budget: self.budget,
            },
            Err(Halt::Budget) => Self::new(&self.program, state)?,
            Err(Halt::Limit(error)) => return Err(error),
        };
        next.check_limit()?;
        *self = next;
        Ok(())
    }

    /// Whether the state itself has the fact with this path.
    pub(super) fn is_given(&self, path: &[u8]) -> bool {
        self.base.contains_key(path)
    }

    fn check_limit(&self) -> Result<(), LimitExceeded> {
        match self.program.limit {
            limit if self.derived_count() > limit => Err(LimitExceeded(limit)),
            _ => Ok(()),
        }
    }

    /// Returns the number of derived facts that the state doesn't have itself. O(1).
    #[must_use]
    pub fn derived_count(&self) -> usize {
        self.closure.fact_count() - self.base.len()
    }

    /// Returns an iterator over the derived facts that the state doesn't have itself, in the order of their paths. It costs
    /// these, and the nodes of the trie of facts that they share with others.
    pub fn derived_facts(&self) -> impl Iterator<Item = T> {
        let changes = self.base.diff(&self.closure.facts);
        changes.filter_map(|change| match change {
            Change::Added { key, new } => Some(decode(&key, new)),
            Change::Removed { .. } | Change::Changed { .. } => None,
        })
    }

    /// Returns the facts that came or went from this closure to another one, those of the states included. O(d · log n) for d
    /// differences between closures of which one was advanced from the other.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Patch<T> {
        Patch::of_spaces(&self.closure, &other.closure)
    }
}

impl<T: Term> Clone for Derived<T> {
    fn clone(&self) -> Self {
        Self {
            program: self.program.clone(),
            base: self.base.clone(),
            closure: Arc::clone(&self.closure),
            budget: self.budget,
        }
    }
}

impl<T: Term> Deref for Derived<T> {
    type Target = Space<T>;

    fn deref(&self) -> &Space<T> {
        &self.closure
    }
}

impl<T: Term> fmt::Debug for Derived<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Derived")
            .field("facts", &self.closure.fact_count())
            .field("derived", &self.derived_count())
            .finish_non_exhaustive()
    }
}
