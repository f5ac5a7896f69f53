//! Compiled rules, shared by all threads and evaluations of an [`Evaluator`](crate::Evaluator).

use std::hash::BuildHasherDefault;
use std::rc::Rc;
use std::sync::Arc;

use pleach::env::Rule;
use pleach::term::Atom;
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use crate::code::{Block, Compiled};
use crate::head::NameHasher;

/// Rules that are kept compiled. Beyond these, those used least are compiled anew.
const MAX_RULES: usize = 1 << 17;

/// A compiled rule, and the rule. Holding the rule keeps its address from being used for another.
type Entry = (Atom, Arc<Compiled>);

/// Maps a rule, by the address of its items, to its compiled form: comparing two rules would cost their size.
pub(crate) struct RuleCache(
    Cache<usize, Entry, UnitWeighter, BuildHasherDefault<NameHasher>, DefaultLifecycle<usize, Entry>>,
);

impl Default for RuleCache {
    fn default() -> Self {
        Self(Cache::with(
            64,
            MAX_RULES as u64,
            UnitWeighter,
            BuildHasherDefault::default(),
            DefaultLifecycle::default(),
        ))
    }
}

impl RuleCache {
    /// Returns the rule's compiled form. O(1) if it is known, else the size of the rule.
    pub(crate) fn compiled(&self, rule: &Rule<'_, Atom>) -> Block {
        let atom = rule.atom();
        let Some(items) = atom.as_expression() else {
            unreachable!("a rule is an expression");
        };
        let address = items.as_ptr().addr();
        if let Some((_, compiled)) = self.0.get(&address) {
            return Rc::new(compiled);
        }
        let compiled = Arc::new(Compiled::rule(rule.lhs(), rule.rhs()));
        self.0.insert(address, (atom.clone(), Arc::clone(&compiled)));
        Rc::new(compiled)
    }
}
