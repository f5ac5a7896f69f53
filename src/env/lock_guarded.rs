//! The names of the lock-guarded design.

use super::environment::Environment;
use super::space::{Atoms, MatchingRules};
use crate::term::Term;

/// # Names of the lock-guarded design
/// For programs that come from environments whose facts and indexes are each behind a lock. Their other methods (`new`,
/// `clone`, `make_owned`, `add_rule`, `add_rules_bulk`, `add_facts_bulk`, `add_type`, `union`) have the same names here.
///
/// | there | here | what differs |
/// |---|---|---|
/// | `get_type` | [`types`](crate::env::Space::types) has all | the first declaration counts |
/// | `get_matching_rules` | [`matching_rules`](crate::env::Space::matching_rules) | lazy, in definition order |
/// | `get_multiplicities` | [`iter`](crate::env::Space::iter) | lazy, in a canonical order |
/// | `set_multiplicities` | [`SpaceMut::set_multiplicities`](crate::env::SpaceMut::set_multiplicities) | all or none |
/// | `get_rule_count` | [`rule_multiplicity`](crate::env::Space::rule_multiplicity) | |
/// | `rebuild_rule_index`, `ensure_type_index` | nothing to call: indexes are always up to date | |
/// | `create_space`, `update_pathmap` | the same, with the feature `pathmap` | O(n); checks every path |
impl<T: Term> Environment<T> {
    /// Returns the type that `name` was declared with first, by an annotation `(: name type)`. O(1) on average.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_type("Socrates".parse()?, "Human".parse()?);
    /// assert_eq!(env.get_type("Socrates"), Some(&Atom::symbol("Human")));
    /// assert_eq!(env.get_type("Plato"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get_type(&self, name: &str) -> Option<&T> {
        self.types(name).next()
    }

    /// Returns the rules that a call can match by its head, in definition order: see
    /// [`matching_rules`](crate::env::Space::matching_rules). Both sides of a [`Rule`](crate::env::Rule) are borrowed.
    ///
    /// It costs O(1) for each rule of the head, however few match the call. [`rules_for`](crate::env::Space::rules_for) finds
    /// those by the arguments.
    pub fn get_matching_rules<'a>(&'a self, head: &str, arity: usize) -> MatchingRules<'a, T> {
        self.matching_rules(head, arity)
    }

    /// Returns every atom with its multiplicity: see [`iter`](crate::env::Space::iter).
    pub fn get_multiplicities(&self) -> Atoms<'_, T> {
        self.iter()
    }

    /// Sets the multiplicities of these atoms, all or none. 0 removes an atom; atoms that aren't listed keep theirs.
    /// O(log n) each.
    pub fn set_multiplicities(&mut self, multiplicities: impl IntoIterator<Item = (T, u64)>) {
        self.root_mut().set_multiplicities(multiplicities);
    }

    /// Returns the multiplicity of the rule `(= lhs rhs)`. O(log n).
    #[must_use]
    pub fn get_rule_count(&self, lhs: &T, rhs: &T) -> u64 {
        self.rule_multiplicity(lhs, rhs)
    }

    /// Derives the indexes of rules and types from the facts again, which changes nothing that can be observed: every write
    /// keeps them up to date. O(n log n).
    pub fn rebuild_rule_index(&mut self) {
        let fresh = self.reindexed();
        self.owned().world.root = fresh;
    }

    /// Does nothing: the index of types is always up to date.
    pub fn ensure_type_index(&self) {}
}
