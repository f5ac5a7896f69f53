//! The rules that can match a call.

use std::sync::Arc;
use std::vec;

use super::clash::clash;
use super::descent::{Descent, Mode};
use super::shape::Shape;
use crate::env::record::{HeadRef, Rule};
use crate::env::space::{Bucket, MatchingRules, Space};
use crate::term::path::with_encoder;
use crate::term::{Leaf, Term, View};

/// The maximum number of rules that are tried one by one, which is faster than a search of the trie.
const MAX_SCANNED: usize = 32;

impl<T: Term> Space<T> {
    /// Returns the rules that can match `call` by its structure, wildcard rules included, in definition order: those whose
    /// left side has the same leaves, and expressions of the same length, wherever neither has a variable.
    ///
    /// They include every rule whose left side unifies with `call`. The other ones have a variable that would have to be
    /// bound to different atoms. Variables are not renamed apart.
    ///
    /// Up to 32 rules with the head of the call, wildcard rules included, are tried one by one without allocating, and so are
    /// all if each argument is a variable. Otherwise rules are found by the arguments, at the cost of a
    /// [query](Space::query), and sorted: O(a · log a) for a answers.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env = Environment::<Atom>::new();
    /// env.add_rule("(fact 0)".parse()?, "1".parse()?);
    /// env.add_rule("(fact $n)".parse()?, "(* $n (fact (- $n 1)))".parse()?);
    /// env.add_rule("(fact (S $n))".parse()?, "todo".parse()?);
    /// let call = "(fact (S $m))".parse()?;
    /// let right_sides: Vec<_> = env.rules_for(&call).map(|rule| rule.rhs().to_string()).collect();
    /// assert_eq!(right_sides, ["(* $n (fact (- $n 1)))", "todo"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rules_for<'a, 'c>(&'a self, call: &'c T) -> RulesFor<'a, 'c, T> {
        let (head, arguments) = match call.view() {
            View::Expression([first, arguments @ ..]) => (symbol(first), arguments),
            _ => (symbol(call), [].as_slice()),
        };
        let rules = head.and_then(|symbol| {
            let arity = arguments.len();
            let bucket = self.rules.get(&HeadRef { symbol, arity });
            let few = bucket.map_or(0, Bucket::len) + self.wildcards.len() <= MAX_SCANNED;
            (few || arguments.iter().all(is_variable)).then(|| Rules::Headed(self.with_wildcards(bucket)))
        });
        RulesFor {
            call,
            rules: rules.unwrap_or_else(|| Rules::Found(self.find_rules(call).into_iter())),
        }
    }

    /// The rules that may match `call`, through the trie, in definition order.
    pub(super) fn find_rules(&self, call: &T) -> Vec<Rule<'_, T>> {
        // In a data space, all equations may match.
        if self.rule_count == 0 {
            return Vec::new();
        }
        // The pattern `(= call $rhs)`, with a variable that is not in the call: by its path, there is no other.
        let path = with_encoder(|encoder| {
            let call = encoder.encode(call).bytes;
            [EQUATION, call, ANY].concat()
        });
        let mut descent = Descent::new(self.facts.cursor(), Arc::new(Shape::new(path)), Mode::Linear);
        let mut rules = Vec::new();
        while let Some(entry) = descent.next_entry() {
            // An entry without a number isn't a rule: `($x a b)` matches the pattern too.
            rules.extend(
                entry
                    .record()
                    .filter(|record| record.order > 0)
                    .map(|record| Rule::new(record)),
            );
        }
        rules.sort_unstable_by_key(Rule::order);
        rules
    }
}

/// The prefix of the path of `(= lhs rhs)`.
const EQUATION: &[u8] = &[0xc3, 0x81, b'='];

/// The path of a variable at its first occurrence.
const ANY: &[u8] = &[0x01];

fn symbol<T: Term>(term: &T) -> Option<&str> {
    match term.view() {
        View::Leaf(Leaf::Symbol(name)) => Some(name),
        _ => None,
    }
}

fn is_variable<T: Term>(term: &T) -> bool {
    matches!(term.view(), View::Leaf(leaf) if leaf.is_variable())
}

/// The rules that can match a call: see [`Space::rules_for`].
#[must_use = "iterators are lazy"]
pub struct RulesFor<'a, 'c, T: Term> {
    call: &'c T,
    rules: Rules<'a, T>,
}

enum Rules<'a, T: Term> {
    /// Those with the head of the call.
    Headed(MatchingRules<'a, T>),
    /// Those found in the trie.
    Found(vec::IntoIter<Rule<'a, T>>),
}

impl<'a, T: Term> Iterator for RulesFor<'a, '_, T> {
    type Item = Rule<'a, T>;

    fn next(&mut self) -> Option<Rule<'a, T>> {
        let matches = |rule: &Rule<'a, T>| !clash(self.call, rule.lhs());
        match &mut self.rules {
            Rules::Headed(rules) => rules.find(matches),
            Rules::Found(rules) => rules.find(matches),
        }
    }
}
