//! Depth-first walks over terms, without native recursion.
//!
//! | function | visits |
//! |---|---|
//! | [`for_each`], [`try_for_each`] | a term, each expression before its items |
//! | [`try_for_each_pair`] | two terms side by side |
//! | [`walk`] | terms, or anything that nests, entering and leaving each level |
//!
//! A walk goes as deep as memory allows. It allocates nothing for terms that nest less than 16 deep, and the first
//! three nothing for lists that nest in their last item, however long.
//!
//! A term whose subterms are shared can be exponentially larger as a tree than in memory. A walk visits a subterm each
//! time it occurs; a visitor that meets such terms should keep the addresses of the expressions it has entered and skip
//! those.
//!
//! ```
//! use pleach::term::{Atom, walk};
//!
//! let atom: Atom = "(f $x (g $y))".parse()?;
//! let mut variables = Vec::new();
//! walk::for_each(&atom, |atom| match atom {
//!     Atom::Variable(variable) => {
//!         variables.push(variable.to_string());
//!         &[]
//!     }
//!     Atom::Expression(items) => items,
//!     _ => &[],
//! });
//! assert_eq!(variables, ["$x", "$y"]);
//! # Ok::<(), pleach::term::ParseError>(())
//! ```

use std::convert::Infallible;
use std::iter::Zip;
use std::mem;
use std::ops::ControlFlow;
use std::slice;

use smallvec::SmallVec;

/// Levels up to this depth are kept without an allocation.
const INLINE_LEVELS: usize = 16;

/// Visits `term` and its subterms from left to right, each expression before its items.
///
/// `visit` returns the items to visit next: those of the expression that it was given, or none to skip them.
///
/// The [module's page](self) has an example.
#[inline]
pub fn for_each<'a, T>(term: &'a T, mut visit: impl FnMut(&'a T) -> &'a [T]) {
    let ControlFlow::Continue(()) = try_for_each(term, |term| ControlFlow::<Infallible, _>::Continue(visit(term)));
}

/// Visits as [`for_each`] does, until `visit` breaks.
///
/// ```
/// use pleach::term::{Atom, walk};
/// use std::ops::ControlFlow;
///
/// let atom: Atom = "(f (g 1) 2)".parse()?;
/// let first_integer = walk::try_for_each(&atom, |atom| match atom {
///     Atom::Integer(value) => ControlFlow::Break(*value),
///     _ => ControlFlow::Continue(atom.as_expression().unwrap_or_default()),
/// });
/// assert_eq!(first_integer, ControlFlow::Break(1));
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
#[inline]
pub fn try_for_each<'a, T, B>(term: &'a T, mut visit: impl FnMut(&'a T) -> ControlFlow<B, &'a [T]>) -> ControlFlow<B> {
    drive::<_, _, false>(
        slice::from_ref(term).iter(),
        (),
        &mut Preorder(|term| visit(term).map_continue(<[T]>::iter)),
    )
}

/// Visits two terms side by side, until `visit` breaks.
///
/// `visit` returns the items to visit next, those of both expressions that it was given, or none to skip them. If one
/// has fewer items than the other, the excess items aren't visited.
///
/// ```
/// use pleach::term::{Atom, walk};
/// use std::ops::ControlFlow;
///
/// let [a, b]: [Atom; 2] = ["(f 1 (g 2))", "(f 1 (g 3))"].map(|text| text.parse().unwrap());
/// let difference = walk::try_for_each_pair(&a, &b, |a, b| match (a, b) {
///     (Atom::Expression(a), Atom::Expression(b)) if a.len() == b.len() => ControlFlow::Continue((&**a, &**b)),
///     (a, b) if a == b => ControlFlow::Continue((&[], &[])),
///     (a, b) => ControlFlow::Break((a.clone(), b.clone())),
/// });
/// assert_eq!(difference, ControlFlow::Break((Atom::from(2), Atom::from(3))));
/// ```
#[inline]
pub fn try_for_each_pair<'a, 'b, T, U, B>(
    a: &'a T,
    b: &'b U,
    mut visit: impl FnMut(&'a T, &'b U) -> ControlFlow<B, (&'a [T], &'b [U])>,
) -> ControlFlow<B> {
    drive::<Zip<slice::Iter<'a, T>, slice::Iter<'b, U>>, _, false>(
        slice::from_ref(a).iter().zip(slice::from_ref(b)),
        (),
        &mut Preorder(|(a, b)| visit(a, b).map_continue(|(a, b): (&'a [T], &'b [U])| a.iter().zip(b))),
    )
}

/// Enters and leaves the levels of a [`walk`].
///
/// A level is an expression that is being visited: an iterator `I` of its items to come, and a [`Level`](Self::Level)
/// of the visitor's own, such as the results for the items so far.
pub trait Visitor<I: Iterator> {
    /// State that is kept for a level while its items are visited.
    type Level;
    /// Value of a walk that is stopped.
    type Break;

    /// Visits an item of the level `outer`. Returns the level to enter next, or `None` for an item that is done.
    fn enter(&mut self, item: I::Item, outer: &mut Self::Level) -> ControlFlow<Self::Break, Option<(I, Self::Level)>>;

    /// Leaves a level, all of whose items were visited, for the level `outer` that it was entered from.
    fn leave(&mut self, level: Self::Level, outer: &mut Self::Level) -> ControlFlow<Self::Break>;
}

/// Walks depth-first through `items`, which belong to the outermost level `level`. Returns that level, which isn't
/// left.
///
/// ```
/// use pleach::term::{Atom, walk::{Visitor, walk}};
/// use std::{convert::Infallible, ops::ControlFlow, slice};
///
/// /// Computes the depth of a term: a level is the greatest depth of its items so far.
/// struct Depth;
///
/// impl<'a> Visitor<slice::Iter<'a, Atom>> for Depth {
///     type Level = usize;
///     type Break = Infallible;
///
///     fn enter(
///         &mut self,
///         item: &'a Atom,
///         _: &mut usize,
///     ) -> ControlFlow<Infallible, Option<(slice::Iter<'a, Atom>, usize)>> {
///         ControlFlow::Continue(item.as_expression().map(|items| (items.iter(), 0)))
///     }
///
///     fn leave(&mut self, depth: usize, outer: &mut usize) -> ControlFlow<Infallible> {
///         *outer = (depth + 1).max(*outer);
///         ControlFlow::Continue(())
///     }
/// }
///
/// let atom: Atom = "(f (g 1) (h (i)))".parse()?;
/// assert_eq!(walk(slice::from_ref(&atom).iter(), 0, &mut Depth), ControlFlow::Continue(3));
/// # Ok::<(), pleach::term::ParseError>(())
/// ```
#[inline]
pub fn walk<I: ExactSizeIterator, V: Visitor<I>>(
    items: I,
    level: V::Level,
    visitor: &mut V,
) -> ControlFlow<V::Break, V::Level> {
    drive::<I, V, true>(items, level, visitor)
}

/// A visitor that keeps nothing for a level.
struct Preorder<F>(F);

impl<I: Iterator, B, F: FnMut(I::Item) -> ControlFlow<B, I>> Visitor<I> for Preorder<F> {
    type Level = ();
    type Break = B;

    #[inline]
    fn enter(&mut self, item: I::Item, (): &mut ()) -> ControlFlow<B, Option<(I, ())>> {
        ControlFlow::Continue(Some(((self.0)(item)?, ())))
    }

    #[inline]
    fn leave(&mut self, (): (), (): &mut ()) -> ControlFlow<B> {
        ControlFlow::Continue(())
    }
}

/// Runs a walk. Unless it `LEAVES` levels, it drops one as soon as no item is left, so that lists that nest in their
/// last item take constant memory.
#[inline]
fn drive<I: ExactSizeIterator, V: Visitor<I>, const LEAVES: bool>(
    mut items: I,
    mut level: V::Level,
    visitor: &mut V,
) -> ControlFlow<V::Break, V::Level> {
    let mut outer: SmallVec<[(I, V::Level); INLINE_LEVELS]> = SmallVec::new();
    loop {
        if let Some(item) = items.next() {
            let Some((inner, entered)) = visitor.enter(item, &mut level)? else {
                continue;
            };
            if !LEAVES && inner.len() == 0 {
                continue;
            }
            let rest = mem::replace(&mut items, inner);
            let left = mem::replace(&mut level, entered);
            if LEAVES || rest.len() > 0 {
                outer.push((rest, left));
            }
        } else if let Some((rest, above)) = outer.pop() {
            items = rest;
            if LEAVES {
                let left = mem::replace(&mut level, above);
                visitor.leave(left, &mut level)?;
            }
        } else {
            return ControlFlow::Continue(level);
        }
    }
}
