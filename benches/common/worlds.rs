//! Environments behind one trait: ours, the lock-guarded design, one over the maps of `im`, and one behind a single
//! lock that is cloned whole.

#![allow(dead_code, unused_imports, reason = "each bench uses a part")]

use pleach::{Atom, Environment, SharedEnvironment, Symbol};

pub(crate) use super::im_world::ImWorld;
pub(crate) use super::locked::Locked;
pub(crate) use super::whole::Whole;

/// An environment that is forked, written and merged.
pub(crate) trait World: Sized + Send + Sync + 'static {
    const NAME: &'static str;

    /// A world that several threads read and write.
    type Live: Sync;

    fn empty() -> Self;
    fn fork(&self) -> Self;
    fn make_owned(&mut self);
    fn add_fact(&mut self, fact: Atom);
    fn add_rule(&mut self, lhs: Atom, rhs: Atom);
    fn contains(&self, fact: &Atom) -> bool;

    /// Calls `f` with the right-hand side of each rule that a call can match by its head.
    fn each_rule(&self, head: Symbol, arity: usize, f: impl FnMut(&Atom));
    fn rule_count(&self) -> usize;

    /// Merges both, counting occurrences inherited from `base` once.
    fn union(&self, other: &Self, base: &Self) -> Self;

    fn live(self) -> Self::Live;
    fn live_contains(live: &Self::Live, fact: &Atom) -> bool;

    /// Adds the fact, or removes it.
    fn live_set(live: &Self::Live, fact: &Atom, present: bool);

    /// Creates a world of `n` rules, each under a head of its own, and `n` facts.
    fn of_size(n: usize) -> Self {
        let mut world = Self::empty();
        for i in 0..n {
            world.add_rule(call(i), Atom::from(i as i64));
            world.add_fact(edge(i, i * 7 % n));
        }
        world
    }
}

/// Returns the left-hand side of rule `i` of a [`World::of_size`].
pub(crate) fn call(i: usize) -> Atom {
    Atom::expression([Atom::symbol(&*format!("rule{i}")), Atom::variable("x")])
}

/// Returns a fact; that of `from` in a [`World::of_size`] if `to` is `from * 7 % n`.
pub(crate) fn edge(from: usize, to: usize) -> Atom {
    Atom::expression([
        Atom::symbol("edge"),
        Atom::symbol(&*format!("n{from}")),
        Atom::symbol(&*format!("n{to}")),
    ])
}

/// Asserts that a contender's operations are correct.
pub(crate) fn assert_sound<W: World>() {
    let base = W::of_size(3);
    let (mut left, mut right) = (base.fork(), base.fork());
    left.add_fact(edge(8, 8));
    right.make_owned();
    right.add_rule(call(1), Atom::from(7));
    assert!(!base.contains(&edge(8, 8)) && left.contains(&edge(8, 8)), "{}", W::NAME);
    let union = left.union(&right, &base);
    let mut found = Vec::new();
    union.each_rule(Symbol::new("rule1"), 1, |rhs| found.push(rhs.clone()));
    assert_eq!(found, [Atom::from(1), Atom::from(7)], "{}", W::NAME);
    assert_eq!(
        (base.rule_count(), left.rule_count(), union.rule_count()),
        (3, 3, 4),
        "{}",
        W::NAME
    );
    assert!(
        union.contains(&edge(8, 8)) && union.contains(&edge(1, 1)),
        "{}",
        W::NAME
    );
    let live = union.live();
    W::live_set(&live, &edge(9, 9), true);
    W::live_set(&live, &edge(8, 8), false);
    assert!(
        W::live_contains(&live, &edge(9, 9)) && !W::live_contains(&live, &edge(8, 8)),
        "{}",
        W::NAME
    );
}

impl World for Environment {
    const NAME: &'static str = "pleach";
    type Live = SharedEnvironment;

    fn empty() -> Self {
        Self::new()
    }
    fn fork(&self) -> Self {
        self.clone()
    }
    fn make_owned(&mut self) {
        self.make_owned();
    }
    fn add_fact(&mut self, fact: Atom) {
        self.add_fact(fact);
    }
    fn add_rule(&mut self, lhs: Atom, rhs: Atom) {
        self.add_rule(lhs, rhs);
    }
    fn contains(&self, fact: &Atom) -> bool {
        (**self).contains(fact)
    }
    fn each_rule(&self, head: Symbol, arity: usize, mut f: impl FnMut(&Atom)) {
        self.get_matching_rules(head.as_str(), arity)
            .for_each(|rule| f(rule.rhs()));
    }
    fn rule_count(&self) -> usize {
        (**self).rule_count()
    }
    fn union(&self, other: &Self, _base: &Self) -> Self {
        self.union(other)
    }
    fn live(self) -> SharedEnvironment {
        SharedEnvironment::new(self)
    }
    fn live_contains(live: &SharedEnvironment, fact: &Atom) -> bool {
        live.load().contains(fact)
    }
    fn live_set(live: &SharedEnvironment, fact: &Atom, present: bool) {
        let mut fork = live.snapshot();
        if present {
            fork.add_fact(fact.clone());
        } else {
            fork.remove_fact(fact);
        }
        live.commit(&mut fork);
    }
}

impl World for Locked {
    const NAME: &'static str = "locked";
    type Live = Self;

    fn empty() -> Self {
        Self::new()
    }
    fn fork(&self) -> Self {
        self.clone()
    }
    fn make_owned(&mut self) {
        self.make_owned();
    }
    fn add_fact(&mut self, fact: Atom) {
        self.add_fact(&fact);
    }
    fn add_rule(&mut self, lhs: Atom, rhs: Atom) {
        self.add_rule(lhs, rhs);
    }
    fn contains(&self, fact: &Atom) -> bool {
        self.contains(fact)
    }
    fn each_rule(&self, head: Symbol, arity: usize, mut f: impl FnMut(&Atom)) {
        self.get_matching_rules(head.as_str(), arity)
            .iter()
            .for_each(|(_, rhs)| f(rhs));
    }
    fn rule_count(&self) -> usize {
        self.rule_count()
    }
    fn union(&self, other: &Self, base: &Self) -> Self {
        self.union(other, base)
    }
    fn live(self) -> Self {
        self
    }
    fn live_contains(live: &Self, fact: &Atom) -> bool {
        live.contains(fact)
    }
    fn live_set(live: &Self, fact: &Atom, present: bool) {
        if present {
            live.add_fact_shared(fact);
        } else {
            live.remove_fact_shared(fact);
        }
    }
}
