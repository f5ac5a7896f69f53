//! The sequence against `BTreeMap`, over clones, with tiny nodes.

use super::{Node, Root, Sequence};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};
use std::collections::BTreeMap;
use std::sync::Arc;

type Tiny = Sequence<Arc<u32>, 4>;

/// One step on one of several forks.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A key after all others, as of a new rule.
    Push,
    Insert(u64),
    Remove(u64),
    /// The nth key of the sequence.
    RemoveNth(usize),
    Fork(usize),
    Switch(usize),
    Range(u64),
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let key = u64::arbitrary(g) % 128;
        match u8::arbitrary(g) % 16 {
            0..=4 => Step::Push,
            5..=7 => Step::Insert(key),
            8 => Step::Remove(key),
            9..=12 => Step::RemoveNth(usize::arbitrary(g)),
            13 => Step::Fork(usize::arbitrary(g)),
            14 => Step::Switch(usize::arbitrary(g)),
            _ => Step::Range(key),
        }
    }
}

fn agree(sequence: &Tiny, model: &BTreeMap<u64, u32>) -> bool {
    sequence.check();
    sequence.len() == model.len()
        && sequence.is_empty() == model.is_empty()
        && sequence
            .iter()
            .map(|(key, value)| (key, **value))
            .eq(model.iter().map(|(key, value)| (*key, *value)))
}

fn run(steps: Vec<Step>) -> bool {
    let mut forks = vec![(Tiny::new(), BTreeMap::new())];
    let mut at = 0;
    for (serial, step) in (0..).zip(steps) {
        let count = forks.len();
        let (sequence, model) = &mut forks[at];
        let good = match step {
            Step::Push => {
                let key = model.last_key_value().map_or(0, |(key, _)| key + 1);
                sequence.insert(key, Arc::new(serial)).is_none() && model.insert(key, serial).is_none()
            }
            Step::Insert(key) => sequence.insert(key, Arc::new(serial)).map(|old| *old) == model.insert(key, serial),
            Step::Remove(key) => sequence.remove(key).map(|old| *old) == model.remove(&key),
            Step::RemoveNth(nth) => {
                let key = model.keys().nth(nth % model.len().max(1)).copied();
                key.is_none_or(|key| sequence.remove(key).map(|old| *old) == model.remove(&key))
            }
            Step::Fork(to) => {
                let fork = forks[at].clone();
                if count < 4 {
                    forks.push(fork);
                } else {
                    forks[to % count] = fork;
                }
                true
            }
            Step::Switch(to) => {
                at = to % count;
                true
            }
            Step::Range(key) => {
                sequence
                    .iter_from(key)
                    .map(|(key, value)| (key, **value))
                    .eq(model.range(key..).map(|(k, v)| (*k, *v)))
                    && sequence.get(key).map(|value| **value) == model.get(&key).copied()
            }
        };
        if !good || !agree(&forks[at].0, &forks[at].1) {
            return false;
        }
    }
    forks.iter().all(|(sequence, model)| agree(sequence, model)) && differences_agree(&forks)
}

fn differences_agree(forks: &[(Tiny, BTreeMap<u64, u32>)]) -> bool {
    forks.iter().all(|(sequence, model)| {
        forks.iter().all(|(other, other_model)| {
            let found = sequence.without(other, |a, b| a == b);
            let expected = model.iter().filter(|(key, value)| other_model.get(key) != Some(value));
            found
                .into_iter()
                .map(|(key, value)| (key, **value))
                .eq(expected.map(|(key, value)| (*key, *value)))
        })
    })
}

#[test]
fn agrees_with_a_btree_map_over_clones() {
    quick_check(10_000)
        .rng(Gen::new(50))
        .quickcheck(run as fn(Vec<Step>) -> bool);
}

/// Long runs of one kind of step, to make trees deep and shallow again.
#[test]
fn grows_deep_and_shrinks_back() {
    fn grow_and_shrink(keys: Vec<u16>, order: u8) -> bool {
        let mut model: BTreeMap<u64, u32> = (0..300).map(|key| (key * 1000, 0)).collect();
        let mut sequence: Tiny = model.iter().map(|(key, value)| (*key, Arc::new(*value))).collect();
        for key in &keys {
            let key = u64::from(*key) * 5;
            sequence.insert(key, Arc::new(1));
            model.insert(key, 1);
        }
        let whole = (sequence.clone(), model.clone());
        let mut leaving: Vec<u64> = model.keys().copied().collect();
        match order % 3 {
            0 => {}
            1 => leaving.reverse(),
            _ => leaving.sort_by_key(|key| key.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        }
        for (round, key) in leaving.into_iter().enumerate() {
            if sequence.remove(key).map(|old| *old) != model.remove(&key) || sequence.remove(key).is_some() {
                return false;
            }
            if round % 16 == 0 && !agree(&sequence, &model) {
                return false;
            }
        }
        agree(&sequence, &model) && sequence.is_empty() && agree(&whole.0, &whole.1)
    }
    quick_check(200).quickcheck(grow_and_shrink as fn(Vec<u16>, u8) -> bool);
}

fn depth<V, const N: usize>(sequence: &Sequence<V, N>) -> usize {
    let Root::Tree(root, _) = &sequence.root else {
        return 0;
    };
    let (mut node, mut depth) = (&**root, 1);
    while let Node::Inner(items) = node {
        (node, depth) = (&items[0].1, depth + 1);
    }
    depth
}

#[test]
fn depth_stays_logarithmic_after_removals() {
    let mut sequence: Sequence<u64> = (0..100_000).map(|key| (key, key)).collect();
    sequence.check();
    assert_eq!(depth(&sequence), 4, "pushing fills the leaves: 100,000 is below 32⁴");
    // A sliding window, as of an interpreter that defines and removes rules: no nodes are left.
    for key in 100_000..400_000 {
        sequence.insert(key, key);
        assert_eq!(sequence.remove(key - 100_000), Some(key - 100_000));
    }
    sequence.check();
    assert!(depth(&sequence) <= 5);
    for key in 300_000..400_000 {
        if key % 1000 != 0 {
            sequence.remove(key);
        }
    }
    sequence.check();
    assert_eq!(sequence.len(), 100);
    assert!(depth(&sequence) <= 2);
}

#[test]
fn writes_to_a_clone_copy_one_path() {
    let sequence: Sequence<Arc<u64>> = (0..100_000).map(|key| (key, Arc::new(key))).collect();
    let mut fork = sequence.clone();
    assert!(fork.ptr_eq(&sequence));
    assert_eq!(fork.remove(1_000_000), None);
    assert!(fork.ptr_eq(&sequence), "removing what is not there copies nothing");
    fork.insert(50_000, Arc::new(0));
    assert!(!fork.ptr_eq(&sequence));
    let copied = sequence
        .iter()
        .filter(|(_, value)| Arc::strong_count(value) > 1)
        .count();
    assert!(copied <= 32, "one leaf, not {copied} elements");
    assert_eq!(sequence.get(50_000).map(|value| **value), Some(50_000));
}

#[test]
fn diffs_of_clones_skip_shared_nodes() {
    let sequence: Sequence<u64> = (0..100_000).map(|key| (key * 2, key)).collect();
    let mut fork = sequence.clone();
    fork.insert(100_001, 0);
    fork.insert(199_998, 0);
    fork.remove(50_000);
    // Over a full root: one level more than before.
    let mut longer = fork.clone();
    for key in 200_000..300_000 {
        longer.insert(key * 2, key);
    }
    for (new, expected) in [(&fork, 2), (&longer, 100_002)] {
        let mut looks = 0;
        let found = new.without(&sequence, |a, b| {
            looks += 1;
            a == b
        });
        assert_eq!(found.len(), expected);
        assert!(looks <= 5 * 32, "{looks} looks");
    }
}

#[test]
fn a_sequence_is_small() {
    assert!(size_of::<Sequence<Arc<u64>>>() <= 24);
}
