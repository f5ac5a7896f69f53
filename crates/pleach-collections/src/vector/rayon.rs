//! Parallel iterators over [`Vector`], with the feature `rayon`.
//!
//! `par_iter`, `par_iter_mut`, `into_par_iter`, `par_extend` and `collect` are methods of the traits in Rayon's
//! prelude. The iterators are indexed, and split a vector at any item in O(log n).
//!
//! ```
//! use pleach_collections::Vector;
//! use rayon::prelude::*;
//!
//! let vector: Vector<u32> = (0..10_000_u32).into_par_iter().collect();
//! let pairs: Vec<u32> = vector.par_iter().zip(vector.skip(1).par_iter()).map(|(a, b)| a + b).collect();
//! assert_eq!(pairs[17], 35);
//! ```

use super::{Iter, IterMut, Vector};
use ::rayon::iter::plumbing::{Consumer, Producer, ProducerCallback, UnindexedConsumer, bridge};
use ::rayon::prelude::*;
use ::rayon::vec::IntoIter as IntoParIter;
use alloc::vec::Vec;
use core::fmt;

/// A parallel iterator over the items of a [`Vector`].
///
/// ```
/// use rayon::prelude::*;
///
/// let vector = pleach_collections::Vector::from([1, 2]);
/// assert_eq!(vector.par_iter().sum::<i32>(), 3);
/// ```
pub struct ParIter<'a, T>(Iter<'a, T>);

/// A mutable parallel iterator over the items of a [`Vector`].
///
/// ```
/// use rayon::prelude::*;
///
/// let mut vector = pleach_collections::Vector::from([1, 2]);
/// vector.par_iter_mut().for_each(|item| *item *= 2);
/// assert_eq!(vector, [2, 4]);
/// ```
pub struct ParIterMut<'a, T>(IterMut<'a, T>);

/// The producer of one task: a part of the vector.
struct Part<I>(I);

macro_rules! parallel {
    ($par:ty, $iter:ty, $item:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> Producer for Part<$iter> {
            type Item = $item;
            type IntoIter = $iter;

            fn into_iter(self) -> $iter {
                self.0
            }

            fn split_at(self, index: usize) -> (Self, Self) {
                let (left, right) = self.0.split_at(index);
                (Self(left), Self(right))
            }
        }

        impl<$($generics)*> ParallelIterator for $par {
            type Item = $item;

            fn drive_unindexed<C: UnindexedConsumer<$item>>(self, consumer: C) -> C::Result {
                bridge(self, consumer)
            }

            fn opt_len(&self) -> Option<usize> {
                Some(self.0.len())
            }
        }

        impl<$($generics)*> IndexedParallelIterator for $par {
            fn len(&self) -> usize {
                self.0.len()
            }

            fn drive<C: Consumer<$item>>(self, consumer: C) -> C::Result {
                bridge(self, consumer)
            }

            fn with_producer<C: ProducerCallback<$item>>(self, callback: C) -> C::Output {
                callback.callback(Part(self.0))
            }
        }
    };
}

parallel!(ParIter<'a, T>, Iter<'a, T>, &'a T, ['a, T: Send + Sync]);
parallel!(ParIterMut<'a, T>, IterMut<'a, T>, &'a mut T, ['a, T: Clone + Send + Sync]);

impl<'a, T: Send + Sync> IntoParallelIterator for &'a Vector<T> {
    type Item = &'a T;
    type Iter = ParIter<'a, T>;

    fn into_par_iter(self) -> Self::Iter {
        ParIter(self.iter())
    }
}

impl<'a, T: Clone + Send + Sync> IntoParallelIterator for &'a mut Vector<T> {
    type Item = &'a mut T;
    type Iter = ParIterMut<'a, T>;

    fn into_par_iter(self) -> Self::Iter {
        ParIterMut(self.iter_mut())
    }
}

/// O(n) before the first task: the items are moved or cloned into a `Vec`.
impl<T: Clone + Send + Sync> IntoParallelIterator for Vector<T> {
    type Item = T;
    type Iter = IntoParIter<T>;

    fn into_par_iter(self) -> Self::Iter {
        Vec::from(self).into_par_iter()
    }
}

/// If the iterator panics, the vector is unchanged.
impl<T: Clone + Send + Sync> ParallelExtend<T> for Vector<T> {
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, items: I) {
        let mut new: Self = items.into_par_iter().collect();
        self.append(&mut new);
    }
}

/// Clones the items.
impl<'a, T: Clone + Send + Sync + 'a> ParallelExtend<&'a T> for Vector<T> {
    fn par_extend<I: IntoParallelIterator<Item = &'a T>>(&mut self, items: I) {
        self.par_extend(items.into_par_iter().cloned());
    }
}

/// Collects the items in parallel into a `Vec`, whose items are moved in O(n).
impl<T: Clone + Send + Sync> FromParallelIterator<T> for Vector<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(items: I) -> Self {
        Self::from(items.into_par_iter().collect::<Vec<T>>())
    }
}

impl<T> Clone for ParIter<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for ParIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> fmt::Debug for ParIterMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
