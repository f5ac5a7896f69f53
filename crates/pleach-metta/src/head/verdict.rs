//! The decision whether results of a rule need a check against the declared result type, made when the rule is looked up.

use crate::builtin::{Builtin, Special};
use crate::code::{Block, Node, NodeIndex};
use crate::shared::Shared;
use crate::signature::{Signature, compatible, says_something};
use crate::symbols::symbols;
use pleach::env::Space;
use pleach::term::{Atom, Bindings, Symbol};

/// Whether results of a rule need a check against the declared result type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They fit, or the type is unknown.
    Fits,
    /// They are checked once evaluated.
    Compared,
    /// The right side is a call declared to be of another type.
    Mismatch,
}

impl Verdict {
    /// Decides for a rule of a function of this type.
    pub(crate) fn on(block: &Block, signature: &Signature, shared: &Shared, home: &Space) -> Self {
        match signature.result() {
            Some(expected) if signature.checks_result => {
                let rule = Rule {
                    block,
                    signature,
                    expected,
                    shared,
                    home,
                };
                rule.verdict_at(block.body)
            }
            _ => Self::Fits,
        }
    }
}

/// A rule of a function with a declared type.
struct Rule<'r> {
    block: &'r Block,
    signature: &'r Signature,
    /// The declared result type.
    expected: &'r Atom,
    shared: &'r Shared,
    home: &'r Space,
}

impl Rule<'_> {
    /// Recursion is bounded by the compiled depth.
    fn verdict_at(&self, at: NodeIndex) -> Verdict {
        let symbols = symbols();
        let expected = self.expected;
        let fits = match self.block.node(at) {
            Node::Leaf(Atom::Integer(_) | Atom::Float(_)) => *expected == Atom::Symbol(symbols.number),
            Node::Leaf(Atom::String(_)) => *expected == Atom::Symbol(symbols.string),
            Node::Leaf(Atom::Symbol(name)) => self.home.types(name.as_str()).any(|of_type| of_type == expected),
            // A parameter of the same type: checked as an argument.
            Node::Slot(slot) => match self.block.node(self.block.lhs) {
                Node::Call(left) => left.arguments().zip(self.signature.parameters()).any(|(at, of_type)| {
                    matches!(self.block.node(at), Node::Slot(other) if other == slot) && of_type == expected
                }),
                _ => false,
            },
            // An error has every type.
            Node::Call(call) if call.head == Some(symbols.error) => true,
            Node::Call(call) => match (call.builtin.and_then(Builtin::special), call.head) {
                (Some(Special::If), _) if call.arity() == 3 => [2, 3]
                    .into_iter()
                    .all(|item| self.verdict_at(call.item(item)) == Verdict::Fits),
                (_, Some(head)) => return self.verdict_on_call(head),
                _ => false,
            },
            _ => false,
        };
        if fits { Verdict::Fits } else { Verdict::Compared }
    }

    fn verdict_on_call(&self, head: Symbol) -> Verdict {
        let signatures = self.shared.signatures_of(self.home, head);
        let mut results = signatures.iter().filter_map(Signature::result);
        // The inner call checks its results against its own type.
        if results.any(|result| result == self.expected || !says_something(result) && result.is_ground()) {
            return Verdict::Fits;
        }
        match &*signatures {
            [one] if one.checks_result && !is_of(one, self.expected) => Verdict::Mismatch,
            _ => Verdict::Compared,
        }
    }
}

fn is_of(signature: &Signature, expected: &Atom) -> bool {
    let result = signature.result();
    result.is_some_and(|result| compatible(expected, result, &mut Bindings::new()))
}
