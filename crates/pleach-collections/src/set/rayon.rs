//! Parallel iterators over [`Set`], with the feature `rayon`.

use super::Set;
use crate::map::rayon::{IntoParIter, ParIter};
use ::rayon::iter::{self, ParallelIterator};
use ::rayon::prelude::*;
use core::hash::{BuildHasher, Hash};

impl<'a, T: Send + Sync, S> IntoParallelIterator for &'a Set<T, S> {
    type Item = &'a T;
    type Iter = iter::Map<ParIter<'a, T, ()>, fn((&'a T, &'a ())) -> &'a T>;

    fn into_par_iter(self) -> Self::Iter {
        self.map.par_iter().map(|(item, ())| item)
    }
}

impl<T: Clone + Send + Sync, S> IntoParallelIterator for Set<T, S> {
    type Item = T;
    type Iter = iter::Map<IntoParIter<T, ()>, fn((T, ())) -> T>;

    fn into_par_iter(self) -> Self::Iter {
        self.map.into_par_iter().map(|(item, ())| item)
    }
}

impl<T, S> ParallelExtend<T> for Set<T, S>
where
    T: Hash + Eq + Clone + Send + Sync,
    S: BuildHasher + Clone + Send + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, items: I) {
        self.map.par_extend(items.into_par_iter().map(|item| (item, ())));
    }
}

impl<T, S> FromParallelIterator<T> for Set<T, S>
where
    T: Hash + Eq + Clone + Send + Sync,
    S: BuildHasher + Default + Clone + Send + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(items: I) -> Self {
        let mut set = Self::default();
        set.par_extend(items);
        set
    }
}
