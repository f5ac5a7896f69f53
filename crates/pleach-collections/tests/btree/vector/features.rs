//! The traits of other crates.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(any(
    feature = "arbitrary",
    feature = "im",
    feature = "imbl",
    feature = "quickcheck",
    feature = "rayon",
    feature = "serde"
))]

use pleach_collections::Vector;

#[cfg(feature = "arbitrary")]
#[test]
fn bytes_become_vectors() {
    use arbitrary::{Arbitrary, Unstructured};
    let bytes: Vec<u8> = (0..6_000_u32).map(|i| ((i * 7919) >> 3) as u8).collect();
    let mut source = Unstructured::new(&bytes);
    let vectors: Vec<Vector<u16>> = (0..100).map(|_| Vector::arbitrary(&mut source).unwrap()).collect();
    assert!(vectors.iter().map(Vector::len).sum::<usize>() > 20);
}

#[cfg(feature = "im")]
#[test]
fn to_im_and_back() {
    let vector: Vector<u16> = (0..500).collect();
    let theirs: im::Vector<u16> = (&vector).into();
    assert!(theirs.iter().eq(&vector));
    assert_eq!(im::Vector::from(vector.clone()), theirs);
    assert_eq!((Vector::from(&theirs), Vector::from(theirs)), (vector.clone(), vector));
}

#[cfg(feature = "imbl")]
#[test]
fn to_imbl_and_back() {
    let vector: Vector<u16> = (0..500).collect();
    let theirs: imbl::Vector<u16> = (&vector).into();
    assert!(theirs.iter().eq(&vector));
    assert_eq!(imbl::Vector::from(vector.clone()), theirs);
    assert_eq!((Vector::from(&theirs), Vector::from(theirs)), (vector.clone(), vector));
}

#[cfg(feature = "quickcheck")]
#[test]
fn vectors_are_generated_and_shrunk() {
    use quickcheck::{Arbitrary, Gen};
    let mut g = Gen::new(30);
    let vector = std::iter::repeat_with(|| Vector::<u16>::arbitrary(&mut g)).find(|vector| vector.len() > 3);
    let vector = vector.unwrap();
    assert!(vector.shrink().any(|smaller| smaller.len() < vector.len()));
}

#[cfg(feature = "serde")]
#[test]
fn json_round_trips() {
    let vector: Vector<u16> = (0..500).collect();
    let text = serde_json::to_string(&vector).unwrap();
    assert!(text.starts_with("[0,1,2,"));
    assert_eq!(serde_json::from_str::<Vector<u16>>(&text).unwrap(), vector);
    assert!(serde_json::from_str::<Vector<u16>>("{}").is_err());
    assert!(serde_json::from_str::<Vector<u16>>("[1,\"a\"]").is_err());
}

#[cfg(feature = "rayon")]
#[test]
fn parallel_iterators_are_indexed() {
    use rayon::prelude::*;
    for n in [0, 1, 100, 20_000_u32] {
        let mut vector: Vector<u32> = (0..n).into_par_iter().collect();
        vector.push_front(n);
        let model = Vec::from(&vector);
        let mut fork = vector.clone();
        assert_eq!(vector.par_iter().copied().collect::<Vec<_>>(), model);
        fork.par_iter_mut().enumerate().for_each(|(i, item)| *item += i as u32);
        fork.check().unwrap();
        assert!(
            fork.iter()
                .zip(&model)
                .enumerate()
                .all(|(i, (a, b))| *a == b + i as u32)
        );
        assert_eq!(vector.par_iter().zip(fork.par_iter()).rev().count(), model.len());
        assert_eq!(
            vector.clone().into_par_iter().rev().collect::<Vec<_>>().last(),
            Some(&n)
        );
        vector.par_extend(0..10_u32);
        vector.par_extend(&[7_u32]);
        assert_eq!(vector.len(), model.len() + 11);
        assert_eq!(vector.take(model.len()), model);
    }
}
