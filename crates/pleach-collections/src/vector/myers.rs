//! The difference of two slices: Myers, "An O(ND) Difference Algorithm and Its Variations", 1986, in linear space.
//!
//! A rectangle of the edit graph is split where the furthest-reaching paths from two opposite corners meet. If they don't within
//! [`LIMIT`] edits each, it is split where one of them got furthest, as in Git's version, so that the result may
//! have more edits than needed.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// The number of edits after which a search for the shortest path ends.
const LIMIT: usize = 256;

/// The position on a diagonal that no path reaches.
const NONE: isize = -1;

/// The furthest positions on the diagonals, by the number of old items.
struct Furthest {
    positions: Vec<isize>,
    offset: isize,
}

impl Furthest {
    fn clear(&mut self, edits: usize) {
        self.offset = edits as isize + 1;
        self.positions.clear();
        self.positions.resize(2 * edits + 3, NONE);
    }

    fn at(&mut self, diagonal: isize) -> &mut isize {
        &mut self.positions[(diagonal + self.offset) as usize]
    }

    /// Returns the furthest position on a diagonal after one more edit, without items that are equal.
    fn step(&mut self, diagonal: isize, edits: isize, (n, m): (isize, isize)) -> isize {
        if edits == 0 {
            return 0;
        }
        let (above, left) = (*self.at(diagonal + 1), *self.at(diagonal - 1));
        let down = if above != NONE && above - diagonal <= m {
            above
        } else {
            NONE
        };
        let right = if left != NONE && left < n { left + 1 } else { NONE };
        down.max(right)
    }
}

/// A rectangle of the edit graph: ranges of both slices.
type Rect = (Range<usize>, Range<usize>);

/// Calls `hunk` for each range of `old` that a range of `new` replaces, in order. Takes O((n + m) · min(d, [`LIMIT`]))
/// comparisons, where d is the number of edits, and O(d) memory.
pub(super) fn diff<T: PartialEq>(old: &[&T], new: &[&T], mut hunk: impl FnMut(Range<usize>, Range<usize>)) {
    let mut paths = [(); 2].map(|()| Furthest {
        positions: Vec::new(),
        offset: 0,
    });
    let mut pending: Vec<Rect> = vec![(0..old.len(), 0..new.len())];
    while let Some((mut x, mut y)) = pending.pop() {
        let (a, b) = (&old[x.clone()], &new[y.clone()]);
        let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let (a, b) = (&a[start..], &b[start..]);
        let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
        (x, y) = (x.start + start..x.end - end, y.start + start..y.end - end);
        if x.is_empty() || y.is_empty() {
            if !x.is_empty() || !y.is_empty() {
                hunk(x, y);
            }
            continue;
        }
        let (i, j) = split(&old[x.clone()], &new[y.clone()], &mut paths);
        if i + j == 0 || i + j == x.len() + y.len() {
            // Both parts must be less than the whole. They are if `==` returns the same for the same items.
            hunk(x, y);
            continue;
        }
        pending.push((x.start + i..x.end, y.start + j..y.end));
        pending.push((x.start..x.start + i, y.start..y.start + j));
    }
}

/// Returns a position in a rectangle that a short path of edits passes, other than its corners. The rectangle has items on both
/// sides, of which neither the first nor the last ones are equal.
fn split<T: PartialEq>(old: &[&T], new: &[&T], [forward, backward]: &mut [Furthest; 2]) -> (usize, usize) {
    let lens = (old.len() as isize, new.len() as isize);
    let (n, m) = lens;
    let delta = n - m;
    let most = (old.len() + new.len()).div_ceil(2).min(LIMIT);
    forward.clear(most);
    backward.clear(most);
    for edits in 0..=most as isize {
        for diagonal in (-edits..=edits).step_by(2) {
            let mut x = forward.step(diagonal, edits, lens);
            if x != NONE {
                while x < n && x - diagonal < m && old[x as usize] == new[(x - diagonal) as usize] {
                    x += 1;
                }
            }
            *forward.at(diagonal) = x;
            // The other path has one edit less.
            let opposite = delta - diagonal;
            if x != NONE && delta % 2 != 0 && opposite.abs() < edits {
                let other = *backward.at(opposite);
                if other != NONE && x + other >= n {
                    return (x as usize, (x - diagonal) as usize);
                }
            }
        }
        for diagonal in (-edits..=edits).step_by(2) {
            let mut x = backward.step(diagonal, edits, lens);
            if x != NONE {
                while x < n && x - diagonal < m && old[(n - 1 - x) as usize] == new[(m - 1 - x + diagonal) as usize] {
                    x += 1;
                }
            }
            *backward.at(diagonal) = x;
            let opposite = delta - diagonal;
            if x != NONE && delta % 2 == 0 && opposite.abs() <= edits {
                let other = *forward.at(opposite);
                if other != NONE && x + other >= n {
                    return ((n - x) as usize, (m - x + diagonal) as usize);
                }
            }
        }
    }
    let edits = most as isize;
    let furthest = |path: &mut Furthest| {
        let ends = (-edits..=edits)
            .step_by(2)
            .map(|diagonal| (*path.at(diagonal), diagonal));
        let ends = ends.filter(|(x, _)| *x != NONE);
        ends.map(|(x, diagonal)| (2 * x - diagonal, x, x - diagonal)).max()
    };
    match (furthest(forward), furthest(backward)) {
        (Some((sum, x, y)), other) if other.is_none_or(|(other, ..)| sum >= other) => (x as usize, y as usize),
        (_, Some((_, x, y))) => ((n - x) as usize, (m - y) as usize),
        _ => unreachable!("a path has gone as far as its edits"),
    }
}

#[cfg(test)]
mod tests {
    use super::diff;
    use core::cell::Cell;
    use pleach_testkit::quick_check;

    /// Returns the length of a longest common subsequence.
    fn common(old: &[u8], new: &[u8]) -> usize {
        let mut row = vec![0; new.len() + 1];
        for a in old {
            let mut diagonal = 0;
            for (j, b) in new.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if a == b { diagonal + 1 } else { above.max(row[j]) };
                diagonal = above;
            }
        }
        row[new.len()]
    }

    #[test]
    fn edits_are_the_fewest() {
        fn property(old: Vec<u8>, new: Vec<u8>, letters: u8) {
            let few = |items: Vec<u8>| -> Vec<u8> { items.iter().map(|item| item % (letters % 7 + 1)).collect() };
            let (old, new) = (few(old), few(new));
            let (mut patched, mut edits, mut at) = (Vec::new(), 0, 0);
            diff(
                &old.iter().collect::<Vec<_>>(),
                &new.iter().collect::<Vec<_>>(),
                |x, y| {
                    patched.extend_from_slice(&old[at..x.start]);
                    patched.extend_from_slice(&new[y.clone()]);
                    at = x.end;
                    edits += x.len() + y.len();
                },
            );
            patched.extend_from_slice(&old[at..]);
            assert_eq!(patched, new);
            assert_eq!(edits, old.len() + new.len() - 2 * common(&old, &new));
        }
        quick_check(2_000).quickcheck(property as fn(Vec<u8>, Vec<u8>, u8));
    }

    /// Items whose `==` is inconsistent give some difference.
    #[test]
    fn inconsistent_items_end() {
        #[derive(Debug)]
        struct Fickle<'a>(&'a Cell<u32>);
        impl PartialEq for Fickle<'_> {
            fn eq(&self, _: &Self) -> bool {
                let next = self.0.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                self.0.set(next);
                next >> 30 == 0
            }
        }
        for seed in 0..2_000 {
            let state = Cell::new(seed);
            let fickle = Fickle(&state);
            let (mut x_at, mut y_at) = (0, 0);
            diff(
                &vec![&fickle; 1 + seed as usize % 9],
                &vec![&fickle; 1 + seed as usize % 7],
                |x, y| {
                    assert!(x_at <= x.start && y_at <= y.start);
                    (x_at, y_at) = (x.end, y.end);
                },
            );
        }
    }

    /// Beyond the limit, a difference is one, at a cost that is bounded.
    #[test]
    fn large_differences_are_bounded() {
        let numbers = |seed: u32| -> Vec<u32> {
            let next = |x: &u32| Some(x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            core::iter::successors(Some(seed), next)
                .map(|x| x >> 28)
                .take(5_000)
                .collect()
        };
        let (old, new) = (numbers(1), numbers(2));
        let (mut patched, mut at) = (Vec::new(), 0);
        diff(
            &old.iter().collect::<Vec<_>>(),
            &new.iter().collect::<Vec<_>>(),
            |x, y| {
                patched.extend_from_slice(&old[at..x.start]);
                patched.extend_from_slice(&new[y]);
                at = x.end;
            },
        );
        patched.extend_from_slice(&old[at..]);
        assert_eq!(patched, new);
    }
}
