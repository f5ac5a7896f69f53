//! What needs no frame: leaves, slots with normal values, and arithmetic on such.

use std::cell::Cell;

use super::arithmetic::{Operation, Operations};
use super::code::{Activation, At, Node};
use super::head::is_headed;
use super::machine::Machine;
use super::value::Value;
use pleach::term::Atom;

/// The operations that are known to have no rules, by the definitions of this stamp: those of the state `epoch`.
#[derive(Default)]
pub(super) struct Plain {
    operations: Cell<Operations>,
    definitions: Cell<u64>,
    epoch: Cell<u64>,
}

impl Machine {
    /// The value of a node, if it is there for the taking: a leaf, a slot with a normal value, or arithmetic on such.
    #[inline]
    pub(super) fn quick(&self, act: &Activation, at: At) -> Option<Value> {
        match act.node(at) {
            Node::Leaf(atom) => Some(Value::raw(atom.clone())),
            Node::Token(name) => Some(Value::raw(self.token(*name))),
            Node::Slot(slot) => {
                let value = &act.values[*slot as usize];
                if !value.is_set() {
                    Some(Value::raw(act.variable(*slot)))
                } else if value.is_normal(self.meaning) {
                    Some(value.clone())
                } else {
                    None
                }
            }
            Node::Call(call) if self.is_plain(call.simple) => {
                if self.tracing {
                    return self.traced_arithmetic(act, at, 1);
                }
                match integers(act, at) {
                    Some(Known::Integer(value)) => Some(Value::raw(Atom::Integer(value))),
                    Some(Known::Boolean(value)) => Some(Value::raw(Atom::boolean(value))),
                    None => self.arithmetic(act, at).map(Value::raw),
                }
            }
            _ => None,
        }
    }

    /// Are these operations, at least one, that no rule says more of?
    #[inline]
    pub(super) fn is_plain(&self, operations: Operations) -> bool {
        operations != Operations::NONE
            && (self.plain.epoch.get() == self.epoch && self.plain.operations.get().has(operations)
                || self.are_plain(operations))
    }

    #[cold]
    fn are_plain(&self, operations: Operations) -> bool {
        let definitions = self.home().definitions_stamp();
        if self.plain.definitions.replace(definitions) != definitions {
            self.plain.operations.set(Operations::NONE);
        }
        self.plain.epoch.set(self.epoch);
        let mut plain = self.plain.operations.get();
        for (name, operation) in Operation::ALL {
            let operation = Operations::of(operation);
            if operations.has(operation) && !plain.has(operation) {
                let mut rules = self.home().matching_rules(name, 2);
                if !rules.any(|rule| is_headed(&rule)) {
                    plain = plain.with(operation);
                }
            }
        }
        self.plain.operations.set(plain);
        plain.has(operations)
    }

    /// The value of simple arithmetic. The recursion is bounded by the nesting that the compiler admits.
    pub(super) fn arithmetic(&self, act: &Activation, at: At) -> Option<Atom> {
        match act.node(at) {
            Node::Leaf(atom) => Some(atom.clone()),
            Node::Slot(slot) => match &act.values[*slot as usize].atom {
                number @ (Atom::Integer(_) | Atom::Float(_)) if act.values[*slot as usize].is_set() => {
                    Some(number.clone())
                }
                _ => None,
            },
            Node::Call(call) => {
                let operation = call.builtin?.arithmetic?;
                let left = self.arithmetic(act, call.item(1))?;
                let right = self.arithmetic(act, call.item(2))?;
                operation.of(&left, &right)
            }
            Node::Deep(_) | Node::Token(_) => None,
        }
    }
}

/// The result of arithmetic on integers.
enum Known {
    Integer(i64),
    Boolean(bool),
}

/// The value of simple arithmetic, if all is integers: most of it is. The recursion is bounded by the nesting that the
/// compiler admits.
fn integers(act: &Activation, at: At) -> Option<Known> {
    let integer = |at: At| match act.node(at) {
        Node::Leaf(Atom::Integer(value)) => Some(*value),
        Node::Slot(slot) => match &act.values[*slot as usize] {
            value if !value.is_set() => None,
            Value {
                atom: Atom::Integer(value),
                ..
            } => Some(*value),
            _ => None,
        },
        Node::Call(_) => match integers(act, at) {
            Some(Known::Integer(value)) => Some(value),
            _ => None,
        },
        _ => None,
    };
    let Node::Call(call) = act.node(at) else { return None };
    let (a, b) = (integer(call.item(1))?, integer(call.item(2))?);
    Some(match call.builtin?.arithmetic? {
        Operation::Add => Known::Integer(a.checked_add(b)?),
        Operation::Subtract => Known::Integer(a.checked_sub(b)?),
        Operation::Multiply => Known::Integer(a.checked_mul(b)?),
        Operation::Divide => Known::Integer(a.checked_div(b)?),
        Operation::Remainder => Known::Integer(a.checked_rem(b)?),
        Operation::Less => Known::Boolean(a < b),
        Operation::LessEqual => Known::Boolean(a <= b),
        Operation::Greater => Known::Boolean(a > b),
        Operation::GreaterEqual => Known::Boolean(a >= b),
        Operation::Equal => Known::Boolean(a == b),
    })
}
