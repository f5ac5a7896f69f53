//! Fork–join parallelism on Rayon: a fork for each branch, merged in order.

use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::conflict::{Conflict, Conflicts, Resolution, Resolver, resolve};
use super::environment::Environment;
use super::id::{IdSeed, Ids};
use super::union_all::union_all;
use crate::term::{Atom, Term};

/// The error of a fork–join: the failure of its first branch, in order, that failed. The environment is as it was.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BranchError<E = Infallible> {
    /// The branch returned an error.
    #[error("branch {branch} failed: {error}")]
    Failed {
        /// The number of the branch, from 0.
        branch: usize,
        /// The error.
        error: E,
    },
    /// The branch panicked.
    #[error("branch {branch} panicked")]
    Panicked {
        /// The number of the branch, from 0.
        branch: usize,
        /// The payload of the panic, for [`resume_unwind`](std::panic::resume_unwind).
        payload: Box<dyn Any + Send>,
    },
}

impl<E> BranchError<E> {
    /// Returns the number of the branch, from 0.
    #[must_use]
    pub fn branch(&self) -> usize {
        match self {
            Self::Failed { branch, .. } | Self::Panicked { branch, .. } => *branch,
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for BranchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { branch, error } => f.debug_tuple("Failed").field(branch).field(error).finish(),
            Self::Panicked { branch, .. } => f.debug_tuple("Panicked").field(branch).finish(),
        }
    }
}

/// The error of a fork–join with a resolver. The environment is as it was.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ForkJoinError<E = Infallible, T: Term = Atom> {
    /// A branch failed or panicked.
    #[error(transparent)]
    Branch(#[from] BranchError<E>),
    /// The resolver gave up on these.
    #[error("branches are in conflict")]
    Conflicts(#[source] Conflicts<T>),
}

impl<E: fmt::Debug, T: Term + fmt::Debug> fmt::Debug for ForkJoinError<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(error) => f.debug_tuple("Branch").field(error).finish(),
            Self::Conflicts(conflicts) => f.debug_tuple("Conflicts").field(conflicts).finish(),
        }
    }
}

/// # In parallel
/// Each branch writes a fork of its own, and the environment becomes the union of itself and the forks, in the order of the
/// branches. Results and environment are the same on any number of threads; so are the ids of new spaces and states if this
/// environment has an [id seed](Environment::set_id_seed).
///
/// If a branch fails, the environment stays as it was, and later branches may not run.
///
/// **Counters.** Where branches change a [cell](super::Cell) to equal contents, that is one change: four branches that each
/// increment a state from 0 leave 1. [`fork_join_with`](Self::fork_join_with) takes a resolver, such as
/// [`resolve::sum`](super::resolve::sum), which makes it 4.
impl<T: Term> Environment<T> {
    /// Runs `branch` on a fork for each item, in parallel, and merges the forks. Returns the results in the order of the items.
    ///
    /// Apart from the branches, a fork costs O(1), and the union O(d · log n) for d changed atoms.
    ///
    /// # Errors
    /// [`BranchError::Panicked`] for the first branch that panicked.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let squares = env.fork_join(vec![1, 2, 3], |fork, n: i64| {
    ///     fork.add_fact(Atom::from(n * n));
    ///     n * n
    /// })?;
    /// assert_eq!(squares, [1, 4, 9]);
    /// assert!(env.contains(&Atom::from(9)));
    ///
    /// let failed = env.fork_join(vec![1, 2, 3], |_, n| assert!(n < 2)).unwrap_err();
    /// assert_eq!((failed.branch(), env.len()), (1, 3));
    /// # Ok::<(), pleach::env::BranchError>(())
    /// ```
    pub fn fork_join<I, R>(
        &mut self,
        items: impl IntoParallelIterator<Iter: IndexedParallelIterator, Item = I>,
        branch: impl Fn(&mut Self, I) -> R + Sync,
    ) -> Result<Vec<R>, BranchError>
    where
        R: Send,
    {
        self.try_fork_join(items, |fork, item| Ok(branch(fork, item)))
    }

    /// Runs fallible branches as [`fork_join`](Self::fork_join) does.
    ///
    /// # Errors
    /// [`BranchError`] of the first branch that failed or panicked.
    ///
    /// ```
    /// # use pleach::{Atom, Environment, env::BranchError};
    /// let mut env = Environment::<Atom>::new();
    /// let result = env.try_fork_join(vec!["(p 1)", "(p 2", "(p 3"], |fork, text| {
    ///     fork.add_fact(text.parse()?);
    ///     Ok::<_, pleach::term::ParseError>(())
    /// });
    /// assert!(matches!(result, Err(BranchError::Failed { branch: 1, .. })));
    /// assert!(env.is_empty());
    /// ```
    pub fn try_fork_join<I, R, E>(
        &mut self,
        items: impl IntoParallelIterator<Iter: IndexedParallelIterator, Item = I>,
        branch: impl Fn(&mut Self, I) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, BranchError<E>>
    where
        R: Send,
        E: Send,
    {
        let branches = Branches::of(self);
        let ended = branches.run_all(items, branch);
        self.join_all(ended, branches.seed)
    }

    /// Runs branches as [`fork_join`](Self::fork_join) does, and calls `resolve` for each cell that several branches changed,
    /// to equal contents too, as [`union_with_all`](Self::union_with_all) does: `ours` is the union of the branches before.
    ///
    /// # Errors
    /// [`ForkJoinError::Branch`] for the first branch that panicked; [`ForkJoinError::Conflicts`] if `resolve` gives up.
    ///
    /// ```
    /// use pleach::env::resolve;
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let counter = env.new_state(Atom::from(0));
    /// let increment = |fork: &mut Environment, by: i64| {
    ///     let Some(Atom::Integer(old)) = fork.state(counter) else { return };
    ///     let new = Atom::from(old + by);
    ///     fork.change_state(counter, new);
    /// };
    /// env.fork_join_with([1, 1, 1, 1], increment, resolve::sum)?;
    /// assert_eq!(env.state(counter), Some(&Atom::from(4)));
    /// # Ok::<(), pleach::env::ForkJoinError>(())
    /// ```
    pub fn fork_join_with<I, R>(
        &mut self,
        items: impl IntoParallelIterator<Iter: IndexedParallelIterator, Item = I>,
        branch: impl Fn(&mut Self, I) -> R + Sync,
        resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Vec<R>, ForkJoinError<Infallible, T>>
    where
        R: Send,
    {
        self.try_fork_join_with(items, |fork, item| Ok(branch(fork, item)), resolve)
    }

    /// Runs fallible branches as [`fork_join_with`](Self::fork_join_with) does.
    ///
    /// # Errors
    /// [`ForkJoinError::Branch`] of the first branch that failed or panicked; [`ForkJoinError::Conflicts`] if `resolve` gives
    /// up.
    ///
    /// ```
    /// use pleach::env::{ForkJoinError, resolve};
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let bind = |fork: &mut Environment, text: &str| {
    ///     fork.bind("best", text.parse()?);
    ///     Ok::<_, pleach::term::ParseError>(())
    /// };
    /// let error = env.try_fork_join_with(["1", "2"], bind, resolve::fail).unwrap_err();
    /// assert!(matches!(error, ForkJoinError::Conflicts(cells) if cells.0.len() == 1));
    /// env.try_fork_join_with(["1", "2"], bind, resolve::max)?;
    /// assert_eq!(env.binding("best"), Some(&Atom::from(2)));
    /// # Ok::<(), ForkJoinError<_>>(())
    /// ```
    pub fn try_fork_join_with<I, R, E>(
        &mut self,
        items: impl IntoParallelIterator<Iter: IndexedParallelIterator, Item = I>,
        branch: impl Fn(&mut Self, I) -> Result<R, E> + Sync,
        mut resolve: impl FnMut(&Conflict<T>) -> Resolution<T>,
    ) -> Result<Vec<R>, ForkJoinError<E, T>>
    where
        R: Send,
        E: Send,
    {
        let branches = Branches::of(self);
        let ended = branches.run_all(items, branch);
        self.join_branches(ended, branches.seed, &mut Resolver::of_all(&mut resolve))
    }

    /// Runs `body`, which can [`spawn`](ForkScope::spawn) branches that borrow from outside. When all have ended, merges their
    /// forks in the order of the calls of `spawn`, and returns the result of `body`.
    ///
    /// # Errors
    /// [`BranchError::Panicked`] for the first branch that panicked.
    ///
    /// # Panics
    /// If `body` panics. The environment is as it was.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// let (mut left, mut right) = (0, String::new());
    /// env.fork_scope(|scope| {
    ///     scope.spawn(|fork| {
    ///         fork.add_fact(Atom::symbol("left"));
    ///         left = 1;
    ///     });
    ///     scope.spawn(|fork| {
    ///         fork.add_fact(Atom::symbol("right"));
    ///         right.push('r');
    ///     });
    /// })?;
    /// assert_eq!((left, right.as_str(), env.len()), (1, "r", 2));
    /// # Ok::<(), pleach::env::BranchError>(())
    /// ```
    pub fn fork_scope<'scope, R>(
        &mut self,
        body: impl FnOnce(&ForkScope<'_, 'scope, T>) -> R,
    ) -> Result<R, BranchError> {
        let branches = Arc::new(Branches::of(self));
        let ended = Arc::new(Mutex::new(Vec::<Ended<T>>::new()));
        let result = rayon::in_place_scope(|scope| {
            body(&ForkScope {
                scope,
                spawned: Cell::new(0),
                branches: Arc::clone(&branches),
                ended: Arc::clone(&ended),
            })
        });
        let mut ended = std::mem::take(&mut *ended.lock().unwrap_or_else(PoisonError::into_inner));
        ended.sort_unstable_by_key(|(index, _)| *index);
        let seed = branches.seed;
        self.join_all(ended.into_iter().map(|(_, end)| end).collect(), seed)?;
        Ok(result)
    }

    /// Merges the forks of these branches as [`union`](Self::union) does.
    fn join_all<R, E>(&mut self, ended: Vec<End<T, R, E>>, seed: IdSeed) -> Result<Vec<R>, BranchError<E>> {
        let mut theirs = resolve::theirs;
        match self.join_branches(ended, seed, &mut Resolver::of_differences(&mut theirs)) {
            Ok(results) => Ok(results),
            Err(ForkJoinError::Branch(error)) => Err(error),
            Err(ForkJoinError::Conflicts(_)) => unreachable!("this resolver always decides"),
        }
    }

    /// Merges the forks of these branches in order, unless one failed. Returns the results of the branches.
    fn join_branches<R, E>(
        &mut self,
        ended: Vec<End<T, R, E>>,
        seed: IdSeed,
        resolver: &mut Resolver<'_, T>,
    ) -> Result<Vec<R>, ForkJoinError<E, T>> {
        let mut results = Vec::with_capacity(ended.len());
        let mut versions = Vec::with_capacity(ended.len() + 1);
        versions.push(Arc::clone(&self.snapshot));
        for end in ended {
            match end {
                End::Done(fork, result) => {
                    versions.push(fork.into_snapshot());
                    results.push(result);
                }
                End::Failed(error) => return Err(error.into()),
                End::Skipped => unreachable!("a branch is skipped only if one before it failed"),
            }
        }
        if let Some(united) = union_all(versions, resolver).map_err(ForkJoinError::Conflicts)? {
            self.snapshot = united;
        }
        // The branches have used the old seed.
        self.id_seed = self.id_seed.map(|_| seed.child(u64::MAX));
        if let (Some(seed), Some(united)) = (self.id_seed, Arc::get_mut(&mut self.snapshot)) {
            united.world.ids = Ids::new(Some(seed));
            self.id_seed = Some(seed.child(u64::MAX));
        }
        Ok(results)
    }
}

/// A scope in which branches are spawned: see [`Environment::fork_scope`].
pub struct ForkScope<'a, 'scope, T: Term> {
    scope: &'a rayon::Scope<'scope>,
    /// A cell, so that only the body's thread spawns: the order must not depend on timing.
    spawned: Cell<usize>,
    branches: Arc<Branches<T>>,
    ended: Arc<Mutex<Vec<Ended<T>>>>,
}

impl<'scope, T: Term> ForkScope<'_, 'scope, T> {
    /// Runs `branch` on a fork, in parallel with other branches.
    pub fn spawn(&self, branch: impl FnOnce(&mut Environment<T>) + Send + 'scope) {
        let index = self.spawned.replace(self.spawned.get() + 1);
        let (branches, ended) = (Arc::clone(&self.branches), Arc::clone(&self.ended));
        self.scope.spawn(move |_| {
            let end = branches.run(index, |fork| {
                branch(fork);
                Ok(())
            });
            ended.lock().unwrap_or_else(PoisonError::into_inner).push((index, end));
        });
    }
}

impl<T: Term> fmt::Debug for ForkScope<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForkScope")
            .field("spawned", &self.spawned)
            .finish_non_exhaustive()
    }
}

/// The shared data of all branches of one fork–join.
struct Branches<T: Term> {
    base: Environment<T>,
    seed: IdSeed,
    /// The least number of a branch that has failed.
    failed: AtomicUsize,
}

/// The number of a branch of a scope, and how it ended.
type Ended<T> = (usize, End<T, (), Infallible>);

/// How a branch ended.
enum End<T: Term, R, E> {
    Done(Environment<T>, R),
    Failed(BranchError<E>),
    /// A branch before it had failed.
    Skipped,
}

impl<T: Term> Branches<T> {
    fn of(environment: &Environment<T>) -> Self {
        Self {
            base: environment.clone(),
            // One for all branches, so that ids depend on the numbers of branches only.
            seed: environment.id_seed.unwrap_or_else(IdSeed::unique),
            failed: AtomicUsize::new(usize::MAX),
        }
    }

    /// Runs `branch` on a fork for each item, in parallel.
    fn run_all<I, R: Send, E: Send>(
        &self,
        items: impl IntoParallelIterator<Iter: IndexedParallelIterator, Item = I>,
        branch: impl Fn(&mut Environment<T>, I) -> Result<R, E> + Sync,
    ) -> Vec<End<T, R, E>> {
        let items = items.into_par_iter().enumerate();
        items
            .map(|(index, item)| self.run(index, |fork| branch(fork, item)))
            .collect()
    }

    fn run<R, E>(&self, branch: usize, run: impl FnOnce(&mut Environment<T>) -> Result<R, E>) -> End<T, R, E> {
        // Relaxed: a branch may run in vain, but none before the first failure is skipped.
        if self.failed.load(Ordering::Relaxed) < branch {
            return End::Skipped;
        }
        let mut fork = self.base.clone();
        fork.set_id_seed(self.seed.child(branch as u64));
        let error = match catch_unwind(AssertUnwindSafe(|| run(&mut fork))) {
            Ok(Ok(result)) => return End::Done(fork, result),
            Ok(Err(error)) => BranchError::Failed { branch, error },
            Err(payload) => BranchError::Panicked { branch, payload },
        };
        self.failed.fetch_min(branch, Ordering::Relaxed);
        End::Failed(error)
    }
}
