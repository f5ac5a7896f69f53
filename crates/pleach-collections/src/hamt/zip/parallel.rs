//! The walk on Rayon's threads: the groups of the roots are shared out.

use super::super::retain::Keeping;
use super::super::setops::{Combine, Combining};
use super::part::{Part, Region};
use super::{Groups, Keys, Node, region};

/// Tries that hold fewer entries, all counted, are combined by the calling thread. `cargo bench --bench bulk` measures it.
const FEW_TO_COMBINE: usize = if cfg!(pleach_tiny_nodes) { 16 } else { 65_536 };

/// Of fewer entries, the calling thread sees which to retain.
const FEW_TO_RETAIN: usize = if cfg!(pleach_tiny_nodes) { 16 } else { 131_072 };

/// As [`combine`](super::super::combine). Every task works with a clone of `op`.
pub(crate) fn par_combine<K, V>(
    a: Option<&Node<K, V>>,
    b: Option<&Node<K, V>>,
    op: &(impl Combine<K, V> + Clone + Sync),
) -> Option<Node<K, V>>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    par_zip([a, b], FEW_TO_COMBINE, &|parts, at, result| {
        region(parts, at, result, &mut Combining(&mut op.clone()))
    })
}

/// As [`retain`](super::super::retain).
pub(crate) fn par_retain<K, V>(
    root: Option<&Node<K, V>>,
    keys: &(impl Keys<K> + Sync),
    keep: &(impl Fn(&K, &V) -> bool + Sync),
) -> Option<Node<K, V>>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    par_zip([root], FEW_TO_RETAIN, &|parts, at, result| {
        region(parts, at, result, &mut Keeping { keys, keep })
    })
}

/// One group of the roots, and what becomes of it: the groups of the result, and which operands they equal.
type Task<'a, K, V> = (Region, Groups<'a, K, V>, usize);

/// As [`zip`](super::zip), where `walk` is [`region`] of some operation that builds. The calling thread walks tries that
/// hold fewer than `few` entries in all.
fn par_zip<'a, const N: usize, K, V, F>(roots: [Option<&'a Node<K, V>>; N], few: usize, walk: &F) -> Option<Node<K, V>>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
    F: Fn([Part<'a, '_, K, V>; N], Region, &mut Groups<'a, K, V>) -> usize + Sync,
{
    let all = Region::all(0);
    let mut result = Groups::new(0);
    let mut same = (1 << N) - 1;
    match alike(roots) {
        Some(nodes) if nodes.iter().map(|node| node.size()).sum::<usize>() >= few => {
            let mut tasks = tasks(nodes[0]);
            let parts = nodes.map(Part::Groups);
            share_out(&mut tasks, &|at, result| {
                walk(parts.map(|part| part.within(at)), at, result)
            });
            for (at, groups, equal) in tasks {
                same &= equal;
                result.append(at, groups);
            }
        }
        _ => same = walk(roots.map(Part::of_child), all, &mut result),
    }
    match (0..N).find(|i| same >> i & 1 == 1) {
        Some(i) => roots[i].cloned(),
        None => result.into_node(),
    }
}

/// The roots, if all are different inner nodes whose groups are the same.
fn alike<const N: usize, K, V>(roots: [Option<&Node<K, V>>; N]) -> Option<[&Node<K, V>; N]> {
    let first = roots[0]?;
    let fits = |i: usize| {
        let node = roots[i]?;
        let known = roots[..i].iter().flatten().any(|other| node.ptr_eq(other));
        (!node.is_leaf() && node.starts() == first.starts() && !known).then_some(())
    };
    (0..N).try_for_each(fits)?;
    Some(roots.map(|root| root.unwrap_or(first)))
}

/// A task for each group of an inner node.
fn tasks<'a, K: Clone, V: Clone>(root: &'a Node<K, V>) -> Vec<Task<'a, K, V>> {
    let mut regions = Vec::new();
    let all = Region::all(0);
    let mut first = 0;
    while first < 1 << all.width {
        let width = root.group(first).2;
        regions.push((Region { first, width, ..all }, Groups::new(0), 0));
        first += 1 << width;
    }
    regions
}

fn share_out<'a, K, V, F>(tasks: &mut [Task<'a, K, V>], walk: &F)
where
    K: Send + Sync,
    V: Send + Sync,
    F: Fn(Region, &mut Groups<'a, K, V>) -> usize + Sync,
{
    match tasks {
        [] => {}
        [(at, groups, same)] => *same = walk(*at, groups),
        _ => {
            let (left, right) = tasks.split_at_mut(tasks.len() / 2);
            rayon::join(|| share_out(left, walk), || share_out(right, walk));
        }
    }
}
