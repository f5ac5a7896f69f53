//! Parallel iterators over [`OrdSet`], with the feature `rayon`.

use super::OrdSet;
use crate::ord_map::rayon::{IntoParIter, ParIter};
use ::rayon::iter::{self, ParallelIterator};
use ::rayon::prelude::*;

impl<'a, T: Send + Sync> IntoParallelIterator for &'a OrdSet<T> {
    type Item = &'a T;
    type Iter = iter::Map<ParIter<'a, T, ()>, fn((&'a T, &'a ())) -> &'a T>;

    fn into_par_iter(self) -> Self::Iter {
        self.map.par_iter().map(|(item, ())| item)
    }
}

impl<T: Clone + Send + Sync> IntoParallelIterator for OrdSet<T> {
    type Item = T;
    type Iter = iter::Map<IntoParIter<T, ()>, fn((T, ())) -> T>;

    fn into_par_iter(self) -> Self::Iter {
        self.map.into_par_iter().map(|(item, ())| item)
    }
}

impl<T: Ord + Clone + Send + Sync> ParallelExtend<T> for OrdSet<T> {
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, items: I) {
        self.map.par_extend(items.into_par_iter().map(|item| (item, ())));
    }
}

impl<T: Ord + Clone + Send + Sync> FromParallelIterator<T> for OrdSet<T> {
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::default();
        set.par_extend(items);
        set
    }
}
