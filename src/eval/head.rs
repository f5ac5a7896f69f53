//! What is known of a head: built-in, types and rules, in one state of the environment.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use super::Shared;
use super::builtin::{Builtin, Kind};
use super::code::{Block, Compiled};
use super::types::Signature;
use crate::env::Space;
use crate::term::{Atom, Symbol};

/// What a task knows of one head and number of arguments, in one state of the environment.
pub(super) struct HeadInfo {
    pub(super) symbol: Option<Symbol>,
    pub(super) builtin: Option<&'static Builtin>,
    pub(super) host: Option<Arc<super::HostFunction>>,
    /// The function types that it was declared with, or a built-in has.
    pub(super) signatures: Rc<[Signature]>,
    pub(super) rules: Rules,
    /// The latest state of the environment that it is known to hold in: it does as long as no definition changes.
    pub(super) epoch: Cell<u64>,
}

pub(super) enum Rules {
    /// All that the head's name and arity admit, as often as they are present, in definition order.
    Few(Box<[(Block, u64)]>),
    /// Too many to list.
    Many,
}

/// More rules than these are looked up call by call.
const FEW: usize = 64;

impl HeadInfo {
    /// In `home`, at that epoch.
    pub(super) fn new(shared: &Shared, home: &Space, epoch: u64, symbol: Option<Symbol>, arity: u32) -> Self {
        let builtin = symbol.and_then(super::builtin::find);
        let host = symbol.and_then(|symbol| shared.hosts.get(&symbol)).cloned();
        let signatures: Rc<[Signature]> = match (builtin, &host, symbol) {
            (Some(builtin), ..) => builtin.signatures.iter().cloned().collect(),
            (_, Some(host), _) => host.signatures.iter().cloned().collect(),
            (_, _, Some(symbol)) => home.types(symbol.as_str()).filter_map(Signature::of).collect(),
            _ => Rc::new([]),
        };
        let rules = if builtin.is_some_and(|builtin| !matches!(builtin.kind, Kind::Typed)) || host.is_some() {
            Rules::Few(Box::new([]))
        } else {
            let mut few = Vec::new();
            let mut matching = home.get_matching_rules(symbol.map_or("", |symbol| symbol.as_str()), arity as usize);
            for rule in matching.by_ref().take(FEW + 1) {
                if symbol.is_none() && crate::env::Head::of(rule.lhs()).is_some() {
                    continue;
                }
                few.push((compiled(&rule), rule.multiplicity()));
            }
            if few.len() > FEW {
                Rules::Many
            } else {
                Rules::Few(few.into())
            }
        };
        Self {
            symbol,
            builtin,
            host,
            signatures,
            rules,
            epoch: Cell::new(epoch),
        }
    }

    /// A head that is not evaluated yet, or that nothing is said of.
    pub(super) fn unknown() -> Self {
        Self {
            symbol: None,
            builtin: None,
            host: None,
            signatures: Rc::new([]),
            rules: Rules::Few(Box::new([])),
            epoch: Cell::new(0),
        }
    }

    /// Does an expression with this head evaluate to itself if its items do?
    pub(super) fn is_inert(&self) -> bool {
        self.builtin.is_none()
            && self.host.is_none()
            && self.signatures.is_empty()
            && matches!(&self.rules, Rules::Few(rules) if rules.is_empty())
    }

    /// Are all arguments evaluated before a call, whatever they are?
    pub(super) fn is_strict(&self) -> bool {
        self.builtin.is_none() && self.host.is_none() && self.signatures.is_empty()
    }

    /// Was item `index` evaluated if an expression with this head is normal?
    pub(super) fn has_evaluated(&self, index: usize, item: &Atom) -> bool {
        if self.builtin.is_some_and(|builtin| builtin.special().is_some()) {
            return false;
        }
        let Some(parameter) = index.checked_sub(1) else {
            return true;
        };
        // Whichever type the arguments were evaluated by.
        self.signatures
            .iter()
            .all(|signature| signature.modes.get(parameter).is_some_and(|mode| !mode.leaves(item)))
    }
}

pub(super) fn compiled(rule: &crate::env::Rule<'_, Atom>) -> Block {
    Rc::new(rule.derived(|| Compiled::rule(rule.lhs(), rule.rhs())))
}

/// Does any rule apply to expressions whatever their head?
pub(super) fn has_wildcards(home: &Space) -> bool {
    home.get_matching_rules("", usize::MAX).next().is_some()
}

/// Hashes what is a hash already.
#[derive(Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
}

/// What is known of heads.
pub(super) type Heads = HashMap<(Symbol, u32), Rc<HeadInfo>, BuildHasherDefault<NameHasher>>;
