//! What people who come from `im`, `imbl` and `std` expect of the collections, against models, under hostile hashers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use pleach_collections::map::EntryRef;
use pleach_collections::{Bag, Map, Set, bag, map, set};
use pleach_testkit::hostile::Hostile;
use quickcheck::QuickCheck;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Model = BTreeMap<u16, i32>;
type Subject = Map<u16, i32, Hostile>;
type Edits = Vec<(u16, i32)>;

const KEYS: u16 = 60;

fn edit(map: &mut Subject, edits: &[(u16, i32)]) {
    for (key, value) in edits {
        if value % 4 == 0 {
            map.remove(&(key % KEYS));
        } else {
            map.insert(key % KEYS, value % 4);
        }
    }
}

/// Two maps that share or not, of one hasher or two.
fn two(hashers: (Hostile, Hostile), base: &Edits, a: &Edits, b: &Edits, apart: bool) -> (Subject, Subject) {
    let mut x = Subject::with_hasher(hashers.0);
    edit(&mut x, base);
    let mut y = x.clone();
    if apart {
        y = Subject::with_hasher(hashers.1);
        y.extend(&x);
    }
    edit(&mut x, a);
    edit(&mut y, b);
    (x, y)
}

fn model(map: &Subject) -> Model {
    map.check().unwrap();
    let model: Model = map.iter().map(|(key, value)| (*key, *value)).collect();
    assert_eq!(model.len(), map.len());
    model
}

fn check(property: fn((Hostile, Hostile), Edits, Edits, Edits, bool)) {
    QuickCheck::new().tests(2_000).quickcheck(property);
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
        assert_eq!(model(&x.sum_with(&y, |_, a, b| a * 10 + b)), sum);
        let doubled = p.iter().map(|(key, value)| (*key, value * 2)).collect();
        assert_eq!(model(&x.sum_with(&x, |_, a, b| a + b)), doubled);

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

        let texts = x.intersection_with(&y.clone(), |key, a, b| format!("{key} {a} {b}"));
        texts.check().unwrap();
        let expected = p
            .iter()
            .filter_map(|(key, a)| Some((*key, format!("{key} {a} {}", q.get(key)?))));
        assert_eq!(BTreeMap::from(texts), expected.collect());

        let is_proper = p.len() < q.len() && p.iter().all(|(key, value)| q.get(key) == Some(value));
        assert_eq!(x.is_proper_submap(&y), is_proper);
        assert!(!x.is_proper_submap_by(&x, |a, b| a == b));
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
        let set = |map: &Subject| map.keys().copied().collect::<Set<u16>>();
        let sets = (p.keys().collect::<BTreeSet<_>>(), q.keys().collect::<BTreeSet<_>>());
        assert_eq!(set(&x).cmp(&set(&y)), sets.0.cmp(&sets.1));
        let bag = |map: &Subject| {
            let mut bag: Bag<u16> = Bag::new();
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
    let (one, nan) = (map! { 1 => 1.0 }, map! { 1 => f64::NAN });
    assert_eq!(
        (one.partial_cmp(&nan), nan.partial_cmp(&nan.clone())),
        (None, Some(std::cmp::Ordering::Equal))
    );
}

/// Hashers without state, of two types: their ids are alike, and their hashes are not.
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
    fn property(entries: Vec<(u16, u8)>, other: u16) {
        let a: Map<u16, u8, Same> = entries.iter().copied().collect();
        let mut b: Map<u16, u8, Reversed> = a.iter().map(|(k, v)| (*k, *v)).collect();
        let c: Map<u16, u8> = a.iter().map(|(k, v)| (*k, *v)).collect();
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
    QuickCheck::new()
        .tests(500)
        .quickcheck(property as fn(Vec<(u16, u8)>, u16));
}

#[test]
fn several_values_are_written_at_once() {
    fn property(hasher: Hostile, edits: Edits, keys: (u16, u16, u16, u16)) {
        let mut x = Subject::with_hasher(hasher);
        edit(&mut x, &edits);
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
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload().downcast_ref::<&str>();
        if !payload.is_some_and(|what| ["two of the keys are the same", "as planned"].contains(what)) {
            eprintln!("{info}");
        }
    }));
    QuickCheck::new()
        .tests(2_000)
        .quickcheck(property as fn(Hostile, Edits, (u16, u16, u16, u16)));
    assert_eq!(Map::<u32, u32>::new().get_disjoint_mut([&1, &1]), [None, None]);
}

#[test]
fn entries_are_extracted_one_by_one() {
    fn property(hasher: Hostile, edits: Edits, upto: usize) {
        let mut x = Subject::with_hasher(hasher);
        edit(&mut x, &edits);
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
    QuickCheck::new()
        .tests(2_000)
        .quickcheck(property as fn(Hostile, Edits, usize));
}

/// At every point, a clone of an iterator yields what the original does, and neither moves what the other will yield.
#[test]
fn consuming_iterators_can_be_cloned_anywhere() {
    fn property(hasher: Hostile, edits: Edits, shared: bool, at: usize) {
        let mut x: Map<u16, Box<i32>, Hostile> = Map::with_hasher(hasher);
        x.extend(edits.iter().map(|(key, value)| (key % 300, Box::new(*value))));
        let fork = shared.then(|| x.clone());
        let expected: Vec<(u16, Box<i32>)> = x.iter().map(|(k, v)| (*k, v.clone())).collect();
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
    QuickCheck::new()
        .tests(3_000)
        .quickcheck(property as fn(Hostile, Edits, bool, usize));
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
        for (word, what) in words {
            let word = format!("{}", word % 40);
            match what % 4 {
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
        assert_eq!(HashMap::from(ours), std);
    }
    QuickCheck::new()
        .tests(1_000)
        .quickcheck(property as fn(Hostile, Vec<(u8, u8)>));
}

/// A conversion that breaks its contract is found before the map is written: a key in the place of another hash would be lost.
#[test]
fn a_key_that_is_converted_to_another_is_not_inserted() {
    /// Converted to the number `into`, hashed as the number `hash`.
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
    fn property(entries: Vec<(u8, i32)>, key: u8, value: i8) {
        let value = i32::from(value);
        let ours: Map<u8, i32> = entries.iter().map(|(k, v)| (k % 20, v % 100)).collect();
        let im: im::HashMap<u8, i32> = ours.iter().map(|(k, v)| (*k, *v)).collect();
        let key = key % 20;
        let same = |ours: &Map<u8, i32>, im: &im::HashMap<u8, i32>| {
            assert!(ours.len() == im.len() && im.iter().all(|(k, v)| ours.get(k) == Some(v)));
        };
        let f = |k: &u8, a: i32, b: i32| i32::from(*k) + a * 3 - b;
        same(&ours.update_with_key(key, value, f), &im.update_with_key(key, value, f));
        let g = |k: &u8, a: &i32, b: i32| f(k, *a, b);
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
        let other: Map<u8, i32> = ours.iter().map(|(k, v)| (k + 10, v / 2)).collect();
        let im_other: im::HashMap<u8, i32> = other.iter().map(|(k, v)| (*k, *v)).collect();
        same(
            &ours.sum_with(&other, |_, a, b| a + b),
            &im.clone().union_with(im_other.clone(), |a, b| a + b),
        );
        // As the page says of im's `symmetric_difference_with`.
        same(
            &ours.merge_all(&ours.new_like(), &other, |_, _, a, b| match (a, b) {
                (Some(a), Some(b)) => (a > b).then(|| a + b),
                (a, b) => a.or(b).copied(),
            }),
            &im.clone()
                .symmetric_difference_with(im_other.clone(), |a, b| (a > b).then(|| a + b)),
        );
        same(
            &ours.intersection_with(&other, |_, a, b| a * 7 - b),
            &im.intersection_with(im_other, |a, b| a * 7 - b),
        );
    }
    QuickCheck::new()
        .tests(1_000)
        .quickcheck(property as fn(Vec<(u8, i32)>, u8, i8));
}

#[test]
fn sets_and_bags_have_the_same() {
    let (a, b) = (set! { 1, 2 }, set! { 2, 3 });
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
    assert_eq!(Set::from(&[1, 2][..]), Set::from(&vec![2, 1]));
    let mut set = a.clone();
    assert_eq!(set.extract_if(|item| *item > 1).collect::<Vec<_>>(), [2]);
    set.entry(5).or_insert();
    match set.entry(5) {
        pleach_collections::set::Entry::Occupied(entry) => assert_eq!(entry.remove(), 5),
        pleach_collections::set::Entry::Vacant(_) => panic!("5 is in the set"),
    }
    assert_eq!(set, set! { 1 });

    let (a, b) = (bag! { 'a', 'a', 'b' }, bag! { 'a' => 1, 'c' => 2 });
    assert_eq!(&a + &b, a.sum(&b));
    assert_eq!(
        [a.clone(), b.clone()].into_iter().sum::<Bag<_>>(),
        bag! { 'a' => 3, 'b' => 1, 'c' => 2 }
    );
    assert_eq!(Bag::unions([a.clone(), b.clone()]), a.union(&b));
    assert!(bag! { 'a' }.is_proper_subset(&a) && !a.is_proper_subset(&a));
    assert_eq!(Bag::from(&['a', 'a'][..]), Bag::from(vec!['a', 'a']));

    let maps = [map! { 1 => 'a' }, map! { 1 => 'b', 2 => 'b' }];
    assert_eq!(maps.iter().sum::<Map<_, _>>(), map! { 1 => 'a', 2 => 'b' });
    assert_eq!(maps.into_iter().sum::<Map<_, _>>().len(), 2);
    assert!(Map::<u32, u32>::unions([]).is_empty() && map! {} == Map::<u32, u32>::new());
    assert_eq!(Map::from(&[(1, 'a')][..]), Map::from(&vec![(1, 'a')]));
}

/// Of equal keys the first stays, in every new operation that inserts.
#[test]
fn the_first_of_equal_keys_stays() {
    #[derive(Clone, Debug)]
    struct Key(u32, char);
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Key {}
    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    let of = |name| (0..50).map(|i| (Key(i, name), i)).collect::<Map<_, _>>();
    let (a, b) = (of('a'), of('b'));
    let all_of = |map: &Map<Key, u32>| map.len() == 50 && map.keys().all(|key| key.1 == 'a');
    assert!(all_of(&a.sum_with(&b, |_, x, y| x + y)));
    assert!(all_of(&a.intersection_with(&b, |_, x, y| x + y)));
    assert!(all_of(&b.iter().fold(a.clone(), |all, (key, _)| all.update_with_key(
        key.clone(),
        1,
        |_, x, y| x + y
    ))));
    assert!(all_of(&Map::unions([a.clone(), b.clone()])));
    let (few, many) = (a.clone(), b.update(Key(100, 'b'), 0));
    assert!(all_of(&few.intersection_with(&many, |_, x, _| *x)));
    assert!(
        many.intersection_with(&few, |_, x, _| *x)
            .keys()
            .all(|key| key.1 == 'b')
    );
}

thread_local! {
    /// How many calls of the user's code go well before one panics.
    static FUSE: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn burn() {
    let left = FUSE.get();
    if left == 0 {
        FUSE.set(usize::MAX);
        panic!("as planned");
    }
    FUSE.set(left - 1);
}

#[derive(Debug, Eq, Ord, PartialOrd)]
struct Frail(u32);

impl Clone for Frail {
    fn clone(&self) -> Self {
        burn();
        Self(self.0)
    }
}

impl PartialEq for Frail {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Hash for Frail {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        self.0.hash(state);
    }
}

impl From<&u32> for Frail {
    fn from(number: &u32) -> Self {
        burn();
        Self(*number)
    }
}

impl equivalent::Equivalent<Frail> for Number {
    fn equivalent(&self, key: &Frail) -> bool {
        burn();
        self.0 == key.0
    }
}

#[derive(Hash)]
struct Number(u32);

impl From<&Number> for Frail {
    fn from(number: &Number) -> Self {
        burn();
        Self(number.0)
    }
}

/// User code that panics at each of its calls leaves the map as it was, or changed.
#[test]
fn new_operations_are_before_or_after_a_panic() {
    type Fragile = Map<Frail, u32>;
    let contents = |map: &Fragile| {
        map.iter()
            .map(|(key, value)| (key.0, *value))
            .collect::<BTreeMap<_, _>>()
    };
    let operations: [fn(&mut Fragile); 8] = [
        |map| {
            map.get_disjoint_mut([&Frail(1), &Frail(7), &Frail(900)])
                .into_iter()
                .flatten()
                .for_each(|value| *value = 77)
        },
        |map| _ = map.extract_if(|key, _| key.0 == 5).next(),
        |map| *map.entry_ref(&Number(1_000)).or_insert(1) = 1,
        |map| _ = map.try_insert(Frail(1_001), 3).is_ok(),
        |map| *map = map.sum_with(map, |_, a, b| a + b),
        |map| *map = map.difference_with(&map.without(&Frail(3)), |_, _, _| None),
        |map| *map = map.intersection_with(map, |_, a, b| a * b),
        |map| *map = map.update_with_key(Frail(2), 9, |_, a, b| a + b),
    ];
    for n in [0, 3, 12, 13, 200] {
        let base: Fragile = (0..n).map(|i| (Frail(i), i)).collect();
        for operation in operations {
            let mut after = base.clone();
            operation(&mut after);
            let (before, after) = (contents(&base), contents(&after));
            for fuse in 0.. {
                let (mut map, kept) = (base.clone(), base.clone());
                FUSE.set(fuse);
                let result = catch_unwind(AssertUnwindSafe(|| operation(&mut map)));
                FUSE.set(usize::MAX);
                map.check().unwrap();
                let found = contents(&map);
                assert!(
                    found == after || (result.is_err() && found == before),
                    "fuse {fuse} of {n}"
                );
                assert_eq!(contents(&kept), before);
                if result.is_ok() {
                    break;
                }
            }
        }
    }
}
