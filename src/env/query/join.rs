//! Conjunctions of patterns.

use std::cmp::Reverse;
use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::descent::is_set;
use super::search::Search;
use super::shape::Shape;
use super::{Answer, QueryError, keeps_atom, unbound, unify_entry, variables};
use crate::env::error::UnboundVariable;
use crate::env::record::Multiplicity;
use crate::env::space::{Space, decode_path};
use crate::term::path::{with_encoder, write_variable};
use crate::term::small_map::SmallMap;
use crate::term::{Bindings, Term, View};

/// The number of atoms below a prefix from which patterns are compared by selectivity.
const MANY: usize = 512;

/// The number of entries between two reads of `stop`.
const STOP_INTERVAL: u32 = 256;

impl<T: Term> Space<T> {
    /// Returns the answers to all `patterns` at once, with one binding for each variable. The multiplicity of an answer is the
    /// product of those of the matching atoms.
    ///
    /// Patterns are matched one after another, the bindings of each answer substituted into the rest. The next pattern is
    /// the one with the lowest cardinality estimate: the number of atoms that share its prefix up to the first variable. If
    /// all have hundreds, it is the most selective one, by the length of that prefix and of the ground arguments after it;
    /// ties go to the first. Counting costs O(log n). The order of the answers follows from the patterns and the atoms of the
    /// space alone.
    ///
    /// [`Join::with_limit`] bounds the work.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(edge a b)", "(edge b c)", "(edge c a)", "(edge c d)"].map(|a| a.parse().unwrap()));
    /// let patterns = ["(edge $x $y)", "(edge $y $z)", "(edge $z $x)"].map(|a| a.parse::<Atom>().unwrap());
    /// let template: Atom = "($x $y $z)".parse()?;
    /// let mut triangles = Vec::new();
    /// for answer in env.query_all(&patterns) {
    ///     triangles.push(answer?.resolve(&template).to_string());
    /// }
    /// assert_eq!(triangles, ["(a b c)", "(b c a)", "(c a b)"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn query_all(&self, patterns: &[T]) -> Join<'_, T> {
        let whole = T::expression(patterns.to_vec());
        let shape = Shape::new(with_encoder(|encoder| encoder.encode(&whole).bytes.to_vec()));
        let (variables, fresh) = variables(&whole, &shape);
        Join {
            space: self,
            values: vec![None; variables.len()],
            whole,
            shape,
            variables,
            bytes: Vec::new(),
            levels: Vec::new(),
            begun: false,
            fresh,
            limit: u64::MAX,
            budget: u64::MAX,
            stop: None,
            visited: 0,
        }
    }
}

/// The answers to several patterns at once: see [`Space::query_all`].
///
/// While only ground atoms match, bindings are substituted into the paths of the other patterns, and terms are built for
/// answers only. From the first atom with variables on, patterns are unified as terms.
pub struct Join<'a, T: Term> {
    space: &'a Space<T>,
    /// The expression of all patterns, and its shape, which numbers their variables.
    whole: T,
    shape: Shape,
    variables: Vec<T>,
    /// The bounds within `bytes` of the path that each variable is bound to.
    values: Vec<Option<(usize, usize)>>,
    bytes: Vec<u8>,
    /// The patterns that are being matched, in the order of choice.
    levels: Vec<Level<'a, T>>,
    begun: bool,
    fresh: u64,
    limit: u64,
    /// The number of steps left.
    budget: u64,
    stop: Option<&'a AtomicBool>,
    /// The number of entries visited and searches ended.
    visited: u32,
}

/// A pattern that is being matched.
struct Level<'a, T: Term> {
    pattern: PatternRef,
    search: Search<'a, Multiplicity<T>>,
    /// The variables of the pattern that were unbound, in the order in which its path numbers them.
    variables: SmallVec<[usize; 4]>,
    /// The length of `bytes` before.
    bytes: usize,
    /// The bindings, if an atom with variables matched an earlier pattern.
    bindings: Option<Bindings<T>>,
    /// The product of the multiplicities of the atoms that match the earlier patterns.
    multiplicity: u64,
    /// The patterns that remain.
    rest: SmallVec<[PatternRef; 4]>,
}

/// A pattern, by its index in the whole and its first token there.
#[derive(Clone, Copy)]
struct PatternRef {
    index: usize,
    token: usize,
}

impl<'a, T: Term> Join<'a, T> {
    /// Limits the query to this many steps, after which it ends with [`QueryError::Limit`]. A step visits one node of the
    /// trie of facts, in about 50 to 500 ns; each answer to each pattern takes at least one. Call it before the first
    /// answer.
    ///
    /// With a limit (below `u64::MAX`) no [permuted index](Space::query) is used: which of these exist depends on earlier
    /// queries, and whether a query reaches its limit must not.
    ///
    /// ```
    /// # use pleach::{Atom, Environment, env::QueryError};
    /// let env: Environment = (0..100).map(Atom::from).collect();
    /// let patterns = ["$x", "$y", "$z"].map(|a| a.parse::<Atom>().unwrap());
    /// let million = env.query_all(&patterns).with_limit(10_000);
    /// assert!(matches!(million.last(), Some(Err(QueryError::Limit(10_000)))));
    /// ```
    #[must_use]
    pub fn with_limit(mut self, steps: u64) -> Self {
        self.limit = steps;
        self.budget = steps;
        self
    }

    /// Makes the query end with [`QueryError::Stopped`] soon after another thread sets `stop`, which it reads about every
    /// thousand steps.
    ///
    /// ```
    /// # use std::{sync::atomic::{AtomicBool, Ordering}, thread};
    /// # use pleach::{Atom, Environment, env::QueryError};
    /// let env: Environment = (0..1_000).map(Atom::from).collect();
    /// let patterns = ["$a", "$b", "$c", "$d"].map(|a| a.parse::<Atom>().unwrap());
    /// let stop = AtomicBool::new(false);
    /// let last = thread::scope(|scope| {
    ///     let query = scope.spawn(|| env.query_all(&patterns).with_stop(&stop).last());
    ///     stop.store(true, Ordering::Relaxed);
    ///     query.join().unwrap()
    /// });
    /// assert!(matches!(last, Some(Err(QueryError::Stopped))));
    /// ```
    #[must_use]
    pub fn with_stop(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Checks that every variable of `template` occurs in a pattern: see
    /// [`Query::check_template`](super::Query::check_template).
    ///
    /// # Errors
    /// [`UnboundVariable`] with the first variable that doesn't.
    pub fn check_template(&self, template: &T) -> Result<(), UnboundVariable> {
        unbound(template, &self.variables)
    }

    /// Returns the least id above those of all variables so far: see [`Query::fresh`](super::Query::fresh).
    pub fn fresh(&self) -> u64 {
        self.fresh
    }

    /// Sets a minimum for the ids of variables in answers: see [`Query::with_fresh`](super::Query::with_fresh).
    #[must_use]
    pub fn with_fresh(mut self, id: u64) -> Self {
        self.fresh = self.fresh.max(id);
        self
    }

    /// Chooses a pattern and starts matching it.
    fn enter(&mut self, bindings: Option<Bindings<T>>, multiplicity: u64, mut rest: SmallVec<[PatternRef; 4]>) {
        let instances = rest.iter().map(|pattern| self.instance(*pattern, bindings.as_ref()));
        let mut instances: SmallVec<[_; 4]> = instances.collect();
        let chosen = self.choose(&instances);
        let (shape, variables) = instances.swap_remove(chosen);
        let indexed = self.limit == u64::MAX;
        let mut search = Search::new(&self.space.facts, &self.space.arguments, shape, indexed);
        search.set_stop(self.stop);
        self.levels.push(Level {
            pattern: rest.remove(chosen),
            search,
            variables,
            bytes: self.bytes.len(),
            bindings,
            multiplicity,
            rest,
        });
    }

    /// The shape of a pattern with bindings substituted, and its unbound variables.
    fn instance(&self, pattern: PatternRef, bindings: Option<&Bindings<T>>) -> (Shape, SmallVec<[usize; 4]>) {
        let mut variables = SmallVec::new();
        if let Some(bindings) = bindings {
            let term = self.pattern(pattern).map(|term| bindings.resolve(term));
            let path = term.map(|term| with_encoder(|encoder| encoder.encode(&term).bytes.to_vec()));
            return (Shape::new(path.unwrap_or_default()), variables);
        }
        let mut path = Vec::with_capacity(64);
        let mut numbers = SmallMap::new();
        let tokens = self.shape.tokens();
        for token in &tokens[pattern.token..tokens[pattern.token].next] {
            let Some(variable) = token.variable else {
                path.extend_from_slice(self.shape.bytes(*token));
                continue;
            };
            if let Some((start, end)) = self.values[variable] {
                path.extend_from_slice(&self.bytes[start..end]);
                continue;
            }
            let number = numbers.get(variable).copied();
            write_variable(&mut path, number);
            if number.is_none() {
                numbers.insert(variable, variables.len() as u64);
                variables.push(variable);
            }
        }
        (Shape::new(path), variables)
    }

    fn pattern(&self, pattern: PatternRef) -> Option<&T> {
        match self.whole.view() {
            View::Expression(patterns) => patterns.get(pattern.index),
            View::Leaf(_) => None,
        }
    }

    /// The index of the instance with the lowest cardinality estimate; ties go to the first.
    fn choose(&self, instances: &[(Shape, SmallVec<[usize; 4]>)]) -> usize {
        if instances.len() == 1 {
            return 0;
        }
        let costs = instances.iter().map(|(shape, _)| {
            let prefix = shape.ground_prefix();
            let count = self.space.facts.count_prefix(prefix).min(MANY);
            // Above, the number below a prefix says less than what is ground behind it.
            let ground = match count {
                MANY => prefix.len() + shape.ground_arguments().map(|(_, path)| path.len()).sum::<usize>(),
                _ => 0,
            };
            (count, Reverse(ground))
        });
        let least = costs.enumerate().min_by_key(|(_, cost)| *cost);
        least.map_or(0, |(index, _)| index)
    }

    /// Tries the next entry for the pattern that was chosen last.
    fn advance(&mut self) -> Step<T> {
        let Some(level) = self.levels.last_mut() else {
            return Step::End;
        };
        self.visited = self.visited.wrapping_add(1);
        if self.visited.is_multiple_of(STOP_INTERVAL) && is_set(self.stop) {
            return Step::Stopped;
        }
        self.bytes.truncate(level.bytes);
        let bounded = self.limit < u64::MAX;
        if bounded {
            level.search.set_budget(self.budget);
        }
        let entry = level.search.next_entry();
        if bounded {
            self.budget = level.search.budget();
        }
        let Some(entry) = entry else {
            let (exhausted, stopped) = (level.search.is_exhausted(), level.search.is_stopped());
            for variable in &level.variables {
                self.values[*variable] = None;
            }
            self.levels.pop();
            return match (exhausted, stopped) {
                (true, _) => Step::Exhausted,
                (_, true) => Step::Stopped,
                _ => Step::Back,
            };
        };
        let multiplicity = level.multiplicity.saturating_mul(entry.get());
        if level.bindings.is_none() && !keeps_atom(entry) && level.search.is_match() {
            for (number, variable) in level.variables.iter().enumerate() {
                let start = self.bytes.len();
                self.bytes
                    .extend_from_slice(level.search.part(number).unwrap_or_default());
                self.values[*variable] = Some((start, self.bytes.len()));
            }
            return Step::Match(None, multiplicity);
        }
        for variable in &level.variables {
            self.values[*variable] = None;
        }
        let mut bindings = match &level.bindings {
            Some(bindings) => bindings.clone(),
            None => bindings(&self.variables, &self.values, &self.bytes),
        };
        let path = level.search.path();
        let pattern = level.pattern.index;
        match self.whole.view() {
            View::Expression(patterns)
                if unify_entry(&patterns[pattern], path, entry, &mut self.fresh, &mut bindings) =>
            {
                Step::Match(Some(bindings), multiplicity)
            }
            _ => Step::Miss,
        }
    }
}

/// The outcome of trying an entry.
enum Step<T> {
    /// It matches, with these bindings unless they are in `values`, and this multiplicity.
    Match(Option<Bindings<T>>, u64),
    /// It doesn't match.
    Miss,
    /// There was none: back to the previous pattern.
    Back,
    /// There was no previous pattern.
    End,
    /// No steps were left.
    Exhausted,
    /// `stop` was set.
    Stopped,
}

/// The bindings of the variables that have values.
fn bindings<T: Term>(variables: &[T], values: &[Option<(usize, usize)>], bytes: &[u8]) -> Bindings<T> {
    let mut bindings = Bindings::new();
    for (variable, value) in variables.iter().zip(values) {
        if let Some((start, end)) = value {
            bindings.bind_ground(variable, decode_path(&bytes[*start..*end]));
        }
    }
    bindings
}

impl<T: Term> Iterator for Join<'_, T> {
    type Item = Result<Answer<T>, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.begun {
            self.begun = true;
            let tokens = self.shape.tokens();
            let first = tokens.get(1).map(|_| 1);
            let starts = std::iter::successors(first, |start| {
                Some(tokens[*start].next).filter(|next| *next < tokens.len())
            });
            let patterns: SmallVec<_> = starts
                .enumerate()
                .map(|(index, token)| PatternRef { index, token })
                .collect();
            if patterns.is_empty() {
                let (bindings, multiplicity) = (Bindings::new(), 1);
                return Some(Ok(Answer { bindings, multiplicity }));
            }
            self.enter(None, 1, patterns);
        }
        loop {
            match self.advance() {
                Step::Match(bindings, multiplicity) => {
                    let rest = self.levels.last()?.rest.clone();
                    if !rest.is_empty() {
                        self.enter(bindings, multiplicity, rest);
                        continue;
                    }
                    let bindings =
                        bindings.unwrap_or_else(|| self::bindings(&self.variables, &self.values, &self.bytes));
                    return Some(Ok(Answer { bindings, multiplicity }));
                }
                Step::Miss | Step::Back => {}
                Step::End => return None,
                Step::Exhausted => {
                    self.levels.clear();
                    return Some(Err(QueryError::Limit(self.limit)));
                }
                Step::Stopped => {
                    self.levels.clear();
                    return Some(Err(QueryError::Stopped));
                }
            }
        }
    }
}
