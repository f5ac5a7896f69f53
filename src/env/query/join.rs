//! Conjunctions of patterns.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use smallvec::SmallVec;

use super::answer::JoinAnswer;
use super::conjunction::{Conjunction, Values};
use super::effort::Effort;
use super::entry::{kept, unify_atom};
use super::error::QueryError;
use super::pattern::Scope;
use super::product::Product;
use super::search::Search;
use super::shape::Shape;
use crate::env::argument_index::ArgumentIndexes;
use crate::env::error::UnboundVariable;
use crate::env::record::Multiplicity;
use crate::env::space::{Space, decode};
use crate::term::path::{with_encoder, write_variable};
use crate::term::small_map::SmallMap;
use crate::term::{Bindings, Term};

/// The number of atoms below a prefix from which patterns are compared by selectivity.
const MANY: usize = 512;

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
        let spaces = SmallVec::from_elem(self, patterns.len());
        Join::new(spaces, patterns.to_vec(), Bindings::new(), 0)
    }
}

/// The answers to several patterns at once: see [`Space::query_all`].
///
/// While only ground atoms match, bindings are substituted into the paths of the other patterns, and no terms are built. From
/// the first atom with variables on, patterns are unified as terms.
#[must_use = "iterators are lazy"]
pub struct Join<'a, T: Term> {
    patterns: Arc<Conjunction<T>>,
    /// The space of each pattern.
    spaces: SmallVec<[&'a Space<T>; 4]>,
    values: Values,
    /// The patterns that are being matched, in the order of choice.
    levels: Vec<Level<'a, T>>,
    effort: Effort<'a>,
    fresh: u64,
    begun: bool,
    /// The pattern that is matched first, whatever its estimate. The order of answers may then depend on indexes.
    first: Option<usize>,
}

/// A pattern that is being matched.
struct Level<'a, T: Term> {
    pattern: PatternRef,
    search: Search<'a, Multiplicity<T>>,
    /// The variables of the pattern that were unbound, in the order in which its path numbers them.
    variables: SmallVec<[usize; 4]>,
    /// The length of the values' bytes before.
    bytes: usize,
    /// The bindings, if an atom with variables matched an earlier pattern.
    bindings: Option<Bindings<T>>,
    /// The product of the multiplicities of the atoms that match the earlier patterns.
    multiplicity: Product,
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
    /// Returns the answers to patterns in different spaces: see [`Space::query_all`], which has all in one.
    ///
    /// ```
    /// # use pleach::{Atom, Environment, env::Join};
    /// let mut world = Environment::<Atom>::new();
    /// world.add_fact("(edge a b)".parse()?);
    /// let mut new = Environment::<Atom>::new();
    /// new.add_fact("(edge b c)".parse()?);
    /// let [left, right] = ["(edge $x $y)", "(edge $y $z)"].map(|a| a.parse::<Atom>().unwrap());
    /// let paths = Join::across([(&**world, left), (&**new, right)]);
    /// let template = "($x $z)".parse()?;
    /// let found: Vec<_> = paths.map(|answer| answer.unwrap().resolve(&template).to_string()).collect();
    /// assert_eq!(found, ["(a c)"]);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    pub fn across(patterns: impl IntoIterator<Item = (&'a Space<T>, T)>) -> Self {
        let (spaces, patterns): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        Self::new(spaces.into(), patterns, Bindings::new(), 0)
    }

    fn new(spaces: SmallVec<[&'a Space<T>; 4]>, mut patterns: Vec<T>, start: Bindings<T>, fresh: u64) -> Self {
        let path = with_encoder(|encoder| encoder.encode_items(&patterns).bytes.to_vec());
        let shape = Shape::new(path);
        let (scope, fresh) = Scope::new(&mut patterns, &shape, start, fresh);
        let spans = SmallVec::from_elem(None, scope.variables.len());
        Join {
            patterns: Arc::new(Conjunction { patterns, shape, scope }),
            spaces,
            values: Values {
                spans,
                ..Values::default()
            },
            levels: Vec::new(),
            effort: Effort::unlimited(),
            fresh,
            begun: false,
            first: None,
        }
    }

    /// Makes the join match this pattern first, whatever its cardinality estimate, and estimate the others by permuted indexes too,
    /// on which the order of the answers then depends. Call it before the first answer.
    pub(crate) fn beginning_with(mut self, pattern: usize) -> Self {
        self.first = Some(pattern);
        self
    }

    /// The paths of the atoms of the last answer, in the order of the patterns.
    pub(crate) fn facts(&self) -> SmallVec<[&[u8]; 4]> {
        let mut levels: SmallVec<[&Level<'a, T>; 4]> = self.levels.iter().collect();
        levels.sort_unstable_by_key(|level| level.pattern.index);
        levels.into_iter().map(|level| level.search.path()).collect()
    }

    /// Makes answers extend these bindings, such as those of an earlier answer or of a
    /// [`unify`](crate::term::unify()) of the caller's: see [`Query::starting_from`](super::Query::starting_from). Call it
    /// before the first answer. O(size of the bindings).
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.extend(["(edge a b)", "(edge b c)", "(edge c d)"].map(|a| a.parse().unwrap()));
    /// let [first, second, third] = ["(edge a $x)", "(edge $x $y)", "(edge $y $z)"].map(|a| a.parse::<Atom>().unwrap());
    /// let start = env.query(&first).next().unwrap();
    /// let join = env.query_all(&[second, third]).starting_from(start.bindings());
    /// let template = "($x $y $z)".parse()?;
    /// let found: Vec<_> = join.map(|answer| answer.unwrap().resolve(&template).to_string()).collect();
    /// assert_eq!(found, ["(b c d)"]);
    /// # Ok::<(), pleach::term::ParseError>(())
    /// ```
    pub fn starting_from(self, bindings: &Bindings<T>) -> Self {
        let fresh = self.fresh;
        self.restarted(bindings.clone(), fresh)
    }

    /// Starts the patterns as they were given from these bindings. Their anonymous variables get ids from `fresh` on.
    fn restarted(self, start: Bindings<T>, fresh: u64) -> Self {
        let Conjunction { patterns, scope, .. } = &*self.patterns;
        let given = scope.given.as_ref().unwrap_or(patterns).clone();
        Join {
            effort: self.effort,
            first: self.first,
            ..Self::new(self.spaces, given, start, fresh)
        }
    }

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
    pub fn with_limit(mut self, steps: u64) -> Self {
        self.effort.set_limit(steps);
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
    pub fn with_stop(mut self, stop: &'a AtomicBool) -> Self {
        self.effort.stop = Some(stop);
        self
    }

    /// Checks that every variable of `template` occurs in a pattern: see
    /// [`Query::check_template`](super::Query::check_template).
    ///
    /// # Errors
    /// [`UnboundVariable`] with the first variable that doesn't.
    pub fn check_template(&self, template: &T) -> Result<(), UnboundVariable> {
        self.patterns.scope.check(template)
    }

    /// Returns the least id above those of all variables so far: see [`Query::fresh`](super::Query::fresh).
    pub fn fresh(&self) -> u64 {
        self.fresh
    }

    /// Sets a minimum for the ids of variables in answers: see [`Query::with_fresh`](super::Query::with_fresh). Call it before
    /// the first answer.
    pub fn with_fresh(mut self, id: u64) -> Self {
        self.fresh = self.fresh.max(id);
        let scope = &self.patterns.scope;
        if self.begun || scope.given.is_none() {
            return self;
        }
        let (start, fresh) = (scope.start.clone(), self.fresh);
        self.restarted(start, fresh)
    }

    /// Chooses a pattern and starts matching it.
    fn enter(&mut self, bindings: Option<Bindings<T>>, multiplicity: Product, mut rest: SmallVec<[PatternRef; 4]>) {
        let instances = rest.iter().map(|pattern| self.instance(*pattern, bindings.as_ref()));
        let mut instances: SmallVec<[_; 4]> = instances.collect();
        let first = self.first.filter(|first| self.levels.is_empty() && *first < rest.len());
        let chosen = first.unwrap_or_else(|| self.choose(&rest, &instances));
        let (shape, variables) = instances.swap_remove(chosen);
        let pattern = rest.remove(chosen);
        let space = self.spaces[pattern.index];
        let indexed = !self.effort.is_limited();
        let mut search = Search::new(&space.facts, &space.arguments, Arc::new(shape), indexed);
        search.set_stop(self.effort.stop);
        self.levels.push(Level {
            pattern,
            search,
            variables,
            bytes: self.values.bytes.len(),
            bindings,
            multiplicity,
            rest,
        });
    }

    /// The shape of a pattern with bindings substituted, and its unbound variables.
    fn instance(&self, pattern: PatternRef, bindings: Option<&Bindings<T>>) -> (Shape, SmallVec<[usize; 4]>) {
        let mut variables = SmallVec::new();
        if let Some(bindings) = bindings {
            let term = bindings.resolve(&self.patterns.patterns[pattern.index]);
            let path = with_encoder(|encoder| encoder.encode(&term).bytes.to_vec());
            return (Shape::new(path), variables);
        }
        let mut path = Vec::with_capacity(64);
        let mut numbers = SmallMap::new();
        let shape = &self.patterns.shape;
        let tokens = shape.tokens();
        for token in &tokens[pattern.token..tokens[pattern.token].next] {
            let Some(variable) = token.variable else {
                path.extend_from_slice(shape.bytes(*token));
                continue;
            };
            if let Some(value) = self.values.get(variable) {
                path.extend_from_slice(value);
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

    /// The index of the instance with the lowest cardinality estimate; ties go to the first.
    fn choose(&self, patterns: &[PatternRef], instances: &[(Shape, SmallVec<[usize; 4]>)]) -> usize {
        if instances.len() == 1 {
            return 0;
        }
        let costs = patterns.iter().zip(instances).map(|(pattern, (shape, _))| {
            let prefix = shape.ground_prefix();
            let space = self.spaces[pattern.index];
            let mut count = space.facts.count_prefix(prefix).min(MANY);
            if self.first.is_some() {
                count = count.min(indexed_count(&space.arguments, shape));
            }
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

    /// Starts with all patterns, if there are any.
    fn begin(&mut self) -> bool {
        self.begun = true;
        let tokens = self.patterns.shape.tokens();
        let first = tokens.get(1).map(|_| 1);
        let starts = std::iter::successors(first, |start| {
            Some(tokens[*start].next).filter(|next| *next < tokens.len())
        });
        let patterns: SmallVec<_> = starts
            .enumerate()
            .map(|(index, token)| PatternRef { index, token })
            .collect();
        let bindings = self.given();
        let has_patterns = !patterns.is_empty();
        if has_patterns {
            self.enter(bindings, Product::ONE, patterns);
        }
        has_patterns
    }

    /// Takes the values that are known from the start. Returns the bindings if one isn't ground.
    fn given(&mut self) -> Option<Bindings<T>> {
        let Scope { variables, start, .. } = &self.patterns.scope;
        if start.has_no_variables() {
            return None;
        }
        for (number, variable) in variables.iter().enumerate() {
            if start.get(variable).is_none() {
                continue;
            }
            let path = with_encoder(|encoder| {
                let value = start.resolve(variable);
                let encoded = encoder.encode(&value);
                (encoded.variables == 0).then(|| encoded.bytes.to_vec())
            });
            match path {
                Some(path) => self.values.bind(number, &path),
                None => return Some(start.clone()),
            }
        }
        self.values.given = self.values.bytes.len();
        None
    }

    /// Tries the next entry for the pattern that was chosen last.
    fn advance(&mut self) -> Step<T> {
        let Some(level) = self.levels.last_mut() else {
            return Step::End;
        };
        if self.effort.visit() {
            return Step::Stopped;
        }
        self.values.bytes.truncate(level.bytes);
        let Some(entry) = self.effort.next_entry(&mut level.search) else {
            let (exhausted, stopped) = (level.search.is_exhausted(), level.search.is_stopped());
            self.values.unbind(&level.variables);
            self.levels.pop();
            return match (exhausted, stopped) {
                (true, _) => Step::Exhausted,
                (_, true) => Step::Stopped,
                _ => Step::Back,
            };
        };
        let multiplicity = level.multiplicity.times(entry.get());
        if level.bindings.is_none() && kept(entry).is_none() && level.search.is_match() {
            for (number, variable) in level.variables.iter().enumerate() {
                self.values
                    .bind(*variable, level.search.part(number).unwrap_or_default());
            }
            return Step::Match(None, multiplicity);
        }
        self.values.unbind(&level.variables);
        let start = || match &level.bindings {
            Some(bindings) => bindings.clone(),
            None => self.patterns.bindings(&self.values),
        };
        let atom = decode(level.search.path(), entry);
        let pattern = &self.patterns.patterns[level.pattern.index];
        match unify_atom(pattern, &atom, &mut self.fresh, start) {
            Some(bindings) => Step::Match(Some(bindings), multiplicity),
            None => Step::Miss,
        }
    }
}

/// The least number of entries for a pattern in a permuted index; `usize::MAX` without one.
fn indexed_count(arguments: &ArgumentIndexes, shape: &Shape) -> usize {
    let head = shape.head();
    let counts = shape.ground_arguments().filter_map(|(position, path)| {
        let index = arguments.get(head, position).filter(|_| !head.is_empty())?;
        Some(index.permuted.count_prefix(path) + index.rest.len())
    });
    counts.min().unwrap_or(usize::MAX)
}

/// The outcome of trying an entry.
enum Step<T> {
    /// It matches, with these bindings unless they are in `values`, and this multiplicity.
    Match(Option<Bindings<T>>, Product),
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

impl<T: Term> Iterator for Join<'_, T> {
    type Item = Result<JoinAnswer<T>, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.begun && !self.begin() {
            return Some(Ok(JoinAnswer::new(
                &self.patterns,
                Values::default(),
                None,
                Product::ONE,
            )));
        }
        loop {
            match self.advance() {
                Step::Match(bindings, multiplicity) => {
                    let rest = self.levels.last()?.rest.clone();
                    if !rest.is_empty() {
                        self.enter(bindings, multiplicity, rest);
                        continue;
                    }
                    let values = match &bindings {
                        Some(_) => Values::default(),
                        None => self.values.clone(),
                    };
                    return Some(Ok(JoinAnswer::new(&self.patterns, values, bindings, multiplicity)));
                }
                Step::Miss | Step::Back => {}
                Step::End => return None,
                Step::Exhausted => {
                    self.levels.clear();
                    return Some(Err(QueryError::Limit(self.effort.limit)));
                }
                Step::Stopped => {
                    self.levels.clear();
                    return Some(Err(QueryError::Stopped));
                }
            }
        }
    }
}
