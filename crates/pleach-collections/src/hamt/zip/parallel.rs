//! The walk on Rayon's threads: a task for each group of the roots.

use super::super::retain::Keeping;
use super::super::set_ops::{Combine, Combining};
use super::operand::{Operand, Region};
use super::{Groups, Keys, Node, region};
use alloc::vec::Vec;

/// The minimal total number of entries that are combined in parallel. Measured by `cargo bench --bench bulk`.
const MIN_PARALLEL_COMBINE: usize = if cfg!(pleach_tiny_nodes) { 16 } else { 65_536 };

/// The minimal number of entries that are filtered in parallel.
const MIN_PARALLEL_RETAIN: usize = if cfg!(pleach_tiny_nodes) { 16 } else { 131_072 };

/// [`combine`](super::super::combine) in parallel. Each task uses a clone of `op`.
pub(crate) fn par_combine<K, V>(
    a: Option<&Node<K, V>>,
    b: Option<&Node<K, V>>,
    op: &(impl Combine<K, V> + Clone + Sync),
) -> Option<Node<K, V>>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    par_zip([a, b], MIN_PARALLEL_COMBINE, &|operands, at, result| {
        region(operands, at, result, &mut Combining(&mut op.clone()))
    })
}

/// [`retain`](super::super::retain) in parallel.
pub(crate) fn par_retain<K, V>(
    root: Option<&Node<K, V>>,
    keys: &(impl Keys<K> + Sync),
    keep: &(impl Fn(&K, &V) -> bool + Sync),
) -> Option<Node<K, V>>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    par_zip([root], MIN_PARALLEL_RETAIN, &|operands, at, result| {
        region(operands, at, result, &mut Keeping { keys, keep })
    })
}

/// A group of the roots, its groups of the result, and the operands that these equal.
type Task<'a, K, V> = (Region, Groups<'a, K, V>, usize);

/// [`zip`](super::zip) in parallel, where `walk` is [`region`] of an operation that builds. Tries of fewer than
/// `min_parallel` entries in total are walked by the calling thread.
fn par_zip<'a, const N: usize, K, V, F>(
    roots: [Option<&'a Node<K, V>>; N],
    min_parallel: usize,
    walk: &F,
) -> Option<Node<K, V>>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
    F: Fn([Operand<'a, '_, K, V>; N], Region, &mut Groups<'a, K, V>) -> usize + Sync,
{
    let all = Region::all(0);
    let mut result = Groups::new(0);
    let mut same = (1 << N) - 1;
    match aligned_roots(roots) {
        Some(nodes) if nodes.iter().map(|node| node.size()).sum::<usize>() >= min_parallel => {
            let mut tasks = tasks(nodes[0]);
            let operands = nodes.map(Operand::Groups);
            run(&mut tasks, &|at, result| {
                walk(operands.map(|operand| operand.within(at)), at, result)
            });
            for (at, groups, equal) in tasks {
                same &= equal;
                result.append(at, groups);
            }
        }
        _ => same = walk(roots.map(Operand::of_child), all, &mut result),
    }
    match (0..N).find(|i| same >> i & 1 == 1) {
        Some(i) => roots[i].cloned(),
        None => result.into_node(),
    }
}

/// Returns the roots, if they are distinct inner nodes with the same groups.
fn aligned_roots<const N: usize, K, V>(roots: [Option<&Node<K, V>>; N]) -> Option<[&Node<K, V>; N]> {
    let first = roots[0]?;
    let fits = |i: usize| {
        let node = roots[i]?;
        let known = roots[..i].iter().flatten().any(|other| node.ptr_eq(other));
        (!node.is_leaf() && node.starts() == first.starts() && !known).then_some(())
    };
    (0..N).try_for_each(fits)?;
    Some(roots.map(|root| root.unwrap_or(first)))
}

/// Returns a task for each group of an inner node.
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

fn run<'a, K, V, F>(tasks: &mut [Task<'a, K, V>], walk: &F)
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
            rayon::join(|| run(left, walk), || run(right, walk));
        }
    }
}
