//! Implementations of `std`'s traits for [`Vector`].

use super::Vector;
use crate::btree::Aligned;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::Sum;
use core::ops::{Add, Index, IndexMut};

/// O(1): increments up to three reference counts.
impl<T> Clone for Vector<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            front: self.front.clone(),
            tree: self.tree.clone(),
            back: self.back.clone(),
        }
    }
}

impl<T> Default for Vector<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Vector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Pairs of slices at equal indices, up to the end of the shorter vector, without shared subtrees at equal indices.
fn aligned<'a, T>(a: &'a Vector<T>, b: &'a Vector<T>) -> Aligned<'a, T, ()> {
    Aligned::new(a.parts().rev(), b.parts().rev())
}

/// O(d · log n), where d is the number of items in nodes that the vectors don't share at equal indices. Shared items are
/// taken to equal themselves.
impl<T: PartialEq> PartialEq for Vector<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && aligned(self, other).all(|(a, b)| a == b)
    }
}

impl<T: Eq> Eq for Vector<T> {}

/// Compares as slices do: the first difference decides, then the length. Costs the same as `==`.
///
/// ```
/// use pleach_collections::Vector;
///
/// assert!(Vector::from([1, 2]) < Vector::from([1, 3]));
/// assert!(Vector::from([9]) < Vector::from([9, 0]));
/// ```
impl<T: Ord> Ord for Vector<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let items = aligned(self, other).map(|(a, b)| a.cmp(b)).find(|order| order.is_ne());
        items.unwrap_or_else(|| self.len().cmp(&other.len()))
    }
}

/// Compares as `Ord` does, at the same cost; `None` if the items of the first difference are unordered.
///
/// ```
/// use pleach_collections::Vector;
///
/// assert!(Vector::from([1.0]) < Vector::from([1.5]));
/// assert_eq!(Vector::from([1.0]).partial_cmp(&Vector::from([f64::NAN])), None);
/// ```
impl<T: PartialOrd> PartialOrd for Vector<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let mut items = aligned(self, other).map(|(a, b)| a.partial_cmp(b));
        let decided = items.find(|order| *order != Some(Ordering::Equal));
        decided.unwrap_or_else(|| self.len().partial_cmp(&other.len()))
    }
}

/// O(n). Hashes the length and the items in their order, as slices of most types do.
impl<T: Hash> Hash for Vector<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for item in self {
            item.hash(state);
        }
    }
}

/// Implements comparisons with sequences that are one slice.
macro_rules! equals_slice {
    ($($other:ty, [$($generics:tt)*];)*) => {$(
        impl<T: PartialEq<U>, U, $($generics)*> PartialEq<$other> for Vector<T> {
            fn eq(&self, other: &$other) -> bool {
                let mut rest: &[U] = &other[..];
                self.len() == rest.len()
                    && self.chunks().all(|chunk| {
                        let (here, after) = rest.split_at(chunk.len());
                        rest = after;
                        chunk == here
                    })
            }
        }
    )*};
}

equals_slice! {
    Vec<U>, [];
    [U], [];
    &[U], [];
    [U; N], [const N: usize];
    &[U; N], [const N: usize];
}

/// Implements comparisons of sequences with vectors.
macro_rules! equals_vector {
    ($($other:ty, [$($generics:tt)*];)*) => {$(
        impl<T: PartialEq<U>, U, $($generics)*> PartialEq<Vector<U>> for $other {
            fn eq(&self, other: &Vector<U>) -> bool {
                self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a == b)
            }
        }
    )*};
}

equals_vector! {
    Vec<T>, [];
    VecDeque<T>, [];
    [T], [];
    &[T], [];
    [T; N], [const N: usize];
    &[T; N], [const N: usize];
}

impl<T: PartialEq<U>, U> PartialEq<VecDeque<U>> for Vector<T> {
    fn eq(&self, other: &VecDeque<U>) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a == b)
    }
}

/// O(log n).
///
/// # Panics
/// Panics if the index isn't less than the length.
impl<T> Index<usize> for Vector<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        match self.get(index) {
            Some(item) => item,
            None => out_of_bounds(index, self.len()),
        }
    }
}

/// O(log n).
///
/// # Panics
/// Panics if the index isn't less than the length.
impl<T: Clone> IndexMut<usize> for Vector<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        let len = self.len();
        match self.get_mut(index) {
            Some(item) => item,
            None => out_of_bounds(index, len),
        }
    }
}

#[cold]
#[allow(clippy::panic, reason = "the contract of Index, as in std")]
fn out_of_bounds(index: usize, len: usize) -> ! {
    panic!("index out of bounds: the len is {len} but the index is {index}")
}

/// Concatenates: see [`Vector::append`].
///
/// ```
/// use pleach_collections::Vector;
///
/// assert_eq!(Vector::from([1]) + Vector::from([2]), [1, 2]);
/// ```
impl<T: Clone> Add for Vector<T> {
    type Output = Self;

    fn add(mut self, mut other: Self) -> Self {
        self.append(&mut other);
        self
    }
}

/// Concatenates: see [`Vector::concat`].
impl<T: Clone> Add for &Vector<T> {
    type Output = Vector<T>;

    fn add(self, other: Self) -> Vector<T> {
        self.concat(other)
    }
}

/// Concatenates all vectors, in O(log n) each.
///
/// ```
/// use pleach_collections::Vector;
///
/// let lines = [Vector::from(["a", "b"]), Vector::from(["c"])];
/// assert_eq!(lines.into_iter().sum::<Vector<_>>(), ["a", "b", "c"]);
/// ```
impl<T: Clone> Sum for Vector<T> {
    fn sum<I: Iterator<Item = Self>>(vectors: I) -> Self {
        vectors.fold(Self::new(), Self::add)
    }
}
