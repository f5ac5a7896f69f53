//! Immediate values: those of nodes that need no frame. They are leaves, slots in normal form, and arithmetic on these.

use crate::arithmetic::Scalar;
use crate::code::{Activation, Node, NodeIndex};
use crate::machine::Machine;
use crate::value::Value;
use pleach::term::Atom;

impl Machine {
    /// Returns the value of a node if it needs no frame.
    #[inline]
    pub(crate) fn immediate(&self, act: &Activation, at: NodeIndex) -> Option<Value> {
        match act.node(at) {
            Node::Leaf(atom) => Some(Value::raw(atom.clone())),
            Node::Token(name) => Some(Value::raw(self.token(*name))),
            Node::Slot(slot) => {
                let value = &act.values[*slot as usize];
                if !value.is_set() {
                    Some(Value::raw(act.variable(*slot)))
                } else if value.is_normal(self.normal_stamp) {
                    Some(value.clone())
                } else {
                    None
                }
            }
            Node::Call(call) if call.is_arithmetic => {
                if self.tracing {
                    return self.traced_arithmetic(act, at, 1);
                }
                match integer_arithmetic(act, at) {
                    Some(result) => Some(Value::raw(result.into())),
                    None => self.arithmetic(act, at).map(Value::raw),
                }
            }
            _ => None,
        }
    }

    /// Computes nested arithmetic on numbers. Recursion is bounded by the compiled depth.
    pub(crate) fn arithmetic(&self, act: &Activation, at: NodeIndex) -> Option<Atom> {
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
                operation.compute(&left, &right).ok()
            }
            Node::Deep(_) | Node::Token(_) => None,
        }
    }
}

/// Computes nested arithmetic whose operands are all integers, the common case, without making atoms. Recursion is bounded
/// by the compiled depth.
fn integer_arithmetic(act: &Activation, at: NodeIndex) -> Option<Scalar> {
    let integer = |at: NodeIndex| match act.node(at) {
        Node::Leaf(Atom::Integer(value)) => Some(*value),
        Node::Slot(slot) => match &act.values[*slot as usize] {
            value if !value.is_set() => None,
            Value {
                atom: Atom::Integer(value),
                ..
            } => Some(*value),
            _ => None,
        },
        Node::Call(_) => match integer_arithmetic(act, at) {
            Some(Scalar::Integer(value)) => Some(value),
            _ => None,
        },
        _ => None,
    };
    let Node::Call(call) = act.node(at) else { return None };
    let (a, b) = (integer(call.item(1))?, integer(call.item(2))?);
    call.builtin?.arithmetic?.on_integers(a, b).ok()
}
