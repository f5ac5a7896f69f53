//! The union of many.
//!
//! One by one, each step looks for the merge base of one environment and all those before it: through k versions at the
//! k-th step. But forks of one base, each with a history of its own since, have that base in common and nothing else, any
//! of them and the union of any others. That is seen by walking each history once; then what each changed is applied in
//! order, and all steps but the last make no version.

use std::collections::HashMap;
use std::sync::Arc;

use super::cell::Resolve;
use super::history::{Base, Marks, Version, merge_base, settled};
use super::id::Ids;
use super::snapshot::Snapshot;
use super::union::union;
use super::world::World;
use crate::term::Term;

/// The union of these, in order; `None` if there are none. Cells that several changed are as `resolve` says, which always
/// decides.
pub(super) fn union_all<T: Term>(
    mut versions: Vec<Arc<Snapshot<T>>>,
    resolve: Resolve<'_, T>,
) -> Option<Arc<Snapshot<T>>> {
    let Some(base) = base_of_fan(&mut versions) else {
        return versions
            .into_iter()
            .reduce(|united, version| match union(&united, &version, resolve) {
                Ok(union) => union,
                Err(_) => unreachable!("this resolver always decides"),
            });
    };
    let (first, rest) = versions.split_first()?;
    if rest.is_empty() {
        return Some(Arc::clone(first));
    }
    // Ids of its own, as of the union of two.
    let mut world = World {
        ids: Ids::new(None),
        ..first.world.clone()
    };
    let mut edits = first.edits;
    for version in rest {
        let conflicts = world.merge(&base.world, &[], &version.world, resolve);
        debug_assert!(conflicts.is_empty(), "this resolver always decides");
        edits = edits.max(version.edits) + 1;
    }
    let (parents, gone) = parents(versions, base);
    let mut version = Version::child_of_all(&parents.iter().collect::<Vec<_>>());
    gone.into_iter().for_each(|marks| version.inherit(marks));
    Some(Arc::new(Snapshot::with(world, version, edits)))
}

/// If one version is all that any two of these have in common: that version. It, and what is the same as another, are
/// taken out of `versions`, for they add nothing.
fn base_of_fan<T: Term>(versions: &mut Vec<Arc<Snapshot<T>>>) -> Option<Arc<Snapshot<T>>> {
    let base = match &versions[..] {
        [first, second, ..] => match merge_base(first, second) {
            Base::Left => Arc::clone(first),
            Base::Right => Arc::clone(second),
            Base::Common(bases) => <[_; 1]>::try_from(bases).ok()?.into_iter().next()?,
        },
        _ => return None,
    };
    let settled_base = settled(&base);
    let mut owners = HashMap::new();
    let mut kept = Vec::with_capacity(versions.len());
    for (index, original) in versions.iter().enumerate() {
        let version = settled(original);
        if Arc::ptr_eq(&version, &settled_base) || owners.contains_key(&Arc::as_ptr(&version)) {
            // The base, or one that was there before, or that one before descends from.
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

/// The marks of versions that are gone.
type Gone = Vec<Option<Box<Marks>>>;

/// What the union of `versions` comes from. A version that nobody else holds can't be united with anything again, so its
/// own parents take its place. Its marks are returned too.
fn parents<T: Term>(mut versions: Vec<Arc<Snapshot<T>>>, base: Arc<Snapshot<T>>) -> (Vec<Arc<Snapshot<T>>>, Gone) {
    let mut seen = HashMap::new();
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
    // All others descend from it.
    if seen.len() > 1 {
        seen.remove(&Arc::as_ptr(&base));
    }
    let mut parents: Vec<_> = seen.into_values().collect();
    parents.sort_unstable_by_key(|(place, _)| *place);
    (parents.into_iter().map(|(_, parent)| parent).collect(), gone)
}
