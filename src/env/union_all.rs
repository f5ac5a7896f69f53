//! The union of many environments.
//!
//! Repeated binary unions look for the merge base of each environment and all those before it, which visits k versions at
//! step k. But forks of one base with separate histories have that base as the merge base of each and the union of any
//! others. One walk of each history shows this. Then the changes of each are applied in order, and only the last step makes a
//! version.

use std::sync::Arc;

use super::conflict::{Conflicts, Resolver, merge_cells};
use super::edit::Counts;
use super::id::Ids;
use super::snapshot::Snapshot;
use super::union::union;
use super::world::World;
use crate::address::AddressMap;
use crate::history::{Marks, MergeBase, Version, last_written, merge_base};
use crate::term::Term;

/// Merges these in order; `None` if there are none.
pub(super) fn union_all<T: Term>(
    mut versions: Vec<Arc<Snapshot<T>>>,
    resolver: &mut Resolver<'_, T>,
) -> Result<Option<Arc<Snapshot<T>>>, Conflicts<T>> {
    let Some(base) = base_of_fan(&mut versions) else {
        let mut versions = versions.into_iter();
        let first = versions.next();
        return first
            .map(|first| versions.try_fold(first, |united, version| union(&united, &version, resolver)))
            .transpose();
    };
    let Some((first, rest)) = versions.split_first() else {
        return Ok(None);
    };
    if rest.is_empty() {
        return Ok(Some(Arc::clone(first)));
    }
    // Ids of its own, as of the union of two.
    let mut world = World {
        ids: Ids::new(None),
        ..first.world.clone()
    };
    let mut edits = first.edits;
    for version in rest {
        let about_spaces = world.merge_spaces(&base.world, &[], &version.world, Counts::Sum);
        let mut conflicts = merge_cells(&mut world.cells, &base.world.cells, &[], &version.world.cells, resolver);
        conflicts.extend(world.settle_spaces(about_spaces, &[], &version.world, resolver));
        if !conflicts.is_empty() {
            return Err(Conflicts(conflicts));
        }
        world.carried.merge(&version.world.carried, world.root.written);
        edits = edits.max(version.edits) + 1;
    }
    let (parents, gone) = parents(versions, base);
    let mut version = Version::child_of(&parents.iter().collect::<Vec<_>>());
    gone.into_iter().for_each(|marks| version.inherit(marks));
    Ok(Some(Arc::new(Snapshot::with(world, version, edits))))
}

/// Returns the merge base of every two of these, if there is one. Removes it and duplicates from `versions`, since they add
/// nothing.
fn base_of_fan<T: Term>(versions: &mut Vec<Arc<Snapshot<T>>>) -> Option<Arc<Snapshot<T>>> {
    let base = match &versions[..] {
        [first, second, ..] => match merge_base(first, second) {
            MergeBase::Left => Arc::clone(first),
            MergeBase::Right => Arc::clone(second),
            MergeBase::Common(bases) => <[_; 1]>::try_from(bases).ok()?.into_iter().next()?,
        },
        _ => return None,
    };
    let base_content = last_written(&base);
    let mut owners = AddressMap::default();
    let mut kept = Vec::with_capacity(versions.len());
    for (index, original) in versions.iter().enumerate() {
        let version = last_written(original);
        if Arc::ptr_eq(&version, &base_content) || owners.contains_key(&Arc::as_ptr(&version)) {
            // The base, a duplicate, or an ancestor of an earlier one.
            continue;
        }
        let mut todo = vec![Arc::clone(original)];
        while let Some(version) = todo.pop() {
            if Arc::ptr_eq(&version, &base) {
                continue;
            }
            match owners.insert(Arc::as_ptr(&version), index) {
                Some(owner) if owner == index => continue,
                Some(_) => return None,
                None => {}
            }
            let parents = version.version.parents();
            if parents.is_empty() || !version.version.is_later(&base.version) {
                return None;
            }
            todo.extend(parents);
        }
        kept.push(Arc::clone(original));
    }
    if kept.is_empty() {
        kept.extend(versions.drain(..1));
    }
    *versions = kept;
    Some(base)
}

/// The marks of versions that were dropped.
type Gone = Vec<Option<Box<Marks>>>;

/// The parents of the union of `versions`. A version without another owner can't be merged again, so its parents take its
/// place; its marks are returned too.
fn parents<T: Term>(mut versions: Vec<Arc<Snapshot<T>>>, base: Arc<Snapshot<T>>) -> (Vec<Arc<Snapshot<T>>>, Gone) {
    let mut seen = AddressMap::default();
    let mut gone = Vec::new();
    versions.reverse();
    while let Some(version) = versions.pop() {
        match Arc::try_unwrap(version) {
            Ok(dead) => {
                versions.extend(dead.version.parents());
                gone.push(dead.version.into_marks());
            }
            Err(alive) => {
                let next = seen.len();
                seen.entry(Arc::as_ptr(&alive)).or_insert((next, alive));
            }
        }
    }
    // The others descend from the base.
    if seen.len() > 1 {
        seen.remove(&Arc::as_ptr(&base));
    }
    let mut parents: Vec<_> = seen.into_values().collect();
    parents.sort_unstable_by_key(|(place, _)| *place);
    (parents.into_iter().map(|(_, parent)| parent).collect(), gone)
}
