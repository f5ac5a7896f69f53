//! Auto traits, variance, sizes and formatting of the public types.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::vector::{self, Vector};
use std::hash::{BuildHasher, RandomState};
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};

#[test]
fn threads_and_unwinding() {
    fn promises<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    promises::<Vector<String>>();
    promises::<vector::Iter<'_, String>>();
    promises::<vector::Chunks<'_, String>>();
    promises::<vector::Focus<'_, String>>();
    promises::<vector::IntoIter<String>>();
    promises::<vector::Hunk>();
    promises::<vector::Violation>();
    fn sent<T: Send + Sync + Unpin>() {}
    sent::<vector::IterMut<'_, String>>();
    sent::<vector::FocusMut<'_, String>>();
}

/// Nodes are shared between threads, so that `Send` takes items that are `Send` and `Sync`.
#[test]
fn items_that_stay_on_a_thread() {
    struct Probe<T>(std::marker::PhantomData<T>);
    trait No {
        fn is_send(&self) -> bool {
            false
        }
    }
    impl<T> No for Probe<T> {}
    // An inherent method takes precedence over a trait's.
    macro_rules! yes {
        ($($type:ty)*) => {$(
            #[allow(dead_code, reason = "not called if the type is not `Send`")]
            impl Probe<$type> where $type: Send {
                fn is_send(&self) -> bool {
                    true
                }
            }
        )*};
    }
    yes!(Vector<u32>);
    assert!(Probe::<Vector<u32>>(std::marker::PhantomData).is_send());
    assert!(!Probe::<Vector<std::rc::Rc<u32>>>(std::marker::PhantomData).is_send());
}

/// The collection and its iterators are covariant.
#[test]
fn variance() {
    type Long = &'static str;
    fn vector<'a>(vector: Vector<Long>) -> Vector<&'a str> {
        vector
    }
    fn iter<'a>(iter: vector::Iter<'a, Long>) -> vector::Iter<'a, &'a str> {
        iter
    }
    fn focus<'a>(focus: vector::Focus<'a, Long>) -> vector::Focus<'a, &'a str> {
        focus
    }
    fn into_iter<'a>(iter: vector::IntoIter<Long>) -> vector::IntoIter<&'a str> {
        iter
    }
    let long: Vector<Long> = Vector::from(["a"]);
    assert_eq!(iter(long.iter()).len() + focus(long.focus()).len(), 2);
    assert_eq!(into_iter(long.clone().into_iter()).len() + vector(long).len(), 2);
}

#[test]
fn iterators_are_exact_fused_and_double_ended() {
    fn promises<I: ExactSizeIterator + FusedIterator + DoubleEndedIterator + Default>(_: I) {
        assert_eq!(I::default().len(), 0);
    }
    fn chunks<I: FusedIterator + DoubleEndedIterator + Default + Clone>(_: I) {
        assert_eq!(I::default().count(), 0);
    }
    let mut vector: Vector<u32> = Vector::from([1, 2]);
    promises(vector.iter());
    promises(vector.range(1..));
    promises(vector.iter_mut());
    promises(vector.range_mut(..1));
    promises(vector.drain(..1));
    chunks(vector.chunks());
    promises(vector.into_iter());
}

/// Empty vectors are constants, and as long as a `Vec`.
#[test]
fn constants_and_sizes() {
    const EMPTY: Vector<u32> = Vector::new();
    assert_eq!(EMPTY.len(), 0);
    assert_eq!(size_of::<Vector<u32>>(), size_of::<Vec<u32>>());
}

/// Methods that compare and clone nothing have no bounds.
#[test]
fn bounds_are_few() {
    struct Plain;
    let vector: Vector<Plain> = Vector::default();
    let mut copy = vector.clone();
    copy.clear();
    assert!(vector.ptr_eq(&copy) && vector.iter().next().is_none() && vector.chunks().next().is_none());
    assert!(vector.front().is_none() && vector.get(0).is_none() && vector.focus().is_empty());
}

#[test]
fn debug_and_hash_are_those_of_std() {
    let (mut vector, model) = (Vector::from([7_u32, 1]), vec![7_u32, 1]);
    assert_eq!(
        format!("{vector:?} {:?} {:?}", vector.iter(), vector.focus()),
        "[7, 1] [7, 1] [7, 1]"
    );
    assert_eq!(format!("{:?}", vector.chunks()), "[[7, 1]]");
    assert_eq!(format!("{:?}", vector.iter_mut()), "IterMut { remaining: 2 }");
    assert_eq!(format!("{:?}", vector.focus_mut()), "FocusMut { len: 2 }");
    assert_eq!(format!("{:?}", vector.clone().into_iter()), "IntoIter { remaining: 2 }");
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&vector), hasher.hash_one(&model));
    let concat = vector.take(1).concat(&vector.skip(1));
    assert_eq!(hasher.hash_one(&concat), hasher.hash_one(&vector));
}
