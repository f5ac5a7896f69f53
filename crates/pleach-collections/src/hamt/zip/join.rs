//! The join of several operands' entries, tag by tag.

use super::groups::{List, Source};
use super::operand::{Entries, Operand, Run};
use super::{EntryOutcome, Zip};
use crate::hamt::Keys;

/// Adds the joined entries to a list. Returns the operands that the result equals, as a bitmap.
pub(super) fn join_to<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    operands: &[Operand<'a, '_, K, V>; N],
    list: &mut List<'a, K, V>,
    op: &mut O,
) -> usize {
    let runs = operands.map(Operand::run);
    if O::BUILDS {
        list.reserve(runs.iter().map(|run| run.tags.len()).sum());
    }
    let mut leaves: [&'a [(K, V)]; N] = [&[]; N];
    let all_leaves = leaves.iter_mut().zip(&runs).all(|(leaf, run)| match run.entries {
        Entries::OfLeaf(entries) => {
            *leaf = entries;
            true
        }
        Entries::Listed(_) => false,
    });
    if all_leaves {
        join_runs(runs, |i, at| leaves[i].get(at), list, op)
    } else {
        join_runs(runs, |i, at| runs[i].entry(at), list, op)
    }
}

/// Joins runs of entries, of which `get` returns one. Returns the operands that the result equals, as a bitmap.
#[inline]
fn join_runs<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    runs: [Run<'a, '_, K, V>; N],
    get: impl Fn(usize, usize) -> Option<&'a (K, V)>,
    list: &mut List<'a, K, V>,
    op: &mut O,
) -> usize {
    /// Greater than all tags.
    const END: u32 = u32::MAX;
    let head = |i: usize, at: usize| runs[i].tags.get(at).map_or(END, |tag| u32::from(*tag));
    let mut same = (1 << N) - 1;
    let mut from = [0; N];
    let mut heads: [u32; N] = core::array::from_fn(|i| head(i, 0));
    loop {
        // Usually all have the key.
        if heads[1..].iter().all(|head| *head == heads[0]) && heads[0] != END {
            let entries: [_; N] = core::array::from_fn(|i| get(i, from[i]));
            let next: [u32; N] = core::array::from_fn(|i| head(i, from[i] + 1));
            if next.iter().all(|next| *next != heads[0]) && all_of_one_key(&entries, op.keys()) {
                same &= emit(heads[0] as u16, entries, list, op);
                heads = next;
                from.iter_mut().for_each(|from| *from += 1);
                continue;
            }
        }
        let least = heads.iter().fold(END, |least, head| least.min(*head));
        if least == END {
            return same;
        }
        // Usually a tag has one key.
        let start = from;
        let mut entries: [Option<&'a (K, V)>; N] = [None; N];
        let mut key: Option<&K> = None;
        let mut one = true;
        for i in 0..N {
            if heads[i] == least {
                entries[i] = get(i, from[i]);
                from[i] += 1;
                heads[i] = head(i, from[i]);
                one &= heads[i] != least;
                if let Some((found, _)) = entries[i] {
                    one &= key.is_none_or(|key| op.keys().same(key, found));
                    key = Some(found);
                }
            }
        }
        if one {
            same &= emit(least as u16, entries, list, op);
        } else {
            for i in 0..N {
                from[i] = start[i] + runs[i].tags[start[i]..].partition_point(|tag| u32::from(*tag) <= least);
                heads[i] = head(i, from[i]);
            }
            let all = core::array::from_fn(|i| runs[i].slice(start[i], from[i]));
            same &= join_tag(least as u16, all, list, op);
        }
    }
}

/// Whether all have an entry, and of the same key.
#[inline]
fn all_of_one_key<const N: usize, K, V>(entries: &[Option<&(K, V)>; N], keys: &impl Keys<K>) -> bool {
    let Some((key, _)) = entries[0] else {
        return false;
    };
    entries[1..]
        .iter()
        .all(|entry| entry.is_some_and(|(other, _)| keys.same(key, other)))
}

/// Joins the entries of one tag.
#[cold]
fn join_tag<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    tag: u16,
    runs: [Run<'a, '_, K, V>; N],
    list: &mut List<'a, K, V>,
    op: &mut O,
) -> usize {
    let mut same = (1 << N) - 1;
    let run = |i: usize| runs[i].iter().map(|(_, entry)| entry);
    for i in 0..N {
        for entry in run(i) {
            let find = |j: usize| run(j).find(|other| op.keys().same(&other.0, &entry.0));
            if (0..i).any(|j| find(j).is_some()) {
                continue;
            }
            let entries = core::array::from_fn(|j| match j.cmp(&i) {
                core::cmp::Ordering::Less => None,
                core::cmp::Ordering::Equal => Some(entry),
                core::cmp::Ordering::Greater => find(j),
            });
            same &= emit(tag, entries, list, op);
        }
    }
    same
}

/// Adds the outcome of a key. Returns the operands that have the same entry, or lack the key as the result does.
#[inline(always)]
fn emit<'a, const N: usize, K: Clone, V: Clone, O: Zip<'a, N, K, V>>(
    tag: u16,
    entries: [Option<&'a (K, V)>; N],
    list: &mut List<'a, K, V>,
    op: &mut O,
) -> usize {
    let having = (0..N).fold(0, |having, i| having | usize::from(entries[i].is_some()) << i);
    match op.entry(entries) {
        EntryOutcome::Removed => !having,
        EntryOutcome::Operands(of) => {
            let of = of & having;
            if let Some(kept) = entries.get(of.trailing_zeros() as usize).copied().flatten() {
                list.push((tag, Source::Kept(kept)));
            }
            of
        }
        EntryOutcome::New(value) => {
            if let Some((key, _)) = entries.into_iter().flatten().next() {
                list.push((tag, Source::New((key.clone(), value))));
            }
            0
        }
    }
}
