//! Laws of `Vector` as properties of random histories of forks, against `Vec`.

#![allow(clippy::unwrap_used, reason = "tests")]

use pleach_collections::Vector;
use pleach_collections::vector::FocusMut;
use pleach_testkit::quick_check;
use quickcheck::{Arbitrary, Gen};

type Model = Vec<u16>;
type Subject = Vector<u16>;

/// The number of handles in a test, which operations choose from.
const HANDLES: usize = 3;

/// The maximal length of a vector.
const MOST: usize = 2000;

/// An operation on a handle; a position is taken modulo the length.
#[derive(Clone, Debug)]
enum Op {
    PushBack(usize, u16),
    PushFront(usize, u16),
    /// Pops items from the back and from the front.
    Pop(usize, u16, u16),
    /// Pushes and pops at either end, by the bits of a number.
    Ends(usize, u64),
    /// Inserts items at increasing positions.
    Insert(usize, u16, u16),
    Remove(usize, u16, u16),
    Set(usize, u16, u16),
    Swap(usize, u16, u16),
    Fork(usize, usize),
    Clear(usize),
    Collect(usize, u16),
    Extend(usize, u16),
    Retain(usize, u16),
    IterMut(usize, u16, u16),
    /// Writes at scattered indices of a view that is narrowed and split.
    FocusMut(usize, u16, u16),
    /// Splits the second handle into the first and itself.
    SplitOff(usize, usize, u16),
    Slice(usize, u16, u16),
    Truncate(usize, u16),
    Drain(usize, u16, u16),
    Append(usize, usize),
    Concat(usize, usize),
    Splice(usize, usize, u16, u16),
    Sort(usize),
    /// Reverses, deduplicates, resizes or rotates, by a number.
    Whole(usize, u16, u16),
    /// Builds the vector anew, without sharing.
    Rebuild(usize),
}

impl Arbitrary for Op {
    fn arbitrary(g: &mut Gen) -> Self {
        let handle = |g: &mut Gen| usize::arbitrary(g) % HANDLES;
        let (a, b) = (handle(g), handle(g));
        let (at, other) = (u16::arbitrary(g), u16::arbitrary(g));
        let count = [1, 5, 40, 140, 300][usize::arbitrary(g) % 5];
        match u8::arbitrary(g) % 44 {
            0..3 => Op::PushBack(a, count),
            3..6 => Op::PushFront(a, count),
            6..8 => Op::Pop(a, count / 2, at % 150),
            8 => Op::Ends(a, u64::arbitrary(g)),
            9..12 => Op::Insert(a, at, count / 2),
            12..15 => Op::Remove(a, at, count / 2),
            15 | 16 => Op::Set(a, at, other),
            17 => Op::Swap(a, at, other),
            18..23 => Op::Fork(a, b),
            23 => Op::Clear(a),
            24 => Op::Collect(a, at % 500),
            25 => Op::Extend(a, count),
            26 => Op::Retain(a, other % 5),
            27 => Op::IterMut(a, at, other),
            42 => Op::FocusMut(a, at, other),
            28 | 29 => Op::SplitOff(a, b, at),
            30 => Op::Slice(a, at, other),
            31 => Op::Truncate(a, at),
            32 => Op::Drain(a, at, other),
            33 => Op::Append(a, b),
            34 | 35 => Op::Concat(a, b),
            36 | 37 => Op::Splice(a, b, at, other),
            38 => Op::Sort(a),
            39..42 => Op::Whole(a, at, other),
            _ => Op::Rebuild(a),
        }
    }
}

#[derive(Default)]
struct World {
    vectors: [Subject; HANDLES],
    models: [Model; HANDLES],
    next: u16,
}

impl World {
    fn next(&mut self) -> u16 {
        self.next = self.next.wrapping_add(1);
        // Some items are equal.
        self.next & !4
    }

    fn store(&mut self, a: usize, vector: Subject, model: Model) {
        (self.vectors[a], self.models[a]) = (vector, model);
    }

    fn apply(&mut self, op: &Op) {
        let at = |model: &Model, position: u16| usize::from(position) % (model.len() + 1);
        let range = |model: &Model, x: u16, y: u16| {
            let (x, y) = (at(model, x), at(model, y));
            x.min(y)..x.max(y)
        };
        match *op {
            Op::PushBack(a, count) => (0..count).for_each(|_| {
                let item = self.next();
                self.vectors[a].push_back(item);
                self.models[a].push(item);
            }),
            Op::PushFront(a, count) => {
                let items: Vec<u16> = (0..count).map(|_| self.next()).collect();
                items.iter().for_each(|item| self.vectors[a].push_front(*item));
                self.models[a].splice(..0, items.into_iter().rev());
            }
            Op::Pop(a, back, front) => {
                (0..back).for_each(|_| assert_eq!(self.vectors[a].pop_back(), self.models[a].pop()));
                let popped: Vec<u16> = (0..front).map_while(|_| self.vectors[a].pop_front()).collect();
                let count = usize::from(front).min(self.models[a].len());
                assert!(self.models[a].drain(..count).eq(popped));
            }
            Op::Ends(a, bits) => (0..32).for_each(|i| match bits >> (2 * i) & 3 {
                0 => assert_eq!(self.vectors[a].pop_back(), self.models[a].pop()),
                1 => {
                    let popped = (!self.models[a].is_empty()).then(|| self.models[a].remove(0));
                    assert_eq!(self.vectors[a].pop_front(), popped);
                }
                2 => {
                    self.vectors[a].push_back(i);
                    self.models[a].push(i);
                }
                _ => {
                    self.vectors[a].push_front(i);
                    self.models[a].insert(0, i);
                }
            }),
            Op::Insert(a, position, count) => (0..count).for_each(|i| {
                let (item, at) = (self.next(), at(&self.models[a], position.wrapping_add(i)));
                self.vectors[a].insert(at, item);
                self.models[a].insert(at, item);
            }),
            Op::Remove(a, position, count) => {
                for _ in 0..usize::from(count).min(self.models[a].len()) {
                    let at = usize::from(position) % self.models[a].len();
                    assert_eq!(self.vectors[a].remove(at), self.models[a].remove(at));
                }
            }
            Op::Set(a, position, item) if !self.models[a].is_empty() => {
                let at = usize::from(position) % self.models[a].len();
                let updated = self.vectors[a].update(at, item);
                assert_eq!(self.vectors[a].set(at, item), self.models[a][at]);
                self.models[a][at] = item;
                assert_eq!(updated, self.vectors[a]);
            }
            Op::Swap(a, x, y) if !self.models[a].is_empty() => {
                let [x, y] = [x, y].map(|at| usize::from(at) % self.models[a].len());
                self.vectors[a].swap(x, y);
                self.models[a].swap(x, y);
            }
            Op::Set(..) | Op::Swap(..) => {}
            Op::Fork(a, b) => self.store(a, self.vectors[b].clone(), self.models[b].clone()),
            Op::Clear(a) => {
                self.vectors[a].clear();
                self.models[a].clear();
            }
            Op::Collect(a, count) => {
                let items: Model = (0..count).map(|_| self.next()).collect();
                self.store(a, items.iter().copied().collect(), items);
            }
            Op::Extend(a, count) => {
                let items: Model = (0..count).map(|_| self.next()).collect();
                self.vectors[a].extend(&items);
                self.models[a].extend(&items);
            }
            Op::Retain(a, modulus) => {
                let keep = |item: &u16| !(item / 64 % 5 == modulus || item % 7 == modulus);
                self.vectors[a].retain(keep);
                self.models[a].retain(keep);
            }
            Op::FocusMut(a, x, y) => {
                let len = self.models[a].len();
                let (x, y) = (usize::from(x) % (len + 1), usize::from(y) % (len + 1));
                let range = x.min(y)..x.max(y);
                let model = &mut self.models[a][range.clone()];
                let mut focus = self.vectors[a].focus_mut();
                assert_eq!(focus.get_mut(len).copied(), None);
                let mut focus = focus.narrow(range);
                let write = |focus: &mut FocusMut<'_, u16>, model: &mut [u16]| {
                    assert_eq!((focus.len(), focus.is_empty()), (model.len(), model.is_empty()));
                    for i in 0..12 {
                        let at = (i * x + y + i % 3) % (model.len() + 1);
                        assert_eq!(focus.get_mut(at), model.get_mut(at));
                        if let Some((range, items)) = focus.chunk_at(at) {
                            assert!(range.contains(&at));
                            assert_eq!(items, &model[range.clone()]);
                            items.iter_mut().for_each(|item| *item = item.wrapping_add(1));
                            model[range].iter_mut().for_each(|item| *item = item.wrapping_add(1));
                        }
                        if let (Some(item), Some(expected)) = (focus.get_mut(at), model.get_mut(at)) {
                            (*item, *expected) = (at as u16, at as u16);
                        }
                    }
                };
                write(&mut focus, model);
                let at = (x ^ y) % (model.len() + 1);
                let ((mut left, mut right), (before, after)) = (focus.split_at(at), model.split_at_mut(at));
                write(&mut right, after);
                write(&mut left, before);
            }
            Op::IterMut(a, x, y) => {
                let range = range(&self.models[a], x, y);
                let mut items = self.vectors[a].range_mut(range.clone());
                let mut expected = self.models[a][range].iter_mut();
                for turn in 0.. {
                    let (ours, theirs) = match turn % 7 {
                        0 | 3 => (items.next_back(), expected.next_back()),
                        5 => (items.nth(turn), expected.nth(turn)),
                        6 => (items.nth_back(turn), expected.nth_back(turn)),
                        _ => (items.next(), expected.next()),
                    };
                    assert_eq!(ours, theirs);
                    let (Some(ours), Some(theirs)) = (ours, theirs) else {
                        break;
                    };
                    (*ours, *theirs) = (ours.wrapping_add(1), theirs.wrapping_add(1));
                }
            }
            Op::SplitOff(a, b, position) => {
                let at = at(&self.models[b], position);
                let (vector, model) = (self.vectors[b].split_off(at), self.models[b].split_off(at));
                self.check(b);
                self.store(a, vector, model);
            }
            Op::Slice(a, x, y) => {
                let range = range(&self.models[a], x, y);
                self.store(a, self.vectors[a].slice(range.clone()), self.models[a][range].to_vec());
            }
            Op::Truncate(a, position) => {
                self.vectors[a].truncate(usize::from(position % 3000));
                self.models[a].truncate(usize::from(position % 3000));
            }
            Op::Drain(a, x, y) => {
                let range = range(&self.models[a], x, y);
                assert!(self.vectors[a].drain(range.clone()).eq(self.models[a].drain(range)));
            }
            Op::Append(a, b) => {
                // A copy, or the vector itself.
                let is_moved = a != b && self.models[b].len().is_multiple_of(2);
                let mut other = self.vectors[b].clone();
                let items = self.models[b].clone();
                if is_moved {
                    self.store(b, Vector::new(), Model::new());
                }
                self.vectors[a].append(&mut other);
                assert!(other.is_empty());
                self.models[a].extend(items);
            }
            Op::Concat(a, b) => {
                let all = self.vectors[a].concat(&self.vectors[b]);
                let model = [self.models[a].as_slice(), &self.models[b]].concat();
                self.store(a, all, model);
            }
            Op::Splice(a, b, x, y) => {
                let range = range(&self.models[a], x, y);
                let removed = self.vectors[a].splice(range.clone(), self.vectors[b].clone());
                let items = self.models[b].clone();
                assert!(self.models[a].splice(range, items).eq(removed));
            }
            Op::Sort(a) => {
                self.vectors[a].sort_by_key(|item| item % 64);
                self.models[a].sort_by_key(|item| item % 64);
            }
            Op::Whole(a, kind, position) => {
                let at = at(&self.models[a], position);
                let (vector, model) = (&mut self.vectors[a], &mut self.models[a]);
                match kind % 7 {
                    0 => (vector.reverse(), model.reverse()),
                    1 => (vector.dedup(), model.dedup()),
                    2 => (
                        vector.dedup_by_key(|item| *item / 4),
                        model.dedup_by_key(|item| *item / 4),
                    ),
                    3 => (vector.rotate_left(at), model.rotate_left(at)),
                    4 => (vector.rotate_right(at), model.rotate_right(at)),
                    5 => (vector.resize(at / 2 + 90, kind), model.resize(at / 2 + 90, kind)),
                    _ => (
                        vector.extend_from_slice(&model[..at / 3]),
                        model.extend_from_within(..at / 3),
                    ),
                };
            }
            Op::Rebuild(a) => self.vectors[a] = Vector::from(&self.models[a]),
        }
        for a in 0..HANDLES {
            if self.models[a].len() > MOST {
                self.vectors[a].truncate(MOST / 2);
                self.models[a].truncate(MOST / 2);
            }
        }
        match *op {
            Op::PushBack(a, ..)
            | Op::PushFront(a, ..)
            | Op::Pop(a, ..)
            | Op::Ends(a, ..)
            | Op::Insert(a, ..)
            | Op::Remove(a, ..)
            | Op::Set(a, ..)
            | Op::Swap(a, ..)
            | Op::Fork(a, ..)
            | Op::Clear(a)
            | Op::Collect(a, ..)
            | Op::Extend(a, ..)
            | Op::Retain(a, ..)
            | Op::IterMut(a, ..)
            | Op::FocusMut(a, ..)
            | Op::SplitOff(a, ..)
            | Op::Slice(a, ..)
            | Op::Truncate(a, ..)
            | Op::Drain(a, ..)
            | Op::Append(a, ..)
            | Op::Concat(a, ..)
            | Op::Splice(a, ..)
            | Op::Sort(a)
            | Op::Whole(a, ..)
            | Op::Rebuild(a) => self.check(a),
        }
    }

    #[track_caller]
    fn check(&self, a: usize) {
        let (vector, model) = (&self.vectors[a], &self.models[a]);
        vector.check().unwrap();
        assert_eq!(vector.len(), model.len());
        assert_eq!(vector, model);
    }

    /// Compares all queries.
    fn ask(&self, a: usize, b: usize, x: u16, y: u16) {
        let (vector, model) = (&self.vectors[a], &self.models[a]);
        let [x, y] = [x, y].map(|at| usize::from(at) % (model.len() + 2));
        assert_eq!(vector.get(x), model.get(x));
        assert_eq!((vector.front(), vector.back()), (model.first(), model.last()));
        assert_eq!(vector.is_empty(), model.is_empty());
        let mut focus = vector.focus();
        for at in [x, y, x + 1, x.saturating_sub(1)] {
            assert_eq!(focus.get(at), model.get(at));
            assert_eq!(
                focus.chunk_at(at).map(|(range, items)| (items, range.contains(&at))),
                focus.chunk_at(at).map(|(range, _)| (&model[range], true))
            );
        }
        let range = x.min(y).min(model.len())..x.max(y).min(model.len());
        let (items, expected) = (vector.range(range.clone()), model[range].iter());
        assert_eq!(items.len(), expected.len());
        assert!(items.clone().eq(expected.clone()) && items.clone().rev().eq(expected.clone().rev()));
        assert!(items.clone().step_by(37).eq(expected.clone().step_by(37)));
        assert_eq!(items.clone().nth_back(20), expected.clone().nth_back(20));
        assert!(vector.chunks().flatten().eq(model));
        assert!(
            vector
                .chunks()
                .rev()
                .flat_map(|chunk| chunk.iter().rev())
                .eq(model.iter().rev())
        );
        let (mut ours, mut theirs) = (vector.clone().into_iter(), model.clone().into_iter());
        assert_eq!(ours.next_back(), theirs.next_back());
        assert!(ours.by_ref().take(30).eq(theirs.by_ref().take(30)));
        assert_eq!(
            (ours.nth(x / 4), ours.nth_back(y / 4)),
            (theirs.nth(x / 4), theirs.nth_back(y / 4))
        );
        assert_eq!(ours.len(), theirs.len());
        assert!(ours.clone().rev().eq(theirs.clone().rev()) && ours.eq(theirs));
        let item = model.get(x).copied().unwrap_or(9);
        assert_eq!(vector.index_of(&item), model.iter().position(|other| *other == item));
        assert_eq!(vector.contains(&item), model.contains(&item));

        let (new, new_model) = (&self.vectors[b], &self.models[b]);
        assert_eq!(vector == new, model == new_model);
        assert_eq!(vector.cmp(new), model.cmp(new_model));
        let mut patched = vector.clone();
        let mut last = (0, 0);
        let hunks = vector.diff(new);
        for hunk in &hunks {
            assert!(!hunk.old.is_empty() || !hunk.new.is_empty());
            let equal = (&model[last.0..hunk.old.start], &new_model[last.1..hunk.new.start]);
            assert_eq!(equal.0, equal.1);
            assert!(last == (0, 0) || !equal.0.is_empty(), "adjacent changes are one");
            last = (hunk.old.end, hunk.new.end);
        }
        for hunk in hunks.into_iter().rev() {
            patched.splice(hunk.old, new.slice(hunk.new));
        }
        assert_eq!(&patched, new_model);
        patched.check().unwrap();
    }
}

#[test]
fn histories_of_forks_are_those_of_the_model() {
    fn property(ops: Vec<(Op, u16, u16)>) {
        let mut world = World::default();
        for (op, x, y) in ops {
            world.apply(&op);
            if x % 4 == 0 {
                world.ask(usize::from(x / 4) % HANDLES, usize::from(y) % HANDLES, x / 8, y);
            }
        }
        for a in 0..HANDLES {
            world.check(a);
            world.ask(a, (a + 1) % HANDLES, 70, 700);
        }
    }
    quick_check(300).quickcheck(property as fn(Vec<(Op, u16, u16)>));
}
