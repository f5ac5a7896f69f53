//! Several patterns at once.

use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::descent::is_set;
use super::search::Search;
use super::shape::Shape;
use super::{Answer, QueryError, keeps_atom, unbound, unify_entry, variables};
use crate::env::apply::with_encoder;
use crate::env::record::Multiplicity;
use crate::env::space::{Space, decode_path};
use crate::term::path::write_variable;
use crate::term::small_map::SmallMap;
use crate::term::{Bindings, Term, View};

/// How far the answers to a pattern are counted, at most, to choose the next pattern.
const MANY: usize = 512;

/// How many entries it looks at between two looks at what may stop it.
const PATIENCE: u32 = 256;

impl<T: Term> Space<T> {
    /// The ways to match all `patterns` at once, their variables standing for the same atoms in each. The multiplicity of
    /// an answer is the product of those of the atoms that match.
    ///
    /// Each answer to a pattern is put into the others before those are looked for. Each time, that pattern is next of
    /// which the fewest atoms begin like it up to its first variable; of those with hundreds, the one that says
    /// most, by the bytes up to its first variable and those of later arguments without variables; of equal ones the first. They are counted in growing portions, so that counting costs about as
    /// much as the answers to the best. The order of the answers follows from the patterns and the atoms of the space,
    /// and from nothing else.
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
            looked: 0,
        }
    }
}

/// The answers to several patterns at once: see [`Space::query_all`].
///
/// As long as only ground atoms match, all happens on paths: what variables stand for is put into the paths of the other
/// patterns, and no term is built but for an answer. From the first atom with variables on, patterns are unified.
pub struct Join<'a, T: Term> {
    space: &'a Space<T>,
    /// The expression of all patterns, and its shape, which numbers the variables of all.
    whole: T,
    shape: Shape,
    variables: Vec<T>,
    /// Where in `bytes` the path is of what each variable stands for.
    values: Vec<Option<(usize, usize)>>,
    bytes: Vec<u8>,
    /// The patterns that are being matched, in the order in which they were chosen.
    levels: Vec<Level<'a, T>>,
    begun: bool,
    fresh: u64,
    limit: u64,
    /// What is left of the limit.
    budget: u64,
    stop: Option<&'a AtomicBool>,
    /// How many entries were looked at, or searches ended.
    looked: u32,
}

/// A pattern that is being matched.
struct Level<'a, T: Term> {
    pattern: Place,
    search: Search<'a, Multiplicity<T>>,
    /// The variables of the pattern that had no value yet, in the order in which its path numbers them.
    variables: SmallVec<[usize; 4]>,
    /// How long `bytes` was before.
    bytes: usize,
    /// What the variables stand for, if an atom with variables matched a pattern before this one.
    bindings: Option<Bindings<T>>,
    /// The product of the multiplicities of the atoms that match the patterns before this one.
    multiplicity: u64,
    /// The patterns that come after.
    rest: SmallVec<[Place; 4]>,
}

/// A pattern: its place in the whole, and its first token there.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    token: usize,
}

impl<'a, T: Term> Join<'a, T> {
    /// Makes the query end with [`QueryError::Limit`] when it has taken so many steps. A step is to look at one place of
    /// the trie of facts, which takes about 50 to 500 ns; each answer to each pattern takes at least one. To be called
    /// before the first answer is asked for.
    ///
    /// Under a limit (of less than `u64::MAX`) no [index by argument](Space::query) is used: which of these there are
    /// depends on what was asked before, and whether a query ends by its limit must not.
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

    /// Makes the query end with [`QueryError::Stopped`] soon after another thread sets `stop`: it looks at it each thousand
    /// steps.
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

    /// As [`Query::check_template`](super::Query::check_template): each variable must be one of some pattern.
    ///
    /// # Errors
    /// As there.
    pub fn check_template(&self, template: &T) -> Result<(), QueryError> {
        unbound(template, &self.variables)
    }

    /// As [`Query::fresh`](super::Query::fresh).
    pub fn fresh(&self) -> u64 {
        self.fresh
    }

    /// As [`Query::with_fresh`](super::Query::with_fresh).
    #[must_use]
    pub fn with_fresh(mut self, id: u64) -> Self {
        self.fresh = self.fresh.max(id);
        self
    }

    /// Chooses one of the patterns, and begins to match it.
    fn enter(&mut self, bindings: Option<Bindings<T>>, multiplicity: u64, mut rest: SmallVec<[Place; 4]>) {
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

    /// The shape of a pattern with its variables replaced by what they stand for, and those that stay.
    fn instance(&self, pattern: Place, bindings: Option<&Bindings<T>>) -> (Shape, SmallVec<[usize; 4]>) {
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

    /// The pattern as a term.
    fn pattern(&self, pattern: Place) -> Option<&T> {
        match self.whole.view() {
            View::Expression(patterns) => patterns.get(pattern.index),
            View::Leaf(_) => None,
        }
    }

    /// The instance that promises the fewest answers; the first of several.
    fn choose(&self, instances: &[(Shape, SmallVec<[usize; 4]>)]) -> usize {
        let mut limit = 2;
        while instances.len() > 1 && limit <= MANY {
            let prefixes = instances.iter().map(|(shape, _)| shape.ground_prefix());
            let counts = prefixes.map(|prefix| self.space.facts.count_under(prefix, limit));
            match counts.enumerate().min_by_key(|(_, count)| *count) {
                Some((index, count)) if count < limit => return index,
                _ => limit *= 4,
            }
        }
        // All have many: then the one that says most.
        let says = instances.iter().map(|(shape, _)| {
            let arguments: usize = shape.ground_arguments().map(|(_, path)| path.len()).sum();
            shape.ground_prefix().len() + arguments
        });
        says.enumerate()
            .rev()
            .max_by_key(|(_, length)| *length)
            .map_or(0, |(index, _)| index)
    }

    /// Takes the next entry for the pattern that was chosen last. If it matches, what the variables stand for then, if
    /// that is not in `values`.
    fn advance(&mut self) -> Step<T> {
        let Some(level) = self.levels.last_mut() else {
            return Step::End;
        };
        self.looked = self.looked.wrapping_add(1);
        if self.looked.is_multiple_of(PATIENCE) && is_set(self.stop) {
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

/// What became of an entry.
enum Step<T> {
    /// It matches.
    Match(Option<Bindings<T>>, u64),
    /// It does not.
    Miss,
    /// There was none; back to the pattern before.
    Back,
    /// There was no pattern before.
    End,
    /// The limit is reached.
    Exhausted,
    /// It is to stop.
    Stopped,
}

/// The variables that have values, bound to them.
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
                .map(|(index, token)| Place { index, token })
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
