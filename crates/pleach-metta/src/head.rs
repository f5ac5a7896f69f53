//! Heads: the built-in, types and rules of a head symbol in one state of the environment.

mod verdict;

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use self::verdict::Verdict;
use crate::builtin::Builtin;
use crate::builtins;
use crate::code::{Block, Compiled};
use crate::hasher::WordHasher;
use crate::host::HostFunction;
use crate::shared::Shared;
use crate::signature::{Signature, ValueCheck};
use crate::symbols::symbols;
use pleach::env::Space;
use pleach::term::{Atom, Symbol};

/// The properties of a head symbol with a number of arguments, in one state of the environment.
pub(crate) struct HeadInfo {
    pub(crate) symbol: Option<Symbol>,
    pub(crate) builtin: Option<&'static Builtin>,
    pub(crate) host: Option<Arc<HostFunction>>,
    /// The function types: declared, or of the built-in or host function.
    pub(crate) signatures: Rc<[Signature]>,
    /// The checks of evaluated arguments. Empty with several function types.
    pub(crate) checks: Box<[ValueCheck]>,
    pub(crate) rules: Rules,
    /// Whether this is the built-in alone, without the rules for its name.
    pub(crate) alone: bool,
    /// Whether it is `Empty`.
    pub(crate) is_empty: bool,
    /// The latest epoch at which this is known to be valid: it is as long as no definition changes.
    pub(crate) epoch: Cell<u64>,
}

pub(crate) enum Rules {
    /// All rules for this name and arity, in definition order.
    Listed(Box<[CandidateRule]>),
    /// Too many to list.
    Unlisted,
}

/// A rule that may match, with its multiplicity.
pub(crate) struct CandidateRule {
    pub(crate) block: Block,
    pub(crate) multiplicity: u64,
    pub(crate) verdict: Verdict,
}

/// Rules of a head that are listed; more are looked up for each call.
const MAX_LISTED_RULES: usize = 64;

impl HeadInfo {
    /// Looks up a head in `home`.
    pub(crate) fn new(shared: &Shared, home: &Space, epoch: u64, symbol: Option<Symbol>, arity: u32) -> Self {
        let builtin = symbol.and_then(builtins::find);
        let host = symbol.and_then(|symbol| shared.hosts.get(&symbol)).cloned();
        let signatures = symbol.map_or_else(|| Rc::new([]) as _, |symbol| shared.signatures_of(home, symbol));
        let is_function = builtin.is_some_and(|builtin| builtin.function().is_some());
        let rules = if builtin.is_some_and(|builtin| !builtin.entry.takes_rules) || host.is_some() {
            Rules::Listed(Box::new([]))
        } else {
            let mut listed = Vec::new();
            let matching = home.matching_rules(symbol.map_or("", |symbol| symbol.as_str()), arity as usize);
            for rule in matching
                .filter(|rule| !is_function || is_headed(rule))
                .take(MAX_LISTED_RULES + 1)
            {
                if symbol.is_none() && is_headed(&rule) {
                    continue;
                }
                let block = shared.rules.compiled(&rule);
                listed.push(CandidateRule {
                    verdict: verdict(&block, &signatures, shared, home),
                    block,
                    multiplicity: rule.multiplicity(),
                });
            }
            if listed.len() > MAX_LISTED_RULES {
                Rules::Unlisted
            } else {
                listed.extend(own_rules(builtin, &signatures, shared, home));
                Rules::Listed(listed.into())
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
            is_empty: symbol == Some(symbols().empty),
            epoch: Cell::new(epoch),
        }
    }

    /// Returns the built-in alone, without the rules for its name.
    pub(crate) fn without_rules(&self) -> Self {
        Self {
            symbol: self.symbol,
            builtin: self.builtin,
            host: None,
            signatures: Rc::clone(&self.signatures),
            checks: self.checks.clone(),
            rules: Rules::Listed(Box::new([])),
            alone: true,
            is_empty: false,
            epoch: self.epoch.clone(),
        }
    }

    /// Returns the head with these function types.
    pub(crate) fn with_types(self, signatures: Rc<[Signature]>) -> Self {
        Self {
            checks: checks(&signatures),
            signatures,
            ..self
        }
    }

    /// A head that isn't evaluated yet, or that isn't a symbol.
    pub(crate) fn unknown() -> Self {
        Self {
            symbol: None,
            builtin: None,
            host: None,
            signatures: Rc::new([]),
            checks: Box::new([]),
            rules: Rules::Listed(Box::new([])),
            alone: false,
            is_empty: false,
            epoch: Cell::new(0),
        }
    }

    /// Returns whether a declared result may be a function.
    pub(crate) fn may_make_functions(&self) -> bool {
        let mut results = self.signatures.iter().filter_map(Signature::result);
        results.any(|result| matches!(result, Atom::Variable(_)) || Signature::of(result).is_some())
    }

    /// Returns whether no rule can apply.
    pub(crate) fn has_no_rules(&self) -> bool {
        matches!(&self.rules, Rules::Listed(rules) if rules.is_empty())
    }

    /// Returns whether an expression with this head is in normal form if its items are.
    pub(crate) fn is_constructor(&self) -> bool {
        self.builtin.is_none() && self.host.is_none() && self.signatures.is_empty() && self.has_no_rules()
    }

    /// Returns whether all arguments are evaluated before a call.
    pub(crate) fn is_strict(&self) -> bool {
        self.builtin.is_none() && self.host.is_none() && self.signatures.is_empty()
    }

    /// Returns whether item `index` is evaluated in a normal form with this head.
    pub(crate) fn has_evaluated(&self, index: usize, item: &Atom) -> bool {
        if self.builtin.is_some_and(|builtin| builtin.special().is_some()) {
            return false;
        }
        let Some(parameter) = index.checked_sub(1) else {
            return true;
        };
        // Whichever function type was chosen.
        self.signatures
            .iter()
            .all(|signature| signature.modes.get(parameter).is_some_and(|mode| !mode.leaves(item)))
    }
}

/// Returns the rules that define a built-in.
pub(crate) fn own_rules(
    builtin: Option<&Builtin>,
    signatures: &[Signature],
    shared: &Shared,
    home: &Space,
) -> Vec<CandidateRule> {
    let rules = builtin.map_or(&[][..], |builtin| &builtin.rules);
    let rules = rules.iter().map(|(left, right)| {
        let block = Rc::new(Arc::new(Compiled::rule(left, right)));
        CandidateRule {
            verdict: verdict(&block, signatures, shared, home),
            block,
            multiplicity: 1,
        }
    });
    rules.collect()
}

fn checks(signatures: &[Signature]) -> Box<[ValueCheck]> {
    match signatures {
        [one] => one.checks.clone(),
        _ => Box::new([]),
    }
}

/// Decides on a rule for a name of these function types. With several, nothing is checked.
pub(crate) fn verdict(block: &Block, signatures: &[Signature], shared: &Shared, home: &Space) -> Verdict {
    match signatures {
        [one] => Verdict::on(block, one, shared, home),
        _ => Verdict::Fits,
    }
}

/// Returns whether a rule applies to one head symbol alone.
pub(crate) fn is_headed(rule: &pleach::env::Rule<'_, Atom>) -> bool {
    pleach::env::Head::of(rule.lhs()).is_some()
}

/// Returns whether a space has wildcard rules.
pub(crate) fn has_wildcards(home: &Space) -> bool {
    home.matching_rules("", usize::MAX).next().is_some()
}

/// A cache of heads.
pub(crate) type Heads = HashMap<(Symbol, u32), Rc<HeadInfo>, BuildHasherDefault<WordHasher>>;
