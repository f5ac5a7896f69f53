//! Matching of compiled patterns: left sides of rules, and patterns of binders.
//!
//! Slots of the pattern are set as they are met. What can't be decided so (a variable in the value, a slot whose value
//! has variables) is deferred and solved by unification at the end.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::code::{Activation, Block, Node, NodeIndex};
use crate::machine::Machine;
use crate::subst::{Subst, substitute};
use crate::traversal::variables;
use crate::value::Value;
use pleach::term::{Atom, Bindings, Variable, unify};

/// A successful match.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    /// The pattern's activation with its slots set.
    pub(crate) act: Rc<Activation>,
    /// The bindings of other variables.
    pub(crate) subst: Subst,
}

type Deferred = SmallVec<[(NodeIndex, Atom); 2]>;

impl Machine {
    /// Matches a rule's left side with the call on the value stack from `base` on.
    pub(crate) fn match_rule(&mut self, block: &Block, base: usize) -> Option<Match> {
        let mut deferred = Deferred::new();
        if !block.headed {
            let call = self.call_from(base);
            let act = Rc::new(Activation::blank(Block::clone(block), &mut self.fresh));
            let known = self.vals[base..].iter().all(|value| value.is_normal(self.normal_stamp));
            let call = Value::normal(call, if known { self.normal_stamp } else { 0 });
            return self.match_pattern(act, block.lhs, &call);
        }
        let Node::Call(lhs) = block.node(block.lhs) else {
            return None;
        };
        // Most rules that don't match fail here, before anything is allocated.
        for (at, value) in lhs.arguments().zip(&self.vals[base + 1..]) {
            if let Node::Leaf(leaf) = block.node(at)
                && *leaf != value.atom
                && !matches!(value.atom, Atom::Variable(_))
            {
                return None;
            }
        }
        let mut shared = Rc::new(Activation::blank(Block::clone(block), &mut self.fresh));
        let act = Rc::make_mut(&mut shared);
        for (index, at) in lhs.arguments().enumerate() {
            let value = std::mem::replace(&mut self.vals[base + 1 + index], Value::unset());
            let matches = self.match_node(act, at, &value, &mut deferred);
            self.vals[base + 1 + index] = value;
            if !matches {
                return None;
            }
        }
        solve(shared, &deferred)
    }

    /// Matches the pattern at a node with a value. Slots of the activation may be set already.
    pub(crate) fn match_pattern(&mut self, mut act: Rc<Activation>, at: NodeIndex, value: &Value) -> Option<Match> {
        let mut deferred = Deferred::new();
        if !self.match_node(Rc::make_mut(&mut act), at, value, &mut deferred) {
            return None;
        }
        solve(act, &deferred)
    }

    /// Recursion is bounded by the compiled depth.
    fn match_node(&mut self, act: &mut Activation, at: NodeIndex, value: &Value, deferred: &mut Deferred) -> bool {
        match act.node(at) {
            Node::Slot(slot) => {
                let slot = *slot as usize;
                let known = &act.values[slot];
                if !known.is_set() {
                    if act.block.slots[slot].settable {
                        act.values[slot] = value.clone();
                        return true;
                    }
                } else if known.atom == value.atom {
                    return true;
                } else if known.atom.is_ground() && value.atom.is_ground() {
                    return false;
                }
                deferred.push((at, value.atom.clone()));
                true
            }
            _ if matches!(value.atom, Atom::Variable(_)) => {
                deferred.push((at, value.atom.clone()));
                true
            }
            Node::Leaf(atom) => *atom == value.atom,
            Node::Token(name) => value.atom == Atom::Symbol(*name) || value.atom == self.token(*name),
            Node::Call(call) => {
                let Atom::Expression(items) = &value.atom else {
                    return false;
                };
                if items.len() != call.len as usize {
                    return false;
                }
                if let Some(ground) = &call.ground
                    && value.atom.is_ground()
                {
                    return *ground == value.atom;
                }
                let first = call.first;
                let known = self.normal_items(value);
                items.iter().enumerate().all(|(index, item)| {
                    let part = known.item(index, item);
                    self.match_node(act, first + index as NodeIndex, &part, deferred)
                })
            }
            Node::Deep(_) => {
                deferred.push((at, value.atom.clone()));
                true
            }
        }
    }
}

/// Unifies the deferred pairs.
fn solve(act: Rc<Activation>, deferred: &Deferred) -> Option<Match> {
    if deferred.is_empty() {
        return Some(Match {
            act,
            subst: Subst::EMPTY,
        });
    }
    let mut bindings = Bindings::new();
    let mut others: SmallVec<[Variable; 4]> = SmallVec::new();
    let mut met = mentioned_by_slots(&act, deferred.iter().map(|(at, _)| *at));
    for (at, atom) in deferred {
        let pattern = act.instantiate(*at);
        if !unify(&pattern, atom, &mut bindings) {
            return None;
        }
        variables(&pattern, &mut others);
        variables(atom, &mut others);
        variables(atom, &mut met);
    }
    Some(settle(act, &bindings, &others, &met))
}

/// Returns the variables in the values of the slots at and below these nodes.
pub(crate) fn mentioned_by_slots(act: &Activation, nodes: impl Iterator<Item = NodeIndex>) -> SmallVec<[Variable; 4]> {
    let mut mentioned = SmallVec::new();
    let nodes: SmallVec<[NodeIndex; 4]> = nodes.collect();
    for slot in act.slots_at(&nodes) {
        let value = &act.values[slot as usize];
        if value.is_set() {
            variables(&value.atom, &mut mentioned);
        }
    }
    mentioned
}

/// Sets the slots of an activation by `bindings`. `others` are the variables that may have been bound; `met` are those
/// of them that occurred in values before.
///
/// Of two unified variables, the caller's keeps its name over the pattern's and over those of stored atoms. A settable
/// slot that stays unset but occurs in a value of the caller is set to its own variable: so it is in the scope of what
/// follows, and no binder sets it without reporting a binding. The variable of such a slot that occurs in a value isn't
/// the activation's alone any more.
pub(crate) fn settle(
    mut shared: Rc<Activation>,
    bindings: &Bindings<Atom>,
    others: &[Variable],
    met: &[Variable],
) -> Match {
    let act = Rc::make_mut(&mut shared);
    let mut own: SmallVec<[Variable; 4]> = SmallVec::new();
    for (slot, value) in act.values.iter().enumerate() {
        if !value.is_set()
            && act.block.slots[slot].settable
            && let Atom::Variable(variable) = act.variable(slot as u32)
            && !met.contains(&variable)
        {
            own.push(variable);
        }
    }
    let names = names_kept(bindings, others, &own);
    let resolve = |atom: &Atom| {
        let atom = bindings.resolve(atom);
        if names.is_empty() {
            atom
        } else {
            substitute(&atom, &names)
        }
    };
    for slot in 0..act.values.len() {
        if act.values[slot].is_set() {
            act.values[slot].replace_by(resolve);
            continue;
        }
        let variable = act.variable(slot as u32);
        let atom = resolve(&variable);
        let escaped =
            matches!(&variable, Atom::Variable(variable) if own.contains(variable) && others.contains(variable));
        if atom != variable || escaped {
            act.values[slot] = Value::raw(atom);
        }
    }
    let mut entries: Vec<(Variable, Atom)> = Vec::new();
    for variable in others {
        if own.contains(variable) {
            continue;
        }
        let before = Atom::Variable(*variable);
        let after = resolve(&before);
        if after != before {
            entries.push((*variable, after));
        }
    }
    Match {
        act: shared,
        subst: Subst::new(entries),
    }
}

/// Returns renamings that let longer-lived variables keep their names: `others` over those of stored atoms, and over
/// `own`.
fn names_kept(bindings: &Bindings<Atom>, others: &[Variable], own: &[Variable]) -> SmallVec<[(Variable, Atom); 2]> {
    let mut names: SmallVec<[(Variable, Atom); 2]> = SmallVec::new();
    for of_caller in [true, false] {
        for variable in others.iter().filter(|variable| own.contains(variable) != of_caller) {
            let Some(Atom::Variable(met)) = bindings.get(&Atom::Variable(*variable)) else {
                continue;
            };
            let lasts = others.contains(met) && !(of_caller && own.contains(met));
            if !lasts && !names.iter().any(|(known, _)| known == met) {
                names.push((*met, Atom::Variable(*variable)));
            }
        }
    }
    names
}
