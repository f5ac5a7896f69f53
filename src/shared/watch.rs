//! Watches: the answers of a standing query that each publication changes.

use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::task::{Context, Poll};
use std::time::Duration;

use pleach_shared::internal::{Follower, Step, block_on};

use super::subscription::ProtocolOf;
use super::{Published, SharedEnvironment, Subscription};
use crate::env::UnboundVariable;
use crate::term::{Atom, Term};
use crate::view::{Answers, Literal, View};

/// A receiver of the changes that the publications of a [`SharedEnvironment`] make to the answers of a standing query, in order.
///
/// It is a [`Subscription`] with a [`View`], which it advances from publication to publication, on the receiver's own thread, at
/// the cost of [`View::advance`]. A writer never waits for it. A watch that falls behind by more than its bound receives one
/// difference for all the publications that it has missed. Publications that don't change the answers are skipped.
///
/// `C` is how the watch holds the `SharedEnvironment`: a reference, or an `Arc` if the watch must outlive the scope.
///
/// # Limits
/// A watch keeps alive what a subscription does.
///
/// # Examples
/// ```
/// use pleach::{Atom, SharedEnvironment};
///
/// let world = SharedEnvironment::<Atom>::default();
/// let patterns = ["(likes $who $what)", "(sells $shop $what)"].map(|text| text.parse::<Atom>().unwrap());
/// let mut watch = world.watch(16, patterns, "($who $shop)".parse()?)?;
///
/// let add = |text: &str| world.update(|env| env.add_fact(text.parse().unwrap()));
/// add("(likes ann tea)"); // No answer yet.
/// add("(sells corner tea)");
/// add("(likes bob tea)");
/// for (version, difference) in [(2, "+1 (ann corner)\n"), (3, "+1 (bob corner)\n")] {
///     let change = watch.try_next().unwrap();
///     assert_eq!((change.version, change.difference.to_string()), (version, difference.to_owned()));
/// }
/// assert!(watch.try_next().is_none());
/// assert_eq!(watch.view().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watch<C: Deref<Target = SharedEnvironment<T>>, T: Term = Atom> {
    follower: Follower<ProtocolOf<C>, Published<T>>,
    view: View<T>,
}

/// A change of the answers that a [`Watch`] receives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswersChanged<T: Term = Atom> {
    /// The version of the state with these changes.
    pub version: u64,
    /// The number of publications that the difference covers: 1, or more if the watch fell behind by more than its bound.
    pub publications: u64,
    /// The answers that came, with positive multiplicities, and those that went, with negative ones. Not empty.
    pub difference: Answers<T>,
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Subscription<C, T> {
    /// Watches the answers of a view, which is first advanced to the state that the subscriber received last.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pleach::{Atom, SharedEnvironment, Subscription, view::{Aggregate, View}};
    ///
    /// let world = Arc::new(SharedEnvironment::<Atom>::default());
    /// let sold = ["(sold $what $n)".parse::<Atom>()?];
    /// let total = View::grouped(&world.snapshot(), sold, "(total $what $n)".parse()?, Aggregate::Sum, "n")?;
    /// let mut watch = Subscription::new(Arc::clone(&world), 16).watch(total);
    /// world.update(|env| env.add_fact("(sold tea 3)".parse().unwrap()));
    /// assert_eq!(watch.try_next().unwrap().difference.to_string(), "+1 (total tea 3)\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(self, mut view: View<T>) -> Watch<C, T> {
        view.advance(&self.environment());
        Watch {
            follower: self.follower,
            view,
        }
    }
}

impl<T: Term> SharedEnvironment<T> {
    /// Watches the answers of a conjunction from now on: instances of `template`. At least the last `bound` publications are kept
    /// until the watch receives them; one that falls further behind receives them as one difference.
    ///
    /// Costs as [`View::new`].
    ///
    /// # Errors
    /// [`UnboundVariable`] if a variable of the template is in no positive literal.
    pub fn watch(
        &self,
        bound: usize,
        literals: impl IntoIterator<Item = impl Into<Literal<T>>>,
        template: T,
    ) -> Result<Watch<&Self, T>, UnboundVariable> {
        let subscription = self.subscribe(bound);
        let view = View::new(&subscription.environment(), literals, template)?;
        Ok(subscription.watch(view))
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> Watch<C, T> {
    /// Returns the view, at the state of the publication that was received last.
    #[must_use]
    pub fn view(&self) -> &View<T> {
        &self.view
    }

    /// Returns the version of the publication that was received last, which may not have changed the answers.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.follower.seen().version
    }

    /// Returns the next change, or `None` if no publication has changed the answers. Doesn't wait.
    pub fn try_next(&mut self) -> Option<AnswersChanged<T>> {
        loop {
            let step = self.follower.try_next()?;
            if let Some(change) = self.take(step) {
                return Some(change);
            }
        }
    }

    /// Polls for the next change: see [`Subscription::poll_next`].
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<AnswersChanged<T>> {
        loop {
            match self.follower.poll_next(context) {
                Poll::Ready(step) => {
                    if let Some(change) = self.take(step) {
                        return Poll::Ready(change);
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Waits for the next change. Cancel-safe: dropping the future loses none.
    pub async fn next(&mut self) -> AnswersChanged<T> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Blocks the thread until the next change; `None` after `timeout`. `Duration::MAX` waits forever.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<AnswersChanged<T>> {
        block_on(timeout, |context| self.poll_next(context))
    }

    /// Advances the view. Returns the change, unless the answers are the same.
    fn take(&mut self, step: Step<Published<T>>) -> Option<AnswersChanged<T>> {
        let (publication, publications) = match step {
            Step::Next { next, .. } => (next, 1),
            Step::Lagged { publications, current } => (current, publications),
        };
        let difference = self.view.advance(&publication.state.fork());
        (!difference.is_empty()).then_some(AnswersChanged {
            version: publication.version,
            publications,
            difference,
        })
    }
}

impl<T: Term, C: Deref<Target = SharedEnvironment<T>>> fmt::Debug for Watch<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
