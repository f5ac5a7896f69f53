//! Union: one environment that has what either has, and counts what both inherited once.
//!
//! For each atom a, with L the union of the merge base's versions:
//! `m(A ∪ B, a) = max(0, m(A, a) + m(B, a) − m(L, a))`. An atom that B did not change since L keeps A's multiplicity, so
//! the union is A with B's changes since L applied to it, and costs those.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::apply::{Delta, Edit};
use super::cell::{Conflicts, Resolve, greater};
use super::facts::{self, Key};
use super::history::{Base, Version, merge_base};
use super::id::Ids;
use super::record::{Index, Multiplicity};
use super::snapshot::Snapshot;
use super::space::Space;
use super::world::World;
use crate::term::Term;

/// The union of two snapshots: one of them, if it descends from the other. Cells that both changed differently are as
/// `resolve` says.
pub(crate) fn union<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    resolve: Resolve<'_, T>,
) -> Result<Arc<Snapshot<T>>, Conflicts<T>> {
    match merge_base(left, right) {
        Base::Right => Ok(Arc::clone(left)),
        Base::Left => Ok(Arc::clone(right)),
        Base::Common(bases) => {
            let base = Unions::default().of_all(bases);
            merge(left, right, base.as_deref(), resolve).map(Arc::new)
        }
    }
}

fn merge<T: Term>(
    left: &Arc<Snapshot<T>>,
    right: &Arc<Snapshot<T>>,
    base: Option<&Snapshot<T>>,
    resolve: Resolve<'_, T>,
) -> Result<Snapshot<T>, Conflicts<T>> {
    // Ids of its own: other unions of `left` make spaces and states too.
    let mut world = World {
        ids: Ids::new(None),
        ..left.world.clone()
    };
    let conflicts = match base {
        Some(base) => world.merge(&base.world, &right.world, resolve),
        None => world.merge(&World::empty(), &right.world, resolve),
    };
    if !conflicts.is_empty() {
        return Err(Conflicts(conflicts));
    }
    Ok(Snapshot::with(
        world,
        Version::child_of([left, right]),
        left.edits.max(right.edits) + 1,
    ))
}

/// A pair of snapshots, by address.
type Pair<T> = (*const Snapshot<T>, *const Snapshot<T>);

/// The unions that are made to find one merge base.
///
/// When two versions merged each other before (a criss-cross), they have several latest common ancestors, and the base
/// is the union of these, found the same way: git's recursive merge strategy. A stack of our own, for such histories nest
/// as deep as they are long; and a memo, for the same pair is needed again and again.
struct Unions<T: Term> {
    /// What was united, and the union. Holding the operands keeps their addresses theirs.
    memo: HashMap<Pair<T>, Done<T>>,
    stack: Vec<Pending<T>>,
}

type Done<T> = (Pending<T>, Arc<Snapshot<T>>);

/// A union that waits for its base.
struct Pending<T: Term> {
    left: Arc<Snapshot<T>>,
    right: Arc<Snapshot<T>>,
    /// The union of the bases folded so far.
    base: Option<Arc<Snapshot<T>>>,
    /// The bases yet to be folded, the next one last.
    rest: Vec<Arc<Snapshot<T>>>,
}

impl<T: Term> Default for Unions<T> {
    fn default() -> Self {
        Self {
            memo: HashMap::new(),
            stack: Vec::new(),
        }
    }
}

impl<T: Term> Unions<T> {
    /// The union of these bases, `None` if there are none.
    fn of_all(&mut self, bases: Vec<Arc<Snapshot<T>>>) -> Option<Arc<Snapshot<T>>> {
        let mut rest = in_order(bases);
        let first = rest.pop()?;
        Some(rest.into_iter().rev().fold(first, |base, next| self.of(&base, &next)))
    }

    fn of(&mut self, left: &Arc<Snapshot<T>>, right: &Arc<Snapshot<T>>) -> Arc<Snapshot<T>> {
        let mut done = self.start(left, right);
        while let Some(mut pending) = self.stack.pop() {
            if let Some(base) = done.take() {
                pending.base = Some(base);
            }
            done = match (pending.rest.pop(), &pending.base) {
                (Some(next), Some(base)) => {
                    let base = Arc::clone(base);
                    self.stack.push(pending);
                    self.start(&base, &next)
                }
                (_, base) => {
                    let union = match merge(&pending.left, &pending.right, base.as_deref(), &mut greater) {
                        Ok(union) => Arc::new(union),
                        Err(_) => unreachable!("this resolver always decides"),
                    };
                    let pair = (Arc::as_ptr(&pending.left), Arc::as_ptr(&pending.right));
                    self.memo.insert(pair, (pending, Arc::clone(&union)));
                    Some(union)
                }
            };
        }
        match done {
            Some(union) => union,
            None => unreachable!("the stack ends with a union that is done"),
        }
    }

    /// The union, if it is one of the operands or was made before. Else it is left on the stack.
    fn start(&mut self, left: &Arc<Snapshot<T>>, right: &Arc<Snapshot<T>>) -> Option<Arc<Snapshot<T>>> {
        match merge_base(left, right) {
            Base::Right => Some(Arc::clone(left)),
            Base::Left => Some(Arc::clone(right)),
            Base::Common(bases) => {
                if let Some((_, union)) = self.memo.get(&(Arc::as_ptr(left), Arc::as_ptr(right))) {
                    return Some(Arc::clone(union));
                }
                let mut rest = in_order(bases);
                let base = rest.pop();
                self.stack.push(Pending {
                    left: Arc::clone(left),
                    right: Arc::clone(right),
                    base,
                    rest,
                });
                None
            }
        }
    }
}

/// The bases in the order they are folded, the first one last. It must depend neither on which operand came first nor on
/// addresses: it is that of the multiplicities of the first atom, in path order, that two of them differ in.
fn in_order<T: Term>(mut bases: Vec<Arc<Snapshot<T>>>) -> Vec<Arc<Snapshot<T>>> {
    bases.sort_by(|a, b| match b.facts.diff(&a.facts).walk().next_change() {
        Some(change) => count(change.from).cmp(&count(change.to)),
        None => Ordering::Equal,
    });
    bases
}

/// From how many new atoms on they are taken over by whole branches of the trie, and not one by one.
const GRAFT_FROM: isize = if cfg!(pleach_tiny_nodes) { 2 } else { 256 };

impl<T: Term> Space<T> {
    /// Does to this space what leads from `base` to `theirs`. New definitions come last, in the order they have there.
    /// O(d · log n) for d changes; many new facts whose paths lie apart from those here cost less.
    pub(super) fn merge(&mut self, base: &Self, theirs: &Self) {
        let changes = base.facts.diff(&theirs.facts);
        let mut definitions = Vec::new();
        if changes.growth() < GRAFT_FROM {
            let mut walk = changes.walk();
            while let Some(change) = walk.next_change() {
                self.replay(change, &mut definitions);
            }
        } else {
            // What is left of the growth when all but the new plain facts is accounted for.
            let mut grafted = theirs.total.wrapping_sub(base.total);
            let account = |total: &mut u128, from: u64, to: u64| {
                *total = total.wrapping_add(from.into()).wrapping_sub(to.into());
            };
            let mut added = changes.additions(|change| {
                account(&mut grafted, count(change.from), count(change.to));
                self.replay(change, &mut definitions);
            });
            let first_new = definitions.len();
            for keyword in Index::KEYWORDS {
                let mut cursor = added.cursor();
                let mut entry = cursor
                    .descend(keyword)
                    .then(|| cursor.next_entry_below(keyword.len()))
                    .flatten();
                while let Some(to) = entry {
                    if to.record().is_some_and(|record| record.order > 0) {
                        account(&mut grafted, 0, to.get());
                        self.replay(
                            facts::Change {
                                key: cursor.path(),
                                from: None,
                                to: Some(to),
                            },
                            &mut definitions,
                        );
                    }
                    entry = cursor.next_entry_below(keyword.len());
                }
            }
            for definition in &definitions[first_new..] {
                added.remove(&Key::stored(&definition.key));
            }
            self.facts.join_with(&added, |ours, theirs| {
                let sum = ours.sum(theirs);
                // What is over the greatest multiplicity is lost.
                let whole = u128::from(ours.get()) + u128::from(theirs.get());
                grafted = grafted.wrapping_sub(whole - u128::from(sum.get()));
                sum
            });
            self.arguments.extend(&added);
            self.total = self.total.wrapping_add(grafted);
        }
        definitions.sort_unstable_by_key(|definition| definition.order);
        for Definition {
            key,
            multiplicity,
            delta,
            ..
        } in definitions
        {
            self.apply(Edit::of_entry(Key::stored(&key), &multiplicity, delta));
        }
    }

    /// Applies the change of a plain fact, and puts that of a definition on a list, for those have an order.
    fn replay(&mut self, change: FactChange<'_, '_, T>, definitions: &mut Vec<Definition<T>>) {
        let Some(multiplicity) = change.to.or(change.from) else {
            return;
        };
        let delta = Delta::between(count(change.from), count(change.to));
        match multiplicity.record().map_or(0, |record| record.order) {
            0 => self.apply(Edit::of_entry(Key::stored(change.key), multiplicity, delta)),
            order => definitions.push(Definition {
                order,
                key: change.key.into(),
                multiplicity: multiplicity.clone(),
                delta,
            }),
        }
    }
}

type FactChange<'k, 'e, T> = facts::Change<'k, 'e, Multiplicity<T>>;

/// The change of a rule or an annotation.
struct Definition<T> {
    order: u64,
    key: Box<[u8]>,
    multiplicity: Multiplicity<T>,
    delta: Delta,
}

/// The multiplicity of an atom that may be absent.
pub(super) fn count<T>(multiplicity: Option<&Multiplicity<T>>) -> u64 {
    multiplicity.map_or(0, Multiplicity::get)
}
