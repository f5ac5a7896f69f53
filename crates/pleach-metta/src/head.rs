//! What is known of a head: built-in, types and rules, in one state of the environment.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use super::builtin::{Builtin, Kind};
use super::code::Block;
use super::types::{Check, Signature, Verdict};
use super::{Shared, names};
use pleach::env::Space;
use pleach::term::{Atom, Symbol};

/// What a task knows of one head and number of arguments, in one state of the environment.
pub(super) struct HeadInfo {
    pub(super) symbol: Option<Symbol>,
    pub(super) builtin: Option<&'static Builtin>,
    pub(super) host: Option<Arc<super::HostFunction>>,
    /// The function types that it was declared with, or a built-in has.
    pub(super) signatures: Rc<[Signature]>,
    /// What arguments are compared with when they have been evaluated: nothing, if there are several function types.
    pub(super) checks: Box<[Check]>,
    pub(super) rules: Rules,
    /// Is this the built-in alone, whatever rules there are for its name?
    pub(super) alone: bool,
    /// Is it `Empty`, so that there is nothing to call?
    pub(super) is_empty: bool,
    /// The latest state of the environment that it is known to hold in: it does as long as no definition changes.
    pub(super) epoch: Cell<u64>,
}

pub(super) enum Rules {
    /// All that the head's name and arity admit, as often as they are present, in definition order.
    Few(Box<[KnownRule]>),
    /// Too many to list.
    Many,
}

/// A rule that may apply, as often as it is present.
pub(super) struct KnownRule {
    pub(super) block: Block,
    pub(super) multiplicity: u64,
    pub(super) verdict: Verdict,
}

/// More rules than these are looked up call by call.
const FEW: usize = 64;

impl HeadInfo {
    /// In `home`, at that epoch.
    pub(super) fn new(shared: &Shared, home: &Space, epoch: u64, symbol: Option<Symbol>, arity: u32) -> Self {
        let builtin = symbol.and_then(super::builtin::find);
        let host = symbol.and_then(|symbol| shared.hosts.get(&symbol)).cloned();
        let signatures = symbol.map_or_else(|| Rc::new([]) as _, |symbol| signatures_of(shared, home, symbol));
        let is_function = builtin.is_some_and(|builtin| matches!(builtin.kind, Kind::Function(_)));
        let rules = if builtin.is_some_and(|builtin| builtin.special().is_some()) || host.is_some() {
            Rules::Few(Box::new([]))
        } else {
            let mut few = Vec::new();
            let matching = home.matching_rules(symbol.map_or("", |symbol| symbol.as_str()), arity as usize);
            for rule in matching.filter(|rule| !is_function || is_headed(rule)).take(FEW + 1) {
                if symbol.is_none() && is_headed(&rule) {
                    continue;
                }
                let block = shared.rules.compiled(&rule);
                few.push(KnownRule {
                    verdict: verdict(&block, &signatures, shared, home),
                    block,
                    multiplicity: rule.multiplicity(),
                });
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
            checks: checks(&signatures),
            signatures,
            rules,
            alone: false,
            is_empty: symbol == Some(names().empty),
            epoch: Cell::new(epoch),
        }
    }

    /// What is known of the same built-in, without the rules for its name.
    pub(super) fn without_rules(&self) -> Self {
        Self {
            symbol: self.symbol,
            builtin: self.builtin,
            host: None,
            signatures: Rc::clone(&self.signatures),
            checks: self.checks.clone(),
            rules: Rules::Few(Box::new([])),
            alone: true,
            is_empty: false,
            epoch: self.epoch.clone(),
        }
    }

    /// A head that is not evaluated yet, of these function types.
    pub(super) fn of_types(signatures: Rc<[Signature]>) -> Self {
        Self {
            checks: checks(&signatures),
            signatures,
            ..Self::unknown()
        }
    }

    /// A head that is not evaluated yet, or that nothing is said of.
    pub(super) fn unknown() -> Self {
        Self {
            symbol: None,
            builtin: None,
            host: None,
            signatures: Rc::new([]),
            checks: Box::new([]),
            rules: Rules::Few(Box::new([])),
            alone: false,
            is_empty: false,
            epoch: Cell::new(0),
        }
    }

    /// Is it declared to come to functions, or to what it is given?
    pub(super) fn may_make_functions(&self) -> bool {
        let mut results = self.signatures.iter().filter_map(Signature::result);
        results.any(|result| matches!(result, Atom::Variable(_)) || Signature::of(result).is_some())
    }

    /// Can no rule apply?
    pub(super) fn has_no_rules(&self) -> bool {
        matches!(&self.rules, Rules::Few(rules) if rules.is_empty())
    }

    /// Does an expression with this head evaluate to itself if its items do?
    pub(super) fn is_inert(&self) -> bool {
        self.builtin.is_none() && self.host.is_none() && self.signatures.is_empty() && self.has_no_rules()
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

/// The function types that a name was declared with, or a built-in or a host's function has.
pub(super) fn signatures_of(shared: &Shared, home: &Space, symbol: Symbol) -> Rc<[Signature]> {
    match (super::builtin::find(symbol), shared.hosts.get(&symbol)) {
        (Some(builtin), _) => builtin.signatures.iter().cloned().collect(),
        (_, Some(host)) => host.signatures.iter().cloned().collect(),
        _ => home.types(symbol.as_str()).filter_map(Signature::of).collect(),
    }
}

fn checks(signatures: &[Signature]) -> Box<[Check]> {
    match signatures {
        [one] => one.checks.clone(),
        _ => Box::new([]),
    }
}

/// On a rule for a name of these function types. Where there are several, nothing is compared.
pub(super) fn verdict(block: &Block, signatures: &[Signature], shared: &Shared, home: &Space) -> Verdict {
    match signatures {
        [one] => Verdict::on(block, one, shared, home),
        _ => Verdict::Fits,
    }
}

/// Does a rule apply to one name alone?
pub(super) fn is_headed(rule: &pleach::env::Rule<'_, Atom>) -> bool {
    pleach::env::Head::of(rule.lhs()).is_some()
}

/// Does any rule apply to expressions whatever their head?
pub(super) fn has_wildcards(home: &Space) -> bool {
    home.matching_rules("", usize::MAX).next().is_some()
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

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
}

/// What is known of heads.
pub(super) type Heads = HashMap<(Symbol, u32), Rc<HeadInfo>, BuildHasherDefault<NameHasher>>;
