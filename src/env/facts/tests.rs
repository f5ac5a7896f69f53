//! `Facts` against `BTreeMap`, over clones; its cursor against a sorted list of keys.

use super::{EntryChange, Facts, Key};
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};
use std::collections::{BTreeMap, BTreeSet};

/// A path as the encoder makes them, of few symbols and numbers so that they repeat, and where it may be cut.
#[derive(Clone, Debug)]
pub(super) struct Path {
    bytes: Vec<u8>,
    cut: usize,
}

impl Path {
    pub(super) fn key(&self) -> Key<'_> {
        Key::new(&self.bytes, self.cut)
    }

    fn token(&mut self, token: &[u8]) {
        if self.bytes.len() <= Key::LIMIT {
            self.cut = self.bytes.len();
        }
        self.bytes.extend_from_slice(token);
    }

    fn term(&mut self, g: &mut Gen, depth: usize) {
        match u8::arbitrary(g) % 8 {
            0 | 1 if depth > 0 => self.expression(g, depth),
            0..=2 => self.token(&[0x15, u8::arbitrary(g) % 4]),
            3 => self.token(&[0x16, u8::arbitrary(g) % 2, u8::arbitrary(g)]),
            4 => self.token(&[0x42, b'a', b'a' + u8::arbitrary(g) % 3]),
            5 => self.token(&[0x02, u8::arbitrary(g) % 3]),
            6 => self.token(&[0x81, u8::arbitrary(g)]),
            // Long symbols, so that cuts come in all places.
            _ => {
                let len = 20 + u8::arbitrary(g) % 3;
                self.token(&[&[0x80 | len][..], &vec![b'x'; usize::from(len)]].concat());
            }
        }
    }

    fn expression(&mut self, g: &mut Gen, depth: usize) {
        // One in sixteen is long.
        let arity = if u8::arbitrary(g) % 16 == 0 {
            30
        } else {
            u8::arbitrary(g) % 4
        };
        self.token(&[0xC0 | arity]);
        for _ in 0..arity {
            self.term(g, depth - 1);
        }
    }
}

impl Arbitrary for Path {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut path = Path {
            bytes: Vec::new(),
            cut: 0,
        };
        path.expression(g, 2);
        path
    }
}

/// One step on one of several forks.
#[derive(Clone, Debug)]
enum Step {
    Insert(Path),
    Remove(Path),
    /// The nth key of the map.
    RemoveNth(usize),
    Extend(Vec<Path>),
    Fork(usize),
    Switch(usize),
    Diff(usize),
    Join(usize),
    JoinAdditions(usize),
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let number = usize::arbitrary(g);
        match u8::arbitrary(g) % 32 {
            0..=9 => Step::Insert(Path::arbitrary(g)),
            10 | 11 => Step::Remove(Path::arbitrary(g)),
            12..=17 => Step::RemoveNth(number),
            18 | 19 => Step::Extend((0..number % 8).map(|_| Path::arbitrary(g)).collect()),
            20..=22 => Step::Fork(number),
            23..=25 => Step::Switch(number),
            26..=28 => Step::Diff(number),
            29 | 30 => Step::Join(number),
            _ => Step::JoinAdditions(number),
        }
    }
}

type Model = BTreeMap<Vec<u8>, u64>;

fn list(facts: &Facts<u64>) -> Vec<(Vec<u8>, u64)> {
    let mut cursor = facts.cursor();
    let mut list = Vec::new();
    while let Some(entry) = cursor.next_entry() {
        list.push((cursor.path().to_vec(), *entry));
    }
    list
}

fn agree((facts, model): &(Facts<u64>, Model)) {
    facts.check();
    assert_eq!(facts.len(), model.len());
    assert_eq!(facts.is_empty(), model.is_empty());
    assert_eq!(list(facts), model.clone().into_iter().collect::<Vec<_>>());
    for (key, entry) in model {
        assert_eq!(facts.get(&Key::stored(key)), Some(entry));
    }
}

/// Checks the difference, and that applying it gives the other map.
fn check_diff(before: &(Facts<u64>, Model), after: &(Facts<u64>, Model)) {
    let changes = before.0.diff(&after.0);
    let mut expected = before.1.keys().chain(after.1.keys()).collect::<BTreeSet<_>>();
    expected.retain(|key| before.1.get(*key) != after.1.get(*key));
    assert_eq!(changes.is_empty(), expected.is_empty());
    let mut replayed = before.0.clone();
    let mut walk = changes.walk();
    for key in &expected {
        let change = walk.next_change();
        assert_eq!(
            change,
            Some(EntryChange {
                key,
                from: before.1.get(*key),
                to: after.1.get(*key)
            })
        );
        let old = match after.1.get(*key) {
            Some(entry) => replayed.insert(&Key::stored(key), *entry),
            None => replayed.remove(&Key::stored(key)),
        };
        assert_eq!(old.as_ref(), before.1.get(*key));
    }
    assert_eq!(walk.next_change(), None);
    assert_eq!(walk.next_change(), None);
    agree(&(replayed, after.1.clone()));
    let mut altered = Vec::new();
    let additions = changes.additions(|change| {
        altered.push((change.key.to_vec(), change.from.copied(), change.to.copied()));
    });
    let (old, new): (Vec<_>, Vec<_>) = expected.into_iter().partition(|key| before.1.contains_key(*key));
    let expected = old
        .into_iter()
        .map(|key| (key.clone(), before.1.get(key).copied(), after.1.get(key).copied()));
    assert_eq!(altered, expected.collect::<Vec<_>>());
    agree(&(
        additions,
        new.into_iter().map(|key| (key.clone(), after.1[key])).collect(),
    ));
}

/// Neither commutative nor idempotent.
fn merge(ours: &u64, theirs: &u64) -> u64 {
    2 * (ours % 1000) + theirs % 1000
}

fn run(steps: Vec<Step>) -> bool {
    let mut forks = vec![(Facts::new(), Model::new())];
    let mut at = 0;
    for (serial, step) in (0..).zip(steps) {
        // Few values, so that a key often comes back with the same one.
        let value = serial % 4;
        let count = forks.len();
        match step {
            Step::Insert(path) => {
                let (facts, model) = &mut forks[at];
                let key = path.key();
                assert_eq!(facts.contains(&key), model.contains_key(key.as_bytes()));
                assert_eq!(facts.insert(&key, value), model.insert(key.as_bytes().to_vec(), value));
            }
            Step::Remove(path) => {
                let (facts, model) = &mut forks[at];
                let key = path.key();
                assert_eq!(facts.remove(&key), model.remove(key.as_bytes()));
            }
            Step::RemoveNth(nth) => {
                let (facts, model) = &mut forks[at];
                if let Some(key) = model.keys().nth(nth % model.len().max(1)).cloned() {
                    assert_eq!(facts.remove(&Key::stored(&key)), model.remove(&key));
                    assert_eq!(facts.remove(&Key::stored(&key)), None);
                }
            }
            Step::Extend(mut paths) => {
                let (facts, model) = &mut forks[at];
                if serial % 4 != 0 {
                    paths.sort_by_cached_key(|path| path.key().as_bytes().to_vec());
                }
                facts.extend_sorted(paths.iter().map(|path| (path.key(), value)));
                model.extend(paths.iter().map(|path| (path.key().as_bytes().to_vec(), value)));
            }
            Step::Fork(to) if count < 4 => forks.push(forks[to % count].clone()),
            Step::Fork(to) => forks[to % count] = forks[at].clone(),
            Step::Switch(to) => at = to % count,
            Step::Diff(to) => check_diff(&forks[at], &forks[to % count]),
            Step::Join(to) => {
                let (others, other_model) = forks[to % count].clone();
                let (facts, model) = &mut forks[at];
                facts.join_with(&others, merge);
                for (key, entry) in other_model {
                    model
                        .entry(key)
                        .and_modify(|ours| *ours = merge(ours, &entry))
                        .or_insert(entry);
                }
            }
            Step::JoinAdditions(to) => {
                let base = forks[0].clone();
                let other = forks[to % count].clone();
                {
                    let additions = base.0.diff(&other.0).additions(|_| {});
                    let (facts, model) = &mut forks[at];
                    facts.join_with(&additions, merge);
                    for (key, entry) in other.1.into_iter().filter(|(key, _)| !base.1.contains_key(key)) {
                        model
                            .entry(key)
                            .and_modify(|ours| *ours = merge(ours, &entry))
                            .or_insert(entry);
                    }
                }
            }
        }
        if serial % 8 == 0 {
            agree(&forks[at]);
        }
    }
    forks.iter().for_each(agree);
    for other in &forks[1..] {
        check_diff(&forks[0], other);
    }
    true
}

#[test]
fn agrees_with_a_btree_map_over_clones() {
    quick_check(10_000)
        .rng(Gen::new(40))
        .quickcheck(run as fn(Vec<Step>) -> bool);
}

#[test]
fn building_from_sorted_equals_inserting() {
    fn same(paths: Vec<Path>) -> bool {
        let mut sorted: Vec<(&Path, u64)> = paths.iter().zip(0..).collect();
        sorted.sort_by_cached_key(|(path, _)| path.key().as_bytes().to_vec());
        sorted.dedup_by(|a, b| a.0.key().as_bytes() == b.0.key().as_bytes());
        let bulk = Facts::from_sorted(sorted.iter().map(|(path, value)| (path.key(), *value)));
        let mut single = Facts::new();
        for (path, value) in sorted.iter().rev() {
            single.insert(&path.key(), *value);
        }
        bulk.check();
        bulk.diff(&single).is_empty() && bulk.len() == single.len() && list(&bulk) == list(&single)
    }
    quick_check(500)
        .rng(Gen::new(40))
        .quickcheck(same as fn(Vec<Path>) -> bool);
}

/// One movement of a cursor.
#[derive(Clone, Debug)]
enum Move {
    Descend(Vec<u8>),
    /// Down the nth key by this many bytes.
    Follow(usize, usize),
    Child(usize),
    Byte(u8),
    Ascend(usize),
    Next,
    NextBelow(usize),
    FirstOfLength(usize),
    NextOfLength(usize),
}

impl Arbitrary for Move {
    fn arbitrary(g: &mut Gen) -> Self {
        let number = usize::arbitrary(g);
        match u8::arbitrary(g) % 16 {
            0 => Move::Descend(vec![0xC2, 0x15]),
            1 | 2 => Move::Follow(number, usize::arbitrary(g) % 12),
            3..=5 => Move::Child(number),
            6 => Move::Byte(if bool::arbitrary(g) { 255 } else { u8::arbitrary(g) }),
            7 | 8 => Move::Ascend(number % 6),
            9..=11 => Move::Next,
            12 => Move::NextBelow(number),
            13 => Move::FirstOfLength(1 + number % 5),
            _ => Move::NextOfLength(1 + number % 5),
        }
    }
}

fn walk_paths(paths: Vec<Path>, root: usize, moves: Vec<Move>) -> bool {
    let mut facts = Facts::new();
    for (path, value) in paths.iter().zip(0..) {
        facts.insert(&path.key(), value);
    }
    walk(&facts, root, moves)
}

/// Nodes with all 256 children, as numbers and digests make them.
fn walk_full_nodes(root: usize, moves: Vec<Move>) -> bool {
    let mut facts = Facts::new();
    for byte in 0..=255 {
        match byte {
            0 | 7 | 254 | 255 => {
                for last in 0..=255 {
                    facts.insert(&Key::stored(&[0x16, byte, last]), u64::from(last));
                }
            }
            _ => drop(facts.insert(&Key::stored(&[0x16, byte]), 0)),
        }
    }
    facts.check();
    walk(&facts, root, moves)
}

fn walk(facts: &Facts<u64>, root: usize, moves: Vec<Move>) -> bool {
    let model: Model = list(facts).into_iter().collect();
    let keys: Vec<&[u8]> = model.keys().map(Vec::as_slice).collect();
    // The root is a prefix of some key.
    let prefix = keys
        .get(root % keys.len().max(1))
        .map_or(&[][..], |key| &key[..root / 7 % key.len()]);
    let Some(mut cursor) = facts.cursor_at(prefix) else {
        panic!("{prefix:x?} is there");
    };
    let below: Vec<&[u8]> = keys.iter().copied().filter(|key| key.starts_with(prefix)).collect();
    assert_eq!(facts.count_under(prefix, usize::MAX), below.len());
    assert_eq!(facts.count_under(prefix, 3), below.len().min(3));
    let mut place = prefix.to_vec();
    let exists = |place: &[u8]| place == prefix || below.iter().any(|key| key.starts_with(place));
    for step in moves {
        let depth = place.len() - prefix.len();
        match step {
            Move::Descend(bytes) => {
                let target = [&place[..], &bytes].concat();
                assert_eq!(cursor.descend(&bytes), exists(&target));
                if exists(&target) {
                    place = target;
                }
            }
            Move::Follow(nth, far) => {
                let Some(key) = below.get(nth % below.len().max(1)) else {
                    continue;
                };
                let bytes = &key[prefix.len()..(prefix.len() + far).min(key.len())];
                let target = [&place[..], bytes].concat();
                assert_eq!(cursor.descend(bytes), exists(&target));
                if exists(&target) {
                    place = target;
                }
            }
            Move::Child(nth) => {
                let children: Vec<u8> = cursor.children().collect();
                let Some(byte) = children.get(nth % children.len().max(1)) else {
                    continue;
                };
                assert!(cursor.descend_byte(*byte));
                place.push(*byte);
            }
            Move::Byte(byte) => {
                place.push(byte);
                let found = exists(&place);
                assert_eq!(cursor.descend_byte(byte), found);
                if !found {
                    place.pop();
                }
            }
            Move::Ascend(count) => {
                cursor.ascend(count);
                place.truncate(prefix.len() + depth.saturating_sub(count));
            }
            Move::Next | Move::NextBelow(_) => {
                let stay = if let Move::NextBelow(number) = step {
                    number % (depth + 1)
                } else {
                    0
                };
                let stem = &place[..prefix.len() + stay];
                let next = below.iter().find(|key| key.starts_with(stem) && **key > &place[..]);
                let found = if stay == 0 && matches!(step, Move::Next) {
                    cursor.next_entry()
                } else {
                    cursor.next_entry_below(stay)
                };
                assert_eq!(found, next.map(|key| &model[*key]));
                place = next.map_or(stem, |key| key).to_vec();
            }
            Move::FirstOfLength(count) => {
                let target = place.len() + count;
                let first = below.iter().find(|key| key.starts_with(&place) && key.len() >= target);
                assert_eq!(cursor.first_of_length(count), first.is_some());
                if let Some(key) = first {
                    place = key[..target].to_vec();
                }
            }
            Move::NextOfLength(count) if count <= depth => {
                let (len, stem) = (place.len(), &place[..place.len() - count]);
                let next = below
                    .iter()
                    .find(|key| key.starts_with(stem) && key.len() >= len && key[..len] > place[..]);
                assert_eq!(cursor.next_of_length(count), next.is_some());
                place = next.map_or(stem, |key| &key[..len]).to_vec();
            }
            Move::NextOfLength(_) => {}
        }
        assert_eq!(cursor.path(), place);
        assert_eq!(cursor.depth(), place.len() - prefix.len());
        assert_eq!(cursor.entry(), model.get(&place));
        let children: BTreeSet<u8> = below
            .iter()
            .filter(|key| key.starts_with(&place))
            .filter_map(|key| key.get(place.len()).copied())
            .collect();
        assert!(cursor.children().eq(children.iter().copied()));
        assert!(cursor.children().eq(children));
    }
    true
}

#[test]
fn cursors_agree_with_a_sorted_list() {
    quick_check(10_000).quickcheck(walk_paths as fn(Vec<Path>, usize, Vec<Move>) -> bool);
}

#[test]
fn a_cursor_walks_full_nodes() {
    quick_check(500).quickcheck(walk_full_nodes as fn(usize, Vec<Move>) -> bool);
}

#[test]
fn there_is_no_cursor_at_a_missing_prefix() {
    let mut facts = Facts::<u64>::new();
    assert!(facts.cursor_at(b"a").is_none() && facts.cursor().next_entry().is_none());
    facts.insert(&Key::stored(b"abc"), 1);
    assert!(facts.cursor_at(b"b").is_none() && facts.cursor_at(b"abcd").is_none());
    assert_eq!(
        (
            facts.count_under(b"b", 9),
            facts.count_under(b"abc", 9),
            facts.count_under(b"ab", 0)
        ),
        (0, 1, 0)
    );
}

#[test]
fn keys_are_whole_up_to_the_limit_and_bounded_beyond() {
    let path = vec![b'x'; 10_000];
    assert_eq!(Key::new(&path[..Key::LIMIT], 7).as_bytes(), &path[..Key::LIMIT]);
    assert!(!Key::new(&path[..Key::LIMIT], 7).is_cut());
    for (length, cut) in [(Key::LIMIT + 1, 0), (Key::LIMIT + 1, 100), (10_000, Key::LIMIT)] {
        let key = Key::new(&path[..length], cut);
        assert!(key.is_cut());
        assert_eq!(key.as_bytes().len(), cut + 1 + 32);
        assert_eq!((&key.as_bytes()[..cut], key.as_bytes()[cut]), (&path[..cut], 0));
        assert_ne!(key.as_bytes(), Key::new(&path[..length - 1], cut).as_bytes());
    }
    assert_eq!(Key::new(&path, Key::LIMIT).as_bytes().len(), Key::MAX);
    assert_eq!(Key::MAX, 161);
}

#[test]
fn same_compares_identity() {
    let mut facts = Facts::<u64>::new();
    assert!(facts.same(&Facts::new()));
    facts.insert(&Key::stored(b"a"), 1);
    let fork = facts.clone();
    assert!(facts.same(&fork) && fork.same(&facts) && !facts.same(&Facts::new()));
    facts.insert(&Key::stored(b"b"), 1);
    assert!(!facts.same(&fork) && !fork.same(&facts));
    let forked_again = facts.clone();
    assert_eq!(facts.remove(&Key::stored(b"c")), None);
    assert!(facts.same(&forked_again), "removing what is not there copies nothing");
}

#[test]
fn to_pathmap_returns_a_snapshot() {
    let mut facts = Facts::new();
    facts.insert(&Key::stored(b"a"), 1);
    let mut handed_out = facts.to_pathmap();
    facts.insert(&Key::stored(b"b"), 2);
    assert_eq!(handed_out.val_count(), 1);
    handed_out.remove_val_at(b"a", true);
    assert_eq!(list(&facts), [(b"a".to_vec(), 1), (b"b".to_vec(), 2)]);
}
