//! Tests that the defects of pathmap 0.3.5 can't be observed through [`Facts`], to be run before the pin is moved. `tests.rs`
//! checks for dangling paths after each step of its 10,000 sequences.

use super::{Facts, Key};
use std::sync::{Arc, Barrier};
use std::thread;

fn put(facts: &mut Facts<u64>, key: &[u8], entry: u64) {
    facts.insert(&Key::stored(key), entry);
}

fn take(facts: &mut Facts<u64>, key: &[u8]) -> Option<u64> {
    facts.remove(&Key::stored(key))
}

fn keep(ours: &u64, _: &u64) -> u64 {
    *ours
}

/// Empty maps made in different ways.
fn empties() -> Vec<Facts<u64>> {
    let mut emptied = Facts::new();
    put(&mut emptied, b"abc", 1);
    let full = emptied.clone();
    take(&mut emptied, b"abc");
    let mut joined = Facts::new();
    joined.join_with(&emptied, keep);
    let nothing = full.diff(&full.clone()).additions(|_| {});
    let nothing_apart = {
        let mut apart = Facts::new();
        put(&mut apart, b"abc", 1);
        full.diff(&apart).additions(|_| {})
    };
    vec![
        Facts::new(),
        Facts::default(),
        Facts::from_sorted([]),
        emptied,
        joined,
        nothing,
        nothing_apart,
    ]
}

/// The defect: a map without a root makes one when it is first read, without synchronisation. Under a sanitizer this test
/// shows the race itself.
#[test]
fn threads_may_read_and_clone_a_fresh_empty_map() {
    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
        for facts in empties() {
            let shared = Arc::new((facts, Barrier::new(4)));
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        let (facts, barrier) = &*shared;
                        barrier.wait();
                        let mut fork = if number % 2 == 0 { facts.clone() } else { Facts::new() };
                        assert_eq!(facts.get(&Key::stored(b"abc")), None);
                        assert!(facts.cursor().next_entry().is_none() && facts.cursor_at(b"a").is_none());
                        put(&mut fork, b"abc", number);
                        fork.join_with(facts, keep);
                        assert_eq!(facts.diff(&fork).additions(|_| {}).len(), 1);
                        assert!(facts.same(&facts.clone()) && facts.to_pathmap().is_empty());
                    })
                })
                .collect();
            for thread in threads {
                assert!(thread.join().is_ok());
            }
        }
    }
}

/// The defect: `join` with a map that has a dangling path returned an empty map.
#[test]
fn joining_loses_nothing() {
    let mut left = Facts::new();
    put(&mut left, b"abcde", 1);
    put(&mut left, b"abx", 2);
    take(&mut left, b"abcde");
    for empty in empties() {
        let mut joined = left.clone();
        joined.join_with(&empty, keep);
        assert_eq!((joined.len(), joined.get(&Key::stored(b"abx"))), (1, Some(&2)));
        let mut joined = empty.clone();
        joined.join_with(&left, keep);
        joined.check();
        assert_eq!((joined.len(), joined.get(&Key::stored(b"abx"))), (1, Some(&2)));
        put(&mut joined, b"abcde", 3);
        joined.join_with(&left, keep);
        joined.check();
        assert_eq!(joined.len(), 2);
    }
    let mut right = left.clone();
    take(&mut right, b"abx");
    right.check();
    put(&mut right, b"abcd", 4);
    take(&mut right, b"abcd");
    left.join_with(&right, keep);
    assert_eq!(left.len(), 1);
}

/// The defects: where nodes are shared, values were not joined, so that a sum was right in one place and wrong in another;
/// and where nodes are of different kinds, the right operand was taken for the left one.
#[test]
fn joined_values_are_made_once_from_left_and_right() {
    let mut base = Facts::new();
    for number in 0..1000_u64 {
        put(&mut base, &number.to_be_bytes(), number);
    }
    let mut left = base.clone();
    let mut right = base.clone();
    put(&mut left, &5_u64.to_be_bytes(), 50);
    put(&mut right, &6_u64.to_be_bytes(), 60);
    put(&mut right, b"only here", 1);
    let mut joined = left.clone();
    joined.join_with(&right, |ours, theirs| 10_000 * ours + theirs);
    joined.check();
    assert_eq!(joined.len(), 1001);
    for number in 0..1000_u64 {
        let (ours, theirs) = (
            if number == 5 { 50 } else { number },
            if number == 6 { 60 } else { number },
        );
        assert_eq!(
            joined.get(&Key::stored(&number.to_be_bytes())),
            Some(&(10_000 * ours + theirs))
        );
    }
    // Nodes of 256 children, subtracted and thinned out.
    let mut altered = 0;
    base.diff(&right).additions(|_| altered += 1).check();
    assert!(altered > 0);
    for number in (0..1000_u64).rev() {
        assert_eq!(
            take(&mut right, &number.to_be_bytes()),
            Some(if number == 6 { 60 } else { number })
        );
    }
    right.check();
    right.diff(&base).additions(|_| {}).check();
    assert_eq!(right.len(), 1);
    // A list node on one side, a dense one on the other.
    let (mut few, mut many) = (Facts::new(), Facts::new());
    put(&mut few, b"a", 3);
    for byte in b'a'..=b'z' {
        put(&mut many, &[byte], 1);
    }
    for (one, other, expected) in [(&few, &many, 31), (&many, &few, 13)] {
        let mut joined = one.clone();
        joined.join_with(other, |ours, theirs| 10 * ours + theirs);
        assert_eq!(joined.get(&Key::stored(b"a")), Some(&expected));
    }
}

/// `check`, on which other tests rely, finds dangling paths.
#[test]
#[should_panic(expected = "2: [61, 62, 64] leads nowhere")]
fn a_path_that_leads_nowhere_is_found() {
    let mut facts = Facts::new();
    put(&mut facts, b"abc", 1);
    facts.check();
    facts.trie.create_path(b"abd");
    facts.check();
}

#[test]
fn empty_maps_are_the_same_however_made() {
    let empties = empties();
    for one in &empties {
        for other in &empties {
            assert!(one.same(other) && one.diff(other).is_empty());
        }
        one.check();
    }
}

/// Keys of maximum length that branch at every byte: the deepest trie.
fn comb(tooth: u8, len: usize) -> Vec<Vec<u8>> {
    let back = [0x55; Key::MAX];
    (0..len)
        .map(|at| [&back[..at], &vec![tooth; Key::MAX - at]].concat())
        .collect()
}

fn every_operation_at_the_greatest_depth() {
    for (len, teeth) in [(Key::MAX, 1), (Key::MAX, 3), (1, 1)] {
        let mut left = Facts::new();
        let mut keys = Vec::new();
        for tooth in 0..teeth {
            for (key, entry) in comb(0x10 + tooth, len).into_iter().zip(0..) {
                put(&mut left, &key, entry);
                keys.push(key);
            }
        }
        keys.sort();
        assert_eq!(left.len(), keys.len());
        let bulk = Facts::from_sorted(keys.iter().map(|key| (Key::stored(key), 0)));
        let mut right = left.clone();
        let mut apart = Facts::new();
        for tooth in 0..teeth {
            for (key, entry) in comb(0x80 + tooth, len).into_iter().zip(0..) {
                put(&mut right, &key, entry);
                put(&mut apart, &key, entry);
            }
        }
        let changes = left.diff(&right);
        let mut walk = changes.walk();
        let mut count = 0;
        while walk.next_change().is_some() {
            count += 1;
        }
        assert_eq!(count, keys.len());
        assert_eq!(changes.additions(|_| {}).len(), count);
        assert!(!right.diff(&bulk).is_empty());
        let mut joined = left.clone();
        joined.join_with(&apart, keep);
        assert_eq!(joined.len(), 2 * keys.len());
        assert!(joined.diff(&right).is_empty() && right.diff(&joined).is_empty());
        joined.join_with(&bulk, keep);
        assert_eq!(joined.len(), 2 * keys.len());
        joined.check();
        let mut cursor = joined.cursor();
        let mut walked = 0;
        while cursor.next_entry().is_some() {
            walked += 1;
        }
        assert_eq!(walked, joined.len());
        let mut cursor = joined.cursor();
        assert!(cursor.first_of_length(Key::MAX) && cursor.next_of_length(Key::MAX));
        assert_eq!(cursor.next_entry_below(1).is_some(), len > 1 && teeth == 1);
        assert_eq!(
            joined.count_under(&[0x55], usize::MAX),
            2 * (keys.len() - usize::from(teeth))
        );
        assert!(!format!("{joined:?}").is_empty());
        for key in &keys {
            assert!(joined.get(&Key::stored(key)).is_some() && take(&mut joined, key).is_some());
        }
        joined.check();
        assert!(joined.diff(&apart).is_empty());
    }
}

fn on_a_stack_of(bytes: usize) {
    let thread = thread::Builder::new()
        .stack_size(bytes)
        .spawn(every_operation_at_the_greatest_depth);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

/// The defect: algebra recursed once for each node of a path, and overflowed the stack of a thread.
#[test]
fn the_longest_keys_fit_the_stack_of_a_rayon_thread() {
    on_a_stack_of(2 << 20);
}

/// Optimized builds use less stack.
#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "pathmap's frames are four times as large in a debug build"
)]
fn the_longest_keys_fit_half_a_megabyte() {
    on_a_stack_of(512 << 10);
}

#[test]
fn a_big_map_is_dropped_on_a_small_stack() {
    let thread = thread::Builder::new().stack_size(512 << 10).spawn(|| {
        let mut facts = Facts::new();
        let mut forks = Vec::new();
        for number in 0..100_000_u64 {
            put(
                &mut facts,
                &number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(),
                number,
            );
            if number % 1000 == 0 {
                forks.push(facts.clone());
            }
        }
        drop(facts);
        assert_eq!(forks.last().map(Facts::len), Some(99_001));
        drop(forks);
    });
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}
