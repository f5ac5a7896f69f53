//! Reduction of collections to one.

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

/// Combines two values, and drops both before the result is returned: see [`reduce`].
pub(crate) fn combine<T>(a: T, b: T, combine: impl FnOnce(&T, &T) -> T) -> T {
    let result = combine(&a, &b);
    drop((a, b));
    result
}

#[cfg(test)]
mod tests {
    use super::{combine, reduce};
    use core::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    std::thread_local! {
        static ALIVE: Cell<i32> = const { Cell::new(0) };
    }

    /// Panics when it is dropped, if it says so.
    struct Value(bool);

    impl Value {
        fn new(panics: bool) -> Self {
            ALIVE.set(ALIVE.get() + 1);
            Self(panics)
        }
    }

    impl Default for Value {
        fn default() -> Self {
            Self::new(false)
        }
    }

    impl Drop for Value {
        fn drop(&mut self) {
            ALIVE.set(ALIVE.get() - 1);
            assert!(!self.0, "planned");
        }
    }

    #[test]
    fn panicking_destructors_leak_no_result() {
        for at in 0..3 {
            let values = || [0, 1, 2].map(|index| Value::new(index == at));
            let all = catch_unwind(AssertUnwindSafe(|| reduce(values(), |_, _| Value::new(false))));
            assert!(all.is_err());
            assert_eq!(ALIVE.get(), 0);
            if at < 2 {
                let two = catch_unwind(AssertUnwindSafe(|| {
                    combine(Value::new(at == 0), Value::new(at == 1), |_, _| Value::new(false))
                }));
                assert!(two.is_err());
                assert_eq!(ALIVE.get(), 0);
            }
        }
    }
}
