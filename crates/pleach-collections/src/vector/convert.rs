//! Conversions from and to the sequences of `std`.

use super::Vector;
use crate::btree::Builder;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// O(n).
impl<T: Clone> FromIterator<T> for Vector<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut builder = Builder::new();
        builder.extend(items);
        Self::built(builder)
    }
}

/// O(n).
impl<T: Clone> From<Vec<T>> for Vector<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone> From<&Vec<T>> for Vector<T> {
    fn from(items: &Vec<T>) -> Self {
        Self::from(items.as_slice())
    }
}

/// O(n). Clones the items.
impl<T: Clone> From<&[T]> for Vector<T> {
    fn from(items: &[T]) -> Self {
        let mut builder = Builder::new();
        builder.extend_from_slice(items);
        Self::built(builder)
    }
}

/// O(n).
impl<T: Clone, const N: usize> From<[T; N]> for Vector<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone, const N: usize> From<&[T; N]> for Vector<T> {
    fn from(items: &[T; N]) -> Self {
        Self::from(items.as_slice())
    }
}

/// O(n).
impl<T: Clone> From<VecDeque<T>> for Vector<T> {
    fn from(items: VecDeque<T>) -> Self {
        items.into_iter().collect()
    }
}

/// O(n). Clones the items that another vector shares.
impl<T: Clone> From<Vector<T>> for Vec<T> {
    fn from(vector: Vector<T>) -> Self {
        vector.into_iter().collect()
    }
}

/// O(n). Clones the items.
impl<T: Clone> From<&Vector<T>> for Vec<T> {
    fn from(vector: &Vector<T>) -> Self {
        let mut items = Self::with_capacity(vector.len());
        vector.chunks().for_each(|chunk| items.extend_from_slice(chunk));
        items
    }
}

/// O(n). Clones the items that another vector shares.
impl<T: Clone> From<Vector<T>> for VecDeque<T> {
    fn from(vector: Vector<T>) -> Self {
        vector.into_iter().collect()
    }
}

impl<T: Clone> Vector<T> {
    /// Appends clones of the items of a slice. O(the slice's length). If `Clone` panics, the items before are in the vector.
    ///
    /// ```
    /// let mut vector = pleach_collections::Vector::from([1]);
    /// vector.extend_from_slice(&[2, 3]);
    /// assert_eq!(vector, [1, 2, 3]);
    /// ```
    pub fn extend_from_slice(&mut self, items: &[T]) {
        self.extend(items);
    }
}

/// Appends items. If the iterator panics, the items that it yielded before are in the vector.
impl<T: Clone> Extend<T> for Vector<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push_back(item));
    }
}

/// Appends clones of items.
impl<'a, T: Clone + 'a> Extend<&'a T> for Vector<T> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, items: I) {
        self.extend(items.into_iter().cloned());
    }
}
