//! Virtual merge bases: the common base of two versions whose histories criss-cross, so that they have several merge bases.
//!
//! The virtual base is the union of the merge bases, as in git's recursive merge strategy. They are folded in an order that
//! follows from their contents; each step needs the merge base of the ones so far and the next one, which may be virtual
//! too. All sets of merge bases that occur are sets of versions of the history, so a virtual base needs no version of its
//! own, and is a function of its set.
//!
//! # Cells
//! Multiplicities follow the rule of the merge that needs the base: the base of a union of sets is a union of sets. Contents
//! don't tell which rule a history was merged by, so one that mixes both has no exact base.
//!
//! For cells there is no such rule: the union of two merge bases can find one in conflict, and there is no resolver to ask. It
//! is then **disputed**: it has no base value, and two sides that differ in it conflict, even if one of them has the
//! content of one of the merge bases. A merge base whose content another one has replaced (the union of the two would take
//! the other's) doesn't count. So a cell has a base value if and only if all merge bases that count agree, in any order.
//!
//! # Cost
//! Criss-crosses nest as deep as the history is long, and adjacent versions need the same bases. So bases are made on an
//! explicit stack, and memoized: each version keeps the last few virtual bases of which it is the **primary**, the merge base
//! from which the versions that are diffed with it were copied. Starting from the primary makes the diff skip the most
//! nodes; the content is the same from any.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use smallvec::SmallVec;

use super::cell::{self, Cell, Cells, Content};
use super::conflict::{Resolver, disputes, merge_unilateral};
use super::edit::Counts;
use super::id::{Ids, SpaceId};
use super::record::{FactChange, count};
use super::snapshot::Snapshot;
use super::space::Space;
use super::world::{SpaceConflict, VirtualBase, World};
use crate::address::BuildAddressHasher;
use crate::history::{first_parent, latest_common, memoize, memoized};
use crate::map::Change;
use crate::term::Term;

/// The base of a merge.
pub(super) enum BaseContent<T: Term> {
    /// None: the operands are unrelated.
    Nothing,
    /// One merge base.
    One(Arc<Snapshot<T>>),
    /// The union of several merge bases.
    Several(Arc<VirtualBase<T>>),
}

impl<T: Term> BaseContent<T> {
    pub(super) fn world(&self) -> Option<&World<T>> {
        match self {
            Self::Nothing => None,
            Self::One(version) => Some(&version.world),
            Self::Several(base) => Some(&base.world),
        }
    }

    /// The cells without a base value, ascending.
    pub(super) fn disputed(&self) -> &[Cell] {
        match self {
            Self::Several(base) => &base.disputed,
            _ => &[],
        }
    }

    /// The spaces that some merge bases removed and others changed, ascending.
    pub(super) fn disputed_spaces(&self) -> &[SpaceId] {
        match self {
            Self::Several(base) => &base.disputed_spaces,
            _ => &[],
        }
    }

    /// The base value of a cell; `None` if it has none.
    fn value(&self, cell: Cell) -> Option<Option<&Content<T>>> {
        let is_disputed = self.disputed().binary_search(&cell).is_ok();
        (!is_disputed).then(|| self.world().and_then(|world| world.cells.get(&cell)))
    }
}

/// The cells of a virtual base that a resolver has decided about.
#[derive(Clone)]
pub(super) struct BaseCells<T: Term> {
    pub(super) cells: Cells<T>,
    /// The cells without a base value, ascending.
    pub(super) disputed: Vec<Cell>,
}

/// A set of versions of which none descends from another.
pub(super) type Antichain<T> = SmallVec<[Arc<Snapshot<T>>; 2]>;

/// The versions whose virtual base is needed.
struct BaseRequest<T: Term> {
    versions: Antichain<T>,
    /// The index of the primary.
    primary: usize,
}

/// The address of the primary, and those of all versions in ascending order.
type VersionsKey<T> = (*const Snapshot<T>, SmallVec<[*const Snapshot<T>; 2]>);

impl<T: Term> BaseRequest<T> {
    /// The base of these versions, for a diff with `near`.
    fn new(versions: Antichain<T>, near: &Arc<Snapshot<T>>) -> Self {
        let primary = if versions.len() > 1 {
            nearest(&versions, near)
        } else {
            0
        };
        Self { versions, primary }
    }

    /// The key of several versions; `None` if there are fewer than two.
    fn key(&self) -> Option<VersionsKey<T>> {
        let primary = self.versions.get(self.primary).filter(|_| self.versions.len() > 1)?;
        let mut all: SmallVec<_> = self.versions.iter().map(Arc::as_ptr).collect();
        all.sort_unstable();
        Some((Arc::as_ptr(primary), all))
    }
}

/// The index of the version that `near` was copied from, by first parents, or 0: any gives the same content.
fn nearest<T: Term>(versions: &[Arc<Snapshot<T>>], near: &Arc<Snapshot<T>>) -> usize {
    let mut next = first_parent(near);
    while let Some(version) = next {
        if let Some(place) = versions.iter().position(|other| Arc::ptr_eq(other, &version)) {
            return place;
        }
        let may_descend = versions.iter().any(|other| version.version.is_later(&other.version));
        next = first_parent(&version).filter(|_| may_descend);
    }
    0
}

/// A virtual base under construction.
struct BaseTask<T: Term> {
    /// The versions in the order they are folded.
    wanted: BaseRequest<T>,
    /// The cells that three or more versions don't all agree on.
    cells: BTreeSet<Cell>,
    /// The spaces that some of three or more versions have and others don't.
    spaces: BTreeSet<SpaceId>,
    /// The bases that this one depends on: of each version but the first and all those before it, then of `pairs`.
    needs: Vec<BaseRequest<T>>,
    /// The indexes of two versions that differ in one of `cells` or `spaces`.
    pairs: Vec<[usize; 2]>,
    /// The number of `needs` that are made.
    met: usize,
}

impl<T: Term> BaseTask<T> {
    fn new(wanted: &BaseRequest<T>) -> Self {
        let mut versions = wanted.versions.clone();
        let mut primary = wanted.primary;
        // The union of two has the same multiplicities in both orders.
        if versions.len() > 2 {
            versions.sort_by(|a, b| by_content(&a.world, &b.world));
            let moved = versions
                .iter()
                .position(|version| Arc::ptr_eq(version, &wanted.versions[primary]));
            primary = moved.unwrap_or(0);
        }
        let mut needs: Vec<_> = (1..versions.len())
            .map(|next| {
                let common = latest_common(&versions[..next], &versions[next]);
                BaseRequest::new(common.into(), &versions[if next == primary { 0 } else { next }])
            })
            .collect();
        let (mut cells, mut spaces, mut pairs) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        if versions.len() > 2 {
            let first = &versions[primary].world;
            for version in &versions {
                let changes = cell::changes(&first.cells, &version.world.cells);
                cells.extend(changes.map(|(cell, ..)| cell));
                let changes = first.spaces.diff_by(&version.world.spaces, Arc::ptr_eq);
                spaces.extend(changes.filter_map(|change| match change {
                    Change::Added { key, .. } | Change::Removed { key, .. } => Some(*key),
                    Change::Changed { .. } => None,
                }));
            }
            let differ = |a: usize, b: usize| {
                let held = |at: usize, cell| versions[at].world.cells.get(cell);
                let space = |at: usize, id| versions[at].world.spaces.get(id);
                cells.iter().any(|cell| held(a, cell) != held(b, cell))
                    || spaces.iter().any(|id| space(a, id) != space(b, id))
            };
            for b in 1..versions.len() {
                pairs.extend((0..b).filter(|a| differ(*a, b)).map(|a| [a, b]));
            }
            needs.extend(pairs.iter().map(|[a, b]| {
                let common = latest_common(&versions[*a..=*a], &versions[*b]);
                BaseRequest::new(common.into(), &versions[*b])
            }));
        }
        Self {
            wanted: BaseRequest { versions, primary },
            cells,
            spaces,
            needs,
            pairs,
            met: 0,
        }
    }

    /// Makes the base from those that it depends on.
    fn run(&self, needs: &[BaseContent<T>], counts: Counts) -> VirtualBase<T> {
        #[cfg(test)]
        MADE.set(MADE.get() + 1);
        let BaseRequest { versions, primary } = &self.wanted;
        // It gives out no ids.
        let start = |at: usize| World {
            ids: Ids::new(None),
            ..versions[at].world.clone()
        };
        let nothing = World::empty();
        let mut world = start(0);
        let mut disputed_spaces = Vec::new();
        for (next, base) in (1..versions.len()).zip(needs) {
            let (base_world, disputed) = (base.world().unwrap_or(&nothing), base.disputed_spaces());
            let before;
            let others = if next == *primary {
                before = std::mem::replace(&mut world, start(next));
                &before
            } else {
                &versions[next].world
            };
            let conflicts = world.merge_spaces(base_world, disputed, others, counts);
            for SpaceConflict { id, .. } in conflicts {
                disputed_spaces.push(id);
                if let Some(space) = others.spaces.get(&id) {
                    world.spaces.get_or_insert_with(id, || Arc::clone(space));
                }
            }
        }
        disputed_spaces.sort_unstable();
        if versions.len() > 2 {
            disputed_spaces = self.settle_spaces(&mut world, &needs[versions.len() - 1..]);
        }
        world.cells = versions[*primary].world.cells.clone();
        let disputed = match (&versions[..], needs) {
            ([_, _], [base]) => {
                let theirs = &versions[1 - primary].world.cells;
                let base_cells = &base.world().unwrap_or(&nothing).cells;
                disputes(&mut world.cells, base_cells, base.disputed(), theirs)
            }
            _ => self.settle_cells(&mut world, &needs[versions.len() - 1..]),
        };
        VirtualBase {
            world,
            counts,
            disputed,
            disputed_spaces,
        }
    }

    /// Creates or removes the spaces that some versions have and others don't in `world`, as far as the versions agree, and
    /// returns the others. `bases` are those of `pairs`.
    fn settle_spaces(&self, world: &mut World<T>, bases: &[BaseContent<T>]) -> Vec<SpaceId> {
        let mut disputed = Vec::new();
        for id in &self.spaces {
            let versions = self.wanted.versions.iter();
            let held: Vec<_> = versions.map(|version| version.world.spaces.get(id)).collect();
            let mut replaced = vec![false; held.len()];
            for ([a, b], base) in self.pairs.iter().zip(bases) {
                if held[*a] != held[*b] && base.disputed_spaces().binary_search(id).is_err() {
                    let base = base.world().and_then(|world| world.spaces.get(id));
                    replaced[*a] |= held[*a] == base;
                    replaced[*b] |= held[*b] == base;
                }
            }
            let left = || held.iter().zip(&replaced).filter(|(_, replaced)| !**replaced);
            let [some, none] = [true, false].map(|exists| left().any(|(space, _)| space.is_some() == exists));
            match held.iter().flatten().next() {
                Some(any) if some || !none => _ = world.spaces.get_or_insert_with(*id, || Arc::clone(any)),
                _ => drop(world.spaces.remove(id)),
            }
            if some == none {
                disputed.push(*id);
            }
        }
        disputed
    }

    /// Sets the base values of the cells that the versions don't agree on in `world`, and returns those without one. `bases`
    /// are those of `pairs`.
    fn settle_cells(&self, world: &mut World<T>, bases: &[BaseContent<T>]) -> Vec<Cell> {
        let mut disputed = Vec::new();
        for cell in &self.cells {
            let versions = self.wanted.versions.iter();
            let held: Vec<_> = versions.map(|version| version.world.cells.get(cell)).collect();
            let mut replaced = vec![false; held.len()];
            for ([a, b], base) in self.pairs.iter().zip(bases) {
                if held[*a] != held[*b]
                    && let Some(base) = base.value(*cell)
                {
                    replaced[*a] |= held[*a] == base;
                    replaced[*b] |= held[*b] == base;
                }
            }
            let mut left = held.iter().zip(&replaced).filter(|(_, replaced)| !**replaced);
            match left.next() {
                Some((value, _)) if left.all(|(other, _)| other == value) => {
                    cell::set(&mut world.cells, *cell, value.cloned());
                }
                _ => disputed.push(*cell),
            }
        }
        disputed
    }
}

/// The order in which merge bases are folded: by the multiplicity of the first atom, in path order, in the first space in
/// which they differ. It depends neither on the order of operands nor on addresses.
fn by_content<T: Term>(a: &World<T>, b: &World<T>) -> Ordering {
    let by_facts = |a: &Space<T>, b: &Space<T>| match FactChange::next(&mut a.facts.diff(&b.facts)) {
        Some(change) => count(change.from).cmp(&count(change.to)),
        None => Ordering::Equal,
    };
    by_facts(&a.root, &b.root).then_with(|| {
        let mut changed: Vec<_> = a
            .spaces
            .diff(&b.spaces)
            .map(|change| match change {
                Change::Added { key, .. } | Change::Removed { key, .. } | Change::Changed { key, .. } => *key,
            })
            .collect();
        changed.sort_unstable();
        let nothing = Space::default();
        let space = |world: &World<T>, id| world.spaces.get(&id).cloned();
        changed
            .into_iter()
            .map(|id| {
                let (a, b) = (space(a, id), space(b, id));
                let facts = by_facts(a.as_deref().unwrap_or(&nothing), b.as_deref().unwrap_or(&nothing));
                a.is_some().cmp(&b.is_some()).then(facts)
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

/// The bases that one union needs.
struct Bases<T: Term> {
    made: HashMap<VersionsKey<T>, Made<T>, BuildAddressHasher>,
    /// The rule by which multiplicities are merged.
    counts: Counts,
}

/// The versions, which are held so that their addresses stay theirs, and their base.
type Made<T> = (Antichain<T>, Arc<VirtualBase<T>>);

impl<T: Term> Bases<T> {
    /// The base, if it is trivial or was made before.
    fn known(&mut self, wanted: &BaseRequest<T>) -> Option<BaseContent<T>> {
        let Some(key) = wanted.key() else {
            return Some(match wanted.versions.first() {
                None => BaseContent::Nothing,
                Some(version) => BaseContent::One(Arc::clone(version)),
            });
        };
        if let Some((_, base)) = self.made.get(&key) {
            return Some(BaseContent::Several(Arc::clone(base)));
        }
        let primary = &wanted.versions[wanted.primary];
        let base = memoized(primary, &key.1, |base| base.counts == self.counts)?;
        self.made.insert(key, (wanted.versions.clone(), Arc::clone(&base)));
        Some(BaseContent::Several(base))
    }

    fn make(&mut self, wanted: &BaseRequest<T>) {
        let mut stack = vec![BaseTask::new(wanted)];
        while let Some(task) = stack.last_mut() {
            if let Some(need) = task.needs.get(task.met) {
                match self.known(need) {
                    Some(_) => task.met += 1,
                    None => {
                        let next = BaseTask::new(need);
                        stack.push(next);
                    }
                }
                continue;
            }
            let Some(task) = stack.pop() else { return };
            let needs: Vec<_> = task.needs.iter().filter_map(|need| self.known(need)).collect();
            let base = Arc::new(task.run(&needs, self.counts));
            let wanted = task.wanted;
            if let Some(key) = wanted.key() {
                memoize(&wanted.versions, wanted.primary, &base);
                self.made.insert(key, (wanted.versions, base));
            }
        }
    }
}

/// The base of a merge with these merge bases, for a diff with `near`. Multiplicities are merged by `counts`.
pub(super) fn merge_base_content<T: Term>(
    common: Vec<Arc<Snapshot<T>>>,
    near: &Arc<Snapshot<T>>,
    counts: Counts,
) -> BaseContent<T> {
    let common: Antichain<T> = match <[_; 1]>::try_from(common) {
        Ok([version]) => return BaseContent::One(version),
        Err(common) => common.into(),
    };
    let wanted = BaseRequest::new(common, near);
    let mut bases = Bases {
        made: HashMap::default(),
        counts,
    };
    loop {
        match bases.known(&wanted) {
            Some(base) => return base,
            None => bases.make(&wanted),
        }
    }
}

/// The cells of the virtual base of these merge bases, for a merge whose resolver decides about all changes: they are
/// merged by the same resolver, as are the bases that this takes, so that a change counts once on whichever paths it came.
/// A cell is disputed if the resolver gives up on it, or decides for a side, which would depend on the order of the bases.
///
/// Not memoized, since resolvers differ: O(d · log n) for the d cells that changed in all these bases.
pub(super) fn resolved_base_cells<T: Term>(
    common: &[Arc<Snapshot<T>>],
    near: &Arc<Snapshot<T>>,
    resolver: &mut Resolver<'_, T>,
) -> BaseCells<T> {
    let of = |version: Option<&Arc<Snapshot<T>>>| BaseCells {
        cells: version.map_or_else(Cells::new, |version| version.world.cells.clone()),
        disputed: Vec::new(),
    };
    // The histories of `common` hold all versions of this.
    let mut made: HashMap<VersionsKey<T>, BaseCells<T>, BuildAddressHasher> = HashMap::default();
    let mut stack = vec![BaseTask::new(&BaseRequest::new(common.into(), near))];
    loop {
        let Some(task) = stack.last_mut() else {
            unreachable!("the first task returns");
        };
        // Not those of pairs.
        let needs = &task.needs[..task.wanted.versions.len().saturating_sub(1)];
        if let Some(need) = needs.get(task.met) {
            match need.key() {
                Some(key) if !made.contains_key(&key) => {
                    let next = BaseTask::new(need);
                    stack.push(next);
                }
                _ => task.met += 1,
            }
            continue;
        }
        let versions = &task.wanted.versions;
        let mut merged = of(versions.first());
        for (version, need) in versions.iter().skip(1).zip(needs) {
            let base = match need.key() {
                Some(key) => made[&key].clone(),
                None => of(need.versions.first()),
            };
            let theirs = &version.world.cells;
            for conflict in merge_unilateral(&mut merged.cells, &base.cells, &base.disputed, theirs, true) {
                let Some(cell) = conflict.cell() else { continue };
                match resolver.decide_symmetrically(&conflict) {
                    Some(content) => cell::set(&mut merged.cells, cell, content),
                    None => merged.disputed.push(cell),
                }
            }
        }
        merged.disputed.sort_unstable();
        merged.disputed.dedup();
        let key = task.wanted.key();
        stack.pop();
        match key {
            Some(key) if !stack.is_empty() => drop(made.insert(key, merged)),
            _ => return merged,
        }
    }
}

#[cfg(test)]
thread_local! {
    /// The number of virtual bases that this thread has made.
    static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests;
