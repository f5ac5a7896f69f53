//! Reduction of many collections to one.

/// Combines all values, from first to last; the default without any.
///
/// Unlike [`Iterator::reduce`], drops nothing of the user's while a closure returns: a destructor that panics there leaks the
/// returned value (rust-lang/rust#47949).
pub(crate) fn reduce<T: Default>(all: impl IntoIterator<Item = T>, mut combine: impl FnMut(&T, &T) -> T) -> T {
    let mut all = all.into_iter();
    let Some(mut result) = all.next() else {
        return T::default();
    };
    for one in all {
        result = combine(&result, &one);
    }
    result
}
