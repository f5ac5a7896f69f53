//! Virtual merge bases: what two versions inherited that merged each other's old states (a criss-cross) and so have several
//! latest common ancestors.
//!
//! The virtual base is the union of these ancestors, as in git's recursive merge strategy: they are folded in an order that
//! their content gives, each step against the merge base of those before and the next one, found the same way. All sets of
//! ancestors that this leads to are sets of versions of the history, so a virtual base needs no version of its own, and is
//! a function of its set alone.
//!
//! # Cells
//! Counts add up, but the merge of two ancestors can find a cell in conflict. Nobody was asked to resolve that, so the cell
//! is **disputed**: it has no base value, and two sides that differ in it conflict, even if one of them holds what one of
//! the ancestors held. An ancestor whose value another one has replaced (their own merge would take the other's) has no
//! say. So a cell has a base value exactly if all ancestors that have a say agree, whatever order they come in.
//!
//! # Cost
//! Histories nest as deep as they are long, and neighbours in them need the same bases. So the work is done on a stack, and
//! the results are memoized with the history: each version keeps the last few virtual bases that begin with it. Nodes that
//! two tries share are skipped by a diff, so a base is made from the ancestor that the versions diffed against it were
//! copied from, its **primary**. The content is the same from any.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use smallvec::SmallVec;

use super::cell::{self, Cell, Content};
use super::history::{first_parent, latest_common};
use super::id::Ids;
use super::snapshot::Snapshot;
use super::space::Space;
use super::union::count;
use super::world::World;
use crate::map::Change;
use crate::term::Term;

/// The content of a virtual base.
pub(super) struct Virtual<T: Term> {
    /// A disputed cell holds anything here.
    world: World<T>,
    /// The cells without a base value, ascending.
    disputed: Vec<Cell>,
}

/// What two versions have in common.
pub(super) enum Inherited<T: Term> {
    /// Nothing: they are unrelated.
    Nothing,
    /// One latest common ancestor.
    One(Arc<Snapshot<T>>),
    /// Several, united.
    Several(Arc<Virtual<T>>),
}

impl<T: Term> Inherited<T> {
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

    /// The base value of a cell; `None` if it has none.
    fn value(&self, cell: Cell) -> Option<Option<&Content<T>>> {
        let is_disputed = self.disputed().binary_search(&cell).is_ok();
        (!is_disputed).then(|| self.world().and_then(|world| world.cells.get(&cell)))
    }
}

/// A set of versions of which none descends from another.
pub(super) type Antichain<T> = SmallVec<[Arc<Snapshot<T>>; 2]>;

/// A base that is asked for.
struct Wanted<T: Term> {
    versions: Antichain<T>,
    /// The place of the primary.
    primary: usize,
}

/// The address of the primary, and those of all versions in ascending order.
type Key<T> = (*const Snapshot<T>, SmallVec<[*const Snapshot<T>; 2]>);

impl<T: Term> Wanted<T> {
    /// The base of these versions, to be diffed with `near`.
    fn new(versions: Antichain<T>, near: &Arc<Snapshot<T>>) -> Self {
        let primary = if versions.len() > 1 {
            nearest(&versions, near)
        } else {
            0
        };
        Self { versions, primary }
    }

    /// The key of several versions; `None` if there are fewer than two.
    fn key(&self) -> Option<Key<T>> {
        let primary = self.versions.get(self.primary).filter(|_| self.versions.len() > 1)?;
        let mut all: SmallVec<_> = self.versions.iter().map(Arc::as_ptr).collect();
        all.sort_unstable();
        Some((Arc::as_ptr(primary), all))
    }
}

/// The place of the version that `near` was copied from, or 0 if that isn't seen at first parents. Any would do.
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

/// A virtual base that is being made.
struct Task<T: Term> {
    /// The versions in the order they are folded.
    wanted: Wanted<T>,
    /// The cells that three or more versions don't all agree on.
    cells: BTreeSet<Cell>,
    /// The bases that this one is made with: of each version but the first and all those before it, then of `pairs`.
    needs: Vec<Wanted<T>>,
    /// The places of two versions that differ in one of `cells`.
    pairs: Vec<[usize; 2]>,
    /// How many of `needs` are known to be there.
    met: usize,
}

impl<T: Term> Task<T> {
    fn new(wanted: &Wanted<T>) -> Self {
        let mut versions = wanted.versions.clone();
        let mut primary = wanted.primary;
        // The union of two is commutative.
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
                Wanted::new(common.into(), &versions[if next == primary { 0 } else { next }])
            })
            .collect();
        let (mut cells, mut pairs) = (BTreeSet::new(), Vec::new());
        if versions.len() > 2 {
            for version in &versions {
                let changes = cell::changes(&versions[primary].world.cells, &version.world.cells);
                cells.extend(changes.map(|(cell, ..)| cell));
            }
            let differ = |a: usize, b: usize| {
                let held = |at: usize, cell| versions[at].world.cells.get(cell);
                cells.iter().any(|cell| held(a, cell) != held(b, cell))
            };
            for b in 1..versions.len() {
                pairs.extend((0..b).filter(|a| differ(*a, b)).map(|a| [a, b]));
            }
            needs.extend(pairs.iter().map(|[a, b]| {
                let common = latest_common(&versions[*a..=*a], &versions[*b]);
                Wanted::new(common.into(), &versions[*b])
            }));
        }
        Self {
            wanted: Wanted { versions, primary },
            cells,
            needs,
            pairs,
            met: 0,
        }
    }

    /// Makes the base with those that it needs.
    fn run(&self, needs: &[Inherited<T>]) -> Virtual<T> {
        #[cfg(test)]
        super::history::MADE.set(super::history::MADE.get() + 1);
        let Wanted { versions, primary } = &self.wanted;
        // Ids of its own: it gives out none.
        let start = |at: usize| World {
            ids: Ids::new(None),
            ..versions[at].world.clone()
        };
        let nothing = World::empty();
        let mut world = start(0);
        for (next, base) in (1..versions.len()).zip(needs) {
            let base = base.world().unwrap_or(&nothing);
            if next == *primary {
                let others = std::mem::replace(&mut world, start(next));
                world.merge_spaces(base, &others);
            } else {
                world.merge_spaces(base, &versions[next].world);
            }
        }
        world.cells = versions[*primary].world.cells.clone();
        let disputed = match (&versions[..], needs) {
            ([_, _], [base]) => {
                let theirs = &versions[1 - primary].world.cells;
                let base_cells = &base.world().unwrap_or(&nothing).cells;
                cell::disputes(&mut world.cells, base_cells, base.disputed(), theirs)
            }
            _ => self.settle_cells(&mut world, &needs[versions.len() - 1..]),
        };
        Virtual { world, disputed }
    }

    /// Puts the base values of the cells that the versions don't agree on into `world`, and returns those that have none.
    /// `bases` are those of `pairs`.
    fn settle_cells(&self, world: &mut World<T>, bases: &[Inherited<T>]) -> Vec<Cell> {
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

/// The order in which bases are folded. It depends neither on which operand came first nor on addresses: it is that of the
/// multiplicities of the first atom, in path order, that two of them differ in, in the first space where there is one.
fn by_content<T: Term>(a: &World<T>, b: &World<T>) -> Ordering {
    let by_facts = |a: &Space<T>, b: &Space<T>| match a.facts.diff(&b.facts).walk().next_change() {
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
                by_facts(a.as_deref().unwrap_or(&nothing), b.as_deref().unwrap_or(&nothing))
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

/// The bases that one union needs.
struct Bases<T: Term>(HashMap<Key<T>, Made<T>>);

/// The versions, which keep their addresses theirs, and their base.
type Made<T> = (Antichain<T>, Arc<Virtual<T>>);

impl<T: Term> Bases<T> {
    /// The base, if it needs no work or was made before.
    fn known(&mut self, wanted: &Wanted<T>) -> Option<Inherited<T>> {
        let Some(key) = wanted.key() else {
            return Some(match wanted.versions.first() {
                None => Inherited::Nothing,
                Some(version) => Inherited::One(Arc::clone(version)),
            });
        };
        if let Some((_, base)) = self.0.get(&key) {
            return Some(Inherited::Several(Arc::clone(base)));
        }
        let base = wanted.versions[wanted.primary].memoized(&key.1)?;
        self.0.insert(key, (wanted.versions.clone(), Arc::clone(&base)));
        Some(Inherited::Several(base))
    }

    fn make(&mut self, wanted: &Wanted<T>) {
        let mut stack = vec![Task::new(wanted)];
        while let Some(task) = stack.last_mut() {
            if let Some(need) = task.needs.get(task.met) {
                match self.known(need) {
                    Some(_) => task.met += 1,
                    None => {
                        let next = Task::new(need);
                        stack.push(next);
                    }
                }
                continue;
            }
            let Some(task) = stack.pop() else { return };
            let needs: Vec<_> = task.needs.iter().filter_map(|need| self.known(need)).collect();
            let base = Arc::new(task.run(&needs));
            let wanted = task.wanted;
            if let Some(key) = wanted.key() {
                Snapshot::memoize(&wanted.versions, wanted.primary, &base);
                self.0.insert(key, (wanted.versions, base));
            }
        }
    }
}

/// What the operands of a merge inherited, given their latest common ancestors. It will be diffed with `near`.
pub(super) fn inherited<T: Term>(common: Vec<Arc<Snapshot<T>>>, near: &Arc<Snapshot<T>>) -> Inherited<T> {
    let common: Antichain<T> = match <[_; 1]>::try_from(common) {
        Ok([version]) => return Inherited::One(version),
        Err(common) => common.into(),
    };
    let wanted = Wanted::new(common, near);
    let mut bases = Bases(HashMap::new());
    loop {
        match bases.known(&wanted) {
            Some(base) => return base,
            None => bases.make(&wanted),
        }
    }
}
