//! Operations on forks of a vector, each compared with `VecDeque`.

use arbitrary::{Arbitrary, Unstructured};
use pleach::Vector;
use std::collections::VecDeque;
use std::ops::Range;

type Model = VecDeque<u16>;

/// Handles on which the operations work.
const HANDLES: usize = 4;

/// The maximal length of a vector.
const MOST: usize = 5_000;

/// One of the handles.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Handle(u8);

impl Handle {
    fn at(self) -> usize {
        usize::from(self.0) % HANDLES
    }
}

/// A range of indices, modulo the length.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Part(u16, u16);

impl Part {
    fn of(self, len: usize) -> Range<usize> {
        let [a, b] = [self.0, self.1].map(|at| usize::from(at) % (len + 1));
        a.min(b)..a.max(b)
    }
}

/// The result of an operation on several handles goes to the first.
#[derive(Arbitrary, Clone, Debug)]
enum Step {
    PushBack(Handle, u16, u8),
    PushFront(Handle, u16, u8),
    PopBack(Handle, u8),
    PopFront(Handle, u8),
    Insert(Handle, u16, u16, u8),
    Remove(Handle, u16, u8),
    Set(Handle, u16, u16),
    Swap(Handle, u16, u16),
    Fork(Handle, Handle),
    Collect(Handle, u16, u16),
    Retain(Handle, u8),
    RangeMut(Handle, Part),
    SplitOff(Handle, Handle, u16),
    Slice(Handle, Part),
    Truncate(Handle, u16),
    Drain(Handle, Part),
    Append(Handle, Handle),
    Splice(Handle, Handle, Part),
    Sort(Handle, u8),
    /// Ours, the base and theirs.
    Merge(Handle, Handle, Handle),
    Ask(Handle, u16, Part),
    Consume(Handle, Vec<bool>),
    Diff(Handle, Handle),
    Check(Handle),
}

/// Interprets the bytes as operations.
pub fn run(data: &[u8]) {
    let mut world = World::default();
    // Not as a `Vec`, of which every other byte string has one step or none.
    let mut data = Unstructured::new(data);
    while !data.is_empty()
        && let Ok(step) = Step::arbitrary(&mut data)
    {
        world.step(&step);
    }
    (0..HANDLES).for_each(|at| world.check(at));
    world.diff(0, 1);
    world.diff(2, 1);
}

#[derive(Default)]
struct World {
    vectors: [Vector<u16>; HANDLES],
    models: [Model; HANDLES],
}

impl World {
    /// Checks the invariants and the items.
    fn check(&self, at: usize) {
        let (vector, model) = (&self.vectors[at], &self.models[at]);
        vector.check().expect("the invariants hold");
        assert_eq!(vector.len(), model.len());
        assert!(vector.iter().eq(model));
        assert!(vector.iter().rev().eq(model.iter().rev()));
        assert!(vector.chunks().flatten().eq(model));
    }

    fn diff(&self, old: usize, new: usize) {
        let (from, to) = (&self.vectors[old], &self.vectors[new]);
        let hunks = from.diff(to);
        let gaps = hunks.windows(2);
        assert!(gaps.into_iter().all(|pair| pair[0].old.end < pair[1].old.start));
        let mut patched = from.clone();
        for hunk in hunks.into_iter().rev() {
            patched.splice(hunk.old, to.slice(hunk.new));
        }
        assert!(patched.iter().eq(&self.models[new]));
        assert_eq!(from.cmp(to), self.models[old].cmp(&self.models[new]));
        assert_eq!(from == to, self.models[old] == self.models[new]);
    }

    fn step(&mut self, step: &Step) {
        let (vectors, models) = (&mut self.vectors, &mut self.models);
        match step {
            Step::PushBack(a, item, count) => (0..*count).for_each(|_| {
                vectors[a.at()].push_back(*item);
                models[a.at()].push_back(*item);
            }),
            Step::PushFront(a, item, count) => (0..*count).for_each(|_| {
                vectors[a.at()].push_front(*item);
                models[a.at()].push_front(*item);
            }),
            Step::PopBack(a, count) => (0..*count).for_each(|_| {
                assert_eq!(vectors[a.at()].pop_back(), models[a.at()].pop_back());
            }),
            Step::PopFront(a, count) => (0..*count).for_each(|_| {
                assert_eq!(vectors[a.at()].pop_front(), models[a.at()].pop_front());
            }),
            Step::Insert(a, at, item, count) => (0..*count).for_each(|i| {
                let at = usize::from(*at) % (models[a.at()].len() + 1);
                let item = item.wrapping_add(u16::from(i));
                vectors[a.at()].insert(at, item);
                models[a.at()].insert(at, item);
            }),
            Step::Remove(a, at, count) => (0..*count).for_each(|_| {
                if !models[a.at()].is_empty() {
                    let at = usize::from(*at) % models[a.at()].len();
                    assert_eq!(Some(vectors[a.at()].remove(at)), models[a.at()].remove(at));
                }
            }),
            Step::Set(a, at, item) => {
                let at = usize::from(*at);
                assert_eq!(vectors[a.at()].get_mut(at), models[a.at()].get_mut(at));
                vectors[a.at()].get_mut(at).into_iter().for_each(|old| *old = *item);
                models[a.at()].get_mut(at).into_iter().for_each(|old| *old = *item);
            }
            Step::Swap(a, x, y) => {
                let len = models[a.at()].len();
                if len > 0 {
                    vectors[a.at()].swap(usize::from(*x) % len, usize::from(*y) % len);
                    models[a.at()].swap(usize::from(*x) % len, usize::from(*y) % len);
                }
            }
            Step::Fork(a, b) => {
                vectors[a.at()] = vectors[b.at()].clone();
                models[a.at()] = models[b.at()].clone();
            }
            Step::Collect(a, start, count) => {
                let items = || (0..count % 1024).map(|i| start.wrapping_add(i));
                vectors[a.at()] = items().collect();
                models[a.at()] = items().collect();
            }
            Step::Retain(a, modulus) => {
                let keep = |item: &u16| !item.is_multiple_of(u16::from(modulus % 8) + 1);
                vectors[a.at()].retain(keep);
                models[a.at()].retain(keep);
            }
            Step::RangeMut(a, part) => {
                let range = part.of(models[a.at()].len());
                vectors[a.at()].range_mut(range.clone()).for_each(|item| *item ^= 1);
                models[a.at()].range_mut(range).for_each(|item| *item ^= 1);
            }
            Step::SplitOff(a, b, at) => {
                let at = usize::from(*at) % (models[b.at()].len() + 1);
                vectors[a.at()] = vectors[b.at()].split_off(at);
                models[a.at()] = models[b.at()].split_off(at);
            }
            Step::Slice(a, part) => {
                let range = part.of(models[a.at()].len());
                vectors[a.at()] = vectors[a.at()].slice(range.clone());
                models[a.at()] = models[a.at()].range(range).copied().collect();
            }
            Step::Truncate(a, len) => {
                vectors[a.at()].truncate(usize::from(*len));
                models[a.at()].truncate(usize::from(*len));
            }
            Step::Drain(a, part) => {
                let range = part.of(models[a.at()].len());
                assert!(vectors[a.at()].drain(range.clone()).eq(models[a.at()].drain(range)));
            }
            Step::Append(a, b) => {
                let mut other = vectors[b.at()].clone();
                vectors[a.at()].append(&mut other);
                let mut other = models[b.at()].clone();
                models[a.at()].append(&mut other);
            }
            Step::Splice(a, b, part) => {
                let range = part.of(models[a.at()].len());
                let (other, middle) = (vectors[b.at()].clone(), models[b.at()].clone());
                let removed = vectors[a.at()].splice(range.clone(), other);
                let mut tail = models[a.at()].split_off(range.start);
                let after = tail.split_off(range.len());
                assert!(removed.iter().eq(&tail));
                models[a.at()].extend(middle);
                models[a.at()].extend(after);
            }
            Step::Sort(a, modulus) => {
                let key = |item: &u16| item % (u16::from(*modulus) + 1);
                vectors[a.at()].sort_by_key(key);
                models[a.at()].make_contiguous().sort_by_key(key);
            }
            Step::Merge(a, b, c) => {
                let (ours, base, theirs) = (&vectors[a.at()], &vectors[b.at()], &vectors[c.at()]);
                let merged = ours.merge(base, theirs, |_, ours, theirs| ours + theirs);
                // From the other side, the same changes are made.
                assert_eq!(merged, theirs.merge(base, ours, |_, theirs, ours| ours + theirs));
                models[a.at()] = merged.iter().copied().collect();
                vectors[a.at()] = merged;
            }
            Step::Ask(a, at, part) => {
                let (vector, model) = (&vectors[a.at()], &models[a.at()]);
                let at = usize::from(*at);
                assert_eq!(vector.get(at), model.get(at));
                assert_eq!((vector.front(), vector.back()), (model.front(), model.back()));
                let range = part.of(model.len());
                let mut focus = vector.focus();
                assert!(range.clone().all(|at| focus.get(at) == model.get(at)));
                assert!(vector.range(range.clone()).rev().eq(model.range(range).rev()));
            }
            Step::Consume(a, ends) => {
                let mut items = std::mem::take(&mut vectors[a.at()]).into_iter();
                let mut expected = std::mem::take(&mut models[a.at()]).into_iter();
                for from_back in ends {
                    if *from_back {
                        assert_eq!(items.next_back(), expected.next_back());
                    } else {
                        assert_eq!(items.next(), expected.next());
                    }
                }
                vectors[a.at()] = items.collect();
                models[a.at()] = expected.collect();
            }
            Step::Diff(a, b) => self.diff(a.at(), b.at()),
            Step::Check(a) => self.check(a.at()),
        }
        for (vector, model) in self.vectors.iter_mut().zip(&mut self.models) {
            vector.truncate(MOST);
            model.truncate(MOST);
        }
    }
}
