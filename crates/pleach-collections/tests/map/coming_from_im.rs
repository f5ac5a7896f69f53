//! Counterparts of the methods of `im`, `imbl` and `std`, against models, under hostile hashers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::map::EntryRef;
use pleach_collections::{Bag, Map, Set, bag, map, set};
use pleach_testkit::frail_entries::{Key, Value};
use pleach_testkit::fuse;
use pleach_testkit::hostile::Hostile;
use pleach_testkit::quick_check;
use pleach_testkit::small_maps::{Decide, Entries, Fits, Model, Resolve, Subject, edit, model, subject};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

const KEYS: u16 = 60;
const ADD: Decide = |_, a, b| a + b;

/// Returns two maps, which share nodes and a hasher unless they are `apart`.
fn two(
    hashers: (Hostile, Hostile),
    base: &[(u16, i32)],
    a: &[(u16, i32)],
    b: &[(u16, i32)],
    apart: bool,
) -> (Subject, Subject) {
    let mut x = Subject::with_hasher(hashers.0);
    edit(&mut x, base, KEYS);
    let mut y = x.clone();
    if apart {
        y = Subject::with_hasher(hashers.1);
        y.extend(&x);
    }
    edit(&mut x, a, KEYS);
    edit(&mut y, b, KEYS);
    (x, y)
}

fn check(property: fn((Hostile, Hostile), Entries, Entries, Entries, bool)) {
    quick_check(2_000).quickcheck(property);
}

#[test]
fn whole_map_operations_match_the_model() {
    check(|hashers, base, a, b, apart| {
        let (x, y) = two(hashers, &base, &a, &b, apart);
        let (p, q) = (model(&x), model(&y));

        let mut sum = p.clone();
        for (key, value) in &q {
            sum.entry(*key).and_modify(|v| *v = *v * 10 + value).or_insert(*value);
        }
        let digits: Decide = |_, a, b| a * 10 + b;
        assert_eq!(model(&x.sum_with(&y, digits)), sum);
        let doubled = p.iter().map(|(key, value)| (*key, value * 2)).collect();
        assert_eq!(model(&x.sum_with(&x, ADD)), doubled);

        let f = |_: &u16, a: &i32, b: &i32| (a > b).then(|| a - b);
        let of_both = |key: &u16| f(key, p.get(key)?, q.get(key)?);
        let only = |x: &Model, y: &Model| -> Model {
            let only = x.iter().filter(|(key, _)| !y.contains_key(key));
            only.map(|(key, value)| (*key, *value)).collect()
        };
        let mut left = only(&p, &q);
        left.extend(p.keys().filter_map(|key| Some((*key, of_both(key)?))));
        assert_eq!(model(&x.difference_with(&y, f)), left);
        left.extend(only(&q, &p));
        assert_eq!(model(&x.symmetric_difference_with(&y, f)), left);

        // With values of another type.
        let digits =
            |key: u16, a: i32, b: i32| u64::from(key) * 100 + a.unsigned_abs() as u64 * 10 + b.unsigned_abs() as u64;
        let numbers = x.intersection_with(&y.clone(), |key, a, b| digits(*key, *a, *b));
        numbers.check().unwrap();
        let expected = p
            .iter()
            .filter_map(|(key, a)| Some((*key, digits(*key, *a, *q.get(key)?))));
        assert_eq!(BTreeMap::from(numbers), expected.collect());

        let is_proper = p.len() < q.len() && p.iter().all(|(key, value)| q.get(key) == Some(value));
        assert_eq!(x.is_proper_submap(&y), is_proper);
        let equal: Fits = |a, b| a == b;
        assert!(!x.is_proper_submap_by(&x, equal));
        let union = x.union(&y);
        assert_eq!(&x + &y, union);
        assert_eq!(x.clone() + y.clone(), union);
    });
}

#[test]
fn the_order_is_that_of_sorted_entries() {
    check(|hashers, base, a, b, apart| {
        let (x, y) = two(hashers, &base, &a, &b, apart);
        let (p, q) = (model(&x), model(&y));
        assert_eq!(x.cmp(&y), p.cmp(&q));
        assert_eq!(y.partial_cmp(&x), q.partial_cmp(&p));
        assert_eq!(x.cmp(&y).is_eq(), x == y);
        let no_items: Set<u16, Hostile> = Set::with_hasher(hashers.0);
        let nothing: Bag<u16, Hostile> = Bag::with_hasher(hashers.0);
        let set = |map: &Subject| {
            let mut set = no_items.new_like();
            set.extend(map.keys());
            set
        };
        let sets = (p.keys().collect::<BTreeSet<_>>(), q.keys().collect::<BTreeSet<_>>());
        assert_eq!(set(&x).cmp(&set(&y)), sets.0.cmp(&sets.1));
        let bag = |map: &Subject| {
            let mut bag = nothing.new_like();
            bag.extend(map.iter().map(|(key, value)| (*key, value.unsigned_abs().into())));
            bag
        };
        let counts = |model: &Model| {
            model
                .iter()
                .map(|(k, v)| (*k, u64::from(v.unsigned_abs())))
                .collect::<BTreeMap<_, _>>()
        };
        assert_eq!(bag(&x).partial_cmp(&bag(&y)), counts(&p).partial_cmp(&counts(&q)));
    });
    let (one, nan) = (map! { 1_u16 => 1.0 }, map! { 1_u16 => f64::NAN });
    assert_eq!(
        (one.partial_cmp(&nan), nan.partial_cmp(&nan.clone())),
        (None, Some(std::cmp::Ordering::Equal))
    );
}

/// Zero-sized hashers of different types have the same id, but not the same hashes.
#[test]
fn maps_of_two_types_of_hashers_can_be_equal() {
    #[derive(Clone, Default)]
    struct Same;
    #[derive(Clone, Default)]
    struct Reversed;
    struct Bits(u64, bool);
    impl Hasher for Bits {
        fn finish(&self) -> u64 {
            if self.1 { self.0.reverse_bits() } else { self.0 }
        }
        fn write(&mut self, bytes: &[u8]) {
            bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
        }
    }
    impl BuildHasher for Same {
        type Hasher = Bits;
        fn build_hasher(&self) -> Bits {
            Bits(0, false)
        }
    }
    impl BuildHasher for Reversed {
        type Hasher = Bits;
        fn build_hasher(&self) -> Bits {
            Bits(0, true)
        }
    }
    fn property(entries: Entries, other: u16) {
        let a: Map<u16, i32, Same> = entries.iter().copied().collect();
        let mut b: Map<u16, i32, Reversed> = a.iter().map(|(k, v)| (*k, *v)).collect();
        let c: Map<u16, i32> = a.iter().map(|(k, v)| (*k, *v)).collect();
        let both_ways = [a == b, b == a, a == c, c == b, b == b.clone()];
        assert_eq!(both_ways, [true; 5]);
        b.insert(other, a.get(&other).map_or(0, |v| v.wrapping_add(1)));
        assert!(a != b && b != c);
        let sets = (
            a.keys().copied().collect::<Set<_, Same>>(),
            b.keys().copied().collect::<Set<_, Reversed>>(),
        );
        assert_eq!(sets.0 == sets.1, a.contains_key(&other));
        let bags = (
            a.keys().copied().collect::<Bag<_, Same>>(),
            b.keys().copied().collect::<Bag<_, Reversed>>(),
        );
        assert_eq!(bags.0 == bags.1, a.contains_key(&other));
    }
    quick_check(500).quickcheck(property as fn(Entries, u16));
}

#[test]
fn several_values_are_written_at_once() {
    fn property(hasher: Hostile, edits: Entries, keys: (u16, u16, u16, u16)) {
        let mut x = Subject::with_hasher(hasher);
        edit(&mut x, &edits, KEYS);
        let (fork, before) = (x.clone(), model(&x));
        let keys = [keys.0, keys.1, keys.2, keys.3].map(|key| key % KEYS);
        let present: Vec<u16> = keys.into_iter().filter(|key| before.contains_key(key)).collect();
        let overlap = present.iter().collect::<BTreeSet<_>>().len() < present.len();
        let keys_by_ref = keys.each_ref();
        let found = catch_unwind(AssertUnwindSafe(|| {
            for (i, value) in x.get_disjoint_mut(keys_by_ref).into_iter().enumerate() {
                assert_eq!(value.as_deref(), before.get(&keys[i]));
                if let Some(value) = value {
                    *value = 100 + i as i32;
                }
            }
        }));
        assert_eq!(found.is_err(), overlap);
        let mut expected = before.clone();
        if !overlap {
            for (i, key) in keys.iter().enumerate() {
                expected.entry(*key).and_modify(|value| *value = 100 + i as i32);
            }
        }
        assert_eq!(model(&x), expected);
        assert_eq!(model(&fork), before);
    }
    fuse::quiet();
    quick_check(2_000).quickcheck(property as fn(Hostile, Entries, (u16, u16, u16, u16)));
    assert_eq!(Map::<u16, i32>::new().get_disjoint_mut([&1, &1]), [None, None]);
}

#[test]
fn entries_are_extracted_one_by_one() {
    fn property(hasher: Hostile, edits: Entries, upto: usize) {
        let mut x = Subject::with_hasher(hasher);
        edit(&mut x, &edits, KEYS);
        let (fork, before) = (x.clone(), model(&x));
        let picked = before.iter().filter(|(key, _)| *key % 3 == 0).count();
        let upto = upto % (picked + 2);
        let taken: Model = x.extract_if(|key, _| key % 3 == 0).take(upto).collect();
        assert_eq!(taken.len(), upto.min(picked));
        assert!(taken.iter().all(|(key, value)| key % 3 == 0 && before[key] == *value));
        let mut together = model(&x);
        together.extend(taken);
        assert_eq!(together, before);
        assert_eq!(x.extract_if(|_, _| true).count(), before.len() - upto.min(picked));
        assert!(x.is_empty());
        assert_eq!(model(&fork), before);
    }
    quick_check(2_000).quickcheck(property as fn(Hostile, Entries, usize));
}

/// A clone of a partly consumed iterator yields what the original does, and neither moves entries that the other
/// yields.
#[test]
fn consuming_iterators_can_be_cloned_anywhere() {
    fn property(hasher: Hostile, edits: Entries, shared: bool, at: usize) {
        // Keys and values are on the heap, so that memory checkers find double drops and leaks.
        let mut x: Map<Key, Value, Hostile> = Map::with_hasher(hasher);
        let entry = |(key, value): &(u16, i32)| (Key::new(u32::from(key % 300)), Value::new(value.unsigned_abs()));
        x.extend(edits.iter().map(entry));
        let fork = shared.then(|| x.clone());
        let expected: Vec<(Key, Value)> = x.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let at = at % (expected.len() + 1);
        let mut first = x.into_iter();
        let head: Vec<_> = first.by_ref().take(at).collect();
        assert_eq!(head, expected[..at]);
        let second = first.clone();
        assert_eq!((first.len(), second.len()), (expected.len() - at, expected.len() - at));
        if at.is_multiple_of(2) {
            drop(first);
        } else {
            assert_eq!(first.collect::<Vec<_>>(), expected[at..]);
        }
        let third = second.clone();
        assert_eq!(second.collect::<Vec<_>>(), expected[at..]);
        assert_eq!(third.collect::<Vec<_>>(), expected[at..]);
        assert!(fork.is_none_or(|fork| fork.len() == expected.len()));
    }
    quick_check(3_000).quickcheck(property as fn(Hostile, Entries, bool, usize));
}

#[test]
fn iterators_have_an_empty_default() {
    assert_eq!(map::Iter::<u32, u32>::default().len(), 0);
    assert_eq!(map::Keys::<u32, u32>::default().count(), 0);
    assert_eq!(map::Values::<u32, u32>::default().count(), 0);
    assert_eq!(map::IterMut::<u32, u32>::default().count(), 0);
    assert_eq!(map::ValuesMut::<u32, u32>::default().count(), 0);
    assert_eq!(map::IntoIter::<u32, u32>::default().count(), 0);
    assert_eq!(map::IntoKeys::<u32, u32>::default().count(), 0);
    assert_eq!(map::IntoValues::<u32, u32>::default().count(), 0);
}

#[test]
fn borrowed_entries_match_std() {
    fn property(hasher: Hostile, words: Vec<(u8, u8)>) {
        let mut ours: Map<String, u32, Hostile> = Map::with_hasher(hasher);
        let mut std: HashMap<String, u32> = HashMap::new();
        for (word, kind) in words {
            let word = format!("{}", word % 40);
            match kind % 4 {
                0 => {
                    let removed = match ours.entry_ref(word.as_str()) {
                        EntryRef::Occupied(entry) => Some(entry.remove_entry()),
                        EntryRef::Vacant(entry) => {
                            assert_eq!(entry.key(), word);
                            None
                        }
                    };
                    assert_eq!(removed, std.remove_entry(&word));
                }
                1 => {
                    let ours = ours.entry_ref(word.as_str()).and_modify(|n| *n *= 2).or_insert(3);
                    assert_eq!(ours, std.entry(word).and_modify(|n| *n *= 2).or_insert(3));
                }
                2 => match ours.try_insert(word.clone(), 5) {
                    Ok(value) => assert_eq!((std.insert(word, 5), *value), (None, 5)),
                    Err(error) => {
                        assert_eq!(error.entry.get(), &std[&word]);
                        assert!(error.to_string().starts_with("failed to insert 5"));
                    }
                },
                _ => {
                    if let EntryRef::Occupied(mut entry) = ours.entry_ref(word.as_str()) {
                        assert_eq!((entry.key(), *entry.get()), (&word, std[&word]));
                        assert_eq!(Some(entry.insert(1)), std.insert(word, 1));
                    }
                }
            }
            ours.check().unwrap();
        }
        assert_eq!(ours.into_iter().collect::<HashMap<_, _>>(), std);
    }
    quick_check(1_000).quickcheck(property as fn(Hostile, Vec<(u8, u8)>));
}

/// A conversion to a key of another hash is detected before the map is written: the key would never be found.
#[test]
fn a_key_that_is_converted_to_another_is_not_inserted() {
    /// A borrowed key that hashes as `hash`, equals `equals`, and converts to `into`.
    #[derive(Debug)]
    struct Wrong {
        hash: u32,
        equals: u32,
        into: u32,
    }
    impl Hash for Wrong {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.hash.hash(state);
        }
    }
    impl equivalent::Equivalent<u32> for Wrong {
        fn equivalent(&self, key: &u32) -> bool {
            self.equals == *key
        }
    }
    impl From<&Wrong> for u32 {
        fn from(key: &Wrong) -> Self {
            key.into
        }
    }
    for n in [0, 1, 12, 200] {
        let base: Map<u32, u32> = (0..n).map(|i| (i, i)).collect();
        for (hash, equals, into) in [(1_000, 1_000, 1_001), (1_000, 1_001, 1_001), (1_000, 1_001, 1_000)] {
            let mut map = base.clone();
            let key = Wrong { hash, equals, into };
            catch_unwind(AssertUnwindSafe(|| *map.entry_ref(&key).or_insert(1) = 2)).unwrap_err();
            map.check().unwrap();
            assert_eq!(map, base);
        }
        let key = Wrong {
            hash: 1_000,
            equals: 1_000,
            into: 1_000,
        };
        let mut map = base.clone();
        *map.entry_ref(&key).or_insert(1) = 2;
        assert_eq!(map, base.update(1_000, 2));
    }
}

#[test]
fn changed_copies_match_im() {
    fn property(hasher: Hostile, entries: Entries, key: u16, value: i8) {
        let value = i32::from(value);
        let few: Entries = entries.iter().map(|(k, v)| (k % 20, v % 100)).collect();
        let ours = subject(hasher, &few);
        let im: im::HashMap<u16, i32> = ours.iter().map(|(k, v)| (*k, *v)).collect();
        let key = key % 20;
        let same = |ours: &Subject, im: &im::HashMap<u16, i32>| {
            assert!(ours.len() == im.len() && im.iter().all(|(k, v)| ours.get(k) == Some(v)));
        };
        let f = |k: &u16, a: i32, b: i32| i32::from(*k) + a * 3 - b;
        same(&ours.update_with_key(key, value, f), &im.update_with_key(key, value, f));
        let g = |k: &u16, a: &i32, b: i32| f(k, *a, b);
        let ((a, x), (b, y)) = (
            ours.update_lookup_with_key(key, value, g),
            im.update_lookup_with_key(key, value, g),
        );
        assert_eq!(a, b);
        same(&x, &y);
        match (ours.extract_with_key(&key), im.extract_with_key(&key)) {
            (Some((k, v, x)), Some((l, w, y))) => {
                assert_eq!((k, v), (l, w));
                same(&x, &y);
            }
            (x, y) => assert!(x.is_none() && y.is_none()),
        }
        let mut other = ours.new_like();
        other.extend(ours.iter().map(|(k, v)| (k + 10, v / 2)));
        let im_other: im::HashMap<u16, i32> = other.iter().map(|(k, v)| (*k, *v)).collect();
        same(
            &ours.sum_with(&other, ADD),
            &im.clone().union_with(im_other.clone(), |a, b| a + b),
        );
        // The counterpart of `im`'s `symmetric_difference_with` in `docs/coming-from-im.md`.
        let resolve: Resolve = |_, _, a, b| match (a, b) {
            (Some(a), Some(b)) => (a > b).then(|| a + b),
            (a, b) => a.or(b).copied(),
        };
        same(
            &ours.merge_all(&ours.new_like(), &other, resolve),
            &im.clone()
                .symmetric_difference_with(im_other.clone(), |a, b| (a > b).then(|| a + b)),
        );
        same(
            &ours.intersection_with(&other, |_, a, b| a * 7 - b),
            &im.intersection_with(im_other, |a, b| a * 7 - b),
        );
    }
    quick_check(1_000).quickcheck(property as fn(Hostile, Entries, u16, i8));
}

#[test]
fn sets_and_bags_have_the_same() {
    let (a, b) = (set! { 1_u32, 2 }, set! { 2_u32, 3 });
    assert_eq!((&a + &b, &a * &b), (set! { 1, 2, 3 }, set! { 2 }));
    assert_eq!(
        (a.clone() + b.clone(), a.clone() * b.clone()),
        (a.union(&b), a.intersection(&b))
    );
    assert_eq!(
        [&a, &b].into_iter().sum::<Set<_>>(),
        Set::unions([a.clone(), b.clone()])
    );
    assert!(!a.is_proper_subset(&a) && set! { 1 }.is_proper_subset(&a) && !b.is_proper_subset(&a));
    assert_eq!(Set::from(&[1_u32, 2][..]), Set::from(&vec![2_u32, 1]));
    let mut set = a.clone();
    assert_eq!(set.extract_if(|item| *item > 1).collect::<Vec<_>>(), [2]);
    set.entry(5).or_insert();
    match set.entry(5) {
        pleach_collections::set::Entry::Occupied(entry) => assert_eq!(entry.remove(), 5),
        pleach_collections::set::Entry::Vacant(_) => panic!("5 is in the set"),
    }
    assert_eq!(set, set! { 1 });

    let (a, b) = (bag! { 1_u32, 1, 2 }, bag! { 1_u32 => 1, 3 => 2 });
    assert_eq!(&a + &b, a.sum(&b));
    assert_eq!(
        [a.clone(), b.clone()].into_iter().sum::<Bag<_>>(),
        bag! { 1 => 3, 2 => 1, 3 => 2 }
    );
    assert_eq!(Bag::unions([a.clone(), b.clone()]), a.union(&b));
    assert!(bag! { 1_u32 }.is_proper_subset(&a) && !a.is_proper_subset(&a));
    assert_eq!(Bag::from(&[1_u32, 1][..]), Bag::from(vec![1_u32, 1]));

    let maps: [Map<u32, u32>; 2] = [map! { 1 => 10 }, map! { 1 => 20, 2 => 20 }];
    assert_eq!(maps.iter().sum::<Map<_, _>>(), map! { 1 => 10, 2 => 20 });
    assert_eq!(maps.into_iter().sum::<Map<_, _>>().len(), 2);
    assert!(Map::<u32, u32>::unions([]).is_empty() && map! {} == Map::<u32, u32>::new());
    assert_eq!(Map::from(&[(1_u32, 10_u32)][..]), Map::from(&vec![(1, 10)]));
}
